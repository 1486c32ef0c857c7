"""One customer adopts, others follow if enough of their neighbours have: how far it goes, by the number of ties."""

from itertools import chain

import numpy as np

from abm.engine.engine import Engine


def replicate(paper):
    """Return what each claim comes to."""
    own = paper.settings
    found = {}
    for hundredths, (low, high) in own["expected"].items():
        threshold = int(hundredths) / 100
        words = f"ties for cascades, thresholds of .{hundredths}"
        found[f"fewest {words}"] = border(paper, threshold, max(own["step"], low - own["start"]), own["step"])
        found[f"most {words}"] = border(paper, threshold, high + own["start"], -own["step"])
    beyond, *ties = own["beyond"]
    varied, spread, degree = own["varied"]
    same, other = (often(paper, degree, varied, {"adoption.threshold_spread": by}) for by in (0.0, spread))
    unequal, degree = own["unequal"]
    random, skewed = (
        often(paper, degree, unequal, {"network.kind": kind}) for kind in ("erdos_renyi", "barabasi_albert")
    )
    threshold, low, high = own["borders"]
    near = [np.array([large.mean() for large in cascades(paper, z, threshold)]) for z in (low, high)]
    return {
        **found,
        "share of first adopters who set off a cascade, thresholds of .26, where largest": max(
            often(paper, z, beyond).mean() for z in ties
        ),
        "cascades of 4 ties each if thresholds differ, less if they do not, thresholds of .30": other - same,
        "cascades of a random graph less of one of unequal degrees, 4 ties, thresholds of .18": random - skewed,
        "share reached by a cascade near the upper border less near the lower, thresholds of .18": near[1] - near[0],
    }


def border(paper, threshold, ties, step):
    """Return the first number of ties at which there are cascades, from where there are none."""
    needed = paper.settings["frequent"] * paper.settings["seeds"] * paper.study.replications
    while True:
        sizes = chain.from_iterable(reached(paper, ties, threshold))
        large = (size >= paper.settings["large"] for size in sizes)
        count = 0
        for one in large:
            count += one
            if count > needed:
                return ties
        ties += step


def often(paper, ties, threshold, changes=None):
    """Return the share of first adopters who set off a cascade, by graph."""
    large = paper.settings["large"]
    return np.array(
        [np.mean(np.array(list(of_graph)) >= large) for of_graph in reached(paper, ties, threshold, changes)]
    )


def cascades(paper, ties, threshold):
    """Yield by graph the shares of customers that the cascades reached which count as one."""
    for of_graph in reached(paper, ties, threshold):
        sizes = np.array(list(of_graph))
        yield sizes[sizes >= paper.settings["large"]]


def reached(paper, ties, threshold, changes=None):
    """Yield for each graph an iterator of the share of customers who adopt after each first adopter."""
    market = {"network.neighbours": ties, "adoption.threshold": threshold, **(changes or {})}
    engine = Engine(paper.study.scenario.replace(market), paper.study.seed)
    for graph in range(paper.study.replications):
        engine.restart(graph)
        yield (reached_from(engine, first) for first in range(paper.settings["seeds"]))


def reached_from(engine, first):
    """Return the share who have adopted when nobody follows any more, the first being one customer."""
    since = engine.world.customers.adoption_period
    since[:] = -1
    since[first] = 0
    before, have = 0, 1
    while have > before:
        engine.run(1)
        before, have = have, np.count_nonzero(since >= 0)
    return have / since.size
