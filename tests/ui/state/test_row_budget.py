"""How the rows of a run are shared: what was asked for shows whole, and nothing gets more than
there is."""

from __future__ import annotations

from itertools import product

import pytest

from aura_tui.ui.state.row_budget import Wanted, row_budget

BOTH = (False, True)


def test_no_more_is_shared_out_than_there_is() -> None:
    wanted = [Wanted(), Wanted(300, 40, 1000, 30), Wanted(9, 6, 3), Wanted(9, 6, 3, 18)]
    for height, ended, failed, timeline, beside, fold, want in product(
        range(1, 120), BOTH, BOTH, BOTH, BOTH, (0, 13), wanted
    ):
        if failed and not ended:
            continue
        found = row_budget(
            height, want, ended=ended, failed=failed, timeline=timeline, beside=beside, fold=fold
        )
        case = (height, ended, failed, timeline, beside, fold, want, found)
        assert 0 <= found.stages <= found.work <= height, case
        assert 0 <= found.preview <= found.work, case
        assert found.result is None or 0 <= found.work + found.result <= height, case


@pytest.mark.parametrize(("height", "stages"), [(24, 5), (40, 5), (60, 5), (12, 0)])
@pytest.mark.parametrize("ended", [False, True])
def test_a_timeline_that_shows_has_all_its_lanes(height: int, stages: int, ended: bool) -> None:
    found = row_budget(height, Wanted(16), ended=ended, failed=False, timeline=True)
    lanes = 6 if height < 18 else 7
    assert found.work - found.stages >= lanes
    assert found.stages >= stages


def test_a_stage_of_many_scenes_gets_the_rows_that_the_log_has_no_lines_for() -> None:
    for height in (23, 39, 59):
        few = row_budget(height, Wanted(300, log=4), ended=False, failed=False, timeline=False)
        many = row_budget(height, Wanted(300, log=900), ended=False, failed=False, timeline=False)
        body = height - 6
        assert few.work >= body - 2 - 8 or few.work >= int(body * 0.7)
        assert many.work == int(body * 0.7)  # a long log has its part
        assert few.work >= many.work


def test_the_log_s_part_stays_while_a_line_or_two_come() -> None:
    shares = [
        row_budget(60, Wanted(300, log=n), ended=False, failed=False, timeline=True).stages
        for n in range(1, 40)
    ]
    assert len({*shares}) <= 5


def test_a_stage_that_is_short_leaves_the_rest_to_the_log() -> None:
    found = row_budget(60, Wanted(5 + 9, log=900), ended=False, failed=False, timeline=False)
    assert found.work == 14


def test_the_log_of_a_failed_job_shows_as_soon_as_the_reason_has_its_rows() -> None:
    small = row_budget(24, Wanted(5, 12, 9), ended=True, failed=True, timeline=False)
    large = row_budget(60, Wanted(5, 12, 9), ended=True, failed=True, timeline=True)
    assert (small.log, small.result) == (False, None)
    assert (large.log, large.result) == (True, 12)


def test_a_preview_grows_into_what_nothing_else_needs() -> None:
    def rows(log: int, stages: int) -> int:
        want = Wanted(stages, log=log, preview=30)
        return row_budget(60, want, ended=False, failed=False, timeline=False).preview

    assert rows(900, 40) == 18  # three tenths, always
    assert rows(4, 10) == 30
    beside = row_budget(
        60, Wanted(16, log=900, preview=18), ended=False, failed=False, timeline=True, beside=True
    )
    assert (beside.preview, beside.stages) == (18, 16)
