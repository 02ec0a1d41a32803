"""The endpoint client, against a real server on loopback, faults included."""

from __future__ import annotations

import asyncio
import email.utils
import re
import time
import traceback
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, InputError, StageError, Transient
from aura_tui.providers.openai_client import Failure, OpenAIClient, Refused
from aura_tui.settings import Secret
from tests.providers.loopback import Loopback, Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "sk-very-secret-1234"
FAILURE = Failure(
    Code.SPEECH_PROVIDER_UNAVAILABLE, Code.SPEECH_PROVIDER_REFUSED, Code.SPEECH_REPLY_INVALID
)


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with Loopback() as loopback:
        yield loopback


def endpoint(base_url: str, *, key: str = KEY, timeout_s: float = 10.0) -> OpenAIClient:
    return OpenAIClient(
        base_url=base_url,
        api_key=Secret(key),
        timeout_s=timeout_s,
        name="The speech endpoint",
        failure=FAILURE,
    )


async def test_json_goes_out_with_the_key_and_comes_back_decoded(server: Loopback) -> None:
    server.will(json_reply({"ok": [1, 2]}))
    client = endpoint(server.url + "/v1/")
    assert await client.post_json("/chat/completions", {"model": "m"}) == {"ok": [1, 2]}
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.json() == {"model": "m"}
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"


async def test_each_call_is_a_line_of_the_log_without_the_key(server: Loopback) -> None:
    usage = {"prompt_tokens": 1812, "completion_tokens": 340}
    server.will(json_reply({"usage": usage}), json_reply({}), Reply(body=b"x" * 2500))
    lines: list[str] = []
    client = endpoint(server.url)
    host = f"127.0.0.1:{server.port}"
    await client.post_json("/x", {"model": f"m\n{KEY}"}, log=lines.append)
    await client.post_json("/x", {}, log=lines.append)
    await client.post("/x", {"model": "tts"}, max_bytes=5000, log=lines.append)
    shown = [re.sub(r"in \d+\.\d s", "in 0.1 s", line) for line in lines]
    assert shown == [
        f"m *** at {host} replied: 0.1 KB in 0.1 s, 1,812 tokens in, 340 out",
        f"the model at {host} replied: 0.0 KB in 0.1 s",
        f"tts at {host} replied: 2.5 KB in 0.1 s",
    ]


async def test_without_a_key_no_authorization_is_sent(server: Loopback) -> None:
    server.will(json_reply({}))
    await endpoint(server.url, key="").post_json("/x", {})
    assert "authorization" not in server.requests[0].headers


async def test_a_query_of_the_base_url_is_kept(server: Loopback) -> None:
    server.will(json_reply({}))
    await endpoint(server.url + "/v1?api-version=2").post_json("/x", {})
    assert server.requests[0].path == "/v1/x?api-version=2"


async def test_bytes_come_with_their_media_type(server: Loopback) -> None:
    server.will(Reply(body=b"RIFF", type="Audio/WAV; codec=1"))
    reply = await endpoint(server.url).post("/audio/speech", {}, max_bytes=100)
    assert reply == ("audio/wav", b"RIFF")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
async def test_a_passing_trouble_is_transient(server: Loopback, status: int) -> None:
    server.will(Reply(status, headers=(("Retry-After", "7"),)))
    with pytest.raises(Transient) as caught:
        await endpoint(server.url).post_json("/x", {})
    assert caught.value.code is Code.SPEECH_PROVIDER_UNAVAILABLE
    assert caught.value.retry_after_s == 7
    assert str(status) in caught.value.message


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [("in a minute", 30, 61), ("a minute ago", 0, 0), ("1e12", 3600, 3600), ("-5", 0, 0)],
)
async def test_retry_after_is_read_and_bounded(
    server: Loopback, header: str, low: float, high: float
) -> None:
    offset = {"in a minute": 60, "a minute ago": -60}.get(header)
    if offset is not None:
        header = email.utils.formatdate(time.time() + offset, usegmt=True)
    server.will(Reply(503, headers=(("Retry-After", header),)))
    with pytest.raises(Transient) as caught:
        await endpoint(server.url).post_json("/x", {})
    assert caught.value.retry_after_s is not None
    assert low <= caught.value.retry_after_s <= high


@pytest.mark.parametrize("header", ["nan", "soon", "", "Fri, 99 Foo 2026 99:99:99 GMT"])
async def test_a_retry_after_that_makes_no_sense_is_none(server: Loopback, header: str) -> None:
    server.will(Reply(503, headers=(("Retry-After", header),)))
    with pytest.raises(Transient) as caught:
        await endpoint(server.url).post_json("/x", {})
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "base_url"),
        (401, "Check the api_key"),
        (402, "billing"),
        (403, "Check the api_key"),
        (404, "Check base_url and model"),
        (422, "base_url"),
        (501, "base_url"),
        (204, "base_url"),
        (307, "final address"),
    ],
)
async def test_a_refusal_is_final_and_says_the_status(
    server: Loopback, status: int, remedy: str
) -> None:
    server.will(Reply(status, headers=(("Location", "/elsewhere"),)))
    with pytest.raises(Refused) as caught:
        await endpoint(server.url).post_json("/x", {})
    assert caught.value.status == status
    assert caught.value.code is Code.SPEECH_PROVIDER_REFUSED
    assert remedy in caught.value.remediation
    assert len(server.requests) == 1


async def test_an_account_out_of_money_is_not_tried_again(server: Loopback) -> None:
    server.will(json_reply({"error": {"message": "quota", "code": "insufficient_quota"}}, 429))
    with pytest.raises(Refused, match="quota exceeded"):
        await endpoint(server.url).post_json("/x", {})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":{"message":"no such\\u001b[31m voice\\n"}}', "no such voice"),
        (b'{"error":"plain"}', ": plain"),
        (b'{"detail":[{"msg":"field required"}]}', "field required"),
        (b"just text", "just text"),
        (b"<html>nginx</html>", "(HTTP 400)"),
        (b"[1]", "(HTTP 400)"),
        (b"[" * 60_000, "(HTTP 400)"),
    ],
)
async def test_the_endpoints_own_words_are_shown_clean_and_short(
    server: Loopback, body: bytes, said: str
) -> None:
    server.will(Reply(400, body))
    with pytest.raises(Refused) as caught:
        await endpoint(server.url).post_json("/x", {})
    assert said in caught.value.message
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe", b"[" * 100_000, b'{"a":'])
async def test_a_reply_that_is_not_json_is_invalid(server: Loopback, body: bytes) -> None:
    server.will(Reply(body=body, type="text/html"))
    with pytest.raises(StageError, match="not JSON") as caught:
        await endpoint(server.url).post_json("/x", {})
    assert caught.value.code is Code.SPEECH_REPLY_INVALID
    assert not isinstance(caught.value, Transient)


async def test_a_body_past_the_limit_is_not_read_to_its_end(server: Loopback) -> None:
    server.will(Reply(body=b"x" * 5_000_000))
    with pytest.raises(StageError, match="larger than 1000 bytes") as caught:
        await endpoint(server.url).post("/x", {}, max_bytes=1000)
    assert caught.value.code is Code.SPEECH_REPLY_INVALID


async def test_a_compressed_body_is_refused(server: Loopback) -> None:
    server.will(Reply(body=b"\x1f\x8b", headers=(("Content-Encoding", "gzip"),)))
    with pytest.raises(StageError, match="compressed"):
        await endpoint(server.url).post_json("/x", {})
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"{}" + b" " * 1000, trickle_s=0.01),
        Reply(hang=True),
        Reply(body=b"{}", delay_s=30),
    ],
    ids=["trickle", "hang", "slow"],
)
async def test_a_slow_endpoint_ends_at_the_deadline(server: Loopback, reply: Reply) -> None:
    server.will(reply)
    # Whoever waits longer gets an answer of two of them, and none of the one that hangs.
    with pytest.raises(Transient, match=r"not answered within 0\.3 s"):
        await endpoint(server.url, timeout_s=0.3).post_json("/x", {})


@pytest.mark.parametrize(
    "reply", [Reply(reset=True), Reply(body=b"{}" * 100, cut_after=50)], ids=["reset", "cut"]
)
async def test_a_broken_connection_is_transient(server: Loopback, reply: Reply) -> None:
    server.will(reply)
    with pytest.raises(Transient, match="closed the connection"):
        await endpoint(server.url).post_json("/x", {})


async def test_nobody_there_is_transient_and_names_the_address(server: Loopback) -> None:
    port = server.port
    await server.__aexit__(None, None, None)
    with pytest.raises(Transient, match=f"127.0.0.1:{port} can't be reached"):
        await endpoint(f"http://127.0.0.1:{port}").post_json("/x", {})
    await server.__aenter__()


async def test_https_to_a_plain_port_is_final(server: Loopback) -> None:
    with pytest.raises(StageError, match="doesn't speak TLS") as caught:
        await endpoint(f"https://127.0.0.1:{server.port}", timeout_s=5).post_json("/x", {})
    assert caught.value.code is Code.SPEECH_PROVIDER_UNAVAILABLE
    assert not isinstance(caught.value, Transient)


async def test_a_cancel_ends_the_call_as_a_cancel(server: Loopback) -> None:
    server.will(Reply(hang=True))
    task = asyncio.create_task(endpoint(server.url).post_json("/x", {}))
    async with asyncio.timeout(5):
        while not server.requests:
            await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "reply",
    [
        json_reply({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401),
        Reply(reset=True),
        Reply(hang=True),
        Reply(body=b"no json"),
        Reply(503, f"key {KEY} is throttled".encode()),
    ],
    ids=["echo", "reset", "hang", "invalid", "busy"],
)
async def test_the_key_appears_nowhere(server: Loopback, reply: Reply) -> None:
    server.will(reply)
    client = endpoint(server.url, timeout_s=0.3)
    with pytest.raises(StageError) as caught:
        await client.post_json("/x", {})
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert KEY not in f"{caught.value!r} {caught.value.message} {client!r}"
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["", "ftp://x/v1", "api.example.com/v1", "http://", "http://u:p@x/v1", "http://[::1"]
)
def test_a_base_url_that_cannot_be_is_bad_input(url: str) -> None:
    with pytest.raises(InputError) as caught:
        endpoint(url)
    assert caught.value.code is Code.SETTINGS_INVALID
    assert "u:p" not in str(caught.value)


def test_a_key_that_cannot_be_a_header_is_bad_input_and_is_not_shown() -> None:
    with pytest.raises(InputError) as caught:
        endpoint("http://127.0.0.1/v1", key="sk-\u201csecret\u201d")
    assert caught.value.code is Code.SETTINGS_INVALID
    assert "secret" not in str(caught.value) + caught.value.remediation


async def test_a_picture_is_fetched_with_the_key_only_from_the_endpoint_itself(
    server: Loopback,
) -> None:
    async with Loopback() as other:
        server.will(Reply(body=b"PNG", type="image/png"))
        client = endpoint(server.url + "/v1")
        reply = await client.get_bytes(server.url + "/files/1.png", max_bytes=10)
        assert reply == ("image/png", b"PNG")
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.requests[0].method == "GET"
        for url in (other.url + "/1.png", "file:///etc/passwd", "data:,x", "http://[::1"):
            with pytest.raises(StageError, match="not an https URL"):
                await client.get_bytes(url, max_bytes=10)
        assert other.requests == []
