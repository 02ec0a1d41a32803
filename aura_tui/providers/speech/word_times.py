"""Computes the times of written words in a sound. Pure.

Both functions return one :class:`Word` per token of the text, in order, with non-decreasing starts
and ends within the sound. A silent token (a dash, an emoji) has no length.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

from aura_tui.model.script import Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    Span = tuple[float, float]

_PHRASE_ENDS = tuple(",.;:!?\u2026\u3001\u3002\uff0c\uff01\uff1f\u061f\u060c\u0964")
_MAX_CELLS = 100_000  # of the alignment table: some minutes of speech, about 50 ms
_UNMATCHED_S = 0.3  # cost of a pause or a phrase end without a counterpart


def utterance(forms: Sequence[str]) -> str:
    """The text to speak for ``forms``; events give positions in it."""
    return " ".join(form for form in forms if form)


def from_events(
    tokens: Sequence[str],
    forms: Sequence[str],
    events: Sequence[tuple[int, float, float]],
    duration_s: float,
) -> tuple[Word, ...]:
    """Word times from a voice's events: (position in the utterance, start, end) in seconds.

    Several events of one token make one word. A token without an event (voices merge "of the")
    shares the span of the token that it was merged into, by length.
    """
    spoken = [i for i, form in enumerate(forms) if form]
    starts: list[int] = []
    position = 0
    for i in spoken:
        starts.append(position)
        position += len(forms[i]) + 1
    spans_of: dict[int, Span] = {}  # index into spoken -> span
    k = 0
    for where, start, end in events if spoken else ():
        k = max(k, bisect.bisect_right(starts, where) - 1)
        first, last = spans_of.get(k, (start, end))
        spans_of[k] = (min(first, start), max(last, end))
    if not spans_of:
        return estimated(tokens, forms, ((0.0, duration_s),))
    spans: list[Span] = [(0.0, 0.0)] * len(tokens)
    owners = sorted(spans_of)
    for n, owner in enumerate(owners):
        following = owners[n + 1] if n + 1 < len(owners) else len(spoken)
        group = spoken[owner if n else 0 : following]
        for i, span in zip(group, _shared(spans_of[owner], [forms[i] for i in group]), strict=True):
            spans[i] = span
    return _words(tokens, forms, spans, (0.0, duration_s))


def estimated(
    tokens: Sequence[str], forms: Sequence[str], voiced: Sequence[Span]
) -> tuple[Word, ...]:
    """Estimate word times by length over the ``voiced`` parts of the sound (in order).

    Matches the pauses between those parts to the phrase ends of the text, so that an error doesn't
    spread past the next comma.
    """
    if not voiced:
        voiced = ((0.0, 0.0),)
    spoken = [i for i, form in enumerate(forms) if form] or list(range(len(tokens)))
    weights = [_weight(forms[i]) for i in spoken]
    spans: list[Span] = [(0.0, 0.0)] * len(tokens)
    ends = [n + 1 for n, i in enumerate(spoken[:-1]) if forms[i].endswith(_PHRASE_ENDS)]
    token_from = part_from = 0
    for token_to, part_to in [*_anchors(weights, ends, voiced), (len(spoken), len(voiced))]:
        parts = voiced[part_from:part_to]
        for i, span in zip(
            spoken[token_from:token_to],
            _spread(weights[token_from:token_to], parts),
            strict=True,
        ):
            spans[i] = span
        token_from, part_from = token_to, part_to
    all_forms = forms if any(forms) else tokens
    return _words(tokens, all_forms, spans, (voiced[0][0], voiced[-1][1]))


def _weight(form: str) -> float:
    return 1.0 + sum(c.isalnum() for c in form)


def _shared(span: Span, forms: Sequence[str]) -> list[Span]:
    return _spread([_weight(form) for form in forms], (span,))


def _spread(weights: Sequence[float], parts: Sequence[Span]) -> list[Span]:
    """Distribute ``weights`` over ``parts``: consecutive spans in proportion."""
    length = sum(end - start for start, end in parts)
    total = sum(weights) or 1.0
    spans: list[Span] = []
    done = 0.0
    for weight in weights:
        first = _at(done / total * length, parts, starts=True)
        done += weight
        spans.append((first, max(first, _at(done / total * length, parts, starts=False))))
    return spans


def _at(offset: float, parts: Sequence[Span], *, starts: bool) -> float:
    """The time after ``offset`` voiced seconds of ``parts``. Between two parts: the start of the
    second if ``starts``, else the end of the first."""
    for start, end in parts:
        length = end - start
        if offset < length - 1e-9 or (not starts and offset <= length + 1e-9):
            return start + min(offset, length)
        offset -= length
    return parts[-1][1]


def _anchors(
    weights: Sequence[float], ends: Sequence[int], voiced: Sequence[Span]
) -> list[tuple[int, int]]:
    """Align phrase ends with pauses at the lowest cost: (token, part) pairs."""
    if len(ends) * len(voiced) > _MAX_CELLS:
        return []
    total = sum(weights)
    length = sum(end - start for start, end in voiced)
    at_token = [0.0]
    for weight in weights:
        at_token.append(at_token[-1] + weight / total * length)
    at_part = [0.0]
    for start, end in voiced:
        at_part.append(at_part[-1] + end - start)
    pauses = range(1, len(voiced))
    # costs[a][b]: the first a phrase ends against the first b pauses.
    costs = [[_UNMATCHED_S * (a + b) for b in range(len(voiced))] for a in range(len(ends) + 1)]
    for a, token in enumerate(ends, 1):
        row, above = costs[a], costs[a - 1]
        for b in pauses:
            matched = above[b - 1] + abs(at_token[token] - at_part[b])
            row[b] = min(matched, above[b] + _UNMATCHED_S, row[b - 1] + _UNMATCHED_S)
    pairs: list[tuple[int, int]] = []
    a, b = len(ends), len(voiced) - 1
    while a and b:
        if costs[a][b] == costs[a - 1][b] + _UNMATCHED_S:
            a -= 1
        elif costs[a][b] == costs[a][b - 1] + _UNMATCHED_S:
            b -= 1
        else:
            pairs.append((ends[a - 1], b))
            a, b = a - 1, b - 1
    return pairs[::-1]


def _words(
    tokens: Sequence[str], forms: Sequence[str], spans: Sequence[Span], within: Span
) -> tuple[Word, ...]:
    words: list[Word] = []
    start = end = within[0]
    for token, form, span in zip(tokens, forms, spans, strict=True):
        if form:
            start = min(max(start, span[0]), within[1])
            end = min(max(end, start, span[1]), within[1])
        else:
            start = end  # a silent token: at the end of the previous word
        words.append(Word(token, round(start, 4), round(end, 4)))
    return tuple(words)
