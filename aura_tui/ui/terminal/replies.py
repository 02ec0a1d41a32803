"""The terminal's replies to our questions: what to ask, and taking replies out of the typed input.

A reply comes through the same stream as keys, possibly in parts and possibly late, so every part of
one is recognised by its form, whether it is awaited or not. Sources: xterm's ctlseqs (DA1, DA2,
XTVERSION, XTGETTCAP, DECRPM), sw.kovidgoyal.net/kitty/graphics-protocol ("Querying support").
"""

from __future__ import annotations

import re
from typing import NamedTuple

from textual import constants

DA1 = "\x1b[c"  # every terminal replies to it, in order: what was asked before has been answered
XTVERSION = "\x1b[>q"
# A picture of one pixel, checked and not kept.
GRAPHICS = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
RGB = "\x1bP+q524742\x1b\\"  # XTGETTCAP of "RGB", in hexadecimal

_MAX_REPLY_CHARS = 4096
_BROKEN_OFF_S = 1.0  # a reply whose rest hasn't come by then never comes whole
# A whole reply; no key of any keyboard protocol looks like one. CSI ? ... y is left to Textual.
# A string ends at its terminator, or breaks off where another sequence begins.
_STRING = r"[^\x07\x18\x1a\x1b]*(?:[\x07\x18\x1a]|\x1b\\|(?=\x1b[^\\]))"
_REPLY = re.compile(
    r"\x1b\[[?>=][\d;:]*[cnSu]"
    rf"|\x1bP(?:>\||[01]\+r|[01]\$r|!\|){_STRING}|\x1b_G{_STRING}|\x1b\]\d+;{_STRING}"
)
# The beginning of one, at the end of what was read. Its first one or two characters may be a key.
_PART = re.compile(
    r"\x1b(?:\[(?:[?>=][\d;:]*\$?)?|P(?:[>01!](?:[|$+]r?)?)?|_|\]\d*)?\Z"
    r"|\x1b(?:P(?:>\||[01]\+r|[01]\$r|!\|)|_G|\]\d+;)[^\x07\x18\x1a\x1b]*\x1b?\Z"
)
_KEYS = ("\x1b", "\x1b[", "\x1bP", "\x1b_", "\x1b]")


class Replies(NamedTuple):
    """What the terminal has replied. ``version`` is of XTVERSION, "" if none; ``done``: the reply
    to the last DA1 is here."""

    version: str = ""
    graphics: bool = False
    sixel: bool = False
    rgb: bool = False
    done: int = 0

    def with_reply(self, reply: str) -> Replies:
        """These and one more; a reply to another question changes nothing."""
        if reply.startswith("\x1bP>|"):
            return self._replace(version=_body(reply, 4))
        if reply.startswith("\x1b_G"):
            keys, _, status = _body(reply, 3).partition(";")
            ours = "i=31" in keys.split(",")
            return self._replace(graphics=status == "OK") if ours else self
        if reply.startswith("\x1bP1+r"):
            return self._replace(rgb=self.rgb or _body(reply, 5).lower().startswith("524742"))
        if reply.startswith("\x1b[?") and reply.endswith("c"):
            attributes = reply[3:-1].split(";")
            # The first number is the terminal's level; "4" after it is Sixel.
            return self._replace(done=self.done + 1, sixel="4" in attributes[1:])
        return self


def _body(reply: str, lead: int) -> str:
    return reply[lead:].rstrip("\x07").removesuffix("\x1b\\")


class ReplyFilter:
    """Splits what is read into keys and replies. Holds back what may be the beginning of a reply;
    :meth:`flush` is for when nothing has followed it for a moment."""

    def __init__(self) -> None:
        self._held = ""

    @property
    def holding(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    def feed(self, data: str) -> tuple[str, list[str]]:
        """The text of keys, and the whole replies."""
        data, self._held = self._held + data, ""
        replies: list[str] = []

        def take(found: re.Match[str]) -> str:
            replies.append(found[0])
            return ""

        keys = _REPLY.sub(take, data)
        part = _PART.search(keys)
        if part is not None:
            keys, self._held = keys[: part.start()], keys[part.start() :]
            if len(self._held) > _MAX_REPLY_CHARS:
                self._held = self._held[:16]  # still the beginning of a reply
        return keys, replies

    def flush(self, quiet_s: float) -> str:
        """The held text if it can be a key; the beginning of a sure reply is dropped if nothing has
        followed it for a while. ``quiet_s``: since anything was read."""
        if quiet_s < (constants.ESCAPE_DELAY if self._held in _KEYS else _BROKEN_OFF_S):
            return ""
        keys, self._held = self._held if self._held in _KEYS else "", ""
        return keys
