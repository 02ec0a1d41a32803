"""Why a key has no effect now: a message is better than a key that seems broken."""

from __future__ import annotations

from textual.binding import Binding

from aura_tui.ui.keys import bindings

_CHANGES = {
    "cancel_run": "Only queued, running or paused jobs can be cancelled",
    "undo_cancel": "",  # the board knows more
    "pause_run": "Only running jobs can be paused",
    "retry_run": "Only failed or cancelled jobs can be retried",
    "new_job": "",
}
_NO_VIDEO = "Only succeeded jobs have a video"
_VIEWS = {
    "open_result": _NO_VIDEO,
    "copy_result": _NO_VIDEO,
    "save_result": _NO_VIDEO,
    "follow": "No job in the list is running",
    "pane": "No job is shown",
    "ffmpeg_log": "No job is shown",
    "part": "No job is shown",
    "next_pane": "",
}
# Fallbacks on the keys of actions, for when those are disabled.
BINDINGS = tuple(
    Binding(each.key, f"idle('{each.action.partition('(')[0]}')", id=each.id, show=False)
    for each in bindings.APP
    if each.action.partition("(")[0] in (*_CHANGES, *_VIEWS)
)


def reason(action: str, *, looks_on: bool, recorded: bool, nothing: str) -> str:
    """Why ``action`` is disabled now; "" without a particular reason. ``nothing``: why there is no
    job that it could mean; "" if there is one."""
    if action in _CHANGES:
        if recorded:
            return "Jobs in a recording can't be changed"
        if looks_on:
            return "Read-only: this board was started with --read-only"
    why = (_CHANGES | _VIEWS).get(action, "")
    return nothing if nothing and why else why
