"""The state of the link, as the board shows it: one, made of the lines that are open.

Each stream is a :class:`StreamState`. The link is as well as its worst line; with no line open it
stays as the last one left it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.model.sanitize import clean_line
from aura_tui.service import Link, LinkStatus

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

_ILLNESS = {
    LinkStatus.LIVE: 0,
    LinkStatus.CONNECTING: 1,
    LinkStatus.WAITING: 2,
    LinkStatus.LOST: 3,
}


class StreamState:
    """One stream's part of the link."""

    def __init__(self, connection: ConnectionState) -> None:
        self._connection = connection
        self._broken_at: datetime | None = None
        self._back_from: datetime | None = None  # the break that was last healed
        self._had = 0  # of the events missed in it, before it broke again
        self._was_live = False
        self.state = Link(status=LinkStatus.CONNECTING, since=connection.now())

    def connecting(self, attempt: int) -> None:
        """A try begins."""
        self._become(LinkStatus.CONNECTING, attempt=attempt, reason=self.state.reason)

    def live(self, *, polled_s: float | None = None) -> None:
        """The server speaks to us; ``polled_s``: when it is asked, that often at most."""
        now = self._connection.now()
        gap_s = None
        if self._broken_at is not None:
            gap_s = max(0.0, (now - self._broken_at).total_seconds())
        self._back_from, self._broken_at = self._broken_at, None
        self._was_live = True
        self._become(LinkStatus.LIVE, gap_s=gap_s, recovered=self._had, polled_s=polled_s)

    def heard(self) -> None:
        """Bytes came."""
        self._connection.heard_at = self._connection.now()

    def troubled(self, reasons: tuple[str, ...]) -> None:
        """The engine says what fails in it; () while all is well."""
        self._connection.troubles = tuple(clean_line(reason, 300) for reason in reasons)

    def recovering(self) -> None:
        """What had been missed comes now."""
        self.state = replace(self.state, recovering=True)
        self._connection.changed()

    def caught_up(self) -> None:
        """All of that has come."""
        if self.state.recovering:
            self.state = replace(self.state, recovering=False)
            self._connection.changed()

    def recovered(self) -> None:
        """An event came that had been missed."""
        self.state = replace(self.state, recovered=self.state.recovered + 1)
        self._connection.changed()

    def notice(self, text: str) -> None:
        """What a person should know of the state that is shown from now on."""
        self.state = replace(self.state, notice=clean_line(text, 300))
        self._connection.changed()

    def waiting(self, attempt: int, reason: str, retry_at: datetime) -> None:
        """It broke; the next try is at ``retry_at``."""
        self._break()
        self._become(LinkStatus.WAITING, attempt=attempt, reason=reason, retry_at=retry_at)

    def lost(self, reason: str) -> None:
        """It broke for good."""
        self._break()
        self._become(LinkStatus.LOST, attempt=self.state.attempt, reason=reason)

    def close(self) -> None:
        """The stream is over."""
        self._connection.remove(self)

    def _break(self) -> None:
        if self._was_live and self._broken_at is None:
            heard_at = self._connection.heard_at
            self._broken_at, self._had = heard_at or self._connection.now(), 0
            if self.state.recovering:  # one break, until all that was missed has come
                self._broken_at = self._back_from or self._broken_at
                self._had = self.state.recovered

    def _become(
        self,
        status: LinkStatus,
        *,
        attempt: int = 0,
        reason: str = "",
        retry_at: datetime | None = None,
        gap_s: float | None = None,
        recovered: int = 0,
        polled_s: float | None = None,
    ) -> None:
        since = self._connection.now() if status is not self.state.status else self.state.since
        healing = status in (LinkStatus.CONNECTING, LinkStatus.LIVE)
        self.state = Link(
            status=status,
            since=since,
            attempt=attempt,
            reason=clean_line(reason, 300),
            retry_at=retry_at,
            gap_s=gap_s,
            recovered=recovered,
            polled_s=polled_s,
            notice=self.state.notice if healing else "",
        )
        self._connection.changed()


class ConnectionState:
    """All lines of a service, and whoever watches them."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.heard_at: datetime | None = None
        self.troubles: tuple[str, ...] = ()  # of the engine, as it last told
        self._rest = Link(status=LinkStatus.CONNECTING, since=now())
        self._lines: list[StreamState] = []
        self._told = asyncio.Event()
        self._closed = False
        self._absent = ""
        self._stopped: tuple[str, datetime] | None = None

    def line(self) -> StreamState:
        """A new line."""
        line = StreamState(self)
        self._lines.append(line)
        self.changed()
        return line

    def remove(self, line: StreamState) -> None:
        """Forget a line; with none left, the link stays as this one was."""
        if line in self._lines:
            self._lines.remove(line)
            if not self._lines:
                self._rest = replace(line.state, notice="")
            self.changed()

    def answered(self) -> None:
        """A request was answered: without a line that says otherwise, the link lives."""
        now = self.heard_at = self.now()
        if not self._lines and self._rest.status is not LinkStatus.LIVE:
            self._rest = Link(status=LinkStatus.LIVE, since=now)
            self.changed()

    def refused(self, reason: str) -> None:
        """A request failed for good (a token, a certificate)."""
        if not self._lines and self._rest.reason != reason:
            self._rest = Link(
                status=LinkStatus.LOST, since=self.now(), reason=clean_line(reason, 300)
            )
            self.changed()

    def absent(self, reason: str) -> None:
        """No engine is at the other end, and ``reason`` says what became of it; "": one is."""
        reason = clean_line(reason, 300)
        if reason != self._absent:
            self._absent = reason
            self.changed()

    def stopped(self, reason: str) -> None:
        """The engine's process is stopped, as ``reason`` says; "": it goes on."""
        if bool(reason) != (self._stopped is not None):
            self._stopped = (clean_line(reason, 300), self.now()) if reason else None
            self.changed()

    @property
    def link(self) -> Link:
        """As of now."""
        states = [line.state for line in self._lines] or [self._rest]
        worst = max(states, key=lambda state: _ILLNESS[state.status])
        polled = (state.polled_s for state in states if state.polled_s is not None)
        worst = replace(worst, polled_s=next(polled, None))
        if worst.gap_s is not None:  # each line recovers; what came on several was missed once
            worst = replace(
                worst,
                recovered=max(state.recovered for state in states),
                recovering=any(state.recovering for state in states),
            )
        if self._absent and worst.status in (LinkStatus.CONNECTING, LinkStatus.WAITING):
            # That tries go on, and when, is no news: there is nobody to hear them.
            worst = replace(
                worst,
                status=LinkStatus.WAITING,
                reason=self._absent,
                retry_at=None,
                absent=True,
                can_begin=True,
            )
        if self._stopped is not None:  # the kernel keeps the line for it
            reason, since = self._stopped
            worst = Link(status=LinkStatus.WAITING, since=since, reason=reason, stopped=True)
        return replace(worst, heard_at=self.heard_at)

    async def links(self) -> AsyncGenerator[Link]:
        """The link as it is, then each change; changes nobody looked at meanwhile are one."""
        last: Link | None = None
        while not self._closed:
            told = self._told
            link = self.link
            # That it was heard is no change.
            if last is None or replace(link, heard_at=None) != replace(last, heard_at=None):
                last = link
                yield link
                continue
            await told.wait()

    def changed(self) -> None:
        """Wake the watchers."""
        told, self._told = self._told, asyncio.Event()
        told.set()

    def close(self) -> None:
        """End every watch."""
        self._closed = True
        self.changed()
