"""Markets with and without seeds who share all other luck: who came only through them, and who came earlier."""

import numpy as np

from abm.engine.engine import Engine

PARTS = ("social", "acceleration", "expansion")


def replicate(paper):
    """Return what each claim comes to."""
    market = paper.study.scenario
    networks = {arm: market.replace(dict(changes)) for arm, changes in paper.study.arms.items()}
    found = {arm: value(paper, one) for arm, one in networks.items()}
    social, acceleration, expansion = (
        min((one[:, part] for one in found.values()), key=np.mean) for part in range(len(PARTS))
    )
    with_rival = next(iter(found.values()))
    alone = value(paper, next(iter(networks.values())).replace({"firms": market.firms[:1]}))
    shares = [share(one) for one in (with_rival, alone)]
    return {
        "social value of a seed, where least of all networks": social,
        "part of it by acceleration, where least of all networks": acceleration,
        "part of it by expansion, where least of all networks": expansion,
        "share of expansion without a rival": shares[1],
        "share of expansion with a rival less without": (
            shares[0][0] - shares[1][0], np.hypot(shares[0][1], shares[1][1])
        ),
    }  # fmt: skip


def value(paper, market):
    """Return social value, acceleration and expansion by replication, (replications, 3), in purchases for each seed.

    Accelerated is who comes to the firm with seeds and without; what others bring more, or less, is expansion.
    """
    engine = Engine(market, paper.study.seed)
    found = []
    for replication in range(paper.study.replications):
        luck = np.random.default_rng([paper.study.seed, replication])
        seeds = luck.choice(market.population.customers, paper.settings["seeds"], replace=False)
        without, given = (bought(engine, replication, paper, who) for who in (seeds[:0], seeds))
        more = given - without
        more[seeds] = 0.0
        in_both = (given > 0) & (without > 0)
        found.append(np.array([more.sum(), more[in_both].sum(), more[~in_both].sum()]) / len(seeds))
    return np.array(found)


def bought(engine, replication, paper, seeds):
    """Return discounted purchases of each customer at the first firm, (n,), if seeds know it from the beginning."""
    engine.restart(replication)
    customers = engine.world.customers
    customers.aware[0, seeds] = 1
    total = np.zeros(engine.world.n)
    for t in range(engine.scenario.periods):
        engine.run(1)
        total += (customers.provider == 0) / (1.0 + paper.settings["discount"]) ** t
    return total


def share(values):
    """Return the share of expansion in social value, and its standard error."""
    social, expansion = values[:, 0], values[:, 2]
    part = expansion.mean() / social.mean()
    return part, np.std(expansion - part * social, ddof=1) / np.sqrt(len(values)) / abs(social.mean())
