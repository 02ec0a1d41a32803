"""Hostile input by hand: fuzzing of every reader, and each hostile text in a video of its own.

    python tests/chaos/input.py [EXAMPLES] [SEED]

First the rules of tests/wire/test_fuzz.py, tests/test_settings_fuzz.py and of Markdown below, with
EXAMPLES each (3,000) from SEED; then floods of a megabyte through the outline, timed; then the
videos. Prints a table; exits 1 where a rule is broken. About ten minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import hypothesis
import msgspec
from hypothesis import strategies as st

from aura_tui.brief.title import title_of
from aura_tui.errors import Code, StageError
from aura_tui.model.request import Brief, JobRequest, PlanSpec
from aura_tui.pipeline.stages.script import MAX_SCENES, sanitize_script
from aura_tui.providers.script.outline.provider import outline
from tests.chaos import corpus, input_run
from tests.e2e.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

_FLOOD_S = 20.0  # of CPU for a megabyte; what takes longer is no longer in proportion
_MEMORY_BYTES = 6 << 30  # past it a test ends by MemoryError, not the machine

_words = st.one_of(
    st.text(max_size=12),
    st.sampled_from([text for _, text in corpus.sections()]),
    st.sampled_from(["It is so.", "They say 12 % of it.", "a", "Dr. No", "\u4e00\u3002", "3."]),
)
_lines = st.lists(_words, max_size=5).map(" ".join)
_marks = st.sampled_from(
    ["**", "*", "_", "`", "``", "~~", "[", "](", ")", "![", "<", ">", "&", "\\", "|", "[^1]", "\t"]
)
_inline = st.lists(_words | _marks, max_size=8).map("".join)


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Blocks within blocks."""

    def within(prefix: str, rest: str) -> Callable[[str], str]:
        return lambda text: prefix + text.replace("\n", "\n" + rest)

    return st.one_of(
        inner.map(within("- ", "  ")),
        inner.map(within("12. ", "    ")),
        inner.map(within("> ", "> ")),
        inner.map(within("> ", "")),
        inner.map(within("    ", "    ")),
        st.lists(inner, min_size=2, max_size=4).map("\n\n".join),
        st.lists(inner, min_size=2, max_size=4).map("\n".join),
    )


_rows = st.lists(st.lists(_inline, min_size=1, max_size=4).map(" | ".join), max_size=5)
_blocks = st.one_of(
    _inline,
    st.tuples(st.sampled_from(["# ", "## ", "###### ", "#", "---\n", "===\n"]), _inline).map(
        "".join
    ),
    st.tuples(_inline, st.sampled_from(["\n===", "\n---"])).map("".join),
    st.tuples(st.sampled_from(["```", "~~~", "````"]), _words, _lines).map(
        lambda parts: f"{parts[0]}{parts[1]}\n{parts[2]}\n{parts[0]}"
    ),
    _rows.map(lambda rows: "\n".join(["|a|b|", "|-|:-:|", *(f"|{row}|" for row in rows)])),
    _inline.map(lambda text: f"<div>{text}</div>\n<h1>{text}</h1><!-- {text}"),
    _inline.map(lambda text: f"[a]: {text}\n[a] [{text}][a] ![{text}](/x.png)"),
    _inline.map(lambda text: f".. code-block:: {text}\n\n   {text}\n"),
    _inline.map(lambda text: f"---\ntitle: {text}\n---\n{text}"),
    st.tuples(_words, st.integers(1, 3000)).map(lambda parts: parts[0] * parts[1]),
)
markdown = st.recursive(_blocks, _nested, max_leaves=12)


@hypothesis.given(
    text=st.lists(markdown, max_size=4).map("\n\n".join),
    topic=st.just("") | _words,
    seconds=st.none() | st.sampled_from([5, 30, 3600]),
)
def any_brief_gives_a_clean_script(text: str, topic: str, seconds: int | None) -> None:
    """Or is said to have nothing to tell."""
    request = JobRequest(
        brief=Brief(topic=topic[:500], text=text), plan_spec=PlanSpec(target_duration=seconds)
    )
    input_run.clean(title_of(request.brief), "title")
    began = time.process_time()
    try:
        script = sanitize_script(outline(request)[0])
    except StageError as e:
        if e.code is not Code.SCRIPT_FAILED:
            raise
        return
    assert time.process_time() - began < 1.0 + len(text) * 1e-4, len(text)
    assert len(script.scenes) <= MAX_SCENES
    input_run.values_clean(msgspec.to_builtins(script), "script")


def rules() -> dict[str, Callable[..., Any]]:
    """Every rule that hypothesis can try, by name."""
    from tests import test_settings_fuzz
    from tests.wire import test_fuzz

    found: dict[str, Callable[..., Any]] = {"brief": any_brief_gives_a_clean_script}
    for module in (test_fuzz, test_settings_fuzz):
        for name, rule in inspect.getmembers(module, hypothesis.is_hypothesis_test):
            found[name.removeprefix("test_")] = rule
    return found


def fuzz(examples: int, seed: int) -> int:
    """Try each rule; how many were broken."""
    broken = 0
    for name, rule in rules().items():
        chosen = hypothesis.settings(
            max_examples=examples,
            deadline=None,
            derandomize=False,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        # No public way leads from a rule that has settings to others.
        rule._hypothesis_internal_use_settings = chosen  # type: ignore[attr-defined]  # as above
        broken += _timed(f"{examples} x {name}", hypothesis.seed(seed)(rule))
    return broken


def flood() -> int:
    """Each megabyte through the outline; how many took too long or failed."""
    broken = 0
    for name, text in corpus.FLOODS.items():

        def one(text: str = text) -> None:
            began = time.process_time()
            request = JobRequest(brief=Brief(text=text))
            input_run.clean(title_of(request.brief), "title")
            try:
                input_run.values_clean(
                    msgspec.to_builtins(sanitize_script(outline(request)[0])), "script"
                )
            except StageError as e:
                if e.code is not Code.SCRIPT_FAILED:
                    raise
            took = time.process_time() - began
            assert took < _FLOOD_S, f"{took:.1f} s of CPU"

        broken += _timed(f"flood: {name}", one)
    return broken


def videos(folder: Path) -> int:
    """Each brief becomes a video that is looked at from every side; how many did not."""
    broken = 0
    for number, (name, text) in enumerate(corpus.briefs()):

        def one(number: int = number, text: str = text) -> None:
            (folder / str(number)).mkdir()
            program = Program(folder / str(number))
            tape = input_run.render(program, "--duration", "30", text=text)
            input_run.looked_at(program)
            asyncio.run(input_run.boarded(tape, input_run.SIZES))

        broken += _timed(f"video: {name}", one)
    return broken


def _timed(name: str, work: Callable[[], object]) -> int:
    began = time.monotonic()
    try:
        work()
        said = "ok"
    except Exception:
        told = traceback.format_exc(limit=-4)
        said = "BROKEN\n" + (told if len(told) < 6000 else f"{told[:4000]}\n...\n{told[-2000:]}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{name:68} {time.monotonic() - began:6.1f} s {memory:5} MB  {said}", flush=True)
    return said != "ok"


def main(examples: int, seed: int) -> int:
    """All of it."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broken = fuzz(examples, seed) + flood() + videos(folder)
    print(f"{broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", type=int, nargs="?", default=3000)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    options = parser.parse_args()
    sys.exit(main(options.examples, options.seed))
