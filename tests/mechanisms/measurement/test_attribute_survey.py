"""Survey of attributes: what is answered by hand and by address, halo, scores, and that nothing follows from it."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.measurement.attribute_survey import (
    SCORES,
    answer_attributes,
    begin_with_quality,
    coloured,
    count_attributes,
)
from abm.mechanisms.service.attributes import ATTRIBUTES
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

ASKS = {"survey": {"sampling": 1.0}}
MET = (0.9, 0.7, 0.5, 0.3, 0.1)


def small(customers=2, asked=True, halo=0.25, noise=0.0, **survey):
    """Return a small world in which customers have met with MET and some have answered."""
    sections = {"survey": {"bias_spread": 0.0, **survey}, "attributes": {}}
    own = {"halo": halo, "noise": noise, **survey}
    world = Small(customers, [ASKS, ASKS], attribute_survey=own, **sections)
    world.visits([*range(customers)], [0] * customers)
    world.c.satisfaction.fill(0.6)
    for attribute, met in zip(ATTRIBUTES, MET, strict=True):
        world.passing[f"met_{attribute}"][:customers] = met
    world.passing.answered[:customers] = [asked] * (customers - 1) + [False]
    for kernel in (answer_attributes, count_attributes):
        world.run("attribute_survey", kernel, t=3)
    return world


def answers(world, v):
    return [int(world.at(f"answer_on_{attribute}")[v]) for attribute in ATTRIBUTES]


def market(sections=None, *, asks=ASKS, periods=40):
    sections = {"survey": {}, "attributes": {}, "attribute_survey": {}} if sections is None else sections
    firms = [{"name": "north", **asks}, {"name": "east"}]
    population = {"customers": 500, "purchase_rate": 0.6}
    return Scenario.parse({"periods": periods, "population": population, "firms": firms, **sections})


class TestAnswers:
    def test_by_hand(self):
        """Nine steps of .75 met + .25 x .6: .825, .675, .525, .375, .225."""
        world = small()
        assert answers(world, 0) == [1 + round(9 * (0.75 * met + 0.15)) for met in MET] == [8, 7, 6, 4, 3]
        assert answers(world, 1) == [0] * 5, "she did not answer"
        counted = world.world.lookup("marks_of", 0)
        assert counted[:, 0].tolist() == [7, 6, 5, 3, 2]
        assert not counted[:, 1:].any()

    def test_all_halo_is_the_whole_and_none_is_what_was_met_with(self):
        assert answers(small(halo=1.0), 0) == [1 + int(9 * 0.6 + 0.5)] * 5
        assert answers(small(halo=0.0), 0) == [1 + int(9 * met + 0.5) for met in MET]
        assert coloured(np.float32(0.2), np.float32(0.6), np.float32(0.5)) == pytest.approx(0.4)

    def test_scale_leniency_and_bias(self):
        world = small(halo=0.0, scale=5, leniency=0.1)
        assert answers(world, 0) == [1 + int(4 * min(1.0, met + 0.1) + 0.5) for met in MET]

    def test_errors_are_at_their_addresses(self):
        world, key = small(customers=30, noise=0.2), luck.stream_key(1, "attribute_survey")
        for i in range(29):
            u = []
            for draw in (0, 1):
                found = luck.customer_words(key, i, 3, draw=draw, block=0, replication=0)
                u += [luck.uniform(word) for word in found]
            for got, met, one in zip(answers(world, i), MET, u[:5], strict=True):
                said = min(1.0, max(0.0, 0.75 * met + 0.15 + 0.2 * luck.normal(one)))
                assert abs(got - 1 - 9 * said) <= 0.5 + 1e-4

    def test_nothing_is_left_of_the_tile_before(self):
        world = small()
        world.passing.answered[:2] = 0
        world.run("attribute_survey", answer_attributes)
        assert answers(world, 0) == [0] * 5

    def test_where_attributes_are_all_alike_visitors_meet_with_the_quality(self):
        world = small()
        world.run("attribute_survey", begin_with_quality)
        assert [world.at(f"met_{attribute}")[0] for attribute in ATTRIBUTES] == pytest.approx([0.75] * 5)
        still = market({"survey": {}, "attributes": {"attribute_spread": 0.0}, "attribute_survey": {"halo": 0.0}})
        found = record(still, 1).summary(list(SCORES))[0]
        assert found == pytest.approx([75.0] * 5, abs=3.0)


class TestInAMarket:
    def test_the_score_of_what_is_worse_is_lower_by_that_much(self):
        """.2 below the quality, of which .7 is said of the attribute itself; the others fall by the halo."""
        base = market()
        usual, worse = (
            record(one, 2).summary(list(SCORES))
            for one in (base, base.replace({"firms.north.attributes.people_level": -0.2}))
        )
        fall = usual[0] - worse[0]
        assert fall[2] == pytest.approx(100 * 0.2 * 0.7 + fall[[0, 1, 3, 4]].mean(), abs=1.5)
        assert np.isnan(usual[1]).all(), "the second firm asks nobody"

    def test_halo_makes_answers_go_together(self):
        def together(halo):
            engine = Engine(market().replace({"attribute_survey.halo": halo, "survey.bias_spread": 0.0}), 4)
            found = []
            for _ in range(30):
                engine.run(1)
                passing = engine.world.passing[0]
                said = passing.answered[: passing.visit_count[0]] > 0
                rows = [passing[f"answer_on_{name}"][: passing.visit_count[0]][said] for name in ("core", "tangibles")]
                found.append(np.array(rows))
            return np.corrcoef(np.concatenate(found, axis=1))[0, 1]

        assert together(0.9) > together(0.0) + 0.1

    def test_nothing_follows_from_it(self):
        """Nor does it move the answers to the other questions."""
        with_it, without = (
            Engine(market({"survey": {}, "attributes": {}, **more}), 3) for more in ({"attribute_survey": {}}, {})
        )
        for engine in (with_it, without):
            engine.run(40)
        for name in without.world.tallies:
            np.testing.assert_array_equal(with_it.world.tallied(name), without.world.tallied(name), err_msg=name)
        for name, column in without.world.customers.items():
            np.testing.assert_array_equal(with_it.world.customers[name], column, err_msg=name)

    def test_threads_and_tiles_do_not_matter(self):
        one, two, tiles = Engine(market(), 1), Engine(market(), 1, threads=2), Engine(market(), 1)
        tiles.set_tile(64)
        for engine in (one, two, tiles):
            engine.run(20)
        assert one.world.tallied("marks_of").sum() > 0
        for engine in (two, tiles):
            np.testing.assert_array_equal(engine.world.tallied("marks_of"), one.world.tallied("marks_of"))


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        (
            {"survey": {"scale": 5}, "attributes": {}, "attribute_survey": {}},
            r"attribute_survey\.scale = 10 is not survey\.scale = 5; the questions are on one sheet",
        ),
        ({"survey": {}, "attributes": {}, "attribute_survey": {"slope": 0.5}}, r"= 0\.5 is not survey\.slope = 1"),
        ({"survey": {}, "attribute_survey": {}}, "attributes"),
    ],
)
def test_refusals(sections, words):
    with pytest.raises(Refusal, match=words):
        market(sections)
