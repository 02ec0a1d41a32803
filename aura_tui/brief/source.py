"""Reads a brief from a command-line argument: a topic, a file, or standard input. It is bounded and
checked to be text."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.errors import Code, InputError
from aura_tui.model.request import MAX_TEXT_CHARS, MAX_TOPIC_CHARS, Brief
from aura_tui.model.text.sanitize import NOT_CLEAN, clean_line, is_clean
from aura_tui.system.files import open_regular

if TYPE_CHECKING:
    from typing import BinaryIO

_MAX_BYTES = MAX_TEXT_CHARS * 4  # a character has at most 4 bytes in UTF-8
_FILE_SUFFIXES = (".md", ".markdown", ".mdown", ".txt", ".text", ".rst")

_PICTURE = re.compile(r"\.(?:png|jpe?g|webp|gif|bmp|tiff?)\b", re.IGNORECASE)


def read_brief(argument: str, stdin: BinaryIO | None = None) -> Brief:
    """Read the brief from ``BRIEF|FILE.md|-``. Raises InputError.

    Reads an existing file; a missing file is an error if the name can only be a file's; anything
    else is the topic itself.
    """
    if argument == "-":
        data = (stdin or sys.stdin.buffer).read(_MAX_BYTES + 1)
        return _text(_decode(data, "standard input"), "standard input")
    if not argument.strip():
        raise _empty("The brief is empty")
    if _names_a_file(argument):
        try:
            path = Path(argument).expanduser()
        except RuntimeError:  # an unknown user
            raise _unreadable(argument, "unknown user in ~name") from None
        return _from_file(path)
    if "\n" in argument or len(argument) > MAX_TOPIC_CHARS:
        return _text(argument, "the brief")
    return Brief(topic=argument.strip())


def folder_of(argument: str) -> str:
    """The absolute folder of the file that ``argument`` names, where the relative paths of its
    pictures start; "" if it names none."""
    if argument == "-" or not argument.strip() or not _names_a_file(argument):
        return ""
    try:
        path = Path(argument).expanduser().absolute()
    except (OSError, RuntimeError):
        return ""
    folder = str(path.parent)
    return "" if _is_handed_over(path) or not is_clean(folder) else folder


def _names_a_file(argument: str) -> bool:
    if "\n" in argument or "\0" in argument or len(argument) > 1000:
        return False
    if argument.lower().endswith(_FILE_SUFFIXES):
        return True
    try:
        if Path(argument).expanduser().exists():
            return True
    except (OSError, RuntimeError):
        return False
    return argument.startswith(("./", "../", "/", "~/")) and " " not in argument


def _from_file(path: Path) -> Brief:
    try:
        # A pipe from the shell, as in <(command), is read to its end, like standard input.
        with path.open("rb") if _is_handed_over(path) else open_regular(path) as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(str(path), "file not found") from None
    except OSError as e:
        raise _unreadable(str(path), e.strerror or "unknown error") from None
    where = clean_line(str(path))
    text = _decode(data, where)
    folder = str(path.absolute().parent)
    if not is_clean(folder) and _PICTURE.search(text):
        raise _unreadable(f"{folder!r}", f"the path of one of its pictures {NOT_CLEAN}")
    brief = _text(text, where)
    return brief if _is_handed_over(path) else replace(brief, name=clean_line(path.name, 200))


def _is_handed_over(path: Path) -> bool:
    return path == Path("/dev/stdin") or path.parent == Path("/dev/fd")


def _unreadable(path: str, why: str) -> InputError:
    return InputError(
        Code.BRIEF_UNREADABLE,
        f"Can't read the brief {clean_line(path)}: {why}",
        "Give a Markdown or text file, or a topic in quotes.",
        field="brief",
    )


def _decode(data: bytes, where: str) -> str:
    if len(data) > _MAX_BYTES:
        raise _too_large(where)
    try:
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError(
            Code.BRIEF_NOT_TEXT,
            f"{where} is not a text file",
            "Use Markdown or plain text in UTF-8.",
            field="brief",
        )
    return text


def _text(text: str, where: str) -> Brief:
    if not text.strip():
        raise _empty(f"The brief in {where} is empty")
    if len(text) > MAX_TEXT_CHARS:
        raise _too_large(where)
    return Brief(text=text)


def _empty(message: str) -> InputError:
    return InputError(
        Code.BRIEF_EMPTY, message, "Give a topic, a text, or a Markdown file.", field="brief"
    )


def _too_large(where: str) -> InputError:
    return InputError(
        Code.BRIEF_TOO_LARGE,
        f"The text in {where} is too long; the limit is {MAX_TEXT_CHARS:,} characters",
        "Shorten it to the part that the video is about.",
        field="brief",
    )
