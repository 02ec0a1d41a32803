"""Visuals providers: drawn cards, the user's own pictures, or an images endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.errors import Code, InputError
from aura_tui.model.sanitize import clean_line
from aura_tui.providers.visuals.card_layouts.themes import THEMES, check_theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.providers.protocols import VisualsProvider
    from aura_tui.settings import Settings

__all__ = ["NAMES", "THEMES", "candidates", "check_theme", "choose", "chosen"]

NAMES = ("cards", "folder", "openai")


def choose(name: str, settings: Settings) -> VisualsProvider:
    """The provider of that name; "" is the one of the settings, "auto" asks the endpoint where
    one is set up, else draws cards.

    Raises InputError for an unknown name, or one that is not set up. The provider is good for one
    stage: close it when the stage ends.
    """
    wanted = chosen(name, settings)
    if wanted == "cards":
        from aura_tui.providers.visuals.cards import Cards

        return Cards()
    if wanted == "folder":
        from aura_tui.providers.visuals.folder import Folder

        return Folder(settings.visuals.folder)
    if wanted == "openai":
        from aura_tui.providers.visuals.openai import OpenAIImages

        return OpenAIImages(settings.visuals)
    raise InputError(
        Code.OPTION_INVALID,
        f"Unknown visuals provider {clean_line(wanted, 40)!r}",
        f"Use one of: auto, {', '.join(NAMES)}.",
        field="options.visuals",
    )


def candidates(name: str, settings: Settings) -> Iterator[VisualsProvider]:
    """The one of :func:`choose`, which raises; under "auto" then the cards, which stand in for an
    endpoint."""
    first = choose(name, settings)
    yield first
    if _wanted(name, settings) == "auto" and first.name != "cards":
        yield choose("cards", settings)


def chosen(name: str, settings: Settings) -> str:
    """The name of the one that :func:`choose` gives, made of nothing but names."""
    wanted = _wanted(name, settings)
    if wanted != "auto":
        return wanted
    return "openai" if settings.visuals.base_url and settings.visuals.model else "cards"


def _wanted(name: str, settings: Settings) -> str:
    return (name or settings.visuals.provider or "auto").strip().lower()
