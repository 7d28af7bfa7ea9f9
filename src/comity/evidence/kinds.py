"""The kinds of evidence, from the vocabulary in core/law/data/evidence_types.yaml."""

from __future__ import annotations

from functools import cache

from comity.core.law.loader import Term, terms
from comity.evidence.rules import OTHER_KIND


@cache
def known_kinds() -> frozenset[str]:
    """Every id that an item's kind can have."""
    return frozenset(term.id for term in vocabulary()) | {OTHER_KIND}


def vocabulary() -> tuple[Term, ...]:
    """The kinds in the order of the vocabulary, with their labels in three languages."""
    return terms("evidence_types", "evidence_types")


def ways_obtained() -> tuple[Term, ...]:
    """The ways in which an item can have been obtained."""
    return terms("evidence_types", "collection_basis")
