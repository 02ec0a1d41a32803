"""Child processes: each has an owner, can be paused, and is killed with its owner.

:class:`ProcessGroup` owns the processes of one job. Each child leads its own process group, so that
one signal reaches its children, too; on Linux the kernel kills it when we end in any way. Timeouts
count active time only: the clock of a paused job stands still.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import weakref
from typing import TYPE_CHECKING, NoReturn

import msgspec

from aura_tui.system.active_clock import ActiveClock
from aura_tui.system.environment import without_secrets
from aura_tui.system.parent_death import preexec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path


class Completed(msgspec.Struct, frozen=True):
    """The result of a finished child. Outputs are limited: a child that exceeds that is killed."""

    returncode: int
    stdout: bytes
    stderr: bytes


def ending(returncode: int) -> str:
    """How a child ended, as what follows its name: "was killed by SIGSEGV"."""
    if returncode >= 0:
        return f"stopped with status {returncode}"
    try:
        return f"was killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was killed by signal {-returncode}"


class OutputTooLarge(Exception):
    """A child wrote more than the limit."""


_all_groups: weakref.WeakSet[ProcessGroup] = weakref.WeakSet()


class _Suspension:
    """Stops this process and all its children (Ctrl-Z).

    Between its fork and the end of :meth:`ProcessGroup.spawn` a child's id is unknown, and a signal
    may arrive just then. The stop waits for that end, some milliseconds; no other child starts
    until then.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._spawning = 0

    @contextlib.contextmanager
    def spawning(self) -> Iterator[None]:
        """Mark a block that starts a child, whose id is known when the block ends."""
        self._spawning += 1
        try:
            yield
        finally:
            self._spawning -= 1
            if self.wanted:
                self.stop()

    def stop(self) -> None:
        """See :func:`stop_here`."""
        was_wanted, self.wanted = self.wanted, True
        for children in list(_all_groups):
            children.stop_all()
            if not (children.paused or was_wanted):
                children.on_suspension(True)
        if not self._spawning:
            os.kill(os.getpid(), signal.SIGSTOP)
            self.end()

    def end(self) -> None:
        """See :func:`continue_here`."""
        if self.wanted:
            self.wanted = False
            for children in list(_all_groups):
                if not children.paused:
                    children.continue_all()
                    children.on_suspension(False)


_suspension = _Suspension()


def stop_here() -> None:
    """Ctrl-Z: stop every child, then this process; a SIGCONT to this process continues both.

    All clocks stand still meanwhile, and paused groups stay paused afterwards. Returns when the
    process continues. While a child is being started it returns at once, and the process stops as
    soon as the child's id is known. Call it in the main thread.
    """
    _suspension.stop()


def continue_here() -> None:
    """Handle a SIGCONT: cancel a stop that has not happened yet."""
    _suspension.end()


def suspend_with_children(loop: asyncio.AbstractEventLoop) -> None:
    """Make SIGTSTP (Ctrl-Z) stop this process's children, too, and SIGCONT continue them."""
    loop.add_signal_handler(signal.SIGTSTP, stop_here)
    loop.add_signal_handler(signal.SIGCONT, continue_here)


def die_by(number: int) -> NoReturn:
    """Kill every child, then end this process by signal ``number`` as if nothing had caught it."""
    for children in list(_all_groups):
        children.kill_now()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os._exit(128 + number)  # only reached under a debugger


def catch_fatal(restore: Callable[[], None] = lambda: None) -> None:
    """Before SIGQUIT (Ctrl-\\) or SIGABRT ends this process, call ``restore`` (to reset a terminal)
    and kill all children, which only Linux does by itself. Call it in the main thread.

    These signals end a program that hangs, so a second one ends it at once, even if ``restore``
    hangs.
    """

    def die(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        try:
            restore()
        finally:
            die_by(number)

    for each in (signal.SIGQUIT, signal.SIGABRT):
        signal.signal(each, die)


class ProcessGroup:
    """The child processes of one owner (one job).

    ``on_suspension`` is called with True before this process is suspended (Ctrl-Z), and with False
    when it continues, maybe in a signal handler: it may only take notes, and call the event loop
    as other threads do.
    """

    def __init__(self) -> None:
        _all_groups.add(self)
        self.clock = ActiveClock()
        self._live: set[asyncio.subprocess.Process] = set()
        self._active = asyncio.Event()
        self._active.set()
        self._closed = asyncio.Event()
        self.paused = False  # by its owner; a suspended process stops its groups without it
        self.on_suspension: Callable[[bool], None] = lambda stopped: None

    @property
    def pids(self) -> tuple[int, ...]:
        """Ids of the running children; each is also the id of its process group."""
        return tuple(p.pid for p in self._live if p.returncode is None)

    async def gate(self) -> None:
        """Return at once while active; wait while paused. Call it between steps of work."""
        while not self._active.is_set():
            await self._active.wait()

    async def spawn(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: int | None = asyncio.subprocess.DEVNULL,
        stdout: int | None = asyncio.subprocess.PIPE,
        stderr: int | None = asyncio.subprocess.PIPE,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
        limit: int = 1 << 20,
    ) -> asyncio.subprocess.Process:
        """Start ``argv`` (no shell) in its own group, with an environment :func:`without_secrets`.
        Waits while paused.

        The caller must await the child's end; :meth:`kill` reaches it in any case.
        """
        await self.gate()
        if self._closed.is_set():
            raise asyncio.CancelledError
        with _suspension.spawning():
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                env=without_secrets(os.environ if env is None else env),
                cwd=cwd,
                pass_fds=pass_fds,
                limit=limit,
                start_new_session=True,
                preexec_fn=preexec(),
            )
            self._live = {p for p in self._live if _signal_group(p, 0)}
            self._live.add(process)
            if self._closed.is_set():  # killed during the fork
                _signal_group(process, signal.SIGKILL)
            elif not self._active.is_set():  # paused meanwhile
                _signal_group(process, signal.SIGSTOP)
        return process

    async def run(
        self,
        argv: Sequence[str | Path],
        *,
        input: bytes | None = None,
        timeout_s: float | None = None,
        max_output: int = 16 << 20,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Completed:
        """Run ``argv`` to its end and return its exit code and output.

        Raises TimeoutError after ``timeout_s`` active seconds and :class:`OutputTooLarge` past
        ``max_output`` bytes on either stream. The child has ended when this returns or raises.
        """
        process = await self.spawn(
            argv,
            stdin=asyncio.subprocess.PIPE if input is not None else asyncio.subprocess.DEVNULL,
            env=env,
            cwd=cwd,
        )
        async with self.owned(process), self.timeout(timeout_s):
            assert process.stdout
            assert process.stderr
            async with asyncio.TaskGroup() as group:
                out = group.create_task(_read(process.stdout, max_output))
                err = group.create_task(_read(process.stderr, max_output))
                if input is not None:
                    group.create_task(_feed(process, input))
            return Completed(await process.wait(), out.result(), err.result())

    @contextlib.asynccontextmanager
    async def owned(
        self, process: asyncio.subprocess.Process
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Kill ``process`` and its group at the end of the block, in every case."""
        try:
            yield process
        except BaseExceptionGroup as group:
            # Unwrap the task group's exception if it has a single cause.
            if len({type(e) for e in group.exceptions}) == 1:
                raise group.exceptions[0] from None
            raise
        finally:
            await _end(process)
            self._live.discard(process)

    @contextlib.asynccontextmanager
    async def timeout(self, seconds: float | None) -> AsyncIterator[None]:
        """Raise TimeoutError after ``seconds`` of active time (None: never)."""
        if seconds is None:
            yield
            return
        start = self.clock.seconds()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as scope:
            handle: asyncio.TimerHandle | None = None

            def check() -> None:
                nonlocal handle
                left = seconds - (self.clock.seconds() - start)
                if left <= 0:
                    scope.reschedule(loop.time())
                else:
                    handle = loop.call_later(
                        left if self._active.is_set() else min(left, 0.25), check
                    )

            check()
            try:
                yield
            finally:
                if handle:
                    handle.cancel()

    def pause(self) -> None:
        """Stop every child's group; new children wait."""
        self.paused = True
        self.stop_all()

    def resume(self) -> None:
        """Continue all children."""
        self.paused = False
        if not _suspension.wanted:
            self.continue_all()

    def stop_all(self) -> None:
        """Stop the clock and every child's group; new children wait."""
        self._active.clear()
        self.clock.pause()
        for process in self._live:
            _signal_group(process, signal.SIGSTOP)

    def continue_all(self) -> None:
        """Undo :meth:`stop_all`."""
        for process in self._live:
            _signal_group(process, signal.SIGCONT)
        self.clock.resume()
        self._active.set()

    def kill_now(self) -> None:
        """SIGKILL every group without waiting; no child can be started afterwards."""
        self._closed.set()
        for process in self._live:
            _signal_group(process, signal.SIGKILL)

    async def kill(self) -> None:
        """SIGKILL every group and wait until all are reaped."""
        self.kill_now()
        self.paused = False
        self._active.set()  # spawn() calls that wait at the gate then raise
        await asyncio.gather(*(_end(process) for process in self._live))
        self._live.clear()


def _signal_group(process: asyncio.subprocess.Process, signum: int) -> bool:
    """Signal the whole group, even if its leader has ended; False if no process is left.

    The system doesn't reuse the number of an existing group. So once the leader is reaped, a
    process with that number is not ours: the group has ended, and nothing is signalled.
    """
    try:
        if process.returncode is not None and _exists(process.pid):
            return False
        os.killpg(process.pid, signum)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS raises it for a group of zombies
        return process.returncode is None
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the group if it still runs, close its pipes, and reap it even when cancelled."""
    _signal_group(process, signal.SIGKILL)
    transport = getattr(process, "_transport", None)
    if process.returncode is None:
        waiter = asyncio.ensure_future(process.wait())
        try:
            await asyncio.shield(waiter)
        except asyncio.CancelledError:
            await waiter
            raise
        finally:
            if transport is not None:
                transport.close()
    elif transport is not None:
        transport.close()


async def _read(stream: asyncio.StreamReader, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := await stream.read(1 << 16):
        size += len(part)
        if size > limit:
            raise OutputTooLarge
        parts.append(part)
    return b"".join(parts)


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
