"""Customers adopt after advertising or after a neighbour, step by step, on a small world of few ties."""

import numpy as np

import abm
from abm.core.errors import Refusal

STEPS = (10, 25, 50, 100, 150, 200, 300)


def replicate(paper):
    """Return what each claim comes to."""
    market = paper.study.scenario
    if market.periods < STEPS[-1]:
        raise Refusal(f"= {market.periods} ends before step {STEPS[-1]}, of which a number is claimed", place="periods")
    results = abm.run(paper.study, workers=1)
    adopters = market.population.customers * results.course("adoption_share", results.arms[0], results.firms[0])[0]
    after = {step: adopters[:, step - 1] for step in STEPS}
    return {
        **{f"adopters after {step} steps": count for step, count in after.items()},
        "spread of adopters over runs after 50 steps, standard deviation": spread(after[50]),
        "adopters after 100 steps less the mean field's": after[100] - mean_field(market, 100),
    }


def spread(values):
    """Return a standard deviation and its standard error, as of normal values."""
    deviation = values.std(ddof=1)
    return deviation, deviation / np.sqrt(2 * (values.size - 1))


def mean_field(market, steps):
    """Return how many would have adopted if everybody met anybody."""
    own, share = market.adoption, 0.0
    for _ in range(steps):
        share += (1.0 - share) * -np.expm1(-(own.innovation + own.imitation * share))
    return market.population.customers * share
