"""The small parts of the client: addresses, waits, the connection."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from aura_tui.client.address import of_socket, of_url
from aura_tui.client.connection_state import ConnectionState
from aura_tui.errors import Code, EngineError, InputError
from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.net.backoff import Backoff
from aura_tui.net.headers import retry_after_s

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


# --- the connection


REFUSED = EngineError(Code.TOKEN_REFUSED, "The engine rejected the token", "Set AURA_TOKEN.")
T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def status(board: ConnectionState) -> ConnectionStatus:
    return board.connection.status


class Clock:
    def __init__(self) -> None:
        self.at = T0

    def __call__(self) -> datetime:
        return self.at


def test_the_connection_is_as_well_as_its_worst_stream() -> None:
    board = ConnectionState(Clock())
    one, two = board.stream(), board.stream()
    one.opened()
    assert status(board) is ConnectionStatus.CONNECTING
    two.opened()
    assert status(board) is ConnectionStatus.LIVE
    two.broken(3, "the network", T0)
    assert (board.connection.status, board.connection.attempt) == (ConnectionStatus.RETRYING, 4)
    one.refused(REFUSED)
    lost = board.connection
    assert (lost.status, lost.reason) == (ConnectionStatus.LOST, REFUSED.message)
    assert lost.code is Code.TOKEN_REFUSED
    one.close()
    assert status(board) is ConnectionStatus.RETRYING
    two.opened()
    two.close()
    assert status(board) is ConnectionStatus.LIVE


def test_one_more_stream_leaves_a_live_connection_live() -> None:
    board = ConnectionState(Clock())
    board.answered()
    stream = board.stream()
    stream.attempt(0)
    assert status(board) is ConnectionStatus.LIVE
    stream.broken(1, "reset", T0)
    assert status(board) is ConnectionStatus.RETRYING


def test_what_one_stream_missed_in_an_earlier_break_is_not_counted_again() -> None:
    board = ConnectionState(Clock())
    one, other = board.stream(), board.stream()
    one.opened()
    other.opened()
    one.broken(1, "reset", T0)
    one.opened()
    one.start_recovery()
    for _ in range(5):
        one.event_recovered()
    one.caught_up()
    other.broken(1, "reset", T0)
    other.broken(2, "reset", T0)
    other.opened()
    other.start_recovery()
    other.event_recovered()
    assert board.connection.recovered == 1


def test_the_process_of_the_engine_is_worth_more_than_its_streams() -> None:
    board = ConnectionState(Clock())
    stream = board.stream()
    stream.opened()
    board.engine_suspended("Ctrl-Z")
    stream.broken(1, "silent", T0)
    assert (status(board), board.connection.reason) == (ConnectionStatus.SUSPENDED, "Ctrl-Z")
    board.engine_resumed()
    assert (status(board), board.connection.reason) == (ConnectionStatus.RETRYING, "")
    board.engine_gone("it stopped")
    stream.broken(2, "refused", T0)
    assert (status(board), board.connection.can_start) == (ConnectionStatus.NO_ENGINE, True)
    board.engine_back()
    # What broke the stream before is no news of the engine that is there now.
    assert (status(board), board.connection.retry_at) == (ConnectionStatus.RETRYING, None)
    stream.opened()
    assert status(board) is ConnectionStatus.LIVE
    for report in (board.engine_back, board.engine_resumed):  # each look reports what is so
        report()
        assert status(board) is ConnectionStatus.LIVE


def test_an_engine_that_is_back_is_live_though_nothing_streams() -> None:
    board = ConnectionState(Clock())
    board.answered()
    board.engine_gone("it stopped")
    assert status(board) is ConnectionStatus.NO_ENGINE
    board.engine_back()
    assert status(board) is ConnectionStatus.LIVE


def test_a_gap_is_from_the_last_word_to_the_next() -> None:
    clock = Clock()
    board = ConnectionState(clock)
    stream = board.stream()
    stream.opened()
    stream.heard()
    clock.at += timedelta(seconds=25)
    stream.broken(1, "silent", clock.at)
    clock.at += timedelta(seconds=5)
    stream.attempt(1)
    stream.opened()
    assert board.connection.gap_s == 30
    stream.event_recovered()
    stream.event_recovered()
    assert board.connection.recovered == 2


def test_a_break_before_all_was_recovered_is_the_same_break() -> None:
    clock = Clock()
    board = ConnectionState(clock)
    stream, other = board.stream(), board.stream()
    for each in (stream, other):
        each.opened()
        each.heard()
    clock.at += timedelta(seconds=10)
    for each in (stream, other):
        each.broken(1, "reset", clock.at)
    stream.opened()
    stream.start_recovery()
    stream.heard()
    stream.event_recovered()
    stream.broken(1, "reset", clock.at)
    clock.at += timedelta(seconds=5)
    other.opened()
    stream.opened()
    stream.start_recovery()
    assert (board.connection.gap_s, board.connection.recovered, board.connection.recovering) == (
        15,
        1,
        True,
    )
    stream.event_recovered()
    stream.caught_up()
    assert (board.connection.recovered, board.connection.recovering) == (2, False)
    stream.heard()
    clock.at += timedelta(seconds=3)
    stream.broken(1, "reset", clock.at)
    stream.opened()
    assert (board.connection.gap_s, board.connection.recovered) == (3, 0)


def test_a_connection_recovers_until_all_of_its_streams_have() -> None:
    board = ConnectionState(Clock())
    streams = board.stream(), board.stream()
    for stream in streams:
        stream.opened()
        stream.broken(1, "reset", board.now())
        stream.opened()
        stream.start_recovery()
    streams[0].event_recovered()
    streams[0].caught_up()
    for _ in range(3):
        streams[1].event_recovered()
    assert (board.connection.recovered, board.connection.recovering) == (3, True)
    streams[1].caught_up()
    assert (board.connection.recovered, board.connection.recovering) == (3, False)


def test_requests_alone_make_a_connection_too() -> None:
    board = ConnectionState(Clock())
    assert status(board) is ConnectionStatus.CONNECTING
    board.refused(REFUSED)
    assert (board.connection.status, board.connection.reason) == (
        ConnectionStatus.LOST,
        REFUSED.message,
    )
    board.answered()
    assert status(board) is ConnectionStatus.LIVE


async def test_watchers_see_changes_and_not_that_it_was_heard() -> None:
    board = ConnectionState(Clock())
    seen: list[Connection] = []

    async def look() -> None:
        async for connection in board.changes():
            seen.extend([connection])

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    stream = board.stream()
    for change in (stream.opened, stream.heard, stream.heard, lambda: stream.broken(1, "x", T0)):
        change()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    board.close()
    await looking
    assert [connection.status for connection in seen] == [
        ConnectionStatus.CONNECTING,
        ConnectionStatus.LIVE,
        ConnectionStatus.RETRYING,
    ]
