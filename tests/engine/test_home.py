"""A home is its user's alone."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.engine.home import Home
from aura_tui.errors import Code, EngineError

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refusal(root: Path) -> str:
    """The message and the remedy, which are the same for every command that needs an engine."""
    said = set()
    for use in (Home(root).check_access, Home(root).prepare, lambda: lock_.acquire(Home(root))):
        with pytest.raises(EngineError) as caught:
            use()
        assert caught.value.code is Code.HOME_UNUSABLE
        said.add(f"{caught.value.message}. {caught.value.remediation}")
    assert len(said) == 1
    return said.pop()


def test_a_new_home_is_private_and_so_are_the_folders_made_above_it(tmp_path: Path) -> None:
    root = tmp_path / "share" / "aura-tui"
    Home(root).prepare()
    for folder in (root.parent, root, root / "jobs", root / "pieces"):
        assert mode(folder) == 0o700, folder


def test_a_home_that_others_can_read_is_closed_with_the_files_of_ours_right_in_it(
    tmp_path: Path,
) -> None:
    root = tmp_path / "home"
    (root / "jobs").mkdir(parents=True, mode=0o755)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    elsewhere.chmod(0o644)
    ours = ["aura.db", "aura.db-wal", "reserve", "background.log", "tokens.json", "engine.lock"]
    for name in [*ours, "notes.txt"]:
        (root / name).touch()
        (root / name).chmod(0o664)
    (root / "engine.terms").symlink_to(elsewhere)
    for opened in (0o755, 0o750, 0o705, 0o711):
        root.chmod(opened)
        Home(root).prepare()
        assert mode(root) == 0o700
    assert {mode(root / name) for name in ours} == {0o600}
    assert mode(root / "jobs") == 0o700
    assert mode(root / "notes.txt") == 0o664  # not ours
    assert mode(elsewhere) == 0o644


def test_a_home_that_others_can_write_to_is_refused_with_what_to_do(tmp_path: Path) -> None:
    root = tmp_path / "my home"
    root.mkdir()
    for opened in (0o770, 0o775, 0o707, 0o777, 0o720):
        root.chmod(opened)
        assert refusal(root).endswith(f"Run: chmod 700 '{root}'")
        assert mode(root) == opened
    assert not list(root.iterdir())
    root.chmod(0o1777)  # as /tmp: nobody should close that
    assert "chmod" not in refusal(root)
    assert refusal(root).endswith(f"such as {root / 'aura-tui'}.")


def test_no_folder_of_the_system_is_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"/", "/etc", "/usr", "/home", "/var"} <= home_._SYSTEM
    root, link = tmp_path / "etc", tmp_path / "link"
    root.mkdir()
    root.chmod(0o755)
    link.symlink_to(root)
    monkeypatch.setattr(home_, "_SYSTEM", frozenset({str(root.resolve())}))
    for path in (root, link, root / ".." / "etc"):
        said, todo = refusal(path).split(". ", 1)
        assert said == f"{path} is a folder of the system"
        assert todo == f"Set AURA_HOME to a folder of its own, such as {path / 'aura-tui'}."
    assert mode(root) == 0o755
    assert not list(root.iterdir())
    Home(root / "aura-tui").prepare()
    assert mode(root) == 0o755


def test_a_home_through_a_link_is_the_folder_it_leads_to(tmp_path: Path) -> None:
    root, link = tmp_path / "root", tmp_path / "link"
    root.mkdir(mode=0o755)
    link.symlink_to(root)
    Home(link).prepare()
    assert mode(root) == 0o700
    root.chmod(0o777)
    assert "Other users can write" in refusal(link)


def test_a_home_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert "is not a folder. Set AURA_HOME" in refusal(tmp_path / "file")
    with pytest.raises(EngineError, match=r"Can't use the folder .*: it is a link to nothing"):
        Home(tmp_path / "dangling").prepare()
    with pytest.raises(EngineError, match="Can't use the folder"):
        Home(tmp_path / "file" / "below").prepare()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away")
def test_a_home_of_another_user_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "home"
    root.mkdir(mode=0o700)
    os.chown(root, 65534, -1)
    assert "belongs to another user (uid 65534)" in refusal(root)
    Home(root).check_access(reading=True)


def test_a_file_system_without_modes_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "home"
    root.mkdir()
    root.chmod(0o777)
    assert home_.keeps_modes(root)
    # As vfat and many network shares: every folder has the same mode, and no chmod changes it.
    monkeypatch.setattr(home_, "keeps_modes", lambda folder: False)

    def refuse(path: object, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    Home(root).prepare()
