"""How a page names the place in the law that a fact comes from, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.translation import get_language

from comity.core.law.loader import LANGUAGES, Citation, Fact

Words = Mapping[str, str]

# Short names of the sources that officers know by one; the others go by the head of their title.
_NAMES: Mapping[str, Words] = {
    "SRC_UA_CPC": {"en": "CPC", "uk": "КПК", "ja": "ウクライナ刑訴法"},
    "SRC_JP_AIAI": {
        "en": "Act 69/1980",
        "uk": "Закон Японії 69/1980",
        "ja": "国際捜査共助等に関する法律",
    },
    "SRC_JP_EXT": {"en": "Act 68/1953", "uk": "Закон Японії 68/1953", "ja": "逃亡犯罪人引渡法"},
    "SRC_JP_1905": {
        "en": "Act 63/1905",
        "uk": "Закон Японії 63/1905",
        "ja": "外国裁判所ノ嘱託ニ因ル共助法",
    },
    "SRC_JP_POC": {"en": "Act 136/1999", "uk": "Закон Японії 136/1999", "ja": "組織的犯罪処罰法"},
    "SRC_JP_ICC": {"en": "Act 37/2007", "uk": "Закон Японії 37/2007", "ja": "国際刑事裁判所協力法"},
    "SRC_JP_IHL": {
        "en": "Act 115/2004",
        "uk": "Закон Японії 115/2004",
        "ja": "国際人道法違反行為処罰法",
    },
    "SRC_JP_PC": {"en": "Penal Code of Japan", "uk": "КК Японії", "ja": "刑法"},
    "SRC_JP_MOJ_MLA": {
        "en": "Ministry of Justice of Japan",
        "uk": "Міністерство юстиції Японії",
        "ja": "法務省の案内",
    },
    "SRC_UA_BUDA": {"en": "Law 2824-IV", "uk": "Закон 2824-IV", "ja": "ウクライナ法2824-IV"},
    "SRC_UA_UNTOC": {"en": "Law 1433-IV", "uk": "Закон 1433-IV", "ja": "ウクライナ法1433-IV"},
    "SRC_UA_UNCAC": {"en": "Law 251-V", "uk": "Закон 251-V", "ja": "ウクライナ法251-V"},
    "SRC_UA_ICPPED": {"en": "Law 525-VIII", "uk": "Закон 525-VIII", "ja": "ウクライナ法525-VIII"},
    "SRC_UA_H2P": {"en": "Law 585-IX", "uk": "Закон 585-IX", "ja": "ウクライナ法585-IX"},
}
# The treaty's own text: its place begins with the treaty's short name.
_TREATIES: Mapping[str, Words] = {
    "Budapest": {"uk": "Будапештська конвенція", "ja": "サイバー犯罪条約"},
    "UNTOC": {"uk": "Конвенція ООН проти ТОЗ", "ja": "国際組織犯罪防止条約"},
    "UNCAC": {"uk": "Конвенція ООН проти корупції", "ja": "腐敗防止条約"},
    "AP I": {"uk": "ДП I", "ja": "第一追加議定書"},
}
_CONVENTION: Words = {"en": "Comity, rule", "uk": "Comity, правило", "ja": "Comityの取決め"}
_QUESTION: Words = {
    "en": "Comity, open question",
    "uk": "Comity, відкрите питання",
    "ja": "Comityの未決事項",
}
_ARTICLE: Words = {"en": "art. ", "uk": "ст. ", "ja": ""}
_ARTICLES: Words = {"en": "arts. ", "uk": "ст. ", "ja": ""}
_LIST = re.compile(r"\b(arts?) ((?:\d[\d-]*(?:\([a-z0-9]+\))*(?:, )?)+)")
_PLACE = re.compile(r"(\d[\d-]*)((?:\([a-z0-9]+\))*)")
_PARTS = re.compile(r"\(([a-z0-9]+)\)")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9}


def provision_of(found: Fact) -> str:
    """Name the places in the law of a fact for people, each source once."""
    reader = (get_language() or "en").split("-")[0]
    language = reader if reader in LANGUAGES else "en"
    named = dict.fromkeys(_cited(one, language) for one in found.citations)
    return "; ".join(named)


def sure_of(found: Fact) -> str:
    """How sure a fact is, as the source tag shows it; a treaty's own text was recalled."""
    if found.basis in {"read", "excerpt"} and not found.signable and found.certainty == "high":
        return "recalled"
    return found.basis


def _cited(one: Citation, language: str) -> str:
    if one.source_id == "SETTLED":
        question = one.place.startswith("gap")
        words = (_QUESTION if question else _CONVENTION)[language]
        return f"{words} {one.place.removeprefix('gap').strip()}".strip()
    place = _placed(one.place, language)
    if one.source_id == "SRC_TEXT":
        return place or _head(one.title)
    known = _NAMES.get(one.source_id)
    name = known[language] if known else _head(one.title)
    return f"{name} {place}".strip()


def _head(title: str) -> str:
    """The beginning of a source's title, up to where its explanation starts."""
    return re.split(r", | \(|: ", title, maxsplit=1)[0]


def _placed(place: str, language: str) -> str:
    if language != "en":
        for treaty, words in _TREATIES.items():
            place = re.sub(rf"\b{treaty}\b", words[language], place)
    return _LIST.sub(lambda found: _listed(found[1], found[2], language), place)


def _listed(word: str, places: str, language: str) -> str:
    if language != "ja":
        return (_ARTICLES if word == "arts" else _ARTICLE)[language] + places
    written = "、".join(_in_japanese(one[1], one[2]) for one in _PLACE.finditer(places))
    return written + (" " if places.endswith(", ") else "")


def _in_japanese(article: str, parts: str) -> str:
    """Write 548(4) as 548条4項 and 2(iii), an item without paragraph, as 2条3号."""
    head, _, branch = article.partition("-")
    written = f"{head}条" + (f"の{branch}" if branch else "")
    paragraph = False
    for part in _PARTS.findall(parts):
        if part.isdigit() and not paragraph:
            written, paragraph = f"{written}{part}項", True
        elif part.isdigit() or part in _ROMAN:
            written = f"{written}{_ROMAN.get(part, part)}号"
        else:
            written = f"{written}({part})"
    return written
