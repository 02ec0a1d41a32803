"""Scores the lines of an outline by how much they are worth narrating."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from aura_tui.providers.script import prose
from aura_tui.providers.script.markdown import tex
from aura_tui.providers.script.markdown.blocks import Bullets, Code, Formula, Quote, Table
from aura_tui.providers.script.outline.boilerplate import is_pointer

if TYPE_CHECKING:
    from aura_tui.providers.script.outline.candidates import Candidates
    from aura_tui.providers.script.outline.outline_model import Outline

_LONG_S = 14.0  # a longer sentence is hard to follow
_POINTER_FACTOR, _EMPTY_POINTER_WORDS = 0.2, 2
_HARD_FORMULA_FACTOR = 0.2  # for a sentence with a formula that can't be followed by ear

# Titles of boilerplate sections: narrated, with their subsections, only if there is nothing else.
_BOILERPLATE = re.compile(
    r"licen[sc]es?\b|licensing|^(?:how to )?contribut|change ?log|table of contents|^contents$|"
    r"badges|^sponsor|^credits|acknowledg|^(?:useful |external )?links$|join us|discord|"
    r"^(?:getting )?support(?: \w+)?$|^authors?$|maintainers|"
    r"^copyright|^releasing|new release|code of conduct|^security(?: \w+)?$|vulnerabilit|"
    r"release notes|^references$|bibliograph|^(?:foot)?notes and references$|^footnotes$|"
    r"^see also|further reading|^donat|release information|(?:release|version) history|"
    r"^v?\d+\.\d+|^version \d|"
    r"\breleased? \d|^\(released|\d{4}-\d\d-\d\d|what.?s new|for enterprise|testimonials|^talks$|"
    r"^resources$|^community|who uses|^(?:reporting |known )?(?:bugs|issues?)\b|bug reports?|"
    r"getting help|^help$|^contacts?$|^contact (?:us|me)|"
    r"lizenz|^mitwirken|danksagung|^quellen|^literatur|^inhalt|impressum|^kontakt",
    re.IGNORECASE,
)
# Titles of sections that are useful to readers at a keyboard, less so to viewers.
_UPKEEP = re.compile(
    r"install|setup|set up|dependenc|requirements|documentation$|^docs$|compatib|prerequisites|"
    r"run(?:ning)?(?: the)? tests|^tests?$|testing$|develop|build(?:ing)? (?:from|the)|"
    r"clon(?:e|ing)|packag(?:es|ing)|platforms|versions|faq|keys?$|key ?bindings|shortcuts|"
    r"upgrad|deprecat|abh\u00e4ngig",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"conclusion|summary|key takeaways?|takeaways?|next steps|in short|outlook|wrap|"
    r"fazit|zusammenfassung|ausblick|schluss|n\u00e4chste schritte|r\u00e9sum\u00e9|conclusi",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"(?:note that|please|to (?:find out|learn)|tip|warning)\b", re.IGNORECASE)


def rank(candidates: Candidates) -> None:
    """Set every line's score; lines with 0 or less are narrated only if there is nothing else."""
    out = candidates.out
    bags = [frozenset(w for w in prose.words(line.text) if len(w) > 3) for line in out.lines]
    common = Counter(word for bag in bags for word in bag)
    top = math.log1p(max(common.values(), default=1))
    pointing = [is_pointer(line.text) for line in out.lines]
    ranks: dict[int, list[tuple[float, int]]] = {}
    for i, line in enumerate(out.lines):
        block = out.drafts[line.draft].block
        theme = sum(math.log1p(common[w]) for w in bags[i]) / top / (len(bags[i]) + 3)
        refers_back = prose.refers_back(line.text)
        score = 0.6 + theme + 0.5 * (i in candidates.openers and not refers_back)
        score -= 0.3 * (refers_back and isinstance(block, Code)) + 0.3 * line.text.endswith("...")
        score += 0.3 * (prose.figure(line.text) is not None)
        score += 0.25 * isinstance(block, Bullets | Formula | Quote | Table)
        score += 0.15 * isinstance(block, Code)
        if isinstance(block, Bullets) and not out.sections[out.drafts[line.draft].section].title:
            score += 0.5  # list items of an introduction: the main points of the text
        score -= 0.5 * (line.seconds > _LONG_S)
        score -= 0.3 * (line.seconds < 1.2 and line.item is None)
        score -= 0.4 * (_ASIDE.match(line.text) is not None)
        score -= 0.2 * (line.text.startswith("("))
        if pointing[i]:  # "Learn more." says nothing at all
            score *= _POINTER_FACTOR if len(line.text.split()) > _EMPTY_POINTER_WORDS else 0.0
        score *= _HARD_FORMULA_FACTOR if tex.has_hard_formula(line.text) else 1.0
        score *= candidates.factors.get(i, 1.0)
        ranks.setdefault(out.drafts[line.draft].section, []).append((score, i))
    ends = ranks[max(ranks)][-1][1] if ranks else -1  # the last line of a text gets a bonus
    for section, lines in ranks.items():
        total_s = sum(out.lines[i].seconds for _, i in lines)
        useful_s = sum(out.lines[i].seconds for _, i in lines if not pointing[i])
        weight = _weight(out, section, total_s, useful_s)
        if useful_s == 0 and not any(
            isinstance(out.drafts[out.lines[i].draft].block, Code) for _, i in lines
        ):
            weight = 0.0  # only "See the docs." and the like
        # The first lines of all sections rank before the fifth line of any.
        first = min(i for _, i in lines)
        lines[:] = [(score + 0.4 * (i == ends and score > 0.5), i) for score, i in lines]
        lines.sort(key=lambda pair: (pair[1] != first, -pair[0], pair[1]))
        for k, (score, i) in enumerate(lines):
            out.lines[i].score = weight * score * (1.3 if i == first else 1.0) / (1 + 0.35 * k)


def _weight(out: Outline, section: int, total_s: float, useful_s: float) -> float:
    """The weight of a section: its lines take ``total_s`` seconds, of which ``useful_s`` aren't
    boilerplate."""
    title, level = out.sections[section].title, out.sections[section].level
    if any(_BOILERPLATE.search(name) for name in _titles_above(out, section)):
        return 0.0
    weight = 0.75 + 0.35 * min(1.0, useful_s / 40)
    if useful_s < 0.35 * total_s:
        weight *= 0.3
    if _UPKEEP.search(title):
        weight *= 0.6
    if section == 0:
        weight *= 1.7
    if _ENDING.search(title):
        weight *= 1.35
    return weight * (0.85 if level >= 4 else 1.0)


def _titles_above(out: Outline, section: int) -> list[str]:
    """The titles of a section and of all sections that contain it."""
    own = out.sections[section]
    titles, level = [own.title, own.parent], own.level
    for other in reversed(out.sections[:section]):
        if other.level < level:
            titles += [other.title, other.parent]
            level = other.level
        if level <= 1:
            break
    return titles
