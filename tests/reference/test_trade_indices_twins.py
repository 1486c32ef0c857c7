"""The twin of the trade's indices: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.measurement.trade_indices import TradeIndices
from abm.mechanisms.measurement.trade_questions import ask_liking, ask_problems, ask_visitors, foresee_repurchase
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import trade_indices
from tests.reference.by_hand import SEED, assert_counted, listed, share, visited
from tests.reference.closeness import as_single
from tests.reference.durable import NOBODY, NOTHING, PURCHASE, SERVICE, Person, periods_of
from tests.reference.random_numbers import stream_key
from tests.reference.trade_indices import COUNTS, NOT_SEEN, NOT_YET, Study, Visit

KEY = stream_key(SEED, "trade_indices")
N, FIRMS = 4, 3
OF_UNITS = ("owned_from", "unit_age", "unit_problems", "unit_liking", "occasion_kind")


def single_parameters(own: dict[str, Any]) -> dict[str, Any]:
    both = {**trade_indices.EXAMPLE, **own}
    return {name: as_single(value) if isinstance(value, float) else value for name, value in both.items()}


def small_and_twin(own, people, year=12, replication=0, identities=range(N), bias=(0.0,) * N, sells=(True,) * FIRMS):
    """Return a small market and its twin, of the same people."""
    small = Small(
        len(people), [{"durable": {"sells": one}} for one in sells], information={}, need={"process": "due"},
        durable={}, survey={}, trade_indices=own, periods_per_year=year,
    )  # fmt: skip
    small.world.replication = replication
    small.c.customer_id[:], small.c.answer_bias[:] = list(identities), bias
    for name in OF_UNITS:
        small.c[name][:] = [getattr(one, name) for one in people]
    small.c.problems_noted[:] = NOT_SEEN
    p = single_parameters(own)
    study = Study(FIRMS, list(identities), bias, KEY, p, year, replication, [NOT_SEEN] * len(people))
    return small, study


def assert_same_counts(small, study):
    """Compare what has been counted, by firm."""
    assert_counted(small, {name: study.counts.get(name, [0] * FIRMS) for name in COUNTS})


class TestByHand:
    p = trade_indices.EXAMPLE

    def study(self, **own: Any) -> Study:
        sure = {"asking": 1.0, "response": 1.0, "noise": 0.0, "recall": 1.0}
        return Study(2, [0], [0.1], KEY, {**self.p, **sure, **own}, 12, noted=[NOT_SEEN])

    def test_what_is_said(self):
        """0.7 and a bias of 0.1 are 7.2 of nine steps; nobody says more than all of them."""
        assert [self.study().said(0, truth, 0.5) for truth in (0.7, 0.95, 0.0)] == [7, 9, 1]

    def test_visitors(self):
        """Of a sale 0.5 is 5 marks with the bias; of a service all else too, the make's for who sold it."""
        study, visit = self.study(), Visit(PURCHASE, 0.5, 0.8, 0.3, 0.4, 0.6)
        one = Person(owned_from=1, unit_age=12)
        study.ask_visitor(0, 3, 0, one, visit)
        assert study.counts == {"ssi_marks": [5, 0], "ssi_most": [9, 0], "recommend_marks": [7, 0]}
        study.counts = {}
        study.ask_visitor(0, 3, 0, one, Visit(SERVICE, 0.5, 0.8, 0.3, 0.4, 0.6))
        assert study.counts == {
            "csi_marks": [5, 0], "csi_most": [9, 0], "recommend_marks": [7, 0], "revisit_marks": [5, 0],
            "rebuy_marks": [0, 6], "rebuy_most": [0, 9],
        }  # fmt: skip
        study.counts, one.unit_age = {}, 11
        study.ask_visitor(0, 3, 0, one, Visit(SERVICE, 0.5, 0.8, 0.3, 0.4, 0.6))
        assert not study.counts

    def test_problems(self):
        """Of 2 at three months and 7 at three years, of which 4 were there a year before."""
        study, one = self.study(), Person(owned_from=0, unit_age=0, unit_liking=0.5)
        for age, problems in ((0, 0), (3, 2), (24, 4), (36, 7)):
            one.unit_age, one.unit_problems = age, problems
            study.ask_problems(0, age, one)
        assert study.counts == {
            "iqs_units": [1, 0], "iqs_problems": [2, 0], "vds_units": [1, 0], "vds_problems": [3, 0],
        }  # fmt: skip

    def test_repurchase(self):
        """e**1 of 1 + e + e**2, where she does not know the third; nothing for a purchase, or a firm she shuns."""
        one, known = Person(owned_from=0, occasion_kind=SERVICE), (True, True, False)
        chance = trade_indices.rebuy_chance(one, known, (True,) * 3, (1.0, 2.0, 3.0), 0.0)
        assert chance == pytest.approx(np.e / (1.0 + np.e + np.e**2))
        assert trade_indices.rebuy_chance(one, known, (False, True, True), (1.0, 2.0, 3.0), 0.0) == 0.0
        assert trade_indices.rebuy_chance(one, known, (True,) * 3, (-1e30, 2.0, 3.0), 0.0) == 0.0
        one.occasion_kind = PURCHASE
        assert trade_indices.rebuy_chance(one, known, (True,) * 3, (1.0, 2.0, 3.0), 0.0) == 0.0

    def test_measures(self):
        c = dict.fromkeys(COUNTS, 0.0) | {
            "ssi_marks": 30, "ssi_most": 40, "appeal_marks": 9, "appeal_most": 10, "csi_marks": 12, "csi_most": 20,
            "rebuy_marks": 4, "rebuy_most": 10, "recommend_marks": 45, "revisit_marks": 15, "iqs_units": 4,
            "iqs_problems": 5, "vds_units": 2, "vds_problems": 3,
        }  # fmt: skip
        assert list(trade_indices.measures(c).values()) == pytest.approx(
            [75.0, 125.0, 90.0, 60.0, 150.0, 0.75, 0.75, 0.4]
        )


sure = st.sampled_from([1.0, 1.0, 0.5, 0.0])
numbers = st.fixed_dictionaries(
    {"asking": st.sampled_from([1.0, 1.0, 0.5]), "response": st.sampled_from([1.0, 0.75, 0.25, 0.0])},
    optional={
        "extremity": st.sampled_from([0.0, 0.5, 2.0]),
        "middle": share,
        "scale": st.sampled_from([2, 5, 10, 100]),
        "noise": st.sampled_from([0.0, 0.125, 1.0]),
        "recall": sure | share,
        "satisfied_part": sure | share,
        "early_age": st.sampled_from([0.0625, 0.25, 1.0, 2.0]),
        "service_from": st.sampled_from([0.0, 0.25, 1.0]),
        "service_until": st.sampled_from([1.0, 1.5, 3.0]),
        "late_age": st.sampled_from([1.0, 1.25, 3.0]),
        "appeal_from": st.sampled_from([0.0, 0.125, 0.25]),
        "appeal_until": st.sampled_from([0.25, 0.5]),
    },
)
years = st.sampled_from([1, 4, 12])
person = st.builds(
    Person,
    owned_from=st.sampled_from([NOBODY, 0, 1, 2, 2]),
    unit_age=st.integers(0, 40) | st.sampled_from([0, 3, 12, 24, 36]),
    unit_problems=st.integers(0, 9),
    unit_liking=st.sampled_from([0.0, 0.5, 1.0]) | share,
    occasion_kind=st.sampled_from([NOTHING, PURCHASE, SERVICE]),
).map(lambda one: Person(occasion_kind=PURCHASE) if not one.owns and one.occasion_kind == SERVICE else one)
people_drawn = st.lists(person, min_size=N, max_size=N)
identities_drawn = st.lists(st.integers(0, 2**32 - 1), min_size=N, max_size=N, unique=True)
biases = st.lists(st.sampled_from([0.0, -0.25, 0.125]), min_size=N, max_size=N)
drawn = (numbers, people_drawn, years, st.integers(0, 2), identities_drawn, biases)
gone_drawn = st.lists(st.sampled_from([-1, -1, 0, 3]), min_size=N, max_size=N)
utilities = st.sampled_from([-1e30, 0.0, -200.0, 200.0]) | st.floats(-20.0, 20.0, width=32)
seen_drawn = st.lists(st.lists(st.tuples(st.booleans(), utilities), min_size=3, max_size=3), min_size=N, max_size=N)


@settings(max_examples=examples(25))
@given(
    people_drawn, st.lists(st.booleans(), min_size=3, max_size=3).filter(any), seen_drawn,
    st.sampled_from([-10.0, 0.0, 300.0]) | st.floats(-9.0, 9.0, width=32),
)  # fmt: skip
def test_chances_of_repurchase_are_those_of_the_twin(people, sells, seen, outside):
    small, _ = small_and_twin({}, people, sells=sells)
    small.c.aware[:] = np.transpose([[known for known, _ in of] for of in seen])
    small.passing.utility_without_durable[:, :N] = np.transpose([[u for _, u in of] for of in seen])
    small.passing.outside_utility[:N] = outside
    comers = [i for i in range(N) if people[i].occasion_kind != NOTHING]
    listed(small, [(i, 0) for i in comers])
    small.run("trade_indices", foresee_repurchase)
    found = small.scratch("trade_indices", "would_rebuy")
    for i in comers:
        known, utility = zip(*seen[i], strict=True)
        expected = trade_indices.rebuy_chance(people[i], known, sells, utility, outside)
        assert found[i] == pytest.approx(expected, rel=1e-5, abs=0.0)


felt_drawn = st.lists(
    st.tuples(st.floats(-0.25, 1.25, width=32), st.sampled_from([0.0, 0.25, -0.5]), share, share, share, share),
    min_size=N, max_size=N,
)  # fmt: skip


@settings(max_examples=examples(25))
@given(*drawn, felt_drawn, st.lists(st.integers(0, 2), min_size=N, max_size=N))
def test_answers_of_visitors_are_those_of_the_twin(own, people, year, replication, identities, bias, felt, firms):
    small, study = small_and_twin(own, people, year, replication, identities, bias)
    comers = [i for i in range(N) if people[i].occasion_kind != NOTHING]
    visits = listed(small, [(i, firms[i]) for i in comers])
    small.at("visit_kind")[:] = [people[i].occasion_kind for i in comers]
    small.at("transaction")[:] = [felt[i][0] for i in comers]
    small.at("answer_shift")[:] = [felt[i][1] for i in comers]
    for i, j, *_ in visits:
        small.c.satisfaction[j, i], small.c.affective_commitment[j, i], small.c.preference[j, i] = felt[i][2:5]
    small.scratch("trade_indices", "would_rebuy")[:N] = [one[5] for one in felt]
    small.run("trade_indices", ask_visitors, 9)
    for i, j, *_ in visits:
        given_by = Visit(people[i].occasion_kind, as_single(felt[i][0] + felt[i][1]), *felt[i][2:])
        study.ask_visitor(i, 9, j, people[i], given_by)
    assume(not study.close)
    assert_same_counts(small, study)


def test_answers_of_many_visitors_are_those_of_the_twin():
    """Of ages around both ends of the time in which services are asked about, of units that others have sold."""
    n, own = 420, {"asking": 0.9, "response": 0.6}
    people = [
        Person(owned_from=i % FIRMS, unit_age=(0, 11, 12, 20, 36, 37)[i % 6], occasion_kind=2 - (i % 7 == 0))
        for i in range(n)
    ]
    small, study = small_and_twin(own, people, identities=range(n), bias=[0.0] * n)
    visits = listed(small, [(i, i // 3 % FIRMS) for i in range(n)])
    small.at("visit_kind")[:] = [one.occasion_kind for one in people]
    small.at("transaction")[:], small.at("answer_shift")[:] = 0.625, 0.0
    small.c.satisfaction[:], small.c.affective_commitment[:], small.c.preference[:] = 0.75, 0.25, 0.375
    small.scratch("trade_indices", "would_rebuy")[:n] = 0.875
    small.run("trade_indices", ask_visitors, 9)
    for i, j, *_ in visits:
        one = people[i]
        study.ask_visitor(i, 9, j, one, Visit(one.occasion_kind, 0.625, 0.75, 0.25, 0.375, 0.875))
    assert not study.close
    assert_same_counts(small, study)


def test_the_first_days_last_a_period_at_least():
    own = {"asking": 1.0, "response": 1.0, "recall": 1.0, "early_age": 0.0625}
    people = [Person(owned_from=0, unit_age=age, unit_problems=age + 2, unit_liking=1.0) for age in (0, 1, 2, 3)]
    small, study = small_and_twin(own, people, year=4)
    small.c.problems_noted[:] = NOT_YET
    study.noted = [NOT_YET] * N
    small.run("trade_indices", ask_problems, 9)
    for i, one in enumerate(people):
        study.ask_problems(i, 9, one)
    assert_same_counts(small, study)
    assert study.counts == {"iqs_units": [1, 0, 0], "iqs_problems": [3, 0, 0]}


def ages_of(p, year):
    """Return ages at which something is asked, and those next to them."""
    early, late = max(1, periods_of(p["early_age"], year)), max(year, periods_of(p["late_age"], year))
    return sorted({age for at in (0, early, late - year, late) for age in (at - 1, at, at + 1) if age >= 0})


@settings(max_examples=examples(25))
@given(*drawn, gone_drawn, st.lists(st.integers(0, 3), min_size=40, max_size=40), st.booleans())
def test_answers_on_problems_are_those_of_the_twin(
    own, people, year, replication, identities, bias, gone, problems, is_new
):
    """Of units that are bought, and of units that were there at the start, which nobody has seen new."""
    small, study = small_and_twin(own, people, year, replication, identities, bias)
    small.c.exited[:] = gone
    ages = ages_of(study.p, year)
    for one in people:
        one.unit_problems = 0
    for age, more in zip(ages if is_new else ages[2:], problems, strict=False):
        for i, one in enumerate(people):
            one.unit_age, one.unit_problems = age, one.unit_problems + more
            if gone[i] < 0:
                study.ask_problems(i, 50 + age, one)
        for name in OF_UNITS:
            small.c[name][:] = [getattr(one, name) for one in people]
        small.run("trade_indices", ask_problems, 50 + age)
        assume(not study.close)
        assert small.c.problems_noted.tolist() == study.noted, age
    assert_same_counts(small, study)


@settings(max_examples=examples(25))
@given(*drawn, gone_drawn)
def test_answers_on_liking_are_those_of_the_twin(own, people, year, replication, identities, bias, gone):
    small, study = small_and_twin(own, people, year, replication, identities, bias)
    small.c.exited[:] = gone
    for age in range(periods_of(study.p["appeal_until"], year) + 2):
        for i, one in enumerate(people):
            one.unit_age = age
            if gone[i] < 0:
                study.ask_liking(i, 50 + age, one)
        small.c.unit_age[:] = age
        small.run("trade_indices", ask_liking, 50 + age)
    assume(not study.close)
    assert_same_counts(small, study)


def test_who_was_there_at_the_start_is_never_asked_of_the_first_days():
    """Nobody has counted the problems that her unit had before, whatever has been noted of it since."""
    own = {"asking": 1.0, "response": 1.0, "recall": 1.0, "late_age": 1.25, "early_age": 0.5}
    people = [Person(owned_from=0, unit_liking=1.0) for _ in range(N)]
    small, _ = small_and_twin(own, people)
    for age in range(1, 16):
        small.c.unit_age[:], small.c.unit_problems[:] = age, age
        small.run("trade_indices", ask_problems, age)
    assert small.counted("iqs_units")[0] == 0
    assert (small.counted("vds_units")[0], small.counted("vds_problems")[0]) == (N, 12 * N)


def test_who_has_a_new_unit_before_she_was_asked_of_the_old_one_begins_anew():
    own = {"asking": 1.0, "response": 1.0, "recall": 1.0}
    people = [Person(owned_from=0, unit_liking=1.0) for _ in range(N)]
    small, study = small_and_twin(own, people)
    for t, age in enumerate((24, 25, 0, 3, 36)):
        small.c.unit_age[:] = age
        small.run("trade_indices", ask_problems, t)
        for i, one in enumerate(people):
            one.unit_age = age
            study.ask_problems(i, t, one)
    assert small.c.problems_noted.tolist() == study.noted == [NOT_YET] * N
    assert_same_counts(small, study)
    assert (study.counts["iqs_units"], "vds_units" in study.counts) == ([N, 0, 0], False)


MARKET: dict[str, Any] = {
    "periods": 48,
    "periods_per_year": 8,
    "population": {"customers": 120, "basket": 10.0},
    "need": {"process": "due"},
    "defection": {"exit_rate": 0.01},
    "renewal": {"leaving_rate": 0.1, "every": 7},
    "information": {},
    "survey": {},
    "durable": {
        "mean_life": 3.0, "shopping_rate": 6.0, "promptness": 9.0, "remembering": 0.9, "problem_rate": 2.0,
        "purchase_multiple": 6.0,
    },
    "trade_indices": {
        "asking": 0.75, "early_age": 0.5, "late_age": 2.0, "service_from": 0.5, "service_until": 2.5,
        "appeal_from": 0.25, "appeal_until": 1.0,
    },
    "choice": {"outside": -3.0},
    "firms": [
        {"name": "north", "durable": {"build_quality": 0.5}},
        {"name": "east", "price": 0.9375},
        {"name": "south", "durable": {"sells": False}},
    ],
    "changes": [{"name": "more", "from": 20, "set": {"trade_indices.asking": 1.0, "trade_indices.recall": 0.5}}],
}  # fmt: skip
PASSED = ("visit_customer", "visit_firm", "visit_kind", "transaction", "answer_shift")


def rows_of(c) -> list[Person]:
    """Return people as columns have their units."""
    return [Person(**{name: c[name][i].item() for name in OF_UNITS}) for i in range(len(c.owned_from))]


class Followed:
    """A market and its twin, period by period; of units and visits the twin is told."""

    def __init__(self, seed: int, replication: int) -> None:
        self.engine = Engine(Scenario.parse(MARKET), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        n = self.world.n
        key = stream_key(seed, "trade_indices")
        self.study = Study(FIRMS, self.c.customer_id.tolist(), [], key, {}, 8, replication, [NOT_SEEN] * n)
        self.totals = {name: np.zeros(FIRMS) for name in COUNTS}

    def run(self, t: int) -> None:
        """Run a period of both."""
        c, study, old = self.c, self.study, rows_of(self.c)
        self.engine.run(1)
        later = {"asking": 1.0, "recall": 0.5} if t >= 20 else {}
        study.p = single_parameters({**MARKET["trade_indices"], **later})
        study.bias, study.counts = c.answer_bias.tolist(), {}
        people = rows_of(c)
        for i, identity in enumerate(c.customer_id.tolist()):
            if identity != study.identities[i]:
                study.identities[i], study.noted[i], old[i] = identity, NOT_SEEN, Person(unit_age=-99)
        self.visit(t, old, people)
        for i, one in enumerate(people):
            if c.exited[i] < 0:
                study.ask_problems(i, t, one)
                study.ask_liking(i, t, one)
        assert not study.close, t
        assert c.problems_noted.tolist() == study.noted, t
        for name in COUNTS:
            found = self.world.history[t, self.world.rows[name], :FIRMS]
            expected = study.counts.get(name, [0] * FIRMS)
            np.testing.assert_array_equal(found, expected, err_msg=f"{name} in {t}")
            self.totals[name] += expected

    def visit(self, t: int, old: list[Person], people: list[Person]) -> None:
        """Ask visitors; her unit is what it was before the visit."""
        c, row = self.c, self.world.passing[0]
        rebuy = row["trade_indices.would_rebuy"].tolist()
        sells = [firm.durable.sells for firm in self.engine.levers.firms]
        for i, j, kind, transaction, shift in visited(self.engine, *PASSED):
            before = people[i] if kind == SERVICE else old[i]
            before.occasion_kind = kind
            utility = row.utility_without_durable[:, i].tolist()
            of_twin = trade_indices.rebuy_chance(
                before, (self.known[:, i] > 0).tolist(), sells, utility, float(row.outside_utility[i])
            )
            assert kind == PURCHASE or rebuy[i] == pytest.approx(of_twin, rel=1e-5)
            felt = as_single(as_single(transaction) + as_single(shift))
            states = (c.satisfaction[j, i], c.affective_commitment[j, i], c.preference[j, i])
            self.study.ask_visitor(i, t, j, before, Visit(kind, felt, *map(float, states), rebuy[i]))


@pytest.mark.slow
def test_a_whole_market_is_that_of_the_twin():
    """With who leaves, newcomers, a workshop that sells nothing, and another sample from a date on."""
    followed = Followed(seed=7, replication=2)
    for t in range(MARKET["periods"]):
        followed.known = followed.c.aware.copy()
        followed.run(t)
    totals = followed.totals
    assert min(total.sum() for total in totals.values()) > 3
    tiled = Engine(Scenario.parse(MARKET), seed=7, replication=2, threads=3)
    tiled.set_tile(64)
    tiled.run(MARKET["periods"])
    np.testing.assert_array_equal(tiled.world.history, followed.world.history)
    summary = record(Scenario.parse(MARKET), seed=7, replication=2).summary(TradeIndices.kpis)
    for j in range(FIRMS):
        of_twin = trade_indices.measures({name: total[j] for name, total in totals.items()})
        of_firm = dict(zip((kpi.name for kpi in TradeIndices.kpis), summary[j], strict=True))
        assert of_firm == pytest.approx(of_twin, rel=1e-9, nan_ok=True)
