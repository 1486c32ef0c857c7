"""Customers on a line between two firms, who buy twice: a laboratory, as tastes of a market of `abm` are normal.

Source: Lim & Lee 2015, whose rule of the first purchase is taken as it is printed: a customer reckons with both prices
and with the reward, and with her misfit twice if tastes last, once if the second is not known yet.
"""

from dataclasses import dataclass

import numpy as np

from abm import Refusal

GOLDEN = (5**0.5 - 1) / 2  # multiples of it lie evenly between whole numbers, and beside any even row


@dataclass(frozen=True)
class Terms:
    """What a firm sets: a price, and a reward for who comes again, money."""

    price: float
    reward: float = 0.0


@dataclass(frozen=True)
class Line:
    """Customers by what sets them off from A, 0-1, at the first purchase and at the second.

    misfit : t, money at the far end      counted : how often it counts in the first choice
    """

    first: np.ndarray
    second: np.ndarray
    misfit: float
    counted: int

    def profits(self, a, b, alpha):
        """Return the profit of A and B a customer, and the share who come again; alpha only where there is a reward."""
        t, lead = self.misfit, 2.0 * (b.price - a.price) - (b.reward - a.reward)
        at_a = self.counted * t * (2.0 * self.first - 1.0) < lead
        gap = t * (2.0 * self.second - 1.0)
        then_a = np.where(at_a, gap < b.price - a.price + a.reward, gap < b.price - b.reward - a.price)
        found = [self._profit(x, at, then, alpha) for x, at, then in ((a, at_a, then_a), (b, ~at_a, ~then_a))]
        return (*found, np.mean(at_a == then_a))

    def _profit(self, terms, at, then, alpha):
        again = np.mean(at & then)
        data = alpha if terms.reward > 0.0 else 0.0
        return terms.price * (np.mean(at) + np.mean(then)) + (data - terms.reward) * again


def replicate(paper):
    """Return what each claim comes to; where tastes lie evenly there is no luck in it."""
    own = paper.settings
    n, t = own["customers"], own["misfit"]
    if n < 1 or t <= 0.0 or min(own["ratios"], default=1.0) <= 0.0:
        raise Refusal("is not above 0", place="paper.customers, misfit or ratios")
    place = (np.arange(n) + 0.5) / n
    lasting, changing = Line(place, place, t, 2), Line(place, np.arange(n) * GOLDEN % 1.0, t, 1)
    return {
        **with_lasting_tastes(own, lasting),
        **with_changing_tastes(own, changing),
        **where_data_are_rich(own, changing),
    }


def with_lasting_tastes(own, line):
    """Return the profits at the printed prices, of firms without programmes, with one, and with two."""
    t, alpha, r = line.misfit, own["lasting"]["alpha"], own["lasting"]["reward"]
    none = Terms(t)
    only_a, only_b = Terms((6.0 * t + 3.0 * r - 2.0 * alpha) / 6.0, r), Terms((6.0 * t - alpha) / 6.0)
    both = Terms((r + 2.0 * t - alpha) / 2.0, r)
    one = line.profits(only_a, only_b, alpha)
    return {
        "profit of both without programmes, lasting tastes": line.profits(none, none, alpha)[0],
        "profit of A, the only one with a programme, lasting tastes": one[0],
        "profit of B, the one without, lasting tastes": one[1],
        "profit of both with programmes, lasting tastes": line.profits(both, both, alpha)[0],
    }


def printed(t, alpha):
    """Return the terms of both firms with programmes where tastes change (Table 3)."""
    return Terms((t - alpha + 18.0 * t**2 / (13.0 * t + 2.0 * alpha)) / 3.0, (2.0 * t + alpha) / 3.0)


def with_changing_tastes(own, line):
    """Return profits at the printed terms, and the best terms against them."""
    t, half = line.misfit, own["half"]
    worthless, worth = printed(t, 0.0), printed(t, half)
    profit, _, again = line.profits(worthless, worthless, 0.0)
    best, best_with = best_against(own, line, worthless, 0.0), best_against(own, line, worth, half)
    return {
        "profit of both with programmes, changing tastes, data worth nothing": profit,
        "profit of both with programmes, changing tastes, data worth half of t": line.profits(worth, worth, half)[0],
        "customers who buy twice at the same firm, data worth nothing": again,
        "best price against the printed one, data worth nothing": best.price,
        "best reward against the printed one, data worth nothing": best.reward,
        "best price against the printed one, data worth half of t": best_with.price,
        "best reward against the printed one, data worth half of t": best_with.reward,
    }


def best_against(own, line, rival, alpha):
    """Return the terms that pay A most against a rival's, of those around them."""
    steps = own["step"] * np.arange(-own["reach"], own["reach"] + 1)
    tried = [Terms(rival.price + p, rival.reward + r) for p in steps for r in steps if rival.reward + r > 0.0]
    return max(tried, key=lambda terms: line.profits(terms, rival, alpha)[0])


def where_data_are_rich(own, line):
    """Return what programmes add to the profit of both at the printed terms, and at which ratios it is anything."""
    t = line.misfit

    def added(alpha):
        terms = printed(t, alpha)
        return line.profits(terms, terms, alpha)[0] - t

    pays = [ratio for ratio in own["ratios"] if added(t / ratio) > 0.0]
    return {
        "t / alpha below which programmes of both pay; 0 = at none tried": max(pays, default=0.0),
        "what programmes of both add to profit where t / alpha is 0.2": added(own["rich"]),
    }
