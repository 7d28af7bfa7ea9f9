"""Whatever a paired partner's message says, it is taken in or refused, and its page still draws."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import models, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.assistance import actions, bodies
from comity.assistance.models import LetterOfRequest
from comity.core.errors import NotAllowed, Refused, Untrusted
from comity.core.messages import Message
from comity.core.uuid7 import uuid7
from comity.exchange.actions.incoming import RECEIVER
from comity.exchange.received import Received
from tests.assistance.conftest import tokyos_letter
from tests.assistance.test_desk import CONDITION, executed
from tests.assistance.test_requesting import (
    ACKNOWLEDGEMENT,
    acknowledged,
    reply,
    say,
)
from tests.exchange.other_node import now
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db
CLEAN = (Untrusted, Refused, NotAllowed)
MANY = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

words = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["", "\x00", "x" * 300, "\u202e<script>", "uk", "2026-02-30", "0001-01-01"]),
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), words,
)  # fmt: skip
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a body, the whole of it first."""
    found = [path]
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in inner:
            found += places(one, (*path, key))
    return found


def spoiled(draw: st.DrawFn, body: Any) -> Any:
    """A body with one to three places replaced, removed or doubled."""
    made = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        spots = [path for path in places(made) if path]
        if not spots:
            return made
        *way, last = draw(st.sampled_from(spots))
        holder = made
        for key in way:
            holder = holder[key]
        what = draw(st.sampled_from(["replace", "replace", "remove", "double"]))
        if what == "remove":
            del holder[last]
        elif what == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        else:
            holder[last] = draw(anything)
    return made


def fits(row: models.Model) -> None:
    """What SQLite lets pass and PostgreSQL does not: too long a text, too large a number."""
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if isinstance(field, models.CharField) and isinstance(value, str):
            assert len(value) <= (field.max_length or 0), f"{field} holds {len(value)} characters"
        if isinstance(field, models.PositiveIntegerField) and value is not None:
            assert 0 <= value < 2**31, field


def all_fit(letter: LetterOfRequest) -> None:
    fits(letter)
    for rows in (letter.papers, letter.documents, letter.conditions, letter.events):
        for row in rows.all():
            fits(row)
    held = getattr(letter, "reply", None)
    for row in [*held.reports.all(), *held.items.all()] if held else []:
        fits(row)


def received(kyiv, kind: str, body: Any, conversation: uuid.UUID) -> Received:
    message = Message(
        id=uuid7(now()),
        conversation=conversation,
        seq=0,
        type=kind,
        from_node=kyiv.node.node_id,
        to_node="kyiv.test.comity.example",
        created=now(),
        classification="restricted",
        body=body,
    )
    return Received(message, kyiv.partner, None, {"uk.pdf": b"%PDF", "uk": b"%PDF"}, [])


class Undo(Exception):
    """Ends an example; the next one finds the database as it was."""


def survives(kyiv, client: Client, handler: Callable[..., None], message: Received) -> None:
    try:
        with transaction.atomic():
            try:
                with transaction.atomic():
                    handler(RECEIVER, message)
            except CLEAN:
                raise Undo from None
            letter = LetterOfRequest.objects.get(uid=message.message.conversation)
            all_fit(letter)
            assert client.get(letter.get_absolute_url()).status_code == 200
            assert client.get("/letters/?tab=incoming").status_code == 200
            raise Undo
    except Undo:
        return


@pytest.fixture
def reader(kyiv) -> Client:
    client = Client()
    client.force_login(kyiv.lawyer)
    give_second_step(kyiv.lawyer)
    return client


def test_any_letter_is_taken_in_or_refused(kyiv, reader) -> None:
    whole = tokyos_letter()
    whole["attachments"] = []

    @MANY
    @given(st.data())
    def check(data: st.DataObject) -> None:
        body = spoiled(data.draw, whole)
        if isinstance(body, dict):
            survives(
                kyiv, reader, actions.receive_letter, received(kyiv, "letter/1", body, uuid.uuid4())
            )

    check()
    survives(kyiv, reader, actions.receive_letter, received(kyiv, "letter/1", whole, uuid.uuid4()))


@pytest.mark.parametrize("channel", ["x" * 21, "telephone", "", None, 7, ["diplomatic"]])
def test_a_letter_by_a_way_that_is_not_known_is_refused(kyiv, channel) -> None:
    body = tokyos_letter()
    body["transmission"]["channel"] = channel
    with pytest.raises(Untrusted) as refused:
        actions.receive_letter(RECEIVER, received(kyiv, "letter/1", body, uuid.uuid4()))
    assert refused.value.code == "record.malformed"


def test_any_acknowledgement_is_taken_in_or_refused(kyiv, reader) -> None:
    letter = kyiv.sent()
    _answers(kyiv, reader, letter, "acknowledgement/1", ACKNOWLEDGEMENT)


def test_any_conditions_are_taken_in_or_refused(kyiv, reader) -> None:
    letter = acknowledged(kyiv)
    _answers(kyiv, reader, letter, "conditions/1", bodies.Conditions((CONDITION,)))


def test_any_reply_is_taken_in_or_refused(kyiv, reader) -> None:
    letter = acknowledged(kyiv)
    _answers(kyiv, reader, letter, "reply/1", replace(reply(), items=()))


def test_any_refusal_is_taken_in_or_refused(kyiv, reader) -> None:
    letter = acknowledged(kyiv)
    ground = bodies.Ground("political", CONDITION.words, CONDITION.words)
    _answers(kyiv, reader, letter, "reply/1", bodies.Reply("1", ground=ground))


def test_any_acceptance_is_taken_in_or_refused(kyiv, reader, asked) -> None:
    letter = executed(kyiv, asked)
    actions.propose_conditions(kyiv.lawyer, letter, [CONDITION])
    stated = bodies.Acceptance(bodies.digest_of((CONDITION,)), 1)
    _answers(kyiv, reader, letter, "conditions-accepted/1", stated)


HANDLERS = {
    "acknowledgement/1": actions.receive_acknowledgement,
    "conditions/1": actions.receive_conditions,
    "conditions-accepted/1": actions.receive_acceptance,
    "reply/1": actions.receive_reply,
}


def _answers(kyiv, reader: Client, letter: LetterOfRequest, kind: str, good: Any) -> None:
    whole = bodies.write(good)

    @MANY
    @given(st.data())
    def check(data: st.DataObject) -> None:
        body = spoiled(data.draw, whole)
        if isinstance(body, dict):
            survives(kyiv, reader, HANDLERS[kind], received(kyiv, kind, body, letter.uid))

    check()
    survives(kyiv, reader, HANDLERS[kind], received(kyiv, kind, whole, letter.uid))


def test_two_documents_of_one_language_are_kept_once(kyiv) -> None:
    letter = kyiv.sent()
    incoming = say(
        kyiv,
        letter,
        "acknowledgement/1",
        ACKNOWLEDGEMENT,
        human={"uk.pdf": b"%PDF-1", "uk": b"%PDF-2"},
    )
    assert incoming.status == "handled"
    assert letter.documents.filter(kind="acknowledgement").count() == 1
