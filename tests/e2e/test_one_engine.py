"""One engine, many terminals: whoever comes second is the first one's client."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_run import LONG
from tests.waiting import alive

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

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
    assert "Canceled" in done.stdout
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
