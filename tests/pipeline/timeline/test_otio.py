"""The OpenTimelineIO bundle, read back with the format's own library."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import opentimelineio as otio
import pytest

from aura_tui.errors import Code, StageError
from aura_tui.pipeline.stages.compose import compose
from aura_tui.pipeline.timeline.otio import write_bundle
from tests.pipeline.stage import desk, picture, script, speech

if TYPE_CHECKING:
    from aura_tui.model.timeline import Timeline

TEXTS = ("One is first.", "Two follows.", "Three ends.")


async def composed(home: Path, media: Path) -> tuple[Timeline, Path]:
    """A timeline, and its bundle."""
    ctx = desk(home, fps=25)
    timeline = await compose(
        ctx,
        script(TEXTS),
        [speech(media, i, t, 1.3) for i, t in enumerate(TEXTS, 1)],
        [picture(media, i, (9, 9, 9)) for i in (1, 2, 3)],
    )
    return timeline, ctx.artifacts / "a-test-more.otioz"


async def test_the_library_reads_tracks_transitions_and_markers(tmp_path: Path) -> None:
    timeline, path = await composed(tmp_path / "home", tmp_path / "in put")
    read = otio.adapters.read_from_file(str(path))
    assert read.name == timeline.title
    assert [m.name for m in read.tracks.markers] == [c.title for c in timeline.chapters]
    (pictures,) = read.video_tracks()
    (narration,) = read.audio_tracks()
    clips = list(pictures.find_clips())
    assert [c.source_range.duration.value for c in clips] == [c.frames for c in timeline.clips]
    assert pictures.duration() == otio.opentime.RationalTime(timeline.frames, 25)
    assert narration.duration().to_seconds() * 25 == timeline.frames
    transitions = [c for c in pictures if isinstance(c, otio.schema.Transition)]
    assert [t.in_offset.value + t.out_offset.value for t in transitions] == [
        c.fade_in for c in timeline.clips[1:]
    ]
    for clip, mine in zip(clips, timeline.clips, strict=True):
        place = clip.range_in_parent()
        assert place.start_time.value == mine.start
        used, there = clip.source_range, clip.media_reference.available_range
        assert used.start_time >= there.start_time
        assert used.end_time_exclusive() <= there.end_time_exclusive()
    for clip, mine in zip(narration.find_clips(), timeline.clips, strict=True):
        assert clip.range_in_parent().start_time.value == mine.sound_start


async def test_a_bundle_opens_elsewhere_when_all_it_was_made_of_has_gone(tmp_path: Path) -> None:
    timeline, made = await composed(tmp_path / "home", tmp_path / "in")
    bytes_of = {
        f"media/scene-{clip.scene:03d}{Path(source).suffix}": Path(source).read_bytes()
        for clip in timeline.clips
        for source in (clip.picture, clip.sound)
    }
    path = made.rename(tmp_path / "elsewhere.otioz")
    for folder in ("home", "in"):
        shutil.rmtree(tmp_path / folder)
    (tmp_path / "opened").mkdir()
    read = otio.adapters.read_from_file(str(path), extract_to_directory=str(tmp_path / "opened"))
    urls = [clip.media_reference.target_url for clip in read.find_clips()]
    assert sorted(urls) == sorted(bytes_of)
    for url in urls:
        assert (tmp_path / "opened" / url).read_bytes() == bytes_of[url]


async def test_a_bundle_is_the_same_bytes_wherever_it_is_made(tmp_path: Path) -> None:
    (_, one), (_, two) = [await composed(tmp_path / n / "home", tmp_path / n) for n in "ab"]
    assert one.read_bytes() == two.read_bytes()
    assert str(tmp_path).encode() not in one.read_bytes()
    with zipfile.ZipFile(one) as bundle:
        assert bundle.testzip() is None
        assert {entry.date_time for entry in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}


async def test_a_bundle_that_cannot_be_whole_is_not_there(tmp_path: Path) -> None:
    timeline, path = await composed(tmp_path / "home", tmp_path / "in")
    path.unlink()
    before = sorted(path.parent.iterdir())
    Path(timeline.clips[-1].picture).unlink()
    with pytest.raises(StageError) as caught:
        write_bundle(timeline, path)
    assert caught.value.code is Code.FILE_UNUSABLE
    assert sorted(path.parent.iterdir()) == before
