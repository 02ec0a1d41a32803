"""The context that a stage gives its provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.pipeline.context import StageContext
    from aura_tui.providers.protocols import Severity
    from aura_tui.settings import Settings
    from aura_tui.system.processes import ProcessGroup


class BufferedWarnings:
    """A stage's context that collects the provider's warnings instead of reporting them.

    The stage stores them in the piece's document, so that a reused piece repeats its warnings.
    Implements :class:`aura_tui.providers.protocols.ProviderContext`.
    """

    def __init__(self, ctx: StageContext) -> None:
        self._ctx = ctx
        self.warnings: list[str] = []

    @property
    def children(self) -> ProcessGroup:
        return self._ctx.children

    @property
    def scratch(self) -> Path:
        return self._ctx.scratch

    @property
    def settings(self) -> Settings:
        return self._ctx.settings

    def log(self, message: str, severity: Severity = "info") -> None:
        self._ctx.log(message, severity)

    def warn(self, message: str) -> None:
        self.warnings.append(message)
