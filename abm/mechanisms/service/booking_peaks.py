"""Peaks of a year, and a reward for coming at another time.   Reads only its own customer.

Kernels of the theory `bookings`, which says what they claim and from where.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import equation, kernel


@equation
def is_peak(t, peak_from, peak_length, periods_per_year):
    """Return whether period t is one of the `peak_length` periods of its year that begin with `peak_from`."""
    return (np.int64(t) - np.int64(peak_from)) % np.int64(periods_per_year) < np.int64(peak_length)


@equation
def share_put_off(reward, shift_response):
    """Return the share of her occasions in a peak that a leisure customer puts off for a reward, 0-1."""
    return 1.0 - exp32(-shift_response * reward)


@kernel(per="market")
def set_rewards(reward_now, off_peak_reward, peak_from, peak_length, periods_per_year, t):
    """Set what each firm gives for coming now: `off_peak_reward` outside of peaks, else 0.

    reward_now (m,)  share of fare  [written]
    """
    for j in range(off_peak_reward.shape[0]):
        peak = is_peak(t, peak_from, peak_length, periods_per_year)
        reward_now[j] = np.float32(0.0) if peak else off_peak_reward[j]


@kernel
def put_off(
    need, postponed, provider, leisure, purchase_rate, off_peak_reward, shift_response, catch_up, peak_from,
    peak_length, periods_per_year, lo, hi, t,
):  # fmt: skip
    """Let leisure customers put off occasions of a peak for the reward of their provider, and make up for them later.

    In a peak, `share_put_off` of `need * purchase_rate` is added to `postponed` and taken from need; of others, and
    without a provider, nothing. In another period `catch_up * postponed` occasions come on top of her need, divided by
    `purchase_rate`, and off `postponed`, where both are above 0. Over all periods no occasion is won or lost.

    need (tile,)  ratio, postponed (n,)  occasions  [written]
    """
    peak = is_peak(t, peak_from, peak_length, periods_per_year)
    for i in range(lo, hi):
        r, j = i - lo, provider[i]
        if peak and j >= 0 and leisure[i] > 0:
            share = share_put_off(off_peak_reward[j], shift_response)
            postponed[i] += share * need[r] * purchase_rate[i]
            need[r] -= share * need[r]
        elif not peak and postponed[i] > 0.0 and purchase_rate[i] > 0.0:
            made_up = catch_up * postponed[i]
            need[r] += made_up / purchase_rate[i]
            postponed[i] -= made_up
