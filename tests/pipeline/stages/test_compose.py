"""Composition: whole frames, a sound exactly as long as the picture, files an editor opens."""

from __future__ import annotations

import asyncio
import itertools
import struct
import wave
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.errors import Code, StageError
from aura_tui.model.request import Options
from aura_tui.model.script import SAMPLE_RATE, CodeCard, TableCard, TitleCard, reading_s
from aura_tui.model.timeline import sample_at
from aura_tui.pipeline.stages.compose import compose
from aura_tui.pipeline.timeline.schedule import chapters, lay_out, motion
from tests.pipeline.stage import desk, picture, script, speech

if TYPE_CHECKING:
    from aura_tui.model.timeline import Timeline
    from tests.pipeline.stage import Desk

HOUR = 3600 * 48_000
TEXTS = ("Rust keeps memory safe, and fast.", "No garbage collector is needed.", "That's all.")


@given(
    samples=st.lists(st.integers(1, 60 * 48_000), min_size=1, max_size=80),
    fps=st.integers(5, 60),
    pause=st.none() | st.floats(0, 10),
)
@settings(max_examples=200, deadline=None)
def test_scenes_tile_the_video_and_sound_stays_within_its_scene(
    samples: list[int], fps: int, pause: float | None
) -> None:
    slots = lay_out(samples, fps, pause)
    at = 0
    for i, (slot, count) in enumerate(zip(slots, samples, strict=True)):
        assert slot.start == at
        at += slot.frames
        assert slot.sound_start >= sample_at(slot.start, fps)
        assert slot.sound_start + count <= sample_at(at, fps) + 1
        assert slot.fade_in % 2 == 0
        after = slots[i + 1].fade_in if i + 1 < len(slots) else 0
        assert slot.frames - slot.fade_in // 2 - after // 2 >= 1, "every scene has a body"
    assert slots[0].fade_in == 0
    end = sample_at(at, fps)
    assert slots[-1].sound_start + samples[-1] <= end
    assert abs(Fraction(end, 48_000) - Fraction(at, fps)) <= Fraction(1, 96_000)


@given(st.integers(0, 60 * 3600), st.integers(5, 60))
def test_sound_and_picture_never_part(frame: int, fps: int) -> None:
    assert abs(Fraction(sample_at(frame, fps), 48_000) - Fraction(frame, fps)) <= Fraction(
        1, 96_000
    )


def test_an_hour_ends_within_one_sample_of_its_picture() -> None:
    slots = lay_out([7 * 48_000 + 1234] * 470, 29, None)
    frames = slots[-1].start + slots[-1].frames
    assert abs(sample_at(frames, 29) / 48_000 - frames / 29) < 1 / 48_000
    assert 3500 < frames / 29 < 4000


@given(
    number=st.integers(1, 50),
    picture=st.tuples(st.integers(100, 5000), st.integers(100, 5000)),
    frame=st.sampled_from([(1280, 720), (720, 1280), (720, 720)]),
    seconds=st.floats(0.1, 600),
    moving=st.booleans(),
)
def test_windows_stay_inside_the_picture_and_keep_the_frames_shape(
    number: int,
    picture: tuple[int, int],
    frame: tuple[int, int],
    seconds: float,
    moving: bool,
) -> None:
    how = motion(number, picture, frame, seconds, moving=moving)
    for x0, y0, x1, y1 in (how.start, how.end):
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
        shape = (x1 - x0) * picture[0] / ((y1 - y0) * picture[1])
        assert shape == pytest.approx(frame[0] / frame[1], rel=1e-3)
    assert (how.start == how.end) == (not moving)


def test_chapters_begin_at_zero_and_none_is_shorter_than_a_second() -> None:
    scenes = script(["a"] * 6).scenes
    slots = lay_out([48_000, 100, 100, 48_000, 48_000, 100], 30, 0.0)
    found = chapters(scenes, slots, 30)
    assert found[0].start == 0
    assert found[-1].end == slots[-1].start + slots[-1].frames
    for one, following in itertools.pairwise(found):
        assert one.end == following.start
    assert all(chapter.end - chapter.start >= 30 for chapter in found)
    assert [c.title for c in found] == ["Scene 1", "Scene 2", "Scene 5"]
    assert chapters(script(["a"] * 6, every=99).scenes[1:], slots[1:], 30) == ()


async def composed(ctx: Desk, folder: Path, seconds: float = 1.2) -> Timeline:
    return await compose(
        ctx,
        script(TEXTS),
        [speech(folder, i, text, seconds, tone_hz=440) for i, text in enumerate(TEXTS, 1)],
        [picture(folder, i, (30 * i, 90, 120)) for i in range(1, 4)],
    )


async def test_the_narration_is_as_long_as_the_video_and_each_sound_at_its_place(
    tmp_path: Path,
) -> None:
    ctx = desk(tmp_path, fps=29)
    timeline = await composed(ctx, tmp_path / "in")
    with wave.open(timeline.narration, "rb") as mixed:
        assert mixed.getparams()[:3] == (1, 2, 48_000)
        assert mixed.getnframes() == timeline.narration_samples == sample_at(timeline.frames, 29)
        data = mixed.readframes(mixed.getnframes())
    mixed_samples = struct.unpack(f"<{len(data) // 2}h", data)
    at = 0
    for clip in timeline.clips:
        assert not any(mixed_samples[at : clip.sound_start])
        with wave.open(clip.sound, "rb") as sound:
            assert data[
                2 * clip.sound_start : 2 * (clip.sound_start + clip.sound_samples)
            ] == sound.readframes(clip.sound_samples)
        at = clip.sound_start + clip.sound_samples
    assert not any(mixed_samples[at:])


async def test_captions_and_timeline_are_artifacts_named_for_the_title(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    timeline = await composed(ctx, tmp_path / "in")
    assert {name: type_ for name, (_, type_) in ctx.heard.artifacts.items()} == {
        "a-test-more.srt": "application/x-subrip",
        "a-test-more.vtt": "text/vtt",
        "a-test-more.otioz": "application/vnd.opentimelineio+zip",
    }
    assert timeline.captions == str(ctx.artifacts / "a-test-more.srt")
    assert sorted(p.name for p in ctx.artifacts.iterdir()) == sorted(ctx.heard.artifacts)
    assert ctx.heard.percents == sorted(ctx.heard.percents)
    assert ctx.heard.percents[-1] == 100


async def test_composing_again_reuses_the_mix_and_gives_the_same_timeline(tmp_path: Path) -> None:
    first = await composed(desk(tmp_path), tmp_path / "in")
    again = desk(tmp_path)
    assert await composed(again, tmp_path / "in") == first
    assert (again.reused, again.made) == (1, 0)


async def test_without_motion_pictures_stand_still(tmp_path: Path) -> None:
    ctx = desk(tmp_path, options=Options(motion=False))
    timeline = await composed(ctx, tmp_path / "in")
    assert all(clip.motion.start == clip.motion.end for clip in timeline.clips)


async def test_a_scene_without_its_sound_or_picture_is_an_error_that_names_it(
    tmp_path: Path,
) -> None:
    sounds = [speech(tmp_path, 1, "one", 1.0)]
    for missing in ("sound", "picture"):
        with pytest.raises(StageError, match=f"Scene 2 has no {missing}") as caught:
            await compose(
                desk(tmp_path),
                script(["one", "two"]),
                sounds if missing == "sound" else [*sounds, speech(tmp_path, 2, "two", 1.0)],
                [picture(tmp_path, 1, (0, 0, 0))],
            )
        assert caught.value.code is Code.COMPOSITION_FAILED


async def test_a_sound_of_another_length_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    sound = speech(tmp_path, 1, "one", 1.0)
    Path(sound.path).write_bytes(Path(sound.path).read_bytes()[:-2000])
    with pytest.raises(StageError) as caught:
        await compose(ctx, script(["one"]), [sound], [picture(tmp_path, 1, (0, 0, 0))])
    assert caught.value.code is Code.COMPOSITION_FAILED
    assert [p for p in (tmp_path / "pieces").rglob("*") if p.is_file()] == []
    assert list(ctx.artifacts.iterdir()) == []


async def test_a_paused_job_mixes_nothing_until_it_goes_on(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    ctx.children.pause()
    task = asyncio.create_task(composed(ctx, tmp_path / "in"))
    done, _ = await asyncio.wait([task], timeout=0.3)
    assert not done
    assert not ctx.heard.artifacts
    ctx.children.resume()
    await task


def test_code_and_tables_stay_long_enough_to_be_read() -> None:
    code = CodeCard(title="t", code="one\ntwo\nthree")
    table = TableCard(title="t", header=("a", "b"), rows=(("1", "2"),) * 4)
    least = [reading_s(card) for card in (TitleCard(title="t"), code, table)]
    assert least[0] == 0
    assert 3 <= least[1] <= least[2] <= 9
    half_a_second = [SAMPLE_RATE // 2] * 3
    slots = lay_out(half_a_second, 30, None, least)
    assert slots[0].frames == lay_out(half_a_second, 30, None)[0].frames
    assert [slot.frames for slot in slots[1:]] == [round(s * 30) for s in least[1:]]
    long = lay_out([SAMPLE_RATE * 60] * 3, 30, None, least)
    assert long == lay_out([SAMPLE_RATE * 60] * 3, 30, None)
