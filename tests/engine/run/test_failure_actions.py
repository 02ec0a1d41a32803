"""The commands that follow a failure."""

from __future__ import annotations

from aura_tui.engine.run.failure import further_actions
from aura_tui.model.events import Problem


def test_each_command_says_what_it_does_and_nothing_that_the_remedy_says() -> None:
    plain = Problem(code="E1", message="m", remediation="Replace it, then retry.")
    assert further_actions("7", plain) == (
        "aura-tui retry 7  (reuses finished work)",
        "aura-tui logs 7  (the whole log)",
    )
    told = Problem(code="E1", message="m", remediation="Retry the job; finished work is reused.")
    assert further_actions("7", told)[0] == "aura-tui retry 7"
