"""README and help pages are true: what they name is there, and has the values they give."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from aura_tui.cli.help_topics import topics
from aura_tui.settings import load

TESTS = Path(__file__).parent
ROOT = TESTS.parent
README = (ROOT / "README.md").read_text()
PAGES = ROOT / "aura_tui" / "cli" / "help"


def text(page: str) -> str:
    return (PAGES / f"{page}.md").read_text()


def rows(page: str) -> list[list[str]]:
    """The cells of a page's table, without its head."""
    table = [line for line in text(page).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_each_promise_names_the_tests_that_hold_it() -> None:
    promises = rows("recovery") + rows("security")
    assert len(promises) >= 20
    for *_, held in promises:
        named = re.findall(r"`([\w./]+)`", held)
        assert named, held
        for name in named:
            path = TESTS / name
            assert path.is_file(), name
            if path.suffix == ".py":
                assert re.search(r"^(async )?def test_", path.read_text(), re.MULTILINE), name


def test_each_link_and_picture_of_the_readme_is_in_the_repository() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert len(links) > len(topics())
    for link in links:
        assert (ROOT / link).is_file(), link


def test_the_readme_names_every_help_topic_and_no_other() -> None:
    assert set(re.findall(r"\[`aura-tui help ([\w-]+)`\]", README)) == set(topics())


def test_the_configuration_page_has_every_setting_with_its_default() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", text("configuration"), re.DOTALL)
    given = tomllib.loads(example)
    settings = load({"AURA_HOME": "/nonexistent", "AURA_CONFIG": "/dev/null"})
    assert given["board"].pop("keys")
    for section, table in given.items():
        defaults = getattr(settings, section)
        for name, value in table.items():
            default = getattr(defaults, name)
            default = str(default) if isinstance(default, Path) else default
            assert (list(default) if isinstance(default, tuple) else default) == value, name
