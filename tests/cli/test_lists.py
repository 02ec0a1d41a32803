"""``aura-tui jobs`` and ``aura-tui logs`` over the jobs of an engine that has ended."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import pytest

from aura_tui.cli.app import run_command
from aura_tui.engine.service import EmbeddedService
from aura_tui.settings import EngineSettings, Settings
from tests.engine.conftest import ended, request
from tests.engine.stages import SmallStages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., tuple[int, list[str], str]]

TITLES = ("solar", "lunar", "stellar", "tidal", "polar")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five jobs, the third of them cancelled."""
    home = tmp_path_factory.mktemp("lists") / "home"
    settings = Settings(home=home, engine=EngineSettings(min_free_mb=1, concurrency=1))

    async def fill() -> None:
        async with EmbeddedService(settings, stages=SmallStages()) as service:
            for title in TITLES:
                job = await service.submit(request(f"# {title}\n\nSome words."))
                if title == "stellar":
                    await service.cancel(job.id)
                await ended(service, job.id)

    asyncio.run(fill())
    return home


@pytest.fixture
def run(
    home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """Run a command; its status, its lines, and what it wrote on stderr."""
    monkeypatch.setenv("AURA_HOME", str(home))
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    monkeypatch.delenv("AURA_SERVER", raising=False)

    def run(*arguments: str) -> tuple[int, list[str], str]:
        status = run_command(list(arguments))
        out, error = capfd.readouterr()
        return status, out.splitlines(), error

    yield run
    monkeypatch.undo()
    time.tzset()


def titles(run: Run, *arguments: str) -> list[str]:
    status, lines, _ = run("jobs", "--fields", "title", *arguments)
    assert status == 0
    return lines


def test_a_list_that_is_cut_says_of_how_many_on_stderr_only(run: Run) -> None:
    status, lines, error = run("jobs", "--limit", "2")
    assert (status, error) == (0, "2 of 5 jobs; use --limit for more\n")
    assert len([line for line in lines if "succeeded" in line]) == 2
    assert run("jobs", "--limit", "5")[2] == ""
    assert run("jobs")[2] == ""
    assert run("jobs", "--limit", "2", "--json")[2] == ""
    assert run("jobs", "--limit", "1", "--status", "succeeded")[2].startswith("1 of 4 jobs")
    assert run("jobs", "--limit", "1", "--filter", "ar")[2].startswith("1 of 4 jobs")


def test_the_filter_and_the_statuses_choose_as_on_the_board(run: Run) -> None:
    assert titles(run) == [*reversed(TITLES)]
    assert titles(run, "--filter", "ar -lun") == ["polar", "stellar", "solar"]
    assert titles(run, "--filter", "status:cancelled") == ["stellar"]
    assert titles(run, "--filter", "age:<2h", "--limit", "1") == ["polar"]
    assert titles(run, "--filter", "age:>2h") == []
    assert titles(run, "--status", "cancelled") == ["stellar"]
    assert len(titles(run, "--status", "cancelled", "--status", "succeeded")) == 5
    assert run("jobs", "--filter", "zzz")[1] == ["No jobs match"]
    for wrong in ("stat:x", "age:2", "is:marked", "status:zzz"):
        assert run("jobs", "--filter", wrong)[0] == 2, wrong


def test_fields_are_lines_of_tabs_in_the_order_asked_for(run: Run) -> None:
    status, lines, _ = run("jobs", "--fields", "status, title,created,attempt", "--limit", "1")
    assert status == 0
    (fields,) = (line.split("\t") for line in lines)
    assert fields[:2] == ["succeeded", "polar"]
    assert fields[2].endswith("+05:30"), "local, with its zone"
    assert fields[3] == "1"
    assert run("jobs", "--fields", "idd")[0] == 2
    assert run("jobs", "--fields", "id", "--json")[0] == 2


def test_the_log_has_local_times_and_is_chosen_by_stage_and_level(run: Run) -> None:
    _, lines, _ = run("logs")
    assert all(line[23:29] == "+05:30" for line in lines)
    assert lines[-1].split("+05:30 ")[1].startswith("info    Job: succeeded")
    assert any(" Voice: " in line for line in lines)
    assert run("logs", "-f")[1] == lines
    voice = run("logs", "--stage", "voice")[1]
    assert voice == [line for line in lines if " Voice: " in line] != []
    assert run("logs", "--level", "error")[1] == []
    found = [json.loads(line) for line in run("logs", "--json", "--stage", "TTS")[1]]
    assert len(found) == len(voice)
    assert found[0].keys() == {"timestamp", "severity", "stage", "message"}
    assert found[0]["stage"] == "TTS"
    assert found[0]["timestamp"].endswith("Z")
    assert run("logs", "--stage", "voise")[2].count("Did you mean voice?") == 1
