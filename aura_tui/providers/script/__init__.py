"""Script providers turn a brief into scenes, with rules (``outline``) or with a model (``llm``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.errors import Code, InputError
from aura_tui.model.text.near import did_you_mean

if TYPE_CHECKING:
    from aura_tui.providers.protocols import ScriptProvider
    from aura_tui.settings import Settings

NAMES = ("auto", "outline", "llm")


def choose(name: str, settings: Settings) -> tuple[ScriptProvider, ScriptProvider | None]:
    """The provider called ``name`` ("": the one in the settings), and its fallback or None.

    ``auto`` is ``llm`` with the fallback ``outline`` if an endpoint is configured, else
    ``outline``. Raises :class:`InputError` for an unknown name, or for ``llm`` without settings.
    """
    from aura_tui.providers.script.outline.provider import OutlineProvider

    requested = _requested(name, settings)
    configured = _configured(settings)
    if chosen(name, settings) == "outline":
        return OutlineProvider(settings.speech.rate), None
    if requested not in NAMES:
        raise InputError(
            Code.OPTION_INVALID,
            f"Unknown script provider {requested[:40]!r}",
            f"{did_you_mean(requested, NAMES)}Use one of: {', '.join(NAMES)}.",
            field="options.script",
        )
    if not configured:
        raise InputError(
            Code.OPTION_INVALID,
            "The script provider llm has no endpoint configured",
            "Set AURA_SCRIPT_BASE_URL and AURA_SCRIPT_MODEL (and AURA_SCRIPT_API_KEY if it needs "
            "a key), or base_url, model and api_key in the config file's [script].",
            field="options.script",
        )
    from aura_tui.providers.script.llm.provider import LlmProvider

    fallback = OutlineProvider(settings.speech.rate) if requested == "auto" else None
    return LlmProvider(settings.script), fallback


def chosen(name: str, settings: Settings) -> str:
    """The name of the provider that :func:`choose` returns, without creating it."""
    requested = _requested(name, settings)
    if requested != "auto":
        return requested
    return "llm" if _configured(settings) else "outline"


def _requested(name: str, settings: Settings) -> str:
    return (name or settings.script.provider or "auto").strip().lower()


def _configured(settings: Settings) -> bool:
    return bool(settings.script.base_url and settings.script.model)
