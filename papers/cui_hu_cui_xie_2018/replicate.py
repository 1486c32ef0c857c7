"""A newcomer whom few know at first: those whom it suits, those with most ties, or anybody."""

import numpy as np

from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.value import profit

TARGETS = ("early adopters", "hubs", "random")


def replicate(paper):
    """Return what each claim comes to."""
    low, high = (launched(paper, quality) for quality in paper.settings["qualities"])
    buyers, money = ({of: (low[of][:, k] + high[of][:, k]) / 2 for of in TARGETS} for k in range(2))
    gains = [(one["early adopters"][:, 0] - one["random"][:, 0]) / one["random"][:, 0].mean() for one in (low, high)]
    return {
        "buyers with early adopters as seeds less with hubs": buyers["early adopters"] - buyers["hubs"],
        "buyers with hubs as seeds less with seeds at random": buyers["hubs"] - buyers["random"],
        "profit with early adopters as seeds less with hubs": money["early adopters"] - money["hubs"],
        "profit with hubs as seeds less with seeds at random": money["hubs"] - money["random"],
        "gain in buyers by early adopters over seeds at random, low quality less high, in parts of those at random": (
            gains[0] - gains[1]
        ),
    }


def launched(paper, quality):
    """Return by seeds how many have bought from the newcomer by the end and its profit, (replications, 2)."""
    name = paper.study.scenario.firms[0].name
    engine = Engine(paper.study.scenario.replace({f"firms.{name}.service.quality": quality}), paper.study.seed)
    found = {target: [] for target in TARGETS}
    for replication in range(paper.study.replications):
        for target in TARGETS:
            engine.restart(replication)
            engine.world.customers.aware[0, seeds(engine.world, target, paper, replication)] = 1
            engine.run(engine.scenario.periods)
            bought = np.count_nonzero(engine.world.customers.last_purchase[0] >= 0)
            found[target].append((bought, read(engine).summary([profit])[0, 0]))
    return {target: np.array(values) for target, values in found.items()}


def seeds(world, target, paper, replication):
    """Return the customers who know the newcomer at the beginning: those whom it suits best, with most ties, or any."""
    if target == "random":
        luck = np.random.default_rng([paper.study.seed, replication])
        return luck.choice(world.n, paper.settings["seeds"], replace=False)
    rank = world.customers.taste[0] if target == "early adopters" else np.diff(world.ties.start)
    return np.argsort(-rank, kind="stable")[: paper.settings["seeds"]]
