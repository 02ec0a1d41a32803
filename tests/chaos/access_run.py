"""Asking a server for what it must not give, by every route of its own document.

The routes are read from the server (``/api/openapi.json``), so that none can be forgotten. Raw
sockets: a client library would tidy up what is asked.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from aura_tui.wire import routes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

OPEN = frozenset(
    {
        routes.HEALTH,
        routes.LIVE,
        routes.READY,
        routes.PROBE_LIVE,
        routes.PROBE_READY,
        routes.OPENAPI,
    }
)  # for strangers, too; they learn nothing there
_ANSWER_S = 60.0
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "TRACE")
# As they stand in a path, in place of an id and of a name.
TRAVERSALS = (
    "..",
    "../..",
    "../../../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/aura.db",
    "%2e%2e%2f%2e%2e%2ftokens.json",
    "..%252f..%252ftokens.json",
    "....//....//tokens.json",
    "..%5c..%5ctokens.json",
    "..\\..\\tokens.json",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "file:%2f%2f%2fetc%2fpasswd",
    "%00",
    "x%00../../tokens.json",
    "%c0%ae%c0%ae%c0%aftokens.json",
    "%ff%fe",
    "%0d%0aSet-Cookie:%20a=b",
    "%1b%5b2J",
    "*",
    "%25",
    "~",
    "-1",
    "' OR 1=1 --".replace(" ", "%20"),
    "a" * 10_000,
)


class Answer(msgspec.Struct, frozen=True):
    """What came back; ``status`` 0: the connection was closed without a word."""

    status: int
    head: str
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem document, which an error must be."""
        assert f"content-type: {routes.PROBLEM}" in self.head.lower(), (self.head, self.body[:300])
        document: dict[str, Any] = json.loads(self.body)
        assert document["status"] == self.status
        return str(document["code"])


class Asker:
    """A client without manners. ``port`` on 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def ask(
        self, method: str, path: str, *headers: str, body: bytes = b"", host: str = "127.0.0.1"
    ) -> Answer:
        """One request, and all that is said to it."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return await self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    async def send(self, data: bytes, *more: bytes) -> Answer:
        """Bytes as they are."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(_ANSWER_S):
                for part in (data, *more):
                    writer.write(part)
                    await writer.drain()
                got = await reader.read()
        except ConnectionError:
            got = b""
        finally:
            writer.close()
        head, _, body = got.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        return Answer(int(text.split(" ", 2)[1]) if text else 0, text, body)


async def offered(asker: Asker) -> list[tuple[str, str]]:
    """Every (method, path template) of the server's own document."""
    document = json.loads((await asker.ask("GET", routes.OPENAPI)).body)
    found = [
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method.upper() in _METHODS
    ]
    assert len(found) >= 19, found
    return found


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


async def check_tokens(asker: Asker, secret: str, other: str, theirs: str) -> int:
    """Nobody without a token, nobody with a wrong one, and with ``other``'s no job of somebody
    else's: ``theirs`` is as one that never was. How many requests that took."""
    wrong = (
        "Authorization: Bearer",
        "Authorization: Bearer  ",
        bearer("aura_wrong"),
        bearer(secret[:-1]),
        bearer(secret + "x"),
        bearer(secret.swapcase()),
        bearer("\xff" * 40),
        bearer("x" * 20_000),
        f"Authorization: Basic {secret}",
        f"Authorization: {secret}",
        f"X-Authorization: Bearer {secret}",
        f"Cookie: token={secret}",
    )
    count = 0
    for method, template in await offered(asker):
        path = routes.path(template, theirs, "script.json")
        for header in (None, *wrong):
            answer = await asker.ask(method, path, *([header] if header else []))
            count += 1
            strangers = header is None or not header.startswith("Authorization")
            if template in OPEN and strangers:
                assert answer.status == 200, (method, path, header, answer)
            else:
                assert (answer.status, answer.code) == (401, "E807"), (method, path, header, answer)
            assert secret.encode() not in answer.body
        # A token in the query is no token: those end in logs.
        query = await asker.ask(method, f"{path}?token={secret}&access_token={secret}")
        assert query.status == (200 if template in OPEN else 401)
        if "{id}" in template:
            answers = [
                await asker.ask(method, routes.path(template, job, "script.json"), bearer(other))
                for job in (theirs, "0123456789")
            ]
            assert [(a.status, a.code) for a in answers] == [(404, "E901")] * 2, (method, path)
            said = [a.body.replace(theirs.encode(), b"0123456789") for a in answers]
            said = [_without_correlation(each) for each in said]
            assert said[0] == said[1], "somebody else's job is told from none"
            count += 3
    return count


def _without_correlation(body: bytes) -> bytes:
    document = json.loads(body)
    del document["correlationId"]
    return msgspec.json.encode(document)


async def check_methods(asker: Asker, secret: str, job: str) -> int:
    """What the document doesn't offer is not there."""
    known = await offered(asker)
    count = 0
    for template in {path for _, path in known}:
        for method in _METHODS:
            if (method, template) not in known:
                path = routes.path(template, job, "script.json")
                answer = await asker.ask(method, path, bearer(secret))
                assert (answer.status, answer.code) == (405, "E905"), (method, path, answer)
                count += 1
    return count


async def check_traversal(asker: Asker, secret: str, job: str, canaries: Iterable[bytes]) -> int:
    """No parameter of a path leads out of the job."""
    held = (b"root:", b"SQLite format", *canaries)
    count = 0
    for method, template in await offered(asker):
        for path in _led_astray(template, job):
            answer = await asker.ask(method, path, bearer(secret))
            count += 1
            # 405: the path has turned into another one, which takes no such method.
            assert answer.status in (400, 404, 405), (method, path[:200], answer)
            for each in held:
                assert each not in answer.body, (method, path[:200], answer)
            assert "set-cookie" not in answer.head.lower()
            assert b"\x1b" not in answer.body
    return count


def _led_astray(template: str, job: str) -> Iterator[str]:
    for bad in TRAVERSALS:
        if "{id}" in template:
            yield template.replace("{id}", bad).replace("{name}", "script.json")
        if "{name}" in template:
            yield template.replace("{id}", job).replace("{name}", bad)


FORGED_HOSTS = ("evil.example", "evil.example:5005", "127.0.0.1.evil.example", "10.0.0.1", "",
                "localhost.evil.example", "[::ffff:10.0.0.1]", "0.0.0.0", "127.0.0.1:1@evil",
                "localhost@evil.example", "[::1].evil", "[::1]evil.example", "[::1]:1@evil.example",
                "127.0.0.1:evil.example", "localhost:1:2", "evil.example/localhost", "[::1", "::1",
                "localhost, evil.example", "\xff", "evil.example#localhost")  # fmt: skip
FORGED_ORIGINS = ("http://evil.example", "https://127.0.0.1.evil.example", "null", "file://", "x",
                  "", "http://", "http://[", "http://[::1", "http://127.0.0.1@evil.example",
                  "http://evil.example http://127.0.0.1", "http://127.0.0.1/")  # fmt: skip
# What a browser says of a page's request, if it says no origin.
FOREIGN = (
    ("Sec-Fetch-Site: cross-site", "Content-Type: text/plain"),
    ("Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors"),
    ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"),
)


async def check_rebinding(asker: Asker, job: str, *headers: str) -> int:
    """A page that made its name mean 127.0.0.1, and one that just asks: neither gets in."""
    count = 0
    for method, template in await offered(asker):
        path = routes.path(template, job, "script.json")
        for host in FORGED_HOSTS:
            answer = await asker.ask(method, path, *headers, host=host)
            assert (answer.status, answer.code) == (403, "E808"), (method, path, host, answer)
        for origin in FORGED_ORIGINS:
            answer = await asker.ask(method, path, *headers, f"Origin: {origin}")
            assert (answer.status, answer.code) == (403, "E808"), (method, path, origin, answer)
            assert "access-control-allow-origin" not in answer.head.lower()
        for said in FOREIGN:
            answer = await asker.ask(method, path, *headers, *said)
            assert (answer.status, answer.code) == (403, "E808"), (method, path, said, answer)
        # One good, one bad: which of them it would go by is nobody's to guess.
        for name, good, bad in (
            ("Host", "127.0.0.1", "evil.example"),
            ("Origin", "http://127.0.0.1", "http://evil.example"),
            ("Authorization", "Bearer x", "Bearer y"),
            ("Sec-Fetch-Site", "none", "cross-site"),
        ):
            first = () if name == "Host" else (f"{name}: {good}",)
            answer = await asker.ask(method, path, *headers, *first, f"{name}: {bad}")
            assert (answer.status, answer.code) == (400, "E114"), (method, path, name, answer)
            last = (f"{name}: {bad}", f"{name}: {good}")
            lines = last[1:] if name == "Host" else last
            host = bad if name == "Host" else "127.0.0.1"
            answer = await asker.ask(method, path, *headers, *lines, host=host)
            assert (answer.status, answer.code) == (400, "E114"), (method, path, name, answer)
        count += len(FORGED_HOSTS) + len(FORGED_ORIGINS) + len(FOREIGN) + 8
    return count


async def check_bodies(asker: Asker, secret: str, job: str, body_bytes: int) -> int:
    """Bodies that are too large, without end, or lied about, on every route that may have one."""
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    count = 0
    for method, template in await offered(asker):
        if method != "POST":
            continue
        head = (
            f"{method} {routes.path(template, job)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"{bearer(secret)}\r\n"
        ).encode()
        lie = await asker.send(head + b"Content-Length: 999999999999999999\r\n\r\n{}")
        parts = [chunk] * (body_bytes // 65536 + 600)  # and 32 MB that are passed over
        endless = await asker.send(head + b"Transfer-Encoding: chunked\r\n\r\n", *parts)
        count += 2
        if template == routes.JOBS:
            assert (lie.status, lie.code) == (413, "E113"), lie
            assert endless.status in (0, 413), endless
        else:
            # It takes none: it answers at once, and what goes on coming is cut off.
            assert lie.status >= 400 or lie.status == 202, lie
            assert endless.status in (0, lie.status), endless
    return count


def plant_links(home: Path, job: str, canary: Path) -> list[str]:
    """Make each file of the job a link to ``canary``; the names of the artifacts."""
    folder = home / "jobs" / job
    names = sorted(path.name for path in (folder / "artifacts").iterdir())
    for path in (*(folder / "artifacts").iterdir(), folder / "preview", folder / "ffmpeg.log"):
        path.unlink(missing_ok=True)
        path.symlink_to(canary)
    return names


@contextmanager
def linked_folder(folder: Path, canary: Path) -> Iterator[None]:
    """Meanwhile ``folder`` is a link to another one, where each file has ``canary`` in it."""
    aside = folder.with_name(f"{folder.name}.moved_to")
    elsewhere = canary.with_name(f"{canary.name}-{folder.name}")
    for path in folder.rglob("*"):
        if path.is_file():
            other = elsewhere / path.relative_to(folder)
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_bytes(canary.read_bytes())
    elsewhere.mkdir(parents=True, exist_ok=True)
    (elsewhere / "preview").write_bytes(canary.read_bytes())  # also where there was none yet
    folder.rename(aside)
    folder.symlink_to(elsewhere)
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


async def check_folders(asker: Asker, secret: str, home: Path, job: str, canary: Path) -> int:
    """As :func:`check_links`, of the folders they are in."""
    folder = home / "jobs" / job
    names = sorted(path.name for path in (folder / "artifacts").iterdir())
    count = 0
    for linked in (folder / "artifacts", folder):
        with linked_folder(linked, canary):
            gone = {routes.JOB_ARTIFACT} | ({routes.JOB_PREVIEW} if linked == folder else set())
            count += await _check_given(asker, secret, job, names, canary.read_bytes(), gone)
    where = routes.path(routes.JOB_ARTIFACT, job, names[0])
    assert (await asker.ask("GET", where, bearer(secret))).status == 200
    return count


async def check_links(asker: Asker, secret: str, job: str, names: list[str], canary: bytes) -> int:
    """What a job's files were replaced by isn't given away."""
    gone = {routes.JOB_ARTIFACT, routes.JOB_PREVIEW}
    return await _check_given(asker, secret, job, names, canary, gone)


async def _check_given(
    asker: Asker, secret: str, job: str, names: list[str], canary: bytes, gone: set[str]
) -> int:
    count = 0
    for method, template in await offered(asker):
        if method != "GET" or "{id}" not in template:
            continue
        for name in names if "{name}" in template else [""]:
            answer = await asker.ask(method, routes.path(template, job, name), bearer(secret))
            assert canary not in answer.body, (template, name)
            if template in gone:
                assert answer.status == 404, (template, name, answer)
            count += 1
    return count
