"""What ``aura-tui serve`` can be told."""

from __future__ import annotations

from pathlib import Path

import msgspec

from aura_tui.wire import routes


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What each token may have: streams at once; new jobs (retries too) and changes (cancels,
    pauses, resumes) a minute. 0 is none, None is no limit."""

    streams: int | None = 10
    jobs_a_minute: int | None = 5
    cancels_a_minute: int | None = 10


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection may take, whoever it is. Sizes in bytes, times in seconds."""

    head_bytes: int = 32 * 1024  # of a request line with its headers
    body_bytes: int = 8 * 1024 * 1024  # a brief of the greatest length, escaped
    head_s: float = 10.0  # to send a request's head, and to begin with one
    body_s: float = 30.0  # between two pieces of a body, and behind body_bytes_a_second
    body_bytes_a_second: float = 4096.0
    idle_s: float = 60.0  # between two requests
    stall_s: float = 30.0  # a reader that takes nothing this long is dropped
    connections: int = 4096


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen and for whom.

    ``tokens`` is the file of ``tokens.py``. ``origins`` are web pages that may use the server
    ("https://studio.example"). ``hosts`` are further names that the server is reached by when it
    listens on loopback (behind a proxy that passes the name on).
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
