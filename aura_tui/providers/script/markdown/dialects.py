"""Reads the marks in a line that Markdown's dialects add: ``==mark==``, ``H~2~O``, ``[[wiki]]``.

The text has its standard markup removed, and a character of private use for each piece of code, so
that nothing in code is changed.
"""

from __future__ import annotations

import re

from aura_tui.providers.script.markdown import tex

_MAX = 500  # characters of a marked text: bounds the search for its end
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"\^\[[^\[\]]{{1,{_MAX}}}\]"), ""),  # a footnote within the line
    (re.compile(rf"%%[^%]{{1,{_MAX}}}%%"), ""),  # Obsidian's comment
    (re.compile(rf"\{{/\*[^*]{{0,{_MAX}}}\*/\}}"), ""),  # MDX's comment
    (re.compile(rf"\{{>>[^<]{{0,{_MAX}}}<<\}}|\{{--[^{{}}]{{1,{_MAX}}}--\}}"), ""),  # CriticMarkup
    (re.compile(rf"\{{(?:\+\+|==)([^{{}}]{{1,{_MAX}}}?)(?:\+\+|==)\}}"), r"\1"),
    # Shortcodes and templates: {{< youtube id >}}, {% include x %}, {{ page.title }}
    (re.compile(rf"\{{\{{[^{{}}]{{0,{_MAX}}}\}}\}}|\{{%[^{{}}]{{0,{_MAX}}}%\}}"), ""),
    (re.compile(r"[ \t]*\{:?[ \t]*[#.][^{}\n]{1,200}\}"), ""),  # {#id .class}
    (re.compile(r"!?\[\[(?:_?TOC_?|toc)\]\]"), ""),
    (re.compile(r"!?\[\[[^\[\]|\n]{1,200}\|([^\[\]|\n]{1,200})\]\]"), r"\1"),  # [[page|name]]
    (re.compile(r"!?\[\[([^\[\]|#\n]{1,200})(?:#[^\[\]|\n]{0,200})?\]\]"), r"\1"),
    (re.compile(rf"(?<![\w=])==(?=[^\s=])([^=\n]{{1,{_MAX}}})(?<=\S)==(?![\w=])"), r"\1"),
    (re.compile(rf"(?<![\w+])\+\+(?=[^\s+])([^+\n]{{1,{_MAX}}})(?<=\S)\+\+(?![\w+])"), r"\1"),
    (re.compile(rf"(?<!\|)\|\|(?=[^\s|])([^|\n]{{1,{_MAX}}})(?<=\S)\|\|(?!\|)"), r"\1"),
    # Struck out with single tildes, as GitHub reads it
    (re.compile(rf"(?<![\w~/])~(?=[^\s~/])([^~\n]{{1,{_MAX}}})(?<=\S)~(?![\w~])"), ""),
    # References of an encyclopedia or a paper: "1284.[4]", "[4][5]", "[4, 7-9]", "[note 1]"
    (
        re.compile(
            r"(?<=[^\W_]|[.,;:!?)\"'\u201d\u2019\u00bb%\u2026])"
            r"(?:[ \u00a0]?\[(?:citation needed|(?:note|nb|n\.) ?\d{1,3})\]|\[\d{1,3}"
            r"(?:[,;\u2013-] ?\d{1,3}){0,9}\])+"
        ),
        "",
    ),
    # The same after a space, if a mark of the sentence follows: "as Smith wrote [4]."
    (
        re.compile(
            r"(?<!\bin)(?<!\bsee)(?<!\bof)(?<!\bby)(?<!\bfrom)(?<!\band)(?<=\w) "
            r"\[\d{1,3}(?:[,;\u2013-] ?\d{1,3}){0,9}\](?=[.,;:!?])"
        ),
        "",
    ),
)
_SIGNS = re.compile(r"[=+|%{\[~^]")
_LOWERED = re.compile(r"(?<=[^\s~])~([^\s~]{1,12})~(?!~)")
_RAISED = re.compile(r"(?<=[^\s^])\^([+\u2212-]?\w{1,8})\^(?!\^)")
_PICTURE = re.compile(
    r"!\[\[([^\[\]|\n]{1,300}\.(?:png|jpe?g|webp|gif|bmp|tiff?))(?:\|[^\[\]\n]{0,100})?\]\]", re.I
)


def plain(text: str) -> str:
    """``text`` without the dialects' marks."""
    if not _SIGNS.search(text):
        return text
    for pattern, to in _RULES:
        text = pattern.sub(to, text)
    text = _LOWERED.sub(lambda match: lowered(match[1]), text)
    return _RAISED.sub(lambda match: raised(text[: match.start()], match[1]), text)


def embedded_pictures(text: str) -> tuple[str, list[str]]:
    """``text`` without Obsidian's pictures (``![[map.png]]``), and their addresses."""
    if "![[" not in text:
        return text, []
    return _PICTURE.sub("", text), [match[1] for match in _PICTURE.finditer(text)]


def lowered(text: str) -> str:
    """``text`` as a subscript if it can be one, else as it is."""
    return tex.as_script("_", text.strip()) or text.strip()


def raised(before: str, text: str) -> str:
    """``text`` as a superscript after ``before``: "" if it is the number of a footnote."""
    text = text.strip()
    if text.lower() == "tm":
        return "\u2122"
    number = re.fullmatch(r"\[?[\d, *\u2020\u2021-]{1,12}\]?|\[\w{1,8}(?: \d{1,3})?\]", text)
    if number and re.search(r"(?:[^\W\d_]{4}|[.,;:!?)\"'\u201d\u2019])$", before.rstrip()):
        return ""  # after a word or a sentence; after "m" or "10" it is a power
    if (text[:1].isalpha() and len(text) > 1) or text in ("e", "o", "a"):
        return text  # "1st", "M me", "n o"
    return tex.as_script("^", text) or text


# Lines that are no content in any dialect.
NOT_CONTENT = re.compile(
    r"\*\[[^\[\]]{1,100}\]:.*"  # an abbreviation's meaning
    r"|import\s(?:.*\sfrom\s+)?[\"'][^\"']+[\"'];?|export\s+(?:default|const|let|function|async)\b.*"
    r"|\[\[?_?TOC_?\]?\]|\[\[toc\]\]|\$\{toc\}|\\(?:newpage|pagebreak|toc|tableofcontents)"
    r"|\{:[^{}]*\}",
    re.IGNORECASE,
)
