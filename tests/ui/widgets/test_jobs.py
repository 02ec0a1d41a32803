"""The jobs pane: what it draws at each width, what keys and mouse do, and what a change costs."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.app import App
from textual.containers import Horizontal
from textual.widgets import Input

from aura_tui import ui
from aura_tui.format import words as phrases
from aura_tui.model import events as ev
from aura_tui.model.job import Eta
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.ui.state.job_order import Sort
from aura_tui.ui.state.jobs import JobsState
from aura_tui.ui.theme.colours import AURA
from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.job_list import JobList
from aura_tui.ui.widgets.job_rows import Row, age_stands_s, column_at, header, lines
from aura_tui.ui.widgets.jobs import JobsPane
from tests.ui.state.test_jobs import NOW, envelope, failed, job, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.app import ComposeResult
    from textual.geometry import Region
    from textual.pilot import Pilot

    from aura_tui.model.job import Job
    from aura_tui.ui.theme.glyphs import Glyphs

STYLES = Path(ui.__file__).parent / "styles"
MIXED = (
    job("f1", JobStatus.FAILED, 0.8, title="Sails", stage=Stage.RENDERING, percent=92, attempt=2),
    job("r1", JobStatus.RUNNING, 0.2, title="Tides", stage=Stage.VOICE, percent=47),
    job("p1", JobStatus.PAUSED, 1, title="Bees", stage=Stage.VOICE, percent=20),
    job("q1", JobStatus.QUEUED, 0.1, title="Zips"),
    job("d1", hours=3, title="Moon", elapsed_s=154.0),
    job("c1", JobStatus.CANCELED, 4, title="Mars", percent=10),
)


class Shown(App[None]):
    """A pane beside something else that can have the focus."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [STYLES / "board.tcss", STYLES / "jobs.tcss"]
    BINDINGS: ClassVar[list[Any]] = [("escape", "leave", "Jobs")]

    def __init__(self, jobs: tuple[Job, ...], glyphs: Glyphs, *, loaded: bool = True) -> None:
        super().__init__()
        self.state = JobsState()
        if loaded:
            self.state.load(jobs)
        self.glyphs = glyphs
        self.now = NOW
        self.pane = JobsPane()
        self.other = Input(id="other", compact=True)
        self.told: list[tuple[str, str]] = []
        self.stale = 0
        self.backs = 0

    def compose(self) -> ComposeResult:
        with Horizontal(id="body"):
            yield self.pane
        yield self.other

    def on_mount(self) -> None:
        self.register_theme(AURA)
        self.theme = "aura"
        self.set_class(self.glyphs is ASCII, "-ascii")
        self.pane.focus()
        self.draw()

    def draw(self) -> None:
        self.pane.show(self.state, self.now, self.glyphs)

    def on_job_list_repaint_requested(self) -> None:
        self.stale += 1
        self.draw()

    def on_job_list_opened(self, message: JobList.Opened) -> None:
        self.told.append(("opened", message.job_id))

    def action_leave(self) -> None:
        self.backs += 1

    @property
    def jobs(self) -> JobList:
        return self.query_one(JobList)

    @property
    def rows(self) -> list[str]:
        """The screen's lines."""
        # No public way leads from a screen to its characters.
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)


@asynccontextmanager
async def showing(
    jobs: tuple[Job, ...] = MIXED,
    size: tuple[int, int] = (80, 24),
    glyphs: Glyphs = UNICODE,
    **more: Any,
) -> AsyncIterator[tuple[Shown, Pilot[None]]]:
    app = Shown(jobs, glyphs, **more)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


def many(count: int) -> tuple[Job, ...]:
    return tuple(job(f"{i:05}", hours=30 + i / 60, title=f"Title {i}") for i in range(count))


# Rows


def test_ages_are_one_unit_and_never_rounded_up() -> None:
    says = [(-5, "<1 m"), (59.9, "<1 m"), (60, "1 m"), (3599, "59 m"), (7199, "1 h")]
    says += [(86_400 * 5, "5 d"), (86_400 * 999, "999 d"), (86_400 * 1200, "3 y")]
    assert [phrases.age(seconds) for seconds, _ in says] == [text for _, text in says]


@given(st.integers(-10_000, 86_400_000 * 9).map(lambda ms: ms / 1000))
def test_an_age_says_the_same_until_it_stands_no_more(seconds: float) -> None:
    stands_s = age_stands_s(seconds)
    assert stands_s > 0
    assert phrases.age(seconds + stands_s - 0.0005) == phrases.age(seconds)
    assert phrases.age(seconds + stands_s + 0.0005) != phrases.age(seconds)


TITLES = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="ab \u5b57\u5e55\u0301\u200b\U0001f680[]$", max_size=60),
    st.sampled_from(["\u200b" * 50, "\u5b57" * 10_000, "x" * 10_000, "\x1b[2J", "[red]no[/]"]),
)


@given(
    TITLES,
    st.sampled_from(list(JobStatus)),
    st.integers(1, 20),
    st.integers(30, 220),
    st.booleans(),
    st.sampled_from(["unicode", "ascii"]),
)
def test_a_row_is_exactly_as_wide_as_the_list(
    title: str, status: JobStatus, attempt: int, width: int, flag: bool, glyphs: str
) -> None:
    one = job("a", status, title=title, attempt=attempt, percent=99.0, stage=Stage.COMPOSITION)
    row = Row(one, "999 d", urgent=flag, marked=flag, cursor=flag, focused=flag)
    made = lines(row, width, UNICODE if glyphs == "unicode" else ASCII)
    assert [line.cell_length for line in made] == [width] * len(made)
    assert len(made) == (2 if flag and width < 72 else 1)
    assert not any("\x1b" in line.plain or "\n" in line.plain for line in made)


@pytest.mark.parametrize("width", [36, 80, 100, 200])
def test_columns_hold_still(width: int) -> None:
    eta = Eta(seconds=300, low=240, high=350)
    one = job("a", JobStatus.RUNNING, title="A title", percent=3, eta=eta)
    other = job("b", JobStatus.RUNNING, title="\u5b57\u5e55 and more of it", percent=100)
    for i in range(len(lines(Row(one, "1 s", urgent=True), width, ASCII))):
        a = lines(Row(one, "1 s", urgent=True), width, ASCII)[i].plain
        b = lines(Row(other, "59 m", urgent=True), width, ASCII)[i].plain
        assert a.find("%") == b.find("%")
        assert len(a) == len(b) == width
    assert "4-6 min" in "".join(line.plain for line in lines(Row(one, "1 s", True), width, UNICODE))
    assert "no estimate" in "".join(
        line.plain for line in lines(Row(other, "1 s", True), width, UNICODE)
    )


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELED, JobStatus.RUNNING])
def test_where_each_has_a_line_a_job_looks_the_same_whether_one_looks_for_it_or_not(
    status: JobStatus, width: int
) -> None:
    one = job("a", status, percent=47)
    (urgent,) = lines(Row(one, "1 h", urgent=True), width, UNICODE)
    (calm,) = lines(Row(one, "1 h"), width, UNICODE)
    assert (urgent.plain, urgent.spans) == (calm.plain, calm.spans)
    assert ("\u2501" in calm.plain) == (status is JobStatus.RUNNING)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
@pytest.mark.parametrize("status", [JobStatus.RUNNING, JobStatus.PAUSED, JobStatus.QUEUED])
def test_a_job_that_no_engine_works_on_says_so(status: JobStatus, width: int) -> None:
    urgent = status is not JobStatus.QUEUED
    row = Row(job("a", status, title="Tides", percent=85), "1 m", urgent=urgent, alone=True)
    made = lines(row, width, UNICODE)
    assert "no engine" in made[-1].plain
    assert "no estimate" not in made[-1].plain
    assert [line.cell_length for line in made] == [width] * len(made)


def test_markup_in_a_title_is_shown() -> None:
    one = job("a", title="[red]no[/red] [@click=app.quit]x[/]")
    assert "[red]no[/red] [@click=app.quit]x[/]" in lines(Row(one, "1 s"), 100, UNICODE)[0].plain


def test_a_title_that_shows_nothing_gives_way_to_the_id() -> None:
    assert " abc " in lines(Row(job("abc", title="\u200b\u200d"), "1 s"), 36, UNICODE)[0].plain


# The pane


async def test_narrow_jobs_in_need_of_a_look_have_two_lines() -> None:
    async with showing(size=(36, 20)) as (app, _):
        shown = app.rows[2:11]
        assert shown[0].startswith("\u276f \u2717 Sails")
        assert "failed in Rendering" in shown[1]
        assert "47 %  no estimate" in shown[3]
        assert "20 %  paused" in shown[5]
        assert [row[4:8] for row in shown[6:]] == ["Zips", "Moon", "Mars"]


async def test_wide_each_job_has_one_line_that_says_how_it_stands_or_ended() -> None:
    problem = ev.Problem(code="E602", message="x264 failed")
    made = ev.Output(video_path="/v.mp4", duration_seconds=83.0)
    shown = (
        replace(MIXED[0], errors=(problem,)),
        *MIXED[1:4],
        replace(MIXED[4], output=made),
        replace(MIXED[5], stage=Stage.VISUALS),
    )
    says = {
        79: ["Rendering E602", "47 %", "20 %", "queued", "succeeded, 1:23", "cancelled "],
        109: [
            *("failed in Rendering (E602)", "47 %", "20 %", "queued"),
            *("succeeded, 1:23", "cancelled in Visuals"),
        ],
    }
    for width, told in says.items():
        async with showing(shown, size=(width + 1, 20)) as (app, _):
            for row, text in zip(app.rows[2:8], told, strict=True):
                assert text in f"{row} ", row
            assert "no estimate" in app.rows[3]
            assert "paused" in app.rows[4]
            assert "attempt 2" in app.rows[2]
            assert "2:34" in app.rows[6]


def test_the_time_that_is_left_is_said_to_be_left() -> None:
    eta = Eta(seconds=300, low=240, high=350)
    one = job("a", JobStatus.RUNNING, title="A title", percent=3, eta=eta)
    for width in (43, 79, 109):
        made = lines(Row(one, "1 s", urgent=True), width, UNICODE)
        assert "4-6 min left" in made[-1].plain


def test_attempts_are_counted_beside_the_title_and_named_below_it() -> None:
    one = job("a", JobStatus.FAILED, title="Tides", attempt=3)
    for width in (43, 79):
        (folded,) = lines(Row(one, "1 s", attempts=3), width, UNICODE)
        assert "Tides" in folded.plain
        assert "\u25b8 attempt 3" in folded.plain or "\u25b8 #3" in folded.plain
        (unfolded,) = lines(Row(one, "1 s", attempts=3, unfolded=True), width, UNICODE)
        assert "\u25be" in unfolded.plain
        older = replace(one, id="b", attempt=2)
        row = Row(older, "1 s", attempts=3, unfolded=True, below=True)
        (below,) = lines(row, width, UNICODE)
        assert below.plain[4:].startswith("\u2500 attempt 2 ")
        assert "Tides" not in below.plain


# The header


@given(st.sampled_from(Sort), st.integers(4, 220), st.sampled_from([UNICODE, ASCII]))
def test_the_header_says_at_every_width_what_sorts_and_how(
    sort: Sort, width: int, glyphs: Glyphs
) -> None:
    made = header(sort, width, glyphs)
    assert made.cell_length == width
    sign = glyphs.rising if sort.rises else glyphs.falling
    if width >= 16:
        name = sort.column.value.capitalize()
        assert f"{name} {sign}" in made.plain
        at = made.plain.index(f"{name} {sign}")
        assert column_at(at, sort, width, glyphs) is sort.column
    assert column_at(0, sort, width, glyphs) is None


async def test_the_columns_stand_below_their_names() -> None:
    for width in (80, 100):
        async with showing(size=(width, 20)) as (app, _):
            head = app.rows[1]
            assert app.rows[2].index("Sails") == head.index("Title")
            assert app.rows[5].index("queued") == head.index("Status")
            assert len(app.rows[6]) == len(head)


async def test_a_click_on_a_column_sorts_by_it_and_a_second_one_the_other_way() -> None:
    async with showing() as (app, pilot):
        at = app.rows[1].index("Age")
        orders: list[Sort] = []
        for _ in range(2):
            await pilot.click(offset=(at, 1))
            await pilot.pause()
            orders.append(app.state.sort)
        assert orders == [Sort.NEWEST, Sort.OLDEST]
        assert "Age \u25be" in app.rows[1]
        assert sum(row.startswith("\u276f") for row in app.rows) == 1


async def test_an_order_that_moves_the_cursor_s_job_keeps_it_in_sight() -> None:
    async with showing((*MIXED, *many(200))) as (app, pilot):
        assert app.state.cursor == "f1"
        for _ in Sort:
            await pilot.press("S")
            await pilot.pause()
            assert app.state.cursor == "f1"
            assert sum(row.startswith("\u276f \u2717 Sails") for row in app.rows) == 1


async def test_the_summary_counts_in_words_or_where_narrow_in_signs() -> None:
    async with showing() as (app, _):
        assert "1 running  1 paused  1 queued  1 failed  1 done  1 cancelled" in app.rows[0]
    async with showing(size=(36, 20)) as (app, _):
        assert "\u25cf 1  \u2016 1  \u25cb 1  \u2717 1  \u2713 1  \u25cc 1" in app.rows[0]


async def test_without_an_engine_jobs_that_are_not_over_say_so() -> None:
    async with showing() as (app, pilot):
        app.pane.show(app.state, app.now, app.glyphs, absent=True)
        await pilot.pause()
        assert "\u25b2 no engine" in app.rows[0]
        assert ["no engine" in row for row in app.rows[2:8]] == [
            False,
            True,
            True,
            True,
            False,
            False,
        ]
        app.pane.show(app.state, app.now, app.glyphs)
        await pilot.pause()
        assert "no engine" not in app.text


async def test_ascii_draws_ascii_alone() -> None:
    titled = (*MIXED, job("w1", title="caf\u00e9 \u5b57\u5e55 \u2026"))
    async with showing(titled, glyphs=ASCII) as (app, pilot):
        await pilot.press("space", "slash", "x", "escape")
        await pilot.pause()
        assert app.text.isascii()
        assert "cafe ?? ~" in app.text


async def test_empty_states_say_what_to_do() -> None:
    async with showing((), loaded=False) as (app, _):
        assert "Loading the jobs" in app.text
        app.state.load(())
        app.draw()
        await _.pause()
        assert "No jobs yet. Press n to create one, or" in app.text
    async with showing() as (app, pilot):
        app.state.set_filter("xyz")
        app.draw()
        await pilot.pause()
        assert "No job matches the filter; esc clears it" in app.text
        assert "filter: xyz" in app.rows[0]


async def test_the_cursor_row_and_the_focus_are_told_without_colour() -> None:
    async with showing() as (app, pilot):
        line = app.jobs.lines[0]
        assert line.plain.startswith("\u276f")
        assert any("bold" in str(span.style) for span in line.spans)
        app.other.focus()
        await pilot.pause()
        blurred = app.jobs.lines[0]
        assert blurred.plain.startswith("\u276f")
        assert not any("bold" in str(span.style) for span in blurred.spans)


# Keys


async def test_keys_move_the_cursor_and_tell_it() -> None:
    async with showing() as (app, pilot):
        at: list[str | None] = []
        for key in ("j", "down", "k", "up", "G", "g", "end", "home", "pagedown", "pageup", "k"):
            await pilot.press(key)
            at.append(app.state.cursor)
        assert at == ["r1", "p1", "r1", "f1", "c1", "f1", "c1", "f1", "c1", "f1", "f1"]
        await pilot.press("j", "enter")
        assert app.told == [("opened", "r1")]


async def test_space_marks_and_goes_on() -> None:
    async with showing() as (app, pilot):
        await pilot.press("space", "space")
        assert list(app.state.marked) == ["f1", "r1"]
        assert app.state.cursor == "p1"
        await pilot.pause()
        assert app.rows[2].startswith(" *")
        assert "2 marked" in app.rows[0]
        await pilot.press("slash", *"tides", "enter")
        await pilot.pause()
        assert "2 marked, 1 hidden" in app.rows[0]
        assert "filter: tides" in app.rows[0]


async def test_escape_clears_marks_then_the_filter_then_is_not_ours() -> None:
    async with showing() as (app, pilot):
        await pilot.press("space", "slash", *"moon", "enter")
        await pilot.pause()
        assert any(one.binding.action == "clear" for one in app.active_bindings.values())
        await pilot.press("escape")
        assert app.state.marked == ()
        assert app.state.filter.text == "moon"
        await pilot.press("escape")
        assert app.state.filter.text == ""
        assert app.backs == 0
        await pilot.pause()
        assert not any(one.binding.action == "clear" for one in app.active_bindings.values())
        await pilot.press("escape")
        assert app.backs == 1


async def test_the_filter_works_while_it_is_typed() -> None:
    async with showing() as (app, pilot):
        await pilot.press("slash", *"status:fai")
        await pilot.pause()
        assert app.rows[0].strip().startswith("/ status:fai")
        assert app.rows[0].endswith("1 of 6")
        assert "Sails" in app.text
        assert "Tides" not in app.text
        await pilot.press(*" x:y")
        await pilot.pause()
        assert 'Unknown filter "x:"' in app.rows[1]
        assert "Sails" in app.text
        await pilot.press("enter")
        assert isinstance(app.focused, JobList)
        await pilot.press("slash")
        await pilot.press("escape")
        assert isinstance(app.focused, JobList)
        assert len(app.state.visible) == 6
        await pilot.pause()
        assert "1 running" in app.rows[0]


@pytest.mark.parametrize(("width", "at"), [(80, 1), (40, 3)])
async def test_what_is_wrong_with_a_filter_is_told_whole(width: int, at: int) -> None:
    async with showing(size=(width, 20)) as (app, pilot):
        await pilot.press("slash", *"status:bogus")
        await pilot.pause()
        said = " ".join(" ".join(app.rows[1 : at + 1]).split())
        statuses = "queued running paused interrupted done failed cancelled"
        assert said == f'\u25b2 No status "bogus": {statuses}'


async def test_filter_and_summary_share_a_line_so_that_the_list_keeps_still() -> None:
    async with showing() as (app, pilot):
        before = app.rows[2:]
        await pilot.press("slash")
        await pilot.pause()
        assert [row[4:] for row in app.rows[2:8]] == [row[4:] for row in before[:6]]


async def test_the_arrows_go_through_the_list_while_typing() -> None:
    async with showing() as (app, pilot):
        await pilot.press("slash", *"s", "down")
        assert app.state.cursor == app.state.visible[1].id
        assert isinstance(app.focused, Input)


async def test_letters_typed_into_the_filter_are_no_keys() -> None:
    async with showing() as (app, pilot):
        await pilot.press("slash", *"jkg nG")
        assert app.state.filter.text == "jkg nG"
        assert app.state.marked == ()


# Mouse


async def test_a_click_opens_a_job() -> None:
    async with showing() as (app, pilot):
        await pilot.click(JobList, offset=(20, 3))
        await pilot.pause()
        assert app.told == [("opened", "q1")]
        assert app.state.cursor == "q1"


async def test_a_click_finds_the_job_of_either_line() -> None:
    async with showing(size=(36, 20)) as (app, pilot):
        for line, job_id in ((0, "f1"), (1, "f1"), (3, "r1"), (6, "q1"), (8, "c1")):
            await pilot.click(JobList, offset=(20, line))
            assert app.state.cursor == job_id
        told = len(app.told)
        await pilot.click(JobList, offset=(20, 12))
        assert len(app.told) == told


async def test_other_clicks_mark() -> None:
    async with showing() as (app, pilot):
        await pilot.click(JobList, offset=(1, 1))
        await pilot.click(JobList, offset=(20, 2), button=3)
        await pilot.click(JobList, offset=(20, 4), control=True)
        assert list(app.state.marked) == ["r1", "p1", "d1"]
        assert app.told == []


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    async with showing(many(100)) as (app, pilot):
        app.jobs.scroll_down(animate=False)
        app.jobs.scroll_down(animate=False)
        await pilot.pause()
        assert app.rows[2].strip().startswith("\u2713 Title 2")
        assert app.state.cursor == "00000"
        await pilot.press("j")
        await pilot.pause()
        assert app.rows[2].startswith("\u276f \u2713 Title 1")


# What a change costs


def spy(app: Shown, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Region, ...]]:
    """Regions that the list asks to be drawn again; () is all of it."""
    asked: list[tuple[Region, ...]] = []
    refresh = app.jobs.refresh

    def record(*regions: Region, **more: Any) -> Any:
        asked.append(regions)
        return refresh(*regions, **more)

    monkeypatch.setattr(app.jobs, "refresh", record)
    return asked


async def test_one_changed_job_redraws_its_changed_line_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with showing() as (app, pilot):
        await pilot.pause()
        asked = spy(app, monkeypatch)
        app.state.apply(
            envelope(
                2,
                "r1",
                ev.StepStatusChanged,
                step=Stage.VISUALS,
                phase="visuals",
                status=StepStatus.STARTED,
            )
        )
        app.draw()
        asked.clear()
        app.state.apply(
            envelope(
                3,
                "r1",
                ev.StepProgressed,
                step=Stage.VISUALS,
                phase="visuals",
                progress_pct=60,
                percent=53,
                message="",
            )
        )
        app.draw()
        assert [r.height for regions in asked for r in regions] in ([], [1])
        assert all(r.y == 1 for regions in asked for r in regions)


async def test_an_idle_list_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with showing() as (app, pilot):
        await pilot.pause()
        asked = spy(app, monkeypatch)
        stands_s = app.pane.next_change_s(app.now)
        assert stands_s is not None
        app.now += timedelta(seconds=stands_s * 0.99)
        app.draw()
        assert asked == []
        app.now += timedelta(seconds=stands_s * 0.02)
        app.draw()
        assert len(asked) == 1
        assert all(region.height == 1 for region in asked[0])


async def test_a_change_out_of_sight_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with showing(many(500)) as (app, pilot):
        await pilot.pause()
        asked = spy(app, monkeypatch)
        app.state.load([job("00400", hours=30 + 400 / 60, title="Other", last_event_id=9)])
        app.draw()
        assert asked == []


async def test_ages_are_drawn_when_their_minute_is_over() -> None:
    async with showing((job("a", hours=3),)) as (app, _):
        assert (app.pane.next_change_s(NOW) or 0) >= 60
        app.state.load([job("b", JobStatus.QUEUED, hours=0.005)])
        app.draw()
        assert app.pane.next_change_s(NOW) == pytest.approx(60 - 18, abs=1)


async def test_nothing_changes_with_time_alone_in_an_empty_list() -> None:
    async with showing(()) as (app, _):
        assert app.pane.next_change_s(NOW) is None


# Nothing jumps


async def test_what_is_in_sight_stays_there_when_jobs_come_in_above() -> None:
    async with showing(many(200)) as (app, pilot):
        await pilot.press(*["pagedown"] * 3, "k", "k")
        await pilot.pause()
        before = [row[:70] for row in app.rows[4:20]]  # the scrollbar may change
        app.state.load([job(f"n{i}", JobStatus.RUNNING, i + 1) for i in range(5)])
        app.draw()
        await pilot.pause()
        assert [row[:70] for row in app.rows[4:20]] == before


async def test_at_the_top_one_sees_what_comes_in() -> None:
    async with showing(many(200)) as (app, pilot):
        app.state.load([job("n", JobStatus.RUNNING, 1, title="New")])
        app.draw()
        await pilot.pause()
        assert "New" in app.rows[2]
        assert app.rows[3].startswith("\u276f")


@pytest.mark.parametrize("size", [(80, 24), (36, 30), (40, 12), (200, 60)])
async def test_the_cursor_is_in_sight_wherever_it_goes(size: tuple[int, int]) -> None:
    jobs = (*MIXED, *many(300))
    async with showing(jobs, size) as (app, pilot):
        for keys in (["G"], ["k"] * 3, ["pageup"] * 2, ["g"], ["j"] * 8, ["end"], ["home"]):
            await pilot.press(*keys)
            await pilot.pause()
            assert sum(row.startswith("\u276f") for row in app.rows) == 1
        await pilot.press("G")
        await pilot.resize_terminal(size[0] + 45, size[1])
        await pilot.pause()
        assert sum(row.startswith("\u276f") for row in app.rows) == 1


async def test_the_drawn_list_is_right_after_any_changes() -> None:
    """What was sent piece by piece is what a new pane draws at once."""
    jobs = (*MIXED, *many(40))
    async with showing(jobs, (60, 20)) as (app, pilot):
        for number, change in enumerate((started, failed) * 4, 10):
            for job_id in ("q1", "r1", "p1"):
                app.state.apply(change(number * 3, job_id))
            app.draw()
            await pilot.press("j" if number % 3 else "space")
        await pilot.pause()
        drawn = app.rows[2:-3]
        app.jobs._rows.clear()
        app.jobs._lines.clear()
        app.draw()
        await pilot.pause()
        assert app.rows[2:-3] == drawn
