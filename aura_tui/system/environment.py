"""The environment of child processes: ours, without its secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# The names in settings.py: API keys of endpoints, and the token of a server.
_SECRET = re.compile(r"AURA_(?:\w+_)?(?:API_KEY|TOKEN)")


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without our keys and tokens. FFmpeg, voices and players need none, and could
    leak their environment into a crash log or to other programs."""
    return {name: value for name, value in environ.items() if not _SECRET.fullmatch(name)}
