"""A firm that is dearer and cheaper from the second year on, and what becomes of its visits."""

import numpy as np

from abm import Refusal
from abm.facts.laboratory import Laboratory


def replicate(paper):
    """Return what each claim comes to, by replication."""
    own, study = paper.settings, paper.study
    market = Laboratory(study.scenario, study.replications, study.seed)
    market.need("pricing")
    market.need_rivals()
    brands = market.brands()
    firms = brands["firms"]
    turned = [{**brands, "firms": (*firms[k:], *firms[:k])} for k in range(len(firms))]  # each of them once the first
    return {
        "own-price elasticity, 5 % up and down (the market was set up by it)": elasticity(market, own["step"]),
        "own-price elasticity, 15 % up and down (unseen)": elasticity(market, own["far"]),
        "own-price elasticity, mean over five unequal brands (unseen)": np.mean(
            [elasticity(market, own["step"], changes) for changes in turned], axis=0
        ),
    }


def elasticity(market, step, changes=None):
    """Return log ratio of visits / log ratio of prices of the first firm, in the second year (replications,).

    step : part of the price      changes : of the market
    """
    if not 0.0 < step < 1.0:
        raise Refusal(f"= {step:g} is no part of a price between 0 and 1", place="paper.step or paper.far")
    up, down = (visits(market, changes or {}, market.focal.price * (1.0 + part)) for part in (step, -step))
    return np.log(up / down) / np.log((1.0 + step) / (1.0 - step))


def visits(market, changes, price):
    """Return visits to the first firm in the second year (replications,), if it then has this price."""
    logs = market.logs(changes, {"price": price})
    return np.array([log.between(market.launch, market.launch + market.year).counts[:, 0].sum() for log in logs])
