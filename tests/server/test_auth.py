"""Who gets in, what each one sees, and how much they may ask for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from aura_tui.errors import Code, EngineError
from aura_tui.model.request import Origin
from aura_tui.server import token_edits, tokens
from aura_tui.server.auth import Caller
from aura_tui.server.limits import Limiter, RateLimited
from aura_tui.server.options import Limits
from aura_tui.wire import routes
from tests.engine.conftest import ended, request
from tests.engine.stages import SmallStages
from tests.server.serving import served, stream
from tests.server.streams.test_streams import _streams
from tests.server.test_jobs import BRIEF, hangs, hook, problem

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.settings import Settings


def token_file(settings: Settings) -> Path:
    return settings.home / tokens.FILE


async def test_on_loopback_nobody_needs_a_token_until_there_is_one(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        assert (await client.get(routes.JOBS)).status_code == 200
        secret = token_edits.add(token_file(settings), "one")
        refused = await client.get(routes.JOBS)
        problem(refused, 401, Code.TOKEN_REFUSED)
        assert refused.headers["www-authenticate"].startswith("Bearer")
        async with server.client(secret) as mine:
            assert (await mine.get(routes.JOBS)).status_code == 200
        for wrong in ("aura_wrong", secret + "x"):
            async with server.client(wrong) as theirs:
                told = problem(await theirs.get(routes.JOBS), 401, Code.TOKEN_REFUSED)
                assert wrong not in str(told)
        basic = await client.get(routes.JOBS, headers={"Authorization": f"Basic {secret}"})
        problem(basic, 401, Code.TOKEN_REFUSED)


async def test_elsewhere_it_wants_tokens_and_says_how_to_make_one(settings: Settings) -> None:
    for host in ("0.0.0.0", ""):
        with pytest.raises(EngineError) as caught:
            async with served(settings, host=host):
                raise AssertionError
        assert caught.value.code is Code.ADDRESS_REFUSED
        assert "aura-tui token add" in caught.value.remediation
    assert not (settings.home / "aura.db").exists()  # refused before the engine began
    secret = token_edits.add(token_file(settings), "one")
    async with served(settings, host="0.0.0.0") as server:
        assert any("unencrypted" in line for line in server.told)
        async with server.client(secret) as client:
            answer = await client.get(f"http://127.0.0.1:{server.port}{routes.JOBS}")
            assert answer.status_code == 200


async def test_a_port_that_is_taken_is_said_in_words(settings: Settings, tmp_path: Path) -> None:
    from msgspec.structs import replace

    async with served(settings) as server:
        with pytest.raises(EngineError) as caught:
            async with served(replace(settings, home=tmp_path / "b"), port=server.port):
                raise AssertionError
    assert caught.value.code is Code.ADDRESS_REFUSED
    assert str(server.port) in caught.value.message


async def test_a_job_belongs_to_its_token_also_after_a_restart(settings: Settings) -> None:
    alice, bob = (token_edits.add(token_file(settings), name) for name in ("alice", "bob"))
    async with served(settings) as server, server.client(alice) as hers, server.client(bob) as his:
        job_id = (await hers.post(routes.JOBS, json=BRIEF)).json()["jobId"]
        local = await server.service.submit(request())
        await ended(server.service, job_id)
        await ended(server.service, local.id)
    async with (
        served(settings) as server,
        server.client(alice) as hers,
        server.client(bob) as his,
        server.local() as everything,
    ):
        again = (await hers.post(routes.path(routes.JOB_RETRY, job_id))).status_code
        assert again == 409  # it succeeded; she may ask all the same
        assert [j["jobId"] for j in (await hers.get(routes.JOBS)).json()["jobs"]] == [job_id]
        assert (await his.get(routes.JOBS)).json() == {"jobs": []}
        assert len((await everything.get(routes.JOBS)).json()["jobs"]) == 2
        for name, template in vars(routes).items():
            if not (name.startswith("JOB_") or name == "JOB"):
                continue
            for client, other in ((his, job_id), (hers, local.id), (his, local.id)):
                path = routes.path(template, other, "small.mp4")
                changes = path.endswith(("cancel", "pause", "resume", "retry"))
                theirs = await client.request("POST" if changes else "GET", path)
                never = await client.request(
                    "POST" if changes else "GET", routes.path(template, "none", "small.mp4")
                )
                problem(theirs, 404, Code.JOB_UNKNOWN)
                assert theirs.json()["guidance"] == never.json()["guidance"]
                assert theirs.json()["detail"].replace(other, "none") == never.json()["detail"]
        assert (await hers.get(routes.path(routes.JOB, job_id))).status_code == 200


async def test_the_queue_names_the_callers_jobs_alone(settings: Settings) -> None:
    alice, bob = (token_edits.add(token_file(settings), name) for name in ("alice", "bob"))
    async with (
        served(settings, SmallStages(hook)) as server,
        server.client(alice) as hers,
        server.client(bob) as his,
    ):
        await hangs(hers, server.service)
        waits = (await hers.post(routes.JOBS, json=BRIEF)).json()["jobId"]
        assert (await hers.get(routes.QUEUE)).json()["waiting"] == [waits]
        queue = (await his.get(routes.QUEUE)).json()
        assert queue == {"queued": 1, "running": 1, "paused": 0, "waiting": []}


async def test_what_comes_over_the_network_is_from_outside(settings: Settings) -> None:
    asked: dict[str, Origin] = {}

    async def look(stage: str, ctx: object, scene: int) -> None:
        given = ctx.request  # type: ignore[attr-defined]  # a StageContext
        asked[given.brief.text] = given.origin

    secret = token_edits.add(token_file(settings), "one")
    async with served(settings, SmallStages(look)) as server:
        async with server.client(secret) as client, server.local() as local:
            named = {routes.BRIEF_FOLDER: "/home/my%20docs"}  # where its pictures are
            for each, text in ((client, "net"), (local, "unix")):
                made = await each.post(routes.JOBS, json={"brief": {"text": text}}, headers=named)
                await ended(server.service, made.json()["jobId"])
            odd = {"brief": {"text": "x"}, "deliverTo": "/tmp", "origin": {}}
            told = problem(await local.post(routes.JOBS, json=odd), 422, Code.REQUEST_INVALID)
            assert [each["field"] for each in told["errors"]] == ["origin", "deliverTo"]
        assert asked["net"] == Origin(
            owner=tokens.read_tokens(token_file(settings))[0].id, outside=True
        )
        assert asked["unix"] == Origin(folder="/home/my docs")


async def test_names_that_are_not_ours_are_refused_on_loopback(settings: Settings) -> None:
    async with served(settings, hosts=("studio.example",)) as server, server.client() as client:
        for host in ("localhost", "127.0.0.1", "[::1]:5005", "127.0.0.9:80", "studio.example:443"):
            assert (await client.get(routes.QUEUE, headers={"Host": host})).status_code == 200
        for host in ("evil.example", "evil.example:5005", "localhost.evil.example", "10.0.0.1", ""):
            answer = await client.get(routes.QUEUE, headers={"Host": host})
            problem(answer, 403, Code.ORIGIN_REFUSED)


def names(header: str) -> set[str]:
    return {name.strip() for name in header.split(",")}


async def test_pages_get_in_only_where_their_origin_is_named(settings: Settings) -> None:
    page = "https://studio.example"
    async with served(settings, origins=(page,)) as server, server.client() as client:
        for origin in ("https://evil.example", "null", "http://studio.example", f"{page}.evil"):
            answer = await client.post(routes.JOBS, json=BRIEF, headers={"Origin": origin})
            problem(answer, 403, Code.ORIGIN_REFUSED)
            assert "access-control-allow-origin" not in answer.headers
        same = {"Origin": f"http://127.0.0.1:{server.port}"}
        answer = await client.get(routes.QUEUE, headers=same)
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers
        answer = await client.get(routes.QUEUE, headers={"Origin": page})
        assert answer.headers["access-control-allow-origin"] == page
        assert answer.headers["vary"] == "Origin"
        ask = {"Origin": page, "Access-Control-Request-Method": "POST"}
        before = await client.options(routes.JOBS, headers=ask)
        assert before.status_code == 204
        assert "DELETE" in before.headers["access-control-allow-methods"]
        sent = names(before.headers["access-control-allow-headers"])
        assert {"Authorization", "Idempotency-Key", "If-Match", "If-Modified-Since"} <= sent
        read = names(answer.headers["access-control-expose-headers"])
        assert {
            "Content-Range", "Content-Disposition", "ETag", "Location", "X-Correlation-ID",
            "Retry-After",
        } <= read  # fmt: skip
        problem(await client.options(routes.JOBS), 405, Code.METHOD_WRONG)


async def test_what_a_browser_asks_for_another_site_is_refused_unless_it_is_only_shown(
    settings: Settings,
) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    followed = {**foreign, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    async with served(settings) as server, server.client() as client:
        for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
            assert (await client.post(routes.JOBS, json=BRIEF, headers=headers)).status_code == 202
        for headers in (foreign, followed):
            answer = await client.post(routes.JOBS, json=BRIEF, headers=headers)
            problem(answer, 403, Code.ORIGIN_REFUSED)
        problem(await client.get(routes.QUEUE, headers=foreign), 403, Code.ORIGIN_REFUSED)
        assert (await client.get(routes.QUEUE, headers=followed)).status_code == 200
    page = {"Origin": "https://studio.example", **foreign}
    async with (
        served(settings, origins=("https://studio.example",)) as server,
        server.client() as client,
    ):
        assert (await client.post(routes.JOBS, json=BRIEF, headers=page)).status_code == 202
        assert (await client.get(routes.QUEUE, headers=foreign)).status_code == 200  # its picture
        answer = await client.post(routes.JOBS, json=BRIEF, headers=foreign)
        problem(answer, 403, Code.ORIGIN_REFUSED)


async def test_a_stranger_learns_no_more_than_that_it_works(settings: Settings) -> None:
    token_edits.add(token_file(settings), "one")
    async with served(settings) as server, server.client() as client:
        health = (await client.get(routes.HEALTH)).json()
        assert health == {"service": "aura-tui", "status": "ok"}
        assert (await client.get(routes.OPENAPI)).status_code == 200


async def test_limits_are_per_token_and_say_when_to_come_again(settings: Settings) -> None:
    alice, bob = (token_edits.add(token_file(settings), name) for name in ("alice", "bob"))
    limits = Limits(streams=2, jobs_a_minute=3, cancels_a_minute=2)
    async with (
        served(settings, SmallStages(hook), limits=limits) as server,
        server.client(alice) as hers,
        server.client(bob) as his,
        server.local() as local,
    ):
        job_id = await hangs(hers, server.service)
        for _ in range(2):
            wrong = await hers.post(routes.JOBS, json={})
            assert wrong.status_code == 422  # costs nothing
            assert (await hers.post(routes.JOBS, json=BRIEF)).status_code == 202
        over = await hers.post(routes.JOBS, json=BRIEF)
        told = problem(over, 429, Code.TOO_MANY_REQUESTS)
        assert 15 <= int(over.headers["retry-after"]) == told["retryAfter"] <= 20
        for client in (his, local):
            assert (await client.post(routes.JOBS, json=BRIEF)).status_code == 202
        path = routes.path(routes.JOB_PAUSE, job_id)
        assert (await hers.post(path)).status_code == 200
        assert (await hers.post(path)).status_code == 409
        problem(await hers.post(path), 429, Code.TOO_MANY_REQUESTS)
        readers = [asyncio.create_task(stream(hers, routes.EVENTS)) for _ in range(2)]
        await _streams(local, 2)
        answer = await hers.get(routes.EVENTS)
        problem(answer, 429, Code.TOO_MANY_REQUESTS)
        assert int(answer.headers["retry-after"]) >= 1
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def test_a_token_that_is_removed_loses_its_streams(settings: Settings) -> None:
    secret = token_edits.add(token_file(settings), "one")
    async with (
        served(settings, heartbeat_s=0.2) as server,
        server.client(secret) as client,
        server.local() as local,
    ):
        reading = asyncio.create_task(stream(client, routes.EVENTS))
        staying = asyncio.create_task(stream(local, routes.EVENTS))
        await _streams(local, 2)
        token_edits.remove(token_file(settings), "one")
        with pytest.raises(httpx.TransportError):
            await asyncio.wait_for(reading, 5)
        assert not staying.done()
        staying.cancel()


def test_a_bucket_fills_again_with_time() -> None:
    now = 0.0
    limiter = Limiter(Limits(jobs_a_minute=2), clock=lambda: now)
    someone, other = Caller(owner="a"), Caller(owner="b")
    limiter.job(someone)
    limiter.job(someone)
    with pytest.raises(RateLimited) as caught:
        limiter.job(someone)
    assert caught.value.retry_after_s == 30
    limiter.job(other)
    now = 29.0
    with pytest.raises(RateLimited) as caught:
        limiter.job(someone)
    assert caught.value.retry_after_s == 1
    now = 30.0
    limiter.job(someone)
    now = 1e6
    limiter.job(someone)
    limiter.job(someone)
    with pytest.raises(RateLimited):
        limiter.job(someone)


def test_none_is_no_limit_and_zero_is_none_at_all() -> None:
    someone = Caller(owner="a")
    free = Limiter(Limits(streams=None, jobs_a_minute=None, cancels_a_minute=None))
    for _ in range(1000):
        free.job(someone)
        free.change(someone)
    free.stream(someone, 10_000)
    shut = Limiter(Limits(streams=0, jobs_a_minute=0, cancels_a_minute=0))
    for ask in (shut.job, shut.change, lambda caller: shut.stream(caller, 0)):
        with pytest.raises(RateLimited):
            ask(someone)
