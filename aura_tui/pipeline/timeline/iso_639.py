"""Converts BCP 47 language tags to ISO 639-2/T, the three-letter codes that MP4 needs."""

from __future__ import annotations

_CODES = """
af:afr am:amh an:arg ar:ara as:asm az:aze ba:bak be:bel bg:bul bn:ben bo:bod bs:bos ca:cat
cs:ces cv:chv cy:cym da:dan de:deu el:ell en:eng eo:epo es:spa et:est eu:eus fa:fas fi:fin
fo:fao fr:fra ga:gle gd:gla gl:glg gn:grn gu:guj ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun
hy:hye ia:ina id:ind ig:ibo io:ido is:isl it:ita ja:jpn jv:jav ka:kat kk:kaz kl:kal km:khm
kn:kan ko:kor ku:kur ky:kir la:lat lb:ltz lo:lao lt:lit lv:lav mg:mlg mi:mri mk:mkd ml:mal
mn:mon mr:mar ms:msa mt:mlt my:mya nb:nob ne:nep nl:nld nn:nno no:nor oc:oci om:orm or:ori
pa:pan pl:pol ps:pus pt:por qu:que ro:ron ru:rus sa:san sd:snd si:sin sk:slk sl:slv sn:sna
so:som sq:sqi sr:srp su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha tk:tuk tn:tsn tr:tur
tt:tat ug:uig uk:ukr ur:urd uz:uzb vi:vie wo:wol xh:xho yi:yid yo:yor zh:zho zu:zul
"""
_TWO_TO_THREE = {pair[:2]: pair[3:] for pair in _CODES.split()}


def iso_639_2(tag: str) -> str:
    """The three letters of a BCP 47 tag's language; "und" for one that has none here."""
    primary = tag.split("-")[0].split("_")[0].lower()
    if len(primary) == 3 and primary.isascii() and primary.isalpha():
        return primary
    return _TWO_TO_THREE.get(primary, "und")
