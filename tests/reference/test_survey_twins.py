"""The twins of surveys and of promises that follow them: by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import expectation_management, survey
from tests.reference.accounts import hundredths
from tests.reference.by_hand import SEED, assert_counted, listed, per_firm, per_pair, put, share, visited, visits_with
from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import stream_key
from tests.reference.survey import ITEMS, Known, Luck, Truth

ANSWERS = tuple(f"answer_{item}" for item in ITEMS)
KNOWN = ("satisfaction", "gap", "age")


class TestSurveyByHand:
    p = survey.EXAMPLE

    def test_who_answers(self):
        """From the middle 0.2, from either end 0.4 / 2 more; never more than all."""
        assert [survey.response(felt, self.p) for felt in (0.5, 0.0, 1.0)] == pytest.approx([0.2, 0.4, 0.4])
        assert survey.response(1.0, self.p | {"response_extremity": 10.0}) == 1.0

    def test_marks(self):
        """0.75 and a bias of 0.1: 9 * 0.85 = 7.65, 8 marks, answer 9; to recommend 8.5, rounded up to 9."""
        for most, error, marks in ((9, 0.0, 8), (10, 0.0, 9), (9, 9.0, 9), (9, -9.0, 0)):
            assert math.floor(survey.exact_marks(0.75, most, 0.1, error, self.p)) == marks
        assert (survey.answer("overall", 8), survey.answer("recommend", 8)) == (9, 8)

    def test_truths(self):
        truth = Truth(0.6, -0.2, 1.2, 0.8, 0.4, 0.4)
        assert truth.of_items(self.p) == pytest.approx((0.8, 0.4, 0.6, 1.0, 0.68, 0.4))
        assert survey.answers(truth, 0.0, Luck(0, 0, (0.0,) * 6), self.p) == [8, 5, 6, 10, 7, 5]

    def test_counts(self):
        found = survey.counted([[8, 5, 6, 10, 9, 5], [1, 1, 1, 1, 6, 1], [10, 1, 1, 1, 7, 1]], self.p)
        assert (found["answers"], found["full_marks"], found["promoters"], found["detractors"]) == (3, 27, 1, 1)
        assert (found["marks_overall"], found["marks_visit"], found["marks_recommend"]) == (16, 9, 22)

    def test_a_window(self):
        """Of 18 marks 12 and 6: 2 / 3, and a gap of 2 / 3 - 1; without answers the old ones stay, and grow older."""
        known, p = Known(), self.p | {"window": 2}
        silent = {"full_marks": 0, "marks_overall": 0, "marks_expected": 0}
        said = {"full_marks": 9, "marks_overall": 6, "marks_expected": 3}
        periods = [silent, silent, said, said, silent, silent]
        for t, expected in ((0, math.nan), (2, math.nan), (3, math.nan), (4, 2 / 3), (6, 2 / 3)):
            known.read(t, periods[:t], p)
            assert known.satisfaction == pytest.approx(expected, nan_ok=True)
            known.grow_older()
        assert (known.gap, known.age) == (pytest.approx(-1 / 3), 2)

    def test_a_review(self):
        """Half of the gap of -0.4, at a date, of answers read since the last; never below the lowest promise."""
        known, p = Known(0.7, -0.4, 0), expectation_management.EXAMPLE
        assert expectation_management.review(13, 0.8, 0.5, known, p) == pytest.approx(0.6)
        assert expectation_management.review(13, 0.2, 0.5, known, p) == pytest.approx(0.05)
        old, none = Known(0.7, -0.4, 13), Known()
        kept = [(14, 0.5, known), (13, 0.0, known), (13, 0.5, old), (13, 0.5, none)]
        assert [expectation_management.review(t, 0.8, k, of, p) for t, k, of in kept] == [0.8] * 4


numbers_of_survey = st.fixed_dictionaries(
    {
        "scale": st.integers(2, 12),
        "response_base": share,
        "response_extremity": st.floats(0.0, 3.0, width=32),
        "midpoint": share,
        "leniency": st.floats(-0.25, 0.5, width=32),
        "slope": st.floats(0.25, 1.5, width=32),
        "noise": st.floats(0.0, 0.5, width=32),
        "bias_spread": st.floats(0.0, 0.5, width=32),
        "recommend_part": share,
    }
)


@settings(max_examples=examples(25))
@given(
    numbers_of_survey,
    st.tuples(st.floats(0.0625, 1.0, width=32), share),
    per_firm(st.floats(0.015625, 100.0, width=32)),
    per_pair(st.tuples(*[share] * 4)),
    visits_with(st.tuples(share, share, st.floats(-0.5, 0.5, width=32))),
    st.integers(0, 99),
)
def test_answers_are_those_of_the_twin(numbers, sampling, costs, attitudes, visits, t):
    firms = [{"survey": {"sampling": part, "question_cost": cost}} for part, cost in zip(sampling, costs, strict=True)]
    small = Small(3, firms, survey=numbers, off=["word_of_mouth"])
    p, key = {**survey.EXAMPLE, **numbers}, stream_key(SEED, "survey")
    satisfaction, commitment, preference, expectation = np.moveaxis(np.array(attitudes), 2, 0)
    people = listed(small, visits)
    small.c.expectation[:] = expectation
    put(small, performance=[v[2] for v in visits], transaction=[v[3] for v in visits])
    small.phases(Phase.RECOVERY, t=t)
    small.c.expectation[:] = 0.0  # what has been learnt since is not what was expected
    small.c.satisfaction[:], small.c.affective_commitment[:], small.c.preference[:] = (
        satisfaction,
        commitment,
        preference,
    )
    put(small, answer_shift=[v[4] for v in visits])
    small.phases(Phase.TELLING, Phase.RELATION, t=t)
    found = np.array([small.at(name) for name in ANSWERS]).T.tolist()
    given_to, asked = [[], []], [0, 0]
    for v, ((i, j, identity, nth), (*_, performance, transaction, shift)) in enumerate(
        zip(people, visits, strict=True)
    ):
        luck, bias = survey.luck(key, identity, t, nth, 0), survey.bias(key, identity, 0, p)
        assert small.c.answer_bias[i] == pytest.approx(bias, abs=1e-6)
        felt = transaction + shift
        truth = Truth(
            performance, performance - expectation[j, i], felt, satisfaction[j, i], commitment[j, i], preference[j, i]
        )
        chance = survey.response(survey.clipped(felt), p)
        assume(not near(luck.answers, chance))
        marks = [
            survey.exact_marks(of_item, survey.most_of(item, p), bias, error, p)
            for item, of_item, error in zip(ITEMS, truth.of_items(p), luck.errors, strict=True)
        ]
        assume(not any(abs(exact - round(exact)) < 3e-5 for exact in marks if exact > 0.5))
        is_asked = luck.asked < sampling[j]
        said = survey.answers(truth, bias, luck, p) if is_asked and luck.answers < chance else [0] * 6
        asked[j] += is_asked
        if is_asked and luck.answers < chance:
            given_to[j].append(said)
        assert found[v] == said
        assert bool(small.at("answered")[v]) == (is_asked and luck.answers < chance)
    of_twin = [survey.counted(said, p) for said in given_to]
    names = ("answers", "full_marks", "promoters", "detractors", *(f"marks_{item}" for item in ITEMS))
    spent = [count * hundredths(cost) for count, cost in zip(asked, costs, strict=True)]
    assert_counted(small, {name: [of[name] for of in of_twin] for name in names})
    assert_counted(small, {"surveyed": asked, "survey_cost": spent})


@settings(max_examples=examples(25))
@given(
    st.tuples(share, share).map(sorted),
    per_firm(st.tuples(st.floats(0.0, 0.984375, width=32), share, st.floats(0.0, 0.5, width=32), st.integers(0, 5))),
    st.integers(1, 99),
)
def test_test_visits_are_those_of_the_twin(severities, of_firms, t):
    numbers = dict(zip(("severity_low", "severity_high"), severities, strict=True))
    firms = [
        {
            "service": {"quality": quality, "failure_rate": rate, "spread_within": within},
            "survey": {"mystery_visits": visits, "mystery_cost": 12.345},
        }
        for quality, rate, within, visits in of_firms
    ]
    assume(any(visits for *_, visits in of_firms))
    small = Small(1, firms, survey=numbers, encounter=numbers)
    p, key = {**survey.EXAMPLE, **numbers}, stream_key(SEED, "survey")
    small.phases(Phase.BOOKS, t=t)
    found = small.world.lookup("mystery_sum", 0)[:2] / 2**20
    for j, (firm, (*_, visits)) in enumerate(zip(small.scenario.firms, of_firms, strict=True)):
        quality = sum(survey.mystery_visit(key, j, t, k, 0, Served(firm), p) for k in range(visits))
        assert found[j] == pytest.approx(quality, abs=2e-6 * (1 + visits))
    made = [visits for *_, visits in of_firms]
    assert_counted(small, {"mystery_count": made, "mystery_bill": [visits * 1235 for visits in made]})


class Served:
    """What a firm delivers, as float32 holds it."""

    def __init__(self, firm) -> None:
        service = firm.service
        self.quality, self.failure_rate = as_single(service.quality), as_single(service.failure_rate)
        self.spread = math.hypot(service.spread_within, service.spread_between)


SURVEYED = {
    "periods": 23,
    "population": {
        "customers": 200,
        "purchase_rate": 0.6,
        "segments": [{"name": "light", "share": 0.5}, {"name": "heavy", "share": 0.25}, {"name": "new", "share": 0.25}],
    },
    "complaint": {"base": 1.0},
    "recovery": {"paradox": 0.5},
    "survey": {"window": 3, "segment_bias": [-0.25, 0.375], "response_base": 0.5},
    "expectation_management": {"every": 4, "lowest_promise": 0.25, "highest_promise": 0.875},
    "firms": [
        {"name": "north", "promise": 0.9, "survey": {"sampling": 0.5}, "expectation": {"adjustment": 0.5}},
        {"name": "east", "promise": 0.2, "survey": {"sampling": 0.05}, "expectation": {"adjustment": 2.0}},
        {"name": "south", "recovery": {"compensation": 1.0, "empathy": 0.5}, "survey": {"sampling": 0.75}},
        {"name": "west", "survey": {"mystery_visits": 3}},
    ],
}
OF_VISITS = ("visit_customer", "visit_firm", "visit_nth", "performance", "transaction", "answer_shift", *ANSWERS)


@pytest.mark.parametrize("every", [4, 2])
def test_a_whole_market_is_that_of_the_twins(every):
    """Reviews that come later than answers, and more often than they."""
    market = {**SURVEYED, "expectation_management": {**SURVEYED["expectation_management"], "every": every}}
    engine = Engine(Scenario.parse(market), seed=4, replication=3)
    c, tallied = engine.world.customers, engine.world.tallied
    p, key = {**survey.EXAMPLE, **market["survey"]}, stream_key(4, "survey")
    managed = {**expectation_management.EXAMPLE, **market["expectation_management"]}
    people = list(zip(c.customer_id.tolist(), c.segment.tolist(), strict=True))
    bias = [survey.bias(key, identity, 3, p, segment) for identity, segment in people]
    np.testing.assert_allclose(c.answer_bias, bias, atol=1e-6)
    known, summed = [Known() for _ in range(4)], [[] for _ in range(4)]
    promises, adjustments = engine.world.firms.promise.tolist(), [0.5, 2.0, 0.0, 0.0]
    shifted, doubtful, moved = 0, 0, set()
    for t in range(23):
        expectation = c.expectation.copy()
        engine.run(1)
        for j in range(4):
            known[j].read(t, summed[j], p)
            if expectation_management.reviews(t, adjustments[j], known[j], managed):
                promises[j] = expectation_management.review(t, promises[j], adjustments[j], known[j], managed)
                moved.add((t, j))
            known[j].grow_older()
        assert engine.world.firms.promise.tolist() == pytest.approx(promises, abs=1e-6)
        said = [[], [], [], []]
        for i, j, nth, performance, transaction, shift, *found in visited(engine, *OF_VISITS):
            luck = survey.luck(key, people[i][0], t, nth, 3)
            of_firm = (c.satisfaction[j, i], c.affective_commitment[j, i], c.preference[j, i])
            truth = Truth(performance, performance - expectation[j, i], transaction + shift, *map(float, of_firm))
            shifted += shift != 0.0
            answers = luck.answers < survey.response(survey.clipped(transaction + shift), p)
            of_twin = [0] * 6
            if luck.asked < market["firms"][j]["survey"].get("sampling", 0.0) and answers:
                of_twin = survey.answers(truth, bias[i], luck, p)
                said[j].append(of_twin)
            doubtful += found != of_twin
        for j in range(4):
            summed[j].append(survey.counted(said[j], p))
            for name in ("answers", "full_marks", "marks_overall", "marks_expected", "promoters"):
                assert tallied(name)[t, j] == summed[j][t][name], (t, j, name)
        for name in KNOWN:
            np.testing.assert_allclose(c[f"surveyed_{name}"], [getattr(one, name) for one in known], atol=1e-6)
        assert tallied("promised")[t, :2] == pytest.approx(promises[:2], abs=2e-6)
    assert doubtful == 0
    assert shifted > 10
    assert {j for _, j in moved} == {0, 1}
    assert any(not tallied("answers")[t : t + 3, 1].any() for t in range(3, 21, 3))
