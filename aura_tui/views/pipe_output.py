"""A view's output to a pipe or terminal that may be slow, or gone, without holding up the loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from aura_tui.system import output

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any


async def write(out: IO[Any], send: Callable[[], object], data: bytes) -> None:
    """Write ``data``, which is what ``send`` writes where ``out`` is no file but memory. Raises
    OutputError, which is a ReaderGone where nobody reads ``out`` any more.

    What takes it at once is written to at once; all else from a thread: the engine that makes the
    events may live in this very loop. Cancelled, it returns at once, and the process may end
    whatever the reader does.
    """
    try:
        fd = out.fileno()
    except (OSError, ValueError):
        send()
        return
    try:
        if output.can_write(fd, len(data)):
            output.write_all(fd, data)
        else:
            await _from_a_thread(fd, data)
    except OSError as e:
        output.discard(fd)
        raise output.output_error(e) from None


async def _from_a_thread(fd: int, data: bytes) -> None:
    """A thread that nobody waits for at the end, and that holds no lock of the interpreter's."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def work() -> None:
        failure: BaseException | None = None
        try:
            output.write_all(fd, data)
        except BaseException as e:  # whatever it is: the loop waits for this thread
            failure = e
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, failure)

    threading.Thread(target=work, name="aura-output", daemon=True).start()
    await done
