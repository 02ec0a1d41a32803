"""The connection's table, cell by cell and walked at random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.errors import Code
from aura_tui.model.connection import (
    TRANSITIONS,
    Connection,
    ConnectionEvent,
    ConnectionMachine,
    ConnectionStatus,
    IllegalTransition,
)

S, E = ConnectionStatus, ConnectionEvent
T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

# How a machine gets into each state.
INTO: dict[ConnectionStatus, tuple[ConnectionEvent, ...]] = {
    S.CONNECTING: (),
    S.LIVE: (E.OPENED,),
    S.RETRYING: (E.OPENED, E.BROKEN),
    S.SUSPENDED: (E.OPENED, E.ENGINE_SUSPENDED),
    S.NO_ENGINE: (E.OPENED, E.ENGINE_GONE),
    S.LOST: (E.OPENED, E.REFUSED),
}
# What the table says, once more, by column: a slip of the pen in it is no rule.
ALWAYS = {E.REFUSED: S.LOST}


class Clock:
    def __init__(self) -> None:
        self.at = T0

    def __call__(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def machine(*events: ConnectionEvent, clock: Clock | None = None) -> ConnectionMachine:
    found = ConnectionMachine(clock or Clock())
    for event in events:
        found.fire(event)
    return found


def expected(state: ConnectionStatus, event: ConnectionEvent) -> ConnectionStatus | None:
    if event in ALWAYS:
        return ALWAYS[event]
    if event is E.ENGINE_RESUMED:
        return S.RETRYING if state is S.SUSPENDED else None
    if event is E.ENGINE_BACK:
        return S.RETRYING if state is S.NO_ENGINE else None
    if event is E.ENGINE_SUSPENDED:
        return S.LOST if state is S.LOST else S.SUSPENDED
    if event is E.ENGINE_GONE:
        return S.LOST if state is S.LOST else S.NO_ENGINE
    if state is S.SUSPENDED:  # no socket's word counts
        return S.SUSPENDED
    if event is E.OPENED:
        return S.LIVE
    if state is S.NO_ENGINE:
        return S.NO_ENGINE
    if event is E.BROKEN:
        return S.RETRYING
    return S.CONNECTING if state is S.LOST else state


def test_every_cell_is_as_documented_and_a_missing_one_is_refused_without_a_trace() -> None:
    for state, event in product(S, E):
        found = machine(*INTO[state])
        assert found.status is state
        before, goal = found.connection, expected(state, event)
        assert TRANSITIONS[state].get(event) is goal, (state, event)
        if goal is None:
            with pytest.raises(IllegalTransition, match=f"'{event.value}' while '{state.value}'"):
                found.fire(event)
            assert found.connection == before
        else:
            found.fire(event)
            assert found.status is goal


def test_every_state_can_be_reached_and_left_for_live() -> None:
    for state in S:
        ways = {state}
        while True:
            further = {goal for each in ways for goal in TRANSITIONS[each].values()}
            if further <= ways:
                break
            ways |= further
        assert ways >= {S.LIVE, S.RETRYING, S.SUSPENDED, S.NO_ENGINE, S.LOST}, state


@given(st.lists(st.tuples(st.sampled_from(E), st.integers(0, 100)), max_size=40))
def test_any_events_keep_the_invariants(walk: list[tuple[ConnectionEvent, int]]) -> None:
    clock = Clock()
    found = machine(clock=clock)
    was_live = False
    for event, seconds in walk:
        clock.pass_s(seconds)
        before = found.connection
        if event not in TRANSITIONS[before.status]:
            with pytest.raises(IllegalTransition):
                found.fire(event, reason="why", attempt=3)
            assert found.connection == before
            continue
        found.fire(event, reason="why", code=Code.TOKEN_REFUSED, attempt=3, retry_at=clock.at)
        now = found.connection
        assert now.status is TRANSITIONS[before.status][event]
        assert T0 <= before.since <= now.since <= clock.at
        # `since` moves when it becomes live or ceases to be, and at no other time.
        assert (now.since == before.since) or (now.is_live != before.is_live)
        if now.is_live != before.is_live:
            assert now.since == clock.at
        assert now.gap_s is None or (now.is_live and was_live and now.gap_s >= 0)
        if now.is_live:
            was_live = True
            found.heard()
            assert found.connection.heard_at == clock.at


def test_a_gap_is_from_the_last_word_to_the_next_answer() -> None:
    clock = Clock()
    found = machine(E.OPENED, clock=clock)
    found.heard()
    clock.pass_s(25)
    found.fire(E.BROKEN, reason="silent", attempt=2, retry_at=clock.at)
    assert found.connection == Connection(
        status=S.RETRYING,
        since=clock.at,
        attempt=2,
        reason="silent",
        retry_at=clock.at,
        heard_at=T0,
    )
    clock.pass_s(3)
    found.fire(E.ATTEMPT, reason="silent", attempt=2)
    assert (found.connection.since, found.connection.retry_at) == (T0 + timedelta(seconds=25), None)
    clock.pass_s(2)
    found.fire(E.OPENED)
    assert (found.connection.gap_s, found.connection.reason, found.connection.attempt) == (
        30,
        "",
        0,
    )


def test_a_break_lasts_from_its_beginning_through_all_attempts_and_states() -> None:
    clock = Clock()
    found = machine(E.OPENED, clock=clock)
    clock.pass_s(10)
    for event in (E.BROKEN, E.ATTEMPT, E.BROKEN, E.ENGINE_SUSPENDED, E.ENGINE_GONE, E.ENGINE_BACK):
        found.fire(event)
        assert found.connection.since == T0 + timedelta(seconds=10)
        clock.pass_s(10)
    found.fire(E.OPENED)
    assert found.connection.gap_s == 60


def test_a_break_before_all_was_recovered_is_the_same_break() -> None:
    clock = Clock()
    found = machine(E.OPENED, clock=clock)
    found.heard()
    clock.pass_s(10)
    found.fire(E.BROKEN)
    found.fire(E.OPENED)
    found.heard()
    clock.pass_s(5)
    found.fire(E.BROKEN)
    found.fire(E.OPENED)
    assert found.connection.gap_s == 15
    found.caught_up()
    found.heard()
    clock.pass_s(3)
    found.fire(E.BROKEN)
    found.fire(E.OPENED)
    assert found.connection.gap_s == 3


def test_a_connection_that_was_never_live_has_no_gap() -> None:
    found = machine(E.BROKEN, E.OPENED)
    assert found.connection.gap_s is None


def test_a_suspended_engine_misses_nothing_unless_its_connections_break() -> None:
    clock = Clock()
    found = machine(E.OPENED, E.ENGINE_SUSPENDED, clock=clock)
    clock.pass_s(60)
    found.fire(E.ENGINE_RESUMED)
    found.fire(E.OPENED)
    assert found.connection.gap_s is None
    for event in (E.ENGINE_SUSPENDED, E.BROKEN, E.ENGINE_RESUMED):
        clock.pass_s(10)
        found.fire(event)
    found.fire(E.OPENED)
    assert found.connection.gap_s == 10


def test_what_a_socket_reports_of_a_suspended_engine_changes_no_word_of_it() -> None:
    found = machine(E.OPENED)
    found.fire(E.ENGINE_SUSPENDED, reason="Ctrl-Z")
    for event in (E.ATTEMPT, E.BROKEN, E.OPENED):
        found.fire(event, reason="no heartbeat", attempt=7)
        assert (found.connection.reason, found.connection.attempt) == ("Ctrl-Z", 0)


def test_reconnecting_is_offered_where_it_helps() -> None:
    offered = {state for state in S if machine(*INTO[state]).connection.can_reconnect}
    assert offered == {S.CONNECTING, S.RETRYING}
    found = machine(E.OPENED)
    found.fire(E.ENGINE_GONE, can_start=True)
    assert found.connection.can_reconnect
