"""Checks that a script can be spoken and drawn, before Voice and Visuals spend time on it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError, Code, StageError
from aura_tui.model.text.scripts import letters_by_script, script_of
from aura_tui.providers import speech, visuals
from aura_tui.providers.visuals.card_layouts import coverage

if TYPE_CHECKING:
    from collections import Counter

    from aura_tui.model.script import Script
    from aura_tui.pipeline.context import StageContext

_LEAST = 0.5  # of the letters: with fewer, a video tells nothing


async def check_readable(ctx: StageContext, script: Script) -> None:
    """Raise StageError (TEXT_UNREADABLE, FONT_MISSING) if most letters of ``script`` can't be
    spoken or drawn; warn of the scripts that the voice leaves out."""
    text = " ".join(scene.narration for scene in script.scenes)
    if text.isascii():
        return
    _check_voice(ctx, script, letters_by_script(text))
    if visuals.chosen(ctx.request.options.visuals, ctx.settings) == "cards":
        await asyncio.to_thread(_check_fonts, text)


def _check_voice(ctx: StageContext, script: Script, letters: Counter[str]) -> None:
    options, settings = ctx.request.options, ctx.settings
    language = ctx.request.brief.language or script.language
    name = ctx.request.voice_spec.voice_name or settings.speech.voice
    unread: set[str] = set()
    with contextlib.suppress(AuraError):  # Voice reports an unusable provider or voice
        provider = speech.choose(options.speech, settings)
        known = provider.scripts(provider.resolve(name, language), language)
        unread = set() if known is None else set(letters) - known
    if not unread:
        return
    listed = _listed(letters, unread)
    if sum(letters[name] for name in unread) > (1 - _LEAST) * letters.total():
        raise StageError(
            Code.TEXT_UNREADABLE,
            f"The {provider.name} voice for language {language!r} can't read the {listed} letters "
            "that most of this text is written in",
            "Choose another voice provider (--speech piper or openai; see: aura-tui help briefs), "
            "or name another voice (--voice).",
        )
    ctx.warn(f"The voice doesn't read {listed} letters, so it leaves out these words")


def _check_fonts(text: str) -> None:
    missing = coverage.undrawable(text)
    letters = sum(c.isalpha() for c in text)
    if sum(c in missing for c in text) <= (1 - _LEAST) * letters:
        return  # Visuals warns of the rest
    names = sorted({script_of(c) for c in missing} - {""})
    fonts = " and ".join(dict.fromkeys(coverage.font_for(name) for name in names))
    raise StageError(
        Code.FONT_MISSING,
        f"No font has the {' and '.join(names)} letters that most of this text is written in",
        f"Install {fonts} (most systems have them as packages), then retry.",
    )


def _listed(letters: Counter[str], names: set[str]) -> str:
    return " and ".join(sorted(names, key=lambda name: -letters[name])[:3])
