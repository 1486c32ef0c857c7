"""The reference market as it is usually written with Mesa: an agent object a customer, a step a period."""

from __future__ import annotations

import math
from typing import Any

import mesa
import networkx as nx
import numpy as np

from abm.bench.reference import QUALITIES


class Buyer(mesa.Agent):
    """A customer of `ref1`."""

    def __init__(self, model: Market, price_weight: float, switching_cost: float, provider: int) -> None:
        super().__init__(model)
        self.satisfaction = [0.5] * 3
        self.trust = [0.5] * 3
        self.expectation = [0.5] * 3
        self.points = [0.0] * 3
        self.price_weight, self.switching_cost, self.provider = price_weight, switching_cost, provider
        self.neighbours: list[Buyer] = []
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
        for neighbour in self.neighbours:
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

    def __init__(self, customers: int = 1000, seed: int | None = None, rng: Any = None) -> None:
        super().__init__(seed=seed) if rng is None else super().__init__(rng=rng)
        luck = np.random.default_rng(seed)  # a peer, not the package's own luck
        graph = nx.watts_strogatz_graph(customers, min(8, customers - 1), 0.1, seed=1)
        buyers = [
            Buyer(self, float(luck.lognormal(0.0, 0.5)), float(luck.beta(2, 5)), int(luck.integers(3)))
            for _ in range(customers)
        ]
        for i, buyer in enumerate(buyers):
            buyer.neighbours = [buyers[k] for k in graph[i]]
        self.datacollector = mesa.DataCollector(model_reporters={"share": lambda model: model.share()})

    def share(self) -> float:
        """Return the share of the first firm."""
        return float(np.mean([buyer.provider == 0 for buyer in self.agents]))

    def step(self) -> None:
        """Advance everybody by a period."""
        self.agents.do("step")
        self.agents.do("publish")
        self.datacollector.collect(self)
