"""What is measured of a contact centre: how soon it answers, whom, how well, and at what cost."""

from __future__ import annotations

from abm.kpis.kpi import FloatArray, Tallied, kpi

_NO_CALLS = "nobody called"


@kpi(unit="share", better="more", nan=_NO_CALLS)
def contact_service_level(c: Tallied) -> FloatArray:
    """Calls answered within `answered_within` / calls; a call is not written, and a machine did not contain it."""
    return c.calls_in_time / c.calls_offered


@kpi(unit="share", better="more", nan="nobody of class A called, or classes are not looked at")
def best_service_level(c: Tallied) -> FloatArray:
    """Calls of class A answered within `answered_within` / calls of class A."""
    return c.best_calls_in_time / c.best_calls


@kpi(unit="share", better="more", nan="nobody but class A called")
def others_service_level(c: Tallied) -> FloatArray:
    """Calls of others than class A answered within `answered_within` / their calls."""
    return (c.calls_in_time - c.best_calls_in_time) / (c.calls_offered - c.best_calls)


@kpi(unit="minutes", better="less", nan="no call was answered")
def mean_answer(c: Tallied) -> FloatArray:
    """Minutes until calls were answered / calls answered; who was called back is left out."""
    return c.answer_time / c.calls_answered


@kpi(unit="share", better="less", nan=_NO_CALLS)
def call_abandonment_rate(c: Tallied) -> FloatArray:
    """Calls given up in the line / calls."""
    return c.calls_abandoned / c.calls_offered


@kpi(unit="share", better="more", nan="no first contact was answered")
def first_contact_resolution(c: Tallied) -> FloatArray:
    """First contacts about a matter that an agent answered and did away with / first contacts that agents answered."""
    return c.first_resolved / c.first_contacts


@kpi(unit="share", nan="the firm pays no agents")
def agent_occupancy(c: Tallied) -> FloatArray:
    """Minutes of handling / minutes of agents paid, on duty and after closing."""
    return c.handling_seconds / c.agent_seconds


@kpi(unit="cu/contact", better="less", nan="nobody made contact")
def cost_per_contact(c: Tallied) -> FloatArray:
    """Cost of staff, technology, fees and rooms of the centre / contacts, of customers and calls that reached one."""
    cost = c.centre_staffing + c.centre_technology + c.centre_fees + c.centre_rooms
    return cost / (c.contacts_offered + c.outbound_reached)


@kpi(unit="share", nan="nobody made contact")
def containment_rate(c: Tallied) -> FloatArray:
    """Contacts that a machine contained / contacts."""
    return c.contacts_contained / c.contacts_offered


@kpi(unit="minutes", better="less", nan="nobody was written to or called back")
def mean_deferred_answer(c: Tallied) -> FloatArray:
    """Minutes until customers were written to or called back / those customers."""
    return c.deferred_time / c.deferred_answers


@kpi(unit="share", better="more", nan="nobody made contact")
def contact_satisfaction(c: Tallied) -> FloatArray:
    """Mean satisfaction with contacts, also with those that were not answered."""
    return c.contact_verdicts / c.contacts_offered


@kpi(unit="share", better="more", nan="the firm called nobody")
def right_party_contact_rate(c: Tallied) -> FloatArray:
    """Calls of the firm that reached the customer / calls that it made."""
    return c.outbound_reached / c.outbound_calls


@kpi(unit="share", better="more", nan="no call was taken off the list")
def call_completion(c: Tallied) -> FloatArray:
    """Calls of the firm that reached the customer / calls taken off the list, reached or given up."""
    return c.outbound_reached / (c.outbound_reached + c.outbound_dropped)


@kpi(unit="calls/customer/period")
def outbound_call_rate(c: Tallied) -> FloatArray:
    """Calls that the firm made, answered or not / customers of the market, per period."""
    return c.outbound_calls / c.population


@kpi(unit="share", nan="the firm pays no agents")
def outbound_occupancy(c: Tallied) -> FloatArray:
    """Minutes of agents with calls of the firm / minutes of agents paid; a part of `agent_occupancy`."""
    return c.outbound_seconds / c.agent_seconds


KPIS = (
    contact_service_level, best_service_level, others_service_level, mean_answer, call_abandonment_rate,
    first_contact_resolution, agent_occupancy, cost_per_contact, containment_rate,
    mean_deferred_answer, contact_satisfaction, right_party_contact_rate, call_completion, outbound_call_rate,
    outbound_occupancy,
)  # fmt: skip
