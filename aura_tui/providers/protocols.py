"""The protocols of providers and of the context that they work with. No implementations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from aura_tui.model.script import Word

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.model.request import JobRequest
    from aura_tui.model.script import Picture, Scene, Script
    from aura_tui.settings import Settings
    from aura_tui.system.processes import ProcessGroup

Severity = Literal["info", "warning", "error"]


class ProviderContext(Protocol):
    """What a provider may use: child processes, a temporary folder, settings, and the job's log.

    ``scratch`` is emptied when the stage ends. ``log`` and ``warn`` accept any text and sanitize
    it.
    """

    @property
    def children(self) -> ProcessGroup: ...
    @property
    def scratch(self) -> Path: ...
    @property
    def settings(self) -> Settings: ...
    def log(self, message: str, severity: Severity = "info") -> None: ...
    def warn(self, message: str) -> None: ...


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice for ``--voice``."""

    name: str
    language: str  # BCP 47
    provider: str
    description: str = ""


class SceneText(msgspec.Struct, frozen=True, kw_only=True):
    """The input of a speech provider: everything that its sound depends on (part of its cache key).

    ``rate`` and ``pitch`` are factors (1.0: the voice's own).
    """

    text: str
    voice: str
    language: str
    rate: float
    pitch: float


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A spoken text: the WAV at ``path`` is mono 16-bit 48 kHz; ``words`` has one entry per
    whitespace-separated token of the text, in order, with non-decreasing times in seconds."""

    path: str
    samples: int
    words: tuple[Word, ...]


class FrameSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The size of the video frame in pixels, and the theme's name."""

    width: int
    height: int
    theme: str


class ScriptProvider(Protocol):
    """Writes a script from a brief."""

    name: str
    deterministic: bool  # the same brief gives the same script: jobs may share cached pieces

    def identity(self) -> tuple[str, ...]:
        """Everything but the request that the result depends on, such as version and model. Never a
        secret."""
        ...

    async def write(self, request: JobRequest, ctx: ProviderContext) -> Script:
        """Write the script. Raises StageError or Transient; the stage retries the latter."""
        ...


class SpeechProvider(Protocol):
    """Speaks a text, with word times."""

    name: str
    deterministic: bool

    def identity(self) -> tuple[str, ...]: ...
    async def voices(self) -> tuple[Voice, ...]:
        """All available voices; an endpoint without a list returns its configured voice."""
        ...

    def resolve(self, voice: str, language: str) -> str:
        """The canonical name of ``voice`` ("": the default for the language).

        Raises InputError (Code.VOICE_UNKNOWN) that suggests similar names.
        """
        ...

    def scripts(self, voice: str, language: str) -> frozenset[str] | None:
        """The scripts whose letters ``voice`` reads, as :mod:`aura_tui.model.text.scripts` names
        them; it leaves out others. None if it may read all."""
        ...

    async def speak(self, scene: SceneText, out: Path, ctx: ProviderContext) -> Spoken:
        """Write the WAV to ``out`` (its folder exists) and return the times of the words."""
        ...


class VisualsProvider(Protocol):
    """Draws a picture for a scene. Created for one stage and closed when the stage ends."""

    name: str
    deterministic: bool

    def identity(self) -> tuple[str, ...]: ...
    def inputs(self, scene: Scene, script: Script, frame: FrameSpec) -> tuple[str, ...]:
        """Everything but :meth:`identity` that this scene's picture depends on, such as the card,
        the frame, a file's hash, and nothing else. May read files: call it in a thread."""
        ...

    async def draw(
        self, scene: Scene, script: Script, frame: FrameSpec, out: Path, ctx: ProviderContext
    ) -> Picture:
        """Write a PNG to ``out``, about 1.1 to 1.5 times the size of the frame, which leaves room
        for motion."""
        ...

    async def close(self) -> None:
        """Release resources that :meth:`draw` keeps between pictures, such as processes."""
        ...
