"""Children: owned, paused, killed with everything they spawned, dead with their parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from aura_tui.system.active_clock import ActiveClock
from aura_tui.system.processes import OutputTooLarge, ProcessGroup, continue_here, stop_here
from tests.waiting import alive, below, state, until

SPAWN_A_CHILD = (
    "import subprocess,sys,time;"
    "p=subprocess.Popen([sys.executable,'-c','import time;time.sleep(60)']);"
    "print(p.pid,flush=True);time.sleep(60)"
)


async def test_run_returns_both_streams_and_the_code() -> None:
    code = "import sys;d=sys.stdin.read();print(d*2);print('e',file=sys.stderr);sys.exit(3)"
    done = await ProcessGroup().run([sys.executable, "-c", code], input=b"ab")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"abab\n", b"e\n")


async def test_kill_reaches_grandchildren() -> None:
    children = ProcessGroup()
    process = await children.spawn([sys.executable, "-c", SPAWN_A_CHILD])
    assert process.stdout
    grandchild = int(await process.stdout.readline())
    await children.kill()
    assert process.returncode == -signal.SIGKILL
    await until(lambda: not alive(grandchild))
    assert children.pids == ()


LEAVE_A_CHILD = (
    "import subprocess,sys;"
    "p=subprocess.Popen(['sleep','60'],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL);"
    "print(p.pid,flush=True)"
)


async def test_what_an_ended_child_left_behind_ends_with_its_owner() -> None:
    done = await ProcessGroup().run([sys.executable, "-c", LEAVE_A_CHILD])
    assert done.returncode == 0
    await until(lambda: not alive(int(done.stdout)))


async def test_kill_and_pause_reach_what_an_ended_child_left_behind() -> None:
    children = ProcessGroup()
    process = await children.spawn([sys.executable, "-c", LEAVE_A_CHILD])
    assert process.stdout
    left = int(await process.stdout.readline())
    await process.wait()
    other = await children.spawn(["sleep", "60"])
    children.pause()
    await until(lambda: state(left) == "T")
    children.resume()
    await until(lambda: state(left) == "S")
    await children.kill()
    await until(lambda: not alive(left))
    assert other.returncode == -signal.SIGKILL


async def test_too_much_on_both_streams_is_one_error() -> None:
    code = "import os\nwhile True: os.write(1, b'x' * 4096); os.write(2, b'x' * 4096)"
    with pytest.raises(OutputTooLarge):
        await ProcessGroup().run([sys.executable, "-c", code], max_output=1)


async def test_nothing_spawns_after_kill() -> None:
    children = ProcessGroup()
    await children.kill()
    with pytest.raises(asyncio.CancelledError):
        await children.spawn(["true"])


async def test_cancelling_the_task_ends_the_child() -> None:
    children = ProcessGroup()
    task = asyncio.create_task(children.run(["sleep", "60"]))
    await until(lambda: children.pids)
    pid = children.pids[0]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(pid)


async def test_pause_stops_the_child_and_its_timeout() -> None:
    children = ProcessGroup()
    task = asyncio.create_task(children.run(["sleep", "0.3"], timeout_s=5))
    await until(lambda: children.pids)
    children.pause()
    await until(lambda: state(children.pids[0]) == "T")
    before = children.clock.seconds()
    assert children.clock.seconds() == before
    children.resume()
    assert (await task).returncode == 0


async def test_a_child_is_not_spawned_while_paused() -> None:
    children = ProcessGroup()
    children.pause()
    task = asyncio.create_task(children.run(["true"]))
    await asyncio.sleep(0)
    assert not children.pids
    children.resume()
    assert (await task).returncode == 0


async def test_a_timeout_ends_the_child() -> None:
    children = ProcessGroup()
    with pytest.raises(TimeoutError):
        await children.run(["sleep", "60"], timeout_s=0.05)
    assert children.pids == ()


async def test_output_is_bounded() -> None:
    with pytest.raises(OutputTooLarge):
        await ProcessGroup().run(["cat", "/dev/zero"], max_output=1000)


def test_the_clock_stands_still_while_paused() -> None:
    now = 0.0
    clock = ActiveClock(lambda: now)
    now = 2.0
    clock.pause()
    now = 50.0
    assert clock.seconds() == 2.0
    clock.resume()
    now = 51.0
    assert clock.seconds() == 3.0


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_children_die_when_the_parent_is_killed() -> None:
    code = (
        "import asyncio;from aura_tui.system.processes import ProcessGroup as Children\n"
        "async def main():\n"
        "    p=await Children().spawn(['sleep','60'])\n"
        "    print(p.pid,flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.005)


# A process with a paused child and one at work. It starts another one, and the stop comes while
# that has been forked, and nobody knows its id yet. It says its children's ids, and when it
# continues, what it sees then.
SUSPENDED = """
import asyncio, os, signal, sys
from aura_tui.system import processes
from aura_tui.system.processes import ProcessGroup

SLEEP = ["sleep", "60"]

def say(*words):
    print(*words, flush=True)

async def main(where):
    loop = asyncio.get_running_loop()
    paused, working, new = ProcessGroup(), ProcessGroup(), ProcessGroup()
    known = [await group.spawn(SLEEP) for group in (paused, working)]
    paused.pause()
    stood = paused.clock.seconds()
    say(*(process.pid for process in known))
    if where == "fork":  # a handler that interrupts the fork itself
        signal.signal(signal.SIGTSTP, lambda *_: processes.stop_here())
        signal.signal(signal.SIGCONT, lambda *_: processes.continue_here())
        preexec, parent = processes.preexec, os.getpid()
        def once():
            processes.preexec = preexec
            return lambda: os.kill(parent, signal.SIGTSTP)
        processes.preexec = once
        starting = asyncio.create_task(new.spawn(SLEEP))
    else:  # on the loop, while it connects the pipes
        processes.suspend_with_children(loop)
        starting = asyncio.create_task(new.spawn(SLEEP))
        loop.call_soon(processes.stop_here)
    await asyncio.sleep(0)
    later = asyncio.create_task(working.spawn(SLEEP))  # not before the stop is over
    process = await starting
    ran = working.clock.seconds()
    say(process.pid, (await later).pid, ran, paused.clock.seconds() == stood)
    paused.resume()
    say("resumed")
    await asyncio.sleep(60)

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("where", ["fork", "loop"])
async def test_a_stop_reaches_a_child_whose_owner_doesn_t_know_it_yet(where: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SUSPENDED, where), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        paused, working = map(int, (await process.stdout.readline()).split())
        await until(lambda: state(process.pid) == "T")
        (new,) = {*below(process.pid)} - {paused, working}  # and no fourth one
        await until(lambda: all(state(pid) == "T" for pid in (paused, working, new)))
        stopped_at = time.monotonic()
        await until(lambda: time.monotonic() - stopped_at > 0.5)
        process.send_signal(signal.SIGCONT)
        known, later, ran, stood = (await process.stdout.readline()).split()
        assert (int(known), float(ran) < 0.5, stood) == (new, True, b"True")
        await until(lambda: all(state(pid) == "S" for pid in (working, new, int(later))))
        assert state(paused) == "T" or (await process.stdout.readline()) == b"resumed\n"
        await until(lambda: state(paused) == "S")
    finally:
        process.kill()
        await process.communicate()


async def test_a_continue_before_the_stop_takes_it_back() -> None:
    children = ProcessGroup()
    starting = asyncio.create_task(children.spawn(["sleep", "60"]))
    await asyncio.sleep(0)
    stop_here()  # the child is being started: this returns at once
    assert not children.paused
    continue_here()
    process = await starting  # and we were not stopped
    await until(lambda: state(process.pid) == "S")
    await children.kill()


async def test_a_pause_and_a_resume_before_the_stop_count_when_it_is_over() -> None:
    paused, resumed, starting = ProcessGroup(), ProcessGroup(), ProcessGroup()
    children = [await group.spawn(["sleep", "60"]) for group in (paused, resumed)]
    resumed.pause()
    task = asyncio.create_task(starting.spawn(["sleep", "60"]))
    await asyncio.sleep(0)
    stop_here()
    paused.pause()
    resumed.resume()
    clocks = [group.clock.seconds() for group in (paused, resumed)]
    assert clocks == [group.clock.seconds() for group in (paused, resumed)]  # both stand still
    continue_here()  # before the loop goes on: the stop would be ours
    await until(lambda: [state(child.pid) for child in children] == ["T", "S"])
    await task
    for group in (paused, resumed, starting):
        await group.kill()
