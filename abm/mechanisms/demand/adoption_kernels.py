"""Kernels of adoption: who begins as an adopter, who has to wait, who adopts.   Neighbours as the period found them.

Claim and sources: on the page of the theory, adoption.py.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp64
from abm.core.kernels import equation, kernel
from abm.core.streams import philox, uniform_fine


@equation(double=True)
def chance_of_adopting(share, innovation, imitation, years):
    """Return the chance of adopting within some years: 1 - e**-((innovation + imitation * share) * years)."""
    return 1.0 - exp64(-((innovation + imitation * share) * years))


@equation
def share_adopted(adopted, neighbours):
    """Return the share of neighbours who have adopted, as float32; of none it is 0."""
    return np.float32(adopted) / np.float32(neighbours) if neighbours > 0 else np.float32(0.0)


@equation(double=True)
def threshold_of(u, threshold, threshold_spread):
    """Return a customer's threshold: threshold + threshold_spread * (2 u - 1), held within [0, 1]."""
    return min(1.0, max(0.0, threshold + threshold_spread * (2.0 * u - 1.0)))


@kernel
def draw_first_adopters(adoption_period, customer_id, initial_adopters, customers_at_start, key, replication):
    """Draw who has adopted before the market begins: uniform below `initial_adopters`.

    The uniform has 32 bits (period 0, draw 1, block 0, word 0), and is compared in float64 with the float32 parameter.
    Newcomers, of identity `customers_at_start` or higher, have not adopted.

    adoption_period (n,)  0 = before the market began  [written, of first adopters alone]
    """
    for i in range(customer_id.shape[0]):
        if customer_id[i] < customers_at_start:
            word = philox(customer_id[i], 0, 1 << 16, replication, key)[0]
            if uniform_fine(word) < initial_adopters:
                adoption_period[i] = 0


@kernel
def wait_for_adoption(need, adoption_period, lo, hi):
    """Let who has not adopted need nothing: `need` becomes 0, and stays as it is for others.

    need (tile,)  ratio  [written]
    """
    for i in range(lo, hi):
        need[i - lo] *= np.float32(1.0) if adoption_period[i] >= 0 else np.float32(0.0)


@kernel
def adopt_by_hazard(
    adoption_period, exited, tie_start, tie_target, customer_id, adoptions, innovation, imitation, periods_per_year,
    key, replication, lo, hi, t,
):  # fmt: skip
    """Draw who adopts at the end of the period, by herself or after her neighbours.

    Who has neither adopted nor left the category adopts with `chance_of_adopting` in 1 / `periods_per_year` years, in
    float64 from the float32 parameters, held against a uniform of 32 bits (period t, draw 0, block 0, word 0): she
    adopts if it is below. `share` is the float32 share of her neighbours with 0 <= adoption_period <= t, whatever their
    ties weigh and whether or not they have left since; who has no neighbours has a share of 0. Who adopts now has
    t + 1, and counts for nobody before the next period.

    adoption_period (n,)  first period with occasions, -1 = has not adopted  [written]
    adoptions  tally, nobody's entry [written]
    """
    years = 1.0 / np.float64(periods_per_year)
    p, q = np.float64(innovation), np.float64(imitation)
    # Few draws are low enough even if all neighbours had adopted: only these look at their neighbours
    most = 1.001 * chance_of_adopting(1.0, p, q, years) + 1e-6
    found = 0
    for i in range(lo, hi):
        if (adoption_period[i] < 0) & (exited[i] < 0):
            luck = uniform_fine(philox(customer_id[i], t, 0, replication, key)[0])
            if luck < most:
                who, have = np.int64(i), 0
                for e in range(tie_start[who], tie_start[who + 1]):
                    since = adoption_period[tie_target[e]]
                    have += 1 if (since >= 0) & (since <= t) else 0
                share = share_adopted(have, tie_start[who + 1] - tie_start[who])
                if luck < chance_of_adopting(np.float64(share), p, q, years):
                    adoption_period[i] = t + 1
                    found += 1
    adoptions[-1] += found


@kernel
def adopt_by_threshold(
    adoption_period, exited, tie_start, tie_target, customer_id, adoptions, threshold, threshold_spread, key,
    replication, lo, hi, t,
):  # fmt: skip
    """Let those adopt at the end of the period whose neighbours have adopted in a share that reaches their threshold.

    The share is counted as in `adopt_by_hazard`, as float32; one that equals the threshold reaches it. Who has adopted,
    has left the category, or has no neighbours stays as she is, whatever her threshold; all others reach one of 0. A
    threshold is `threshold_of` a uniform of 32 bits (period 0, draw 1, block 0, word 1), so the same in all periods; it
    is worked out in float64 from the float32 parameters, and compared as float32.

    adoption_period (n,)  first period with occasions, -1 = has not adopted  [written]
    adoptions  tally, nobody's entry [written]
    """
    middle, spread = np.float64(threshold), np.float64(threshold_spread)
    found = 0
    for i in range(lo, hi):
        who = np.int64(i)
        neighbours = tie_start[who + 1] - tie_start[who]
        if (adoption_period[i] < 0) & (exited[i] < 0) & (neighbours > 0):
            have = 0
            for e in range(tie_start[who], tie_start[who + 1]):
                since = adoption_period[tie_target[e]]
                have += 1 if (since >= 0) & (since <= t) else 0
            luck = uniform_fine(philox(customer_id[i], 0, 1 << 16, replication, key)[1])
            if share_adopted(have, neighbours) >= np.float32(threshold_of(luck, middle, spread)):
                adoption_period[i] = t + 1
                found += 1
    adoptions[-1] += found


@kernel
def count_adopters(adoption_period, exited, adopters, not_adopted, lo, hi):
    """Count who has adopted at the end of the period, and who has not and is still in the category.

    Who has adopted counts also after leaving the category. Who adopts at the end of the period has adopted by then.

    adopters, not_adopted  tallies, nobody's entry [written]
    """
    have, have_not = 0, 0
    for i in range(lo, hi):
        have += 1 if adoption_period[i] >= 0 else 0
        have_not += 1 if (adoption_period[i] < 0) & (exited[i] < 0) else 0
    adopters[-1] += have
    not_adopted[-1] += have_not
