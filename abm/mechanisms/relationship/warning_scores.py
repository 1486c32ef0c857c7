"""Warning scores: how sure a firm may be that a customer is gone, from what it has seen of her.   Reads only its own
customer.

Claim: silence is judged against her own rhythm; or by the chance that she has dropped out after a visit, if visits are
Poisson until then; or by whatever told in the past who was gone.
Source: FADER_HARDIE_LEE_2005 (BG/NBD, the chance of being alive); the logit is a form, its weights are estimated.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32, log32, logistic32, one_more
from abm.core.kernels import equation, kernel
from abm.world.complaints import SILENT

_LEAST_GAP = np.float32(1e-3)


@equation
def recency_warning(silence, gap):
    """Return how sure a firm may be that an active customer would have come by now: 1 - e^(-silence / gap)."""
    return np.float32(1.0) - exp32(-silence / max(gap, np.float32(1e-3)))


@equation
def dropped_out(repeats, recency, age, r, alpha, a, b):
    """Return 1 - P(alive) of the BG/NBD model; 0 without a repeat visit.

    With x repeats, the last t_x periods after the first visit, age T: the odds of having dropped out are
    a / (b + x - 1) * ((alpha + T) / (alpha + t_x))^(r + x).
    """
    x = max(repeats, np.float32(1.0))
    odds = log32(a / (b + x - 1.0)) + (r + x) * (log32(alpha + age) - log32(alpha + recency))
    return logistic32(odds) if repeats > 0.0 else np.float32(0.0)


@equation
def slowing(gap, recency, visits):
    """Return how far her visits have slowed down: ln(smoothed gap / mean gap of all visits seen); 0 where one is 0.

    recency : periods from the first visit seen to the last
    """
    mean = recency / max(visits - 1.0, np.float32(1.0))
    known = gap > 0.0 and mean > 0.0
    return log32(max(gap, _LEAST_GAP)) - log32(max(mean, _LEAST_GAP)) if known else np.float32(0.0)


@kernel
def note_first(seen_first_at, visit_count, visit_pair, seen_visits_at, t):
    """Note the period of the first visit of each customer that the firm knows of.  seen_first_at (pairs,)  [written]"""
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        if seen_visits_at[pair] > 0 and seen_first_at[pair] < 0:
            seen_first_at[pair] = t


@kernel
def note_complaints(seen_complaints_at, visit_count, visit_pair, known_at, complaint_channel):
    """Count the complaints of customers whom the firm knows by now, also of the period's visits before it knew them.

    seen_complaints_at (pairs,)  [written]
    """
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        if known_at[pair] > 0 and complaint_channel[v] != SILENT:
            seen_complaints_at[pair] += 1


@kernel
def score_silence(warning, known, seen_last, seen_gap, sees_all, lo, hi, t):
    """Score the silence of known customers by their rhythm; 0 while that is not known.

    warning (m, n)  0-1  [written]
    """
    for j in range(warning.shape[0]):
        for i in range(lo, hi if sees_all[j] == 0 else lo):
            score = recency_warning(np.float32(np.int32(t) - seen_last[j, i]), seen_gap[j, i])
            score = score if seen_gap[j, i] > 0.0 else np.float32(0.0)
            before = warning[j, i]
            warning[j, i] = score if known[j, i] > 0 else before


@kernel
def score_alive(warning, known, seen_first, seen_last, seen_visits, sees_all, r, alpha, a, b, lo, hi, t):
    """Score known customers by the chance that they have dropped out, of visits seen: `seen_visits - 1` repeats.

    warning (m, n)  0-1  [written]
    """
    for j in range(warning.shape[0]):
        for i in range(lo, hi if sees_all[j] == 0 else lo):
            if known[j, i] > 0:
                repeats = np.float32(seen_visits[j, i] - 1)
                recency = np.float32(seen_last[j, i] - seen_first[j, i])
                warning[j, i] = dropped_out(repeats, recency, np.float32(t - seen_first[j, i]), r, alpha, a, b)


@kernel
def score_logit(
    warning, known, seen_first, seen_last, seen_visits, seen_spend, seen_gap, seen_complaints, sees_all, intercept,
    on_silence, on_visits, on_spend, on_trend, on_complaints, lo, hi, t,
):  # fmt: skip
    """Score known customers by a logit of what is seen of them.

    Its terms: `on_silence * silence / gap` (0 while the gap is not known), `on_visits * ln(visits)`,
    `on_spend * ln(1 + spend)` in cu, `on_trend * slowing`, `on_complaints * complaints`.

    warning (m, n)  0-1  [written]
    """
    for j in range(warning.shape[0]):
        for i in range(lo, hi if sees_all[j] == 0 else lo):
            if known[j, i] > 0:
                gap, visits = seen_gap[j, i], np.float32(seen_visits[j, i])
                ratio = np.float32(t - seen_last[j, i]) / max(gap, _LEAST_GAP) if gap > 0.0 else np.float32(0.0)
                trend = slowing(gap, np.float32(seen_last[j, i] - seen_first[j, i]), visits)
                spent = log32(1.0 + 0.01 * np.float32(seen_spend[j, i]))
                terms = intercept + on_silence * ratio + on_visits * log32(visits) + on_spend * spent
                warning[j, i] = logistic32(terms + on_trend * trend + on_complaints * np.float32(seen_complaints[j, i]))


@kernel
def count_warnings(
    warning, known, provider, exited, warn_from, sees_all, known_customers, warned, warned_rightly, gone, lo, hi
):  # fmt: skip
    """Count how often a warning is right, and give firms that see all the truth as their score: 1 or 0.

    A warning is given from `warn_from` on. It is right of somebody who goes to another firm by now or has left the
    category.

    warning (m, n)  0-1  [written]      known_customers, warned, warned_rightly, gone  tallies [written]
    """
    for j in range(warning.shape[0]):
        there = alarms = right = away = np.int32(0)
        for i in range(lo, hi if sees_all[j] > 0 else lo):
            if known[j, i] > 0:
                left = (provider[i] != np.int32(j)) | (exited[i] >= 0)
                warning[j, i] = np.float32(1.0) if left else np.float32(0.0)
        for i in range(lo, hi):
            left = (provider[i] != np.int32(j)) | (exited[i] >= 0)
            seen = known[j, i] > 0
            alarm = seen & (warning[j, i] >= warn_from)
            there = one_more(there, seen)
            away = one_more(away, seen & left)
            alarms = one_more(alarms, alarm)
            right = one_more(right, alarm & left)
        known_customers[j] += there
        warned[j] += alarms
        warned_rightly[j] += right
        gone[j] += away
