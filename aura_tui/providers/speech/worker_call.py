"""Runs a speech worker program: JSON in, JSON out, with limits and helpful errors.

A worker's exit status gives the cause: VOICE_UNUSABLE, TOO_LONG, or another failure. A killed
worker says nothing about the text, so that is retried, like a request to a busy endpoint.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, TypeVar

import msgspec

from aura_tui.errors import Code, StageError, Transient
from aura_tui.model.text.sanitize import clean_line
from aura_tui.system.processes import OutputTooLarge, ending

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aura_tui.providers.protocols import ProviderContext, SceneText

T = TypeVar("T")

VOICE_UNUSABLE, TOO_LONG = 3, 4


async def call_worker(
    program: Path,
    request: object,
    reply: type[T],
    ctx: ProviderContext,
    *,
    flags: Sequence[str],
    name: str,
    scene: SceneText,
    timeout_s: float,
) -> T:
    """Run ``program`` with this Python and ``flags``; decode its output as ``reply``.

    Messages call the program ``name``. Raises StageError (SPEECH_FAILED or VOICE_UNKNOWN),
    Transient (OUT_OF_MEMORY) if it was killed, and OSError if the disk is full.
    """

    def failed(what: str) -> StageError:
        return StageError(
            Code.SPEECH_FAILED,
            f"{name} {what} the text {clean_line(scene.text, 60)!r}",
            "Change or split that text, or use another voice, then retry.",
        )

    try:
        done = await ctx.children.run(
            [sys.executable, *flags, program],
            input=msgspec.json.encode(request),
            timeout_s=timeout_s,
        )
    except TimeoutError:
        raise failed(f"took more than {timeout_s:g} s for") from None
    except OutputTooLarge:
        raise failed("produced too much output for") from None
    if done.returncode == VOICE_UNUSABLE:
        raise StageError(
            Code.VOICE_UNKNOWN,
            f"{name} can't use the voice {clean_line(scene.voice, 60)!r}",
            "List the voices with: aura-tui doctor --voices",
        )
    if done.returncode == TOO_LONG:
        raise failed("would speak for more than half an hour for")
    if done.returncode == -signal.SIGKILL:
        # No bug of a program causes a SIGKILL: it came from the kernel or from a person.
        raise Transient(
            Code.OUT_OF_MEMORY,
            f"The process of {name} was killed; it probably ran out of memory",
            "Free some memory, then retry; finished scenes are reused.",
        )
    if done.returncode:
        stderr = clean_line(done.stderr[-2000:].decode(errors="replace"), 2000)[-300:]
        ctx.log(f"{name}: {stderr}", "error")
        if os.strerror(errno.ENOSPC) in stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise failed(f"{ending(done.returncode)} over")
    try:
        return msgspec.json.decode(done.stdout, type=reply)
    except msgspec.DecodeError:
        raise failed("returned invalid output for") from None
