"""The twin of adoption: by numbers worked by hand, and against kernels, measures and whole markets."""

from __future__ import annotations

import math
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from abm.core import streams
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.demand.adoption import Adoption, note_stage, stage_of
from abm.mechanisms.demand.adoption_kernels import (
    adopt_by_hazard,
    adopt_by_threshold,
    chance_of_adopting,
    count_adopters,
    draw_first_adopters,
    share_adopted,
    threshold_of,
    wait_for_adoption,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small
from tests.reference import adoption, need
from tests.reference.adoption import DECLINE, GROWTH, INTRODUCTION, MATURITY, Category, Rule
from tests.reference.by_hand import SEED, share
from tests.reference.closeness import as_single
from tests.reference.random_numbers import customer_words, fine_uniform, stream_key

KEY = stream_key(SEED, "adoption")
PACKED = streams.stream_key(SEED, "adoption")  # as kernels take it
COUNTS = ("adopters", "not_adopted", "adoptions", "stage_sum", "stage_periods")
hazard = st.one_of(st.sampled_from([0.0, 50.0]), st.floats(0.0, 50.0))
part = st.one_of(st.sampled_from([0.0, 0.2, 0.25, 1 / 3, 0.5, 2 / 3, 0.75, 1.0]), st.floats(0.0, 1.0))


class TestByHand:
    def test_equations(self):
        """A hazard of 0.5 + 1 * 0.5 for ln 2 years; 1 of 3; a quarter of the way from 0.1 to 0.5; cut off at 0."""
        assert adoption.chance(0.5, 0.5, 1.0, math.log(2.0)) == pytest.approx(0.5)
        assert adoption.share_of(1, 3) == float(np.float32(1 / 3)) != 1 / 3
        assert adoption.share_of(0, 0) == 0.0
        assert adoption.threshold_of(0.25, 0.3, 0.2) == pytest.approx(0.2)
        assert [adoption.threshold_of(u, m, 0.5) for u, m in ((0.0, 0.25), (1.0, 0.75))] == [0.0, 1.0]

    def test_stages(self):
        """From 20 to 24 is a growth of 0.2; without visits the year before, any growth is unbounded and none is 0."""
        assert [adoption.growth(*years) for years in ((24, 20), (15, 20), (3, 0), (0, 0))] == [
            0.2,
            -0.25,
            math.inf,
            0.0,
        ]
        found = [adoption.stage_of(grown, had, 0.1, 0.5) for grown in (0.1, 0.0, -0.1) for had in (0.25, 0.5)]
        assert found == [GROWTH, GROWTH, INTRODUCTION, MATURITY, INTRODUCTION, DECLINE]

    def test_a_line(self):
        """0 - 1 - 2 and 3 alone, by a threshold of one half: one step a period; who has left stays as she is."""
        category = Category([0, 1, 2, 3], [[1], [0, 2], [1], []], Rule("threshold", threshold=0.5), KEY)
        category.since = [0, -1, -1, -1]
        counted = [category.end(t, [False] * 4) for t in range(3)]
        assert category.since == [0, 1, 2, -1]
        assert [one["adoptions"] for one in counted] == [1, 1, 0]
        assert (counted[2]["adopters"], counted[2]["not_adopted"], category.adopted[2]) == (3, 1, 0.75)
        category.since, gone = [0, -1, -1, -1], [True, True, False, False]
        assert category.end(3, gone) | {"adoptions": 0} == {
            "adopters": 1, "not_adopted": 2, "adoptions": 0, "stage_sum": 0, "stage_periods": 0,
        }  # fmt: skip
        assert category.adopted[3] == 1 / 3

    def test_measures(self):
        """Of 10 and 10: 6 and 8 had, 1 of 5 and 2 of 4 adopted in halves of a year; one stage is known."""
        counted = [dict(zip(COUNTS, numbers, strict=True)) for numbers in ((6, 4, 1, 0, 0), (8, 2, 2, 3, 1))]
        assert adoption.adoption_share(counted) == 0.7
        assert adoption.adoption_rate(counted, 2) == pytest.approx(2 / 3)
        assert adoption.mean_stage(counted) == 3.0


@given(share, hazard, hazard, st.integers(1, 366))
def test_chances_are_those_of_the_twin(of_neighbours, innovation, imitation, year):
    found = chance_of_adopting(of_neighbours, innovation, imitation, 1.0 / year)
    assert found == pytest.approx(adoption.chance(of_neighbours, innovation, imitation, 1.0 / year), abs=1e-15)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_shares_are_those_of_the_twin(adopted, others):
    assert share_adopted(adopted, adopted + others) == adoption.share_of(adopted, adopted + others)


@given(st.floats(0.0, 1.0), part, part)
def test_thresholds_are_those_of_the_twin(u, threshold, spread):
    assert threshold_of(u, threshold, spread) == pytest.approx(adoption.threshold_of(u, threshold, spread), abs=1e-15)


@given(
    st.one_of(st.sampled_from([0.0, 0.1, -0.0, -0.1, math.inf]), st.floats(-1.0, 9.0)), part,
    st.one_of(st.just(0.1), st.floats(0.0, 9.0)), part,
)  # fmt: skip
def test_stages_are_those_of_the_twin(grown, adopted, growth_from, below):
    assert stage_of(grown, adopted, growth_from, below) == adoption.stage_of(grown, adopted, growth_from, below)


class TestFirstAdopters:
    @given(st.lists(st.integers(0, 2**32 - 1), max_size=8), st.integers(0, 9), share, st.integers(0, 3))
    def test_are_those_of_the_twin(self, identities, at_start, initial, replication):
        """Newcomers, and who is not drawn, keep what they had."""
        identities = [*identities, *range(at_start + 2)]
        period = np.full(len(identities), 7, np.int32)
        draw_first_adopters(period, np.array(identities, np.uint32), initial, at_start, PACKED, replication)
        first = [adoption.begins_as_adopter(KEY, who, initial, at_start, replication) for who in identities]
        assert period.tolist() == [0 if adopter else 7 for adopter in first]

    def test_are_drawn_below_the_chance_as_float32(self):
        """A chance that is rounded up to beyond her uniform, or down to it; one that equals it is no more than it."""
        words = [(customer_words(KEY, who, 0, draw=1, block=0, replication=0)[0], who) for who in range(2000)]
        lowest = min(words)
        assert as_single(fine_uniform(lowest[0])) == fine_uniform(lowest[0])
        begin = []
        for word, who in (lowest, *words[:20]):
            luck, period = fine_uniform(word), np.full(1, -1, np.int32)
            draw_first_adopters(period, np.array([who], np.uint32), luck, 2000, PACKED, 0)
            begin.append(adoption.begins_as_adopter(KEY, who, luck, 2000))
            assert (period[0] == 0) == begin[-1]
        assert not begin[0]
        assert 5 < sum(begin) < 15

    @given(share, st.integers(0, 3))
    def test_of_a_world_are_those_of_the_twin(self, initial, replication):
        small = Small(5, adoption={"initial_adopters": initial})
        small.world.replication = replication
        small.c.adoption_period[:] = -1
        small.c.customer_id[:] = [4, 9, 2, 0, 5]
        next(m for m in small.scenario.mechanisms() if m.name == "adoption").begin(small.world, SEED)
        first = [adoption.begins_as_adopter(KEY, who, initial, 5, replication) for who in (4, 9, 2, 0, 5)]
        assert small.c.adoption_period.tolist() == [0 if adopter else -1 for adopter in first]


@given(st.lists(st.tuples(st.floats(0.0, 9.0, width=32), st.sampled_from([-1, 0, 1, 8])), min_size=3, max_size=3))
def test_waiting_is_that_of_the_twin(people):
    small = Small(3, adoption={})
    small.passing.need[:3], small.c.adoption_period[:] = zip(*people, strict=True)
    small.run("adoption", wait_for_adoption, t=3)
    assert small.passing.need[:3].tolist() == [adoption.need_of(*one) for one in people]


CUSTOMERS = 6
pairs_drawn = st.lists(
    st.sampled_from([(i, k) for i in range(CUSTOMERS) for k in range(i)]), unique=True, min_size=4, max_size=15
)
people_drawn = st.lists(
    st.tuples(st.sampled_from([-1, -1, -1, 0, 3, 4, 5]), st.sampled_from([-1, -1, -1, 0, 4])),
    min_size=CUSTOMERS, max_size=CUSTOMERS,
)  # fmt: skip
identities_drawn = st.lists(st.integers(0, 2**32 - 1), min_size=CUSTOMERS, max_size=CUSTOMERS, unique=True)


def small_and_twin(rule, pairs, identities, year=52, replication=0):
    """Return a small market of tied customers and its twin, with the tie of a pair weighing what its place says."""
    own = {"rule": rule.name, "threshold": rule.threshold, "threshold_spread": rule.spread}
    own |= {"innovation": rule.innovation, "imitation": rule.imitation}
    small = Small(len(identities), adoption=own, periods_per_year=year)
    small.tie([(i, k, 0.1 + place / 16) for place, (i, k) in enumerate(pairs)])
    small.c.customer_id[:], small.world.replication = identities, replication
    mine = [[k for pair in pairs if i in pair for k in pair if k != i] for i in range(len(identities))]
    return small, Category(list(identities), mine, rule, KEY, year, replication)


def assert_same_end(small, twin, people, t=4):
    """Let a period end in both, and compare who has adopted and what is counted, all of it nobody's."""
    small.c.adoption_period[:], small.c.exited[:] = zip(*people, strict=True)
    twin.since = [since for since, _ in people]
    counted = twin.end(t, [exited >= 0 for _, exited in people])
    assert not twin.close
    small.run("adoption", adopt_by_hazard if twin.rule.name == "bass" else adopt_by_threshold, t)
    small.run("adoption", count_adopters, t)
    assert small.c.adoption_period.tolist() == twin.since
    for name in COUNTS[:3]:
        assert small.counted(name) == [0, 0, counted[name]], name


@given(hazard, hazard, pairs_drawn, identities_drawn, people_drawn, st.sampled_from([1, 7, 12, 52]), st.integers(0, 3))
def test_adoption_by_hazard_is_that_of_the_twin(innovation, imitation, pairs, identities, people, year, replication):
    rule = Rule("bass", innovation, imitation)
    assert_same_end(*small_and_twin(rule, pairs, identities, year, replication), people)


@given(part, st.one_of(st.just(0.0), part), pairs_drawn, identities_drawn, people_drawn, st.integers(0, 3))
def test_adoption_by_threshold_is_that_of_the_twin(threshold, spread, pairs, identities, people, replication):
    rule = Rule("threshold", threshold=threshold, spread=spread)
    assert_same_end(*small_and_twin(rule, pairs, identities, 52, replication), people)


def test_a_threshold_of_nothing_is_reached_by_who_has_neighbours():
    """Nobody has adopted, and nobody is enough for those whom somebody could lead."""
    for threshold, after in ((0.0, [5, 5, -1]), (1e-9, [-1, -1, -1])):
        small, twin = small_and_twin(Rule("threshold", threshold=threshold), [(1, 0)], [0, 1, 2])
        assert_same_end(small, twin, [(-1, -1)] * 3)
        assert small.c.adoption_period.tolist() == after


def deciding(luck: float, of_neighbours: float) -> float:
    """Return the imitation from which she adopts in one year, without innovation."""
    return -math.log1p(-luck) / of_neighbours


def test_a_share_is_float32_and_the_chance_of_it_float64():
    """A third of neighbours, at the imitation that just suffices: by a share in float64 some would decide otherwise.

    So they would by the imitation as it is written, which float32 holds too high for some and too low for others.
    """
    others = 0
    for who in range(40):
        luck = fine_uniform(customer_words(KEY, who, 4, draw=0, block=0, replication=0)[0])
        least = deciding(luck, as_single(1 / 3))
        for imitation in (as_single(deciding(luck, 1 / 3)), as_single(least), least * (1 - 1e-12), least * (1 + 1e-12)):
            rule = Rule("bass", 0.0, imitation)
            small, twin = small_and_twin(rule, [(1, 0), (2, 0), (3, 0)], [who, 1001, 1002, 1003], 1)
            twin.since = [-1, 0, -1, -1]
            others += adoption.adopts_by_hazard(KEY, who, 4, 1 / 3, rule, 1)[0] != twin.decides(0, 4)
            assert_same_end(small, twin, [(-1, -1), (0, -1), (-1, -1), (-1, -1)])
    assert others > 5


@given(st.integers(-1, 3))
def test_stages_are_noted_as_by_the_twin(stage):
    small = Small(3, adoption={})
    small.c.life_cycle_stage[0] = stage
    small.run("adoption", note_stage)
    twin = Category([], [], Rule(), KEY, since=[], stage=stage)
    counted = twin.end(0, [])
    assert [small.counted(name) for name in COUNTS[3:]] == [[0, 0, counted[name]] for name in COUNTS[3:]]


class Books:
    """A world of which only visits of periods, and who has adopted, are known."""

    def __init__(self, year: int, sales: list[int], have: int, have_not: int, others: int = 5) -> None:
        self.periods_per_year, self.sales = year, sales
        self.end = {"adopters": have, "not_adopted": have_not}
        self.others = others
        self.customers = SimpleNamespace(life_cycle_stage=np.full(1, -1, np.int32))

    def tallied(self, name: str) -> np.ndarray:
        """Return counts by two firms and nobody, in which no firm adopts and nobody's visits are not sales."""
        found = np.zeros((len(self.sales), 3))
        if name == "visits":
            found[:, 0] = [visits // 3 for visits in self.sales]
            found[:, 1], found[:, 2] = self.sales - found[:, 0], self.others
        else:
            found[:, 2] = self.end[name]
        return found


sales_drawn = st.lists(st.integers(0, 40), min_size=1, max_size=12)


@given(st.integers(1, 4), sales_drawn, st.integers(0, 9), st.integers(0, 9), part, part)
@example(1, [4, 2], 0, 0, 0.0, 1.0)
@example(1, [4, 2], 0, 0, 0.0, 0.5)
@example(1, [0, 0], 5, 5, 0.25, 0.25)
@example(1, [0, 3], 5, 5, 1.0, 0.25)
def test_stages_of_books_are_those_of_the_twin(year, sales, have, have_not, growth_from, below):
    theory, books = Adoption(growth_from=growth_from, introduction_below=below), Books(year, sales, have, have_not)
    theory.judge_stage(books, len(sales))
    twin = Category([], [], Rule(), KEY, year, sales=sales, adopted=[adoption.adopted_of(have, have_not)] * len(sales))
    twin.judge(len(sales), 1, growth_from, below)
    assert books.customers.life_cycle_stage[0] == twin.stage


@pytest.mark.parametrize("least", [Fraction(k, 20) for k in range(1, 41)], ids=str)
def test_a_growth_that_equals_the_least_growth_is_growth(least):
    """Of 20, 40, ... visits a year, to as many more as the share says, whatever binary numbers can hold."""
    growth_from = float(least)
    for before in range(20, 200, 20):
        latest = int(before * (1 + least))
        for visits, stage in ((latest, GROWTH), (latest - 1, MATURITY)):
            books = Books(1, [before, visits], 9, 1)
            Adoption(growth_from=growth_from).judge_stage(books, 2)
            twin = Category([], [], Rule(), KEY, 1, sales=[before, visits], adopted=[0.9, 0.9])
            twin.judge(2, 1, growth_from, 0.16)
            assert (books.customers.life_cycle_stage[0], twin.stage) == (stage, stage)


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 5), min_size=1, max_size=4), st.integers(1, 52))
def test_measures_are_those_of_the_twin(rows, year):
    """The same for each firm, with whatever is counted for firms and for nobody added up."""
    counted = [dict(zip(COUNTS, row, strict=True)) for row in rows]
    sums = {name: np.array([1.0, 0.0, sum(one[name] for one in counted) - 1.0]) for name in COUNTS}
    tallied = Tallied(sums | {"visits": np.zeros(3)}, year, len(rows))
    of_twin = [adoption.adoption_share(counted), adoption.adoption_rate(counted, year), adoption.mean_stage(counted)]
    for kpi, expected in zip(Adoption.kpis, of_twin, strict=True):
        assert kpi(tallied) == pytest.approx([expected] * 2, nan_ok=True), kpi.name


YEAR, FROM = 8, 25
MARKET: dict[str, Any] = {
    "periods": 64,
    "periods_per_year": YEAR,
    "population": {"customers": 150, "purchase_rate": 0.5},
    "network": {"kind": "erdos_renyi", "neighbours": 4.0},
    "defection": {"exit_rate": 0.02},
    "need": {"season_amplitude": 0.5},
    "renewal": {"leaving_rate": 0.2, "every": 6},
    "firms": [{"name": "north"}, {"name": "east"}],
}
RULES = {
    "bass": {"innovation": 0.125, "imitation": 1.5, "growth_from": 0.2, "initial_adopters": 0.05},
    "threshold": {"threshold": 0.6, "threshold_spread": 0.3, "initial_adopters": 0.25, "growth_from": 0.2},
}
LATER = {"bass": {"innovation": 0.5, "imitation": 0.25}, "threshold": {"threshold": 0.35, "threshold_spread": 0.3}}


def rule_of(name: str, own: dict[str, Any]) -> Rule:
    """Return a rule of the twin by the parameters of the package."""
    renamed = {"threshold_spread": "spread"}
    taken = ("innovation", "imitation", "threshold", "threshold_spread")
    return Rule(name, **{renamed.get(key, key): own[key] for key in taken if key in own})


class Followed:
    """A market and its twin, period by period."""

    def __init__(self, name: str, seed: int, replication: int) -> None:
        self.name, self.own = name, {"rule": name, **RULES[name], "stage_every": 3, "introduction_below": 0.3}
        change = {"name": "later", "from": FROM, "set": {f"adoption.{key}": to for key, to in LATER[name].items()}}
        self.market = {**MARKET, "adoption": self.own, "changes": [change]}
        self.engine = Engine(Scenario.parse(self.market), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        key, identities = stream_key(seed, "adoption"), self.c.customer_id.tolist()
        self.twin = Category(identities, [], rule_of(name, self.own), key, YEAR, replication)
        self.twin.begin(self.own["initial_adopters"])
        assert self.c.adoption_period.tolist() == self.twin.since
        self.counted: list[dict[str, int]] = []

    def run(self, t: int) -> None:
        """Run a period of both, and compare need, visitors, adoption periods, counts and the stage."""
        self.engine.run(1)
        twin, c, row = self.twin, self.c, self.world.passing[0]
        if t == FROM:
            twin.rule = rule_of(self.name, {**self.own, **LATER[self.name]})
        for i, who in enumerate(c.customer_id.tolist()):
            if who != twin.identities[i]:
                twin.replace(i, who)
        ties = self.world.ties
        twin.neighbours = [ties.target[ties.start[i] : ties.start[i + 1]].tolist() for i in range(self.world.n)]
        season = need.season(t, YEAR, {**need.EXAMPLE, **MARKET["need"]})
        expected = [adoption.need_of(season, since) for since in twin.since]
        np.testing.assert_allclose(row.need[: self.world.n], expected, rtol=1e-6, atol=0.0)
        visitors = row.visit_customer[: row.visit_count[0]].tolist()
        assert all(0 <= twin.since[i] <= t for i in visitors), t
        twin.judge(t, self.own["stage_every"], self.own["growth_from"], self.own["introduction_below"])
        self.counted.append(twin.end(t, (c.exited >= 0).tolist()))
        twin.sales.append(len(visitors))
        assert not twin.close, t
        assert c.adoption_period.tolist() == twin.since, t
        assert int(c.life_cycle_stage[0]) == twin.stage, t
        for name, count in self.counted[-1].items():
            found = self.world.history[t, self.world.rows[name]].tolist()
            assert found == [0, 0, count], (name, t)

    def measures(self) -> list[float]:
        """Return the measures of all periods by the twin."""
        counted = self.counted
        return [adoption.adoption_share(counted), adoption.adoption_rate(counted, YEAR), adoption.mean_stage(counted)]


@pytest.mark.parametrize("rule", ["bass", "threshold"])
def test_a_whole_market_is_that_of_the_twin(rule):
    """With who leaves the category, newcomers, seasons, and another rule of adopting from a date on."""
    followed = Followed(rule, seed=7, replication=2)
    for t in range(MARKET["periods"]):
        followed.run(t)
    world, counted = followed.world, followed.counted
    assert sum(one["adoptions"] for one in counted[:FROM]) > 0 < sum(one["adoptions"] for one in counted[FROM:])
    assert counted[-1]["not_adopted"] > 0
    assert (world.customers.exited[world.customers.adoption_period < 0] >= 0).any()
    assert (world.customers.customer_id >= world.n).any()
    stages = {one["stage_sum"] for one in counted if one["stage_periods"]}
    assert len(stages) >= 3
    assert [one["stage_periods"] for one in counted].index(1) == 18, "the first date after two years of 8 periods"
    counts = {name: world.tallied(name).sum(axis=0) for name in (*COUNTS, "visits")}
    tallied = Tallied(counts, YEAR, MARKET["periods"])
    for kpi, expected in zip(Adoption.kpis, followed.measures(), strict=True):
        assert kpi(tallied) == pytest.approx([expected] * 2, rel=1e-12), kpi.name
