"""One engine, many terminals: whoever comes second is the first one's client."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from aura_tui.connect.locator import EngineLocator, load_settings
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.events import JobCancelled
from aura_tui.service import Connected
from tests.e2e.test_run import LONG
from tests.waiting import alive

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from aura_tui.model.events import Envelope
    from aura_tui.service import JobService
    from tests.e2e.program import Program

pytestmark = pytest.mark.slow


def soon(holds: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Return once ``holds`` does."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


@pytest.fixture
def running(program: Program) -> subprocess.Popen[bytes]:
    """A long run in a process of its own, whose engine answers."""
    process = program.start(*program.arguments("--duration", "60", *LONG))
    soon((program.home / "engine.sock").exists)
    soon(lambda: [job["status"] for job in program.jobs()] == ["Running"])
    return process


def test_a_second_terminal_pauses_resumes_and_cancels(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    assert program.run("pause", "@latest").returncode == 0
    assert [job["status"] for job in program.jobs()] == ["Paused"]
    # Resuming follows; that it goes on is enough here.
    follower = program.start("resume", "@latest", "--progress", "json")
    soon(lambda: [job["status"] for job in program.jobs()] == ["Running"])
    done = program.run("cancel", "@latest")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Cancelled ")
    assert running.wait(30) == 4
    out, _ = follower.communicate(timeout=30)
    assert follower.returncode == 4
    assert json.loads(out.splitlines()[-1])["event"] == "job-cancelled"


def test_a_second_run_joins_the_queue_of_the_first_and_gets_its_files(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    second = program.start(
        *("run", "A second film about tides", "-o", program.folder / "second"),
        *("--resolution", "256x144", "--fps", "10", "--progress", "json"),
    )
    soon(lambda: len(program.jobs()) == 2)
    first = program.jobs()[1]
    program.run("cancel", first["jobId"])
    out, errors = second.communicate(timeout=60)
    assert second.returncode == 0, errors.decode()
    # The first process has ended, or is about to; whose engine made it doesn't matter.
    assert [*(program.folder / "second").glob("*.mp4")]
    assert json.loads(out.splitlines()[-1])["event"] == "job-completed"


def test_a_detached_run_outlives_its_terminal_and_delivers(program: Program) -> None:
    done = program.run(*program.arguments("--detach"))
    assert done.returncode == 0, done.stderr
    job_id = done.stdout.strip()
    holder = json.loads((program.home / "engine.lock").read_bytes())["pid"]
    try:
        assert os.getsid(holder) == holder  # no hang-up reaches it
        watched = program.run("watch", job_id, "--progress", "json")
        assert watched.returncode == 0, watched.stderr
        assert [*program.out.glob("*.mp4")]
        assert alive(holder)  # it waits a while for more work
    finally:
        os.kill(holder, signal.SIGTERM)
    soon(lambda: not alive(holder))
    assert not (program.home / "engine.sock").exists()


def test_a_follower_says_that_the_engine_died_and_goes_on_with_the_next(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    follower = program.start("watch", "@latest", "--progress", "plain")
    assert follower.stdout is not None
    assert follower.stderr is not None
    said = b""
    while b"Rendering" not in said:  # it follows
        said = follower.stdout.readline()
    running.kill()
    running.wait()
    told = iter(follower.stderr.readline, b"")
    assert b"The engine stopped; the job continues in the background\n" in told
    assert any(line.startswith(b"Connection restored after ") for line in told)
    holder = json.loads((program.home / "engine.lock").read_bytes())["pid"]
    assert os.getsid(holder) == holder
    assert program.run("cancel", "@latest").returncode == 0
    assert follower.wait(30) == 4
    os.kill(holder, signal.SIGTERM)
    soon(lambda: not alive(holder))


def test_a_reader_says_that_the_engine_died_and_how_to_resume(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    reader = program.start("watch", "@latest", "--read-only", "--progress", "plain")
    assert reader.stdout is not None
    said = b""
    while b"Rendering" not in said:
        said = reader.stdout.readline()
    running.kill()
    running.wait()
    _, errors = reader.communicate(timeout=30)
    assert reader.returncode == 3
    assert b"continues" not in errors
    assert b"Resume it with: aura-tui watch" in errors
    assert not [job for job in program.jobs() if job["status"] != "Running"]  # as it was left


def test_sigterm_to_a_follower_without_an_engine_says_that_the_job_stays(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    follower = program.start("watch", "@latest", "--progress", "plain")
    assert follower.stdout is not None
    assert follower.stderr is not None
    while b"Rendering" not in follower.stdout.readline():
        pass
    running.kill()
    running.wait()
    follower.send_signal(signal.SIGTERM)
    assert follower.wait(30) == 128 + signal.SIGTERM
    job_id = program.jobs()[0]["jobId"]
    # By then a background engine may have taken it up already.
    assert follower.stderr.read().decode().endswith(f" with: aura-tui watch {job_id}\n")


async def test_a_board_beside_a_dead_engine_has_one_begin_when_it_is_asked(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    doors = EngineLocator(load_settings({"AURA_HOME": str(program.home)}))
    assert not doors.embeds
    async with doors.shared() as service:
        assert isinstance(service, Connected)
        job = (await service.list()).jobs[0]
        following = asyncio.create_task(collected(service, job.id))
        running.kill()
        running.wait()
        gone = await anext(
            each
            async for each in service.connection_changes()
            if each.status is ConnectionStatus.NO_ENGINE
        )
        assert gone.can_start
        await asyncio.sleep(0)
        assert not doors.runs_here()  # not unasked
        service.reconnect()
        await anext(
            each
            async for each in service.connection_changes()
            if each.status is not ConnectionStatus.NO_ENGINE
        )
        holder = json.loads((program.home / "engine.lock").read_bytes())["pid"]
        try:
            assert os.getsid(holder) == holder
            await service.cancel(job.id)
            events = await asyncio.wait_for(following, 30)
            assert isinstance(events[-1].event, JobCancelled)
            assert [e.id for e in events] == sorted({e.id for e in events})
        finally:
            os.kill(holder, signal.SIGTERM)
    await asyncio.to_thread(soon, lambda: not alive(holder))


async def collected(service: JobService, job_id: str) -> list[Envelope]:
    """The job's events, to its end."""
    return [envelope async for envelope in service.events(job_id)]


def test_starts_at_the_same_moment_all_make_their_video(program: Program) -> None:
    """One has the engine, and ends with its own job; the others are its clients, then another
    one's, whatever they were just asking it."""
    outs = [program.folder / f"out{number}" for number in range(4)]
    arguments = program.arguments("--progress", "plain")
    started = [program.start(*arguments[:2], "-o", out, *arguments[4:]) for out in outs]
    for process in started:
        said, errors = process.communicate(timeout=90)
        assert process.returncode == 0, (said + errors).decode()
    assert all([*out.glob("*.mp4")] for out in outs)
    assert [job["status"] for job in program.jobs()] == ["Succeeded"] * 4


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGHUP])
def test_what_another_terminal_gave_goes_on_when_the_engine_ends(
    program: Program, running: subprocess.Popen[bytes], end: signal.Signals
) -> None:
    """It was told that its job goes on in the background."""
    folder = program.folder / "given"
    detached = program.run(
        *("run", "A second film about tides", "-o", folder, "--detach"),
        *("--resolution", "256x144", "--fps", "10"),
    )
    assert detached.returncode == 0, detached.stderr
    running.send_signal(end)
    _, errors = running.communicate(timeout=60)
    said = {
        signal.SIGINT: b"1 job from another terminal continues in the background",
        signal.SIGHUP: b"Hung up. Still running in the background.",
    }
    assert said[end] in errors
    assert running.returncode == 128 + end
    if end == signal.SIGHUP:  # it goes on as well, before the other, and may be through already
        cancelled = program.run("cancel", program.jobs()[1]["jobId"])
        assert cancelled.returncode == 0 or "has already ended (succeeded)" in cancelled.stderr
    assert program.run("watch", detached.stdout.strip(), "--progress", "json").returncode == 0
    assert [*folder.glob("*.mp4")]


def test_an_engine_that_only_had_its_own_work_leaves_none_behind(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    running.terminate()
    _, errors = running.communicate(timeout=60)
    assert b"background" not in errors
    assert not (program.home / "background.log").exists()


async def test_who_comes_a_moment_after_another_engine_is_its_client(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked when there was none."""
    doors = EngineLocator(load_settings({"AURA_HOME": str(program.home)}))
    late = EngineLocator(doors.settings)
    async with doors.embedded(listen_after_s=0.0) as first:
        monkeypatch.setattr(late, "runs_here", lambda: False)
        opening = late.resumable()  # as it was when it looked
        monkeypatch.undo()
        async with opening as second:
            assert isinstance(second, Connected)
            assert await second.list() == await first.list()


def test_a_stale_socket_is_replaced(program: Program) -> None:
    process = program.start(*program.arguments("--duration", "60", *LONG))
    soon((program.home / "engine.sock").exists)
    process.kill()
    process.wait()
    assert (program.home / "engine.sock").exists()
    follower = program.start("watch", "@latest", "--progress", "json")
    try:
        soon(lambda: program.run("pause", "@latest").returncode == 0)
    finally:
        follower.kill()


@pytest.mark.parametrize("detach", [True, False])
def test_a_run_is_told_that_the_engine_at_work_has_other_settings(
    program: Program, running: subprocess.Popen[bytes], detach: bool
) -> None:
    second = program.start(
        *("run", "A second film about tides", "-o", program.folder / "second"),
        *(("--detach",) if detach else ("--progress", "plain")),
        AURA_VISUALS_THEME="paper",
    )
    assert second.stderr is not None
    said = second.stderr.readline().decode()
    assert said.startswith(f"Warning: The running engine (process {running.pid}, ")
    assert "visuals.theme = aurora (yours: paper)" in said
    assert "--theme" in said
    # Whoever only looks, or changes a job, has made nothing.
    done = program.run("pause", "@latest", AURA_VISUALS_THEME="paper")
    assert "different settings" not in done.stderr


def test_a_follower_says_that_the_engine_is_stopped_and_how_it_goes_on(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    follower = program.start("watch", "@latest", "--progress", "plain")
    assert follower.stdout is not None
    assert follower.stderr is not None
    assert follower.stdout.readline()  # it follows
    running.send_signal(signal.SIGSTOP)
    told = follower.stderr.readline().decode()
    assert told.startswith(f"The engine (process {running.pid}) is suspended (Ctrl-Z)")
    assert "run fg in its terminal" in told
    running.send_signal(signal.SIGCONT)
    assert program.run("cancel", "@latest").returncode == 0
    assert follower.wait(30) == 4


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_who_leaves_a_run_of_another_process_is_told_that_it_goes_on(
    program: Program, running: subprocess.Popen[bytes], end: signal.Signals
) -> None:
    follower = program.start("watch", "@latest", "--progress", "plain")
    assert follower.stdout is not None
    assert follower.stdout.readline()  # it follows
    follower.send_signal(end)
    _, errors = follower.communicate(timeout=30)
    assert follower.returncode == 128 + end
    job = program.jobs()[0]
    said = f"Still running in the background. Watch it with: aura-tui watch {job['jobId']}\n"
    assert errors.decode().endswith(said)
    assert job["status"] == "Running"
    assert running.poll() is None
