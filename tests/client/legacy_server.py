"""A stand-in for the ASP.NET video server whose wire ours comes from, by what its source says.

Real HTTP on 127.0.0.1. Two of its versions, told apart by ``Version``:

- FIRST: jobs as they are stored, enumerations as numbers; ``step-progress`` in camelCase, whose
  ``progressPct`` is the percent of the *job*; no ids of jobs and no times in events; comments for
  heartbeats; a retry that does nothing and says so with 200; no log.
- LAST: ``GET /api/jobs/{id}`` gives a short form with states in lower case and the correlation id
  of the request; ``step-progress``, ``job-log`` and ``heartbeat`` in PascalCase, times with seven
  digits; a retry makes a new job and answers with the old one's id.

In both: no ``/api/events``, no ``/api/health``, no files of jobs. What has no route gets what
``unknown`` says. Streams are made by looking at the job every ``look_s``; the percent of a job is
by that server's shares of its stages (5, 25, 55, 80, 95), which are not ours.

    python -m tests.client.legacy_server --version last --port 5999     # with a run in real time
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


class Version(Enum):
    """Which of its versions."""

    FIRST = "first"
    LAST = "last"


class Unknown(Enum):
    """What a path without a route gets: the web page of the application (its fallback), nothing,
    a problem document, or that the method is not allowed."""

    PAGE = "page"
    EMPTY = "empty"
    PROBLEM = "problem"
    METHOD = "method"


# Of the server's enumerations, in their order.
_JOB_STATUSES = ("Queued", "Running", "Done", "Failed", "Skipped", "Canceled", "Succeeded")
_ENDED = ("Done", "Failed", "Canceled", "Succeeded")
_PHASES = {
    "Initialization": "plan",
    "Script": "plan",
    "Voice": "tts",
    "Visuals": "visuals",
    "Rendering": "render",
    "Complete": "complete",
}
# How a run goes: stage, percent of the job, message.
RUN = (
    ("Initialization", 0, "Initializing job execution"),
    ("Script", 5, "Generating script"),
    ("Script", 20, "Script has 4 scenes"),
    ("Voice", 30, "Synthesizing scene 1 of 4"),
    ("Voice", 50, "Synthesizing scene 4 of 4"),
    ("Visuals", 60, "Generating image 1 of 4"),
    ("Visuals", 75, "Generating image 4 of 4"),
    ("Rendering", 82, "Rendering"),
    ("Rendering", 94, "Rendering, warning: the GPU is busy"),
)


def stamp(at: datetime | None) -> str | None:
    """As .NET writes it: seven digits."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}7Z"


@dataclass
class LegacyJob:
    """A job as that server keeps it."""

    id: str
    topic: str = "Solar power"
    correlation_id: str = "0HN7-corr"
    status: str = "Queued"
    stage: str = "Script"
    percent: int = 0
    logs: list[str] = field(default_factory=list)
    artifacts: list[dict[str, object]] = field(default_factory=list)
    steps: list[dict[str, object]] = field(default_factory=list)
    error: str | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None

    def at(self, stage: str, percent: int, message: str = "") -> None:
        """It runs, and is there now."""
        self.status, self.stage, self.percent = "Running", stage, percent
        self.started = self.started or datetime.now(UTC)
        if message:
            self.logs.append(message)

    def end(self, status: str, *, error: str | None = None, took_s: float | None = None) -> None:
        """It is over, well or not; ``took_s``: its times say it took that long."""
        self.status, self.error, self.ended = status, error, datetime.now(UTC)
        if took_s is not None:
            self.ended = (self.started or self.created) + timedelta(seconds=took_s)
        if status == "Done":
            self.stage, self.percent = "Complete", 100
            path = f"C:\\Aura\\{self.id}\\video.mp4"
            self.artifacts = [
                {"name": "video.mp4", "path": path, "type": "video/mp4", "sizeBytes": 1_400_000},
                {"name": "v.srt", "path": "C:\\Aura\\v.srt", "type": "subtitle", "sizeBytes": 900},
            ]


class LegacyServer:
    """See the module."""

    def __init__(
        self,
        version: Version = Version.LAST,
        *,
        unknown: Unknown = Unknown.PAGE,
        look_s: float = 0.01,
        beat_s: float = 5.0,
        port: int = 0,
    ) -> None:
        self.version = version
        self.jobs: dict[str, LegacyJob] = {}
        self.asked: list[str] = []  # "GET /api/jobs/1", in order
        self._unknown = unknown
        self._look_s = look_s
        self._beat_s = beat_s
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(self, job_id: str, **fields: Any) -> LegacyJob:
        """A job, queued unless ``fields`` say otherwise."""
        job = self.jobs[job_id] = LegacyJob(job_id, **fields)
        return job

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ", 2)
            pairs = (line.split(":", 1) for line in head[1:] if line)
            headers = {name.strip().lower(): value.strip() for name, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            parts = urlsplit(target)
            self.asked.append(f"{method} {parts.path}")
            talk = _Talk(writer, headers.get("x-correlation-id") or "0HN7-request")
            await self._route(talk, method, parts.path, dict(parse_qsl(parts.query)), body)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _route(
        self, talk: _Talk, method: str, path: str, query: dict[str, str], body: bytes
    ) -> None:
        names = path.strip("/").split("/")
        if names[:2] != ["api", "jobs"] or len(names) > 4:
            return await self._nothing(talk, method)
        if len(names) == 2:
            if method == "POST":
                return await self._create(talk, body)
            limit = int(query.get("limit", "50"))
            listed = [self._stored(job) for job in [*self.jobs.values()][:limit]]
            document = {"jobs": listed, "count": len(listed), "correlationId": talk.correlation_id}
            return await talk.answer(200, document)
        job = self.jobs.get(names[2])
        asked = f"{method} {names[3] if len(names) > 3 else ''}"
        if asked == "GET events":
            return await self._stream(talk, names[2])
        if job is None:
            return await talk.problem(404, "Job Not Found", f"Job {names[2]} not found")
        if asked == "GET ":
            document = (
                self._stored(job) if self.version is Version.FIRST else self._short(job, talk)
            )
            return await talk.answer(200, document)
        if asked == "GET logs" and self.version is Version.LAST:
            text = "\n".join(job.logs) or "No logs available for this job"
            return await talk.answer(200, text.encode(), kind="text/plain; charset=utf-8")
        if asked == "POST cancel":
            return await self._cancel(talk, job)
        if asked == "POST pause" and self.version is Version.LAST:
            return await self._turn(talk, job, "pause", "Running", "Paused")
        if asked == "POST resume" and self.version is Version.LAST:
            return await self._turn(talk, job, "resume", "Paused", "Running")
        if asked == "POST retry":
            return await self._retry(talk, job)
        return await self._nothing(talk, method)

    async def _nothing(self, talk: _Talk, method: str) -> None:
        if self._unknown is Unknown.METHOD:
            await talk.problem(405, "Method Not Allowed", "")
        elif self._unknown is Unknown.PROBLEM:
            await talk.problem(404, "Not Found", "")
        elif self._unknown is Unknown.PAGE and method == "GET":
            await talk.answer(200, b"<!doctype html><title>Aura</title>", kind="text/html")
        else:
            await talk.answer(404, b"", kind="")

    # -- changes

    async def _create(self, talk: _Talk, body: bytes) -> None:
        asked = json.loads(body)
        topic = (asked.get("brief") or {}).get("topic")
        if not topic:
            return await talk.problem(
                400,
                "Invalid Request",
                "Brief.Topic cannot be null or empty",
                field="Brief.Topic",
                guidance="Please provide a valid video topic",
            )
        job = self.add(f"new-{len(self.jobs) + 1}", topic=topic, correlation_id=talk.correlation_id)
        said = {"jobId": job.id, "status": self._enum(job), "stage": job.stage}
        return await talk.answer(200, {**said, "correlationId": talk.correlation_id})

    async def _cancel(self, talk: _Talk, job: LegacyJob) -> None:
        if job.status not in ("Running", "Queued"):
            return await talk.problem(
                400,
                "Job Not Cancellable",
                f"Job is in {job.status} status and cannot be cancelled",
                currentStatus=self._enum(job),
            )
        said = {
            "jobId": job.id,
            "message": "Job cancellation triggered successfully.",
            "currentStatus": self._enum(job),
            "cleanupScheduled": True,
            "correlationId": talk.correlation_id,
        }
        job.logs.append("Job was cancelled by user - cleanup completed")
        job.end("Canceled", error="Job was cancelled by user")
        return await talk.answer(202, said)

    async def _turn(self, talk: _Talk, job: LegacyJob, verb: str, was: str, now: str) -> None:
        if job.status != was:
            return await talk.problem(
                400,
                f"Job Not {verb.title()}able",
                f"Job is in {job.status} status and cannot be {verb}d",
                currentStatus=job.status,
            )
        job.status = now
        said = {"success": True, "jobId": job.id, "message": f"Job {verb}d successfully"}
        return await talk.answer(200, {**said, "correlationId": talk.correlation_id})

    async def _retry(self, talk: _Talk, job: LegacyJob) -> None:
        if self.version is Version.FIRST:
            said = {
                "jobId": job.id,
                "currentStatus": self._enum(job),
                "currentStage": job.stage,
                "strategy": "manual",
                "message": "Job retry not yet fully implemented. Please create a new job.",
                "suggestedActions": ["Use software encoder (x264) if hardware encoding failed"],
            }
            return await talk.answer(200, {**said, "correlationId": talk.correlation_id})
        if job.status != "Failed":
            return await talk.problem(
                400,
                "Job Not Failed",
                f"Job {job.id} has not failed (status: {job.status})",
                currentStatus=job.status,
            )
        self.add(f"{job.id}-again", topic=job.topic, correlation_id=job.correlation_id)
        said = {"jobId": job.id, "message": "Job retry initiated successfully"}
        said |= {"strategy": "automatic", "correlationId": talk.correlation_id}
        return await talk.answer(202, said)

    # -- jobs

    def _enum(self, job: LegacyJob) -> object:
        return _JOB_STATUSES.index(job.status) if self.version is Version.FIRST else job.status

    def _stored(self, job: LegacyJob) -> dict[str, object]:
        """As it is kept: every field, most of them null."""
        failed = job.status == "Failed"
        return {
            "id": job.id,
            "stage": job.stage,
            "status": self._enum(job),
            "percent": job.percent,
            "eta": "00:01:02.5" if job.status == "Running" else None,
            "artifacts": job.artifacts,
            "logs": job.logs,
            "startedAt": stamp(job.created),  # set when it is made
            "finishedAt": stamp(job.ended),
            "correlationId": job.correlation_id,
            "errorMessage": job.error,
            "failureDetails": {
                "stage": job.stage,
                "message": job.error,
                "logPath": "C:\\Aura\\logs\\ffmpeg.log",
                "suggestedActions": ["Check FFmpeg installation"],
                "errorCode": "E304-FFMPEG_RUNTIME",
                "failedAt": stamp(job.ended),
            }
            if failed
            else None,
            "brief": {"topic": job.topic, "audience": None, "aspect": "Widescreen16x9"},
            "planSpec": {"targetDuration": "00:01:00", "pacing": "Fast"},
            "createdUtc": stamp(job.created),
            "queuedUtc": stamp(job.created),
            "startedUtc": stamp(job.started),
            "completedUtc": stamp(job.ended) if job.status == "Done" else None,
            "canceledUtc": stamp(job.ended) if job.status == "Canceled" else None,
            "endedUtc": stamp(job.ended),
            "steps": job.steps,
            "output": None,
            "warnings": [],
            "errors": [],
            "canResume": False,
            "outputPath": job.artifacts[0]["path"] if job.artifacts else None,
            "progressHistory": [],
            "currentProgress": None,
        }

    def _short(self, job: LegacyJob, talk: _Talk) -> dict[str, object]:
        """What ``GET /api/jobs/{id}`` makes of it, in the last version."""
        states = {"Done": "completed", "Canceled": "cancelled"}
        return {
            "id": job.id,
            "status": states.get(job.status, job.status.lower()),
            "progress": job.percent,
            "percent": job.percent,
            "stage": job.stage,
            "progressMessage": job.logs[-1] if job.logs else None,
            "createdAt": stamp(job.created),
            "startedAt": stamp(job.started),
            "completedAt": stamp(job.ended) if job.status == "Done" else None,
            "outputPath": job.artifacts[0]["path"] if job.artifacts else None,
            "errorMessage": job.error,
            "artifacts": [
                {
                    "path": a["path"],
                    "filePath": a["path"],
                    "type": a["type"],
                    "sizeBytes": a["sizeBytes"],
                }
                for a in job.artifacts
            ],
            "correlationId": talk.correlation_id,
        }

    # -- events

    async def _stream(self, talk: _Talk, job_id: str) -> None:
        await talk.head(200, "text/event-stream; charset=utf-8", "")
        job = self.jobs.get(job_id)
        if job is None:
            await talk.event("error", {"message": "Job not found", "jobId": job_id})
            return
        await talk.event("job-status", self._status(job, talk) | {"isReconnect": False})
        status, stage, percent, logged = job.status, job.stage, job.percent, len(job.logs)
        beat_at = asyncio.get_running_loop().time()
        while job.status not in _ENDED:
            await asyncio.sleep(self._look_s)
            now = asyncio.get_running_loop().time()
            if now - beat_at >= self._beat_s:
                beat_at = now
                await self._beat(talk)
            if job.status != status:
                await talk.event("job-status", self._status(job, talk))
            if job.stage != stage:
                said: dict[str, object] = {"step": job.stage, "status": "started"}
                said |= {"phase": _PHASES[job.stage], "correlationId": talk.correlation_id}
                await talk.event("step-status", said)
            if job.percent != percent:
                await talk.event("step-progress", self._progress(job, talk))
            for line in job.logs[logged:]:
                await self._log(talk, job, line)
            status, stage, percent, logged = job.status, job.stage, job.percent, len(job.logs)
        await talk.event(*self._end(job, talk))

    def _status(self, job: LegacyJob, talk: _Talk) -> dict[str, object]:
        said = {"status": job.status, "stage": job.stage, "percent": job.percent}
        return {**said, "correlationId": talk.correlation_id}

    async def _beat(self, talk: _Talk) -> None:
        if self.version is Version.LAST:
            beat: dict[str, object] = {"Timestamp": stamp(datetime.now(UTC)), "Status": "alive"}
            await talk.event("heartbeat", beat)
        else:
            await talk.send(b": keepalive\n\n")

    def _progress(self, job: LegacyJob, talk: _Talk) -> dict[str, object]:
        line = job.logs[-1] if job.logs else ""
        if self.version is Version.FIRST:
            return {
                "step": job.stage,
                "phase": _PHASES[job.stage],
                "progressPct": job.percent,
                "message": line,
                "correlationId": talk.correlation_id,
            }
        now = datetime.now(UTC)
        return {
            "JobId": job.id,
            "Stage": job.stage,
            "Percent": job.percent,
            "EtaSeconds": None,
            "Message": line,
            "Warnings": [],
            "CorrelationId": talk.correlation_id,
            "SubstageDetail": None,
            "CurrentItem": None,
            "TotalItems": None,
            "Timestamp": stamp(now),
            "Phase": _PHASES[job.stage],
            "ElapsedSeconds": (now - (job.started or now)).total_seconds(),
            "EstimatedRemainingSeconds": 62.5,
        }

    async def _log(self, talk: _Talk, job: LegacyJob, line: str) -> None:
        warning = {"message": line, "step": job.stage, "correlationId": talk.correlation_id}
        if self.version is Version.LAST:
            said = {
                "JobId": job.id,
                "Message": line,
                "Stage": job.stage,
                "Severity": "warning" if "warning" in line else "info",
                "Timestamp": stamp(datetime.now(UTC)),
                "CorrelationId": talk.correlation_id,
            }
            await talk.event("job-log", said)
        if "warning" in line:
            await talk.event("warning", warning)

    def _end(self, job: LegacyJob, talk: _Talk) -> tuple[str, dict[str, object]]:
        said: dict[str, object] = {"jobId": job.id, "correlationId": talk.correlation_id}
        if job.status == "Canceled":
            said |= {"status": "Cancelled", "stage": job.stage}
            return "job-cancelled", said | {"message": "Job was cancelled by user"}
        if job.status == "Failed":
            error = {"Code": "UnknownError", "Message": job.error, "Details": None}
            said |= {"status": "Failed", "stage": job.stage, "errorMessage": job.error}
            said["errors"] = [error | {"Remediation": "Check logs for details"}]
            return "job-failed", said | {"logs": job.logs[-10:]}
        video = job.artifacts[0]
        output = {"videoPath": video["path"], "subtitlePath": "", "sizeBytes": video["sizeBytes"]}
        said |= {"status": "Succeeded", "artifacts": job.artifacts, "output": output}
        return "job-completed", said


class _Talk:
    """One request and what is said to it."""

    def __init__(self, writer: asyncio.StreamWriter, correlation_id: str) -> None:
        self._writer = writer
        self.correlation_id = correlation_id
        self._events = 0

    async def head(self, status: int, kind: str, length: str) -> None:
        lines = [f"HTTP/1.1 {status} Legacy", "Connection: close"]
        lines += [f"Content-Type: {kind}"] if kind else []
        lines += [f"X-Correlation-ID: {self.correlation_id}"]
        lines += [f"Content-Length: {length}"] if length else []
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def answer(self, status: int, body: object, kind: str = "application/json") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.head(status, kind, str(len(data)))
        await self.send(data)

    async def problem(self, status: int, title: str, detail: str, **more: object) -> None:
        document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        document |= {"correlationId": self.correlation_id, **more}
        await self.answer(status, document, kind="application/problem+json")

    async def event(self, name: str, data: Mapping[str, object]) -> None:
        milliseconds = int(datetime.now(UTC).timestamp() * 1000)
        frame = f"id: {milliseconds}-{self._events}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
        self._events += 1
        await self.send(frame.encode())

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", choices=[v.value for v in Version], default="last")
    parser.add_argument("--unknown", choices=[u.value for u in Unknown], default="page")
    parser.add_argument("--port", type=int, default=5999)
    parser.add_argument("--pace", type=float, default=2.0, help="seconds between two reports")
    given = parser.parse_args()
    server = LegacyServer(
        Version(given.version), unknown=Unknown(given.unknown), look_s=0.5, port=given.port
    )
    async with server:
        old = server.add("done-1", topic="A finished one")
        old.at("Rendering", 90)
        old.end("Done", took_s=75)
        failed = server.add("failed-1", topic="A failed one")
        failed.at("Rendering", 84, "Rendering")
        failed.end("Failed", error="FFmpeg exited with code 1", took_s=33)
        server.add("waiting-1", topic="One that waits")
        for number in range(1, 100):
            job = server.add(f"run-{number}", topic="Solar power at home")
            for stage, percent, message in RUN:
                while job.status == "Paused":
                    await asyncio.sleep(given.pace)
                if job.status in _ENDED:
                    break
                job.at(stage, percent, message)
                await asyncio.sleep(given.pace)
            if job.status not in _ENDED:
                job.end("Done")
            await asyncio.sleep(5 * given.pace)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
