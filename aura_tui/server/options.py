"""The options of ``aura-tui serve``."""

from __future__ import annotations

from pathlib import Path

import msgspec

from aura_tui.wire import routes


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of each token: open streams; new jobs (including retries) and changes (cancels,
    pauses, resumes, deletes) per minute. 0: none allowed; None: no limit."""

    streams: int | None = 10
    jobs_a_minute: int | None = 5
    cancels_a_minute: int | None = 10


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of every connection. Sizes in bytes, times in seconds."""

    head_bytes: int = 32 * 1024  # of a request line with its headers
    body_bytes: int = 8 * 1024 * 1024  # the longest brief, with JSON escapes
    head_s: float = 10.0  # to send a request's head, also the first one
    body_s: float = 30.0  # between two parts of a body; also how far to lag body_bytes_a_second
    body_bytes_a_second: float = 4096.0
    idle_s: float = 60.0  # between two requests
    stall_s: float = 30.0  # until a client that reads nothing is dropped
    connections: int = 4096


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen, and who may connect.

    ``tokens`` is the file of ``tokens.py``. ``origins`` are the allowed CORS origins
    ("https://studio.example"). ``hosts`` are additional names to accept in the Host header when
    listening on loopback (behind a proxy that passes it on).
    """

    tokens: Path
    host: str = "127.0.0.1"
    port: int = routes.DEFAULT_PORT
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    limits: Limits = Limits()
    bounds: Bounds = Bounds()
    heartbeat_s: float = 10.0
