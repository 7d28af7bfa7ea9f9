"""The main job, played by clicking: from a testimony in a hub near Kyiv to evidence from Tokyo."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

from comity.core.law import letter_facts as law
from comity.node.demo import letter_text as text
from comity.node.demo import made
from comity.node.demo.command import Stage
from comity.node.demo.story import CASE_NUMBER, GUIDE, OFFENCE
from tests.browser.cases import Cases, Incident
from tests.browser.evidence import Evidence
from tests.browser.letters import Desk, Letter, in_three
from tests.browser.partners import Exchange
from tests.browser.people import People, Person
from tests.browser.seats import Seat

CASE_TITLE = "Обстріл школи у Вербівці"
DAY = date(2026, 11, 17)
HEARD = "Вона переказала це власними словами."
GAP = "UA-E-438.5"
STATEMENT = (
    "Close to 16:20 two strikes hit the school. I gave a fragment with a board to the police."
)


class Seats(Protocol):
    """Who sits where."""

    def __call__(self, node: str, key: str) -> Seat: ...


@dataclass
class Told:
    """What the story left behind: addresses of the pages and files that were saved."""

    folder: Path
    person: str = ""
    case: str = ""
    incident: str = ""
    letter: str = ""
    desk: str = ""
    shared: int = 0
    elements: int = 0
    documents: dict[str, Path] = field(default_factory=dict)
    sheet: Path = Path()
    package: Path = Path()
    trust: Path = Path()
    items: list[str] = field(default_factory=list)


def play(stage: Stage, seats: Seats, folder: Path) -> Told:
    """Tell the whole story; each chapter is one office's work."""
    told = Told(folder)
    the_nodes_meet(seats, told)
    a_person_is_heard(seats, told)
    a_case_is_opened(seats, told)
    an_offence_is_proposed(seats, told)
    a_letter_is_drafted(seats, told)
    the_letter_is_written(seats, told)
    the_letter_is_enclosed(seats, told)
    the_letter_is_signed_and_sent(seats, told)
    tokyo_registers_it(seats, told)
    tokyo_executes_it(seats, told)
    kyiv_accepts_and_tokyo_releases(seats, told)
    kyiv_files_what_came(seats, told)
    she_is_shown_what_left(seats, told)
    the_package_is_exported(seats, told)
    return told


def the_nodes_meet(seats: Seats, told: Told) -> None:
    """Descriptors change hands; fingerprints are read out; two officers on each side."""
    sides = {"kyiv": "tokyo", "tokyo": "kyiv"}
    told.trust = told.folder / "trust"
    told.trust.mkdir()
    cards, spoken = {}, {}
    for node in sides:
        kept = Exchange(seats(node, "admin")).own_descriptor(told.folder)
        cards[node] = kept.rename(told.trust / f"{node}.jws")
        spoken[node] = Exchange(seats(node, "authority")).own_fingerprint()
    names = {"kyiv": "Prosecutor", "tokyo": "Ministry of Justice"}
    for node, other in sides.items():
        Exchange(seats(node, "admin")).propose(cards[other])
        how = "Read out over video by both offices."
        Exchange(seats(node, "authority")).confirm(names[other], spoken[other], how)


def a_person_is_heard(seats: Seats, told: Told) -> None:
    """The coordinator searches, registers, asks what may go where, takes an account and files."""
    people = People(seats("kyiv", "hub"))
    people.search("Петренчук").seat.sees("Nobody of your people has this name")
    person = people.register(
        preferred_name="пані Галина", legal_name="Петренчук Галина Степанівна",
        name_latin="Halyna Petrenchuk", phone="+380 00 000 41 41", safe_when="Tue–Fri, 14:00–17:00",
        safe_say="«Library».", language="uk", age_band="adult", reason="witness",
    )  # fmt: skip
    told.person = person.path
    person.asked(
        recipient="prosecution", purpose="investigation", answer="agreed",
        scopes=["summary", "statement", "media"], mode="identified", given_by="self",
        explained_in="uk", how_understood=HEARD,
    )  # fmt: skip
    person.asked(
        recipient="partner:moj-tokyo.comity.example", purpose="legal_assistance", answer="in_part",
        scopes=["summary", "media"], mode="name_withheld", given_by="self", explained_in="uk",
        how_understood=HEARD, restrictions="Not the statement.",
    )  # fmt: skip
    person.told(STATEMENT, on=DAY, place="Hub Bucha, room 2")
    for files, kind, scope in _handed_over(told.folder):
        person.handed_over(files, kind=kind, scope=scope, on=DAY)


def _handed_over(folder: Path) -> list[tuple[list[Path], str, str]]:
    """Real files, made on the spot: a statement, two pictures, a recording, a PDF."""
    grouped: dict[tuple[str, str], list[Path]] = {}
    for path, about in made.testimony(folder / "handed-over"):
        grouped.setdefault((about.kind, about.scope), []).append(path)
    return [(files, kind, scope) for (kind, scope), files in grouped.items()]


def a_case_is_opened(seats: Seats, told: Told) -> None:
    """The prosecutor opens the case; the coordinator shares what the person agreed to."""
    cases = Cases(seats("kyiv", "prosecutor"))
    members = ["Максим Ткач", "Андрій Мороз", "Леся Гончар"]
    told.case = cases.open_case(CASE_NUMBER, CASE_TITLE, members)
    person = Person(seats("kyiv", "hub"), told.person)
    told.shared = person.share_all(CASE_NUMBER)
    cases.file_all(told.case)
    seats("kyiv", "supervisor").open(told.case).sees(CASE_TITLE)
    incident = Incident.record(
        seats("kyiv", "investigator"), told.case,
        title="Удар по школі, селище Вербівка", account=text.FACTS[0]["uk"],
        day=date(2022, 3, 17), from_time="16:15", to_time="16:30",
        place="Вербівка, вул. Шкільна, 1", date_note="close to 16:20 Kyiv time",
        latitude="50.0", longitude="31.0", radius_m="500",
    )  # fmt: skip
    told.incident = incident.path
    incident.tie_all_items("From the scene.").name_by_code(person.code, "witness")


def an_offence_is_proposed(seats: Seats, told: Told) -> None:
    """One prosecutor proposes, another confirms; the elements show the gap."""
    ours = Incident(seats("kyiv", "prosecutor"), told.incident)
    ours.propose(OFFENCE, provision=GUIDE, reason="A building for education; people died.")
    ours.seat.sees("You proposed it. Another officer decides.")
    Incident(seats("kyiv", "second"), told.incident).confirm()
    elements = ours.elements()
    told.elements = len(elements)
    for element in [one for one in elements if one.startswith("UA-") and one != GAP]:
        ours.assess(elements[element], state="supported", items=2)


def a_letter_is_drafted(seats: Seats, told: Told) -> None:
    """The gap becomes a letter; the bases are judged, and one is chosen."""
    letter = Letter.from_gap(
        seats("kyiv", "prosecutor"), told.incident, GAP,
        requesting=text.REQUESTING, requested=text.REQUESTED, measure_type=text.MEASURE,
        subject=text.SUBJECT["uk"], partner={"label": "Ministry of Justice, Tokyo"},
        members=["Леся Гончар"],
    )  # fmt: skip
    told.letter = letter.path
    letter.know(electronic_evidence="yes", war_crime="yes", penalty_max_years=15)
    letter.at(seats("kyiv", "authority")).choose_basis("Convention on Cybercrime")


def the_letter_is_written(seats: Seats, told: Told) -> None:
    """Facts, statements, the measure: in Ukrainian first, then Japanese and English."""
    letter = Letter(seats("kyiv", "prosecutor"), told.letter)
    letter.edit("Fact", text.FACTS[0]["uk"])
    for words in text.FACTS[1:]:
        letter.write_fact(words["uk"])
    letter.state("Statement of necessity", text.NECESSITY["uk"])
    letter.state("Confidentiality", text.CONFIDENTIALITY["uk"])
    letter.answer(
        purpose=text.PURPOSE["uk"],
        **{name: words["uk"] for name, words in text.ANSWERS.items()},
        **text.NEUTRAL_ANSWERS,
        **{f"{name}_neutral": True for name in text.NEUTRAL_ANSWERS},
    )
    proceeding, way = text.proceeding(CASE_NUMBER), text.TRANSMISSION
    letter.proceeding(
        number=proceeding.number, stage=proceeding.stage.value, opened_on=proceeding.opened_on,
        **in_three(conducted_by=proceeding.conducted_by),
    )  # fmt: skip
    letter.way(
        channel=way.channel.value, electronic=True, original_promised=True,
        deadline=date(2027, 1, 10), protection=["pseudonym"],
    )  # fmt: skip
    letter.officials(**_officials())
    offence, holder = text.offence(OFFENCE), text.holder()
    letter.offence(
        **in_three(provision=offence.provision.words, title=offence.title, penalty=offence.penalty)
    )
    letter.person(
        role=holder.role, link=text.HOLDER_LINK["uk"],
        **in_three(names=holder.names, address=holder.address, nationality=holder.nationality),
    )  # fmt: skip


def _officials() -> dict[str, Any]:
    contact = text.CONTACT
    return {
        "email": contact.email,
        "telephone": contact.telephone,
        "languages": list(contact.languages),
        **in_three(contact=contact.names, contact_position=contact.position),
        **_signs(text.SIGNATORY),
        **in_three(approval=text.APPROVAL.names, approval_position=text.APPROVAL.position),
    }


def _signs(who: law.Signatory) -> dict[str, str]:
    return in_three(signatory=who.names, position=who.position)


def the_letter_is_enclosed(seats: Seats, told: Told) -> None:
    """A photograph that may leave, the text of the law, and every text in three languages."""
    letter = Letter(seats("kyiv", "prosecutor"), told.letter)
    provisions = told.folder / "provisions.txt"
    provisions.write_text(
        "Кримінальний кодекс України, стаття 438.\nウクライナ刑法第438条。\n", "utf-8"
    )
    letter.add_paper(
        kind="provisions", file=provisions, pages="1", **in_three(title=text.PROVISIONS_TITLE)
    )
    seat = letter.seat.open(told.letter).follow("Attach an exhibit")
    photo = seat.page.locator("[name=item] option", has_text="E-").all_inner_texts()
    wanted = next(one for one in photo if re.search(r"file 1|File 1|photo", one))
    letter.attach(item={"label": wanted}, **in_three(title=text.EXHIBIT_TITLE))
    spoken = [
        text.SUBJECT, *text.FACTS, text.NECESSITY, text.CONFIDENTIALITY, text.PURPOSE,
        *text.ANSWERS.values(), text.HOLDER_LINK,
    ]  # fmt: skip
    letter.at(seats("kyiv", "authority")).translate_all(spoken)


def the_letter_is_signed_and_sent(seats: Seats, told: Told) -> None:
    """A lawyer reviews, the head approves with a fresh second factor, the authority sends."""
    author = Letter(seats("kyiv", "prosecutor"), told.letter)
    lawyer = author.at(seats("kyiv", "authority"))
    lawyer.confirm_provisions()
    author.does("Ask for review", "The reviewing lawyers see the letter on their day.")
    lawyer.does("Pass legal review", "The letter is reviewed.")
    head = author.at(seats("kyiv", "supervisor")).approve()
    for name in ("Ukrainian", "Japanese", "English"):
        told.documents[name] = head.document(name, told.folder)
    lawyer.does("Seal and send", "The letter is sealed and on its way.")


def tokyo_registers_it(seats: Seats, told: Told) -> None:
    """The ministry opens the letter, registers and acknowledges it; Kyiv has all five receipts."""
    desk = Desk.arrived(seats("tokyo", "authority"))
    told.desk = desk.path
    contact = text.CONTACT
    desk.register(
        "法刑総第4471号", date.today() + timedelta(days=20),  # noqa: DTZ011 - what the officer types
        email="mla@moj-tokyo.comity.example", languages=["ja", "en"],
        **in_three(
            handling=text.HANDLING, contact=contact.names, contact_position=contact.position
        ),
        **_signs(text.TOKYO_SIGNATORY),
    )  # fmt: skip
    kyiv = seats("kyiv", "prosecutor")
    course = "section[aria-labelledby=course] .cm-rec"
    for event in ("E1", "E2", "E3", "E4", "E5"):
        kyiv.waits_for(told.letter, f"{course} .on:has-text('{event}')", event)


def tokyo_executes_it(seats: Seats, told: Told) -> None:
    """Two files are obtained and reported on; a condition is set before anything leaves."""
    desk = Desk(seats("tokyo", "authority"), told.desk).accept("森田 健")
    executing = desk.at(seats("tokyo", "executing"))
    obtained = made.execution(told.folder / "obtained")
    for (path, about), title in zip(obtained, text.HANDED_TITLES, strict=True):
        executing.obtained(
            file=path, kind=about.kind, place="東京都", method="production_order",
            legal_authority="Act 69/1980 art 8", **in_three(title=title),
        )  # fmt: skip
    executing.report(outcome="executed", **in_three(report=text.REPORT))
    desk.set_conditions(
        forbids=["onward_transfer", "other_proceeding"], **in_three(own=text.CONDITION)
    )


def kyiv_accepts_and_tokyo_releases(seats: Seats, told: Told) -> None:
    """Nothing leaves Tokyo before the condition is accepted in writing."""
    desk = Desk(seats("tokyo", "release"), told.desk)
    gate = desk.seat.open(told.desk).page.get_by_role("button", name="Release the reply")
    assert gate.get_attribute("aria-disabled") == "true"
    ours = Letter(seats("kyiv", "prosecutor"), told.letter)
    ours.seat.waits_for(told.letter, "main", "The requested side set conditions on use")
    ours.does("Accept the conditions", "The acceptance is sealed and on its way.")
    desk.seat.waits_for(told.desk, "section[aria-labelledby=conditions]", "Accepted")
    desk.release(**_signs(text.TOKYO_SIGNATORY))


def kyiv_files_what_came(seats: Seats, told: Told) -> None:
    """Both files are exhibits of the case, each with the condition."""
    seat = seats("kyiv", "prosecutor")
    exhibits = "section[aria-labelledby=exhibits] tbody"
    seat.waits_for(told.case, exhibits, text.CONDITION["en"])
    handed = re.compile("|".join(words for title in text.HANDED_TITLES for words in title.values()))
    came = seat.page.locator(f"{exhibits} tr").filter(has_text=handed)
    told.items = came.locator("td:nth-child(2) a").all_inner_texts()


def she_is_shown_what_left(seats: Seats, told: Told) -> None:
    """The person's file says what went to whom, and that it arrived; she takes the sheet home."""
    seat = seats("kyiv", "hub")
    seat.waits_for(told.person, "section[aria-labelledby=left] tbody", "Acknowledged")
    told.sheet = seat.saves("Українська", told.folder, within="section[aria-labelledby=agreed]")


def the_package_is_exported(seats: Seats, told: Told) -> None:
    """The prosecutor exports the case for a court."""
    told.package = Evidence(seats("kyiv", "prosecutor")).export(CASE_NUMBER, told.folder)
