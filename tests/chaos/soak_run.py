"""A soak: a served engine, jobs at an even pace, and readers that stay, while it is measured.

Nothing in it is played: ``aura-tui serve`` in a process of its own with a token, the five real
stages, three watchers over HTTP (a client of ours, a reader that comes and goes by id, the board
on a terminal), and a stream of its own for each job. What is measured is what the kernel says of
the server's process, the size of its files, and how old an event is when the client has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import signal
import sys
import threading
import time
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import msgspec

from aura_tui.client.service import RemoteService
from aura_tui.model.events import TERMINAL_EVENTS, StepStatusChanged
from aura_tui.model.job import as_created
from aura_tui.model.reduce import fold
from aura_tui.model.request import Brief, JobRequest, PlanSpec, RenderSpec
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.wire import routes
from tests.chaos.crash_run import check_leftovers
from tests.ui.pseudo_terminal import terminal
from tests.waiting import below, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.e2e.program import Program
    from tests.ui.pseudo_terminal import Terminal

KEEP_S = 600.0  # a job and its pieces, after their end; less where the whole is short
CANCEL_EVERY, FETCH_EVERY = 25, 10  # one job of so many is cancelled at work; one's video is read
_CONSONANTS, _VOWELS = "bdfgklmnprstv", "aeiou"  # of the names that jobs have
SIZE, FPS = "128x128", 5  # the smallest that is allowed
_CONTROL = bytes(16 << 20)
_AHEAD = 20  # jobs that wait or run at once, at most
_STAYS_S, _AWAY_S = 20.0, 2.0  # of the reader that comes and goes; less where the whole is short
_SETTLES_S = 4.0  # a client closes what is idle after three
_REST_S = 60.0  # to come to rest in, at most


class Sample(msgspec.Struct, frozen=True):
    """The server at one moment. Sizes in KB; ``board_kb`` is the board's own process. ``fds`` is
    without the store's own files, which are opened once by whoever needs them first.
    ``control_ms`` is what a fixed piece of work took just then: how busy the machine was with
    whatever else."""

    at_s: float
    rss_kb: int
    fds: int
    threads: int
    children: int
    store_kb: int
    home_kb: int
    board_kb: int
    control_ms: float
    done: int


class Soak(msgspec.Struct):
    """What came of it."""

    wanted: int
    keep_s: float
    took_s: float = 0.0
    before: Sample | None = None  # at rest, with its watchers, before the first job of the count
    after: Sample | None = None  # the same, after the last one
    samples: list[Sample] = []
    latencies: list[tuple[float, float]] = []  # (at second, milliseconds), one an event
    durations: list[tuple[float, float]] = []  # (at second, seconds), one a job that succeeded
    ends: dict[str, int] = {}
    events: int = 0
    visits: int = 0  # of the reader that comes and goes
    exit_s: float = 0.0  # from SIGTERM to the server's end


def text(number: int, chance: random.Random) -> str:
    """A brief that no other one is like, so that all of it has to be made; about as long to say as
    any other (a number would get longer on the way)."""
    name = ""
    for _ in range(3):
        number, syllable = divmod(number, len(_CONSONANTS) * len(_VOWELS))
        name += _CONSONANTS[syllable // len(_VOWELS)] + _VOWELS[syllable % len(_VOWELS)]
    thing = chance.choice(("tide", "ferry", "harbour", "storm", "gull"))
    when = chance.choice(("at noon", "at dusk", "at dawn", "in rain"))
    return f"# The {thing} {name}\n\nThe {thing} {name} is seen {when}.\n"


def request(number: int, chance: random.Random) -> JobRequest:
    """The smallest job that goes through all five stages."""
    return JobRequest(
        brief=Brief(text=text(number, chance)),
        plan_spec=PlanSpec(target_duration=5),
        render_spec=RenderSpec(res=SIZE, fps=FPS),
    )


async def soak(
    program: Program, jobs: int, seconds: float, seed: int = 1, say: bool = False
) -> Soak:
    """Have ``jobs`` made over ``seconds``. AssertionError where anything is lost or left over."""
    chance = random.Random(seed)
    token = program.run("token", "add", "soak").stdout.strip()
    found = Soak(jobs, keep_s=min(KEEP_S, seconds / 6))
    program.environ |= {
        "AURA_ENGINE_KEEP_WORKSPACES_H": str(found.keep_s / 3600),
        "AURA_ENGINE_KEEP_JOBS_DAYS": str(found.keep_s / 86400),
    }
    server = program.start(
        *("serve", "--port", "0", "--streams", str(_AHEAD * 2)),
        *("--jobs-a-minute", "6000", "--cancels-a-minute", "6000"),
    )
    assert server.stderr is not None
    line = await asyncio.to_thread(server.stderr.readline)
    url = line.decode().strip().rpartition(" ")[2]
    run = _Run(program, url, token, server.pid, found, min(_STAYS_S, seconds / 6))
    with _board(program, url, token) as board:
        run.board_pid = board.process.pid
        async with run.watchers():
            async with RemoteService(url, token, cache=program.folder / "warm") as first:
                await run.one(first, request(0, chance), 0)
            await until(lambda: "bababa" in board.text, _REST_S)
            found.before = await run.rest(None)
            await run.work(chance, jobs, seconds, say=say)
            found.after = await run.rest(found.before)
            await run.all_came()
    began = time.monotonic()
    server.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(server.wait, 10) == 0
    found.exit_s = time.monotonic() - began
    program.close()
    check_leftovers(program)
    return found


class _Run:
    def __init__(
        self, program: Program, url: str, token: str, pid: int, found: Soak, stays_s: float
    ) -> None:
        self._program = program
        self._url = url
        self._token = token
        self._pid = pid
        self._stays_s = stays_s
        self._found = found
        self._began = time.monotonic()
        self._log: list[int] = []  # ids, as the client that stays has them
        self._visitor: list[int] = []  # the same, of the reader that comes and goes
        self._away = asyncio.Event()
        self.board_pid = 0

    @asynccontextmanager
    async def watchers(self) -> AsyncIterator[None]:
        """The two that are not the board, while the block lasts."""
        tasks = [asyncio.create_task(self._stay()), asyncio.create_task(self._come_and_go())]
        try:
            yield
        finally:
            for task in tasks:
                if task.done():
                    task.result()  # it should be at work still
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _stay(self) -> None:
        async with (
            RemoteService(self._url, self._token, cache=self._program.folder / "stay") as service,
            aclosing(service.events(after=0)) as events,
        ):
            async for envelope in events:
                age_ms = (time.time() - envelope.event.timestamp.timestamp()) * 1000
                self._log.append(envelope.id)
                self._found.latencies.append((time.monotonic() - self._began, age_ms))

    async def _come_and_go(self) -> None:
        """Read slowly, leave without a word, come again by id: as a page in a bad network does."""
        head = {"Authorization": f"Bearer {self._token}"}
        async with httpx.AsyncClient(base_url=self._url, headers=head, trust_env=False) as client:
            after = "0-0"
            while True:
                self._away.clear()
                self._found.visits += 1
                ids: list[str] = []
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._stays_s), _stream(client, after) as lines:
                        async for line in lines:
                            if line.startswith("id: "):
                                ids.append(line[4:])
                                after = line[4:]
                            if len(ids) % 100 == 50:
                                await asyncio.sleep(0.05)
                for each in ids:
                    ms, _, counter = each.partition("-")
                    self._visitor.append((int(ms) << 20) | int(counter))
                self._away.set()
                await asyncio.sleep(_AWAY_S)

    async def one(self, service: RemoteService, wanted: JobRequest, number: int) -> None:
        """Submit a job and follow it by a stream of its own to its end."""
        began = time.monotonic()
        job = await service.submit(wanted)
        cancels = number % CANCEL_EVERY == 4
        seen = []
        async with aclosing(service.events(job.id)) as events:
            async for envelope in events:
                seen.append(envelope)
                event = envelope.event
                if cancels and isinstance(event, StepStatusChanged) and event.step is Stage.VISUALS:
                    cancels = False
                    await service.cancel(job.id)
                if isinstance(event, TERMINAL_EVENTS):
                    break
        end = await service.get(job.id)
        assert fold(as_created(end), seen) == end, f"job {number}: the folded state differs"
        self._found.ends[end.status.value] = self._found.ends.get(end.status.value, 0) + 1
        if end.status is JobStatus.SUCCEEDED:
            now = time.monotonic()
            self._found.durations.append((now - self._began, now - began))
            if number % FETCH_EVERY == 5:
                (name,) = (a.name for a in end.artifacts if a.type == "video/mp4")
                path = await service.artifact(job.id, name)
                assert path.stat().st_size == end.output.size_bytes if end.output else False
                path.unlink()
        else:
            assert end.status is JobStatus.CANCELED, f"job {number}: {end.message} {end.errors}"

    async def work(self, chance: random.Random, jobs: int, seconds: float, *, say: bool) -> None:
        """The jobs, one every so often; and a sample every so often, meanwhile."""
        found = self._found
        found.latencies.clear()
        found.durations.clear()
        found.ends.clear()
        self._began = time.monotonic()
        room = asyncio.Semaphore(_AHEAD)
        sampling = asyncio.create_task(self._sample(max(1.0, seconds / 240), say=say))
        try:
            async with (
                asyncio.timeout(seconds * 1.25 + 60),
                RemoteService(self._url, self._token, cache=self._program.folder / "c") as service,
                asyncio.TaskGroup() as group,
            ):

                async def made(number: int) -> None:
                    try:
                        await self.one(service, request(number, chance), number)
                    finally:
                        room.release()

                for number in range(1, jobs + 1):
                    due = self._began + (number - 1) * seconds / jobs
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                    await room.acquire()
                    group.create_task(made(number))
        finally:
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)
        found.took_s = time.monotonic() - self._began
        found.events = len(found.latencies)

    async def _sample(self, every_s: float, *, say: bool) -> None:
        while True:
            sample = await self._take_sample()
            self._found.samples.append(sample)
            if say:
                print(sample, flush=True)
            await asyncio.sleep(every_s)

    async def _take_sample(self) -> Sample:
        return await asyncio.to_thread(self._measure)

    def _measure(self) -> Sample:
        home = self._program.home
        began = time.perf_counter()
        hashlib.sha256(_CONTROL).digest()
        control_ms = (time.perf_counter() - began) * 1000
        return Sample(
            at_s=time.monotonic() - self._began,
            rss_kb=_status(self._pid, "VmRSS"),
            fds=sum("/aura.db" not in name for name in _open_files(self._pid)),
            threads=_status(self._pid, "Threads"),
            children=len(below(self._pid)),
            store_kb=_size(home.glob("aura.db*")) // 1024,
            home_kb=_size(Path(at, n) for at, _, names in os.walk(home) for n in names) // 1024,
            board_kb=_status(self.board_pid, "VmRSS"),
            control_ms=control_ms,
            done=sum(self._found.ends.values()),
        )

    async def rest(self, wanted: Sample | None) -> Sample:
        """The server when nothing is at work and the reader that comes and goes is away: as soon
        as it has no more files open than ``wanted``; without, the least it has in a while, in
        which its clients' idle connections are closed."""
        began = time.monotonic()
        least: Sample | None = None
        while True:
            await self._away.wait()
            sample = await self._take_sample()
            if not sample.children and (least is None or sample.fds <= least.fds):
                least = sample
            if least is not None:
                if wanted is not None and least.fds <= wanted.fds:
                    return least
                if time.monotonic() > began + (_SETTLES_S if wanted is None else _REST_S):
                    return least
            assert time.monotonic() < began + 2 * _REST_S, sample
            await asyncio.sleep(0.1)

    async def all_came(self) -> None:
        """The reader that comes and goes has what the one that stays has: nothing lost, nothing
        twice, in the order of ids."""
        async with asyncio.timeout(2 * (_STAYS_S + _AWAY_S)):
            while len(self._visitor) < len(self._log):
                await asyncio.sleep(0.2)
        assert self._visitor == self._log
        assert self._log == sorted(set(self._log))


@asynccontextmanager
async def _stream(client: httpx.AsyncClient, after: str) -> AsyncIterator[AsyncIterator[str]]:
    head = {"Last-Event-ID": after}
    async with client.stream("GET", routes.EVENTS, headers=head, timeout=30) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield answer.aiter_lines()


@contextmanager
def _board(program: Program, url: str, token: str) -> Iterator[Terminal]:
    """The board on a terminal that somebody looks at."""
    command = [sys.executable, "-m", "aura_tui", "--server", url]
    ended = threading.Event()
    with terminal(command, {**program.environ, "AURA_TOKEN": token}, (120, 40)) as shown:

        def look() -> None:
            while not ended.is_set():
                shown.read(0.2)
                shown.sent = shown.sent[-65536:]

        looking = threading.Thread(target=look, name="looks at the board")
        looking.start()
        try:
            yield shown
            assert shown.process.poll() is None, f"the board has ended:\n{shown.text[-2000:]}"
        finally:
            ended.set()
            looking.join()
        shown.type("q")
        assert shown.ends() == 0


def _open_files(pid: int) -> list[str]:
    names = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            names.append(str(path.readlink()))
    return names


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(f"no {name} of {pid}")


def _size(paths: Iterator[Path]) -> int:
    """Bytes on the disk; a file with two names counts once, one that has gone not at all."""
    seen: dict[int, int] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            stat = path.lstat()
            seen[stat.st_ino] = stat.st_blocks * 512
    return sum(seen.values())
