"""The new-job form: completion of paths, numbers, the list of voices, clearing."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from aura_tui.settings import Settings
from aura_tui.ui.actions.job_form import JobForm
from aura_tui.ui.actions.play_sound import SoundPlayer
from aura_tui.ui.screens.new_job import NewJobScreen
from aura_tui.ui.screens.save_as import SaveAs
from aura_tui.ui.screens.voices import VoicesScreen
from aura_tui.ui.state.job_draft import Draft, Field, build
from aura_tui.ui.state.voices import VoiceChoice, filtered
from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.inputs import TextField
from aura_tui.ui.widgets.path_field import PathField
from tests.ui.dialogs import Asked, asked
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.ui.state.job_draft import Submission

VOICES = (VoiceChoice("de", "de"), VoiceChoice("en-gb", "en-gb"), VoiceChoice("en-us", "en-us"))


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with texts."""
    (tmp_path / "novels").mkdir()
    (tmp_path / "tides.md").write_text("# Tides\n\n" + "The sea comes in. " * 100)
    (tmp_path / "tidy.md").write_text("# Tidy\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def form(home: Path, draft: Draft | None = None, *, ascii: bool = False) -> NewJobScreen:
    """The form over a real job form, as for a remote engine: it completes paths of this machine."""
    job_form = JobForm(Settings(home=home), remote=True)
    glyphs = ASCII if ascii else UNICODE
    return NewJobScreen(draft or Draft(), glyphs, job_form.check, voices=VOICES, lookups=job_form)


async def completed(dialog: Asked[Submission | None], field: Field, text: str) -> PathField:
    """Type a path; return once its completions are known."""
    control = dialog.screen.query_one(f"#{field.name.lower()}", PathField)
    control.focus()
    await dialog.press(*text)
    await known(control)
    return control


async def known(control: PathField, *names: str) -> None:
    """Return once the field's completions are known: ``names``, or any."""
    await until(lambda: control.names == names if names else control.names)


async def test_tab_and_the_right_arrow_complete_a_path(texts: Path) -> None:
    for size, ascii in (((80, 24), False), ((120, 40), True), ((200, 60), False)):
        async with asked(form(texts, ascii=ascii), size, ascii=ascii) as dialog:
            control = await completed(dialog, Field.FILE, "t")
            await dialog.shows("tab completes: tides.md, tidy.md")
            await dialog.press("tab")
            assert control.value == "tid"
            await known(control)
            await dialog.press("tab")  # nothing is added any more: on to the next field
            assert dialog.app.focused is not control
            control.focus()
            await dialog.press("e")
            await known(control, "tides.md")
            await dialog.press("right")
            assert control.value == "tides.md"
            await dialog.shows("402 words, about 2:34 of video.")
            folder = await completed(dialog, Field.FOLDER, "n")
            await dialog.press("tab", "x")
            assert folder.value == "novels/x"
            assert isinstance(dialog.screen, NewJobScreen)
            assert dialog.screen.draft.folder == "novels/x"


async def test_a_copy_s_path_is_completed_too(texts: Path) -> None:
    job_form = JobForm(Settings(home=texts), remote=True)

    async def save(path: str) -> Path:
        return texts / path

    screen = SaveAs("a.mp4", str(texts), UNICODE, save, complete=job_form.complete_folder)
    async with asked(screen) as dialog:
        entry = dialog.screen.query_one(PathField)
        await dialog.press("ctrl+u", *"nov")
        await until(lambda: entry.names)
        await dialog.press("tab")
        assert entry.value == "novels/"


def test_a_long_text_says_how_much_of_it_is_told() -> None:
    hint = Draft(file="x.md").hints(1560)[Field.FILE]
    assert hint == "1560 words, about 3:00 of video; the whole text would take 10:00."
    assert "0:30 of video" in Draft(file="x.md", duration="30").hints(1560)[Field.FILE]
    assert "10:00 of video." in Draft(file="x.md", duration="10m").hints(1560)[Field.FILE]
    assert "1:30 of video." in Draft(file="x.md", rate="2").hints(468)[Field.FILE]


def test_numbers_have_the_bounds_of_a_request() -> None:
    good = Draft(brief="Tides", rate="0.5", fps="60", quality="100", priority="-100")
    assert good.problems() == {}
    for field, wrong in {
        Field.RATE: ("0.49", "2.1", "fast", "nan"),
        Field.FPS: ("4", "61", "29.97", "x"),
        Field.QUALITY: ("-1", "101", "good"),
        Field.PRIORITY: ("101", "first"),
    }.items():
        for text in wrong:
            draft = good.with_field(field, text)
            assert set(draft.problems()) == {field}
            assert f"{field} must be a" in draft.problems()[field]
            with pytest.raises(Exception, match="must be a"):
                build(draft, lambda request: None)


async def test_a_wrong_number_is_said_at_its_field_and_starts_nothing(tmp_path: Path) -> None:
    async with asked(form(tmp_path, Draft(brief="Tides", fps="90"))) as dialog:
        await dialog.press("ctrl+s")
        await dialog.shows("FPS must be a whole number from 5 to 60.")
        assert isinstance(dialog.app.focused, TextField)
        assert dialog.app.focused.id == "fps"


async def test_a_cleared_form_can_be_restored(texts: Path) -> None:
    draft = Draft(file="tides.md", captions="burned in", fps="24", folder="novels")
    async with asked(form(texts, draft), (120, 40)) as dialog:
        assert isinstance(dialog.screen, NewJobScreen)
        screen = dialog.screen
        await dialog.press("ctrl+r")
        await dialog.shows("ctrl+r restores")
        assert screen.draft == Draft()
        await dialog.press("ctrl+r")
        assert screen.draft == draft
        await dialog.pilot.click("#clear")
        await until(lambda: screen.draft == Draft())
        await dialog.press("escape")
        assert await dialog.answers() is None


async def test_a_voice_is_chosen_by_its_language_and_played(tmp_path: Path) -> None:
    played: list[str] = []

    async def sample(voice: VoiceChoice) -> str:
        played.append(voice.name)
        return f"Playing {voice.name}"

    for size, ascii in (((80, 24), True), ((40, 12), False), ((200, 60), False)):
        glyphs = ASCII if ascii else UNICODE
        screen = VoicesScreen(VOICES, "en-gb", glyphs, sample)
        async with asked(screen, size, ascii=ascii, colours=not ascii) as dialog:
            # The cursor shows without colours, too.
            await dialog.shows("3 voices", f"{glyphs.cursor} en-gb", "enter chooses")
            await dialog.press("f2")
            await dialog.shows("Playing en-gb")
            await dialog.press(*"us")
            await dialog.shows(f"{glyphs.cursor} en-us")
            await dialog.press("enter")
            assert await dialog.answers() == VOICES[2]
    assert played == ["en-gb"] * 3
    assert filtered(VOICES, "none of them") == []


async def test_a_sound_is_played_or_why_not_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.touch()
    environ = {"PATH": str(tmp_path)}
    player = SoundPlayer(environ)
    assert "no player was found" in await player.play(path)

    def install(name: str, program: str) -> None:
        (tmp_path / name).write_text(f"#!{sys.executable}\n{program}\n")
        os.chmod(tmp_path / name, 0o700)

    install("paplay", "raise SystemExit(1)")
    assert await player.play(path) == "paplay couldn't play it"
    install("aplay", "import time; time.sleep(60)")
    assert await player.play(path) == ""
    await player.stop()
    assert "SSH" in await SoundPlayer({**environ, "SSH_CONNECTION": "x"}).play(path)
