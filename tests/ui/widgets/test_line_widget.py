"""Only lines that changed are drawn again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.content import Content
from textual.geometry import Region

from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.bar import bar
from aura_tui.ui.widgets.line_widget import LineWidget, alike, drawable

if TYPE_CHECKING:
    import pytest
    from textual.app import ComposeResult


def test_lines_are_alike_by_their_text_and_their_styles() -> None:
    line = Content.assemble(("a", "red"), "b")
    assert alike(line, line)
    assert alike(line, Content.assemble(("a", "red"), "b"))
    assert not alike(line, Content.assemble(("a", "red"), "c"))
    assert not alike(line, Content.assemble("a", ("b", "red")))


async def test_a_line_that_changed_is_drawn_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lines(App[None]):
        def compose(self) -> ComposeResult:
            yield LineWidget()

    async with Lines().run_test(size=(20, 5)) as pilot:
        widget = pilot.app.query_one(LineWidget)
        widget.paint([Content("12 %"), Content("of it")], ASCII)
        await pilot.pause()
        asked: list[tuple[Region, ...]] = []
        monkeypatch.setattr(widget, "refresh", lambda *regions, **_: asked.append(regions))
        widget.paint([Content("12 %"), Content("of it")], ASCII)
        assert asked == []
        widget.paint([Content("13 %"), Content("of it")], ASCII)
        assert asked == [(Region(0, 0, widget.size.width, 1),)]


@given(st.floats(), st.integers(1, 60), st.sampled_from((UNICODE, ASCII)))
def test_a_bar_is_always_as_wide_as_it_should(percent: float, width: int, glyphs: object) -> None:
    assert glyphs in (UNICODE, ASCII)
    drawn = bar(percent, width, UNICODE if glyphs is UNICODE else ASCII, "red")
    assert drawn.cell_length == width


def test_a_bar_is_full_at_100_and_only_there() -> None:
    assert bar(100, 10, ASCII, "red").plain == "#" * 10
    assert bar(99.9, 10, UNICODE, "red").plain != "\u2501" * 10
    assert bar(0, 10, ASCII, "red").plain == "-" * 10


@given(st.text(max_size=50))
def test_ascii_spelling_is_ascii_and_as_long(text: str) -> None:
    spelt = ASCII.spell(text)
    assert spelt.isascii()
    assert len(spelt) == len(text)
    assert UNICODE.spell(text) == text


def test_spans_stay_in_their_places() -> None:
    line = drawable(Content.assemble("caf\u00e9 \u2026 ", ("x", "red")), ASCII)
    assert line.plain == "cafe ~ x"
    assert [(span.start, span.end) for span in line.spans] == [(7, 8)]
