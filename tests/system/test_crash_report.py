"""What nobody foresaw reaches a file and a line, never a screen that shows something else."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, EngineError, InputError
from aura_tui.system import crash_report, tasks
from tests.waiting import until

if TYPE_CHECKING:
    from aura_tui.errors import AuraError


@pytest.fixture(autouse=True)
def _reports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def fails() -> None:
    raise ZeroDivisionError("somewhere")


def file_of(mistake: AuraError) -> Path:
    return Path(mistake.remediation.removeprefix("Please report it with ").removesuffix("."))


def test_what_a_callback_raises_is_told_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[AuraError] = []

    async def main() -> int:
        asyncio.get_running_loop().call_soon(fails)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert told
        return 7

    assert crash_report.run_reporting(main(), told.append) == 7
    (mistake,) = told
    assert mistake.code is Code.INTERNAL
    assert "ZeroDivisionError" in mistake.message
    path = file_of(mistake)
    assert "in fails" in path.read_text()
    path.unlink()
    assert capfd.readouterr() == ("", "")


def test_a_future_that_is_cancelled_before_its_socket_wakes_it_is_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    told: list[AuraError] = []

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        asyncio.get_running_loop().call_soon(future.set_result, None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    crash_report.run_reporting(main(), told.append)
    assert told == []
    assert capfd.readouterr() == ("", "")


def test_what_ends_a_thread_is_told_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    told: list[AuraError] = []

    async def main() -> None:
        threading.Thread(target=fails, name="reader").start()
        await until(lambda: told)
        assert "reader stopped unexpectedly (ZeroDivisionError: somewhere)" in told.pop().message

    async def board() -> None:
        with crash_report.telling(told.append):
            await main()

    before = threading.excepthook
    crash_report.run_reporting(main(), told.append)
    asyncio.run(board())
    assert threading.excepthook is before
    assert capfd.readouterr() == ("", "")


def test_a_main_task_that_somebody_cancels_is_an_error_with_a_way_on() -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task
        task.cancel()
        await asyncio.sleep(60)

    with pytest.raises(EngineError) as caught:
        crash_report.run_reporting(main(), lambda _: None)
    assert caught.value.code is Code.INTERNAL
    assert "aura-tui jobs" in caught.value.remediation


def test_what_the_main_task_raises_is_the_callers() -> None:
    async def main() -> None:
        fails()

    with pytest.raises(ZeroDivisionError):
        crash_report.run_reporting(main(), lambda _: None)


def test_a_task_that_dies_is_told_at_once_with_a_file_and_the_same_again_only_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tasks, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told: list[AuraError] = []

    async def refuses() -> None:
        raise InputError(Code.OPTION_INVALID, "It can't be so", "Say it otherwise.")

    async def main() -> None:
        supervisor = tasks.Supervisor()
        with crash_report.telling(told.append):
            supervisor.keep("sweep", fails_soon)
            supervisor.run("look", refuses())
            forever = asyncio.Event()
            supervisor.keep("watch", forever.wait)
            await asyncio.sleep(0.01)
            watching = supervisor.tasks["watch"]
            assert watching is not None
            watching.cancel()
            await asyncio.sleep(0.01)
        await supervisor.aclose()

    async def fails_soon() -> None:
        fails()

    crash_report.run_reporting(main(), lambda _: None)
    words = {error.message: error.remediation for error in told}
    assert len(told) == len(words) == 3
    (file,) = tmp_path.iterdir()  # of each death of the same kind one
    assert "in fails" in file.read_text()
    assert words == {
        "Internal error: sweep stopped unexpectedly (ZeroDivisionError: somewhere)": (
            f"It is restarted. Please report it with {file}."
        ),
        "look stopped: It can't be so": "Say it otherwise.",
        "Internal error: watch stopped unexpectedly (it was cancelled)": (
            "It is restarted. Please report it."
        ),
    }


def test_an_error_is_told_also_where_no_file_can_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    mistake = crash_report.write_report(KeyError("x"))
    assert mistake.message == "Internal error: KeyError"
    assert "Could not write the traceback: No such file" in mistake.remediation
