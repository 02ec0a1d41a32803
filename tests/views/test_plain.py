"""Plain lines: on change only, whole, the same for the same run, and only text."""

from __future__ import annotations

import io
import os
from collections import Counter

import pytest

from aura_tui.errors import ReaderGone
from aura_tui.model import events as ev
from aura_tui.model.reduce import reduce
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.replay.service import ReplayService
from aura_tui.views.plain import PlainLines, follow_plain
from tests.ui import recordings
from tests.ui.recordings import Tape


async def printed(tape: Tape, after: int | None = None) -> list[str]:
    out = io.StringIO()
    await follow_plain(ReplayService(tape.recording(), speed=0), tape.job.id, out, after=after)
    return out.getvalue().splitlines()


async def test_a_success_tells_stages_artifacts_path_and_totals() -> None:
    lines = await printed(recordings.success())
    assert lines[0].split()[:2] == ["job", "01KCD3WNE0"]
    assert "Script       started" in lines
    assert "Script       done in 0.7 s" in lines
    assert any(line.startswith("Voice         25 %  scene 3 of 8") for line in lines)
    assert f"artifact     captions.srt  2.1 KB  {recordings.CAPTIONS}" in lines
    assert lines[-1] == f"video        {recordings.VIDEO}  6.1 MB"
    assert lines[-3].startswith("succeeded    after 0:2")


async def test_a_failure_tells_code_remediation_log_and_what_next_once() -> None:
    lines = await printed(recordings.failure())
    errors = [line for line in lines if "E602" in line]
    assert len(errors) == 1
    assert errors[0].startswith("error        Rendering: E602 FFmpeg ended")
    assert errors[0].endswith(
        "-> Lower the resolution or close other programs, then retry: 3 scenes are kept."
    )
    assert any(line.startswith("failed       after 0:1") for line in lines)
    assert lines[-1] == "next         aura-tui logs 01KCD41Q7M"


async def test_a_cancelled_run_tells_what_was_kept() -> None:
    lines = await printed(recordings.cancelled())
    assert any(line.startswith("cancelled    after") for line in lines)
    assert lines[-2].startswith("kept         narration.wav  4.8 MB  /home/ada")
    assert lines[-1].startswith("next         aura-tui retry ")


async def test_a_retry_says_what_it_reused() -> None:
    lines = await printed(recordings.retried())
    assert "attempt      2, retry of 01KCD41Q7M" in lines
    assert "Voice        reused" in lines


async def test_nothing_is_said_twice() -> None:
    for line, count in Counter(await printed(recordings.success())).items():
        assert count == 1, line


async def test_progress_is_said_at_each_item_or_tenth_or_five_seconds() -> None:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    for n in range(1000):
        tape.progress(Stage.RENDERING, n / 10)
        tape.wait(0.001)
    assert len([x for x in await printed(tape) if x.startswith("Rendering") and "%" in x]) == 10
    for _ in range(60):
        tape.progress(Stage.RENDERING, 99.9)
        tape.wait(1.0)
    assert len([x for x in await printed(tape) if x.startswith("Rendering") and "%" in x]) == 21


async def test_pause_and_resume_are_told() -> None:
    tape = Tape()
    recordings.start(tape)
    tape.status(JobStatus.PAUSED)
    tape.status(JobStatus.RUNNING)
    assert (await printed(tape))[-2:] == ["paused", "resumed"]


async def test_a_line_is_never_cut_and_never_two() -> None:
    tape = Tape()
    recordings.start(tape)
    long = "word " * 700 + "end"
    tape.tell(ev.Warned, message="first\nsecond\u2028third\r\nfourth")
    tape.tell(ev.Warned, message=long)
    lines = await printed(tape)
    assert "warning      first second third fourth" in lines
    assert lines[-1] == f"warning      {long}"


async def test_a_path_is_told_with_all_of_its_spaces() -> None:
    tape = Tape()
    recordings.start(tape)
    tape.tell(ev.ArtifactMade, name="a.srt", path="/a  b/ c/a.srt", type="text/plain", size_bytes=5)
    assert (await printed(tape))[-1].endswith("  /a  b/ c/a.srt")


async def test_hostile_texts_stay_text() -> None:
    text = "\n".join(await printed(recordings.hostile()))
    assert "[blink]warning[/blink]" in text
    for forbidden in ("\x1b", "\x07", "\x9b", "\u202e"):
        assert forbidden not in text


async def test_after_an_id_only_what_came_after_it_is_told() -> None:
    tape = recordings.success()
    whole = await printed(tape)
    middle = tape.envelopes[len(tape.envelopes) // 2].id
    rest = await printed(tape, after=middle)
    assert 0 < len(rest) < len(whole)
    assert whole[-len(rest) :] == rest


async def test_the_final_job_is_returned() -> None:
    tape = recordings.failure()
    job = await follow_plain(ReplayService(tape.recording(), speed=0), tape.job.id, io.StringIO())
    assert job.status is JobStatus.FAILED


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "environ", "coloured"),
    [
        (Tty(), {}, True),
        (Tty(), {"NO_COLOR": "1"}, False),
        (Tty(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
async def test_colours_are_for_terminals_alone(
    out: io.StringIO, environ: dict[str, str], coloured: bool
) -> None:
    tape = recordings.failure()
    service = ReplayService(tape.recording(), speed=0)
    await follow_plain(service, tape.job.id, out, environ=environ)
    assert ("\x1b[31m" in out.getvalue()) is coloured
    assert "\x1b[1A" not in out.getvalue()


async def test_what_the_encoding_lacks_is_spelt_out() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    tape = recordings.success()
    await follow_plain(ReplayService(tape.recording(), speed=0), tape.job.id, out)
    assert b"Speaking \\u201cHow thin is a sail?\\u201d" in raw.getvalue()


async def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    tape = recordings.success()
    with os.fdopen(write, "w") as out:
        service = ReplayService(tape.recording(), speed=0)
        with pytest.raises(ReaderGone):
            await follow_plain(service, tape.job.id, out)
        out.write("nobody reads this")
        out.flush()  # and it is no error


def test_a_video_that_is_rendered_has_no_time_left() -> None:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    tape.progress(Stage.RENDERING, 99.9, "Joining the video", **recordings.eta(2))
    tape.progress(Stage.RENDERING, 100, "Rendered", **recordings.eta(2))
    plain, job = PlainLines(), tape.job
    lines: list[str] = []
    for envelope in tape.envelopes:
        job = reduce(job, envelope)
        lines += plain.lines(job, envelope)
    assert lines[-2].endswith(" 99 %  Joining the video  under 10 s left, based on 14 similar jobs")
    assert lines[-1].endswith("100 %  Rendered")
