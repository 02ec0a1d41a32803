"""Artifacts and pictures: whole, in ranges, by their hash; never anything else of the disk."""

from __future__ import annotations

import base64
import hashlib
import os
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from starlette.datastructures import Headers

from aura_tui.errors import Code
from aura_tui.server.conditional import Validators, is_current, range_applies
from aura_tui.server.files import attachment
from aura_tui.wire import routes
from tests.engine.stages import SmallStages
from tests.server.serving import served
from tests.server.streams.test_streams import made
from tests.server.test_jobs import hangs, hook, problem

if TYPE_CHECKING:
    from aura_tui.settings import Settings

NAME = "small.mp4"


async def test_an_artifact_is_its_bytes_with_their_hash(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        listed = (await client.get(routes.path(routes.JOB_ARTIFACTS, job_id))).json()["artifacts"]
        data = (await server.service.artifact(job_id, NAME)).read_bytes()
        assert [(a["name"], a["type"], a["sizeBytes"]) for a in listed] == [
            (NAME, "video/mp4", len(data))
        ]
        path = routes.path(routes.JOB_ARTIFACT, job_id, NAME)
        answer = await client.get(path)
        assert answer.content == data
        assert answer.headers["content-type"] == "video/mp4"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["accept-ranges"] == "bytes"
        digest = hashlib.sha256(data).digest()
        assert answer.headers["etag"] == f'"{digest.hex()}"'
        assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
        head = await client.head(path)
        assert head.headers["content-length"] == str(len(data))
        assert head.headers["etag"] == answer.headers["etag"]
        same = await client.get(path, headers={"If-None-Match": f'"x", {answer.headers["etag"]}'})
        assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=0-3", 206, (0, 4)),
        ("bytes=5-", 206, (5, None)),
        ("bytes=-4", 206, (-4, None)),
        ("bytes=-9999", 206, (0, None)),
        ("bytes=2-9999", 206, (2, None)),
        ("Bytes = 0-0", 206, (0, 1)),
        ("bytes=9999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=3-1", 200, (0, None)),
        ("bytes=0-1,3-4", 200, (0, None)),
        ("bytes=", 200, (0, None)),
        ("bytes=-", 200, (0, None)),
        ("bytes=a-b", 200, (0, None)),
        ("lines=0-3", 200, (0, None)),
        ("bytes=0-99999999999999999999", 200, (0, None)),
    ],
)
async def test_ranges(
    settings: Settings, asked: str, status: int, span: tuple[int, int | None] | None
) -> None:
    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        data = (await server.service.artifact(job_id, NAME)).read_bytes()
        path = routes.path(routes.JOB_ARTIFACT, job_id, NAME)
        answer = await client.get(path, headers={"Range": asked})
        if span is None:
            problem(answer, 416, Code.RANGE_INVALID)
            assert answer.headers["content-range"] == f"bytes */{len(data)}"
            return
        assert answer.status_code == status
        assert answer.content == data[span[0] : span[1]]
        if status == 206:
            first, _, total = answer.headers["content-range"].removeprefix("bytes ").partition("/")
            start, _, stop = first.partition("-")
            assert data[int(start) : int(stop) + 1] == answer.content
            assert int(total) == len(data)


async def test_a_range_of_other_bytes_is_the_whole(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        path = routes.path(routes.JOB_ARTIFACT, job_id, NAME)
        whole = await client.get(path)
        for condition, status in ((whole.headers["etag"], 206), ('"other"', 200)):
            headers = {"Range": "bytes=3-", "If-Range": condition}
            assert (await client.get(path, headers=headers)).status_code == status
        (await server.service.artifact(job_id, NAME)).write_bytes(b"other bytes")
        headers = {"Range": "bytes=3-", "If-Range": whole.headers["etag"]}
        changed = await client.get(path, headers=headers)
        assert (changed.status_code, changed.content) == (200, b"other bytes")


@pytest.mark.parametrize(
    "name",
    [
        "../../../aura.db",
        "..%2f..%2f..%2faura.db",
        "%2e%2e/%2e%2e/aura.db",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "small.mp4/../small.mp4",
        "small.mp4%00",
        "",
        ".",
        "SMALL.MP4",
    ],
)
async def test_a_name_reaches_nothing_but_the_jobs_artifacts(settings: Settings, name: str) -> None:
    import asyncio

    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        # As it stands: a client would tidy the path up.
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            f"GET /api/jobs/{job_id}/artifacts/{name} HTTP/1.1\r\n"
            "Host: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 404 "), answer
        assert b"SQLite" not in answer
        assert b"root:" not in answer


async def test_conditions_are_obeyed_as_rfc_9110_has_them(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        file = await server.service.artifact(job_id, NAME)
        os.utime(file, (1_700_000_000, 1_700_000_000.75))
        same, before, after = (formatdate(1_700_000_000 + s, usegmt=True) for s in (0, -1, 1))
        for path in (
            routes.path(routes.JOB_ARTIFACT, job_id, NAME),
            routes.path(routes.JOB_DOWNLOAD, job_id),
        ):
            whole = await client.get(path)
            tag = whole.headers["etag"]
            assert whole.headers["last-modified"] == same
            for headers, status in (
                ({"If-None-Match": f"W/{tag}"}, 304),  # compared weakly
                ({"If-None-Match": f'"a,b", {tag}'}, 304),
                ({"If-None-Match": "*"}, 304),
                ({"If-None-Match": '"x"', "If-Modified-Since": after}, 200),  # the date is nothing
                ({"If-Modified-Since": same}, 304),
                ({"If-Modified-Since": after}, 304),
                ({"If-Modified-Since": before}, 200),
                ({"If-Modified-Since": "yesterday"}, 200),
                ({"If-Match": tag}, 200),
                ({"If-Match": "*"}, 200),
                ({"If-Match": f"W/{tag}"}, 412),  # compared strongly
                ({"If-Match": '"x"'}, 412),
                ({"If-Match": ""}, 412),
                ({"If-Match": tag, "If-Unmodified-Since": before}, 200),  # the date is nothing
                ({"If-Match": '"x"', "If-None-Match": tag}, 412),
                ({"If-Unmodified-Since": same}, 200),
                ({"If-Unmodified-Since": before}, 412),
                ({"If-Unmodified-Since": before, "If-None-Match": tag}, 412),
                ({"Range": "bytes=1-2", "If-Range": same}, 206),
                ({"Range": "bytes=1-2", "If-Range": after}, 200),
                ({"Range": "bytes=1-2", "If-Range": f"W/{tag}"}, 200),
                ({"Range": "bytes=1-2", "If-Match": '"x"'}, 412),
                ({"Range": "bytes=1-2", "If-None-Match": tag}, 304),
            ):
                answer = await client.get(path, headers=headers)
                assert answer.status_code == status, (headers, answer.status_code)
                head = await client.head(path, headers=headers)
                assert head.status_code == (200 if status == 206 else status), headers
                assert head.content == b""
                if status == 304:
                    assert (answer.content, answer.headers["etag"]) == (b"", tag)
                if status == 412:
                    problem(answer, 412, Code.PRECONDITION_FAILED)


def test_two_lines_of_a_condition_are_one_list_and_a_young_date_says_nothing() -> None:
    file = Validators('"b"', 1000)
    two = Headers(raw=[(b"if-none-match", b'"a"'), (b"if-none-match", b'"b"')])
    assert is_current("GET", two, file)
    dated = Headers({"If-Range": formatdate(1000, usegmt=True)})
    assert range_applies(dated, file, 1001.0)
    assert not range_applies(dated, file, 1000.5)


async def test_a_download_is_the_video_under_its_name(settings: Settings) -> None:
    async with served(settings, SmallStages(hook)) as server, server.client() as client:
        job_id = await made(server, client)
        data = (await server.service.artifact(job_id, NAME)).read_bytes()
        path = routes.path(routes.JOB_DOWNLOAD, job_id)
        answer = await client.get(path)
        assert (answer.content, answer.headers["content-type"]) == (data, "video/mp4")
        assert answer.headers["content-disposition"] == (
            "attachment; filename=\"small.mp4\"; filename*=UTF-8''small.mp4"
        )
        part = await client.get(path, headers={"Range": "bytes=1-2"})
        assert (part.status_code, part.content) == (206, data[1:3])
        waits = await hangs(client, server.service)
        none = problem(
            await client.get(routes.path(routes.JOB_DOWNLOAD, waits)), 404, Code.ARTIFACT_UNKNOWN
        )
        assert "running" in none["detail"]


def test_a_file_name_is_told_in_full_and_in_ascii() -> None:
    for name, plain, full in (
        ("small.mp4", "small.mp4", "small.mp4"),
        ("Über „uns“.mp4", "Uber uns.mp4", "%C3%9Cber%20%E2%80%9Euns%E2%80%9C.mp4"),
        ('a"\\\r\nb%41.mp4', "a____b_41.mp4", "a%22%5C%0D%0Ab%2541.mp4"),
        ("水の流れ.mp4", "file.mp4", "%E6%B0%B4%E3%81%AE%E6%B5%81%E3%82%8C.mp4"),
        ("水", "file", "%E6%B0%B4"),
    ):
        expected = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"
        assert attachment(name) == expected


async def test_a_file_that_is_gone_is_not_found(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        file = await server.service.artifact(job_id, NAME)
        file.unlink()
        answer = await client.get(routes.path(routes.JOB_ARTIFACT, job_id, NAME))
        problem(answer, 404, Code.ARTIFACT_UNKNOWN)
        file.mkdir()
        answer = await client.get(routes.path(routes.JOB_ARTIFACT, job_id, NAME))
        problem(answer, 404, Code.ARTIFACT_UNKNOWN)


async def test_a_large_artifact_comes_whole_and_not_from_memory(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        file = await server.service.artifact(job_id, NAME)
        data = bytes(range(256)) * 40_000
        file.write_bytes(data)
        answer = await client.get(routes.path(routes.JOB_ARTIFACT, job_id, NAME))
        assert answer.content == data


async def test_a_preview_is_the_newest_picture(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        path = routes.path(routes.JOB_PREVIEW, job_id)
        picture = settings.home / "card.png"
        expected = await server.service.preview(job_id)
        if expected is None:
            assert (await client.get(path)).status_code == 204

        async def preview(_: str) -> object:
            return picture

        server.service.preview = preview  # type: ignore[method-assign,assignment]  # stands for the newest card
        for data, kind in (
            (b"\x89PNG\r\n\x1a\n...", "image/png"),
            (b"\xff\xd8\xff\xe0...", "image/jpeg"),
            (b"<svg>", "application/octet-stream"),
        ):
            picture.write_bytes(data)
            answer = await client.get(path)
            assert (answer.content, answer.headers["content-type"]) == (data, kind)
        tag = answer.headers["etag"]
        for condition, status in (
            ({"If-None-Match": tag}, 304),
            ({"If-Match": tag}, 200),
            ({"If-Match": '"x"'}, 412),
            # A newer picture may be an older file.
            ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
        ):
            assert (await client.get(path, headers=condition)).status_code == status, condition
        assert "last-modified" not in answer.headers
        picture.write_bytes(b"a newer one")
        newer = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert newer.content == b"a newer one"
        picture.unlink()
        problem(await client.get(path), 404, Code.ARTIFACT_UNKNOWN)
