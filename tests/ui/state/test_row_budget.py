"""How the rows of a run are shared: what was asked for shows whole, and nothing gets more than
there is."""

from __future__ import annotations

from itertools import product

import pytest

from aura_tui.ui.state.row_budget import row_budget


def test_no_more_is_shared_out_than_there_is() -> None:
    either = (False, True)
    for height, ended, failed, timeline in product(range(1, 120), either, either, either):
        found = row_budget(height, ended=ended, failed=failed, timeline=timeline, preview=0)
        case = (height, ended, failed, timeline)
        assert 0 <= found.stages <= found.work <= height, case
        assert found.result is None or 0 <= found.work + found.result <= height, case


@pytest.mark.parametrize(("height", "stages"), [(24, 5), (40, 5), (60, 5), (12, 0)])
@pytest.mark.parametrize("ended", [False, True])
def test_a_timeline_that_shows_has_all_its_lanes(height: int, stages: int, ended: bool) -> None:
    found = row_budget(height, ended=ended, failed=False, timeline=True, preview=0)
    lanes = 6 if height < 18 else 7
    assert found.work - found.stages >= lanes
    assert found.stages >= stages


def test_the_open_stage_of_a_high_screen_is_not_cut_for_the_timeline() -> None:
    found = row_budget(60, ended=False, failed=False, timeline=True, preview=0)
    assert found.stages >= 5 + 2 + 12  # five rows, what it says, and its items
