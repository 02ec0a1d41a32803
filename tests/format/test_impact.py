"""What a cancel loses and keeps, and what a retry does, in words."""

from __future__ import annotations

import pytest

from aura_tui.format.impact import CancelImpact, cancel_impact, how_long, planned, summed
from aura_tui.model import events as ev
from aura_tui.model.job import Eta
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.service import PlannedStep, RetryPlan
from tests.ui import recordings
from tests.ui.dialogs import job_of
from tests.ui.recordings import Tape


def in_visuals(made: int | None = None, reused: int | None = None) -> Tape:
    """Two stages done, Visuals at work."""
    tape = Tape()
    recordings.start(tape)
    recordings.script(tape)
    recordings.items(tape, Stage.VOICE, "Speaking", 0.5, 60)
    tape.step(Stage.VISUALS, StepStatus.STARTED)
    found = ev.Metrics(made=made, reused=reused)
    tape.progress(Stage.VISUALS, 30, "Drawing", current_item=3, total_items=8, metrics=found)
    return tape


def test_a_job_in_the_queue_has_nothing_to_lose() -> None:
    tape = Tape()
    tape.status(JobStatus.QUEUED)
    found = cancel_impact(job_of(tape), 0.0)
    assert found == CancelImpact("It hasn't started; nothing is lost.", "", "", "")


def test_the_first_stage_has_nothing_to_keep() -> None:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    found = cancel_impact(job_of(tape), 3.0)
    assert found.lost == "unfinished Script work"
    assert found.kept == "nothing yet"


def test_finished_stages_and_scenes_are_kept_and_the_one_in_hand_is_lost() -> None:
    assert cancel_impact(job_of(in_visuals(made=2, reused=1)), 252.0) == CancelImpact(
        "2 of 5 stages done, 4:12 of work",
        "the scene in progress",
        "a retry reuses 2 stages and 3 of 8 pieces of Visuals",
        "",
    )


def test_scenes_that_nobody_counted_are_not_told() -> None:
    assert cancel_impact(job_of(in_visuals()), 1.0).kept == "a retry reuses 2 stages"


def test_more_scenes_than_there_are_is_none_too_many() -> None:
    assert "8 of 8 pieces" in cancel_impact(job_of(in_visuals(made=99)), 1.0).kept


def test_pieces_of_rendering_are_not_taken_for_its_scenes() -> None:
    tape = in_visuals()
    tape.step(Stage.VISUALS, StepStatus.COMPLETED, 1.0)
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    tape.progress(Stage.RENDERING, 74, current_item=6, total_items=8, metrics=ev.Metrics(made=16))
    found = cancel_impact(job_of(tape), 1.0)
    assert found.kept == "a retry reuses 3 stages and 16 rendered pieces"
    assert found.lost == "whatever is being encoded right now"
    of_all = ev.Metrics(made=16, reused=5, pieces=66)
    tape.progress(Stage.RENDERING, 75, current_item=6, total_items=8, metrics=of_all)
    told = cancel_impact(job_of(tape), 1.0).kept
    assert told == "a retry reuses 3 stages and 21 of 66 rendered pieces"


def test_what_was_told_before_the_link_broke_is_told_with_its_age() -> None:
    found = cancel_impact(job_of(in_visuals()), 252.0, 40.0)
    assert found.so_far == "2 of 5 stages done, 4:12 of work, as of 40 s ago"


def test_files_are_named_and_a_partial_video_is_told_while_rendering() -> None:
    tape = in_visuals()
    tape.step(Stage.VISUALS, StepStatus.COMPLETED, 1.0)
    recordings.compose(tape)
    assert cancel_impact(job_of(tape), 1.0).files == "captions.srt"
    recordings.render(tape, 8)
    assert cancel_impact(job_of(tape), 1.0).files == "captions.srt"  # no scene is finished yet
    for playable in (None, 0.0):  # pieces there are, but none that the video begins with
        found = ev.Metrics(made=4, playable_seconds=playable)
        tape.progress(Stage.RENDERING, 60, total_items=8, metrics=found)
        assert cancel_impact(job_of(tape), 1.0).files == "captions.srt"
    found = ev.Metrics(made=5, playable_seconds=7.5)
    tape.progress(Stage.RENDERING, 61, total_items=8, metrics=found)
    assert (
        cancel_impact(job_of(tape), 1.0).files == "captions.srt\na partial video (its first 0:07)"
    )


def test_many_files_are_counted_and_their_names_are_clean() -> None:
    tape = in_visuals()
    for n in range(6):
        tape.tell(ev.ArtifactMade, name=f"\x1b[2J{n}.txt", path=f"/w/{n}", type="", size_bytes=1)
    assert cancel_impact(job_of(tape), 1.0).files == "0.txt\n1.txt\n2.txt\n3 other files"


@pytest.mark.parametrize(
    ("stage", "reused", "total", "says"),
    [
        (Stage.SCRIPT, 1, 1, "reused"),
        (Stage.VISUALS, 8, 8, "reused"),
        (Stage.VISUALS, 6, 8, "6 of 8 pieces reused"),
        (Stage.RENDERING, 0, 8, "will be redone"),
        (Stage.RENDERING, 0, None, "will be redone"),
        (Stage.RENDERING, 2, None, "2 pieces reused"),
        (Stage.VOICE, 1, None, "1 piece reused"),
        (Stage.COMPOSITION, 1, 3, "1 of 3 pieces reused"),
        (Stage.COMPOSITION, 0, 0, "will be redone"),
    ],
)
def test_a_planned_stage_in_words(stage: Stage, reused: int, total: int | None, says: str) -> None:
    assert planned(PlannedStep(stage=stage, reused=reused, total=total)) == says


def test_how_long_a_retry_takes_says_its_basis_or_that_it_is_unknown() -> None:
    eta = Eta(seconds=280, low=240, high=330, runs=14)
    assert how_long(RetryPlan((), eta)) == "4-6 min, based on 14 similar jobs"
    assert how_long(RetryPlan((), Eta(seconds=50, low=40, high=60))) == "40-60 s, based on this job"
    assert how_long(RetryPlan((), None)) == "unknown"


def test_several_plans_make_one_sum_and_what_one_cannot_tell_is_unknown() -> None:
    def plan(reused: int, total: int | None, eta: Eta | None) -> RetryPlan:
        voice = PlannedStep(stage=Stage.VOICE, reused=8, total=8)
        return RetryPlan(
            (voice, PlannedStep(stage=Stage.RENDERING, reused=reused, total=total)), eta
        )

    one, two = (Eta(seconds=s, low=s - 10, high=s + 10, runs=r) for s, r in ((60, 14), (90, 3)))
    both = summed([plan(2, 20, one), plan(5, 30, two)])
    assert [planned(step) for step in both.steps] == ["reused", "7 of 50 pieces reused"]
    assert how_long(both) == "2-3 min, based on 3 similar jobs"
    some = summed([plan(2, 20, one), plan(5, None, None)])
    assert [planned(step) for step in some.steps] == ["reused", "7 pieces reused"]
    assert how_long(some) == "unknown"
