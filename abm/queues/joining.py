"""Joining a visible line, or not: Naor's customers, one server.

Claim: who sees i in the system joins if the value R of being served is at least what her time costs, C (i + 1) / μ; so
nobody joins at n_e. She does not count the waits that she causes, and so more join than is best for all together.

    n_e      the largest n with n <= v,                   v = R μ / C
    n_o      the largest n with Σ_{k<n} (n - k) ρ^k <= v,  ρ = λ / μ       best for all, n_o <= n_e
    welfare  λ (1 - p_n) R - C L                           a minute, of the chain M/M/1/n
    toll     R - C n_o / μ                                 the highest price at which n_o is what each chooses

At equality she joins. The sum is (n (1 - ρ) - ρ (1 - ρ^n)) / (1 - ρ)² written so that ρ = 1 needs no case of its own.
Source: Naor 1969, Econometrica (from memory).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from abm.core.errors import Refusal
from abm.queues.checks import MOST, SHORTEST, count, number
from abm.queues.rooms import limited_room

_ALIKE = 1.0 + 1e-12  # what differs by rounding alone is equal, so that she joins


@dataclass(frozen=True)
class Joining:
    """How many are in the system when nobody joins any more, and what that is worth.

    own, social       : n_e, n_o, customers in the system at which arrivals turn away
    welfare_own, welfare_social : money a minute, of all customers together (tolls only change hands)
    balk_own, balk_social       : share of arrivals who turn away, 0-1
    inside_own, inside_social   : mean number of customers in the system
    toll              : money, the highest at which customers who look after themselves stop at n_o
    """

    own: int
    social: int
    welfare_own: float
    welfare_social: float
    balk_own: float
    balk_social: float
    inside_own: float
    inside_social: float
    toll: float


def naor(value: float, waiting_cost: float, rate: float, minutes: float) -> Joining:
    """Return when customers stop joining, by themselves and for the good of all (M/M/1, the line is seen).

    value : R, money, of being served, at least 0      waiting_cost : C, money a minute in the system, above 0
    rate  : λ, arrivals a minute, at least 0           minutes : 1/μ, mean service time, above 0
    Raises Refusal for numbers out of range, and where the value is worth more than a million services of waiting.
    """
    r, c = number("value", value, unit="money"), number("waiting_cost", waiting_cost, SHORTEST, unit="money a minute")
    come, took = number("rate", rate, unit="1/minute"), number("minutes", minutes, SHORTEST, unit="minutes")
    worth = r / (c * took) * _ALIKE
    if worth >= MOST:
        raise Refusal(f"= {r:g} pays for a wait of over {MOST:,} services; state a smaller one", place="value")
    own = math.floor(worth)
    social = _social(worth, come * took, own)
    balk_own, inside_own, welfare_own = _outcome(own, r, c, come, took)
    balk_social, inside_social, welfare_social = _outcome(social, r, c, come, took)
    toll = r - c * took * social
    return Joining(
        own, social, welfare_own, welfare_social, balk_own, balk_social, inside_own, inside_social, max(toll, 0.0)
    )


def welfare(stop: int, value: float, waiting_cost: float, rate: float, minutes: float) -> float:
    """Return what all customers together gain, money a minute, if arrivals turn away at `stop` in the system.

    stop : n, whole, at least 0; the others and the refusals as of `naor`
    """
    r, c = number("value", value, unit="money"), number("waiting_cost", waiting_cost, SHORTEST, unit="money a minute")
    come, took = number("rate", rate, unit="1/minute"), number("minutes", minutes, SHORTEST, unit="minutes")
    return _outcome(count("stop", stop, low=0, unit="customers in the system"), r, c, come, took)[2]


def _social(worth: float, load: float, own: int) -> int:
    """Return n_o by adding Σ_{k<n} ρ^k for n = 1, 2, … until the sum is above the worth; it is at least n."""
    with np.errstate(over="ignore"):
        steps = np.cumsum(load ** np.arange(own))
        return int(np.searchsorted(np.cumsum(steps), worth, side="right"))


def _outcome(stop: int, value: float, cost: float, rate: float, minutes: float) -> tuple[float, float, float]:
    """Return the share who turn away, the mean number in the system, and welfare a minute."""
    if stop == 0:
        return 1.0, 0.0, 0.0
    room = limited_room(rate, minutes, 1, stop)
    return room.p_block, room.mean_inside, room.served * value - cost * room.mean_inside
