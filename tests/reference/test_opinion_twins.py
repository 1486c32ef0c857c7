"""The twin of opinions: by numbers worked by hand, against the kernels and measures, and in a whole market."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.social import opinion as kernels
from abm.mechanisms.social.opinion import Opinion
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import opinion
from tests.reference.by_hand import SEED, assert_counted, listed, per_firm, per_pair, put, share, visits_with
from tests.reference.closeness import as_single
from tests.reference.following_mirror import Snapshots, in_tiles, visited
from tests.reference.opinion import COUNTS, EXAMPLE, NOTHING
from tests.reference.random_numbers import stream_key

KEY = stream_key(SEED, "opinion")


def test_by_hand():
    """Half way, and half of that; 0.5 hears 0.75 and 0.25 with weights 1 and 3, and herself with 4."""
    assert opinion.learned(0.0, [1.0, 1.0], 0.5) == 0.75
    assert [opinion.said(0.75, knows) for knows in (True, False)] == [3 * 2**22, -1]
    neighbours = [(3 * 2**22, 1.0), (2**22, 3.0), (NOTHING, 9.0)]
    moved, counted = opinion.heard(0.5, 2**23, neighbours, 4.0, 2**24)
    assert moved == 0.5 + (0.25 - 0.75) / 8
    assert list(counted.values()) == [2, 2, 2**23]
    assert opinion.heard(0.5, 2**23, neighbours, 0.0, 2**22 - 1) == (
        0.5,
        {**counted, "opinions_taken": 0},
    )
    assert opinion.heard(0.5, NOTHING, neighbours, 4.0, 2**24) == (0.5, dict.fromkeys(counted, 0))
    assert list(opinion.noted([0.25, 0.5, 0.9], [True, True, False], 0.5).values()) == [
        *[2, 3 * 2**12, 5 * 2**24, 1, 2**13],
    ]
    assert opinion.term(0.9, 8.0, EXAMPLE) == pytest.approx(1.5 * 0.5 * 0.2)


def test_measures_by_hand():
    """Opinions of 0.25, 0.25 and 1: mean 0.5, variance 0.125, all of it between the camps."""
    counted = dict(zip(COUNTS, (4, 3, 2**23, *opinion.noted([0.25, 0.25, 1.0], [True] * 3, 0.5).values()), strict=True))
    assert list(opinion.measures(counted).values()) == pytest.approx([0.5, 0.125**0.5, 1.0, 0.875, 0.75])


@settings(max_examples=examples(25))
@given(
    st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3), per_firm(share), st.just(0.0) | share,
    st.integers(0, 3),
)  # fmt: skip
def test_first_opinions_are_those_of_the_twin(identities, promises, spread, replication):
    small = Small(3, opinion={"spread_of_opinions": spread})
    small.c.customer_id[:], small.firms.promise[:] = identities, promises
    small.world.replication = replication
    small.scenario.opinion.begin(small.world, SEED)
    expected = [[opinion.first(KEY, who, j, promises[j], spread, replication) for who in identities] for j in range(2)]
    np.testing.assert_allclose(small.c.opinion, expected, atol=2e-6)


@settings(max_examples=examples(25))
@given(per_pair(share), share, visits_with(st.tuples(share)))
def test_what_is_learned_is_that_of_the_twin(opinions, pull, visits):
    small = Small(3, opinion={"experience_pull": pull})
    small.c.opinion[:] = opinions
    listed(small, visits)
    put(small, transaction=[s for *_, s in visits])
    small.run("opinion", kernels.learn_opinion)
    for j, i in np.ndindex(2, 3):
        own = [s for who, firm, s in visits if (who, firm) == (i, j)]
        assert small.c.opinion[j, i] == opinion.learned(opinions[j][i], own, pull)


PEOPLE = 5
by_person = st.lists(st.tuples(share, share), min_size=PEOPLE, max_size=PEOPLE).map(np.transpose)
known = st.lists(st.tuples(*[st.booleans() | st.just(True)] * 2), min_size=PEOPLE, max_size=PEOPLE).map(np.transpose)
ties_drawn = st.lists(
    st.tuples(st.sampled_from([(i, k) for i in range(PEOPLE) for k in range(i)]), st.just(0.0) | share),
    unique_by=lambda tie: tie[0], max_size=10,
)  # fmt: skip
weight = st.sampled_from([0.0, 2.0**-21, 0.5, 200.0, 1e6]) | st.floats(0.0, 8.0)
bound = st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0)


def neighbours_of(ties, i):
    """Return a customer's neighbours and the weights of the ties, as they are kept."""
    return [(k, as_single(w)) for pair, w in ties if i in pair for k in pair if k != i]


@settings(max_examples=examples(40))
@given(st.sampled_from(["degroot", "bounded_confidence"]), weight, bound, by_person, known, ties_drawn)
def test_what_is_heard_is_that_of_the_twin(rule, self_weight, confidence, opinions, aware, ties):
    own = {"rule": rule, "self_weight": self_weight, "confidence_bound": confidence}
    small = Small(PEOPLE, opinion=own).tie([(*pair, w) for pair, w in ties])
    small.c.opinion[:], small.c.aware[:] = opinions, aware
    small.run("opinion", kernels.say_opinions)
    says = [[opinion.said(float(o), k) for o, k in zip(*row, strict=True)] for row in zip(opinions, aware, strict=True)]
    assert small.c.said.tolist() == says
    small.run("opinion", kernels.hear_opinions)
    expected = {name: [0, 0] for name in COUNTS[:3]}
    for j, i in np.ndindex(2, PEOPLE):
        others = [(says[j][k], w) for k, w in neighbours_of(ties, i)]
        bounds = opinion.within({**EXAMPLE, **own})
        after, counted = opinion.heard(float(opinions[j][i]), says[j][i], others, self_weight, bounds)
        assert small.c.opinion[j, i] == after
        for name, many in counted.items():
            expected[name][j] += many
    assert_counted(small, expected)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_bound_is_reached_in_whole_steps(steps):
    """An opinion at the bound counts, and one a step further away does not."""
    small = Small(2, opinion={"rule": "bounded_confidence", "confidence_bound": 0.3}).tie([(0, 1, 1.0)])
    limit = opinion.within({"rule": "bounded_confidence", "confidence_bound": 0.3})
    small.c.said[:] = [[2**23, 2**23 + limit + steps]] * 2
    small.run("opinion", kernels.hear_opinions)
    assert small.counted("opinions_taken") == [2 * (1 - steps)] * 2 + [0]
    _, counted = opinion.heard(0.5, 2**23, [(2**23 + limit + steps, 1.0)], 1.0, limit)
    assert counted["opinions_taken"] == 1 - steps


@settings(max_examples=examples(25))
@given(by_person, known, st.sampled_from([0.0, 0.7, 1.0]) | share)
@example(np.full((2, PEOPLE), np.float32(0.7)), np.ones((2, PEOPLE), int), 0.7)
def test_notes_are_those_of_the_twin(opinions, aware, neutral):
    small = Small(PEOPLE, opinion={"neutral_opinion": neutral})
    small.c.opinion[:], small.c.aware[:] = opinions, aware
    small.run("opinion", kernels.note_opinions)
    counted = [opinion.noted([float(o) for o in small.c.opinion[j]], aware[j], neutral) for j in range(2)]
    assert_counted(small, {name: [of[name] for of in counted] for name in COUNTS[3:]})


@settings(max_examples=examples(25))
@given(
    per_pair(share), per_pair(st.sampled_from([0.0, 1.0, 8.0, 300.0])),
    st.fixed_dictionaries({
        "opinion_weight": st.floats(-50.0, 50.0, width=32), "neutral_opinion": share,
        "own_experience": st.floats(0.0625, 100.0, width=32),
    }),
)  # fmt: skip
def test_terms_are_those_of_the_twin(opinions, encounters, p):
    small = Small(3, opinion=p)
    small.c.opinion[:], small.c.encounters[:] = opinions, encounters
    small.passing.utility.fill(0.25)
    small.run("opinion", kernels.add_opinion)
    expected = [
        [0.25 + opinion.term(opinions[j][i], encounters[j][i], {**EXAMPLE, **p}) for i in range(3)] for j in range(2)
    ]
    np.testing.assert_allclose(small.passing.utility[:, :3], expected, rtol=1e-6, atol=1e-5)


def measured(counted: list[dict[str, int]]) -> dict[str, np.ndarray]:
    """Return the package's measures of firms of which so much was counted."""
    scales = {tally.name: tally.scale for tally in Opinion.counts}
    sums = {name: np.array([*(of[name] * scales[name] for of in counted), 5.0]) for name in COUNTS}
    return {kpi.name: kpi(Tallied(sums, 52, 1)) for kpi in Opinion.kpis}


@settings(max_examples=examples(25))
@given(by_person, known, st.sampled_from([0.0, 0.7, 1.0]) | share, st.integers(0, 9), st.integers(0, 9))
@example(np.full((2, PEOPLE), 0.1), np.ones((2, PEOPLE), int), 0.7, 1, 1)
@example(np.full((2, PEOPLE), 0.7), np.ones((2, PEOPLE), int), 0.2, 1, 1)
def test_measures_are_those_of_the_twin(opinions, aware, neutral, heard, near_enough):
    counted = []
    for j in range(2):
        notes = opinion.noted([as_single(o) for o in opinions[j]], aware[j], neutral)
        exchange = {"opinions_heard": heard, "opinions_taken": min(heard, near_enough), "opinion_gaps": heard * 12345}
        counted.append(exchange | notes)
    found = measured(counted)
    for j, of in enumerate(counted):
        for name, expected in opinion.measures(of).items():
            assert found[name][j] == pytest.approx(expected, abs=1e-7, nan_ok=True), name


YEAR, PERIODS, FROM, UNTIL = 10, 34, 12, 23
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": 90, "purchase_rate": 0.7},
    "network": {"kind": "erdos_renyi", "neighbours": 5.0},
    "defection": {"exit_rate": 0.02},
    "renewal": {"leaving_rate": 0.3, "every": 6},
    "firms": [
        {"name": "north", "promise": 0.9, "initial_awareness": 0.6},
        {"name": "east", "service": {"quality": 0.4}, "initial_awareness": 0.5},
        {"name": "south", "initial_awareness": 0.0},
    ],
    "opinion": {"self_weight": 6.0, "experience_pull": 0.4, "confidence_bound": 0.15, "neutral_opinion": 0.65},
}
CHANGES = [
    {"name": "narrow", "from": FROM, "until": UNTIL, "set": {"opinion.rule": "bounded_confidence"}},
    {"name": "heavy", "from": 17, "set": {"opinion.self_weight": 1.5}},
    {"name": "modest", "from": 8, "set": {"firms.north.promise": 0.6}},
]


def own_at(t: int) -> dict[str, Any]:
    """Return what holds in a period."""
    own = {**EXAMPLE, **MARKET["opinion"], "rule": "bounded_confidence" if FROM <= t < UNTIL else "degroot"}
    return own | ({"self_weight": 1.5} if t >= 17 else {})


class Followed:
    """A market and what the twin makes of its opinions, from those that the period before has left."""

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self.engine = Engine(scenario.adding(Snapshots()), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.key, self.replication = stream_key(seed, "opinion"), replication
        self.kept, self.identities = self.c.opinion.copy(), self.c.customer_id.copy()
        self.check_first(np.arange(self.world.n), self.kept, 0)

    def check_first(self, rows: np.ndarray, found: np.ndarray, t: int) -> None:
        """Hold who is new against the twin; her opinion is taken over then, as a draw is not the same to the bit."""
        for j, i in ((j, i) for j in range(self.world.m) for i in rows):
            promise = as_single((0.9 if t < 8 else 0.6) if j == 0 else 0.75)
            who, spread = int(self.c.customer_id[i]), EXAMPLE["spread_of_opinions"]
            expected = opinion.first(self.key, who, j, promise, spread, self.replication)
            assert found[j, i] == pytest.approx(expected, abs=2e-6), (t, j, i)
            self.kept[j, i] = found[j, i]

    def run(self, t: int) -> None:
        """Run a period of both."""
        p, c, m, n = own_at(t), self.c, self.world.m, self.world.n
        self.engine.run(1)
        early = Snapshots.at[Phase.OPERATIONS]
        self.check_first(np.flatnonzero(self.identities != c.customer_id), early["opinion"], t)
        np.testing.assert_array_equal(early["opinion"], self.kept)
        visits, ties = visited(self.engine, "visit_customer", "visit_firm", "transaction"), self.world.ties
        expected, before = np.zeros((m, n)), {name: [0] * m for name in COUNTS}
        learnt = [
            [
                opinion.learned(self.kept[j, i], [s for *who, s in visits if who == [i, j]], p["experience_pull"])
                for i in range(n)
            ]
            for j in range(m)
        ]
        says = [[opinion.said(learnt[j][i], early["aware"][j, i]) for i in range(n)] for j in range(m)]
        for j, i in np.ndindex(m, n):
            mine = range(ties.start[i], ties.start[i + 1])
            others = [(says[j][ties.target[e]], float(ties.weight[e])) for e in mine]
            expected[j, i], counted = opinion.heard(
                learnt[j][i], says[j][i], others, p["self_weight"], opinion.within(p)
            )
            for name, many in counted.items():
                before[name][j] += many
        np.testing.assert_array_equal(c.opinion, expected)
        for j in range(m):
            for name, many in opinion.noted(expected[j].tolist(), c.aware[j], p["neutral_opinion"]).items():
                before[name][j] = many
        for name in COUNTS:
            assert self.world.history[t, self.world.rows[name]].tolist() == [*before[name], 0], (name, t)
        self.kept[:], self.identities = c.opinion, c.customer_id.copy()


def test_a_whole_market_is_that_of_the_twin():
    """With who leaves, newcomers, a bound for a time, and other weights from a date on."""
    scenario = Scenario.parse({**MARKET, "changes": CHANGES})
    followed = Followed(scenario, seed=4, replication=1)
    for t in range(PERIODS):
        followed.run(t)
    world = followed.world
    assert (world.customers.customer_id >= world.n).any()
    heard, taken = (world.tallied(name).sum(axis=1) for name in COUNTS[:2])
    assert [bool(of) for of in heard > taken] == [FROM <= t < UNTIL for t in range(PERIODS)]
    assert 0 < world.tallied("opinion_holders")[0, 1] < world.n
    counted = [{name: int(world.history[:, world.rows[name], j].sum()) for name in COUNTS} for j in range(world.m)]
    found = {
        kpi.name: kpi(Tallied({name: world.tallied(name).sum(axis=0) for name in COUNTS}, YEAR, PERIODS))
        for kpi in Opinion.kpis
    }
    for j in range(2):
        assert {name: values[j] for name, values in found.items()} == pytest.approx(opinion.measures(counted[j]))
    in_tiles(scenario, world, seed=4, names=COUNTS, columns=("opinion", "said"))


def test_what_is_idle():
    assert Opinion().idle() == ("confidence_bound",)
    assert Opinion(rule="bounded_confidence").idle() == ()
    assert [Opinion().within, Opinion(rule="bounded_confidence", confidence_bound=0.25).within] == [1.0, 0.25]
