"""Serving: ``serve`` for the network, ``listening`` for the user's other terminals.

Commands import only this module of the server, inside functions: it imports starlette and uvicorn.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import resource
import signal
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.errors import Code, EngineError
from aura_tui.server.app import ServerApp
from aura_tui.server.auth import Access
from aura_tui.server.listener import Listener, tls_context
from aura_tui.server.options import Bounds
from aura_tui.server.tokens import TokenFile
from aura_tui.service import Interrupting
from aura_tui.system import files
from aura_tui.system.processes import suspend_with_children
from aura_tui.wire import unix_socket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from aura_tui.server.options import ServeOptions
    from aura_tui.service import JobService
    from aura_tui.settings import Settings

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_UNIX_BOUNDS = Bounds()
_FILES_EACH = 2  # open files per connection: its socket, and a file that it sends
_KEPT_FILES = 512  # reserved for the engine; at most half of the limit


async def serve(
    open_service: Callable[[], AbstractAsyncContextManager[JobService]],
    settings: Settings,
    options: ServeOptions,
    *,
    socket_path: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
    on_listening: Callable[[tuple[str, ...]], None] = lambda urls: None,
    access_log: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP (unless nohup ignores it), or until ``stop`` is set
    (then signals are the caller's).

    ``open_service`` is entered once the addresses are bound. ``socket_path``: also listen on a Unix
    socket there. ``say`` prints a line for the user: the addresses when ready, warnings;
    ``on_listening`` is called with their URLs; ``access_log`` with a line per request, without
    waiting. Raises EngineError (ADDRESS_REFUSED) if listening is not possible or not safe.
    """
    tokens = TokenFile(options.tokens)
    addresses = await _addresses(options.host, options.port)
    loopback = all(_is_loopback(address) for _, address in addresses)
    if not loopback and not tokens:
        raise _needs_tokens(options)
    tls = tls_context(options.certificate, options.key) if options.certificate else None
    bounds = _fit_file_limit(options.bounds)
    sockets = _bind(addresses, options)
    access = Access(tokens, loopback=loopback, origins=options.origins, hosts=options.hosts)
    stopped = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = [each for each in _STOP_SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    if stop is None:
        for number in signals:
            loop.add_signal_handler(number, stopped.set)
        suspend_with_children(loop)
    try:
        async with contextlib.AsyncExitStack() as stack:
            service = await stack.enter_async_context(open_service())
            for notice in service.notices:
                say(f"Warning: {notice}")
            app = ServerApp(
                service,
                settings,
                limits=options.limits,
                bounds=bounds,
                heartbeat_s=options.heartbeat_s,
                access_log=access_log,
            )
            stack.push_async_callback(app.broadcaster.aclose)
            listener = Listener(app.with_access(access), bounds, tls, access_log)
            app.listeners.append(listener)
            listeners = [listener]
            if socket_path is not None:
                listeners.append(await stack.enter_async_context(_on_unix(app, socket_path)))
            for sock in sockets:
                await listener.listen(sock)
            urls = _urls(options, sockets)
            on_listening(urls)
            for url in urls:
                say(f"Serving on {url}")
            if bounds.connections < options.bounds.connections:
                say(
                    f"Warning: at most {bounds.connections:,} connections: the open-file "
                    "limit is low. Raise it (ulimit -n)."
                )
            for line in _access_text(options, tokens, loopback=loopback):
                say(line)
            if socket_path is not None:
                say(f"Serving this user's terminals on {socket_path}")
            await stopped.wait()
            if isinstance(service, Interrupting):
                await service.interrupt_jobs()
            app.broadcaster.end("The server is stopping; its jobs resume when it restarts")
            await asyncio.gather(*(each.aclose() for each in listeners))
    finally:
        for sock in sockets:
            sock.close()
        if stop is None:
            for number in signals:
                loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def listening(
    service: JobService,
    settings: Settings,
    path: Path,
    *,
    on_work: Callable[[str], None] = lambda job_id: None,
) -> AsyncIterator[ServerApp]:
    """Listen on a Unix socket at ``path`` while the block runs: for this user only, without a
    token. Every engine does so.

    Replaces a stale socket. ``on_work`` is called with the id of each job that is submitted,
    retried or resumed through it. Raises EngineError if another process listens there, or if the
    socket can't be created.
    """
    app = ServerApp(service, settings, on_work=on_work)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(app.broadcaster.aclose)
        listener = await stack.enter_async_context(_on_unix(app, path))
        try:
            yield app
        finally:
            app.broadcaster.end("The engine is stopping; its jobs resume when an engine starts")
            await listener.aclose()


@contextlib.asynccontextmanager
async def _on_unix(app: ServerApp, path: Path) -> AsyncIterator[Listener]:
    sock = await asyncio.to_thread(listen_unix, path)
    inode = _inode(path)
    listener = Listener(app.with_access(None), _UNIX_BOUNDS)
    app.listeners.append(listener)
    try:
        await listener.listen(sock)
        yield listener
    finally:
        # Remove only our own socket: another engine may have replaced it meanwhile.
        if inode is not None and _inode(path) == inode:
            path.unlink(missing_ok=True)
        await listener.aclose()
        sock.close()


def listen_unix(path: Path) -> socket.socket:
    """A listening socket bound at ``path``, mode 0600. Replaces a stale socket.

    It is bound under a temporary name and then renamed, so that it never appears with another mode
    or before it listens. Raises EngineError if another process listens there, or if the folder is
    not writable.
    """
    if unix_socket.listens(path):
        raise EngineError(
            Code.ENGINE_BUSY,
            f"Another process is listening on {path}",
            "Use that engine, wait until it stops, or set AURA_HOME to another folder.",
        )
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with files.replacing(path, synced=False) as part:
            with unix_socket.address(part) as address:
                sock.bind(address)
            part.chmod(0o600)
            sock.listen(128)
            sock.setblocking(False)
    except OSError as e:
        sock.close()
        raise EngineError(
            Code.HOME_UNUSABLE,
            f"Can't create the socket {path}: {e.strerror or e}",
            "Set AURA_HOME to a folder on a local disk that you can write to.",
        ) from None
    return sock


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


# -- the network ----------------------------------------------------------------------------------


async def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError, OverflowError):
        raise EngineError(
            Code.ADDRESS_REFUSED,
            f"No address found for {host!r}, port {port}",
            "Set --host to a name or address of this machine, and --port to a number "
            "from 0 to 65535.",
        ) from None
    return list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))


def _is_loopback(address: str) -> bool:
    return ip_address(address.partition("%")[0]).is_loopback


def _needs_tokens(options: ServeOptions) -> EngineError:
    return EngineError(
        Code.ADDRESS_REFUSED,
        f"{options.host or 'Every address'} is reachable from other machines, but no token exists",
        "Create one with: aura-tui token add NAME; or omit --host to serve only this machine.",
    )


def _bind(
    addresses: list[tuple[socket.AddressFamily, str]], options: ServeOptions
) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    port = options.port
    try:
        for family, address in addresses:
            try:
                sock = socket.socket(family, socket.SOCK_STREAM)
            except OSError as e:
                if e.errno == errno.EAFNOSUPPORT and len(addresses) > 1:
                    continue  # a kernel without IPv6
                raise
            sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((address, port))
            sock.setblocking(False)
            port = sock.getsockname()[1]  # with port 0: use the chosen port for all addresses
    except OSError as e:
        for sock in sockets:
            sock.close()
        taken = e.errno == errno.EADDRINUSE
        raise EngineError(
            Code.ADDRESS_REFUSED,
            f"Can't use port {port} on {options.host}: "
            + ("another process is listening there" if taken else e.strerror or str(e)),
            "Stop that process, or choose another --port."
            if taken
            else "Choose another --host or --port.",
        ) from None
    return sockets


def _fit_file_limit(bounds: Bounds) -> Bounds:
    """Raise the open-file limit as far as the connections need and the system allows; returns
    ``bounds`` with as many connections as fit. Some files stay reserved for the engine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return bounds
    wanted = bounds.connections * _FILES_EACH + _KEPT_FILES
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            soft = limit
    left = soft - min(_KEPT_FILES, soft // 2)
    return replace(bounds, connections=max(1, min(bounds.connections, left // _FILES_EACH)))


def _urls(options: ServeOptions, sockets: list[socket.socket]) -> tuple[str, ...]:
    scheme = "https" if options.certificate else "http"
    urls = []
    for sock in sockets:
        host, port = sock.getsockname()[:2]
        shown = f"[{host}]" if sock.family == socket.AF_INET6 else host
        urls.append(f"{scheme}://{shown}:{port}")
    return tuple(urls)


def _access_text(options: ServeOptions, tokens: TokenFile, *, loopback: bool) -> list[str]:
    lines = []
    if not tokens.required:
        lines.append(
            "No token is required: any user of this machine has access. "
            "Create one with: aura-tui token add NAME"
        )
    else:
        lines.append(f"A token is required: one of those in {options.tokens}")
    if tokens.trouble:
        lines.append(f"Warning: every token is rejected: {tokens.trouble}")
    elif not loopback and not options.certificate:
        lines.append(
            "Warning: tokens and videos are sent unencrypted. Set --certificate and "
            "--key, or serve behind a TLS proxy."
        )
    return lines
