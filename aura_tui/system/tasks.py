"""Supervises background tasks: reports one that dies, and restarts it with backoff.

A :class:`Supervisor` owns the tasks of one object. There are two kinds. A *service*
(:meth:`Supervisor.keep`) runs until the owner closes: any other end, even a cancel by somebody
else, is a failure, and the task is restarted. A *job* (:meth:`Supervisor.run`) ends by itself:
only an exception is a failure, and it is not restarted.

Supervision uses callbacks, not another task that could die itself. Failures go to the event loop's
exception handler (:func:`report`), like all other errors on the loop: one place per process
decides where the user sees them (``system/crash_report.py``).
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
SETTLED_S = 10.0  # a service that has run this long since its last failure has recovered


class TaskFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A task that ended when it should not have.

    ``error`` is None for a service that returned. ``restarts_in_s`` is None for a job, which is not
    restarted. ``count`` counts the failures of a service since it last recovered.
    """

    name: str
    error: BaseException | None
    at: datetime
    count: int = 1
    restarts_in_s: float | None = None

    @property
    def reason(self) -> str:
        """One line: the task's name, and what ended it."""
        match self.error:
            case None:
                cause = "it returned"
            case asyncio.CancelledError():
                cause = "it was cancelled"
            case error:
                text = str(error).splitlines()
                cause = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
        return f"{self.name} stopped unexpectedly ({cause})"


THREAD = "thread"  # the name of tasks that wait for a thread
FAILURE = "task_failure"  # the key in the context of the loop's exception handler


def report(failure: TaskFailure) -> None:
    """Pass a failure to the exception handler of the running loop."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": failure.reason, "exception": failure.error, FAILURE: failure}
    )


class Supervisor:
    """Owns background tasks. All methods belong to the event loop."""

    def __init__(self, report: Callable[[TaskFailure], None] = report) -> None:
        """``report`` is called once for each failure. It must not raise."""
        self._report = report
        self._services: dict[str, _Service] = {}
        self._jobs: set[asyncio.Task[Any]] = set()
        self._dropped: set[asyncio.Task[Any]] = set()  # cancelled, but not ended yet
        self._closed = False

    @property
    def failures(self) -> tuple[TaskFailure, ...]:
        """Failures of services that are down, or have run for less than :data:`SETTLED_S` since."""
        return tuple(s.failure for s in self._services.values() if s.failure is not None)

    @property
    def tasks(self) -> dict[str, asyncio.Task[Any] | None]:
        """The services by name, each with its task; None while it waits to be restarted."""
        return {name: service.task for name, service in self._services.items()}

    def keep(
        self, name: str, work: Callable[[], Awaitable[object]], *, may_end: bool = False
    ) -> None:
        """Run ``work()`` until :meth:`drop` or :meth:`aclose`; restart it whenever it ends.

        ``may_end``: a service that returns has finished and is removed.
        """
        assert name not in self._services, name
        if self._closed:
            return
        service = self._services[name] = _Service(name, work, may_end)
        self._start(service)

    def drop(self, name: str) -> None:
        """Cancel a service and remove it; :meth:`aclose` waits for its end. Ignores unknown
        names."""
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
        task.add_done_callback(self._job_ended)
        if self._closed:
            task.cancel()
        return task

    async def aclose(self) -> None:
        """Cancel all tasks and wait until they have ended."""
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
        service.task.add_done_callback(lambda task: self._service_ended(service, task))
        if service.failure is not None:
            loop = asyncio.get_running_loop()
            service.timers = [loop.call_later(SETTLED_S, service.mark_settled)]

    def _service_ended(self, service: _Service, task: asyncio.Task[Any]) -> None:
        if self._closed or self._services.get(service.name) is not service:
            _error_of(task)  # mark it as retrieved: the owner ended the task
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

    def _job_ended(self, task: asyncio.Task[Any]) -> None:
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

    def mark_settled(self) -> None:
        self.failure = None

    def stop_timers(self) -> None:
        for timer in self.timers:
            timer.cancel()


def _error_of(task: asyncio.Task[Any]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()


async def run_to_completion(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """As :func:`asyncio.to_thread`, but a cancelled caller waits until the thread has ended, so
    that no thread is left using its files. For short calls."""
    return await in_thread(lambda: call(*args, **kwargs), stop=lambda: None)


async def in_thread(call: Callable[[], T], stop: Callable[[], None]) -> T:
    """As :func:`run_to_completion`, for a long call: a cancel calls ``stop``, which must make the
    thread end soon."""
    work = asyncio.create_task(asyncio.to_thread(call), name=THREAD)
    try:
        return await result_of(work, "a thread")
    except asyncio.CancelledError:
        stop()
        await asyncio.wait((work,))
        if not work.cancelled():
            work.exception()  # mark it as retrieved: the cancel matters
        raise


async def result_of(work: asyncio.Future[T], name: str) -> T:
    """Await ``work`` without cancelling it when the caller is cancelled.

    Raises RuntimeError if ``work`` itself is cancelled: that is a failure, which would otherwise
    look like a cancel of the caller and never be reported.
    """
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if work.cancelled() and task is not None and not task.cancelling():
            raise RuntimeError(f"the wait for {name} was cancelled") from None
        raise
