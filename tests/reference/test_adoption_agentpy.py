"""Adoption against the same rules in another framework for agents, agentpy, which the toolkit does not need."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

import abm

ap = pytest.importorskip("agentpy", reason="agentpy is not installed: pip install agentpy")

CUSTOMERS, STEPS, CHANCE = 300, 150, 0.01  # of advertising, and of following a neighbour who is met
READ = (9, 49, 149)  # steps


class Person(ap.Agent):
    """Who adopts after advertising, or after one neighbour met at random who has."""

    def setup(self):
        self.adopter, self.follows = False, False

    def look(self):
        """Decide by what neighbours had done before the step."""
        luck = self.model.random
        met = luck.choice(self.model.graph.neighbors(self).to_list())
        self.follows = self.adopter or (met.adopter and luck.random() < CHANCE) or luck.random() < CHANCE


class Market(ap.Model):
    """A small world of persons, each of whom meets one neighbour a step."""

    def setup(self):
        self.people = ap.AgentList(self, CUSTOMERS, Person)
        world = nx.watts_strogatz_graph(CUSTOMERS, 2, 0.5, seed=self.random.randrange(2**31))
        self.graph = ap.Network(self, world)
        self.graph.add_agents(self.people, self.graph.nodes)
        self.course = []

    def step(self):
        self.people.look()
        for person in self.people:
            person.adopter = person.follows
        self.course.append(sum(person.adopter for person in self.people))


def of_agentpy(runs=30):
    """Return how many have adopted after each step in READ, (runs, steps)."""
    models = [Market({"steps": STEPS, "seed": seed}) for seed in range(runs)]
    for model in models:
        model.run(display=False)
    return np.array([np.array(model.course)[list(READ)] for model in models])


def of_patronage(runs=200):
    """Return the same of customers whose chance of following is the share of their neighbours who have adopted."""
    hazard = -math.log1p(-CHANCE)
    market = abm.Scenario(
        periods=STEPS,
        periods_per_year=1,
        burn_in=0,
        off=["word_of_mouth"],
        population={"customers": CUSTOMERS, "purchase_rate": 0.001},
        network={"neighbours": 2, "rewiring": 0.5},
        adoption={"initial_adopters": 0.0, "innovation": hazard, "imitation": hazard},
        firms=[{"name": "only"}],
    )
    study = abm.Experiment(name="steps", scenario=market, arms={"one": {}}, kpis=["adoption_share"], replications=runs)
    return CUSTOMERS * abm.run(study, workers=1).course("adoption_share", "one", "only")[0][:, READ]


def test_adoption_is_the_same_in_both():
    """Means after 10, 50 and 150 steps differ by no more than 3 standard errors."""
    ours, theirs = of_patronage(), of_agentpy()
    error = np.hypot(*(x.std(axis=0, ddof=1) / np.sqrt(len(x)) for x in (ours, theirs)))
    assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) <= 3 * error).all()
