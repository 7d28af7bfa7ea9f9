"""The elements matrix of one charge as the incident's page shows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from comity.cases import law
from comity.cases.models import Charge, ElementAssessment
from comity.cases.rules import Column, Cover, ElementState, cover_of
from comity.core.errors import Refused
from comity.core.law import loader
from comity.core.law.offences import MatrixRow
from comity.evidence.models import Item


@dataclass(frozen=True)
class Cell:
    """What the items of one kind of evidence say about an element. code: "" says nothing."""

    column: Column
    code: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Line:
    """One element with its source, what was found, and how that stands together."""

    row: MatrixRow
    source: law.Cited
    cells: tuple[Cell, ...]
    cover: Cover
    kinds: int
    finding: ElementAssessment | None

    @property
    def is_gap(self) -> bool:
        """Whether nothing supports the element."""
        return self.cover in {Cover.GAP, Cover.CONTESTED}


class Matrix:
    """A charge with its lines. shown: the pks of the items that the reader may see."""

    def __init__(self, charge: Charge, shown: Collection[int]) -> None:
        self.charge = charge
        self.shown = shown
        self.columns = tuple(Column)
        self.data_changed = charge.data_version != loader.data_version()

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines, national elements first; none where today's data no longer hold the ids."""
        try:
            rows = self.charge.matrix()
        except Refused:
            return ()
        found = self.charge.newest_findings()
        return tuple(self._line(row, found.get(row.element.id)) for row in rows)

    @property
    def anchor(self) -> str:
        """The id of its area on the page."""
        return f"charge-{self.charge.pk}"

    @property
    def gaps(self) -> tuple[Line, ...]:
        """The lines that a letter or another measure would have to close."""
        return tuple(line for line in self.lines if line.is_gap)

    @property
    def offence(self) -> str:
        """Article and title of the offence."""
        return law.offence_title(self.charge.offence)

    @property
    def offence_source(self) -> law.Cited | None:
        """Where the offence stands; None where today's data no longer have it."""
        try:
            return law.cited(self.charge.offence)
        except Refused:
            return None

    @property
    def provision(self) -> str:
        """Article and title of what guides it, or ""."""
        return law.provision_title(self.charge.provision) if self.charge.provision else ""

    @property
    def mode(self) -> str:
        """Article and title of the form of responsibility, or ""."""
        return law.mode_title(self.charge.mode) if self.charge.mode else ""

    def _line(self, row: MatrixRow, finding: ElementAssessment | None) -> Line:
        items = list(finding.items.all()) if finding else []
        state = ElementState(finding.state) if finding else None
        columns = [law.column(item.kind) for item in items]
        said = state not in {None, ElementState.NOT_COVERED}
        cells = []
        for column in self.columns:
            told = said and column in columns
            visible = tuple(
                item
                for item in items
                if told and law.column(item.kind) is column and item.pk in self.shown
            )
            cells.append(Cell(column, str(state) if told else "none", visible))
        return Line(
            row=row,
            source=law.cited(row.provision_id),
            cells=tuple(cells),
            cover=cover_of(state, columns, question=row.question),
            kinds=len(set(columns)) if said else 0,
            finding=finding,
        )
