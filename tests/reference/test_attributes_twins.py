"""The twins of attributes and of their survey: by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.measurement.attribute_survey import answer_attributes, count_attributes
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.attributes import add_attribute_cost, book_attributes
from abm.scenario.scenario import Scenario
from abm.world.attributes import ATTRIBUTES as IN_THE_MODEL
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import attribute_survey, attributes, situation
from tests.reference.attributes import ATTRIBUTES
from tests.reference.by_hand import (
    SEED,
    assert_counted,
    effort,
    listed,
    per_firm,
    per_pair,
    put,
    share,
    visited,
    visits_with,
)
from tests.reference.closeness import as_single, near, near_half
from tests.reference.random_numbers import stream_key

OTHERS = ("taste", "word_of_mouth")  # theories that add to performance, too
MET = tuple(f"met_{attribute}" for attribute in ATTRIBUTES)
ANSWERS = tuple(f"answer_on_{attribute}" for attribute in ATTRIBUTES)
LEVELS = tuple(f"{attribute}_level" for attribute in ATTRIBUTES)
COST_PARTS = tuple(f"{attribute}_cost_part" for attribute in ATTRIBUTES)
WEIGHTS = tuple(f"{attribute}_weight" for attribute in ATTRIBUTES)
GIFTS = tuple(f"gift_{attribute}" for attribute in ATTRIBUTES)


def named(names, values):
    """Return five numbers under their names."""
    return dict(zip(names, values, strict=True))


class TestAttributesByHand:
    p = attributes.EXAMPLE

    def test_weights(self):
        """0.4 e^(0.5 * 2 ln 2) = 0.8; with 0.15 + 0.2 + 0.15 + 0.1 that is 1.4."""
        drawn = attributes.spread_out((2.0 * math.log(2.0), 0.0, 0.0, 0.0, 0.0), self.p)
        assert drawn == pytest.approx((0.8 / 1.4, 0.15 / 1.4, 0.2 / 1.4, 0.15 / 1.4, 0.1 / 1.4))
        assert attributes.spread_out((1.0,) * 5, self.p) == pytest.approx((0.4, 0.15, 0.2, 0.15, 0.1))

    def test_a_gift_weighs_the_same_with_all(self):
        own = (0.8, 0.2, 0.0, 0.0, 0.0)
        assert attributes.weights_on_visit(own, False, self.p) == own
        assert attributes.weights_on_visit(own, True, self.p) == (0.25, 0.1, 0.2, 0.1, 0.35)

    def test_steps(self):
        """From 0.9: 0.2 more would be 1.1, and 0.99 is the best; from 0.3: 0.5 less would be -0.2, and 0 the least."""
        high, low = attributes.Policy((0.2, 0.05, 0.0, -0.1, -0.5)), attributes.Policy((-0.5, 0.2, 0.0, 0.0, 0.0))
        assert high.steps(0.9) == pytest.approx((0.09, 0.05, 0.0, -0.1, -0.5))
        assert low.steps(0.3) == pytest.approx((-0.3, 0.2, 0.0, 0.0, 0.0))

    def test_cost(self):
        """Half of what is missing at the core: 0.4 of 3 ln 2 = 0.831777; people at 0 save 0.2 of it = 0.415888."""
        dear, cheap = attributes.Policy((0.25, 0.0, 0.0, 0.0, 0.0)), attributes.Policy((0.0, 0.0, -0.5, 0.0, 0.0))
        assert (dear.cost(0.5, 3.0), cheap.cost(0.5, 3.0)) == pytest.approx((0.831777, -0.415888), abs=1e-6)
        assert (dear.spend(10, 0.5, 3.0), cheap.spend(10, 0.5, 3.0)) == (830, -420)

    def test_all_at_one_level_cost_as_much_as_quality(self):
        """3 ln(0.25 / 0.125) = 2.079442 cu a visit for 0.875 where 0.75 is delivered."""
        assert attributes.Policy((0.125,) * 5).cost(0.75, 3.0) == pytest.approx(2.079442, abs=1e-6)

    def test_a_visit(self):
        """Off by 0.3 and -0.1: what is met with ends at 1, what performance moves by does not."""
        off = attributes.off((0.2, 0.0, 0.0, 0.0, 0.0), (1.0, -1.0, 0.0, 0.0, 0.0), self.p)
        assert off == pytest.approx((0.3, -0.1, 0.0, 0.0, 0.0))
        assert attributes.met(0.75, off) == pytest.approx((1.0, 0.65, 0.75, 0.75, 0.75))
        assert attributes.shift((0.4, 0.15, 0.2, 0.15, 0.1), off) == pytest.approx(0.105)


class TestAttributeSurveyByHand:
    p = attribute_survey.EXAMPLE

    def test_truths(self):
        """0.7 of what was met with and 0.3 of a satisfaction of 0.5; a halo of 1 leaves nothing of the attributes."""
        met = (1.0, 0.5, 0.0, 0.8, 0.6)
        assert attribute_survey.truths(met, 0.5, self.p) == pytest.approx((0.85, 0.5, 0.15, 0.71, 0.57))
        assert attribute_survey.truths(met, 0.5, {**self.p, "halo": 1.0}) == (0.5,) * 5

    def test_answers(self):
        """9 * 0.85 = 7.65 and 9 * 0.15 = 1.35: 8 marks and 1; a bias of 0.05 and an error of -1 sd, to 0.80: 7."""
        met, none = (1.0, 0.5, 0.0, 1.0, 0.0), (0.0,) * 5
        plain = attribute_survey.marks(met, 0.5, 0.0, none, self.p)
        biased = attribute_survey.marks(met, 0.5, 0.05, (-1.0, 0.0, 0.0, 9.0, -9.0), self.p)
        assert attribute_survey.answers(True, plain) == [9, 6, 2, 9, 2]
        assert attribute_survey.answers(True, biased) == [8, 6, 3, 10, 1]
        assert attribute_survey.answers(False, plain) == [0] * 5

    def test_counts(self):
        assert attribute_survey.counted([[9, 6, 2, 9, 2], [1, 10, 1, 1, 1]]) == [8, 14, 1, 8, 1]
        assert attribute_survey.counted([]) == [0] * 5


# five shares of 1, in sixteenths: float32 holds each of them and their sum
parts_of_1 = st.lists(st.integers(0, 16), min_size=4, max_size=4).map(
    lambda cuts: tuple(float(part) / 16.0 for part in np.diff([0, *sorted(cuts), 16]))
)
levels = st.tuples(*[st.sampled_from([0.0, -0.5, 0.234375]) | st.floats(-0.5, 0.234375, width=32)] * 5)
numbers_of_attributes = st.builds(
    lambda own, gifts, weight_spread, attribute_spread: {
        **named(WEIGHTS, own),
        **named(GIFTS, gifts),
        "weight_spread": weight_spread,
        "attribute_spread": attribute_spread,
    },
    parts_of_1,
    parts_of_1,
    st.floats(0.0, 3.0, width=32),
    share,
)


def test_the_attributes_are_those_of_the_model():
    assert tuple(IN_THE_MODEL) == ATTRIBUTES


@settings(max_examples=examples(25))
@given(
    numbers_of_attributes,
    per_firm(st.tuples(effort, levels)),
    visits_with(st.tuples(st.booleans())),
    st.integers(0, 99),
)
def test_attributes_are_those_of_the_twin(numbers, of_firms, visits, t):
    assume(numbers["attribute_spread"] > 0.0 or any(any(levels) for _, levels in of_firms))
    firms = [{"service": {"quality": q}, "attributes": named(LEVELS, levels)} for q, levels in of_firms]
    small = Small(3, firms, attributes=numbers, off=OTHERS)
    p, key = {**attributes.EXAMPLE, **numbers}, stream_key(SEED, "attributes")
    identities = small.c.customer_id.tolist()
    weights = [attributes.weights(key, identity, 0, p) for identity in identities]
    np.testing.assert_allclose(small.c.attribute_weight, np.transpose(weights), atol=1e-5)
    people = listed(small, visits)
    put(small, gift_purchase=[gift for *_, gift in visits])
    small.phases(Phase.DELIVERY, t=t)
    found = np.array([small.at(name) for name in MET]).T
    for v, ((i, j, identity, nth), (*_, gift)) in enumerate(zip(people, visits, strict=True)):
        quality, levels_of_firm = of_firms[j]
        luck = attributes.luck(key, identity, t, nth, 0)
        off = attributes.off(attributes.Policy(levels_of_firm).steps(quality), luck, p)
        on_visit = attributes.weights_on_visit(weights[i], gift, p)
        assert found[v] == pytest.approx(attributes.met(quality, off), abs=1e-5)
        assert small.at("performance_shift")[v] == pytest.approx(attributes.shift(on_visit, off), abs=2e-5)


@settings(max_examples=examples(25))
@given(
    per_firm(st.tuples(effort, levels, parts_of_1, st.floats(0.0, 50.0, width=32), st.integers(0, 1000))),
    visits_with(st.just(())),
)
def test_levels_cost_what_the_twin_says(of_firms, visits):
    assume(any(any(levels) for _, levels, *_ in of_firms))
    firms = [
        {
            "service": {"quality": quality, "quality_cost": scale},
            "attributes": {**named(LEVELS, levels), **named(COST_PARTS, parts)},
        }
        for quality, levels, parts, scale, _ in of_firms
    ]
    small = Small(3, firms, attributes={}, customer_accounts={})
    listed(small, visits)
    put(small, visit_cost=7)
    small.world.lookup("visits", 0)[:2] = [came for *_, came in of_firms]
    small.run("attributes", add_attribute_cost)
    small.run("attributes", book_attributes)
    policies = [attributes.Policy(levels, parts) for _, levels, parts, *_ in of_firms]
    of_twin = [(policy, quality, scale) for policy, (quality, _, _, scale, _) in zip(policies, of_firms, strict=True)]
    assume(not any(near_half(policy.cost(*service)) for policy, *service in of_twin))
    of_visit = [policy.spend(1, *service) for policy, *service in of_twin]
    assert small.at("visit_cost").tolist() == [7 + of_visit[j] for _, j in visits]
    spent = [policy.spend(of[-1], *service) for (policy, *service), of in zip(of_twin, of_firms, strict=True)]
    assert_counted(small, {"attribute_spend": spent})


numbers_of_survey = st.fixed_dictionaries(
    {
        "scale": st.integers(2, 12),
        "leniency": st.floats(-0.25, 0.5, width=32),
        "slope": st.floats(0.25, 1.5, width=32),
    }
)


@settings(max_examples=examples(25))
@given(
    numbers_of_survey,
    st.fixed_dictionaries({"halo": share, "noise": st.floats(0.0, 0.5, width=32)}),
    per_pair(share),
    st.tuples(*[st.floats(-0.5, 0.5, width=32)] * 3),
    visits_with(st.tuples(st.booleans(), st.tuples(*[share] * 5))),
    st.integers(0, 99),
)
def test_answers_on_attributes_are_those_of_the_twin(shared, own, satisfaction, biases, visits, t):
    """Who answers is for the survey to say; here those told to do."""
    numbers = {**shared, **own}
    small = Small(
        3, [{"survey": {"sampling": 0.5}}, {}], survey=shared, attributes={}, attribute_survey=numbers, off=OTHERS
    )
    p, key = {**attribute_survey.EXAMPLE, **numbers}, stream_key(SEED, "attribute_survey")
    people = listed(small, visits)
    small.c.satisfaction[:], small.c.answer_bias[:] = satisfaction, biases
    put(small, answered=[v[2] for v in visits], **named(MET, np.transpose([v[3] for v in visits])))
    small.run("attribute_survey", answer_attributes, t)
    small.run("attribute_survey", count_attributes, t)
    found, said = np.array([small.at(name) for name in ANSWERS]).T.tolist(), [[], []]
    for v, ((i, j, identity, nth), (*_, answered, met)) in enumerate(zip(people, visits, strict=True)):
        luck = attribute_survey.luck(key, identity, t, nth, 0)
        marks = attribute_survey.marks(met, satisfaction[j][i], biases[i], luck, p)
        assume(not any(abs(exact - round(exact)) < 3e-5 for exact in marks if exact > 0.5))
        assert found[v] == attribute_survey.answers(answered, marks)
        if answered:
            said[j].append(found[v])
    assert_counted(small, {"marks_of": np.transpose([attribute_survey.counted(of_firm) for of_firm in said])})


@settings(max_examples=examples(10))
@given(per_firm(effort), visits_with(st.just(())))
def test_where_attributes_are_all_alike_the_quality_is_met_with(qualities, visits):
    firms = [{"service": {"quality": quality}, "survey": {"sampling": 0.5}} for quality in qualities]
    small = Small(3, firms, survey={}, attributes={"attribute_spread": 0.0}, attribute_survey={}, off=OTHERS)
    listed(small, visits)
    small.phases(Phase.SEATING, Phase.DELIVERY)
    found = np.array([small.at(name) for name in MET]).T.tolist()
    assert found == [list(attribute_survey.met_where_all_are_alike(qualities[j])) for _, j in visits]
    assert not small.at("performance_shift").any()


ASKED = {
    "periods": 8,
    "population": {"customers": 200, "purchase_rate": 0.8},
    "off": OTHERS,
    "complaint": {"base": 1.0},
    "recovery": {"paradox": 0.5},
    "waiting_line": {"minutes_open": 200.0, "service_minutes": 10.0, "patience_minutes": 15.0},
    "situation": {"pressure_spread": 0.5, "gift_part": 0.25},
    "attributes": {"attribute_spread": 0.125, "weight_spread": 1.0},
    "survey": {"response_base": 0.5, "scale": 7, "leniency": 0.0625, "slope": 0.875},
    "attribute_survey": {"halo": 0.375, "noise": 0.1875, "scale": 7, "leniency": 0.0625, "slope": 0.875},
    "firms": [
        {"name": "north", "survey": {"sampling": 0.75}, "attributes": {"core_level": 0.125, "speed_level": -0.25}},
        {"name": "east", "survey": {"sampling": 0.5}, "waiting_line": {"servers": 3}, "service": {"quality": 0.9}},
        {
            "name": "south",
            "survey": {"sampling": 1.0},
            "attributes": {"tangibles_level": 0.234375},
            "recovery": {"compensation": 1.0, "empathy": 0.5},
        },
    ],
}
OF_VISITS = ("visit_customer", "visit_firm", "visit_nth", "performance_shift", "answered", *MET, *ANSWERS)


def test_a_whole_market_is_that_of_the_twins():
    """Gifts and lines decide who is on the list; answers follow satisfaction after amends and learning."""
    engine = Engine(Scenario.parse(ASKED), seed=4, replication=3)
    c, tallied = engine.world.customers, engine.world.tallied
    p = {**attributes.EXAMPLE, **ASKED["attributes"]}
    asks = {**attribute_survey.EXAMPLE, **ASKED["attribute_survey"]}
    key, of_answers, of_occasion = (stream_key(4, stream) for stream in ("attributes", "attribute_survey", "situation"))
    identities = c.customer_id.tolist()
    weights = [attributes.weights(key, identity, 3, p) for identity in identities]
    np.testing.assert_allclose(c.attribute_weight, np.transpose(weights), atol=1e-5)
    qualities = [as_single(firm.get("service", {}).get("quality", 0.75)) for firm in ASKED["firms"]]
    decided = [tuple(firm.get("attributes", {}).get(level, 0.0) for level in LEVELS) for firm in ASKED["firms"]]
    steps = [attributes.Policy(own).steps(quality) for own, quality in zip(decided, qualities, strict=True)]
    gifts, answers = 0, 0
    for t in range(8):
        engine.run(1)
        said = [[], [], []]
        for i, j, nth, shift, answered, *rest in visited(engine, *OF_VISITS):
            identity = identities[i]
            gift = situation.buys_gift(situation.draws(of_occasion, identity, t, nth, 3)[1], ASKED["situation"])
            off = attributes.off(steps[j], attributes.luck(key, identity, t, nth, 3), p)
            met = attributes.met(qualities[j], off)
            weighs = attributes.weights_on_visit(weights[i], gift, p)
            assert shift == pytest.approx(attributes.shift(weighs, off), abs=1e-5)
            assert rest[:5] == pytest.approx(met, abs=1e-5)
            luck = attribute_survey.luck(of_answers, identity, t, nth, 3)
            marks = attribute_survey.marks(met, float(c.satisfaction[j, i]), float(c.answer_bias[i]), luck, asks)
            assert not any(near(exact, round(exact)) for exact in marks if answered and exact > 0.5)
            assert rest[5:] == attribute_survey.answers(answered, marks)
            gifts += gift
            answers += answered
            if answered:
                said[j].append(rest[5:])
        for j in range(3):
            assert tallied("marks_of")[t, :, j].tolist() == attribute_survey.counted(said[j])
    assert gifts > 50
    assert answers > 100
    assert tallied("gave_up").sum() > 20
