"""FFmpeg as a separate program: find it (``locate``), run it (``job``), and parse its output
(``progress``, ``failure``). Its libraries are never loaded into our process."""

from __future__ import annotations

from aura_tui.providers.ffmpeg.locate import FFmpeg, find_ffmpeg, locate

__all__ = ["FFmpeg", "find_ffmpeg", "locate"]
