"""Named files that are something else, and files that are whole or not there."""

from __future__ import annotations

import ast
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import AuraError, Code
from aura_tui.providers.speech.piper.provider import _read_config
from aura_tui.providers.visuals.drawing import photo
from aura_tui.server.tokens import TokenFile
from aura_tui.system import files
from aura_tui.system.files import atomic_write, atomic_writer, open_regular

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(files.__file__).parents[1]


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def device(path: Path) -> Path:
    """One without an end, which a plain reading of would fill the memory with."""
    path.symlink_to("/dev/zero")
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def listener(path: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(path.parent)  # the name of a socket may be 107 bytes long
        try:
            bound.bind(path.name)
        finally:
            os.chdir(here)
    return path


KINDS = {"named pipe": pipe, "device": device, "folder": folder, "socket": listener}


@pytest.mark.parametrize(("words", "make"), KINDS.items(), ids=KINDS)
def test_it_is_refused_at_once_by_what_it_is(
    words: str, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    with pytest.raises(OSError, match=words):
        open_regular(make(tmp_path / "x"))


def test_a_link_to_a_file_is_one_and_null_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"words")
    (tmp_path / "link").symlink_to("file")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"words"
    with open_regular(os.devnull) as file:
        assert file.read() == b""
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


def test_nothing_stays_open_of_what_is_refused(tmp_path: Path) -> None:
    fds = Path("/proc/self/fd")
    if not fds.is_dir():
        pytest.skip("no list of open files here")
    before = len(list(fds.iterdir()))
    made = pipe(tmp_path / "x")
    for _ in range(10):
        with pytest.raises(OSError, match="pipe"):
            open_regular(made)
    assert len(list(fds.iterdir())) == before


@pytest.mark.parametrize(("words", "make"), KINDS.items(), ids=KINDS)
def test_a_voice_or_a_picture_or_a_list_of_tokens_that_is_none(
    words: str, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    made = make(tmp_path / "v.onnx")
    with pytest.raises(AuraError, match=words) as caught:
        _read_config(made)
    assert caught.value.code is Code.SPEECH_PROVIDER_UNAVAILABLE
    with pytest.raises(AuraError) as caught:
        photo.read(str(made), "p", 64, 64)
    assert caught.value.code is Code.PICTURE_INVALID
    tokens = TokenFile(made)
    assert tokens
    assert words in tokens.trouble


# -- written whole or not at all ------------------------------------------------------------------


def test_a_write_replaces_a_file_or_a_link_and_never_what_the_link_leads_to(tmp_path: Path) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "file"
    elsewhere.write_bytes(b"theirs")
    for before in (lambda: None, lambda: path.write_bytes(b"old"), lambda: None):
        before()
        atomic_write(path, b"new", mode=0o600)
        assert path.read_bytes() == b"new"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    path.symlink_to(elsewhere)
    atomic_write(path, b"new")
    assert not path.is_symlink()
    assert elsewhere.read_bytes() == b"theirs"
    assert sorted(tmp_path.iterdir()) == [elsewhere, path]


def test_a_write_that_fails_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write(failure: BaseException) -> None:
        with atomic_writer(path) as writer:
            writer.write(b"half")
            writer.flush()
            assert len(list(tmp_path.iterdir())) == 2
            raise failure

    for failure in (OSError("full"), KeyboardInterrupt()):
        with pytest.raises(type(failure)):
            write(failure)
        assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]


def test_a_new_file_takes_nobodys_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError("FAT")

    def write(path: Path, meanwhile: Callable[[], object]) -> None:
        with atomic_writer(path, new=True) as writer:
            writer.write(b"ours")
            meanwhile()

    file, link = tmp_path / "file", tmp_path / "link"
    for has_links in (True, False):
        if not has_links:
            monkeypatch.setattr(os, "link", no_links)
        file.unlink(missing_ok=True)
        link.unlink(missing_ok=True)
        with pytest.raises(FileExistsError):
            write(file, lambda: file.write_bytes(b"theirs"))
        with pytest.raises(FileExistsError):
            write(link, lambda: link.symlink_to("nowhere"))
        assert file.read_bytes() == b"theirs"
        assert link.is_symlink()
        write(tmp_path / f"free{has_links}", lambda: None)
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {"file", "link", "freeTrue", "freeFalse"}


def test_the_sweep_knows_a_file_in_the_making_by_its_name_and_no_other_file() -> None:
    for name in ("a.mp4", "tokens.json", "ab" * 20, ".hidden", "x" * 255, "\u4e00" * 85):
        for token, suffix in (("", ""), ("0123abcd", ".mp4")):
            part = files.part_path(Path(name), token=token, suffix=suffix)
            assert files.is_part(part.name)
            assert len(os.fsencode(part.name)) <= 255
        assert not files.is_part(name)
    for name in ("a.part.mp4", "a.party", "a.mp4", "department", ".party.json", "ab.01.part.srt"):
        assert not files.is_part(name)


# Calls that rename files or make temporary ones, outside system/files: (module, function) and why.
ALLOWED = {
    ("engine/store/open.py", "_finish_move"): "the store saved from a damaged one takes its place",
    ("engine/store/open.py", "_move_away"): "a damaged store and its log are moved aside",
    ("engine/run/reporter.py", "picture"): "a hard link is what is made; system/files places it",
    ("engine/engine_log.py", "write"): "a full log is kept under a number",
    ("connect/voice_sample.py", "speak_sample"): "scratch files of the voice, deleted with it",
    ("system/crash_report.py", "_remedy"): "a report for a person to send, in no folder of ours",
}
_ANYBODYS = {"rename", "renames", "hardlink_to", "mkstemp", "mkdtemp"}
_ANYBODYS |= {"NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile"}


def _renames(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    name, of = call.func.attr, ast.unparse(call.func.value)
    if name == "replace":  # str.replace takes two
        return of == "os" or (len(call.args) == 1 and not call.keywords)
    return name in _ANYBODYS or (of in ("os", "shutil") and name in ("link", "move"))


def test_only_system_files_renames_what_was_written() -> None:
    found: dict[tuple[str, str], int] = {}
    for path in PACKAGE.rglob("*.py"):
        module = str(path.relative_to(PACKAGE))
        tree = ast.parse(path.read_text())
        functions = [
            n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        for function in functions:
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _renames(node):
                    found[module, function.name] = node.lineno
    new = {each: line for each, line in found.items() if each[0] != "system/files.py"}
    hint = "write files with system/files: atomic_write, atomic_writer or replacing"
    assert new.keys() == ALLOWED.keys(), f"{hint}\n{new}"
