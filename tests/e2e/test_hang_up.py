"""A terminal that closes hands its jobs to the background; what a person stops, waits for one."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.shell import on_terminal
from tests.e2e.test_one_engine import soon
from tests.e2e.test_run import LONG, frame_hashes, read_until, undisturbed, wait_gone
from tests.waiting import alive, below

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.program import Program

__all__ = ("undisturbed",)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


def holder(program: Program) -> int:
    """The process of the engine; 0 if none runs."""
    text = (program.home / "engine.lock").read_bytes()
    return int(json.loads(text)["pid"]) if text else 0


def ends_in_background(program: Program, ended: int) -> int:
    """The process that continued the jobs of ``ended`` to their end."""
    soon(lambda: holder(program) not in (0, ended))
    background = holder(program)
    assert os.getsid(background) == background
    soon(lambda: all(job["status"] == "Succeeded" for job in program.jobs()))
    return background


def end(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    soon(lambda: not alive(pid))


def test_a_hang_up_lets_the_run_continue_in_the_background_with_the_same_video(
    program: Program, undisturbed: Path
) -> None:
    process = program.start(*program.arguments("--progress", "json"))
    read_until(process, "step-progress", "Rendering")
    running = below(process.pid)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGHUP)  # a shell sends one, and the kernel another
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGHUP
    (job,) = program.jobs()
    watch = f"Watch it with: aura-tui watch {job['jobId']}\n"
    assert err.decode().endswith(f"Hung up. Still running in the background. {watch}")
    wait_gone(running)
    background = ends_in_background(program, process.pid)
    (video,) = program.out.glob("*.mp4")
    assert frame_hashes(video) == frame_hashes(undisturbed)
    end(background)
    assert not (program.home / "engine.sock").exists()
    assert not (program.home / "engine.stop").exists()


@pytest.mark.parametrize("progress", ["plain", "json", "tui"])
def test_a_terminal_that_closes_leaves_its_job_to_the_background(
    program: Program, progress: str
) -> None:
    with on_terminal(program, *program.arguments("--progress", progress)) as shown:
        shown.shows({"plain": "Voice", "json": '"TTS"', "tui": "\u2713 Script"}[progress])
        process = shown.process
        shown.hang_up()
        assert process.wait(30) == 128 + signal.SIGHUP
    background = ends_in_background(program, process.pid)
    assert [*program.out.glob("*.mp4")]
    end(background)


def test_the_board_of_all_jobs_leaves_them_to_the_background(program: Program) -> None:
    made = program.run(*program.arguments("--detach"))
    assert made.returncode == 0, made.stderr
    os.kill(holder(program), signal.SIGKILL)  # as after a crash: the board continues the job
    with on_terminal(program) as shown:
        shown.shows("How tides work")
        soon(lambda: holder(program) == shown.process.pid)
        process = shown.process
        os.kill(process.pid, signal.SIGHUP)
        assert process.wait(30) == 128 + signal.SIGHUP
    end(ends_in_background(program, process.pid))


def test_a_hang_up_while_the_job_is_cancelled_leaves_nothing_behind(program: Program) -> None:
    process = program.start(*program.arguments(*LONG))
    read_until(process, "step-progress", "Rendering")
    running = below(process.pid)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode in (130, 128 + signal.SIGHUP)
    wait_gone(running)
    assert [job["status"] for job in program.jobs()] == ["Canceled"]
    assert not (program.home / "background.log").exists()


def test_a_job_that_no_background_engine_can_take_stays_resumable(program: Program) -> None:
    process = program.start(*program.arguments(*LONG))
    read_until(process, "step-progress", "Rendering")
    (program.home / "background.log").mkdir()  # so that it can't start
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGHUP
    assert err.endswith(b"did not start. Resume with: aura-tui watch\n")
    log = (program.home / "engine.log").read_text()
    assert "Hand-over to the background after a hang-up" in log
    assert "Is a directory" in log
    (program.home / "background.log").rmdir()
    assert program.jobs()[0]["status"] == "Running"
    assert program.run("cancel", "@latest").returncode == 0


def test_on_hangup_stop_stops_the_job_until_a_person_resumes_it(program: Program) -> None:
    process = program.start(*program.arguments(*LONG), AURA_ENGINE_ON_HANGUP="stop")
    read_until(process, "step-progress", "Rendering")
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGHUP
    assert b"Stopped. Resume with: aura-tui watch" in err
    assert program.jobs()[0]["interrupted"]
    assert not (program.home / "background.log").exists()


def test_nohup_keeps_the_run_in_its_process(program: Program) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        process = program.start(*program.arguments("--progress", "json"))
    finally:
        signal.signal(signal.SIGHUP, before)
    read_until(process, "step-progress", "Rendering")
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_stopped_work_waits_while_other_commands_run_and_continues_when_asked(
    program: Program,
) -> None:
    process = program.start(*program.arguments("--progress", "json"))
    told = read_until(process, "step-progress", "Rendering")
    stopped = str(told["data"]["jobId"])
    process.terminate()
    process.communicate(timeout=30)

    def state() -> tuple[str, bool]:
        return next(
            (job["status"], job["interrupted"]) for job in program.jobs() if job["jobId"] == stopped
        )

    other = program.run(
        *("run", "A second film about tides", "-o", program.folder / "second"),
        *("--resolution", "256x144", "--fps", "10", "--progress", "json"),
    )
    assert other.returncode == 0, other.stderr
    assert state() == ("Running", True)
    listed = program.run("jobs", "--status", "interrupted", "--fields", "id,status")
    assert listed.stdout == f"{stopped}\tinterrupted\n"
    filtered = program.run("jobs", "--filter", "status:interrupted", "--fields", "id")
    assert filtered.stdout == f"{stopped}\n"
    assert program.run("jobs", "--status", "running").stdout == "No jobs match\n"
    shown = program.run("show", stopped).stdout
    assert "interrupted" in shown
    assert f"aura-tui resume {stopped}" in shown
    with on_terminal(program) as board:
        board.shows("interrupted")
        soon(lambda: holder(program) == board.process.pid)
        board.type("q")  # nothing runs, so it doesn't ask
        assert board.process.wait(30) == 0
    assert state() == ("Running", True)
    done = program.run("resume", stopped, "--progress", "plain")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reused" in done.stdout


def test_a_setting_lets_the_next_engine_continue_stopped_work(program: Program) -> None:
    process = program.start(*program.arguments("--progress", "json"))
    read_until(process, "step-progress", "Rendering")
    process.terminate()
    process.communicate(timeout=30)
    with on_terminal(program, environ={"AURA_ENGINE_ON_START": "resume"}) as board:
        soon(lambda: [job["status"] for job in program.jobs()] == ["Succeeded"])
        board.type("q")
        assert board.process.wait(30) == 0


def test_a_job_of_a_dead_engine_is_interrupted_and_resume_continues_it(program: Program) -> None:
    process = program.start(*program.arguments("--progress", "json"))
    read_until(process, "step-progress", "Rendering")
    process.kill()
    process.communicate()
    (job,) = program.jobs()
    assert (job["status"], job["interrupted"]) == ("Running", True)
    done = program.run("resume", "@latest", "--progress", "plain")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reused" in done.stdout
