"""Peaks of a year, and a reward for coming at another time.   Reads only its own customer.

Kernels of the theory `bookings`, which says what they claim and from where.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import equation, kernel


@equation
def is_peak(t, peak_from, peak_length, periods_per_year):
    """Return whether period t is in the peak: (t - peak_from) modulo the periods of a year is below `peak_length`.

    A peak may go on over the end of the year; one as long as the year is always.
    """
    return (np.int64(t) - np.int64(peak_from)) % np.int64(periods_per_year) < np.int64(peak_length)


@equation
def share_kept(reward, shift_response):
    """Return the share of her occasions in a peak that a leisure customer does not put off for a reward, above 0.

    It is e^(-shift_response * reward), and not below e^-80.
    """
    return exp32(-shift_response * reward)


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
    need, put_off_visits, provider, leisure, purchase_rate, off_peak_reward, shift_response, catch_up, peak_from,
    peak_length, periods_per_year, lo, hi, t,
):  # fmt: skip
    """Let leisure customers put off occasions of a peak for the reward of their provider, and make up for them later.

    In a peak need is multiplied by `share_kept` of the `off_peak_reward` of her provider; of others, and without a
    provider, it is left. In another period `catch_up * put_off_visits / purchase_rate` is added, where
    `put_off_visits` and `purchase_rate` are above 0, whoever her provider is by then.

    need (tile,)  ratio  [written]
    """
    peak = is_peak(t, peak_from, peak_length, periods_per_year)
    for i in range(lo, hi):
        r, j = i - lo, provider[i]
        if peak and j >= 0 and leisure[i] > 0:
            need[r] *= share_kept(off_peak_reward[j], shift_response)
        elif not peak and put_off_visits[i] > 0.0 and purchase_rate[i] > 0.0:
            need[r] += catch_up * put_off_visits[i] / purchase_rate[i]


@kernel
def note_put_off(
    put_off_visits, need, provider, leisure, purchase_rate, off_peak_reward, shift_response, catch_up, peak_from,
    peak_length, periods_per_year, lo, hi, t,
):  # fmt: skip
    """Note what was put off, or made up for: over all periods no occasion is won or lost.

    Where `put_off` has multiplied need by k, `put_off_visits` rises by `need * purchase_rate * (1 - k) / k`, of need as
    all terms have left it; where it has added to need, `put_off_visits` falls by `catch_up` of itself.

    put_off_visits (n,)  occasions  [written]
    """
    peak = is_peak(t, peak_from, peak_length, periods_per_year)
    for i in range(lo, hi):
        j = provider[i]
        if peak and j >= 0 and leisure[i] > 0:
            kept = share_kept(off_peak_reward[j], shift_response)
            put_off_visits[i] += need[i - lo] * purchase_rate[i] * ((1.0 - kept) / kept)
        elif not peak and put_off_visits[i] > 0.0 and purchase_rate[i] > 0.0:
            put_off_visits[i] -= catch_up * put_off_visits[i]
