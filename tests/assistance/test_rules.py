"""Both state machines: no path lets evidence out past a guard, a sent letter stays as it is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from comity.assistance import rules
from comity.assistance.rules import DeskState, Execution, Guard, State
from comity.core.errors import Refused, WrongState
from comity.core.law.letters import Lack, Severity
from comity.core.law.readings import fact_at

OFFICERS = ("officer:one", "officer:two", "officer:three")


class RequestedSide(RuleBasedStateMachine):
    """Presses every button of the desk in any order, as the actions do: move, guard, change."""

    @initialize(measures=st.integers(1, 3), electronic=st.booleans())
    def receive(self, measures: int, electronic: bool) -> None:
        self.state = DeskState.RECEIVED
        self.measures, self.original_needed = measures, electronic
        self.reported: set[int] = set()
        self.executed_by: set[str] = set()
        self.proposed = self.accepted = self.original = False
        self.released_by = ""

    def execution(self) -> Execution:
        return Execution(
            self.measures,
            len(self.reported),
            self.proposed,
            self.accepted,
            self.original_needed,
            self.original,
            tuple(self.executed_by),
        )

    def move(self, wanted: DeskState) -> bool:
        try:
            rules.require_desk_move(self.state, wanted)
        except WrongState:
            return False
        self.state = wanted
        return True

    @rule()
    def register(self) -> None:
        self.move(DeskState.REGISTERED)

    @rule()
    def accept(self) -> None:
        self.move(DeskState.ACCEPTED)

    @rule()
    def refuse(self) -> None:
        self.move(DeskState.REFUSED)

    @rule()
    def original_arrives(self) -> None:
        self.original = True

    @rule(officer=st.sampled_from(OFFICERS), measure=st.integers(0, 2))
    def execute(self, officer: str, measure: int) -> None:
        try:
            rules.require_report_open(self.state)
        except WrongState:
            return
        self.state = DeskState.EXECUTING
        self.reported.add(measure % self.measures)
        self.executed_by.add(officer)

    @rule()
    def propose(self) -> None:
        if self.move(DeskState.CONDITIONS_PROPOSED):
            self.proposed = True

    @rule()
    def acceptance_comes(self) -> None:
        if self.move(DeskState.CONDITIONS_ACCEPTED):
            self.accepted = True

    @rule(officer=st.sampled_from(OFFICERS))
    def release(self, officer: str) -> None:
        try:
            rules.require_release(self.state, self.execution(), officer)
        except Refused:
            return
        self.state, self.released_by = DeskState.RELEASED, officer

    @rule()
    def stop(self) -> None:
        if self.move(DeskState.STOPPED):
            self.released_by = ""

    @invariant()
    def nothing_left_past_a_guard(self) -> None:
        if not getattr(self, "released_by", ""):
            return
        assert len(self.reported) == self.measures
        assert self.accepted or not self.proposed
        assert self.original or not self.original_needed
        assert self.released_by not in self.executed_by


TestRequestedSide = RequestedSide.TestCase


class RequestingSide(RuleBasedStateMachine):
    """Presses every button of the author's side in any order."""

    @initialize()
    def draft(self) -> None:
        self.state = State.DRAFT
        self.author, self.reviewer, self.approver = OFFICERS[0], "", ""
        self.text = self.signed = self.sent = 0
        self.conditions = self.accepted = False

    def move(self, wanted: State) -> bool:
        try:
            rules.require_move(self.state, wanted)
        except WrongState:
            return False
        self.state = wanted
        return True

    @rule()
    def write(self) -> None:
        try:
            rules.require_content_open(self.state)
        except WrongState:
            return
        self.text += 1

    @rule(officer=st.sampled_from(OFFICERS))
    def review(self, officer: str) -> None:
        try:
            rules.require_move(self.state, State.REVIEWED)
            rules.require_other_hand(actor=officer, earlier=(self.author,))
        except Refused:
            return
        self.state, self.reviewer = State.REVIEWED, officer

    @rule(officer=st.sampled_from(OFFICERS))
    def approve(self, officer: str) -> None:
        try:
            rules.require_move(self.state, State.APPROVED)
            rules.require_other_hand(actor=officer, earlier=(self.author, self.reviewer))
        except Refused:
            return
        self.state, self.approver, self.signed = State.APPROVED, officer, self.text

    @rule()
    def give_back(self) -> None:
        if self.move(State.DRAFT):
            self.reviewer = self.approver = ""

    @rule()
    def send(self) -> None:
        if self.move(State.SENT):
            self.sent = self.text

    @rule(wanted=st.sampled_from(State))
    def partner_speaks(self, wanted: State) -> None:
        from_partner = {
            State.ACKNOWLEDGED,
            State.CONDITIONS_PROPOSED,
            State.EXECUTED,
            State.REFUSED,
        }
        if wanted in from_partner and self.move(wanted):
            self.conditions |= wanted is State.CONDITIONS_PROPOSED
            if wanted is State.EXECUTED:
                assert self.accepted or not self.conditions

    @rule()
    def stop(self) -> None:
        if self.move(State.STOPPED):
            self.sent = 0

    @rule()
    def accept_conditions(self) -> None:
        if self.move(State.CONDITIONS_ACCEPTED):
            self.accepted = True

    @invariant()
    def what_left_was_signed_by_three(self) -> None:
        unsigned = {State.DRAFT, State.REVIEWED, State.WITHDRAWN, State.STOPPED}
        if getattr(self, "state", State.DRAFT) in unsigned:
            return
        assert len({self.author, self.reviewer, self.approver}) == 3
        assert self.signed == self.text

    @invariant()
    def a_sent_letter_does_not_change(self) -> None:
        if getattr(self, "sent", 0):
            assert self.sent == self.text


TestRequestingSide = RequestingSide.TestCase


@given(
    st.builds(
        Execution,
        measures=st.integers(0, 3),
        reported=st.integers(0, 3),
        conditions_proposed=st.booleans(),
        conditions_accepted=st.booleans(),
        original_needed=st.booleans(),
        original_received=st.booleans(),
        executed_by=st.lists(st.sampled_from(OFFICERS), unique=True).map(tuple),
        items_free=st.booleans(),
    ),
    st.sampled_from(OFFICERS),
    st.sampled_from(DeskState),
)
def test_a_reply_leaves_only_when_every_guard_is_open(execution, releaser, state) -> None:
    closed = rules.closed_guards(execution, releaser)
    may_move = state in {DeskState.EXECUTING, DeskState.CONDITIONS_ACCEPTED, DeskState.STOPPED}
    if may_move and not closed:
        rules.require_release(state, execution, releaser)
        return
    with pytest.raises(Refused) as refusal:
        rules.require_release(state, execution, releaser)
    if may_move:
        assert refusal.value.facts["guards"] == list(closed)


def test_each_guard_closes_by_itself() -> None:
    ready = Execution(1, 1, True, True, True, True, ("officer:one",))
    assert rules.closed_guards(ready, "officer:two") == ()
    assert rules.closed_guards(ready, "officer:one") == (Guard.OTHER_OFFICER,)
    unmet = {
        Guard.MEASURES_REPORTED: Execution(2, 1, True, True, True, True, ("officer:one",)),
        Guard.CONDITIONS_ACCEPTED: Execution(1, 1, True, False, True, True, ("officer:one",)),
        Guard.ORIGINAL_RECEIVED: Execution(1, 1, True, True, True, False, ("officer:one",)),
        Guard.ITEMS_FREE: Execution(1, 1, True, True, True, True, ("officer:one",), False),
    }
    for guard, execution in unmet.items():
        assert rules.closed_guards(execution, "officer:two") == (guard,)


def test_a_letter_without_measures_is_never_answered() -> None:
    empty = Execution(0, 0, False, False, False, False, ("officer:one",))
    assert Guard.MEASURES_REPORTED in rules.closed_guards(empty, "officer:two")


def test_after_sending_no_state_lets_the_text_change() -> None:
    later, todo = set(), {State.SENT}
    while todo:
        state = todo.pop()
        later.add(state)
        todo |= rules.NEXT[state] - later - {State.STOPPED}  # that one has not left
    assert not later & (rules.CONTENT_OPEN | rules.TRANSLATION_OPEN)


def test_every_state_has_its_moves_and_ends_somewhere() -> None:
    assert set(rules.NEXT) == set(State)
    assert set(rules.DESK_NEXT) == set(DeskState)
    assert not rules.NEXT[State.CLOSED]
    assert rules.DESK_NEXT[DeskState.CLOSED] == {DeskState.STOPPED}


def test_translation_may_follow_review_but_not_approval() -> None:
    assert not rules.blocks_review(Severity.MUST, Lack.UNTRANSLATED)
    assert not rules.blocks_review(Severity.MUST, Lack.STALE)
    assert rules.blocks_review(Severity.MUST, Lack.ABSENT)
    assert rules.blocks_review(Severity.LAWYER_DECIDES, Lack.UNDECIDED)
    assert rules.blocks_approval(Severity.MUST)
    assert not rules.blocks_approval(Severity.ADVISED)


@pytest.mark.parametrize("clock", rules.CLOCKS, ids=lambda clock: clock.id)
def test_every_clock_is_a_fact_that_was_read(clock) -> None:
    found = fact_at(clock.fact)
    assert found.certainty == "high"
    assert found.basis == "read"
    length = str(clock.days or clock.months)
    assert length in found.text("en")


def test_the_day_of_the_event_is_day_0() -> None:
    original = next(clock for clock in rules.CLOCKS if clock.id == "ua_out_original")
    assert rules.due_on(original, date(2026, 11, 24)) == date(2026, 11, 27)


@pytest.mark.parametrize(
    ("started", "due"),
    [
        (date(2026, 11, 24), date(2026, 12, 24)),
        (date(2027, 1, 31), date(2027, 2, 28)),
        (date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_a_month_ends_on_its_day_or_on_the_last_of_a_shorter_one(started, due) -> None:
    execute = next(clock for clock in rules.CLOCKS if clock.id == "ua_in_execute")
    assert rules.due_on(execute, started) == due
