"""What the result panel says, a fact a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.model import events as ev
from aura_tui.model.reduce import fold
from aura_tui.ui.glyphs import UNICODE
from aura_tui.ui.widgets.result import lines
from tests.ui import recordings

if TYPE_CHECKING:
    from tests.ui.recordings import Tape


def said(tape: Tape) -> list[str]:
    return [line.plain for line in lines(fold(tape.job, tape.envelopes), UNICODE)]


def artifact(path: str, size_bytes: int = 1000) -> ev.Artifact:
    return ev.Artifact(name=path.rsplit("/", 1)[-1], path=path, size_bytes=size_bytes)


def test_files_beside_the_video_are_named_and_others_have_their_path() -> None:
    tape = recordings.Tape()
    recordings.start(tape)
    tape.tell(
        ev.JobCompleted,
        artifacts=(artifact("/out/a.mp4"), artifact("/out/a.jpg"), artifact("/else/b.json", 0)),
        output=ev.Output(video_path="/out/a.mp4", size_bytes=2_000_000),
    )
    assert said(tape)[1:] == [
        "video       2.0 MB  /out/a.mp4",
        "also        1.0 KB  a.jpg",
        "also             ?  /else/b.json",
    ]


def test_what_was_kept_is_listed_under_its_folder() -> None:
    tape = recordings.Tape()
    recordings.start(tape)
    kept = (artifact("/w/a.srt"), artifact("/w/b.vtt"), artifact("/v/c.wav"))
    tape.tell(ev.JobCancelled, message="Cancelled", artifacts=kept)
    assert said(tape)[1:] == [
        "Cancelled",
        "kept in   /w/",
        "            1.0 KB  a.srt",
        "            1.0 KB  b.vtt",
        "kept in   /v/",
        "            1.0 KB  c.wav",
    ]


def test_a_cancelled_run_without_files_says_so() -> None:
    tape = recordings.Tape()
    recordings.start(tape)
    tape.tell(ev.JobCancelled, message="Cancelled while queued")
    assert said(tape)[1:] == ["Cancelled while queued", "No finished file was there to keep."]


def test_a_failure_says_its_reason_once() -> None:
    text = "\n".join(said(recordings.failure()))
    assert text.count("FFmpeg ended with status 1") == 1
    assert "\u2192 Lower the resolution" in text
