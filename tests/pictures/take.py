"""The pictures in screenshots/, taken of the real board over a recording of real jobs.

    python tests/pictures/take.py [FOLDER]

``run.jsonl`` holds the jobs of one home as ``--record`` writes them, with the folders of the
machine renamed. The recording plays by a clock of ours, so that every picture shows the program as
it is now: the stills stop it at a moment, the moving picture advances it a frame at a time.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from PIL import Image

from aura_tui.model.events import TERMINAL_EVENTS, StepProgressed
from aura_tui.model.stages import Stage
from aura_tui.replay.recording import parse
from aura_tui.replay.service import ReplayService
from aura_tui.settings import BoardSettings, Settings
from aura_tui.ui.app import BoardApp
from aura_tui.ui.state.options import BoardOptions
from tests.pictures.terminal import draw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aura_tui.replay.recording import Recording
    from aura_tui.service import JobService

HERE = Path(__file__).parent
END = 101.0
FRAMES_PER_S = 8
SPEED = 1.0  # of the moving picture
HOLD_S = 4.0  # on its last frame
COLOURS = 128


class Still(NamedTuple):
    """``job``: which of the recording's, from its beginning. The picture is taken at ``percent``
    of Rendering, else at the job's end."""

    name: str
    title: str
    size: tuple[int, int]
    job: int
    percent: float


STILLS = (
    Still("board", "aura-tui", (146, 42), 7, 46.0),
    Still("done", "aura-tui run solar.md", (92, 26), 4, END),
)
DEMO_JOB, DEMO_SIZE = 7, (100, 28)


class Film:
    """A recording that plays by a clock which only :meth:`play_to` moves."""

    def __init__(self, recording: Recording) -> None:
        self._now_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self.service = ReplayService(recording, sleep=self._sleep, clock=lambda: self._now_s)

    async def _sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now_s + seconds, woken))
        await woken

    async def play_to(self, now_s: float) -> None:
        """Play on until ``now_s`` seconds after the first event."""
        await _settle()
        while due := [sleeper for sleeper in self._sleepers if sleeper[0] <= now_s]:
            first = min(due, key=lambda sleeper: sleeper[0])
            self._sleepers.remove(first)
            self._now_s = first[0]
            if not first[1].done():
                first[1].set_result(None)
            await _settle()
        self._now_s = now_s


async def _settle() -> None:
    """Let everybody go on who has something to do."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def board(film: Film, job_id: str, size: tuple[int, int]) -> AsyncIterator[BoardApp]:
    """The board on a job of the film."""

    async def open_() -> JobService:
        return film.service

    async def find(_: JobService) -> str:
        return job_id

    settings = Settings(home=Path("/nonexistent"), board=BoardSettings(preview="off"))
    environ = {"COLORTERM": "truecolor", "TERM": "xterm-256color"}
    app = BoardApp(open_, find, BoardOptions(settings=settings), environ=environ)
    async with app.run_test(size=size):
        yield app
    if app.failure is not None:
        raise app.failure


async def _shown(app: BoardApp) -> None:
    """Return when the board has drawn what it knows: it draws 30 times a second at most, and
    looks things up in between."""
    for _ in range(4):
        await asyncio.sleep(0.05)
        await _settle()


def _places(whole: Recording, number: int) -> tuple[str, float, float, dict[float, float]]:
    """A job's id, when it begins and ends in seconds of the recording, and when Rendering is how
    many percent done."""
    origin = whole.envelopes[0].event.timestamp
    job_id = whole.jobs[number].id
    at = [
        ((envelope.event.timestamp - origin).total_seconds(), envelope.event)
        for envelope in whole.envelopes
        if envelope.event.job_id == job_id
    ]
    percents = {
        event.progress_pct or 0.0: seconds
        for seconds, event in reversed(at)
        if isinstance(event, StepProgressed) and event.step is Stage.RENDERING
    }
    (end,) = (seconds for seconds, event in at if isinstance(event, TERMINAL_EVENTS))
    return job_id, at[0][0], end, percents


async def take_still(whole: Recording, still: Still) -> Image.Image:
    """The board at the still's moment."""
    job_id, _, end, percents = _places(whole, still.job)
    moment = min((at for done, at in percents.items() if done >= still.percent), default=end)
    film = Film(whole)
    async with board(film, job_id, still.size) as app:
        await _shown(app)
        await film.play_to(moment + 0.05)
        await _shown(app)
        return draw(app, still.title, 20)


async def take_demo(whole: Recording) -> list[Image.Image]:
    """A job from its first event to its end, a picture a frame."""
    job_id, begin, end, _ = _places(whole, DEMO_JOB)
    film = Film(whole)
    frames = []
    async with board(film, job_id, DEMO_SIZE) as app:
        await _shown(app)
        for n in range(int((end - begin + 0.5) / SPEED * FRAMES_PER_S) + 1):
            await film.play_to(begin + n * SPEED / FRAMES_PER_S)
            await _shown(app)
            frames.append(draw(app, "aura-tui run solar.md", 15))
    return frames


def save_gif(frames: list[Image.Image], path: Path) -> None:
    """One palette for all frames, so that only what changes is stored."""
    middle, last = frames[len(frames) // 2], frames[-1]
    both = Image.new("RGB", (middle.width, middle.height * 2))
    both.paste(middle, (0, 0))
    both.paste(last, (0, middle.height))
    palette = both.quantize(COLOURS, Image.Quantize.MEDIANCUT)
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    pause_ms = 1000 // FRAMES_PER_S
    durations = [pause_ms] * (len(frames) - 1) + [int(HOLD_S * 1000)]
    indexed[0].save(
        path, save_all=True, append_images=indexed[1:], duration=durations, loop=0, optimize=False
    )


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[1] / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    whole = parse((HERE / "run.jsonl").read_bytes().splitlines(True))
    for still in STILLS:
        picture = asyncio.run(take_still(whole, still))
        picture.quantize(256, dither=Image.Dither.NONE).save(
            folder / f"{still.name}.png", optimize=True
        )
    save_gif(asyncio.run(take_demo(whole)), folder / "demo.gif")


if __name__ == "__main__":
    main()
