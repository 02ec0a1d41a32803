"""What a provider may use, and what each kind of provider does. No adapter lives here."""

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
    """What a provider works with: children it may spawn, a scratch folder, and a voice.

    ``scratch`` is emptied when the stage ends. ``log`` and ``warn`` take text from anywhere; it
    is cleaned before it goes on.
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
    """A voice one can name with ``--voice``."""

    name: str
    language: str  # BCP 47
    provider: str
    description: str = ""


class SceneText(msgspec.Struct, frozen=True, kw_only=True):
    """What a speech provider is asked: all that its sound depends on (it is the checkpoint's key).

    ``rate`` and ``pitch`` are factors (1.0: the voice's own).
    """

    text: str
    voice: str
    language: str
    rate: float
    pitch: float


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A spoken text: the WAV at ``path`` is mono 16-bit 48 kHz; ``words`` has one entry for each
    whitespace token of the text, in order, times in seconds that never fall."""

    path: str
    samples: int
    words: tuple[Word, ...]


class FrameSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The frame a picture is made for, in pixels, and the theme's name."""

    width: int
    height: int
    theme: str


class ScriptProvider(Protocol):
    """Brief -> script."""

    name: str
    deterministic: bool  # same brief, same script: pieces may be shared between jobs

    def identity(self) -> tuple[str, ...]:
        """What the result depends on beside the request: version, model. Never a secret."""
        ...

    async def write(self, request: JobRequest, ctx: ProviderContext) -> Script:
        """Raises StageError or Transient; the runner retries the latter."""
        ...


class SpeechProvider(Protocol):
    """Text -> speech with word times."""

    name: str
    deterministic: bool

    def identity(self) -> tuple[str, ...]: ...
    async def voices(self) -> tuple[Voice, ...]:
        """All voices it can speak with; an endpoint that can't list gives its configured one."""
        ...

    def resolve(self, voice: str, language: str) -> str:
        """The voice's own name for what was asked ("" asks for the language's default).

        Raises InputError (Code.VOICE_UNKNOWN) that names near ones.
        """
        ...

    async def speak(self, scene: SceneText, out: Path, ctx: ProviderContext) -> Spoken:
        """Write the WAV to ``out`` (its folder exists) and say when each word is heard."""
        ...


class VisualsProvider(Protocol):
    """Scene -> picture. One is made for a stage, and closed when the stage ends."""

    name: str
    deterministic: bool

    def identity(self) -> tuple[str, ...]: ...
    def inputs(self, scene: Scene, script: Script, frame: FrameSpec) -> tuple[str, ...]:
        """All that this scene's picture depends on beside :meth:`identity`: the card, the frame,
        a file's hash ... and nothing that it doesn't show. May read files: call it in a thread."""
        ...

    async def draw(
        self, scene: Scene, script: Script, frame: FrameSpec, out: Path, ctx: ProviderContext
    ) -> Picture:
        """Write a PNG to ``out``, about 1.1 to 1.5 times the frame (motion samples inside it)."""
        ...

    async def close(self) -> None:
        """Let go of what :meth:`draw` keeps between pictures, such as processes."""
        ...
