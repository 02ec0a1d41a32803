"""The words for a connection: what is wrong, since when, what happens next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aura_tui.errors import Code
from aura_tui.format import connection as connection_words
from aura_tui.model.connection import Connection, ConnectionStatus

S = ConnectionStatus
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def forms(status: ConnectionStatus, down_s: float = 74, **fields: Any) -> tuple[str, ...]:
    made = Connection(status=status, since=ago(down_s), **fields)
    return connection_words.forms(made, NOW)


def test_a_lost_connection_says_since_when_and_when_the_next_attempt_is() -> None:
    fields: dict[str, Any] = {"attempt": 13, "retry_at": ago(-24.2), "heard_at": ago(80)}
    assert forms(S.RETRYING, **fields) == (
        "connection lost 74 s ago, retrying in 25 s (attempt 13)",
        "connection lost 74 s ago, retrying in 25 s",
        "connection lost, retrying in 25 s",
        "lost 74 s ago, retrying in 25 s",
        "connection lost 74 s ago",
        "connection lost",
    )
    first = forms(S.RETRYING, **fields, reason="the connection was reset")[0]
    assert first.endswith("(attempt 13): the connection was reset")
    page = "a web page answered instead of the engine"
    assert forms(S.RETRYING, **fields, reason=f"{page} (HTTP 200, text/html)")[1:4] == (
        f"connection lost, retrying in 25 s: {page} (HTTP 200, text/html)",
        f"connection lost, retrying in 25 s: {page}",
        "connection lost 74 s ago, retrying in 25 s (attempt 13)",
    )
    for retry_at in (None, NOW, ago(3)):
        under_way = forms(S.RETRYING, attempt=2, retry_at=retry_at, heard_at=ago(80))
        assert under_way[0] == "connection lost 74 s ago, retrying now (attempt 2)"


def test_what_never_answered_was_not_lost() -> None:
    assert forms(S.CONNECTING) == ("connecting",)
    assert forms(S.RETRYING, 3, attempt=2)[0] == "not connected for 3 s, retrying now (attempt 2)"
    assert not any("lost" in form for form in forms(S.RETRYING, 3))


def test_a_suspended_engine_says_what_to_run() -> None:
    assert forms(S.SUSPENDED, 180)[1:] == (
        "engine suspended (Ctrl-Z) for 3 min; run fg in its terminal",
        "engine suspended (Ctrl-Z): run fg in its terminal",
        "engine suspended: run fg in its terminal",
        "engine suspended: run fg",
        "suspended: fg",
    )
    assert forms(S.SUSPENDED, reason="The engine (process 7) is suspended; run fg")[0] == (
        "The engine (process 7) is suspended; run fg"
    )


def test_without_an_engine_it_says_how_to_get_one() -> None:
    assert forms(S.NO_ENGINE, 180)[:2] == (
        "no engine running (3 min); aura-tui watch resumes the job",
        "no engine running; aura-tui watch resumes the job",
    )
    startable = forms(S.NO_ENGINE, 180, can_start=True)
    assert startable[0] == "no engine running (3 min); press R to start one"
    assert not any("watch" in form for form in startable)


def test_a_refused_token_says_what_to_set_and_other_ends_say_why() -> None:
    refused = forms(S.LOST, code=Code.TOKEN_REFUSED, reason="The engine at h rejected the token")
    assert refused[0] == "Not signed in: this server needs a valid token (AURA_TOKEN)"
    assert forms(S.LOST, reason="its certificate can't be trusted") == (
        "disconnected: its certificate can't be trusted",
        "disconnected",
    )
    assert forms(S.LOST) == ("disconnected",)


def test_forms_are_ever_shorter_plain_text_and_none_while_it_is_live() -> None:
    assert forms(S.LIVE) == ()
    for status in S:
        for start in (False, True):
            found = forms(status, reason="\x1b[31mwhy\n" * 30, can_start=start, heard_at=NOW)
            lengths = [*map(len, found)]
            assert lengths == sorted(lengths, reverse=True), found
            assert all(form.isprintable() for form in found)


def test_plain_lines_report_a_break_and_its_end() -> None:
    def line(status: ConnectionStatus, **fields: Any) -> str:
        return connection_words.line(Connection(status=status, since=NOW, **fields))

    assert line(S.RETRYING, reason="reset", retry_at=NOW) == (
        "Connection lost: reset. Reconnecting..."
    )
    assert line(S.RETRYING, reason="reset") == ""  # an attempt is under way
    assert line(S.SUSPENDED, reason="It is suspended; run fg") == "It is suspended; run fg"
    assert line(S.NO_ENGINE, reason="The engine stopped") == "The engine stopped"
    assert [line(status) for status in (S.LIVE, S.CONNECTING, S.LOST)] == ["", "", ""]
    live = Connection(status=S.LIVE, since=NOW, gap_s=74.5)
    assert connection_words.restored(live) == "Connection restored after 74 s"
    assert connection_words.gap(live) == "Restored after 74 s; 0 events recovered"
    resumed = Connection(status=S.LIVE, since=NOW)
    assert connection_words.restored(resumed) == "The engine is running again"
