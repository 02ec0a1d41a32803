"""Completions for the shell: job ids, statuses, voices, themes, files ...

They run while somebody types, so they start no engine, ask no server, import little, and are silent
whatever goes wrong. Help texts are cut to letters and a few signs: zsh evaluates them.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import typer  # noqa: TC002 - it reads the annotations of completers at run time

from aura_tui.model.job import JOB_WORDS
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Found = list[tuple[str, str] | str]
    Completer = Callable[[typer.Context, str], Found]

VARIABLE: Final = "_AURA_TUI_COMPLETE"  # as in app.py
BRIEFS: Final = (".md", ".markdown", ".mdown", ".txt", ".text", ".rst")
RECORDINGS: Final = (".jsonl",)
_JOBS: Final = 50
_HELP_CHARS: Final = 60
_UNSAFE: Final = re.compile(r"[^\w .,-]+")
# Of the jobs that a command can change; all for the others.
_STATUSES: Final = {
    "cancel": (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSED),
    "pause": (JobStatus.RUNNING,),
    "resume": (JobStatus.PAUSED, JobStatus.QUEUED, JobStatus.RUNNING),
    "retry": (JobStatus.FAILED, JobStatus.CANCELED),
}


def _quietly(complete: Completer) -> Completer:
    def quiet(ctx: typer.Context, incomplete: str) -> list[tuple[str, str] | str]:
        try:
            return complete(ctx, incomplete)
        except Exception:  # no message may appear in the line that somebody types
            return []

    return quiet


def _help(text: str) -> str:
    return " ".join(_UNSAFE.sub(" ", text).split())[:_HELP_CHARS]


def names(choices: Callable[[], Iterable[str | tuple[str, str]]]) -> Completer:
    """Complete one of the names, some with a help text."""

    def complete(ctx: typer.Context, incomplete: str) -> Found:
        return [
            choice if isinstance(choice, str) else (choice[0], _help(choice[1]))
            for choice in choices()
        ]

    return _quietly(complete)


@_quietly
def job_ids(ctx: typer.Context, incomplete: str) -> Found:
    """Ids of jobs that the command can use, newest first, with their titles; ids that are on the
    line already are left out. Of a remote engine only @latest."""
    given = ctx.params.get("job")
    if not isinstance(given, list | tuple):  # a command for one job
        given = ()
    latest: Found = [("@latest", "the newest job")] if not given else []
    root = ctx.find_root()
    if ctx.params.get("server") or root.params.get("server") or os.environ.get("AURA_SERVER"):
        return latest
    from aura_tui import settings
    from aura_tui.engine.home import Home
    from aura_tui.engine.store.open import open_reader

    store = open_reader(Home(settings.load().home).store)
    if store is None:
        return latest
    try:
        wanted = _STATUSES.get(ctx.info_name or "", ())
        jobs = [
            record.job
            for status in wanted or (None,)
            for record in store.records(status=status, before=None, limit=_JOBS)
        ]
    finally:
        store.close()
    if ctx.info_name == "resume":
        jobs = [job for job in jobs if not job.active]
    jobs.sort(key=lambda job: job.created_at, reverse=True)
    return latest + [
        (job.id, _help(f"{job.word}, {job.title}")) for job in jobs if job.id not in given
    ]


def files(*suffixes: str) -> Completer:
    """Complete files with one of the suffixes, and folders on the way to them."""

    def complete(ctx: typer.Context, incomplete: str) -> Found:
        found = [*_paths(incomplete, suffixes)]
        while len(found) == 1 and found[0].endswith("/") and found[0] != incomplete:
            # The shell would end the word after the only match: show what is in the folder.
            incomplete = found[0]
            found = [*_paths(incomplete, suffixes)] or found
        if os.environ.get(VARIABLE) == "complete_bash":  # it inserts the text as it is
            found = [re.sub(r"([^\w/.,@%+=:-])", r"\\\1", path) for path in found]
        return list(found)

    return _quietly(complete)


def _paths(incomplete: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    folder, _, start = incomplete.rpartition("/")
    folder += "/" if "/" in incomplete else ""
    with os.scandir(os.path.expanduser(folder) or ".") as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            name = entry.name
            if not name.startswith(start) or (name.startswith(".") and not start):
                continue
            if not name.isprintable():
                continue
            if entry.is_dir():
                yield f"{folder}{name}/"
            elif name.lower().endswith(suffixes):
                yield f"{folder}{name}"


def _themes() -> Iterable[str]:
    from aura_tui.providers.visuals.card_layouts.themes import THEMES

    return THEMES


def _voices() -> Iterator[tuple[str, str]]:
    from aura_tui.providers.speech.espeak import voices

    for name, voice in sorted(voices.read(voices.package() / "espeak-ng-data").items()):
        yield name, voice.description


def _languages() -> Iterator[tuple[str, str]]:
    from aura_tui.providers.speech.espeak import voices

    found = voices.read(voices.package() / "espeak-ng-data")
    tags = {voice.languages[0][0].partition("-")[0]: voice.description for voice in found.values()}
    yield from sorted(tags.items())


def _resolutions() -> Iterable[str]:
    from aura_tui.model.request import NAMED_HEIGHT

    return NAMED_HEIGHT


def _fields() -> Iterable[str]:
    from aura_tui.views.job_fields import FIELDS

    return FIELDS


@_quietly
def fields(ctx: typer.Context, incomplete: str) -> Found:
    """Complete the last name of a comma-separated list of fields."""
    before, comma, _ = incomplete.rpartition(",")
    given = before.split(",")
    return [f"{before}{comma}{name}" for name in _fields() if name not in given]


statuses = names(lambda: JOB_WORDS)
stages = names(lambda: [stage.title.lower() for stage in Stage])
themes = names(_themes)
voices = names(_voices)
languages = names(_languages)
resolutions = names(_resolutions)
aspects = names(lambda: (("16:9", "wide"), ("9:16", "upright"), ("1:1", "square")))
qualities = names(lambda: (("40", "small file"), ("60", "usual"), ("80", "fine"), ("100", "best")))
durations = names(lambda: ("30", "60", "90", "2m", "3m"))
scripts = names(lambda: ("auto", "outline", "llm"))
speeches = names(lambda: ("auto", "espeak", "piper", "openai"))
visuals = names(lambda: ("auto", "cards", "folder", "openai"))
