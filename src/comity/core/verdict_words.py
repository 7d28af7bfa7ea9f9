"""What `comity-verify` says, in Ukrainian, Japanese and English: verdicts, findings, reasons.

The verifier stands without Django, so it brings its own words. A finding's facts come from files
that may be hostile: they are shortened and stripped of what a terminal could obey.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comity.core.findings import Finding, Report, Verdict
from comity.core.verdict_reasons import REASONS
from comity.core.verdict_tables import EVENTS, FINDINGS, TYPES, VERDICTS

LANGUAGES = ("uk", "ja", "en")
SHOWN_OF_A_KIND = 3
_MAX_VALUE = 160
_MARKS = {
    "uk": {True: "[так]", None: "[ ? ]", False: "[НІ ]"},
    "ja": {True: "[○]", None: "[?]", False: "[×]"},
    "en": {True: "[ok]", None: "[ ?]", False: "[NO]"},
}
_MORE = {
    "uk": "… і ще таких: {count}",
    "ja": "…ほか{count}件",
    "en": "… and {count} more like these",
}
_HEADINGS = {
    False: {"uk": "Не підтверджено:", "ja": "検証に通らなかったもの:", "en": "What does not hold:"},
    None: {
        "uk": "Чого не вдалося встановити:",
        "ja": "確認できなかったもの:",
        "en": "What could not be established:",
    },
    True: {"uk": "Підтверджено:", "ja": "確認できたもの:", "en": "What holds:"},
}


def verdict_words(verdict: Verdict, language: str) -> str:
    """Give the verdict as one sentence or two."""
    return VERDICTS[verdict][LANGUAGES.index(language)]


def finding_words(finding: Finding, language: str) -> str:
    """Give a finding as one sentence, with its reason after a colon if there is one."""
    at = LANGUAGES.index(language)
    texts = FINDINGS.get(finding.code, {}).get(finding.ok) or FINDINGS[""][finding.ok]
    facts = {name: shown(value) for name, value in finding.facts.items()}
    facts |= {"subject": shown(finding.subject), "code": finding.code}
    if "event" in facts:
        facts["event"] = EVENTS.get(facts["event"], (facts["event"],) * 3)[at]
    if "type" in facts:
        facts["type"] = TYPES.get(facts["type"].partition("/")[0], (facts["type"],) * 3)[at]
    sentence = texts[at].format_map(_Facts(facts))
    reason = finding.facts.get("reason")
    is_said = (finding.code, reason) in _SAID
    if finding.ok is not True and isinstance(reason, str) and not is_said:
        sentence = f"{sentence}{_COLON[language]}{reason_words(reason, language)}"
        which = finding.facts.get("entry")
        if which not in (None, "", finding.subject):  # the file, or the entry of the ledger
            sentence = f"{sentence}{_COLON[language]}{shown(which)}"
    return sentence


# Reasons that the sentence itself already gives.
_SAID = {
    ("log.revocation", "revocation.revoked"),
    ("log.time", "timestamp.authority_unknown"),
    ("log.witness", "none"),
    ("message", "unknown"),
    ("message.receipts", "none"),
    ("receipt", "unknown"),
}
_COLON = {"uk": ": ", "ja": ":", "en": ": "}


def reason_words(reason: str, language: str) -> str:
    """Give a reason in words, by its code or its family, with the code for the expert."""
    family = reason.partition(".")[0]
    words = REASONS.get(reason) or REASONS.get(family)
    if words is None:
        return shown(reason)
    said = words[LANGUAGES.index(language)]
    return f"{said} ({shown(reason)})" if "." in reason else said


def report_lines(report: Report, language: str) -> Iterator[str]:
    """Give the whole report as lines for a terminal: verdict, faults, doubts, what holds."""
    yield verdict_words(report.verdict, language)
    for state in (False, None, True):
        found = [finding for finding in report.findings if finding.ok is state]
        if not found:
            continue
        yield ""
        yield _HEADINGS[state][language]
        for code in dict.fromkeys(finding.code for finding in found):
            alike = [finding for finding in found if finding.code == code]
            for finding in alike[:SHOWN_OF_A_KIND]:
                yield f"  {_MARKS[language][state]} {finding_words(finding, language)}"
            if len(alike) > SHOWN_OF_A_KIND:
                yield f"        {_MORE[language].format(count=len(alike) - SHOWN_OF_A_KIND)}"


def shown(value: Any) -> str:  # Any: a JSON value from a finding
    """Give a value in a form that no terminal obeys: printable, and short."""
    text = "—" if value is None else str(value)
    safe = text
    if not text.isprintable():
        safe = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return safe if len(safe) <= _MAX_VALUE else safe[:_MAX_VALUE] + "…"


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "—"
