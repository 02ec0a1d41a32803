"""The README's promises: each names a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
README = (TESTS.parent / "README.md").read_text()


def rows(section: str) -> list[list[str]]:
    """The cells of the section's table, without its head."""
    text = README.split(f"## {section}\n")[1].split("\n## ")[0]
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_each_promise_names_the_tests_that_hold_it() -> None:
    promises = rows("What survives what") + rows("Threat model")
    assert len(promises) >= 20
    for *_, held in promises:
        named = re.findall(r"`([\w./]+)`", held)
        assert named, held
        for name in named:
            path = TESTS / name
            assert path.is_file(), name
            if path.suffix == ".py":
                assert re.search(r"^(async )?def test_", path.read_text(), re.MULTILINE), name
