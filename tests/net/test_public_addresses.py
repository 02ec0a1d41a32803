"""What a reply points at: reached at a public address, at the very one that was looked at."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from aura_tui.errors import Code, StageError, Transient
from aura_tui.net import public_addresses
from aura_tui.providers import openai_client as openai_client_
from aura_tui.providers.openai_client import Failure, OpenAIClient
from aura_tui.settings import Secret
from tests.providers.loopback import Loopback, Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "sk-pictures-0123456789"
FAILURE = Failure(
    Code.VISUALS_PROVIDER_UNAVAILABLE, Code.VISUALS_PROVIDER_REFUSED, Code.PICTURE_INVALID
)


def endpoint(base_url: str, timeout_s: float = 5.0) -> OpenAIClient:
    return OpenAIClient(
        base_url=base_url,
        api_key=Secret(KEY),
        timeout_s=timeout_s,
        name="The images endpoint",
        failure=FAILURE,
    )


class Listener:
    """A real one, over TLS where a context is given; it keeps what it is sent."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.reached = 0
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        self._server = await asyncio.start_server(self._take, host, port, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reached += 1
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nPNG")
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        finally:
            writer.close()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


HERE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0", "localhost",
    "127.0.0.2", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "LOCALHOST.", "[::127.0.0.1]",
)  # fmt: skip


@pytest.mark.parametrize("host", HERE)
async def test_a_reply_leads_to_no_listener_of_this_machine(host: str) -> None:
    listener = Listener()
    port = await listener.open("0.0.0.0")
    try:
        async with Loopback() as server:
            for scheme in ("https", "http"):
                with pytest.raises(StageError) as caught:
                    await endpoint(server.url).get_bytes(
                        f"{scheme}://{host}:{port}/admin", max_bytes=10
                    )
                assert caught.value.code in (FAILURE.invalid, FAILURE.unavailable)
                if host == "127.0.0.1" and scheme == "https":
                    assert "this machine or its network" in caught.value.message
                    assert not isinstance(caught.value, Transient)
    finally:
        await listener.close()
    assert listener.reached == 0


async def test_the_same_of_ipv6() -> None:
    listener = Listener()
    try:
        port = await listener.open("::1")
    except OSError:
        pytest.skip("no IPv6 here")
    try:
        with pytest.raises(StageError, match="this machine or its network"):
            await endpoint("http://127.0.0.1:9").get_bytes(f"https://[::1]:{port}/", max_bytes=10)
    finally:
        await listener.close()
    assert listener.reached == 0


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """``pictures.example`` has the given addresses: those of the first look, of the second, ...
    What was asked for is in the list that it gives."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def install(*answers: list[str]) -> list[str]:
        def getaddrinfo(host: Any, port: Any, *more: Any, **named: Any) -> Any:
            if host not in ("pictures.example", b"pictures.example"):
                return real(host, port, *more, **named)
            found = answers[min(len(asked), len(answers) - 1)]
            asked.append("pictures.example")
            return [each for address in found for each in real(address, port, *more, **named)]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return install


async def test_a_name_of_a_private_address_is_not_connected_to(
    resolver: Callable[..., list[str]],
) -> None:
    listener = Listener()
    port = await listener.open("127.0.0.1")
    asked = resolver(["127.0.0.1"])
    try:
        with pytest.raises(StageError, match="this machine or its network"):
            await endpoint("http://127.0.0.1:9").get_bytes(
                f"https://pictures.example:{port}/a.png", max_bytes=10
            )
    finally:
        await listener.close()
    assert asked
    assert listener.reached == 0


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for ``pictures.example``, which endpoints trust here."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=x", "-addext", "subjectAltName=DNS:pictures.example",
         "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    trusts = ssl.create_default_context(cafile=str(cert))
    monkeypatch.setattr(openai_client_, "_tls", functools.cache(lambda: trusts))
    return context


@pytest.mark.parametrize("others", [[], ["10.9.9.9", "127.0.0.3"]], ids=["alone", "among others"])
async def test_it_connects_to_the_address_that_was_looked_at(
    resolver: Callable[..., list[str]],
    authority: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    others: list[str],
) -> None:
    """A second look would give 127.0.0.2, where another listener waits; 127.0.0.1 is taken for
    public here, and 127.0.0.4, where nobody listens, too."""
    monkeypatch.setattr(
        public_addresses, "is_public", lambda each: each in ("127.0.0.1", "127.0.0.4")
    )
    asked = resolver([*others, "127.0.0.4", "127.0.0.1"], ["127.0.0.2"])
    meant, rebound = Listener(), Listener()
    names: list[str] = []
    authority.sni_callback = lambda _socket, name, _context: names.append(name)
    port = await meant.open("127.0.0.1", tls=authority)
    await rebound.open("127.0.0.2", port)
    try:
        _, data = await endpoint("http://127.0.0.1:9").get_bytes(
            f"https://pictures.example:{port}/a.png?sig=1", max_bytes=10
        )
    finally:
        await meant.close()
        await rebound.close()
    assert data == b"PNG"
    assert len(asked) == 1
    assert names == ["pictures.example"]
    (head,) = meant.heads
    assert head.startswith(b"GET /a.png?sig=1 HTTP/1.1\r\n")
    assert f"Host: pictures.example:{port}\r\n".encode() in head
    assert KEY.encode() not in head
    assert rebound.reached == 0


async def test_a_certificate_of_another_name_is_refused(
    resolver: Callable[..., list[str]], authority: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_addresses, "is_public", lambda each: each == "127.0.0.1")
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **named: real(
            "127.0.0.1" if "other.example" in str(host) else host, *more, **named
        ),
    )
    listener = Listener()
    port = await listener.open("127.0.0.1", tls=authority)
    try:
        with pytest.raises(StageError, match="can't be trusted"):
            await endpoint("http://127.0.0.1:9").get_bytes(
                f"https://other.example:{port}/", max_bytes=10
            )
    finally:
        await listener.close()
    assert listener.heads == []


async def test_the_endpoint_itself_may_be_anywhere() -> None:
    async with Loopback() as server:
        server.will(Reply(body=b"PNG", type="image/png"))
        await endpoint(f"{server.url}/v1").get_bytes(f"{server.url}/a.png", max_bytes=10)
        assert server.requests[0].path == "/a.png"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12::1", "fec0::1", "ff02::1",
        "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "2002:7f00:1::", "2001::1",
        "2002:c0a8:101::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808",
        "2001:db8::1", "localhost", "", "1", "127.0.0.1:80",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not public_addresses.is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "172.32.0.1"],
)
def test_what_is_public(address: str) -> None:
    assert public_addresses.is_public(address)
