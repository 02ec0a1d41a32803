"""Cards for the tests of layout: ordinary ones, and contents that go to extremes."""

from __future__ import annotations

from aura_tui.model.script import (
    AnyCard,
    BulletsCard,
    ChartCard,
    CodeCard,
    NumberCard,
    PictureCard,
    QuoteCard,
    StatementCard,
    TableCard,
    TitleCard,
)

CODE = '''def render(scene: Scene, out: Path) -> Path:
    """Encode one scene; reuse it if nothing changed."""
    key = sha256(scene.inputs()).hexdigest()[:16]
    target = out / f"{key}.mkv"
    if target.exists():           # cached
        return target
    return encode(scene, target, fps=30, crf=23)
'''

ORDINARY: dict[str, AnyCard] = {
    "title": TitleCard(
        kicker="Explainer",
        title="How solar panels turn light into power",
        subtitle="A two-minute tour from photon to kettle",
    ),
    "statement": StatementCard(
        kicker="Why now",
        title="The short version",
        text="Solar power became the cheapest source of new electricity within a decade.",
    ),
    "bullets": BulletsCard(
        kicker="The process",
        title="Three steps, no moving parts",
        bullets=(
            "Photons strike the silicon and free electrons",
            "The electric field pushes them in one direction",
            "An inverter turns DC into household AC",
        ),
        ordered=True,
    ),
    "number": NumberCard(
        kicker="Scale",
        value="29.5%",
        label="growth in installed capacity, 2024",
        note="597 GW added worldwide in a single year",
    ),
    "quote": QuoteCard(
        kicker="Perspective",
        text="I'd put my money on the sun and solar energy. What a source of power!",
        author="Thomas Edison, 1931",
    ),
    "code": CodeCard(
        kicker="Under the hood", title="A cache key per scene", code=CODE, language="python"
    ),
    "table": TableCard(
        kicker="Compare",
        title="What a kilowatt-hour costs",
        header=("Source", "LCOE, $/MWh", "Change since 2010", "Build time"),
        rows=(
            ("Solar PV", "44", "-90 %", "1-2 years"),
            ("Onshore wind", "33", "-70 %", "2-3 years"),
            ("Gas, combined cycle", "77", "+5 %", "3-4 years"),
            ("Nuclear", "182", "+33 %", "8-12 years"),
        ),
    ),
    "chart": ChartCard(
        kicker="Trend",
        title="Gigawatts added per year",
        labels=("2021", "2022", "2023", "2024"),
        values=(168, 240, 456, 597),
        texts=("168", "240", "456", "597"),
    ),
    "picture": PictureCard(kicker="On the roof", path="/nowhere.png", caption="A rooftop array"),
}

_LONG = "The quick brown fox jumps over the lazy dog while the band plays on and on "
_HAN = (
    "太陽光発電は十年のうちに世界で最も安い新しい電力になりました。"
    "屋根の上のパネルは一日で設置できます。"
)
_ARABIC = "أصبحت الطاقة الشمسية أرخص مصدر للكهرباء الجديدة 2024 في التاريخ (IEA) خلال عقد واحد"
_HEBREW = "שלום עולם: solar power ב-2024 הגיע ל-29.5% מההספק"
_MIXED = "Ünïçödé ☀️🎉 naïve Ελληνικά Кириллица 漢字 עברית हिन्दी ไทย Tiếng Việt Ế"
_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
_URL = "https://example.org/a/very/long/path/that/never/ends?with=a&query=string&and=more#fragment"

TEXTS: dict[str, str] = {
    "one character": "i",
    "300 characters": (_LONG * 5)[:300],
    "one long word": _WORD * 3,
    "a link": _URL,
    "han": _HAN * 2,
    "arabic": _ARABIC,
    "hebrew": _HEBREW,
    "mixed": _MIXED,
    "emoji alone": "🎉🎉🎉",
    "stacked marks": "Z̸̡͓͎̈́̾a̵͚̓l̶̰̊g̷̱̈́o̶",
    "wide capitals": "WWWWWWWWWWWW MMMMMMMMMM " * 6,
    "thousands": _LONG * 60,
}


def extremes(text: str) -> dict[str, AnyCard]:
    """Every kind of card with ``text`` wherever a text goes, and more of it than can be shown."""
    return {
        "title": TitleCard(kicker=text, title=text, subtitle=text),
        "statement": StatementCard(kicker=text, text=text, title=text),
        "bullets": BulletsCard(kicker=text, title=text, bullets=(text,) * 12, ordered=True),
        "short bullets": BulletsCard(title=text[:20], bullets=(text[:30],) * 9),
        "number": NumberCard(kicker=text, value=text, label=text, note=text),
        "quote": QuoteCard(kicker=text, text=text, author=text),
        "code": CodeCard(title=text, code=f"{text * 2}\n\tx = '{text}'\n" * 60, language="python"),
        "wide code": CodeCard(title="", code="x = " + "1234567890" * 20, language="python"),
        "table": TableCard(title=text, header=(text,) * 10, rows=((text,) * 10,) * 40),
        "tall table": TableCard(title="T", header=("A", "B"), rows=((text[:40], "1.5"),) * 40),
        "chart": ChartCard(
            title=text, labels=(text,) * 30, values=(1.0, -2.0, 0.0) * 10, texts=(text,) * 30
        ),
        "upright chart": ChartCard(
            title=text[:60],
            labels=(text[:12],) * 5,
            values=(3, -7.5, 0, 1e-9, 1e12),
            texts=(text[:8],) * 5,
        ),
        "falling chart": ChartCard(
            title="Loss", labels=("a", "b"), values=(-3, -1), texts=("3", "1")
        ),
        "one bar": ChartCard(title=text[:60], labels=(text,), values=(5.0,), texts=(text[:9],)),
        "no change": ChartCard(title="Flat", labels=("a", "b"), values=(0, 0), texts=("0", "0")),
        "picture": PictureCard(kicker=text, path="/nowhere.png", caption=text),
    }
