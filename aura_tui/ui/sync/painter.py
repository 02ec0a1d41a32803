"""Paints the states on the screen, at a limited rate and only after changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.ui.state.context import Context, counts
from aura_tui.ui.state.playback import position_due_s
from aura_tui.ui.sync.frame_limiter import FrameLimiter
from aura_tui.ui.sync.preview_updates import PreviewUpdates

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.model.job import Job
    from aura_tui.ui.screens.board import BoardScreen
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.state.summary import SummaryDetails
    from aura_tui.ui.sync.lifecycle import Lifecycle
    from aura_tui.ui.terminal.diff_app import DiffApp
    from aura_tui.ui.terminal.notifications import Notifications
    from aura_tui.ui.theme.glyphs import Glyphs

# A change is drawn at once; the next frame comes no sooner than this.
DRAWS_PER_SECOND = 30.0


class Painter:
    """Paints the board's screen of ``app`` after :meth:`touch`.

    ``details`` returns the looked-up details of an ended job; ``painted`` is called after each
    paint.
    """

    def __init__(
        self,
        app: DiffApp,
        board: Callable[[], BoardScreen | None],
        jobs: JobsState,
        lifecycle: Lifecycle,
        notifications: Notifications,
        *,
        glyphs: Glyphs,
        remote: bool,
        place: str,
        details: Callable[[Job | None], SummaryDetails],
        painted: Callable[[], None],
    ) -> None:
        self._app = app
        self._board = board
        self._jobs = jobs
        self._lifecycle = lifecycle
        self._notifications = notifications
        self._glyphs = glyphs
        self._remote = remote
        self._place = place
        self._details = details
        self._painted = painted
        self._limiter = FrameLimiter(self._draw, DRAWS_PER_SECOND)
        self._preview_updates: PreviewUpdates | None = None
        self._shown_keys: tuple[object, ...] = ()

    def touch(self, after_s: float = 0.0) -> None:
        """Request a paint, now or in ``after_s`` seconds."""
        self._limiter.touch(after_s)

    def stop(self) -> None:
        """Stop painting."""
        self._limiter.stop()

    def _draw(self) -> None:
        if self._app.is_running:
            try:
                self._paint()
            except Exception as e:  # a timer callback has no caller to raise to
                self._lifecycle.fail(e)

    def _paint(self) -> None:
        """Paint what changed, and schedule the next paint for the next second of a clock."""
        board, lifecycle = self._board(), self._lifecycle
        if board is None:
            return
        sync = lifecycle.sync
        moved_s = sync.follow_cursor() if sync is not None else None
        now, run = lifecycle.now(), lifecycle.run
        if lifecycle.connection is not None:
            run.set_connection(lifecycle.connection, now)
        board.show(self._jobs, run, now, self._glyphs, self._context())
        seekable = sync.seekable if sync is not None else None
        playback = seekable.playback if seekable is not None else None
        board.show_replay(playback, self._glyphs)
        elsewhere = lifecycle.lies_elsewhere(run.job, remote=self._remote)
        board.show_end(run, self._glyphs, self._details(run.job), remote=elsewhere)
        self._refresh_keys()
        self._painted()
        clock_s = asyncio.get_running_loop().time()
        self._notifications.foreground(run.job)
        self._app.write_codes(self._notifications.take(clock_s))
        waits = (run.due_s(now), board.due_s(now))
        due = [wait / lifecycle.pace for wait in waits if wait is not None]
        if playback is not None:
            position_s = position_due_s(playback)
            due = [] if position_s is None else [*due, position_s]  # its clock stands
        notice_s = self._notifications.due_s(clock_s)
        due += [wait for wait in (notice_s, moved_s) if wait is not None]
        if due:
            self.touch(min(due))
        # A closing board starts no workers.
        if board.shows_preview and sync is not None and not self._app.closing:
            self._preview(board).follow(sync.service, run)

    def _context(self) -> Context:
        sync = self._lifecycle.sync
        waits = "" if sync is not None else "connecting" if self._remote else "starting"
        engine = sync.engine if sync is not None else None
        return Context(self._place, engine, waits, counts(self._jobs), self._jobs.interrupted)

    def _refresh_keys(self) -> None:
        """Refresh the key bindings if anything they depend on changed."""
        jobs, run = self._jobs, self._lifecycle.run
        job, connection = run.job, self._lifecycle.connection
        keys = (
            (job.id, job.view_status) if job is not None else None,
            (run.asked, run.over),
            # Not can_reconnect alone: the key bar may have been updated since the last paint, for
            # another reason and by a state of the connection that is over again.
            (connection.status, connection.since, connection.can_reconnect) if connection else None,
            (len(jobs.marked), jobs.interrupted, *jobs.counts.items()) if jobs.marked else (),
            (jobs.cursor, jobs.following, jobs.has_running),
        )
        if keys != self._shown_keys:
            self._shown_keys = keys
            self._app.refresh_bindings()

    def _preview(self, board: BoardScreen) -> PreviewUpdates:
        if self._preview_updates is None:
            clock = asyncio.get_running_loop().time
            self._preview_updates = PreviewUpdates(
                board.preview, self._app.run_worker, self.touch, clock
            )
        return self._preview_updates
