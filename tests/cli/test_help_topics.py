"""``aura-tui help``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.cli.app import run_command
from aura_tui.cli.help_topics import topics

if TYPE_CHECKING:
    import pytest


def test_help_lists_the_topics_and_shows_each_page_as_it_is_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(["help"]) == 0
    index = capsys.readouterr().out
    for topic, title in topics().items():
        assert f"  {topic} " in index
        assert title in index
        assert run_command(["help", topic]) == 0
        page = capsys.readouterr().out
        assert page.startswith(f"# {title}\n")
        assert (
            max(map(len, (line for line in page.splitlines() if not line.startswith("|")))) <= 110
        )


def test_help_of_a_command_is_what_the_command_s_own_help_option_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command in ("run", "token"):
        assert run_command(["help", command]) == 0
        shown = capsys.readouterr().out
        run_command([command, "--help"])
        assert shown == capsys.readouterr().out


def test_an_unknown_topic_is_a_usage_error_that_lists_the_topics(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run_command(["help", "ke\x1b[2Jys"]) == 2
    error = capfd.readouterr().err
    assert "Unknown help topic" in error
    assert "\x1b" not in error
    assert all(topic in error for topic in topics())
