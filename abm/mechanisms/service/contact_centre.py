"""Contact centre: questions and complaints reach a machine, then agents, or nobody.   Contacts of all customers meet.

Complaints about visits by telephone or online, questions of a firm's customers, and contacts about matters still open
go through a machine that contains some; the others wait for an agent with or without the skill for the matter, leave a
message or are called back, or give up. What is not done comes again. Calls that firms make themselves (`outbound`) are
made by agents kept for them, or by others when nobody waits.
Claim: an unanswered complaint is a second failure, and skill, tools and pooling decide how many agents it takes.
Source: Palm 1957 (impatience; from memory); sizes are assumed. The day itself: `abm/queues/day.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from abm.core.distributions import Distribution
from abm.core.errors import Refusal
from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.centre_calls import book_calls, fill_calls, list_calls, note_calls
from abm.mechanisms.service.centre_day import answer_contacts, fill_contacts, note_contacts
from abm.mechanisms.service.centre_kpis import KPIS
from abm.mechanisms.service.centre_list import ask_machine, list_contacts, mark_best, order_contacts
from abm.mechanisms.service.centre_outcomes import (
    book_centres,
    count_contacts,
    judge_contacts,
    learn_from_contacts,
    resolve_contacts,
)
from abm.mechanisms.service.centre_policy import ContactCentrePolicy
from abm.mechanisms.service.centre_records import AXES, LISTED, MOST_DAYS, MOST_INTERVALS, RECORDS
from abm.mechanisms.service.centre_rules import plan_agents, set_centres, set_pools
from abm.mechanisms.service.waiting_rules import SECONDS
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

_WEEKS = 52  # of a year


class ContactCentre(Mechanism):
    """Contacts with a firm are answered by machines and agents, later, or not at all."""

    name = "contact_centre"
    serves = ("A16", "A17", "A18", "A19", "A20", "A22")
    needs = ("complaint", "recovery")
    policy = ContactCentrePolicy
    owns = (
        Column("open_matter", ("firm", "customer"), 0, "code", "0 none, 1 a question, 2 a complaint", "uint8"),
        Column("centre_days", ("centre",), 1, "days", "of a centre, that a period's contacts are", "float64"),
        Column("agent_minutes", ("firm",), 0, "minutes", "of agents on duty, on a full day", "float64"),
        Column("expert_minutes", ("firm",), 0, "minutes", "of these, of specialists and dedicated agents", "float64"),
        Column("overtime_minutes", ("firm",), 0, "minutes", "of agents busy after closing", "float64"),
        Column("outbound_state", ("firm", "customer"), 0, "code", "call to her: 1 on the list, 2 reached her", "uint8"),
        Column("outbound_periods", ("firm", "customer"), 0, "periods", "for which that call was listed", "uint8"),
    )
    scratch = RECORDS
    writes = ("satisfaction", "trust", "complaint_heard", "handling_time")
    counts = (
        Tally("contacts_offered", "contacts", "contacts of customers with the centre"),
        Tally("contacts_contained", "contacts", "of these, those that a machine contained"),
        Tally("contacts_answered", "contacts", "of these, those that an agent answered"),
        Tally("contacts_abandoned", "contacts", "of these, those given up in the line"),
        Tally("contacts_balked", "contacts", "of these, those given up on hearing of the wait"),
        Tally("contacts_denied", "contacts", "of these, those for which there was nobody"),
        Tally("first_contacts", "contacts", "of those answered, the first about a matter"),
        Tally("first_resolved", "contacts", "of these, those that did away with it"),
        Tally("calls_offered", "contacts", "contacts that are not written, and not contained"),
        Tally("calls_answered", "contacts", "of these, those answered as calls"),
        Tally("calls_in_time", "contacts", "of these, those answered within `answered_within`"),
        Tally("calls_abandoned", "contacts", "of the calls, those given up in the line"),
        Tally("answer_time", "minutes", "until calls were answered", 1 / SECONDS),
        Tally("best_calls", "contacts", "of the calls, those of class A"),
        Tally("best_calls_in_time", "contacts", "of these, those answered within `answered_within`"),
        Tally("deferred_answers", "contacts", "customers written to or called back"),
        Tally("deferred_time", "minutes", "until they were", 1 / SECONDS),
        Tally("contact_verdicts", "0-1", "satisfaction with contacts", 1 / FIXED_POINT),
        Tally("handling_seconds", "minutes", "time of handling by agents", 1 / SECONDS),
        Tally("agent_seconds", "minutes", "time of agents paid", 1 / SECONDS),
        Tally("centre_staffing", "cu", "cost of agents", CENT, account="lever"),
        Tally("centre_technology", "cu", "cost of machines, tools and coaching", CENT / 100, account="lever"),
        Tally("centre_fees", "cu", "fees of a provider for answers", CENT, account="lever"),
        Tally("centre_rooms", "cu", "cost of rooms and systems", CENT, account="lever"),
        Tally("outbound_calls", "calls", "that the firm made, answered or not"),
        Tally("outbound_reached", "calls", "of these, those that reached the customer"),
        Tally("outbound_dropped", "calls", "given up after `listed_for` periods on the list, or as she left"),
        Tally("outbound_waiting", "calls", "on the list when the period's last day ends"),
        Tally("outbound_seconds", "minutes", "of agents with calls of the firm", 1 / SECONDS),
    )
    kpis = KPIS
    centre_visits: float = param(
        10_000.0, unit="visits/week", bounds=(1, 1e7), evidence="assumed",
        doc="served by a centre, whose agents a firm states, if the firm has its equal share of the market's occasions",
    )  # fmt: skip
    minutes_open: float = param(600.0, unit="minutes/day", bounds=(60, 1440), evidence="assumed", doc="opening hours")
    days_open: float = param(6.0, unit="days/week", bounds=(0.1, 7), evidence="assumed", doc="on which it is open")
    day_of_contacts: tuple[float, ...] = param(
        (1.0,), unit="weight", bounds=(0, 1e3), evidence="assumed", doc="of contacts in equal intervals of the day"
    )
    question_rate: float = param(
        0.02, unit="1/week", bounds=(0, 10), evidence="assumed", doc="questions of a firm's customer"
    )
    tries_again: float = param(
        0.7, unit="share", bounds=(0, 1), evidence="assumed", doc="who comes again in a period about an open matter"
    )
    written_part: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed", doc="questions and later contacts that may be written"
    )
    containable_questions: float = param(
        0.6, unit="share", bounds=(0, 1), evidence="assumed", doc="questions that a machine can answer at best"
    )
    containable_complaints: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed", doc="complaints that a machine can deal with at best"
    )
    machine_minutes: float = param(
        2.0, unit="minutes", bounds=(0, 60), evidence="assumed", doc="at a machine that could not help"
    )
    handling_minutes: float = param(5.0, unit="minutes", bounds=(1e-3, 1e4), evidence="assumed", doc="mean handling")
    handling_kind: Literal["constant", "lognormal", "exponential"] = param(
        "exponential", unit="name", evidence="assumed", doc="how times of handling are distributed"
    )
    handling_variation: float = param(
        0.5, unit="sd/mean", bounds=(0.01, 5), evidence="assumed", doc="of lognormal times of handling"
    )
    patience_of_calls: float = param(
        3.0, unit="minutes", bounds=(1e-3, 1e6), evidence="assumed", doc="mean patience in a line, exponential"
    )
    accepted_wait_of_calls: float = param(
        2.0, unit="minutes", bounds=(1e-3, 1e4), evidence="assumed", doc="wait for an agent that is acceptable"
    )
    accepted_wait_of_messages: float = param(
        240.0, unit="minutes", bounds=(1e-3, 1e5), evidence="assumed", doc="wait for a message or a call back"
    )
    balk_scale: float = param(
        1.0, unit="minutes", bounds=(0, 1e4), evidence="assumed", doc="how gradually balking at an announcement sets in"
    )
    call_back_after: float = param(
        1.0, unit="minutes", bounds=(0, 1e4), evidence="assumed", doc="expected wait above which it may be offered"
    )
    call_back_taken: float = param(0.6, unit="share", bounds=(0, 1), evidence="assumed", doc="who takes an offer")
    cti_pace: float = param(0.9, unit="ratio", bounds=(0.01, 1), evidence="assumed", doc="of handling with `cti`")
    knowledge_saving: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed", doc="of handling, saved by full knowledge"
    )
    knowledge_fix: float = param(
        0.25, unit="share", bounds=(0, 1), evidence="assumed", doc="of failures to resolve, removed by full knowledge"
    )
    quality_time: float = param(
        0.3, unit="share", bounds=(0, 10), evidence="assumed", doc="longer handling at a quality target of 1"
    )
    quality_fix: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="of failures to resolve, removed by a target of 1"
    )
    first_resolution: float = param(
        0.7, unit="share", bounds=(0, 1), evidence="assumed", doc="answers with the skill that do away with the matter"
    )
    wrong_skill_pace: float = param(
        1.3, unit="ratio", bounds=(1, 10), evidence="assumed", doc="of handling without the skill"
    )
    wrong_skill_loss: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed", doc="fewer answers without it that do"
    )
    outsourced_loss: float = param(
        0.1, unit="share", bounds=(0, 1), evidence="assumed", doc="fewer answers of a provider's agents that do"
    )
    resolved_time: float = param(
        0.5, unit="ratio", bounds=(0, 1), evidence="assumed", doc="time to amends of a complaint that is done at once"
    )
    solved_value: float = param(
        0.9, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction with a contact that did it, without wait"
    )
    unsolved_value: float = param(0.3, unit="0-1", bounds=(0, 1), evidence="assumed", doc="with one that did not")
    unanswered_value: float = param(0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="with one not answered")
    unannounced_factor: float = param(
        1.25, unit="ratio", bounds=(1, 10), evidence="assumed", doc="how long a wait seems that is not as announced"
    )
    wait_weight: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction lost by twice the accepted wait"
    )
    machine_annoyance: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction lost by a machine that could not help"
    )
    satisfaction_weight: float = param(
        0.1, unit="share", bounds=(0, 1), evidence="assumed", doc="of the way to the contact's, that the firm's moves"
    )
    trust_weight: float = param(
        0.05, unit="share", bounds=(0, 1), evidence="assumed", doc="of the way to the contact's, that trust moves"
    )
    answers_calls: float = param(
        0.35, unit="share", bounds=(0, 1), evidence="assumed",
        doc="calls that a customer answers, of a firm whose data reach her",
    )  # fmt: skip
    call_minutes: float = param(
        4.0, unit="minutes", bounds=(1e-3, 1e4), evidence="assumed",
        doc="mean time of an agent with a call of the firm that is answered, distributed as handling",
    )  # fmt: skip
    ring_minutes: float = param(
        0.75, unit="minutes", bounds=(0, 1e3), evidence="assumed", doc="time of an agent with one that is not"
    )
    listed_for: int = param(
        3, unit="periods", bounds=(1, 200), evidence="assumed",
        doc="in each of which a call comes up once, if an agent is free, before it is given up",
    )  # fmt: skip
    answered_within: float = param(
        1 / 3, unit="minutes", bounds=(0, 1e4), evidence="assumed", doc="wait of a call answered in time: 20 seconds"
    )
    by_class: bool = param(
        False, unit="true/false", evidence="assumed", doc="whether calls are counted by class without `best_first`"
    )

    @property
    def contact_profile(self) -> np.ndarray:
        """Weights of intervals of the day, as kernels take them."""
        return np.array(self.day_of_contacts, np.float64)

    @property
    def handlings(self) -> np.ndarray:
        """How times of handling are distributed, as `abm.core.distributions.draw` takes it."""
        if self.handling_kind == "lognormal":
            spread = math.sqrt(math.log1p(self.handling_variation**2))
            kind = Distribution(kind="lognormal", mean=self.handling_minutes, spread=spread)
        elif self.handling_kind == "constant":
            kind = Distribution(kind="constant", value=self.handling_minutes)
        else:
            kind = Distribution(kind="exponential", mean=self.handling_minutes)
        return np.array(kind.numbers(), np.float64)

    @property
    def patiences(self) -> np.ndarray:
        """How patience is distributed, as `abm.core.distributions.draw` takes it."""
        return np.array(Distribution(kind="exponential", mean=self.patience_of_calls).numbers(), np.float64)

    @model_validator(mode="after")
    def _has_weights(self) -> Self:
        weights = self.day_of_contacts
        if not 1 <= len(weights) <= MOST_INTERVALS or not sum(weights) > 0:
            raise Refusal(f"= {list(weights)} is no profile: 1 to {MOST_INTERVALS} weights, not all of them 0",
                          place="day_of_contacts")  # fmt: skip
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where no firm has a centre; else its days, what came of contacts and calls, and the cost."""
        if not any(policy.agents > 0 or policy.self_service > 0 or policy.outbound_agents > 0 for policy in policies):
            return ()
        calls = any(policy.calls for policy in policies)
        parted = self.by_class or any(policy.best_first or policy.dedicated_agents for policy in policies)
        listed = (list_contacts, *((mark_best,) if parted else ()), ask_machine, *((list_calls,) if calls else ()))
        days = (order_contacts, fill_contacts, *((fill_calls,) if calls else ()), answer_contacts, note_contacts)
        after = (*((note_calls,) if calls else ()), resolve_contacts, judge_contacts, learn_from_contacts)
        kernels = (set_centres, set_pools, plan_agents, *listed, *days, *after, count_contacts)
        books = (book_centres, book_calls) if calls else (book_centres,)
        return (*((Phase.CENTRE, kernel) for kernel in kernels), *((Phase.BOOKS, kernel) for kernel in books))

    def fits(self, market: Any) -> None:
        """Refuse classes of customers where there are none, and callers where there is nobody to call."""
        for firm in market.firms:
            policy = firm.policy(ContactCentrePolicy)
            if (policy.outbound_agents or policy.blended) and market.outbound is None:
                raise Refusal(
                    f"the contact centre of firm {firm.name!r} has agents for calls of the firm, but the market has no "
                    "outbound; give the scenario a section [scenario.outbound]"
                )
            if (self.by_class or policy.best_first or policy.dedicated_agents) and market.customer_classes is None:
                raise Refusal(
                    f"the contact centre of firm {firm.name!r} looks at class A, but the market has no "
                    "customer_classes; give the scenario a section [scenario.customer_classes]"
                )

    def axes(self) -> Mapping[str, int]:
        """Return the lengths of what a centre's period is recorded in."""
        return AXES

    def settle(self, world: World, rows: np.ndarray) -> None:
        """Take calls to customers who leave the market off the list."""
        if "outbound_state" in world.customers:
            listed = (world.customers.outbound_state[:, rows] == LISTED).astype(np.int64)
            world.count("outbound_dropped", rows, listed)

    def begin(self, world: World, seed: int) -> None:
        """Work out how many days of a centre a period's contacts are: by exact sums, as rows may lie in any order."""
        c = world.customers
        if "centre_days" in c and world.n:
            share = math.fsum(c.purchase_rate.astype(np.float64)) / world.m
            weeks = _WEEKS / world.periods_per_year
            c.centre_days[0] = min(share / weeks / self.centre_visits * self.days_open * weeks, MOST_DAYS)
