"""Every line of a brief with words is told, shown, or named in the report of what is left out."""

from __future__ import annotations

import re
import time
from email import message_from_string
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.errors import StageError
from aura_tui.model.request import Brief, JobRequest, PlanSpec
from aura_tui.providers.script.outline.left_out import NO_ROOM, NO_TEXT, NO_TIME
from aura_tui.providers.script.outline.provider import outline

if TYPE_CHECKING:
    from aura_tui.model.script import Script

BRIEFS = Path(__file__).parents[1] / "briefs"
# Lines that are no text: targets of links, tags, directives, badges, front matter, borders.
_MARKUP = re.compile(
    r"\s*(?:\[!?\[?[^\]]*\][:\[(]|!\[|</?\w|<!|-->|\.\. |\||[:*][\w-]+[:*\[]|:::|={3}|-{3}|\+\+\+"
    r"|[`~]{3}|[\w-]+:|https?://|\{)"
)


def write(text: str, target: float | None = None) -> tuple[Script, list[str]]:
    brief = Brief(text=text)
    return outline(JobRequest(brief=brief, plan_spec=PlanSpec(target_duration=target)))


def accounted(script: Script) -> set[int]:
    """The lines that scenes have, and those that the report names."""
    told = {n for s in script.scenes for first, last in s.lines for n in range(first, last + 1)}
    return told | {n for part in script.left_out for n in range(part.first, part.last + 1)}


def with_words(text: str) -> dict[int, str]:
    lines = enumerate(text.split("\n"), 1)
    return {n: line for n, line in lines if any(c.isalnum() for c in line)}


def readmes() -> list[tuple[str, str]]:
    """Texts that nobody here wrote: the READMEs of the installed packages."""
    found = []
    for package in distributions():
        text = message_from_string(package.read_text("METADATA") or "").get_payload()
        if isinstance(text, str) and len(text) > 200:
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            found.append((str(package.metadata["Name"]), text[:60_000].replace("\r\n", "\n")))
    return found


def test_each_line_of_a_readme_is_told_shown_or_reported_in_a_video_of_any_length() -> None:
    texts = [*readmes(), *((file.stem, file.read_text()) for file in sorted(BRIEFS.iterdir()))]
    assert len(texts) > 20
    unread = []
    for name, text in texts:
        for target in (20.0, 3600.0):
            script, _ = write(text, target)
            words = with_words(text)
            assert not words.keys() - accounted(script), name
            lines = len(text.split("\n"))
            assert max(accounted(script), default=0) <= lines, name
        unread += [
            (name, n, words[n])
            for part in script.left_out
            if part.why == NO_TEXT
            for n in range(part.first, part.last + 1)
            if n in words and not _MARKUP.match(words[n])
        ]
    # What is left out as markup is markup. A few tables drawn in ASCII are not read.
    assert len(unread) < 40, unread


_PIECES = st.sampled_from(
    [
        "# A heading", "## 1. Parts", "### \U0001f389", "Words of a sentence.", "Another one: ",
        "- an item", "- [x] a task", "1. one", "5. five", "   more of it", "    print(1)",
        "> a quotation", "> [!NOTE]", "```py", "```", "```mermaid", "~~struck out~~", "***",
        "| a | b |", "|---|--:|", "| 1 | 2 |", "| one |", "<p>A text</p>", "<ul><li>Item", "</ul>",
        "<details><summary>More</summary>", "</details>", "<table><tr><td>Cell", "</table>",
        "<!-- hidden words -->", "![alt words](no.png)", "[link](#a)", "- [link](#a)",
        "[ref]: https://a.b", "[^1]: A note", "text[^1]", "Term", ": its meaning", "$$", "x = 1",
        "!!! note", ":::tip", ":::", "*[HTML]: Hyper", "\u2705 yes", "Name: value", "---", "",
        "**Bold line**", "{{< short code >}}", "import A from 'a'",
        "\u6f22\u5b57\u3067\u3059\u3002",
    ]
)  # fmt: skip


# What of these may be left out as no text.
_NO_TEXT = frozenset(
    {"<!-- hidden words -->", ":::tip", "> [!NOTE]", "</details>", "[ref]: https://a.b", "</table>",
     "</ul>", "{{< short code >}}", "*[HTML]: Hyper", "import A from 'a'", "```py", "```mermaid",
     "![alt words](no.png)"}
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_PIECES, max_size=25),
    st.sampled_from(["\n", "\n\n"]),
    st.sampled_from([None, 10.0, 3600.0]),
)
def test_each_line_of_any_text_is_told_shown_or_reported(
    pieces: list[str], joint: str, target: float | None
) -> None:
    text = joint.join(pieces)
    try:
        script, _ = write(text, target)
    except StageError:
        return
    words = with_words(text)
    assert not words.keys() - accounted(script)
    no_text = {
        words.get(n, "")
        for part in script.left_out
        if part.why == NO_TEXT
        for n in range(part.first, part.last + 1)
    }
    if joint == "\n\n":  # one under the other they make HTML of most lines
        assert no_text <= _NO_TEXT | {""}


def test_what_there_is_no_time_or_room_for_is_named_with_its_lines() -> None:
    lamps = "\n".join(f"- Lamp number {i} stands in street {i}" for i in range(1, 21))
    script, (note,) = write(f"# Lamps\n\n{lamps}\n", 30.0)
    (part,) = script.left_out
    assert (part.last, part.why) == (22, NO_TIME)
    assert part.what.endswith("of 20 items of a list")
    assert f"lines {part.first}-22" in note
    assert not write(f"# Lamps\n\n{lamps}\n", 90.0)[0].left_out
    rows = "\n".join(f"| {i} | word {i} |" for i in range(30))
    script, (note,) = write(f"# T\n\n| a | b |\n|---|---|\n{rows}\n", 60.0)
    assert [(p.first, p.last, p.what, p.why) for p in script.left_out] == [
        (3, 34, "23 of 30 rows of a table", NO_ROOM)
    ]
    assert note == "Left out: lines 3-34: 23 of 30 rows of a table (no room)."


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("# T\n\nShort.\n", "is enough"),
        ("# T\n\nShort.\n\n- ~~No~~\n", "The text is enough"),
        ("# T\n\nShort.[^1]\n\n[^1]: A note of words.\n", "without line 5"),
        ("# T\n\nShort.\n\n```mermaid\na\n```\n", "a mermaid diagram"),
    ],
)
def test_a_text_is_never_called_too_short_while_a_part_of_it_is_left_out(
    text: str, named: str
) -> None:
    _, (note,) = write(text, 60.0)
    assert named in note
    assert ("is enough" in note) == ("mermaid" not in text)


def test_a_brief_of_forty_pages_takes_at_most_half_a_second_and_time_grows_with_length() -> None:
    page = (BRIEFS / "report.md").read_text() + (BRIEFS / "tutorial.md").read_text()
    text = page * (120_000 // len(page))  # 40 pages of 3,000 characters

    def taken_s(text: str) -> float:
        began = time.process_time()
        write(text, 180.0)
        return time.process_time() - began

    assert min(taken_s(text) for _ in range(3)) < 0.5
    assert any(taken_s(text) < 8 * taken_s(text[: len(text) // 4]) for _ in range(3))
