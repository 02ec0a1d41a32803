"""Shows the board over a job or all jobs, from the first frame to the exit status."""

from __future__ import annotations

import asyncio
import gc

from aura_tui.cli.session.exit_status import EXIT_INTERRUPTED, EXIT_LEFT, EXIT_OF_STATUS
from aura_tui.cli.session.foreground import (
    Ending,
    ForegroundJob,
    leave_signals,
    say_accepted,
    say_continues,
    say_resumable,
)
from aura_tui.cli.session.messages import print_error, report_error
from aura_tui.errors import AuraError
from aura_tui.replay.recorder import Recorder
from aura_tui.system import crash_report, output


def show_board(what: ForegroundJob) -> int:
    """Show the board until the user quits it."""
    # Objects created before the first frame stay: collecting garbage takes a tenth of that time.
    gc.disable()  # until that frame, see ui/run.py
    try:
        return crash_report.run_reporting(_board(what), report_error)
    finally:
        gc.enable()


async def _board(what: ForegroundJob) -> int:
    ending = Ending(what)
    try:
        return await _show(what, ending)
    finally:
        await ending.settle()


async def _show(what: ForegroundJob, ending: Ending) -> int:
    from aura_tui.ui.run import board
    from aura_tui.ui.state.options import BoardOptions
    from aura_tui.ui.state.quit import Leave
    from aura_tui.views.plain import end_lines

    recorder = Recorder(what)
    options = BoardOptions(
        settings=what.settings,
        owns=what.owns,
        read_only=what.read_only,
        remote=what.remote,
        mode=what.mode,
        place=what.place,
        background=what.hand_over is not None,
    )
    loop = asyncio.get_running_loop()
    begin = recorder.begin if what.begin is not None else None
    task = asyncio.create_task(board(recorder.open, begin, options, lambda: what.interrupt(True)))
    received: list[int] = []

    def leave(number: int) -> None:
        ending.on_signal(number)
        if not received:  # a second one must not stop the engine's own closing
            task.cancel()
        received.append(number)

    for each in leave_signals():
        loop.add_signal_handler(each, leave, int(each))
    try:
        outcome = await task
    except AuraError as e:
        say_accepted(what, recorder.job_id, e)
        raise
    except asyncio.CancelledError:
        if not received:
            raise
        if ending.hands_over:
            return 128 + received[0]
        how = (
            "Stopped. Resume with"
            if what.hand_over is not None
            else "Stopped watching. Unfinished jobs continue; follow one with"
        )
        print_error(f"{how}: aura-tui watch{what.where}")
        return 128 + received[0]
    if outcome.leave in (Leave.BACKGROUND, Leave.STOP):
        ending.decided = True
    for notice in outcome.notices:  # visible after the board has left the screen
        print_error(f"Warning: {notice}")
    if outcome.job is not None and outcome.job.status.ended:
        for line in end_lines(outcome.job):
            output.OUTPUT.say(line)
    if outcome.leave is Leave.BACKGROUND:
        assert what.hand_over is not None
        await asyncio.to_thread(what.hand_over)
        print_error("Running in the background. Show it from any terminal with: aura-tui")
        return 0
    if outcome.interrupted:
        if outcome.job is not None and not what.owns:
            say_continues(what, outcome.job)
        return EXIT_INTERRUPTED
    if what.begin is None:
        if outcome.leave is Leave.STOP:
            print_error("Stopped. Resume with: aura-tui")
        elif outcome.leave is Leave.CANCEL:
            print_error("Cancelled. Finished work is kept; see: aura-tui jobs")
        return 0
    if outcome.job is None:
        return EXIT_LEFT
    if what.hand_over is not None:
        say_resumable(what, outcome.job)
    elif what.owns:
        say_continues(what, outcome.job)
    # Quitting a board on another process's engine is never a failure.
    return EXIT_OF_STATUS.get(outcome.job.status, EXIT_LEFT if what.owns else 0)
