"""Roles, acts and what may not meet in one person."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core import access
from comity.core.access import Act, Compartment, NodeActor, Role
from comity.core.errors import NotAllowed


def test_every_act_is_given_to_somebody() -> None:
    given_acts = frozenset().union(*access.MATRIX.values())
    assert given_acts == frozenset(Act)


def test_every_role_has_a_line_in_both_tables() -> None:
    assert set(access.MATRIX) == set(access.COMPARTMENTS) == set(Role)


def test_the_keeper_of_the_machine_reads_no_content() -> None:
    content = {Act.SEE_PEOPLE, Act.SEE_ITEMS, Act.SEE_CASES, Act.SEE_LETTERS, Act.OPEN_ITEM}
    assert not access.MATRIX[Role.ADMINISTRATOR] & content
    assert not access.COMPARTMENTS[Role.ADMINISTRATOR]


@given(st.frozensets(st.sampled_from(Role)))
def test_support_and_prosecution_never_meet(roles: frozenset[Role]) -> None:
    clash = access.incompatible(roles)
    if {Role.HUB_COORDINATOR, Role.PROSECUTOR} <= roles:
        assert {Role.HUB_COORDINATOR, Role.PROSECUTOR} <= clash
    if len(roles) < 2:
        assert not clash


ALLOWED = [
    roles
    for size in range(len(Role) + 1)
    for roles in map(frozenset, itertools.combinations(Role, size))
    if not access.incompatible(roles)
]


def test_no_set_of_roles_that_is_allowed_crosses_the_wall_between_hub_and_case() -> None:
    assert len(ALLOWED) > len(Role)
    for roles in ALLOWED:
        acts = access.acts_of(roles)
        assert Act.SEE_PEOPLE not in acts or not acts & {Act.SEE_CASES, Act.SEE_LETTERS}, roles
        read = access.compartments_of(roles)
        hub_only = {Compartment.SUPPORT, Compartment.IDENTITY}
        assert Compartment.INVESTIGATION not in read or not read & hub_only, roles


@pytest.mark.parametrize("other", sorted(set(Role) - {Role.HUB_COORDINATOR}))
def test_a_hub_coordinator_holds_no_other_role(other: Role) -> None:
    pair = frozenset({Role.HUB_COORDINATOR, other})
    assert access.incompatible(pair) == pair


def test_a_part_of_the_node_does_only_what_it_was_given() -> None:
    actor = NodeActor("exchange", frozenset({Act.ADD_ITEM}))
    access.require(actor, Act.ADD_ITEM)
    with pytest.raises(NotAllowed) as refused:
        access.require(actor, Act.SEND_LETTER)
    assert refused.value.facts == {"act": Act.SEND_LETTER}
