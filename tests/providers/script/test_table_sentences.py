"""How tables, tasks, formulas and code are told, and what a short cut keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.model.request import Brief, JobRequest, PlanSpec
from aura_tui.model.script import BulletsCard, CodeCard, Script, StatementCard, TableCard
from aura_tui.providers.script.markdown.document import parse
from aura_tui.providers.script.outline import selection
from aura_tui.providers.script.outline.provider import outline

if TYPE_CHECKING:
    from aura_tui.model.script import AnyCard


def ask(text: str, target: float | None = None, *, language: str = "") -> Script:
    brief = Brief(text=text, language=language)
    return outline(JobRequest(brief=brief, plan_spec=PlanSpec(target_duration=target)))[0]


def card(script: Script, kind: type[AnyCard]) -> AnyCard:
    return next(scene.card for scene in script.scenes if isinstance(scene.card, kind))


def told(text: str, target: float | None = None, language: str = "") -> str:
    return " ".join(s.narration for s in ask(text, target, language=language).scenes)


FIGURES = """# Engines

| Engine | Frames per second | Memory | Licence |
|---|---|---|---|
| Alpha | 120 | 40 MB | MIT |
| Beta | 95 | 80 MB | GPL |
| Gamma | 240 | 20 MB | BSD |
"""


def test_a_table_of_numbers_is_told_by_its_extremes() -> None:
    said = told(FIGURES)
    assert "Frames per second: the highest is 240, for Gamma; the lowest is 95, for Beta." in said
    assert "Memory: the highest is 80 MB, for Beta; the lowest is 20 MB, for Gamma." in said
    german = told(FIGURES, language="de")
    assert "Memory: am h\u00f6chsten bei Beta mit 80 MB, am niedrigsten bei Gamma" in german
    assert "Alpha: frames per second 120, memory 40 MB, licence MIT." in told(
        FIGURES, language="it"
    )


def test_a_table_over_years_is_told_by_its_course() -> None:
    rows = "".join(f"| {2020 + i} | {i * 7 + 2} | {i} |\n" for i in range(5))
    said = told(f"# T\n\n| Year | Trips | ID |\n|---|---|---|\n{rows}")
    assert "Trips: from 2 in 2020 to 30 in 2024." in said
    assert "ID:" not in said


def test_a_table_of_words_is_told_row_by_row_with_its_headers() -> None:
    text = "# T\n\n| Option | Meaning | Default | Safe |\n|---|---|---|---|\n"
    text += (
        "| `--fps` | frames a second | 30 | \u2705 |\n| `--out` | a folder; it must be there | |"
    )
    text += " \u274c |\n" + "| `--x` | y | | |\n" * 9
    said = told(text)
    assert "--fps: frames a second, default 30, safe yes. --out: a folder, safe no." in said
    assert said.count("--x") == 2


def test_extremes_that_several_share_are_not_given_to_one() -> None:
    text = FIGURES.replace("| 240 |", "| 120 |").replace("20 MB", "80 MB")
    said = told(text)
    assert "highest" not in said
    assert "Alpha: frames per second 120, memory 40 MB" in said


def test_a_task_that_is_done_is_told_and_shown_as_done_beside_others() -> None:
    script = ask("# Plan\n\n- [ ] Write the parser.\n- [x] Choose a name\n* [ ] **Test** it\n")
    said = " ".join(s.narration for s in script.scenes)
    assert "Write the parser. Choose a name (done)." in said
    shown = card(ask("# P\n\n- [ ] Write it all\n- [x] Choose a name\n"), BulletsCard)
    assert isinstance(shown, BulletsCard)
    assert shown.bullets == ("Write it all", "\u2713 Choose a name")
    assert "[" not in said
    assert "(done)" not in told("# P\n\n- [x] Write it all\n- [x] Choose a name\n")


def test_a_formula_is_shown_and_told_where_a_voice_can_say_it() -> None:
    text = "# T\n\nEinstein found $E=mc^2$ in 1905. It says this.\n\n$$\nF = m a\n$$\n"
    script = ask(text)
    assert "E = mc\u00b2" in script.scenes[0].narration
    assert script.scenes[-1].card == StatementCard(text="F = m a", kicker="T")
    assert script.scenes[-1].narration.endswith("F = m a.")
    hard = ask("# T\n\nThe area is easy to find.\n\n$$\\int_0^1 x^2 dx = \\frac13$$\n")
    assert hard.scenes[-1].card == StatementCard(
        text="\u222b\u2080\u00b9 x\u00b2 dx = 1/3", kicker="T"
    )
    assert "\u222b" not in " ".join(s.narration for s in hard.scenes)
    matrix = "# T\n\nA matrix of two.\n\n$$\\begin{matrix}a & b\\end{matrix}$$\n"
    assert isinstance(ask(matrix).scenes[-1].card, CodeCard)


def test_code_is_told_by_the_words_around_it_and_not_by_its_heading() -> None:
    code = "\n\n```sh\npip install it\n```\n\n"
    head = "# T\n\nA sentence of some length is here to be told.\n\n## Example\n\n"
    before = ask(f"{head}It runs anywhere you like it to. For example:{code}")
    assert before.scenes[-1].narration == "It runs anywhere you like it to."
    assert isinstance(before.scenes[-1].card, CodeCard)
    after = ask(f"{head}For example:{code}This prints the version of it. So it is there.")
    assert after.scenes[-1].narration == "This prints the version of it. So it is there."
    assert isinstance(after.scenes[-1].card, CodeCard)
    dangling = ask(f"{head}You can run it with:{code}")
    assert dangling.scenes[-1].narration == "You can run it with:"
    for script in (before, after, dangling):
        assert "Example." not in " ".join(s.narration for s in script.scenes)


def test_points_are_parted_by_their_own_language() -> None:
    shown = card(
        ask("# Fest\n\n- Am 3. Mai geht es los.\n- Am 5. Mai ist z. B. frei.\n", language="de"),
        BulletsCard,
    )
    assert isinstance(shown, BulletsCard)
    assert shown.bullets == ("Am 3. Mai geht es los", "Am 5. Mai ist z. B. frei")


README = """# Lamp

Lamp draws light in a terminal, as fast as the terminal allows it to.

## Documentation

Full documentation is available at [lamp.example.org](https://lamp.example.org).

## Installation

Install using pip:

```sh
pip install lamp
```

## Getting help

Drop by and say hello. See the issue tracker for known bugs.

## How it draws

Each frame is compared with the one before it, cell by cell. Only what differs is sent.
Colours are chosen from a palette that is measured once.

# Changes

## 1.2.0 (2024-01-05)

### Fixed

- A very long line about the repair of one thing in the drawing of lines.
"""


def test_a_short_cut_keeps_what_says_something() -> None:
    script = ask(README, 20.0)
    said = " ".join(s.narration for s in script.scenes)
    assert "Lamp draws light" in said
    assert "Each frame is compared" in said
    for pointer in ("available at", "say hello", "tracker", "repair"):
        assert pointer not in said


def test_words_in_a_table_are_told_beside_its_numbers_and_not_charted() -> None:
    text = "# T\n\n| Group | What they did | Volunteers |\n|---|---|---|\n"
    for name, count in (("Schools", 340), ("Neighbours", 1120), ("Brigade", 45)):
        text += f"| {name} | Watered the young trees of the street | {count} |\n"
    script = ask(text)
    assert "Schools: Watered the young trees of the street, volunteers 340." in told(text)
    assert isinstance(script.scenes[-1].card, TableCard)


def test_a_table_of_ticks_names_what_each_row_has() -> None:
    text = "# T\n\n| Feature | Free | Pro |\n|---|---|---|\n"
    text += "| Sensor | \u274c | \u2705 |\n| Alarm | \u2705 | \u2705 |\n"
    assert "Sensor: pro. Alarm: free, pro." in told(text)


def test_a_pointer_is_not_told_over_a_table() -> None:
    lead = "# Engines\n\nThey differ a lot. See the guide for more.\n"
    drafted = selection.outline(parse(FIGURES.replace("# Engines\n", lead)), "en")
    shown = next(draft for draft in drafted.drafts if draft.block is not None)
    assert all("guide" not in drafted.lines[i].text for i in shown.lines)
