"""Boards under test: open one, read its screen as text, wait until it shows something."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.replay.service import ReplayService
from aura_tui.settings import BoardSettings, Settings
from aura_tui.system.crash_report import telling
from aura_tui.ui.actions.commands import JobCommands
from aura_tui.ui.app import BoardApp
from aura_tui.ui.state.options import BoardOptions
from tests.ui import keyboard
from tests.ui.recordings import Tape
from tests.ui.scripted import ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from textual.pilot import Pilot

    from aura_tui.model.job import Job
    from aura_tui.service import JobService
    from aura_tui.ui.prompts import Prompts
    from aura_tui.ui.screens.board import BoardScreen
    from aura_tui.ui.state.job_draft import Draft
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.state.quit import QuitState
    from aura_tui.ui.state.run import RunState

NO_HOME = Path("/dev/null/home")  # nothing can be kept there
SIZES = ((80, 24), (200, 60), (40, 12))


class Board:
    """A running board, its pilot, and what its screen shows."""

    def __init__(self, app: BoardApp, pilot: Pilot[None], service: JobService) -> None:
        self.app = app
        self.pilot = pilot
        self.service = service

    @property
    def lines(self) -> list[str]:
        """The screen on top, a string a row."""
        # No public way leads from a screen to its characters.
        strips = self.app.screen._compositor.render_strips()
        return [strip.text for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    async def shows(self, *texts: str) -> None:
        """Return once all ``texts`` are on the screen."""
        try:
            await until(lambda: all(text in self.text for text in texts), 5.0)
        except TimeoutError:
            missing = [text for text in texts if text not in self.text]
            raise AssertionError(f"{missing} not on the screen:\n{self.text}") from None

    async def lacks(self, text: str) -> None:
        """Return once ``text`` is not on the screen."""
        await until(lambda: text not in self.text, 5.0)

    async def press(self, *keys: str) -> None:
        """Press keys, each when the one before it has been answered."""
        await keyboard.press(self.pilot, *keys)

    async def type_ahead(self, *keys: str) -> None:
        """Press keys before any of them has been answered, as a key that repeats does."""
        await keyboard.type_ahead(self.pilot, *keys)

    # What the board knows, for tests to read. Only here do they reach into the application.

    @property
    def run(self) -> RunState:
        """The run that is shown."""
        return self.app.lifecycle.run

    @property
    def jobs(self) -> JobsState:
        """The list of jobs, its cursor, filter and marks."""
        return self.app.jobs

    @property
    def shown_job(self) -> Job:
        """The job that is shown, as far as it was folded."""
        assert self.run.job is not None
        return self.run.job

    @property
    def screen(self) -> BoardScreen:
        """The board's own screen, beneath any dialog."""
        assert self.app.board is not None
        return self.app.board

    @property
    def dialogs(self) -> int:
        """How many screens lie over the board."""
        return len(self.app.screen_stack) - 1

    @property
    def toasts(self) -> list[str]:
        """The messages that show for a moment."""
        return [toast.message for toast in self.app._notifications]

    @property
    def draft(self) -> Draft:
        """What the form of a new job starts from."""
        return self.app.commands.job_form.draft

    @property
    def quit_state(self) -> QuitState:
        """How the board is to be left."""
        return self.app.commands.quit_state

    @property
    def news_waiting(self) -> bool:
        """Whether the terminal is about to be told of an end."""
        return self.app.notifications.waiting

    def ask(self, question: Callable[[Prompts], Awaitable[object]]) -> None:
        """Ask the person something, as a key does."""
        self.app.commands.ask(question)

    def pass_s(self, seconds: float) -> None:
        """Let time pass for what the keys do: a second ctrl+c, undoing a cancel."""
        clock_s = self.app.commands.clock_s
        self.app.commands.clock_s = lambda: clock_s() + seconds

    def redraw(self) -> None:
        """Have the board drawn as if something had changed."""
        self.app.painter.touch()

    def capture_codes(self) -> list[str]:
        """The control sequences for the terminal from now on, which it doesn't get."""
        codes: list[str] = []
        self.app.write_codes = codes.extend  # type: ignore[method-assign,assignment]
        return codes

    @property
    def settled(self) -> bool:
        """Whether all that the service has told so far was folded, and looked up."""
        run, jobs = self.run, self.jobs
        if run.job is None or run.typical is None or jobs.loading:
            return False
        known = not JobCommands.may_retry(run.job) or run.job.id in self.app.commands.summaries
        listed = jobs.get(run.job.id)  # of an old one there may be little more than its line
        return known and listed is not None and run.job.last_event_id == listed.last_event_id

    async def ends(self) -> None:
        """Return once the board has closed."""
        await until(lambda: not self.app.is_running, 5.0)

    @property
    def scripted(self) -> ScriptedService:
        assert isinstance(self.service, ScriptedService)
        return self.service


def look(
    board: BoardSettings | None = None,
    home: Path = NO_HOME,
    *,
    owns: bool = True,
    read_only: bool = False,
    background: bool = False,
    remote: bool = False,
) -> BoardOptions:
    """How a board under test behaves."""
    settings = Settings(home=home, board=board or BoardSettings())
    return BoardOptions(
        settings=settings, owns=owns, read_only=read_only, background=background, remote=remote
    )


@asynccontextmanager
async def showing(
    source: Tape | JobService,
    size: tuple[int, int] = (80, 24),
    *,
    read_only: bool = False,
    at_run: bool = True,
    board: BoardSettings | None = None,
    environ: Mapping[str, str] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    owns: bool = True,
    background: bool = False,
    remote: bool = False,
    home: Path = NO_HOME,
    mode: str = "",
    mishaps: bool = False,
) -> AsyncIterator[Board]:
    """A board over ``source``: a service, a recording, or a tape that is played at once. It opens
    on the run, or on the jobs. ``mishaps``: background tasks of it are meant to break."""
    if isinstance(source, ScriptedService):
        service: JobService = source
        job_id = source.tape.job.id
    elif isinstance(source, ReplayService):
        service = source
        job_id = source.job_ids[0]
    else:
        assert isinstance(source, Tape)
        service = ReplayService(source.recording(), speed=0)
        job_id = source.job.id

    async def open_service() -> JobService:
        return service

    async def find_job(_: JobService) -> str:
        return job_id

    how = look(board, home, owns=owns, read_only=read_only, background=background, remote=remote)
    how = replace(how, mode=mode)
    found = find_job if at_run else None
    app = BoardApp(open_service, found, how, environ=environ or {}, now=now)
    with telling(app.reporter.mishap):
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Board(app, pilot, service)
    if app.failure is not None:
        raise app.failure
    assert mishaps or not app.outcome.notices[len(service.notices) :]
