"""Care: how close a firm keeps to the customers whom it knows, by contacts, questions and persons.   No neighbours.

Five levels of relationship (basic, reactive, accountable, proactive, partnership) are presets of what a firm does: asks
at the sale, calls after it, keeps in regular contact, greets, reminds, and gives customers a person of their own. A
firm may keep to another level with each class of its customers.
Claim: closeness keeps customers, and a contact costs as much with a small customer as with a large one. For whom which
level pays is not said here, but asked by a study. Serving who has come often may cost less (off by default).
Source: levels after Kotler, Marketing Management (seen in a secondary source); GODFREY_SEIDERS_VOSS_2011 (contacts
beyond what is welcome); sizes are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import model_validator

from abm.core.citations import cite
from abm.core.errors import Refusal, did_you_mean, one_of
from abm.core.presets import listed
from abm.core.sources import FORNELL_WERNERFELT_1987
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, WHOLE, Held, Policy
from abm.mechanisms.relationship.care_contacts import (
    add_care,
    add_reminder,
    count_returned,
    count_timely,
    draw_birth_dates,
    hasten_reminded,
    plan_contacts,
    receive_care,
    send_reminders,
    shift_reminded,
)
from abm.mechanisms.relationship.care_visits import (
    ask_visitors,
    attend_visitors,
    book_dedicated,
    save_by_tenure,
    take_off_saving,
)
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World

_NO_REMINDER = "the firm sent no reminder"


@kpi(unit="share", better="more", nan=_NO_REMINDER)
def reminder_precision(c: Tallied) -> FloatArray:
    """Reminders made to customers who have an occasion in the category in the same period / reminders (right time)."""
    return c.reminders_timely / c.reminders


@kpi(unit="share", better="more", nan=_NO_REMINDER)
def right_customer_share(c: Tallied) -> FloatArray:
    """Reminders made to customers who are reachable and have not left the category / reminders (right customer)."""
    return c.reminders_rightly / c.reminders


@kpi(unit="share", better="more", nan=_NO_REMINDER)
def reminder_return_rate(c: Tallied) -> FloatArray:
    """Reminders after which the customer chooses the firm in the same period / reminders."""
    return c.reminders_followed / c.reminders


@kpi(unit="share", better="more", nan="the firm knows nobody, or makes no contacts")
def yearly_return_rate(c: Tallied) -> FloatArray:
    """Known customers whom the firm has seen within a year / known customers, both as a period begins."""
    return c.care_seen / c.care_known


@kpi(unit="share", better="more", nan="nobody was dissatisfied and silent of herself")
def silence_broken_share(c: Tallied) -> FloatArray:
    """Of dissatisfied visitors who would have been silent, those who told the firm because it asked."""
    return c.told_when_asked / ((c.grievances - c.complaints).sum(axis=-2) + c.told_when_asked)


class CarePolicy(Policy):
    """How close a firm keeps to its customers."""

    name = "care"
    presets = "care"
    held: ClassVar = {"preset": None, "level_by_class": None}
    given: ClassVar = {
        "staff_cost": "what an hour of staff costs is given to a firm",
        "invitation_cost": "what an hour of staff costs is given to a firm",
        "dedicated_cost": "what its inputs cost is given to a firm",
    }
    free: ClassVar = {"reminder_timing": "a date is a number, and a reminder is paid whenever it is sent"}
    preset: str = param("basic", unit="name", evidence="assumed", doc="level of relationship that other fields follow")
    level_by_class: tuple[str, ...] = param(
        (), unit="names", evidence="assumed",
        doc="level with customers of class A, B, C, D; with others the firm does as its own levers say",
    )  # fmt: skip
    invitation: float = param(
        0.0, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance that a visitor is asked what was wrong"
    )
    follow_up: float = param(
        0.0, unit="1/visit", bounds=(0, 1), evidence="assumed",
        doc="chance that a visitor whom the firm knows is called within days, and asked",
    )  # fmt: skip
    regular_contact: float = param(
        0.0, unit="contacts/period", bounds=(0, 20), evidence="assumed", doc="contacts with each known customer"
    )
    birthday: bool = param(
        False, unit="true/false", evidence="assumed", doc="whether known customers are greeted on their birthdays"
    )
    festivals: int = param(
        0, unit="contacts/year", bounds=(0, 52), evidence="assumed", doc="dates on which all whom it knows are greeted"
    )
    reminder: float = param(
        0.0, unit="0-1", bounds=(0, 1), evidence="assumed", doc="chance of reminding a known customer who falls due"
    )
    reminder_timing: float = param(
        1.0, unit="ratio", bounds=(0.05, 20), evidence="assumed", doc="silence at which she does, in her own rhythms"
    )
    dedicated: bool = param(
        False, unit="true/false", evidence="assumed", doc="whether each known customer has a person of her own"
    )
    staff_cost: float = param(
        0.2, unit="cu/contact", bounds=(0, 1e4), evidence="assumed", doc="staff time, beside the cost of any contact"
    )
    invitation_cost: float = param(
        0.02, unit="cu/visitor asked", bounds=(0, 1e4), evidence="assumed", doc="staff time of asking at the sale"
    )
    dedicated_cost: float = param(
        1.0, unit="cu/customer/period", bounds=(0, 1e6), evidence="assumed", doc="cost of a person of one's own"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return levers by class (row 0 and classes not named have the firm's own), and costs."""
        named = [CarePolicy(preset=level) for level in self.level_by_class]

        def by_class(own: float, of: list[float]) -> tuple[Held, tuple[float, ...]]:
            return Held("float32", float, float, own), tuple(of)

        return {
            "invitation_of_class": by_class(self.invitation, [one.invitation for one in named]),
            "follow_up_of_class": by_class(self.follow_up, [one.follow_up for one in named]),
            "regular_contact_of_class": by_class(self.regular_contact, [one.regular_contact for one in named]),
            "birthday_of_class": by_class(self.birthday, [one.birthday for one in named]),
            "festivals_of_class": by_class(self.festivals, [one.festivals for one in named]),
            "reminder_of_class": by_class(self.reminder, [one.reminder for one in named]),
            "dedicated_of_class": by_class(self.dedicated, [one.dedicated for one in named]),
            "makes_contact": (WHOLE, any(one.contacts for one in (self, *named))),
            "staff_expense": (CENTS, self.staff_cost),
            "invitation_expense": (CENTS, 100.0 * self.invitation_cost),
            "dedicated_expense": (CENTS, self.dedicated_cost),
        }

    @property
    def contacts(self) -> bool:
        """Whether it makes any contacts."""
        return self.follow_up + self.regular_contact + self.birthday + self.festivals + self.reminder > 0

    def levels(self) -> tuple[CarePolicy, ...]:
        """Return what it does: with who is in no class, then class by class."""
        return self, *(CarePolicy(preset=level) for level in self.level_by_class)

    @model_validator(mode="after")
    def _levels_there(self) -> CarePolicy:
        if len(self.level_by_class) > 4:
            raise Refusal(f"level_by_class has {len(self.level_by_class)} entries; at most 4 are allowed")
        known = listed(CarePolicy)
        for level in self.level_by_class:
            if level not in known:
                raise Refusal(f"level_by_class names {level!r}{did_you_mean(level, known)} (levels: {one_of(known)})")
        return self


class Care(Mechanism):
    """Levels of relationship: contacts, questions, reminders and persons."""

    name = "care"
    serves = ("D9", "D12", "E2")
    needs = ("information", "contacts", "complaint")
    policy = CarePolicy
    owns = (
        Column("birth_date", ("customer",), 0, "part of a year", "her birthday"),
        Column("calls_made", ("firm", "customer"), 0, "calls", "after visits of the period, not yet received", "uint8"),
        Column("no_class", ("firm", "customer"), 0, "level", "0, where firms care for all classes alike", "uint8"),
        Column("reminded_ahead", ("customer",), 0, "periods of usual need", "brought forward by reminders"),
        Column("care_contacts", ("firm", "row"), 0, "contacts", "of care, planned for the period"),
        Column("care_greetings", ("firm", "row"), 0, "contacts", "of these, without calls after visits and reminders"),
    )
    scratch = (
        Column("visit_saved", ("visit",), 0, "cents", "cost of service that familiarity saves", "int64"),
        Column("reminded", ("firm", "row"), 0, "code", "a reminder: 1 made, 2 received, 3 taken up", "uint8"),
        Column("reminder_shift", ("row",), 0, "share", "of need, that reminders add"),
    )
    writes = (
        "trust", "affective_commitment", "personal_bond", "complaint_channel", "handling", "complaints",
        "complaints_by_channel", "hearing",
    )  # fmt: skip
    counts = (
        Tally("care_contacts_made", "contacts", "contacts of care that are made"),
        Tally("reminders", "contacts", "of these, reminders"),
        Tally("reminders_rightly", "contacts", "of these, to customers who are reachable and in the category"),
        Tally("reminders_timely", "contacts", "of the reminders, to customers with an occasion in the period"),
        Tally("reminders_followed", "contacts", "of the reminders, to customers who choose the firm in the period"),
        Tally("care_known", "customers", "customers whom the firm knows as the period begins"),
        Tally("care_seen", "customers", "of these, seen within a year"),
        Tally("follow_ups", "calls", "calls after a visit"),
        Tally("told_when_asked", "complaints", "complaints of visitors who would have been silent"),
        Tally("care_staff", "cu", "staff time of contacts of care", CENT, account="lever"),
        Tally("invitation_spend", "cu", "cost of asking visitors", CENT / 100, account="lever"),
        Tally("dedicated_spend", "cu", "cost of persons of one's own", CENT, account="lever"),
        Tally("service_saved", "cu", "cost of service that familiarity saves, below 0", CENT, account="lever"),
    )
    kpis = (reminder_precision, right_customer_share, reminder_return_rate, yearly_return_rate, silence_broken_share)
    gain: float = param(
        0.01, unit="1/contact", bounds=(0, 1), evidence="assumed",
        doc="part of the way to 1 that a wholly welcome contact moves trust and commitment",
    )  # fmt: skip
    attended_rate: float = param(
        0.1, unit="1/visit", bounds=(0, 1), evidence="assumed",
        doc="growth of the bond to a person of her own, with a visit or a wholly welcome contact",
    )  # fmt: skip
    called_tell: float = param(
        0.6, unit="share", bounds=(0, 1), evidence="assumed",
        source=cite(FORNELL_WERNERFELT_1987, "complaints are worth encouraging"),
        doc="silent dissatisfied visitors who tell when they are called",
    )  # fmt: skip
    invited_tell: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed",
        doc="silent dissatisfied visitors who tell if they were asked to at the sale",
    )  # fmt: skip
    take_up: float = param(
        0.35, unit="share", bounds=(0, 1), evidence="assumed", doc="reminders that are taken up, of those received"
    )
    reminder_weight: float = param(
        0.5, unit="logit units", bounds=(0, 50), evidence="assumed", doc="utility of who reminded, for a period"
    )
    haste: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="need that a reminder taken up brings forward"
    )
    repayment: float = param(
        0.2, unit="1/period", bounds=(0.001, 1), evidence="assumed", doc="part of what came early that is missing next"
    )
    tenure_saving: float = param(
        0.0, unit="share", bounds=(0, 0.9), evidence="assumed",
        doc="cost of service that is saved at most as both sides learn to deal with each other; 0 = none",
    )  # fmt: skip
    tenure_visits: float = param(
        30.0, unit="visits", bounds=(0.01, 1e6), evidence="assumed", doc="visits after which half of it is saved"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return contacts if any firm makes them, reminders, questions, persons; and what familiarity saves."""
        done = [level for policy in policies for level in policy.levels()]
        asks = any(one.invitation > 0 or one.follow_up > 0 for one in done)
        attends, reminds = any(one.dedicated for one in done), any(one.reminder > 0 for one in done)
        makes = any(one.contacts for one in done)
        classed = any(policy.level_by_class for policy in policies)
        of = {} if classed else {"customer_class": "no_class", "customer_class_at": "no_class_at"}
        planned = ((Phase.CONTACT, plan_contacts, of),) if makes else ()
        contacts = ((Phase.CONTACT, add_care), (Phase.NEED, receive_care, of)) if makes else ()
        reminded = (
            (Phase.CONTACT, send_reminders, of), (Phase.NEED, shift_reminded), (Phase.NEED, hasten_reminded),
            (Phase.STAKES, count_timely), (Phase.VALUATION, add_reminder), (Phase.ARRIVAL, count_returned),
        ) if reminds else ()  # fmt: skip
        asked = ((Phase.VOICE, ask_visitors, of),) if asks else ()
        person = ((Phase.LEARNING, attend_visitors, of), (Phase.BOOKS, book_dedicated, of)) if attends else ()
        saved = ((Phase.RELATION, save_by_tenure), (Phase.RELATION, take_off_saving)) if self.tenure_saving > 0 else ()
        return (*planned, *reminded, *contacts, *asked, *person, *saved)

    def fits(self, market: Any) -> None:
        """Refuse levels by class where customers are not classed."""
        for firm in market.firms:
            if firm.policy(CarePolicy).level_by_class and market.customer_classes is None:
                raise Refusal(
                    f"firm {firm.name!r} sets care.level_by_class, but the market has no customer_classes; give the "
                    "scenario a section [scenario.customer_classes]"
                )

    def begin(self, world: World, seed: int) -> None:
        """Draw birthdays."""
        c = world.customers
        if "birth_date" in c:
            draw_birth_dates(c.birth_date, c.customer_id, stream_key(seed, self.name), np.int64(world.replication))
