"""Care at visits: who is asked, who has a person of her own, and what familiarity saves.   Reads only its own customer.

Claim: being asked turns silent dissatisfaction into a complaint, which can be handled; a bond grows to a person whom
one meets again; serving somebody costs less as both sides learn to deal with each other.
Source: HIRSCHMAN_1970 and FORNELL_WERNERFELT_1987 (voice is worth asking for); forms and sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import whole
from abm.core.kernels import kernel
from abm.core.streams import uniform4
from abm.world.complaints import FAILED, SILENT
from abm.world.visits import NO_FAILURE

_BY_PHONE = np.uint8(1)


@kernel
def ask_visitors(
    complaint_channel, handling, calls_made_at, grievance, visit_count, visit_customer, visit_firm, visit_nth,
    visit_pair, usual_channel, known_at, reachable_at, customer_class_at, customer_id, invitation_of_class,
    follow_up_of_class, invited_tell, called_tell, invitation_expense, counter_handling, phone_handling,
    online_handling, complaints, complaints_by_channel, hearing, follow_ups, told_when_asked, invitation_spend, key,
    replication, t,
):  # fmt: skip
    """Ask visitors what was not right: turn silence into complaints, which are handled like others.

    For each visit, after it is drawn who complains, with the levers of her class at the firm and u = the uniforms of
    draw 1, block nth: she is invited to speak if u[0] is below `invitation`, which costs `invitation_expense` (1/100
    cent). If the firm knows her from before this period and u[2] is below `follow_up`, a call is made, which counts as
    a contact of the period after. Who has a grievance and was silent complains through her usual channel if she was
    invited and u[1] is below `invited_tell`; else by telephone if she was called, is reachable, and u[3] is below
    `called_tell`. Her complaint has failed until something is done about it, and hearing it costs what the channel
    costs. Of both, the usual channel counts.

    complaint_channel, handling (visits,)  code, calls_made_at (pairs,)  calls  [written]
    complaints (cause, firms), complaints_by_channel (channel, firms), hearing, follow_ups, told_when_asked,
    invitation_spend  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        k = customer_class_at[pair]
        if invitation_of_class[k, j] > 0.0 or follow_up_of_class[k, j] > 0.0:
            block = (1 << 16) + np.int64(visit_nth[v])
            first, second, third, fourth = uniform4(key, customer_id[i], t, block, replication)
            invited = first < invitation_of_class[k, j]
            called = known_at[pair] > 0 and third < follow_up_of_class[k, j]
            invitation_spend[j] += invitation_expense[j] if invited else 0
            follow_ups[j] += 1 if called else 0
            calls_made_at[pair] += 1 if called else 0
            channel = SILENT
            if called and reachable_at[pair] > 0 and fourth < called_tell:
                channel = _BY_PHONE
            if invited and second < invited_tell:
                channel = usual_channel[i]
            if grievance[v] != NO_FAILURE and complaint_channel[v] == SILENT and channel != SILENT:
                complaint_channel[v] = channel
                handling[v] = FAILED
                told_when_asked[j] += 1
                complaints[grievance[v], j] += 1
                complaints_by_channel[channel, j] += 1
                costs = counter_handling[j] if channel == 0 else phone_handling[j]
                hearing[j] += online_handling[j] if channel == 2 else costs


@kernel
def attend_visitors(
    personal_bond_at, visit_count, visit_firm, visit_pair, known_at, customer_class_at, dedicated_of_class,
    attended_rate,
):  # fmt: skip
    """Let the personal relationship of known visitors who have a person of their own grow by `attended_rate` of its way
    to 1, visit by visit.

    personal_bond_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        if known_at[pair] > 0 and dedicated_of_class[customer_class_at[pair], visit_firm[v]] > 0.0:
            personal_bond_at[pair] += attended_rate * (1.0 - personal_bond_at[pair])


@kernel(double=True)
def save_by_tenure(
    visit_saved, visit_count, visit_firm, visit_pair, encounters_at, service_cost, tenure_saving, tenure_visits,
    service_saved,
):  # fmt: skip
    """Work out and book what serving somebody costs less who has come often.

    Saved is `tenure_saving * encounters / (encounters + tenure_visits)` of `service_cost`, which is whole cents, of the
    encounters after all visits of the period, again in whole cents rounded half up.

    visit_saved (visits,)  cents  [written]      service_saved  tally, below 0 [written]
    """
    for v in range(visit_count[0]):
        j, met = visit_firm[v], np.float64(encounters_at[visit_pair[v]])
        part = np.float64(tenure_saving) * met / (met + np.float64(tenure_visits))
        visit_saved[v] = whole(np.floor(np.float64(service_cost[j]) * part + 0.5))
        service_saved[j] -= visit_saved[v]


@kernel
def take_off_saving(visit_cost, visit_saved, visit_count):
    """Take off each visit what familiarity has saved on it.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] -= visit_saved[v]


@kernel(per="share")
def book_dedicated(dedicated_spend, known, customer_class, dedicated_of_class, dedicated_expense, lo, hi):
    """Book what a person of her own costs for each known customer, of those known and classed as the period ends.

    dedicated_spend  tally [written]
    """
    for j in range(known.shape[0]):
        found = 0
        for i in range(lo, hi):
            found += 1 if known[j, i] > 0 and dedicated_of_class[customer_class[j, i], j] > 0.0 else 0
        dedicated_spend[j] += found * dedicated_expense[j]
