"""An encoding worker: a process that draws segments and pipes each into its own FFmpeg.

Run as ``python -m aura_tui.pipeline.encoding.worker``. It reads tasks as JSON lines from stdin and
exits at its end. Stdout carries FFmpeg's progress (FFmpeg inherits the pipe; a block is one write)
and, after each task, one JSON line, which starts with ``{``: the :class:`EncodeResult`.

Imports little, because one worker starts per core.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING

import msgspec

from aura_tui.pipeline.encoding.frame_pipe import FramePipe
from aura_tui.pipeline.encoding.frames import Painter, PictureError, blend
from aura_tui.pipeline.encoding.protocol import EncodeResult, EncodeTask
from aura_tui.system.parent_death import preexec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.pipeline.encoding.frames import Planes
    from aura_tui.pipeline.encoding.segments import Segment
    from aura_tui.providers.visuals.fonts.files import Fallback

_STDERR_BYTES = 32 * 1024


def main() -> None:
    """Encode tasks until stdin ends."""
    painters: dict[tuple[int, int], Painter] = {}
    decoder = msgspec.json.Decoder(EncodeTask)
    for line in sys.stdin.buffer:
        task = decoder.decode(line)
        size = (task.width, task.height)
        result = encode(task, painters.setdefault(size, Painter(*size)))
        sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
        sys.stdout.buffer.flush()


def encode(task: EncodeTask, painter: Painter) -> EncodeResult:
    """Encode one task; its FFmpeg has exited when this returns."""
    start, began = time.time(), time.monotonic()
    process = subprocess.Popen(
        task.argv,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=None,  # inherited: the engine reads FFmpeg's progress from our stdout
        stderr=subprocess.PIPE,
        preexec_fn=preexec(),  # safe: this process has one thread when it forks
    )
    assert process.stdin
    assert process.stderr
    stderr = bytearray()
    listener = threading.Thread(target=_listen, args=(process.stderr, stderr), daemon=True)
    listener.start()
    pipe = FramePipe(process.stdin.fileno())  # keep it until the process, which reads it, exits
    problem, picture, memory = "", "", False
    try:
        for frame in frames(task.segment, painter, task.fallbacks):
            pipe.frame(frame)
    except BrokenPipeError:
        pass  # FFmpeg exited early: its exit code and stderr say why
    except MemoryError:
        problem, memory = "not enough memory to draw", True
    except PictureError as e:
        problem, picture = str(e), e.picture
    except OSError as e:
        problem = f"{type(e).__name__}: {e}"
    if problem:
        process.kill()
    with contextlib.suppress(OSError):
        process.stdin.close()
    # While FFmpeg encodes its last frames, prepare the pictures of the next task.
    with contextlib.suppress(PictureError, MemoryError):  # the next task itself reports these
        for layer in task.upcoming:
            painter.prepare(layer)
    exit_code = process.wait()
    listener.join(timeout=5)
    return EncodeResult(
        number=task.number,
        exit_code=exit_code,
        stderr=bytes(stderr).decode(errors="replace"),
        start=start,
        duration_s=time.monotonic() - began,
        problem=problem,
        picture=picture,
        memory=memory,
    )


def frames(
    segment: Segment, painter: Painter, fallbacks: tuple[Fallback, ...] = ()
) -> Iterator[Planes]:
    """Yield every frame of ``segment``; equal consecutive frames may be the same object."""
    overlays = {}
    if segment.burned:
        from aura_tui.pipeline.encoding.burn_captions import Overlay

        overlays = {
            burned: Overlay(burned.lines, *painter.size, fallbacks)
            for burned in set(segment.burned)
        }
    still = all(layer.start == layer.end for layer in segment.layers) and not segment.fades
    plain: Planes | None = None
    shown: tuple[object, Planes] | None = None
    for number in range(segment.frames):
        if plain is None or not still:
            plain = painter.frame(segment.layers[0], number)
            if segment.fades:
                share = (number + 1) / (segment.frames + 1)
                plain = blend(plain, painter.frame(segment.layers[1], number), share)
        burned = next((b for b in segment.burned if b.first <= number < b.stop), None)
        if burned is None:
            yield plain
        elif still and shown is not None and shown[0] is burned:
            yield shown[1]
        else:
            shown = (burned, overlays[burned].over(plain))
            yield shown[1]


def _listen(stream: IO[bytes], stderr: bytearray) -> None:
    with contextlib.suppress(OSError, ValueError):
        while part := stream.read(1 << 14):
            stderr += part
            del stderr[:-_STDERR_BYTES]


if __name__ == "__main__":
    main()
