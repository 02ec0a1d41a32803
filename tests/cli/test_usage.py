"""Usage errors of the command line: options before a command, bounds, misspelt names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from aura_tui.cli.access_token import read_token
from aura_tui.cli.app import run_command
from aura_tui.cli.commands import app
from aura_tui.cli.examples import EXAMPLES
from aura_tui.cli.options import input_path, output_path

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = {
    "--read-only": ("--read-only",),
    "--server": ("--server", "http://127.0.0.1:9"),
    "--token": ("--token", "secret"),
    "--token-file": ("--token-file",),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of our own; what an option before a command sets is undone."""
    for name in ("AURA_SERVER", "AURA_TOKEN"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("AURA_HOME", str(tmp_path / "home"))


def test_an_option_before_a_command_is_accepted_by_that_command_or_refused(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Every command with every option: ``--help`` after it runs nothing, but the option comes
    first."""
    file = tmp_path / "token"
    file.write_text("secret")
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    accepted = set()
    for name, command in group.commands.items():
        own = {parameter.name for parameter in command.params}
        for option, words in OPTIONS.items():
            words = (*words, str(file)) if option == "--token-file" else words
            status = run_command([*words, name, "--help"])
            error = capfd.readouterr().err
            if ("read_only" if option == "--read-only" else "server") in own:
                assert (status, error) == (0, ""), (name, option)
                accepted.add((name, option))
            else:
                assert status == 2, (name, option)
                assert error.startswith(f"Error: {option} can't be used with {name} [E109]\n")
    assert ("watch", "--read-only") in accepted
    assert {name for name, option in accepted if option == "--server"} == {
        *("run", "watch", "resume", "retry", "jobs", "show", "logs", "artifacts"),
        *("cancel", "pause"),
    }
    assert ("cancel", "--read-only") not in accepted
    assert ("serve", "--token-file") not in accepted  # its own is another one


def test_what_the_environment_says_is_no_option_before_the_command(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURA_SERVER", "http://127.0.0.1:9")
    monkeypatch.setenv("AURA_TOKEN", "secret")
    assert run_command(["help", "keys"]) == 0
    assert capfd.readouterr().err == ""


def test_a_suggestion_is_made_only_for_what_is_near(capfd: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        (["jbos"], "No such command 'jbos'. Did you mean jobs?"),
        (["reset"], "No such command 'reset'.\n"),
        (["token", "ad"], "No such command 'ad'. Did you mean add?"),
        (["jobs", "--statsu", "x"], "No such option: --statsu. Did you mean --status?"),
        (["jobs", "--zzz"], "No such option: --zzz\n"),
        (["help", "kyes"], "Did you mean keys? "),
        (["help", "zzz"], "\n  Choose a command or one of"),
        (["jobs", "--status", "faild"], "Did you mean failed? "),
        (["jobs", "--status", "zzz"], "\n  Use one of: queued"),
        (["run", "x", "--theme", "aurorra"], "Did you mean aurora? "),
        (["run", "x", "--theme", "aaa"], "\n  Themes: "),
        (["run", "x", "--voice", "nobody"], "\n  List voices with"),
        (["run", "x", "--voice", "germn"], "Similar: de. "),
        (["run", "x", "--speech", "espek"], "Did you mean espeak? "),
        (["run", "x", "--speech", "polly"], "\n  Use one of: auto"),
    ):
        assert run_command(arguments) == 2, arguments
        assert said in capfd.readouterr().err, arguments


def test_a_number_out_of_bounds_is_refused_with_the_bounds(
    capfd: pytest.CaptureFixture[str],
) -> None:
    for arguments, said in (
        (["jobs", "--limit", "10001"], "'--limit': expected a number from 1 to 10,000"),
        (["jobs", "--limit", "0"], "'--limit': expected a number from 1 to 10,000"),
        (["jobs", "--limit", "many"], "'--limit': expected a whole number from 1 to 10,000"),
        (["serve", "--port", "70000"], "'--port': expected a number from 0 to 65,535"),
        (["replay", "x", "--speed", "fast"], "'--speed': expected a number"),
    ):
        assert run_command(arguments) == 2, arguments
        assert said in capfd.readouterr().err, arguments


def test_an_empty_server_or_token_is_not_taken_for_none(capfd: pytest.CaptureFixture[str]) -> None:
    for arguments in (["jobs", "--server", ""], ["--server", "", "jobs"], ["jobs", "--token", " "]):
        assert run_command(arguments) == 2, arguments
        assert " is empty [E109]" in capfd.readouterr().err


def test_an_empty_job_id_is_a_usage_error(capfd: pytest.CaptureFixture[str]) -> None:
    for command in ("cancel", "pause", "resume", "retry", "show", "logs", "artifacts", "watch"):
        for name in ("", " "):
            assert run_command([command, name]) == 2, command
            assert "A job's id is empty" in capfd.readouterr().err, command


def commands() -> Iterator[tuple[list[str], Any]]:
    """Each command that is not hidden, by the words that name it."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            for inner, each in command.commands.items():
                if not each.hidden:
                    yield [name, inner], each
        elif not command.hidden:
            yield [name], command


def test_each_command_s_help_ends_with_an_example_that_parses(
    capfd: pytest.CaptureFixture[str],
) -> None:
    found = {}
    for words, command in commands():
        assert run_command([*words, "-h"]) == 0
        last = " ".join(capfd.readouterr().out.rpartition("Example: ")[2].split())
        found[" ".join(words)] = last
        program, *rest = shlex.split(last)
        assert [program, *rest[: len(words)]] == ["aura-tui", *words]
        command.make_context(words[-1], rest[len(words) :]).close()
    assert found == EXAMPLES


def test_every_number_says_its_range(capfd: pytest.CaptureFixture[str]) -> None:
    for words, command in commands():
        numbers = [
            each
            for each in command.params
            if each.type_descriptor.annotation in (int, float, int | None)
        ]
        run_command([*words, "-h"])
        text = " ".join(capfd.readouterr().out.split())
        for number in numbers:
            of_it = text.partition(f"{number.opts[0]} <")[2].partition(" --")[0]
            assert re.search(r"<=x<=|Between|or more", of_it), (words, number.opts)


def test_a_path_in_quotes_or_after_an_equals_sign_means_the_home_folder_by_its_tilde(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for parse in (output_path, input_path):
        assert parse("~/videos") == tmp_path / "videos"
        assert parse("./~/videos") == Path("./~/videos")
    (tmp_path / "token").write_text("secret\n")
    assert read_token("~/token") == "secret"
    assert run_command(["replay", "~nobody-here/job.jsonl"]) == 2
    error = capfd.readouterr().err
    assert "unknown user in ~name" in error
    assert "Give an absolute path" in error
