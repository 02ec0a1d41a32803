"""Background tasks that are watched: one that dies is reported, and started again with backoff.

A :class:`Supervisor` owns the tasks of one object. It knows two kinds. A *service*
(:meth:`Supervisor.keep`) runs until the owner closes: any other end, a cancel that the owner did
not ask for included, is a failure, and the task is started again. A *job* (:meth:`Supervisor.run`)
ends by itself: only an exception is a failure, and it is not started again.

Supervision is made of callbacks, not of another task: there is nothing above it that could die.
Failures go to the event loop's exception handler (:func:`report`), as whatever else dies on it
does: one place per process decides where a person sees them (``system/crash_report.py``).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")


FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 30.0
SETTLED_S = 10.0  # a service that has run for so long since its last failure is well again


class TaskFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A task that ended when it should not have.

    ``error`` is None for a service that returned. ``restarts_in_s`` is None for a job: nobody
    starts it again. ``count`` counts the failures of a service since it was last well.
    """

    name: str
    error: BaseException | None
    at: datetime
    count: int = 1
    restarts_in_s: float | None = None

    @property
    def reason(self) -> str:
        """One line: which task, and what ended it."""
        match self.error:
            case None:
                cause = "it returned"
            case asyncio.CancelledError():
                cause = "it was cancelled"
            case error:
                text = str(error).splitlines()
                cause = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
        return f"{self.name} stopped unexpectedly ({cause})"


THREAD = "thread"  # the name of a task that waits for one
FAILURE = "task_failure"  # in the context that the loop's exception handler gets


def report(failure: TaskFailure) -> None:
    """Hand a failure to the exception handler of the running loop."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": failure.reason, "exception": failure.error, FAILURE: failure}
    )


class Supervisor:
    """Owns background tasks. All methods belong to the event loop."""

    def __init__(self, report: Callable[[TaskFailure], None] = report) -> None:
        """``report`` gets each failure once, when it happens. It must not raise."""
        self._report = report
        self._services: dict[str, _Service] = {}
        self._jobs: set[asyncio.Task[Any]] = set()
        self._dropped: set[asyncio.Task[Any]] = set()  # cancelled, and not over yet
        self._closed = False

    @property
    def failures(self) -> tuple[TaskFailure, ...]:
        """Failures of services that are down, or have not yet been up for :data:`SETTLED_S`."""
        return tuple(s.failure for s in self._services.values() if s.failure is not None)

    @property
    def tasks(self) -> dict[str, asyncio.Task[Any] | None]:
        """The services by name, each with its task; None while it waits to be started again."""
        return {name: service.task for name, service in self._services.items()}

    def keep(
        self, name: str, work: Callable[[], Awaitable[object]], *, may_end: bool = False
    ) -> None:
        """Run ``work()`` until :meth:`drop` or :meth:`aclose`, again and again if it ends.

        ``may_end``: a service that returns has finished, and is forgotten.
        """
        assert name not in self._services, name
        if self._closed:
            return
        service = self._services[name] = _Service(name, work, may_end)
        self._start(service)

    def drop(self, name: str) -> None:
        """Cancel a service and forget it; :meth:`aclose` waits for its end. Unknown names are
        ignored."""
        service = self._services.pop(name, None)
        if service is None:
            return
        service.stop_timers()
        if service.task is not None:
            service.task.cancel()
            self._dropped.add(service.task)
            service.task.add_done_callback(self._dropped.discard)

    def run(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run ``work`` to its end; :meth:`aclose` cancels it."""
        task = asyncio.create_task(work, name=name)
        self._jobs.add(task)
        task.add_done_callback(self._job_over)
        if self._closed:
            task.cancel()
        return task

    async def aclose(self) -> None:
        """Cancel all tasks, and wait for their ends."""
        self._closed = True
        tasks = list(self._jobs)
        for service in self._services.values():
            service.stop_timers()
            if service.task is not None:
                tasks.append(service.task)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._dropped, return_exceptions=True)

    def _start(self, service: _Service) -> None:
        async def work() -> None:
            await service.work()

        service.task = asyncio.create_task(work(), name=service.name)
        service.task.add_done_callback(lambda task: self._service_over(service, task))
        if service.failure is not None:
            loop = asyncio.get_running_loop()
            service.timers = [loop.call_later(SETTLED_S, service.settle)]

    def _service_over(self, service: _Service, task: asyncio.Task[Any]) -> None:
        if self._closed or self._services.get(service.name) is not service:
            _error_of(task)  # seen: the owner ended it
            return
        service.stop_timers()
        error = _error_of(task)
        if error is None and service.may_end:
            del self._services[service.name]
            return
        count = service.failure.count + 1 if service.failure is not None else 1
        wait_s = min(FIRST_WAIT_S * 2.0 ** min(count - 1, 20), LONGEST_WAIT_S)
        service.task = None
        service.failure = TaskFailure(
            name=service.name,
            error=error,
            at=datetime.now(UTC),
            count=count,
            restarts_in_s=wait_s,
        )
        loop = asyncio.get_running_loop()
        service.timers = [loop.call_later(wait_s, self._start, service)]
        self._report(service.failure)

    def _job_over(self, task: asyncio.Task[Any]) -> None:
        self._jobs.discard(task)
        error = _error_of(task)
        if error is None or isinstance(error, asyncio.CancelledError) or self._closed:
            return
        self._report(TaskFailure(name=task.get_name(), error=error, at=datetime.now(UTC)))


class _Service:
    def __init__(self, name: str, work: Callable[[], Awaitable[object]], may_end: bool) -> None:
        self.name = name
        self.work = work
        self.may_end = may_end
        self.task: asyncio.Task[Any] | None = None
        self.failure: TaskFailure | None = None
        self.timers: list[asyncio.TimerHandle] = []

    def settle(self) -> None:
        self.failure = None

    def stop_timers(self) -> None:
        for timer in self.timers:
            timer.cancel()


def _error_of(task: asyncio.Task[Any]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()


async def run_to_completion(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """As :func:`asyncio.to_thread`; but where the caller is cancelled, that is passed on when the
    thread has done with its files. For short calls: a cancel waits for them."""
    return await in_thread(lambda: call(*args, **kwargs), stop=lambda: None)


async def in_thread(call: Callable[[], T], stop: Callable[[], None]) -> T:
    """As :func:`run_to_completion`, for a long call: a cancel calls ``stop``, which has the thread
    end soon."""
    work = asyncio.create_task(asyncio.to_thread(call), name=THREAD)
    try:
        return await result_of(work, "a thread")
    except asyncio.CancelledError:
        stop()
        await asyncio.wait((work,))
        if not work.cancelled():
            work.exception()  # seen: the cancel is what counts
        raise


async def result_of(work: asyncio.Future[T], name: str) -> T:
    """The result of ``work``, which a cancel of the caller doesn't reach.

    That the caller is cancelled is its owner's wish; that ``work`` is, and the caller isn't, is a
    failure: RuntimeError says so. Nobody would report it otherwise.
    """
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if work.cancelled() and task is not None and not task.cancelling():
            raise RuntimeError(f"the wait for {name} was cancelled") from None
        raise
