"""Files of a server, fetched into a folder of ours: whole and checked, or not at all.

A file is written beside its place and renamed when its size and its hash (``Repr-Digest``, RFC
9530) are right. What a cut left is taken up again (``Range`` with ``If-Range``, RFC 9110 13.1.5 and
14.2), also by a later process. A file that is there already is asked after by its ``ETag``.
Names are a server's words: none of them becomes a path as it is.
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
from aura_tui.client.http_errors import failure, stranger
from aura_tui.errors import Code, EngineError
from aura_tui.model.slug import slug
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

    # Bytes that are there, and how many there will be (None: the server doesn't say).
    OnProgress = Callable[[int, int | None], None]

MAX_FILE_BYTES: Final = 256 << 30
MAX_PREVIEW_BYTES: Final = 32 << 20
_SILENT_S: Final = 30.0
_BLOCK_BYTES: Final = 1 << 20  # written, and hashed, at once
_TRIES: Final = 8  # in a row that bring nothing
_KEEP_S: Final = 14 * 86400.0  # what nobody asked for this long is swept
_SAFE_NAME = re.compile(r"[\w][\w.,()+ -]{0,120}")
_SUFFIXES = re.compile(r"(?:\.[a-z0-9]{1,8}){0,3}")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):")
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class _Tag(msgspec.Struct, frozen=True):
    """What is known of a file that is (partly) there: kept beside it."""

    etag: str
    sha256: str = ""  # hex
    size: int | None = None


class _Wanted(NamedTuple):
    path: str  # of the request
    target: Path
    size: int | None
    limit: int


class Downloads:
    """``folder`` holds what was fetched from one server; ``clock`` spaces the tries."""

    def __init__(self, http: Http, folder: Path, clock: Clock) -> None:
        self._http = http
        self._folder = folder
        self._clock = clock
        self._at_work: dict[Path, asyncio.Lock] = {}
        self._swept = False

    async def fetch(
        self,
        path: str,
        job_id: str,
        name: str,
        *,
        size: int | None = None,
        limit: int = MAX_FILE_BYTES,
        on_progress: OnProgress | None = None,
    ) -> Path | None:
        """The file behind ``path`` (of the server); None where there is none yet (204).

        ``size``: what is known of its length in bytes. Raises EngineError where it can't be had
        whole, NotFound where file not found.
        """
        if not self._swept:
            self._swept = True
            await asyncio.to_thread(_sweep, self._folder, time.time() - _KEEP_S)
        target = self._folder / _safe(job_id) / _safe(name)
        wanted = _Wanted(path, target, size or None, limit)
        lock = self._at_work.setdefault(target, asyncio.Lock())
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
                    if damaged:  # twice: it isn't the way, it is the file
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
        if part.whole:  # it was cut behind the last byte
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
            if status == 304 and there is not None:
                os.utime(wanted.target)  # it is in use
                return wanted.target
            if status == 204:
                return None
            if status == 416:
                raise _DamagedError("the server's file is shorter than the part already downloaded")
            if status not in (200, 206):
                answer = Answer(status, response.headers, await _head(response))
                problem = (failure if status >= 300 else stranger)(self._http, answer)
                if (
                    isinstance(problem, TransportFailure)
                    and problem.no_route
                    and not self._http.peer.ours
                ):
                    raise self._http.not_an_engine(problem.reason)
                raise problem
            if self._http.peer.ours and "etag" not in response.headers:
                # Our own kind of server names every file's content.
                raise stranger(self._http, Answer(status, response.headers, await _head(response)))
            is_page = media_type(response.headers) == "text/html"
            if is_page and wanted.target.suffix not in (".html", ".htm"):
                raise self._http.not_an_engine("the server sent a web page instead of the file")
            total = self._begin(wanted, part, response)
            await self._take(response, part, total, wanted.limit, on_progress)
        if total is not None and part.size < total:
            raise TransportFailure("the connection closed during the download")
        await part.check(wanted.size)
        part.finish()
        return wanted.target

    def _begin(self, wanted: _Wanted, part: _Part, response: httpx.Response) -> int | None:
        """Set the part to where the body begins; how long the whole is."""
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
        part.keep(msgspec.structs.replace(tag, size=total))
        return total

    async def _take(
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
    """What came can't be the file."""


class _Part:
    """A file on its way, with its hash so far. Held by one process at a time."""

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
        """Whether all bytes that were announced are there."""
        return self.tag is not None and self.tag.size == self.size

    def clear(self) -> None:
        """Begin anew."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0
        self.tag = None
        _tag_path(self._path).unlink(missing_ok=True)

    def keep(self, tag: _Tag) -> None:
        """Note what the bytes are of. Without a strong ETag they can't be taken up again."""
        self.tag = tag
        if tag.etag:
            _tag_path(self._path).write_bytes(msgspec.json.encode(tag))

    def write(self, block: bytes) -> None:
        """Append."""
        self._file.write(block)
        self.size += len(block)

    def flush(self) -> None:
        """Hand it to the system."""
        self._file.flush()

    async def check(self, size: int | None) -> None:
        """Raise :class:`_DamagedError` unless size and hash are right."""
        tag = self.tag or _Tag("")
        for told in (size, tag.size):
            if told is not None and told != self.size:
                raise _DamagedError(f"received {self.size} bytes, expected {told}")
        if tag.sha256 and await asyncio.to_thread(self._hash) != tag.sha256:
            raise _DamagedError("its checksum does not match")

    def _hash(self) -> str:
        self._file.seek(0)
        digest = hashlib.file_digest(self._file, "sha256").hexdigest()
        self._file.seek(0, os.SEEK_END)
        return digest

    def finish(self) -> None:
        """Put it in its place."""
        _tag_path(self._target).unlink(missing_ok=True)
        files.publish(self._path, self._target)
        if self.tag is not None and self.tag.etag:
            _tag_path(self._target).write_bytes(msgspec.json.encode(self.tag))
        _tag_path(self._path).unlink(missing_ok=True)


def _sweep(folder: Path, before_s: float) -> None:
    """Remove what was last asked for before ``before_s`` (seconds since the epoch)."""
    for path in folder.glob("*/*"):
        with contextlib.suppress(OSError):  # another process sweeps too
            if path.stat().st_mtime < before_s and not path.is_dir():
                path.unlink()
    for each in folder.glob("*"):
        with contextlib.suppress(OSError):  # it holds something
            each.rmdir()


@contextlib.contextmanager
def _part(target: Path) -> Iterator[_Part]:
    """The part of ``target``, ours alone; another process at the same file leaves us our own."""
    path = target.with_name(f".{target.name}.part")  # a later process finds it by this name
    file = open(path, "a+b")  # noqa: SIM115 - another one may take its place
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
    """A file's name for a name from outside: itself where it is harmless, else its hash."""
    if _SAFE_NAME.fullmatch(name) and not name.endswith((".", " ")):
        return name
    stem, dot, rest = name.partition(".")
    if slug(stem, "") == stem and stem and _SUFFIXES.fullmatch(dot + rest):
        return name  # one of ours, in a script whose letters carry marks
    suffix = Path(name).suffix
    kept = suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix) else ""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:24] + kept


def _sha256(headers: Mapping[str, str]) -> str:
    """The hex SHA-256 of the whole file as the server gives it; "" where it doesn't."""
    found = _DIGEST.search(headers.get(routes.REPR_DIGEST.lower(), "")[:1000])
    if found is None:
        return ""
    with contextlib.suppress(ValueError):
        return base64.b64decode(found[1], validate=True).hex()
    return ""


async def _blocks(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in blocks worth a write of their own."""
    gathered = bytearray()
    try:
        async for chunk in response.aiter_raw():
            gathered += chunk
            if len(gathered) >= _BLOCK_BYTES:
                yield bytes(gathered)
                gathered.clear()
    except Exception:
        if gathered:  # what came before a cut counts
            yield bytes(gathered)
        raise
    if gathered:
        yield bytes(gathered)


async def _head(response: httpx.Response) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) >= 65536:
            break
    return bytes(data)
