"""Counts of buying centres: at which stage of a purchase firms are, who is for and who is against them.

Changes nothing; reads only its own customer.
Source: definitions.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import equation, kernel
from abm.mechanisms.choice.buying_centre_kernels import stance, support_of, within
from abm.world.columns import FIXED_POINT

_STEPS = np.float32(FIXED_POINT)


@equation
def championed(user_attitude, approver_attitude, evaluator_attitude, decider_attitude, j, i):
    """Return whether a firm has a champion in a buying centre: somebody whose stance is that of a sponsor, 2."""
    best = max(user_attitude[j, i], approver_attitude[j, i], evaluator_attitude[j, i], decider_attitude[j, i])
    return stance(best) == 2


@kernel
def count_stages(
    shortlisted, organisation, user_attitude, approver_attitude, evaluator_attitude, decider_attitude, aware,
    visit_count, visit_customer, centre_needs, needs_searched, needs_shortlisted, needs_championed, lo,
):  # fmt: skip
    """Count, of the occasions of centres, those on which each firm was known, on the shortlist, and championed there.

    An occasion is a need of the market (nobody's entry of centre_needs). A champion counts where the firm is on the
    shortlist.

    centre_needs (nobody), needs_searched, needs_shortlisted, needs_championed  tallies [written]
    """
    for v in range(visit_count[0]):
        i = visit_customer[v]
        if organisation[i] > 0:
            centre_needs[-1] += 1
            for j in range(aware.shape[0]):
                listed = shortlisted[j, i - lo] > 0
                champion = championed(
                    user_attitude, approver_attitude, evaluator_attitude, decider_attitude, j, np.int64(i)
                )
                needs_searched[j] += 1 if aware[j, i] > 0 else 0
                needs_shortlisted[j] += 1 if listed else 0
                needs_championed[j] += 1 if listed and champion else 0


@kernel
def count_wins(
    shortlisted, organisation, user_attitude, approver_attitude, evaluator_attitude, decider_attitude, visit_count,
    visit_customer, visit_firm, needs_won, champion_wins, lo,
):  # fmt: skip
    """Count the occasions on which a firm that was on the shortlist is chosen, and where it had a champion.

    Visits that have been chosen, whether or not they are served; under contracts also those to a firm that is not on
    the shortlist, which count for nothing here.

    needs_won, champion_wins  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        if organisation[i] > 0 and shortlisted[j, i - lo] > 0:
            champion = championed(
                user_attitude, approver_attitude, evaluator_attitude, decider_attitude, np.int64(j), np.int64(i)
            )
            needs_won[j] += 1
            champion_wins[j] += 1 if champion else 0


@kernel
def count_attitudes(
    organisation, influence, user_attitude, approver_attitude, evaluator_attitude, decider_attitude, aware, exited,
    centres, vetoes, support_sum, user_sponsors, approver_sponsors, evaluator_sponsors, decider_sponsors, lo, hi,
):  # fmt: skip
    """Count, at the end of the period, centres in the category that know a firm: vetoes, sponsors, the sum of X + 2.

    The sum is in whole 2^-20, rounded down.  centres and what follows: tallies [written]
    """
    for j in range(aware.shape[0]):
        for i in range(lo, hi):
            if organisation[i] > 0 and aware[j, i] > 0 and exited[i] < 0:
                x = support_of(influence, user_attitude, approver_attitude, evaluator_attitude, decider_attitude, j, i)
                centres[j] += 1
                vetoes[j] += 1 if stance(approver_attitude[j, i]) == -2 else 0
                support_sum[j] += np.int64((within(x) + 2.0) * _STEPS)
                user_sponsors[j] += 1 if stance(user_attitude[j, i]) == 2 else 0
                approver_sponsors[j] += 1 if stance(approver_attitude[j, i]) == 2 else 0
                evaluator_sponsors[j] += 1 if stance(evaluator_attitude[j, i]) == 2 else 0
                decider_sponsors[j] += 1 if stance(decider_attitude[j, i]) == 2 else 0
