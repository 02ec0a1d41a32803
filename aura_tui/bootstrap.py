"""Puts the parts together: which JobService a command gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui import settings as settings_
from aura_tui.engine import home as home_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura_tui.engine.reading import ReadOnlyService
    from aura_tui.engine.service import EmbeddedService
    from aura_tui.settings import Settings


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the file and the environment. Raises InputError."""
    return settings_.load(environ)


def engine(settings: Settings, *, work: bool = True) -> EmbeddedService:
    """An engine in this process; entering it raises EngineError where another one holds the home.

    ``work=False`` holds it without taking jobs up.
    """
    from aura_tui.engine.service import EmbeddedService

    return EmbeddedService(settings, work=work)


def reader(settings: Settings) -> ReadOnlyService:
    """Looks at the store, whether an engine is at work on it or not."""
    from aura_tui.engine.reading import ReadOnlyService

    return ReadOnlyService(home_.Home(settings.home), settings)


def engine_runs(settings: Settings) -> bool:
    """Whether some process holds the engine of this home."""
    return home_.holder(home_.Home(settings.home)) is not None
