"""Reads the voices in eSpeak NG's data folder as text, without loading the library.

A voice is a file below ``lang/``; SetVoiceByName expects its name in lower case ("en-us"). Its
lines ``language TAG [PRIORITY]`` list its languages (the lowest priority is the best voice for a
language). ``!v`` contains variants, which change the speaker of any voice: "en-us+f3".
"""

from __future__ import annotations

import functools
import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

from aura_tui.errors import Code, InputError
from aura_tui.model.text.near import near
from aura_tui.model.text.sanitize import clean_line

DEFAULT = "en-us"
_SUBTAG = re.compile(r"[a-z]{4}|[a-z]{2}|\d{3}")  # BCP 47: script, region
_PRIORITY = 5  # default of a language line

# Common BCP 47 tags that the data lacks, or for which its choice of voice is odd.
_ALIASES = {
    "en": "en-us",
    "en-ca": "en-us",
    "en-uk": "en",
    "en-gb": "en",
    "no": "nb",
    "nn": "nb",
    "zh-hk": "yue",
    "zh-mo": "yue",
    "zh-yue": "yue",
    "zh-tw": "cmn",
    "iw": "he",
    "in": "id",
    "gl": "pt",
    "sh": "hr",
}


# The languages whose voices read each script, beside Latin letters. No Japanese voice reads Han.
_READERS = {
    "Cyrillic": "ru uk be bg sr mk kk ky tt ba cv nog",
    "Greek": "el grc",
    "Arabic": "ar fa ur sd ug ku",
    "Hebrew": "he",
    "Devanagari": "hi mr ne kok",
    "Bengali": "bn as bpy",
    "Gurmukhi": "pa",
    "Gujarati": "gu",
    "Oriya": "or",
    "Tamil": "ta",
    "Telugu": "te",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Sinhala": "si",
    "Thai": "th",
    "Myanmar": "my",
    "Georgian": "ka",
    "Armenian": "hy hyw",
    "Ethiopic": "am",
    "Cherokee": "chr",
    "Hangul": "ko",
    "Han": "cmn yue hak zh",
    "Japanese": "ja",
}


def scripts_of(language: str) -> frozenset[str]:
    """The scripts that the voices for ``language`` (BCP 47) read; they spell out other letters, or
    say what they are ("Chinese letter")."""
    tag = language.split("-")[0].lower()
    return frozenset({"Latin"} | {name for name, tags in _READERS.items() if tag in tags.split()})


class DataVoice(NamedTuple):
    """One voice file. ``languages``: (BCP 47 tag in lower case, priority), the main one first."""

    name: str
    description: str
    languages: tuple[tuple[str, int], ...]


@functools.cache
def read(data: Path) -> dict[str, DataVoice]:
    """All voices by name. Takes some milliseconds the first time."""
    voices = {}
    for path in sorted((data / "lang").rglob("*")):
        if path.is_file():
            voice = _parse(path)
            voices[voice.name] = voice
    return voices


@functools.cache
def variants(data: Path) -> tuple[str, ...]:
    """The names of the variants, as spelled in the data."""
    return tuple(sorted(path.name for path in (data / "voices" / "!v").glob("*")))


def _parse(path: Path) -> DataVoice:
    description, languages = "", []
    for line in path.read_text("utf-8", "replace").splitlines():
        word, _, rest = line.partition(" ")
        fields = rest.split()
        if word == "name":
            description = clean_line(rest, 80)
        elif word == "language" and fields:
            given = fields[1] if len(fields) > 1 else ""
            languages.append((fields[0].lower(), int(given) if given.isdigit() else _PRIORITY))
    name = path.name.lower()
    return DataVoice(name, description, tuple(languages) or ((name, _PRIORITY),))


def package() -> Path:
    """The folder of the library and its data. Raises InputError if it is not installed."""
    spec = importlib.util.find_spec("espeakng_loader")
    for folder in spec.submodule_search_locations or () if spec else ():
        if (Path(folder) / "espeak-ng-data").is_dir():
            return Path(folder)
    raise InputError(
        Code.SPEECH_PROVIDER_UNAVAILABLE,
        "eSpeak NG's library is not installed",
        "Install it: pip install --force-reinstall espeakng-loader",
    )


def resolve(data: Path, voice: str, language: str) -> str:
    """The name for SetVoiceByName of ``voice``: a name, a language or a description.

    "" selects the voice for ``language``. If no voice speaks that, its more general tag is used
    ("de-AT": "de"). Raises InputError (VOICE_UNKNOWN) that suggests similar names.
    """
    voices = read(data)
    base, plus, variant = voice.strip().partition("+")
    base = base.strip()
    if base:
        found = _by_name(voices, base) or _by_language(voices, base, strict=True)
    else:
        found = _by_language(voices, language or DEFAULT, strict=False)
    if found is None:
        raise _unknown(voices, base, language)
    if not plus:
        return found
    known = {name.lower(): name for name in variants(data)}
    chosen = known.get(variant.strip().lower())
    if chosen is None:
        similar = near(variant, known, 5)
        raise InputError(
            Code.VOICE_UNKNOWN,
            f"Unknown eSpeak NG variant {clean_line(variant, 40)!r}",
            f"Similar: {_list(found, similar)}."
            if similar
            else f"Some variants: {_list(found, ['f1', 'f3', 'm1', 'm3'])}.",
            field="voiceSpec.voiceName",
        )
    return f"{found}+{chosen}"


def _tag(text: str) -> str:
    return text.strip().lower().replace("_", "-")


def _by_name(voices: dict[str, DataVoice], name: str) -> str | None:
    if _tag(name) in voices:
        return _tag(name)
    for voice in voices.values():
        if voice.description.lower() == name.lower():
            return voice.name
    return None


def _by_language(voices: dict[str, DataVoice], language: str, *, strict: bool) -> str | None:
    """The best voice for a language tag. ``strict`` drops only subtags that can be a script or a
    region."""
    tag = _tag(language)
    while tag:
        if tag in _ALIASES:
            return _ALIASES[tag]
        if tag in voices:
            return tag
        speakers = [
            (priority, voice.name)
            for voice in voices.values()
            for spoken, priority in voice.languages
            if spoken == tag
        ]
        if speakers:
            return min(speakers)[1]
        tag, _, last = tag.rpartition("-")
        if strict and not _SUBTAG.fullmatch(last):
            return None
        if tag == "en":  # varieties outside of North America are closer to British English
            return "en"
    return None


def _unknown(voices: dict[str, DataVoice], base: str, language: str) -> InputError:
    shown = clean_line(base or language, 60)
    names = {name: name for name in voices}
    names |= {voice.description.lower(): voice.name for voice in voices.values()}
    similar = list(dict.fromkeys(names[name] for name in near(shown, names, 8)))[:5]
    hint = f"Similar: {', '.join(similar)}. " if similar else ""
    return InputError(
        Code.VOICE_UNKNOWN,
        f"Unknown voice {shown!r}" if base else f"No eSpeak NG voice for language {shown!r}",
        f"{hint}List voices with: aura-tui doctor --voices",
        field="voiceSpec.voiceName" if base else "brief.language",
    )


def _list(base: str, names: list[str]) -> str:
    return ", ".join(f"{base}+{name}" for name in names)
