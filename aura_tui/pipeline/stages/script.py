"""The Script stage: turns a brief into a script, validates and caches it, and writes it as
``<slug>.script.json``."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from aura_tui.errors import Code, StageError
from aura_tui.model.events import Metrics
from aura_tui.model.request import MAX_TEXT_CHARS, parse_duration
from aura_tui.model.script import (
    BulletsCard,
    ChartCard,
    PictureCard,
    Scene,
    Script,
    StatementCard,
    TableCard,
    TitleCard,
)
from aura_tui.model.text.plural import counted
from aura_tui.model.text.sanitize import clean, clean_line
from aura_tui.model.text.slug import slug
from aura_tui.pipeline.artifact_files import save
from aura_tui.pipeline.fallback import with_fallback
from aura_tui.pipeline.provider_context import BufferedWarnings
from aura_tui.pipeline.stages.readable import check_readable
from aura_tui.providers.script import choose
from aura_tui.providers.script.language import detect
from aura_tui.providers.script.markdown.picture_files import pictures

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.model.script import AnyCard
    from aura_tui.pipeline.context import StageContext
    from aura_tui.providers.protocols import ScriptProvider

MAX_SCENES = 600  # an hour of six-second scenes
MAX_NARRATION_CHARS = 2000  # per scene: about two minutes
_MAX_LINE = 400
_MAX_CODE = 8000
_MAX_ROWS = 40
_MAX_LEFT_OUT = 5000

# Failures that another provider may avoid; a full disk, for example, isn't one.
_RECOVERABLE = frozenset(
    {
        Code.SCRIPT_FAILED,
        Code.SCRIPT_PROVIDER_UNAVAILABLE,
        Code.SCRIPT_PROVIDER_REFUSED,
        Code.SCRIPT_REPLY_INVALID,
    }
)


class _Checkpoint(msgspec.Struct, frozen=True):
    """The cached script, with the provider's warnings, which a reused script repeats."""

    script: Script
    warnings: tuple[str, ...]


async def write_script(ctx: StageContext) -> Script:
    """Write the job's script. Raises StageError (SCRIPT_...) if no provider can."""
    first, fallback = choose(ctx.request.options.script, ctx.settings)

    async def write(provider: ScriptProvider, is_fallback: bool) -> tuple[Script, str]:
        return await _write(ctx, provider, is_fallback), provider.name

    script, provider = await with_fallback(
        ctx,
        iter((first,) if fallback is None else (first, fallback)),
        write,
        recoverable=_RECOVERABLE,
        describe=lambda other: f"The script is written by {other.name}",
    )
    await check_readable(ctx, script)
    ctx.log(_summary(ctx, script, provider))
    path = ctx.artifacts / f"{slug(script.title)}.script.json"
    published = _without_paths(script, ctx.request.origin.folder)
    data = msgspec.json.format(msgspec.json.encode(published), indent=2) + b"\n"
    await asyncio.to_thread(save, path, data)
    ctx.report.artifact(path.name, path, "application/json")
    total = len(script.scenes)
    ctx.report.progress(
        100.0,
        counted(total, "scene"),
        detail=clean_line(script.title, 120),
        item=total,
        total=total,
        metrics=Metrics(provider=provider, reused=ctx.reused, made=ctx.made),
    )
    return script


async def _write(ctx: StageContext, provider: ScriptProvider, is_fallback: bool) -> Script:
    ctx.report.progress(
        0.0, "Writing the script", detail=provider.name, metrics=Metrics(provider=provider.name)
    )
    request = ctx.request

    async def build(_: Path) -> _Checkpoint:
        buffered = BufferedWarnings(ctx)
        script = await provider.write(request, buffered)
        warnings = tuple(clean_line(warning, 500) for warning in buffered.warnings)
        return _Checkpoint(sanitize_script(script), warnings)

    key = ctx.key(
        "script",
        provider.name,
        provider.identity(),
        await asyncio.to_thread(_inputs, request),
        deterministic=provider.deterministic,
        is_fallback=is_fallback,
    )
    written = (await ctx.piece(key, "script", _Checkpoint, build)).document
    for warning in written.warnings:
        ctx.warn(warning)
    if not request.brief.language:
        await _report_language(ctx, written.script.language)
    return written.script


async def _report_language(ctx: StageContext, language: str) -> None:
    """Tell the language of a script whose brief names none, if it is a guess or not English."""
    brief = ctx.request.brief
    guess = await asyncio.to_thread(detect.guess_brief, brief)
    if guess.is_weak and any(c.isalnum() for c in brief.text):
        ctx.warn(
            f"The language of the text isn't clear: {language} is assumed. Set it with --language."
        )
    elif language != detect.DEFAULT:
        ctx.log(f"Language: {language} (detected from the text)")


def _summary(ctx: StageContext, script: Script, provider: str) -> str:
    """The script's size, and what it was made from."""
    words = sum(len(scene.narration.split()) for scene in script.scenes)
    brief = ctx.request.brief
    words_in = counted(len(brief.text.split()), "word")
    source = f"a text of {words_in}" if brief.text.strip() else "a topic"
    return (
        f"{counted(len(script.scenes), 'scene')} ({counted(words, 'word')} of narration) from "
        f"{source}, provider {provider}{', reused' if ctx.reused else ''}"
    )


def _without_paths(script: Script, folder: str) -> Script:
    """``script`` with the paths of pictures as from the brief's ``folder``, or only their names: a
    script may be passed on, and tells nothing of this machine."""

    def shown(scene: Scene) -> Scene:
        if not isinstance(scene.card, PictureCard):
            return scene
        path = Path(scene.card.path)
        inside = folder and path.is_relative_to(folder)
        name = path.relative_to(folder).as_posix() if inside else path.name
        return replace(scene, card=replace(scene.card, path=name))

    return replace(script, scenes=tuple(map(shown, script.scenes)))


def _inputs(request: JobRequest) -> tuple[object, ...]:
    """The inputs of a script's cache key. Cleaned, because only valid Unicode can be hashed."""
    brief = request.brief
    fields = (name for name in brief.__struct_fields__ if name != "name")  # of the file
    texts = {name: clean(getattr(brief, name), MAX_TEXT_CHARS) for name in fields}
    return (
        texts,
        parse_duration(request.plan_spec.target_duration),
        [clean(request.plan_spec.pacing), clean(request.plan_spec.density)],
        clean(request.plan_spec.style),
        request.voice_spec.rate,
        () if request.origin.outside else pictures(brief.text, request.origin.folder),
    )


# -- validation of any provider's script ----------------------------------------------------------


def sanitize_script(script: Script) -> Script:
    """``script`` with clean, bounded texts, drawable cards, and scenes numbered from 1.

    Scenes without narration are dropped. Raises StageError (SCRIPT_REPLY_INVALID) if none is left.
    """
    title = clean_line(script.title, 200) or "Untitled"
    scenes: list[Scene] = []
    for scene in script.scenes[:MAX_SCENES]:
        narration = clean_line(scene.narration, MAX_NARRATION_CHARS)
        if not any(c.isalnum() for c in narration):
            continue
        name = clean_line(scene.title, 200) or title
        scenes.append(
            Scene(
                number=len(scenes) + 1,
                title=name,
                narration=narration,
                card=_drawable(_clean_card(scene.card), name, narration),
                chapter=scene.chapter or not scenes,
                lines=scene.lines,
            )
        )
    if not scenes:
        raise StageError(
            Code.SCRIPT_REPLY_INVALID,
            "The script has no narration",
            "Use a text with full sentences, or try another script provider.",
        )
    tag = clean_line(script.language, 35) or detect.DEFAULT
    left_out = tuple(
        replace(part, what=clean_line(part.what, 200), why=clean_line(part.why))
        for part in script.left_out[:_MAX_LEFT_OUT]
    )
    return Script(title=title, language=tag, scenes=tuple(scenes), left_out=left_out)


def _clean_card(card: AnyCard) -> AnyCard:
    fields: dict[str, Any] = {
        name: _clean_value(name, getattr(card, name)) for name in card.__struct_fields__
    }
    return replace(card, **fields)


def _clean_value(name: str, value: object) -> object:
    match value:
        case str() if name == "path":
            return value
        case str() if name == "code":
            return clean(value, _MAX_CODE)
        case str():
            return clean_line(value, _MAX_LINE)
        case tuple():
            return tuple(_clean_value(name, part) for part in value[:_MAX_ROWS])
        case _:
            return value


def _drawable(card: AnyCard, title: str, narration: str) -> AnyCard:
    """``card`` if it can be drawn, else the scene's title or narration as a statement."""
    match card:
        case TitleCard(title="") | StatementCard(text=""):
            return StatementCard(text=narration[:_MAX_LINE], kicker=card.kicker)
        case BulletsCard(bullets=bullets) if not any(bullets):
            return StatementCard(text=title, kicker=card.kicker)
        case ChartCard(labels=labels, values=values, texts=texts) if not (
            0 < len(labels) == len(values) == len(texts) and all(map(math.isfinite, values))
        ):
            return StatementCard(text=title, kicker=card.kicker)
        case TableCard(header=header, rows=rows) if not header or any(
            len(row) != len(header) for row in rows
        ):
            return StatementCard(text=title, kicker=card.kicker)
        case _:
            return card
