"""The routes of jobs, asked over a real socket."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from aura_tui.errors import Code, InputError, StageError
from aura_tui.providers.ffmpeg import find_ffmpeg
from aura_tui.server import token_edits, tokens
from aura_tui.server.options import Limits
from aura_tui.wire import encode, routes
from tests.engine.conftest import ended
from tests.engine.stages import SmallStages, forever
from tests.server.serving import served

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from aura_tui.pipeline.context import StageContext
    from aura_tui.settings import Settings

BRIEF = {"brief": {"text": "some words"}}


async def hook(stage: str, ctx: StageContext, scene: int) -> None:
    if stage == "render" and ctx.request.brief.text == "fails":
        raise StageError(Code.RENDER_FAILED, "The encoder broke", "Try again.")
    if stage == "voice" and ctx.request.brief.text == "hangs":
        ctx.warn("It hangs")
        await forever()


def problem(response: httpx.Response, status: int, code: Code) -> dict[str, Any]:
    """The problem document of an answer, which must be a whole one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == routes.PROBLEM
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["code"] == code.value
    assert document["type"] == f"urn:aura-tui:problem:{code.value}"
    assert document["title"]
    assert document["detail"]
    assert document["guidance"]
    assert document["correlationId"] == response.headers[routes.CORRELATION_ID]
    return document


async def hangs(client: httpx.AsyncClient, service: Any) -> str:
    """A job that runs until it is cancelled."""
    made = await client.post(routes.JOBS, json={"brief": {"text": "hangs"}})
    job_id: str = made.json()["jobId"]
    async for envelope in service.events(job_id):
        if "It hangs" in str(envelope.event):
            return job_id
    raise AssertionError


async def test_a_job_is_made_followed_and_got(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        made = await client.post(routes.JOBS, json=BRIEF, headers={routes.CORRELATION_ID: "abc-1"})
        assert made.status_code == 202
        assert made.headers[routes.CORRELATION_ID] == "abc-1"
        job_id = made.json()["jobId"]
        assert made.headers["location"] == f"/api/jobs/{job_id}"
        assert made.json()["correlationId"] == "abc-1"
        assert made.json()["status"] == "Queued"
        job = await ended(server.service, job_id)
        got = await client.get(made.headers["location"])
        assert got.content == encode.encode(encode.job_payload(job))
        tree = got.json()
        assert tree["status"] == "Succeeded"
        assert [step["name"] for step in tree["steps"]] == [
            "Script", "TTS", "Visuals", "Composition", "Rendering",
        ]  # fmt: skip
        assert {"status", "progressPct", "durationMs", "startedAt", "completedAt"} <= set(
            tree["steps"][0]
        )
        logs = await client.get(routes.path(routes.JOB_LOGS, job_id))
        assert logs.headers["content-type"] == "text/plain; charset=utf-8"
        assert logs.text == await server.service.logs(job_id)
        progress = (await client.get(routes.path(routes.JOB_PROGRESS, job_id))).json()
        assert (progress["status"], progress["percent"]) == ("Succeeded", 100.0)
        typical = (await client.get(routes.path(routes.JOB_TYPICAL, job_id))).json()
        assert typical["runs"] >= 0
        queue = (await client.get(routes.QUEUE)).json()
        assert queue == {"queued": 0, "running": 0, "paused": 0, "waiting": []}


async def test_lists_are_paged_and_filtered(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        ids = [(await client.post(routes.JOBS, json=BRIEF)).json()["jobId"] for _ in range(5)]
        for job_id in ids:
            await ended(server.service, job_id)
        found: list[str] = []
        query: dict[str, str] = {"limit": "2"}
        while True:
            page = (await client.get(routes.JOBS, params=query)).json()
            found += [job["jobId"] for job in page["jobs"]]
            if "cursor" not in page:
                break
            query["cursor"] = page["cursor"]
        assert found == ids[::-1]
        failed = await client.get(routes.JOBS, params={"status": "failed"})
        assert failed.json() == {"jobs": []}
        for query, field in (
            ({"status": "odd"}, "status"),
            ({"limit": "0"}, "limit"),
            ({"limit": "x"}, "limit"),
        ):
            wrong = problem(await client.get(routes.JOBS, params=query), 422, Code.REQUEST_INVALID)
            assert wrong["field"] == field


async def test_a_wrong_request_is_told_every_wrong_field(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        body = {"brief": {"topic": "x"}, "renderSpec": {"fps": 1}, "priority": 1000, "odd": 1}
        told = problem(await client.post(routes.JOBS, json=body), 422, Code.OPTION_INVALID)
        assert told["field"] == "renderSpec.fps"
        assert [each["field"] for each in told["errors"]] == ["renderSpec.fps", "priority", "odd"]
        voice = {"brief": {"topic": "x"}, "voiceSpec": {"voiceName": "nobody-at-all"}}
        told = problem(await client.post(routes.JOBS, json=voice), 422, Code.VOICE_UNKNOWN)
        assert told["field"]
        problem(await client.post(routes.JOBS, content=b"{"), 422, Code.REQUEST_INVALID)
        assert (await client.get(routes.JOBS)).json() == {"jobs": []}


async def test_cancel_pause_and_resume_reach_the_engine(settings: Settings) -> None:
    async with served(settings, SmallStages(hook)) as server, server.client() as client:
        job_id = await hangs(client, server.service)
        paused = await client.post(routes.path(routes.JOB_PAUSE, job_id))
        assert (paused.status_code, paused.json()["status"]) == (200, "Paused")
        told = problem(
            await client.post(routes.path(routes.JOB_PAUSE, job_id)), 409, Code.JOB_STATE
        )
        assert told["currentStatus"] == "Paused"
        resumed = await client.post(routes.path(routes.JOB_RESUME, job_id))
        assert (resumed.status_code, resumed.json()["status"]) == (200, "Running")
        assert (await client.post(routes.path(routes.JOB_CANCEL, job_id))).status_code == 202
        await ended(server.service, job_id)
        told = problem(
            await client.post(routes.path(routes.JOB_CANCEL, job_id)), 409, Code.JOB_STATE
        )
        assert told["currentStatus"] == "Canceled"
        retry = routes.path(routes.JOB_RETRY, job_id)
        other = (await client.post(retry)).json()["jobId"]  # hangs, too
        told = problem(await client.post(retry), 409, Code.JOB_STATE)
        assert told["jobId"] == other


async def test_a_failure_is_told_planned_and_retried(settings: Settings) -> None:
    async with served(settings, SmallStages(hook)) as server, server.client() as client:
        made = await client.post(routes.JOBS, json={"brief": {"text": "fails"}})
        job_id = made.json()["jobId"]
        await ended(server.service, job_id)
        details = (await client.get(routes.path(routes.JOB_FAILURE, job_id))).json()
        assert details["status"] == "Failed"
        assert details["stage"] == "Rendering"
        assert details["errors"][0]["code"] == Code.RENDER_FAILED.value
        assert details["suggestedActions"]
        assert details["logs"]
        plan = (await client.get(routes.path(routes.JOB_RETRY_PLAN, job_id))).json()
        assert plan["steps"][0]["name"] == "Script"
        again = await client.post(routes.path(routes.JOB_RETRY, job_id))
        assert again.status_code == 202
        assert again.json()["retryOf"] == job_id
        assert again.headers["location"] == f"/api/jobs/{again.json()['jobId']}"


@pytest.mark.parametrize(
    "template",
    [value for name, value in vars(routes).items() if name.startswith("JOB_") or name == "JOB"],
)
async def test_an_unknown_job_is_not_found_at_any_path(settings: Settings, template: str) -> None:
    async with served(settings) as server, server.client() as client:
        path = routes.path(template, "no such/job", "a.mp4")
        changes = path.endswith(("cancel", "pause", "resume", "retry"))
        answer = await client.request("POST" if changes else "GET", path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == routes.PROBLEM


async def test_a_job_always_has_its_lists_and_numbers(settings: Settings) -> None:
    async with served(settings, SmallStages(hook)) as server, server.client() as client:
        running = await hangs(client, server.service)
        made = await client.post(routes.JOBS, json=BRIEF)  # waits behind it
        for tree in (
            made.json(),
            (await client.get(routes.path(routes.JOB, made.json()["jobId"]))).json(),
            (await client.get(routes.JOBS)).json()["jobs"][0],
        ):
            assert tree["percent"] == 0
            assert (tree["priority"], tree["attempt"], tree["ignored"]) == (0, 1, 0)
            for name in ("errors", "warnings", "artifacts", "logs", "suggestedActions"):
                assert tree[name] == []
            assert [step["status"] for step in tree["steps"]] == ["pending"] * 5
            for step in tree["steps"]:
                assert (step["progressPct"], step["errors"], step["warnings"]) == (0, [], [])
                assert step["durationMs"] is None
            assert tree["createdUtc"] == tree["createdAt"]
            assert tree["startedUtc"] is tree["endedUtc"] is tree["output"] is None
        tree = (await client.get(routes.path(routes.JOB, running))).json()
        assert tree["startedUtc"] == tree["startedAt"] is not None
        progress = (await client.get(routes.path(routes.JOB_PROGRESS, running))).json()
        assert progress["etaSeconds"] is None


async def test_what_a_request_has_in_vain_is_named_in_the_answer(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        body = {**BRIEF, "preset": "Podcast", "renderSpec": {"enableSceneCut": True}}
        made = await client.post(routes.JOBS, json=body)
        assert made.status_code == 202
        assert sorted(made.json()["warnings"]) == [
            "preset was ignored: unknown preset 'Podcast'",
            "renderSpec.enableSceneCut was ignored: unknown field",
        ]


async def test_a_body_that_is_encoded_or_no_json_is_not_taken(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        body = msgspec.json.encode(BRIEF)
        for headers, status in (
            ({"Content-Type": "application/json; charset=utf-8"}, 202),
            ({"Content-Type": "application/vnd.x+json"}, 202),
            ({"Content-Encoding": "identity"}, 202),
            ({}, 202),
            ({"Content-Encoding": "gzip"}, 415),
            ({"Content-Type": "text/plain"}, 415),
            ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
            ({"Content-Type": "application/jsonp"}, 415),
        ):
            answer = await client.post(routes.JOBS, content=body, headers=headers)
            assert answer.status_code == status, headers
            if status == 415:
                problem(answer, 415, Code.MEDIA_TYPE_UNSUPPORTED)
                assert answer.headers["accept-encoding"] == "identity"


async def test_a_deleted_job_is_gone_with_its_files_and_a_running_one_stays(
    settings: Settings,
) -> None:
    mine, other = (token_edits.add(settings.home / tokens.FILE, name) for name in ("mine", "other"))
    async with (
        served(settings, SmallStages(hook)) as server,
        server.client(mine) as client,
        server.client(other) as stranger,
    ):
        job_id = await hangs(client, server.service)
        path = routes.path(routes.JOB, job_id)
        told = problem(await client.delete(path), 409, Code.JOB_STATE)
        assert told["currentStatus"] == "Running"
        await client.post(routes.path(routes.JOB_CANCEL, job_id))
        async with client.stream("GET", routes.path(routes.JOB_EVENTS, job_id)) as events:
            await ended(server.service, job_id)
            problem(await stranger.delete(path), 404, Code.JOB_UNKNOWN)
            gone = await client.delete(path)
            assert (gone.status_code, gone.content) == (204, b"")
            assert "job-cancelled" in (await events.aread()).decode()
        for method in ("GET", "DELETE"):
            problem(await client.request(method, path), 404, Code.JOB_UNKNOWN)
        problem(await client.get(routes.path(routes.JOB_EVENTS, job_id)), 404, Code.JOB_UNKNOWN)
        assert not (settings.home / "jobs" / job_id).exists()
        assert (await client.get(routes.JOBS)).json() == {"jobs": []}


async def test_an_idempotency_key_makes_one_job(settings: Settings) -> None:
    mine, other = (token_edits.add(settings.home / tokens.FILE, name) for name in ("mine", "other"))
    async with (
        served(settings, SmallStages(hook), limits=Limits(jobs_a_minute=None)) as server,
        server.client(mine) as client,
        server.client(other) as stranger,
    ):

        async def post(client: httpx.AsyncClient, body: object, key: str) -> httpx.Response:
            headers = {routes.IDEMPOTENCY_KEY: key}
            return await client.post(routes.JOBS, json=body, headers=headers)

        fails = {"brief": {"text": "fails"}}
        both = await asyncio.gather(post(client, fails, "a b"), post(client, fails, "a b"))
        assert {answer.status_code for answer in both} == {202}
        assert len({answer.headers["location"] for answer in both}) == 1
        job_id = both[0].json()["jobId"]
        await ended(server.service, job_id)
        assert (await post(client, fails, "a b")).json()["jobId"] == job_id
        told = problem(await post(client, BRIEF, "a b"), 422, Code.KEY_REUSED)
        assert told["field"] == routes.IDEMPOTENCY_KEY
        assert (await post(stranger, BRIEF, "a b")).status_code == 202  # another's key
        for wrong in ("", "x" * 256):
            problem(await post(client, BRIEF, wrong), 422, Code.REQUEST_INVALID)
        assert (await post(client, BRIEF, "x" * 255)).status_code == 202
        twice = [(routes.IDEMPOTENCY_KEY, "a"), (routes.IDEMPOTENCY_KEY, "b")]
        answer = await client.post(routes.JOBS, json=BRIEF, headers=twice)
        problem(answer, 400, Code.REQUEST_MALFORMED)
        retry = routes.path(routes.JOB_RETRY, job_id)
        again = [
            (await client.post(retry, headers={routes.IDEMPOTENCY_KEY: "r"})) for _ in range(2)
        ]
        assert again[0].json()["retryOf"] == job_id
        assert again[0].headers["location"] == again[1].headers["location"]
        problem(
            await client.post(retry, headers={routes.IDEMPOTENCY_KEY: "a b"}), 422, Code.KEY_REUSED
        )


async def test_probes_are_told_that_it_lives_and_whether_it_takes_jobs(settings: Settings) -> None:
    token_edits.add(settings.home / tokens.FILE, "mine")
    async with served(settings) as server, server.client() as client:
        for path in (routes.LIVE, routes.PROBE_LIVE, routes.READY, routes.PROBE_READY):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (
                200,
                {"service": "aura-tui", "status": "ok"},
            )
    async with served(settings) as server, server.client() as client:
        await asyncio.to_thread(server.service._log._writer.store.close)
        for path, status in (
            (routes.LIVE, 200),
            (routes.PROBE_LIVE, 200),
            (routes.READY, 503),
            (routes.PROBE_READY, 503),
        ):
            assert (await client.get(path)).status_code == status


async def test_paths_and_methods_that_are_not_there_are_problems_too(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        problem(await client.get("/api/nothing"), 404, Code.PATH_UNKNOWN)
        problem(await client.get("/"), 404, Code.PATH_UNKNOWN)
        wrong = await client.delete(routes.JOBS)
        problem(wrong, 405, Code.METHOD_WRONG)
        assert {name.strip() for name in wrong.headers["allow"].split(",")} == {
            "GET", "HEAD", "POST",
        }  # fmt: skip
        assert (await client.head(routes.JOBS)).status_code == 200


async def test_every_event_log_line_and_problem_has_the_correlation_id(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        for given in ("", "a" * 101, "two words", "caf\u00e9"):
            answer = await client.get(
                "/api/nothing", headers={routes.CORRELATION_ID.encode(): given.encode("latin-1")}
            )
            made = answer.headers[routes.CORRELATION_ID]
            assert made != given
            assert 8 <= len(made) <= 100
        made_job = await client.post(routes.JOBS, json=BRIEF)
        job_id = made_job.json()["jobId"]
        async for envelope in server.service.events(job_id):
            assert envelope.event.correlation_id == made_job.headers[routes.CORRELATION_ID]


async def test_health_looks(settings: Settings) -> None:
    async with served(settings, SmallStages(hook)) as server, server.client() as client:
        await hangs(client, server.service)
        await client.post(routes.JOBS, json=BRIEF)
        await find_ffmpeg(settings)  # health doesn't wait for long
        health = msgspec.json.decode(
            (await client.get(routes.HEALTH)).content, type=encode.HealthPayload
        )
        assert health.service == "aura-tui"
        assert health.status == "ok"
        assert health.version
        assert health.store == encode.StorePayload(writable=True)
        assert health.ffmpeg is not None
        assert health.ffmpeg.found
        assert (health.queue_length, health.running, health.streams) == (1, 1, 0)
        assert health.pid == os.getpid()
        assert health.started_at is not None
        assert health.free_bytes


async def test_health_does_not_wait_for_an_ffmpeg_that_hangs(
    settings: Settings, tmp_path: Path
) -> None:
    hanging = tmp_path / "ffmpeg"
    hanging.write_text("#!/bin/sh\nsleep 600\n")
    hanging.chmod(0o755)
    settings = replace(settings, render=replace(settings.render, ffmpeg=str(hanging)))
    async with served(settings) as server, server.client() as client:
        first = (await client.get(routes.HEALTH)).json()
        assert first["ffmpeg"] == {"found": False, "reason": "FFmpeg has not answered yet"}
        assert first["status"] == "degraded"
        with pytest.raises(InputError, match="didn't answer within 2 s"):
            await find_ffmpeg(settings)
        reason = ""
        while "didn't answer within 2 s" not in reason:  # an answer of health lasts for a second
            reason = (await client.get(routes.HEALTH)).json()["ffmpeg"]["reason"]


async def test_health_fails_when_the_store_does(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        await asyncio.to_thread(server.service._log._writer.store.close)
        answer = await client.get(routes.HEALTH)
        assert answer.status_code == 503
        assert answer.json()["status"] == "failing"
        assert answer.json()["store"]["writable"] is False
        assert answer.json()["store"]["reason"]
