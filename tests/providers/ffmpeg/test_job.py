"""One run of FFmpeg: progress, the log's block, and what each kind of end becomes."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.errors import Code, StageError
from aura_tui.providers.ffmpeg import FFmpeg, locate
from aura_tui.providers.ffmpeg.failure import error_line, failure, tail
from aura_tui.providers.ffmpeg.job import run
from aura_tui.providers.ffmpeg.progress import Progress, ProgressParser
from aura_tui.settings import Settings
from aura_tui.system.processes import ProcessGroup
from tests.waiting import alive, until

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = b"""frame=42
fps=29.97
stream_0_0_q=23.0
bitrate=N/A
total_size=1048576
out_time_us=1400000
out_time_ms=1400000
out_time=00:00:01.400000
dup_frames=0
drop_frames=0
speed=2.5x
progress=continue
"""


class Bench:
    """The least that a run needs of its job."""

    def __init__(self, root: Path) -> None:
        self.children = ProcessGroup()
        self.job_id = "job-1"
        self.correlation_id = "corr-1"
        self.ffmpeg_log = root / "logs" / "ffmpeg.log"


@pytest.fixture
def ctx(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
async def ffmpeg(tmp_path: Path) -> FFmpeg:
    return await locate(Settings(home=tmp_path), ProcessGroup())


def test_a_block_is_read_whole_however_it_is_cut() -> None:
    whole = list(ProgressParser().feed(BLOCK))
    parser = ProgressParser()
    pieces = [p for i in range(len(BLOCK)) for p in parser.feed(BLOCK[i : i + 1])]
    assert whole == pieces
    assert whole == [
        Progress(frame=42, fps=29.97, speed=2.5, size_bytes=1048576, out_time_s=1.4, ended=False)
    ]


@pytest.mark.parametrize("value", ["N/A", "", "nan", "inf", "-5", "1e400", "x", "9" * 400])
def test_a_value_that_is_no_number_is_left_out(value: str) -> None:
    text = f"frame={value}\nfps={value}\nspeed={value}x\ntotal_size={value}\nprogress=end\n"
    assert list(ProgressParser().feed(text.encode())) == [Progress(ended=True)]


def test_a_line_without_end_is_not_kept() -> None:
    parser = ProgressParser()
    for _ in range(100):
        assert list(parser.feed(b"frame=" + b"9" * 4096)) == []
    assert len(parser._rest) <= 1024
    assert list(parser.feed(b"9\nframe=1\nprogress=continue\n")) == [Progress(frame=1)]


@given(st.lists(st.one_of(st.binary(max_size=64), st.sampled_from(BLOCK.splitlines(True)))))
def test_no_bytes_make_the_parser_fail(parts: list[bytes]) -> None:
    parser = ProgressParser()
    for part in parts:
        for block in parser.feed(part):
            assert block.frame is None or block.frame >= 0


def test_the_error_line_is_the_last_specific_error() -> None:
    stderr = (
        "[in#0 @ 0x5c] Error opening input: No such file or directory\n"
        "Error opening input file /nope.\n"
        "Error opening input files: No such file or directory\n"
    )
    assert error_line(stderr) == "Error opening input: No such file or directory"
    assert error_line("all is well\n\n") == "all is well"
    assert error_line("") == ""


def test_what_ffmpeg_says_is_made_safe_and_bounded() -> None:
    assert tail(b"\x1b[31mred\x1b[0m\x07 \xff" * 9000).count("\x1b") == 0
    assert len(tail("x" * 1_000_000)) <= 8192


@pytest.mark.parametrize(
    ("returncode", "stderr", "code"),
    [
        (1, "av_interleaved_write_frame(): No space left on device\nConversion failed!", "E701"),
        (1, "x264 [error]: malloc of size 99 failed\nError: Cannot allocate memory", "E703"),
        (-signal.SIGKILL, "", "E703"),
        (-signal.SIGSEGV, "", "E602"),
        (234, "Unknown encoder 'x'", "E602"),
    ],
)
def test_each_end_has_its_code(returncode: int, stderr: str, code: str) -> None:
    error = failure("encoding scene 3", returncode, stderr)
    assert error.code == code
    assert "encoding scene 3" in error.message
    assert error.remediation


async def test_a_run_reports_progress_and_leaves_a_block_in_the_log(
    ctx: Bench, ffmpeg: FFmpeg, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    out = tmp_path / "it's.mp4"
    await run(
        ctx,
        ffmpeg,
        ["-f", "lavfi", "-i", "testsrc=d=2:s=160x90:r=30", "-c:v", "libx264", out],
        what="encoding a test",
        resolution="160x90",
        on_progress=seen.append,
    )
    assert seen[-1].ended
    assert seen[-1].frame == 60
    assert out.stat().st_size > 0
    log = ctx.ffmpeg_log.read_text()
    for line in (
        "=== encoding a test",
        "job:          job-1",
        "correlation:  corr-1",
        "resolution:   160x90",
        f"ffmpeg:       {ffmpeg.path} ({ffmpeg.version})",
        "exit code:    0",
    ):
        assert line in log.splitlines()
    assert "libx264" in log
    assert "duration: " in log


async def test_a_failed_run_says_why_and_the_log_has_its_exit_code(
    ctx: Bench, ffmpeg: FFmpeg, tmp_path: Path
) -> None:
    with pytest.raises(StageError) as caught:
        await run(ctx, ffmpeg, ["-i", tmp_path / "absent.wav", tmp_path / "o.wav"], what="a test")
    assert caught.value.code is Code.FFMPEG_FAILED
    assert "No such file or directory" in caught.value.message
    assert "exit code:    0" not in ctx.ffmpeg_log.read_text()


async def test_a_run_killed_from_outside_is_out_of_memory(ctx: Bench, ffmpeg: FFmpeg) -> None:
    endless = ["-re", "-f", "lavfi", "-i", "anullsrc", "-f", "null", "-"]
    task = asyncio.create_task(run(ctx, ffmpeg, endless, what="a test"))
    await until(lambda: ctx.children.pids)

    os.kill(ctx.children.pids[0], signal.SIGKILL)
    with pytest.raises(StageError) as caught:
        await task
    assert caught.value.code is Code.OUT_OF_MEMORY


async def test_a_cancelled_run_is_gone_and_logged(ctx: Bench, ffmpeg: FFmpeg) -> None:
    endless = ["-re", "-f", "lavfi", "-i", "anullsrc", "-f", "null", "-"]
    started = asyncio.Event()
    task = asyncio.create_task(
        run(ctx, ffmpeg, endless, what="a test", on_progress=lambda _: started.set())
    )
    await started.wait()
    (pid,) = ctx.children.pids
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(pid)
    assert "exit code:    ended by us" in ctx.ffmpeg_log.read_text()


async def test_a_run_past_its_time_is_ended(ctx: Bench, ffmpeg: FFmpeg) -> None:
    endless = ["-re", "-f", "lavfi", "-i", "anullsrc", "-f", "null", "-"]
    with pytest.raises(TimeoutError):
        await run(ctx, ffmpeg, endless, what="a test", timeout_s=0.3)
    assert ctx.children.pids == ()
