"""The draft of a new job: the form's fields, their problems, and the request they make.

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
from aura_tui.model.text.sanitize import clean_line
from aura_tui.model.text.slug import slug

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESOLUTIONS = tuple(NAMED_HEIGHT)
ASPECTS = tuple(RATIOS)
_DURATIONS = f"{MIN_DURATION_S} s to {MAX_DURATION_S // 60} min"
_COUNTED = 100_000  # characters; counting more would slow typing down
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

    def get(self, field: Field) -> str:
        """The text of ``field``."""
        return str(getattr(self, field.name.lower()))

    def with_field(self, field: Field, text: str) -> Draft:
        """The draft with ``text`` in ``field``."""
        return replace(self, **{field.name.lower(): text})

    def request(self, read: Brief | None = None) -> JobRequest:
        """The request that the fields make, not validated; ``read`` is the brief read from the
        file."""
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
        try:
            check(self.request(read))
        except InvalidRequest as e:
            for field, text in faults_by_field(e, self).items():
                found.setdefault(field or Field.BRIEF, text)
        return found

    def hints(self) -> dict[Field, str]:
        """Hints by field: what it expects, or what its value means."""
        request = self.request()
        words = f"{len(self.brief.split()):,} words" if len(self.brief) < _COUNTED else "many words"
        try:
            width, height = frame_size(self.resolution, self.aspect)
            size = f"{width}x{height} pixels"
        except InputError:
            size = ""
        named = self.brief.strip() and not self.file.strip()  # the file's content isn't known here
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
_ANY = Brief(topic="?")  # stands for a brief that isn't read yet


def _is_file_name(text: str) -> bool:
    """``notes.md`` is one; "How to write a README.md" is a topic."""
    return text.lower().endswith(_SUFFIXES) and not any(char.isspace() for char in text)


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


def faults_by_field(error: AuraError, draft: Draft) -> dict[Field | None, str]:
    """Messages by the fields that ``error`` is about; None: the form as a whole."""
    ours = isinstance(error, InvalidRequest)  # an engine's refusal comes as another class
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
    with faults.collect():
        check_request(request)
    with faults.collect():
        folder = typed_folder(draft)
    faults.check()
    return Submission(request, folder or Path(slug(title_of(request.brief))).absolute())


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
