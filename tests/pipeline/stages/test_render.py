"""Rendering, for real: every frame there, sound and picture together, pieces reused, nothing left
behind by a cancel, a kill or a failure."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from PIL import Image, ImageDraw

from aura_tui.errors import Code, StageError
from aura_tui.model.request import Options, RenderSpec
from aura_tui.model.script import Speech, Word
from aura_tui.pipeline.encoding.pool import LISTENER, open_worker
from aura_tui.pipeline.encoding.segments import segments
from aura_tui.pipeline.stages.compose import compose
from aura_tui.pipeline.stages.render import render, salvage
from aura_tui.pipeline.timeline.narration_mix import header
from aura_tui.providers.ffmpeg import locate
from aura_tui.providers.ffmpeg.failure import failure, tail
from aura_tui.settings import EngineSettings, RenderSettings, Settings
from aura_tui.system import crash_report
from aura_tui.system.processes import ProcessGroup
from tests.killing import HOW, kill, named, quick, told
from tests.pipeline import watch
from tests.pipeline.stage import desk, picture, script, speech, wav
from tests.waiting import alive, stopped, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.errors import AuraError
    from aura_tui.model.timeline import Timeline
    from tests.pipeline.stage import Desk

TEXTS = ("One is the first scene, with a caption.", "Two comes after it.", "And three ends it.")
COLOURS = ((200, 40, 40), (40, 160, 90), (50, 70, 220))


@pytest.fixture
async def ffmpeg(tmp_path: Path) -> str:
    return (await locate(Settings(home=tmp_path), ProcessGroup())).path


async def composed(
    ctx: Desk,
    folder: Path,
    seconds: float = 1.0,
    colours: Sequence[tuple[int, int, int]] = COLOURS,
    texts: Sequence[str] = TEXTS,
) -> Timeline:
    return await compose(
        ctx,
        script(texts, title="Three = scenes; #1 & \u201cmore\u201d"),
        [speech(folder, i, t, seconds, tone_hz=330) for i, t in enumerate(texts, 1)],
        [picture(folder, i, colour) for i, colour in enumerate(colours, 1)],
    )


def leftovers(home: Path) -> list[Path]:
    return [p for p in home.rglob("*") if re.search(r"\.part(\.|$)", p.name)]


def group_members(pgid: int) -> list[int]:
    """Live processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == pgid and fields[0] not in "ZX":
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("fps", [30, 29])
async def test_the_video_is_whole_and_says_what_it_is(
    tmp_path: Path, ffmpeg: str, fps: int
) -> None:
    ctx = desk(tmp_path, fps=fps)
    timeline = await composed(ctx, tmp_path / "in")
    done = await render(ctx, timeline)
    video = Path(done.video)
    assert video == ctx.artifacts / "three-scenes-1-more.mp4"
    seen = watch.look(ffmpeg, video, fps)
    assert seen.frames == timeline.frames == done.frames
    assert seen.pts == pytest.approx(list(range(timeline.frames)), abs=1e-6)
    assert seen.steps == pytest.approx([1] * (timeline.frames - 1), abs=1e-6)
    assert seen.warnings == ""
    assert done.size_bytes == video.stat().st_size
    order = watch.boxes(video)
    assert order.index("moov") < order.index("mdat")
    for words in ("h264 (High)", "yuv420p(tv, bt709", f"{fps} fps", "aac (LC)", "48000 Hz", "mono"):
        assert words in seen.about
    for stream in ("Audio: aac", "Subtitle: mov_text"):
        assert re.search(rf"\(eng\): {stream}", seen.about), "each names its language"
    told = watch.metadata(ffmpeg, video)
    assert "title=Three \\= scenes\\; \\#1 & \u201cmore\u201d" in told
    assert [line for line in told.splitlines() if line.startswith("title=Scene")] == [
        "title=Scene 1",
        "title=Scene 2",
        "title=Scene 3",
    ]
    for cue in timeline.cues:
        assert cue.lines[0] in watch.subtitles(ffmpeg, video)
    samples = watch.sound(ffmpeg, video)
    assert abs(len(samples) / 48_000 - timeline.frames / fps) <= 1 / fps


async def test_poster_and_video_are_artifacts_and_progress_only_rises(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    timeline = await composed(ctx, tmp_path / "in")
    ctx = desk(tmp_path)
    done = await render(ctx, timeline)
    assert [(n, t) for n, (_, t) in ctx.heard.artifacts.items()] == [
        ("three-scenes-1-more.jpg", "image/jpeg"),
        ("three-scenes-1-more.mp4", "video/mp4"),
    ]
    with Image.open(done.poster) as poster:
        assert poster.size == (320, 180)
        assert poster.getpixel((160, 90)) == pytest.approx(COLOURS[0], abs=6)
    assert ctx.heard.percents == sorted(ctx.heard.percents)
    assert ctx.heard.percents[-1] == 100
    last = ctx.heard.metrics[-1]
    assert last.provider == "libx264"
    assert last.size_bytes == last.projected_bytes == done.size_bytes
    assert last.playable_seconds == pytest.approx(timeline.duration_s)
    assert any(m.fps and m.speed for m in ctx.heard.metrics)
    told = [item for item in ctx.heard.items if item[1] is not None]
    assert {n for _, _, active in told for n in active} <= {1, 2, 3}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told if done is not None)
    assert leftovers(tmp_path) == []
    log = ctx.ffmpeg_log.read_text()
    assert log.count("exit code:    0") == 7, "five segments, the sound, the join"
    assert "encoding the crossfade into scene 2" in log


async def test_sound_and_picture_meet_at_the_start_and_at_the_end(
    tmp_path: Path, ffmpeg: str
) -> None:
    """A white flash and a click at one moment, in the first second and in the last one."""
    ctx = desk(tmp_path, fps=25, options=Options(motion=False))
    texts = ["a", "flash", "b", "flash", "c"]
    colours = [(0, 0, 0), (255, 255, 255)] * 2 + [(0, 0, 0)]
    timeline = await composed(ctx, tmp_path / "in", 4.0, colours, texts)
    # Hard cuts, and one frame a flash; the click is in the narration at that very frame.
    total, flashes = timeline.frames, (20, timeline.frames - 20)
    starts = (0, flashes[0], flashes[0] + 1, flashes[1], flashes[1] + 1, total)
    clips = tuple(
        msgspec.structs.replace(clip, start=a, frames=b - a, fade_in=0)
        for clip, a, b in zip(timeline.clips, starts, starts[1:], strict=False)
    )
    clicks = [frame * 48_000 // 25 for frame in flashes]
    narration = wav(tmp_path / "clicks.wav", timeline.narration_samples, clicks)
    done = await render(
        ctx, msgspec.structs.replace(timeline, clips=clips, narration=str(narration))
    )
    seen = watch.look(ffmpeg, Path(done.video), 25)
    assert seen.steps == pytest.approx([1] * (total - 1), abs=1e-6)
    light = watch.luma(ffmpeg, Path(done.video))
    assert len(light) == total
    assert [n for n, value in enumerate(light) if value > 128] == list(flashes)
    samples = watch.sound(ffmpeg, Path(done.video))
    for frame, click in zip(flashes, clicks, strict=True):
        near = range(click - 4800, min(len(samples), click + 4800))
        heard = next(i for i in near if abs(samples[i]) > 8000)
        assert abs(heard - click) < 48 * 3, f"{(heard - click) / 48:.2f} ms at frame {frame}"


async def test_colours_come_out_as_they_went_in(tmp_path: Path, ffmpeg: str) -> None:
    ctx = desk(tmp_path)
    timeline = await composed(ctx, tmp_path / "in")
    done = await render(ctx, timeline)
    for clip, colour in zip(timeline.clips, COLOURS, strict=True):
        middle = clip.start + clip.frames // 2
        assert watch.rgb(ffmpeg, Path(done.video), middle, 160, 40) == pytest.approx(colour, abs=3)


async def test_a_crossfade_blends_evenly(tmp_path: Path, ffmpeg: str) -> None:
    ctx = desk(tmp_path)
    colours = [(0, 0, 0), (255, 255, 255)]
    timeline = await composed(ctx, tmp_path / "in", 1.0, colours, TEXTS[:2])
    done = await render(ctx, timeline)
    light = watch.luma(ffmpeg, Path(done.video))
    cut, half = timeline.clips[1].start, timeline.clips[1].fade_in // 2
    ramp = light[cut - half - 1 : cut + half + 1]
    steps = [b - a for a, b in itertools.pairwise(ramp)]
    assert light[cut - half - 1] < 3
    assert light[cut + half] > 252
    assert min(steps) > 0.6 * 255 / len(steps)
    assert max(steps) < 1.5 * 255 / len(steps)


async def test_a_second_render_encodes_nothing_and_gives_the_same_file(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    timeline = await composed(ctx, tmp_path / "in")
    first = Path((await render(ctx, timeline)).video).read_bytes()
    again = desk(tmp_path)
    done = await render(again, timeline)
    assert (again.made, again.reused) == (0, 6)
    assert Path(done.video).read_bytes() == first


async def test_a_changed_scene_costs_its_body_and_its_two_crossfades(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    timeline = await composed(ctx, tmp_path / "in")
    await render(ctx, timeline)
    picture(tmp_path / "in", 2, (9, 9, 9))
    again = desk(tmp_path)
    await render(again, timeline)
    assert (again.made, again.reused) == (3, 3)


async def test_burned_captions_are_seen_only_while_they_are_said(
    tmp_path: Path, ffmpeg: str
) -> None:
    ctx = desk(tmp_path, options=Options(burn_captions=True, motion=False))
    timeline = await composed(ctx, tmp_path / "in")
    done = await render(ctx, timeline)
    cue = timeline.cues[0]
    before, during = round(cue.start_s * 30) - 2, round((cue.start_s + cue.end_s) / 2 * 30)
    assert watch.rgb(ffmpeg, Path(done.video), before, 160, 162) == pytest.approx(COLOURS[0], abs=3)
    row = [watch.rgb(ffmpeg, Path(done.video), during, x, 160) for x in range(130, 190, 6)]
    assert any(max(abs(a - b) for a, b in zip(p, COLOURS[0], strict=True)) > 60 for p in row)
    assert "mov_text" not in watch.look(ffmpeg, Path(done.video), 30).about, "shown once"
    plain = desk(tmp_path)
    await render(plain, timeline)
    assert plain.made > 0, "burned and plain segments are not taken for each other"


async def test_long_chapters_keep_their_track_and_the_captions(tmp_path: Path, ffmpeg: str) -> None:
    ctx = desk(tmp_path, res="128x128", fps=7, options=Options(motion=False))
    sounds = []
    for scene in (1, 2):
        path = tmp_path / f"{scene}.wav"
        path.write_bytes(header(100 * 48_000) + bytes(200 * 48_000))
        words = tuple(Word("word", float(s), s + 0.5) for s in range(99))
        sounds.append(Speech(scene=scene, path=str(path), samples=100 * 48_000, words=words))
    pictures = [picture(tmp_path, scene, (60, 60, 60), (144, 144)) for scene in (1, 2)]
    timeline = await compose(ctx, script(["word", "word"], title="Long"), sounds, pictures)
    seen = watch.look(ffmpeg, Path((await render(ctx, timeline)).video), 7)
    assert seen.frames == timeline.frames
    assert seen.steps == pytest.approx([1] * (timeline.frames - 1), abs=1e-6)
    assert seen.warnings == ""
    for track in ("Subtitle: mov_text", "Data: bin_data"):
        assert track in seen.about


@pytest.mark.parametrize(
    "spec",
    [
        RenderSpec(res="180x320", quality_level=80),
        RenderSpec(res="256x256", video_bitrate_k=200, audio_bitrate_k=64),
    ],
)
async def test_other_shapes_and_qualities_are_whole_too(
    tmp_path: Path, ffmpeg: str, spec: RenderSpec
) -> None:
    ctx = desk(tmp_path, spec=spec)
    timeline = await composed(ctx, tmp_path / "in", 0.4)
    seen = watch.look(ffmpeg, Path((await render(ctx, timeline)).video), 30)
    assert (seen.frames, seen.warnings) == (timeline.frames, "")
    assert f"{timeline.width}x{timeline.height}" in seen.about


async def slow(home: Path, folder: Path) -> tuple[Desk, Timeline]:
    """A render that takes some seconds: much to draw, a slow preset."""
    render_settings = RenderSettings(lanes=2, preset="medium")
    timeline = await composed(desk(home, res="480x270", render=render_settings), folder, 2.0)
    for clip in timeline.clips:
        image = Image.effect_noise((528, 298), 60).convert("RGB")
        ImageDraw.Draw(image).text((9, 9), clip.title)
        image.save(clip.picture)
    return desk(home, res="480x270", render=render_settings), timeline


async def test_an_encoder_s_messages_are_read_on_though_their_reader_died(
    tmp_path: Path, ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch, tmp_path)
    mishaps: list[AuraError] = []
    found = await locate(Settings(home=tmp_path), ProcessGroup())
    with crash_report.telling(mishaps.append):
        async with open_worker(desk(tmp_path, res="480x270"), found):
            for how in HOW:
                await kill(LISTENER, how)
                assert told(mishaps, LISTENER, how)
            await until(lambda: named(LISTENER))
    assert not named(LISTENER)


async def test_a_cancel_leaves_no_process_and_no_part_and_what_is_done_plays(
    tmp_path: Path, ffmpeg: str
) -> None:
    ctx, timeline = await slow(tmp_path, tmp_path / "in")
    task = asyncio.create_task(render(ctx, timeline))
    await until(lambda: ctx.made >= 3)  # the sound, and a segment of each lane or two of one
    pids = [pid for leader in ctx.children.pids for pid in group_members(leader)]
    assert pids
    loop = asyncio.get_running_loop()
    began = loop.time()
    task.cancel()
    await ctx.children.kill()
    await until(lambda: not any(alive(pid) for pid in pids))
    assert loop.time() - began < 0.5
    with pytest.raises(asyncio.CancelledError):
        await task
    assert leftovers(tmp_path) == []
    assert not (ctx.artifacts / "three-scenes-1-more.mp4").exists()

    after = desk(tmp_path, res="480x270", render=ctx.settings.render)
    began = loop.time()
    partial = await salvage(after, timeline)
    assert loop.time() - began < 2
    work = segments(timeline, burn=False)
    prefixes = [sum(s.frames for s in work[:n]) for n in range(1, len(work))]
    promised = ctx.heard.metrics[-1].playable_seconds or 0.0
    assert partial is not None or not promised
    if partial is not None:
        seen = watch.look(ffmpeg, Path(partial.video), 30)
        assert (partial.frames, partial.duration_s) == (seen.frames, seen.frames / 30)
        assert seen.warnings == ""
        assert seen.frames in prefixes
        assert seen.frames >= round(promised * 30)
        assert abs(len(watch.sound(ffmpeg, Path(partial.video))) / 48_000 - seen.frames / 30) < 0.06
    assert leftovers(tmp_path) == []


async def test_salvage_of_a_beginning_plays_with_sound_captions_and_chapters_cut_to_it(
    tmp_path: Path, ffmpeg: str
) -> None:
    ctx = desk(tmp_path)
    timeline = await composed(ctx, tmp_path / "in")
    await render(ctx, timeline)
    picture(tmp_path / "in", 3, (1, 2, 3))  # its body and the crossfade into it are now missing
    after = desk(tmp_path)
    made = await salvage(after, timeline)
    assert made is not None
    partial = Path(made.video)
    assert partial == after.artifacts / "three-scenes-1-more.partial.mp4"
    assert list(after.heard.artifacts) == [partial.name]
    seen = watch.look(ffmpeg, partial, 30)
    third = timeline.clips[2]
    assert seen.frames == made.frames == third.start - third.fade_in // 2
    assert seen.warnings == ""
    assert abs(len(watch.sound(ffmpeg, partial)) / 48_000 - seen.frames / 30) < 0.06
    assert "Scene 3" not in watch.metadata(ffmpeg, partial)
    assert TEXTS[1] in watch.subtitles(ffmpeg, partial)
    picture(tmp_path / "in", 1, (1, 2, 3))
    assert await salvage(desk(tmp_path), timeline) is None


async def test_a_killed_lane_fails_the_stage_and_a_retry_encodes_only_what_is_missing(
    tmp_path: Path, ffmpeg: str
) -> None:
    ctx, timeline = await slow(tmp_path, tmp_path / "in")
    task = asyncio.create_task(render(ctx, timeline))
    await until(lambda: ctx.made >= 2)
    leaders = ctx.children.pids
    everyone = [pid for leader in leaders for pid in group_members(leader)]
    os.kill(leaders[0], signal.SIGKILL)  # the lane alone: the kernel ends its FFmpeg
    with pytest.raises(StageError) as caught:
        await task
    assert caught.value.code is Code.OUT_OF_MEMORY
    assert "encoding" in caught.value.message
    await until(lambda: not any(alive(pid) for pid in everyone))
    assert leftovers(tmp_path) == []
    kept = ctx.made
    again = desk(tmp_path, res="480x270", render=ctx.settings.render)
    done = await render(again, timeline)
    assert (again.reused, again.made) == (kept, 6 - kept)
    assert watch.look(ffmpeg, Path(done.video), 30).frames == timeline.frames


async def test_a_lane_that_crashed_is_not_told_as_memory(tmp_path: Path) -> None:
    ctx, timeline = await slow(tmp_path, tmp_path / "in")
    task = asyncio.create_task(render(ctx, timeline))
    await until(lambda: ctx.made >= 1)
    os.kill(ctx.children.pids[0], signal.SIGSEGV)
    with pytest.raises(
        StageError, match=r"An encoder stopped .*: it was killed by SIGSEGV"
    ) as caught:
        await task
    assert caught.value.code is Code.RENDER_FAILED


async def test_an_ffmpeg_killed_in_its_lane_is_told_as_memory(tmp_path: Path) -> None:
    ctx, timeline = await slow(tmp_path, tmp_path / "in")
    task = asyncio.create_task(render(ctx, timeline))

    def encoders() -> list[int]:
        return [p for leader in ctx.children.pids for p in group_members(leader) if p != leader]

    await until(encoders)
    os.kill(encoders()[0], signal.SIGKILL)
    with pytest.raises(StageError) as caught:
        await task
    assert caught.value.code is Code.OUT_OF_MEMORY
    assert ctx.children.pids == ()


async def test_a_pause_stops_every_process_and_the_render_goes_on_after_it(
    tmp_path: Path, ffmpeg: str
) -> None:
    ctx, timeline = await slow(tmp_path, tmp_path / "in")
    task = asyncio.create_task(render(ctx, timeline))
    await until(lambda: any(percent > 5 for percent in ctx.heard.percents))
    ctx.children.pause()
    pids = [pid for leader in ctx.children.pids for pid in group_members(leader)]
    assert pids
    await until(lambda: all(stopped(pid) for pid in pids))
    ctx.children.resume()
    done = await task
    assert watch.look(ffmpeg, Path(done.video), 30).frames == timeline.frames


async def test_a_broken_picture_fails_with_its_scene(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    timeline = await composed(ctx, tmp_path / "in")
    broken = Path(timeline.clips[1].picture)
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(StageError, match="Can't read the picture of scene 2") as caught:
        await render(ctx, timeline)
    assert caught.value.code is Code.RENDER_FAILED
    assert ctx.children.pids == ()
    assert leftovers(tmp_path) == []


async def test_too_little_space_is_said_before_the_work(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    timeline = await composed(ctx, tmp_path / "in")
    huge = EngineSettings(min_free_mb=1_000_000_000)
    ctx.settings = msgspec.structs.replace(ctx.settings, engine=huge)
    with pytest.raises(StageError) as caught:
        await render(ctx, timeline)
    assert caught.value.code is Code.DISK_FULL
    assert "MB" in caught.value.message


async def test_a_disk_that_fills_up_fails_clearly(tmp_path: Path, ffmpeg: str) -> None:
    """/dev/full is a real device that is always full."""
    endless = ["-f", "lavfi", "-i", "testsrc=d=9:s=640x360", "-f", "rawvideo", "/dev/full"]
    done = subprocess.run([ffmpeg, "-v", "error", "-y", *endless], capture_output=True, check=False)
    assert failure("a test", done.returncode, tail(done.stderr)).code is Code.DISK_FULL
