"""The basis finder: which instrument can carry a measure between two states, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from comity.core.errors import Refused
from comity.core.law.loader import Fact, Node, Words, fact, load, words
from comity.core.law.readings import fact_at


class Finding(StrEnum):
    """What the finder says of an instrument; a named lawyer decides."""

    CHOSEN = "chosen"
    POSSIBLE = "possible"
    RESERVE = "reserve"
    NOT_A_BASIS = "not_a_basis"


class Procedure(StrEnum):
    """Whose rules a letter under the instrument follows."""

    OWN = "own"
    DUTY = "duty"
    DOMESTIC = "domestic"


@dataclass(frozen=True)
class BasisFacts:
    """What is known of the case; None means that nobody has stated it yet.

    penalty_max_years: longest imprisonment in the requesting state's law, in years.
    investigated_by_requested: the requested state has its own proceeding about the same facts.
    """

    electronic_evidence: bool | None = None
    war_crime: bool | None = None
    organised_group: bool | None = None
    material_benefit: bool | None = None
    transnational: bool | None = None
    penalty_max_years: int | None = None
    torture: bool | None = None
    enforced_disappearance: bool | None = None
    cultural_property: bool | None = None
    corruption: bool | None = None
    trafficking: bool | None = None
    sale_of_children: bool | None = None
    child_deportation: bool | None = None
    sanctions_evasion: bool | None = None
    chemical_weapons: bool | None = None
    terrorist_financing: bool | None = None
    investigated_by_requested: bool | None = None
    urgent: bool | None = None


@dataclass(frozen=True)
class Demand:
    """Something that the letter must or should carry under a basis."""

    code: str
    need: str
    reasons: tuple[Fact, ...]


@dataclass(frozen=True)
class ProvisionCited:
    """A provision as the letter would name it, and how sure the data are of it."""

    words: Words
    fact: Fact


@dataclass(frozen=True)
class BasisFinding:
    """One instrument judged against the facts; rank 1 is the first to try."""

    instrument_id: str
    names: Words
    finding: Finding
    rank: int
    procedure: Procedure | None
    why: tuple[Fact, ...]
    doubts: tuple[Fact, ...]
    channel: Fact | None
    urgent_channel: Fact | None
    language: Fact | None
    demands: tuple[Demand, ...]
    provisions: tuple[ProvisionCited, ...]
    together_with: tuple[str, ...]


@dataclass(frozen=True)
class _Question:
    requesting: str
    requested: str
    type: str
    family: str
    facts: Mapping[str, Any]

    def fits(self, row: Node) -> bool:
        """Whether a row of settled.yaml speaks of these two states and this type."""
        return (
            row.get("requesting", self.requesting) == self.requesting
            and row.get("requested", self.requested) == self.requested
            and (not row.get("types") or self.type in row["types"])
        )


def rank_bases(
    *, requesting: str, requested: str, request_type: str, facts: BasisFacts
) -> list[BasisFinding]:
    """Judge every instrument that could carry a measure, the first to try first.

    requesting, requested: states as ISO 3166 alpha-2. request_type: id in request_types.yaml.
    What a fact leaves open makes an instrument possible, never chosen. Hints in crimes.yaml are
    not used (convention 12). Raises Refused if the data know no order for this pair or type.
    """
    pair = _pair(requesting, requested)
    question = _question(requesting, requested, request_type, facts)
    order = _order(pair, question.family)
    judged = [_judge(instrument_id, question) for instrument_id in order["try"]]
    judged.sort(key=lambda entry: not entry.nearest)
    findings = _placed(judged, question, fact(order["why"], "settled"))
    shown: tuple[str, ...] = load("settled")["shown_unavailable"].get(question.family, ())
    findings += [
        _finding(_judge(name, question), Finding.NOT_A_BASIS, question)
        for name in shown
        if name not in order["try"]
    ]
    return [replace(finding, rank=rank) for rank, finding in enumerate(_sorted(findings), start=1)]


def family_of(request_type: str, facts: BasisFacts) -> str:
    """Return the family of requests that a measure of this type belongs to.

    Raises Refused("bases.no_order") if the data know none for the type.
    """
    stated = _stated(facts)
    for row in load("settled")["families"]:
        if request_type in row["types"] and all(stated[name] for name in row["when"]):
            return str(row["family"])
    raise Refused("bases.no_order", type=request_type)


def _pair(requesting: str, requested: str) -> Node:
    pairs: Node = load("instruments")["pairs"]
    for key in (f"{requesting}-{requested}", f"{requested}-{requesting}"):
        if key in pairs:
            found: Node = pairs[key]
            return found
    raise Refused("bases.unknown_pair", requesting=requesting, requested=requested)


def _order(pair: Node, family: str) -> Node:
    for row in (*pair["basis_order"], *load("settled")["added_orders"]):
        if row["family"] == family:
            found: Node = row
            return found
    raise Refused("bases.no_order", family=family)


def _stated(facts: BasisFacts) -> dict[str, Any]:
    return {field.name: getattr(facts, field.name) for field in fields(facts)}


def _question(requesting: str, requested: str, request_type: str, facts: BasisFacts) -> _Question:
    family = family_of(request_type, facts)
    stated = _stated(facts)
    implied = load("settled")["implied"].get(family)
    if implied:
        stated[implied] = True
    return _Question(requesting, requested, request_type, family, MappingProxyType(stated))


@dataclass(frozen=True)
class _Judged:
    instrument: Node
    rules: Node | None
    holds: bool | None
    reasons: tuple[Fact, ...]
    nearest: bool

    @property
    def id(self) -> str:
        return str(self.instrument["id"])


def _instrument(instrument_id: str) -> Node:
    for row in load("instruments")["instruments"]:
        if row["id"] == instrument_id:
            found: Node = row
            return found
    raise Refused("bases.unknown_instrument", instrument=instrument_id)


def _judge(instrument_id: str, question: _Question) -> _Judged:
    """Say whether an instrument is in force, its conditions hold and nothing bars it."""
    instrument = _instrument(instrument_id)
    rules: Node | None = load("settled")["instruments"].get(instrument_id)
    in_force = fact_at(f"instruments.{instrument_id}.in_force_ua_jp")
    if in_force.value != "yes":
        return _Judged(instrument, rules, False, _absence(instrument, in_force), False)
    if rules is None:
        return _Judged(instrument, None, None, (in_force,), False)
    answers = [(_holds(row, question), fact(row, "settled")) for row in rules["conditions"]]
    answers += _bars(instrument_id, question)
    failed = tuple(reason for answer, reason in answers if answer is False)
    open_ones = tuple(reason for answer, reason in answers if answer is None)
    if failed:
        return _Judged(instrument, rules, False, failed, False)
    if open_ones:
        return _Judged(instrument, rules, None, open_ones, False)
    reasons = (*(reason for _, reason in answers), in_force)
    return _Judged(instrument, rules, True, reasons, bool(rules.get("nearest")))


def _absence(instrument: Node, in_force: Fact) -> tuple[Fact, ...]:
    """Name why an instrument does not bind the pair: the state outside it, or its nature."""
    paths = [f"instruments.{instrument['id']}.parties.{state}" for state in ("UA", "JP")]
    stated = [fact_at(path) for path in paths]
    outside = [found for found in stated if not found.text("en").startswith(("party", "ratified"))]
    return (*outside, in_force)


def _holds(row: Node, question: _Question) -> bool | None:
    if row["when"] == "penalty_over_threshold":
        return _over(question.facts["penalty_max_years"], row)
    answer: bool | None = question.facts[row["when"]]
    return answer


def _over(years: int | None, row: Node) -> bool | None:
    """Compare with a threshold that must be passed clearly (convention 6)."""
    if years is None:
        return None
    if years < row["threshold_years"]:
        return False
    return True if years > row["clear_above_years"] else None


def _bars(instrument_id: str, question: _Question) -> list[tuple[bool | None, Fact]]:
    if instrument_id != "RECIPROCITY":
        return []
    return [
        (False, fact_at(row["fact"]))
        for row in load("settled")["reciprocity_bars"]
        if row["requested"] == question.requested and question.facts[row["when"]]
    ]


def _placed(judged: list[_Judged], question: _Question, why: Fact) -> list[BasisFinding]:
    """Give each judged instrument its place: one chosen, the others possible, reserve or none."""
    chosen = next((entry for entry in judged if entry.holds), None)
    clause = chosen.id if chosen and _procedure(chosen) is Procedure.DUTY else ""
    findings = []
    for entry in judged:
        if entry is chosen:
            companions = ("RECIPROCITY",) if clause else ()
            findings.append(_finding(entry, Finding.CHOSEN, question, why, companions))
        elif entry.id == "RECIPROCITY" and clause:
            findings.append(_companion(entry, clause, question))
        elif entry.holds is False:
            findings.append(_finding(entry, Finding.NOT_A_BASIS, question))
        elif entry.id == "RECIPROCITY":
            findings.append(_finding(entry, Finding.RESERVE, question))
        else:
            findings.append(_finding(entry, Finding.POSSIBLE, question))
    return findings


def _companion(reciprocity: _Judged, clause: str, question: _Question) -> BasisFinding:
    """Cite reciprocity with a duty clause that has no procedure (convention 3).

    What bars reciprocity as the sole basis (convention 5) stays visible as a doubt.
    """
    barred = reciprocity.reasons if reciprocity.holds is False else ()
    in_force = fact_at("instruments.RECIPROCITY.in_force_ua_jp")
    sound = replace(reciprocity, holds=True, reasons=(in_force,))
    finding = _finding(sound, Finding.CHOSEN, question, None, (clause,))
    return replace(finding, doubts=(*finding.doubts, *barred))


def _procedure(judged: _Judged) -> Procedure | None:
    return Procedure(judged.rules["procedure"]) if judged.rules else None


def _finding(
    judged: _Judged,
    finding: Finding,
    question: _Question,
    why: Fact | None = None,
    together_with: tuple[str, ...] = (),
) -> BasisFinding:
    procedure = _procedure(judged)
    usable = finding is not Finding.NOT_A_BASIS
    rules: Node = judged.rules if judged.rules is not None and usable else MappingProxyType({})
    urgent = rules.get("urgent_channel") if question.facts["urgent"] else None
    return BasisFinding(
        instrument_id=judged.id,
        names=words(judged.instrument["names"], "instruments"),
        finding=finding,
        rank=0,
        procedure=procedure,
        why=(*judged.reasons, why) if why else judged.reasons,
        doubts=_doubts(judged.id, question) if usable else (),
        channel=_channel(judged.id, rules, question),
        urgent_channel=fact_at(urgent) if urgent else None,
        language=_language(rules, question) if rules else None,
        demands=_demands(procedure, question) if usable else (),
        provisions=_provisions(rules, question),
        together_with=together_with,
    )


def _channel(instrument_id: str, rules: Node, question: _Question) -> Fact | None:
    for row in load("settled")["channel_of_type"] if rules else ():
        if (row["type"], row["instrument"]) == (question.type, instrument_id):
            return fact_at(row["fact"])
    path = rules.get("channel", {}).get(question.requested)
    return fact_at(path) if path else None


def _language(rules: Node, question: _Question) -> Fact:
    path = rules["language"].get(question.requested)
    return fact_at(path) if path else fact(load("settled")["unknown_language"], "settled")


def _demands(procedure: Procedure | None, question: _Question) -> tuple[Demand, ...]:
    found: dict[str, Demand] = {}
    rows: Iterable[Node] = load("settled")["demands"]
    for row in rows:
        if procedure not in row["procedures"] or not question.fits(row):
            continue
        code, need = str(row["code"]), str(row["need"])
        known = found.get(code, Demand(code, need, ()))
        strictest = "must" if "must" in (need, known.need) else need
        found[code] = Demand(code, strictest, (*known.reasons, fact_at(str(row["fact"]))))
    return tuple(found.values())


def _doubts(instrument_id: str, question: _Question) -> tuple[Fact, ...]:
    return tuple(
        fact(row, "settled")
        for row in load("settled")["doubts"]
        if instrument_id in row["instruments"] and question.fits(row)
    )


def _provisions(rules: Node, question: _Question) -> tuple[ProvisionCited, ...]:
    return tuple(
        ProvisionCited(words(row["cite"], "settled"), fact(row, "settled", value=row["cite"]))
        for row in rules.get("provisions", ())
        if question.fits(row)
    )


_PLACES = (Finding.CHOSEN, Finding.POSSIBLE, Finding.RESERVE, Finding.NOT_A_BASIS)


def _sorted(findings: list[BasisFinding]) -> list[BasisFinding]:
    return sorted(findings, key=lambda finding: _PLACES.index(finding.finding))
