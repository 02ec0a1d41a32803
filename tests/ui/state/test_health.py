"""The connection's heartbeat, the job's events and its progress are three things, never taken for
one another."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.model.status import JobStatus
from aura_tui.ui.state.health import Health, Heartbeat, Kind, health_of
from tests.ui.recordings import BEGIN as NOW


def ago(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


class Seen(NamedTuple):
    """How long ago each of the clocks last gave a sign; None: never."""

    heard_s: float
    event_s: float | None
    moved_s: float | None


LIVE, WAITING = ConnectionStatus.LIVE, ConnectionStatus.RETRYING
CONNECTIONS: dict[str, ConnectionStatus | None] = {
    "here": None,
    "live": LIVE,
    "connecting": ConnectionStatus.CONNECTING,
    "down": WAITING,
    "suspended": ConnectionStatus.SUSPENDED,
    "no engine": ConnectionStatus.NO_ENGINE,
    "lost": ConnectionStatus.LOST,
}
SEEN = {
    "well": Seen(1, 0.2, 0.2),
    "joined": Seen(1, None, None),
    "unmoved": Seen(1, 3, 100),
    "silent": Seen(4, 40, 40),
    "unheard": Seen(30, 30, 130),
}
OF_CONNECTION = (Kind.CONNECTING, Kind.DOWN, Kind.LOST)
# Whether a text names the connection, the engine and the job.
ABOUT: dict[str, tuple[bool, bool, bool]] = {
    "connecting": (True, False, False),
    "down": (True, False, False),
    "lost": (True, False, False),
    "suspended": (False, True, False),
    "no engine": (False, True, True),
}
# What is to be said while the job runs, connection by clocks; whatever is not here is to be silent.
RUNNING = {
    ("here", "unmoved"): Kind.UNMOVED,
    ("here", "silent"): Kind.SILENT,
    ("here", "unheard"): Kind.SILENT,  # no connection, so none is unheard
    ("live", "unmoved"): Kind.UNMOVED,
    ("live", "silent"): Kind.SILENT,
    ("live", "unheard"): Kind.UNHEARD,  # of the job nothing can be said
}


def pulse(status: ConnectionStatus | None, seen: Seen) -> Heartbeat:
    found = Heartbeat()
    if status is not None:
        since = NOW - ago(500 if status is LIVE else 12)
        found.set_connection(
            Connection(
                status=status,
                since=since,
                attempt=0 if status is LIVE else 2,
                retry_at=NOW + ago(4) if status is WAITING else None,
                heard_at=NOW - ago(seen.heard_s),
            )
        )
    for at_s, moved in ((seen.moved_s, True), (seen.event_s, False)):
        if at_s is not None:
            found.event(NOW - ago(at_s), moved=moved)
    return found


def test_one_thing_is_said_and_the_right_one() -> None:
    statuses, queues = (None, *JobStatus), (None, 0, 2)
    for connection, seen, status, ahead in product(CONNECTIONS, SEEN, statuses, queues):
        said = health_of(pulse(CONNECTIONS[connection], SEEN[seen]), status, NOW, queue_ahead=ahead)
        kind = said.kind if said is not None else None
        if status is not None and status.ended:
            expected = None
        elif connection == "connecting":
            expected = Kind.CONNECTING
        elif connection in ("down", "suspended", "no engine"):
            expected = Kind.DOWN
        elif connection == "lost":
            expected = Kind.LOST
        elif (connection, seen) == ("live", "unheard"):
            expected = Kind.UNHEARD
        elif status is JobStatus.PAUSED:
            expected = Kind.PAUSED  # a paused job is not silent
        elif status is JobStatus.QUEUED:
            expected = Kind.QUEUED if ahead is not None else None
        elif status is JobStatus.RUNNING:
            expected = RUNNING.get((connection, seen))
        else:
            expected = None
        assert kind is expected
        if said is not None:
            about = ("connect" in said.text, "engine" in said.text, "job" in said.text)
            if said.kind is Kind.SILENT:
                assert about == (False, connection == "live", True)
            else:
                shown = connection if said.kind in OF_CONNECTION else ""
                assert about == ABOUT.get(shown, (False, False, False))


def said(
    pulse: Heartbeat, status: JobStatus = JobStatus.RUNNING, ahead: int | None = None
) -> Health:
    found = health_of(pulse, status, NOW, queue_ahead=ahead)
    assert found is not None
    return found


def test_the_phrases() -> None:
    silent = SEEN["silent"]
    assert said(pulse(LIVE, silent)).forms == (
        "engine alive, job silent for 40 s",
        "job silent for 40 s",
    )
    assert said(pulse(None, silent)).text == "job silent for 40 s"
    assert said(pulse(LIVE, Seen(1, 2, 130))).text == "no progress for 2 min"
    assert said(pulse(WAITING, silent)).forms == (
        "connection lost 12 s ago, retrying in 4 s (attempt 2)",
        "connection lost 12 s ago, retrying in 4 s",
        "connection lost, retrying in 4 s",
        "lost 12 s ago, retrying in 4 s",
        "connection lost 12 s ago",
        "connection lost",
    )
    assert said(pulse(None, silent), JobStatus.PAUSED).text == "paused"
    assert said(pulse(None, silent), JobStatus.QUEUED, ahead=2).text == "queued behind 2"
    assert said(pulse(None, silent), JobStatus.QUEUED, ahead=0).text == "next in the queue"


def test_the_longest_form_that_fits_is_taken() -> None:
    down = said(pulse(WAITING, SEEN["silent"]))
    assert down.within(80) == down.text
    assert down.within(34) == "connection lost, retrying in 4 s"
    assert down.within(3) == "connection lost"


def test_a_connection_says_why_it_is_gone_as_plain_text() -> None:
    gone = Heartbeat()
    reason = "\x1b[31mcertificate\nrefused"
    gone.set_connection(Connection(status=ConnectionStatus.LOST, since=NOW, reason=reason))
    assert said(gone).text == "disconnected: certificate refused"
    assert said(gone).severity == "error"


def test_what_an_engine_left_behind_is_as_old_as_its_last_event() -> None:
    left = Heartbeat()
    opened = NOW - ago(2)
    unmet = Connection(status=ConnectionStatus.NO_ENGINE, since=opened)
    left.set_connection(unmet)
    left.event(opened, moved=True, told_at=NOW - ago(25))  # it is read now, and happened then
    assert left.age_s(NOW) == 25
    assert said(left).text.startswith("no engine running (25 s)")
    left.set_connection(replace(unmet, heard_at=NOW - ago(5)))  # it was silent, but there
    assert left.age_s(NOW) == 5
    assert said(left).text.startswith("no engine running (2 s)")
    elsewhere = Heartbeat()  # whose clock may be another one
    elsewhere.set_connection(Connection(status=WAITING, since=opened))
    elsewhere.event(opened, moved=True, told_at=NOW - ago(25))
    assert elsewhere.age_s(NOW) == 2


def test_the_first_connect_is_no_break() -> None:
    first = Heartbeat()
    since = NOW - ago(3)
    first.set_connection(Connection(status=ConnectionStatus.CONNECTING, since=since, attempt=1))
    found = health_of(first, None, NOW)
    assert found is not None
    assert (found.kind, found.text) == (Kind.CONNECTING, "connecting")


def test_only_a_return_after_a_break_is_one() -> None:
    connection = Heartbeat()
    live = Connection(status=LIVE, since=NOW)
    assert not connection.set_connection(Connection(status=ConnectionStatus.CONNECTING, since=NOW))
    assert not connection.set_connection(live)
    assert not connection.set_connection(live)
    back = Connection(status=LIVE, since=NOW + ago(50), gap_s=42.0, recovered=318)
    assert connection.set_connection(back)  # even where nobody saw the break itself
    assert not connection.set_connection(back)
    heard = Connection(status=LIVE, since=NOW + ago(50), gap_s=42.0, heard_at=NOW + ago(60))
    assert not connection.set_connection(heard)


def test_a_gap_in_the_link_is_no_silence_of_the_job() -> None:
    back = pulse(LIVE, Seen(1, 300, 300))
    back.set_connection(
        Connection(status=LIVE, since=NOW - ago(2), heard_at=NOW - ago(1), gap_s=290.0)
    )
    assert health_of(back, JobStatus.RUNNING, NOW) is None


@pytest.mark.parametrize(("silent_s", "severity"), [(40, "info"), (119, "info"), (121, "warning")])
def test_a_silence_turns_into_a_warning_when_the_engine_s_does(
    silent_s: float, severity: str
) -> None:
    assert said(pulse(LIVE, Seen(1, silent_s, silent_s))).severity == severity


def test_a_suspended_engine_is_said_to_be_suspended_at_every_width() -> None:
    seen = pulse(ConnectionStatus.SUSPENDED, SEEN["well"])
    said = health_of(seen, JobStatus.RUNNING, NOW)
    assert said is not None
    assert all("suspended" in form and "fg" in form for form in said.forms)
    assert not any("retry" in form for form in said.forms)
