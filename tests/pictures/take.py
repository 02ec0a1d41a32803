"""The pictures in screenshots/, taken of the real board over a recording of real runs.

    python tests/pictures/take.py [FOLDER]

``run.jsonl`` holds the runs of one home as ``--record`` writes them, with the folders of the
machine renamed. Each picture stops that recording at a moment and draws the board there, so that
it shows the program as it is now. Needs ``chromium`` on the PATH, which turns SVG into PNG with
every letter in its cell.
"""

from __future__ import annotations

import asyncio
import math
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

import msgspec

from aura_tui.model import events as ev
from aura_tui.model.stages import Stage
from aura_tui.replay.recording import parse
from aura_tui.replay.service import ReplayService
from aura_tui.settings import BoardSettings, Settings
from aura_tui.ui.app import BoardApp
from aura_tui.ui.live import BoardOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aura_tui.replay.recording import Recording
    from aura_tui.service import JobService

HERE = Path(__file__).parent


class Picture(NamedTuple):
    """``job``: which of the recording's, from its beginning. It stops at ``percent`` of
    Rendering, else at the job's end. ``keys`` are pressed before it is taken."""

    name: str
    title: str
    size: tuple[int, int]
    job: int
    percent: float
    keys: tuple[str, ...] = ()


END = 101.0
PICTURES = (
    Picture("board", "aura-tui", (146, 42), 7, 46.0),
    Picture("run", "aura-tui run solar.md", (92, 26), 7, 71.0),
    Picture("done", "aura-tui run solar.md", (92, 26), 4, END),
)


class Stopped(ReplayService):
    """A recording that has come to a moment, and stays there."""

    async def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[ev.Envelope]:
        async for envelope in super().events(job_id, after=after):
            yield envelope
        if job_id is None or not (await self.get(job_id)).status.ended:
            await asyncio.Event().wait()


def until(whole: Recording, picture: Picture) -> Recording:
    """The recording up to the picture's moment."""
    job_id = whole.jobs[picture.job].id
    kept: list[ev.Envelope] = []
    for envelope in whole.envelopes:
        kept.append(envelope)
        event = envelope.event
        if event.job_id != job_id:
            continue
        at = 0.0
        if isinstance(event, ev.StepProgressed) and event.step is Stage.RENDERING:
            at = event.progress_pct or 0.0
        if (at >= picture.percent and picture.percent < 100) or isinstance(
            event, ev.TERMINAL_EVENTS
        ):
            break
    there = {envelope.event.job_id for envelope in kept}
    jobs = tuple(job for job in whole.jobs if job.id in there)
    return msgspec.structs.replace(whole, jobs=jobs, envelopes=tuple(kept))


async def take(whole: Recording, picture: Picture) -> str:
    """The board as SVG."""
    recording = until(whole, picture)
    service = Stopped(recording, speed=0)
    async for envelope in service.events(None):
        if envelope is recording.envelopes[-1]:
            break  # all of it is history
    moment = recording.envelopes[-1].event.timestamp + timedelta(milliseconds=400)
    job_id = whole.jobs[picture.job].id

    async def open_() -> JobService:
        return service

    async def find(_: JobService) -> str:
        return job_id

    settings = Settings(home=Path("/nonexistent"), board=BoardSettings(preview="off"))
    look = BoardOptions(settings=settings)
    environ = {"COLORTERM": "truecolor", "TERM": "xterm-256color"}
    app = BoardApp(open_, find, look, environ=environ, now=lambda: moment)
    async with app.run_test(size=picture.size) as pilot:
        for key in ("", *picture.keys):
            if key:
                await pilot.press(key)
            for _ in range(20):
                await pilot.pause(0.02)
        svg = app.export_screenshot(title=picture.title)
    if app.failure is not None:
        raise app.failure
    return svg


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[1] / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not on the PATH")
    whole = parse((HERE / "run.jsonl").read_bytes().splitlines(True))
    for picture in PICTURES:
        svg = asyncio.run(take(whole, picture))
        png = folder / f"{picture.name}.png"
        _to_png(chromium, svg, png)
        sys.stdout.write(f"{png}\n")


def _to_png(chromium: str, svg: str, png: Path) -> None:
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    width, height = (math.ceil(float(side)) for side in box.groups())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "picture.svg"
        page.write_text(svg)
        command = [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--user-data-dir={folder}/profile", f"--window-size={width},{height}"),
            *(f"--screenshot={png.absolute()}", page.as_uri()),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


if __name__ == "__main__":
    main()
