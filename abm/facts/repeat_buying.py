"""Facts of repeat buying in a steady market: who comes back, who is new, and what else a brand's buyers buy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from abm.core.citations import cite
from abm.core.sources import EHRENBERG_1988, GOODHARDT_EHRENBERG_CHATFIELD_1984
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.facts.purchases import each, window
from abm.logs import brands
from abm.logs.brands import Purchases
from abm.logs.nbd import NBD, nbd_from_penetration, nbd_probability, repeat_norms


def _quarters(lab: Laboratory) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return of each replication purchases at the first firm by customer in the last two quarters."""
    end, quarter = lab.scenario.periods, max(1, lab.year // 4)

    def counts(first: int) -> list[np.ndarray]:
        return [log.between(first, first + quarter).purchases.counts[:, 0] for log in lab.logs()]

    return [*zip(counts(end - 2 * quarter), counts(end - quarter), strict=True)]


def _fitted(counts: np.ndarray, periods: int) -> NBD:
    buyers = counts > 0
    return nbd_from_penetration(float(buyers.mean()), float(counts[buyers].mean()), periods)


def repeat_buyers(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how many of a quarter's buyers come back in the next, against the NBD's norm."""
    quarter = max(1, lab.year // 4)
    found = []
    for before, after in _quarters(lab):
        back = float((after[before > 0] > 0).mean())
        found.append(back / repeat_norms(_fitted(before, quarter), quarter).repeat_share)
    return {"share who come back / norm": np.array(found)}


def new_buyers(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how often those buy who did not buy in the quarter before."""
    new = [after[(before == 0) & (after > 0)] for before, after in _quarters(lab)]
    return {"purchases per new buyer": np.array([counts.mean() for counts in new])}


def growth(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure penetration of a year against what the NBD of its last quarter foretells."""
    quarter = max(1, lab.year // 4)
    found = []
    for (_, latest), year in zip(_quarters(lab), window(lab, lab.year, False), strict=True):
        none = float(nbd_probability(_fitted(latest, quarter), [0], lab.year)[0])
        found.append(brands.penetration(year)[0] / (1.0 - none))
    return {"penetration / foretold": np.array(found)}


def _of_category(bought: Purchases) -> np.ndarray:
    """Return how much of the category the buyers of each brand buy: (brands,)."""
    counts = bought.counts
    return np.array([counts[counts[:, j] > 0].sum(axis=1).mean() for j in range(bought.firms)])


def small_brands(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether the buyers of the smallest brand buy more of the category than those of the largest."""
    return {
        "category purchases per buyer, smallest / largest": each(
            window(lab, lab.year, True), lambda bought: float(_of_category(bought)[-1] / _of_category(bought)[0])
        )
    }


def other_brands(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how often the buyers of a brand buy others, against how often they buy it."""
    return {
        "purchases of others / of the brand": each(
            window(lab, lab.year, True), lambda bought: float((1.0 / brands.share_of_requirements(bought) - 1.0).mean())
        )
    }


FACTS = (
    Fact(
        26,
        "repeat_buyers",
        "as many of a quarter's buyers come back in the next as the NBD says",
        cite(EHRENBERG_1988, "norms of repeat buying; laws hold within 5 to 10 %"),
        "held out",
        "buyers of the first firm in a quarter who buy there in the next, over the norm of an NBD with their "
        "penetration and frequency",
        (Part("share who come back / norm", "ratio", 0.9, 1.1),),
        repeat_buyers,
    ),
    Fact(
        27,
        "new_buyers",
        "new buyers buy about 1.4 times each, whatever the brand",
        cite(EHRENBERG_1988, "rate of new buyers about 1.4; laws hold within 5 to 10 %"),
        "held out",
        "purchases at the first firm in a quarter of those who did not buy there in the quarter before",
        (Part("purchases per new buyer", "purchases", 1.26, 1.54),),
        new_buyers,
    ),
    Fact(
        28,
        "growth_of_penetration",
        "how many buy a brand in a year follows from those who buy it in a quarter",
        cite(EHRENBERG_1988, "growth of penetration by the NBD; laws hold within 5 to 10 %"),
        "held out",
        "buyers of the first firm in a year, over what an NBD of the last quarter's buyers foretells",
        (Part("penetration / foretold", "ratio", 0.9, 1.1),),
        growth,
    ),
    Fact(
        29,
        "natural_monopoly",
        "small brands have buyers who buy more of the category",
        cite(GOODHARDT_EHRENBERG_CHATFIELD_1984, "category purchases by brand, toothpaste"),
        "held out",
        "five unequal brands in a year: category purchases of the smallest brand's buyers over those of the largest's",
        (Part("category purchases per buyer, smallest / largest", "ratio", 1.0),),
        small_brands,
    ),
    Fact(
        30,
        "other_brands",
        "the buyers of a brand buy other brands more often than it",
        cite(EHRENBERG_1988, "buyers of a brand buy it about 7 times in 48 weeks, others about 15 times"),
        "held out",
        "five unequal brands in a year: purchases of other brands by a brand's buyers over those of it, mean of brands",
        (Part("purchases of others / of the brand", "ratio", 1.0),),
        other_brands,
    ),
)
