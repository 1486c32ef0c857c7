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
    """Cost of staff, technology, fees and rooms of the centre / contacts."""
    return (c.centre_staffing + c.centre_technology + c.centre_fees + c.centre_rooms) / c.contacts_offered


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


KPIS = (
    contact_service_level, best_service_level, others_service_level, mean_answer, call_abandonment_rate,
    first_contact_resolution, agent_occupancy, cost_per_contact, containment_rate,
    mean_deferred_answer, contact_satisfaction,
)  # fmt: skip
