"""Tokens on disk, and as a server at work sees them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, EngineError, InputError
from aura_tui.server.token_edits import add, remove, renew
from aura_tui.server.tokens import TokenFile, read_tokens

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "tokens.json"


def test_a_token_is_random_and_kept_as_a_hash_alone(path: Path) -> None:
    secrets = {add(path, name) for name in ("one", "two")}
    assert len(secrets) == 2
    assert all(secret.startswith("aura_") and len(secret) >= 5 + 43 for secret in secrets)
    assert not any(secret[5:] in path.read_text() for secret in secrets)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [token.name for token in read_tokens(path)] == ["one", "two"]
    assert not list(path.parent.glob("*.part"))


def test_a_link_to_nothing_is_refused_and_lets_nobody_in(path: Path) -> None:
    path.parent.mkdir()
    target = path.with_name("elsewhere.json")
    path.symlink_to(target)
    for act in (
        lambda: add(path, "one"),
        lambda: renew(path, "one"),
        lambda: remove(path, "one"),
        lambda: read_tokens(path),
    ):
        with pytest.raises(InputError, match=r"is a link to .*elsewhere\.json, which") as caught:
            act()
        assert (caught.value.code, caught.value.field) == (Code.OUTPUT_UNWRITABLE, "token_file")
    assert path.is_symlink()
    tokens = TokenFile(path)
    assert "link" in tokens.trouble  # which `serve` says as it starts, before anybody asks
    assert tokens
    assert tokens.required
    secret = add(target, "one")  # the file is there now, and the same server sees it
    assert tokens.find(secret)
    assert not tokens.trouble


def test_a_link_stays_one_and_its_file_gets_the_tokens(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "kept" / "tokens.json"
    add(target, "one")
    path.parent.mkdir()
    path.symlink_to(target)
    add(path, "two")
    assert path.is_symlink()
    assert [token.name for token in read_tokens(target)] == ["one", "two"]


def test_a_server_finds_the_token_that_is_meant(path: Path) -> None:
    one, two = add(path, "one"), add(path, "two")
    tokens = TokenFile(path)
    assert tokens
    for secret, name in ((one, "one"), (two, "two")):
        found = tokens.find(secret)
        assert found is not None
        assert found.name == name
    for wrong in ("", "aura_", one[:-1], one + "x", one.upper(), "\udcff"):
        assert tokens.find(wrong) is None


def test_a_change_is_seen_at_once(path: Path) -> None:
    tokens = TokenFile(path)
    assert not tokens
    secret = add(path, "one")
    found = tokens.find(secret)
    assert found is not None
    renewed = renew(path, "one")
    assert tokens.find(secret) is None
    again = tokens.find(renewed)
    assert again is not None
    assert again.id == found.id  # so its jobs are still its own
    remove(path, "one")
    assert tokens.find(renewed) is None
    assert not tokens.has(found.id)
    assert not tokens


def test_a_new_token_of_an_old_name_is_another_one(path: Path) -> None:
    add(path, "one")
    before = read_tokens(path)[0].id
    remove(path, "one")
    add(path, "one")
    assert read_tokens(path)[0].id != before


@pytest.mark.parametrize("name", ["", "two words", "a/b", "x" * 65, "\x1b[31m"])
def test_a_name_is_something_one_can_type(path: Path, name: str) -> None:
    with pytest.raises(InputError):
        add(path, name)


def test_names_that_are_taken_or_not_there_are_refused(path: Path) -> None:
    add(path, "one")
    for change in (lambda: add(path, "one"), lambda: renew(path, "x"), lambda: remove(path, "x")):
        with pytest.raises(InputError) as caught:
            change()
        assert "aura-tui token" in caught.value.remediation
    assert len(read_tokens(path)) == 1


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"tokens": [{"id": 1}]}', b"\xff"])
def test_a_damaged_file_refuses_everybody_and_is_not_overwritten(path: Path, data: bytes) -> None:
    secret = add(path, "one")
    path.write_bytes(data)
    tokens = TokenFile(path)
    assert tokens  # there were tokens: nobody gets in without one
    assert tokens.find(secret) is None
    assert str(path) in tokens.trouble
    with pytest.raises(EngineError):
        add(path, "two")
    assert path.read_bytes() == data
