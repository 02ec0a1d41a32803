"""A stage's context over real folders, with a reporter that remembers; synthetic scenes."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from PIL import Image

from aura_tui.model.request import Brief, JobRequest, Options, RenderSpec
from aura_tui.model.script import SAMPLE_RATE, Picture, Scene, Script, Speech, TitleCard, Word
from aura_tui.pipeline.cache import ArtifactCache
from aura_tui.pipeline.context import StageContext
from aura_tui.pipeline.timeline.narration_mix import header
from aura_tui.settings import RenderSettings, Settings
from aura_tui.system.processes import ProcessGroup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aura_tui.model.events import Metrics
    from aura_tui.providers.protocols import Severity


class Heard:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.percents: list[float] = []
        self.messages: list[str] = []
        self.items: list[tuple[int | None, int | None, tuple[int, ...]]] = []
        self.details: list[str] = []
        self.metrics: list[Metrics] = []
        self.artifacts: dict[str, tuple[Path, str]] = {}
        self.pictures: list[Path] = []
        self.warnings: list[str] = []
        self.logs: list[str] = []

    def progress(
        self,
        percent: float,
        message: str,
        *,
        detail: str = "",
        item: int | None = None,
        total: int | None = None,
        done: int | None = None,
        active: tuple[int, ...] = (),
        metrics: Metrics | None = None,
    ) -> None:
        self.percents.append(percent)
        self.messages.append(message)
        self.items.append((item, done, active))
        self.details.append(detail)
        if metrics is not None:
            self.metrics.append(metrics)

    def log(self, message: str, severity: Severity = "info") -> None:
        self.logs.append(message)

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def artifact(self, name: str, path: Path, type_: str) -> None:
        assert path.is_file()
        self.artifacts[name] = (path, type_)

    def picture(self, path: Path) -> None:
        assert path.is_file()
        self.pictures.append(path)


class Desk(StageContext):
    """A stage's context, and what was heard of it."""

    heard: Heard


def desk(
    home: Path,
    *,
    res: str = "320x180",
    fps: int = 30,
    options: Options | None = None,
    render: RenderSettings | None = None,
    spec: RenderSpec | None = None,
) -> Desk:
    """A context below ``home``; two of the same ``home`` share pieces, as a retry does."""
    heard = Heard()
    for name in ("scratch", "artifacts"):
        (home / name).mkdir(parents=True, exist_ok=True)
    made = Desk(
        job_id="job-1",
        correlation_id="corr-1",
        lineage="job-1",
        request=JobRequest(
            brief=Brief(topic="A test"),
            render_spec=spec or RenderSpec(res=res, fps=fps),
            options=options or Options(),
        ),
        settings=Settings(home=home, render=render or RenderSettings(lanes=2)),
        children=ProcessGroup(),
        pieces=ArtifactCache(home / "pieces"),
        scratch=home / "scratch",
        artifacts=home / "artifacts",
        ffmpeg_log=home / "ffmpeg.log",
        report=heard,
    )
    made.heard = heard
    return made


def script(narrations: Sequence[str], title: str = "A test & more", every: int = 1) -> Script:
    """Scenes that say ``narrations``; each ``every``-th starts a chapter."""
    return Script(
        title=title,
        language="en",
        scenes=tuple(
            Scene(
                number=i,
                title=f"Scene {i}",
                narration=text,
                card=TitleCard(title=text[:20]),
                chapter=(i - 1) % every == 0,
            )
            for i, text in enumerate(narrations, 1)
        ),
    )


def wav(path: Path, samples: int, clicks: Sequence[int] = (), tone_hz: float = 0.0) -> Path:
    """A mono 48 kHz WAV: silence or a quiet tone, and 1 ms clicks at those samples."""
    data = [0] * samples
    if tone_hz:
        step = 2 * math.pi * tone_hz / SAMPLE_RATE
        data = [round(6000 * math.sin(step * i)) for i in range(samples)]
    for click in clicks:
        for i in range(click, min(samples, click + 48)):
            data[i] = 30000 if i % 12 < 6 else -30000
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header(samples) + struct.pack(f"<{samples}h", *data))
    return path


def speech(folder: Path, scene: int, text: str, seconds: float, **sound: float) -> Speech:
    """``text`` spoken evenly over ``seconds``."""
    samples = round(seconds * SAMPLE_RATE)
    words = text.split()
    share = seconds / max(1, len(words))
    return Speech(
        scene=scene,
        path=str(wav(folder / f"speech{scene}.wav", samples, tone_hz=sound.get("tone_hz", 0.0))),
        samples=samples,
        words=tuple(
            Word(word, i * share, (i + 1) * share - share * 0.1) for i, word in enumerate(words)
        ),
    )


def picture(
    folder: Path, scene: int, colour: tuple[int, int, int], size: tuple[int, int] = (384, 216)
) -> Picture:
    """A picture of one colour."""
    path = folder / f"picture{scene}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return Picture(scene=scene, path=str(path), width=size[0], height=size[1])
