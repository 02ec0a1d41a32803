"""Every key of the board, in one place. Footer and help are made from these; nothing else binds.

Each has an id, so that a key map can move it.
"""

from __future__ import annotations

from textual.binding import Binding

APP = (
    Binding("c", "cancel_run", "Cancel", id="run.cancel", tooltip="Cancel the run; asks first"),
    Binding("p", "pause_run", "Pause", id="run.pause", tooltip="Pause the run, or let it go on"),
    Binding("p", "resume_run", "Resume", id="run.resume", tooltip="Let the paused run go on"),
    Binding("question_mark", "help", "Help", id="app.help", key_display="?"),
    Binding("q", "quit", "Quit", id="app.quit", tooltip="Close; asks while the run is on"),
    Binding("ctrl+q", "quit", "Quit", id="app.quit-always", show=False, priority=True),
    Binding(
        "ctrl+c",
        "interrupt",
        "Cancel at once",
        id="app.interrupt",
        show=False,
        priority=True,
        tooltip="Cancel at once; copies a selection",
    ),
)
STAGES = (
    Binding("down,j", "move(1)", "Next stage", id="stages.next", show=False),
    Binding("up,k", "move(-1)", "Previous stage", id="stages.previous", show=False),
    Binding(
        "enter,space",
        "open",
        "Open",
        id="stages.toggle",
        tooltip="Open or close a stage",
    ),
)
LOG = (
    Binding("down,j", "scroll_down", "Down", id="log.down", show=False),
    Binding("up,k", "scroll_up", "Up", id="log.up", show=False),
    Binding("end,G", "scroll_end", "Follow", id="log.follow", tooltip="To the end, and follow"),
)
RESULT = (
    Binding(
        "enter",
        "app.quit",
        "Close",
        id="result.close",
        tooltip="Close the board",
    ),
)
CONFIRM = (
    Binding("left,right,up,down,h,j,k,l", "other", "Choose", id="confirm.other", show=False),
    Binding("enter,space", "take", "Take", id="confirm.take", show=False),
    Binding("y", "answer(True)", "Cancel the run", id="confirm.yes", show=False),
    Binding("n,escape,q", "answer(False)", "Keep running", id="confirm.no", show=False),
)
HELP = (Binding("escape,question_mark,q,enter", "dismiss", "Close", id="help.close", show=False),)

# What the help screen tells, in its order.
GROUPS = (("The run", APP), ("Stages", STAGES), ("Log", LOG), ("At the end", RESULT))
