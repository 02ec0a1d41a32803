"""``aura-tui engine``: what runs the jobs here, and its end by a person's will."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.shell import on_terminal
from tests.e2e.test_hang_up import end, holder
from tests.e2e.test_one_engine import running, soon
from tests.e2e.test_run import LONG, wait_gone
from tests.waiting import alive, below

if TYPE_CHECKING:
    import subprocess

    from tests.e2e.program import Program

__all__ = ("running",)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


def status(program: Program) -> dict[str, Any]:
    done = program.run("engine", "status", "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if found["running"] else 3)
    return found


def detach(program: Program) -> tuple[str, int]:
    """A long job on a background engine: its id, and the process."""
    done = program.run(*program.arguments("--detach", "--duration", "60", *LONG[2:]))
    assert done.returncode == 0, done.stderr
    soon(lambda: program.jobs()[0]["status"] == "Running")
    return done.stdout.strip(), holder(program)


def test_without_an_engine_it_says_so_and_stop_has_nothing_to_do(program: Program) -> None:
    done = program.run("engine")
    assert done.returncode == 3
    assert "not running" in done.stdout
    found = status(program)
    assert (found["running"], found["pid"], found["kind"]) == (False, None, None)
    done = program.run("engine", "stop")
    assert (done.returncode, done.stderr) == (0, "No engine is running\n")
    done = program.run("--server", "http://localhost:1", "engine")
    assert done.returncode == 2
    assert "--server can't be used with engine" in done.stderr


def test_stop_interrupts_the_jobs_and_waits_until_the_engine_is_gone(program: Program) -> None:
    job_id, pid = detach(program)
    children = below(pid)
    found = status(program)
    assert (found["kind"], found["pid"], found["answers"]) == ("background", pid, True)
    assert found["jobs"] == {"running": 1, "queued": 0, "paused": 0, "interrupted": 0}
    assert found["version"]
    follower = program.start("watch", job_id, "--progress", "plain")
    assert follower.stdout is not None
    assert follower.stdout.readline()  # it follows
    refused = program.run("engine", "stop")
    assert refused.returncode == 2
    assert "Add --yes" in refused.stderr
    assert alive(pid)
    done = program.run("engine", "stop", "--yes")
    assert done.returncode == 0, done.stderr
    assert "1 job is interrupted; resume it with: aura-tui resume --status" in done.stderr
    wait_gone([pid, *children])
    # Who followed the job is told, and starts no engine for it.
    _, errors = follower.communicate(timeout=30)
    assert follower.returncode == 3
    assert f"Resume with: aura-tui watch {job_id}\n" in errors.decode()
    assert not status(program)["running"]
    assert status(program)["jobs"]["interrupted"] == 1
    other = program.run("jobs", "--status", "interrupted", "--fields", "id")
    assert other.stdout == f"{job_id}\n"
    resumed = program.run("resume", "--status", "interrupted", "--yes")
    assert (resumed.returncode, resumed.stdout) == (0, f"Resumed {job_id}\n"), resumed.stderr
    soon(lambda: not program.jobs()[0]["interrupted"])
    assert not (program.home / "engine.stop").exists()  # it was for that engine
    assert program.run("cancel", job_id).returncode == 0
    end(holder(program))


def test_restart_takes_todays_settings_and_the_jobs_continue(program: Program) -> None:
    job_id, pid = detach(program)
    program.environ["AURA_RENDER_CRF"] = "30"
    assert "render.crf = 23 (yours: 30)" in status(program)["drift"]
    done = program.run("engine", "restart")
    assert done.returncode == 0, done.stderr
    assert not alive(pid)
    found = status(program)
    assert (found["kind"], found["drift"]) == ("background", "")
    soon(lambda: [job["status"] for job in program.jobs()] == ["Running"])
    assert not program.jobs()[0]["interrupted"]
    assert program.run("cancel", job_id).returncode == 0
    end(holder(program))


def test_an_engine_in_a_run_is_named_not_restarted_and_stopped_only_when_asked(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    second = program.run(
        *("run", "A second film about tides", "-o", program.folder / "second", "--detach"),
    )
    assert second.returncode == 0, second.stderr
    shown = program.run("engine").stdout
    assert f"running in a board, run or watch, process {running.pid}" in shown
    assert "1 running, 1 queued" in shown
    done = program.run("engine", "restart")
    assert done.returncode == 2
    assert "not in the background" in done.stderr
    done = program.run("engine", "stop")
    assert done.returncode == 2
    assert "which ends with it; 2 jobs are interrupted" in done.stderr
    with on_terminal(program, "engine", "stop") as asked:
        asked.shows("Stop it? [y/N]")
        asked.type("n\n")
        assert asked.process.wait(30) == 2
    assert running.poll() is None
    done = program.run("engine", "stop", "--yes")
    assert done.returncode == 0, done.stderr
    assert "2 jobs are interrupted" in done.stderr
    assert running.wait(30) == 128 + signal.SIGTERM
    # Also the other terminal's job waits: the person stopped the engine, not only the run.
    assert [job["interrupted"] for job in program.jobs()] == [True, True]
    assert not status(program)["running"]


def test_stop_ends_a_board_and_gives_its_terminal_back(program: Program) -> None:
    with on_terminal(program) as board:
        soon(lambda: status(program)["answers"])
        done = program.run("engine", "stop", "--yes")
        assert done.returncode == 0, done.stderr
        assert board.process.wait(30) == 128 + signal.SIGTERM
        board.shows("Stopped. Resume with: aura-tui watch")


def test_stop_ends_a_served_engine_and_status_says_where_it_serves(program: Program) -> None:
    server = program.start("serve", "--port", "0")
    soon(lambda: status(program)["urls"])
    found = status(program)
    assert found["kind"] == "serve"
    assert found["urls"][0].startswith("http://127.0.0.1:")
    assert program.run("engine", "restart").returncode == 2
    assert program.run("engine", "stop", "--yes").returncode == 0
    assert server.wait(30) == 0


def test_a_hang_up_stops_a_served_engine_as_sigterm_does_and_its_jobs_continue(
    program: Program,
) -> None:
    server = program.start("serve", "--port", "0")
    soon(lambda: status(program)["answers"])
    made = program.run(*program.arguments("--detach", "--duration", "60", *LONG[2:]))
    assert made.returncode == 0, made.stderr
    soon(lambda: program.jobs()[0]["status"] == "Running")
    server.send_signal(signal.SIGHUP)
    assert server.wait(30) == 0
    assert status(program)["jobs"]["interrupted"] == 1  # no engine runs it now
    again = program.start("serve", "--port", "0")
    soon(lambda: status(program)["jobs"]["running"] == 1 and status(program)["answers"])
    assert not program.jobs()[0]["interrupted"]
    assert program.run("cancel", "@latest").returncode == 0
    again.terminate()
    assert again.wait(30) == 0


def test_a_suspended_engine_is_not_stopped_but_named(
    program: Program, running: subprocess.Popen[bytes]
) -> None:
    running.send_signal(signal.SIGSTOP)
    soon(lambda: status(program)["suspended"])
    done = program.run("engine", "stop", "--yes")
    assert done.returncode == 3
    assert f"kill -CONT {running.pid}" in done.stderr
    os.kill(running.pid, signal.SIGCONT)
    assert program.run("engine", "stop", "--yes").returncode == 0
    assert running.wait(30) == 128 + signal.SIGTERM
