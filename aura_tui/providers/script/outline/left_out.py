"""Reports what a script has not of its brief: each part with its lines and the reason."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from aura_tui.model.script import LeftOut
from aura_tui.model.text.plural import counted
from aura_tui.providers.script.markdown.blocks import Bullets, Code, Lines, Table
from aura_tui.providers.script.markdown.tables import rows_left_out
from aura_tui.providers.script.outline.candidates import described
from aura_tui.providers.script.outline.scenes import code_lines_left_out

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from aura_tui.model.script import Scene
    from aura_tui.providers.script.markdown.blocks import Document
    from aura_tui.providers.script.outline.outline_model import Draft, Outline

NO_TIME = "no time"
NO_ROOM = "no room"
BOILERPLATE = "it is about the text, not part of it"  # a licence, links, how to contribute
NO_TEXT = "it is no text"
NOTHING_BELOW = "nothing below it is narrated"

_NAMED = 5  # in a warning
_NAMED_ELSEWHERE = ("the picture ", "a picture", "a lead-in")
_ENOUGH = 0.7  # of the target: a shorter text is warned of


def left_out(
    text: str, document: Document, out: Outline, chosen: Collection[int], scenes: Sequence[Scene]
) -> tuple[LeftOut, ...]:
    """All that ``scenes`` don't have of ``text``, in its order. ``chosen``: the narrated lines of
    ``out``, by index."""
    told = {
        line for scene in scenes for first, last in scene.lines for line in range(first, last + 1)
    }
    parts = [*document.dropped, *out.left_out]
    for picture, line in document.unseen:
        name, _, why = picture.removesuffix(")").rpartition(" (")
        parts.append(LeftOut(first=line, last=line, what=f"the picture {name}", why=why))
    parts += _not_chosen(out, set(chosen), told)
    parts = _whole_sections(out, parts, told)
    known = told | {line for part in parts for line in range(part.first, part.last + 1)}
    parts += _other_lines(text, known)
    return tuple(sorted(parts, key=lambda part: (part.first, part.last)))


def _not_chosen(out: Outline, chosen: set[int], told: set[int]) -> list[LeftOut]:
    found: list[LeftOut] = []
    has_useful = any(line.score > 0 for line in out.lines)
    for draft in out.drafts:
        picked = [i for i in draft.lines if i in chosen]
        missed = [i for i in draft.lines if i not in chosen]
        useful = not has_useful or any(out.lines[i].score > 0 for i in missed)
        why = NO_TIME if useful else BOILERPLATE
        if picked:
            found += _no_room(draft)
        if isinstance(draft.block, Bullets):
            found += _items(out, draft, draft.block, told, why)
        elif draft.block is None:
            found += _sentences(out, draft, chosen, why)
        elif not picked and draft.lines:
            lines = [draft.block.lines, *(out.lines[i].source for i in missed), *draft.covers]
            found.append(_part(lines, described(draft.block), why))
    return found


def _part(lines: Iterable[Lines], what: str, why: str) -> LeftOut:
    known = [pair for pair in lines if pair.first] or [Lines(0, 0)]
    first, last = min(pair.first for pair in known), max(pair.last for pair in known)
    return LeftOut(first=first, last=last, what=what, why=why)


def _no_room(draft: Draft) -> list[LeftOut]:
    match draft.block:
        case Table(_, rows) if count := rows_left_out(draft.block):
            what = f"{count} of {counted(len(rows), 'row')} of a table"
        case Code(code) if count := code_lines_left_out(code):
            what = f"{count} of {counted(len(code.splitlines()), 'line')} of code"
        case _:
            return []
    return [_part([draft.block.lines], what, NO_ROOM)]


def _items(out: Outline, draft: Draft, block: Bullets, told: set[int], why: str) -> list[LeftOut]:
    """The items of a list that no scene has, in one part."""
    items = [out.lines[i] for i in draft.lines if out.lines[i].item is not None]
    missed = {line.item: line.source for line in items if line.source.first not in told}
    if not missed:
        return []
    whole = len(missed) == len(block.items)
    what = described(block) if whole else f"{len(missed)} of {len(block.items)} items of a list"
    return [_part(missed.values(), what, why)]


def _sentences(out: Outline, draft: Draft, chosen: set[int], why: str) -> list[LeftOut]:
    """The sentences of each paragraph that aren't told."""
    totals = Counter(out.lines[i].source for i in draft.lines)
    missed = Counter(out.lines[i].source for i in draft.lines if i not in chosen)
    return [
        _part(
            [lines],
            counted(count, "sentence")
            if count == totals[lines]
            else f"{count} of {totals[lines]} sentences",
            why,
        )
        for lines, count in missed.items()
    ]


def _whole_sections(out: Outline, parts: list[LeftOut], told: set[int]) -> list[LeftOut]:
    """``parts``, with one part for each section that no scene tells."""
    kept = sorted(parts, key=_first_line)
    starts = sorted(section.lines.first for section in out.sections if section.lines.first)
    found: list[LeftOut] = []
    merged: set[int] = set()
    for section in out.sections:
        line, line_end = section.lines
        if not line or line in told:
            continue
        end = starts[bisect_right(starts, line) :][:1] or [10**9]
        first = bisect_right(kept, line, key=_first_line)
        inside = kept[first : bisect_left(kept, end[0], key=_first_line)]
        reasons = {part.why for part in inside}
        if len(reasons) == 1 and reasons <= {NO_TIME, BOILERPLATE}:
            last = max(part.last for part in inside)
            what = f'the section "{section.title}"'
            found.append(LeftOut(first=line, last=last, what=what, why=reasons.pop()))
            merged.update(map(id, inside))
        else:
            why = NO_TIME if NO_TIME in reasons else NOTHING_BELOW
            found.append(LeftOut(first=line, last=line_end, what="a heading", why=why))
    return [part for part in kept if id(part) not in merged] + found


def _first_line(part: LeftOut) -> int:
    return part.first


def _other_lines(text: str, known: set[int]) -> list[LeftOut]:
    """Lines with letters that no block has: the targets of links, front matter, comments."""
    found: list[LeftOut] = []
    for number, line in enumerate(text.split("\n"), 1):
        if number in known or not any(c.isalnum() for c in line):
            continue
        first = found.pop().first if found and found[-1].last >= number - 1 else number
        found.append(LeftOut(first=first, last=number, what="markup", why=NO_TEXT))
    return found


# -- warnings --------------------------------------------------------------------------------------

# Reasons that need no warning: it is no content of a video.
_SKIPPED = frozenset({BOILERPLATE, "footnotes are not told", "a video has nothing to click"})
_NO_CONTENT = _SKIPPED | frozenset(
    {NO_TEXT, NOTHING_BELOW,
     "its author took it back", "it has no words",
     "it repeats the title", "nothing follows it"}
)  # fmt: skip


def where(part: LeftOut) -> str:
    """ "line 3", "lines 3-9"."""
    lines = f"line {part.first}" if part.first == part.last else f"lines {part.first}-{part.last}"
    return lines if part.first else "the text"


def warnings(
    parts: Sequence[LeftOut], goal_s: float, seconds: float, target_s: float | None
) -> list[str]:
    """One warning each about what can't be shown, what there is no time for, and a text that is too
    short for ``target_s``; pictures have their own. ``goal_s``: the length that leaves no time;
    ``seconds``: that of the narration."""
    notes: list[str] = []
    unshown = [
        f"{where(part)}: {part.what} ({part.why})"
        for part in parts
        if part.why not in _NO_CONTENT | {NO_TIME} and not part.what.startswith(_NAMED_ELSEWHERE)
    ]
    if unshown:
        notes.append(f"Left out: {_listed(unshown)}.")
    untold = [f"{where(part)}: {part.what}" for part in parts if part.why == NO_TIME]
    if untold:
        notes.append(
            f"Left out to keep to {goal_s:.0f} s: {_listed(untold)}. "
            "To see all: --explain; for a longer video: --duration."
        )
    if target_s and seconds < _ENOUGH * target_s and not unshown and not untold:
        skipped = [where(part) for part in parts if part.why in _SKIPPED]
        without = f" without {', '.join(skipped[:_NAMED])}" if skipped else ""
        notes.append(
            f"The text{without} is enough for about {seconds:.0f} s; the target is "
            f"{target_s:.0f} s. Nothing is invented, so the video is shorter. Use a longer text to "
            "fill it."
        )
    return notes


def _listed(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more
