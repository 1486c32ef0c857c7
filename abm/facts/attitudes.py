"""Facts of satisfaction, switching costs and talk."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from abm.core.citations import cite
from abm.core.sources import EAST_HAMMOND_WRIGHT_2007, FORNELL_1996, JONES_SASSER_1995, PICK_EISEND_2014
from abm.engine.engine import Engine
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.kpis.attitude import csi, word_of_mouth_ratio

_SETTLED = 10  # visits to a provider: of customers who have just begun, satisfaction is that of a few visits


def good_to_bad(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure good stories per bad one, where something goes wrong on 5 % and on 10 % of visits."""
    lab.need("word_of_mouth")
    found = {}
    for rate in (0.05, 0.10):
        failing = {f"firms.{firm.name}.service.failure_rate": rate for firm in lab.scenario.firms}
        found[f"failure rate {rate:.2f}"] = lab.kpis([word_of_mouth_ratio], failing).mean(axis=(1, 2))
    return found


def satisfaction_index(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure the satisfaction index of all firms."""
    lab.need("learning")
    return {"index": lab.kpis([csi]).mean(axis=(1, 2))}


def kept(engine: Engine, weeks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of all settled customers their satisfaction with their provider, how surely they choose it later, and
    which firm it is: arrays (customers,)."""
    c = engine.world.customers
    here = np.flatnonzero(c.provider >= 0)
    here = here[c.encounters[c.provider[here], here] >= _SETTLED]
    provider = c.provider[here].copy()
    satisfaction = c.satisfaction[provider, here].copy()
    engine.run(weeks)
    return satisfaction.astype(np.float64), c.preference[provider, here].astype(np.float64), provider


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """Return the least-squares slope of y on x where x is above its median; NaN of fewer than ten."""
    upper = x > np.median(x) if x.size else np.zeros(0, np.bool_)
    if upper.sum() < 10:
        return np.nan
    return float(np.cov(x[upper], y[upper])[0, 1] / np.var(x[upper], ddof=1))


def repurchase(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how repurchase follows satisfaction, where one firm is alone and where there are five."""
    slopes = {}
    for name, changes in (("monopoly", {"firms": (lab.focal,)}), ("five rivals", lab.brands())):
        found = []
        for engine in lab.runs(changes):
            engine.run(lab.launch)
            satisfaction, again, _ = kept(engine, max(1, lab.year // 4))
            found.append(_slope(satisfaction, again))
        slopes[name] = np.array(found)
    return {
        "slope under five rivals": slopes["five rivals"],
        "slope under monopoly / under rivals": slopes["monopoly"] / slopes["five rivals"],
    }


def switching_costs(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure what switching costs have to do with staying, as meant and as done."""
    lab.need("switching_cost")
    lab.need_rivals()
    meant, done, stay = [], [], []
    for engine in lab.runs():
        engine.run(lab.launch)
        c = engine.world.customers
        here = np.flatnonzero(c.provider >= 0)
        provider, cost = c.provider[here].copy(), c.switching_cost[here].copy()
        intention = c.preference[provider, here].copy()
        engine.run(lab.year // 2)
        again = (c.provider[here] == provider).astype(np.float64)
        meant.append(np.corrcoef(cost, intention)[0, 1] ** 2)
        done.append(np.corrcoef(cost, again)[0, 1] ** 2)
        low, high = np.quantile(cost, [1 / 3, 2 / 3])
        stay.append(again[cost >= high].mean() - again[cost <= low].mean())
    return {
        "stay, highest less lowest third of costs": np.array(stay),
        "R2 with intention less with behaviour": np.array(meant) - np.array(done),
    }


FACTS = (
    Fact(
        7,
        "good_and_bad_stories",
        "good stories outnumber bad ones about three to one",
        cite(EAST_HAMMOND_WRIGHT_2007, "abstract: about 3 to 1 over 15 studies"),
        "calibration",
        "stories told of all firms in two years, where something goes wrong on 5 % and on 10 % of visits",
        (Part("failure rate 0.05", "ratio", 2.2, 4.0), Part("failure rate 0.10", "ratio", 2.2, 4.0)),
        good_to_bad,
    ),
    Fact(
        8,
        "satisfaction_index",
        "satisfaction indices lie in the seventies",
        cite(FORNELL_1996, "abstract: form of the index; 70 to 80 is what is usually published"),
        "calibration",
        "mean cumulative satisfaction of visitors, 0 to 100",
        (Part("index", "0-100", 70.0, 80.0),),
        satisfaction_index,
    ),
    Fact(
        13,
        "satisfaction_and_repurchase",
        "satisfaction leads to repurchase, and less where there is nobody else to go to",
        cite(JONES_SASSER_1995, "satisfaction and loyalty by competition"),
        "calibration",
        "probability of choosing the provider a quarter later on satisfaction with it, over customers of ten visits or "
        "more and above the median of satisfaction; one firm or five",
        (
            Part("slope under five rivals", "1/0-1", 0.0, coded=True),
            Part("slope under monopoly / under rivals", "ratio", high=1.0),
        ),
        repurchase,
    ),
    Fact(
        14,
        "switching_costs",
        "who would lose by leaving stays, and means to stay more surely than she does",
        cite(PICK_EISEND_2014, "abstract: switching costs bear on intentions more than on switching"),
        "held out",
        "customers by what leaving costs: who has the same provider half a year later; explained variance of intention",
        (
            Part("stay, highest less lowest third of costs", "share", 0.0, coded=True),
            Part("R2 with intention less with behaviour", "share", 0.0),
        ),
        switching_costs,
    ),
)
