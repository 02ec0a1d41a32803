"""What the end of a run says, fact by fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from msgspec.structs import replace

from aura_tui.format import words
from aura_tui.model import events as ev
from aura_tui.model.job import Eta, Job
from aura_tui.model.reduce import fold
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.providers.ffmpeg.log import Run, append
from aura_tui.service import PlannedStep, RetryPlan
from aura_tui.ui.actions.log_tail import tail_of
from aura_tui.ui.state.summary import TAIL_LINES, Fact, Tone, facts, plan_line
from aura_tui.views.plain import end_lines
from aura_tui.views.tables import print_job
from tests.ui import recordings

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]no[/red] \u202egpj\u200b " + "x" * 100_000


def ended(kind: type[ev.AnyJobEvent], **fields: Any) -> Job:
    tape = recordings.Tape()
    recordings.start(tape)
    tape.tell(kind, **fields)
    return fold(tape.job, tape.envelopes)


def job_of(tape: recordings.Tape) -> Job:
    return fold(tape.job, tape.envelopes)


def artifact(path: str, size_bytes: int = 1000, media: str = "text/plain") -> ev.Artifact:
    name = path.rsplit("/", 1)[-1]
    return ev.Artifact(name=name, path=path, type=media, size_bytes=size_bytes)


def rows(found: tuple[Fact, ...]) -> list[tuple[str, str, str]]:
    return [(fact.label, fact.size, fact.text) for fact in found]


def step(stage: Stage, reused: int, total: int | None) -> PlannedStep:
    return PlannedStep(stage=stage, reused=reused, total=total)


# -- success


def test_the_headline_says_how_it_ended_and_after_what_time_and_a_success_how_fast() -> None:
    job = job_of(recordings.success())
    assert words.headline(job).startswith("Succeeded after 0:2")
    assert "video" not in words.headline(job)
    output = ev.Output(video_path="/j/a.mp4", duration_seconds=61.0)
    assert words.headline(replace(job, output=output)).endswith("; 1:01 of video, 2.7x real time")
    assert words.headline(job_of(recordings.failure())) == "Failed in Rendering after 0:13"
    assert words.headline(job_of(recordings.cancelled())) == "Cancelled in Visuals after 5.0 s"
    assert words.headline(ended(ev.JobCancelled)) == "Cancelled in Script"


@pytest.mark.parametrize(
    ("asked_s", "said"),
    [(None, "1:23"), (83.2, "1:23"), (90.0, "1:23 (target 1:30)"), (0.0, "1:23")],
)
def test_the_length_of_the_video_is_said_and_what_was_asked_where_that_is_another(
    asked_s: float | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = ev.Output(video_path="/j/a.mp4", duration_seconds=83.7, asked_seconds=asked_s)
    job = replace(job_of(recordings.success()), output=output)
    head = words.headline(job)
    assert f"1:23 of video{said.removeprefix('1:23')}, 3.7x real time" in head
    assert [*end_lines(job)][-1].endswith(f"  {said}")
    print_job(job, engine=False)
    assert f"Video       {said}\n" in capsys.readouterr().out


def test_the_video_is_first_whatever_the_order_of_files() -> None:
    files = (
        artifact("/out/a.jpg", media="image/jpeg"),
        artifact("/out/a.vtt", media="text/vtt"),
        artifact("/out/a.mp4", 2_000_000, "video/mp4"),
        artifact("/out/a.wav", media="audio/wav"),
        artifact("/out/a.otioz", media="application/vnd.opentimelineio+zip"),
        artifact("/else/b.json", 0),
    )
    output = ev.Output(video_path="/out/a.mp4", subtitle_path="/out/a.vtt", size_bytes=2_000_000)
    job = ended(ev.JobCompleted, artifacts=files, output=output)
    assert rows(facts(job)) == [
        ("video", "2.0 MB", "/out/a.mp4"),
        ("captions", "1.0 KB", "a.vtt"),
        ("picture", "1.0 KB", "a.jpg"),
        ("sound", "1.0 KB", "a.wav"),
        ("timeline", "1.0 KB", "a.otioz"),
        ("in", "", "/else/"),
        ("file", "?", "b.json"),
    ]


def test_a_video_that_no_artifact_names_is_a_file_all_the_same() -> None:
    output = ev.Output(video_path="/out/a.mp4", size_bytes=5000)
    fact = facts(ended(ev.JobCompleted, output=output))[0]
    assert fact.file == artifact("/out/a.mp4", 5000, "video/mp4")


def test_success_without_a_file_says_so() -> None:
    assert facts(ended(ev.JobCompleted))[0].text == "The engine reported no file."


def test_warnings_are_counted_and_where_to_read_them_is_said() -> None:
    last = facts(job_of(recordings.success()))[-1]
    assert last == Fact("1 warning; see the log or the stages", Tone.WARNING)


# -- failure


def test_a_failure_says_reason_and_remedy_once() -> None:
    problem = ev.Problem(code="E602", message="FFmpeg broke", remediation="Lower the resolution.")
    job = ended(
        ev.JobFailed,
        stage=Stage.RENDERING,
        error_message="FFmpeg broke",
        errors=(problem, problem),
        suggested_actions=("lower the  resolution", "aura-tui retry X", "aura-tui retry X"),
    )
    assert [fact.text for fact in facts(job)] == [
        "E602 FFmpeg broke",
        "Lower the resolution.",
        "aura-tui retry X",
    ]


def test_a_failure_with_no_problem_says_its_message() -> None:
    job = ended(ev.JobFailed, error_message="it broke")
    assert facts(job)[0] == Fact("it broke", Tone.ERROR)


def test_a_failure_shows_the_end_of_its_log_and_where_it_is() -> None:
    job = job_of(recordings.failure())
    tail = tuple(f"line {n}" for n in range(100))
    found = facts(job, log_tail=tail)
    log = next(fact for fact in found if fact.label == "log")
    assert log.file is not None
    assert log.text == log.file.path == f"{recordings.WORKSPACE}/ffmpeg.log"
    quotes = [fact.text for fact in found if fact.tone is Tone.QUOTE]
    assert quotes == [f"line {n}" for n in range(100 - TAIL_LINES, 100)]


def test_what_a_failed_run_kept_is_listed() -> None:
    found = rows(facts(job_of(recordings.failure())))
    assert ("", "", "1 file kept") in found
    assert ("", "2.1 KB", "how-a-solar-sail-works.srt") in found


# -- cancelled


def test_a_cancel_says_in_short_what_was_kept_and_lists_it() -> None:
    kept = (artifact("/w/a.srt"), artifact("/v/c.wav"), artifact("/w/b.vtt"))
    job = ended(
        ev.JobCancelled,
        stage=Stage.RENDERING,
        message="Cancelled in Rendering; kept: a.srt, b.vtt, c.wav",
        artifacts=kept,
    )
    assert rows(facts(job)) == [
        ("in", "", "/w/"),
        ("", "1.0 KB", "a.srt"),
        ("", "1.0 KB", "b.vtt"),
        ("in", "", "/v/"),
        ("", "1.0 KB", "c.wav"),
    ]


def test_what_a_cancel_left_of_the_video_is_the_first_file_with_its_length() -> None:
    told = "Stopped on request; a partial video has the first 0:42 of 1:43; 2 files are kept"
    video = ev.Artifact(name="a.partial.mp4", path="/j/a.partial.mp4", type="video/mp4")
    job = ended(ev.JobCancelled, message=told, artifacts=(artifact("a.srt"), video))
    found = facts(job)
    assert found[0].text == "Stopped on request; a partial video has the first 0:42 of 1:43"
    files = [fact for fact in found if fact.file is not None]
    assert [(fact.label, fact.file and fact.file.name) for fact in files] == [
        ("video", "a.partial.mp4"),
        ("", "a.srt"),
    ]
    kept = [line for line in end_lines(job) if line.startswith("kept")]
    assert "a.partial.mp4" in kept[0]


def test_a_cancel_says_a_reason_of_its_own_and_that_nothing_was_finished() -> None:
    job = ended(ev.JobCancelled, message="Cancelled by the administrator")
    reason, files = facts(job)
    assert files.text == "No file was finished."
    assert reason.text == "Cancelled by the administrator"


def test_a_file_without_a_folder_is_listed() -> None:
    job = ended(ev.JobCancelled, artifacts=(artifact("a.srt"),))
    assert rows(facts(job))[-1] == ("", "1.0 KB", "a.srt")


# -- retry, remote


@pytest.mark.parametrize(
    ("steps", "eta", "said"),
    [
        (
            (step(Stage.SCRIPT, 1, 1), step(Stage.VOICE, 8, 8), step(Stage.RENDERING, 6, 8)),
            Eta(seconds=30, low=22, high=39),
            "A retry reuses Script, Voice, 6 of 8 pieces of Rendering; about 20-40 s",
        ),
        ((step(Stage.SCRIPT, 0, 1),), None, "A retry starts from the beginning"),
        (
            (step(Stage.COMPOSITION, 1, None),),
            Eta(seconds=5, low=3, high=6),
            "A retry reuses 1 piece of Composition; under 10 s",
        ),
        ((step(Stage.VOICE, 2, None),), None, "A retry reuses 2 pieces of Voice"),
    ],
)
def test_a_retry_says_what_it_reuses(
    steps: tuple[PlannedStep, ...], eta: Eta | None, said: str
) -> None:
    plan = RetryPlan(steps, eta)
    assert plan_line(plan) == said
    for tape in (recordings.failure(), recordings.cancelled()):
        assert f"{said}." in [fact.text for fact in facts(job_of(tape), plan=plan)]


@pytest.mark.parametrize("name", ["success", "failure", "cancelled"])
def test_another_machines_paths_are_called_that(name: str) -> None:
    job = job_of(getattr(recordings, name)())
    assert "on the server" in "".join(fact.text for fact in facts(job, remote=True))
    assert "on the server" not in "".join(fact.text for fact in facts(job))


# -- hostile


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED])
def test_hostile_text_is_shown_bounded_and_harmless(status: JobStatus) -> None:
    problem = ev.Problem(code=HOSTILE, message=HOSTILE, remediation=HOSTILE + "!")
    files = tuple(artifact(f"/{n}/{HOSTILE}", media=HOSTILE) for n in range(3))
    events: dict[JobStatus, tuple[type[ev.AnyJobEvent], dict[str, Any]]] = {
        JobStatus.SUCCEEDED: (
            ev.JobCompleted,
            {"artifacts": files, "output": ev.Output(video_path=HOSTILE, subtitle_path=HOSTILE)},
        ),
        JobStatus.FAILED: (
            ev.JobFailed,
            {
                "error_message": HOSTILE,
                "errors": (problem,),
                "log_path": HOSTILE,
                "suggested_actions": (HOSTILE,),
            },
        ),
        JobStatus.CANCELED: (ev.JobCancelled, {"message": HOSTILE, "artifacts": files}),
    }
    kind, fields = events[status]
    found = facts(ended(kind, **fields), log_tail=(HOSTILE,) * 500)
    for fact in found:
        assert fact.text.isprintable()
        assert len(fact.text) <= 8192
    assert any("[red]no[/red]" in fact.text for fact in found)
    assert len(found) < 60


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Stopped on request; 6 files are kept", "Stopped on request"),
        ("Stopped on request; no file was finished", "Stopped on request"),
        ("Out of time; kept: a.wav, b.wav", "Out of time"),
        ("No power; the grid is down", "No power; the grid is down"),
    ],
)
def test_what_a_cancel_kept_is_said_once(message: str, said: str) -> None:
    found = [fact.text for fact in facts(ended(ev.JobCancelled, message=message))]
    assert found[0] == said
    assert sum("file" in text for text in found) == 1


def test_where_a_key_retries_it_is_named_and_no_command() -> None:
    job = job_of(recordings.failure())
    texts = [fact.text for fact in facts(job, retry_key="x")]
    assert "Press x to retry." in texts
    assert not [text for text in texts if text.startswith("aura-tui retry")]
    plan = RetryPlan((PlannedStep(stage=Stage.SCRIPT, reused=1, total=1),), None)
    told = "Press x to retry (reuses Script)"
    assert told in [fact.text for fact in facts(job, plan=plan, retry_key="x")]
    cancelled = job_of(recordings.cancelled())
    assert told in [fact.text for fact in facts(cancelled, plan=plan, retry_key="x")]


class Owner(NamedTuple):
    job_id: str
    correlation_id: str
    ffmpeg_log: Path


def test_the_end_of_ffmpeg_s_log_is_what_the_failed_command_said(tmp_path: Path) -> None:
    owner = Owner("1", "2", tmp_path / "ffmpeg.log")
    for what, code, stderr in (
        ("encoding scene 1", 0, "stats of 1\n"),
        ("encoding scene 7", 187, "Input #0\nx264: malloc failed\n"),
        ("encoding scene 2", None, "half of 2\n"),
        ("encoding the sound", 0, "stats of the sound\n"),
    ):
        append(
            owner,
            Run(
                what=what,
                resolution="-",
                ffmpeg="ffmpeg",
                version="7",
                command=("ffmpeg",),
                stderr=stderr,
                start=recordings.BEGIN,
                duration_s=1,
                exit_code=code,
            ),
        )
    assert tail_of(owner.ffmpeg_log) == (
        "Input #0",
        "x264: malloc failed",
        "encoding scene 7: exit code 187",
    )
