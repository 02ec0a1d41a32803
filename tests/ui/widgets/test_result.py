"""The panel at the end: its cursor and keys, its rows at every size, its text under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.model import events as ev
from aura_tui.model.reduce import fold
from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.result import ResultPanel
from tests.ui import recordings
from tests.ui.keyboard import press
from tests.ui.panes import PaneApp, pane

if TYPE_CHECKING:
    from aura_tui.model.job import Job

SIZES = [(80, 24), (200, 60), (120, 40), (40, 12)]


def job_of(tape: recordings.Tape) -> Job:
    return fold(tape.job, tape.envelopes)


def cancelled_with(*paths: str) -> Job:
    tape = recordings.Tape()
    recordings.start(tape)
    kept = tuple(
        ev.Artifact(name=path.rsplit("/", 1)[-1], path=path, size_bytes=1000) for path in paths
    )
    tape.tell(ev.JobCancelled, message="Cancelled", artifacts=kept)
    return job_of(tape)


MANY = tuple(f"/home/ada/work/piece-{n:02}.wav" for n in range(40))


def under_cursor(app: PaneApp) -> str:
    rows = [row for row in app.rows if UNICODE.cursor in row]
    assert len(rows) == 1, app.text
    # A scrollbar may end the row.
    return rows[0].split(UNICODE.cursor)[1].rstrip(" \u2581\u2582\u2583\u2584\u2585\u2586\u2587")


async def shown(app: PaneApp, panel: ResultPanel) -> None:
    app.screen.add_class("-ended")
    panel.focus()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["success", "failure", "cancelled"])
async def test_nothing_runs_over_at_any_size_and_the_end_can_be_reached(
    name: str, size: tuple[int, int]
) -> None:
    panel = ResultPanel()
    async with pane(panel, size) as (app, pilot):
        await shown(app, panel)
        job = job_of(getattr(recordings, name)())
        panel.show(job, UNICODE, log_tail=tuple(f"line {n}" for n in range(30)))
        await pilot.pause()
        assert all(len(row) <= size[0] for row in app.rows)
        head = {"success": "/home/ada", "failure": "E602", "cancelled": "Cancelled"}[name]
        assert head in app.text
        seen = "".join(app.text.split())
        await press(pilot, "end")
        seen += "".join(app.text.split())
        last = {"success": "warning", "failure": "sail-works.srt", "cancelled": "narration.wav"}
        assert last[name] in seen.replace("\u258c", "")


async def test_the_cursor_begins_on_the_video_and_keys_act_on_its_file() -> None:
    panel = ResultPanel()
    async with pane(panel) as (app, pilot):
        await shown(app, panel)
        panel.show(job_of(recordings.success()), UNICODE)
        await pilot.pause()
        assert under_cursor(app).endswith(recordings.VIDEO)
        await press(pilot, "y", "j", "y", "o", "s", "k", "o")
        asked = [
            (type(message).__name__, getattr(message, "path", "") or vars(message)["artifact"].path)
            for message in app.posted
        ]
        assert asked == [
            ("CopyAsked", recordings.VIDEO),
            ("CopyAsked", recordings.CAPTIONS),
            ("OpenAsked", recordings.CAPTIONS),
            ("SaveAsked", recordings.CAPTIONS),
            ("OpenAsked", recordings.VIDEO),
        ]


async def test_the_cursor_stays_in_sight_and_at_the_last_file_the_panel_scrolls() -> None:
    panel = ResultPanel()
    async with pane(panel, (40, 12)) as (app, pilot):
        await shown(app, panel)
        panel.show(cancelled_with(*MANY), UNICODE)
        await pilot.pause()
        for n in range(40):
            assert under_cursor(app).endswith(f"piece-{n:02}.wav")
            await press(pilot, "j")
        await press(pilot, "home")
        assert "Cancelled" in app.text
        await press(pilot, "pagedown")
        assert "Cancelled" not in app.text
        await press(pilot, "G")
        assert under_cursor(app).endswith("piece-39.wav")


async def test_without_files_the_file_keys_are_not_offered_and_j_scrolls() -> None:
    panel = ResultPanel()
    tape = recordings.Tape()
    recordings.start(tape)
    tape.tell(ev.JobFailed, error_message="word " * 300)
    async with pane(panel, (40, 12)) as (app, pilot):
        await shown(app, panel)
        panel.show(job_of(tape), UNICODE)
        await pilot.pause()
        await press(pilot, "o", "y", "s", "j", "j")
        assert panel.scroll_offset.y == 2
        assert app.posted == []
        keys = app.screen.active_bindings
        assert not {"o", "y", "s"} & keys.keys()


async def test_enter_is_left_to_the_app() -> None:
    panel = ResultPanel()
    async with pane(panel) as (app, pilot):
        await shown(app, panel)
        panel.show(job_of(recordings.success()), UNICODE)
        await press(pilot, "enter")
        assert app.left_to_app == ["enter"]
        assert app.is_running


async def test_what_is_known_later_leaves_the_cursor_where_it_is() -> None:
    panel = ResultPanel()
    async with pane(panel) as (app, pilot):
        await shown(app, panel)
        job = job_of(recordings.failure())
        panel.show(job, UNICODE)
        await pilot.pause()
        await press(pilot, "j")
        assert under_cursor(app).endswith(".srt")
        panel.show(job, UNICODE, log_tail=("x264 failed", "Conversion failed!"))
        await pilot.pause()
        assert "Conversion failed!" in app.text
        assert panel.file is not None
        assert panel.file.name == "captions.srt"
        panel.show(job_of(recordings.success()), UNICODE)
        await pilot.pause()
        assert under_cursor(app).endswith(recordings.VIDEO)


async def test_a_click_puts_the_cursor_on_a_file() -> None:
    panel = ResultPanel()
    async with pane(panel) as (app, pilot):
        await shown(app, panel)
        panel.show(cancelled_with(*MANY[:5]), UNICODE)
        await pilot.pause()
        row = next(y for y, text in enumerate(app.rows) if "piece-03" in text)
        await pilot.click(offset=(20, row))
        assert under_cursor(app).endswith("piece-03.wav")


async def test_a_path_that_wraps_is_selected_whole() -> None:
    path = "/home/ada/a  folder with blanks/" + "deeper/" * 12 + "video.mp4"
    tape = recordings.Tape()
    recordings.start(tape)
    tape.tell(ev.JobCompleted, output=ev.Output(video_path=path, size_bytes=1000))
    panel = ResultPanel()
    async with pane(panel, (40, 24)) as (app, pilot):
        await shown(app, panel)
        panel.show(job_of(tape), UNICODE)
        await pilot.pause()
        top = next(y for y, row in enumerate(app.rows) if "/home" in row)
        bottom = next(y for y, row in enumerate(app.rows) if row.endswith("mp4"))
        assert bottom > top + 2
        column = app.rows[top].index("/home")
        await pilot.mouse_down(offset=(column, top))
        await pilot.hover(offset=(len(app.rows[bottom]), bottom))
        await pilot.mouse_up(offset=(len(app.rows[bottom]), bottom))
        assert app.screen.get_selected_text() == path


@pytest.mark.parametrize("width", [61, 64, 70, 77, 79, 80, 81])
async def test_it_is_as_high_as_it_has_rows(width: int) -> None:
    panel = ResultPanel()
    async with pane(panel, (width, 60)) as (app, pilot):
        await shown(app, panel)
        panel.show(job_of(recordings.failure()), UNICODE)
        await pilot.pause()
        assert panel.size.height == panel.row_count


async def test_ascii_shows_nothing_else() -> None:
    panel = ResultPanel()
    async with pane(panel, (80, 24), is_ascii=True) as (app, pilot):
        await shown(app, panel)
        job = cancelled_with("/home/\u00e5da/na\u00efve \u5b57.wav")
        panel.show(job, ASCII, remote=True)
        await pilot.pause()
        assert app.text.isascii(), app.text
        assert "naive ?.wav" in app.text


async def test_another_size_lays_the_facts_out_anew() -> None:
    panel = ResultPanel()
    async with pane(panel, (120, 40)) as (app, pilot):
        await shown(app, panel)
        panel.show(job_of(recordings.failure()), UNICODE)
        await pilot.pause()
        wide = panel.row_count
        await pilot.resize_terminal(40, 24)
        await pilot.pause()
        assert panel.row_count > wide
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert panel.row_count == wide
        assert panel.size.height == wide, "as high as it has rows"


async def test_hostile_text_is_drawn_as_text() -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07[red]no[/red] \u202egpj\u200b" + "x" * 100_000
    tape = recordings.Tape()
    recordings.start(tape)
    problem = ev.Problem(code=hostile, message=hostile, remediation=hostile)
    tape.tell(ev.JobFailed, errors=(problem,), error_message=hostile, log_path=hostile)
    panel = ResultPanel()
    async with pane(panel) as (app, pilot):
        await shown(app, panel)
        panel.show(job_of(tape), UNICODE, log_tail=(hostile,) * 100)
        await pilot.pause()
        assert "[red]no[/red]" in app.text
        assert app.text.replace("\n", "").isprintable()
        assert panel.row_count < 1000
