"""A lane: a process of its own that draws segments and feeds each to an FFmpeg of its own.

Run as ``python -m aura_tui.pipeline.encoding.worker``. Orders come as JSON lines on stdin. On
stdout goes FFmpeg's own progress (it inherits the pipe; a block is one write), and after each
order one JSON line, which begins with ``{``: the :class:`Done`. Stdin's end ends it.

Imports little: it is started once for every core.
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
from aura_tui.pipeline.encoding.protocol import Done, Order
from aura_tui.system.parent_death import preexec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.pipeline.encoding.frames import Planes
    from aura_tui.pipeline.encoding.segments import Segment
    from aura_tui.providers.visuals.fonts.files import Fallback

_STDERR_BYTES = 32 * 1024


def main() -> None:
    """Serve orders until stdin ends."""
    painters: dict[tuple[int, int], Painter] = {}
    decoder = msgspec.json.Decoder(Order)
    for line in sys.stdin.buffer:
        order = decoder.decode(line)
        size = (order.width, order.height)
        done = encode(order, painters.setdefault(size, Painter(*size)))
        sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")
        sys.stdout.buffer.flush()


def encode(order: Order, painter: Painter) -> Done:
    """Carry out one order; the FFmpeg is over when this returns."""
    start, began = time.time(), time.monotonic()
    process = subprocess.Popen(
        order.argv,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=None,  # ours: the engine reads its progress there
        stderr=subprocess.PIPE,
        preexec_fn=preexec(),  # one thread runs here when we fork: safe
    )
    assert process.stdin
    assert process.stderr
    said = bytearray()
    listener = threading.Thread(target=_listen, args=(process.stderr, said), daemon=True)
    listener.start()
    feed = FramePipe(process.stdin.fileno())  # alive until the process is over, which reads from it
    problem, picture, memory = "", "", False
    try:
        for frame in frames(order.segment, painter, order.fallbacks):
            feed.frame(frame)
    except BrokenPipeError:
        pass  # FFmpeg ended early: its exit code and last words say why
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
    # FFmpeg has some frames in hand yet; meanwhile the next pictures can be made ready.
    with contextlib.suppress(PictureError, MemoryError):  # said when their own order comes
        for layer in order.ahead:
            painter.prepare(layer)
    exit_code = process.wait()
    listener.join(timeout=5)
    return Done(
        number=order.number,
        exit_code=exit_code,
        stderr=bytes(said).decode(errors="replace"),
        start=start,
        duration_s=time.monotonic() - began,
        problem=problem,
        picture=picture,
        memory=memory,
    )


def frames(
    segment: Segment, painter: Painter, fallbacks: tuple[Fallback, ...] = ()
) -> Iterator[Planes]:
    """Every frame of ``segment``. A frame that equals the one before may be the same object."""
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


def _listen(stream: IO[bytes], said: bytearray) -> None:
    with contextlib.suppress(OSError, ValueError):
        while part := stream.read(1 << 14):
            said += part
            del said[:-_STDERR_BYTES]


if __name__ == "__main__":
    main()
