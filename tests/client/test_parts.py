"""The small parts of the client: addresses, waits, the link."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from aura_tui.client.address import of_socket, of_url
from aura_tui.client.connection_state import ConnectionState
from aura_tui.client.http_client import retry_after_s
from aura_tui.errors import Code, InputError
from aura_tui.net.backoff import Backoff
from aura_tui.service import Link, LinkStatus

# --- addresses


@pytest.mark.parametrize(
    ("url", "base", "shown", "local"),
    [
        ("http://127.0.0.1:5005", "http://127.0.0.1:5005", "127.0.0.1:5005", True),
        ("http://localhost:5005/", "http://localhost:5005", "localhost:5005", True),
        ("box", "http://box:5005", "box:5005", False),
        (" box:80 ", "http://box:80", "box:80", False),
        ("https://box.example.com", "https://box.example.com", "box.example.com", False),
        ("https://box/aura/", "https://box/aura", "box/aura", False),
        ("http://[::1]:7", "http://[::1]:7", "[::1]:7", True),
        ("[::1]", "http://[::1]:5005", "[::1]:5005", True),
    ],
)
def test_addresses_as_people_write_them(url: str, base: str, shown: str, local: bool) -> None:
    address = of_url(url)
    assert (address.base, address.shown, address.local) == (base, shown, local)


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "http://",
        "ftp://box",
        "http://box:99999",
        "http://box:x",
        "http://a b",
        "http://box?x=1",
        "http://box#x",
        "http://[::1",
        "http://\x1b[31m",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        of_url(url)
    assert caught.value.code is Code.SETTINGS_INVALID
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hunter2@box", "hunter2@box", "http://box?hunter2", "box/?token=hunter2#x",
        "http://box#hunter2", "ftp://me:hunter2@box", "http://me:hunter2@", "http://box:hunter2",
        "http://me:a/hunter2@box", "http://me:1?hunter2@box", "http:///?hunter2", "me:hunter2@",
    ],
)  # fmt: skip
def test_a_password_in_an_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(InputError) as caught:
        of_url(url)
    assert "hunter2" not in str(caught.value) + caught.value.remediation


def test_a_plain_address_is_secure_only_on_this_machine() -> None:
    assert not of_url("http://box").secure
    assert of_url("https://box").secure
    assert of_url("http://127.0.0.2:1").secure
    assert of_socket("/run/x.sock").secure


# --- waits


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_the_first_try_is_at_once_and_later_ones_spread_below_the_cap(chance: float) -> None:
    backoff = Backoff(lambda: chance)
    waits = [backoff.next_s() for _ in range(12)]
    assert waits[0] == 0
    grown = [min(30.0, 1.5**n) for n in range(11)]
    assert waits[1:] == [each * (0.5 + 0.5 * chance) for each in grown]
    assert (grown[8] < 30, grown[9]) == (True, 30)
    backoff.reset()
    assert backoff.next_s() == 0


def test_a_servers_wishes_are_floors_within_reason() -> None:
    backoff = Backoff(lambda: 0.0)
    assert backoff.next_s(5.0) == 5.0
    backoff.retry_s = 3.0
    assert [backoff.next_s() for _ in range(4)] == [3, 3, 3, 3]
    assert backoff.next_s(1e12) == 300
    backoff.retry_s = 1e12
    assert backoff.next_s() == 300


def test_a_retry_after_is_seconds_or_a_date() -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=60)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    told = retry_after_s({"retry-after": soon})
    assert told is not None
    assert 50 < told <= 60
    assert retry_after_s({"retry-after": "3"}) == 3
    for odd in ("", "soon", "nan", "inf", "Mon, 99 Foo", "9" * 500):
        retry_after_s({"retry-after": odd})
    assert retry_after_s({}) is None


# --- the link


T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def status(board: ConnectionState) -> LinkStatus:
    return board.link.status


class Clock:
    def __init__(self) -> None:
        self.at = T0

    def __call__(self) -> datetime:
        return self.at


def test_the_link_is_as_well_as_its_worst_line() -> None:
    board = ConnectionState(Clock())
    one, two = board.line(), board.line()
    one.live()
    assert status(board) is LinkStatus.CONNECTING
    two.live()
    assert status(board) is LinkStatus.LIVE
    two.waiting(3, "the network", T0)
    assert (board.link.status, board.link.attempt) == (LinkStatus.WAITING, 3)
    one.lost("the token")
    assert (board.link.status, board.link.reason) == (LinkStatus.LOST, "the token")
    one.close()
    assert status(board) is LinkStatus.WAITING
    two.live()
    two.close()
    assert status(board) is LinkStatus.LIVE


def test_a_gap_is_from_the_last_word_to_the_next() -> None:
    clock = Clock()
    board = ConnectionState(clock)
    line = board.line()
    line.live()
    line.heard()
    clock.at += timedelta(seconds=25)
    line.waiting(1, "silent", clock.at)
    clock.at += timedelta(seconds=5)
    line.connecting(1)
    line.live()
    assert board.link.gap_s == 30
    line.recovered()
    line.recovered()
    assert board.link.recovered == 2


def test_a_break_before_all_was_recovered_is_the_same_break() -> None:
    clock = Clock()
    board = ConnectionState(clock)
    line, other = board.line(), board.line()
    for each in (line, other):
        each.live()
        each.heard()
    clock.at += timedelta(seconds=10)
    for each in (line, other):
        each.waiting(1, "reset", clock.at)
    line.live()
    line.recovering()
    line.heard()
    line.recovered()
    line.waiting(1, "reset", clock.at)
    clock.at += timedelta(seconds=5)
    other.live()
    line.live()
    line.recovering()
    assert (board.link.gap_s, board.link.recovered, board.link.recovering) == (15, 1, True)
    line.recovered()
    line.caught_up()
    assert (board.link.recovered, board.link.recovering) == (2, False)
    line.heard()
    clock.at += timedelta(seconds=3)
    line.waiting(1, "reset", clock.at)
    line.live()
    assert (line.state.gap_s, line.state.recovered) == (3, 0)


def test_a_link_recovers_until_all_of_its_lines_have() -> None:
    board = ConnectionState(Clock())
    lines = board.line(), board.line()
    for line in lines:
        line.live()
        line.waiting(1, "reset", board.now())
        line.live()
        line.recovering()
    lines[0].recovered()
    lines[0].caught_up()
    for _ in range(3):
        lines[1].recovered()
    assert (board.link.recovered, board.link.recovering) == (3, True)
    lines[1].caught_up()
    assert (board.link.recovered, board.link.recovering) == (3, False)


def test_requests_alone_make_a_link_too() -> None:
    board = ConnectionState(Clock())
    assert status(board) is LinkStatus.CONNECTING
    board.refused("no token")
    assert (board.link.status, board.link.reason) == (LinkStatus.LOST, "no token")
    board.answered()
    assert status(board) is LinkStatus.LIVE


async def test_watchers_see_changes_and_not_that_it_was_heard() -> None:
    board = ConnectionState(Clock())
    seen: list[Link] = []

    async def look() -> None:
        async for link in board.links():
            seen.extend([link])

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    line = board.line()
    for change in (line.live, line.heard, line.heard, lambda: line.waiting(1, "x", T0)):
        change()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    board.close()
    await looking
    assert [link.status for link in seen] == [
        LinkStatus.CONNECTING,
        LinkStatus.LIVE,
        LinkStatus.WAITING,
    ]
