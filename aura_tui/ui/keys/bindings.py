"""All key bindings of the board. The key bar and the help are built from them.

Each has an id, by which the config file can move it (``[board.keys]``).
"""

from __future__ import annotations

from textual.binding import Binding

# Of the job under the cursor; in its result they are for the file there.
FILES = (
    Binding(
        "o", "open_result", "Open", id="result.open", show=False, tooltip="Open the finished video"
    ),
    Binding("y", "copy_result", "Copy path", id="result.copy", show=False, tooltip="Copy its path"),
    Binding(
        "s", "save_result", "Save as", id="result.save", show=False, tooltip="Save it elsewhere"
    ),
)
APP = (
    *FILES,
    Binding("c", "cancel_run", "Cancel", id="run.cancel", tooltip="Cancel the job; asks first"),
    Binding("u", "undo_cancel", "Undo cancel", id="run.undo", tooltip="Undo the last cancel"),
    Binding(
        "r", "retry_run", "Retry", id="run.retry", tooltip="Retry the job; shows the plan first"
    ),
    Binding("p", "pause_run", "Pause", id="run.pause", tooltip="Pause or resume the job"),
    Binding("p", "resume_run", "Resume", id="run.pause", tooltip="Resume the job"),
    Binding("n", "new_job", "New", id="job.new", tooltip="Create a job"),
    Binding(
        "f",
        "follow(True)",
        "Follow",
        id="board.follow",
        show=False,
        tooltip="Follow the running job",
    ),
    Binding(
        "f", "follow(False)", "Following", id="board.follow", tooltip="Stop following running jobs"
    ),
    Binding("right_square_bracket", "failed(1)", "Next failed", id="jobs.next-failed", show=False),
    Binding(
        "left_square_bracket",
        "failed(-1)",
        "Previous failed",
        id="jobs.previous-failed",
        show=False,
    ),
    Binding("1", "pane('jobs')", "Jobs", id="pane.jobs", show=False, tooltip="Go to the jobs"),
    Binding("2", "pane('job')", "Job", id="pane.job", show=False, tooltip="Go to the job"),
    Binding("3", "pane('log')", "Log", id="pane.log", show=False, tooltip="Go to its log"),
    Binding("l", "next_pane(1)", "Next pane", id="pane.next", show=False),
    Binding("h", "next_pane(-1)", "Previous pane", id="pane.previous", show=False),
    Binding("L", "show_log", "Log", id="board.log", tooltip="Show only the log, or the job again"),
    Binding(
        "F",
        "ffmpeg_log",
        "FFmpeg's log",
        id="job.ffmpeg-log",
        show=False,
        tooltip="Open FFmpeg's log of the job in the pager",
    ),
    Binding(
        "i",
        "part('settings')",
        "Setup",
        id="board.settings",
        show=False,
        tooltip="Toggle the job's own settings",
    ),
    Binding(
        "v",
        "part('preview')",
        "Preview",
        id="board.preview",
        show=False,
        tooltip="Toggle the newest picture",
    ),
    Binding(
        "t",
        "part('timeline')",
        "Timeline",
        id="board.timeline",
        show=False,
        tooltip="Toggle the timeline",
    ),
    Binding(
        "R",
        "reconnect",
        "Reconnect",
        id="link.reconnect",
        tooltip="Retry the connection now, or start an engine",
    ),
    Binding(
        "escape",
        "to_jobs",
        "Back",
        id="board.back",
        tooltip="Go back: from the log or picture to the job, from the job to the list",
    ),
    Binding(
        "question_mark", "help", "Help", id="app.help", key_display="?", tooltip="Show all keys"
    ),
    Binding("q", "quit", "Quit", id="app.quit", tooltip="Quit; asks if jobs are running"),
    Binding(
        "ctrl+l",
        "redraw",
        "Redraw",
        id="app.redraw",
        show=False,
        tooltip="Redraw the screen",
    ),
    Binding("ctrl+q", "quit", "Quit", id="app.quit-always", show=False, priority=True),
    Binding(
        "ctrl+c",
        "interrupt",
        "Stop",
        id="app.interrupt",
        show=False,
        priority=True,
        tooltip="Quit, asks first; twice: cancel and quit",
    ),
    Binding(
        "ctrl+z",
        "suspend_process",
        "Suspend",
        id="app.suspend",
        show=False,
        tooltip="Suspend the board and its jobs; fg resumes them",
    ),
)
# On a board that plays a recording, wherever no text is typed.
REPLAY = (
    Binding(
        "space",
        "replay_toggle",
        "Play/pause",
        id="replay.toggle",
        priority=True,
        tooltip="Pause or continue; at the end, start again",
    ),
    Binding("left", "replay_step(-5)", "5 s back", id="replay.back", priority=True),
    Binding("right", "replay_step(5)", "5 s on", id="replay.on", priority=True),
    Binding(
        "shift+left",
        "replay_step(-30)",
        "30 s back",
        id="replay.far-back",
        show=False,
        priority=True,
    ),
    Binding(
        "shift+right", "replay_step(30)", "30 s on", id="replay.far-on", show=False, priority=True
    ),
    Binding("plus", "replay_speed(1)", "Faster", id="replay.faster", priority=True),
    Binding("minus", "replay_speed(-1)", "Slower", id="replay.slower", priority=True),
)
JOBS = (
    Binding("down,j", "move(1)", "Next job", id="jobs.next", show=False),
    Binding("up,k", "move(-1)", "Previous job", id="jobs.previous", show=False),
    Binding("pagedown", "page(1)", "Page down", id="jobs.page-down", show=False),
    Binding("pageup", "page(-1)", "Page up", id="jobs.page-up", show=False),
    Binding("home,g", "first", "First job", id="jobs.first", show=False),
    Binding("end,G", "last", "Last job", id="jobs.last", show=False),
    Binding("enter", "open", "Open", id="jobs.open", tooltip="Show the job"),
    Binding(
        "space", "mark", "Mark", id="jobs.mark", tooltip="Mark; keys then act on all marked jobs"
    ),
    Binding(
        "slash",
        "filter",
        "Filter",
        id="jobs.filter",
        key_display="/",
        priority=True,  # the next keys are typed into the filter
        tooltip="Filter by words, or status:failed",
    ),
    Binding("escape", "clear", "Clear", id="jobs.clear", tooltip="Clear the marks or the filter"),
    Binding(
        "asterisk",
        "mark_many('all')",
        "Mark all",
        id="jobs.mark-all",
        key_display="*",
        show=False,
        tooltip="Mark all in the list",
    ),
    Binding(
        "M",
        "mark_many('range')",
        "Mark range",
        id="jobs.mark-range",
        show=False,
        tooltip="Mark all from the last mark to here",
    ),
    Binding(
        "exclamation_mark",
        "mark_many('others')",
        "Mark others",
        id="jobs.invert",
        key_display="!",
        show=False,
        tooltip="Mark all others instead",
    ),
    Binding("S", "sort", "Sort", id="jobs.sort", show=False, tooltip="Sort by the next column"),
    Binding(
        "z",
        "fold",
        "Attempts",
        id="jobs.fold",
        show=False,
        tooltip="Show or hide earlier attempts",
    ),
)
FILTER = (
    Binding("escape", "leave", "Clear", id="filter.clear", tooltip="Clear the filter"),
    Binding("down", "move(1)", "Next job", id="filter.next", show=False),
    Binding("up", "move(-1)", "Previous job", id="filter.previous", show=False),
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
    Binding("pagedown", "page(1)", "Page down", id="stages.page-down", show=False),
    Binding("pageup", "page(-1)", "Page up", id="stages.page-up", show=False),
    Binding("home,g", "first", "First scene", id="stages.first", show=False),
    Binding("end,G", "follow", "Running scenes", id="stages.follow", show=False),
)
LOG = (
    Binding("down,j", "move(1)", "Down", id="log.down", show=False),
    Binding("up,k", "move(-1)", "Up", id="log.up", show=False),
    Binding("pagedown", "page(1)", "Page down", id="log.page-down", show=False),
    Binding("pageup", "page(-1)", "Page up", id="log.page-up", show=False),
    Binding("home,g", "first", "Go to the start", id="log.first", show=False),
    Binding("end,G", "follow", "Follow", id="log.follow", tooltip="Go to the end and follow"),
    Binding("left", "sideways(-1)", "Left", id="log.left", show=False),
    Binding("right", "sideways(1)", "Right", id="log.right", show=False),
    Binding(
        "slash",
        "search",
        "Search",
        id="log.search",
        key_display="/",
        tooltip="Search",
        priority=True,  # as above
    ),
    Binding("n", "match(1)", "Next", id="log.next-match", tooltip="Next match"),
    Binding("N", "match(-1)", "Previous match", id="log.previous-match", show=False),
    Binding("escape", "clear_search", "Clear", id="log.clear", tooltip="Clear the search"),
    Binding("e", "first_error", "Error", id="log.first-error", tooltip="Go to the first error"),
    Binding(
        "s",
        "severity",
        "Severity",
        id="log.severity",
        tooltip="Cycle severity: all, warnings, errors",
    ),
    Binding("w", "wrap", "Wrap", id="log.wrap", show=False, tooltip="Toggle wrap"),
    Binding("y", "copy", "Copy", id="log.copy", tooltip="Copy the matching lines, or all lines"),
)
# In the search input.
SEARCH = (
    Binding("enter", "keep", "Keep", id="search.keep"),
    Binding("escape", "clear", "Clear", id="search.clear"),
    Binding("down", "match(1)", "Next match", id="search.next", show=False),
    Binding("up", "match(-1)", "Previous match", id="search.previous", show=False),
)
RESULT = (
    Binding("o", "open", "Open", id="result.open", tooltip="Open the file"),
    Binding("y", "copy", "Copy path", id="result.copy", tooltip="Copy the path"),
    Binding("s", "save", "Save as", id="result.save", tooltip="Save the file elsewhere"),
    Binding("down,j", "move(1)", "Next file", id="result.next", show=False),
    Binding("up,k", "move(-1)", "Previous file", id="result.previous", show=False),
    Binding("pagedown", "page(1)", "Page down", id="result.page-down", show=False),
    Binding("pageup", "page(-1)", "Page up", id="result.page-up", show=False),
    Binding("home,g", "first", "Go to the start", id="result.first", show=False),
    Binding("end,G", "last", "Go to the end", id="result.last", show=False),
)
DIALOG = (
    Binding(
        "down,right,j,l", "other(1)", "Next answer", id="dialog.next", show=False, priority=True
    ),
    Binding(
        "up,left,k,h",
        "other(-1)",
        "Previous answer",
        id="dialog.previous",
        show=False,
        priority=True,
    ),
    Binding("pagedown", "page(1)", "Page down", id="dialog.page-down", show=False),
    Binding("pageup", "page(-1)", "Page up", id="dialog.page-up", show=False),
    Binding(
        "escape,q",
        "stay",
        "Close",
        id="dialog.close",
        show=False,
        tooltip="Close",
    ),
)
# A yes-or-no question; escape answers "no", too.
CONFIRM = (
    Binding("y", "answer(True)", "Yes", id="confirm.yes", show=False),
    Binding("n", "answer(False)", "No", id="confirm.no", show=False),
)
CHOICE = (Binding("enter,space", "press", "Answer", id="choice.take", show=False),)
# Keys that move the focus have priority: the keys typed right after them go to the new field.
# ctrl+s has none: it submits everything typed before it.
FORM = (
    Binding("ctrl+s", "submit", "Start", id="form.submit"),
    Binding("tab", "field(1)", "Next field", id="form.next", show=False, priority=True),
    Binding(
        "shift+tab", "field(-1)", "Previous field", id="form.previous", show=False, priority=True
    ),
    Binding("enter,down", "step(1)", "Next field", id="form.down", show=False, priority=True),
    Binding("up", "step(-1)", "Previous field", id="form.up", show=False, priority=True),
    Binding("escape", "stay", "Close", id="form.close"),
)
NEW_JOB = (
    Binding(
        "f2",
        "voice('list')",
        "List voices",
        id="form.voices",
        show=False,
        tooltip="List the voices, in the field for the voice",
    ),
    Binding(
        "ctrl+r",
        "clear",
        "Clear",
        id="form.clear",
        show=False,
        tooltip="Empty all fields; again to restore them",
    ),
)
# In the list of voices.
SAMPLE = (
    Binding(
        "f2",
        "voice('sample')",
        "Sample",
        id="voices.sample",
        show=False,
        tooltip="Play a sample of a voice in the list",
    ),
)
# In a list with a filter, which takes the letters.
LIST = (
    Binding("enter", "choose", "Choose", id="list.choose", show=False, priority=True),
    Binding("down", "move(1)", "Next", id="list.next", show=False, priority=True),
    Binding("up", "move(-1)", "Previous", id="list.previous", show=False, priority=True),
    Binding("pagedown", "page(1)", "Page down", id="list.page-down", show=False),
    Binding("pageup", "page(-1)", "Page up", id="list.page-up", show=False),
    Binding("escape", "stay", "Close", id="list.close", show=False),
)
# Not in the help's rows: its border names it.
PALETTE = (
    Binding(
        "ctrl+p",
        "command_palette",
        "Commands",
        id="app.palette",
        show=False,
        tooltip="List all commands with their keys",
    ),
)
PICKER = (
    Binding(
        "right,l,space",
        "other(1)",
        "Next value",
        id="picker.next",
        show=False,
        priority=True,
    ),
    Binding(
        "left,h",
        "other(-1)",
        "Previous value",
        id="picker.previous",
        show=False,
        priority=True,
    ),
)
HELP = (
    Binding("escape,question_mark,q,enter", "dismiss", "Close", id="help.close", show=False),
    Binding("j", "scroll(1)", "Down", id="help.down", show=False),
    Binding("k", "scroll(-1)", "Up", id="help.up", show=False),
)

# The groups of the help screen, in order.
GROUPS = (
    ("Job", tuple(binding for binding in APP if binding not in FILES)),
    ("Jobs", JOBS),
    ("Stages", STAGES),
    ("Log", LOG),
    ("Finished job", RESULT),
    ("Dialogs", DIALOG + CONFIRM + CHOICE),
    ("Forms", FORM + NEW_JOB + SAMPLE + PICKER),
)
# Bindings that change something; a read-only board has none of them.
CHANGING = frozenset(
    {"run.cancel", "run.undo", "run.retry", "run.pause", "job.new"}
    | {"jobs.mark", "jobs.mark-all", "jobs.mark-range", "jobs.invert"}
    | {str(each.id) for each in FORM + NEW_JOB + SAMPLE + PICKER}
)
