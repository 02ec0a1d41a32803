"""A workbench for the tests of pictures, and small scripts to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.model.script import Scene, Script, TitleCard
from aura_tui.providers.protocols import FrameSpec
from aura_tui.settings import Settings, VisualsSettings
from aura_tui.system.processes import ProcessGroup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aura_tui.model.script import AnyCard
    from aura_tui.providers.protocols import Severity

FRAME = FrameSpec(width=320, height=180, theme="aurora")


class Bench:
    """Satisfies :class:`aura_tui.providers.protocols.ProviderContext`."""

    def __init__(self, scratch: Path, visuals: VisualsSettings | None = None) -> None:
        self.children = ProcessGroup()
        self.scratch = scratch
        self.settings = Settings(home=scratch / "home", visuals=visuals or VisualsSettings())
        self.logged: list[str] = []
        self.warned: list[str] = []

    def log(self, message: str, severity: Severity = "info") -> None:
        self.logged.append(message)

    def warn(self, message: str) -> None:
        self.warned.append(message)


def script_of(cards: Sequence[AnyCard]) -> Script:
    """One scene a card."""
    return Script(
        title="A test",
        language="en",
        scenes=tuple(
            Scene(number=i, title=f"Scene {i}", narration=f"This is scene {i}.", card=card)
            for i, card in enumerate(cards, 1)
        ),
    )


def titles(*texts: str) -> Script:
    """Scenes with a title each."""
    return script_of([TitleCard(title=text) for text in texts])
