"""The parts of a printed document, the same for every kind and language."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Paragraph:
    """A numbered paragraph."""

    text: str


@dataclass(frozen=True)
class Rows:
    """Labels with values, under an own heading if it has one."""

    rows: tuple[tuple[str, str], ...]
    heading: str = ""


@dataclass(frozen=True)
class Table:
    """A table. widths: parts of the line for each column. small: for digests and ledgers."""

    head: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    small: bool = False


@dataclass(frozen=True)
class Section:
    """A heading with its items."""

    heading: str
    items: tuple[Paragraph | Rows | Table, ...]


@dataclass(frozen=True)
class Signature:
    """A place to sign: what is asked, the office and name under the line, and a seal or none."""

    label: str
    position: str
    name: str
    seal: str = ""
    dated: str = ""


@dataclass(frozen=True)
class Sheet:
    """One document in one language. plain: larger letters, without numbers, for a person."""

    language: str
    title: str
    letterhead: tuple[str, ...]
    addressee: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]
    opening: str
    sections: tuple[Section, ...]
    closing: str = ""
    signatures: tuple[Signature, ...] = field(default=())
    footer: str = ""
    page: str = ""
    plain: bool = False
