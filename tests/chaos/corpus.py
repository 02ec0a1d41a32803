"""Hostile texts: what a person who wants it to fail would give as a brief.

Made here rather than kept as files: most can't be, and none should be opened in an editor. Each is
a ``(name, text)``; ``MARK`` stands in all that have words, so that what came of them can be found.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "Lighthouses"
SAYS = f"{MARK} warn ships of rocks. Their lamps turn all night."

_ESC, _BEL, _ST = "\x1b", "\x07", "\x1b\\"

# What a terminal obeys: none of it may come out again.
ESCAPES = {
    "csi": f"{_ESC}[2J{_ESC}[31;5m",
    "csi-8-bit": "\x9b2J\x9b?1049h",
    "osc-title": f"{_ESC}]0;owned{_BEL}",
    "osc-8": f"{_ESC}]8;;http://evil.example/{_ST}click{_ESC}]8;;{_ST}",
    "osc-52": f"{_ESC}]52;c;cm0gLXJmIC8={_BEL}",
    "osc-8-bit": "\x9d52;c;cm0gLXJmIC8=\x9c",
    "dcs": f"{_ESC}Pq#0;2;0;0;0~{_ST}",
    "apc": f"{_ESC}_Gf=100,a=T;AAAA{_ST}",
    "reset": f"{_ESC}c",
    "unfinished": f"{_ESC}]52;c;",
    "within": f"{_ESC}{_ESC}[[31m1m",
    "status-report": f"{_ESC}[6n{_ESC}[c{_ESC}P$q q{_ST}",
    "c0": "".join(map(chr, range(1, 32))) + "\x7f",
    "c1": "".join(map(chr, range(0x80, 0xA0))),
    "backspaces": "safe" + "\b" * 4 + "evil",
    "carriage": "first\rsecond",
}

DIRECTIONS = {
    "override": "\u202eneddih\u202c",
    "isolates": "\u2066a\u2067b\u2068c\u2069",
    "embeddings": "\u202aa\u202bb\u202c",
    "marks": "\u200ea\u200fb\u061cc",
    "unclosed": "\u202e\u2067",
}

UNSEEN = {
    "zero-width": "a\u200bb\u200cc\u200dd\u2060e\ufefff",
    "soft-hyphens": "a\u00adb" * 50,
    "tags": "a" + "".join(chr(0xE0000 + ord(c)) for c in "hidden") + "b",
    "selectors": "a\ufe0f\ufe0e\U000e0100",
    "fillers": "\u115f\u1160\u3164\uffa0\u17b4\u17b5\u180e",
    "separators": "a\u2028b\u2029c\u0085d\x1ce\x1df",
    "blanks": "".join(map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000))),
    "object": "\ufffc\ufffd\ufff9a\ufffab\ufffb",
    "noncharacters": "\ufdd0\ufffe\uffff\U0001ffff\U0010ffff",
}

PILES = {
    "combining": "e" + "\u0301" * 400 + " a" + "\u0489" * 400,
    "enclosing": "a\u20dd\u20e0" * 100,
    "zwj": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 " * 20,
    "zwj-chain": "\U0001f468\u200d" * 300,
    "flags": "\U0001f1e9\U0001f1ea" * 100 + "\U0001f1e9",
    "skins": "\U0001f44b\U0001f3fd" * 50 + "\U0001f3fd",
    "keycaps": "1\ufe0f\u20e3" * 50,
    "wide": "\u6f22\uff21\ud55c" * 100,
    "ligature": "\ufdfd" * 100,
    "hangul": "\u1100\u1161\u11a8" * 100,
}

MARKUP = {
    "rich": "[bold red]x[/bold red] [link=http://evil.example]y[/link] [/] [@click=app.quit]z[/]",
    "rich-broken": "[/nothing] [bold [[[ [$primary] [not closed",
    "textual": "[@click=app.bell()]press[/] $text-muted [on red]",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)><b>x</b>",
    "ssml": '<speak><prosody rate="x-fast">a</prosody><break time="9999s"/></speak>',
    "espeak": '[[h@l"oU]] [[_::_:]] \x01a \x05',
    "vtt": "00:00:00.000 --> 99:00:00.000 --> NOTE STYLE\n\n::cue{color:red}\n\nWEBVTT",
    "srt": "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}{\\pos(1,1)}<font color=red>x",
    "ffmetadata": "[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=a;b#c=d\\e\\",
    "filter": "':x=1:enable='gt(t,0)',movie=/etc/passwd,drawtext=textfile=/etc/passwd[x]",
    "ass": "{\\p1}m 0 0 l 100 100{\\p0}\\N\\h",
    "concat": "file '/etc/passwd'\nffconcat version 1.0",
    "json": '"},"event":"job-completed","data":{"jobId":"x"}} \\u0000 \\ud800',
    "sse": "data: x\n\nevent: job-completed\nid: 9999999999999-0\n\n",
    "format": "{topic} {0} {self.__class__} %s %n %(x)s ${HOME} $(id) `id` {{}}",
    "template": "{{ 7*7 }} {% raw %} <%= 7 %> #{7}",
    "sql": "'; DROP TABLE jobs; -- \" \\",
    "csv": "=cmd|'/c calc'!A1 +1 -1 @SUM(1)",
    "log": "2026-01-01T00:00:00.000Z error Job: failed: fake\nsucceeded  after 0 s",
}

TITLES = {
    "up": "../../../../tmp/x",
    "absolute": "/etc/passwd",
    "dots": "..",
    "dot-file": ".bashrc",
    "option": "-rf --help -o /",
    "drive": "C:\\Windows\\System32\\con.mp4",
    "device": "CON NUL COM1 aux.txt",
    "scheme": "file:///etc/passwd http://evil.example/ concat:a|b",
    "percent": "%2e%2e%2f%00%0a",
    "pattern": "%05d *?[a-z] {a,b}",
    "quotes": "a'b\"c`d$e",
    "newline": "a\nb\tc",
    "long": "long " * 400,
    "long-word": "w" * 2000,
    "no-letter": "??? !!! ...",
    "upper-i": "\u0130\u0131 \ufb01 \u1e9e",
}

EMPTY_ISH = {
    "blank": " \n\t\n ",
    "marks": "# \n\n- \n\n> \n\n```\n```\n\n***",
    "punctuation": ". , ; : ! ? - ...",
    "zero-width": "\u200b\u200d\ufeff",
    "controls": "\x1b[31m\x07\x9b",
    "emoji": "\U0001f600 \U0001f468\u200d\U0001f469",
    "rules": "---\n---\n---\n",
    "front-matter": "---\ntitle: \n---\n",
    "comment": "<!-- nothing -->",
    "one-letter": "a",
}

NOT_TEXT = {
    "nul": f"{MARK}\0 warn ships.",
    "surrogate": f"{MARK} \ud800 warn ships.",
    "surrogates": f"{MARK} \udc00\ud800 warn ships.",
    "surrogate-pair": f"{MARK} \ud83d\ude00 warn ships.",
}

_SIZE = 1_000_000

# Each of a megabyte or near it: time and memory must stay in proportion.
FLOODS = {
    "brackets": "[" * _SIZE,
    "pictures": "![" * (_SIZE // 2),
    "badges": "[![" * (_SIZE // 3),
    "references": "[a]: b\n\n" + "[a][" * (_SIZE // 4),
    "links": "[a](" * (_SIZE // 4),
    "nested-pictures": ("![" * 60 + "a" + "](b)" * 60 + ". ") * 2500,
    "stars": "*" * _SIZE,
    "emphasis": "*a **b " * (_SIZE // 7),
    "underscores": "_a" * (_SIZE // 2),
    "backticks": "".join("`" * (i % 300) + "a" for i in range(6600)),
    "pipes": "| | |\n" * (_SIZE // 6),
    "wide-table": ("|a" * 20_000 + "|\n") + "|-" * 20_000 + "|\n" + ("|1" * 20_000 + "|\n") * 20,
    "long-table": "|a|b|\n|-|-|\n" + "|1|2|\n" * (_SIZE // 6),
    "quotes": "> " * (_SIZE // 2),
    "quoted-lines": "> > > >\n" * (_SIZE // 8),
    "quoted-lists": "- > a\n" * (_SIZE // 6),
    "deep-list": "".join("  " * (i % 400) + "- a\n" for i in range(2400)),
    "loose-list": "- a\n\n" * (_SIZE // 5),
    "headings": "# a\n" * (_SIZE // 4),
    "setext": "a\n=\n" * (_SIZE // 4),
    "fences": "```\n" * (_SIZE // 4),
    "html": "<a b='" * (_SIZE // 6),
    "tags": "<div>" * (_SIZE // 5),
    "entities": "&#1" * (_SIZE // 3),
    "footnotes": "[^" * (_SIZE // 2),
    "backslashes": "\\" * _SIZE,
    "front-matter": "---\n" + "a: b\n" * (_SIZE // 5),
    "rest": ".. code::\n\n" + " \n" * (_SIZE // 2),
    "rest-links": ".. a::\n" + "`a <" * (_SIZE // 4),
    "words": ("w" * 100_000 + " ") * 9,
    "one-word": "w" * _SIZE,
    "blanks": " " * _SIZE,
    "newlines": "\n" * _SIZE,
    "full-stops": "A. " * (_SIZE // 3),
    "questions": "a? " * (_SIZE // 3),
    "sentences": "".join(f"Sentence {i} says {i * 7} percent. " for i in range(28_000)),
    "han": "\u4e00" * _SIZE,
    "han-sentences": "\u4e00\u3002" * (_SIZE // 2),
    "combining": "a" + "\u0301" * _SIZE,
    "zwj": "\U0001f468\u200d" * (_SIZE // 2),
    "overrides": "\u202e" * _SIZE,
    "escapes": "\x1b[" * (_SIZE // 2),
    "strings": "\x1b]" * (_SIZE // 2),
    "addresses": "http://" * (_SIZE // 7),
    "figures": "1," * (_SIZE // 2),
    "conjunctions": "because and, or " * (_SIZE // 16),
}


def blocks(each: int = 3) -> str:
    """``each`` characters of every 128 code points that have any assigned: of every block."""
    found: list[str] = []
    for start in range(0, 0x110000, 0x80):  # but for NUL, which makes it no text
        kept = 0
        for point in range(max(1, start), start + 0x80):
            if unicodedata.category(chr(point)) in ("Cn", "Cs"):
                continue
            found.append(chr(point))
            kept += 1
            if kept == each:
                found.append(" ")
                break
    return "".join(found)


def sections() -> Iterator[tuple[str, str]]:
    """(name, text of a section): all that a brief may hold beside words."""
    for kind in (ESCAPES, DIRECTIONS, UNSEEN, PILES, MARKUP, TITLES):
        yield from kind.items()


def briefs(part: int = 8) -> Iterator[tuple[str, str]]:
    """(name, Markdown): hostile texts as headings, sentences, bullets, cells and code, several a
    brief. ``MARK`` is in each."""
    told = list(sections())
    for first in range(0, len(told), part):
        some = told[first : first + part]
        yield f"{some[0][0]}..{some[-1][0]}", brief(some)
    yield "blocks", f"# {MARK} of the world\n\n{SAYS}\n\n" + "\n\n".join(_lines(blocks()))
    long = "w" * 100_000 + " " + "\u6f22" * 100_000
    yield "long-words", f"# {MARK}\n\n{SAYS}\n\n{long} is a word. {SAYS}"


def brief(some: list[tuple[str, str]]) -> str:
    """One brief with each text in every place that a text can have."""
    parts = [f"# {MARK} {some[0][1]}", SAYS]
    for name, text in some:
        line = text.replace("\n", " ")
        parts += [
            f"## {name} {line}",
            f"The part {name} says {text} to all ships at sea.",
            f"- The first {line} point\n- The second {line} point\n- {line}",
            f"> A {line} keeper said so\n> \u2014 {line}",
            f"```{line[:40]}\n{text}\n```",
            f"| {line} | 2026 |\n|---|---|\n| {line} | 12 % |\n| b{line} | 30 % |",
            f"![{line}](/nowhere/{line}.png) [{line}](http://a.example/{line}) {SAYS}",
        ]
    return "\n\n".join(parts)


KINDS = ("title", "statement", "bullets", "number", "quote", "code", "chart")


def reply(some: list[tuple[str, str]]) -> dict[str, object]:
    """A model's script with each text in every field of its scene, the kinds of card by turns."""
    scenes = [
        {
            "kind": KINDS[i % len(KINDS)],
            "narration": f"The part {name} says {text[:120]} to ships.",
            "title": f"{name} {text}",
            "text": text,
            "value": text[:12],
            "author": text,
            "code": text,
            "language": text,
            "items": [f"{text[:20]} a: 1 {text[:5]}", f"{text[:20]} b: 2 {text[:5]}"],
        }
        for i, (name, text) in enumerate(some)
    ]
    return {"title": f"{MARK} {some[0][1]}", "scenes": scenes}


def _lines(text: str) -> list[str]:
    return [f"The letters {text[i : i + 60]} are read here." for i in range(0, len(text), 60)]
