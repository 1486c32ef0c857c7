"""Club: attached customers join, meet at events, and take home what the others told.   Guests of one firm meet.

Claim: who is attached to a firm joins its club and comes to its events, so that members were better customers before
they joined. An event of members who meet others and are treated well makes them more attached, each one less than
the one before; guests tell each other how they are served, so that an event of dissatisfied members harms. What is
gained fades where service does not keep it up, as commitment follows satisfaction and trust.
Source: Muniz & O'Guinn 2001, Journal of Consumer Research, and McAlexander, Schouten & Koenig 2002, Journal of
Marketing (brand communities, brandfests; both from memory); forms and sizes are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.relationship.club_kernels import attend_events, book_club, gather_guests, join_club, take_home
from abm.world.columns import CENT, FIXED_POINT, Column, Tally


@kpi(unit="share", better="more")
def club_share(c: Tallied) -> FloatArray:
    """Members of the firm's club / customers of the market, mean over periods."""
    return c.club_members / c.population


@kpi(unit="share", better="more", nan="the firm had no event, or no member")
def event_attendance(c: Tallied) -> FloatArray:
    """Members who came to an event / members who were invited."""
    return c.event_guests / c.event_invited


@kpi(unit="0-1", better="more", nan="nobody came to an event")
def event_satisfaction_mean(c: Tallied) -> FloatArray:
    """Mean satisfaction with the firm of who came to its events: what they tell each other."""
    return c.event_satisfaction / c.event_guests


@kpi(unit="ratio", nan="the firm has no members, or nobody else visits it")
def member_visit_ratio(c: Tallied) -> FloatArray:
    """Visits per member / visits per customer who is no member. Who joins visited more before: what a club brings is
    the difference between two arms."""
    others = (c.visits - c.member_visits) / (c.population - c.club_members)
    return c.member_visits / c.club_members / others


@kpi(unit="cu/guest", better="less", nan="nobody came to an event")
def cost_per_guest(c: Tallied) -> FloatArray:
    """Cost of the club, its members and its events / guests at events."""
    return (c.club_letter_spend + c.event_spend) / c.event_guests


class ClubPolicy(Policy):
    """How often a firm brings its club together, and how well it treats guests."""

    name: ClassVar = "club"
    given: ClassVar = {
        "event_cost": "what a hall and staff cost is given to a firm",
        "club_letter_cost": "what letters to members cost is given to a firm",
    }
    events: int = param(0, unit="1/year", bounds=(0, 52), evidence="assumed", doc="events of the club; 0 = no club")
    event_budget: float = param(
        5.0, unit="cu/guest", bounds=(0, 1e3), evidence="assumed", doc="spent on each guest of an event"
    )
    event_cost: float = param(
        100.0, unit="cu/event/1000 customers", bounds=(0, 1e6), evidence="assumed",
        doc="cost of a date, whoever comes, for each 1,000 customers of the market",
    )  # fmt: skip
    club_letter_cost: float = param(
        0.05, unit="cu/member/period", bounds=(0, 1e3), evidence="assumed", doc="cost of keeping a member informed"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what a date, a guest and a member cost, in 1/100 cent."""
        return {
            "event_fixed": (CENTS, 100.0 * self.event_cost),
            "guest_expense": (CENTS, 100.0 * self.event_budget),
            "club_letter_expense": (CENTS, 100.0 * self.club_letter_cost),
        }


class Club(Mechanism):
    """Clubs of customers, and their events."""

    name = "club"
    serves = ("E3",)
    policy = ClubPolicy
    owns = (
        Column("club_member", ("firm", "customer"), 0, "bool", "member of the firm's club", "uint8"),
        Column("attends", ("firm", "customer"), 0, "bool", "comes to an event in the period", "uint8"),
        Column("event_company", ("firm",), 0, "customers", "guests of the period's event", "int64"),
        Column("event_mood", ("firm",), 0, "0-1", "satisfaction of the latest event's guests, mean"),
    )
    writes = ("affective_commitment", "word_of_mouth")
    counts = (
        Tally("club_joined", "customers", "who joined the club"),
        Tally("club_members", "customers", "members at the end of the period"),
        Tally("member_visits", "visits", "visits of members"),
        Tally("event_invited", "customers", "members when there is an event"),
        Tally("event_guests", "customers", "of these, who came"),
        Tally("event_satisfaction", "0-1", "sum of their satisfaction with the firm", 1 / FIXED_POINT),
        Tally("club_letter_spend", "cu", "cost of keeping members informed", CENT / 100, account="lever"),
        Tally("event_spend", "cu", "cost of events", CENT / 100, account="lever"),
    )
    kpis = (club_share, event_attendance, event_satisfaction_mean, member_visit_ratio, cost_per_guest)
    joining: float = param(
        0.2, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance of joining after a good visit"
    )
    join_from: float = param(
        0.4, unit="0-1", bounds=(0, 1), evidence="assumed", doc="commitment from which a customer may join"
    )
    leave_below: float = param(
        0.3, unit="0-1", bounds=(0, 1), evidence="assumed", doc="commitment below which a member resigns"
    )
    praise_from: float = param(
        0.6, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction from which a visit is a reason to join"
    )
    attendance: float = param(
        0.5, unit="1/event", bounds=(0, 1), evidence="assumed", doc="chance that a fully committed member comes"
    )
    bond_gain: float = param(
        0.4, unit="1/event", bounds=(0, 1), evidence="assumed",
        doc="part of what is missing to full commitment that the best event adds",
    )  # fmt: skip
    exchange: float = param(
        1.0, unit="logit/0-1", bounds=(0, 10), evidence="assumed", doc="what guests' satisfaction adds to what is heard"
    )
    mood_from: float = param(
        0.6, unit="0-1", bounds=(0, 1), evidence="assumed", doc="mean satisfaction of guests that adds nothing"
    )
    half_budget: float = param(
        10.0, unit="cu/guest", bounds=(0.01, 1e6), evidence="assumed", doc="budget that makes half of the best event"
    )
    half_company: float = param(
        10.0, unit="guests/1000 customers", bounds=(0.001, 1e6), evidence="assumed",
        doc="guests who make half of the best company",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return joining, events, what is taken home and what it costs, if any firm has a club."""
        if not any(policy.events for policy in policies):
            return ()
        meeting = ((Phase.TELLING, join_club), (Phase.RELATION, attend_events), (Phase.HEARING, gather_guests))
        return (*meeting, (Phase.AWARENESS, take_home), (Phase.BOOKS, book_club))
