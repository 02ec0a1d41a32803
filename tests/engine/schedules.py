"""A deterministic scheduler: one seed is one interleaving, in virtual time.

asyncio runs what is ready in the order in which it became ready, so a test sees one interleaving
of a great many. Here each task is held back for a number of turns of the loop, drawn from a seeded
generator, each time it could go on: at every await, anything else may come first. Sleeps and
timeouts pass in virtual time; a loop on which nothing can ever happen again raises
:class:`Deadlock`. Threads are done away with: what is given to one runs inline, and its result
comes at a drawn time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from aura_tui.engine.store.writer import Work, Writer

if TYPE_CHECKING:
    import random
    import threading
    from collections.abc import Callable

T = TypeVar("T")

_HOLDS = (0, 0, 0, 1, 2, 3, 7, 20)  # turns
_WAITS_S = (0.0, 0.0, 0.001, 0.05)


class Deadlock(Exception):
    """Nothing is ready, and nothing is due."""


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, the clock goes on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise Deadlock
            self.now += max(0.0, timeout)
        return events


class Loop(asyncio.SelectorEventLoop):
    """An event loop of one seed."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._clock = _Selector()
        super().__init__(self._clock)
        self.set_task_factory(_task)
        self.set_default_executor(_Inline())

    def time(self) -> float:
        return self._clock.now


def _task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    assert isinstance(loop, Loop)
    return asyncio.Task(_Held(coro, loop.rng), loop=loop, **options)


class _Held(Coroutine[Any, None, T]):
    """A coroutine that goes on some turns later than it could. A cancel meanwhile reaches it as
    it reaches any task that is about to go on."""

    def __init__(self, coro: Coroutine[Any, None, T], rng: random.Random) -> None:
        self._coro = coro
        self._rng = rng
        self._hold = rng.choice(_HOLDS)

    def send(self, value: None) -> Any:
        if self._hold:
            self._hold -= 1
            return None  # as asyncio.sleep(0) does
        result = self._coro.send(value)
        self._hold = self._rng.choice(_HOLDS)
        return result

    def throw(self, *error: Any) -> Any:
        result = self._coro.throw(*error)
        self._hold = self._rng.choice(_HOLDS)
        return result

    def close(self) -> None:
        self._coro.close()

    def __await__(self) -> Any:
        raise NotImplementedError("only a task runs it")


class _Inline(ThreadPoolExecutor):
    """Runs what it is given, at once."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as e:
            future.set_exception(e)
        return future


class TurningWriter(Writer):
    """The store's writer without its thread: a turn comes at a drawn time."""

    _due = False

    def _start(self) -> threading.Thread:
        return None  # type: ignore[return-value]  # nothing here asks it

    def put(self, work: Work) -> None:
        super().put(work)
        if not self._due:
            self._due = True
            assert isinstance(self._loop, Loop)
            self._loop.call_later(self._loop.rng.choice(_WAITS_S), self._turn)

    def _turn(self) -> None:
        self._due = False
        if not self._queue.empty():
            self.turn()

    async def close(self) -> None:
        self._queue.put(None)
        while self.turn():
            pass
        await asyncio.sleep(0)  # what the turns told is heard
        self.store.close()


def explore(rng: random.Random, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``main()`` on a loop of its own, in the interleaving that ``rng`` draws."""
    loop = Loop(rng)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main())
