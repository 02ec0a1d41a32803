"""The help tells every key, once, as it really is; at 80x24 without scrolling."""

from __future__ import annotations

import pytest

from aura_tui.ui.keys import bindings
from aura_tui.ui.keys.names import SHIPPED, KeyNames
from aura_tui.ui.screens.help import HelpScreen, groups
from tests.ui.dialogs import asked


def told(*, read_only: bool = False, keymap: dict[str, str] | None = None) -> dict[str, set[str]]:
    """What the longest text of each row says, and its keys."""
    return {
        row.says[0]: set(row.keys)
        for group in groups(read_only=read_only, key_names=KeyNames(keymap))
        for row in group.rows
    }


def test_every_key_of_every_group_is_told() -> None:
    for title, group in bindings.GROUPS:
        found = groups(read_only=False, key_names=SHIPPED)
        keys = {
            key for g in found if g.title in (title, "Moving") for r in g.rows for key in r.keys
        }
        for binding in group:
            assert {key.strip() for key in binding.key.split(",")} <= keys, binding


def test_no_group_tells_a_key_twice() -> None:
    for group in groups(read_only=False, key_names=SHIPPED):
        if group.title not in ("Forms",):  # left and right choose a value, up and down a field
            keys = [key for row in group.rows for key in row.keys]
            assert len(keys) == len(set(keys)), group.title


def test_pause_and_resume_are_one_row() -> None:
    said = told()
    assert said["Pause or resume the job"] == {"p"}
    assert "Resume the job" not in said


def test_counterparts_share_a_row() -> None:
    assert told()["Next, previous match"] == {"n", "N"}
    assert told()["Next, previous field"] == {"tab", "shift+tab", "enter", "down", "up"}


def test_what_moves_alike_in_several_views_is_told_once() -> None:
    moving = next(
        group for group in groups(read_only=False, key_names=SHIPPED) if group.title == "Moving"
    )
    assert {"down", "j", "up", "k"} in [set(row.keys) for row in moving.rows]
    assert not any("job" in text for row in moving.rows for text in row.says)


def test_moved_keys_are_told_where_they_are_now() -> None:
    said = told(keymap={"run.cancel": "x,?", "run.pause": "ctrl+p"})
    assert said["Cancel the job; asks first"] == {"x", "question_mark"}
    assert said["Pause or resume the job"] == {"ctrl+p"}


def test_a_key_that_another_one_took_is_not_told() -> None:
    said = told(keymap={"run.cancel": "n"})
    assert said["Cancel the job; asks first"] == {"n"}
    assert said["Create a job"] == {"none"}


def test_read_only_leaves_out_what_changes_something() -> None:
    said = told(read_only=True)
    for text in ("Cancel the job; asks first", "Create a job", "Start"):
        assert text in told()
        assert text not in said
    assert "Show all keys" in said


def test_every_id_that_is_said_to_change_something_is_one() -> None:
    ids = {binding.id for _, group in bindings.GROUPS for binding in group}
    assert ids >= bindings.CHANGING


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_all_of_it_shows_at_once(size: tuple[int, int], ascii: bool) -> None:
    async with asked(HelpScreen(key_names=KeyNames(ascii=ascii)), size, ascii=ascii) as help:
        await help.shows("Keys", "Job ", "Moving", "Finished job", "Forms")
        assert help.screen.query_one("#help").max_scroll_y == 0
        assert not ascii or help.text.isascii()


async def test_texts_are_as_long_as_the_columns_let_them_be() -> None:
    async with asked(HelpScreen(), (80, 24)) as help:
        await help.shows("c         Cancel ")
        await help.pilot.resize_terminal(200, 60)
        await help.shows("Cancel the job; asks first")


async def test_a_small_terminal_scrolls_by_j_and_k() -> None:
    async with asked(HelpScreen(), (40, 12)) as help:
        await help.shows("Job ")
        await help.press(*["j"] * 4)
        assert "Job " not in help.text
        await help.press(*["k"] * 4)
        await help.shows("Job ")


@pytest.mark.parametrize("key", ["escape", "question_mark", "q", "enter"])
async def test_it_closes(key: str) -> None:
    async with asked(HelpScreen()) as help:
        await help.press(key)
        assert await help.answers() is None
