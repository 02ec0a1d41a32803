"""Requests to an engine: what they ask, and how each failure is named."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from aura_tui.client import http_client
from aura_tui.client.address import of_url
from aura_tui.errors import (
    AuraError,
    Code,
    Conflict,
    EngineError,
    InputError,
    InvalidRequest,
    NotFound,
)
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.request import Brief, JobRequest
from aura_tui.model.status import JobStatus
from aura_tui.service import JobPage, waiting_out_outages
from aura_tui.settings import Secret
from aura_tui.wire import encode
from tests.client.scripted import STRANGERS, Scripted, health, job, json, page, refusal, reset
from tests.model.strategies import JOB_ID, fresh_job
from tests.waiting import until

if TYPE_CHECKING:
    from aura_tui.model.job import Job
    from tests.client.conftest import Connect, Waits
    from tests.client.scripted import Handler, Talk

JOB = f"/api/jobs/{JOB_ID}"
SECRET = "s3cret-token"
REQUEST = JobRequest(brief=Brief(text="words"))


def problem(status: int, code: str = "", **fields: object) -> Handler:
    return refusal(status, code, **fields)


async def failure(connect: Connect, server: Scripted, **options: Any) -> AuraError:
    with pytest.raises(AuraError) as caught:
        await connect(server.url, **options).get(JOB_ID)
    error = caught.value
    assert error.message
    assert error.remediation
    assert "\n" not in error.message
    return error


@pytest.mark.parametrize(
    ("say", "kind", "code"),
    [
        (problem(404, code="E901", detail="There is no job"), NotFound, Code.JOB_UNKNOWN),
        (problem(404, code="E903"), NotFound, Code.ARTIFACT_UNKNOWN),
        (problem(404, code="E904"), EngineError, Code.NOT_AN_ENGINE),
        (json({"error": "no job"}, 404), NotFound, Code.JOB_UNKNOWN),
        (problem(409, code="E902", detail="It has ended"), Conflict, Code.JOB_STATE),
        (problem(422, code="E105", field="planSpec.targetDuration"), InputError, Code("E105")),
        (problem(413, code="E113"), InputError, Code.REQUEST_TOO_LARGE),
        (problem(400), InputError, Code.REQUEST_INVALID),
        (problem(401, code="E807"), EngineError, Code.TOKEN_REFUSED),
        (problem(403, code="E808"), EngineError, Code.ORIGIN_REFUSED),
        (problem(429, code="E809"), EngineError, Code.TOO_MANY_REQUESTS),
        (problem(503, code="E803", detail="broken store"), EngineError, Code.STORE_CORRUPT),
        (problem(500), EngineError, Code.ENGINE_UNREACHABLE),
        (problem(405), EngineError, Code.NOT_AN_ENGINE),
        (problem(301), EngineError, Code.NOT_AN_ENGINE),
        (json("a job"), EngineError, Code.NOT_AN_ENGINE),
        (json({"jobs": []}), EngineError, Code.NOT_AN_ENGINE),
    ],
)
async def test_each_refusal_is_its_error(
    say: Handler, kind: type[AuraError], code: Code, server: Scripted, connect: Connect
) -> None:
    server.on(JOB, say)
    error = await failure(connect, server)
    assert type(error) is kind
    assert error.code is code


async def test_a_web_server_is_no_engine(server: Scripted, connect: Connect) -> None:
    async def page(talk: Talk) -> None:
        await talk.answer(404, b"<html>nginx</html>", "text/html")

    server.on(JOB, page)
    error = await failure(connect, server)
    assert error.code is Code.NOT_AN_ENGINE


async def test_what_is_wrong_with_a_request_is_told_by_its_field(
    server: Scripted, connect: Connect
) -> None:
    errors = [
        {"field": "renderSpec.fps", "detail": "fps is out of range"},
        {"field": "voiceSpec.rate", "detail": "rate is out of range"},
    ]
    server.on("/api/jobs", problem(422, detail="fps is out of range", errors=errors))
    with pytest.raises(InputError) as caught:
        await connect(server.url).submit(JobRequest(brief=Brief(text="words")))
    assert caught.value.field == "renderSpec.fps"
    assert "voiceSpec.rate" in caught.value.message
    assert isinstance(caught.value, InvalidRequest)
    assert [(fault.field, fault.message) for fault in caught.value.faults] == [
        ("renderSpec.fps", "fps is out of range"),
        ("voiceSpec.rate", "rate is out of range"),
    ]


async def test_a_fault_from_another_kind_of_server_names_its_field(
    server: Scripted, connect: Connect
) -> None:
    async def refuse(talk: Talk) -> None:
        body = b'{"title": "Bad", "status": 422, "errors": {"priority": ["not a number"]}}'
        await talk.answer(422, body, "application/problem+json")

    server.on("/api/jobs", refuse)
    with pytest.raises(InputError, match="priority: not a number"):
        await connect(server.url).submit(JobRequest(brief=Brief(text="words")))


async def test_a_request_that_cannot_be_is_not_sent(server: Scripted, connect: Connect) -> None:
    with pytest.raises(InputError):
        await connect(server.url).submit(JobRequest())
    assert server.requests == []


async def test_a_job_is_sent_as_the_design_has_it(server: Scripted, connect: Connect) -> None:
    server.on("/api/jobs", json({"jobId": JOB_ID, "status": "Queued"}, 202))
    server.on(JOB, job(fresh_job()))
    request = JobRequest(brief=Brief(topic="T", text="words"), priority=3)
    made = await connect(server.url, token=SECRET).submit(request, correlation_id="c-1")
    assert made == fresh_job()
    (asked,) = server.asked("/api/jobs")
    assert asked.method == "POST"
    assert asked.headers["x-correlation-id"] == "c-1"
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.body == b'{"brief":{"topic":"T","text":"words"},"priority":3}'


async def test_lists_ask_for_what_is_wanted(server: Scripted, connect: Connect) -> None:
    page = JobPage((fresh_job(),), "next")
    server.on("/api/jobs", json({"jobs": [encode.job_payload(fresh_job())], "cursor": "next"}))
    service = connect(server.url)
    assert await service.list(status=JobStatus.FAILED, limit=7, cursor="c") == page
    assert server.requests[0].query == {"status": "Failed", "limit": "7", "cursor": "c"}


async def test_another_api_that_knows_no_jobs_is_not_an_engine(
    server: Scripted, connect: Connect
) -> None:
    body = b'{"type": "about:blank", "title": "Not Found", "status": 404}'
    server.on("/api/health", page(404, "application/problem+json", body))
    server.on("/api/jobs", page(404, "application/problem+json", body))
    with pytest.raises(EngineError) as caught:
        await connect(server.url).list()
    assert caught.value.code is Code.NOT_AN_ENGINE


async def test_odd_ids_stay_within_their_place_in_the_path(
    server: Scripted, connect: Connect
) -> None:
    with pytest.raises(NotFound):
        await connect(server.url).get("../../x?y#z")
    assert server.requests[0].path == "/api/jobs/..%2F..%2Fx%3Fy%23z"


async def test_no_name_breaks_a_request(server: Scripted, connect: Connect) -> None:
    with pytest.raises(NotFound):
        await connect(server.url).get("\udcff")
    server.on("/api/jobs", json({"jobId": JOB_ID, "status": "Queued"}, 202))
    server.on(JOB, job(fresh_job()))
    await connect(server.url).submit(REQUEST, correlation_id="\u00e9\n\x00c")
    assert server.asked("/api/jobs")[-1].headers["x-correlation-id"] == "c"


# --- a server that another one follows


async def test_a_request_that_nobody_got_waits_for_the_next_engine(
    connect: Connect, waits: Waits, tmp_path: Path
) -> None:
    socket = tmp_path / "engine.sock"
    waits.hold = asyncio.Event()
    service = connect(uds=socket, patience_s=20.0)
    submitting = asyncio.create_task(service.submit(REQUEST))
    getting = asyncio.create_task(service.get(JOB_ID))
    await until(lambda: len(waits.seconds) == 2)
    async with Scripted(uds=str(socket)) as engine:
        engine.on("/api/jobs", job(fresh_job()))
        engine.on(JOB, job(fresh_job()))
        waits.hold.set()
        assert await submitting == await getting == fresh_job()
        assert len(engine.asked("/api/jobs")) == 1


async def test_patience_ends(connect: Connect, tmp_path: Path) -> None:
    service = connect(uds=tmp_path / "engine.sock", patience_s=0.05)
    for act in (service.submit(REQUEST), service.get(JOB_ID), service.cancel(JOB_ID)):
        with pytest.raises(EngineError) as caught:
            await act
        assert caught.value.code is Code.ENGINE_UNREACHABLE


@pytest.mark.parametrize("got", [True, False])
async def test_a_submit_whose_answer_was_cut_is_not_done_twice(
    server: Scripted, connect: Connect, *, got: bool
) -> None:
    """The engine ended under it; what the next one has tells whether it had been taken."""

    async def cut(talk: Talk) -> None:
        key = talk.asked.headers["x-correlation-id"]
        found = replace(fresh_job(), correlation_id=key if got else "another")
        listed = encode.page_payload(JobPage((found,), None))
        server.on("/api/jobs", json(listed), job(fresh_job()))
        talk.reset()

    server.on("/api/jobs", cut)
    server.on(JOB, job(fresh_job()))
    made = await connect(server.url, patience_s=20.0).submit(REQUEST)
    assert made.id == JOB_ID
    methods = [asked.method for asked in server.asked("/api/jobs")]
    assert methods == (["POST", "GET"] if got else ["POST", "GET", "POST"])


async def test_each_try_of_a_submit_has_the_key_of_the_first(
    server: Scripted, connect: Connect
) -> None:
    """Whatever answers in between, and a server that knows the key makes one job."""
    for stranger in STRANGERS.values():
        server.requests.clear()
        made: dict[str, Job] = {}

        async def take(talk: Talk, made: dict[str, Job] = made) -> None:
            if talk.asked.method == "GET":
                await json({"jobs": []})(talk)
            else:
                key = talk.asked.headers["idempotency-key"]
                await job(made.setdefault(key, fresh_job(f"job-{len(made)}")))(talk)

        async with connect(server.url, patience_s=20.0) as service:
            for _ in range(2):
                server.on("/api/jobs", stranger, take)
                assert await service.submit(REQUEST)
        assert len(made) == 2
        sent = [asked for asked in server.asked("/api/jobs") if asked.method == "POST"]
        assert len(sent) == 4
        assert len({asked.headers["idempotency-key"] for asked in sent}) == 2


async def test_a_retry_whose_answer_was_lost_is_found(server: Scripted, connect: Connect) -> None:
    earlier = replace(fresh_job("job-2"), retry_of=JOB_ID)
    new = replace(fresh_job("job-3"), retry_of=JOB_ID)

    def listed(*jobs: Job) -> Handler:
        return json(encode.page_payload(JobPage(jobs, None)))

    server.on("/api/jobs", listed(earlier), listed(new, earlier))
    server.on(f"{JOB}/retry", reset)
    assert (await connect(server.url, patience_s=20.0).retry(JOB_ID)).id == "job-3"
    assert len(server.asked(f"{JOB}/retry")) == 1


async def test_a_change_whose_answer_was_lost_is_asked_again_unless_it_is_done(
    server: Scripted, connect: Connect
) -> None:
    paused = replace(fresh_job(), status=JobStatus.PAUSED)
    server.on(f"{JOB}/pause", reset, job(paused))
    server.on(JOB, job(paused))
    assert await connect(server.url, patience_s=20.0).pause(JOB_ID) == paused
    assert len(server.asked(f"{JOB}/pause")) == 1
    # It had not come, and the next try comes behind it.
    server.on(f"{JOB}/pause", reset, refusal(409, "E902"))
    server.on(JOB, job(fresh_job()), job(paused))
    assert await connect(server.url, patience_s=20.0).pause(JOB_ID) == paused


async def test_what_cannot_be_found_afterwards_is_not_asked_again(
    server: Scripted, connect: Connect
) -> None:
    """A job of another kind of server, which knows no idempotency key either."""
    server.on("/api/jobs", reset)
    server.on("/api/health", json({"status": "Healthy"}))
    for correlation_id, known in (("mine", True), ("mine", False), (None, True)):
        service = connect(server.url, patience_s=0.3)
        if known:
            await service.__aenter__()  # which asks what kind it is
        with pytest.raises(EngineError) as caught:
            await service.submit(REQUEST, correlation_id=correlation_id)
        assert "aura-tui jobs" in caught.value.remediation
    assert [asked.method for asked in server.asked("/api/jobs")].count("POST") == 3


async def test_a_submit_by_a_correlation_id_of_the_caller_is_sent_again_by_its_key(
    server: Scripted, connect: Connect
) -> None:
    """Others may have that id, so that no look through the jobs would tell."""
    for known in (False, True):
        server.requests.clear()
        server.on("/api/jobs", reset, reset, job(fresh_job()))
        async with connect(server.url, patience_s=20.0) as service:
            if known:
                server.on(JOB, job(fresh_job()))
                await service.get(JOB_ID)
            assert await service.submit(REQUEST, correlation_id="mine") == fresh_job()
        sent = server.asked("/api/jobs")
        assert [asked.method for asked in sent] == ["POST"] * 3
        assert len({asked.headers["idempotency-key"] for asked in sent}) == 1
        assert {asked.headers["x-correlation-id"] for asked in sent} == {"mine"}


async def test_a_job_that_was_accepted_is_given_whatever_comes_then(
    server: Scripted, connect: Connect
) -> None:
    server.on("/api/jobs", json({"jobId": JOB_ID, "status": "Queued"}, 202))
    for stranger in STRANGERS.values():
        server.on(JOB, stranger)
        async with connect(server.url) as service:
            assert (await service.submit(REQUEST)).id == JOB_ID


# --- something between us and the engine


async def test_a_request_waits_until_the_engine_answers_itself(
    server: Scripted, connect: Connect, waits: Waits
) -> None:
    for reason, stranger in STRANGERS.items():
        async with connect(server.url, patience_s=20.0) as service:
            server.on(JOB, stranger, stranger, job(fresh_job()))
            assert await service.get(JOB_ID) == fresh_job()
        async with connect(server.url) as service:  # no patience: it is named
            server.on(JOB, stranger)
            with pytest.raises(EngineError) as caught:
                await service.get(JOB_ID)
            assert caught.value.code is Code.ENGINE_UNREACHABLE
            assert reason in caught.value.message
            assert "secret" not in caught.value.message


async def test_who_follows_a_job_waits_past_all_patience_and_the_link_says_why(
    server: Scripted, connect: Connect, waits: Waits
) -> None:
    waits.hold = asyncio.Event()
    async with connect(server.url) as service:
        server.on(JOB, page(200), page(200), job(fresh_job()))
        with waiting_out_outages():
            getting = asyncio.create_task(service.get(JOB_ID))
        await until(lambda: service.connection.status is ConnectionStatus.RETRYING)
        assert "a web page answered" in service.connection.reason
        waits.hold.set()
        assert await getting == fresh_job()
        assert service.connection.status is ConnectionStatus.LIVE
        assert service.connection.gap_s is not None


async def test_before_an_engine_was_met_only_what_passes_is_tried_again(
    server: Scripted, connect: Connect
) -> None:
    for passing in (page(502), page(429), page(503, "text/plain"), reset):
        server.on("/api/health", passing, passing, health)
        async with connect(server.url, patience_s=20.0):
            pass
    for lasting in (page(200), page(401), page(403), page(302, Location="/login")):
        server.requests.clear()
        server.on("/api/health", lasting)
        server.on("/api/jobs", lasting)
        with pytest.raises(EngineError) as caught:
            await connect(server.url, patience_s=20.0).__aenter__()
        assert caught.value.code is Code.NOT_AN_ENGINE
        assert len(server.requests) == 2


async def test_what_one_service_met_the_next_one_knows(server: Scripted, connect: Connect) -> None:
    async with connect(server.url) as first:
        pass
    server.on("/api/health", page(200))
    server.on(JOB, page(404), job(fresh_job()))
    async with connect(server.url, peer=first.peer, patience_s=20.0) as service:
        assert await service.get(JOB_ID) == fresh_job()


async def test_a_request_too_large_for_a_proxy_is_not_sent_again(
    server: Scripted, connect: Connect
) -> None:
    server.on("/api/jobs", page(413))
    async with connect(server.url, patience_s=20.0) as service:
        with pytest.raises(EngineError) as caught:
            await service.submit(REQUEST)
    assert "a proxy limits the request size (HTTP 413)" in caught.value.message
    assert len(server.asked("/api/jobs")) == 1
    server.on(JOB, page(413))
    error = await failure(connect, server)
    assert error.message.endswith(
        "isn't an aura-tui server: a web page answered instead of the engine (HTTP 413, text/html)"
    )
    server.on("/api/jobs", refusal(413, "E113", detail="The body is larger than 1 MiB"))
    with pytest.raises(InputError) as own:
        await connect(server.url).submit(REQUEST)
    assert own.value.code is Code.REQUEST_TOO_LARGE


async def test_a_page_is_no_log(server: Scripted, connect: Connect) -> None:
    server.on(f"{JOB}/logs", page(200), page(200, "text/plain", b"one\n"))
    async with connect(server.url, patience_s=20.0) as service:
        assert await service.logs(JOB_ID) == "one\n"


# --- no server, or another one


async def test_no_server_is_said_in_one_line_at_once(connect: Connect) -> None:
    async with Scripted() as gone:
        url, shown = gone.url, f"127.0.0.1:{gone.port}"
    with pytest.raises(EngineError) as caught:
        await connect(url).list()
    assert caught.value.code is Code.ENGINE_UNREACHABLE
    assert caught.value.message == (f"Can't reach an engine at {shown}: the connection was refused")


async def test_a_redirect_to_an_impossible_address_comes_from_no_engine(
    server: Scripted, connect: Connect
) -> None:
    async def nowhere(talk: Talk) -> None:
        await talk.answer(302, b"", "text/html", Location="https://xn--a.com/")

    server.on("/api/health", nowhere)
    with pytest.raises(EngineError) as caught:
        await connect(server.url).__aenter__()
    assert caught.value.code is Code.NOT_AN_ENGINE
    assert "redirected to an invalid address" in caught.value.message


async def test_entering_asks_the_server_what_it_is(server: Scripted, connect: Connect) -> None:
    async with connect(server.url) as service:
        assert [asked.path for asked in server.requests] == ["/api/health"]
        assert service.connection.status is ConnectionStatus.LIVE
    async with Scripted() as other, connect(other.url) as service:
        assert service.connection.status is ConnectionStatus.LIVE  # another kind, but it answers
        url = other.url
    with pytest.raises(EngineError):
        await connect(url).__aenter__()


async def test_a_name_that_cannot_be_resolved_is_said(connect: Connect) -> None:
    with pytest.raises(EngineError) as caught:
        await connect("http://no-such-host.invalid").list()
    assert caught.value.code is Code.ENGINE_UNREACHABLE


async def test_a_socket_that_is_not_there_is_said(connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        await connect(uds=tmp_path / "none.sock").list()
    assert caught.value.code is Code.ENGINE_UNREACHABLE
    assert "socket not found" in caught.value.message


async def test_what_speaks_no_http_is_said(connect: Connect) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(speak, "127.0.0.1", 0)
    with pytest.raises(EngineError):
        await connect(f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}").list()
    other.close()


async def test_a_server_that_never_answers_is_given_up(
    server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(talk: Talk) -> None:
        await talk.hold()

    monkeypatch.setattr(http_client, "ANSWER_S", 0.1)
    server.on(JOB, silent)
    error = await failure(connect, server)
    assert error.code is Code.ENGINE_UNREACHABLE


async def test_an_answer_without_end_is_not_gathered(server: Scripted) -> None:
    async def endless(talk: Talk) -> None:
        await talk.head(200, "application/json")
        while True:
            await talk.send(b" " * 65536)
            await asyncio.sleep(0)

    server.on(JOB, endless)
    client = http_client.Http(of_url(server.url), Secret())
    with pytest.raises(EngineError) as caught:
        await client.request("GET", JOB, limit=1 << 20)
    await client.aclose()
    assert caught.value.code is Code.NOT_AN_ENGINE


async def test_an_answer_that_was_damaged_is_asked_for_once_more(
    server: Scripted, connect: Connect
) -> None:
    async def damaged(talk: Talk) -> None:
        await talk.answer(200, b'{"jobId":"job-1","sta\x01')

    server.on(JOB, damaged, job(fresh_job()))
    service = connect(server.url)
    assert await service.get(JOB_ID) == fresh_job()
    server.on(JOB, damaged)
    assert (await failure(connect, server)).code is Code.ENGINE_UNREACHABLE


async def test_a_compressed_answer_is_not_unpacked(server: Scripted, connect: Connect) -> None:
    async def squeezed(talk: Talk) -> None:
        await talk.answer(200, b"x", Content_Encoding="gzip")

    server.on(JOB, squeezed)
    assert (await failure(connect, server)).code is Code.NOT_AN_ENGINE
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_a_connection_that_was_closed_behind_us_is_no_failure(
    server: Scripted, connect: Connect
) -> None:
    async def gone(talk: Talk) -> None:
        talk.reset()

    server.on(JOB, gone, job(fresh_job()))
    assert await connect(server.url).get(JOB_ID) == fresh_job()


async def test_a_change_is_asked_for_once(server: Scripted, connect: Connect) -> None:
    """Nobody knows whether a job was made when its answer was lost."""

    async def gone(talk: Talk) -> None:
        talk.reset()

    server.on("/api/jobs", gone)
    with pytest.raises(EngineError):
        await connect(server.url).submit(JobRequest(brief=Brief(text="words")))
    assert len(server.requests) == 1


# --- tokens and certificates


async def test_a_token_leaves_for_its_server_alone_and_shows_nowhere(
    server: Scripted, connect: Connect
) -> None:
    server.on(JOB, problem(401, detail=f"bad token {SECRET[:3]}"))
    service = connect(server.url, token=SECRET)
    with pytest.raises(EngineError) as caught:
        await service.get(JOB_ID)
    error = caught.value
    assert error.code is Code.TOKEN_REFUSED
    assert "rejected the token" in error.message
    assert SECRET not in f"{error} {error!r} {error.remediation} {service.connection}"
    assert service.connection.status is ConnectionStatus.LOST


async def test_without_a_token_it_is_said_that_one_is_wanted(
    server: Scripted, connect: Connect
) -> None:
    server.on(JOB, problem(401))
    assert "requires a token" in (await failure(connect, server)).message


def test_a_token_in_the_clear_over_a_network_is_warned_of(connect: Connect) -> None:
    assert connect("http://box:5005", token=SECRET).notices
    assert SECRET not in connect("http://box:5005", token=SECRET).notices[0]
    assert not connect("http://box:5005").notices
    assert not connect("http://127.0.0.1:5005", token=SECRET).notices
    assert not connect("https://box", token=SECRET).notices


def test_a_token_that_can_be_none_is_refused(connect: Connect) -> None:
    for bad in ("a\nb", "\u201cquoted\u201d", "a\x00"):
        with pytest.raises(InputError):
            connect("http://127.0.0.1:1", token=bad)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed one for 127.0.0.1: (certificate, key)."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


async def test_a_certificate_is_trusted_only_where_it_is_named(
    certificate: tuple[Path, Path], connect: Connect
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    async with Scripted(tls=context) as server:
        server.on("/api/health", health)
        server.on(JOB, job(fresh_job()))
        error = await failure(connect, server)
        assert error.code is Code.CERTIFICATE_INVALID
        assert isinstance(error, EngineError)
        trusted = connect(server.url, ca=certificate[0])
        assert await trusted.get(JOB_ID) == fresh_job()
        stream = connect(server.url).events(JOB_ID)
        with pytest.raises(EngineError) as caught:  # it stops at once, too
            await anext(stream)
        assert caught.value.code is Code.CERTIFICATE_INVALID


async def test_tls_to_a_plain_server_and_plain_http_to_a_tls_one_are_each_said(
    server: Scripted, connect: Connect, certificate: tuple[Path, Path]
) -> None:
    with pytest.raises(EngineError) as caught:
        await connect(server.url.replace("http:", "https:")).list()
    assert caught.value.code is Code.NOT_AN_ENGINE
    assert "speaks plain HTTP, not TLS" in caught.value.message
    assert f"--server {server.url}" in caught.value.remediation
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    nginx = b"<h1>400</h1>The plain HTTP request was sent to HTTPS port"
    server.on("/api/health", page(400, body=nginx))
    async with Scripted(tls=context) as silent:  # it closes without a word
        for url in (silent.url.replace("https:", "http:"), server.url):
            with pytest.raises(EngineError) as caught:
                await connect(url).__aenter__()
            assert "speaks TLS, not plain HTTP" in caught.value.message
            assert f"--server {url.replace('http:', 'https:')}" in caught.value.remediation


# --- proxies of the environment


async def test_a_proxy_is_used_for_other_hosts_alone(
    server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("http_proxy", server.url.replace("://", "://user:pass@"))
    monkeypatch.setenv("no_proxy", "direct.invalid")
    server.on("http://render.invalid/api/jobs/job-1", job(fresh_job()))
    server.on(JOB, job(fresh_job()))
    assert await connect("http://render.invalid").get(JOB_ID) == fresh_job()
    assert "proxy-authorization" in server.requests[-1].headers
    server.requests.clear()
    async with Scripted() as here, Scripted(uds=str(tmp_path / "s")) as socket:
        for near in (here, socket):
            near.on(JOB, job(fresh_job()))
        assert await connect(here.url).get(JOB_ID) == fresh_job()
        assert await connect(uds=tmp_path / "s").get(JOB_ID) == fresh_job()
    with pytest.raises(EngineError) as caught:
        await connect("http://direct.invalid").get(JOB_ID)
    assert "resolve its name" in caught.value.message
    assert server.requests == []


async def test_a_proxy_in_trouble_is_told_as_the_proxys(
    server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def said(url: str) -> str:
        with pytest.raises(EngineError) as caught:
            await connect(url).get(JOB_ID)
        assert caught.value.code is Code.ENGINE_UNREACHABLE
        assert "NO_PROXY" in caught.value.remediation
        return caught.value.message

    async with Scripted() as gone:
        url = gone.url
    for proxy, at in (
        (server.url.replace("://", "://user:pass@"), server.port),
        (url, gone_port(url)),
    ):
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy)
        for status in (407, 502):
            server.on("/api/jobs/job-1", page(status))
            server.on("443", page(status))  # a CONNECT
            for target in ("http://render.invalid", "https://render.invalid"):
                message = await said(target)
                assert f"the proxy http://127.0.0.1:{at}" in message
                assert "user:pass" not in message
                assert (str(status) in message) is (proxy != url)


async def test_what_a_socks_proxy_breaks_off_is_an_outage(
    server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ProtocolError(Exception):
        """As of socksio, which httpx hands on as it is."""

        __module__ = "socksio.exceptions"

    async def send(*_: object, **__: object) -> None:
        raise ProtocolError("Malformed reply")

    monkeypatch.setattr("httpx.AsyncClient.send", send)
    with pytest.raises(EngineError) as caught:
        await connect(server.url).get(JOB_ID)
    assert caught.value.code is Code.ENGINE_UNREACHABLE
    assert "refused the connection (Malformed reply)" in caught.value.message
    assert "NO_PROXY" in caught.value.remediation


async def test_a_proxy_of_another_kind_is_refused_with_what_to_do(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # as where it isn't installed
    for proxy, why, todo in (
        ("socks5://user:pass@127.0.0.1:9", "SOCKS support isn't installed", "'httpx[socks]'"),
        ("socks5h://127.0.0.1:9", "SOCKS support isn't installed", "'httpx[socks]'"),
        ("socks4://127.0.0.1:9", "only http, https, socks5 and socks5h proxies", "ALL_PROXY"),
        ("ftp://127.0.0.1:9", "only http, https, socks5 and socks5h proxies", "ALL_PROXY"),
    ):
        monkeypatch.setenv("all_proxy", proxy)
        for target in ("http://render.invalid", "https://render.invalid"):
            with pytest.raises(InputError) as caught:
                await connect(target).get(JOB_ID)
            assert f"Can't use the proxy {proxy.partition(':')[0]}:" in caught.value.message
            assert why in caught.value.message
            assert todo in caught.value.remediation
            assert "NO_PROXY" in caught.value.remediation
            assert "pass" not in caught.value.message


def gone_port(url: str) -> int:
    return int(url.rpartition(":")[2])


async def test_a_log_is_cleaned_line_by_line(server: Scripted, connect: Connect) -> None:
    async def log(talk: Talk) -> None:
        await talk.answer(200, b"one\x1b[31m\ntwo \xff\n" + b"x" * 9000, "text/plain")

    server.on(f"{JOB}/logs", log)
    lines = (await connect(server.url).logs(JOB_ID)).splitlines()
    assert lines[:2] == ["one", "two \ufffd"]
    assert len(lines[2]) == 4000


def test_the_client_is_light_until_it_connects() -> None:
    code = "import sys, aura_tui.client.service; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert not set(out.stdout.split()) & {"httpx", "httpx_sse", "certifi", "textual", "sqlite3"}
