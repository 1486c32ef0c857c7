"""Care: how close a firm keeps to the customers whom it knows, by contacts, questions and persons.

Claim: a welcome contact moves trust and commitment towards 1, a reminder moves an occasion forward and to the firm, and
being asked turns silence into a complaint; each is paid for by the contact, the visitor asked, or the person.
Source: the written specification of the theory, without a look at its kernel.

Levers, gaps and dates are float32 numbers, and so are the products that are held against whole numbers: silence
against `timing * gap`, and the place of a birthday.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.accounts import hundredths
from tests.reference.closeness import as_single
from tests.reference.complaint import FAILED, NONE, PHONE, SILENT
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "gain": 0.01,
    "attended_rate": 0.1,
    "called_tell": 0.6,
    "invited_tell": 0.2,
    "take_up": 0.35,
    "reminder_weight": 0.5,
    "haste": 0.5,
    "repayment": 0.2,
    "tenure_saving": 0.0,
    "tenure_visits": 30.0,
}
OF_CONTACTS = (
    *("care_contacts_made", "care_staff", "care_known", "care_seen"),
    *("reminders", "reminders_rightly", "reminders_timely", "reminders_followed"),
)
NO_REMINDER, MADE, RECEIVED, TAKEN_UP = range(4)
REGULAR, ASKING, BIRTHDAY, REMINDING = range(4)  # draws


@dataclass(frozen=True)
class Level:
    """What a firm does with customers of one class."""

    invitation: float = 0.0
    follow_up: float = 0.0
    regular_contact: float = 0.0
    birthday: bool = False
    festivals: int = 0
    reminder: float = 0.0
    dedicated: bool = False

    @property
    def contacts(self) -> bool:
        """Whether it makes any contacts."""
        return max(self.follow_up, self.regular_contact, self.birthday, self.festivals, self.reminder) > 0


_PROACTIVE: dict[str, Any] = {"invitation": 1.0, "follow_up": 1.0, "birthday": True, "festivals": 3, "reminder": 1.0}
LEVELS = {
    "basic": Level(),
    "reactive": Level(invitation=1.0),
    "accountable": Level(invitation=1.0, follow_up=1.0),
    "proactive": Level(**_PROACTIVE, regular_contact=0.25),
    "partnership": Level(**_PROACTIVE, regular_contact=0.5, dedicated=True),
}


@dataclass(frozen=True)
class Policy:
    """What a firm decides: its own level and those of classes A, B, C and D; costs in cu."""

    own: Level = field(default_factory=Level)
    level_by_class: Sequence[str] = ()
    reminder_timing: float = 1.0
    staff_cost: float = 0.2
    invitation_cost: float = 0.02
    dedicated_cost: float = 1.0

    def level(self, customer_class: int) -> Level:
        """Return what it does with a customer of a class, 0 = none; its own where nothing is said of the class."""
        named = 0 < customer_class <= len(self.level_by_class)
        return LEVELS[self.level_by_class[customer_class - 1]] if named else self.own

    @property
    def contacts(self) -> bool:
        """Whether it makes any contacts, with whatever class."""
        return any(level.contacts for level in (self.own, *(LEVELS[name] for name in self.level_by_class)))


@dataclass(frozen=True)
class Acquaintance:
    """What a firm holds of a customer: as the period begins, but for her class, that of the period.

    seen_last : period of the latest visit that it knows of, -1 = none      seen_gap : periods, 0 = not known
    """

    known: bool = False
    reachable: bool = False
    seen_last: int = -1
    seen_gap: float = 0.0
    customer_class: int = 0


def falls_due(silence: int, gap: float, timing: float) -> bool:
    """Tell whether silence reaches timing * gap, and had not in the period before; never of an unknown rhythm."""
    due = as_single(as_single(timing) * as_single(gap))
    return due > 0.0 and silence - 1 < due <= silence


def festivals_now(t: int, in_a_year: int, year: int) -> int:
    """Return how many equal parts of the year end in period t."""
    place = t % year
    return (place + 1) * in_a_year // year - place * in_a_year // year


def has_birthday(t: int, birth_date: float, year: int) -> bool:
    """Tell whether a birthday, a part of the year, is in period t."""
    return t % year == min(math.floor(as_single(birth_date * year)), year - 1)


def birth_date(key: Key, customer: int, replication: int) -> float:
    """Return a customer's birthday, a part of the year: for life."""
    return uniform(customer_words(key, customer, 0, draw=BIRTHDAY, block=0, replication=replication)[0])


def regular(contacts: float, u: float) -> int:
    """Return regular contacts of a period: a rate in whole contacts, and one more by the luck of what is left."""
    whole = math.floor(contacts)
    return whole + (u < contacts - whole)


def greetings(level: Level, t: int, birth_date: float, year: int) -> int:
    """Return greetings of a period: on her birthday and on festivals."""
    return (level.birthday and has_birthday(t, birth_date, year)) + festivals_now(t, level.festivals, year)


def reminder(due: bool, chance: float, reachable: bool, u: tuple[float, float], take_up: float) -> int:
    """Return what comes of a reminder: none is made, or it is made, received or taken up."""
    if not due or u[0] >= chance:
        return NO_REMINDER
    if not reachable:
        return MADE
    return TAKEN_UP if u[1] < take_up else RECEIVED


def warmed(level: float, rate: float, welcome: float, contacts: int) -> float:
    """Return a level after contacts: rate * welcome * contacts of its way to 1, all of it at most; unwelcome, none."""
    return level + min(1.0, rate * max(0.0, welcome) * contacts) * (1.0 - level)


def shift(codes: Sequence[int], ahead: float, parameters: dict[str, Any]) -> float:
    """Return what need is multiplied by beyond 1: haste if any firm's reminder is taken up, less what is repaid."""
    return (parameters["haste"] if TAKEN_UP in codes else 0.0) - parameters["repayment"] * ahead


def attended(bond: float, parameters: dict[str, Any]) -> float:
    """Return the personal relationship after a visit to who has a person of her own there."""
    return bond + parameters["attended_rate"] * (1.0 - bond)


def unrounded_saving(encounters: int, service_cost: float, parameters: dict[str, Any]) -> float:
    """Return what is saved on serving who has come so often, this period's visits included; cu, as is the cost."""
    return parameters["tenure_saving"] * encounters / (encounters + parameters["tenure_visits"]) * service_cost


@dataclass(frozen=True)
class Asked:
    """What comes of asking a visitor: whether she is invited, called, and through which channel she tells, or none."""

    invited: bool
    called: bool
    channel: int = SILENT


def ask(
    level: Level, one: Acquaintance, is_silent: bool, usual: int, u: Sequence[float], parameters: dict[str, Any]
) -> Asked:
    """Ask a visitor what was not right.

    is_silent : she has a grievance and has not complained      usual : her channel      u : four uniforms
    """
    invited, called = u[0] < level.invitation, one.known and u[2] < level.follow_up
    if is_silent and invited and u[1] < parameters["invited_tell"]:
        return Asked(invited, called, usual)
    if is_silent and called and one.reachable and u[3] < parameters["called_tell"]:
        return Asked(invited, called, PHONE)
    return Asked(invited, called)


class Care:
    """All firms of a market and how they care for customers.

    identities  : of the customers        year : periods in one        handling : cost of a complaint, cu, by channel
    calls       : calls[j][i] made by firm j after the visits of the period before
    ahead       : periods of usual need that reminders have brought forward, by customer
    contacts, reminded : of the period, [j][i]; the second a code
    counts      : of the period, name -> firm -> number; money in cents, asking visitors in 1/100 cent
    told        : complaints of the period that were told when asked, (cause, channel, firm)
    """

    def __init__(
        self,
        policies: Sequence[Policy],
        identities: Sequence[int],
        key: Key,
        parameters: dict[str, Any],
        *,
        year: int,
        handling: Sequence[Sequence[float]],
        replication: int = 0,
    ) -> None:
        self.policies, self.identities, self.key, self.p = policies, identities, key, parameters
        self.year, self.handling, self.replication = year, handling, replication
        self.birth_dates = [birth_date(key, customer, replication) for customer in identities]
        self.calls = [[0] * len(identities) for _ in policies]
        self.ahead = [0.0] * len(identities)
        self.begin()

    def begin(self) -> None:
        """Begin a period."""
        self.contacts = [[0] * len(self.identities) for _ in self.policies]
        self.reminded = [[NO_REMINDER] * len(self.identities) for _ in self.policies]
        names = (*OF_CONTACTS, "follow_ups", "told_when_asked", "hearing", "invitation_spend", "dedicated_spend")
        self.counts = {name: [0] * len(self.policies) for name in names}
        self.told: list[tuple[int, int, int]] = []

    def uniforms(self, i: int, t: int, draw: int, block: int) -> tuple[float, ...]:
        """Return the four uniforms of a decision about a customer."""
        address = {"draw": draw, "block": block, "replication": self.replication}
        return tuple(uniform(word) for word in customer_words(self.key, self.identities[i], t, **address))

    def contact(self, t: int, i: int, j: int, one: Acquaintance, exited: bool) -> None:
        """Let firm j make its contacts with customer i, reminders included; exited = she has left the category."""
        policy, level, counts = self.policies[j], self.policies[j].level(one.customer_class), self.counts
        if not policy.contacts or not one.known:
            return
        silence = t - one.seen_last
        counts["care_known"][j] += 1
        counts["care_seen"][j] += silence <= self.year
        made = regular(level.regular_contact, self.uniforms(i, t, REGULAR, j)[0])
        made += greetings(level, t, self.birth_dates[i], self.year) + self.calls[j][i]
        self.calls[j][i] = 0
        due, u = falls_due(silence, one.seen_gap, policy.reminder_timing), self.uniforms(i, t, REMINDING, j)
        code = reminder(due, level.reminder, one.reachable, u[:2], self.p["take_up"])
        if code:
            made += 1
            counts["reminders"][j] += 1
            counts["reminders_rightly"][j] += one.reachable and not exited
        self.contacts[j][i], self.reminded[j][i] = made, code
        counts["care_contacts_made"][j] += made
        counts["care_staff"][j] += made * hundredths(policy.staff_cost)

    def receive(
        self, i: int, j: int, ties: tuple[float, float, float], one: Acquaintance, welcome: float
    ) -> tuple[float, float, float]:
        """Return trust, affective commitment and personal relationship after the contacts with firm j."""
        made = self.contacts[j][i] if one.reachable else 0
        trust, commitment = (warmed(level, self.p["gain"], welcome, made) for level in ties[:2])
        has_person = self.policies[j].level(one.customer_class).dedicated
        bond = warmed(ties[2], self.p["attended_rate"], welcome, made) if has_person else ties[2]
        return trust, commitment, bond

    def hasten(self, i: int) -> float:
        """Let reminders move what customer i needs, and return what her need is multiplied by."""
        moved = shift([of_firm[i] for of_firm in self.reminded], self.ahead[i], self.p)
        self.ahead[i] += moved
        return 1.0 + moved

    def utility(self, i: int, j: int) -> float:
        """Return what a reminder adds to the utility of firm j."""
        return self.p["reminder_weight"] if self.reminded[j][i] == TAKEN_UP else 0.0

    def follow(self, i: int, in_need: bool, chosen: set[int]) -> None:
        """Count reminders to a customer who has an occasion, and those of the firms that she chooses."""
        for j, of_firm in enumerate(self.reminded):
            self.counts["reminders_timely"][j] += bool(of_firm[i]) and in_need
            self.counts["reminders_followed"][j] += bool(of_firm[i]) and j in chosen

    def visit(
        self, t: int, i: int, j: int, nth: int, one: Acquaintance, grievance: int, channel: int, usual: int
    ) -> tuple[int, int | None]:
        """Ask a visitor; return her channel and, if it is for having been asked that she tells, what came of it."""
        level, counts, policy = self.policies[j].level(one.customer_class), self.counts, self.policies[j]
        is_silent = grievance != NONE and channel == SILENT
        asked = ask(level, one, is_silent, usual, self.uniforms(i, t, ASKING, nth), self.p)
        counts["invitation_spend"][j] += asked.invited * hundredths(100.0 * policy.invitation_cost)
        counts["follow_ups"][j] += asked.called
        self.calls[j][i] += asked.called
        if asked.channel == SILENT:
            return channel, None
        counts["told_when_asked"][j] += 1
        counts["hearing"][j] += hundredths(self.handling[j][asked.channel])
        self.told.append((grievance, asked.channel, j))
        return asked.channel, FAILED

    def attend(self, j: int, bond: float, one: Acquaintance) -> float:
        """Return the personal relationship after a visit to firm j."""
        has_person = one.known and self.policies[j].level(one.customer_class).dedicated
        return attended(bond, self.p) if has_person else bond

    def end(self, j: int, one: Acquaintance) -> None:
        """Book the person of who is known and classed as the period ends."""
        if one.known and self.policies[j].level(one.customer_class).dedicated:
            self.counts["dedicated_spend"][j] += hundredths(self.policies[j].dedicated_cost)
