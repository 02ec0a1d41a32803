"""The meter: percent by frames, rates of this run, ten reports a second at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.pipeline.encoding.progress import Meter
from aura_tui.pipeline.encoding.segments import segments
from aura_tui.providers.ffmpeg.progress import Progress
from tests.pipeline.encoding.test_segments import timeline
from tests.pipeline.stage import desk

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_reused_is_done_at_once_and_makes_nothing_faster(tmp_path: Path) -> None:
    ctx, work = desk(tmp_path), segments(timeline([2.0, 2.0]), burn=False)
    meter = Meter(ctx, work, 30, 0, {})
    meter.done(0, 5000, reused=True)
    meter.report()
    total = sum(segment.frames for segment in work)
    assert ctx.heard.percents == [pytest.approx(96 * work[0].frames / total)]
    assert ctx.heard.metrics[-1].fps is None
    assert ctx.heard.metrics[-1].size_bytes == 5000
    assert ctx.heard.metrics[-1].projected_bytes == int(5000 * total / work[0].frames)
    assert ctx.heard.messages == [f"Encoding, frame {work[0].frames} of {total}"]
    assert ctx.heard.items == [(None, 1, ())]


def test_reports_come_at_most_ten_a_second_and_never_fall(tmp_path: Path) -> None:
    ctx, work = desk(tmp_path), segments(timeline([2.0]), burn=False)
    now = 0.0
    meter = Meter(ctx, work, 30, 0, {}, now=lambda: now)
    for i in range(1000):
        now = i / 1000
        meter.progress(0, Progress(frame=(i * 7919) % 60, size_bytes=i))
    assert len(ctx.heard.percents) == 10
    assert ctx.heard.percents == sorted(ctx.heard.percents)


def test_more_frames_than_there_are_is_not_more_than_all(tmp_path: Path) -> None:
    ctx, work = desk(tmp_path), segments(timeline([2.0]), burn=False)
    meter = Meter(ctx, work, 30, 0, {})
    meter.progress(0, Progress(frame=10**9))
    assert ctx.heard.percents == [96.0]


def test_playable_is_what_is_finished_from_the_beginning_on(tmp_path: Path) -> None:
    ctx, work = desk(tmp_path), segments(timeline([2.0, 2.0, 2.0]), burn=False)
    meter = Meter(ctx, work, 30, 0, {})
    playable = []
    for done in (2, 1, 0):
        meter.done(done, 5000, reused=False)
        playable.append(meter.metrics().playable_seconds)
    frames = sum(segment.frames for segment in work[:3])
    assert playable == [0, 0, pytest.approx(frames / 30)]


def test_scenes_are_told_by_their_own_numbers_whichever_lane_they_are_on(tmp_path: Path) -> None:
    ctx, work = desk(tmp_path), segments(timeline([2.0] * 6), burn=False)
    meter = Meter(ctx, work, 30, 0, {n: f"Title {n}" for n in range(1, 7)})
    first, fifth = (
        next(i for i, s in enumerate(work) if s.scene == scene and not s.fades) for scene in (1, 5)
    )

    def told() -> tuple[object, str]:
        meter.report()
        return ctx.heard.items[-1], ctx.heard.details[-1]

    meter.begin(first)
    meter.begin(fifth)
    assert ctx.heard.items == [(1, 0, (1,)), (5, 0, (1, 5))], "each is told of as it begins"
    assert ctx.heard.details == ["Title 1", "Title 5"]
    assert told() == ((5, 0, (1, 5)), "Title 5")
    meter.done(first, 5000, reused=False)
    assert told() == ((5, 1, (5,)), "Title 5"), "one scene is one segment, and done with it"
    meter.done(fifth, 5000, reused=False)
    assert told() == ((5, 1, ()), "Title 5"), "the crossfade into it is to come"
    meter.begin(fifth - 1)
    assert told() == ((5, 1, (5,)), "Title 5")
    meter.done(fifth - 1, 5000, reused=False)
    assert told() == ((5, 2, ()), "Title 5")
