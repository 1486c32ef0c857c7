"""Customers average what they think with what their neighbours think, until they agree."""

import networkx as nx
import numpy as np

from abm.engine.engine import Engine
from abm.world.network.graphs import to_networkx


def replicate(paper):
    """Return what each claim comes to."""
    own, market = paper.settings, paper.study.scenario
    club = nx.Graph(nx.karate_club_graph().edges)
    first, last = np.eye(len(club))[[0, -1]]
    dates = own["rate_from"], own["rate_from"] + own["rate_over"]
    early, late = (np.std(agreed(paper, among(market, club), first, date)) for date in dates)
    graphs = [
        agreed_by_ties(paper, market.replace(random_graph(own)), graph) for graph in range(paper.study.replications)
    ]
    apart = nx.disjoint_union(club, club)
    return {
        "what the first of the club counts in the end": agreed(paper, among(market, club), first).mean(),
        "what the last of the club counts in the end": agreed(paper, among(market, club), last).mean(),
        "what is left of disagreement from a period to the next": (late / early) ** (1 / own["rate_over"]),
        "distance of opinions in the end": np.ptp(agreed(paper, among(market, club), first)),
        "what a random graph agrees on less the mean by ties and oneself, largest": max(graphs, key=abs),
        "mean distance of opinions in the end, of two groups that do not hear each other": mean_distance(
            agreed(paper, among(market, apart), np.append(first, np.zeros(len(club))))
        ),
    }


def among(market, graph):
    """Return the market of those who are nodes of a graph."""
    return market.replace(
        {"population.customers": len(graph), "network.kind": "ties", "network.ties": list(graph.edges)}
    )


def random_graph(own):
    """Return what makes the market one of customers tied at random."""
    return {
        "population.customers": own["customers"], "network.kind": "erdos_renyi", "network.neighbours": own["ties"],
    }  # fmt: skip


def begun(paper, market, graph):
    """Return an engine that holds a market, with the luck of a replication."""
    engine = Engine(market, paper.study.seed)
    engine.restart(graph)
    return engine


def agreed(paper, market, opinions, periods=None):
    """Return what customers think of the firm after some periods, (n,); by default after all.

    opinions : at first, (n,)
    """
    engine = begun(paper, market, 0)
    engine.world.customers.opinion[0] = opinions
    engine.run(periods or market.periods)
    return engine.world.customers.opinion[0].astype(float)


def agreed_by_ties(paper, market, graph):
    """Return by how much what a random graph agrees on differs from the mean opinion at first, by ties and oneself.

    Only the largest part of the graph, of who hear each other, is looked at.
    """
    engine = begun(paper, market, graph)
    opinion, ties = engine.world.customers.opinion[0], engine.world.ties
    opinion[:] = np.random.default_rng([paper.study.seed, graph]).uniform(size=opinion.size)
    weights = 1.0 + np.diff(ties.start)
    part = sorted(max(nx.connected_components(to_networkx(ties)), key=len))
    expected = np.average(opinion[part], weights=weights[part])
    engine.run(market.periods)
    return opinion[part].mean() - expected


def mean_distance(values):
    """Return the mean distance between two of some values."""
    return np.abs(values[:, None] - values).mean()
