"""How fast Rendering is, against the least that its encode can take. Run by hand:

    python tests/benchmarks/render.py [--runs 3] [--moviepy]

60 s, 1280x720, 30 fps, 8 scenes with motion and crossfades, x264 veryfast CRF 23. The limit is
the same frames, already drawn into a raw file, through two one-thread x264 processes without
sound. Both run in turn, so that a noisy machine is as noisy to each.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from PIL import Image, ImageDraw, ImageFont

from aura_tui.model.script import SAMPLE_RATE
from aura_tui.model.timeline import Chapter, Clip, Cue, Timeline, sample_at
from aura_tui.pipeline.artifact_files import save
from aura_tui.pipeline.encoding.frames import Painter
from aura_tui.pipeline.encoding.segments import segments
from aura_tui.pipeline.encoding.worker import frames
from aura_tui.pipeline.stages.render import render
from aura_tui.pipeline.timeline.narration_mix import header
from aura_tui.pipeline.timeline.schedule import motion
from aura_tui.pipeline.timeline.subtitle_files import srt
from aura_tui.providers.ffmpeg import FFmpeg, locate
from aura_tui.providers.visuals.fonts.files import FILES
from aura_tui.settings import RenderSettings, Settings
from aura_tui.system.processes import ProcessGroup
from tests.pipeline.stage import desk

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH, HEIGHT, FPS, SCENES, SCENE_FRAMES, FADE = 1280, 720, 30, 8, 225, 14
FRAMES = SCENES * SCENE_FRAMES
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1")


def card(number: int, path: Path) -> None:
    """A card such as a video has: a gradient, a title, bullets, a bar chart."""
    size = (1408, 792)
    top, bottom = (18, 22, 44), (52 + 12 * number, 34, 96)
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for y in range(size[1]):
        t = y / size[1]
        shade = tuple(round(a + (b - a) * t) for a, b in zip(top, bottom, strict=True))
        draw.line((0, y, size[0], y), fill=shade)
    file = FILES["inter"]

    def font(px: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(file, px)

    draw.text((120, 100), f"Scene {number}: what matters", font=font(64), fill=(245, 245, 250))
    for i in range(4):
        y = 240 + 84 * i
        draw.ellipse((124, y + 12, 140, y + 28), fill=(120, 200, 255))
        text = f"Point {i + 1} of scene {number}, as long as a line of a card is"
        draw.text((165, y), text, font=font(34), fill=(210, 214, 230))
    for i in range(6):
        tall = 40 + (i * 37 + number * 53) % 150
        draw.rounded_rectangle((140 + 90 * i, 740 - tall, 200 + 90 * i, 740), 8, (90, 140, 255))
    image.save(path)


def timeline(folder: Path) -> Timeline:
    """The video of the benchmark, its pictures and its sound."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = []
    for i in range(SCENES):
        path = folder / f"card{i + 1}.png"
        card(i + 1, path)
        how = motion(i + 1, (1408, 792), (WIDTH, HEIGHT), SCENE_FRAMES / FPS, moving=True)
        clips.append(
            Clip(
                scene=i + 1,
                title=f"Scene {i + 1}",
                picture=str(path),
                start=i * SCENE_FRAMES,
                frames=SCENE_FRAMES,
                fade_in=FADE if i else 0,
                motion=how,
                sound="",
                sound_start=sample_at(i * SCENE_FRAMES, FPS),
                sound_samples=0,
            )
        )
    samples = sample_at(FRAMES, FPS)
    noise = random.Random(1)
    block = bytes(
        noise.randrange(256) if i % 2 == 0 else noise.choice((0, 255, 1, 254))
        for i in range(SAMPLE_RATE * 2)
    )
    narration = folder / "narration.wav"
    narration.write_bytes(header(samples) + (block * (samples // SAMPLE_RATE + 1))[: samples * 2])
    cues = tuple(
        Cue(start_s=2.5 * i, end_s=2.5 * i + 2.4, lines=(f"Caption {i} of the video,", "two lines"))
        for i in range(int(FRAMES / FPS / 2.5))
    )
    captions = folder / "captions.srt"
    save(captions, srt(cues).encode())
    return Timeline(
        title="Benchmark",
        language="en",
        width=WIDTH,
        height=HEIGHT,
        fps=FPS,
        frames=FRAMES,
        clips=tuple(clips),
        cues=cues,
        chapters=tuple(
            Chapter(title=c.title, start=c.start, end=c.start + c.frames) for c in clips
        ),
        captions=str(captions),
        narration=str(narration),
        narration_samples=samples,
    )


def draw_raw(video: Timeline, path: Path) -> None:
    """Every frame of the video, as Rendering draws it, into one raw file."""
    painter = Painter(WIDTH, HEIGHT)
    with path.open("wb") as file:
        for segment in segments(video, burn=False):
            for frame in frames(segment, painter):
                file.writelines(plane.tobytes() for plane in frame)


def limit(ffmpeg: FFmpeg, raw: Path, folder: Path, frames: int = FRAMES) -> None:
    """The least: two processes, half of the frames each."""
    half = frames // 2
    offset = half * WIDTH * HEIGHT * 3 // 2
    running = [
        subprocess.Popen(
            [
                *(ffmpeg.path, "-v", "error", "-nostdin", "-y", "-f", "rawvideo"),
                *("-pix_fmt", "yuv420p", "-video_size", f"{WIDTH}x{HEIGHT}"),
                *("-framerate", str(FPS), "-skip_initial_bytes", str(offset * n), "-i", str(raw)),
                *("-frames:v", str(half), *X264, str(folder / f"limit{n}.mp4")),
            ]
        )
        for n in (0, 1)
    ]
    if any(process.wait() for process in running):
        raise SystemExit("the limit's encode failed")


def ours(video: Timeline, home: Path, burn: bool = False, lanes: int = 0) -> None:
    """Rendering, from a cold store."""
    shutil.rmtree(home, ignore_errors=True)
    ctx = desk(home, res=f"{WIDTH}x{HEIGHT}", fps=FPS, render=RenderSettings(lanes=lanes))
    if burn:
        import msgspec

        options = msgspec.structs.replace(ctx.request.options, burn_captions=True)
        ctx.request = msgspec.structs.replace(ctx.request, options=options)
    asyncio.run(render(ctx, video))


def moviepy(video: Timeline, folder: Path) -> None:
    """The same video through MoviePy 2, as its own documentation does it."""
    import importlib

    mp = importlib.import_module("moviepy")  # not a dependency: only where one has it

    fade = FADE / FPS
    clips = []
    for i, clip in enumerate(video.clips):
        length = clip.frames / FPS + fade
        still = (
            mp.ImageClip(clip.picture)
            .with_duration(length)
            .resized((WIDTH, HEIGHT))
            .resized(lambda t, length=length: 1 + 0.06 * t / length)
            .with_position("center")
            .with_start(max(0.0, clip.start / FPS - fade / 2))
        )
        clips.append(still.with_effects([mp.vfx.CrossFadeIn(fade)]) if i else still)
    whole = mp.CompositeVideoClip(clips, size=(WIDTH, HEIGHT)).with_duration(FRAMES / FPS)
    whole.with_audio(mp.AudioFileClip(video.narration)).write_videofile(
        str(folder / "moviepy.mp4"),
        fps=FPS,
        codec="libx264",
        preset="veryfast",
        ffmpeg_params=["-crf", "23"],
        logger=None,
    )


class Cost(NamedTuple):
    """Seconds that a piece of work took: by the clock, and of processors."""

    wall: float
    cpu: float


def timed(work: Callable[[], None]) -> Cost:
    """What ``work`` costs, its children's processor time included."""
    began, used = time.perf_counter(), _cpu()
    work()
    return Cost(time.perf_counter() - began, _cpu() - used)


def _cpu() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def show(name: str, costs: list[Cost]) -> None:
    """A row of the table."""
    walls = [cost.wall for cost in costs]
    middle = statistics.median(walls)
    cpu = statistics.median(cost.cpu for cost in costs)
    print(
        f"{name:<20} {middle:6.2f} s ({min(walls):.2f}-{max(walls):.2f})"
        f"   processors {cpu:6.2f} s   {FRAMES / middle:4.0f} fps"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--burn", action="store_true", help="draw captions into the frames")
    parser.add_argument("--lanes", type=int, default=0, help="0: one a core")
    parser.add_argument("--moviepy", action="store_true", help="MoviePy 2 as well, once")
    wish = parser.parse_args()
    fast = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory(dir=fast) as ram:
        folder = Path(name)
        video = timeline(folder / "in")
        ffmpeg = asyncio.run(locate(Settings(home=folder), ProcessGroup()))
        raw = Path(ram) / "frames.yuv"
        print(f"ffmpeg {ffmpeg.version} ({ffmpeg.source}); drawing once: ", end="", flush=True)
        print(f"{timed(lambda: draw_raw(video, raw)).wall:.1f} s")
        limits: list[Cost] = []
        renders: list[Cost] = []
        for _ in range(wish.runs):
            limits.append(timed(lambda: limit(ffmpeg, raw, folder)))
            renders.append(timed(lambda: ours(video, folder / "home", wish.burn, wish.lanes)))
            print(f"  limit {limits[-1].wall:.2f} s   render {renders[-1].wall:.2f} s", flush=True)
        show("limit (encode only)", limits)
        show("render", renders)
        ratios = [b.wall / a.wall for a, b in zip(limits, renders, strict=True)]
        print(f"ratio {statistics.median(ratios):.2f}  ({min(ratios):.2f}-{max(ratios):.2f})")
        if wish.moviepy:
            other = timed(lambda: moviepy(video, folder))
            show("MoviePy 2", [other])
            mine = statistics.median(cost.wall for cost in renders)
            print(f"faster by {other.wall / mine:.1f}x")


if __name__ == "__main__":
    main()
