"""The explanation of a script has the lines of each scene and all that is left out."""

from __future__ import annotations

from aura_tui.model.script import LeftOut, Scene, Script, StatementCard, TitleCard
from aura_tui.views.explanation import explained


def scene(number: int, lines: tuple[tuple[int, int], ...]) -> Scene:
    card = TitleCard(title="Tea") if number == 1 else StatementCard(text="So.")
    return Scene(number=number, title="Tea", narration="It is so.", card=card, lines=lines)


def test_each_scene_names_its_lines_and_each_part_left_out_its_reason() -> None:
    scenes = (scene(1, ((1, 1),)), scene(2, ((3, 5), (9, 9))), scene(3, ()))
    parts = (LeftOut(first=7, last=7, what="a footnote", why="footnotes are not told"),)
    text = explained(Script(title="Tea", language="en", scenes=scenes, left_out=parts))
    assert text == (
        "Tea (en), 3 scenes\n\n"
        "  1  Tea (title), line 1\n     It is so.\n\n"
        "  2  Tea (statement), lines 3-5, 9\n     It is so.\n\n"
        "  3  Tea (statement), no line of the brief\n     It is so.\n\n"
        "Left out:\n     line 7: a footnote (footnotes are not told)\n"
    )
    whole = explained(Script(title="Tea", language="en", scenes=scenes[:1]))
    assert whole.endswith("\n\nNothing is left out.\n")
    by_a_model = explained(Script(title="Tea", language="en", scenes=scenes[2:]))
    assert by_a_model.endswith("\n\nThe lines that it comes from are unknown.\n")
