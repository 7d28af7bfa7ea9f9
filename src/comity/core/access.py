"""Who may do what: roles × acts, and the compartments a role reads. The default is no."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from comity.core.errors import NotAllowed


class Role(StrEnum):
    """What an officer is here for. Content roles and the administrator never meet in one person."""

    HUB_COORDINATOR = "hub_coordinator"
    HUB_SUPERVISOR = "hub_supervisor"
    INVESTIGATOR = "investigator"
    PROSECUTOR = "prosecutor"
    SUPERVISOR = "supervisor"
    CENTRAL_AUTHORITY = "central_authority"
    EXECUTING_OFFICER = "executing_officer"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Compartment(StrEnum):
    """Parts of a record that different offices see (hub.md E2)."""

    SUPPORT = "support"
    INVESTIGATION = "investigation"
    IDENTITY = "identity"
    DISCLOSABLE = "disclosable"


class Act(StrEnum):
    """Every verb an officer can be allowed; the words of the buttons."""

    # hub
    SEE_PEOPLE = "see_people"
    REGISTER_PERSON = "register_person"
    RECORD_CONSENT = "record_consent"
    WITHDRAW_CONSENT = "withdraw_consent"
    SHARE_ACCOUNT = "share_account"
    ORDER_DISCLOSURE = "order_disclosure"
    ASSESS_NEEDS = "assess_needs"
    REFER_PERSON = "refer_person"
    KEEP_DIRECTORY = "keep_directory"
    MERGE_PEOPLE = "merge_people"
    PREPARE_CLAIM = "prepare_claim"
    IMPORT_PEOPLE = "import_people"
    SUPERVISE_HUB = "supervise_hub"
    SEE_INTERVIEWS = "see_interviews"
    PLAN_INTERVIEW = "plan_interview"
    APPROVE_INTERVIEW = "approve_interview"
    SEE_MEASURES = "see_measures"
    REQUEST_MEASURE = "request_measure"
    DECIDE_MEASURE = "decide_measure"
    OPEN_PSEUDONYM = "open_pseudonym"
    GIVE_NOTICE = "give_notice"
    # evidence and vault
    SEE_ITEMS = "see_items"
    ADD_ITEM = "add_item"
    OPEN_ITEM = "open_item"
    EXPORT_PACKAGE = "export_package"
    PLACE_HOLD = "place_hold"
    ORDER_ERASURE = "order_erasure"
    EXECUTE_ERASURE = "execute_erasure"
    # cases
    SEE_CASES = "see_cases"
    OPEN_CASE = "open_case"
    RECORD_INCIDENT = "record_incident"
    QUALIFY_INCIDENT = "qualify_incident"
    ASSESS_ELEMENT = "assess_element"
    # assistance
    SEE_LETTERS = "see_letters"
    DRAFT_LETTER = "draft_letter"
    REVIEW_LETTER = "review_letter"
    APPROVE_LETTER = "approve_letter"
    SEND_LETTER = "send_letter"
    REGISTER_LETTER = "register_letter"
    EXECUTE_LETTER = "execute_letter"
    RELEASE_REPLY = "release_reply"
    ACCEPT_CONDITIONS = "accept_conditions"
    # exchange
    SEE_EXCHANGE = "see_exchange"
    PAIR_PARTNER = "pair_partner"
    CONFIRM_PARTNER = "confirm_partner"
    RESEND_MESSAGE = "resend_message"
    # ledger
    SEE_LEDGER = "see_ledger"
    OPEN_EPOCH = "open_epoch"
    # administration
    SEE_OFFICERS = "see_officers"
    MANAGE_OFFICERS = "manage_officers"
    CONFIRM_OFFICERS = "confirm_officers"
    ADD_TO_TEAM = "add_to_team"
    BREAK_GLASS = "break_glass"
    REVIEW_BREAK_GLASS = "review_break_glass"


# One officer orders, another carries out: the actions ask that they are two (evidence.md E2).
_KEEPING = frozenset({Act.PLACE_HOLD, Act.ORDER_ERASURE, Act.EXECUTE_ERASURE})
_CASE_READING = frozenset({Act.SEE_CASES, Act.SEE_ITEMS, Act.OPEN_ITEM, Act.BREAK_GLASS})
# What a person said, and what protects the person, is known on both sides of the wall (hub.md E2).
_INTERVIEWS = frozenset({Act.SEE_INTERVIEWS, Act.PLAN_INTERVIEW, Act.SEE_MEASURES})
_PROTECTION = frozenset({Act.REQUEST_MEASURE, Act.GIVE_NOTICE})
# One officer proposes that two files are one person's, another agrees: the actions ask for two.
_HUB = frozenset(
    {
        Act.SEE_PEOPLE,
        Act.REGISTER_PERSON,
        Act.MERGE_PEOPLE,
        Act.KEEP_DIRECTORY,
        Act.IMPORT_PEOPLE,
        Act.SEE_ITEMS,
        Act.ADD_ITEM,
        Act.ADD_TO_TEAM,
    }
)

MATRIX: Mapping[Role, frozenset[Act]] = {
    Role.HUB_COORDINATOR: _KEEPING
    | _HUB
    | _INTERVIEWS
    | _PROTECTION
    | {
        Act.RECORD_CONSENT,
        Act.WITHDRAW_CONSENT,
        Act.SHARE_ACCOUNT,
        Act.ASSESS_NEEDS,
        Act.REFER_PERSON,
        Act.PREPARE_CLAIM,
        Act.OPEN_ITEM,
        Act.BREAK_GLASS,
    },
    Role.HUB_SUPERVISOR: _HUB
    | {
        Act.WITHDRAW_CONSENT,
        Act.ORDER_DISCLOSURE,
        Act.SUPERVISE_HUB,
        Act.SEE_INTERVIEWS,
        Act.SEE_MEASURES,
        Act.EXECUTE_ERASURE,
    },
    Role.INVESTIGATOR: _CASE_READING
    | _INTERVIEWS
    | {Act.ADD_ITEM, Act.RECORD_INCIDENT, Act.OPEN_CASE, Act.REQUEST_MEASURE},
    Role.PROSECUTOR: _CASE_READING
    | _KEEPING
    | _INTERVIEWS
    | _PROTECTION
    | {
        Act.ADD_ITEM,
        Act.RECORD_INCIDENT,
        Act.OPEN_CASE,
        Act.QUALIFY_INCIDENT,
        Act.ASSESS_ELEMENT,
        Act.SEE_LETTERS,
        Act.DRAFT_LETTER,
        Act.EXPORT_PACKAGE,
        Act.ACCEPT_CONDITIONS,
        Act.ADD_TO_TEAM,
        Act.DECIDE_MEASURE,
        Act.OPEN_PSEUDONYM,
    },
    Role.SUPERVISOR: _CASE_READING
    | {
        Act.SEE_INTERVIEWS,
        Act.APPROVE_INTERVIEW,
        Act.SEE_MEASURES,
        Act.DECIDE_MEASURE,
        Act.PLACE_HOLD,
        Act.EXECUTE_ERASURE,
        Act.SEE_LETTERS,
        Act.APPROVE_LETTER,
        Act.EXPORT_PACKAGE,
        Act.ACCEPT_CONDITIONS,
        Act.ADD_TO_TEAM,
        Act.REVIEW_BREAK_GLASS,
        Act.CONFIRM_OFFICERS,
        Act.SEE_LEDGER,
        Act.OPEN_EPOCH,
    },
    Role.CENTRAL_AUTHORITY: frozenset(
        {
            Act.SEE_LETTERS,
            Act.REVIEW_LETTER,
            Act.SEND_LETTER,
            Act.REGISTER_LETTER,
            Act.RELEASE_REPLY,
            Act.SEE_EXCHANGE,
            Act.RESEND_MESSAGE,
            Act.CONFIRM_PARTNER,
        }
    ),
    Role.EXECUTING_OFFICER: frozenset(
        {Act.SEE_LETTERS, Act.EXECUTE_LETTER, Act.SEE_ITEMS, Act.ADD_ITEM, Act.OPEN_ITEM}
    ),
    Role.ANALYST: frozenset({Act.SEE_CASES, Act.SEE_ITEMS}),
    Role.AUDITOR: frozenset({Act.SEE_LEDGER, Act.OPEN_EPOCH, Act.SEE_EXCHANGE, Act.SEE_OFFICERS}),
    Role.ADMINISTRATOR: frozenset(
        {
            Act.SEE_OFFICERS,
            Act.MANAGE_OFFICERS,
            Act.CONFIRM_OFFICERS,
            Act.PAIR_PARTNER,
            Act.SEE_EXCHANGE,
        }
    ),
}

COMPARTMENTS: Mapping[Role, frozenset[Compartment]] = {
    Role.HUB_COORDINATOR: frozenset(
        {Compartment.SUPPORT, Compartment.IDENTITY, Compartment.DISCLOSABLE}
    ),
    Role.HUB_SUPERVISOR: frozenset(
        {Compartment.SUPPORT, Compartment.IDENTITY, Compartment.DISCLOSABLE}
    ),
    Role.INVESTIGATOR: frozenset({Compartment.INVESTIGATION, Compartment.DISCLOSABLE}),
    Role.PROSECUTOR: frozenset({Compartment.INVESTIGATION, Compartment.DISCLOSABLE}),
    Role.SUPERVISOR: frozenset({Compartment.INVESTIGATION, Compartment.DISCLOSABLE}),
    Role.CENTRAL_AUTHORITY: frozenset({Compartment.DISCLOSABLE}),
    Role.EXECUTING_OFFICER: frozenset({Compartment.DISCLOSABLE}),
    Role.ANALYST: frozenset({Compartment.INVESTIGATION}),
    Role.AUDITOR: frozenset(),
    Role.ADMINISTRATOR: frozenset(),
}

# Two roles that one person may never hold together (hub.md A5, HOPE's IncompatibleRoles): who keeps
# the machine reads no content, who audits does nothing else, and who supports people works on no
# case and no letter: emergency access would else lead one person through the wall between them.
INCOMPATIBLE: frozenset[frozenset[Role]] = frozenset(
    frozenset({single, other})
    for single in (
        Role.ADMINISTRATOR,
        Role.AUDITOR,
        Role.HUB_COORDINATOR,
        Role.HUB_SUPERVISOR,
    )
    for other in Role
    if other is not single
)


class Actor(Protocol):
    """Whoever acts: an officer, or the node itself when it does what a partner's message asks."""

    @property
    def actor_id(self) -> str:
        """The name in the ledger: `officer:<uuid>` or `node:<part>`."""

    def may(self, act: Act) -> bool:
        """Say whether the matrix allows this act."""


class NodeActor:
    """The node acting by itself. May do the acts it was made with, and no other."""

    def __init__(self, part: str, acts: frozenset[Act] = frozenset()) -> None:
        self.part = part
        self.acts = acts

    @property
    def actor_id(self) -> str:
        """`node:<part>`."""
        return f"node:{self.part}"

    def may(self, act: Act) -> bool:
        """Say whether this part of the node was given the act."""
        return act in self.acts


def acts_of(roles: frozenset[Role]) -> frozenset[Act]:
    """Return every act that one of the roles allows."""
    return frozenset().union(*(MATRIX[role] for role in roles))


def compartments_of(roles: frozenset[Role]) -> frozenset[Compartment]:
    """Return every compartment that one of the roles can read."""
    return frozenset().union(*(COMPARTMENTS[role] for role in roles))


def incompatible(roles: frozenset[Role]) -> frozenset[Role]:
    """Return the roles that may not be held together; empty when all may."""
    clashes = [pair for pair in INCOMPATIBLE if pair <= roles]
    return frozenset().union(*clashes)


def require(actor: Actor, act: Act) -> None:
    """Let the actor pass or raise NotAllowed naming the act."""
    if not actor.may(act):
        raise NotAllowed("access.not_allowed", act=act)
