"""What a lost adopter costs a growing market: adoptions that do not come, or come later.

Claim: of a market F has adopted, and the rest adopts at the rate p by itself and q through who has adopted and uses:

    dF/dt = (p + q (F - lost)) (1 - F)

Who is lost at s has adopted and brings nobody any more. For one of very many customers the difference L to the market
with her obeys the linear equation dL/dt = q (1 - F) (1 - L) - (p + q F) L from L(s) = 0, whose solution is

    L(t) = q f(t) (Φ(t) - Φ(s)),   Φ' = 1 / (p + q F),   f = dF/dt

and with the discount rate d what is lost is worth ∫ e^(-d (t - s)) dL = d ∫ e^(-d (t - s)) L dt adoptions. Without
discount nothing is lost in the end, as L vanishes when everybody has adopted: her loss only delays the others.
Source: BASS_1969 (the market); HOGAN_LEMON_LIBAI_2003 (the question: abstract); the equation of L is worked out here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad

from abm.value.checks import FloatArray, one_number, within

_FAR = 60.0  # growth times after which nothing is left of L: e^-60


def adopted(p: float, q: float, t: ArrayLike) -> FloatArray:
    """Return the part F of a market that has adopted by time t, 0-1, in the shape of t.

    p : above 0, 1/time, of who adopts without others      q : at least 0, 1/time, through all others      t : from 0
    """
    own, others = _rates(p, q)
    grown = np.exp(-(own + others) * within("t", t, 0.0, unit="time"))
    return (1.0 - grown) / (1.0 + others / own * grown)


def adoptions_behind(p: float, q: float, lost_at: float, t: ArrayLike) -> FloatArray:
    """Return by how many adoptions L the market lies behind at t for each adopter lost, in the shape of t; 0 before.

    p, q : as of `adopted`      lost_at : s, from 0      t : from 0
    """
    own, others = _rates(p, q)
    start = one_number("lost_at", lost_at, 0.0, unit="time")
    when = np.maximum(within("t", t, 0.0, unit="time"), start)
    both, share = own + others, adopted(p, q, when)
    since = (when - start) + others / own * (np.exp(-both * start) - np.exp(-both * when)) / both
    return others * (own + others * share) * (1.0 - share) * since / both


def lost_adoptions(p: float, q: float, lost_at: float, discount: float, until: float | None = None) -> float:
    """Return what one lost adopter costs in adoptions of others, discounted to the time of her loss.

    p, q     : as of `adopted`      lost_at : s, from 0
    discount : rate per time, compounded all the time, at least 0      until : horizon, from s; None = without end
    """
    rate, start = one_number("discount", discount, 0.0, unit="1/time"), one_number("lost_at", lost_at, 0.0)
    end = start + _FAR / (p + q) if until is None else one_number("until", until, start, unit="time")
    left = float(adoptions_behind(p, q, start, end)) * np.exp(-rate * (end - start))
    held = quad(lambda t: np.exp(-rate * (t - start)) * adoptions_behind(p, q, start, t), start, end, limit=500)[0]
    return float(left + rate * held)


def _rates(p: float, q: float) -> tuple[float, float]:
    return one_number("p", p, np.finfo(float).tiny, unit="1/time"), one_number("q", q, 0.0, unit="1/time")
