"""The environment that child processes get: without the secrets in ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# As settings.py names them: keys of endpoints, and the token of a server.
_SECRET = re.compile(r"AURA_(?:\w+_)?(?:API_KEY|TOKEN)")


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without keys and tokens of ours: FFmpeg, a voice, a player need none, and what
    they crash into a log, or hand on, may show their environment."""
    return {name: value for name, value in environ.items() if not _SECRET.fullmatch(name)}
