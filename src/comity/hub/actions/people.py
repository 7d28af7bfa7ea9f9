"""Search first, then open a person's file."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, fetch, insert_once
from comity.cases.rules import plain_line
from comity.core import personal
from comity.core.access import Act, require
from comity.core.errors import Incomplete, Refused
from comity.core.uuid7 import uuid7
from comity.hub.models import (
    Person,
    SearchWord,
    person_root,
    searched_digests,
)
from comity.hub.rules import (
    AgeBand,
    phone_tail,
)
from comity.ledger import actions as ledger

MOST_FOUND = 50


@transaction.atomic
def search_people(actor: Officer, text: str) -> list[Person]:
    """Find people the officer may see by name, other spelling or telephone; this is recorded.

    Each carries the counts of `PersonQuerySet.listed`. Raises Incomplete when nothing was typed.
    """
    require(actor, Act.SEE_PEOPLE)
    if not (personal.folded_words(text) or phone_tail(text)):
        raise Incomplete("hub.nothing_typed", missing=["text"])
    found = list(Person.objects.visible_to(actor).named(text).listed()[:MOST_FOUND])
    ledger.append(actor, "hub.people_searched", actor.actor_id, found=len(found))
    return found


@transaction.atomic
def register_person(
    actor: Officer,
    *,
    identity: dict[str, str],
    age_band: AgeBand,
    language: str,
    searched: bool,
    interpreter_needed: bool = False,
    name_never_shown: bool = False,
    reason: str = "",
    colleagues: Sequence[Officer] = (),
    once: uuid.UUID | None = None,
) -> Person:
    """Open a person's file. identity: preferred_name, and what else is known; sealed at once.

    reason: why the person is here; sealed with the identity.
    once: of the form that was sent; a second person under it is refused.
    Raises Refused("hub.search_first") unless a search came before, Incomplete without a name,
    Refused("hub.registered_twice").
    """
    require(actor, Act.REGISTER_PERSON)
    if not searched:
        raise Refused("hub.search_first")
    fields = {name: plain_line(text) for name, text in (identity | {"reason": reason}).items()}
    fields = {name: text for name, text in fields.items() if text}
    if "preferred_name" not in fields:
        raise Incomplete("hub.no_name", missing=["preferred_name"])
    uid = once or uuid7(timezone.now())
    wrapped = personal.new_key(person_root(), str(uid))
    person = Person(
        uid=uid,
        wrapped_key=wrapped,
        identity=personal.seal(person_root(), wrapped, str(uid), fields),
        age_band=age_band,
        language=language,
        interpreter_needed=interpreter_needed,
        name_never_shown=name_never_shown,
        created_by=actor,
    )
    insert_once(person, twice="hub.registered_twice")
    SearchWord.objects.bulk_create(
        SearchWord(person=person, digest=word) for word in sorted(searched_digests(fields))
    )
    ledger.append(actor, "hub.person_registered", person.subject)
    accounts.found_team(actor, kind="person", record=person.uid, members=colleagues)
    return person


def locked(actor: Officer, person: Person) -> Person:
    """Lock the person's row: what is agreed and what falls under it change one at a time."""
    fetch(Person.objects.visible_to(actor), pk=person.pk)
    return Person.objects.select_for_update().get(pk=person.pk)
