"""Copying to the clipboard of the terminal's machine, over any SSH or multiplexer between: OSC 52;
and on a desktop of our own machine to its clipboard, too (:func:`into_desktop`).

tmux has three answers to it (tmux(1), ``set-clipboard``): ``on`` takes the plain sequence,
``external``, the default, ignores it; a wrapped one needs ``allow-passthrough``, off by default.
So both are sent: whichever is open copies, and copying twice does no harm. With tmux as it comes
neither does; there :func:`through_tmux` hands the text to tmux itself.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING

from aura_tui.system.environment import without_secrets
from aura_tui.ui.terminal import osc
from aura_tui.ui.terminal.capabilities import Through, detect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# hterm, and after it many others, drops an OSC 52 of more than 100,000 bytes as a whole
# (chromium.googlesource.com/apps/libapps, hterm/etc/osc52.sh): so much text is 99,992 in base64.
MAX_TEXT_BYTES = 74_994

_TIMEOUT_S = 2.0
# What says that a desktop is there, and the programs that copy to it, the first that works.
_DESKTOP = (
    ("WAYLAND_DISPLAY", "wl-copy"),
    ("DISPLAY", "xclip", "-selection", "clipboard"),
    ("DISPLAY", "xsel", "--clipboard", "--input"),
)


def sequence(text: str, environ: Mapping[str, str]) -> str | None:
    """The sequence that copies ``text``; None: too large, and a cut copy is worse than none."""
    data = _encoded(text)
    if len(data) > MAX_TEXT_BYTES:
        return None
    plain = f"\x1b]52;c;{b64encode(data).decode()}\x07"
    through = detect(environ).through
    if through is Through.TMUX:
        return plain + osc.wrapped(plain, through)
    return osc.wrapped(plain, through)


async def through_tmux(text: str, environ: Mapping[str, str]) -> bool:
    """Put ``text`` into tmux's own buffer and, from tmux 3.2, its terminal's clipboard, whatever
    its settings; any size. False: there is no tmux, or it refused."""
    if not environ.get("TMUX"):
        return False
    return await _fed(("tmux", "load-buffer", "-w", "-"), text, environ)


async def into_desktop(text: str, environ: Mapping[str, str]) -> bool:
    """Put ``text`` into the clipboard of this machine's desktop, any size: xterm, urxvt, Konsole
    and GNOME Terminal ignore OSC 52 by default. False: there is no desktop, it is at the other end
    of an SSH connection, or no program for it is installed or works.

    These programs leave a child of their own in the background, which holds the text until
    something else is copied; the session of its own keeps it beyond the end of the terminal.
    """
    if detect(environ).remote:
        return False
    for variable, *command in _DESKTOP:
        if environ.get(variable) and await _fed(command, text, environ):
            return True
    return False


async def _fed(command: Sequence[str], text: str, environ: Mapping[str, str]) -> bool:
    """Whether ``command`` took ``text`` and ended well, within the time for it."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=without_secrets(environ),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await process.communicate(_encoded(text))
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode == 0


def _encoded(text: str) -> bytes:
    """``text`` in UTF-8; a path that isn't valid UTF-8 becomes its bytes on the disk."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
