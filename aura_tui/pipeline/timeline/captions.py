"""Makes captions from words and their times: groups words into cues, breaks lines. Pure.

Chooses all cues of a scene together (dynamic programming over the breaks), so that a good early
break never forces a bad later one. The limits follow broadcasters' guidelines: two lines of about
42 characters, one to six seconds, breaks between clauses.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.text.sentence_end import ends_sentence
from aura_tui.model.timeline import Cue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aura_tui.model.script import Word

MIN_S = 1.0
MAX_S = 6.0
LINGER_S = 0.3  # how long a cue stays after its last word
CLOSE_GAP_S = 0.2  # a shorter gap between two cues would flicker, so it is closed
READ_CHARS_PER_S = 20.0
_EARLY_S = 0.3  # how early a cue may appear before its first word, to leave time to read it

# In ASCII, general punctuation, and the full-width forms of East Asian text.
_SENTENCE = (".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f")
_CLAUSE = (",", ";", ":", "\u2013", "\u2014", "\u3001", "\uff0c", "\uff1b", "\uff1a")
# No line or cue begins with the first or ends with the second.
_CLOSING = frozenset(
    ".,;:!?%\u2030\u2026)]}\u00bb\u201d\u2019\u3001\u3002\uff01\uff1f\uff0c\uff1a\uff1b\uff09"
    "\u300d\u300f\u3011"
)
_OPENING = frozenset(
    "([{\u00ab\u201c\u2018\u201e\u00bf\u00a1\uff08\u300c\u300e\u3010$\u20ac\u00a3\u00a5\u00a7#\u2116"
)
# A unit after its number, and digits after digits ("1 200 km"), stay on its line.
_NUMBER = re.compile(r"[(\u2212+~\u2248<>-]*[$\u20ac\u00a3]?\d[\d.,'\u2019/:\u2013-]*")
_UNITS = (
    "% \u2030 \u00b0 \u00b0C \u00b0F C F \u20ac $ \u00a3 \u00a5 EUR USD GBP CHF kg g mg t km "
    "m cm mm \u00b5m nm ft lb oz ml l ha h min s ms \u00b5s ns Hz kHz MHz GHz B kB KB MB GB "
    "TB KiB MiB GiB TiB kbit/s Mbit/s Gbit/s W kW MW GW Wh kWh MWh GWh TWh V kV A mA mAh px "
    "fps dpi dB rpm mph km/h m/s K M Mio Mrd thousand million millions billion billions "
    "trillion Millionen Milliarden milliards mill\u00f3n millones milioni miliardi "
    "milh\u00f5es miljoen miljard percent Prozent Uhr Euro euros dollars a.m p.m am pm "
)
_UNIT = frozenset(_UNITS.split())
_STUCK = 8.0  # the cost of a break where none may be: more than any other break's
_CLOSERS = "\"'\u201d\u2019\u00bb)]\u300d\u300f\uff09"


class _Token(msgspec.Struct, frozen=True):
    text: str
    start: float
    end: float
    space: bool  # a space before it
    width: int  # columns: East Asian wide characters take two
    ends: bool  # it ends a sentence
    sticks: bool  # to the next token: no line or cue may end here


def line_width(width: int, height: int) -> int:
    """The columns of a caption line for a frame of this size in pixels."""
    ratio = width / height
    return 42 if ratio > 1.2 else 34 if ratio > 0.8 else 26


def cues(
    scenes: Iterable[tuple[Sequence[Word], float, float]], columns: int, language: str = ""
) -> tuple[Cue, ...]:
    """Make the cues of a video; ``scenes`` gives each scene's words, the second at which its sound
    starts, and the second at which it ends. ``language`` (BCP 47) is the narration's.

    A cue never spans two scenes. Every word is in exactly one cue, in order.
    """
    groups: list[tuple[list[_Token], float]] = []
    for words, offset, end_s in scenes:
        tokens = _tokens(words, offset, columns, language)
        groups += [(group, end_s) for group in _group(tokens, columns)]
    return _timed(groups, columns)


def _tokens(words: Sequence[Word], offset: float, columns: int, language: str) -> list[_Token]:
    """Turn words into tokens; a word wider than a line is cut into parts that share its time."""
    tokens: list[_Token] = []
    following = itertools.chain((word.text for word in words[1:]), ("",))
    before = ""
    for word, after in zip(words, following, strict=True):
        parts = list(_cut(word.text, columns))
        widths = [text_width(part) for part in parts]
        total = sum(widths) or 1
        at = word.start_s
        for i, (part, width) in enumerate(zip(parts, widths, strict=True)):
            until = at + (word.end_s - word.start_s) * width / total
            is_last = i + 1 == len(parts)
            ends = _ends_sentence(f"{before} {part}", after if is_last else parts[i + 1], language)
            start, end = offset + at, offset + max(at, until)
            sticks = is_last and _sticks(word.text, after)
            tokens.append(_Token(part, start, end, i == 0, width, ends, sticks))
            at = until
        before = word.text
    return tokens


def _ends_sentence(text: str, after: str, language: str) -> bool:
    """Whether ``text`` ends a sentence; ``after`` is the next word or part of a word."""
    text = text.rstrip(_CLOSERS)
    if text.endswith(".") and not text.endswith(".."):
        return ends_sentence(text[:-1], after, language)
    return text.endswith(_SENTENCE)


def _sticks(text: str, after: str) -> bool:
    """Whether ``text`` belongs on one line with the word ``after`` it."""
    if not after:
        return False
    if after[0] in _CLOSING or set(text) <= _OPENING:
        return True
    if _NUMBER.fullmatch(text) is None:
        return False
    return after.rstrip("".join(_CLOSING - {"%", "\u2030"})) in _UNIT or (
        text[-1].isdigit() and re.match(r"\d{3}(?!\d)", after) is not None
    )


def _cut(text: str, columns: int) -> Iterable[str]:
    """Cut ``text`` into parts of at most ``columns``, after punctuation if possible.

    Needed for languages without spaces, where a sentence is one token, and for URLs.
    """
    if text_width(text) <= columns:
        yield text
        return
    part, width, good = "", 0, 0
    for char in text:
        step = text_width(char)
        if width + step > columns:
            at = good if good * 3 >= len(part) else len(part)
            while at > 1 and part[at - 1] in _OPENING:
                at -= 1
            if at == len(part) and char in _CLOSING and at > 1:
                at -= 1  # the mark doesn't begin the next part: its word goes with it
            yield part[:at]
            part, good = part[at:], 0
            width = text_width(part)
        part += char
        width += step
        if char in _SENTENCE or char in _CLAUSE or char in "/-_&?" or char in _CLOSING:
            good = len(part)
    if part:
        yield part


def text_width(text: str) -> int:
    """The width of ``text`` in columns."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _group(tokens: list[_Token], columns: int) -> list[list[_Token]]:
    """Group ``tokens`` into cues at the lowest total cost."""
    count = len(tokens)
    best = [0.0] + [math.inf] * count
    back = [0] * (count + 1)
    for j in range(1, count + 1):
        end_cost = _end_cost(tokens, j)
        width, sentences = -1, 0
        for i in range(j - 1, -1, -1):
            token = tokens[i]
            width += token.width + 1
            if i < j - 1 and token.ends:
                sentences += 1
            single = i == j - 1
            long = tokens[j - 1].end - token.start > MAX_S - LINGER_S
            if not single and (width > 2 * columns + 1 or long):
                break
            split = _split(tokens[i:j], columns)
            if best[i] == math.inf or not (single or split is not None):
                continue
            cost = best[i] + end_cost + 1.0 + 0.6 * sentences + 0.2 * (width > columns)
            # The end of one sentence with a part of the next is hard to read.
            cost += 1.2 * (sentences > 0 and not tokens[j - 1].ends)
            cost += 2 * max(0.0, MIN_S - (tokens[j - 1].end - token.start))
            cost += 0.5 * (width < columns // 4)
            cost += _STUCK * bool(split and tokens[i + split - 1].sticks)
            if cost < best[j]:
                best[j], back[j] = cost, i
    groups: list[list[_Token]] = []
    j = count
    while j:
        groups.append(tokens[back[j] : j])
        j = back[j]
    return groups[::-1]


def _end_cost(tokens: list[_Token], j: int) -> float:
    """The cost of ending a cue before token ``j``; a pause there lowers it."""
    if j == len(tokens):
        return 0.0
    pause = tokens[j].start - tokens[j - 1].end
    cost = _break_cost(tokens[j - 1])
    return cost if tokens[j - 1].sticks else max(0.0, cost - 2 * max(0.0, pause - 0.1))


def _break_cost(token: _Token) -> float:
    """The cost of a break after ``token``: 0 after a sentence, highest after a short word."""
    if token.sticks:
        return _STUCK
    if token.ends:
        return 0.0
    text = token.text.rstrip(_CLOSERS)
    if text.endswith(_CLAUSE):
        return 0.35
    # Articles, prepositions and abbreviations ("Dr.") belong to the next word.
    return 1.6 if token.width <= 3 or text.endswith(".") else 1.1


def _join(tokens: Sequence[_Token]) -> str:
    return "".join((" " if t.space and i else "") + t.text for i, t in enumerate(tokens))


def _split(tokens: Sequence[_Token], columns: int) -> int | None:
    """The index of the second line's first token (0: one line is enough); None if two lines are
    too short."""
    total = sum(t.width + t.space for t in tokens) - tokens[0].space
    if total <= columns:
        return 0
    choice, cheapest = None, math.inf
    first = 0
    for k in range(1, len(tokens)):
        first += tokens[k - 1].width + (tokens[k - 1].space if k > 1 else 0)
        second = total - first - tokens[k].space
        if first > columns:
            break
        if second > columns:
            continue
        cost = (
            abs(first - second) / columns
            + 0.4 * _break_cost(tokens[k - 1])
            + 0.1 * (first > second)
        )
        if cost < cheapest:
            choice, cheapest = k, cost
    return choice


def _timed(groups: list[tuple[list[_Token], float]], columns: int) -> tuple[Cue, ...]:
    """Cues from groups and the end of each one's scene in seconds."""
    result: list[Cue] = []
    free = 0.0  # the end of the previous cue
    for i, (group, end_s) in enumerate(groups):
        following = groups[i + 1][0][0].start if i + 1 < len(groups) else end_s
        split = _split(group, columns)
        lines = (_join(group),) if not split else (_join(group[:split]), _join(group[split:]))
        wanted = max(MIN_S, sum(map(text_width, lines)) / READ_CHARS_PER_S)
        start = max(free, group[0].start)
        limit = min(max(following, start + 0.05), end_s)
        end = min(limit, max(group[-1].end + LINGER_S, start + wanted), start + MAX_S)
        if limit - end < CLOSE_GAP_S and limit - start <= MAX_S + CLOSE_GAP_S:
            end = limit
        start = max(free, min(start, max(start - _EARLY_S, end - MIN_S)))
        if end - start < 0.001:  # the video is too short for all words: drop the cue
            continue
        result.append(Cue(start_s=round(start, 3), end_s=round(end, 3), lines=lines))
        free = round(end, 3)
    return tuple(result)
