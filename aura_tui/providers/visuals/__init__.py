"""Visuals providers: cards, the user's own pictures, or an images endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.errors import Code, InputError
from aura_tui.model.text.near import did_you_mean
from aura_tui.model.text.sanitize import clean_line
from aura_tui.providers.visuals.card_layouts.themes import THEMES, check_theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.providers.protocols import VisualsProvider
    from aura_tui.settings import Settings

__all__ = ["NAMES", "THEMES", "candidates", "check_theme", "choose", "chosen"]

NAMES = ("cards", "folder", "openai")


def choose(name: str, settings: Settings) -> VisualsProvider:
    """The provider called ``name``; "": the one in the settings, "auto": the endpoint if one is
    configured, else cards.

    Raises InputError for an unknown or unconfigured provider. Use it for one stage, and close it
    when the stage ends.
    """
    name = chosen(name, settings)
    if name == "cards":
        from aura_tui.providers.visuals.cards import Cards

        return Cards()
    if name == "folder":
        from aura_tui.providers.visuals.folder import Folder

        return Folder(settings.visuals.folder)
    if name == "openai":
        from aura_tui.providers.visuals.openai import OpenAIImages

        return OpenAIImages(settings.visuals)
    raise InputError(
        Code.OPTION_INVALID,
        f"Unknown visuals provider {clean_line(name, 40)!r}",
        f"{did_you_mean(name, NAMES)}Use one of: auto, {', '.join(NAMES)}.",
        field="options.visuals",
    )


def candidates(name: str, settings: Settings) -> Iterator[VisualsProvider]:
    """The provider of :func:`choose`, which may raise; under "auto" also cards, the fallback for an
    endpoint."""
    first = choose(name, settings)
    yield first
    if _requested(name, settings) == "auto" and first.name != "cards":
        yield choose("cards", settings)


def chosen(name: str, settings: Settings) -> str:
    """The name of the provider that :func:`choose` returns, without creating it."""
    requested = _requested(name, settings)
    if requested != "auto":
        return requested
    return "openai" if settings.visuals.base_url and settings.visuals.model else "cards"


def _requested(name: str, settings: Settings) -> str:
    return (name or settings.visuals.provider or "auto").strip().lower()
