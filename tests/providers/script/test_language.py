"""Detection of a text's language from its words; English in doubt."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.model.request import Brief
from aura_tui.providers.script.language import writing_system
from aura_tui.providers.script.language.detect import MAX_CHARS, of_brief, of_text
from aura_tui.providers.script.language.stopwords import WORDS
from aura_tui.providers.speech.espeak.provider import Espeak

BRIEFS = Path(__file__).parents[1] / "briefs"
OTHERS = {"deutsch": "de", "japanese": "ja", "arabic": "ar"}
KNOWN = {*WORDS, *writing_system.LANGUAGES}

TEXTS = {
    "en": "The tram runs every ten minutes from the old market to the harbour. In winter it is "
    "heated, and the drivers know most of the people who ride with them.",
    "de": "Die Straßenbahn fährt alle zehn Minuten vom alten Markt zum Hafen. Im Winter ist sie "
    "geheizt, und die Fahrer kennen die meisten Leute, die mit ihnen fahren.",
    "fr": "Le tramway part toutes les dix minutes du vieux marché vers le port. En hiver il est "
    "chauffé, et les conducteurs connaissent la plupart des gens qui montent avec eux.",
    "es": "El tranvía sale cada diez minutos del mercado viejo hacia el puerto. En invierno está "
    "caliente, y los conductores conocen a casi toda la gente que viaja con ellos.",
    "it": "Il tram parte ogni dieci minuti dal vecchio mercato verso il porto. In inverno è "
    "riscaldato e gli autisti conoscono quasi tutte le persone che viaggiano con loro.",
    "pt": "O elétrico sai de dez em dez minutos do mercado velho para o porto. No inverno é "
    "aquecido, e os condutores conhecem quase todas as pessoas que viajam com eles.",
    "nl": "De tram rijdt elke tien minuten van de oude markt naar de haven. In de winter wordt "
    "hij verwarmd, en de bestuurders kennen de meeste mensen die met hen meerijden.",
    "sv": "Spårvagnen går var tionde minut från det gamla torget till hamnen. På vintern är den "
    "uppvärmd, och förarna känner de flesta av dem som åker med.",
    "da": "Sporvognen kører hvert tiende minut fra det gamle torv til havnen. Om vinteren er den "
    "opvarmet, og førerne kender de fleste af dem, der kører med, efter nogle år.",
    "nb": "Trikken går hvert tiende minutt fra det gamle torget til havnen. Om vinteren er den "
    "oppvarmet, og førerne kjenner de fleste av dem som reiser med, etter noen år.",
    "pl": "Tramwaj odjeżdża co dziesięć minut ze starego rynku do portu. W zimie jest ogrzewany, "
    "a motorniczy znają większość ludzi, którzy z nimi jeżdżą, i witają się z nimi.",
    "cs": "Tramvaj jezdí každých deset minut ze starého trhu do přístavu. V zimě je vytápěná a "
    "řidiči znají většinu lidí, kteří s nimi jezdí, protože je to jen malé město.",
    "sk": "Električka jazdí každých desať minút zo starého trhu do prístavu. V zime je vykurovaná "
    "a vodiči poznajú väčšinu ľudí, ktorí sa s nimi vozia, pretože je to len malé mesto.",
    "hr": "Tramvaj vozi svakih deset minuta od stare tržnice do luke. Zimi je grijan, a vozači "
    "poznaju većinu ljudi koji se voze s njima, jer je to samo mali grad i svi se znaju.",
    "tr": "Tramvay eski pazardan limana her on dakikada bir gider. Bu çok eski bir tramvay, ama "
    "herkes onu sever, çünkü küçük bir şehir için en iyi yol bu ve daha ucuz.",
    "fi": "Raitiovaunu kulkee vanhalta torilta satamaan joka kymmenes minuutti. Talvella se on "
    "lämmin, ja kuljettajat tuntevat useimmat ihmiset, jotka ovat kyydissä, sillä se on pieni.",
    "ro": "Tramvaiul pleacă la fiecare zece minute din piața veche spre port. Iarna este încălzit, "
    "iar vatmanii îi cunosc pe cei mai mulți dintre oamenii care merg cu ei.",
    "hu": "A villamos tíz percenként indul a régi piacról a kikötőbe. Télen fűtik, és a vezetők "
    "ismerik a legtöbb embert, aki velük utazik, mert ez csak egy kis város, és nem nagy.",
    "id": "Trem itu berangkat setiap sepuluh menit dari pasar lama ke pelabuhan. Pada musim dingin "
    "trem ini hangat, dan para masinis mengenal banyak orang yang ikut dengan mereka.",
    "vi": "Xe điện chạy mười phút một chuyến từ chợ cũ đến bến cảng. Vào mùa đông xe được sưởi ấm, "
    "và những người lái xe biết nhiều người đi cùng với họ.",
    "ca": "El tramvia surt cada deu minuts del mercat vell cap al port. A l'hivern és calent, i "
    "els conductors coneixen gairebé tothom que viatja amb ells, perquè és una ciutat petita.",
    "ru": "Трамвай ходит каждые десять минут от старого рынка до порта.",
    "uk": "Трамвай їздить щодесять хвилин від старого ринку до порту, \u0456 всі його люблять.",
    "ja": "路面電車は十分ごとに古い市場から港まで走ります。",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_paragraph_tells_its_language(language: str) -> None:
    assert of_text(TEXTS[language]) == language


def test_every_detectable_language_has_a_text_or_its_own_letters_and_a_voice() -> None:
    assert set(WORDS) <= set(TEXTS)
    for tag in KNOWN:
        assert Espeak().resolve("", tag)


@pytest.mark.parametrize("file", sorted(BRIEFS.iterdir()), ids=lambda file: file.stem)
def test_the_briefs_are_in_the_language_they_are_in(file: Path) -> None:
    assert of_text(file.read_text()) == OTHERS.get(file.stem, "en")


@pytest.mark.parametrize(
    ("topic", "language"),
    [
        ("Wie funktioniert eine Wärmepumpe?", "de"),
        ("Die Rolle der Frau in der Antike", "de"),
        ("Pourquoi le ciel est bleu", "fr"),
        ("Hvordan virker en varmepumpe, og hvad koster den?", "da"),
        ("How solar panels work", "en"),
        ("Kaffee", "en"),
        ("Sturm und Drang", "en"),
        ("La vie en rose", "en"),
        ("Rio de la Plata: a history", "en"),
        ("El Camino de Santiago de Compostela", "en"),
        ("Ursula von der Leyen", "en"),
        ("Vincent van Gogh in Auvers", "en"),
        ("Die Hard and Die Another Day", "en"),
        ("", "en"),
    ],
)
def test_a_topic_is_english_unless_its_words_are_clear(topic: str, language: str) -> None:
    assert of_brief(Brief(topic=topic)) == language


@pytest.mark.parametrize(
    "text",
    [
        "Install `de la que el en y los` with:\n\n```sh\nder die das und ist nicht mit sich\n```\n",
        "my ($s, $k) = @_; s/a/b/; for my $i (0 .. $n) { $i, $u, $k, $o, $z, $v, $s, $a, $w }",
        "SELECT a, o, e FROM se WHERE na = do AND os IS NOT NULL ORDER BY no, em, um DESC",
        "https://example.com/de/la/que/el " * 20,
        "lorem ipsum redis kafka postgres nginx docker podman helm istio envoy " * 20,
    ],
    ids=["fences", "perl", "sql", "addresses", "names"],
)
def test_code_and_names_are_no_foreign_language(text: str) -> None:
    assert of_text(text) == "en"


def test_code_and_english_words_in_a_text_leave_it_its_language() -> None:
    code = "\n\n```python\nfor the_one in this and that or not those:\n    return of_it\n```\n"
    assert of_text(TEXTS["de"] + code * 30 + "Das Release ist im Build, nicht im Branch.") == "de"


def test_a_quotation_leaves_an_english_text_english() -> None:
    assert of_text(f"{TEXTS['en']}\n\n> {TEXTS['fr'][:60]}\n\n{TEXTS['en']}") == "en"


def test_the_language_that_a_brief_names_is_its_language() -> None:
    assert of_brief(Brief(text=TEXTS["de"], language="fr-CA")) == "fr-CA"
    assert of_brief(Brief(topic="Trams", text=TEXTS["de"])) == "de"


@pytest.mark.parametrize("unit", ["`", "<", "```\n", "a", "a.", "://", "\u4e00", "' ", "~~~ \n <"])
def test_a_megabyte_of_anything_is_judged_at_once(unit: str) -> None:
    start = time.process_time()
    of_text(unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 0.5


@settings(deadline=None)
@given(
    st.text()
    | st.lists(st.sampled_from(sorted({w for words in WORDS.values() for w in words}))).map(
        " ".join
    )
)
def test_any_text_is_judged_to_be_in_a_known_language(text: str) -> None:
    assert of_text(text) in KNOWN


def test_only_the_beginning_counts() -> None:
    assert of_text("x " * MAX_CHARS + TEXTS["de"] * 50) == "en"
