"""``python -m tests.server.program HOME``: a server process over small stages, until a signal."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aura_tui.engine.service import EmbeddedService
from aura_tui.server import tokens
from aura_tui.server.options import ServeOptions
from aura_tui.server.serve import serve
from aura_tui.settings import EngineSettings, Settings
from tests.engine.stages import SmallStages


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(home: Path) -> None:
    """Serve."""
    settings = Settings(home=home, engine=EngineSettings(min_free_mb=1))
    options = ServeOptions(tokens=home / tokens.FILE, port=0)
    asyncio.run(
        serve(lambda: EmbeddedService(settings, stages=SmallStages()), settings, options, say=_say)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
