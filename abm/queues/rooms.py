"""Lines that cannot grow without end: a room that holds K (M/M/c/K), and N customers who come back (M/M/c//N).

Both are birth-death chains: with the rate up from k of α_k and the rate down of β_k,

    p_k ∝ α_0 … α_(k-1) / (β_1 … β_k),   β_k = min(k, c) / m

    room of K       α_k = λ for k < K; who finds K inside is turned away: P(block) = p_K
    N customers     α_k = (N - k) / b: each comes back a mean time b after she was served (machine repair)

M/M/1/K is c = 1, M/M/c/c is Erlang B. Who comes in a population of N sees the line as it would be without her: that of
N - 1 (arrival theorem). Service times, times between arrivals and times away are exponential.
Source: the chains are standard (Palm 1947 for machine repair, Sevcik & Mitrani 1981 for the arrival theorem: both from
memory); worked out here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abm.queues.checks import SHORTEST, FloatArray, count, number


@dataclass(frozen=True)
class Room:
    """A line in a room of limited size in the long run; what is said of customers is said of those who were let in.

    p_block    : share of arrivals who find the room full, 0-1      served : customers served a minute
    p_wait     : share of those let in who wait, 0-1                mean_wait : E[W], minutes
    mean_queue : customers who wait      mean_inside : customers who wait or are served
    occupancy  : share of time that a server is busy, 0-1           chances : p_k, k = 0 … K, (K + 1,)
    """

    p_block: float
    p_wait: float
    served: float
    mean_wait: float
    mean_queue: float
    mean_inside: float
    occupancy: float
    chances: FloatArray


@dataclass(frozen=True)
class Population:
    """A line that a known number of customers comes back to, in the long run.

    served     : customers served a minute                          p_wait : share of arrivals who wait, 0-1
    mean_wait  : E[W], minutes      mean_queue : customers who wait      mean_inside : who wait or are served
    occupancy  : share of time that a server is busy, 0-1           chances : p_k of k inside, k = 0 … N, (N + 1,)
    """

    served: float
    p_wait: float
    mean_wait: float
    mean_queue: float
    mean_inside: float
    occupancy: float
    chances: FloatArray


def limited_room(rate: float, minutes: float, servers: int, room: int) -> Room:
    """Return what M/M/c/K is like in the long run; any load is stable.

    rate    : λ, arrivals a minute, at least 0      minutes : m, mean service time, above 0
    servers : c, at least 1      room : K, customers inside at most, those in service included, at least c
    Any other unit of time will do if both are in it. Raises Refusal for numbers out of range.
    """
    come, took = number("rate", rate, unit="1/minute"), number("minutes", minutes, SHORTEST, unit="minutes")
    c = count("servers", servers)
    most = count("room", room, low=c, unit="customers, those in service included")
    chances = _chances(np.full(most, come), c, took)
    entering = float(chances[:-1].sum())  # not 1 - p_K, of which nothing is left where almost everybody is turned away
    admitted = come * entering
    inside, queue, busy = _means(chances, c)
    p_wait = float(chances[c:-1].sum()) / entering
    wait = queue / admitted if admitted else 0.0
    return Room(float(chances[-1]), p_wait, admitted, wait, queue, inside, busy, chances)


def finite_population(members: int, away: float, minutes: float, servers: int) -> Population:
    """Return what M/M/c//N is like in the long run: machines that fail and are repaired, or customers who come back.

    members : N, at least 1      away : b, mean minutes from the end of a service until she comes again, above 0
    minutes : m, mean service time, above 0      servers : c, at least 1
    Any other unit of time will do if both are in it. Raises Refusal for numbers out of range.
    """
    n, c = count("members", members, unit="customers"), count("servers", servers)
    between = number("away", away, SHORTEST, unit="minutes")
    took = number("minutes", minutes, SHORTEST, unit="minutes")
    chances = _chances(np.arange(n, 0, -1.0) / between, c, took)
    found = _chances(np.arange(n - 1, 0, -1.0) / between, c, took)  # by who comes
    inside, queue, busy = _means(chances, c)
    served = busy * c / took
    return Population(served, float(found[c:].sum()), queue / served, queue, inside, busy, chances)


def _chances(up: FloatArray, servers: int, minutes: float) -> FloatArray:
    """Return the long-run chances (k + 1,) of a chain with those rates up (k,); in logarithms: none overflows."""
    down = np.minimum(np.arange(1.0, up.size + 1.0), servers) / minutes
    with np.errstate(divide="ignore"):
        logs = np.concatenate(([0.0], np.cumsum(np.log(up) - np.log(down))))
    chances = np.exp(logs - logs.max())
    return chances / chances.sum()


def _means(chances: FloatArray, servers: int) -> tuple[float, float, float]:
    """Return how many are inside, how many of them wait, and the occupancy."""
    inside = np.arange(chances.size)
    waiting = np.maximum(inside - servers, 0)
    busy = np.minimum(inside, servers)
    return float(chances @ inside), float(chances @ waiting), float(chances @ busy) / servers
