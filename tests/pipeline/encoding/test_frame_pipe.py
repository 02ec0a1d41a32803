"""The pipe to FFmpeg: every byte of every frame, in order, whatever the reader's pace."""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from aura_tui.pipeline.encoding import frame_pipe as feed_module
from aura_tui.pipeline.encoding.frame_pipe import FramePipe

if TYPE_CHECKING:
    from aura_tui.pipeline.encoding.frames import Planes

SIZE = (640, 360)  # 337 KB a frame: the widest pipe holds three


def noisy(number: int) -> Planes:
    """A frame that differs from every other; its memory is fresh each time."""
    half = (SIZE[0] // 2, SIZE[1] // 2)
    return (
        Image.effect_noise(SIZE, 80).point(lambda v: (v + number) % 256),
        Image.new("L", half, number % 256),
        Image.effect_noise(half, 40),
    )


def flat(*shades: int) -> Planes:
    y, u, v = (Image.new("L", (200, 200), shade) for shade in shades)
    return y, u, v


def read_all(fd: int, into: bytearray, step: int) -> None:
    while part := os.read(fd, step):
        into += part
    os.close(fd)


@pytest.fixture
def pipe() -> tuple[int, int]:
    return os.pipe()


@pytest.mark.parametrize("splices", [True, False])
@pytest.mark.parametrize("step", [1 << 20, 5000])
def test_frames_that_are_dropped_at_once_arrive_whole(
    pipe: tuple[int, int], splices: bool, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not splices:
        monkeypatch.setattr(feed_module, "_vmsplice", None)
    out, into = pipe
    read, expected = bytearray(), bytearray()
    reader = threading.Thread(target=read_all, args=(out, read, step))
    reader.start()
    feed = FramePipe(into)
    for number in range(40):
        frame = noisy(number)
        for plane in frame:
            expected += plane.tobytes()
        feed.frame(frame)
    os.close(into)
    reader.join()
    assert read == expected


def test_memory_in_the_pipe_is_not_used_again_before_it_is_read(pipe: tuple[int, int]) -> None:
    out, into = pipe
    feed = FramePipe(into)
    expected = bytearray()
    for number in range(3):  # they fit: nobody reads yet
        frame = flat(50 * number, 50 * number + 1, 50 * number + 2)
        for plane in frame:
            expected += plane.tobytes()
        feed.frame(frame)
        del frame, plane
        others = [Image.new("L", (200, 200), 255) for _ in range(20)]  # would take freed memory
        assert len(others) == 20
    os.close(into)
    read = bytearray()
    read_all(out, read, 1 << 16)
    assert read == expected


def test_only_what_the_pipe_can_hold_is_kept(pipe: tuple[int, int]) -> None:
    out, into = pipe
    reader = threading.Thread(target=read_all, args=(out, bytearray(), 1 << 20))
    reader.start()
    feed = FramePipe(into)
    for number in range(30):
        feed.frame(noisy(number))
    assert len(feed._held) <= 5
    os.close(into)
    reader.join()


def test_a_system_that_refuses_to_splice_gets_its_frames_written(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        ctypes.set_errno(errno.EPERM)
        return -1

    monkeypatch.setattr(feed_module, "_vmsplice", refuse)
    out, into = pipe
    read = bytearray()
    reader = threading.Thread(target=read_all, args=(out, read, 1 << 20))
    reader.start()
    feed = FramePipe(into)
    frame = noisy(7)
    feed.frame(frame)
    os.close(into)
    reader.join()
    assert read == b"".join(plane.tobytes() for plane in frame)


def test_a_reader_that_is_gone_is_a_broken_pipe(pipe: tuple[int, int]) -> None:
    out, into = pipe
    os.close(out)
    with pytest.raises(BrokenPipeError):
        FramePipe(into).frame(noisy(1))
    os.close(into)
