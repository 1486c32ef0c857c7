"""Kernels of competition: who goes over to a rival, what is known of firms, which stances are in force.

Claim and sources: on the page of the theory, competition.py.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import in_steps, normal32, unit
from abm.core.kernels import kernel
from abm.core.streams import uniform4

_FIRST = np.int32(2)  # of the stances that move levers, after none and watch
MOST_PRICE = np.float32(2047.0)  # that an int32 holds in whole 2^-20


@kernel
def count_switchers(provider_before, provider, held_customers, lost_customers, won_customers, lo, hi):
    """Count whose provider at the end of the period is another firm than when it began, then note the provider.

    Who had none before (-1), or has none now, has gone over to nobody. `held_customers` counts by the provider before,
    nobody's entry those who had none.

    provider_before (n,)  firm  [written]      held_customers, lost_customers, won_customers  tallies [written]
    """
    for i in range(lo, hi):
        was, now = provider_before[i], provider[i]
        held_customers[was] += 1
        if was >= 0 and now >= 0 and was != now:
            lost_customers[was] += 1
            won_customers[now] += 1
        provider_before[i] = now


@kernel(per="market")
def note_rivalry(
    stance_now, price, quality, strength_seen, watched_periods, stance_periods, price_noted, quality_noted,
    strength_sum, strength_periods, test_noise, key, replication, t,
):  # fmt: skip
    """Note what everybody may know of each open firm, and its stance; a firm that is away (-1) is not noted.

    A public test reads quality with noise: `unit(quality + test_noise * z)`, z standard normal from the address (j, t,
    draw 0, block 0), word 0, the number of the firm in the place of the customer's id. Price and test are added in
    whole 2^-20, cut off; a price of 2,047 and more counts as 2,047. Of a firm that moves levers by stance k >= 2,
    `stance_periods[k - 2]` grows by 1. The relative strength that was read last, if any was, is added likewise.

    watched_periods, stance_periods (7, m + 1), price_noted, quality_noted, strength_sum, strength_periods  tallies
    [written]
    """
    for j in range(price.shape[0]):
        if stance_now[j] >= 0:
            z = normal32(uniform4(key, j, t, 0, replication)[0])
            watched_periods[j] += 1
            price_noted[j] += in_steps(min(price[j], MOST_PRICE))
            quality_noted[j] += in_steps(unit(quality[j] + test_noise * z))
            if stance_now[j] >= _FIRST:
                stance_periods[stance_now[j] - _FIRST, j] += 1
            if strength_seen[j] >= 0.0:
                strength_sum[j] += in_steps(strength_seen[j])
                strength_periods[j] += 1
