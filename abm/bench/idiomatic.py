"""The reference market as it is usually written with Mesa: an agent a customer on a network of cells, a step a period.

It follows Mesa's own network examples: `discrete_space.Network`, agents fixed to cells, neighbours asked of the cell, a
data collector with a model reporter.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

import mesa
import networkx as nx
import numpy as np
from mesa.discrete_space import FixedAgent, Network

from abm.bench.reference import QUALITIES


class Buyer(FixedAgent):
    """A customer of `ref1`."""

    def __init__(self, model: Market, cell: Any, price_weight: float, switching_cost: float, provider: int) -> None:
        super().__init__(model)
        self.cell = cell
        self.satisfaction = [0.5] * 3
        self.trust = [0.5] * 3
        self.expectation = [0.5] * 3
        self.points = [0.0] * 3
        self.price_weight, self.switching_cost, self.provider = price_weight, switching_cost, provider
        self.said = (provider, 0.5)

    def step(self) -> None:
        """Buy, learn, listen, choose."""
        draw = self.model.random.random
        j = self.provider
        quality = self.model.random.gauss(QUALITIES[j], 0.1)
        gap = quality - self.expectation[j]
        self.satisfaction[j] += 0.3 * (1.0 / (1.0 + math.exp(-4.0 * gap)) - self.satisfaction[j])
        self.expectation[j] += 0.2 * gap
        self.trust[j] += 0.1 * (self.satisfaction[j] - self.trust[j])
        for neighbour in self.cell.neighborhood.agents:
            if draw() < 0.05:
                firm, told = neighbour.said
                self.trust[firm] += 0.1 * (told - self.trust[firm])
        weights = []
        for f in range(3):
            utility = 2.0 * self.expectation[f] + 1.5 * self.trust[f] - self.price_weight
            utility += 0.2 * math.log(1.0 + self.points[f]) - (3.0 * self.switching_cost if f != j else 0.0)
            weights.append(math.exp(utility))
        self.provider = self.model.random.choices((0, 1, 2), weights)[0]
        self.points[self.provider] += 1.0

    def publish(self) -> None:
        """Make this period's experience what neighbours may hear in the next."""
        self.said = (self.provider, self.satisfaction[self.provider])


class Market(mesa.Model):
    """The reference market of n customers."""

    def __init__(self, customers: int = 1000, rng: int | None = None) -> None:
        super().__init__(rng=rng)
        luck = self.rng
        graph = nx.watts_strogatz_graph(customers, min(8, customers - 1), 0.1, seed=1)
        plain = {"layout": None} if "layout" in inspect.signature(Network).parameters else {}  # Mesa 3.5 draws it else
        self.network = Network(graph, capacity=1, random=self.random, **plain)
        for cell in self.network.all_cells:
            Buyer(self, cell, float(luck.lognormal(0.0, 0.5)), float(luck.beta(2, 5)), int(luck.integers(3)))
        self.datacollector = mesa.DataCollector(model_reporters={"share": lambda model: model.share()})

    def share(self) -> float:
        """Return the share of the first firm."""
        return float(np.mean([buyer.provider == 0 for buyer in self.agents]))

    def step(self) -> None:
        """Advance everybody by a period."""
        self.agents.do("step")
        self.agents.do("publish")
        self.datacollector.collect(self)
