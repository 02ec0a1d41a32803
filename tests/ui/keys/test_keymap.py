"""Keys that are moved where they can't be are told before the board opens."""

from __future__ import annotations

import pytest

from aura_tui.errors import InputError
from aura_tui.ui.keys import bindings, keymap

GROUPS = [
    value
    for name, value in vars(bindings).items()
    if name.isupper() and name not in ("GROUPS", "CHANGING")
]


def test_the_keys_as_they_are_shipped_may_stay() -> None:
    keymap.check({})
    keymap.check({str(b.id): b.key for group in GROUPS for b in group})


@pytest.mark.parametrize(
    "moved",
    [
        {"run.cancel": "x"},
        {"run.cancel": "X,ctrl+x"},
        {"app.help": "?,f1"},
        {"log.search": "slash,:"},
        {"run.cancel": "r", "run.retry": "c"},  # they change places
        {"run.pause": "f9"},
    ],
)
def test_a_free_key_may_be_taken(moved: dict[str, str]) -> None:
    keymap.check(moved)


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"run.cancle": "x"}, "unknown key id 'run.cancle'"),
        ({"run.cancel": "bogus"}, r"'bogus' \(for run.cancel\) is not a key"),
        ({"run.cancel": ""}, r"'' \(for run.cancel\) is not a key"),
        ({"run.cancel": "x,"}, r"'' \(for run.cancel\) is not a key"),
        ({"run.cancel": "r"}, "run.cancel and run.retry both use the key r"),
        ({"app.help": "/"}, "app.help and jobs.filter both use the key slash"),
        ({"run.cancel": "enter"}, "both use the key enter"),
        ({"log.wrap": "L"}, "board.log and log.wrap both use the key L"),
        ({"confirm.yes": "n"}, "confirm.no and confirm.yes both use the key n"),
        ({"run.cancel": "x", "run.retry": "x"}, "run.cancel and run.retry both use"),
    ],
)
def test_what_would_not_do_what_it_says_is_an_error(moved: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        keymap.check(moved)


def test_every_group_of_bindings_is_checked() -> None:
    checked = {id(binding) for group in keymap.TOGETHER for binding in group}
    assert {id(binding) for group in GROUPS for binding in group} <= checked


def test_every_binding_has_an_id_and_only_what_a_key_turns_on_and_off_shares_one() -> None:
    ids = [str(binding.id) for group in GROUPS for binding in group]
    assert "None" not in ids
    shared = {name for name in ids if ids.count(name) > 1}
    files = {"result.open", "result.copy", "result.save"}  # of the job, and of the file there
    assert shared == {"run.pause", "board.follow"} | files
