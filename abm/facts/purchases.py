"""Facts of who buys what how often: repeat purchase, brands large and small, heavy and light buyers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from abm.core.citations import cite
from abm.core.sources import EHRENBERG_1959, EHRENBERG_1988, GOODHARDT_EHRENBERG_CHATFIELD_1984
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.logs import brands
from abm.logs.brands import Purchases, ordered_purchases
from abm.logs.nbd_check import check_nbd

_RARE = 0.3  # penetration below which large brands have hardly more frequent buyers than small ones


def each(found: list[Purchases], measure: Callable[[Purchases], float]) -> np.ndarray:
    """Return a measure of each replication's purchases."""
    return np.array([measure(bought) for bought in found])


def _jackknifed(found: list[Purchases], measure: Callable[[Purchases], float]) -> np.ndarray:
    """Return pseudo-values of a measure that is taken of all replications' customers together.

    What is largest or smallest over brands is biased by luck where customers are few; their mean is the measure of the
    pooled customers with most of that bias removed, their spread its uncertainty.
    """
    replications = len(found)
    whole = measure(_pooled(found))
    left_out = [measure(_pooled(found[:r] + found[r + 1 :])) for r in range(replications)] if replications > 1 else []
    return np.array([replications * whole - (replications - 1) * part for part in left_out])


def _pooled(found: list[Purchases]) -> Purchases:
    """Return the purchases of several markets as if all their customers were in one."""
    people = np.cumsum([0, *(bought.customers for bought in found)])
    customer = np.concatenate([bought.customer + first for bought, first in zip(found, people, strict=False)])
    period, firm = (np.concatenate([getattr(bought, name) for bought in found]) for name in ("period", "firm"))
    return ordered_purchases(customer, period, firm, int(people[-1]), found[0].firms)


def window(lab: Laboratory, periods: int, unequal: bool) -> list[Purchases]:
    """Return each replication's purchases of the last periods, of the market or of five unequal brands."""
    end = lab.scenario.periods
    logs = lab.logs(lab.brands() if unequal else {})
    return [log.between(end - periods, end).purchases for log in logs]


def repeat_beyond_taste(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how much of repeat purchase is in the order of purchases."""
    lab.need_rivals()
    return {"repeat less shuffled": each(window(lab, 2 * lab.year, False), brands.repeat_minus_shuffle)}


def double_jeopardy(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure what five unequal brands differ in."""
    year = window(lab, lab.year, True)
    rare = window(lab, max(1, lab.year // 13), True)

    def distance(bought: Purchases) -> float:
        return brands.relative_spread(brands.frequency_constant(bought))

    def ranges(bought: Purchases) -> float:
        b, w = brands.penetration(bought), brands.purchase_frequency(bought)
        few = b < _RARE
        return float((b[few].max() / b[few].min()) / (w[few].max() / w[few].min()))

    return {
        "largest distance of w(1-b) from its mean": _jackknifed(year, distance),
        "range of penetrations / range of frequencies": _jackknifed(rare, ranges),
    }


def occasions(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how far counts of purchases are from an NBD."""
    quarter = max(1, lab.year // 4)

    def chi_square(counts: np.ndarray) -> float:
        found = check_nbd(counts)
        return found.chi_square / found.degrees_of_freedom

    category = window(lab, quarter, False)
    return {
        "chi-square per degree, category": each(category, lambda bought: chi_square(bought.counts.sum(axis=1))),
        "chi-square per degree, first firm": each(category, lambda bought: chi_square(bought.counts[:, 0])),
    }


def duplication(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how well one coefficient says who else buys of a brand's buyers."""
    year = window(lab, lab.year, True)
    return {"largest error": _jackknifed(year, lambda bought: brands.duplication_of_purchase(bought).largest_error)}


def heavy_buyers(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure what the fifth of the buyers who spend most spends."""
    end = lab.scenario.periods
    money = [log.between(end - lab.year, end).money.sum(axis=1) for log in lab.logs()]
    return {"share of the top fifth": np.array([brands.top_share(spent) for spent in money])}


def sole_buyers(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how many buyers of the category buy one brand only, by length of time."""
    lab.need_rivals()
    weeks = {"week": lab.year // 52, "four weeks": lab.year // 13, "quarter": lab.year // 4, "year": lab.year}
    return {
        f"over a {name}" if name != "four weeks" else f"over {name}": each(
            window(lab, max(1, periods), True), lambda bought: float(brands.sole_buyers(bought).mean())
        )
        for name, periods in weeks.items()
    }


FACTS = (
    Fact(
        3,
        "repeat_beyond_taste",
        "most repeat purchase is taste: shuffling a customer's purchases costs little of it",
        "computed: three scanner panels, .02 to .11",
        "calibration",
        "purchases of two years: repeat rate less that of shuffled orders",
        (Part("repeat less shuffled", "share", 0.02, 0.11),),
        repeat_beyond_taste,
    ),
    Fact(
        4,
        "double_jeopardy",
        "small brands have fewer buyers, who buy them nearly as often (double jeopardy)",
        cite(EHRENBERG_1988, "w(1-b) = const"),
        "calibration",
        "five unequal brands: w(1-b) of a year, and ranges over brands in windows in which few buy",
        (
            Part("largest distance of w(1-b) from its mean", "share", high=0.10),
            Part("range of penetrations / range of frequencies", "ratio", 2.0),
        ),
        double_jeopardy,
    ),
    Fact(
        5,
        "nbd",
        "purchases are distributed over customers as the NBD says",
        cite(EHRENBERG_1959, "NBD"),
        "held out",
        "purchases of a quarter by customer, of the category and of the first firm; chi-square of the fitted NBD",
        (
            Part("chi-square per degree, category", "ratio", high=1.75, coded=True),
            Part("chi-square per degree, first firm", "ratio", high=1.75),
        ),
        occasions,
    ),
    Fact(
        6,
        "duplication_of_purchase",
        "brands share their buyers in proportion to each other's penetration (duplication of purchase)",
        cite(GOODHARDT_EHRENBERG_CHATFIELD_1984, "duplication of purchase law"),
        "held out",
        "five unequal brands in a year: error of b(y|x) = D b(y) with one D",
        (Part("largest error", "share", high=0.20),),
        duplication,
    ),
    Fact(
        17,
        "heavy_buyers",
        "the heaviest fifth of buyers makes more than half of the spending",
        "computed: purchase logs and panels, 55 to 75 %",
        "held out",
        "spending of a year in the category; it follows from how rates and baskets differ, which is assumed",
        (Part("share of the top fifth", "share", 0.55, 0.75),),
        heavy_buyers,
    ),
    Fact(
        18,
        "sole_buyers",
        "most buyers of a brand buy only it in a week, few in a year",
        cite(EHRENBERG_1988, "sole buyers: 70, 50, 30 and 10 %"),
        "held out",
        "five unequal brands: buyers who buy no other, mean over brands",
        (
            Part("over a week", "share", 0.6, 0.9),
            Part("over four weeks", "share", 0.4, 0.7),
            Part("over a quarter", "share", 0.2, 0.45),
            Part("over a year", "share", 0.03, 0.2),
        ),
        sole_buyers,
    ),
)
