"""Tests see the board as a person or a program does: through ``boards.Board``, and public names."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PRIVATE = re.compile(r"\b(?!(?:self|cls)\b)(\w+\._(?!replace\b)[a-z]\w*)")
# Private names that tests use, and why.
EXCEPTIONS = {
    # Textual's and Rich's
    "screen._compositor": "no public way leads from a screen to its characters",
    "Screen._compositor_refresh": "counts what is drawn",
    "app._notifications": "no public way leads to the toasts",
    "pilot._wait_for_screen": "waits for a key's answer, not for an idle processor",
    # asyncio's
    "holder._fut_waiter": "a failure where the task waits",
    # Ours: the inside of one module, in its own test
    "jobs._rows": "a cache of the list, which is emptied to see that it changes nothing",
    "jobs._lines": "the same",
    "state._keys": "the order of the list, against the table that decides it",
    "state._attempts": "what is kept of jobs that left, against its bound",
    "state._lets_through": "the filter, against the list that it makes",
    "state._seen": "what needs no attention any more, against the groups",
    "pictures._marks": "how far Kitty's marks reach",
    "driver._loop": "a driver that takes no terminal",
    "driver._run_input_thread": "the name by which Textual calls it",
    "out._writer": "whether the writer has let go of what waited",
    "shown._slave": "the tests' own terminal",
}


def test_tests_read_the_board_by_public_names() -> None:
    found: list[str] = []
    used: set[str] = set()
    for path in sorted(HERE.rglob("*.py")):
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.lstrip().startswith(("from ", "import ")) or "textual_image._" in line:
                continue  # of modules Textual keeps for itself; imports have a reason beside them
            names = PRIVATE.findall(line)
            used.update(names)
            found += [
                f"{path.relative_to(HERE)}:{number}: {name}"
                for name in names
                if name not in EXCEPTIONS
            ]
    assert not found, "\n".join(found)
    assert EXCEPTIONS.keys() <= used, EXCEPTIONS.keys() - used
