"""Where a line may not break: no-break spaces and word joiners by language."""

from __future__ import annotations

import re
import unicodedata

NO_BREAK_SPACE = "\u00a0"
WORD_JOINER = "\u2060"

# A one- or two-letter word does not end a line in Ukrainian; the dash does not begin one.
_UK_SHORT = re.compile(
    r"(?<![\w’'])(і|й|в|у|з|о|а|із|зі|до|на|по|та|не|за|від|для|що) (?=\S)", re.IGNORECASE
)
_UK_ABBREVIATION = re.compile(
    r"(?<!\w)(ст\.|ч\.|п\.|пп\.|№|с\.|м\.|вул\.|буд\.|кв\.|смт|обл\.|статт[іяею]+|частин[аиіою]+"
    r"|пункт[уиіа]?|розділ[уи]?) (?=[\d«А-ЯҐЄІЇ])",
    re.IGNORECASE,
)
_UK_MONTH = "січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня"
_UK_UNIT = re.compile(rf"(\d) ({_UK_MONTH}|року|рік|році|р\.|год|хв|днів|дня|осіб|осо|років)")
_EN_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_EN_UNIT = re.compile(rf"(\d) ({_EN_MONTH}|days?|hours?|years?|persons?|p\.)(?!\w)")
_EN_ABBREVIATION = re.compile(
    r"(?<!\w)(No\.|art\.|arts\.|Art\.|Arts\.|Article|Articles|para\.|p\.|pp\.|Act) (?=[\d(])"
)
_INITIAL = re.compile(r"(?<!\w)([A-ZА-ЯҐЄІЇ]\.) (?=[A-ZА-ЯҐЄІЇ]\.? ?[A-ZА-ЯҐЄІЇa-zа-яґєії])")
_DASH = re.compile(r" (?=[—–] )")

# 第31条第2項(vi)号, 3月17日, 11名: the number stays with what it counts.
_JA_ORDINAL = re.compile(r"第[0-9０-９]+(?:条|項|号|章|部|款|回)(?:の[0-9０-９]+)?")
_JA_COUNT = re.compile(r"[0-9０-９][0-9０-９,，.]*(?:年|月|日|時|分|名|人|点|頁|件|か国|バイト|歳)")
# typst itself keeps 、。」 and small kana from the beginning of a line.


def set_text(text: str, language: str) -> str:
    """Return a text in Unicode form C with the marks that keep its parts on one line.

    language: uk, ja or en; another is only normalised. Nothing visible changes.
    """
    normal = unicodedata.normalize("NFC", text)
    if language == "uk":
        return _ukrainian(normal)
    if language == "ja":
        return _japanese(normal)
    return _english(normal) if language == "en" else normal


def _ukrainian(text: str) -> str:
    text = _INITIAL.sub(rf"\1{NO_BREAK_SPACE}", text)
    text = _UK_ABBREVIATION.sub(rf"\1{NO_BREAK_SPACE}", text)
    text = _UK_SHORT.sub(rf"\1{NO_BREAK_SPACE}", text)
    text = _UK_UNIT.sub(rf"\1{NO_BREAK_SPACE}\2", text)
    return _DASH.sub(NO_BREAK_SPACE, text)


def _english(text: str) -> str:
    text = _EN_ABBREVIATION.sub(rf"\1{NO_BREAK_SPACE}", text)
    text = _EN_UNIT.sub(rf"\1{NO_BREAK_SPACE}\2", text)
    return _INITIAL.sub(rf"\1{NO_BREAK_SPACE}", text)


def _japanese(text: str) -> str:
    joined = _JA_ORDINAL.sub(lambda match: WORD_JOINER.join(match.group()), text)
    return _JA_COUNT.sub(lambda match: WORD_JOINER.join(match.group()), joined)
