"""The promise of the cards: all of a card lies in its safe area, and nothing overlaps."""

from __future__ import annotations

import functools
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from aura_tui.model.script import AnyCard, BulletsCard, NumberCard, TableCard, TitleCard
from aura_tui.providers.visuals.card_layouts.boxes import Box, Item, Layout, Text
from aura_tui.providers.visuals.card_layouts.coverage import resolve
from aura_tui.providers.visuals.card_layouts.frame import compose
from aura_tui.providers.visuals.card_layouts.sanitize import bounded
from aura_tui.providers.visuals.card_layouts.table import is_figure
from aura_tui.providers.visuals.card_layouts.wrap import wrap
from aura_tui.providers.visuals.drawing import paint
from aura_tui.providers.visuals.drawing.protocol import card_size
from aura_tui.providers.visuals.fonts.fallback import Faces
from tests.providers.card_samples import ORDINARY, TEXTS, extremes

if TYPE_CHECKING:
    from aura_tui.providers.visuals.fonts.files import Fallback

FRAMES = {
    "16:9": (1280, 720),
    "9:16": (720, 1280),
    "1:1": (720, 720),
    "4:1": (1280, 320),
    "1:4": (320, 1280),
    "smallest": (128, 128),
}


def laid_out(card: AnyCard, frame: tuple[int, int], number: int = 3, total: int = 8) -> Layout:
    resolved = resolve(bounded(card))
    width, height = card_size(*frame)
    return compose(resolved.card, faces_for(resolved.fallbacks), width, height, number, total)


@functools.cache
def faces_for(fallbacks: tuple[Fallback, ...]) -> Faces:
    """Widths measured once for all tests."""
    return Faces(fallbacks)


def assert_sound(layout: Layout) -> None:
    inner = Box(
        layout.width * 0.06, layout.height * 0.06, layout.width * 0.88, layout.height * 0.88
    )
    assert layout.safe.within(inner)
    for item in layout.items:
        assert item.box.within(layout.safe), item
    for one, other in combinations(layout.items, 2):
        if not (holds(one, other) or holds(other, one)):
            assert not one.box.overlaps(other.box), (one, other)


def holds(outer: Item, inner: Item) -> bool:
    """A panel may have things on it, whole."""
    return getattr(outer, "holds", False) and inner.box.within(outer.box, 0.5)


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
@pytest.mark.parametrize("card", ORDINARY.values(), ids=ORDINARY.keys())
def test_an_ordinary_card_is_within_the_safe_area_and_free_of_overlaps(
    card: AnyCard, frame: tuple[int, int]
) -> None:
    assert_sound(laid_out(card, frame))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_an_extreme_card_is_within_the_safe_area_and_free_of_overlaps(text: str) -> None:
    for shape, frame in FRAMES.items():
        for kind, card in extremes(text).items():
            try:
                assert_sound(laid_out(card, frame))
            except AssertionError as e:
                raise AssertionError(kind, shape, e) from e


words = st.text(
    st.characters(codec="utf-8", max_codepoint=0x24F, exclude_categories=["Cc", "Cs"]), max_size=90
)
cards = st.one_of(
    st.builds(TitleCard, kicker=words, title=words, subtitle=words),
    st.builds(NumberCard, value=words, label=words, note=words),
    st.builds(BulletsCard, title=words, bullets=st.lists(words, max_size=12).map(tuple)),
    st.integers(1, 7).flatmap(
        lambda n: st.builds(
            TableCard,
            title=words,
            header=st.tuples(*[words] * n),
            rows=st.lists(st.tuples(*[words] * n), min_size=1, max_size=6).map(tuple),
        )
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cards,
    st.sampled_from([128, 320, 720]),
    st.floats(0.25, 4.0),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_any_card_of_any_shape_is_sound(
    card: AnyCard, short: int, ratio: float, number: int, total: int
) -> None:
    frame = (round(short * ratio), short) if ratio >= 1 else (short, round(short / ratio))
    assert_sound(laid_out(card, frame, number, total))


@pytest.mark.parametrize("name", ["300 characters", "han", "arabic", "hebrew", "mixed"])
def test_the_ink_of_every_text_lies_in_its_box(name: str) -> None:
    for card in extremes(TEXTS[name]).values():
        resolved = resolve(bounded(card))
        faces = Faces(resolved.fallbacks)
        layout = compose(resolved.card, faces, *card_size(1280, 720), 1, 8)
        for item in layout.items:
            if isinstance(item, Text):
                mask = Image.new("L", (layout.width, layout.height), 0)
                paint.text(ImageDraw.Draw(mask), item, faces, 255, 0, 0)
                ink = mask.point(lambda v: 255 if v > 40 else 0).getbbox()
                # Side bearings may be negative: a hair of a letter hangs over its advance.
                hair = item.size * 0.08 + 1.5
                if ink:
                    box = Box(ink[0], ink[1], ink[2] - ink[0], ink[3] - ink[1])
                    assert box.within(item.box, hair), (item, box)


def test_nothing_is_smaller_than_one_can_read() -> None:
    for name in ("300 characters", "thousands", "han"):
        for card in extremes(TEXTS[name]).values():
            for item in laid_out(card, (1280, 720)).items:
                if isinstance(item, Text) and item.role != "badge_ink":
                    assert item.size >= 15


def test_titles_leave_no_word_alone_on_a_last_line() -> None:
    faces = Faces()
    for text in (
        "How solar panels turn light into power",
        "The quick brown fox jumps over a dog",
        "What we learned from ten years of rooftop solar in the north",
    ):
        for width in (8.0, 10.0, 12.0, 14.0):
            lines = wrap(faces, text, "display", width, even=True).texts
            longest = max(faces.em(line, "display") for line in lines)
            assert faces.em(lines[-1], "display") > longest * 0.4, lines


def test_a_text_that_fits_keeps_all_its_words() -> None:
    for card in ORDINARY.values():
        for frame in ((1280, 720), (720, 1280), (720, 720)):
            shown = " ".join(
                line
                for item in laid_out(card, frame).items
                if isinstance(item, Text)
                for line in item.lines
            )
            assert "\u2026" not in shown


def test_what_is_cut_ends_in_an_ellipsis() -> None:
    layout = laid_out(TitleCard(title=TEXTS["thousands"]), (320, 320))
    title = next(i for i in layout.items if isinstance(i, Text))
    assert title.lines[-1].endswith("\u2026")


def test_points_that_cannot_be_shown_are_stood_for_by_an_ellipsis() -> None:
    points = tuple(
        f"Point {i} says something that is long enough to fill a line" for i in range(24)
    )
    layout = laid_out(BulletsCard(title="Many", bullets=points), (720, 720))
    shown = [i.lines for i in layout.items if isinstance(i, Text)]
    assert shown[-1] == ("\u2026",)
    assert len(shown) > 8


def test_han_breaks_between_characters_but_never_before_a_full_stop() -> None:
    faces = Faces(resolve(bounded(TitleCard(title=TEXTS["han"]))).fallbacks)
    lines = wrap(faces, TEXTS["han"], "text", 9.0).texts
    assert len(lines) > 5
    assert not any(line[0] in "。、" for line in lines)
    assert "".join(lines) == TEXTS["han"]


def test_right_to_left_text_stands_at_the_right_and_its_dots_too() -> None:
    layout = laid_out(TitleCard(title=TEXTS["hebrew"]), (1280, 720), number=1)
    title = next(i for i in layout.items if isinstance(i, Text))
    assert title.align == "end"
    assert title.box.right == pytest.approx(layout.safe.right)
    dots = [i for i in layout.items if not isinstance(i, Text)]
    assert dots[0].box.right == pytest.approx(layout.safe.right)


def test_figures_of_a_column_end_at_one_edge() -> None:
    layout = laid_out(ORDINARY["table"], (1280, 720))
    cells = {i.lines[0]: i for i in layout.items if isinstance(i, Text)}
    edges = {round(cells[t].box.right, 3) for t in ("LCOE, $/MWh", "44", "33", "77", "182")}
    assert len(edges) == 1
    starts = {round(cells[t].box.x, 3) for t in ("Source", "Solar PV", "Nuclear")}
    assert len(starts) == 1


WORDY = TableCard(
    title="Who helped",
    header=("Group", "What they did", "Volunteers"),
    rows=(
        ("Schools", "Dug the holes and watered the young trees through the summer", "340"),
        ("Neighbours", "Adopted a tree in front of their door", "1,120"),
        ("Fire brigade", "Brought water in the hot weeks of July and August", "45"),
    ),
)


@pytest.mark.parametrize("frame", [(1280, 720), (720, 1280), (720, 720), (480, 360)])
def test_cells_are_shown_whole_where_there_is_room(frame: tuple[int, int]) -> None:
    cells = [item.lines for item in laid_out(WORDY, frame).items if isinstance(item, Text)]
    shown = {" ".join(lines) for lines in cells}
    assert {text for row in (WORDY.header, *WORDY.rows) for text in row} <= shown
    assert ("Volunteers",) in cells


def test_the_first_column_names_the_rows_and_starts_at_the_left() -> None:
    rows = tuple((str(year), f"{year * 7:,}") for year in range(2021, 2025))
    layout = laid_out(TableCard(title="Trees", header=("Year", "Trees"), rows=rows), (1280, 720))
    cells = {i.lines[0]: i for i in layout.items if isinstance(i, Text)}
    assert cells["2021"].box.x == pytest.approx(cells["Year"].box.x)
    assert cells["2021"].align == "start"


def test_columns_are_aligned_as_the_table_says() -> None:
    rows = (("EMEA", "1,200", "so"), ("APAC", "$(45)", "or so"))
    card = TableCard(
        title="Figures",
        header=("Region", "Q1", "Note"),
        rows=rows,
        align=("right", "right", "center"),
    )
    cells = {i.lines[0]: i for i in laid_out(card, (1280, 720)).items if isinstance(i, Text)}
    for column in (("Region", "EMEA", "APAC"), ("Q1", "1,200", "$(45)")):
        assert len({round(cells[text].box.right, 3) for text in column}) == 1
    middles = {round(cells[t].box.x + cells[t].box.w / 2, 3) for t in ("Note", "so", "or so")}
    assert len(middles) == 1


def test_an_ordered_list_begins_at_its_own_number() -> None:
    card = BulletsCard(title="Go on", bullets=("Fifth", "Sixth"), ordered=True, start=5)
    texts = [i.lines[0] for i in laid_out(card, (1280, 720)).items if isinstance(i, Text)]
    assert [text for text in texts if text.isdigit()] == ["5", "6"]


@pytest.mark.parametrize("cell", ["44", "-90 %", "+5 %", "1,250", "$3.50", "12 GW", "3 ms", "8-12"])
def test_a_figure_is_known_by_its_look(cell: str) -> None:
    assert is_figure(cell)


@pytest.mark.parametrize("cell", ["", "Q1", "8-12 years", "v2", "n/a", "3 of 4"])
def test_words_with_digits_are_no_figures(cell: str) -> None:
    assert not is_figure(cell)


def test_many_scenes_are_a_bar_and_few_are_dots() -> None:
    dots = laid_out(ORDINARY["title"], (1280, 720), 2, 12)
    bar = laid_out(ORDINARY["title"], (1280, 720), 2, 13)
    assert len(dots.items) - len(bar.items) == 10


def test_bars_stand_on_one_line_and_grow_with_their_values() -> None:
    layout = laid_out(ORDINARY["chart"], (1280, 720))
    bars = [i for i in layout.items if getattr(i, "fill", "") == "bar"]
    assert len({round(bar.box.bottom, 3) for bar in bars}) == 1
    heights = [bar.box.h for bar in bars]
    assert heights[3] / heights[0] == pytest.approx(597 / 168)
