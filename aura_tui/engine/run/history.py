"""What the ETA is based on: how much work a job likely has, and how fast earlier jobs were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.model import eta
from aura_tui.model.prior import likely_seconds, prior_seconds
from aura_tui.model.request import (
    LONGEST_FITTED_S,
    frame_size,
    parse_duration,
    reading_length_s,
)
from aura_tui.model.script import SAMPLE_RATE, reading_s
from aura_tui.model.stages import Stage
from aura_tui.model.status import StepStatus
from aura_tui.pipeline.timeline.schedule import lay_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aura_tui.model.job import Job
    from aura_tui.model.request import JobRequest
    from aura_tui.model.script import Script, Speech
    from aura_tui.settings import Settings

HISTORY_JOBS = 30  # only the newest: machines and settings change
_CHARS_A_SECOND = 15.0  # of narration; a wide (CJK) character counts as three
_WIDE = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")


def likely_work(request: JobRequest) -> eta.Work:
    """The job's work before its script is known: from the target length, or from the text."""
    width, height = frame_size(request.render_spec.res, request.brief.aspect)
    length_s = parse_duration(request.plan_spec.target_duration)
    if length_s is None:
        words = len(request.brief.text.split()) or 20
        length_s = min(LONGEST_FITTED_S, max(10.0, reading_length_s(words)))
    return eta.Work(video_s=length_s, width=width, height=height, fps=request.render_spec.fps)


def work_of(request: JobRequest, script: Script, speeches: Sequence[Speech] = ()) -> eta.Work:
    """The job's work once its script is known: estimated, or exact with its ``speeches``."""
    samples = [speech.samples for speech in speeches] or [
        round(_spoken_s(scene.narration) / (request.voice_spec.rate or 1.0) * SAMPLE_RATE)
        for scene in script.scenes
    ]
    min_s = [reading_s(scene.card) for scene in script.scenes]
    fps = request.render_spec.fps
    end = lay_out(samples, fps, request.voice_spec.pause, min_s)[-1]
    return replace(likely_work(request), video_s=(end.start + end.frames) / fps)


def _spoken_s(text: str) -> float:
    return (len(text) + 2 * len(_WIDE.findall(text))) / _CHARS_A_SECOND


Providers = dict[Stage, str]


def expected_providers(request: JobRequest, settings: Settings) -> Providers:
    """The provider that each stage of a job will use, for the stages that have a choice."""
    from aura_tui.providers import script, speech, visuals

    options = request.options
    return {
        Stage.SCRIPT: script.chosen(options.script, settings),
        Stage.VOICE: speech.chosen(options.speech, settings),
        Stage.VISUALS: visuals.chosen(options.visuals, settings),
    }


def reported_providers(job: Job) -> Providers:
    """The provider of each stage of ``job`` that has reported one."""
    reported = {step.stage: step.metrics.provider for step in job.steps if step.metrics is not None}
    return {stage: name for stage, name in reported.items() if name}


def history_of(
    finished: Sequence[tuple[eta.Work, Job]], providers: Mapping[Stage, str]
) -> eta.History:
    """How long each stage took, and for how much work, in succeeded jobs (``finished``: newest
    first).

    Counts only steps that ran completely: reused or resumed ones were faster. And only steps by
    the same of ``providers``: a remote voice may take a hundred times as long as a local one. A
    stage that these never ran has no history, so its time is unknown.
    """
    past: dict[Stage, list[eta.Past]] = {stage: [] for stage in Stage}
    for work, job in reversed(finished):
        for step in job.steps:
            by = step.metrics.provider if step.metrics is not None else ""
            if by and by != providers.get(step.stage, by):
                continue
            partly = step.metrics is not None and bool(step.metrics.reused)
            if step.status is StepStatus.COMPLETED and step.duration_ms and not partly:
                past[step.stage].append(eta.Past(work, step.duration_ms / 1000))
    return {stage: tuple(runs) for stage, runs in past.items() if runs}


def with_own_pace(
    history: Mapping[Stage, Sequence[eta.Past]],
    job: Job,
    work: eta.Work,
    providers: Mapping[Stage, str],
) -> eta.History:
    """``history``, and for the stages that it lacks the pace of the ended ``job`` itself.

    For a stage that the job never ran it takes the usual proportion to those that are measured, as
    a wide range; not for a network provider, whose time says nothing about this machine's.
    """
    usual = eta.typical(history, work)  # a job of another size says nothing
    own = {stage: s for stage, s in _own_seconds(job, work).items() if stage not in usual}
    measured = {stage: found.seconds for stage, found in usual.items()} | own
    filled: eta.History = {stage: tuple(past) for stage, past in history.items()}
    filled |= {stage: (eta.Past(work, s),) for stage, s in own.items()}
    if measured:
        for stage, s in likely_seconds(measured, prior_seconds(work, providers)).items():
            if stage not in measured and providers.get(stage) not in _NETWORK:
                filled[stage] = tuple(eta.Past(work, s * factor) for factor in (0.5, 1.0, 2.0))
    return filled


_NETWORK = ("llm", "openai")
_MEASURED = 0.03  # of a stage: less says nothing about the rest


def _own_seconds(job: Job, work: eta.Work) -> dict[Stage, float]:
    """How long each stage of the job takes if nothing is reused, by what the job did of it."""
    found: dict[Stage, float] = {}
    for step in job.steps:
        metrics = step.metrics
        took_s = (step.duration_ms or 0) / 1000
        if not took_s or step.status is StepStatus.REUSED:
            continue
        if step.stage is Stage.RENDERING and metrics is not None and metrics.fps:
            found[step.stage] = work.video_s * work.fps / metrics.fps
            continue
        part = (step.percent or 0.0) / 100.0
        if metrics is not None and metrics.reused:
            part *= (metrics.made or 0) / ((metrics.made or 0) + metrics.reused)
        if part >= _MEASURED:
            found[step.stage] = took_s / part
    return found
