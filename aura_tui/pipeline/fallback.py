"""Under ``auto``, a provider that fails is replaced for the whole stage, with a warning.

The whole stage: a video has one voice and one look. A later job asks the first one again, since
its pieces are kept under its own name; the same job doesn't, when a crash or an engine's end has
interrupted it: what it makes must not depend on that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

from aura_tui.errors import StageError
from aura_tui.model.sanitize import clean_line
from aura_tui.pipeline.cache import content_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator
    from pathlib import Path

    from aura_tui.errors import Code
    from aura_tui.pipeline.context import StageContext

    class _Provider(Protocol):
        @property
        def name(self) -> str: ...
        def identity(self) -> tuple[str, ...]: ...


P = TypeVar("P", bound="_Provider")
T = TypeVar("T")


async def first_that_works(
    ctx: StageContext,
    providers: Iterator[P],
    work: Callable[[P, bool], Awaitable[T]],
    *,
    curable: Collection[Code],
    instead: Callable[[P], str],
) -> T:
    """What ``work(provider, spare)`` gives with the first of ``providers`` that doesn't fail with
    a ``curable`` code; ``spare`` is whether it stands in for another.

    ``instead`` says what the one that follows does, for the warning. Raises as ``work`` of the
    last one does.
    """
    provider, spare = await asyncio.to_thread(next, providers), False
    while True:
        key = content_key("failed", ctx.job_id, provider.name, provider.identity())
        failed = await asyncio.to_thread(ctx.pieces.find, key, str)
        following: P | None
        if failed is not None:  # an interrupted run of this very job has been here
            following, why = await asyncio.to_thread(next, providers, None), failed.document
        if failed is None or following is None:
            try:
                return await work(provider, spare)
            except StageError as e:
                if e.code not in curable:
                    raise
                # Off the loop: a provider may import much, or look through a folder.
                following = await asyncio.to_thread(next, providers, None)
                if following is None:
                    raise
                why = clean_line(e.message[:1].upper() + e.message[1:])
            await _note(ctx, key, why)
        ctx.warn(f"{why.rstrip('.')}. {instead(following)} instead.")
        provider, spare = following, True


async def _note(ctx: StageContext, key: str, why: str) -> None:
    async def build(_: Path) -> str:
        return why

    await ctx.pieces.make(key, "failed", str, build)
