"""Segments: they tile the video, know nothing of their place, and are shared out fairly."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.model.request import RenderSpec
from aura_tui.model.timeline import Chapter, Clip, Cue, Motion, Timeline
from aura_tui.pipeline.encoding.codec_args import video_codec
from aura_tui.pipeline.encoding.mux import Part, concat_list, metadata
from aura_tui.pipeline.encoding.pool import partition, peek_next, take_next
from aura_tui.pipeline.encoding.segments import MAX_BODY_S, segments
from aura_tui.pipeline.timeline.iso_639 import iso_639_2
from aura_tui.pipeline.timeline.schedule import lay_out
from aura_tui.settings import RenderSettings


def timeline(seconds: list[float], fps: int = 30) -> Timeline:
    slots = lay_out([round(s * 48_000) for s in seconds], fps, None)
    clips = tuple(
        Clip(
            scene=i + 1,
            title=f"Scene {i + 1}",
            picture=f"/p{i + 1}.png",
            start=slot.start,
            frames=slot.frames,
            fade_in=slot.fade_in,
            motion=Motion(start=(0, 0, 1, 1), end=(0.02, 0.03, 0.96, 0.97)),
            sound="/s.wav",
            sound_start=slot.sound_start,
            sound_samples=1,
        )
        for i, slot in enumerate(slots)
    )
    frames = slots[-1].start + slots[-1].frames
    return Timeline(
        title="T",
        language="en",
        width=320,
        height=180,
        fps=fps,
        frames=frames,
        clips=clips,
        cues=(Cue(start_s=0.5, end_s=1.5, lines=("one",)),),
        chapters=(Chapter(title="a=b;c#d\\e\nf", start=0, end=frames),),
        captions="/c.srt",
        narration="/n.wav",
        narration_samples=1,
    )


@given(st.lists(st.floats(0.01, 40), min_size=1, max_size=12), st.integers(5, 60))
@settings(max_examples=100, deadline=None)
def test_segments_tile_the_video(seconds: list[float], fps: int) -> None:
    video = timeline(seconds, fps)
    at = 0
    for segment in segments(video, burn=True):
        assert segment.first == at
        assert 1 <= segment.frames <= MAX_BODY_S * fps + 1
        for layer in segment.layers:
            assert layer.offset >= 0
            assert layer.offset + segment.frames <= layer.span
        assert all(0 <= b.first < b.stop <= segment.frames for b in segment.burned)
        at += segment.frames
    assert at == video.frames


def test_motion_goes_on_over_the_borders_of_segments() -> None:
    video = timeline([25.0, 3.0])
    windows = [
        layer.window(k)
        for s in segments(video, burn=False)
        for layer in s.layers
        if layer.picture == "/p1.png"
        for k in range(s.frames)
    ]
    assert windows[0] == video.clips[0].motion.start
    assert windows[-1] == pytest.approx(video.clips[0].motion.end)
    steps = [b[0] - a[0] for a, b in itertools.pairwise(windows)]
    assert steps == pytest.approx([0.02 / (len(windows) - 1)] * len(steps), abs=1e-9)


def test_a_segment_does_not_know_where_it_is() -> None:
    """A longer first scene moves all others, and changes none of them but its crossfade."""
    one, other = (segments(timeline([s, 3.0, 4.0]), burn=False) for s in (2.0, 4.0))
    same = [a.layers == b.layers and a.frames == b.frames for a, b in zip(one, other, strict=True)]
    assert same[:2] == [False, False]
    assert all(same[2:])


def test_without_motion_equal_frames_make_equal_segments() -> None:
    video = timeline([2.5 * MAX_BODY_S])
    still = Motion(start=(0, 0, 1, 1), end=(0, 0, 1, 1))
    clip = msgspec.structs.replace(video.clips[0], motion=still)
    parts = segments(msgspec.structs.replace(video, clips=(clip,)), burn=False)
    assert len(parts) == 3
    assert len({part.layers for part in parts}) == 1


@given(st.lists(st.integers(1, 300), min_size=1, max_size=40), st.integers(1, 8))
def test_workers_take_every_segment_once_and_start_with_adjacent_ones(
    frames: list[int], workers: int
) -> None:
    video = timeline([1.0])
    work = [
        msgspec.structs.replace(segments(video, burn=False)[0], frames=count) for count in frames
    ]
    queues = partition(work, workers)
    assert [i for queue in queues for i in queue] == list(range(len(work)))
    taken: list[int] = []
    own = 0
    while True:
        expected = peek_next(queues, own)
        n = take_next(queues, own, work)
        if n is None:
            break
        assert expected in (None, n)
        taken.append(n)
        own = (own + 1) % workers
    assert sorted(taken) == list(range(len(work)))


@given(st.lists(st.integers(1, 600), min_size=1, max_size=400), st.integers(5, 60))
@settings(max_examples=50, deadline=None)
def test_the_joins_clock_never_drifts(frames: list[int], fps: int) -> None:
    text = concat_list([Part(Path("x"), count) for count in frames], fps)
    durations = [line.split()[1] for line in text.splitlines() if line.startswith("duration")]
    at_us, frame = 0, 0
    for duration, count in zip(durations, frames, strict=True):
        whole, fraction = duration.split(".")
        at_us += int(whole) * 1_000_000 + int(fraction)
        frame += count
        assert abs(at_us - frame * 1_000_000 / fps) <= 0.5


def test_metadata_is_escaped_and_chapters_end_with_the_video() -> None:
    video = timeline([4.0])
    text = metadata(video, 30)
    assert "title=a\\=b\\;c\\#d\\\\e f\n" in text
    assert "START=0\nEND=30\n" in text


@pytest.mark.parametrize(
    ("tag", "three"),
    [("en", "eng"), ("de-AT", "deu"), ("PT_br", "por"), ("yue", "yue"), ("", "und"), ("xx", "und")],
)
def test_languages_have_three_letters_in_mp4(tag: str, three: str) -> None:
    assert iso_639_2(tag) == three


@pytest.mark.parametrize(
    ("spec", "crf", "bitrate_k"),
    [
        (RenderSpec(), 23, None),
        (RenderSpec(quality_level=60), 23, None),
        (RenderSpec(quality_level=100), 15, None),
        (RenderSpec(quality_level=0), 35, None),
        (RenderSpec(video_bitrate_k=900, quality_level=9), None, 900),
    ],
)
def test_quality_is_crf_unless_a_bitrate_is_asked(
    spec: RenderSpec, crf: int | None, bitrate_k: int | None
) -> None:
    codec = video_codec((320, 180), 30, spec, RenderSettings())
    assert (codec.crf, codec.bitrate_k) == (crf, bitrate_k)


def test_a_better_quality_projects_a_larger_file() -> None:
    sizes = [
        video_codec((1280, 720), 30, RenderSpec(quality_level=q), RenderSettings()).projected_bytes(
            1800
        )
        for q in (20, 60, 100)
    ]
    assert sizes == sorted(sizes)
    assert 1_000_000 < sizes[1] < 100_000_000
