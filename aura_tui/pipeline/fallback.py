"""Under ``auto``, replaces a failing provider for the whole stage, with a warning.

The whole stage, because a video has one voice and one look. A later job tries the first provider
again, since pieces are cached by provider. The same job doesn't when it resumes after a crash or a
stopped engine: its result must not depend on the interruption.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

from aura_tui.errors import StageError
from aura_tui.model.text.sanitize import clean_line
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


async def with_fallback(
    ctx: StageContext,
    providers: Iterator[P],
    work: Callable[[P, bool], Awaitable[T]],
    *,
    recoverable: Collection[Code],
    describe: Callable[[P], str],
) -> T:
    """Return ``work(provider, is_fallback)`` of the first of ``providers`` that doesn't fail with a
    ``recoverable`` code; ``is_fallback`` is False only for the first provider.

    ``describe`` says in the warning what the next provider does. Raises the error of the last
    provider.
    """
    provider, is_fallback = await asyncio.to_thread(next, providers), False
    while True:
        key = content_key("failed", ctx.job_id, provider.name, provider.identity())
        failed = await asyncio.to_thread(ctx.pieces.find, key, str)
        following: P | None
        if failed is not None:  # this job was interrupted after the provider had failed
            following, why = await asyncio.to_thread(next, providers, None), failed.document
        if failed is None or following is None:
            try:
                return await work(provider, is_fallback)
            except StageError as e:
                if e.code not in recoverable:
                    raise
                # In a thread: a provider may import large modules or scan a folder.
                following = await asyncio.to_thread(next, providers, None)
                if following is None:
                    raise
                why = clean_line(e.message[:1].upper() + e.message[1:])
            await _record_failure(ctx, key, why)
        ctx.warn(f"{why.rstrip('.')}. {describe(following)} instead.")
        provider, is_fallback = following, True


async def _record_failure(ctx: StageContext, key: str, why: str) -> None:
    async def build(_: Path) -> str:
        return why

    await ctx.pieces.make(key, "failed", str, build)
