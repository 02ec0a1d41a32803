"""Runs as an engine tells them, made through the model's own types: for views to draw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aura_tui.model import events as ev
from aura_tui.model.ids import COUNTER_BITS
from aura_tui.model.job import Job
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.replay.recording import Recording, header_line
from aura_tui.wire.event_json import encode_line

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SCENES = (
    "Why a sail needs no fuel",
    "Light has no mass, yet it pushes",
    "How thin is a sail?",
    "Unfolding 200 square metres",
    "Steering without wind",
    "From Earth to the Sun's pole",
    "What it can't do",
    "The slow road to the stars",
)
VIDEO = "/home/ada/Videos/how-a-solar-sail-works.mp4"
CAPTIONS = "/home/ada/Videos/how-a-solar-sail-works.srt"
WORKSPACE = "/home/ada/.local/share/aura-tui/jobs/01KCD3WNE0"


class Tape:
    """Events of one job, in the order they are told; ``wait`` lets the clock go on."""

    def __init__(
        self,
        job_id: str = "01KCD3WNE0",
        *,
        title: str = "How a solar sail works",
        attempt: int = 1,
        retry_of: str | None = None,
        begin: datetime = BEGIN,
    ) -> None:
        self.now = begin
        self.job = Job(
            id=job_id,
            correlation_id="7f3c9a52d1e84b06",
            title=title,
            created_at=begin,
            queued_at=begin,
            attempt=attempt,
            retry_of=retry_of,
        )
        self.envelopes: list[ev.Envelope] = []
        self.active_s = 0.0
        self._running = False

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass; they count as active where the job runs."""
        self.now += timedelta(seconds=seconds)
        if self._running:
            self.active_s += seconds

    def tell(self, kind: type[ev.AnyJobEvent], **fields: Any) -> None:
        """An event of ``kind`` now."""
        event = kind(
            job_id=self.job.id,
            correlation_id=self.job.correlation_id,
            timestamp=self.now,
            **fields,
        )
        number = int(self.now.timestamp() * 1000) << COUNTER_BITS
        last = self.envelopes[-1].id if self.envelopes else 0
        self.envelopes.append(ev.Envelope(max(last + 1, number), event))

    def status(self, status: JobStatus, stage: Stage | None = None) -> None:
        self._running = status is JobStatus.RUNNING
        self.tell(ev.JobStatusChanged, status=status, stage=stage)

    def step(self, stage: Stage, status: StepStatus, duration_s: float | None = None) -> None:
        self.tell(
            ev.StepStatusChanged,
            step=stage,
            phase=stage.phase,
            status=status,
            duration_ms=None if duration_s is None else int(duration_s * 1000),
        )

    def progress(self, stage: Stage, percent: float, message: str = "", **fields: Any) -> None:
        self.tell(
            ev.StepProgressed,
            step=stage,
            phase=stage.phase,
            progress_pct=percent,
            percent=stage.overall_percent(percent),
            message=message,
            elapsed_seconds=self.active_s,
            **fields,
        )

    def log(self, message: str, stage: Stage | None = None, severity: str = "info") -> None:
        self.tell(ev.JobLogged, message=message, stage=stage, severity=severity)

    def recording(self) -> Recording:
        return Recording((self.job,), tuple(self.envelopes), 0)

    def lines(self) -> bytes:
        return header_line(self.job) + b"".join(encode_line(e) for e in self.envelopes)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.lines())
        return path

    def upto(self, count: int) -> Recording:
        """The recording's first ``count`` events: a run that is still under way."""
        return Recording((self.job,), tuple(self.envelopes[:count]), 0)


def start(tape: Tape) -> None:
    tape.status(JobStatus.QUEUED)
    tape.wait(0.2)
    tape.status(JobStatus.RUNNING, Stage.SCRIPT)
    tape.log("Job accepted: 60 s, 1280x720 at 30 fps, 16:9")


def eta(left_s: float, runs: int = 14) -> dict[str, Any]:
    return {
        "eta_seconds": left_s,
        "eta_low_seconds": left_s * 0.8,
        "eta_high_seconds": left_s * 1.2,
        "eta_runs": runs,
    }


def script(tape: Tape) -> None:
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.progress(Stage.SCRIPT, 20, "Reading the brief", metrics=ev.Metrics(provider="outline"))
    tape.wait(0.4)
    tape.progress(Stage.SCRIPT, 70, "Choosing sentences", metrics=ev.Metrics(provider="outline"))
    tape.wait(0.3)
    tape.log("Script: 8 scenes, 148 words", Stage.SCRIPT)
    tape.step(Stage.SCRIPT, StepStatus.COMPLETED, 0.7)


def items(
    tape: Tape, stage: Stage, verb: str, pace_s: float, left_s: float, **metrics: Any
) -> None:
    """A stage of one item a scene."""
    tape.step(stage, StepStatus.STARTED)
    for n, scene in enumerate(SCENES, 1):
        tape.progress(
            stage,
            100 * (n - 1) / len(SCENES),
            f"{verb} \u201c{scene}\u201d",
            current_item=n,
            total_items=len(SCENES),
            metrics=ev.Metrics(made=n - 1, **metrics),
            **eta(max(1.0, left_s - n * pace_s)),
        )
        tape.wait(pace_s)
    tape.log(f"{stage.title}: {len(SCENES)} scenes", stage)
    tape.step(stage, StepStatus.COMPLETED, pace_s * len(SCENES))


def compose(tape: Tape) -> None:
    tape.step(Stage.COMPOSITION, StepStatus.STARTED)
    for percent, message in ((10, "Placing scenes"), (50, "Timing captions"), (80, "Mixing")):
        tape.progress(Stage.COMPOSITION, percent, message, **eta(20))
        tape.wait(0.4)
    tape.tell(
        ev.ArtifactMade,
        name="captions.srt",
        path=CAPTIONS,
        type="application/x-subrip",
        size_bytes=2_148,
    )
    tape.step(Stage.COMPOSITION, StepStatus.COMPLETED, 1.2)


def render(tape: Tape, upto: float = 100.0) -> None:
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    percent = 0.0
    while percent < upto:
        tape.progress(
            Stage.RENDERING,
            percent,
            "Encoding",
            current_item=min(8, int(percent * 8 / 100) + 1),
            total_items=8,
            metrics=ev.Metrics(
                fps=143.2 + percent / 10,
                speed=4.8,
                size_bytes=int(percent * 61_000),
                projected_bytes=6_100_000,
                provider="ffmpeg libx264",
                made=int(percent * 8 / 100),
            ),
            **eta(max(0.5, (100 - percent) * 0.15), 14),
        )
        tape.wait(0.6)
        percent += 4


def success() -> Tape:
    """A run that ends well, with one warning on its way."""
    tape = Tape()
    start(tape)
    script(tape)
    items(tape, Stage.VOICE, "Speaking", 0.5, 60, provider="espeak")
    tape.tell(
        ev.Warned,
        message="The font has no glyph for U+1F680; it is left out of scene 8",
        step=Stage.VISUALS,
    )
    items(tape, Stage.VISUALS, "Drawing", 0.25, 40, provider="cards")
    compose(tape)
    render(tape)
    tape.step(Stage.RENDERING, StepStatus.COMPLETED, 15.0)
    video = ev.Artifact(name="video.mp4", path=VIDEO, type="video/mp4", size_bytes=6_104_332)
    tape.tell(
        ev.JobCompleted,
        output_path=VIDEO,
        artifacts=(video,),
        output=ev.Output(video_path=VIDEO, subtitle_path=CAPTIONS, size_bytes=6_104_332),
    )
    return tape


def failure() -> Tape:
    """FFmpeg fails in the middle of Rendering."""
    tape = Tape("01KCD41Q7M")
    start(tape)
    script(tape)
    items(tape, Stage.VOICE, "Speaking", 0.5, 60, provider="espeak")
    items(tape, Stage.VISUALS, "Drawing", 0.25, 40, provider="cards")
    compose(tape)
    render(tape, 40)
    problem = ev.Problem(
        code="E602",
        message="FFmpeg ended with status 1 in scene 4: x264 [error]: malloc of 4147200 failed",
        remediation="Lower the resolution or close other programs, then retry: 3 scenes are kept.",
    )
    tape.log("x264 [error]: malloc of 4147200 failed", Stage.RENDERING, "error")
    tape.tell(
        ev.StepErred,
        step=Stage.RENDERING,
        code=problem.code,
        message=problem.message,
        remediation=problem.remediation,
    )
    tape.step(Stage.RENDERING, StepStatus.FAILED, 6.0)
    tape.tell(
        ev.JobFailed,
        stage=Stage.RENDERING,
        error_message=problem.message,
        errors=(problem,),
        logs=("x264 [error]: malloc of 4147200 failed",),
        log_path=f"{WORKSPACE}/ffmpeg.log",
        suggested_actions=("aura-tui retry 01KCD41Q7M", "aura-tui logs 01KCD41Q7M"),
    )
    return tape


def cancelled() -> Tape:
    """The person cancels in Visuals; captions of a run before are kept."""
    tape = Tape("01KCD47B2A")
    start(tape)
    script(tape)
    items(tape, Stage.VOICE, "Speaking", 0.5, 60, provider="espeak")
    tape.step(Stage.VISUALS, StepStatus.STARTED)
    tape.progress(Stage.VISUALS, 25, "Drawing", current_item=3, total_items=8)
    tape.wait(0.3)
    tape.step(Stage.VISUALS, StepStatus.CANCELLED, 0.3)
    tape.tell(
        ev.JobCancelled,
        stage=Stage.VISUALS,
        message="Cancelled by the user in Visuals; 10 finished pieces are kept for a retry",
        artifacts=(
            ev.Artifact(
                name="narration.wav",
                path=f"{WORKSPACE}/narration.wav",
                type="audio/wav",
                size_bytes=4_812_044,
            ),
        ),
    )
    return tape


def retried() -> Tape:
    """A retry of the failed run: four stages are reused, Rendering goes on."""
    tape = Tape("01KCD4C9XE", attempt=2, retry_of="01KCD41Q7M")
    start(tape)
    for stage in (Stage.SCRIPT, Stage.VOICE, Stage.VISUALS, Stage.COMPOSITION):
        tape.step(stage, StepStatus.REUSED, 0.0)
        tape.log(f"{stage.title}: reused from 01KCD41Q7M", stage)
        tape.wait(0.05)
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    for n in (4, 6, 8):
        tape.progress(
            Stage.RENDERING,
            100 * (n - 1) / 8,
            "Encoding",
            current_item=n,
            total_items=8,
            metrics=ev.Metrics(fps=151.0, speed=5.0, reused=3, made=n - 4, provider="ffmpeg"),
            **eta(8 - n + 1, 0),
        )
        tape.wait(1.0)
    tape.step(Stage.RENDERING, StepStatus.COMPLETED, 3.0)
    tape.tell(
        ev.JobCompleted,
        output_path=VIDEO,
        output=ev.Output(video_path=VIDEO, size_bytes=6_104_332),
    )
    return tape


def hostile() -> Tape:
    """Texts from outside that would change the screen if anything obeyed them."""
    tape = Tape(
        "01KCD4HOST",
        title="[red]not red[/red] \x1b[2J\x1b]0;owned\x07 [/] [@click=app.quit]x[/]",
    )
    start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.log("\x1b[31mred?\x1b[0m [bold]bold?[/bold] [/nothing]", Stage.SCRIPT)
    tape.log("right-to-left \u202egpj.exe\u202c override, tab\tand\nsecond line \u2028 third")
    tape.log("wide \u5b57\u5e55 emoji \U0001f680 combining e\u0301", severity="warning")
    tape.progress(
        Stage.SCRIPT,
        50,
        "[link=file:///etc/passwd]message[/link] \x9b31m",
        substage_detail="$primary [$error]detail[/]",
        metrics=ev.Metrics(provider="[b]provider[/b]"),
    )
    tape.tell(ev.Warned, message="[blink]warning[/blink]", step=Stage.SCRIPT)
    tape.tell(
        ev.StepErred,
        step=Stage.SCRIPT,
        code="E[200]",
        message="[red]failed[/red]",
        remediation="[@click=app.bell]do this[/]",
    )
    return tape
