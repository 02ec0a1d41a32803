"""Script providers: a brief becomes scenes, by rule (``outline``) or by a model (``llm``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.errors import Code, InputError

if TYPE_CHECKING:
    from aura_tui.providers.protocols import ScriptProvider
    from aura_tui.settings import Settings

NAMES = ("auto", "outline", "llm")


def choose(name: str, settings: Settings) -> tuple[ScriptProvider, ScriptProvider | None]:
    """The provider that ``name`` asks for ("" asks for the settings' one), and its fallback.

    ``auto`` is ``llm`` with ``outline`` behind it where an endpoint is configured, else
    ``outline``. Raises :class:`InputError` for an unknown name, or for ``llm`` without settings.
    """
    from aura_tui.providers.script.outline.provider import OutlineProvider

    asked = _wanted(name, settings)
    configured = _configured(settings)
    if chosen(name, settings) == "outline":
        return OutlineProvider(settings.speech.rate), None
    if asked not in NAMES:
        raise InputError(
            Code.OPTION_INVALID,
            f"Unknown script provider {asked[:40]!r}",
            f"Use one of: {', '.join(NAMES)}.",
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

    spare = OutlineProvider(settings.speech.rate) if asked == "auto" else None
    return LlmProvider(settings.script), spare


def chosen(name: str, settings: Settings) -> str:
    """The name of the one that :func:`choose` tries first, made of nothing but names."""
    wanted = _wanted(name, settings)
    if wanted != "auto":
        return wanted
    return "llm" if _configured(settings) else "outline"


def _wanted(name: str, settings: Settings) -> str:
    return (name or settings.script.provider or "auto").strip().lower()


def _configured(settings: Settings) -> bool:
    return bool(settings.script.base_url and settings.script.model)
