"""Difficult customers: when they make a scene, what it does to others and to staff, and what it costs.

Claim and source: those of `abm/mechanisms/service/difficult_customers.py`. Types count from 1, entries of tables by
type from 0; 0 is a customer who is not difficult, or a visit without an incident.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import STEPS, in_steps
from abm.core.kernels import equation, kernel
from abm.core.streams import philox, uniform, uniform4
from abm.world.visits import NO_FAILURE, SERVED

TYPES = ("self_centred", "bad_mouthed", "hot_tempered", "know_it_all", "freeloader")
SELF_CENTRED, BAD_MOUTHED, HOT_TEMPERED, KNOW_IT_ALL, FREELOADER = range(1, len(TYPES) + 1)
POLICIES = ("none", "boundaries", "remove", "calm", "penalise")
NONE, BOUNDARIES, REMOVE, CALM, PENALISE = range(len(POLICIES))
BITS = 3  # of a number of whole bits that hold a firm's policies, for each type
_MASK = (1 << BITS) - 1


@equation
def policy_towards(incident_policies, kind):
    """Return the code of a firm's policy towards a type of customer: bits 3 (kind - 1) to 3 kind - 1 of a number."""
    return (np.int64(incident_policies) >> (BITS * (np.int64(kind) - 1))) & _MASK


@equation
def checks_claims(incident_policies):
    """Return whether a firm checks claims: where it keeps boundaries towards know-it-alls or freeloaders."""
    return (policy_towards(incident_policies, KNOW_IT_ALL) == BOUNDARIES) | (
        policy_towards(incident_policies, FREELOADER) == BOUNDARIES
    )


@equation
def part_left(policy, calms, calmed):
    """Return what is left of an incident's anger: 1 - calmed where staff calms and can, else 1."""
    return np.float32(1.0) - (calmed if policy == CALM and calms > 0 else np.float32(0.0))


@equation
def shown_loss(loss, policy, calms, calmed):
    """Return what an incident takes from who sees it: nothing if she is moved away, else what calming leaves of it."""
    return np.float32(0.0) if policy == REMOVE else loss * part_left(policy, calms, calmed)


@equation
def strain_of(loss, policy, calms, calmed, backing):
    """Return what an incident takes from the morale of who serves: (1 - backing) loss with boundaries, else what
    calming leaves of it."""
    backed = loss * (1.0 - backing)
    return backed if policy == BOUNDARIES else loss * part_left(policy, calms, calmed)


@equation(double=True)
def witnessed(total, own, visitors, witnesses, worst):
    """Return what incidents of other visitors take from her, float32; 0 if she is alone.

    min(worst, witnesses (total - own) / (visitors - 1) / 2^20), in float64.
    total, own : of all visitors served in the period and of herself, in whole 2^-20      worst : 0-1
    """
    each = np.float64(total - own) / np.float64(max(visitors - 1, 1)) / STEPS
    return np.float32(min(np.float64(worst), witnesses * each)) if visitors > 1 else np.float32(0.0)


@equation(double=True)
def minutes_taken(extra, policy_minutes, usual_minutes):
    """Return the minutes that an incident takes beyond a usual visit: extra usual_minutes + policy_minutes, float64."""
    return np.float64(extra) * np.float64(usual_minutes) + np.float64(policy_minutes)


@equation(double=True)
def rounded(amount):
    """Return an amount of 0 or more as a whole number, rounded half up."""
    return np.int64(np.floor(amount + 0.5))


@kernel
def draw_types(difficult_type, customer_id, type_shares, key, replication):
    """Draw for life who is difficult, and how (period 0, draw 1, block 0, word 0).

    The uniform falls into the shares cumulated in the order of the types, in float32; beyond them she is not difficult.

    difficult_type (n,)  code  [written]
    """
    for i in range(customer_id.shape[0]):
        u, upto, kind = uniform(philox(customer_id[i], 0, 1 << 16, replication, key)[0]), np.float32(0.0), 0
        for k in range(type_shares.shape[0]):
            upto += type_shares[k]
            kind = k + 1 if kind == 0 and u < upto else kind
        difficult_type[i] = kind


@kernel
def draw_incidents(
    incident, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, difficult_type, penalised_at, customer_id,
    chance_of_type, recurrence, key, replication, t,
):  # fmt: skip
    """Draw who makes a scene: with the chance of her type, times `recurrence` where the firm has penalised her.

    Draw 0, block nth, word 0 is below the chance. Nobody makes one on an occasion on which no firm is chosen, -1.

    incident (visits,)  type, 0 = none  [written]
    """
    for v in range(visit_count[0]):
        kind = np.int64(difficult_type[visit_customer[v]])
        incident[v] = 0
        if kind > 0 and visit_firm[v] >= 0:
            chance = chance_of_type[kind - 1]
            chance *= recurrence if penalised_at[visit_pair[v]] > 0 else np.float32(1.0)
            a, _, _, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
            incident[v] = kind if a < chance else 0


@kernel
def lengthen_service(
    service_time, visit_count, visit_firm, incident, incident_policies, extra_of_type, policy_minutes, usual_minutes
):
    """Multiply the time of service of an incident by 1 + minutes_taken / usual_minutes, float64, rounded to float32.

    service_time (visits,)  ratio  [written]
    """
    for v in range(visit_count[0]):
        kind = np.int64(incident[v])
        if kind > 0:
            policy = policy_towards(incident_policies[visit_firm[v]], kind)
            taken = minutes_taken(extra_of_type[kind - 1], policy_minutes[policy], usual_minutes)
            service_time[v] *= np.float32(np.float64(1.0) + taken / np.float64(usual_minutes))


@kernel(per="market")
def see_who_calms(calms, staff_emotion, calm_from):
    """Note whose staff can calm customers: emotional competence, as the period before left it, above `calm_from`.

    calms (m,)  0 or 1  [written]
    """
    for j in range(calms.shape[0]):
        calms[j] = 1 if staff_emotion[j] > calm_from else 0


@kernel(per="firm")
def gather_incidents(
    incident, incident_shown, jumping_shown, visitors_served, book_start, book_visit, visit_outcome, incident_policies,
    calms, servers, loss_of_type, queue_jump, calmed, lo, hi,
):  # fmt: skip
    """Add up for firms lo..hi what the incidents of the period's visitors who are served show to others.

    Who is not served, as far as the line or the desk decides, makes no scene. Each incident counts `shown_loss` of its
    type, cut off to whole 2^-20; one of a self-centred visitor, at a firm with `servers` above 0, `shown_loss` of
    `queue_jump` as a jump as well.

    incident (book,)  [written]      incident_shown, jumping_shown (m,)  2^-20, visitors_served (m,)  visits  [written]
    """
    for j in range(lo, hi):
        shown, jumped, served = 0, 0, 0
        for b in range(book_start[j], book_start[np.int64(j) + 1]):
            v = book_visit[b]
            if visit_outcome[v] != SERVED:
                incident[v] = 0
            else:
                served += 1
            kind = np.int64(incident[v])
            if kind > 0:
                policy = policy_towards(incident_policies[j], kind)
                shown += in_steps(shown_loss(loss_of_type[kind - 1], policy, calms[j], calmed))
                jump = kind == SELF_CENTRED and servers[j] > 0
                jumped += in_steps(shown_loss(queue_jump, policy, calms[j], calmed)) if jump else 0
        incident_shown[j], jumping_shown[j], visitors_served[j] = shown, jumped, served


@kernel
def see_incidents(
    bystander_loss, jumping_loss, visit_count, visit_firm, incident, incident_shown, jumping_shown, visitors_served,
    incident_policies, calms, servers, loss_of_type, worst_loss, queue_jump, calmed, witnesses, bystander_sum,
):  # fmt: skip
    """Find what the incidents of the other visitors of the firm take from each: `witnessed`, her own left out.

    Of performance `worst_loss`, of satisfaction by a jumped line `queue_jump` at most. What is counted is the former,
    cut off to whole 2^-20.

    bystander_loss, jumping_loss (visits,)  0-1  [written]      bystander_sum  tally [written]
    """
    for v in range(visit_count[0]):
        j, kind, own, jump = visit_firm[v], np.int64(incident[v]), 0, 0
        if kind > 0:
            policy = policy_towards(incident_policies[j], kind)
            own = in_steps(shown_loss(loss_of_type[kind - 1], policy, calms[j], calmed))
            if kind == SELF_CENTRED and servers[j] > 0:
                jump = in_steps(shown_loss(queue_jump, policy, calms[j], calmed))
        bystander_loss[v] = witnessed(incident_shown[j], own, visitors_served[j], witnesses, worst_loss)
        jumping_loss[v] = witnessed(jumping_shown[j], jump, visitors_served[j], witnesses, queue_jump)
        bystander_sum[j] += in_steps(bystander_loss[v])


@kernel
def disturb(performance_shift, visit_count, bystander_loss):
    """Take from what is delivered what others' incidents take.  performance_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        performance_shift[v] -= bystander_loss[v]


@kernel
def resent(
    satisfaction_shift, visit_count, visit_firm, incident, jumping_loss, failure_cause, incident_policies,
    penalty_loss, mistrust,
):  # fmt: skip
    """Take from satisfaction a jumped line; of who is penalised `penalty_loss`; of honest visitors `mistrust`.

    Honest is a visitor without an incident on whose visit something failed, at a firm that checks claims.

    satisfaction_shift (visits,)  shift of 0-1  [written]
    """
    for v in range(visit_count[0]):
        policies, kind = incident_policies[visit_firm[v]], np.int64(incident[v])
        satisfaction_shift[v] -= jumping_loss[v]
        if kind > 0 and policy_towards(policies, kind) == PENALISE:
            satisfaction_shift[v] -= penalty_loss
        elif kind == 0 and failure_cause[v] != NO_FAILURE and checks_claims(policies):
            satisfaction_shift[v] -= mistrust


@kernel
def settle_incidents(
    visit_incident, penalised_at, trust_at, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, incident,
    visit_spend, customer_id, incident_policies, calms, servers, compensation, minute_expense, extra_of_type,
    strain_of_type, policy_minutes, usual_minutes, calmed, backing, verified, claimed, claim_factor, conceded,
    penalty_distrust, incidents, incident_strain, incident_claims, claims_refused, claims_paid, incident_time,
    penalties, key, replication, t,
):  # fmt: skip
    """Settle what each incident claims and takes, and note who is penalised.

    A freeloader claims max(claimed, claim_factor compensation) of what she pays, a know-it-all disputes `conceded` of
    it; with boundaries towards her type the claim is refused if word 1 of draw 0, block nth, is below `verified`, else
    it is paid, in whole cents. At a firm with servers enough (`servers` 0) `minutes_taken` cost `minute_expense` each,
    in 1/100 cent, booked in whole cents; where servers are paid by the hour they make the line longer instead. Money in
    float64, rounded half up. Strain is `strain_of` the type's morale loss, cut off to whole 2^-20. Who is penalised
    loses `penalty_distrust` of her trust in the firm each time.

    visit_incident (visits,)  cents, penalised_at (pairs,)  0 or 1, for good, trust_at (pairs,)  0-1  [written]
    incidents, incident_claims (type, firms), incident_strain, claims_refused, claims_paid, incident_time, penalties
    tallies [written]
    """
    for v in range(visit_count[0]):
        kind, j = np.int64(incident[v]), visit_firm[v]
        visit_incident[v] = 0
        if kind > 0:
            policy = policy_towards(incident_policies[j], kind)
            incidents[kind - 1, j] += 1
            strain = strain_of(strain_of_type[kind - 1], policy, calms[j], calmed, backing)
            incident_strain[j] += in_steps(strain)
            part = conceded if kind == KNOW_IT_ALL else np.float32(0.0)
            part = max(claimed, claim_factor * compensation[j]) if kind == FREELOADER else part
            if kind >= KNOW_IT_ALL:
                incident_claims[kind - 1, j] += 1
                _, b, _, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
                if policy == BOUNDARIES and b < verified:
                    claims_refused[j] += 1
                    part = np.float32(0.0)
            paid = rounded(np.float64(part) * np.float64(visit_spend[v]))
            taken = minutes_taken(extra_of_type[kind - 1], policy_minutes[policy], usual_minutes)
            spent = rounded(taken * np.float64(minute_expense[j]) / np.float64(100.0)) if servers[j] == 0 else 0
            claims_paid[j] += paid
            incident_time[j] += spent
            visit_incident[v] = paid + spent
            if policy == PENALISE:
                penalised_at[visit_pair[v]] = 1
                trust_at[visit_pair[v]] *= np.float32(1.0) - penalty_distrust
                penalties[j] += 1


@kernel
def add_incident_cost(visit_cost, visit_incident, visit_count):
    """Add what an incident has cost.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += visit_incident[v]
