"""The panel, the highlighted row and the keys always mean the same job."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.errors import Code, NotFound
from aura_tui.model import events as ev
from aura_tui.model.status import JobStatus
from aura_tui.settings import BoardSettings
from aura_tui.ui.actions import kept_choices
from aura_tui.ui.state import detail_cache
from aura_tui.ui.state.choices import Choices, choices_file, configured
from aura_tui.ui.state.job_order import Sort
from aura_tui.ui.state.summary import main_file
from tests.ui import recordings, scenes
from tests.ui.boards import showing
from tests.ui.recordings import Tape
from tests.ui.scripted import ConnectedService, ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from aura_tui.model.job import Job
    from tests.ui.boards import Board


async def agrees(board: Board) -> str | None:
    """Return the id of the one job once panel, cursor and keys mean it; None: none is shown."""
    commands = board.app.commands

    def same() -> bool:
        shown = board.run.job.id if board.run.job is not None else None
        meant = commands.job.id if commands.job is not None else None
        return shown == board.jobs.cursor == meant

    await until(same)
    cursor = board.jobs.cursor
    if cursor is None:
        assert commands.targets == ()
        assert board.screen.has_class("-nothing")
    else:
        marked = list(board.jobs.marked)
        assert [job.id for job in commands.targets] == (marked or [cursor])
    return cursor


def three() -> ScriptedService:
    """A running job, a failed one, and one that succeeded, in this order."""
    done = recordings.success()
    failed = Tape("FAILED", title="A bridge hums")
    recordings.start(failed)
    failed.tell(ev.JobFailed, error_message="no voice")
    return ScriptedService(scenes.running_tape("RUN"), failed, done)


async def test_under_a_filter_that_is_typed_while_another_job_shows() -> None:
    async with showing(three(), (120, 40)) as board:
        await until(lambda: len(board.jobs) == 3)
        assert await agrees(board) == "RUN"
        await board.press("1", "slash", *"bridge")
        assert await agrees(board) == "FAILED"
        await board.shows("job FAILED")
        await board.press(*"xyz")
        assert await agrees(board) is None
        await board.lacks("job FAILED")
        await board.press("enter", "c")
        await board.shows("No job matches the filter")
        for key in ("r", "p", "o", "y", "s"):
            await board.press(key)
            assert board.dialogs == 0
        assert board.scripted.asked == []
        await board.press("escape")
        assert await agrees(board) == "FAILED"


async def test_where_nothing_is_left_to_show_the_list_has_the_keys() -> None:
    service = three()
    async with showing(service, (80, 24)) as board:
        await until(lambda: len(board.jobs) == 3)
        await board.press("enter")
        board.jobs.set_filter("xyz")
        board.redraw()
        assert await agrees(board) is None
        await board.shows("No job matches the filter")
        assert board.screen.in_jobs
        await board.press("2")
        await until(lambda: "No job matches the filter" in board.toasts)


async def test_after_a_retry_also_under_a_filter_that_hides_the_new_job() -> None:
    async with showing(three(), (120, 40)) as board:
        await until(lambda: len(board.jobs) == 3)
        await board.press("1", "slash", *"status:failed", "enter")
        assert await agrees(board) == "FAILED"
        await board.press("r")
        await board.shows("Retry this job?")
        await board.press("enter")
        await board.shows("attempt 2", "waiting in the queue")
        assert await agrees(board) == "FAILEDR"
        assert board.jobs.position("FAILEDR") is not None


async def test_a_job_that_ends_under_a_filter_stays_to_be_read() -> None:
    service = three()
    async with showing(service, (120, 40)) as board:
        await until(lambda: len(board.jobs) == 3)
        board.jobs.set_filter("status:running")
        board.redraw()
        assert await agrees(board) == "RUN"
        await service.tell_cancelled()
        await board.shows("Cancelled by the user")
        assert await agrees(board) == "RUN"


async def test_of_an_old_job_only_what_the_list_knows_shows_until_the_rest_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detail_cache, "MAX_WHOLE", 1)
    service = three()
    may_come = asyncio.Event()
    get = service.get

    async def late(job_id: str) -> Job:
        await may_come.wait()
        return await get(job_id)

    async with showing(service, (120, 40)) as board:
        await until(lambda: len(board.jobs) == 3 and board.settled)
        old = next(job.id for job in board.jobs if job.status.ended and not job.artifacts)
        service.get = late  # type: ignore[method-assign]
        board.jobs.place(old)
        board.redraw()
        assert await agrees(board) == old
        await board.shows(f"job {old}")
        assert "25 %" not in board.text, "of the job before"
        assert "waiting" not in board.text
        may_come.set()
        await until(lambda: board.settled)
        await board.shows(f"job {old}", "after")


async def test_when_retention_deletes_it_a_job_arrives_or_the_order_changes() -> None:
    service = three()
    async with showing(service, (120, 40), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3 and board.settled)
        first = await agrees(board)
        for _ in Sort:
            await board.press("S")
            assert await agrees(board) == first
        other = Tape("OTHER", title="Above all others")
        recordings.start(other)
        await service.add(other)
        await until(lambda: len(board.jobs) == 4)
        assert await agrees(board) == first
        assert first is not None
        board.jobs.remove(first)
        board.redraw()
        assert await agrees(board) not in (first, None)


async def test_marks_are_meant_where_the_list_shows_and_else_the_job_that_shows() -> None:
    async with showing(three(), (80, 24), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3)
        await board.press("space")
        marked = list(board.jobs.marked)
        assert [job.id for job in board.app.commands.targets] == marked
        await board.press("enter")
        assert [job.id for job in board.app.commands.targets] == [board.jobs.cursor]
        assert board.jobs.cursor not in marked


async def test_a_key_that_comes_while_the_cursor_moves_shows_the_job_that_it_means() -> None:
    async with showing(three(), (120, 40), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3 and board.settled)
        await board.type_ahead("end", "up", "c")
        await agrees(board)


async def test_following_goes_from_one_running_job_to_the_next_and_says_so() -> None:
    service = three()
    async with showing(service, (120, 40), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3)
        await board.press("end", "f")
        assert await agrees(board) == "RUN"
        await board.shows("following", "f Following")
        await service.tell_cancelled()
        waiting = Tape("NEXT", title="The next one")
        recordings.start(waiting)
        await service.add(waiting)
        await until(lambda: board.jobs.cursor == "NEXT")
        assert await agrees(board) == "NEXT"
        await board.press("1", "down")
        await board.lacks("following")
        assert not board.jobs.following
        board.jobs.set_filter("bridge")
        await board.press("f")
        await board.shows("No job in the list is running")


# -- files of the job under the cursor


async def test_the_video_of_a_job_in_the_list_is_opened_and_its_path_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []

    async def note(path: Path, _environ: object) -> None:
        opened.append(path.name)

    monkeypatch.setattr("aura_tui.ui.actions.open_and_save.open_file", note)
    service = three()
    async with showing(service, (120, 40), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3)
        done = next(job for job in board.jobs if job.status is JobStatus.SUCCEEDED)
        video = main_file(done)
        assert video is not None
        service.files = {video.name: choices_file(board.app.home)}
        board.jobs.place(done.id)
        await board.press("y")
        await until(lambda: board.app.clipboard == recordings.VIDEO)
        await board.press("o")
        await until(lambda: opened == ["board.json"])
        board.jobs.place("FAILED")
        await board.press("o")
        await board.shows("Only succeeded jobs have a video")


async def test_a_log_that_only_the_server_has_is_not_opened_and_the_reason_is_said() -> None:
    tape = Tape("FAILED")
    recordings.start(tape)
    tape.tell(ev.JobFailed, error_message="no encoder", log_path="/srv/ffmpeg.log")
    service = ConnectedService(tape)

    async def missing(job_id: str, name: str, **_: object) -> Path:
        raise NotFound(Code.ARTIFACT_UNKNOWN, f"{job_id} has no artifact {name}", "List them.")

    service.artifact = missing  # type: ignore[method-assign]
    async with showing(service, (120, 40), remote=True) as board:
        await board.shows("/srv/ffmpeg.log", "This path is on the server")
        await board.press("o")
        await board.shows("FFmpeg's log is on the server", "aura-tui logs")


# -- choices


def test_choices_are_read_tolerantly(tmp_path: Path) -> None:
    path = tmp_path / "board.json"
    assert kept_choices.read(path) == Choices()
    choices = Choices(sort=Sort.TOOK, filter="tides", theme="nord", timeline=False)
    kept_choices.write(path, choices)
    assert kept_choices.read(path) == choices
    for damaged in (b"", b"{", b"[]", b"null", b"\xff", b"1" * 100_000, b'{"sort":"sideways"}'):
        path.write_bytes(damaged)
        assert kept_choices.read(path) == Choices()
    path.write_text('{"sort": "took", "filter": 7, "later": 1, "timeline": "x"}')
    assert kept_choices.read(path) == Choices(sort=Sort.TOOK)
    path.unlink()
    path.mkdir()
    kept_choices.write(path, choices)  # unwritable: no error
    assert kept_choices.read(path) == Choices()
    kept_choices.write(tmp_path / "new" / "home" / "board.json", choices)
    assert kept_choices.read(tmp_path / "new" / "home" / "board.json") == choices


async def test_the_choices_of_a_board_are_there_at_its_next_start(tmp_path: Path) -> None:
    for read_only in (False, True):
        home = tmp_path / str(read_only)
        async with showing(three(), (120, 40), at_run=False, home=home, read_only=read_only) as b:
            await until(lambda board=b: len(board.jobs) == 3)  # type: ignore[misc]
            await b.press("S", "slash", *"sail", "enter", "t", "v")
            b.app.theme = "nord"
            shown = b.screen.timeline_choice
        kept = kept_choices.read(choices_file(home))
        assert kept == Choices(
            sort=Sort.NEWEST,
            filter="sail",
            theme="nord",
            timeline=shown,
            preview=kept.preview,
            settings=configured(BoardSettings()),
        )
        assert kept.preview is not None
        async with showing(three(), (120, 40), at_run=False, home=home) as b:
            await b.shows("filter: sail", "Age \u25b4")
            assert b.app.theme == "nord"
            assert b.screen.timeline_choice is shown
            assert b.screen.has_class("-preview") is kept.preview
        newer = BoardSettings(theme="dracula")
        async with showing(three(), at_run=False, home=home, board=newer) as b:
            assert b.app.theme == "dracula", "the setting is newer than the choice"


async def test_a_kept_filter_never_hides_the_job_that_the_board_was_opened_for(
    tmp_path: Path,
) -> None:
    kept_choices.write(choices_file(tmp_path), Choices(filter="xyz"))
    async with showing(three(), (120, 40), home=tmp_path) as board:
        await board.shows("job RUN")
        assert await agrees(board) == "RUN"


async def test_where_rows_are_few_the_header_shows_only_while_it_has_something_to_say() -> None:
    async with showing(three(), (40, 12), at_run=False) as board:
        await board.shows("sail")
        assert "Age" not in board.text
        await board.press("S")
        await board.shows("Age \u25b4")
    async with showing(three(), (20, 6), at_run=False) as board:
        await board.shows("How")
        await board.press("S", "S", "z", "asterisk", "f", "2", "3", "1")
        await board.shows("Age")
