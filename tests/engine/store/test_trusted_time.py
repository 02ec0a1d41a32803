"""Retention and a clock that leaps: a time is trusted when the clock has kept to it for a day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from aura_tui.engine.store.open import open_store
from aura_tui.engine.store.trusted_time import TrustedTime, look
from aura_tui.model.ids import COUNTER_BITS

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3_600_000
DAY = 24 * HOUR


def ms(year: int, month: int = 1, day: int = 1) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)


NOW = ms(2026, 11, 29)


def looks(trusted: TrustedTime, *times: int) -> tuple[TrustedTime, int]:
    """After a look at each of the ``times``; and up to when ages count at the last one."""
    for now in times:
        trusted = trusted.look(now)
    return trusted, trusted.as_of(times[-1])


def test_a_clock_that_runs_is_trusted() -> None:
    times = [NOW + n * HOUR for n in (1, 2, 3, 10, 33)]  # a night without power between two
    assert looks(TrustedTime(NOW), *times) == (TrustedTime(times[-1]), times[-1])


def test_a_leap_makes_nothing_old_and_ends_without_a_trace() -> None:
    trusted, as_of = looks(TrustedTime(NOW), *(ms(2037) + n * HOUR for n in range(24)))
    assert as_of == NOW
    back = NOW + 24 * HOUR
    assert looks(trusted, back) == (TrustedTime(back), back)


def test_a_time_that_the_clock_keeps_for_a_day_is_trusted() -> None:
    for since in (ms(2037), NOW + 60 * DAY):  # wrong, or two months off: nobody can tell
        every_hour = [since + n * HOUR for n in range(25)]
        assert looks(TrustedTime(NOW), *every_hour[:-1])[1] == NOW
        assert looks(TrustedTime(NOW), *every_hour) == (TrustedTime(since + DAY), since + DAY)
        # Engines that come and go see it as well.
        assert looks(TrustedTime(NOW), since, since + 20 * HOUR, since + 40 * HOUR)[1] > since


def test_engines_that_come_once_a_month_trust_what_the_one_before_saw() -> None:
    monthly = [NOW + 30 * DAY * n for n in range(1, 5)]
    assert looks(TrustedTime(NOW), *monthly)[1] == monthly[-2]


def test_a_clock_that_is_wrong_twice_makes_nothing_old() -> None:
    for second in (ms(2040), ms(2031), ms(1970), ms(9999)):
        assert looks(TrustedTime(NOW), ms(2037), second)[1] <= NOW


def test_a_clock_that_is_behind_until_the_network_sets_it_changes_nothing() -> None:
    trusted = TrustedTime(NOW)
    for day in range(20):  # a board without a battery, started once a day
        trusted, as_of = looks(trusted, ms(1970) + 5000)
        assert as_of == ms(1970) + 5000
        trusted, as_of = looks(trusted, NOW + day * DAY)
        assert as_of == NOW + day * DAY


def test_a_wrong_time_that_was_trusted_ages_nothing_once_it_is_corrected() -> None:
    wrong = TrustedTime(ms(2037))
    assert looks(wrong, NOW, NOW + HOUR)[1] == NOW + HOUR
    assert looks(wrong, *(NOW + n * HOUR for n in range(25)))[0] == TrustedTime(NOW + DAY)


@given(st.lists(st.integers(-ms(2100), ms(9999)), min_size=1))
def test_no_age_counts_beyond_the_clock(times: list[int]) -> None:
    trusted = TrustedTime(NOW)
    for now in times:
        trusted = trusted.look(now)
        assert trusted.as_of(now) <= now


def test_only_a_leap_ahead_of_more_than_a_month_is_a_warning() -> None:
    for away in (0, DAY, 30 * DAY, -365 * DAY):
        assert TrustedTime(NOW).notice(NOW + away) == ""
    notice = TrustedTime(NOW).notice(ms(2037))
    assert "3,686 days ahead" in notice
    assert "2037-01-02" in notice  # when it is believed


def test_a_store_keeps_what_is_trusted_and_an_older_one_goes_by_its_newest_event(
    tmp_path: Path,
) -> None:
    path = tmp_path / "aura.db"
    store = open_store(path, NOW / 1000).store
    store.set_meta("last_id", NOW << COUNTER_BITS)
    assert look(store, ms(2037)) == TrustedTime(NOW, ms(2037), ms(2037))
    store.close()
    opened = open_store(path, ms(2037) / 1000 + 3600)
    assert "3,686 days ahead" in opened.clock
    assert look(opened.store, ms(2037) + HOUR) == TrustedTime(NOW, ms(2037), ms(2037) + HOUR)
    assert look(opened.store, NOW + HOUR) == TrustedTime(NOW + HOUR)
    opened.store.close()
    assert open_store(path, (NOW + 2 * HOUR) / 1000).notices == ()
