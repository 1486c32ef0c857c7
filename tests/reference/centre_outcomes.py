"""What contacts with a centre lead to: whether the matter is done, what is thought of it, what it costs.

Claim: a wait beyond what is accepted, a machine that could not help and silence lower what is thought of a contact,
and that moves satisfaction and trust.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.contact_centre import CONTAINED, NO_MATTER, OUTSOURCED, Centre, Contact
from tests.reference.facility import ABANDONED, BALKED, DENIED, SERVED

MINUTES = 60  # in an hour, as seconds in a minute


def chance_of_resolving(firm: Any, p: Any, lacked: bool) -> float:
    """Return the chance that an answer does away with the matter."""
    missing = p.wrong_skill_loss * lacked + p.outsourced_loss * (firm.ownership == OUTSOURCED)
    removed = p.knowledge_fix * firm.knowledge + p.quality_fix * firm.quality_target
    with_efforts = 1.0 - (1.0 - p.first_resolution) * (1.0 - min(1.0, removed))
    return float(max(0.0, with_efforts - missing))


def resolve(centre: Centre, t: int, contacts: Sequence[Contact], identities: Sequence[int]) -> None:
    """Draw which contacts do away with the matter."""
    for c in contacts:
        if c.outcome == SERVED:
            u = centre.luck(identities[c.customer], t, 1, c.block)[3]
            chance = chance_of_resolving(centre.firms[c.firm], centre.p, c.lacked)
            c.resolved = centre.below(u, chance, "resolved")
        else:
            c.resolved = c.outcome == CONTAINED


def verdict(c: Contact, p: Any) -> float:
    """Return satisfaction with a contact, 0-1."""
    value = p.unsolved_value if c.outcome == SERVED else p.unanswered_value
    value = p.solved_value if c.resolved else value
    accepted = p.accepted_wait_of_messages if c.deferred else p.accepted_wait_of_calls
    seems = c.wait if c.told else c.wait * p.unannounced_factor
    value -= p.wait_weight * max(0.0, seems - accepted) / accepted
    return float(min(1.0, max(0.0, value - p.machine_annoyance * c.annoyed)))


def learn(centre: Centre, contacts: Sequence[Contact], verdicts: Sequence[float], bought: Any, state: Any) -> None:
    """Let contacts move what is thought of the firm, matters stay open, and complaints be dealt with.

    bought [firm][row] : encounters before this period
    state : satisfaction, trust, open_matter [firm][row], complaint_heard, handling_time [visit], written
    """
    p = centre.p
    for c in contacts:
        if not c.first:
            state.open_matter[c.firm][c.customer] = NO_MATTER
    for c, value in zip(contacts, verdicts, strict=True):
        i, j = c.customer, c.firm
        if bought[j][i] > 0:
            state.satisfaction[j][i] += p.satisfaction_weight * (value - state.satisfaction[j][i])
        state.trust[j][i] += p.trust_weight * (value - state.trust[j][i])
        if not c.resolved:
            state.open_matter[j][i] = max(state.open_matter[j][i], c.matter)
        if c.visit >= 0 and c.resolved:
            state.handling_time[c.visit] *= p.resolved_time
        elif c.visit >= 0:
            state.complaint_heard[c.visit] = 0


def counted(centre: Centre, contacts: Sequence[Contact], verdicts: Sequence[float]) -> dict[str, list[float]]:
    """Return what is counted of contacts, by tally; of `contact_verdicts` the sum of verdicts."""
    found: dict[str, list[float]] = {}
    for c, value in zip(contacts, verdicts, strict=True):
        answered, call = c.outcome == SERVED, not c.written and c.outcome != CONTAINED
        by_call = call and answered and not c.deferred
        in_time, seconds = by_call and c.wait <= centre.p.answered_within, math.floor(MINUTES * c.wait + 0.5)
        later = answered and c.deferred
        of_contact = {
            "contacts_offered": 1, "contacts_contained": c.outcome == CONTAINED, "contacts_answered": answered,
            "contacts_abandoned": c.outcome == ABANDONED, "contacts_balked": c.outcome == BALKED,
            "contacts_denied": c.outcome == DENIED, "first_contacts": answered and c.first,
            "first_resolved": answered and c.first and c.resolved, "calls_offered": call, "calls_answered": by_call,
            "calls_in_time": in_time, "calls_abandoned": call and c.outcome == ABANDONED,
            "answer_time": seconds * by_call, "best_calls": call and c.best, "best_calls_in_time": in_time and c.best,
            "deferred_answers": later, "deferred_time": seconds * later, "contact_verdicts": value,
        }  # fmt: skip
        for name, number in of_contact.items():
            found.setdefault(name, [0] * len(centre.firms))[c.firm] += number
    return found


def prices(policy: Any) -> dict[str, int]:
    """Return what hours, contacts and days of a centre cost, from what a firm sets: cents, a contact 1/100 cent."""
    there, bought = policy.agents > 0 or policy.self_service > 0, policy.ownership == "outsourced"
    tools = policy.cti_cost * policy.cti + policy.message_cost * policy.messages
    tools += policy.seat_fee if policy.ownership == "hosted" else 0.0
    pay = policy.reserve_fee if bought else policy.agent_wage
    pay *= 1.0 + policy.call_flexibility_scale * effort(policy.follows_calls)
    tries = (
        (policy.self_service_scale, policy.self_service), (policy.call_back_scale, policy.call_back),
        (policy.knowledge_scale, policy.knowledge), (policy.quality_scale, policy.quality_target),
    )  # fmt: skip
    rooms = (0.0 if bought else policy.site_cost) + (policy.system_cost if policy.ownership == "own" else 0.0)
    calls = policy.outbound_agents > 0 or (policy.blended and policy.agents > 0)
    return {
        "has_centre": int(there), "calls_out": int(calls), "agent_hour": hundredths(pay + tools),
        "expert_hour": hundredths(pay * policy.expert_premium),
        "answer_fee": hundredths(policy.contact_fee if bought else 0.0),
        "centre_contact_expense": hundredths(100.0 * sum(scale * effort(level) for scale, level in tries)),
        "site_day": hundredths(rooms * policy.sites if there or calls else 0.0),
    }  # fmt: skip


def booked(
    firm: Any, days: float, minutes: tuple[float, float, float], offered: int, answered: int, reached: int = 0
) -> dict[str, int]:
    """Return what a centre costs in a period, and the whole seconds for which agents are paid.

    firm : with what hours, contacts and days cost      minutes : of all agents and of experts on a full day, overtime
    reached : customers, by calls of the firm
    """
    agents, experts, overtime = minutes
    paid = agents * days + overtime
    staffing = (paid * firm.agent_hour + experts * days * firm.expert_hour) / MINUTES
    return {
        "agent_seconds": math.floor(MINUTES * paid + 0.5),
        "centre_staffing": math.floor(staffing + 0.5),
        "centre_technology": offered * firm.centre_contact_expense,
        "centre_fees": (answered + reached) * firm.answer_fee,
        "centre_rooms": math.floor(firm.site_day * days + 0.5),
    }
