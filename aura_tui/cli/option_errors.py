"""Makes errors about a request name the command-line option instead of the request's field."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from aura_tui.errors import AuraError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTION_OF_FIELD: Final = {
    "brief.aspect": "--aspect",
    "brief.language": "--language",
    "options.burnCaptions": "--burn-captions",
    "options.fresh": "--fresh",
    "options.motion": "--still",
    "options.script": "--script",
    "options.speech": "--speech",
    "options.theme": "--theme",
    "options.visuals": "--visuals",
    "planSpec.targetDuration": "--duration",
    "priority": "--priority",
    "renderSpec.fps": "--fps",
    "renderSpec.qualityLevel": "--quality",
    "renderSpec.res": "--resolution",
    "voiceSpec.rate": "--rate",
    "voiceSpec.voiceName": "--voice",
}


@contextlib.contextmanager
def as_options() -> Iterator[None]:
    """Rewrite errors raised in the block, also a remote engine's: ``renderSpec.fps`` becomes
    ``--fps``."""
    try:
        yield
    except InvalidRequest as e:
        for fault in e.faults:
            _rename(fault)
        raise InvalidRequest(e.faults) from None
    except AuraError as e:
        _rename(e)
        raise


def _rename(error: AuraError) -> None:
    option = OPTION_OF_FIELD.get(error.field or "")
    if option is not None and error.field and error.message.startswith(f"{error.field} "):
        error.message = option + error.message.removeprefix(error.field)
