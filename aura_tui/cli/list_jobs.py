"""``aura-tui jobs``: the list of jobs, once or on every change."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, cast

import typer

from aura_tui.cli import completion
from aura_tui.cli.connection import engine_locator, is_dumb
from aura_tui.cli.options import (
    JsonOption,
    ServerOption,
    StatusesOption,
    TokenFileOption,
    TokenOption,
    statuses,
)
from aura_tui.cli.session.messages import print_error
from aura_tui.cli.session.once import run_once
from aura_tui.errors import Code, InputError, NotFound
from aura_tui.model.status import parse_status
from aura_tui.service import waiting_out_outages

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from aura_tui.connect.locator import EngineLocator
    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job
    from aura_tui.service import JobService
    from aura_tui.ui.state.job_filter import Filter

MAX_JOBS: Final = 10_000
_PAGE: Final = 500
_COUNTED: Final = 1000  # jobs that are counted beyond those that are shown
_EVERY_S: Final = 1.0  # between two lists, at least
_AGES_S: Final = 30.0  # until a list without changes is drawn again
_ROWS_AROUND: Final = 4  # of a terminal: the table's head, the count, the cursor


def jobs(
    status: StatusesOption = None,
    limit: Annotated[int, typer.Option(help="Maximum number of jobs.", min=1, max=MAX_JOBS)] = 20,
    filter: Annotated[
        str,
        typer.Option(
            "--filter",
            metavar="TEXT",
            help="Only jobs that match, as on the board: words of the title or id, -word, "
            "status:failed, stage:voice, age:<2h.",
        ),
    ] = "",
    fields: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Print these fields, separated by tabs: id,title,...",
            autocompletion=completion.fields,
        ),
    ] = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Print again on every change, until Ctrl-C.")
    ] = False,
    json: JsonOption = False,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """List jobs, newest first."""
    from aura_tui.ui.state.job_filter import parse
    from aura_tui.views.job_fields import parse_fields

    if fields and json:
        raise InputError(
            Code.OPTION_INVALID,
            "--fields can't be used with --json",
            "Omit one of them: --json prints all fields.",
            field="fields",
        )
    wanted = parse(filter)
    if wanted.problem or wanted.marked is not None:
        raise InputError(
            Code.OPTION_INVALID,
            f"Can't use the filter: {wanted.problem or 'only the board has marks'}",
            "Use words, status:, stage: or age:, as in: --filter 'solar -status:done age:<2h'.",
            field="filter",
        )
    query = _Query(frozenset(statuses(status)), wanted, limit)
    locator = engine_locator(server, token_file or token)
    view = _View(
        locator,
        parse_fields(fields) if fields else (),
        json=json,
        chosen=bool(status) or not wanted.empty,
    )

    async def once(service: JobService) -> int:
        view.print(*await query.find(service, _COUNTED))
        return 0

    async def on_change(service: JobService) -> int:
        await _watch(service, query, view)
        return 0

    with waiting_out_outages(watch):
        return run_once(locator.read_only, on_change if watch else once)


class _Query(NamedTuple):
    statuses: frozenset[str]  # as Job.word
    filter: Filter
    limit: int

    async def find(self, service: JobService, counted: int = 0) -> tuple[list[Job], int, bool]:
        """The jobs that match, newest first; the number of all that match; whether that is only a
        lower bound. Counts up to ``counted`` jobs beyond those that are returned."""
        found: list[Job] = []
        total = beyond = 0
        cursor: str | None = None
        now = datetime.now(UTC)
        only = parse_status(next(iter(self.statuses))) if len(self.statuses) == 1 else None
        plain = self.filter.empty and (not self.statuses or (only is not None and only.ended))
        while True:
            full = len(found) == self.limit
            size = min(_PAGE, self.limit - len(found)) if plain and not full else _PAGE
            page = await service.list(status=only, limit=size, cursor=cursor)
            for job in page.jobs:
                if self.statuses and job.word not in self.statuses:
                    continue
                if not self.filter.matches(job, now):
                    continue
                total += 1
                if len(found) < self.limit:
                    found.append(job)
            cursor = page.cursor
            if len(found) == self.limit:
                beyond += len(page.jobs) if full else 0
                if cursor is None or beyond >= counted:
                    return found, total, cursor is not None
            elif cursor is None:
                return found, total, False


class _View:
    """Prints lists in one of three forms: JSON lines, fields, or a table."""

    def __init__(
        self, locator: EngineLocator, fields: Sequence[str], *, json: bool, chosen: bool
    ) -> None:
        """``chosen``: only some jobs are listed."""
        self._locator = locator
        self._fields = fields
        self._json = json
        self._shown: dict[str, str] = {}  # the line of each job, for changes
        self._none = "No jobs match" if chosen else ""
        self._rows = 0  # on the terminal, to draw over
        self.in_place = not (json or fields) and sys.stdout.isatty() and not is_dumb()

    def print(self, jobs: Sequence[Job], total: int, at_least: bool) -> None:
        """Print the list."""
        if self._json or self._fields:
            for job in jobs:
                sys.stdout.write(self._line(job) + "\n")
        else:
            from aura_tui.views.tables import print_jobs

            print_jobs(jobs, engine=self._engine(), none=self._none)
        if len(jobs) < total and not self._json:
            sys.stdout.flush()
            print_error(_count(len(jobs), total, at_least))

    def print_changes(self, jobs: Sequence[Job]) -> None:
        """Print a line for each job that is new or has changed since the last call."""
        for job in reversed(jobs):
            line = self._line(job)
            if self._shown.get(job.id) != line:
                self._shown[job.id] = line
                sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def draw(self, jobs: Sequence[Job], total: int, at_least: bool) -> None:
        """Draw the list over the last one on the terminal."""
        from aura_tui.views.tables import jobs_text

        text = jobs_text(jobs, engine=self._engine(), none=self._none)
        if len(jobs) < total:
            text += _count(len(jobs), total, at_least) + "\n"
        up = f"\x1b[{self._rows}F" if self._rows else ""
        sys.stdout.write(f"{up}\x1b[J{text}")
        sys.stdout.flush()
        self._rows = text.count("\n")

    def _engine(self) -> bool:
        return self._locator.remote or self._locator.runs_here()

    def _line(self, job: Job) -> str:
        if self._json:
            import msgspec

            from aura_tui.wire.encode import job_payload

            return msgspec.json.encode(job_payload(job)).decode()
        from aura_tui.views.job_fields import field_line
        from aura_tui.views.tables import job_line

        if self._fields:
            return field_line(job, self._fields, datetime.now(UTC))
        return job_line(job, engine=self._engine())


def _count(shown: int, total: int, at_least: bool) -> str:
    more = "more than " if at_least else ""
    return f"{shown:,} of {more}{total:,} jobs; use --limit for more"


async def _watch(service: JobService, query: _Query, view: _View) -> None:
    """Print the list, and again whenever an event changes it; never ends."""
    counted = _COUNTED if view.in_place else 0
    found: list[Job] = []
    total, at_least = 0, False
    with contextlib.suppress(NotFound):  # a home without jobs
        found, total, at_least = await query.find(service, counted)
    changed = asyncio.Event()
    listener = asyncio.create_task(_listen(service, changed), name="job list listener")
    try:
        while True:
            if view.in_place:
                rows = max(1, shutil.get_terminal_size().lines - _ROWS_AROUND)
                view.draw(found[:rows], total, at_least)
            else:
                view.print_changes(found)
            await asyncio.sleep(_EVERY_S)
            waiting = asyncio.create_task(changed.wait())
            try:
                await asyncio.wait(
                    (waiting, listener),
                    timeout=_AGES_S if view.in_place else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                waiting.cancel()
            if listener.done():
                listener.result()  # raises
            changed.clear()
            with contextlib.suppress(NotFound):
                found, total, at_least = await query.find(service, counted)
    finally:
        listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listener


async def _listen(service: JobService, changed: asyncio.Event) -> None:
    newest = 0
    with contextlib.suppress(NotFound):
        page = await service.list(limit=_PAGE)
        newest = max((job.last_event_id for job in page.jobs), default=0)
    # Every service's `events` is an async generator; the port promises the iterator alone.
    events = cast("AsyncGenerator[Envelope]", service.events(after=newest))
    async with aclosing(events):
        async for _ in events:
            changed.set()
