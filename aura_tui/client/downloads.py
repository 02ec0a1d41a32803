"""Downloads files from a server into a cache folder: complete and verified, or not at all.

A file is written under a temporary name and renamed once its size and its hash (``Repr-Digest``,
RFC 9530) are right. An interrupted download resumes (``Range`` with ``If-Range``, RFC 9110 13.1.5
and 14.2), even in a later process. A file that exists is revalidated by its ``ETag``. Names come
from the server, so they are checked before they become paths.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import fcntl
import hashlib
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from aura_tui.client.http_client import Answer, TransportFailure
from aura_tui.client.http_errors import failure, unexpected_answer
from aura_tui.errors import Code, EngineError
from aura_tui.model.text.slug import slug
from aura_tui.net.backoff import Backoff
from aura_tui.net.headers import media_type
from aura_tui.service import waits_out_outages
from aura_tui.system import files
from aura_tui.wire import routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from io import BufferedRandom

    import httpx

    from aura_tui.client.http_client import Http
    from aura_tui.client.stream.reconnecting_stream import Clock

    # Bytes downloaded, and the total (None: the server doesn't report it).
    OnProgress = Callable[[int, int | None], None]

MAX_FILE_BYTES: Final = 256 << 30
MAX_PREVIEW_BYTES: Final = 32 << 20
_SILENT_S: Final = 30.0
_BLOCK_BYTES: Final = 1 << 20  # bytes per write
_TRIES: Final = 8  # in a row without progress
_KEEP_S: Final = 14 * 86400.0  # files not requested for this long are removed
_SAFE_NAME = re.compile(r"[\w][\w.,()+ -]{0,120}")
_SUFFIXES = re.compile(r"(?:\.[a-z0-9]{1,8}){0,3}")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):")
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
_OUR_ETAG = re.compile(r'(?:W/)?"[0-9a-f]{64}"')  # the SHA-256 of a file; a proxy may weaken it
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class _Tag(msgspec.Struct, frozen=True):
    """The metadata of a (partly) downloaded file, stored beside it."""

    etag: str
    sha256: str = ""  # hex
    size: int | None = None


class _Wanted(NamedTuple):
    path: str  # of the request
    target: Path
    size: int | None
    limit: int
    optional: bool


class Downloads:
    """Downloads from one server into ``folder``; ``clock`` times the retries."""

    def __init__(self, http: Http, folder: Path, clock: Clock) -> None:
        self._http = http
        self._folder = folder
        self._clock = clock
        self._locks: dict[Path, asyncio.Lock] = {}
        self._swept = False

    async def fetch(
        self,
        path: str,
        job_id: str,
        name: str,
        *,
        size: int | None = None,
        limit: int = MAX_FILE_BYTES,
        optional: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Path | None:
        """Download the file at ``path`` on the server; None if there is none yet (204).

        ``size`` is its expected length in bytes, None if unknown. ``optional``: our own kind of
        server may have no such file yet. Returns the local path. Raises EngineError if the file
        can't be downloaded completely, NotFound if the server has no such file.
        """
        if not self._swept:
            self._swept = True
            await asyncio.to_thread(_sweep, self._folder, time.time() - _KEEP_S)
        target = self._folder / _safe(job_id) / _safe(name)
        wanted = _Wanted(path, target, size or None, limit, optional)
        lock = self._locks.setdefault(target, asyncio.Lock())
        async with lock:
            try:
                return await self._fetch(wanted, on_progress)
            except OSError as e:
                full = e.errno in (errno.ENOSPC, errno.EDQUOT)
                raise EngineError(
                    Code.DISK_FULL if full else Code.OUTPUT_UNWRITABLE,
                    f"Can't save {target.name} in {target.parent}: {e.strerror or e}",
                    "Free some space there, then try again; the download resumes.",
                ) from None

    async def _fetch(self, wanted: _Wanted, on_progress: OnProgress | None) -> Path | None:
        backoff = Backoff(self._clock.chance)
        wanted.target.parent.mkdir(parents=True, exist_ok=True)
        damaged = False
        with _part(wanted.target) as part:
            while True:
                had = part.size
                try:
                    return await self._try(wanted, part, on_progress)
                except TransportFailure as problem:
                    if part.size > had:
                        backoff.reset()
                    delay_s = backoff.next_s(problem.retry_after_s)
                    if backoff.attempt > _TRIES and not waits_out_outages():
                        raise self._http.unreachable(problem) from None
                    await self._clock.sleep(delay_s)
                except _DamagedError as problem:
                    part.clear()
                    if damaged:  # twice: the file is at fault, not the connection
                        raise EngineError(
                            Code.DOWNLOAD_BROKEN,
                            f"{wanted.target.name} arrived damaged: {problem}",
                            "Try again. If the error persists, the file is damaged on "
                            "the server's disk.",
                        ) from None
                    damaged = True

    async def _try(
        self, wanted: _Wanted, part: _Part, on_progress: OnProgress | None
    ) -> Path | None:
        if part.whole:  # an earlier download was interrupted after the last byte
            await part.check(wanted.size)
            part.finish()
            return wanted.target
        headers: dict[str, str] = {}
        there = _read_tag(wanted.target) if wanted.target.exists() else None
        tag = part.tag
        if there is not None and there.etag:
            headers["If-None-Match"] = there.etag
        elif part.size and tag is not None and tag.etag:
            headers["Range"] = f"bytes={part.size}-"
            headers["If-Range"] = tag.etag
        async with self._http.open(
            "GET", wanted.path, headers=headers, read_s=_SILENT_S
        ) as response:
            status = response.status_code
            etag = response.headers.get("etag", "")
            ours = self._http.peer.ours
            if status in (200, 206, 304) and ours and not _OUR_ETAG.fullmatch(etag):
                # Our own kind of server names every file's content.
                answer = Answer(status, response.headers, await _head(response))
                raise unexpected_answer(self._http, answer)
            if status == 304 and there is not None:
                os.utime(wanted.target)  # it is in use
                return wanted.target
            if status == 204 and (wanted.optional or not ours):
                return None
            if status not in (200, 206):
                answer = Answer(status, response.headers, await _head(response))
                problem = (failure if status >= 300 else unexpected_answer)(self._http, answer)
                if status == 416 and not (ours and isinstance(problem, TransportFailure)):
                    raise _DamagedError(
                        "the server's file is shorter than the part already downloaded"
                    )
                if isinstance(problem, TransportFailure) and problem.no_route and not ours:
                    raise self._http.not_an_engine(problem.reason)
                raise problem
            is_page = media_type(response.headers) == "text/html"
            if is_page and wanted.target.suffix not in (".html", ".htm"):
                raise self._http.not_an_engine("the server sent a web page instead of the file")
            total = self._start_body(wanted, part, response)
            await self._receive(response, part, total, wanted.limit, on_progress)
        if total is not None and part.size < total:
            raise TransportFailure("the connection closed during the download")
        await part.check(wanted.size)
        part.finish()
        return wanted.target

    def _start_body(self, wanted: _Wanted, part: _Part, response: httpx.Response) -> int | None:
        """Prepare the part for the response's body; returns the file's total length, or None."""
        headers = response.headers
        etag = headers.get("etag", "")
        tag = _Tag(
            etag=etag if _STRONG_ETAG.fullmatch(etag) else "",
            sha256=_sha256(headers),
            size=None,
        )
        if response.status_code == 206:
            found = _RANGE.fullmatch(headers.get("content-range", "").strip())
            if found is None or int(found[1]) != part.size:
                raise _DamagedError("the server sent a different range than requested")
            total: int | None = int(found[3])
        else:
            part.clear()
            length = headers.get("content-length", "")
            total = int(length) if length.isdecimal() and len(length) < 19 else None
        if total is not None and total > wanted.limit:
            raise EngineError(
                Code.DOWNLOAD_BROKEN,
                f"{wanted.target.name} is larger than {wanted.limit >> 20} MiB",
                "aura-tui does not download files of this size.",
            )
        part.set_tag(msgspec.structs.replace(tag, size=total))
        return total

    async def _receive(
        self,
        response: httpx.Response,
        part: _Part,
        total: int | None,
        limit: int,
        on_progress: OnProgress | None,
    ) -> None:
        try:
            async for block in _blocks(response):
                if part.size + len(block) > (limit if total is None else total):
                    raise _DamagedError("the server sent more bytes than it announced")
                await asyncio.to_thread(part.write, block)
                if on_progress is not None:
                    on_progress(part.size, total)
        finally:
            part.flush()


class _DamagedError(Exception):
    """The downloaded bytes are not the file."""


class _Part:
    """A partial download. One process at a time holds it."""

    def __init__(self, file: BufferedRandom, path: Path, target: Path) -> None:
        self._file = file
        self._path = path
        self._target = target
        self.tag = _read_tag(path)
        self.size = file.seek(0, os.SEEK_END)
        if self.tag is None:
            self.clear()

    @property
    def whole(self) -> bool:
        """Whether all announced bytes are there."""
        return self.tag is not None and self.tag.size == self.size

    def clear(self) -> None:
        """Discard all bytes."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0
        self.tag = None
        _tag_path(self._path).unlink(missing_ok=True)

    def set_tag(self, tag: _Tag) -> None:
        """Store the tag of the bytes. Without a strong ETag the download can't resume."""
        self.tag = tag
        if tag.etag:
            _tag_path(self._path).write_bytes(msgspec.json.encode(tag))

    def write(self, block: bytes) -> None:
        """Append."""
        self._file.write(block)
        self.size += len(block)

    def flush(self) -> None:
        """Flush to the system."""
        self._file.flush()

    async def check(self, size: int | None) -> None:
        """Raise :class:`_DamagedError` unless size and hash are right."""
        tag = self.tag or _Tag("")
        for expected in (size, tag.size):
            if expected is not None and expected != self.size:
                raise _DamagedError(f"received {self.size} bytes, expected {expected}")
        if tag.sha256 and await asyncio.to_thread(self._hash) != tag.sha256:
            raise _DamagedError("its checksum does not match")

    def _hash(self) -> str:
        self._file.seek(0)
        digest = hashlib.file_digest(self._file, "sha256").hexdigest()
        self._file.seek(0, os.SEEK_END)
        return digest

    def finish(self) -> None:
        """Move the file to its target."""
        _tag_path(self._target).unlink(missing_ok=True)
        files.publish(self._path, self._target)
        if self.tag is not None and self.tag.etag:
            _tag_path(self._target).write_bytes(msgspec.json.encode(self.tag))
        _tag_path(self._path).unlink(missing_ok=True)


def _sweep(folder: Path, before_s: float) -> None:
    """Remove files last requested before ``before_s`` (seconds since the epoch)."""
    for path in folder.glob("*/*"):
        with contextlib.suppress(OSError):  # another process sweeps too
            if path.stat().st_mtime < before_s and not path.is_dir():
                path.unlink()
    for each in folder.glob("*"):
        with contextlib.suppress(OSError):  # it isn't empty
            each.rmdir()


@contextlib.contextmanager
def _part(target: Path) -> Iterator[_Part]:
    """The partial file of ``target``, for this process alone: if another process downloads the same
    file, this one gets a part under another name."""
    path = target.with_name(f".{target.name}.part")  # a later process finds it by this name
    file = open(path, "a+b")  # noqa: SIM115 - another file may replace it below
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            path = files.part_path(target)
            file = open(path, "w+b")  # noqa: SIM115 - closed below
        yield _Part(file, path, target)
    finally:
        file.close()


def _tag_path(path: Path) -> Path:
    return path.with_name(f".{path.name.removeprefix('.')}.tag")


def _read_tag(path: Path) -> _Tag | None:
    try:
        with files.open_regular(_tag_path(path)) as file:
            data = file.read(4096)
        return msgspec.json.decode(data, type=_Tag) if len(data) < 4096 else None
    except (OSError, msgspec.MsgspecError):
        return None


def _safe(name: str) -> str:
    """A safe file name for a name from the server: the name itself if it is harmless, else its
    hash."""
    if _SAFE_NAME.fullmatch(name) and not name.endswith((".", " ")):
        return name
    stem, dot, rest = name.partition(".")
    if slug(stem, "") == stem and stem and _SUFFIXES.fullmatch(dot + rest):
        return name  # a slug of ours, in a script with combining marks
    suffix = Path(name).suffix
    kept = suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix) else ""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:24] + kept


def _sha256(headers: Mapping[str, str]) -> str:
    """The hex SHA-256 of the whole file as reported by the server; "" if it reports none."""
    found = _DIGEST.search(headers.get(routes.REPR_DIGEST.lower(), "")[:1000])
    if found is None:
        return ""
    with contextlib.suppress(ValueError):
        return base64.b64decode(found[1], validate=True).hex()
    return ""


async def _blocks(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in blocks large enough to write."""
    pending = bytearray()
    try:
        async for chunk in response.aiter_raw():
            pending += chunk
            if len(pending) >= _BLOCK_BYTES:
                yield bytes(pending)
                pending.clear()
    except Exception:
        if pending:  # the bytes before an interruption count
            yield bytes(pending)
        raise
    if pending:
        yield bytes(pending)


async def _head(response: httpx.Response) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) >= 65536:
            break
    return bytes(data)
