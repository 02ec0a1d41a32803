"""Captions: every word once and in order, two short lines, time to read, never two at once."""

from __future__ import annotations

import itertools
import re
import subprocess
from typing import TYPE_CHECKING

import imageio_ffmpeg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.model.script import Word
from aura_tui.model.timeline import Cue
from aura_tui.pipeline.timeline.captions import cues, line_width, text_width
from aura_tui.pipeline.timeline.subtitle_files import srt, vtt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TEXT = (
    "Rust is a systems language that keeps memory safe without a garbage collector. Ownership, "
    "borrowing and lifetimes are checked when the program is built, so whole classes of bugs "
    "never reach a user. It compiles to native code; it is as fast as C++, and its tools are good."
)


def spoken(text: str, word_s: float = 0.32, pause_s: float = 0.35) -> list[Word]:
    """Words at an even pace, with pauses after punctuation."""
    words, at = [], 0.0
    for token in text.split():
        length = word_s * (0.5 + len(token) / 10)
        words.append(Word(token, round(at, 3), round(at + length, 3)))
        at += length + (pause_s if token[-1] in ".,;:" else 0.02)
    return words


def said(found: Sequence[Cue]) -> str:
    return " ".join(line for cue in found for line in cue.lines)


def test_cues_break_at_the_borders_of_clauses() -> None:
    found = cues([(spoken(TEXT), 1.0, 60.0)], 42)
    assert said(found) == TEXT
    assert all(cue.lines[-1][-1] in ".,;" for cue in found), [cue.lines for cue in found]


# As a voice says them: figures take long, so that no sentence fits into one cue.
FIGURES = (
    ("Trees", 0.38), ("planted:", 0.99), ("from", 1.5), ("1,200", 2.9), ("in", 3.02),
    ("2021", 4.21), ("to", 4.35), ("3,100", 5.75), ("in", 5.87), ("2024.", 7.2),
    ("Survived:", 8.24), ("from", 8.67), ("85", 9.3), ("%", 9.8), ("in", 9.93), ("2021", 11.11),
    ("to", 11.25), ("93", 11.87), ("%", 12.37), ("in", 12.51), ("2024.", 13.83),
)  # fmt: skip


def test_a_sentences_first_word_does_not_trail_the_one_before() -> None:
    starts = [0.0, *(end for _, end in FIGURES)]
    words = [Word(text, at, end) for (text, end), at in zip(FIGURES, starts, strict=False)]
    words[10] = Word("Survived:", 7.53, 8.24)
    found = cues([(words, 0.0, 60.0)], 42)
    assert any(cue.lines[0].startswith("Survived:") for cue in found), [c.lines for c in found]


def even(text: str) -> list[Word]:
    """Words at an even pace: no pause tells where a sentence ends."""
    words: list[Word] = []
    for word in text.split():
        at = words[-1].end_s + 0.02 if words else 0.0
        words.append(Word(word, at, at + 0.1 + len(word) / 50))
    return words


@pytest.mark.parametrize(
    ("first", "second", "language"),
    [
        ("The study came out in the year 2023. Dr.", "Smith and her group read it.", "en"),
        ("Some stores keep all of it in memory, e.g.", "Redis does so, and it is fast.", "en"),
        ("We saw what they had hung in room No.", "5 and went on to the next.", "en"),
        ("Auf freien Flächen wachsen dort nun z. B.", "Eichen, Ahorn und Kirschen.", "de"),
        ("Den Rest bekamen später Eichen bzw.", "Kirschen, die dort gut wachsen.", "de"),
        ("Der Wald bekam seinen Schutz hier am 3.", "Mai des Jahres, in dem er brannte.", "de"),
        ("Le livre fut écrit jadis ici même par M.", "Dupont, qui vivait à Nantes.", "fr"),
    ],
)
def test_an_abbreviation_stays_with_what_it_belongs_to(
    first: str, second: str, language: str
) -> None:
    for columns in (42, 34, 26):
        found = cues([(even(f"{first} {second}"), 0.0, 30.0)], columns, language)
        ends = {cue.lines[-1].split()[-1] for cue in found[:-1]}
        assert first.split()[-1] not in ends, [cue.lines for cue in found]


@pytest.mark.parametrize(
    ("text", "together"),
    [
        ("Le prix du nouveau pont a plus que doublé : est-ce possible ? Oui, dit-il.", "doublé :"),
        ("« Pourquoi pas », disait-elle chaque fois que l'on parlait du vieux port.", "pas »,"),
        ("The whole of the old harbour basin now holds as much as 1 200 kg of salt.", "1 200 kg"),
        ("The whole of the old harbour basin is now down by as much as 45 % in a year.", "45 %"),
        (
            "The new machine in the cellar reads and also writes a full 500 MB in a second.",
            "500 MB",
        ),
    ],
)
def test_a_mark_and_a_unit_stay_on_the_line_of_their_word(text: str, together: str) -> None:
    for columns in (42, 34, 26):
        for start in range(0, 40, 3):  # so that every place is once the end of a line
            words = even(f"{'x' * start} {text}" if start else text)
            lines = [line for cue in cues([(words, 0.0, 60.0)], columns) for line in cue.lines]
            assert any(together in line for line in lines), lines
            assert not any(line[0] in ":?»%" for line in lines), lines


def test_no_line_of_a_script_without_spaces_begins_with_a_closing_mark() -> None:
    text = "新しい橋は両岸を結んでいる。「はい」と彼は言った。" * 3
    for columns in range(14, 44):
        lines = [
            line
            for cue in cues([([Word(text, 0.0, 20.0)], 0.0, 30.0)], columns)
            for line in cue.lines
        ]
        assert "".join(lines) == text
        assert not any(line[0] in "。」" or line[-1] == "「" for line in lines), lines


def test_a_cue_ends_with_its_scene() -> None:
    scenes = [([Word("Short.", 0.0, 0.4)], 0.0, 0.6), ([Word("Later.", 0.0, 0.4)], 3.0, 5.0)]
    first, second = cues(scenes, 42)
    assert first.end_s <= 0.6
    assert second.start_s >= 0.6


@given(
    tokens=st.lists(
        st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=60)
        | st.sampled_from(["the", "end.", "of", "well,", "日本語の文章はここで終わります。" * 3]),
        min_size=1,
        max_size=60,
    ),
    gaps=st.lists(st.floats(0, 3), min_size=60, max_size=60),
    lengths=st.lists(st.floats(0, 2), min_size=60, max_size=60),
    columns=st.sampled_from([42, 34, 26]),
)
@settings(max_examples=150, deadline=None)
def test_any_words_make_cues_that_keep_the_rules(
    tokens: list[str], gaps: list[float], lengths: list[float], columns: int
) -> None:
    words, at = [], 0.0
    for token, gap, length in zip(tokens, gaps, lengths, strict=False):
        at += gap
        words.append(Word(token, at, at + length))
        at += length
    found = cues([(words, 0.25, at + 1.0)], columns)
    free = 0.0
    for cue in found:
        assert cue.start_s >= free
        assert cue.end_s > cue.start_s
        assert cue.end_s - cue.start_s <= 6.3
        assert 1 <= len(cue.lines) <= 2
        assert all(text_width(line) <= columns for line in cue.lines)
        free = cue.end_s
    assert free <= at + 1.25
    shown = re.sub(r"\s", "", said(found))
    everything = "".join(tokens)
    if all(length > 0.05 for length in lengths[: len(tokens)]):
        assert shown == everything


def test_a_cue_is_on_screen_for_a_second_where_there_is_time() -> None:
    words = [Word("Yes.", 0.0, 0.3), Word("No.", 3.0, 3.2), Word("Maybe.", 3.5, 3.8)]
    found = cues([(words, 0.0, 8.0)], 42)
    assert all(cue.end_s - cue.start_s >= 1.0 for cue in found)


def test_a_gap_too_short_to_see_is_closed() -> None:
    words = spoken(TEXT, pause_s=0.45)
    found = cues([(words, 0.0, 60.0)], 42)
    gaps = [b.start_s - a.end_s for a, b in itertools.pairwise(found)]
    assert all(gap == 0 or gap >= 0.2 for gap in gaps), gaps


def test_no_cue_crosses_from_one_scene_into_the_next() -> None:
    found = cues([(spoken("One two"), 0.0, 5.0), (spoken("three four."), 5.0, 12.0)], 42)
    assert [cue.lines for cue in found] == [("One two",), ("three four.",)]
    assert found[1].start_s == 5.0


def test_lines_are_shorter_where_the_frame_is_narrower() -> None:
    assert line_width(1280, 720) == 42
    assert line_width(1280, 720) > line_width(720, 720) > line_width(720, 1280)


CUES = (
    Cue(start_s=0.0, end_s=1.5, lines=("a < b & c --> d", "second")),
    Cue(start_s=3661.25, end_s=3663.0, lines=("<b>bold</b>", " ")),
)


def test_srt_has_numbers_and_commas_and_no_tag() -> None:
    text = srt(CUES)
    first = "1\n00:00:00,000 --> 00:00:01,500\na < b & c --> d\nsecond\n\n2\n"
    assert text.startswith(first)
    assert "01:01:01,250 --> 01:01:03,000\n" in text
    assert "<b>" not in text


def test_a_track_from_srt_shows_text_that_looks_like_markup(tmp_path: Path) -> None:
    lines = ("a vector<T> & a <b>c --> d", "{\\i1} {x} <i> 1 < 2 > 0 &amp; </b> <!-- -->")
    (tmp_path / "a.srt").write_text(
        srt([Cue(start_s=0.0, end_s=3.0, lines=lines)]), encoding="utf-8"
    )
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
    track = [*ffmpeg, "-i", "a.srt", "-c:s", "mov_text", "a.mp4"]
    subprocess.run(track, cwd=tmp_path, check=True)
    data = (tmp_path / "a.mp4").read_bytes().replace("\u2060".encode(), b"")
    assert "\n".join(lines).encode() in data


def test_vtt_is_escaped_and_names_its_language() -> None:
    text = vtt(CUES, "de-AT\n\nevil")
    assert text.startswith("WEBVTT\nKind: captions\nLanguage: de-ATevil\n\n1\n")
    assert "a &lt; b &amp; c --&gt; d" in text
    assert "01:01:01.250 --> 01:01:03.000" in text
    assert text.count("-->") == 2


@pytest.mark.parametrize("write", [srt, lambda cues: vtt(cues, "en")])
def test_no_captions_make_a_valid_empty_file(write: object) -> None:
    assert callable(write)
    assert "-->" not in write(())
