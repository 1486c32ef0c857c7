"""What waits and who was not served do to counts, and to what customers think of a firm."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.mechanisms.service.waiting_rules import MINUTES, SECONDS
from abm.world.visits import ABANDONED, BALKED, DENIED


@kernel
def count_waits(
    wait, overtaken, visit_count, visit_firm, visit_outcome, moved_to, servers, served_within, came, gave_up, balked,
    sent_away, went_elsewhere, waited, in_time, passed_over,
):  # fmt: skip
    """Count who came to a line, what became of her there, and how long she waited, to whole seconds, rounded half up.

    Counted at the firm that she chose, with what she waited elsewhere. Who was not served here and is served elsewhere
    is among those who went elsewhere, and in no other outcome, nor in time.

    came, gave_up, balked, sent_away, went_elsewhere, waited, in_time, passed_over  tallies [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if servers[j] > 0:
            here = moved_to[v] < 0
            came[j] += 1
            gave_up[j] += 1 if here and visit_outcome[v] == ABANDONED else 0
            balked[j] += 1 if here and visit_outcome[v] == BALKED else 0
            sent_away[j] += 1 if here and visit_outcome[v] == DENIED else 0
            went_elsewhere[j] += 0 if here else 1
            waited[j] += np.int64(SECONDS * wait[v] + np.float32(0.5))
            in_time[j] += 1 if here and visit_outcome[v] == 0 and wait[v] <= served_within else 0
            passed_over[j] += 1 if overtaken[v] > 0 else 0


@kernel
def go_elsewhere(
    visit_firm, visit_pair, provider, visit_count, visit_customer, moved_to, visits
):  # fmt: skip
    """Let who was served by another firm than she chose be its visitor, and it her provider; of several such visits
    in a period the last decides.

    visit_firm, visit_pair (visits,), provider (n,)  [written]      visits  tally [written]
    """
    n = np.int64(provider.shape[0])
    for v in range(visit_count[0]):
        if moved_to[v] >= 0:
            i = visit_customer[v]
            visits[visit_firm[v]] -= 1
            visits[moved_to[v]] += 1
            visit_firm[v] = moved_to[v]
            visit_pair[v] = np.int64(moved_to[v]) * n + np.int64(i)
            provider[i] = moved_to[v]


@kernel
def remember_not_served(
    satisfaction_at, expectation_at, visit_count, visit_pair, visit_outcome, encounters_at, resentment
):
    """Lower what those who gave up waiting or were sent away think of the firm.

    satisfaction_at, of those who have been served before, and expectation_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        if visit_outcome[v] == ABANDONED or visit_outcome[v] == DENIED:
            pair = visit_pair[v]
            expectation_at[pair] *= 1.0 - resentment
            if encounters_at[pair] > 0.0:
                satisfaction_at[pair] *= 1.0 - resentment


@kernel
def let_best_first(comes_first, visit_count, visit_pair, customer_class_at):
    """Mark visits of class A, which come first where a firm says so.  comes_first (visits,)  0 or 1  [written]"""
    for v in range(visit_count[0]):
        comes_first[v] = 1 if customer_class_at[visit_pair[v]] == 1 else 0


@kernel(per="market", double=True)
def book_servers(staffing, paid_time, paid_minutes, branch_days, server_hour):
    """Book how long servers are on duty, `paid_minutes` of a full day times days, in whole seconds; and what that costs
    by the hour, in whole cents.

    Seconds and cents are rounded half up, each from the minutes.      staffing, paid_time  tallies [written]
    """
    for j in range(paid_minutes.shape[0]):
        minutes = paid_minutes[j] * branch_days[0]
        paid_time[j] += np.int64(SECONDS * minutes + 0.5)
        staffing[j] += np.int64(minutes / MINUTES * server_hour[j] + 0.5)


@kernel(per="share")
def book_appointments(visits, appointment_expense, servers, appointments_kept):
    """Book what appointments cost a visit served by a firm with servers, in 1/100 cent.

    appointments_kept  tally [written]
    """
    for j in range(servers.shape[0]):
        appointments_kept[j] += visits[j] * appointment_expense[j] if servers[j] > 0 else 0
