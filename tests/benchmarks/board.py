"""The board's numbers, on a real terminal (a pty): its start and memory beside those of a bare
Textual app, keys under a flood, the way of an event to its pixels, what a running job costs, and
an idle board.

``python -m tests.benchmarks.board [start] [flood] [latency] [running] [idle]``; all without a name.
The boards run in processes of their own (``--child``), over services that are made here.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.measure import machine, spread
from tests.homes import fill
from tests.ui import recordings
from tests.ui.pseudo_terminal import Terminal, terminal
from tests.ui.recordings import Tape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aura_tui.model import events as ev

ROOT = Path(__file__).parents[2]
RUNS = 9
FLOOD_HZ, FLOOD_S = 5000, 20
LATENCY_HZ, LATENCY_EVENTS = 20, 400
USUAL_HZ, USUAL_S = 10, 12
IDLE_S = 10

BARE = """
from textual.app import App
from textual.widgets import Footer, Header

class Bare(App):
    BINDINGS = [("q", "quit", "Quit")]

    def compose(self):
        yield Header()
        yield Footer()

Bare().run()
"""


def main() -> None:
    wanted = sys.argv[1:] or ["start", "flood", "latency", "running", "idle"]
    print(machine())
    for name in wanted:
        {"start": start, "flood": flood, "latency": latency, "running": running, "idle": idle}[
            name
        ]()


def _environ(home: str) -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "AURA_HOME": home,
        "HOME": home,
        "AURA_CONFIG": os.devnull,
        "COLORTERM": "truecolor",
    }


def _child(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.board", "--child", name, *arguments]


def _until(shown: Terminal, *texts: bytes, since: int = 0, timeout_s: float = 60.0) -> float:
    """When all of ``texts`` had come, after ``since`` bytes; by the monotonic clock."""
    deadline = time.monotonic() + timeout_s
    while not all(text in shown.sent[since:] for text in texts):
        if time.monotonic() > deadline:
            raise TimeoutError(shown.sent[-500:])
        shown.read(0.5)
    return time.monotonic()


def _quiet(shown: Terminal, for_s: float) -> None:
    while shown.read(for_s):
        pass


# -- start and memory


def start() -> None:
    """Turn by turn, so that what else the machine does falls on both alike."""
    programs = {
        "bare": ([sys.executable, "-c", BARE], (b"Quit",)),
        "empty home": ([sys.executable, "-m", "aura_tui"], (b"Loading the jobs", b"Quit")),
        "10,000 jobs": ([sys.executable, "-m", "aura_tui"], (b"Loading the jobs", b"Quit")),
    }
    took: dict[str, list[float]] = {name: [] for name in programs}
    listed: list[float] = []
    rss: dict[str, list[float]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as full, tempfile.TemporaryDirectory() as empty:
        fill(Path(full), [f"Video {n}" for n in range(10_000)])
        for _ in range(RUNS):
            for name, (command, texts) in programs.items():
                home = full if name == "10,000 jobs" else empty
                begin = time.monotonic()
                with terminal(command, _environ(home)) as shown:
                    took[name].append(_until(shown, *texts) - begin)
                    if name == "10,000 jobs":
                        listed.append(_until(shown, b"Video 9999") - begin)
                        _until(shown, b"9,000 done")
                    _quiet(shown, 1.5)
                    rss[name].append(_rss_mb(shown.process.pid))
    for name in programs:
        print(f"first paint, {name}: {spread(took[name], ' s')}")
    for name in ("empty home", "10,000 jobs"):
        ratios = [a / b for a, b in zip(took[name], took["bare"], strict=True)]
        print(f"  against bare: {spread(ratios, 'x')}")
    print(f"newest of 10,000 jobs in sight: {spread(listed, ' s')}")
    for name in programs:
        print(f"memory, {name}: {spread(rss[name], ' MB', 0)}")
    for name in ("empty home", "10,000 jobs"):
        ratios = [a / b for a, b in zip(rss[name], rss["bare"], strict=True)]
        print(f"  against bare: {spread(ratios, 'x')}")


def _rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise ValueError(pid)


# -- keys under a flood


def flood() -> None:
    """Beside the same at one event a second: what else the machine does delays both."""
    for hz in (1, FLOOD_HZ):
        _keys(hz)


def _keys(hz: int) -> None:
    """``?`` until the help shows, escape until the footer is back."""
    with tempfile.TemporaryDirectory() as home:
        result = Path(home) / "result"
        with terminal(_child("flood", str(result), str(hz)), _environ(home)) as shown:
            _until(shown, b"running")
            begin, took = time.monotonic(), []
            while time.monotonic() < begin + FLOOD_S - 1:
                for key, sign in (("?", b"all commands"), ("\x1b[27u", b"Quit")):
                    since = len(shown.sent)
                    at = time.monotonic()
                    shown.type(key)
                    took.append((_until(shown, sign, since=since) - at) * 1000)
                    _reads(shown, 0.05)
            _until(shown, b"Succeeded after", timeout_s=120)
            late_s = time.monotonic() - begin - FLOOD_S
            used = _cpu_s(shown.process.pid) / (FLOOD_S + late_s) * 100
            shown.type("q")
            shown.ends()
        told = json.loads(result.read_text())
    print(f"{hz:,} events/s for {FLOOD_S} s: keys {_percentiles(took)}, {len(took)} keys")
    print(f"  state exact: {told['exact']}; {told['events']:,} events; last one {late_s:+.1f} s")
    print(f"  {used:.0f} % of a core")


def _reads(shown: Terminal, for_s: float) -> None:
    end = time.monotonic() + for_s
    while (left := end - time.monotonic()) > 0:
        shown.read(left)


def _percentiles(ms: Sequence[float]) -> str:
    cuts = statistics.quantiles(ms, n=100)
    p50, p95, p99 = cuts[49], cuts[94], cuts[98]
    return f"median {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, most {max(ms):.1f} ms"


async def _flood_child(result: str, rate_hz: str) -> None:
    from aura_tui.model import events as ev
    from aura_tui.model.reduce import fold
    from aura_tui.model.stages import Stage
    from aura_tui.model.status import StepStatus
    from tests.ui.scripted import ScriptedService

    hz = int(rate_hz)
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    begun = len(tape.envelopes)
    for n in range(hz * FLOOD_S):
        tape.wait(1 / hz)
        if n % 10:
            percent = 100 * n / (hz * FLOOD_S)
            tape.progress(Stage.SCRIPT, percent, f"Line {n}", current_item=n, total_items=10**5)
        else:
            tape.log(f"line {n}", Stage.SCRIPT)
    tape.step(Stage.SCRIPT, StepStatus.COMPLETED, 20)
    tape.tell(ev.JobCompleted, output_path="/v/video.mp4")
    begin = time.monotonic()

    class Flood(ScriptedService):
        async def events(
            self, job_id: str | None = None, *, after: int | None = None
        ) -> AsyncIterator[ev.Envelope]:
            """As many as are due by now; a reader that is behind gets them without a pause."""
            for n, envelope in enumerate(tape.envelopes):
                while n > begun and n - begun > (time.monotonic() - begin) * hz:
                    await asyncio.sleep(0.001)
                if envelope.id > (after or 0):
                    yield envelope
            if job_id is None:
                await asyncio.Event().wait()

        async def get(self, job_id: str) -> Any:
            return tape.job

        async def list(self, **_: Any) -> Any:
            from aura_tui.service import JobPage

            return JobPage((tape.job,), None)

    begin = time.monotonic()
    outcome = await _show(Flood(tape), tape.job.id)
    wanted = fold(tape.job, tape.envelopes)
    told = {"exact": outcome == wanted, "events": len(tape.envelopes)}
    Path(result).write_text(json.dumps(told))


async def _show(service: Any, job_id: str) -> Any:
    from aura_tui.settings import Settings
    from aura_tui.ui.run import board
    from aura_tui.ui.state.options import BoardOptions

    @asynccontextmanager
    async def make() -> AsyncIterator[Any]:
        yield service

    async def find(_: Any) -> str:
        return job_id

    look = BoardOptions(settings=Settings(home=Path(os.environ["AURA_HOME"])), read_only=True)
    return (await board(make, find, look)).job


# -- from the engine to the pixels


def latency() -> None:
    """Each event carries a word of which every letter differs from the one before."""
    with tempfile.TemporaryDirectory() as home:
        result = Path(home) / "result"
        arrivals: list[tuple[float, bytes]] = []
        with terminal(_child("latency", str(result)), _environ(home)) as shown:
            while not result.is_file():
                data = shown.read(0.5)
                arrivals.append((time.monotonic(), data))
        told = json.loads(result.read_text())
    committed, published = [], []
    for n, (asked_at, published_at) in enumerate(told):
        word = _word(n).encode()
        seen_at = next((at for at, data in arrivals if at > asked_at and word in data), None)
        if seen_at is not None:
            committed.append((seen_at - asked_at) * 1000)
            published.append((seen_at - published_at) * 1000)
    print(f"event to pixels at {LATENCY_HZ}/s: {_percentiles(published)}, {len(published)} events")
    print(f"  its commit included: {_percentiles(committed)}")
    print(f"  never seen: {len(told) - len(committed)}")


def _word(n: int) -> str:
    return "".join(chr(ord("a") + (n + 3 * i) % 26) for i in range(8))


async def _latency_child(result: str) -> None:
    from aura_tui.engine.service import EmbeddedService
    from aura_tui.model import events as ev
    from aura_tui.model.request import Brief, JobRequest
    from aura_tui.model.stages import Stage
    from aura_tui.model.status import JobStatus, StepStatus
    from aura_tui.settings import Settings

    settings = Settings(home=Path(os.environ["AURA_HOME"]))
    async with EmbeddedService(settings, work=False) as service:
        job = await service.submit(JobRequest(brief=Brief(topic="Latency")))
        log = service._log
        stage = Stage.RENDERING

        async def tell() -> None:
            await log.append(
                job.id,
                0,
                [
                    ev.JobStatusChanged(
                        job_id=job.id, timestamp=datetime.now(UTC), status=JobStatus.RUNNING
                    ),
                    ev.StepStatusChanged(
                        job_id=job.id,
                        step=stage,
                        phase=stage.phase,
                        timestamp=datetime.now(UTC),
                        status=StepStatus.STARTED,
                    ),
                ],
            )
            await asyncio.sleep(2)
            times = []
            for n in range(LATENCY_EVENTS):
                asked_at = time.monotonic()
                event = ev.StepProgressed(
                    job_id=job.id,
                    step=stage,
                    phase=stage.phase,
                    timestamp=datetime.now(UTC),
                    progress_pct=n / LATENCY_EVENTS * 100,
                    percent=85,
                    message=_word(n),
                )
                await log.append(job.id, 0, [event])
                times.append((asked_at, time.monotonic()))
                await asyncio.sleep(max(0.0, asked_at + 1 / LATENCY_HZ - time.monotonic()))
            await asyncio.sleep(0.5)
            Path(result).write_text(json.dumps(times))

        telling = asyncio.create_task(tell())
        await _show(service, job.id)
        await telling


# -- what it costs


def running() -> None:
    for size in ((80, 24), (200, 60)):
        with tempfile.TemporaryDirectory() as home:
            path = _usual(Path(home) / "run.jsonl")
            command = [sys.executable, "-m", "aura_tui", "replay", str(path)]
            with terminal(command, _environ(home), size) as shown:
                _until(shown, b"Speaking")
                _reads(shown, 2.0)
                sent, used_s, at = len(shown.sent), _cpu_s(shown.process.pid), time.monotonic()
                _reads(shown, USUAL_S)
                passed_s = time.monotonic() - at
                rate = (len(shown.sent) - sent) / passed_s
                share = (_cpu_s(shown.process.pid) - used_s) / passed_s * 100
        print(
            f"one running job, {USUAL_HZ} events/s, {size[0]}x{size[1]}: "
            f"{rate:,.0f} bytes/s, {share:.1f} % of a core"
        )


def _usual(path: Path) -> Path:
    """A run that speaks scenes of 3 s, and reports ten times a second."""
    from aura_tui.model import events as ev
    from aura_tui.model.stages import Stage
    from aura_tui.model.status import StepStatus

    tape = Tape()
    recordings.start(tape)
    recordings.script(tape)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    for n in range(USUAL_HZ * (USUAL_S + 30)):
        scene = n // (3 * USUAL_HZ)
        tape.progress(
            Stage.VOICE,
            n / (USUAL_HZ * (USUAL_S + 30)) * 100,
            f"Speaking scene {scene + 1}",
            current_item=scene + 1,
            total_items=14,
            metrics=ev.Metrics(
                provider="espeak",
                made=scene,
                fps=120 + n % 7,
                speed=4 + n % 5 / 10,
                size_bytes=n * 10_000,
                projected_bytes=6_100_000,
            ),
            **recordings.eta(120 - n / USUAL_HZ),
        )
        tape.wait(1 / USUAL_HZ)
    return tape.write(path)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle() -> None:
    with tempfile.TemporaryDirectory() as home:
        path = recordings.success().write(Path(home) / "run.jsonl")
        replay = [sys.executable, "-m", "aura_tui", "replay", str(path), "--speed", "0"]
        fill(Path(home), [f"Video {n}" for n in range(100)])
        for name, command, text in (
            ("a run that ended", replay, b"Succeeded after"),
            ("a list of 100 jobs", [sys.executable, "-m", "aura_tui"], b"90 done"),
        ):
            with terminal(command, _environ(home), (120, 40)) as shown:
                _until(shown, text)
                _quiet(shown, 2.0)
                sent, used_s = len(shown.sent), _cpu_s(shown.process.pid)
                _reads(shown, IDLE_S)
                used = (_cpu_s(shown.process.pid) - used_s) / IDLE_S * 100
                print(f"idle, {name}: {len(shown.sent) - sent} bytes in {IDLE_S} s, {used:.1f} %")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        name, arguments = sys.argv[2], sys.argv[3:]
        asyncio.run(_flood_child(*arguments) if name == "flood" else _latency_child(*arguments))
    else:
        main()
