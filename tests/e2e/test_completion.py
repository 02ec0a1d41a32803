"""Completion, by the protocols of the shells and in a real bash."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from aura_tui.engine.service import EmbeddedService
from aura_tui.settings import EngineSettings, Settings
from tests.e2e.shell import PROMPT, TAKES_THE_TERMINAL
from tests.engine.conftest import ended, request
from tests.engine.stages import SmallStages
from tests.ui.pseudo_terminal import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.program import Program

pytestmark = pytest.mark.slow


def fill(home: Path, *titles: str) -> list[str]:
    """Jobs that succeed, and the last of which is cancelled; their ids, newest first."""
    settings = Settings(home=home, engine=EngineSettings(min_free_mb=1, concurrency=1))

    async def run() -> list[str]:
        ids: list[str] = []
        async with EmbeddedService(settings, stages=SmallStages()) as service:
            for title in titles:
                job = await service.submit(request(f"# {title}\n\nSome words."))
                if title == titles[-1]:
                    await service.cancel(job.id)
                await ended(service, job.id)
                ids.insert(0, job.id)
        return ids

    return asyncio.run(run())


def completed(program: Program, shell: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return program.run(input=None, streams=None, _AURA_TUI_COMPLETE=f"complete_{shell}", **environ)


def bash(program: Program, line: str, **environ: str) -> list[str]:
    words = line.split(" ")
    mine = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = completed(program, "bash", **mine, **environ)
    assert done.stderr == "", line
    return [offered for offered in done.stdout.splitlines() if offered]


def test_what_a_shell_offers(program: Program) -> None:
    assert bash(program, "aura-tui show ") == ["@latest"], "no jobs yet"
    assert not program.home.exists(), "it starts no engine"
    newest, *others = fill(program.home, "tides", 'a$(touch "bad")`b`\\', "cancelled")
    (program.folder / "notes").mkdir()
    (program.folder / "notes" / "my talk.md").touch()
    (program.folder / "run.jsonl").touch()
    (program.folder / "video.mp4").touch()
    for line, offered in (
        ("aura-tui wa", ["watch"]),
        ("aura-tui show ", ["@latest", newest, *others]),
        (f"aura-tui show {newest[:4]}", [newest]),
        ("aura-tui retry ", ["@latest", newest]),
        (f"aura-tui retry {newest} ", []),
        ("aura-tui cancel ", ["@latest"]),
        ("aura-tui --server http://127.0.0.1:9 show ", ["@latest"]),
        ("aura-tui run ", ["home/", "notes/", "tides.md"]),
        ("aura-tui run no", [r"notes/my\ talk.md"]),
        ("aura-tui replay r", ["run.jsonl"]),
        ("aura-tui run x --theme p", ["paper"]),
        ("aura-tui run x --aspect ", ["16:9", "9:16", "1:1"]),
        ("aura-tui run x --resolution 7", ["720p"]),
        ("aura-tui run x --voice yu", ["yue", "yue-latn-jyutping"]),
        ("aura-tui run x --quality ", ["40", "60", "80", "100"]),
        ("aura-tui jobs --status f", ["failed"]),
        ("aura-tui jobs --fields id,ti", ["id,title"]),
        ("aura-tui logs --stage v", ["voice", "visuals"]),
        ("aura-tui logs --level w", ["warning"]),
        ("aura-tui help exi", ["exit-status"]),
    ):
        assert bash(program, line) == offered, line

    line = "aura-tui show "
    shown = completed(program, "zsh", _TYPER_COMPLETE_ARGS=line).stdout
    assert f'"{others[1]}":"succeeded, tides"' in shown
    assert f'"{others[0]}":"succeeded, a touch bad b"' in shown, "zsh evaluates it"
    get = {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_ARGS": line}
    assert f"{newest}\tcancelled, cancelled\n" in completed(program, "fish", **get).stdout


def test_nothing_is_said_when_something_is_wrong(program: Program) -> None:
    program.home.mkdir()
    (program.home / "aura.db").write_text("no database")
    config = program.folder / "config.toml"
    config.write_text("broken [")
    for line in (
        *("aura-tui show ", "aura-tui 'show ", "aura-tui run /no/such/", "", "aura-tui -"),
        *("aura-tui --token-file /no show ", "aura-tui --server '' show ", "aura-tui zzz x "),
        "aura-tui run x --fps y --theme ",
    ):
        for environ in ({}, {"AURA_CONFIG": str(config)}, {"AURA_HOME": "/proc/1/mem"}):
            bash(program, line, **environ)
    done = program.run(_AURA_TUI_COMPLETE="complete_bash")
    assert (done.stdout, done.stderr) == ("", "")


def test_little_is_imported(program: Program) -> None:
    fill(program.home, "tides")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "aura_tui"],
        env=program.environ
        | {
            "_AURA_TUI_COMPLETE": "complete_bash",
            "COMP_WORDS": "aura-tui show ",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "aura_tui.engine.store.open" in loaded
    assert not loaded & {
        *("textual", "rich", "PIL", "numpy", "httpx", "starlette"),
        "aura_tui.engine.service",
    }


def test_a_real_bash_completes_ids_and_files(program: Program) -> None:
    newest, *_ = fill(program.home, "tides", "cancelled")
    (program.folder / "my talk.md").touch()
    program_name = program.folder / "bin" / "aura-tui"
    program_name.parent.mkdir()
    program_name.write_text(f'#!/bin/sh\nexec {sys.executable} -m aura_tui "$@"\n')
    program_name.chmod(0o755)
    environ = program.environ | {
        "PS1": PROMPT,
        "HISTFILE": "",
        "PATH": f"{program_name.parent}:{program.environ['PATH']}",
    }
    command = ("bash", "--norc", "--noprofile", "-i")
    with terminal(
        [sys.executable, "-c", TAKES_THE_TERMINAL, *command], environ, (100, 30)
    ) as shown:
        shown.shows(PROMPT)
        shown.type(f'cd {program.folder}; eval "$(_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=1 ')
        shown.type('aura-tui --show-completion bash)"; echo re""ady\n')
        shown.shows("ready")
        shown.type(f"echo; aura-tui retry {newest[:5]}\t")
        shown.shows(newest)
        shown.type("\x15echo; aura-tui run my\t")
        shown.shows(r"my\ talk.md")
