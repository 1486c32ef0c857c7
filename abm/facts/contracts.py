"""Facts of markets with contracts: who renews, who leaves, who comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from abm.core.citations import cite
from abm.core.sources import (
    BOLTON_1998,
    BURNHAM_FRELS_MAHAJAN_2003,
    FADER_HARDIE_2007,
    KUMAR_BHAGWAT_ZHANG_2015,
    NITZAN_LIBAI_2011,
    PICK_EISEND_2014,
)
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.facts.renewals import Renewals, renewals
from abm.kpis.behaviour import visit_share

_COME_BACK = 0.5  # years in which who has left may have come back, once she considers the firm again


def _each(lab: Laboratory, measure: Callable[[Renewals], float]) -> np.ndarray:
    """Return a measure of each replication's renewals."""
    return np.array([measure(found) for _, found in renewals(lab)])


def tenure(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether more renew the second time than the first, and what who is left has to do with it."""
    rise, chosen = [], []
    for _, found in renewals(lab):
        first = found.at((found.nth == 1) & (found.period < 2 * lab.year))
        second = found.at(found.nth == 2)
        rise.append(second.stayed.mean() - first.stayed.mean())
        chosen.append(first.chance[first.stayed].mean() - first.chance.mean())
    return {
        "renewals, second less first": np.array(rise),
        "chance at the first renewal, who renewed less all": np.array(chosen),
    }


def _slope(found: Renewals) -> float:
    """Return the least-squares slope of staying on satisfaction."""
    return float(np.cov(found.satisfaction, found.stayed)[0, 1] / np.var(found.satisfaction, ddof=1))


def satisfaction_by_experience(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how renewing follows satisfaction, of customers of much and of little experience."""
    slopes = []
    for _, found in renewals(lab):
        much = found.visits > np.median(found.visits)
        slopes.append([_slope(found), _slope(found.at(much)) - _slope(found.at(~much))])
    overall, by_experience = np.array(slopes).T
    return {"slope": overall, "slope, much experience less little": by_experience}


def cost_and_satisfaction(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure which says more of the chance of renewing: what leaving costs, or satisfaction."""

    def difference(found: Renewals) -> float:
        by_cost, by_satisfaction = (np.corrcoef(x, found.chance)[0, 1] for x in (found.cost, found.satisfaction))
        return float(by_cost**2 - by_satisfaction**2)

    return {"R2 of intention, costs less satisfaction": _each(lab, difference)}


def cost_and_switching(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how weakly what leaving costs goes with leaving."""
    return {
        "correlation with leaving": _each(
            lab, lambda found: float(np.corrcoef(found.cost, ~found.stayed)[0, 1])
        )
    }  # fmt: skip


def leader(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether the largest of five brands is larger for what leaving costs."""
    lab.need("switching_cost")
    shares = [
        lab.kpis([visit_share], {**lab.brands(), **changes})[:, 0, 0]
        for changes in ({}, {"switching_cost.switching_weight": 0.0})
    ]
    return {"leader's share, with costs less without": shares[0] - shares[1]}


def neighbours(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether those leave more whose neighbour has just left the same firm."""

    def ratio(found: Renewals) -> float:
        return float((~found.stayed[found.touched]).mean() / (~found.stayed[~found.touched]).mean())

    return {"chance of leaving, touched / others": _each(lab, ratio)}


def who_comes_back(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure what those thought and did before they left who come back later, and the others who left."""
    back_after = lab.scenario.choice.reconsider_after or 0
    satisfied, visits = [], []
    for engine, found in renewals(lab):
        latest = lab.scenario.periods - back_after - round(_COME_BACK * lab.year)
        c = engine.world.customers
        row = np.full(engine.scenario.most_identities, -1)
        row[c.customer_id] = np.arange(engine.world.n)
        left = found.at(~found.stayed & (found.period < latest) & (row[found.customer] >= 0))
        back = c.provider[row[left.customer]] == left.firm
        satisfied.append(left.satisfaction[back].mean() - left.satisfaction[~back].mean())
        visits.append(left.visits[back].mean() - left.visits[~back].mean())
    return {
        "satisfaction on leaving, who come back less others": np.array(satisfied),
        "visits before leaving, who come back less others": np.array(visits),
    }


FACTS = (
    Fact(
        39,
        "retention_and_tenure",
        "more renew the second time than the first, as those who are left differ from those who went",
        cite(FADER_HARDIE_2007, "two cohorts of subscribers by years of tenure"),
        "held out",
        "relations of the first year: who renews, and the chance of renewing at the first renewal of those who did",
        (
            Part("renewals, second less first", "share", 0.0),
            Part("chance at the first renewal, who renewed less all", "0-1", 0.0),
        ),
        tenure,
        "contract",
    ),
    Fact(
        40,
        "satisfaction_and_experience",
        "satisfaction lengthens a relation, the more so the longer it has lasted",
        cite(BOLTON_1998, "abstract: satisfaction before cancelling lengthens the relation, more so with experience"),
        "held out",
        "least-squares slope of renewing on satisfaction before; customers of more visits than the median and of fewer",
        (
            Part("slope", "1/0-1", 0.0, coded=True),
            Part("slope, much experience less little", "1/0-1", 0.0),
        ),
        satisfaction_by_experience,
        "contract",
    ),
    Fact(
        41,
        "costs_and_intention",
        "what leaving costs says more of the intention to stay than satisfaction does",
        cite(BURNHAM_FRELS_MAHAJAN_2003, "abstract: more variance explained than by satisfaction"),
        "held out",
        "variance of the chance of renewing that each explains alone, over renewals",
        (Part("R2 of intention, costs less satisfaction", "share", 0.0),),
        cost_and_satisfaction,
        "contract",
    ),
    Fact(
        42,
        "costs_and_switching",
        "what leaving costs holds customers back only weakly",
        cite(PICK_EISEND_2014, "abstract: weak negative effect on switching; a size below .3 as weak is assumed"),
        "held out",
        "correlation of the cost of leaving with leaving, over renewals",
        (Part("correlation with leaving", "correlation", -0.3, 0.0),),
        cost_and_switching,
        "contract",
    ),
    Fact(
        43,
        "leaders_gain",
        "costs of leaving that are alike for all firms make the largest larger",
        "computed: stationary shares of a logit with a cost of switching",
        "held out",
        "five unequal brands with contracts: the largest one's visits, with the usual weight of such costs and none",
        (Part("leader's share, with costs less without", "share", 0.0),),
        leader,
        "contract",
    ),
    Fact(
        44,
        "neighbours_leave",
        "who has a neighbour who has just left a firm leaves it sooner",
        cite(NITZAN_LIBAI_2011, "abstract: hazard of defection after defections of neighbours"),
        "held out",
        "who does not renew, by whether a neighbour has left the same firm in the quarter before; contagion of exits "
        "is not in the market, stories are",
        (Part("chance of leaving, touched / others", "ratio", 1.0),),
        neighbours,
        "contract",
    ),
    Fact(
        45,
        "first_life_and_return",
        "those come back who had the better first life with the firm",
        cite(KUMAR_BHAGWAT_ZHANG_2015, "abstract: a stronger first lifetime returns more"),
        "held out",
        "who has left a firm in time to come back: satisfaction with it and visits to it before, of those who are its "
        "customers again when the run ends and of others",
        (
            Part("satisfaction on leaving, who come back less others", "0-1", 0.0, coded=True),
            Part("visits before leaving, who come back less others", "visits", 0.0),
        ),
        who_comes_back,
        "contract",
    ),
)
