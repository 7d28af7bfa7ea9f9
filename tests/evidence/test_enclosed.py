"""A message in a package carries items too: each must be free to go where the package goes."""

from __future__ import annotations

import pytest

from comity.assistance import actions as assistance
from comity.assistance.models import LetterOfRequest
from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.models import Disclosure
from comity.evidence.rules import Use
from tests.assistance.conftest import WORDS, kyiv, queued, tokyo_keys  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_item_in_an_enclosed_letter_needs_to_be_free_as_well(kyiv) -> None:  # noqa: F811
    letter = kyiv.complete()
    sent, other = kyiv.item(), kyiv.item()
    assistance.attach_item(kyiv.prosecutor, letter, sent, title=WORDS)
    assistance.ask_review(kyiv.prosecutor, letter)
    assistance.review_letter(kyiv.lawyer, letter)
    assistance.approve_letter(kyiv.supervisor, letter)
    assistance.send_letter(kyiv.lawyer, letter)
    (message,) = queued(LetterOfRequest.objects.get(pk=letter.pk), "letter/1")
    stated = {"purpose": "Trial", "legal_basis": "CPC art. 290", "case_ref": "no such case"}
    before = Disclosure.objects.count()
    actions.export_package(kyiv.prosecutor, [other], message_ids=[message.uid], **stated)
    left = Disclosure.objects.filter(recipient="court").values_list("item", flat=True)
    assert set(left) == {sent.pk, other.pk}
    actions.attach_condition(
        kyiv.prosecutor, sent, code="own_words", texts={}, forbids=[Use.EXPORT_TO_COURT],
        set_by_node="moj.jp.example",
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        actions.export_package(kyiv.prosecutor, [other], message_ids=[message.uid], **stated)
    assert refused.value.facts["item"] == sent.number
    assert Disclosure.objects.count() == before + 2
