"""The draft of a new job: the form's fields, their problems, and the request they make.

Plain state: no terminal. :func:`build` alone touches the disk, and is for a worker.
"""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from aura_tui.brief.source import folder_of, read_brief
from aura_tui.brief.title import title_of
from aura_tui.errors import AuraError, Code, Faults, InputError, InvalidRequest
from aura_tui.format import words
from aura_tui.model.expects import describe_type
from aura_tui.model.request import (
    LONGEST_FITTED_S,
    MAX_DURATION_S,
    MAX_TOPIC_CHARS,
    MIN_DURATION_S,
    NAMED_HEIGHT,
    RATIOS,
    Brief,
    Fps,
    JobRequest,
    Options,
    Origin,
    Percent,
    PlanSpec,
    Priority,
    RenderSpec,
    VoiceFactor,
    VoiceSpec,
    frame_size,
    parse_duration,
    reading_length_s,
)
from aura_tui.model.request_check import bounds_of, check
from aura_tui.model.text.plural import counted
from aura_tui.model.text.sanitize import clean_line
from aura_tui.model.text.slug import slug

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESOLUTIONS = tuple(NAMED_HEIGHT)
ASPECTS = tuple(RATIOS)
BURNED, IGNORED = "burned in", "ignored"  # of the captions, of cached work
CAPTIONS = ("in a file", BURNED)
CACHE = ("used", IGNORED)
_DURATIONS = f"{MIN_DURATION_S} s to {MAX_DURATION_S // 60} min"
_COUNTED = 100_000  # characters; counting more would slow typing down
BRIEF_SUFFIXES = (".md", ".markdown", ".mdown", ".txt", ".text", ".rst")


class Field(StrEnum):
    """A field of the form; its value is the label a person sees."""

    BRIEF = "Brief"
    FILE = "File"
    DURATION = "Duration"
    RESOLUTION = "Resolution"
    ASPECT = "Aspect"
    VOICE = "Voice"
    THEME = "Theme"
    FOLDER = "Save in"
    LANGUAGE = "Language"
    RATE = "Rate"
    FPS = "FPS"
    QUALITY = "Quality"
    CAPTIONS = "Captions"
    CACHE = "Cache"
    PRIORITY = "Priority"


# Which field of the form a field of the request is in.
_FIELDS = {
    "brief": Field.BRIEF,
    "brief.topic": Field.BRIEF,
    "brief.text": Field.BRIEF,
    "brief.aspect": Field.ASPECT,
    "brief.language": Field.LANGUAGE,
    "planSpec.targetDuration": Field.DURATION,
    "renderSpec.res": Field.RESOLUTION,
    "voiceSpec.voiceName": Field.VOICE,
    "options.speech": Field.VOICE,
    "options.theme": Field.THEME,
    "options.burnCaptions": Field.CAPTIONS,
    "options.fresh": Field.CACHE,
    "voiceSpec.rate": Field.RATE,
    "renderSpec.fps": Field.FPS,
    "renderSpec.qualityLevel": Field.QUALITY,
    "priority": Field.PRIORITY,
    "output": Field.FOLDER,
}


class _Number(NamedTuple):
    """A field that takes a number. ``wire``: its name in a request; ``what``: the number it is."""

    wire: str
    kind: Any
    what: str


_NUMBERS: Final = {
    Field.RATE: _Number("voiceSpec.rate", VoiceFactor, "Speed of speech"),
    Field.FPS: _Number("renderSpec.fps", Fps, "Frames per second"),
    Field.QUALITY: _Number("renderSpec.qualityLevel", Percent, "Percent"),
    Field.PRIORITY: _Number("priority", Priority, "Higher runs first"),
}
_N = TypeVar("_N", int, float, int | None)


class Submission(msgspec.Struct, frozen=True):
    """The form's result: a valid request, and the folder for its files (absolute)."""

    request: JobRequest
    folder: Path


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The fields as typed. ``theme`` "": the one from the settings."""

    brief: str = ""
    file: str = ""
    duration: str = ""
    resolution: str = "720p"
    aspect: str = "16:9"
    voice: str = ""
    theme: str = ""
    folder: str = ""
    language: str = ""
    rate: str = ""
    fps: str = ""
    quality: str = ""
    captions: str = CAPTIONS[0]
    cache: str = CACHE[0]
    priority: str = ""

    def get(self, field: Field) -> str:
        """The text of ``field``."""
        return str(getattr(self, field.name.lower()))

    def with_field(self, field: Field, text: str) -> Draft:
        """The draft with ``text`` in ``field``."""
        return replace(self, **{field.name.lower(): text})

    def request(self, read: Brief | None = None) -> JobRequest:
        """The request that the fields make, not validated; ``read`` is the brief read from the
        file. A number that is none counts as left empty: see :meth:`number_faults`."""
        typed = self.brief.strip()
        is_topic = "\n" not in typed and len(typed) <= MAX_TOPIC_CHARS
        brief = read or (Brief(topic=typed) if is_topic else Brief(text=self.brief))
        return JobRequest(
            brief=replace(brief, aspect=self.aspect, language=self.language.strip()),
            plan_spec=PlanSpec(target_duration=self.duration.strip() or None),
            voice_spec=VoiceSpec(voice_name=self.voice.strip(), rate=self._number(Field.RATE, 1.0)),
            render_spec=RenderSpec(
                res=self.resolution,
                fps=self._number(Field.FPS, RenderSpec().fps),
                quality_level=self._number(Field.QUALITY, None),
            ),
            options=Options(
                theme=self.theme.strip(),
                burn_captions=self.captions == BURNED,
                fresh=self.cache == IGNORED,
            ),
            priority=self._number(Field.PRIORITY, 0),
            origin=Origin(folder=folder_of(self.file.strip())) if read else Origin(),
        )

    def _number(self, field: Field, default: _N) -> _N:
        with suppress(InputError):
            found: _N | None = self._parsed(field)
            if found is not None:
                return found
        return default

    def _parsed(self, field: Field) -> Any:
        """The number of ``field``; None if that is empty. Raises InputError."""
        typed, number = self.get(field).strip(), _NUMBERS[field]
        try:
            return msgspec.convert(typed, number.kind, strict=False) if typed else None
        except (msgspec.ValidationError, UnicodeError):
            raise InputError(
                Code.OPTION_INVALID,
                f"{field} must be {describe_type(number.kind)}",
                "Change it, or leave it empty.",
                field=number.wire,
            ) from None

    def number_faults(self) -> list[InputError]:
        """An error for each number that is none, or out of bounds."""
        faults = Faults()
        for field in _NUMBERS:
            with faults.collect():
                self._parsed(field)
        return faults.found

    def problems(self) -> dict[Field, str]:
        """Messages by field: the problems that show without the disk or a provider, each with its
        remedy."""
        found: dict[Field, str] = {}
        typed, file = self.brief.strip(), self.file.strip()
        if not typed and not file:
            found[Field.BRIEF] = "Enter a topic or a text here, or a file below."
        elif typed and file:
            found[Field.FILE] = "Use either the text above or a file, not both."
        elif _is_file_name(typed):
            found[Field.BRIEF] = "This is a file name; enter it in the File field."
        # The file is read later, and an invalid brief is reported once.
        read = _ANY if found or file else None
        faults = Faults()
        with faults.collect():
            check(self.request(read))
        for fault in (*faults.found, *self.number_faults()):
            for field, text in faults_by_field(fault, self, ours=True).items():
                found.setdefault(field or Field.BRIEF, text)
        return found

    def hints(self, in_file: int | None = None) -> dict[Field, str]:
        """Hints by field: what it expects, or what its value means. ``in_file``: how many words the
        file has, if that is known."""
        request = self.request()
        try:
            width, height = frame_size(self.resolution, self.aspect)
            size = f"{width}x{height} pixels"
        except InputError:
            size = ""
        named = self.brief.strip() and not self.file.strip()  # the file's content isn't known here
        folder = f"./{slug(title_of(request.brief))}" if named else "a folder named after the video"
        return {
            Field.BRIEF: self._length_of(self.brief) if request.brief.text.strip() else "",
            Field.FILE: "Markdown or plain text." if in_file is None else self._length(in_file),
            Field.DURATION: f"{_DURATIONS}, as 90 or 1m30s. Leave empty to fit the text.",
            Field.RESOLUTION: size,
            Field.VOICE: "Default: a voice for the text's language.",
            Field.FOLDER: "" if self.folder.strip() else f"Default: {folder}",
            Field.LANGUAGE: "A tag such as en, de or pt-br. Default: detected from the text.",
            Field.CAPTIONS: "Captions are drawn into the video, too."
            if self.captions == BURNED
            else "An SRT file beside the video.",
            Field.CACHE: "Finished work of earlier jobs is "
            + ("not reused." if self.cache == IGNORED else "reused."),
        } | {
            field: f"{number.what}, {bounds_of(number.wire)}. Default: {_DEFAULTS[field]}."
            for field, number in _NUMBERS.items()
        }

    def _length_of(self, text: str) -> str:
        """How many words a typed text has, and how long its video will be."""
        return self._length(len(text.split())) if len(text) < _COUNTED else "Many words."

    def _length(self, count: int) -> str:
        rate = self._number(Field.RATE, 1.0)
        whole_s, target_s = reading_length_s(count, rate), None
        try:
            target_s = parse_duration(self.duration.strip() or None)
        except InputError:
            return f"{counted(count, 'word')}."  # of no known length: the field says why
        most_s = LONGEST_FITTED_S if target_s is None else target_s
        said = f"{counted(count, 'word')}, about {words.duration(min(whole_s, most_s))} of video"
        if whole_s <= most_s * _NEARLY:
            return f"{said}."
        return f"{said}; the whole text would take {words.duration(whole_s)}."


_NEARLY = 1.1  # estimates are no better
_DEFAULTS: Final = {
    Field.RATE: "1",
    Field.FPS: str(RenderSpec().fps),
    Field.QUALITY: "CRF 23",
    Field.PRIORITY: "0",
}
_NO_FILE = "File not found"
_ANY = Brief(topic="?")  # stands for a brief that isn't read yet


def _is_file_name(text: str) -> bool:
    """``notes.md`` is one; "How to write a README.md" is a topic."""
    return text.lower().endswith(BRIEF_SUFFIXES) and not any(char.isspace() for char in text)


def field_of(error: AuraError, draft: Draft, *, short: bool = False) -> tuple[Field | None, str]:
    """The form field that ``error`` is about (None: none of them) and the message for it.

    ``short``: the form's own check found it, whose remedies need no message before them.
    """
    field = _FIELDS.get(error.field or "")
    if field is Field.BRIEF and draft.file.strip():
        field = Field.FILE
    text = f"{error.message}. {error.remediation}"
    if short and error.code is Code.DURATION_INVALID:
        text = error.remediation  # complete without the message
    if field is not None and error.field and "." in error.field:
        text = text.replace(error.field, field.value)  # people see the label, not the wire's name
    return field, clean_line(text, 500)


def faults_by_field(
    error: AuraError, draft: Draft, *, ours: bool = False
) -> dict[Field | None, str]:
    """Messages by the fields that ``error`` is about; None: the form as a whole. ``ours``: the form
    found it; an engine's refusal is no InvalidRequest."""
    ours = ours or isinstance(error, InvalidRequest)
    faults = error.faults if isinstance(error, InvalidRequest) else (error,)
    found: dict[Field | None, str] = {}
    for fault in faults:
        found.setdefault(*field_of(fault, draft, short=ours))
    return found


def build(draft: Draft, check_request: Callable[[JobRequest], None]) -> Submission:
    """Read the file, validate with ``check_request`` (which raises InputError), and build the
    submission.

    Blocks: run it in a thread. Raises InvalidRequest; see :func:`faults_by_field`.
    """
    file, faults = draft.file.strip(), Faults()
    read = folder = None
    with faults.collect():
        read = _read(file) if file else None
    request = draft.request(read)
    for fault in draft.number_faults():
        faults.add(fault)
    with faults.collect():
        check_request(request)
    with faults.collect():
        folder = typed_folder(draft)
    faults.check()
    return Submission(request, folder or Path(slug(title_of(request.brief))).absolute())


def words_in_file(draft: Draft) -> int | None:
    """How many words the draft's file has; None if it has none, or can't be read. Blocks."""
    file = draft.file.strip()
    try:
        read = _read(file) if file else None
    except AuraError:
        return None
    return len(read.text.split()) or None if read is not None else None


def typed_folder(draft: Draft) -> Path | None:
    """The folder for the files (absolute); None if the field is empty. Raises InputError."""
    typed = draft.folder.strip()
    return _expanded(typed, "output") if typed else None


def _read(file: str) -> Brief:
    path = _expanded(file, "brief")
    try:
        why = "" if path.is_file() else "This is a folder" if path.is_dir() else _NO_FILE
    except OSError as e:  # the name is too long, or the folder not readable
        why = e.strerror or _NO_FILE
    if why:
        raise InputError(
            Code.BRIEF_UNREADABLE, why, "Choose a Markdown or text file.", field="brief"
        )
    return read_brief(str(path))


def _expanded(text: str, field: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise InputError(
            Code.OPTION_INVALID,
            f"Unknown user in {clean_line(text, 60)!r}",
            "Enter an absolute path.",
            field=field,
        ) from None


def matching(names: Sequence[str], typed: str) -> list[str]:
    """Completions of ``typed`` among ``names``: prefix matches first, then the others that contain
    it."""
    wanted = typed.strip().casefold()
    begin = [name for name in names if name.casefold().startswith(wanted)]
    return begin + [name for name in names if wanted in name.casefold() and name not in begin]
