"""Writes to a descriptor: in order, bounded, never waited for, and each failure reported."""

from __future__ import annotations

import ast
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.system import fd_writer
from aura_tui.system.fd_writer import MAX_WAITING_BYTES, FdWriter

if TYPE_CHECKING:
    import pytest

PACKAGE = Path(fd_writer.__file__).parents[1]


def test_a_writer_waits_for_no_reader_and_keeps_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fd_writer, "_IDLE_S", 0.01)
    out, into = os.pipe()
    drained = threading.Event()
    writer = FdWriter(into, drained.set)
    done: list[BaseException | None] = []
    writer.write(b"at once ", done.append)
    assert done == [None]
    blocks = [f"{number:>9} ".encode() * 1000 for number in range(300)]  # 3 MB
    for block in blocks:
        writer.write(block, done.append)  # nobody reads: returns all the same
    assert len(done) < 10  # what a pipe holds
    assert not drained.is_set()
    read = bytearray()

    def reads() -> None:
        while block := os.read(out, 1 << 16):
            read.extend(block)

    reader = threading.Thread(target=reads)
    reader.start()
    assert drained.wait(10)
    writer.write(b"after", done.append)
    writer.settle(10)
    os.close(into)
    reader.join()
    os.close(out)
    _ended(writer)
    taken = len(done) - 2
    assert bytes(read) == b"at once " + b"".join(blocks[:taken]) + b"after"
    assert 0 <= sum(map(len, blocks[:taken])) - MAX_WAITING_BYTES <= 10 * len(blocks[0])


def _ended(writer: FdWriter) -> None:
    """Return when the thread, with nothing left to do, has ended."""
    if (thread := writer._thread) is not None:
        thread.join(10)
        assert not thread.is_alive()


def test_each_write_that_fails_is_reported_and_the_next_one_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fd_writer, "_IDLE_S", 0.01)
    out, gone = os.pipe()
    os.close(out)
    full = os.open("/dev/full", os.O_WRONLY)
    for fd, error in ((gone, BrokenPipeError), (full, OSError)):
        writer = FdWriter(fd)
        failures: list[BaseException | None] = []
        for _ in range(2):
            writer.write(b"x", failures.append)
        _ended(writer)
        assert [type(each) for each in failures] == [error] * 2
    os.close(gone)
    os.close(full)
    closed: list[BaseException | None] = []
    FdWriter(full).write(b"x", closed.append)
    assert isinstance(closed[0], OSError)


# Elsewhere, and why.
ALLOWED = {
    "pipeline/encoding/frame_pipe.py": "a worker's frames: it has nothing to do but wait",
    "ui/terminal/driver.py": "it waits for input",
}


def test_only_the_writer_writes_to_descriptors() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("os.write", "os.writev", "os.set_blocking", "select.select")
    }
    assert found == {"system/fd_writer.py", *ALLOWED}
