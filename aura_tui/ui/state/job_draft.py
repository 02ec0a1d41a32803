"""A new job as it is typed: the form's fields, what is wrong with them, the request they make.

Plain state: no terminal. :func:`build` alone touches the disk, and is for a worker.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from aura_tui.brief.source import read_brief
from aura_tui.brief.title import title_of
from aura_tui.errors import AuraError, Code, Faults, InputError, InvalidRequest
from aura_tui.model.request import (
    MAX_DURATION_S,
    MAX_TOPIC_CHARS,
    MIN_DURATION_S,
    NAMED_HEIGHT,
    RATIOS,
    Brief,
    JobRequest,
    Options,
    PlanSpec,
    RenderSpec,
    VoiceSpec,
    frame_size,
)
from aura_tui.model.request_check import check
from aura_tui.model.sanitize import clean_line
from aura_tui.model.slug import slug

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESOLUTIONS = tuple(NAMED_HEIGHT)
ASPECTS = tuple(RATIOS)
_DURATIONS = f"{MIN_DURATION_S} s to {MAX_DURATION_S // 60} min"
_COUNTED = 100_000  # characters; counting more would be felt in typing
_SUFFIXES = (".md", ".markdown", ".mdown", ".txt", ".text", ".rst")


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


# Which field of the form a field of the request is in.
_FIELDS = {
    "brief": Field.BRIEF,
    "brief.topic": Field.BRIEF,
    "brief.text": Field.BRIEF,
    "brief.aspect": Field.ASPECT,
    "brief.language": Field.VOICE,
    "planSpec.targetDuration": Field.DURATION,
    "renderSpec.res": Field.RESOLUTION,
    "voiceSpec.voiceName": Field.VOICE,
    "options.speech": Field.VOICE,
    "options.theme": Field.THEME,
    "output": Field.FOLDER,
}


class Submission(msgspec.Struct, frozen=True):
    """What the form gives: a request that is sound, and where its files go (absolute)."""

    request: JobRequest
    folder: Path


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The fields as typed. ``theme`` "": as the settings say."""

    brief: str = ""
    file: str = ""
    duration: str = ""
    resolution: str = "720p"
    aspect: str = "16:9"
    voice: str = ""
    theme: str = ""
    folder: str = ""

    def get(self, field: Field) -> str:
        """The text of ``field``."""
        return str(getattr(self, field.name.lower()))

    def with_field(self, field: Field, text: str) -> Draft:
        """The draft with ``text`` in ``field``."""
        return replace(self, **{field.name.lower(): text})

    def request(self, read: Brief | None = None) -> JobRequest:
        """What the fields ask for; ``read`` is the brief that was in the file. Not checked."""
        typed = self.brief.strip()
        is_topic = "\n" not in typed and len(typed) <= MAX_TOPIC_CHARS
        brief = read or (Brief(topic=typed) if is_topic else Brief(text=self.brief))
        return JobRequest(
            brief=replace(brief, aspect=self.aspect),
            plan_spec=PlanSpec(target_duration=self.duration.strip() or None),
            voice_spec=VoiceSpec(voice_name=self.voice.strip()),
            render_spec=RenderSpec(res=self.resolution),
            options=Options(theme=self.theme.strip()),
        )

    def problems(self) -> dict[Field, str]:
        """What can be known to be wrong without looking at the disk or a provider: what, and what
        to do, for people."""
        found: dict[Field, str] = {}
        typed, file = self.brief.strip(), self.file.strip()
        if not typed and not file:
            found[Field.BRIEF] = "Enter a topic or a text here, or a file below."
        elif typed and file:
            found[Field.FILE] = "Use either the text above or a file, not both."
        elif _is_file_name(typed):
            found[Field.BRIEF] = "This is a file name; enter it in the File field."
        # A file's text is still to be read, and a brief that is wrong already is not told twice.
        read = _ANY if found or file else None
        try:
            check(self.request(read))
        except InvalidRequest as e:
            for field, text in faults_by_field(e, self).items():
                found.setdefault(field or Field.BRIEF, text)
        return found

    def hints(self) -> dict[Field, str]:
        """What a field takes, or what will become of what it holds."""
        request = self.request()
        words = f"{len(self.brief.split()):,} words" if len(self.brief) < _COUNTED else "many words"
        try:
            width, height = frame_size(self.resolution, self.aspect)
            size = f"{width}x{height} pixels"
        except InputError:
            size = ""
        named = self.brief.strip() and not self.file.strip()  # what the file says isn't known here
        folder = f"./{slug(title_of(request.brief))}" if named else "a folder named after the video"
        return {
            Field.BRIEF: f"{words}." if request.brief.text.strip() else "",
            Field.FILE: "Markdown or plain text.",
            Field.DURATION: f"{_DURATIONS}, as 90 or 1m30s. Leave empty to fit the text.",
            Field.RESOLUTION: size,
            Field.VOICE: "Default: a voice for the text's language.",
            Field.FOLDER: "" if self.folder.strip() else f"Default: {folder}",
        }


_NO_FILE = "File not found"
_ANY = Brief(topic="?")  # stands for a brief that is still to be read


def _is_file_name(text: str) -> bool:
    """``notes.md`` is one; "How to write a README.md" is a topic."""
    return text.lower().endswith(_SUFFIXES) and not any(char.isspace() for char in text)


def field_of(error: AuraError, draft: Draft) -> tuple[Field | None, str]:
    """The field that ``error`` is about, None for none of the form's, and what to say there."""
    field = _FIELDS.get(error.field or "")
    if field is Field.BRIEF and draft.file.strip():
        field = Field.FILE
    text = f"{error.message}. {error.remediation}"
    if error.code is Code.DURATION_INVALID:
        text = error.remediation  # it says all
    if field is not None and error.field and "." in error.field:
        text = text.replace(error.field, field.value)  # the wire's name means nothing to a person
    return field, clean_line(text, 500)


def faults_by_field(error: AuraError, draft: Draft) -> dict[Field | None, str]:
    """What to say at each field that ``error`` is about; None: of the whole."""
    faults = error.faults if isinstance(error, InvalidRequest) else (error,)
    found: dict[Field | None, str] = {}
    for fault in faults:
        found.setdefault(*field_of(fault, draft))
    return found


def build(draft: Draft, check_request: Callable[[JobRequest], None]) -> Submission:
    """Read the file, ask ``check_request`` (which raises InputError), and give the order.

    Blocks: for a thread. Raises InvalidRequest, whose fields :func:`faults_by_field` knows.
    """
    file, faults = draft.file.strip(), Faults()
    read = folder = None
    with faults.collect():
        read = _read(file) if file else None
    request = draft.request(read)
    with faults.collect():
        check_request(request)
    with faults.collect():
        folder = typed_folder(draft)
    faults.check()
    return Submission(request, folder or Path(slug(title_of(request.brief))).absolute())


def typed_folder(draft: Draft) -> Path | None:
    """Where the files are to go (absolute); None where nothing is typed. Raises InputError."""
    typed = draft.folder.strip()
    return _expanded(typed, "output") if typed else None


def _read(file: str) -> Brief:
    path = _expanded(file, "brief")
    try:
        why = "" if path.is_file() else "This is a folder" if path.is_dir() else _NO_FILE
    except OSError as e:  # a name too long; a folder that may not be looked into
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
    """Those of ``names`` that ``typed`` may mean: that begin so, then that have it within."""
    wanted = typed.strip().casefold()
    begin = [name for name in names if name.casefold().startswith(wanted)]
    return begin + [name for name in names if wanted in name.casefold() and name not in begin]
