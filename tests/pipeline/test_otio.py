"""The OpenTimelineIO file, read back with the format's own library."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlparse

import opentimelineio as otio

from aura_tui.pipeline.compose import compose
from aura_tui.pipeline.otio import media_url
from tests.pipeline.stage import desk, picture, script, speech


async def test_the_library_reads_tracks_transitions_and_markers(tmp_path: Path) -> None:
    ctx = desk(tmp_path / "home", fps=25)
    texts = ("One is first.", "Two follows.", "Three ends.")
    timeline = await compose(
        ctx,
        script(texts),
        [speech(tmp_path / "in put", i, t, 1.3) for i, t in enumerate(texts, 1)],
        [picture(tmp_path / "in put", i, (9, 9, 9)) for i in (1, 2, 3)],
    )
    read = otio.adapters.read_from_file(str(ctx.artifacts / "a-test-more.otio"))
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
        assert Path(unquote(urlparse(clip.media_reference.target_url).path)).is_file()
    for clip, mine in zip(narration.find_clips(), timeline.clips, strict=True):
        assert clip.range_in_parent().start_time.value == mine.sound_start


def test_media_below_the_folder_is_relative_and_all_else_a_file_url(tmp_path: Path) -> None:
    assert media_url(tmp_path / "a" / "ä b.png", tmp_path) == "a/%C3%A4%20b.png"
    assert media_url(Path("/x/y z.png"), tmp_path) == "file:///x/y%20z.png"
