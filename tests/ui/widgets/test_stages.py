"""The rows of the stages: what they tell, where it stands, and what they open to."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.app import App

from aura_tui.model import events as ev
from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.model.events import Metrics
from aura_tui.model.job import Step
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.service import Typical
from aura_tui.ui.theme import colours
from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.stage_lines import Room, lines, wanted_rows
from aura_tui.ui.widgets.stages import StageList, StageRow
from tests.ui import recordings
from tests.ui.keyboard import press
from tests.ui.recordings import BEGIN, Tape
from tests.ui.state.test_run import playing
from tests.waiting import until

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from aura_tui.ui.state.run import RunState

USUAL = Typical(14, {Stage.SCRIPT: 0.5, Stage.VOICE: 9.0})
# Cells and rows of a stage.
ROOMS = ((38, 4), (76, 6), (78, 11), (134, 20), (196, 40))


def speaking(scenes: int = 3, total: int = 8) -> Tape:
    """In Voice since ``scenes`` scenes of 2 s each."""
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    tape.log("Voice en-us", Stage.VOICE)
    for n in range(1, scenes + 1):
        tape.wait(2)
        tape.progress(
            Stage.VOICE,
            100 * n / total,
            f"Scene {n} of {total}",
            substage_detail=f"Title {n}",
            current_item=n,
            total_items=total,
            metrics=Metrics(made=n, provider="espeak"),
        )
    return tape


def shown(
    tape: Tape,
    stage: Stage = Stage.VOICE,
    screen: tuple[int, int] = (76, 6),
    typical: Typical | None = None,
    state: RunState | None = None,
    *,
    ascii_only: bool = False,
) -> list[str]:
    """The lines of ``stage`` on a screen, blanks at their ends left out."""
    if state is None:
        state = playing(tape)
    assert state.job is not None
    state.typical = typical
    step, room = state.job.step(stage), Room(*screen)
    glyphs = ASCII if ascii_only else UNICODE
    found = lines(state, state.job, step, tape.now, room, glyphs, False)
    return [line.plain.rstrip() for line in found]


# The row


def test_a_row_tells_state_time_percent_and_item() -> None:
    row = shown(speaking())[0]
    assert row.split()[:4] == ["\u25cf", "Voice", "37", "%"]
    assert "0:06" in row
    assert row.endswith("running     scene 3 of 8")


@pytest.mark.parametrize("screen", ROOMS)
def test_columns_hold_still_while_numbers_grow(screen: tuple[int, int]) -> None:
    tape = speaking()
    state = playing(tape)
    before = shown(tape, screen=screen, typical=USUAL, state=state)[0]
    tape.wait(700)
    tape.progress(Stage.VOICE, 100, current_item=8, total_items=8)
    after = shown(tape, screen=screen, typical=USUAL, state=playing(tape, state))[0]
    assert before.index("%") == after.index("%")
    assert before.index("\u2501") == after.index("\u2501")
    time_end = before.index("0:06") + 4
    assert after.index("11:46") + 5 == time_end
    if "scene" in before:
        assert before.index("scene") == after.index("scene")


def test_the_usual_time_stands_with_what_a_stage_measures() -> None:
    for room in ((76, 6), (134, 20)):
        row, said, *_ = shown(speaking(), screen=room, typical=USUAL)
        assert "usual" not in row
        assert said == "     espeak \u00b7 usual 0:09 \u00b7 3 new"


@pytest.mark.parametrize(
    ("screen", "numbers"),
    [
        (
            (76, 6),
            "libx264 \u00b7  39 fps \u00b7 439 KB of ~4.9 MB \u00b7  1.3x speed \u00b7 usual 1:55",
        ),
        ((38, 4), "libx264 \u00b7  39 fps \u00b7  1.3x speed"),
    ],
)
def test_what_a_stage_measured_is_told_as_far_as_it_fits_the_provider_first(
    screen: tuple[int, int], numbers: str
) -> None:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    found = Metrics(
        fps=39, speed=1.3, size_bytes=439_000, projected_bytes=4_900_000, made=3, provider="libx264"
    )
    tape.progress(Stage.RENDERING, 9, metrics=found)
    usual = Typical(14, {Stage.RENDERING: 115.0})
    assert shown(tape, Stage.RENDERING, screen, usual)[2] == f"     {numbers}"


def test_a_slow_stage_says_so_in_a_word_and_a_sign() -> None:
    tape = speaking()
    tape.wait(9)  # 15 s, usually 9
    assert "\u25b2 slow" in shown(tape, typical=USUAL)[0]
    assert "! slow" in shown(tape, typical=USUAL, ascii_only=True)[0]
    assert "37 % \u25b2" in shown(tape, screen=(38, 4), typical=USUAL)[0]
    assert "slow" not in shown(tape)[0]
    tape.step(Stage.VOICE, StepStatus.COMPLETED, 15.0)
    assert "done \u25b2 slow" in shown(tape, typical=USUAL)[0]
    assert "done \u25b2" in shown(tape, screen=(38, 4), typical=USUAL)[0]


def test_a_stage_whose_link_is_down_grows_no_older() -> None:
    tape = speaking()
    state = playing(tape)
    state.set_connection(Connection(status=ConnectionStatus.RETRYING, since=tape.now), tape.now)
    tape.wait(60)
    assert "0:06" in shown(tape, state=state)[0]


def test_a_closed_row_hides_no_warning_and_no_error() -> None:
    tape = recordings.success()
    assert shown(tape, Stage.VISUALS)[0].endswith("\u25b2 1 warning")
    tape = recordings.failure()
    tape.envelopes.pop()  # not ended yet
    assert shown(tape, Stage.RENDERING)[0].endswith("failed      E602")
    # Once it has, the panel says why: the row doesn't say it again.
    assert shown(recordings.failure(), Stage.RENDERING) == [
        line for line in shown(recordings.failure(), Stage.RENDERING) if "E602" not in line
    ]


def test_a_wide_row_says_what_was_made() -> None:
    row = shown(recordings.success(), Stage.RENDERING, (134, 20))[0]
    assert row.endswith("5.9 MB \u00b7 7 new \u00b7 ffmpeg libx264")


# What it opens to


def test_an_open_stage_shows_its_items_about_the_current_one() -> None:
    found = shown(speaking(5, 24), screen=(78, 8))
    assert [line.split() for line in found[2:]] == [
        ["2", "at", "0:04", "Title", "2"],
        ["3", "at", "0:06", "Title", "3"],
        ["4", "at", "0:08", "Title", "4"],
        ["\u25cf", "5", "at", "0:10", "Title", "5"],
        ["6", "\u2500"],
        ["1", "above,", "18", "left"],
    ]
    assert len(shown(speaking(5, 24), screen=(78, 40))) == 2 + 24  # all of them, given the rows


@pytest.mark.parametrize("screen", ROOMS)
def test_an_open_stage_keeps_its_height_while_its_items_come(screen: tuple[int, int]) -> None:
    heights = {len(shown(speaking(n, 24), screen=screen)) for n in range(1, 25)}
    assert len(heights) == 1


def test_however_few_rows_there_are_an_open_stage_shows_where_it_is() -> None:
    for rows in (0, 1, 4):
        assert [line.split() for line in shown(speaking(), screen=(38, rows))[2:]] == [
            ["\u25cf", "3", "at", "0:06", "Title", "3"],
            ["2", "above,", "5", "left"],
        ]


def test_what_a_stage_lists_is_as_long_as_the_layout_is_told() -> None:
    for tape in (speaking(5, 24), recordings.failure(), Tape()):
        state = playing(tape)
        assert state.job is not None
        for step in state.job.steps[:: len(state.job.steps) - 1]:
            state.toggle(step)
        wide = sum(len(shown(tape, stage, (200, 100), state=state)) for stage in Stage)
        assert wanted_rows(state) == wide


def test_a_paused_stage_s_current_item_is_paused() -> None:
    tape = speaking()
    tape.status(JobStatus.PAUSED)
    found = shown(tape, screen=(78, 11))
    assert found[0].split()[:2] == ["\u2016", "Voice"]
    assert found[4].split()[:2] == ["\u2016", "3"]


def test_a_stage_of_one_item_lists_none() -> None:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.progress(Stage.SCRIPT, 100, "8 scenes", current_item=8, total_items=8)
    assert len(shown(tape, Stage.SCRIPT, (78, 11))) == 3


def test_warnings_and_errors_come_before_the_items_with_what_to_do() -> None:
    tape = speaking()
    tape.tell(ev.Warned, message="Quiet", step=Stage.VOICE)
    tape.tell(
        ev.StepErred, step=Stage.VOICE, code="E301", message="No voice", remediation="Install one"
    )
    tape.step(Stage.VOICE, StepStatus.FAILED, 1.0)
    found = shown(tape, screen=(78, 11))
    assert [line.strip() for line in found[2:5]] == [
        "\u25b2 Quiet",
        "\u2717 E301 No voice",
        "\u2192 Install one",
    ]
    assert "Title 1" in found[5]


@pytest.mark.parametrize("screen", ROOMS)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_line_fits_and_text_from_outside_stays_text(
    screen: tuple[int, int], ascii_only: bool
) -> None:
    for tape in (recordings.hostile(), recordings.failure(), speaking(30, 1000)):
        for stage in Stage:
            found = shown(tape, stage, screen, USUAL, ascii_only=ascii_only)
            assert max(map(len, found)) <= screen[0]
            assert not any(char in line for line in found for char in "\x1b\x07\x9b\u202e\t\n")


# Numbers that stand


def step(fps: float | None, status: StepStatus = StepStatus.STARTED) -> Step:
    metrics = None if fps is None else Metrics(fps=fps)
    return Step(stage=Stage.RENDERING, status=status, metrics=metrics)


def fps(row: StageRow, shown: Step, after_s: float) -> float | None:
    metrics = row.readable(shown, BEGIN + timedelta(seconds=after_s)).metrics
    return None if metrics is None else metrics.fps


def test_numbers_stand_for_half_a_second_while_the_stage_works() -> None:
    row = StageRow(Stage.RENDERING)
    assert fps(row, step(None), 0.0) is None
    assert fps(row, step(100), 0.1) == 100  # the first at once
    assert fps(row, step(110), 0.2) == 100
    assert fps(row, step(120), 0.59) == 100
    assert fps(row, step(130), 0.61) == 130


def test_the_last_numbers_of_a_stage_are_exact() -> None:
    row = StageRow(Stage.RENDERING)
    assert fps(row, step(100), 0.0) == 100
    assert fps(row, step(150, StepStatus.COMPLETED), 0.1) == 150


def test_a_detail_that_runs_stands_too_but_not_beyond_its_item() -> None:
    row = StageRow(Stage.RENDERING)

    def detail(frame: int, item: int) -> str:
        now = BEGIN + timedelta(seconds=frame / 100)
        shown = Step(
            stage=Stage.RENDERING,
            status=StepStatus.STARTED,
            item=item,
            detail=f"frame {frame}",
            metrics=Metrics(fps=30),
        )
        return row.readable(shown, now).detail

    assert [detail(frame, 1) for frame in (0, 10, 49, 51)] == ["frame 0"] * 3 + ["frame 51"]
    assert detail(60, 2) == "frame 60"


# The list


class Showing(App[None]):
    """The list of stages; of two lines once the run has ended."""

    CSS_PATH = Path(colours.__file__).parents[1] / "styles" / "run.tcss"
    AUTO_FOCUS = None
    CSS = "Screen.-ended StageList { max-height: 2; }"

    def __init__(self, state: RunState, tape: Tape) -> None:
        super().__init__()
        self.state, self.tape = state, tape
        self.list = StageList()
        self.toggled: list[Stage] = []

    def compose(self) -> ComposeResult:
        yield self.list

    def on_line_widget_repaint_requested(self) -> None:
        self.list.show(self.state, self.tape.now, ASCII)

    def on_stage_row_toggled(self, message: StageRow.Toggled) -> None:
        self.toggled.append(message.stage)

    @property
    def text(self) -> str:
        return "\n".join(strip.text.rstrip() for strip in self.screen._compositor.render_strips())


async def test_the_failed_stage_stays_in_sight_when_the_end_takes_the_room() -> None:
    tape = recordings.failure()
    app = Showing(playing(tape), tape)
    async with app.run_test(size=(60, 10)):
        app.screen.add_class("-ended")
        await until(lambda: app.list.size.height == 2 and "x Rendering" in app.text)


async def test_an_opened_stage_scrolls_into_sight_and_pages_to_its_last_scene() -> None:
    tape = speaking(300, 300)
    tape.step(Stage.VOICE, StepStatus.COMPLETED, 600.0)
    tape.step(Stage.VISUALS, StepStatus.STARTED)
    state = playing(tape)
    app = Showing(state, tape)
    async with app.run_test(size=(60, 9)) as pilot:
        app.list.room = 9
        app.list.action_move(0)
        await press(pilot, "j")
        row = app.list.rows[1]
        assert row.stage is Stage.VOICE
        assert row.has_focus
        state.toggle(state.job.step(Stage.VOICE) if state.job is not None else step(None))
        app.list.on_stage_row_toggled(StageRow.Toggled(Stage.VOICE))
        app.on_line_widget_repaint_requested()
        await until(lambda: "Title 300" in app.text)
        seen: set[str] = set()
        await press(pilot, "g")
        await until(lambda: "Title 1\n" in app.text)
        while "Title 300" not in app.text:
            seen |= {*re.findall(r"Title \d+", app.text)}
            before = app.text
            await press(pilot, "pagedown")
            await until(lambda before=before: app.text != before)  # type: ignore[misc]
        seen |= {*re.findall(r"Title \d+", app.text)}
        assert seen == {f"Title {n}" for n in range(1, 301)}
        await press(pilot, "home", "end")
        await until(lambda: "Title 300" in app.text and not state.items[Stage.VOICE].paged)


async def test_keys_move_between_rows_and_ask_to_open_them() -> None:
    tape = speaking()
    app = Showing(playing(tape), tape)
    async with app.run_test(size=(60, 20)) as pilot:
        app.list.action_move(0)
        await press(pilot, "j", "down", "enter", "k", "space")
        await until(lambda: len(app.toggled) == 2)
        assert app.toggled == [Stage.VISUALS, Stage.VOICE]
        await press(pilot, "up", "up", "up")
        assert app.focused is app.list.rows[0]


async def test_another_run_s_numbers_never_stand_in_this_one_s_place() -> None:
    first, second = speaking(), speaking()
    second.tell(
        ev.StepProgressed,
        step=Stage.VOICE,
        progress_pct=90.0,
        metrics=Metrics(made=7, provider="piper"),
    )
    app = Showing(playing(first), first)
    async with app.run_test(size=(80, 20)):
        await until(lambda: "espeak" in app.text)
        app.state = playing(second)
        app.on_line_widget_repaint_requested()
        await until(lambda: "piper" in app.text)


def test_each_scene_at_work_is_marked_and_called_by_its_own_number_and_title() -> None:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    for number, active in ((1, (1,)), (7, (1, 7)), (2, (2, 7))):
        tape.progress(
            Stage.RENDERING,
            number,
            "Encoding, frame 526 of 1849",
            substage_detail=f"Title {number}",
            current_item=number,
            total_items=11,
            done_items=number // 2,
            active_items=active,
        )
    found = shown(tape, Stage.RENDERING, (78, 8))
    assert found[0].endswith("running     1 of 11 scenes done")
    assert found[1] == "     Encoding, frame 526 of 1849"  # the list below says of which
    rows = [line.split() for line in found if "Title" in line and "scenes" not in line]
    assert [(row[-1], row[0] == "\u25cf") for row in rows] == [
        ("1", False),
        ("2", True),
        ("7", True),
    ]
    assert found[-1].split() == ["2", "hidden,", "4", "left"]


def test_how_many_are_done_is_shortened_and_not_cut() -> None:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    tape.progress(
        Stage.RENDERING, 46, current_item=140, total_items=300, done_items=139, active_items=(140,)
    )
    assert shown(tape, Stage.RENDERING, (71, 8))[0].endswith("139 of 300")
    assert shown(tape, Stage.RENDERING, (134, 8))[0].endswith("139 of 300 scenes done")
