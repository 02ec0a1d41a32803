"""Work in a thread that has an owner: a thread can't be cancelled, so whoever is waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


async def to_its_end(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """As :func:`asyncio.to_thread`; but where the caller is cancelled, that is passed on when the
    thread has done with its files. For short calls: a cancel waits for them."""
    work = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait((work,))
        if not work.cancelled():
            work.exception()  # seen: the cancel is what counts
        raise
