"""Files as responses: artifacts, whole or in ranges, with their hash; previews."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import stat
import unicodedata
from collections import OrderedDict
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from aura_tui.errors import Code, InputError, NotFound
from aura_tui.server.conditional import Validators, is_current, range_applies
from aura_tui.server.streams.disconnect import DisconnectWatcher
from aura_tui.wire import routes

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

# Jobs never write links: a link in a job's folder leads to a file that is not the job's.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
_FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
_CHUNK = 256 * 1024
_MAX_PICTURE = 32 * 1024 * 1024
_MAX_DIGESTS = 1000
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")  # a single range, RFC 9110 14.1.2
_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
PICTURES = tuple(_TYPES.values())  # media types of previews
OCTETS = "application/octet-stream"


class RangeRefused(InputError):
    """The range is outside the file; ``size`` is the file's size in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(
            Code.RANGE_INVALID,
            f"Range not satisfiable: the file has {size} bytes",
            "Request a range within the file, or the whole file.",
        )
        self.size = size


class _Identity(msgspec.Struct, frozen=True):
    """Identifies a file's content: it changes when the file does."""

    device: int
    inode: int
    size: int
    changed_ns: int


class Digests:
    """A cache of the SHA-256 of files. Keeps the last thousand."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Identity, bytes] = OrderedDict()

    async def of(self, fd: int) -> tuple[os.stat_result, bytes]:
        """The stat and hash of an open file."""
        found = os.fstat(fd)
        identity = _Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if identity not in self._known:
            self._known[identity] = await asyncio.to_thread(_sha256, fd)
            if len(self._known) > _MAX_DIGESTS:
                self._known.popitem(last=False)
        self._known.move_to_end(identity)
        return found, self._known[identity]


def _sha256(fd: int) -> bytes:
    digest = hashlib.sha256()
    at = 0
    while block := os.pread(fd, 4 * _CHUNK, at):
        digest.update(block)
        at += len(block)
    return digest.digest()


async def artifact_response(
    request: Request,
    job_id: str,
    path: Path,
    name: str,
    type_: str,
    digests: Digests,
    stall_s: float,
) -> Response:
    """The job's artifact at ``path``, a range of it, or "not modified". Raises NotFound,
    RangeRefused, PreconditionFailed.

    It is sent as an attachment, so that a browser never runs it.
    """
    fd = _open(path, job_id)
    try:
        found, digest = await digests.of(fd)
        file = Validators(_etag(digest), int(found.st_mtime))
        headers = {"ETag": file.etag, "Cache-Control": "private, no-cache"}
        headers["Last-Modified"] = formatdate(found.st_mtime, usegmt=True)
        headers["Accept-Ranges"] = "bytes"
        headers[routes.REPR_DIGEST] = f"sha-256=:{base64.b64encode(digest).decode()}:"
        if is_current(request.method, request.headers, file):
            os.close(fd)
            return Response(status_code=304, headers=headers)
        headers["Content-Disposition"] = attachment(name)
        wanted = request.headers.get("range")
        span = None
        # HEAD ignores Range (RFC 9110, 14.2).
        if wanted and request.method == "GET" and range_applies(request.headers, file):
            span = _span(wanted, found.st_size)
        return _FileResponse(fd, found.st_size, span, type_, headers, stall_s)
    except BaseException:
        os.close(fd)
        raise


async def picture_response(request: Request, job_id: str, path: Path) -> Response:
    """The job's preview at ``path``, or "not modified". The engine may replace it meanwhile.
    Raises NotFound, PreconditionFailed."""
    try:
        data = await asyncio.to_thread(_read, path, job_id)
    except (OSError, NotFound):
        raise NotFound(
            Code.ARTIFACT_UNKNOWN,
            "The preview no longer exists",
            "Repeat the request: a newer one may exist.",
        ) from None
    # Without a modification time: a newer preview may be an older file.
    file = Validators(_etag(hashlib.sha256(data).digest()))
    headers = {"ETag": file.etag, "Cache-Control": "private, no-cache"}
    if is_current(request.method, request.headers, file):
        return Response(status_code=304, headers=headers)
    return Response(data, 200, headers, _picture_type(data))


def _etag(digest: bytes) -> str:
    return f'"{digest.hex()}"'


def _picture_type(data: bytes) -> str:
    """The media type, from the first bytes: the file's name has no suffix."""
    return next((kind for start, kind in _TYPES.items() if data.startswith(start)), OCTETS)


def attachment(name: str) -> str:
    """A Content-Disposition (RFC 6266): the name, and an ASCII one for old clients."""
    stem, suffix = os.path.splitext(name)
    plain = f"{_ascii(stem).strip(' ._') or 'file'}{_ascii(suffix)}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^ !#$&+.0-9A-Z^_`a-z{}~-]", "_", plain)


def _read(path: Path, job_id: str) -> bytes:
    with open(_open(path, job_id), "rb") as file:
        return file.read(_MAX_PICTURE)


def _open(path: Path, job_id: str) -> int:
    try:
        fd = _open_below(path, job_id)
    except OSError:
        fd = -1
    if fd >= 0 and not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        fd = -1
    if fd < 0:
        raise NotFound(
            Code.ARTIFACT_UNKNOWN,
            "The artifact's file no longer exists",
            "Retry the job: finished work is reused.",
        )
    return fd


def _open_below(path: Path, job_id: str) -> int:
    """Open ``path`` without following links below the job's folder (the one named by its id). A
    path elsewhere was delivered into a folder that the user chose, and may contain links."""
    parts = path.parts
    if job_id not in parts:
        return os.open(path, _FLAGS)
    own = len(parts) - 1 - parts[::-1].index(job_id)
    if ".." in parts[own:]:
        raise FileNotFoundError
    at = os.open(os.path.join(*parts[:own]) if own else ".", _FOLDER)
    for part in parts[own:-1]:
        try:
            below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
        finally:
            os.close(at)
        at = below
    try:
        return os.open(parts[-1], _FLAGS, dir_fd=at)
    finally:
        os.close(at)


def _span(header: str, size: int) -> tuple[int, int] | None:
    """[start, stop) of a Range; None for one to ignore: another unit, several ranges, or an
    invalid one. Raises RangeRefused."""
    match = _RANGE.fullmatch(header.replace(" ", "").lower())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        start, stop = max(0, size - int(match[2])), size
    else:
        start = int(match[1])
        stop = min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    if start >= stop:
        raise RangeRefused(size)
    return start, stop


class _FileResponse(Response):
    """Sends the bytes of an open file and closes it."""

    def __init__(
        self,
        fd: int,
        size: int,
        span: tuple[int, int] | None,
        type_: str,
        headers: dict[str, str],
        stall_s: float,
    ) -> None:
        start, stop = span or (0, size)
        headers["Content-Length"] = str(stop - start)
        if span is not None:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        self._fd = fd
        self._start, self._stop = start, stop
        self._stall_s = stall_s
        self.status_code = 200 if span is None else 206
        self.background = None
        self.media_type = type_
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the bytes; close the file."""
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            if scope["method"] == "HEAD" or self._start == self._stop:
                await send({"type": "http.response.body", "body": b""})
                return
            async with DisconnectWatcher(scope, receive) as reader:
                await self._send_file(reader, send)
        finally:
            os.close(self._fd)

    async def _send_file(self, reader: DisconnectWatcher, send: Send) -> None:
        at = self._start
        while at < self._stop and not reader.gone:
            chunk = await asyncio.to_thread(os.pread, self._fd, min(_CHUNK, self._stop - at), at)
            at += len(chunk)
            try:
                if not chunk:  # the file was truncated meanwhile: abort the response
                    raise TimeoutError
                async with asyncio.timeout(self._stall_s):
                    await send(
                        {
                            "type": "http.response.body",
                            "body": chunk,
                            "more_body": at < self._stop,
                        }
                    )
            except TimeoutError:
                await reader.abort_and_wait()
                return
