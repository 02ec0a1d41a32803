"""The link's heartbeat, the job's events and its progress are three things, never taken for one
another."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from aura_tui.model.status import JobStatus
from aura_tui.service import Link, LinkStatus
from aura_tui.ui.state.health import Health, Heartbeat, Kind, health_of
from tests.ui.recordings import BEGIN as NOW


def ago(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


class Seen(NamedTuple):
    """How long ago each of the clocks last gave a sign; None: never."""

    heard_s: float
    event_s: float | None
    moved_s: float | None


LIVE, WAITING = LinkStatus.LIVE, LinkStatus.WAITING
LINKS: dict[str, LinkStatus | None] = {
    "here": None,
    "live": LIVE,
    "connecting": LinkStatus.CONNECTING,
    "down": WAITING,
    "lost": LinkStatus.LOST,
}
SEEN = {
    "well": Seen(1, 0.2, 0.2),
    "joined": Seen(1, None, None),
    "unmoved": Seen(1, 3, 100),
    "silent": Seen(4, 40, 40),
    "unheard": Seen(30, 30, 130),
}
# What is to be said while the job runs, link by clocks; whatever is not here is to be silent.
RUNNING = {
    ("here", "unmoved"): Kind.UNMOVED,
    ("here", "silent"): Kind.SILENT,
    ("here", "unheard"): Kind.SILENT,  # no link, so none is unheard
    ("live", "unmoved"): Kind.UNMOVED,
    ("live", "silent"): Kind.SILENT,
    ("live", "unheard"): Kind.UNHEARD,  # of the job nothing can be said
    **{("connecting", seen): Kind.DOWN for seen in SEEN},  # heard before: it is a reconnect
    **{("down", seen): Kind.DOWN for seen in SEEN},
    **{("lost", seen): Kind.LOST for seen in SEEN},
}


def pulse(link: LinkStatus | None, seen: Seen) -> Heartbeat:
    found = Heartbeat()
    if link is not None:
        since = NOW - ago(500 if link is LIVE else 12)
        found.set_link(
            Link(
                status=link,
                since=since,
                attempt=0 if link is LIVE else 2,
                retry_at=NOW + ago(4) if link is WAITING else None,
                heard_at=NOW - ago(seen.heard_s),
            )
        )
    for at_s, moved in ((seen.moved_s, True), (seen.event_s, False)):
        if at_s is not None:
            found.event(NOW - ago(at_s), moved=moved)
    return found


@pytest.mark.parametrize(("link", "seen"), [*product(LINKS, SEEN)])
@pytest.mark.parametrize("status", [None, *JobStatus])
@pytest.mark.parametrize("ahead", [None, 0, 2])
def test_one_thing_is_said_and_the_right_one(
    link: str, seen: str, status: JobStatus | None, ahead: int | None
) -> None:
    said = health_of(pulse(LINKS[link], SEEN[seen]), status, NOW, queue_ahead=ahead)
    kind = said.kind if said is not None else None
    if status is not None and status.ended:
        expected = None
    elif link in ("connecting", "down"):
        expected = Kind.DOWN
    elif link == "lost":
        expected = Kind.LOST
    elif (link, seen) == ("live", "unheard"):
        expected = Kind.UNHEARD
    elif status is JobStatus.PAUSED:
        expected = Kind.PAUSED  # a paused job is not silent
    elif status is JobStatus.QUEUED:
        expected = Kind.QUEUED if ahead is not None else None
    elif status is JobStatus.RUNNING:
        expected = RUNNING.get((link, seen))
    else:
        expected = None
    assert kind is expected
    if said is not None:
        of_the_link = said.kind in (Kind.DOWN, Kind.LOST)
        assert ("link" in said.text) == of_the_link
        assert ("job" in said.text) == (said.kind is Kind.SILENT)


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
        "link down for 12 s, next try in 4 s (attempt 3)",
        "link down 12 s, try 3 in 4 s",
        "link down 12 s",
    )
    assert said(pulse(LinkStatus.CONNECTING, silent)).text == (
        "link down for 12 s, trying now (attempt 2)"
    )
    assert said(pulse(None, silent), JobStatus.PAUSED).text == "paused"
    assert said(pulse(None, silent), JobStatus.QUEUED, ahead=2).text == "queued behind 2"
    assert said(pulse(None, silent), JobStatus.QUEUED, ahead=0).text == "next in the queue"


def test_the_longest_form_that_fits_is_taken() -> None:
    down = said(pulse(WAITING, SEEN["silent"]))
    assert down.within(80) == down.text
    assert down.within(30) == "link down 12 s, try 3 in 4 s"
    assert down.within(3) == "link down 12 s"


def test_a_link_says_why_it_is_gone_as_plain_text() -> None:
    gone = Heartbeat()
    gone.set_link(Link(status=LinkStatus.LOST, since=NOW, reason="\x1b[31mtoken\nrefused"))
    assert said(gone).text == "link lost: token refused"
    assert said(gone).severity == "error"
    gone.set_link(
        Link(status=WAITING, since=NOW, reason="refused", retry_at=NOW - ago(1), attempt=1)
    )
    assert said(gone).text == "link down for 0 s, trying now (attempt 2): refused"


def test_no_engine_is_not_a_link_that_is_down() -> None:
    gone = Heartbeat()
    link = Link(status=WAITING, since=NOW - ago(12), reason="it ended", absent=True, can_begin=True)
    gone.set_link(link)
    assert said(gone).text == ("no engine at work here for 12 s; R has one go on in the background")
    assert said(gone).within(25) == "no engine; R starts one"
    gone.set_link(replace(link, can_begin=False))
    assert (
        said(gone).text == "no engine at work here for 12 s; the work goes on with: aura-tui watch"
    )
    assert not any("R" in form.split() for form in said(gone).forms)


def test_what_an_engine_left_behind_is_as_old_as_its_last_event() -> None:
    left = Heartbeat()
    opened = NOW - ago(2)
    unmet = Link(status=WAITING, since=opened, absent=True)
    left.set_link(unmet)
    left.event(opened, moved=True, told_at=NOW - ago(25))  # it is read now, and happened then
    assert left.age_s(NOW) == 25
    assert said(left).text.startswith("no engine at work here for 25 s")
    left.set_link(replace(unmet, heard_at=NOW - ago(5)))  # it was silent, but there
    assert left.age_s(NOW) == 5
    assert said(left).text.startswith("no engine at work here for 2 s")
    elsewhere = Heartbeat()  # whose clock may be another one
    elsewhere.set_link(Link(status=WAITING, since=opened))
    elsewhere.event(opened, moved=True, told_at=NOW - ago(25))
    assert elsewhere.age_s(NOW) == 2


def test_the_first_connect_is_no_break() -> None:
    first = Heartbeat()
    first.set_link(Link(status=LinkStatus.CONNECTING, since=NOW - ago(3), attempt=1))
    found = health_of(first, None, NOW)
    assert found is not None
    assert (found.kind, found.text) == (Kind.CONNECTING, "connecting")
    first.set_link(Link(status=LinkStatus.CONNECTING, since=NOW, attempt=2))
    found = health_of(first, None, NOW)
    assert found is not None
    assert found.text == "link down for 3 s, trying now (attempt 2)"


def test_a_break_lasts_from_its_begin_through_all_tries() -> None:
    link = Heartbeat()
    link.set_link(Link(status=LIVE, since=NOW - ago(100), heard_at=NOW - ago(40)))
    link.set_link(Link(status=WAITING, since=NOW - ago(30), retry_at=NOW - ago(20)))
    link.set_link(Link(status=LinkStatus.CONNECTING, since=NOW - ago(20), attempt=1))
    link.set_link(Link(status=WAITING, since=NOW - ago(10), retry_at=NOW + ago(3), attempt=1))
    assert said(link).text == "link down for 30 s, next try in 3 s (attempt 2)"


def test_only_a_return_after_a_break_is_one() -> None:
    link = Heartbeat()
    live = Link(status=LIVE, since=NOW)
    assert not link.set_link(Link(status=LinkStatus.CONNECTING, since=NOW))
    assert not link.set_link(live)
    assert not link.set_link(live)
    back = Link(status=LIVE, since=NOW + ago(50), gap_s=42.0, recovered=318)
    assert link.set_link(back)  # even where nobody saw the break itself
    assert not link.set_link(back)
    heard = Link(status=LIVE, since=NOW + ago(50), gap_s=42.0, heard_at=NOW + ago(60))
    assert not link.set_link(heard)


def test_a_gap_in_the_link_is_no_silence_of_the_job() -> None:
    back = pulse(LIVE, Seen(1, 300, 300))
    back.set_link(Link(status=LIVE, since=NOW - ago(2), heard_at=NOW - ago(1), gap_s=290.0))
    assert health_of(back, JobStatus.RUNNING, NOW) is None


@pytest.mark.parametrize(("silent_s", "severity"), [(40, "info"), (119, "info"), (121, "warning")])
def test_a_silence_turns_into_a_warning_when_the_engine_s_does(
    silent_s: float, severity: str
) -> None:
    assert said(pulse(LIVE, Seen(1, silent_s, silent_s))).severity == severity


def test_a_stopped_engine_is_said_to_be_stopped_at_every_width() -> None:
    seen = pulse(WAITING, SEEN["well"])
    assert seen.link is not None
    reason = "The engine (process 7) is stopped (Ctrl-Z); fg lets it go on"
    seen.set_link(replace(seen.link, stopped=True, reason=reason))
    said = health_of(seen, JobStatus.RUNNING, NOW)
    assert said is not None
    assert said.text == reason
    assert all("stopped" in form and "fg" in form for form in said.forms)
    assert not any("try" in form for form in said.forms)
