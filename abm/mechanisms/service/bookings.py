"""Bookings: places that perish, guests who do not come, and two fares.   Visitors of one firm meet.

Claim: a firm has so many places a period. Leisure customers book early and get the lower fare, business customers book
late and pay the full one. Some of those who have booked stay away, so that a firm that accepts no more than it has
places leaves some empty; one that accepts more has to walk guests at times. A walked guest is paid, trusts the firm
less and tells of it. Places that are protected for the full fare are refused to the lower one.
Source: Littlewood 1972 (protection; from memory); classes, lead times, no-shows and what being walked does are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.service.booking_desk import book_places, note_demand, set_places, take_bookings, walk_guests
from abm.mechanisms.service.booking_guests import (
    count_bookings,
    count_fares,
    discount_early,
    draw_leisure,
    foresee_fares,
    resent_walking,
    settle_bookings,
    tell_of_walking,
)
from abm.mechanisms.service.booking_peaks import note_put_off, put_off, set_rewards
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

_NO_PLACES = "the firm has no limit of places"
# Levers of a firm that takes bookings
_WITH_PLACES = ("part_time_places", "overbooking", "protected", "early_discount", "off_peak_reward", "no_show_fee")


@kpi(unit="share", better="more", nan=_NO_PLACES)
def load_factor(c: Tallied) -> FloatArray:
    """Guests who got a place / places, over the same periods."""
    return c.seated / c.places_offered


@kpi(unit="share", better="less", nan="nobody who had booked came")
def walked_rate(c: Tallied) -> FloatArray:
    """Guests who had booked, came and were sent away / guests who had booked and came."""
    return c.walked / (c.walked + c.seated)


@kpi(unit="share", better="less", nan="nobody asked for a booking")
def denied_share(c: Tallied) -> FloatArray:
    """Bookings that were refused, and guests who were walked / bookings that were asked for."""
    return (c.refused + c.walked) / c.bookings


@kpi(unit="share", better="less", nan="no booking was accepted")
def no_show_rate(c: Tallied) -> FloatArray:
    """Guests who had booked and stayed away / bookings that were accepted."""
    return c.no_shows / (c.bookings - c.refused)


@kpi(unit="cu/place/period", better="more", nan=_NO_PLACES, source="definition (revenue per available room, RevPAR)")
def revenue_per_place(c: Tallied) -> FloatArray:
    """What guests paid, fees of those who stayed away included / places, full or empty, over the same periods."""
    return (c.early_revenue + c.full_revenue + c.no_show_fees) / c.places_offered


@kpi(unit="share", better="less", nan=_NO_PLACES)
def spoilage(c: Tallied) -> FloatArray:
    """Places that stayed empty although a booking had been refused in the period / places."""
    return c.spoiled_places / c.places_offered


@kpi(unit="share", nan="nobody got a place")
def peak_share(c: Tallied) -> FloatArray:
    """Guests who got a place in a peak / guests who got a place."""
    return c.peak_guests / c.seated


class BookingsPolicy(Policy):
    """How many places there are, and to whom they are sold."""

    name = "bookings"
    given: ClassVar = {
        "place_cost": "what a room or a seat costs is given to a firm",
        "part_time_cost": "what a room or a seat for a season costs is given to a firm",
    }
    free: ClassVar = {
        "overbooking": "what it costs is what walked guests are paid, think and tell",
        "protected": "what it costs is the custom that is refused at the lower fare",
        "protection_rule": "a rule reckons with the firm's own bookings; it costs what it refuses",
        "no_show_fee": "what it costs is the custom of those who mind it",
    }
    places: float = param(
        0.0, unit="places/1,000 visits", bounds=(0, 1e5), evidence="assumed",
        doc="places a period for each 1,000 visits that the firm would have at an equal share of all occasions, at "
        "customers' own purchase rates; 0 = a place for everybody, and no bookings",
    )  # fmt: skip
    place_cost: float = param(
        3.0, unit="cu/place/period", bounds=(0, 1e6), evidence="assumed", doc="cost of a place, full or empty"
    )
    part_time_places: float = param(
        0.0, unit="places/1,000 visits", bounds=(0, 1e5), evidence="assumed", doc="further places, in peak periods only"
    )
    part_time_cost: float = param(
        5.0, unit="cu/place/period", bounds=(0, 1e6), evidence="assumed", doc="cost of one of these while it is there"
    )
    overbooking: float = param(
        0.0, unit="share of places", bounds=(0, 1), evidence="assumed", doc="bookings accepted beyond the places"
    )
    early_discount: float = param(
        0.0,
        unit="share",
        bounds=(0, 0.95),
        evidence="assumed",
        doc="off the price for leisure customers, who book early",
    )
    off_peak_reward: float = param(
        0.0, unit="share", bounds=(0, 0.95), evidence="assumed",
        doc="off the fare of leisure customers outside of peaks; some of them put their visit off for it",
    )  # fmt: skip
    protection_rule: Literal["number", "littlewood"] = param(
        "number", unit="name", evidence="assumed",
        doc="how many places the lower fare does not get: as many as protected says, or as Littlewood's rule finds "
        "from the firm's own past bookings at the full fare",
    )  # fmt: skip
    protected: float = param(
        0.0, unit="share of places", bounds=(0, 1), evidence="assumed",
        doc="places kept for the full fare, under protection_rule number",
    )  # fmt: skip
    walk_compensation: float = param(
        1.0, unit="share of fare", bounds=(0, 20), evidence="assumed",
        doc="paid to a guest who is walked, who does not pay her own fare: a place elsewhere, a voucher",
    )  # fmt: skip
    no_show_fee: float = param(
        0.0, unit="share of fare", bounds=(0, 1), evidence="assumed", doc="charged to who has booked and stays away"
    )

    @model_validator(mode="after")
    def _has_places(self) -> Self:
        if self.places == 0.0:
            for name in _WITH_PLACES:
                if getattr(self, name) > 0.0:
                    step = "takes no bookings while places = 0; give it places"
                    raise Refusal(f"= {getattr(self, name):g}, but the firm {step}", place=name)
        return self

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what a place costs a period, in cents."""
        return {"place_expense": (CENTS, self.place_cost), "part_time_expense": (CENTS, self.part_time_cost)}


class Bookings(Mechanism):
    """Who gets one of a firm's places, at which fare, and what becomes of those who do not."""

    name = "bookings"
    serves = ("A11", "A12")
    policy = BookingsPolicy
    owns = (
        Column("leisure", ("customer",), 0, "bool", "books early, at the lower fare; others pay the full one", "uint8"),
        Column("walked_by", ("customer",), -1, "firm", "that has walked her in the period, -1 = none", "int32"),
        Column("booking", ("visit",), 0, "code", "0 none, 1 refused, 2 stayed away, 3 walked, 4 seated", "uint8"),
        Column("equal_share_visits", ("firm",), 0, "visits/period", "visits at an equal share of occasions", "float64"),
        Column("fare_open", ("firm",), 1, "share", "bookings at the lower fare that are accepted, lately", "float64"),
        Column("full_mean", ("firm",), 0, "bookings/period", "asked for at the full fare, lately", "float64"),
        Column("full_variance", ("firm",), 0, "bookings²", "variance of these between periods, lately", "float64"),
        Column("noted", ("firm",), 0, "periods", "in which the firm has noted them", "int64"),
        Column("put_off_visits", ("customer",), 0, "occasions", "put off from a peak, and still to be made up for"),
        Column("reward_now", ("firm",), 0, "share of fare", "given to leisure customers for coming in the period"),
        Column("places_now", ("firm",), 0, "places", "of the firm in the period", "int64"),
        Column("protected_now", ("firm",), 0, "places", "protected for the full fare in the period", "int64"),
    )
    scratch = (
        Column("booking_key", ("visit",), 0, "number", "orders bookings by lead time", "int64"),
        Column("order", ("visit",), 0, "place", "visits in the order of booking", "uint32"),
        Column("spare", ("visit",), 0, "place", "room for sorting", "uint32"),
    )
    writes = ("visit_outcome", "trust", "satisfaction", "expectation", "story", "negative_messages")
    counts = (
        Tally("bookings", "bookings", "bookings that were asked for"),
        Tally("refused", "bookings", "of these, refused: no place in the class"),
        Tally("no_shows", "bookings", "of these, accepted, and the guest stayed away"),
        Tally("walked", "guests", "of these, who came and found no place"),
        Tally("seated", "guests", "of these, who got a place"),
        Tally("peak_guests", "guests", "of these, in a peak"),
        Tally("places_offered", "places", "places of the firm"),
        Tally("empty_places", "places", "of these, which stayed empty"),
        Tally("spoiled_places", "places", "of these, for which a booking had been refused"),
        Tally("early_revenue", "cu", "paid at the lower fare, in revenue", CENT),
        Tally("full_revenue", "cu", "paid at the full fare, in revenue", CENT),
        Tally("no_show_fees", "cu", "paid by those who stayed away", CENT, account="revenue"),
        Tally("walking_cost", "cu", "paid to guests who were walked", CENT, account="lever"),
        Tally("place_spend", "cu", "cost of places", CENT, account="lever"),
    )
    kpis = (load_factor, walked_rate, denied_share, no_show_rate, revenue_per_place, spoilage, peak_share)
    business_share: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed",
        doc="customers who book late and pay the full fare; the less price weighs with one, the likelier",
    )  # fmt: skip
    leisure_lead: float = param(
        30.0,
        unit="days",
        bounds=(1e-3, 1e4),
        evidence="assumed",
        doc="mean time ahead, exponential, of leisure bookings",
    )
    business_lead: float = param(
        3.0, unit="days", bounds=(1e-3, 1e4), evidence="assumed", doc="the same of business bookings"
    )
    leisure_no_show: float = param(
        0.08, unit="share", bounds=(0, 0.99), evidence="assumed", doc="chance that a leisure guest stays away"
    )
    business_no_show: float = param(
        0.12, unit="share", bounds=(0, 0.99), evidence="assumed", doc="chance that a business guest stays away"
    )
    walk_resentment: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed",
        doc="trust, satisfaction and expectation lost by being walked without compensation",
    )  # fmt: skip
    soothing: float = param(
        0.5, unit="1/fare", bounds=(0, 100), evidence="assumed",
        doc="what compensation does: the loss is divided by 1 + soothing x compensation",
    )  # fmt: skip
    outrage: float = param(
        0.5, unit="1/period", bounds=(0, 1), evidence="assumed", doc="chance that who was walked tells of it"
    )
    peak_from: int = param(
        0, unit="period", bounds=(0, 366), evidence="assumed", doc="with which the peak of a year begins"
    )
    peak_length: int = param(
        0, unit="periods", bounds=(0, 366), evidence="assumed", doc="of a year that are its peak; 0 = there is none"
    )
    shift_response: float = param(
        2.0, unit="1/share", bounds=(0, 1e3), evidence="assumed",
        doc="how readily leisure customers put a visit off: 1 - e^(-response x reward) do, if it is their provider's",
    )  # fmt: skip
    catch_up: float = param(
        0.1, unit="1/period", bounds=(0, 1), evidence="assumed", doc="part of what was put off that is then made up for"
    )
    memory_rate: float = param(
        0.05, unit="1/period", bounds=(0, 1), evidence="assumed", doc="weight of the latest period in a firm's figures"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where there is a place for everybody; else the desk, the fares, and what walking does."""
        if not any(policy.places for policy in policies):
            return ()
        desk = set_places, take_bookings, walk_guests, note_demand
        settled = count_bookings, settle_bookings, resent_walking
        # also without a reward: one that is withdrawn ends, and what was put off for it is still made up for
        shifts = ((Phase.NEED, put_off), (Phase.OCCASIONS, note_put_off)) if self.peak_length else ()
        return (
            (Phase.OPENING, set_rewards),
            *shifts,
            (Phase.VALUATION, foresee_fares),
            *((Phase.OPERATIONS, kernel) for kernel in desk),
            *((Phase.ADMISSION, kernel) for kernel in settled),
            (Phase.DELIVERY, discount_early),
            (Phase.TELLING, tell_of_walking),
            (Phase.BOOKING, count_fares),
            (Phase.BOOKS, book_places),
        )

    def fits(self, market: Any) -> None:
        """Refuse places where visits do not go by purchase rates, without the peak they are for, and beside a line."""
        for firm in (firm for firm in market.firms if firm.bookings.places > 0):
            place = f"firms.{firm.name}.bookings.places"
            if market.need.process != "poisson":
                step = f'go by purchase rates with Poisson occasions, not need.process = "{market.need.process}"'
                raise Refusal(f'= {firm.bookings.places:g} {step}; take "poisson"', place=place)
            for name in ("part_time_places", "off_peak_reward") if self.peak_length == 0 else ():
                if (value := getattr(firm.bookings, name)) > 0:
                    step = "goes by the peak of a year, and there is none; set bookings.peak_from and peak_length"
                    raise Refusal(f"= {value:g} {step}", place=f"firms.{firm.name}.bookings.{name}")
            lines = [other.name for other in market.firms if market.waiting_line and other.waiting_line.servers > 0]
            if lines:
                step = f"go with no waiting line; set firms.{lines[0]}.waiting_line.servers = 0, or no places"
                raise Refusal(f"= {firm.bookings.places:g} {step}", place=place)

    def begin(self, world: World, seed: int) -> None:
        """Draw who books early, and reckon what visits a firm would have at an equal share of occasions.

        They are the sum of purchase rates at the start of a run, each rounded down to whole 2^-20, / firms.
        """
        c = world.customers
        if "leisure" in c:
            draw_leisure(
                c.leisure, c.customer_id, c.price_weight, self.business_share, stream_key(seed, self.name),
                world.replication,
            )  # fmt: skip
            steps = np.floor(c.purchase_rate.astype(np.float64) * FIXED_POINT)  # whole, so that order does not matter
            c.equal_share_visits[:] = steps.sum() / FIXED_POINT / world.m
