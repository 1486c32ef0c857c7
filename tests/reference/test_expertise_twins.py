"""The twin of expertise: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.attitude import expertise as kernels
from abm.mechanisms.attitude.expertise import Expertise
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import expertise, learning
from tests.reference.by_hand import SEED, assert_counted, listed, per_pair, put, share, visits_with
from tests.reference.closeness import as_single
from tests.reference.expertise import COUNTS, EXAMPLE, NO_FIRM, Person
from tests.reference.following_mirror import Snapshots, in_tiles, visited
from tests.reference.random_numbers import stream_key

KEY = stream_key(SEED, "expertise")


class TestByHand:
    def test_equations(self):
        """Half after as many visits as it takes; three quarters of what bothers a novice bothers who knows half."""
        assert [expertise.expertise_of(visits, 20.0) for visits in (0, 20, 60)] == [0.0, 0.5, 0.75]
        assert expertise.eased_by(0.0, 0.5, 0.5) == 0.75
        assert expertise.eased_by(0.5, 1.0, 0.5) == pytest.approx(2 / 3)
        assert expertise.left(2.0, 20.0, {**EXAMPLE, "independence": 0.5}) == 1.5

    def test_visits(self):
        """One who knows half goes to 0, and to 1 twice; the last one is a repeat."""
        one = Person(20.0, NO_FIRM, 1.0, [0.5, 0.999])
        visits = [(0, 0, 0.5), (0, 1, 0.25), (0, 1, 0.75)]
        came, counted = expertise.note([one], visits, 2, EXAMPLE)
        assert came == [0.5] * 3
        assert counted["expert_base"] == [1, 1]
        assert counted["expert_repeats"] == [0, 1]
        assert counted["expert_satisfaction"] == [2**19, 2**20]
        assert not any(counted["novice_visits"])
        expertise.gain([one], [visit[:2] for visit in visits], came, EXAMPLE)
        assert (one.experience, one.latest, one.expectation) == (23.0, 1, [0.505, 1.0])
        assert one.bother == pytest.approx((1 - 0.5 * 23 / 43) / 0.75)

    def test_measures(self):
        counted = dict(zip(COUNTS, (2.0, 2, 2, 1.0, 1.5, 1, 1, 2, 4), strict=True))
        assert list(expertise.measures(counted).values()) == [0.5, -0.25, 0.25]


numbers_drawn = st.fixed_dictionaries(
    {
        "half_visits": st.floats(0.25, 50.0, width=32),
        "expert_from": st.sampled_from([0.0, 0.5, 1.0]) | share,
        "raised": st.floats(0.0, 0.5, width=32),
        "eased": st.floats(0.0, 0.984375, width=32),
        "independence": share,
        "meeting": st.sampled_from([0.0, 1.0]) | share,
    }
)
experience_drawn = st.integers(0, 5) | st.sampled_from([20, 1000])
people_drawn = st.tuples(
    *[st.tuples(experience_drawn, st.integers(-1, 1), st.floats(0.0625, 4.0, width=32), st.tuples(share, share))] * 3
)


@settings(max_examples=examples(40))
@given(numbers_drawn, people_drawn, visits_with(st.tuples(share)))
def test_what_visits_teach_is_that_of_the_twin(numbers, drawn, visits):
    small, p = Small(3, expertise=numbers), {**EXAMPLE, **numbers}
    people = [Person(float(visits), *rest, list(expected)) for visits, *rest, expected in drawn]
    c = small.c
    for i, one in enumerate(people):
        c.category_experience[i], c.latest_firm[i], c.bother[i] = one.experience, one.latest, one.bother
        c.expectation[:, i] = one.expectation
    listed(small, visits)
    put(small, transaction=[s for *_, s in visits])
    came, counted = expertise.note(people, visits, 2, p)
    expertise.gain(people, [visit[:2] for visit in visits], came, p)
    small.run("expertise", kernels.note_expertise)
    assert small.at("visit_expertise").tolist() == came
    assert_counted(small, counted)
    small.run("expertise", kernels.gain_expertise)
    assert small.at("visit_expertise").tolist() == came
    assert c.category_experience.tolist() == [one.experience for one in people]
    assert c.latest_firm.tolist() == [one.latest for one in people]
    assert c.bother.tolist() == pytest.approx([one.bother for one in people], rel=2e-5)
    np.testing.assert_allclose(c.expectation, np.transpose([one.expectation for one in people]), atol=1e-6)


@settings(max_examples=examples(40))
@given(numbers_drawn, st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3), per_pair(st.integers(0, 1)),
       visits_with(st.tuples()), st.integers(0, 99), st.integers(0, 3))  # fmt: skip
def test_whom_visitors_meet_is_that_of_the_twin(numbers, identities, aware, visits, t, replication):
    small = Small(3, expertise=numbers)
    small.world.replication = replication
    small.c.customer_id[:], small.c.aware[:] = identities, aware
    learned, known = [0, 0], np.array(aware)
    for i, _, identity, nth in listed(small, visits):
        unknown = [j for j in range(2) if not known[j, i]]
        for j in expertise.met(KEY, identity, t, nth, unknown, numbers["meeting"], replication):
            known[j, i], learned[j] = 1, learned[j] + 1
    small.run("expertise", kernels.meet_alternatives, t)
    np.testing.assert_array_equal(small.c.aware, known)
    assert_counted(small, {"learned": learned})


@settings(max_examples=examples(25))
@given(numbers_drawn, per_pair(st.floats(-9.0, 9.0, width=32)), st.tuples(*[experience_drawn] * 3))
def test_what_is_left_of_hearsay_is_that_of_the_twin(numbers, heard, experience):
    small = Small(3, expertise=numbers)
    small.c.word_of_mouth[:], small.c.category_experience[:] = heard, experience
    small.run("expertise", kernels.discount_hearsay)
    p = {**EXAMPLE, **numbers}
    expected = [[expertise.left(heard[j][i], experience[i], p) for i in range(3)] for j in range(2)]
    np.testing.assert_allclose(small.c.word_of_mouth, expected, rtol=1e-6, atol=5e-6)


YEAR, PERIODS = 10, 36
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": 110, "purchase_rate": 1.2},
    "defection": {"exit_rate": 0.02},
    "renewal": {"leaving_rate": 0.4, "every": 7},
    "word_of_mouth": {"nudge": 0.0, "referral_expectation": 0.0, "discovery": 0.0, "weak_tie": 0.0, "strong_tie": 0.0},
    "firms": [
        {"name": "north", "initial_awareness": 0.6},
        {"name": "east", "service": {"quality": 0.5}, "initial_awareness": 0.4},
        {"name": "south", "initial_awareness": 0.2},
    ],
    "expertise": {"half_visits": 8.0, "expert_from": 0.6, "meeting": 0.08, "raised": 0.1, "independence": 0.4},
}
CHANGES = [
    {"name": "easy", "from": 10, "until": 20, "set": {"expertise.eased": 0.0, "expertise.independence": 0.0}},
    {"name": "alone", "from": 15, "set": {"expertise.meeting": 0.0}},
    {"name": "learned", "from": 24, "set": {"expertise.expert_from": 0.75, "expertise.raised": 0.02}},
]


class Followed:
    """A market and what its customers know, period by period."""

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self.stretches = dict(scenario.stretches())
        self.engine = Engine(scenario.adding(Snapshots()), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.key, self.replication = stream_key(seed, "expertise"), replication
        self.people: dict[int, Person] = {}
        self.sums = [dict.fromkeys(COUNTS, 0) for _ in range(self.world.m)]
        self.p: dict[str, Any] = {}

    def run(self, t: int) -> None:
        """Run a period of both, and compare what is known, met, expected, and counted."""
        c, m, n = self.c, self.world.m, self.world.n
        if t in self.stretches:
            self.p = {name: as_single(getattr(self.stretches[t].expertise, name)) for name in EXAMPLE}
            self.learning = self.stretches[t].learning
        self.engine.run(1)
        early, late = Snapshots.at[Phase.OPERATIONS], Snapshots.at[Phase.HEARING]
        ids = c.customer_id.tolist()
        people = [self.people.setdefault(who, Person(bother=early["bother"][i].item())) for i, who in enumerate(ids)]
        for i, one in enumerate(people):
            one.expectation = early["expectation"][:, i].tolist()
        visits = visited(self.engine, "visit_customer", "visit_firm", "visit_nth", "transaction", "performance")
        came, counted = expertise.note(people, [(i, j, s) for i, j, _, s, _ in visits], m, self.p)
        rates = {name: getattr(self.learning, name) for name in ("expectation_rate", "promise_rate", "drift")}
        for i, j, _, _, performance in visits:
            of = people[i].expectation
            promise, encounters = self.world.firms.promise[j].item(), int(c.encounters[j, i])
            of[j] = learning.updated_expectation(of[j], performance, promise, encounters, rates)
        expertise.gain(people, [visit[:2] for visit in visits], came, self.p)
        known, learned = early["aware"].copy(), [0] * m
        for i, _, nth, *_ in visits:
            unknown = [j for j in range(m) if not known[j, i]]
            for j in expertise.met(self.key, ids[i], t, nth, unknown, self.p["meeting"], self.replication):
                known[j, i], learned[j] = 1, learned[j] + 1
        assert c.category_experience.tolist() == [one.experience for one in people]
        assert c.latest_firm.tolist() == [one.latest for one in people]
        assert c.bother.tolist() == pytest.approx([one.bother for one in people], rel=1e-4)
        np.testing.assert_allclose(c.expectation.T, [one.expectation for one in people], atol=2e-6)
        np.testing.assert_array_equal(known <= c.aware, True)
        for name, of in counted.items():
            assert self.world.history[t, self.world.rows[name]].tolist() == [*of, 0], (name, t)
        expected = [[expertise.left(late["word_of_mouth"][j, i], people[i].experience, self.p) for i in range(n)]
                    for j in range(m)]  # fmt: skip
        np.testing.assert_allclose(c.word_of_mouth, expected, rtol=1e-6, atol=1e-7)
        for j, sums in enumerate(self.sums):
            for name in COUNTS:
                sums[name] += counted[name][j]


def test_a_whole_market_is_that_of_the_twin():
    """With newcomers, who begin as novices, and parameters that are nothing for a time."""
    scenario = Scenario.parse({**MARKET, "changes": CHANGES})
    followed = Followed(scenario, seed=5, replication=2)
    for t in range(PERIODS):
        followed.run(t)
    world = followed.world
    assert (world.customers.customer_id >= world.n).any()
    assert (world.customers.word_of_mouth != 0).any()
    assert min(int(world.tallied(name).sum()) for name in (*COUNTS, "learned")) > 0
    counts = {name: world.tallied(name).sum(axis=0) for name in (*COUNTS, "visits")}
    found = {kpi.name: kpi(Tallied(counts, YEAR, PERIODS)) for kpi in Expertise.kpis}
    scales = {tally.name: tally.scale for tally in Expertise.counts}
    for j, sums in enumerate(followed.sums):
        expected = expertise.measures({name: many * scales[name] for name, many in sums.items()})
        assert {name: values[j] for name, values in found.items()} == pytest.approx(expected, nan_ok=True)
    in_tiles(scenario, world, seed=5, names=COUNTS, columns=("category_experience", "latest_firm", "bother"))
