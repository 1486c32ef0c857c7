"""Contact centre: who asks or complains, who reaches an agent when, and what comes of each contact.

Claim: an unanswered complaint is a second failure; skill, tools and pooling decide how many agents it takes.
Source: the written specification of the theory, without a look at its kernels. The day itself: `service_day`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.reference.centre_sites import (
    BEST_QUESTIONS,
    MESSAGES,
    OUTGOING,
    POOLS,
    QUESTIONS,
    SITES,
    Sites,
    part_of_site,
)  # fmt: skip
from tests.reference.closeness import near
from tests.reference.facility import AWAY, DENIED, NOBODY, PERSON, SERVED
from tests.reference.random_numbers import Key, customer_words, uniform
from tests.reference.service_day import ENDLESS, ServiceDay

NO_MATTER, QUESTION, COMPLAINT, CALL = range(4)
NOT_LISTED, LISTED, REACHED = range(3)  # what becomes of a call of a firm
CONTAINED = 7  # an outcome, beside those of a person in a day
DAY = 4  # opening times from one opening to the next
ASKS, RETURNS, CALLS, MOST_CONTACTS = 16, 32, 48, 15
PHONE, ONLINE = 1, 2
CLASS_A, OUTSOURCED, WEEKS = 1, 1, 52
RECORD = [
    "customer", "firm", "block", "matter", "first", "visit", "best", "written", "site", "annoyed", "outcome", "lacked",
    "deferred", "told", "resolved", "answers",
]  # fmt: skip


@dataclass
class Contact:
    """A contact of a customer (her row) with a firm; times in minutes."""

    customer: int
    firm: int
    block: int
    matter: int
    first: bool
    visit: int = NOBODY
    written: bool = False
    best: bool = False
    site: int = 0
    annoyed: bool = False
    outcome: int = AWAY
    lacked: bool = False
    deferred: bool = False
    told: bool = False
    resolved: bool = False
    answers: bool = False
    moment: float = 0.0
    wait: float = 0.0

    def record(self) -> list[int]:
        """Return the record of whole numbers."""
        return [int(getattr(self, name)) for name in RECORD]


@dataclass
class Centre(Sites):
    """The centres of all firms, and the contacts that come to them.

    year : periods in a year
    quantile (code, a, b, u), exponential (u, mean), logistic (x) : of single precision, in which two ways to calculate
    differ; handlings and patiences are (code, a, b)
    """

    key: Key
    year: int
    quantile: Callable[[int, float, float, float], float]
    exponential: Callable[[float, float], float]
    logistic: Callable[[float], float]
    handlings: tuple[int, float, float] = (0, 0.0, 0.0)
    patiences: tuple[int, float, float] = (0, 0.0, 0.0)
    replication: int = 0
    close: list[str] = field(default_factory=list)  # decisions that float32 may take otherwise

    def luck(self, who: int, t: int, draw: int, block: int) -> list[float]:
        """Return the four uniforms of a draw."""
        words = customer_words(self.key, who, t, draw=draw, block=block, replication=self.replication)
        return [uniform(word) for word in words]

    def below(self, u: float, threshold: float, what: str) -> bool:
        """Tell whether a uniform is below a threshold; note it if float32 may see that otherwise."""
        if near(u, threshold, 1e-6):
            self.close.append(what)
        return u < threshold

    def contacts(
        self, t: int, visits: Sequence[Sequence[tuple[int, int, int, int]]], people: Sequence[Any], open_matter: Any
    ) -> list[Contact]:
        """Return the contacts of a period, and drop matters or take them up again.

        visits : of each firm (place, row, nth, channel of a complaint) in the order of the book
        people : with `identity`, `provider`, whether she `left` the market, and of each firm `bought`
        open_matter : [firm][row], written
        """
        found: list[Contact] = []
        own = [0] * len(people)
        for j, firm in enumerate(self.firms):
            for v, i, nth, channel in visits[j] if firm.has_centre else ():
                if channel in (PHONE, ONLINE):
                    written = channel == ONLINE and bool(firm.messages)
                    found.append(Contact(i, j, nth, COMPLAINT, True, v, written))
                    own[i] += 1
        for j, firm in enumerate(self.firms):
            for i, one in enumerate(people) if firm.has_centre else ():
                contact = self.asks_or_returns(t, i, j, one, open_matter) if own[i] < MOST_CONTACTS else None
                if contact is not None:
                    found.append(contact)
                    own[i] += 1
        self.own = own
        return found

    def asks_or_returns(self, t: int, i: int, j: int, one: Any, open_matter: Any) -> Contact | None:
        """Return the contact about an open matter, or with a question; None if she makes none."""
        matter = open_matter[j][i]
        block = (ASKS if matter == NO_MATTER else RETURNS) + j
        comes, writes, *_ = self.luck(one.identity, t, 2, block)
        if matter != NO_MATTER:
            makes = self.below(comes, self.p.tries_again, "returns")
            open_matter[j][i] = matter if makes else NO_MATTER
        else:
            asks = one.bought[j] > 0 and one.provider == j and not one.left
            makes = asks and self.below(comes, question_chance(self.p.question_rate, self.year), "asks")
        if not makes:
            return None
        written = bool(self.firms[j].messages) and self.below(writes, self.p.written_part, "writes")
        return Contact(i, j, block, matter or QUESTION, matter == NO_MATTER, NOBODY, written)

    def mark_best(self, contacts: Sequence[Contact], customer_class: Any) -> None:
        """Mark who is of class A at the firm; customer_class [firm][row]."""
        for c in contacts:
            c.best = bool(customer_class[c.firm][c.customer] == CLASS_A)

    def ask_machine(self, t: int, contacts: Sequence[Contact], identities: Sequence[int]) -> None:
        """Let machines contain what they can, and divide the others over sites."""
        p = self.p
        for c in contacts:
            firm, who = self.firms[c.firm], identities[c.customer]
            c.deferred = c.written
            first = part_of_site(firm.agents, 0, firm.sites) / max(firm.agents, 1)
            c.site = int(not self.below(self.luck(who, t, 2, c.block)[2], first, "site"))
            if firm.self_service > 0.0:
                can = p.containable_questions if c.matter == QUESTION else p.containable_complaints
                if self.below(self.luck(who, t, 1, c.block)[2], firm.self_service * can, "contained"):
                    c.outcome = CONTAINED
                    continue
                c.annoyed = True
            if firm.agents == 0:
                c.outcome = DENIED

    def order(self, t: int, contacts: Sequence[Contact], identities: Sequence[int]) -> tuple[list[Contact], list[int]]:
        """Return who comes to agents in the order of coming, and where each day begins there."""
        p = self.p
        coming = [c for c in contacts if c.outcome not in (CONTAINED, DENIED)]
        for c in coming:
            day, minute, *_ = self.luck(identities[c.customer], t, 0, c.block)
            intervals = len(p.contact_profile)
            at = minute if c.matter == CALL else place_in(minute, p.contact_profile) / intervals
            at *= self.length
            at += p.machine_minutes if c.annoyed else 0.0
            c.moment = math.floor(day * self.whole_days) * DAY * p.minutes_open + at
        coming.sort(key=lambda c: (c.moment, identities[c.customer], c.block))
        begins = [d * DAY * p.minutes_open for d in range(self.whole_days + 1)]
        return coming, [sum(c.moment < begin for c in coming) for begin in begins]

    def calls(self, t: int, identities: Sequence[int], reachable: Any, state: Any) -> list[Contact]:
        """Return the calls of firms that come up in a period.

        reachable : [firm][row]      state : of the call to each customer, [firm][row], written
        """
        found: list[Contact] = []
        for j, firm in enumerate(self.firms):
            beside = firm.agents if firm.blended else 0
            first = part_of_site(beside, 0, firm.sites) + part_of_site(firm.outbound_agents, 0, firm.sites)
            for i, who in enumerate(identities):
                state[j][i] = NOT_LISTED if state[j][i] == REACHED else state[j][i]
                if state[j][i] != LISTED or not firm.calls_out or self.own[i] == MOST_CONTACTS:
                    continue
                c = Contact(i, j, CALLS + j, CALL, True)
                luck, place = self.luck(who, t, 0, c.block)[3], self.luck(who, t, 2, c.block)[2]
                c.answers = self.below(luck, self.p.answers_calls, "answers") and bool(reachable[j][i])
                c.site = int(not self.below(place, first / (beside + firm.outbound_agents), "site of a call"))
                self.own[i] += 1
                found.append(c)
        return found

    def end_calls(self, order: Sequence[Contact], people: Sequence[Any], state: Any, periods: Any) -> dict[str, Any]:
        """Write whom calls have reached, and which are given up; return what is counted of it, by tally.

        state, periods : of the call to each customer, [firm][row], written
        """
        names = ("calls", "reached", "dropped", "waiting", "seconds")
        found = {name: [0] * len(self.firms) for name in names}
        for c, v in zip(order, people, strict=True):
            if c.matter == CALL and v.state == SERVED:
                found["calls"][c.firm] += 1
                found["seconds"][c.firm] += math.floor(60.0 * (v.left - v.began) + 0.5)
                if c.answers:
                    found["reached"][c.firm] += 1
                    state[c.firm][c.customer] = REACHED
        for j, own in enumerate(state):
            for i in [i for i, one in enumerate(own) if one == LISTED]:
                periods[j][i] += 1
                if periods[j][i] >= self.p.listed_for:
                    own[i] = NOT_LISTED
                    found["dropped"][j] += 1
                else:
                    found["waiting"][j] += 1
        return {f"outbound_{name}": numbers for name, numbers in found.items()}

    def records(self, t: int, order: Sequence[Contact], identities: Sequence[int]) -> tuple[np.ndarray, ...]:
        """Return with which records contacts begin: persons, times, wants."""
        n, p = len(order), self.p
        person, times, wants = np.zeros((n, len(PERSON)), np.int64), np.zeros((n, 8)), np.zeros((n, 9))
        for k, c in enumerate(order):
            who = identities[c.customer]
            _, _, need, patience = self.luck(who, t, 0, c.block)
            luck, call_luck, *_ = self.luck(who, t, 1, c.block)
            kind = MESSAGES if c.written else (c.matter - QUESTION) + (BEST_QUESTIONS if c.best else QUESTIONS)
            whole = dict.fromkeys(PERSON, NOBODY) | dict.fromkeys(
                ("stage", "tries", "handled", "overtaken", "ticket"), 0
            )
            whole |= {"state": AWAY, "facility": c.firm * SITES + c.site, "kind": kind, "who": who, "nth": c.block}
            person[k] = [whole[name] for name in PERSON]
            times[k, 0], times[k, 7] = ENDLESS, -1.0
            arrival = c.moment - math.floor(c.moment / (DAY * p.minutes_open)) * DAY * p.minutes_open
            waits = self.quantile(*self.patiences, patience), p.accepted_wait_of_calls, luck, call_luck
            minutes = self.quantile(*self.handlings, need)
            if c.written:
                waits = ENDLESS, ENDLESS, 2.0, 2.0
            if c.matter == CALL:
                person[k][PERSON.index("kind")] = OUTGOING
                waits = max(self.length - arrival, 0.0), ENDLESS, 2.0, 2.0
                minutes = minutes * p.call_minutes / p.handling_minutes if c.answers else p.ring_minutes
            wants[k, :7] = arrival, *waits, arrival, minutes
        return person, times, wants

    def day(self, t: int, records: tuple[np.ndarray, ...], first: int, last: int) -> SimpleNamespace:
        """Return all that a day works on, as `ServiceDay` takes it."""
        m, shifts = len(self.firms), self.shifts()
        person, times, wants = records
        staff = np.zeros((m * SITES, len(POOLS), 2), np.int64)
        for j, s, pool in self.places():
            staff[j * SITES + s, pool, 0] = self.on_duty(j, s, pool, 0)

        def of_sites(of_firm: Callable[[int], Any]) -> np.ndarray:
            return np.repeat(np.array([of_firm(j) for j in range(m)]), SITES, axis=0)

        return SimpleNamespace(
            person=person, times=times, wants=wants, rules=of_sites(self.rules), lines=of_sites(self.lines),
            pools=of_sites(self.pools), pace=of_sites(lambda j: [self.pace(j)] * len(POOLS)),
            joins=of_sites(lambda j: [self.joins(j)]), mean=of_sites(lambda j: [self.p.handling_minutes]),
            shift_time=[s[0] for s in shifts], shift_place=[s[1] for s in shifts], shift_staff=[s[2] for s in shifts],
            pool_state=staff, first=first, last=last, stride=0, horizon=ENDLESS,
            key=self.key[0] | self.key[1] << 32, period=t, replication=self.replication,
        )  # fmt: skip

    def answer(self, t: int, records: tuple[np.ndarray, ...], arrivals: Sequence[int]) -> tuple[list[Any], list[int]]:
        """Let all days come about; return the people in order, and of each firm whole seconds of handling."""
        people: list[Any] = []
        seconds = [0] * len(self.firms)
        for first, last in pairwise(arrivals):
            day = ServiceDay(self.day(t, records, first, last), self.exponential, self.logistic)
            day.run()
            people += day.people[first:last]
            for site, facility in enumerate(day.facilities):
                seconds[site // SITES] += sum(math.floor(60.0 * pool.minutes + 0.5) for pool in facility.pools)
        return people, seconds

    def note(self, order: Sequence[Contact], people: Sequence[Any]) -> list[float]:
        """Write what came of contacts; return of each firm the minutes of handling after the length of the day."""
        overtime = [0.0] * len(self.firms)
        for c, v in zip(order, people, strict=True):
            c.outcome, c.wait = v.state, v.waited
            c.deferred = v.line == MESSAGES
            c.told = v.announced >= v.waited
            c.lacked = v.pool >= 0 and bool(self.pools(c.firm)[v.pool][1] >> v.line & 1)
            if v.state == SERVED:
                overtime[c.firm] += max(0.0, v.left - max(v.began, self.length))
        return overtime


def question_chance(rate: float, year: int) -> float:
    """Return the chance of a question in a period, at a rate per week."""
    return -math.expm1(-rate * WEEKS / year)


def place_in(u: float, weights: Sequence[float]) -> float:
    """Return the number of the interval in which a uniform falls, and the fraction of it."""
    left, last = u * sum(weights), len(weights) - 1
    for h, weight in enumerate(weights[:last]):
        if left < weight:
            return h + left / weight
        left -= weight
    return last + min(left / weights[last], 1.0)
