"""A piece is there whole or not at all, whatever happens while it is made."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from aura_tui.model.request import Brief, JobRequest
from aura_tui.pipeline.cache import ArtifactCache, content_key
from aura_tui.system.files import part_path

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KEY = content_key("speech", "hello")
ROOT = Path(__file__).parents[2]


class Doc(msgspec.Struct, frozen=True):
    n: int


@pytest.fixture
def pieces(tmp_path: Path) -> ArtifactCache:
    return ArtifactCache(tmp_path / "pieces")


def files(pieces: ArtifactCache) -> list[Path]:
    return [p for p in pieces.root.rglob("*") if p.is_file()]


def writes(data: bytes, doc: Doc) -> Callable[[Path], Awaitable[Doc]]:
    async def build(path: Path) -> Doc:
        path.write_bytes(data)
        return doc

    return build


async def never(path: Path) -> Doc:
    pytest.fail("it was built again")


async def made(pieces: ArtifactCache, data: bytes = b"sound", n: int = 1) -> Path:
    piece = await pieces.make(KEY, "speech", Doc, writes(data, Doc(n)), ".wav")
    assert piece.path
    return piece.path


async def test_a_piece_is_built_once_and_then_found(pieces: ArtifactCache) -> None:
    first = await pieces.make(KEY, "speech", Doc, writes(b"sound", Doc(1)), ".wav")
    assert not first.reused
    assert first.path
    assert first.path.suffix == ".wav"
    again = await pieces.make(KEY, "speech", Doc, never, ".wav")
    assert again.reused
    assert (again.key, again.document, again.path) == (first.key, first.document, first.path)
    assert first.path.read_bytes() == b"sound"
    assert len(files(pieces)) == 2


async def test_another_store_on_the_folder_finds_it(pieces: ArtifactCache) -> None:
    path = await made(pieces)
    found = ArtifactCache(pieces.root).find(KEY, Doc)
    assert found
    assert (found.path, found.document) == (path, Doc(1))


async def test_a_document_alone_has_no_file(pieces: ArtifactCache) -> None:
    async def build(path: Path) -> Doc:
        return Doc(2)

    await pieces.make(KEY, "script", Doc, build)
    found = pieces.find(KEY, Doc)
    assert found
    assert (found.document, found.path) == (Doc(2), None)


async def test_a_build_that_fails_leaves_nothing(pieces: ArtifactCache) -> None:
    async def build(path: Path) -> Doc:
        path.write_bytes(b"half")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the very one that build raised, untouched
        await pieces.make(KEY, "speech", Doc, build, ".wav")
    assert files(pieces) == []
    assert await made(pieces)


async def test_a_build_that_wrote_no_file_leaves_nothing(pieces: ArtifactCache) -> None:
    async def build(path: Path) -> Doc:
        return Doc(1)

    with pytest.raises(FileNotFoundError):
        await pieces.make(KEY, "speech", Doc, build, ".wav")
    assert files(pieces) == []


async def test_a_document_that_cannot_be_written_leaves_no_piece(pieces: ArtifactCache) -> None:
    async def build(path: Path) -> str:
        path.write_bytes(b"sound")
        return "half \ud83d"

    with pytest.raises(UnicodeEncodeError):
        await pieces.make(KEY, "speech", str, build, ".wav")
    assert pieces.find(KEY, str) is None
    assert not any(".part" in p.name for p in files(pieces))


async def test_a_build_that_is_cancelled_leaves_nothing(pieces: ArtifactCache) -> None:
    begun = asyncio.Event()

    async def build(path: Path) -> Doc:
        path.write_bytes(b"half")
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(pieces.make(KEY, "speech", Doc, build, ".wav"))
    await begun.wait()
    assert len(files(pieces)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(pieces) == []


async def test_a_cancel_at_any_moment_leaves_a_whole_piece_or_none(pieces: ArtifactCache) -> None:
    keys = [content_key("speech", n) for n in range(60)]
    data = b"sound" * 10_000

    async def cancelled_after(key: str, turns: int) -> None:
        build = writes(data, Doc(turns))
        task = asyncio.create_task(pieces.make(key, "speech", Doc, build, ".wav"))
        for _ in range(turns):
            await asyncio.to_thread(int)  # a turn of the threads that search and keep
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    await asyncio.gather(*(cancelled_after(key, n % 6) for n, key in enumerate(keys)))
    await asyncio.get_running_loop().shutdown_default_executor()  # what was under way has ended
    found = [pieces.find(key, Doc) for key in keys]
    assert all(p.path and p.path.read_bytes() == data for p in found if p)
    assert not any(".part" in p.name for p in files(pieces))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [_truncate, _flip, Path.unlink])
async def test_a_damaged_file_is_made_again(
    pieces: ArtifactCache, damage: Callable[[Path], None]
) -> None:
    path = await made(pieces)
    damage(path)
    assert pieces.find(KEY, Doc) is None
    assert (await made(pieces)).read_bytes() == b"sound"
    assert pieces.find(KEY, Doc)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _another(path: Path) -> None:
    path.write_bytes(b'{"kind":1}')


def _deep(path: Path) -> None:
    path.write_bytes(b"[" * 100_000)


def _binary(path: Path) -> None:
    path.write_bytes(b"\x00\xff" * 100)


@pytest.mark.parametrize("damage", [_truncate, _empty, _another, _deep, _binary, Path.unlink])
async def test_a_damaged_entry_is_made_again(
    pieces: ArtifactCache, damage: Callable[[Path], None]
) -> None:
    await made(pieces)
    damage(next(p for p in files(pieces) if p.suffix == ".json"))
    assert pieces.find(KEY, Doc) is None
    assert (await made(pieces)).read_bytes() == b"sound"
    assert pieces.find(KEY, Doc)


async def test_a_document_of_another_type_is_made_again(pieces: ArtifactCache) -> None:
    async def build(path: Path) -> list[int]:
        return [1]

    await pieces.make(KEY, "script", list[int], build)
    assert pieces.find(KEY, Doc) is None


async def test_what_cannot_be_read_now_is_not_removed(pieces: ArtifactCache) -> None:
    path = await made(pieces)
    path.rename(path.with_suffix(".away"))
    path.symlink_to(path.name)  # a loop: reading it fails, and not for want of a file
    assert pieces.find(KEY, Doc) is None
    path.unlink()
    path.with_suffix(".away").rename(path)
    assert pieces.find(KEY, Doc)


async def test_two_that_build_at_once_each_get_what_belongs_together(pieces: ArtifactCache) -> None:
    """Also where their results differ, as a model's answers do."""
    both = asyncio.Barrier(2)

    def build(n: int) -> Callable[[Path], Awaitable[Doc]]:
        async def build(path: Path) -> Doc:
            path.write_bytes(b"%d" % n)
            await both.wait()
            return Doc(n)

        return build

    results = await asyncio.gather(
        *(pieces.make(KEY, "speech", Doc, build(n), ".wav") for n in (1, 2))
    )
    for piece in results:
        assert piece.path
        assert piece.path.read_bytes() == b"%d" % piece.document.n
    found = pieces.find(KEY, Doc)
    assert found
    assert found.path
    assert found.path.read_bytes() == b"%d" % found.document.n


async def test_many_of_the_same_at_once_all_get_it(pieces: ArtifactCache) -> None:
    results = await asyncio.gather(*(made(pieces) for _ in range(100)))
    assert {path.read_bytes() for path in results} == {b"sound"}
    assert len(files(pieces)) == 2


async def test_the_sweep_goes_by_last_use(pieces: ArtifactCache) -> None:
    path = await made(pieces)
    part = part_path(path.with_name(KEY), suffix=".wav")
    part.write_bytes(b"left over")
    now = time.time()
    assert pieces.sweep(60, now) == 0
    for file in files(pieces):
        os.utime(file, (now - 100, now - 100))
    assert pieces.find(KEY, Doc)  # it is of use now, so both its files stay
    assert pieces.sweep(60, now) == 1
    assert not part.exists()
    assert pieces.find(KEY, Doc)
    assert pieces.sweep(60, now + 1000) == 2
    assert [p for p in pieces.root.rglob("*") if p.is_file()] == []


def test_the_sweep_of_a_folder_that_is_not_there_is_nothing(pieces: ArtifactCache) -> None:
    assert pieces.sweep(0) == 0


REQUEST = JobRequest(brief=Brief(topic="t"))


@pytest.mark.parametrize(
    "other",
    [
        content_key("picture", "a", 1, REQUEST),
        content_key("speech", "b", 1, REQUEST),
        content_key("speech", "a", 2, REQUEST),
        content_key("speech", "a", 1.0, REQUEST),
        content_key("speech", "a", "1", REQUEST),
        content_key("speech", "a", True, REQUEST),
        content_key("speech", "a", None, REQUEST),
        content_key("speech", "a", 1),
        content_key("speech", "a1", REQUEST),
        content_key("speech", ("a", 1), REQUEST),
        content_key("speech", 1, "a", REQUEST),
        content_key("speech", "a", 1, JobRequest(brief=Brief(topic="u"))),
        content_key("speech", "a", 1, JobRequest(brief=Brief(topic="t", tone="warm"))),
    ],
)
def test_every_input_is_in_the_key(other: str) -> None:
    assert content_key("speech", "a", 1, REQUEST) != other


def test_equal_inputs_have_equal_keys() -> None:
    first = content_key("k", {"b": 1, "a": {2, 1, 3}}, REQUEST)
    again = content_key("k", {"a": {3, 2, 1}, "b": 1}, JobRequest(brief=Brief(topic="t")))
    assert first == again
    assert len(first) == 40
    assert set(first) <= set("0123456789abcdef")


# Stands still at a chosen place, so that the kill falls exactly there.
MAKE = """
import asyncio, os, sys, time
from pathlib import Path
from aura_tui.pipeline.cache import ArtifactCache as Pieces

root, key, place = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def stand(here):
    if here == place:
        print("here", flush=True)
        time.sleep(60)

replace = os.replace
def slowly(source, target):
    kind = "entry" if str(target).endswith(".json") else "file"
    stand(f"before the {kind}")
    replace(source, target)
    stand(f"after the {kind}")
os.replace = slowly

async def build(path):
    path.write_bytes(b"so")
    stand("half a file")
    path.write_bytes(b"sound")
    stand("a whole file")
    return 1

asyncio.run(Pieces(root).make(key, "speech", int, build, ".wav"))
"""


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("half a file", False),
        ("a whole file", False),
        ("before the file", False),
        ("after the file", False),
        ("before the entry", False),
        ("after the entry", True),
    ],
)
async def test_kill_9_loses_at_most_the_piece_in_hand(
    pieces: ArtifactCache, place: str, kept: bool
) -> None:
    argv = [sys.executable, "-c", MAKE, str(pieces.root), KEY, place]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        assert process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGKILL)
    found = pieces.find(KEY, int)
    assert (found is not None) == kept
    left = [p for p in files(pieces) if ".part" in p.name]
    assert len(left) <= 1

    async def build(path: Path) -> int:
        path.write_bytes(b"sound")
        return 1

    piece: Any = await pieces.make(KEY, "speech", int, build, ".wav")
    assert piece.reused == kept
    assert piece.path.read_bytes() == b"sound"
    for part in left:
        os.utime(part, (1, 1))
    assert pieces.sweep(3600) == len(left)
    assert not any(".part" in p.name for p in files(pieces))
    assert pieces.find(KEY, int)


async def test_a_sweep_takes_nothing_from_under_a_build_in_hand(tmp_path: Path) -> None:
    pieces = ArtifactCache(tmp_path)

    async def build(path: Path) -> int:
        pieces.sweep(3600)
        path.write_bytes(b"made")
        return 1

    piece = await pieces.make(content_key("k"), "k", int, build, ".bin")
    assert piece.path is not None
    assert piece.path.read_bytes() == b"made"
