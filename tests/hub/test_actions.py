"""The verbs of the hub: what each does, beside what each refuses and then leaves untouched."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from comity.accounts.actions import add_to_team, break_glass, found_team
from comity.cases import actions as cases
from comity.core.access import Role
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused, Untrusted, WrongState
from comity.evidence import actions as evidence
from comity.evidence.models import Item, ReleaseGrant
from comity.hub import actions
from comity.hub.models import Account, ConsentGrant, Person, SearchWord
from comity.hub.rules import AccountForm, AgeBand, Answer, GivenBy, Purpose, Scope
from comity.ledger.models import Entry
from tests.hub.conftest import IDENTITY, SECRET_WORDS, STORY, agree, partner, register, tell

HUB = {Role.HUB_COORDINATOR, Role.HUB_SUPERVISOR}
pytestmark = pytest.mark.django_db
PROSECUTION = actions.PROSECUTION


@pytest.mark.parametrize(
    "typed",
    [
        "Мар’яна",
        "мар'яна петренчук",
        "ПЕТРЕНЧУК",
        "Гудзь",
        "Галина",
        "mariana  PETRENCHUK",
        "+380501234567",
        "050 123 45 67",
        "0501234567",
    ],
)
def test_a_person_is_found_by_every_spelling(hub, typed) -> None:
    assert actions.search_people(hub.coordinator, typed) == [hub.person]


@pytest.mark.parametrize(
    "typed", ["Марія", "Петренчук Олена", "1234567", "0501234568", "<script>", "' OR 1=1"]
)
def test_what_is_not_the_person_finds_nobody(hub, typed) -> None:
    assert actions.search_people(hub.coordinator, typed) == []


@pytest.mark.parametrize("typed", ["", "   ", "\u202e", "!?"])
def test_an_empty_search_is_refused(hub, typed) -> None:
    with pytest.raises(Incomplete):
        actions.search_people(hub.coordinator, typed)


def test_a_search_finds_only_ones_own_people_and_says_nothing_in_the_ledger(hub) -> None:
    assert actions.search_people(hub.other, "Петренчук") == []
    for entry in Entry.objects.filter(kind="hub.people_searched").select_related("committed"):
        assert dict(entry.committed.as_mapping()) == {"found": 0}


def test_nothing_readable_is_stored(hub) -> None:
    row = Person.objects.values().get()
    stored = b"".join(bytes(value) for value in row.values() if isinstance(value, bytes))
    for word in SECRET_WORDS:
        assert word.encode() not in stored
    words = [bytes(one.digest) for one in SearchWord.objects.all()]
    assert all(len(word) == 16 for word in words)
    assert Person.objects.get().opened_identity["legal_name"] == IDENTITY["legal_name"]


def test_a_sealed_identity_opens_for_its_own_person_only(hub) -> None:
    second = register(hub.coordinator, identity={"preferred_name": "Олена"})
    Person.objects.filter(pk=second.pk).update(identity=bytes(hub.person.identity))
    with pytest.raises(Untrusted):
        _ = Person.objects.get(pk=second.pk).opened_identity


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"searched": False}, Refused),
        ({"identity": {"preferred_name": " \u202e "}}, Incomplete),
        ({"identity": {"legal_name": "Без імені"}}, Incomplete),
    ],
)
def test_nobody_is_registered_without_a_search_and_a_name(hub, change, error) -> None:
    before = Entry.objects.count()
    with pytest.raises(error):
        register(hub.coordinator, **change)
    assert (Person.objects.count(), Entry.objects.count()) == (1, before)


@pytest.mark.parametrize("role", sorted(set(Role) - HUB))
def test_other_roles_do_nothing_in_the_hub(hub, officer, role) -> None:
    other = officer(role)
    grant, item = agree(hub.coordinator, hub.person), tell(hub.coordinator, hub.person)
    case = cases.open_case(officer(Role.PROSECUTOR), number="1/26", title="t")
    before = Entry.objects.count()
    with pytest.raises(NotAllowed):
        actions.search_people(other, "Галина")
    with pytest.raises(NotAllowed):
        register(other)
    with pytest.raises(NotAllowed):
        agree(other, hub.person)
    with pytest.raises(NotAllowed):
        actions.withdraw_consent(other, grant)
    with pytest.raises(NotAllowed):
        tell(other, hub.person)
    with pytest.raises(NotAllowed):
        actions.share_account(other, hub.person, item, case)
    assert Entry.objects.count() == before


def test_a_coordinator_of_another_team_reaches_nothing_until_let_in(hub) -> None:
    grant = agree(hub.coordinator, hub.person)
    for act in (
        lambda: agree(hub.other, hub.person),
        lambda: actions.withdraw_consent(hub.other, grant),
        lambda: tell(hub.other, hub.person),
    ):
        with pytest.raises(NotVisible):
            act()
    break_glass(
        hub.other, kind="person", record=hub.person.uid, reason="The coordinator is ill today."
    )
    assert Person.objects.visible_to(hub.other).get() == hub.person


def test_a_prosecutor_let_into_the_team_still_sees_no_person(hub, officer) -> None:
    prosecutor = officer(Role.PROSECUTOR)
    found_team(hub.coordinator, kind="person", record=hub.person.uid, members=[prosecutor])
    assert not Person.objects.visible_to(prosecutor).exists()


def test_an_agreement_covers_what_was_told_before_and_after(hub) -> None:
    before = tell(hub.coordinator, hub.person)
    grant = agree(hub.coordinator, hub.person)
    after = tell(hub.coordinator, hub.person, b"more")
    photo = tell(hub.coordinator, hub.person, b"photo", scope=Scope.MEDIA, kind="photo")
    today = timezone.localdate()
    wanted = {"recipient": PROSECUTION, "purpose": Purpose.INVESTIGATION, "on": today}
    for item in (before, after):
        assert evidence.require_release(item, **wanted).ref == grant.subject
    with pytest.raises(Refused, match="no_release"):
        evidence.require_release(photo, **wanted)
    actions.withdraw_consent(hub.coordinator, grant)
    for item in (before, after):
        with pytest.raises(Refused, match="no_release"):
            evidence.require_release(item, **wanted)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scopes": []}, "hub.agreed_to_nothing"),
        ({"answer": Answer.WITHDRAWN}, "hub.withdraw_instead"),
        (
            {"valid_until": timezone.localdate() - timedelta(days=1)},
            "hub.consent_ends_first",
        ),
    ],
)
def test_a_wrong_answer_is_refused(hub, change, code) -> None:
    before = Entry.objects.count()
    with pytest.raises(Refused) as refused:
        agree(hub.coordinator, hub.person, **change)
    assert refused.value.code == code
    assert (ConsentGrant.objects.count(), Entry.objects.count()) == (0, before)


@pytest.mark.parametrize(
    ("band", "given_by", "enough"),
    [
        (AgeBand.UNDER_14, GivenBy.SELF, False),
        (AgeBand.UNDER_14, GivenBy.GUARDIAN, True),
        (AgeBand.FROM_14_TO_17, GivenBy.GUARDIAN, False),
        (AgeBand.FROM_14_TO_17, GivenBy.CHILD_AND_GUARDIAN, True),
        (AgeBand.ADULT, GivenBy.SELF, True),
    ],
)
def test_for_a_child_the_guardian_answers_too(hub, band, given_by, enough) -> None:
    child = register(hub.coordinator, age_band=band)
    if enough:
        assert agree(hub.coordinator, child, given_by=given_by).is_agreement
        return
    with pytest.raises(Refused, match="guardian_needed"):
        agree(hub.coordinator, child, given_by=given_by)
    refusal = agree(
        hub.coordinator, child, given_by=given_by, answer=Answer.REFUSED, scopes=[Scope.MEDIA]
    )
    assert refusal.scopes == []


def test_a_new_answer_ends_the_earlier_agreement(hub) -> None:
    item = tell(hub.coordinator, hub.person)
    first = agree(hub.coordinator, hub.person)
    agree(hub.coordinator, hub.person, answer=Answer.REFUSED)
    first.refresh_from_db()
    assert first.answer == Answer.WITHDRAWN
    assert not ReleaseGrant.objects.filter(item=item, withdrawn_at=None).exists()
    with pytest.raises(WrongState):
        actions.withdraw_consent(hub.coordinator, first)


def test_the_database_itself_holds_one_agreement_in_force(hub) -> None:
    grant = agree(hub.coordinator, hub.person)
    values = ConsentGrant.objects.filter(pk=grant.pk).values().get()
    values.pop("id")
    values.pop("uid")
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentGrant.objects.create(**values)


def test_an_account_is_taken_whole_or_not_at_all(hub) -> None:
    class Broken(io.BytesIO):
        def readinto(self, buffer):
            raise OSError(28, "no space")

        def read(self, *size):
            raise OSError(28, "no space")

    things = [
        actions.Handed(io.BytesIO(STORY), Scope.STATEMENT, "t", "first-account"),
        actions.Handed(Broken(), Scope.MEDIA, "t", "photo"),
    ]
    before = Entry.objects.count()
    with pytest.raises(Refused, match="disk_full"):
        actions.take_accounts(hub.coordinator, hub.person, things)
    assert not Account.objects.exists()
    assert not Item.objects.exists()
    assert Entry.objects.count() == before
    account = actions.take_accounts(
        hub.coordinator,
        hub.person,
        [actions.Handed(io.BytesIO(STORY), Scope.STATEMENT, "t", "first-account"),
         actions.Handed(io.BytesIO(b""), Scope.MEDIA, "t", "photo")],
        form=AccountForm.DEPOSITION_CPC_225,
    )  # fmt: skip
    assert account.item_links.count() == 2
    assert {link.item.origin for link in account.item_links.all()} == {"person"}


def test_an_account_of_nothing_of_tomorrow_or_of_another_is_refused(hub) -> None:
    second = register(hub.coordinator)
    account = tell(hub.coordinator, second).account_link.account
    with pytest.raises(Incomplete):
        actions.take_accounts(hub.coordinator, hub.person, [])
    with pytest.raises(Refused, match="taken_in_future"):
        tell(hub.coordinator, hub.person, taken_at=timezone.now() + timedelta(days=1))
    for year in (1, 1899):
        with pytest.raises(Refused, match="taken_too_early"):
            tell(hub.coordinator, hub.person, taken_at=datetime(year, 12, 31, tzinfo=UTC))
    with pytest.raises(Refused, match="account_of_another"):
        tell(hub.coordinator, hub.person, account=account)
    assert Item.objects.count() == 1


def test_an_item_is_shared_only_with_consent(hub, officer) -> None:
    prosecutor = officer(Role.PROSECUTOR)
    case = cases.open_case(prosecutor, number="2211/24", title="t")
    item = tell(hub.coordinator, hub.person)
    with pytest.raises(Refused) as refused:
        actions.share_account(hub.coordinator, hub.person, item, case)
    assert (refused.value.code, refused.value.facts) == ("hub.no_consent", {"scope": "statement"})
    assert not Item.objects.visible_to(prosecutor).exists()
    agree(hub.coordinator, hub.person)
    actions.share_account(hub.coordinator, hub.person, item, case)
    assert Item.objects.visible_to(prosecutor).get() == item


def test_the_team_of_a_file_is_no_way_round_consent(hub, officer) -> None:
    investigator = officer(Role.INVESTIGATOR)
    item = tell(hub.coordinator, hub.person)
    add_to_team(hub.coordinator, investigator, kind="person", record=hub.person.uid)
    assert not Item.objects.visible_to(investigator).exists()
    assert Item.objects.visible_to(hub.coordinator).get() == item


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": Purpose.STATISTICS},
        {"recipient": "icc"},
        {"scopes": [Scope.MEDIA]},
        {"answer": Answer.REFUSED},
        {"valid_from": timezone.localdate() + timedelta(days=1)},
    ],
)
def test_another_consent_shares_nothing(hub, officer, change) -> None:
    case = cases.open_case(officer(Role.PROSECUTOR), number="2211/24", title="t")
    item = tell(hub.coordinator, hub.person)
    agree(hub.coordinator, hub.person, **change)
    with pytest.raises(Refused, match="no_consent"):
        actions.share_account(hub.coordinator, hub.person, item, case)


def test_an_item_of_somebody_else_is_not_shared_under_her_consent(hub, officer) -> None:
    case = cases.open_case(officer(Role.PROSECUTOR), number="2211/24", title="t")
    second = register(hub.coordinator)
    theirs = tell(hub.coordinator, second)
    agree(hub.coordinator, hub.person)
    with pytest.raises(Refused, match="not_her_item"):
        actions.share_account(hub.coordinator, hub.person, theirs, case)


def test_no_name_reaches_the_ledger(hub) -> None:
    partner()
    tell(hub.coordinator, hub.person, original_name="Петренчук Галина.txt")
    grant = agree(
        hub.coordinator, hub.person, restrictions="Nadiia may not know", how_understood="Галина"
    )
    actions.withdraw_consent(hub.coordinator, grant)
    assert Entry.objects.count() > 5
    for entry in Entry.objects.select_related("committed"):
        told = bytes(entry.body).decode() + bytes(entry.committed.details).decode()
        for word in SECRET_WORDS:
            assert word not in told, entry.kind


def test_hostile_names_are_cleaned_and_kept(hub) -> None:
    name = "\u202eангелина\u202c <b>\x00" + "ж" * 10_000
    made = register(hub.coordinator, identity={"preferred_name": name, "phone": "\ud800"})
    opened = Person.objects.get(pk=made.pk).opened_identity
    assert opened["preferred_name"] == "ангелина <b>" + "ж" * 10_000
    assert "phone" not in opened
    assert actions.search_people(hub.coordinator, "ангелина") == [made]
