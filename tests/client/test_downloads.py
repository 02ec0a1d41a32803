"""Files of a server arrive whole and checked, or not at all; a cut costs what was in flight."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from aura_tui.client import downloads
from aura_tui.errors import Code, EngineError, NotFound
from tests.client.scripted import Scripted, json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Connect, Waits
    from tests.client.scripted import Handler, Talk

JOB_ID = "job-1"
ARTIFACTS = f"/api/jobs/{JOB_ID}/artifacts"
FILE = f"{ARTIFACTS}/video.mp4"
DATA = os.urandom(3 * 1024 * 1024 + 17)


def digest(data: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


def etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()}"'


def lists(*names: str, size: int = len(DATA)) -> Handler:
    return json(
        {"artifacts": [{"name": n, "path": f"/there/{n}", "sizeBytes": size} for n in names]}
    )


def file(data: bytes = DATA, *, cut: int | None = None, hash_of: bytes | None = None) -> Handler:
    """A file as our own server gives it, ranges included; cut after ``cut`` bytes of each body."""

    async def say(talk: Talk) -> None:
        tag = etag(data)
        headers = {"ETag": tag, "Repr-Digest": digest(data if hash_of is None else hash_of)}
        if talk.asked.headers.get("if-none-match") == tag:
            await talk.head(304, "video/mp4", headers)
            return
        start, status = 0, 200
        wanted = talk.asked.headers.get("range")
        if wanted and talk.asked.headers.get("if-range") == tag:
            start, status = int(wanted.removeprefix("bytes=").removesuffix("-")), 206
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        body = data[start:]
        await talk.head(status, "video/mp4", {**headers, "Content-Length": str(len(body))})
        await talk.send(body if cut is None else body[:cut])
        if cut is not None and cut < len(body):
            await asyncio.sleep(0.02)  # a reset would take what is in flight with it
            talk.reset()

    return say


@pytest.fixture
def served(server: Scripted) -> Scripted:
    server.on(ARTIFACTS, lists("video.mp4"))
    server.on(FILE, file())
    return server


async def test_a_file_arrives_whole_with_its_progress(served: Scripted, connect: Connect) -> None:
    told: list[tuple[int, int | None]] = []
    path = await connect(served.url).artifact(
        JOB_ID, "video.mp4", on_progress=lambda *at: told.append(at)
    )
    assert path.read_bytes() == DATA
    assert path.name == "video.mp4"
    assert told[-1] == (len(DATA), len(DATA))
    assert [at for at, _ in told] == sorted(at for at, _ in told)
    assert len(told) > 2


async def test_a_file_that_is_there_is_only_asked_after(served: Scripted, connect: Connect) -> None:
    first = await connect(served.url).artifact(JOB_ID, "video.mp4")
    before = first.stat().st_ino
    second = await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert second == first
    assert second.stat().st_ino == before
    assert served.asked(FILE)[-1].headers["if-none-match"] == etag(DATA)


async def test_a_cut_download_goes_on_where_it_was(
    served: Scripted, connect: Connect, waits: Waits
) -> None:
    served.on(FILE, file(cut=1_000_000))
    path = await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert path.read_bytes() == DATA
    ranges = [asked.headers.get("range") for asked in served.asked(FILE)]
    assert ranges == [None, "bytes=1000000-", "bytes=2000000-", "bytes=3000000-"]
    assert waits.seconds == [0, 0, 0]  # each brought something: the next is a first try


async def test_a_later_process_goes_on_with_it(served: Scripted, connect: Connect) -> None:
    async def gone(talk: Talk) -> None:
        talk.reset()

    served.on(FILE, file(cut=1_500_000), gone)
    with pytest.raises(EngineError):
        await connect(served.url).artifact(JOB_ID, "video.mp4")
    served.on(FILE, file())
    path = await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert path.read_bytes() == DATA
    assert served.asked(FILE)[-1].headers["range"] == "bytes=1500000-"
    assert [each.name for each in path.parent.iterdir() if "part" in each.name] == []


async def test_a_file_that_changed_meanwhile_is_fetched_anew(
    served: Scripted, connect: Connect
) -> None:
    other = DATA[::-1]
    served.on(FILE, file(cut=1_500_000), file(other))
    path = await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert path.read_bytes() == other


async def test_a_crash_behind_the_last_byte_costs_nothing(
    served: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: object) -> None:
        raise OSError(5, "a crash")

    with monkeypatch.context() as patched:
        patched.setattr(downloads._Part, "finish", crash)
        with pytest.raises(EngineError):
            await connect(served.url).artifact(JOB_ID, "video.mp4")
    path = await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert path.read_bytes() == DATA
    assert len(served.asked(FILE)) == 1


async def test_a_wrong_hash_is_fetched_once_more_and_then_refused(
    served: Scripted, connect: Connect, tmp_path: Path
) -> None:
    served.on(FILE, file(hash_of=b"other"), file())
    path = await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert path.read_bytes() == DATA
    path.unlink()
    served.on(FILE, file(hash_of=b"other"))
    with pytest.raises(EngineError) as caught:
        await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert caught.value.code is Code.DOWNLOAD_BROKEN
    assert not path.exists()


async def test_a_wrong_size_is_refused(served: Scripted, connect: Connect) -> None:
    served.on(ARTIFACTS, lists("video.mp4", size=len(DATA) + 1))
    with pytest.raises(EngineError) as caught:
        await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert caught.value.code is Code.DOWNLOAD_BROKEN


async def test_more_than_was_announced_is_not_kept(
    served: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(talk: Talk) -> None:
        await talk.head(200, "video/mp4")
        while True:
            await talk.send(b"x" * 65536)
            await asyncio.sleep(0)

    served.on(f"/api/jobs/{JOB_ID}/preview", endless)
    monkeypatch.setattr("aura_tui.client.artifacts.MAX_PREVIEW_BYTES", 1 << 20)
    with pytest.raises(EngineError):
        await connect(served.url).preview(JOB_ID)


async def test_what_passes_is_tried_again_and_given_up_in_the_end(
    served: Scripted, connect: Connect, waits: Waits
) -> None:
    busy = json({"title": "busy"}, 503)
    served.on(FILE, busy, busy, file())
    path = await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert path.read_bytes() == DATA
    path.unlink()
    served.on(FILE, busy)
    with pytest.raises(EngineError) as caught:
        await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert caught.value.code is Code.ENGINE_UNREACHABLE
    assert len(waits.seconds) == 2 + downloads._TRIES


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "/etc/passwd", "..", ".", "a/b.mp4", "a\\b", ".hidden", "x" * 300],
)
async def test_no_name_leads_out_of_the_folder(
    name: str, server: Scripted, connect: Connect, tmp_path: Path
) -> None:
    server.on(f"/api/jobs/{name}/artifacts".replace("/", "%2F"), lists(name, size=5))
    target = downloads._safe(name)
    assert target not in (".", "..")
    assert "/" not in target
    assert "\\" not in target
    assert not target.startswith(".")
    assert len(target) < 130


def test_harmless_names_stay_as_they_are() -> None:
    for name in (
        "video.mp4",
        "My film, part 2 (final).srt",
        "\u00e9t\u00e9.mp4",
        "\u0928\u093f.script.json",
        "\u0e19\u0e49\u0e33-2.mp4",
        "\U0001f389.mp4",
    ):
        assert downloads._safe(name) == name


async def test_a_strangers_answer_is_an_outage_of_the_download_whatever_it_looks_like(
    served: Scripted, connect: Connect
) -> None:
    def says(status: int, type_: str, body: bytes, **more: str) -> Handler:
        headers = {"ETag": '"portal"', "Content-Length": str(len(body)), **more}

        async def say(talk: Talk) -> None:
            await talk.head(status, type_, headers)
            await talk.send(body)

        return say

    service = await connect(served.url).__aenter__()  # it asks what the server is
    path = await service.artifact(JOB_ID, "video.mp4")
    part = "bytes 0-4/9000"
    strangers = [
        says(200, "text/html", b"<html>log in</html>"),
        says(200, "application/octet-stream", b"12345"),
        says(200, "text/plain", b""),
        says(206, "video/mp4", b"12345", **{"Content-Range": part}),
        says(204, "text/plain", b""),
        says(304, "text/plain", b""),
        says(416, "text/html", b"<html>no</html>"),
    ]
    for stranger in strangers:
        for there in (False, True):
            if not there:
                path.unlink()
            served.on(FILE, stranger, stranger, stranger, file())
            before = len(served.asked(FILE))
            assert await service.artifact(JOB_ID, "video.mp4") == path
            assert path.read_bytes() == DATA
            assert len(served.asked(FILE)) == before + 4


async def test_an_unknown_artifact_is_not_found(served: Scripted, connect: Connect) -> None:
    with pytest.raises(NotFound) as caught:
        await connect(served.url).artifact(JOB_ID, "other.mp4")
    assert caught.value.code is Code.ARTIFACT_UNKNOWN


async def test_two_who_want_a_file_fetch_it_once(served: Scripted, connect: Connect) -> None:
    service = connect(served.url)
    one, two = await asyncio.gather(
        service.artifact(JOB_ID, "video.mp4"), service.artifact(JOB_ID, "video.mp4")
    )
    assert one == two
    assert one.read_bytes() == DATA
    bodies = [a for a in served.asked(FILE) if "if-none-match" not in a.headers]
    assert len(bodies) == 1


async def test_two_processes_do_not_write_into_each_others_part(
    served: Scripted, connect: Connect
) -> None:
    one, two = await asyncio.gather(
        connect(served.url).artifact(JOB_ID, "video.mp4"),
        connect(served.url).artifact(JOB_ID, "video.mp4"),
    )
    assert one == two
    assert one.read_bytes() == DATA
    assert [each.name for each in one.parent.iterdir() if "part" in each.name] == []


async def test_previews_are_newest_and_none_before_there_is_one(
    served: Scripted, connect: Connect
) -> None:
    path = f"/api/jobs/{JOB_ID}/preview"

    async def none_yet(talk: Talk) -> None:
        await talk.answer(204)

    one, two = b"a picture", b"a newer picture"
    served.on(path, none_yet, file(one), file(one), file(two))
    service = connect(served.url)
    assert await service.preview(JOB_ID) is None
    for expected in (one, one, two):
        found = await service.preview(JOB_ID)
        assert found is not None
        assert found.read_bytes() == expected


async def test_a_full_disk_is_said(
    served: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads._Part, "write", full)
    with pytest.raises(EngineError) as caught:
        await connect(served.url).artifact(JOB_ID, "video.mp4")
    assert caught.value.code is Code.DISK_FULL


async def test_what_nobody_asked_for_in_a_long_time_is_swept(
    served: Scripted, connect: Connect
) -> None:
    kept = await connect(served.url).artifact(JOB_ID, "video.mp4")
    old = kept.parent.parent / "job-0" / "old.mp4"
    old.parent.mkdir()
    old.write_bytes(b"old")
    os.utime(old, (0, 0))
    assert await connect(served.url).artifact(JOB_ID, "video.mp4") == kept
    assert not old.parent.exists()
    assert kept.exists()
