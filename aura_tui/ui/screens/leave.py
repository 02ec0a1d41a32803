"""What becomes of the runs that this program is at work on, when the person leaves."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.ui.screens.dialog import Dialog, Option
from aura_tui.ui.stakes import name
from aura_tui.ui.theme import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from aura_tui.model.job import Job
    from aura_tui.ui.glyphs import Glyphs

_LISTED = 4


class Leave(Enum):
    """STOP leaves the runs as they are, to go on later; CANCEL ends them."""

    STAY = "stay"
    BACKGROUND = "background"
    STOP = "stop"
    CANCEL = "cancel"


class LeaveScreen(Dialog[Leave]):
    """Asks; enter hands the runs to the background engine where there can be one, else stays.

    ``jobs`` are not over; some of them may wait for their turn.
    """

    def __init__(self, jobs: Sequence[Job], can_background: bool, glyphs: Glyphs) -> None:
        count = len(jobs)
        them = "it" if count == 1 else "them"
        options = [
            Option(
                Leave.BACKGROUND,
                "background",
                f"Leave {them} to the background",
                "goes on by itself",
            ),
            Option(Leave.STAY, "stay", "Stay", "go back to the board"),
            Option(Leave.STOP, "stop", "Stop here, go on later", "aura-tui watch goes on"),
            Option(Leave.CANCEL, "cancel", f"Cancel {them}", "what is finished is kept"),
        ]
        runs = "a run is" if count == 1 else f"{count} runs are"
        super().__init__(
            f"Leave while {runs} under way?",
            options if can_background else options[1:],
            glyphs,
            stay=Leave.STAY,
        )
        self._jobs = tuple(jobs)

    def body(self) -> Iterable[Widget]:
        for job in self._jobs[:_LISTED]:
            sign = self.glyphs.job(job.status)
            yield self.line(Content.assemble((f"{sign} ", MUTED), name(job)))
        if (more := len(self._jobs) - _LISTED) > 0:
            yield self.line(Content.styled(f"and {more} more", MUTED))
