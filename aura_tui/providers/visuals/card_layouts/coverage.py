"""Finds fonts for the characters of a card: the shipped fonts, system fonts, or none. Runs in a
thread of our own process; it imports fontTools, never Pillow.

Characters that no font has are removed and reported by script, so that a warning can suggest what
to install.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import time
import unicodedata
from pathlib import Path

import msgspec

from aura_tui.model.script import AnyCard
from aura_tui.model.text.scripts import script_of
from aura_tui.providers.visuals.card_layouts.sanitize import texts_of, with_texts
from aura_tui.providers.visuals.fonts.files import FILES, Fallback, Family

RESCAN_S = 15
MAX_FONT_FILES = 600
MAX_FONT_BYTES = 64 << 20

# Characters that both shipped fonts have (a test checks it against the files).
_BASIC = re.compile("[ -~\\n\u00a0-\u00ac\u00ae-\u00ff\u2013\u2014\u2018\u2019\u201c\u201d\u2026]*")
_OTHER_STYLE = re.compile(
    r"bold|italic|oblique|light|thin|black|heavy|medium|semi|demi|extra|ultra|condensed|narrow"
    r"|emoji|serif-|icons?|symbols?neu|math|typewriter|display|\bui\b|lastresort|blank",
    re.IGNORECASE,
)
_FONT_FOR = {
    "Han": "Noto Sans CJK",
    "Japanese": "Noto Sans CJK",
    "Hangul": "Noto Sans CJK",
    "symbol": "Noto Sans Symbols",
}


class Resolved(msgspec.Struct, frozen=True):
    """A drawable card, its fallback fonts, and the scripts that no font has."""

    card: AnyCard
    fallbacks: tuple[Fallback, ...] = ()
    missing_scripts: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """One per script; the same text for every scene, so that it is shown once."""
        return tuple(
            f"No font has the {name} characters of this text, so the cards leave them out. "
            f"Install a font such as {font_for(name)}, then retry"
            for name in self.missing_scripts
        )


def resolve(card: AnyCard) -> Resolved:
    """Find a font for each character of a bounded card (``sanitize.py``). Blocking."""
    if all(_BASIC.fullmatch(text) for _, text in texts_of(card)):
        return Resolved(card)
    return _resolve(card, system_fonts())


@functools.lru_cache(maxsize=256)
def _resolve(card: AnyCard, system: tuple[str, ...]) -> Resolved:
    texts: dict[Family, str] = {"inter": "", "mono": ""}
    for field, text in texts_of(card):
        texts["mono" if field == "code" else "inter"] += text
    fallbacks: list[Fallback] = []
    missing: set[str] = set()
    for family, text in texts.items():
        found, uncovered = _fonts_for(family, set(text) - {"\n", " "}, system)
        fallbacks += found
        missing |= uncovered
    if missing:
        card = with_texts(card, lambda text: "".join(c for c in text if c not in missing))
    named = {script(c) for c in missing if unicodedata.category(c)[0] not in "CM"}
    return Resolved(card, tuple(fallbacks), tuple(sorted(named)))


def script(char: str) -> str:
    """The common name of the character's script; "symbol" if it isn't a letter or number."""
    return script_of(char) or "symbol"


def undrawable(text: str) -> frozenset[str]:
    """The letters of ``text`` that no font has. Blocking: it may read font files."""
    letters = {c for c in text if c.isalpha() and not c.isascii()}
    return frozenset(_fonts_for("inter", letters, system_fonts())[1]) if letters else frozenset()


def font_for(script_name: str) -> str:
    """The name of a font that has a script's letters."""
    return _FONT_FOR.get(script_name, f"Noto Sans {script_name}")


def _fonts_for(
    family: Family, characters: set[str], system: tuple[str, ...]
) -> tuple[list[Fallback], set[str]]:
    """The fallback fonts for characters that ``family`` lacks, in order, and the characters that no
    font has."""
    other: Family = "mono" if family == "inter" else "inter"
    left = {c for c in characters if ord(c) not in covered(str(FILES[family]), 0)}
    found: list[Fallback] = []
    for path in (str(FILES[other]), *system):
        if not left:
            break
        has = {c for c in left if ord(c) in covered(path, 0)}
        if has:
            found.append(Fallback(family, path, _bold(path, has), 0, "".join(sorted(has))))
            left -= has
    return found, left


def _bold(path: str, characters: set[str]) -> str:
    """The bold variant of a regular font file, found by common names, if it has the same
    characters; else ``path``."""
    regular = Path(path)
    for name in (regular.stem.replace("Regular", "Bold"), f"{regular.stem}-Bold"):
        bold = regular.with_name(name + regular.suffix)
        if name != regular.stem and bold.is_file():
            has = covered(str(bold), 0)
            if all(ord(c) in has for c in characters):
                return str(bold)
    return path


@functools.lru_cache(maxsize=1024)
def covered(path: str, index: int) -> frozenset[int]:
    """The code points of a face in a font file; empty if it can't be read."""
    from fontTools.ttLib import TTFont

    try:
        if os.path.getsize(path) > MAX_FONT_BYTES:
            return frozenset()
        number = index if path.lower().endswith(".ttc") else -1
        with open(path, "rb") as file, TTFont(file, lazy=True, fontNumber=number) as font:
            return frozenset(font.getBestCmap() or ())
    except Exception:  # fontTools may raise any error for a broken table
        return frozenset()


def system_fonts() -> tuple[str, ...]:
    """Upright text fonts of this machine, best first; the order depends only on their names.

    Scans again every RESCAN_S, because a warning tells people to install a font and retry.
    """
    return _scan(int(time.monotonic() // RESCAN_S))


@functools.lru_cache(maxsize=1)
def _scan(when: int) -> tuple[str, ...]:
    found: set[str] = set()
    for root in _font_folders():
        for folder, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(files):
                if len(found) >= MAX_FONT_FILES:
                    break
                is_font = name.lower().endswith((".ttf", ".otf", ".ttc"))
                if is_font and not _OTHER_STYLE.search(Path(name).stem):
                    found.add(os.path.join(folder, name))
    return tuple(sorted(found, key=_preference))


def _preference(path: str) -> tuple[int, str, str]:
    name = Path(path).name.lower()
    rank = 0 if name.startswith("notosans") else 1 if "sans" in name or "gothic" in name else 2
    if "mono" in name:
        rank += 3
    return rank, name, path


def _font_folders() -> tuple[str, ...]:
    home = Path.home()
    if sys.platform == "darwin":
        return "/System/Library/Fonts", "/Library/Fonts", str(home / "Library/Fonts")
    data = os.environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    return "/usr/share/fonts", "/usr/local/share/fonts", f"{data}/fonts", str(home / ".fonts")
