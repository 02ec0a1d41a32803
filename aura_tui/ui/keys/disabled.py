"""Why a key has no effect now: a message is better than a key that seems broken."""

from __future__ import annotations

from textual.binding import Binding

from aura_tui.ui.keys import bindings

_CHANGES = {
    "cancel_run": "Only queued, running or paused jobs can be cancelled",
    "pause_run": "Only running jobs can be paused",
    "retry_run": "Only failed or cancelled jobs can be retried",
}
# Fallbacks on the keys of changing actions, for when those are disabled.
BINDINGS = tuple(
    Binding(each.key, f"idle('{each.action}')", id=each.id, show=False)
    for each in bindings.APP
    if each.action in (*_CHANGES, "new_job")
)


def reason(action: str, *, looks_on: bool, recorded: bool) -> str:
    """Why the changing ``action`` is disabled now; "" without a particular reason."""
    if recorded:
        return "Jobs in a recording can't be changed"
    if looks_on:
        return "Read-only: this board was started with --read-only"
    return _CHANGES.get(action, "")
