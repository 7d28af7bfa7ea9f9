"""People, what they agreed to, and the accounts they gave."""

from comity.hub.models.people import (
    AGREEMENTS,
    SEARCHED_FIELDS,
    Account,
    AccountItem,
    ConsentGrant,
    ConsentQuerySet,
    Person,
    PersonQuerySet,
    SearchWord,
    known_recipients,
    person_root,
    searched_digests,
)

__all__ = [
    "AGREEMENTS",
    "SEARCHED_FIELDS",
    "Account",
    "AccountItem",
    "ConsentGrant",
    "ConsentQuerySet",
    "Person",
    "PersonQuerySet",
    "SearchWord",
    "known_recipients",
    "person_root",
    "searched_digests",
]
