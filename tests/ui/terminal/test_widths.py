"""Text takes as many cells in a terminal as the board counts."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from aura_tui.ui.terminal.widths import fitted

# Per code point as xterm and tmux count: Unicode's East Asian Width and general category.
_SKIN = range(0x1F3FB, 0x1F400)
CLUSTERS = [
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",  # a family
    "\U0001f469\U0001f3fd\u200d\U0001f680",  # an astronaut with a skin tone
    "\U0001f44d\U0001f3ff",
    "\U0001f1e9\U0001f1ea",  # a flag
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
    "\U0001f3f3\ufe0f\u200d\U0001f308",  # a rainbow flag
    "1\ufe0f\u20e3",
    "#\ufe0f\u20e3",
    "\u2764\ufe0f",
    "\u2764\ufe0f\u200d\U0001f525",
    "\u26a0\ufe0f",
    "\u2708\ufe0e",
    "\u231a\ufe0f",
    "\u0915\u094d\u0937",  # a conjunct of Devanagari
    "\u0915\u094d\u200d\u0937",
    "\u0939\u093f\u0928\u094d\u0926\u0940",
    "\u0ba8\u0bbf",
    "\u0e19\u0e49\u0e33",
    "\u1112\u1161\u11ab",  # Hangul jamo
    "\ud55c\uae00",
    "e\u0301",
    "e\u0301\u0302\u0303",
    "\u0623\u0644\u0644\u0647",
    "\u3164",
    "\u5b57",
    "a\u00adb",
    "\u200d",
    "\ufe0f",
    "\U0001f3fb",
]


def wcwidth(char: str) -> int:
    """Cells of a code point: twice for a wide one, none for a mark without a place of its own."""
    code = ord(char)
    if code in _SKIN:
        return 2
    if char == "\u00ad":  # a soft hyphen is drawn
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf") or 0x1160 <= code <= 0x11FF:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def drawn(text: str, width: int) -> str:
    strip = Strip([Segment(text)]).adjust_cell_length(width)
    return "".join(segment.text for segment in fitted(strip))


def test_a_cluster_takes_the_cells_that_the_board_counts() -> None:
    for cluster in CLUSTERS:
        for text in (cluster, f"a{cluster}b", f"{cluster}{cluster}", f"{cluster} | {cluster}"):
            for width in (cell_len(text), cell_len(text) + 5, 40):
                shown = drawn(text, width)
                assert sum(map(wcwidth, shown)) == width, (text, ascii(shown))


def test_a_cluster_is_shown_as_its_first_emoji() -> None:
    for cluster, shown in (
        (CLUSTERS[0], "\U0001f468"),
        (CLUSTERS[1], "\U0001f469"),
        (CLUSTERS[2], "\U0001f44d"),
        (CLUSTERS[3], CLUSTERS[3]),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764 "),
        ("1\ufe0f\u20e3", "1\u20e3 "),
    ):
        assert drawn(f"{cluster}!", cell_len(f"{cluster}!")) == f"{shown}!"


def test_a_word_keeps_its_letters_and_its_signs_where_there_is_room() -> None:
    hindi = "\u0939\u093f\u0928\u094d\u0926\u0940"
    assert drawn(hindi, 20).rstrip() == hindi
    assert drawn("\u0915\u094d\u200d\u0937", 20).rstrip() == "\u0915\u094d\u0937"
    thai = "\u0e19\u0e49\u0e33"
    assert drawn(thai, cell_len(thai)) == thai


@given(
    st.lists(st.sampled_from([*CLUSTERS, "a", " ", "  ", "\u200d", "\ufe0f"]), max_size=12),
    st.integers(0, 9),
)
def test_any_row_of_clusters_fills_its_cells(parts: list[str], more: int) -> None:
    text = "".join(parts)
    width = cell_len(text) + more
    assert sum(map(wcwidth, drawn(text, width))) == width
