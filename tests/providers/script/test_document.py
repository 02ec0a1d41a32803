"""Text -> document: what is content, and what goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.providers.script.markdown.blocks import (
    Bullets,
    Code,
    Image,
    Missing,
    Paragraph,
    Quote,
    Table,
)
from aura_tui.providers.script.markdown.document import parse
from aura_tui.providers.script.markdown.picture_files import pictures

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.providers.script.markdown.blocks import Block


def blocks(text: str) -> list[Block]:
    """What is shown of a text."""
    found = [block for section in parse(text).sections for block in section.blocks]
    return [block for block in found if not isinstance(block, Missing)]


def test_the_first_heading_of_level_one_is_the_title() -> None:
    document = parse(
        "# A *title* 🎉 #\n\nText.\n\n## 1. First part\n\nMore.\n\n### Inner\n\nDeep.\n"
    )
    assert document.title == "A title"
    assert [(s.title, s.level, s.parent) for s in document.sections] == [
        ("", 1, ""),
        ("First part", 2, ""),
        ("Inner", 3, "First part"),
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: 'From the front'\ndate: 2024\n---\n\nText.", "From the front"),
        ('+++\ntitle = "Toml"\n+++\n\nText.', "Toml"),
        ('<h1 align="center">\n <b>In HTML</b></h1>\n\nText.', "In HTML"),
        ("A line on top\n\nThen a paragraph of prose that is quite a bit longer.", "A line on top"),
        ("Just a sentence, no title.\n\nAnother one.", ""),
        ("Title\n=====\n\nText.", "Title"),
    ],
)
def test_titles_are_found_where_people_put_them(text: str, title: str) -> None:
    assert parse(text).title == title


@pytest.mark.parametrize(
    "noise",
    [
        "[![build](https://a.b/c.svg)](https://a.b)",
        "[Docs](https://a.b) | [Chat](https://c.d) | [Shop](https://e.f)",
        "- [One](#one)\n- [Two](#two)",
        "<!-- a comment -->",
        "[ref]: https://a.b 'title'",
        "[^1]: A footnote of some words.",
        "![remote](https://a.b/c.png)",
        "![not there](/no/such/file.png)",
        "---",
        "```mermaid\ngraph TD\n```",
        "***",
    ],
)
def test_noise_is_no_content(noise: str) -> None:
    assert blocks(f"Before it.\n\n{noise}\n\nAfter it.") == [
        Paragraph("Before it."),
        Paragraph("After it."),
    ]


def test_inline_markup_goes_and_its_words_stay() -> None:
    text = "A **bold** `code` [link](https://a.b) <https://c.d/e> &amp; \\*star\\* ~~old~~ end[^1]."
    assert blocks(text) == [Paragraph("A bold code link c.d & *star* end.")]


def test_lists_nested_lists_and_tasks_become_points() -> None:
    text = "- [x] done\n- Formats:\n  - MP4\n  - SRT\n- a *third*\n  line\n"
    assert blocks(text) == [
        Bullets(("done", "Formats: MP4, SRT", "a third line"), ordered=False, done=frozenset({0}))
    ]
    assert blocks("1. a\n2. b") == [Bullets(("a", "b"), ordered=True)]


def test_steps_with_code_in_them_take_turns() -> None:
    text = "1. Install it:\n\n   ```sh\n   pip install x\n   ```\n\n2. Run it.\n"
    assert blocks(text) == [
        Paragraph("Install it:"),
        Code("pip install x", "sh"),
        Paragraph("Run it."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "> Be quick.\n>\n> \u2014 Ada",
        "> Be quick.\n> -- Ada",
        "> Be quick. \u2014 Ada",
        "> Be quick.\n\n\u2014 Ada",
        "> Be quick.\n> - Ada",
        "> Be quick.\n>\n> - Ada",
    ],
)
def test_a_quotes_author_follows_a_dash(text: str) -> None:
    assert blocks(text) == [Quote("Be quick.", "Ada")]


def test_a_list_within_a_quote_names_no_author() -> None:
    (quote,) = blocks("> Be quick.\n> - One thing\n> - Another")
    assert isinstance(quote, Quote)
    assert quote.author == ""
    assert "Another" in quote.text


def test_a_note_box_is_a_paragraph() -> None:
    assert blocks("> [!NOTE]\n> Mind the gap.") == [Paragraph("Mind the gap.")]


def test_code_keeps_its_lines_and_language_and_an_indented_paragraph_is_prose() -> None:
    assert blocks("```python title=x\n\tdef f():\n\t    pass\n\n```") == [
        Code("def f():\n    pass", "python")
    ]
    assert blocks("Yes.\n\n    It was a dark and stormy night.\n") == [
        Paragraph("Yes."),
        Paragraph("It was a dark and stormy night."),
    ]


def test_tables_keep_their_cells_and_are_squared() -> None:
    text = "| A | B |\n|---|---|\n| 1 | **2** |\n| 3 |\n"
    assert blocks(text) == [Table(("A", "B"), (("1", "2"), ("3", "")))]


def test_a_picture_counts_if_its_file_is_there(tmp_path: Path) -> None:
    file = tmp_path / "my photo.png"
    file.write_bytes(b"x")
    (tmp_path / "secret.txt").write_bytes(b"x")
    source = str(file).replace(" ", "%20")
    text = f"![A view]({source})\n\n![t]({tmp_path}/secret.txt) ![r](my%20photo.png)"
    assert blocks(text) == [Image(str(file), "A view")]
    assert pictures(text) == (str(file),)


def test_a_picture_is_found_in_every_way_to_write_it(tmp_path: Path) -> None:
    logo, mine = tmp_path / "logo.png", tmp_path / "my logo.png"
    for file in (logo, mine):
        file.write_bytes(b"x")
    written = (
        ("![A](logo.png)", logo),
        ('![A](logo.png "A title")', logo),
        ("![A](./logo.png?raw=true)", logo),
        ("![A](logo.png#gh-dark-mode-only)", logo),
        ("![A][l]\n\n[l]: logo.png", logo),
        ("![A](my%20logo.png)", mine),
        ("![A](<my logo.png>)", mine),
        ("![A](my logo.png)", mine),
        ('![A](my logo.png "A title")', mine),
        ("![[my logo.png]]", mine),
        ('<p align="center"><img src="logo.png" width="200" alt="A"></p>', logo),
        ("<img alt=A src=logo.png>", logo),
        ("Words <img src='my%20logo.png'/> and words.", mine),
        (f"![A](file://{logo})", logo),
    )
    for text, file in written:
        sections = parse(text, folder=str(tmp_path)).sections
        images = [b for s in sections for b in s.blocks if isinstance(b, Image)]
        assert [image.path for image in images] == [str(file)], text
        assert pictures(text, str(tmp_path)) == (str(file),), text
    for text in ("`![A](my logo.png)`", "```\n![A](logo.png)\n```", "    ![A](logo.png)"):
        (block,) = blocks(text)
        assert isinstance(block, Paragraph | Code)
        assert "![A](" in (block.text if isinstance(block, Paragraph) else block.code)


def test_html_is_read_like_the_markdown_that_it_stands_for() -> None:
    read = (
        ("<p>A text of <b>brass</b> &amp; wood.</p>", "A text of brass & wood."),
        ("<div>\n  One.<br>Two.\n</div>", "One. Two."),
        ("<ul><li>Red<li>Blue</ul>", "- Red\n- Blue"),
        ('<ol start="5"><li>Five</li><li>Six</li></ol>', "5. Five\n6. Six"),
        (
            "<table><tr><th>Part<th align=right>Price</tr><tr><td>Foot<td>$5</table>",
            "| Part | Price |\n|---|--:|\n| Foot | $5 |",
        ),
        ("<blockquote>Be quick.<br>\u2014 Ada</blockquote>", "> Be quick.\n> \u2014 Ada"),
        ("<pre><code>a &lt; b\n  c</code></pre>", "```\na < b\n  c\n```"),
        ("<dl><dt>Tea<dd>A leaf<dt>Pot<dd>A vessel</dl>", "Tea\n: A leaf\n\nPot\n: A vessel"),
        ("E = mc<sup>2</sup>, H<sub>2</sub>O, <kbd>Esc</kbd>.", "E = mc\u00b2, H\u2082O, Esc."),
        ("We will <del>never</del> build. <s>Not</s>", "We will ~~never~~ build."),
        ("A fact.<sup>[4]</sup> The 1<sup>st</sup> <sup>a</sup>", "A fact. The 1st a"),
        ("Use <code>a[0] ==b==</code> now.", "Use `a[0] ==b==` now."),
        ("<script>let a = 1</script><style>p {}</style>\n\nWords.", "Words."),
        (
            "<details><summary>Is it hot?</summary>\n\nYes, it is.\n\n</details>",
            "Is it hot?\n\nYes, it is.",
        ),
    )
    for html, markdown in read:
        assert blocks(html) == blocks(markdown) != [], html
    document = parse("<h1 align=center>Acme &amp; Sons</h1>\n\nText.\n\n<h2>Notes</h2>\n\nMore.")
    assert (document.title, [s.title for s in document.sections]) == ("Acme & Sons", ["", "Notes"])


def test_the_marks_of_dialects_are_rendered_or_left_out() -> None:
    read = (
        ("Water is H~2~O, 2^10^ is 1024.", "Water is H\u2082O, 2\u00b9\u2070 is 1024."),
        ("==this== is ++new++ and ||hidden||", "this is new and hidden"),
        ("a == b, c++ and d++, x || y", "a == b, c++ and d++, x || y"),
        ("from ~5 to ~10, in ~/a and ~/b", "from ~5 to ~10, in ~/a and ~/b"),
        ("so ~not so~ it is", "so it is"),
        ("A lamp.^[An inline note.] More.", "A lamp. More."),
        ("See [[Wiki page]], [[a/b#c|that]] and [[Page#Part]].", "See Wiki page, that and Page."),
        ("Words {#anchor} and {.red .big} more{: .x}", "Words and more"),
        ("Before {{< youtube x >}} {% raw %} {{ page.title }} after", "Before after"),
        ("Words %%a comment%% {>>note<<}{--gone--} {++more++}", "Words more"),
        ("Well done :+1: :tada:, at 10:30:15", "Well done, at 10:30:15"),
        ("In 1284.[4] He was sure.[5][6] So [7, 9-11].", "In 1284. He was sure. So."),
        ("It is old.[citation needed] Use `a[0]` or [1] of it", "It is old. Use a[0] or [1] of it"),
        ("A fact.[4](#n) More.", "A fact. More."),
        ("`==code== {#x} [[y]]` stays", "==code== {#x} [[y]] stays"),
        (r"\==a== \[[b]]", "==a== [[b]]"),
    )
    for text, said in read:
        assert blocks(text) == [Paragraph(said)], text
    for text in ("*[HTML]: Hyper Text", "[TOC]", "[[_TOC_]]", "{: .note}", "import A from './a'",
                 "export const a = 1", "{/* a comment */}", "{{< toc >}}", ":::"):  # fmt: skip
        assert blocks(f"Before.\n\n{text}\n\nAfter.") == [Paragraph("Before."), Paragraph("After.")]


def test_boxes_have_their_text_without_their_signs() -> None:
    list_ = Bullets(("One", "Two"), ordered=False)
    for box in (
        '!!! note "Careful"\n    It is hot.\n\n    - One\n    - Two\n',
        "> [!NOTE] Careful\n>\n> It is hot.\n>\n> - One\n> - Two\n",
        "> [!tip]- Careful\n>\n> It is hot.\n>\n> - One\n> - Two\n",
        "::: warning Careful\nIt is hot.\n\n- One\n- Two\n:::\n",
        ":::note[Careful]\n\nIt is hot.\n\n- One\n- Two\n\n:::\n",
    ):
        assert blocks(box) == [Paragraph("Careful"), Paragraph("It is hot."), list_], box
    for box in ("> **Note**\n> It is hot.", "> __NOTE__\n> It is hot."):
        (note,) = blocks(box)
        assert isinstance(note, Paragraph)
        assert note.text.casefold() == "note: it is hot."
    assert blocks("!!! wow, so hot\n\nWords.") == [
        Paragraph("!!! wow, so hot"),
        Paragraph("Words."),
    ]


def test_lists_in_other_forms_are_lists() -> None:
    for text, items in (
        ("Tea\n: A leaf\n: Green\n\nPot\n: A vessel", ("Tea: A leaf Green", "Pot: A vessel")),
        ("\u2022 Red\n\u2022 Blue", ("Red", "Blue")),
        ("**Name:** Ada\n**Born:** 1815", ("Name: Ada", "Born: 1815")),
        ("\u2705 Windows\n\u274c macOS", ("\u2713 Windows", "\u2717 macOS")),
        ("- \u2705 Windows\n- macOS \u274c\n- \u2611 Linux\n- [-] Solaris\n",
         ("\u2713 Windows", "\u2717 macOS", "\u2713 Linux", "\u2717 Solaris")),
        ("| Names |\n|---|\n| Ana |\n| Bo |\n", ("Ana", "Bo")),
    ):  # fmt: skip
        assert blocks(text)[-1] == Bullets(items, ordered=False), text
    assert blocks("5. a\n6. b\n") == [Bullets(("a", "b"), ordered=True, start=5)]


def test_what_is_struck_out_is_left_out_everywhere() -> None:
    text = "We will ~~never~~ build.\n\n- ~~Cancel~~\n- Order\n- Wait\n\n## ~~Old~~ New\n\n"
    text += "| a | b |\n|---|---|\n| c | ~~$100~~ $80 |\n\n> ~~No~~ Yes\n"
    assert blocks(text) == [
        Paragraph("We will build."),
        Bullets(("Order", "Wait"), ordered=False),
        Table(("a", "b"), (("c", "$80"),)),
        Quote("Yes", ""),
    ]
    document = parse(text)
    assert document.sections[1].title == "New"
    assert [(part.first, part.what) for part in document.dropped] == [(3, "a struck-out text")]


def test_a_heading_keeps_its_version_or_date_and_loses_its_place_in_a_numbering() -> None:
    for headings, titles in (
        (
            ("3.2.0 (2026-11-02)", "3.1.0 (2026-10-02)"),
            ("3.2.0 (2026-11-02)", "3.1.0 (2026-10-02)"),
        ),
        (("12. M\u00e4rz", "24. August 2026"), ("12. M\u00e4rz", "24. August 2026")),
        (("1. Intro", "1.1 Why", "1.2 How", "2) End"), ("Intro", "Why", "How", "End")),
        (("0. Zero", "1. One"), ("Zero", "One")),
        (("2.0 Notes", "1.9 Notes"), ("2.0 Notes", "1.9 Notes")),
    ):
        text = "\n\n".join(f"## {heading}\n\nWords." for heading in headings)
        assert tuple(s.title for s in parse(text).sections) == titles


def test_a_long_heading_ends_at_a_word_with_an_ellipsis() -> None:
    (section,) = parse(f"## {'wording ' * 60}\n\nWords.").sections
    assert section.title.endswith("wording\u2026")
    assert len(section.title) <= 200


def test_a_picture_that_is_not_shown_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(b"x")
    text = (
        f"![a]({tmp_path}/gone.png) ![b](img/no%20such.jpg)\n\n![c](<{tmp_path}/logo.svg>)\n\n"
        "![photo](https://example.org/a/photo.png?w=3) ![plan](https://example.org/plan.svg) "
        "![odd](http://[x) ![o](file://[x) ![d](data:image/png;base64,xx)"
    )
    assert [picture.text for picture in parse(text).unseen] == [
        f"{tmp_path}/gone.png (not found)",
        "img/no such.jpg (not found)",
        f"{tmp_path}/logo.svg (unsupported format)",
        "photo.png (on the web; pictures are not downloaded)",
        "plan.svg (on the web; pictures are not downloaded)",
        "%5Bx (on the web; pictures are not downloaded)",
        "one within the text (only files are shown)",
    ]


def test_from_a_network_a_picture_is_named_by_its_last_name_and_not_looked_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "rack.png").write_bytes(b"x")
    text = f"![r](<{tmp_path}/rack.png>) ![s](img/gone.jpg)\n\n- ![w](https://h.org/x.png) a\n- b\n"
    outside = parse(text, local_pictures=False)
    assert [picture.text for picture in outside.unseen] == [
        "rack.png (not sent to the remote engine)",
        "gone.jpg (not sent to the remote engine)",
        "x.png (on the web; pictures are not downloaded)",
    ]
    assert not any(isinstance(b, Image) for s in outside.sections for b in s.blocks)


@pytest.mark.parametrize(
    "badge",
    [
        "![build](https://ci.example.org/x/badge.svg)",
        "![licence](https://img.shields.io/pypi/l/x)",
        "[![tests](https://ci.example.org/x.svg?branch=main)](https://ci.example.org/x)",
        '<img src="https://img.shields.io/pypi/v/x.png">',
    ],
)
def test_a_badge_is_no_picture_that_is_missed(badge: str) -> None:
    assert parse(f"# T\n\n{badge}\n\nSome words.\n").unseen == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("- first ![p](<{}>)\n- second\n", "in a list"),
        ("| a | b |\n|---|---|\n| ![p](<{}>) | 2 |\n", "in a table"),
        ("> Said so. ![p](<{}>)\n", "in a quote"),
        ("## View ![p](<{}>)\n\nWords.\n", "in a heading"),
    ],
)
def test_a_picture_that_stands_where_none_is_shown_is_named(
    tmp_path: Path, text: str, where: str
) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"x")
    (picture,) = parse(text.replace("{}", str(file))).unseen
    assert picture.text.startswith(f"a.png ({where}")
    assert picture.line


def test_short_lines_of_a_plain_text_are_its_headings() -> None:
    text = (
        "The Sea\n\nIt is wide and it is deep, and nobody has seen its floor.\n\n"
        "Its fish\n\nThere are many of them, and some have lamps on their heads.\n"
    )
    document = parse(text)
    assert (document.title, [s.title for s in document.sections]) == ("The Sea", ["", "Its fish"])


def test_restructured_text_is_read_as_well_as_it_can_be() -> None:
    text = (
        ".. image:: https://a.b/c.svg\n   :target: https://a.b\n\n"
        "====\nName\n====\n\n|badge| |b|\n\n"
        "See the `guide\n<https://a.b/g>`_, `this`_ and :func:`run`.\n\n"
        ".. code-block:: python\n\n   x = 1\n"
    )
    assert blocks(text) == [Paragraph("See the guide, this and run."), Code("x = 1", "python")]


def test_control_characters_and_surrogates_never_come_through() -> None:
    text = "\ufeff# A\x1b[31m title\ud800\n\nText\x00 with\x07 bells\u202e.\n"
    document = parse(text)
    assert document.title == "A title"
    assert blocks(text) == [Paragraph("Text with bells.")]


def test_a_bold_line_is_a_heading_except_right_below_the_title() -> None:
    text = "# T\n\n**A line about it all**\n\nWords.\n\n**How it works:**\n\nWell.\n\n"
    text += "*Why so?*\n\nSo.\n"
    document = parse(text)
    assert [(s.title, s.level) for s in document.sections] == [
        ("", 1),
        ("How it works", 2),
        ("Why so?", 2),
    ]
    assert document.sections[0].blocks[0] == Paragraph("A line about it all")
    assert parse("# T\n\nOne.\n\n**This is a sentence.**\n").sections[0].blocks[1] == Paragraph(
        "This is a sentence."
    )


def test_an_empty_cell_keeps_its_place() -> None:
    assert blocks("| a | b | c |\n|---|---|---|\n| 1 | | 3 |\n| | | x |\n") == [
        Table(("a", "b", "c"), (("1", "", "3"), ("", "", "x")))
    ]


def test_ticks_in_cells_stay() -> None:
    assert blocks("| a | b |\n|---|---|\n| \u2714\ufe0f | :x: |\n") == [
        Table(("a", "b"), (("\u2713", "\u2717"),))
    ]
