"""How fast the reference market could be: its definition in three loops made by hand, with nothing else in them.

python benchmarks/bound.py [customers]

No accounts, programmes, commitment, stock of stories or tallies; one purchase a period from one of three firms: what is
left when everything that makes a toolkit is taken away. These loops, the reference market in the shipped mechanisms and
the same market in plain Mesa are measured in turn.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from abm.bench.measure import customer_periods_per_second, mesa_rate
from abm.bench.reference import QUALITIES, ref1
from abm.core.functions import exp32, log32, normal32
from abm.core.kernels import kernel
from abm.core.programs import Call, Program
from abm.core.streams import stream_key, uniform4
from abm.engine.engine import Engine

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


class Bound:
    """The market of the loops made by hand, on the graph of the reference market."""

    def __init__(self, customers: int) -> None:
        ties, luck, single = Engine(ref1(customers, 1), 1).world.ties, np.random.default_rng(1), np.float32
        satisfaction, expectation, trust = (np.full((FIRMS, customers), 0.5, single) for _ in range(3))
        provider = luck.integers(0, FIRMS, customers).astype(np.int32)
        told, said = np.zeros(customers, single), np.zeros(customers, single)
        draws, weight = np.empty((2, BLOCK), single), np.empty((FIRMS, BLOCK), single)
        owner = np.repeat(np.arange(customers, dtype=np.uint32), np.diff(ties.start))
        price, key = np.ones(FIRMS, single), stream_key(1, "bound")
        switching, price_weight = luck.beta(2, 5, customers), luck.lognormal(0, 0.5, customers)
        calls = [
            Call(buy, (satisfaction, expectation, trust, provider, told, draws, np.array(QUALITIES, single), key)),
            Call(
                listen,
                (trust, said, np.empty(BLOCK, np.int32), ties.start, ties.target.view(np.uint32), owner, key),
            ),
            Call(
                choose,
                (
                    provider, np.zeros((FIRMS, customers), single), weight, draws, expectation, trust,
                    price_weight.astype(single), switching.astype(single), price,
                ),
            ),
        ]  # fmt: skip
        self.n, self.t = customers, 0
        self.program = Program([(True, calls), (False, [Call(publish, (said, told, provider))])])

    def rate(self, seconds: float) -> float:
        """Return customer-periods a second."""
        began, periods = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            self.program.run((0, self.n), BLOCK, self.t, self.t + 20)
            self.t, periods = self.t + 20, periods + 20
        return periods * self.n / (time.perf_counter() - began)


def main(customers: int = 10_000, rounds: int = 5) -> None:
    """Print the three rates, the best of several rounds in turn, and the medians of their ratios."""
    bound, market = Bound(customers), ref1(customers)
    bound.rate(0.1)
    rates = np.array(
        [
            (bound.rate(0.6), customer_periods_per_second(market, seconds=0.6), mesa_rate(customers, 0.6))
            for _ in range(rounds)
        ]
    )
    for name, column in zip(("by hand", "reference market", "plain Mesa"), rates.T, strict=True):
        print(f"{name:18}{column.max():14,.0f}")
    print(f"by hand / reference market {np.median(rates[:, 0] / rates[:, 1]):6.1f}")
    print(f"by hand / plain Mesa       {np.median(rates[:, 0] / rates[:, 2]):6.0f}")
    print(f"reference market / Mesa    {np.median(rates[:, 1] / rates[:, 2]):6.0f}")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
