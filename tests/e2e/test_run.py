"""Whole runs, as a person makes them: a real video, real signals, a real kill."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imageio_ffmpeg
import pytest

from aura_tui.model import events as ev
from aura_tui.wire.event_json import decode_line
from tests.waiting import alive, below

if TYPE_CHECKING:
    from tests.e2e.program import Program

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
# Long enough in Rendering for whatever a test does meanwhile.
LONG = ("--progress", "json", "--resolution", "1920x1080", "--fps", "30")
STAGES = ("Script", "TTS", "Visuals", "Composition", "Rendering")


def streams(video: Path) -> str:
    """What FFmpeg says of a file."""
    return subprocess.run(
        [FFMPEG, "-hide_banner", "-i", str(video)], capture_output=True, text=True, check=False
    ).stderr


def frame_hashes(video: Path) -> list[str]:
    """A hash of every decoded frame of picture and sound."""
    done = subprocess.run(
        [
            FFMPEG,
            "-v",
            "error",
            "-i",
            str(video),
            "-map",
            "0:v",
            "-map",
            "0:a",
            "-f",
            "framehash",
            "-",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if not line.startswith("#")]


def events(out: bytes) -> list[ev.Envelope]:
    found = [decode_line(line) for line in out.splitlines()]
    assert None not in found
    return [envelope for envelope in found if envelope is not None]


def read_until(process: subprocess.Popen[bytes], name: str, step: str = "") -> dict[str, Any]:
    """The first JSON line of that event (and step)."""
    assert process.stdout
    for line in process.stdout:
        told = json.loads(line)
        if told["event"] == name and (not step or told["data"].get("step") == step):
            return dict(told)
    raise AssertionError(f"no {name}")


def wait_gone(pids: list[int], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The video of a run that nothing disturbs."""
    from tests.e2e.program import Program

    program = Program(tmp_path_factory.mktemp("undisturbed"))
    done = program.run(*program.arguments("--progress", "plain"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    (video,) = program.out.glob("*.mp4")
    return video


def test_a_brief_becomes_a_captioned_narrated_video(undisturbed: Path) -> None:
    names = sorted(path.suffix for path in undisturbed.parent.iterdir())
    assert names == [".jpg", ".json", ".mp4", ".otioz", ".srt", ".vtt"]
    said = streams(undisturbed)
    assert "Video: h264" in said
    assert "256x144" in said
    assert "Audio: aac" in said
    assert "mov_text" in said
    assert "title           : How tides work" in said
    srt = undisturbed.with_suffix(".srt").read_text()
    assert "The Moon pulls on the ocean." in " ".join(srt.split("\n"))
    data = undisturbed.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_json_lines_are_the_events_and_the_last_is_the_end(program: Program) -> None:
    done = program.run(*program.arguments("--progress", "json"))
    assert (done.returncode, done.stderr) == (0, "")
    told = events(done.stdout.encode())
    assert [e.id for e in told] == sorted({e.id for e in told})
    last = told[-1].event
    assert isinstance(last, ev.JobCompleted)
    assert Path(last.output_path).is_file()
    (job,) = program.jobs()
    assert [step["name"] for step in job["steps"]] == list(STAGES)
    assert job["status"] == "Succeeded"
    for command in ("show", "logs", "artifacts"):
        shown = program.run(command)
        assert shown.returncode == 0
        assert shown.stdout
    watched = program.run("watch", "@latest", "--progress", "json")
    assert watched.returncode == 0
    assert watched.stdout == done.stdout


def test_ctrl_c_cancels_and_waits_for_it(program: Program) -> None:
    process = program.start(*program.arguments(*LONG))
    read_until(process, "step-progress", "Rendering")
    running = below(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    last = events(out)[-1].event
    assert isinstance(last, ev.JobCancelled)
    wait_gone(running)
    assert not program.out.exists()
    assert {a.name for a in last.artifacts} >= {"how-tides-work.script.json"}
    assert all(Path(a.path).is_file() for a in last.artifacts)
    assert not list(program.home.rglob("*.part*"))


def test_a_second_ctrl_c_leaves_at_once_and_the_job_can_go_on(program: Program) -> None:
    process = program.start(*program.arguments(*LONG))
    read_until(process, "step-progress", "Rendering")
    running = below(process.pid)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    wait_gone(running)


def test_sigterm_leaves_the_job_resumable(program: Program, undisturbed: Path) -> None:
    process = program.start(*program.arguments("--progress", "json"))
    read_until(process, "step-progress", "Rendering")
    running = below(process.pid)
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"aura-tui watch" in err
    wait_gone(running)
    (job,) = program.jobs()
    assert (job["status"], job["interrupted"]) == ("Running", True)
    done = program.run("watch", "--progress", "plain")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Resuming job {job['jobId']}\n" in done.stderr
    assert "reused" in done.stdout
    (video,) = program.out.glob("*.mp4")
    assert frame_hashes(video) == frame_hashes(undisturbed)


@pytest.mark.parametrize("stage", STAGES)
def test_after_kill_9_in_any_stage_the_next_start_makes_the_same_video(
    program: Program, undisturbed: Path, stage: str
) -> None:
    process = program.start(*program.arguments("--progress", "json"))
    read_until(process, "step-status" if stage == "Script" else "step-progress", stage)
    running = below(process.pid)
    process.kill()
    process.communicate()
    wait_gone(running)
    done = program.run("watch", "--progress", "json")
    assert done.returncode == 0, done.stderr
    told = events(done.stdout.encode())
    assert [e.id for e in told] == sorted({e.id for e in told})
    (job,) = program.jobs()
    assert job["status"] == "Succeeded"
    (video,) = program.out.glob("*.mp4")
    assert frame_hashes(video) == frame_hashes(undisturbed)
    assert video.with_suffix(".srt").read_text() == undisturbed.with_suffix(".srt").read_text()
    assert not list(program.home.glob("jobs/*/scratch"))
    assert not [p for p in program.out.iterdir() if ".part" in p.name]


def test_what_a_cut_log_has_lost_after_kill_9_is_said_and_the_job_goes_on(
    program: Program, undisturbed: Path
) -> None:
    process = program.start(*program.arguments("--progress", "json"))
    read_until(process, "step-status", "Composition")
    process.kill()
    process.communicate()
    log = program.home / "aura.db-wal"
    left = log.read_bytes()[: log.stat().st_size // 2]
    log.write_bytes(left)
    looked = program.run("jobs")
    assert looked.returncode == 3
    assert "the latest data is missing [E803]" in looked.stderr
    assert program.run("watch", "--read-only").returncode == 3
    assert log.read_bytes() == left
    done = program.run("watch", "--progress", "json")
    assert done.returncode == 0, done.stderr
    assert "1 job was recovered; events after " in done.stderr
    (aside,) = program.home.glob("aura.db.corrupt-*-wal")
    assert f"moved to {aside.with_name(aside.name[:-4])}. " in done.stderr
    assert aside.read_bytes() == left
    (video,) = program.out.glob("*.mp4")
    assert frame_hashes(video) == frame_hashes(undisturbed)
    assert program.run("watch").stderr == ""


def test_a_second_process_reads_and_is_told_who_holds_the_engine(program: Program) -> None:
    process = program.start(*program.arguments(*LONG))
    read_until(process, "step-progress", "Rendering")
    process.send_signal(signal.SIGSTOP)  # it holds the engine for as long as we look
    for command in ("jobs", "show", "logs"):
        assert program.run(command).returncode == 0
    for command, name in (("cancel", "@latest"), ("pause", "@latest"), ("run", "another topic")):
        done = program.run(command, name)
        assert done.returncode == 3
        assert f"(process {process.pid}) is suspended (Ctrl-Z)" in done.stderr
        assert "run fg in its terminal" in done.stderr
        assert "[E801]" in done.stderr
    assert "is suspended (Ctrl-Z)" in program.run("doctor").stdout
    watcher = program.start("watch", "--progress", "json")
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGINT)
    out, _ = watcher.communicate(timeout=30)
    assert watcher.returncode == 4
    assert isinstance(events(out)[-1].event, ev.JobCancelled)
    process.communicate()


def test_a_retry_reuses_all_that_was_finished(program: Program) -> None:
    process = program.start(*program.arguments(*LONG))
    read_until(process, "step-progress", "Rendering")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    done = program.run("retry", "@latest", "--progress", "json")
    assert done.returncode == 0
    told = [e.event for e in events(done.stdout.encode())]
    ends = {
        e.step.value: e.status.value
        for e in told
        if isinstance(e, ev.StepStatusChanged) and e.status.done
    }
    assert [ends[name] for name in STAGES[:3]] == ["reused"] * 3
    new, old = program.jobs()
    assert (new["status"], new["retryOf"], new["attempt"]) == ("Succeeded", old["jobId"], 2)
    assert old["status"] == "Canceled"  # on the wire; people read one spelling everywhere
    for spelled in ("cancelled", "Canceled"):
        listed = program.run("jobs", "--status", spelled).stdout
        assert old["jobId"] in listed
        assert "cancelled" in listed
        assert "Canceled" not in listed
    assert "cancelled" in program.run("show", old["jobId"]).stdout
    again = program.run("retry", old["jobId"], "--progress", "json")
    assert again.returncode == 0
    ends = {
        e.event.step.value: e.event.status.value
        for e in events(again.stdout.encode())
        if isinstance(e.event, ev.StepStatusChanged) and e.event.status.done
    }
    assert list(ends.values()) == ["reused"] * 5


def test_a_paused_job_is_not_watched_but_resumed(program: Program) -> None:
    process = program.start(*program.arguments(*LONG))
    read_until(process, "step-progress", "Rendering")
    process.kill()
    process.communicate()
    assert "interrupted" in program.run("jobs").stdout
    assert "aura-tui resume" in program.run("show").stdout
    assert program.run("pause", "@latest").returncode == 0
    assert "aura-tui resume" in program.run("show").stdout
    done = program.run("watch")
    assert done.returncode == 2
    assert "aura-tui resume" in done.stderr
    assert program.run("cancel", "@latest").returncode == 0


def test_a_reader_that_goes_away_leaves_the_job_as_it_is(program: Program) -> None:
    process = program.start(*program.arguments(*LONG))
    read_until(process, "step-progress", "Rendering")
    assert process.stdout
    process.stdout.close()
    assert process.wait(timeout=60) == 128 + signal.SIGPIPE
    assert process.stderr
    assert b"aura-tui watch" in process.stderr.read()


def test_the_brief_may_come_from_a_pipe(program: Program) -> None:
    done = program.run(
        "run", "-", "-o", program.out, "--resolution", "128x128", "--fps", "5", "--duration", "5",
        "--burn-captions", "--theme", "paper", input=b"# A pipe\n\nThis text came through a pipe.",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^succeeded ", done.stdout, re.M)
    assert (program.out / "a-pipe.mp4").is_file()


def test_without_o_the_files_are_in_a_folder_named_after_the_video(program: Program) -> None:
    done = program.run("run", "Short topic", "--resolution", "128x128", "--fps", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (program.folder / "short-topic" / "short-topic.mp4").is_file()


def test_doctor_says_what_is_there(program: Program) -> None:
    done = program.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "FFmpeg" in done.stdout
    missing = program.run("doctor", AURA_RENDER_FFMPEG=os.devnull)
    assert missing.returncode == 1
    assert "missing" in missing.stdout
    voices = program.run("doctor", "--voices")
    assert "en-us" in voices.stdout


def test_a_run_explains_which_lines_its_scenes_tell_and_what_they_leave_out(
    program: Program,
) -> None:
    text = "# Tides\n\nThey rise and they fall.\n\n```mermaid\na --> b\n```\n"
    program.brief.write_text(text)
    done = program.run(*program.arguments("--explain"))
    assert done.returncode == 0, done.stderr
    assert "line 1, 3" not in done.stdout
    assert "  1  Tides (title), lines 1, 3\n     They rise and they fall.\n" in done.stdout
    assert "     lines 5-7: a mermaid diagram (it can't be drawn)\n" in done.stdout
    lines = program.run(*program.arguments("--explain", "--progress", "json")).stdout
    assert all(line.startswith("{") for line in lines.splitlines())
    refused = program.run(*program.arguments("--explain", "--detach"))
    assert (refused.returncode, "[E10" in refused.stderr) == (2, True)
