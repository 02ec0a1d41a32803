"""A path is completed from what is there, and never more is read than the bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.system import path_completion
from aura_tui.system.path_completion import complete_path

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_path_gets_what_all_names_have_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("notes.md", "note-2.txt", "nothing.mp4", "NOTES", ".notes.md", "no\x1b[2J.md"):
        (tmp_path / name).touch()
    (tmp_path / "novels").mkdir()
    (tmp_path / "novels" / "tides.md").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    texts = (".md", ".txt")
    for before in ("", "./", f"{tmp_path}/", "~/"):
        found = complete_path(f"{before}no", suffixes=texts)
        assert found.names == ("note-2.txt", "notes.md", "novels/")
        assert (found.text, found.first) == (f"{before}no", f"{before}note-2.txt")
        assert complete_path(f"{before}not", suffixes=texts).text == f"{before}note"
        assert complete_path(f"{before}nov").text == f"{before}novels/"
        assert complete_path(f"{before}novels/").first == f"{before}novels/tides.md"
        assert complete_path(f"{before}.n").names == (".notes.md",)  # hidden, when asked for
        assert complete_path(f"{before}n", folders_only=True).names == ("novels/",)
    assert complete_path("", suffixes=texts).names == ("note-2.txt", "NOTES", "notes.md", "novels/")
    assert complete_path("~").text == "~/"
    assert complete_path("..").text == "../"


def test_what_is_no_folder_has_no_completions(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for typed in (f"{tmp_path}/a/", f"{tmp_path}/x/y", "\0/", "\ud800/", "~nobody-at-all/x"):
        assert complete_path(typed) == (typed, typed, typed, ())


def test_of_a_huge_folder_only_the_first_names_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(path_completion, "MAX_READ", 20)
    monkeypatch.setattr(path_completion, "MAX_NAMES", 10)
    for number in range(50):
        (tmp_path / f"{number}.md").touch()
    assert len(complete_path(f"{tmp_path}/").names) == 10
