"""How a job's time likely divides among its stages before this machine has measured it. Pure.

Only ratios count: a slower machine is slower at all of it. The constants were fitted to fresh runs
of one Markdown text (the project's README) with the built-in providers and FFmpeg's veryfast
preset, on two cores with other load; seconds of Script, Voice, Visuals, Composition, Rendering:

    10 s  360p   0.14  0.40  0.50  0.05   1.5     60 s  360p   0.10  1.06  0.47  0.07   4.1
    10 s  720p   0.04  0.11  0.16  0.01   2.0     60 s  720p   0.05  0.68  0.50  0.05  12.3
    10 s 1080p   0.06  0.21  0.64  0.04   6.9     60 s 1080p   0.09  0.69  0.68  0.08  21.5
    30 s  720p   0.11  0.83  0.35  0.03   7.3    180 s  360p   0.04  1.09  0.36  0.08   7.3

and 2793 s of another text, 128x128 at 5 fps: 0.42, 51.6, 5.8, 1.5, 60. So Rendering is mostly 58 to
93 % of a job, the larger the frames the more; it encodes a segment for each few seconds. The times
of other providers are rough assumptions, not measured: a model's reply takes about ten seconds, a
picture twenty.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aura_tui.model.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura_tui.model.eta import Shares, Work

_LEAST_S = 0.01  # of a stage: each one shows
_MOST_S = 1e8

# Seconds at the start, and per second of video.
_VOICE = {"espeak": (0.15, 0.013), "piper": (1.5, 0.1), "openai": (1.5, 0.15)}
_SCRIPT = {"outline": (0.08, 0.0), "llm": (10.0, 0.05)}
# Also per second of video, for each megapixel of a frame.
_VISUALS = {"cards": (0.3, 0.0, 0.003), "folder": (0.3, 0.0, 0.006), "openai": (10.0, 1.5, 0.003)}
_COMPOSITION = (0.02, 0.0006)
_RENDERING = (0.8, 0.02)  # and for each megapixel of each frame:
_MEGAPIXEL_S = 0.0052


def prior_seconds(work: Work, providers: Mapping[Stage, str]) -> dict[Stage, float]:
    """Seconds of each stage, all above 0. ``providers``: by stage; a missing or unknown one counts
    as the built-in."""
    megapixels = work.width * work.height / 1e6
    script = _SCRIPT.get(providers.get(Stage.SCRIPT, ""), _SCRIPT["outline"])
    voice = _VOICE.get(providers.get(Stage.VOICE, ""), _VOICE["espeak"])
    visuals = _VISUALS.get(providers.get(Stage.VISUALS, ""), _VISUALS["cards"])
    seconds = {
        Stage.SCRIPT: script[0] + script[1] * work.video_s,
        Stage.VOICE: voice[0] + voice[1] * work.video_s,
        Stage.VISUALS: visuals[0] + (visuals[1] + visuals[2] * megapixels) * work.video_s,
        Stage.COMPOSITION: _COMPOSITION[0] + _COMPOSITION[1] * work.video_s,
        Stage.RENDERING: _RENDERING[0]
        + (_RENDERING[1] + _MEGAPIXEL_S * megapixels * work.fps) * work.video_s,
    }
    return {stage: _bounded(s) for stage, s in seconds.items()}


def likely_seconds(
    measured: Mapping[Stage, float], prior: Mapping[Stage, float]
) -> dict[Stage, float]:
    """``measured`` seconds by stage; the other stages from ``prior``, for a machine of the measured
    speed."""
    known = {stage: _bounded(s) for stage, s in measured.items()}
    before = sum(prior[stage] for stage in known)
    speed = sum(known.values()) / before if known else 1.0
    return {stage: known.get(stage) or _bounded(prior[stage] * speed) for stage in Stage}


def part_of_rest(seconds: Mapping[Stage, float], stage: Stage, shares: Shares) -> float:
    """The part (0-1) that ``stage`` has in the time from its start to the end of the job, which
    takes ``seconds``; ``shares`` of the stages are not finished yet (1 for one that is missing).

    If nothing is left to do, the stages have equal parts.
    """
    later = list(Stage)[stage.position :]
    left = [seconds[each] * _share(shares, each) for each in later]
    total = sum(left)
    return left[0] / total if total > 0.0 else 1.0 / len(later)


def _share(shares: Shares, stage: Stage) -> float:
    share = shares.get(stage, 1.0)
    return min(1.0, max(0.0, share)) if math.isfinite(share) else 1.0


def _bounded(seconds: float) -> float:
    return min(_MOST_S, max(_LEAST_S, seconds)) if math.isfinite(seconds) else _LEAST_S
