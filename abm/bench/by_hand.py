"""How fast the reference market could be in compiled Python: its definition in loops made by hand, and nothing else.

No accounts, programmes, commitment, stock of stories or tallies; one purchase a period from one of three firms: what is
left when everything that makes a toolkit is taken away.
"""

from __future__ import annotations

import time

import numpy as np

from abm.bench.reference import QUALITIES
from abm.core.functions import exp32, log32, normal32
from abm.core.kernels import kernel
from abm.core.programs import Call, Program
from abm.core.streams import stream_key, uniform4
from abm.world.world import World

BLOCK = 1024  # customers worked on at a time
FIRMS = 3
BETWEEN = -19.49573  # 1 / log(1 - 0.05): ties between two that carry a story are geometric


@kernel
def buy(satisfaction, expectation, trust, provider, told, luck, quality, key, lo, hi, t):
    """Buy and learn.  satisfaction, expectation, trust (3, n), told (n,), luck (2, block)  [written]"""
    for i in range(lo, hi):
        a, b, _, _ = uniform4(key, i, t, 0, 0)
        luck[0, i - lo] = a
        luck[1, i - lo] = b
    for i in range(lo, hi):
        luck[0, i - lo] = quality[provider[i]] + 0.1 * normal32(luck[0, i - lo])
        told[i] = 0.0
    for j in range(FIRMS):
        for i in range(lo, hi):
            here = np.float32(1.0) if provider[i] == np.int64(j) else np.float32(0.0)
            gap = luck[0, i - lo] - expectation[j, i]
            s = satisfaction[j, i] + here * 0.3 * (1.0 / (1.0 + exp32(-4.0 * gap)) - satisfaction[j, i])
            satisfaction[j, i] = s
            expectation[j, i] += here * 0.2 * gap
            trust[j, i] += here * 0.1 * (s - trust[j, i])
            told[i] += here * s


@kernel
def listen(trust, said, skip, tie_start, tie_target, tie_owner, key, lo, hi, t):
    """Hear of last period's experience over one tie in twenty.  trust (3, n), skip (ties at most,)  [written]"""
    for k in range(skip.shape[0] // 4):
        a, b, c, d = uniform4(key, lo, t, k, 1)
        skip[4 * k] = np.int32(BETWEEN * log32(a))
        skip[4 * k + 1] = np.int32(BETWEEN * log32(b))
        skip[4 * k + 2] = np.int32(BETWEEN * log32(c))
        skip[4 * k + 3] = np.int32(BETWEEN * log32(d))
    e = np.int64(tie_start[lo]) + skip[0]
    for k in range(1, skip.shape[0]):
        if e >= tie_start[hi]:
            break
        i, teller = tie_owner[e], tie_target[e]
        j = np.int32(said[teller])
        trust[j, i] += 0.1 * ((said[teller] - np.float32(j)) * 2.0 - trust[j, i])
        e += skip[k] + 1


@kernel
def choose(provider, points, weight, luck, expectation, trust, price_weight, switching, price, lo, hi):
    """Draw a firm from the logit and earn points there.  provider (n,), points (3, n), weight (3, block)  [written]"""
    for j in range(FIRMS):
        for i in range(lo, hi):
            away = np.float32(3.0) if provider[i] != np.int64(j) else np.float32(0.0)
            u = 2.0 * expectation[j, i] + 1.5 * trust[j, i] - price_weight[i] * price[j] - away * switching[i]
            weight[j, i - lo] = exp32(u + 0.2 * log32(1.0 + points[j, i]))
    for i in range(lo, hi):
        r = i - lo
        two = weight[0, r] + weight[1, r]
        at = luck[1, r] * (two + weight[2, r])
        provider[i] = (np.int32(1) if at > weight[0, r] else np.int32(0)) + (np.int32(1) if at > two else np.int32(0))
    for j in range(FIRMS):
        for i in range(lo, hi):
            points[j, i] += price[j] if provider[i] == np.int64(j) else np.float32(0.0)


@kernel(per="market")
def publish(said, told, provider):
    """Make experience what may be heard in the next period: firm and satisfaction in one number.  said (n,)"""
    for i in range(said.shape[0]):
        said[i] = np.float32(provider[i]) + 0.5 * told[i]


class ByHand:
    """The market of the loops made by hand, on the graph and with the traits of a reference market.

    world : of the reference market with customers n
    """

    def __init__(self, world: World) -> None:
        n, ties, single = world.n, world.ties, np.float32
        self._satisfaction, expectation, trust = (np.full((FIRMS, n), 0.5, single) for _ in range(3))
        self._provider = np.arange(n, dtype=np.int32) % FIRMS
        told, said = np.full(n, 0.5, single), (self._provider + 0.25).astype(single)  # as `publish` writes it
        draws, weight = np.empty((2, BLOCK), single), np.empty((FIRMS, BLOCK), single)
        owner = np.repeat(np.arange(n, dtype=np.uint32), np.diff(ties.start))
        price, quality, key = np.ones(FIRMS, single), np.array(QUALITIES, single), stream_key(1, "by hand")
        skip, points = np.empty(BLOCK, np.int32), np.zeros((FIRMS, n), single)
        traits = world.customers.price_weight.copy(), world.customers.switching_cost.copy()
        calls = [
            Call(buy, (self._satisfaction, expectation, trust, self._provider, told, draws, quality, key)),
            Call(listen, (trust, said, skip, ties.start, ties.target.view(np.uint32), owner, key)),
            Call(choose, (self._provider, points, weight, draws, expectation, trust, *traits, price)),
        ]
        self.n, self.t = n, 0
        self._program = Program([(True, calls), (False, [Call(publish, (said, told, self._provider))])])

    def run(self, periods: int) -> None:
        """Go on for a number of periods."""
        self._program.run((0, self.n), BLOCK, self.t, self.t + periods)
        self.t += periods

    def rate(self, seconds: float) -> float:
        """Return customer-periods a second, over that many seconds of processor time or a little more."""
        began, first = time.process_time(), self.t
        while (spent := time.process_time() - began) < seconds or self.t == first:
            self.run(20)
        return (self.t - first) * self.n / spent

    def shares(self) -> np.ndarray:
        """Return the firms' shares of customers, (m,)."""
        return np.bincount(self._provider, minlength=FIRMS) / self.n

    def satisfaction(self) -> float:
        """Return the mean satisfaction of customers with their own firm."""
        return float(self._satisfaction[self._provider, np.arange(self.n)].mean())
