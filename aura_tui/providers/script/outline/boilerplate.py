"""Finds boilerplate sentences, such as "See the docs": a video has nothing to click."""

from __future__ import annotations

import re

_MAX_CHARS = 300  # of a sentence to examine: bounds the cost of the patterns
_PLACE = (
    r"\b(?:docs?|documentation|guide|tutorials?|website|web ?site|homepage|readme|wiki|manual|"
    r"issue tracker|pypi|github|gitlab|changelog|faq|section|page|repository|file|folder|directory|"
    r"chapter|blog ?post|talk|video|article|here|below|link|report|examples?)\b"
)
_HOST = r"(?:\w[\w-]*\.)+[a-z]{2,6}"
_FORMS = (
    # "See the docs", "you can read about it here"
    r"(?:^|[,;:] |\b(?:please|can|you'll|may) )(?:also )?(?:see|refer to|visit|read|view|check out|"
    r"check|browse|look at|have a look|take a look|consult|head (?:over )?to|go to|find|click|join|"
    r"follow|star|siehe|voir|v\u00e9ase)\b.{0,90}" + _PLACE,
    r"^(?:for|to (?:find|learn|see|read)|want|if you (?:want|would like|need)|need)\b.{0,120}"
    r"\b(?:see|refer to|visit|check out)\b",
    # "Full documentation is available at ..."
    r"^(?:\S+ ){0,7}(?:is|are|can be|may be) (?:available|found|hosted|documented|listed|described|"
    rf"on)\b.{{0,60}}(?:{_PLACE}|\w\.\w)",
    # "Source code: github.com", "... at docs.example.org"
    rf"^[\w &/-]{{2,40}}: {_HOST}[\w/]*\.?$",
    rf"\b(?:at|on|see|via):? {_HOST}\.?$",
    r"^(?:see|refer|learn more|read more|drop by|say hello|click here|get in touch|download|"
    r"have a look|siehe|voir|v\u00e9ase)\b",
    r"^(?:now,? )?let'?s (?:get|go|begin|start)\b",
    r"^install\b.{0,60}\b(?:pip|pypi|uv|conda|npm|brew)\b",
    # contributions and licences
    r"\bcontribut\w+ (?:is|are) welcome\b|\bpull requests? (?:is|are) welcome\b|\bissue tracker\b",
    r"\blicen[sc]ed under\b|\b(?:MIT|BSD|Apache) licen[sc]e\b|\bsecurity (?:contact|vulnerabilit)",
)
_POINTER = re.compile("|".join(f"(?:{form})" for form in _FORMS), re.IGNORECASE)


def is_pointer(sentence: str) -> bool:
    """Whether ``sentence`` only points to other sources, or is about contributions or licences."""
    return _POINTER.search(sentence[:_MAX_CHARS]) is not None
