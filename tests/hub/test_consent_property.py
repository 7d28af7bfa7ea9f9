"""Whatever is answered and taken back in whatever order, only what is agreed now may leave."""

from __future__ import annotations

import io
from datetime import timedelta

from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from comity.accounts.models import Officer, OfficerRole
from comity.core.access import Role
from comity.core.errors import Refused
from comity.evidence import actions as evidence
from comity.hub import actions
from comity.hub.models import ConsentGrant
from comity.hub.rules import AgeBand, Answer, Mode, Purpose, Scope

RECIPIENTS = ("prosecution", "partner:tokyo.test")
PURPOSES = (Purpose.INVESTIGATION,)
SCOPES = (Scope.STATEMENT, Scope.MEDIA)
ANSWERS = (Answer.AGREED, Answer.IN_PART, Answer.REFUSED)
DAYS = st.integers(min_value=-1, max_value=1)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("answer"),
            st.sampled_from(RECIPIENTS),
            st.sampled_from(PURPOSES),
            st.frozensets(st.sampled_from(SCOPES), min_size=1),
            st.sampled_from(ANSWERS),
            DAYS,
            st.none() | DAYS,
        ),
        st.tuples(st.just("withdraw"), st.integers(min_value=0, max_value=9)),
        st.tuples(st.just("tell"), st.sampled_from(SCOPES)),
    ),
    min_size=3,
    max_size=8,
)


class ConsentHolds(TestCase):
    """Answers, withdrawals and accounts in any order, against a plain list."""

    @settings(max_examples=20, deadline=None)
    @given(STEPS)
    def test_only_what_is_agreed_now_may_leave(self, steps) -> None:
        officer = Officer.objects.create(email="coordinator@example.test", name="C")
        OfficerRole.objects.create(officer=officer, role=Role.HUB_COORDINATOR, granted_by="test")
        person = actions.register_person(
            officer,
            identity={"preferred_name": "Invented"},
            age_band=AgeBand.ADULT,
            language="uk",
            searched=True,
        )
        today = timezone.localdate()
        live: list[dict] = []
        items: list[tuple[object, Scope]] = []
        for step in steps:
            self._do(officer, person, today, step, live, items)
        for item, scope in items:
            for recipient in RECIPIENTS:
                for purpose in PURPOSES:
                    for day in range(-2, 3):
                        on = today + timedelta(days=day)
                        allowed = any(
                            grant["recipient"] == recipient
                            and grant["purpose"] == purpose
                            and scope in grant["scopes"]
                            and grant["since"] <= on
                            and (grant["until"] is None or on <= grant["until"])
                            for grant in live
                        )
                        assert self._may(item, recipient, purpose, on) is allowed

    def _do(self, officer, person, today, step, live, items) -> None:
        if step[0] == "tell":
            item = actions.take_account(
                officer, person, io.BytesIO(bytes([len(items)])), scope=step[1], title="t",
                kind="first-account",
            )  # fmt: skip
            items.append((item, step[1]))
        elif step[0] == "withdraw":
            grants = list(ConsentGrant.objects.all())
            if step[1] >= len(grants):
                return
            grant = grants[step[1]]
            known = [one for one in live if one["pk"] == grant.pk]
            try:
                actions.withdraw_consent(officer, grant)
            except Refused:
                assert not known
            else:
                assert known
                live.remove(known[0])
        else:
            self._answer(officer, person, today, step, live)

    def _answer(self, officer, person, today, step, live) -> None:
        _kind, recipient, purpose, scopes, answer, start, end = step
        since = today + timedelta(days=start)
        until = None if end is None else today + timedelta(days=end)
        try:
            grant = actions.record_consent(
                officer, person, recipient=recipient, purpose=purpose, scopes=sorted(scopes),
                mode=Mode.IDENTIFIED, answer=answer, explained_in="uk", text_version="t",
                valid_from=since, valid_until=until,
            )  # fmt: skip
        except Refused:
            assert until is not None
            assert until < since
            return
        live[:] = [
            one for one in live if (one["recipient"], one["purpose"]) != (recipient, purpose)
        ]
        if answer is not Answer.REFUSED:
            live.append(
                {"pk": grant.pk, "recipient": recipient, "purpose": purpose, "scopes": scopes,
                 "since": since, "until": until}
            )  # fmt: skip

    @staticmethod
    def _may(item, recipient, purpose, on) -> bool:
        try:
            evidence.require_release(item, recipient=recipient, purpose=purpose, on=on)
        except Refused:
            return False
        return True
