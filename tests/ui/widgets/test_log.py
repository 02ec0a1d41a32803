"""The log pane under keys, mouse, floods and hostile text."""

from __future__ import annotations

import time
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from textual.content import Content

from aura_tui.ui.keys import bindings
from aura_tui.ui.state.run import LOG_LINES, LogLine, RunState
from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.log import LogView
from tests.ui.panes import PaneApp, pane
from tests.ui.recordings import BEGIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.pilot import Pilot

    from aura_tui.model.events import Severity


class Run:
    """A run's log, and the pane that shows it."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self.state = RunState()
        self.view = LogView()
        for line in lines:
            self.add(line)

    def add(self, text: str, severity: Severity = "info", source: str = "Rendering") -> None:
        at = BEGIN + timedelta(seconds=self.state.logged)
        self.state.log.append(LogLine(at, source, severity, text))
        self.state.logged += 1

    async def show(self, pilot: Pilot[None]) -> None:
        self.view.show(self.state, UNICODE)
        await pilot.pause()


async def opened(run: Run, pilot: Pilot[None]) -> None:
    await run.show(pilot)
    run.view.focus()
    await pilot.pause()


def title(app: PaneApp) -> str:
    return Content.from_markup(app.query_one(LogView).border_title or "").plain


def lines(app: PaneApp) -> list[str]:
    """The log's rows without what the scrollbar draws."""
    return [row[:70].rstrip() for row in app.rows[2:]]


def numbered(count: int) -> list[str]:
    return [f"line {n}." for n in range(count)]


# -- following


async def test_it_follows_its_end_until_it_is_scrolled_and_again_after_end() -> None:
    run = Run(numbered(100))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        assert "line 99." in app.text
        await pilot.press("k", "k")
        assert title(app) == "Log (end: follow)"
        run.add("the newest")
        await run.show(pilot)
        assert "the newest" not in app.text
        await pilot.press("G")
        assert "the newest" in app.text
        assert title(app) == "Log"
        run.add("and newer")
        await run.show(pilot)
        assert "and newer" in app.text


async def test_scrolling_down_to_the_end_follows_again() -> None:
    run = Run(numbered(100))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("k", "j")
        assert title(app) == "Log"
        await pilot.press("home")
        assert "line 0." in app.text
        await pilot.press("pagedown")
        assert "line 0." not in app.text
        await pilot.press("pageup")
        assert "line 0." in app.text


async def test_the_rows_in_sight_stay_while_the_ring_loses_others() -> None:
    run = Run(numbered(LOG_LINES))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("pageup")
        before = lines(app)
        assert "line 960." in app.text
        for n in range(500):
            run.add(f"more {n}")
        await run.show(pilot)
        assert lines(app) == before
        for n in range(LOG_LINES):
            run.add(f"yet more {n}")
        await run.show(pilot)
        assert "yet more 0" in app.text


async def test_another_run_starts_at_its_end_with_the_same_filter() -> None:
    run = Run(numbered(100))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("home", "s")
        run.state = RunState()
        for n in range(100):
            run.add(f"other {n}", "warning" if n % 2 else "info")
        await run.show(pilot)
        assert "other 99" in app.text
        assert "other 98" not in app.text
        assert "line" not in app.text
        assert title(app) == "Log: warnings and errors"


# -- search


async def test_slash_searches_as_one_types_and_enter_keeps() -> None:
    run = Run([*numbered(100), "a Needle here", *numbered(50), "a needle there"])
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", *"needle")
        assert title(app) == "Log (end: follow), 2 of 2: needle"
        assert "/needle" in app.text
        await pilot.press("enter")
        assert "/needle" not in app.text
        await pilot.press("n")
        assert title(app) == "Log (end: follow), 1 of 2: needle"
        assert "a Needle here" in app.text
        await pilot.press("N")
        assert title(app) == "Log (end: follow), 2 of 2: needle"
        await pilot.press("slash")  # empty; what was found stays until something is typed
        assert "/needle" not in app.text
        assert title(app) == "Log (end: follow), 2 of 2: needle"
        await pilot.press("up", "backspace", "up")  # the last search, and then the match before
        assert title(app) == "Log (end: follow), 1 of 2: needl"
        assert "/needl" in app.text
        await pilot.press("enter", "slash", "enter", "n")
        assert title(app) == "Log (end: follow), 2 of 2: needl"
        await pilot.press("slash", *"there")
        assert title(app) == "Log (end: follow), 1 of 1: there"


async def test_a_search_finds_the_stage_and_marks_it_where_lines_wrap() -> None:
    run = Run()
    run.add("aaa " * 14 + "one match over two rows", source="Visuals")
    async with pane(run.view, (60, 24)) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", *"visuals", "enter")
        assert "".join(reversed_text(app)).strip() == "Visuals"


async def test_escape_ends_the_search_where_it_began() -> None:
    run = Run(["a needle", *numbered(100)])
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", *"needle")
        assert "a needle" in app.text
        await pilot.press("escape")
        assert title(app) == "Log"
        assert "line 99." in app.text
        run.add("the newest")
        await run.show(pilot)
        assert "the newest" in app.text
        assert app.left_to_app == []


async def test_escape_in_the_rows_ends_a_kept_search_then_is_the_apps() -> None:
    run = Run(["a needle", *numbered(100)])
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", *"needle", "enter", "escape")
        assert title(app) == "Log (end: follow)"
        await pilot.press("escape")
        assert app.left_to_app == ["escape"]


async def test_no_match_is_said_and_the_log_follows_on() -> None:
    run = Run(numbered(100))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", *"zzz")
        assert title(app) == "Log, no match: zzz"
        run.add("the newest")
        await run.show(pilot)
        assert "the newest" in app.text
        run.add("zzz")
        await run.show(pilot)
        assert title(app) == "Log, 1: zzz"


async def test_n_without_a_search_is_the_apps() -> None:
    run = Run(numbered(3))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("n")
        assert app.left_to_app == ["n"]
        assert app.screen.active_bindings["n"].binding.description == "New"
        await pilot.press("slash", "l", "enter", "n")
        assert app.left_to_app == ["n"]
        assert app.screen.active_bindings["n"].binding.description == "Next"


async def test_letters_in_the_search_line_are_no_keys() -> None:
    run = Run(numbered(100))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", *"nfewyG", "/")
        assert title(app) == "Log, no match: nfewyG/"
        assert app.left_to_app == []


def reversed_text(app: PaneApp) -> list[str]:
    """What is drawn in reverse, a string a run of cells."""
    segments = [s for strip in app.screen._compositor.render_strips() for s in strip]
    return [s.text for s in segments if s.style and s.style.reverse and s.text.strip()]


async def test_matches_are_reversed_and_the_current_one_is_bold_and_underlined() -> None:
    run = Run(["aaa " * 14 + "one match over two rows", "match"])
    async with pane(run.view, (60, 24)) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", *"match over two", "enter")
        assert " ".join(reversed_text(app)).split() == ["match", "over", "two"]
        await pilot.press("slash", *"match")
        assert reversed_text(app)[:2] == ["match", "match"]
        styles = [
            (bool(segment.style.bold), bool(segment.style.underline))
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.reverse and segment.text == "match"
        ]
        assert styles == [(True, True), (False, False)]


async def test_the_search_outlives_a_flood() -> None:
    run = Run([*numbered(100), "a needle"])
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", *"needle", "enter")
        assert title(app) == "Log (end: follow), 1 of 1: needle"
        for n in range(5):
            for _ in range(100):
                run.add(f"a needle and line {n}.")
            await run.show(pilot)
        assert title(app) == "Log (end: follow), 1 of 501: needle"
        assert "a needle" in app.text
        for _ in range(LOG_LINES):
            run.add("needles")
        await run.show(pilot)
        assert title(app) == f"Log (end: follow), {LOG_LINES}: needle"
        await pilot.press("n")
        assert title(app) == f"Log (end: follow), 1 of {LOG_LINES}: needle"


# -- the other keys


async def test_e_goes_to_the_first_error_or_says_there_is_none() -> None:
    run = Run(numbered(100))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("e")
        assert title(app) == "Log, no error"
        run.add("it broke", "error")
        run.add("it broke again", "error")
        for n in range(100):
            run.add(f"after {n}")
        await run.show(pilot)
        await pilot.press("e")
        assert "it broke" in app.text
        assert title(app) == "Log (end: follow)"


async def test_f_filters_and_comes_back_to_the_same_place() -> None:
    run = Run()
    for n in range(200):
        run.add(f"line {n}.", "error" if n == 20 else "warning" if n % 10 == 0 else "info")
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("home", "pagedown")
        before = lines(app)
        await pilot.press("s")
        assert title(app) == "Log: warnings and errors (end: follow)"
        assert "line 30." in app.text
        assert "line 31." not in app.text
        await pilot.press("s")
        assert title(app) == "Log: errors (end: follow)"
        assert [row for row in app.rows if "line" in row] == [
            row for row in app.rows if "line 20." in row
        ]
        await pilot.press("s")
        assert lines(app) == before


async def test_a_filter_that_nothing_passes_says_so_until_something_does() -> None:
    run = Run(numbered(100))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        before = lines(app)
        await pilot.press("s", "s")
        assert title(app) == "Log: errors, none"
        await pilot.press("s")
        assert lines(app) == before
        await pilot.press("s", "s")
        run.add("it broke", "error")
        await run.show(pilot)
        assert title(app) == "Log: errors"
        assert "it broke" in app.text


async def test_w_ends_wrapping_and_left_and_right_scroll() -> None:
    run = Run(["start " + "word " * 40 + "finish", "short"])
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("left")
        assert app.left_to_app == ["left"]
        assert "finish" in app.text
        await pilot.press("w")
        assert "finish" not in app.text
        assert "\u2026" in app.text
        await pilot.press("right")
        assert "start" not in app.text
        await pilot.press(*["right"] * 40)
        assert "finish" in app.text
        await pilot.press(*["left"] * 40)
        assert "start" in app.text
        await pilot.press("slash", *"finish", "enter")
        assert "finish" in app.text
        await pilot.press("escape", "w")
        assert "start" in app.text
        await pilot.press("w")
        assert "start" in app.text, "from the left again"
        assert app.left_to_app == ["left"]


async def test_y_asks_to_copy_what_shows() -> None:
    run = Run([*numbered(3)])
    run.add("it broke", "error")
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("s", "y")
        await pilot.press("slash", *"zzz", "enter", "y")
        assert title(app) == "Log: warnings and errors, no match: zzz, nothing to copy"
        (message,) = app.posted
        assert isinstance(message, LogView.CopyAsked)
        assert message.text.endswith("Rendering  error: it broke")
        assert (message.lines, message.searched) == (1, False)


async def test_every_key_of_the_log_has_its_action() -> None:
    run = Run(numbered(3))
    async with pane(run.view) as (_, pilot):
        await opened(run, pilot)
        for binding in bindings.LOG:
            assert hasattr(run.view, f"action_{binding.action.partition('(')[0]}")


# -- the mouse


async def test_a_wrapped_line_is_selected_whole_and_holds_still() -> None:
    path = "/home/ada/.local/share/aura-tui/jobs/01KCD3WNE0/artifacts/" + "x" * 60 + ".mp4"
    run = Run([*numbered(100), f"made {path}", "and then"])
    async with pane(run.view, (80, 24)) as (app, pilot):
        await opened(run, pilot)
        top = next(y for y, row in enumerate(app.rows) if "made" in row)
        bottom = next(y for y, row in enumerate(app.rows) if ".mp4" in row)
        column = app.rows[top + 1].index("/home")
        end = app.rows[bottom].index(".mp4") + 4
        await pilot.mouse_down(offset=(column, top + 1))
        await pilot.hover(offset=(end, bottom))
        for n in range(LOG_LINES - 50):
            run.add(f"more {n}")
        await run.show(pilot)
        await pilot.mouse_up(offset=(end, bottom))
        assert app.screen.get_selected_text() == path
        assert ".mp4" in app.text
        app.screen.clear_selection()
        await pilot.pause()
        assert f"more {LOG_LINES - 51}" in app.text


async def test_a_scroll_of_the_wheel_stops_following() -> None:
    run = Run(numbered(100))
    async with pane(run.view) as (app, pilot):
        await opened(run, pilot)
        rows = run.view.query_one("LogRows")
        rows.scroll_up(animate=False, immediate=True)
        await pilot.pause()
        assert title(app) == "Log (end: follow)"


# -- sizes and characters


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (120, 40), (40, 12)])
async def test_it_fits_at_every_size(size: tuple[int, int]) -> None:
    run = Run(["word " * 60, "\u5b57" * 200, "x" * 300])
    async with pane(run.view, size) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", "x", "x")
        assert all(len(row) <= size[0] for row in app.rows)
        assert "/xx" in app.text
        assert "of 150: xx" in app.text


async def test_on_a_short_screen_the_title_shows_while_it_says_something() -> None:
    run = Run(numbered(100))
    async with pane(run.view, (40, 12)) as (app, pilot):
        await opened(run, pilot)
        assert "Log" not in app.text
        await pilot.press("s")
        await pilot.pause()
        assert "Log: warnings and errors" in app.text


async def test_on_a_short_screen_the_end_hides_the_log_unless_it_is_shown_alone() -> None:
    run = Run(numbered(100))
    async with pane(run.view, (40, 12)) as (app, pilot):
        await opened(run, pilot)
        app.screen.add_class("-ended")
        await pilot.pause()
        assert "line 99." not in app.text
        app.screen.add_class("-log")
        await pilot.pause()
        assert "line 99." in app.text


async def test_another_width_wraps_anew_and_keeps_the_place() -> None:
    run = Run(f"line {n}. " + "word " * 20 for n in range(100))
    async with pane(run.view, (120, 40)) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("home", "pagedown")
        first = next(row for row in app.rows if "line" in row).split("line ")[1].split(".")[0]
        await pilot.resize_terminal(60, 24)
        await run.show(pilot)
        assert f"line {first}." in app.text


async def test_hostile_text_is_shown_and_never_obeyed() -> None:
    run = Run(
        [
            "\x1b[31mred?\x1b[0m [bold]bold?[/bold] [/nothing] [@click=app.quit]x[/]",
            "\x1b]52;c;cGF5bG9hZA==\x07\x1b]0;owned\x07\x9b2Jtail",
            "right-to-left \u202egpj.exe\u202c and \u2066isolate\u2069 zero\u200bwidth",
            "a" + "\u0335" * 3000 + "b" + "\u5b57" * 3000,
            "x" * 100_000,
        ]
    )
    run.add("\x1b[2J" * 1000, "error", "\x1b[1m[red]" * 100)
    async with pane(run.view, (120, 60)) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("home")
        assert "red? [bold]bold?[/bold] [/nothing] [@click=app.quit]x[/]" in app.text
        assert "right-to-left gpj.exe and isolate zerowidth" in app.text
        assert "tail" in app.text
        assert app.text.replace("\n", "").isprintable()
        assert run.view.query_one("LogRows").virtual_size.height < 300
        await pilot.press("slash", *"[/bold]", "enter", "y")
        assert title(app) == "Log (end: follow), 1 of 1: [/bold]"
        (message,) = app.posted
        assert isinstance(message, LogView.CopyAsked)
        assert "\x1b" not in message.text
        assert (message.lines, message.searched) == (1, True)


async def test_ascii_shows_nothing_else() -> None:
    run = Run(["na\u00efve \u5b57 \u2026 " + "long " * 60])
    run.add("it broke", "error")
    async with pane(run.view, (80, 24), is_ascii=True) as (app, pilot):
        run.view.show(run.state, ASCII)
        await pilot.pause()
        run.view.focus()
        await pilot.press("w", "slash", *"naive")
        assert title(app) == "Log (end: follow), 1 of 1: naive"
        assert app.text.isascii(), app.text
        assert "x " in app.text


# -- cost


async def test_a_flood_with_a_search_costs_a_small_part_of_a_core() -> None:
    run = Run(numbered(LOG_LINES))
    async with pane(run.view, (120, 40)) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", *"speed", "enter", "G")
        text = "frame=30 fps=143 q=28.0 size=61 kB time=00:00:01 bitrate=800 kbits/s speed=4.8x"
        seconds = []
        for _ in range(3):  # the quickest: what shares a core makes the others dearer
            seconds.append(0.0)
            for _ in range(15):  # a second's worth, at 15 draws
                for _ in range(5000 // 15):
                    run.add(text)
                began = time.process_time()
                run.view.show(run.state, UNICODE)
                seconds[-1] += time.process_time() - began
        assert min(seconds) < 0.25, "of a second; usually a sixth of that"
        assert title(app) == f"Log, {LOG_LINES}: speed"


async def test_a_flood_of_long_wide_lines_holds_up_no_key() -> None:
    run = Run()
    async with pane(run.view, (120, 40)) as (app, pilot):
        await opened(run, pilot)
        await pilot.press("slash", "\u5b57", "enter", "G")
        longest: deque[float] = deque()
        for n in range(6):
            for _ in range(LOG_LINES):
                run.add(f"{n} " + "\u5b57\u5e55 " * 1000)
            began = time.process_time()
            run.view.show(run.state, UNICODE)
            longest.append(time.process_time() - began)
        assert sorted(longest)[3] < 0.1, "usually a tenth of that"
        assert ": \u5b57" in title(app)
