"""Composition: combines script, speech and pictures into a timeline with captions and narration."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, StageError
from aura_tui.model.eta import clock
from aura_tui.model.events import Metrics
from aura_tui.model.request import frame_size
from aura_tui.model.script import SAMPLE_RATE, reading_s
from aura_tui.model.text.plural import counted
from aura_tui.model.text.slug import slug
from aura_tui.model.timeline import Clip, Timeline, sample_at
from aura_tui.pipeline.artifact_files import save
from aura_tui.pipeline.cache import file_sha256
from aura_tui.pipeline.context import storage_error
from aura_tui.pipeline.timeline.captions import cues, line_width
from aura_tui.pipeline.timeline.narration_mix import mix
from aura_tui.pipeline.timeline.otio import BUNDLE_TYPE, write_bundle
from aura_tui.pipeline.timeline.schedule import chapters, lay_out, motion
from aura_tui.pipeline.timeline.subtitle_files import srt, vtt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import Picture, Script, Speech
    from aura_tui.model.timeline import Cue
    from aura_tui.pipeline.context import StageContext


async def compose(
    ctx: StageContext, script: Script, speeches: Sequence[Speech], pictures: Sequence[Picture]
) -> Timeline:
    """Compose the timeline of ``script``; ``<slug>.srt``, ``.vtt`` and ``.otioz`` become artifacts.

    Raises StageError (``COMPOSITION_FAILED``) if a scene has no sound or picture.
    """
    ctx.report.progress(0, "Laying out the scenes", total=len(script.scenes))
    # In a thread: breaking an hour of words into caption lines would block the event loop.
    plan = await asyncio.to_thread(_plan, ctx, script, speeches, pictures)
    ctx.report.progress(20, "Mixing the narration", total=len(plan.clips))
    narration = await _narrate(ctx, plan)
    name = slug(plan.title)
    timeline = msgspec.structs.replace(
        plan, narration=str(narration), captions=str(ctx.artifacts / f"{name}.srt")
    )
    ctx.log(_summary(ctx, timeline))
    ctx.report.progress(90, "Writing captions and timeline")
    await ctx.children.gate()
    for suffix, type_, text in (
        ("srt", "application/x-subrip", srt(timeline.cues)),
        ("vtt", "text/vtt", vtt(timeline.cues, timeline.language)),
    ):
        path = ctx.artifacts / f"{name}.{suffix}"
        await asyncio.to_thread(save, path, text.encode())
        ctx.report.artifact(path.name, path, type_)
    bundle = ctx.artifacts / f"{name}.otioz"
    await asyncio.to_thread(write_bundle, timeline, bundle)
    ctx.report.artifact(bundle.name, bundle, BUNDLE_TYPE)
    ctx.report.progress(100, "Composed", metrics=Metrics(reused=ctx.reused, made=ctx.made))
    return timeline


def _summary(ctx: StageContext, timeline: Timeline) -> str:
    return (
        f"Timeline of {clock(timeline.duration_s)}: {counted(len(timeline.clips), 'scene')}, "
        f"{counted(len(timeline.chapters), 'chapter')}, {counted(len(timeline.cues), 'caption')}; "
        f"narration at {ctx.settings.speech.loudness_lufs:g} LUFS"
        f"{', reused' if ctx.reused else ''}"
    )


def _plan(
    ctx: StageContext, script: Script, speeches: Sequence[Speech], pictures: Sequence[Picture]
) -> Timeline:
    request = ctx.request
    fps = request.render_spec.fps
    frame = frame_size(request.render_spec.res, request.brief.aspect)
    spoken = {speech.scene: speech for speech in speeches}
    drawn = {picture.scene: picture for picture in pictures}
    for scene in script.scenes:
        for media, scenes in (("sound", spoken), ("picture", drawn)):
            if scene.number not in scenes:
                raise StageError(
                    Code.COMPOSITION_FAILED,
                    f"Scene {scene.number} has no {media}",
                    "Retry the job; finished work is reused.",
                )
    sounds = [spoken[scene.number] for scene in script.scenes]
    min_s = [reading_s(scene.card) for scene in script.scenes]
    slots = lay_out([s.samples for s in sounds], fps, request.voice_spec.pause, min_s)
    clips = tuple(
        Clip(
            scene=scene.number,
            title=scene.title,
            picture=drawn[scene.number].path,
            start=slot.start,
            frames=slot.frames,
            fade_in=slot.fade_in,
            motion=motion(
                scene.number,
                (drawn[scene.number].width, drawn[scene.number].height),
                frame,
                slot.frames / fps,
                moving=request.options.motion,
            ),
            sound=sound.path,
            sound_start=slot.sound_start,
            sound_samples=sound.samples,
        )
        for scene, sound, slot in zip(script.scenes, sounds, slots, strict=True)
    )
    frames = slots[-1].start + slots[-1].frames
    return Timeline(
        title=script.title,
        language=script.language,
        width=frame[0],
        height=frame[1],
        fps=fps,
        frames=frames,
        clips=clips,
        cues=_cues(clips, sounds, fps, frame, script.language),
        chapters=chapters(script.scenes, slots, fps),
        captions="",
        narration="",
        narration_samples=sample_at(frames, fps),
    )


def _cues(
    clips: Sequence[Clip], sounds: Sequence[Speech], fps: int, frame: tuple[int, int], language: str
) -> tuple[Cue, ...]:
    starts = (clip.sound_start / SAMPLE_RATE for clip in clips)
    ends = ((clip.start + clip.frames) / fps for clip in clips)
    scenes = zip((sound.words for sound in sounds), starts, ends, strict=True)
    return cues(scenes, line_width(*frame), language)


async def _narrate(ctx: StageContext, plan: Timeline) -> Path:
    placed = [(clip.sound, clip.sound_start, clip.sound_samples) for clip in plan.clips]
    hashes: list[str] = []
    for number, (sound, _, _) in enumerate(placed, 1):
        try:
            hashes.append(await asyncio.to_thread(file_sha256, Path(sound)))
        except OSError as e:
            raise storage_error(e) from e
        ctx.report.progress(20 + 20 * number / len(placed), "Reading the narration")

    def on_sound(count: int) -> None:
        ctx.report.progress(
            40 + 50 * count / len(placed), "Mixing the narration", item=count, total=len(placed)
        )

    async def build(part: Path) -> int:
        await mix(placed, plan.narration_samples, part, ctx.children, on_sound)
        return plan.narration_samples

    key = ctx.key(
        "narration",
        plan.narration_samples,
        [(sha, *place[1:]) for sha, place in zip(hashes, placed, strict=True)],
    )
    piece = await ctx.piece(key, "narration", int, build, ".wav")
    assert piece.path is not None
    return piece.path
