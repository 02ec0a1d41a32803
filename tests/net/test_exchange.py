"""One exchange over real sockets: bounded, never redirected, every failure named."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from aura_tui.net import exchange
from aura_tui.net.exchange import ExchangeFailure, Fault
from aura_tui.net.headers import MAX_RETRY_AFTER_S, is_compressed, media_type, retry_after_s
from tests.client.scripted import Scripted

if TYPE_CHECKING:
    from tests.client.scripted import Talk

_LIMITS = httpx.Timeout(0.3, connect=1.0)


async def ask(
    url: str, *, max_bytes: int = 100, cut: bool = False, head_s: float | None = None
) -> tuple[int, bytes]:
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as client:
        request = client.build_request("GET", url, timeout=_LIMITS)
        async with exchange.send(client, request, head_s=head_s) as response:
            return response.status_code, await exchange.read(response, max_bytes, cut=cut)


async def failing(url: str, *, head_s: float | None = None) -> ExchangeFailure:
    with pytest.raises(ExchangeFailure) as caught:
        await ask(url, head_s=head_s)
    return caught.value


async def test_a_body_is_read_up_to_its_limit() -> None:
    async def body(talk: Talk) -> None:
        await talk.answer(200, b"x" * 101, "text/plain")

    async with Scripted() as server:
        server.on("/", body)
        assert await ask(server.url, max_bytes=101) == (200, b"x" * 101)
        assert await ask(server.url, cut=True) == (200, b"x" * 100)
        failure = await failing(server.url)
        assert (failure.fault, failure.detail) == (Fault.TOO_LARGE, "100 bytes")


async def test_a_redirect_is_an_answer_and_one_to_no_address_is_named() -> None:
    async def elsewhere(talk: Talk) -> None:
        await talk.answer(302, b"", "text/html", Location="/there")

    async with Scripted() as server:
        server.on("/", elsewhere)
        assert await ask(server.url) == (302, b"")
        assert [asked.path for asked in server.requests] == ["/"]
        for address in ("https://xn--a.com/", "http://xn--zzzzzzzzz/", "http://[::bad/", "//\x7f"):

            async def nowhere(talk: Talk, address: str = address) -> None:
                await talk.answer(302, b"", "text/html", Location=address)

            server.on("/", nowhere)
            assert (await failing(server.url)).fault is Fault.REDIRECT


async def test_every_failure_has_a_name_and_keeps_no_exception_of_httpx() -> None:
    async def silent(talk: Talk) -> None:
        await talk.head(200, "text/plain")
        await talk.hold()

    async def mute(talk: Talk) -> None:
        await talk.hold()

    async def reset(talk: Talk) -> None:
        talk.reset()

    async def short(talk: Talk) -> None:
        await talk.head(200, "text/plain", {"Content-Length": "50"})
        await talk.send(b"some")

    async def other(talk: Talk) -> None:
        await talk.send(b"\x00\x01 not HTTP\r\n\r\n")

    async with Scripted() as server:
        port = server.port
        for handler, faults in (
            (silent, {Fault.SILENT}),
            (reset, {Fault.RESET, Fault.PROTOCOL}),
            (short, {Fault.PROTOCOL}),
            (other, {Fault.PROTOCOL}),
        ):
            server.on("/", handler)
            assert (await failing(server.url)).fault in faults
        server.on("/", mute)
        assert (await failing(server.url, head_s=0.1)).fault is Fault.HEAD_TIMEOUT
        assert (await failing(server.url.replace("http:", "https:"))).fault is Fault.NOT_TLS
    refused = await failing(f"http://127.0.0.1:{port}")
    assert (refused.fault, refused.detail) == (Fault.UNREACHED, "the connection was refused")
    unknown = await failing("http://no-such-host.invalid")
    assert (unknown.fault, unknown.detail) == (Fault.UNREACHED, "can't resolve its name")


async def test_what_the_caller_raises_passes_as_it_is() -> None:
    async def body(talk: Talk) -> None:
        await talk.answer(200, b"x", "text/plain")

    async with Scripted() as server, httpx.AsyncClient(trust_env=False) as client:
        server.on("/", body)
        request = client.build_request("GET", server.url)
        with pytest.raises(KeyError):
            async with exchange.send(client, request):
                raise KeyError
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), exchange.send(client, request):
                await asyncio.Event().wait()


def test_headers_are_read_in_one_way() -> None:
    assert media_type({"content-type": " Text/HTML ; charset=x\r\n"}) == "text/html"
    assert media_type({}) == ""
    assert [is_compressed({"content-encoding": each}) for each in ("gzip", "identity")] == [1, 0]
    assert not is_compressed({})
    for value, seconds in (("7", 7), ("-3", 0), ("1e9", MAX_RETRY_AFTER_S), ("2.5", 2.5)):
        assert retry_after_s({"retry-after": value}) == seconds
    for nothing in ("", "soon", "nan", "inf", "Mon, 99 Foo", "Thu, 01 Jan 99999999999999999999"):
        assert retry_after_s({"retry-after": nothing}) is None
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}) == MAX_RETRY_AFTER_S
