"""What the form's fields mean, what is wrong with them, and in whose words."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_tui.errors import Code, Faults, InputError, InvalidRequest
from aura_tui.model.request import MAX_TEXT_CHARS, MAX_TOPIC_CHARS, JobRequest
from aura_tui.model.request_check import check
from aura_tui.ui.state.job_draft import (
    ASPECTS,
    RESOLUTIONS,
    Draft,
    Field,
    build,
    faults_by_field,
    field_of,
    matching,
)


def anything(_: JobRequest) -> None:
    """All choices can be had."""


def test_a_line_is_a_topic_and_more_is_a_text() -> None:
    assert Draft(brief=" Tides ").request().brief.topic == "Tides"
    long = "word " * (MAX_TOPIC_CHARS // 5 + 1)
    for text in ("# Tides\n\nTwice a day.", long):
        brief = Draft(brief=text).request().brief
        assert (brief.topic, brief.text) == ("", text)


def test_every_field_is_in_the_request() -> None:
    draft = Draft(
        brief="Tides",
        duration="1m30s",
        resolution="1080p",
        aspect="9:16",
        voice="en-gb",
        theme="paper",
    )
    request = draft.request()
    check(request)
    assert request.plan_spec.target_duration == "1m30s"
    assert (request.render_spec.res, request.brief.aspect) == ("1080p", "9:16")
    assert (request.voice_spec.voice_name, request.options.theme) == ("en-gb", "paper")


def test_a_topic_alone_is_sound() -> None:
    assert Draft(brief="Tides").problems() == {}
    assert Draft(file="tides.md").problems() == {}


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_choice_goes_with_every_other(resolution: str, aspect: str) -> None:
    draft = Draft(brief="Tides", resolution=resolution, aspect=aspect)
    assert draft.problems() == {}
    assert "pixels" in draft.hints()[Field.RESOLUTION]


@pytest.mark.parametrize(
    ("draft", "field", "says"),
    [
        (Draft(), Field.BRIEF, "Enter a topic"),
        (Draft(brief=" \n "), Field.BRIEF, "Enter a topic"),
        (Draft(brief="Tides", file="tides.md"), Field.FILE, "not both"),
        (Draft(brief="notes/tides.md"), Field.BRIEF, "file name"),
        (Draft(brief="a\0b"), Field.BRIEF, "not text"),
        (Draft(brief="x\n" * MAX_TEXT_CHARS), Field.BRIEF, "characters"),
        (Draft(brief="Tides", duration="soon"), Field.DURATION, "Give seconds (90)"),
        (Draft(brief="Tides", duration="2"), Field.DURATION, "between 5 seconds and 60 minutes"),
        (Draft(brief="Tides", duration="2h"), Field.DURATION, "between 5 seconds and 60 minutes"),
        (Draft(brief="Tides", resolution="7x7"), Field.RESOLUTION, "7x7"),
        (Draft(brief="Tides", resolution="640x480"), Field.ASPECT, "not 16:9"),
        (Draft(brief="Tides", voice="v" * 501), Field.VOICE, "500 characters"),
        (Draft(brief="Tides", theme="v" * 501), Field.THEME, "500 characters"),
    ],
)
def test_a_problem_is_at_its_field_and_says_what_to_do(
    draft: Draft, field: Field, says: str
) -> None:
    problems = draft.problems()
    assert set(problems) == {field}
    assert says in problems[field]


def test_all_problems_are_told_at_once() -> None:
    problems = Draft(duration="soon", resolution="big", voice="v" * 501).problems()
    assert set(problems) == {Field.BRIEF, Field.DURATION, Field.RESOLUTION, Field.VOICE}


def test_no_problem_speaks_the_wire_s_language() -> None:
    for field in Field:
        draft = Draft(brief="Tides").with_field(field, "\ud800" * 600)
        for text in (*draft.problems().values(), *Draft().problems().values()):
            for word in ("brief.", "Spec", "options."):
                assert word not in text, text


def test_a_topic_that_ends_like_a_file_is_a_topic() -> None:
    assert Draft(brief="How to write a README.md").problems() == {}


def test_an_error_from_elsewhere_finds_its_field() -> None:
    def error(field: str | None) -> InputError:
        return InputError(Code.VOICE_UNKNOWN, "No such\x1b[2J voice", "Take another.", field=field)

    draft = Draft(brief="Tides")
    assert field_of(error("voiceSpec.voiceName"), draft) == (
        Field.VOICE,
        "No such voice. Take another.",
    )
    assert field_of(error("options.theme"), draft)[0] is Field.THEME
    assert field_of(error("brief"), draft)[0] is Field.BRIEF
    assert field_of(error("brief"), Draft(file="x.md"))[0] is Field.FILE
    assert field_of(error("render.ffmpeg"), draft)[0] is None


def test_a_file_is_read_and_its_folder_is_named_after_it(tmp_path: Path) -> None:
    path = tmp_path / "a tide.md"
    path.write_text("# Tides\n\nTwice a day.")
    order = build(Draft(file=str(path)), anything)
    assert order.request.brief.text == "# Tides\n\nTwice a day."
    assert order.folder == Path("tides").absolute()
    assert build(Draft(brief="Tides", folder=str(tmp_path)), anything).folder == tmp_path


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("none here", "File not found"),
        ("folder", "a folder"),
        ("x" * 300, "name too long"),
        ("bytes", "not a text file"),
        ("none.md", "no"),
    ],
)
def test_a_file_that_is_no_brief_is_refused_at_its_field(
    tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\0\xff")
    draft = Draft(file=str(tmp_path / name))
    with pytest.raises(InputError, match=r".") as caught:
        build(draft, anything)
    field, text = field_of(caught.value, draft)
    assert field is Field.FILE
    assert says in text


def test_a_home_that_is_nobody_s_is_said() -> None:
    with pytest.raises(InputError) as caught:
        build(Draft(brief="Tides", folder="~nobody-of-that-name/x"), anything)
    assert field_of(caught.value, Draft())[0] is Field.FOLDER


def test_what_a_provider_refuses_is_raised() -> None:
    def refuse(_: JobRequest) -> None:
        raise InputError(Code.THEME_UNKNOWN, "No theme", "Take another", field="options.theme")

    with pytest.raises(InputError, match="No theme"):
        build(Draft(brief="Tides"), refuse)


def test_every_field_that_is_wrong_is_marked_whoever_found_it() -> None:
    def refuse_theme() -> None:
        raise InputError(Code.THEME_UNKNOWN, "No theme", "Take it", field="options.theme")

    def refuse(request: JobRequest) -> None:
        faults = Faults()
        with faults.collect():
            check(request)
        with faults.collect():
            refuse_theme()
        faults.check()

    draft = Draft(brief="Tides", duration="2", voice="v" * 501, folder="~nobody-here/x")
    with pytest.raises(InvalidRequest) as caught:
        build(draft, refuse)
    assert set(faults_by_field(caught.value, draft)) == {
        *(Field.DURATION, Field.VOICE, Field.THEME, Field.FOLDER)
    }


def test_the_duration_s_hint_says_its_bounds() -> None:
    assert Draft().hints()[Field.DURATION].startswith("5 s to 60 min")


def test_names_that_begin_so_come_first() -> None:
    names = ("de", "en-gb", "en-us", "yue-en")
    assert matching(names, "EN") == ["en-gb", "en-us", "yue-en"]
    assert matching(names, "") == list(names)
    assert matching(names, "x") == []
