"""Indices of the trade: asked of the right owners at the right age, of what has happened, and changing nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.core.streams import stream_key, uniform4
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.measurement.trade_indices import TradeIndices
from abm.mechanisms.measurement.trade_questions import (
    ask_liking,
    ask_problems,
    ask_visitors,
    foresee_repurchase,
    said,
    told,
)
from abm.world.visits import PURCHASE, SERVICE
from tests.examples import examples
from tests.mechanisms.small import Small

f32 = np.float32
share = st.floats(0, 1, width=32)
KEY = stream_key(1, "trade_indices")
EVERYBODY = {"asking": 1.0, "response": 1.0, "noise": 0.0, "recall": 1.0}
MARKS = ("ssi_marks", "csi_marks", "recommend_marks", "revisit_marks", "rebuy_marks")


def market(customers=400, periods=156, north=None, indices=None, **more):
    return abm.Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "basket": 300.0},
            "need": {"process": "due"},
            "information": {},
            "durable": {},
            "survey": {},
            "trade_indices": indices or {},
            "firms": [{"name": "north", **(north or {})}, {"name": "east"}],
            **more,
        }
    )


def small(customers=4, firms=({}, {}), **indices):
    """Return a small market in which everybody is asked and answers without error."""
    return Small(
        customers, firms, information={}, durable={"owning_at_start": 0.0}, need={"process": "due"},
        survey={"bias_spread": 0.0}, trade_indices={**EVERYBODY, **indices},
    )  # fmt: skip


def measure(name):
    return next(one for one in TradeIndices.kpis if one.name == name)


def mean(scenario, name, seeds=(1, 2), firm=0):
    """Return an index of a firm over the run, mean over replications."""
    return np.mean([record(scenario, seed).summary([measure(name)])[firm, 0] for seed in seeds])


def test_what_is_said_by_hand():  # .7 of nine steps is 6.3, and a bias of .1 makes it 7.2
    assert said(f32(0.7), f32(0.0), f32(0.0), f32(0.5), 9) == 6
    assert said(f32(0.7), f32(0.1), f32(0.0), f32(0.5), 9) == 7


@given(truth=share, bias=st.floats(-1, 1, width=32), u=st.floats(2**-10, 1 - 2**-10, width=32), most=st.integers(1, 99))
def test_what_is_said_is_on_the_scale(truth, bias, u, most):
    assert 0 <= said(f32(truth), f32(bias), f32(0.3), f32(u), most) <= most


@given(problems=st.integers(0, 60), recall=share, person=st.integers(0, 2**31))
def test_nobody_tells_of_more_than_has_been(problems, recall, person):
    found = told(problems, f32(recall), KEY, np.uint32(person), 3, 4, 0)
    assert 0 <= found <= problems
    assert told(problems, f32(1.0), KEY, np.uint32(person), 3, 4, 0) == problems
    assert told(problems, f32(0.0), KEY, np.uint32(person), 3, 4, 0) == 0


def test_problems_are_told_in_the_share_that_is_remembered():
    found = sum(told(5, f32(0.6), KEY, np.uint32(person), 3, 4, 0) for person in range(2000))
    assert found / 10_000 == pytest.approx(0.6, abs=0.02)
    block = uniform4(KEY, 7, 3, (4 << 16) | 0, 0)[0]
    assert told(1, f32(0.6), KEY, np.uint32(7), 3, 4, 0) == (1 if block < 0.6 else 0)


def test_visitors_by_hand():
    """A buyer, a service of a unit of the right age, one too young, one too old: two are asked.

    Marks of nine: satisfaction .8 is 7 (7.2), recommending .7 x .6 + .3 x .2 = .48 is 4, again .5 is 5 (4.5 up), the
    make .9 is 8; the last is counted for the firm that sold the unit.
    """
    s = small(4, recall=1.0)
    c = s.c
    c.owned_from[:] = [0, 1, 1, 1]
    c.unit_age[:] = [300, 52, 51, 157]
    c.satisfaction[:], c.affective_commitment[:], c.preference[:] = 0.6, 0.2, 0.5
    s.visits([0, 1, 2, 3], [0, 0, 0, 0])
    s.at("visit_kind")[:] = [PURCHASE, SERVICE, SERVICE, SERVICE]
    s.at("transaction")[:] = 0.8
    s.at("answer_shift")[:] = 0.0
    s.scratch("trade_indices", "would_rebuy")[:4] = 0.9
    s.run("trade_indices", ask_visitors, t=3)
    assert s.counted("ssi_marks") == [7, 0, 0]
    assert s.counted("csi_marks") == [7, 0, 0]
    assert s.counted("ssi_most") == s.counted("csi_most") == [9, 0, 0]
    assert s.counted("recommend_marks") == [8, 0, 0]
    assert s.counted("revisit_marks") == [5, 0, 0]
    assert s.counted("rebuy_marks") == [0, 8, 0]
    assert s.counted("rebuy_most") == [0, 9, 0]


def test_nobody_is_asked_without_a_visit_for_a_unit():
    s = small(2)
    s.visits([0, 1], [0, 1])
    s.at("visit_kind")[:] = 0
    s.run("trade_indices", ask_visitors)
    assert all(not any(s.counted(name)) for name in MARKS)


def test_repurchase_is_a_logit_among_those_who_sell_and_are_known():
    """Utilities ln 2, ln 3 and nowhere's 0; who sells none and who is not known do not count."""
    s = small(3, ({}, {}, {"durable": {"sells": False}}))
    c = s.c
    c.owned_from[:] = [0, 0, 1]
    c.aware[:] = 1
    c.aware[1, 1] = 0
    c.occasion_kind[:] = [SERVICE, SERVICE, PURCHASE]
    s.visits([0, 1, 2], [0, 0, 0])
    s.world.passing[0]["outside_utility"][:3] = 0.0
    utility = s.world.lookup("utility_without_durable", 0)
    utility[0, :3], utility[1, :3], utility[2, :3] = np.log(2), np.log(3), 9.0
    s.run("trade_indices", foresee_repurchase)
    np.testing.assert_allclose(s.scratch("trade_indices", "would_rebuy")[:3], [2 / 6, 2 / 3, 0], rtol=1e-5)


def test_problems_are_asked_at_two_ages_by_hand():
    """At 13 weeks all problems; at 156 those since week 104; not of units that were there at the start."""
    s = small(7)
    c = s.c
    c.owned_from[:] = [0, 0, 0, 1, 1, 0, 0]
    c.unit_age[:] = [0, 13, 13, 104, 156, 156, 13]
    c.unit_problems[:] = [0, 2, 5, 7, 9, 9, 4]
    c.problems_noted[:] = [-2, -1, -2, -1, 6, -1, -1]
    c.exited[6] = 0
    s.run("trade_indices", ask_problems, t=5)
    assert c.problems_noted.tolist() == [-1, -1, -2, 7, 6, -1, -1]
    assert s.counted("iqs_units") == [1, 0, 0]
    assert s.counted("iqs_problems") == [2, 0, 0]
    assert s.counted("vds_units") == [0, 1, 0]
    assert s.counted("vds_problems") == [0, 3, 0]


def test_units_of_the_start_are_not_asked_of_their_first_days_whatever_has_been_noted():
    """Noted at 13 weeks of 65, they count for VDS; at 26 weeks nobody knows all that they had."""
    s = small(4, late_age=1.25, early_age=0.5)
    c = s.c
    c.owned_from[:] = 0
    for age in range(10, 66):
        c.unit_age[:], c.unit_problems[:] = age, age
        s.run("trade_indices", ask_problems, t=age)
    assert c.problems_noted.tolist() == [-3 - 13] * 4
    assert (s.counted("iqs_units")[0], s.counted("vds_units")[0], s.counted("vds_problems")[0]) == (0, 4, 4 * 52)


def test_each_is_asked_once_how_she_likes_it():
    """At an age of her own between 2 months (9 weeks) and 6 (26 weeks): 200 owners answer once in 30 weeks."""
    s = small(200)
    c = s.c
    c.owned_from[:], c.unit_liking[:] = 0, 0.75
    when = []
    for age in range(31):
        c.unit_age[:] = age
        before = s.counted("appeal_most")[0]
        s.run("trade_indices", ask_liking, t=age)
        when += [age] * ((s.counted("appeal_most")[0] - before) // 9)
    assert len(when) == 200
    assert (min(when), max(when)) == (9, 26)
    assert np.mean(when) == pytest.approx(17.5, abs=1.2)
    assert s.counted("appeal_marks") == [7 * 200, 0, 0]


def test_the_study_changes_nothing():
    scenario = market(500, 120, indices={"asking": 1.0})
    with_it, without = (Engine(one, 4) for one in (scenario, scenario.replace({"trade_indices": None})))
    for engine in (with_it, without):
        engine.run(120)
    for name, column in without.world.customers.items():
        np.testing.assert_array_equal(column, with_it.world.customers[name], err_msg=name)
    for name in without.world.tallies:
        np.testing.assert_array_equal(without.world.tallied(name), with_it.world.tallied(name), err_msg=name)
    assert with_it.world.tallied("csi_most").sum() > 0


def test_without_a_sample_there_is_no_study():
    scenario = market(indices={"asking": 0.0})
    assert "trade_indices" not in [step.mechanism.name for step in scenario.steps()]


@pytest.mark.parametrize(("threads", "tile"), [(3, None), (1, 64)])
def test_threads_and_tiles_change_nothing(threads, tile):
    scenario = market(1500, 120, indices={"asking": 1.0})
    one, other = Engine(scenario, 5), Engine(scenario, 5, threads=threads)
    if tile is not None:
        other.set_tile(tile)
    for engine in (one, other):
        engine.run(120)
    np.testing.assert_array_equal(one.world.history, other.world.history)


def test_kernels_keep_to_their_arrays():
    abm.check_kernels(market(indices={"asking": 1.0, "response": 1.0}))


def test_indices_are_of_what_has_happened():
    """If all tell all, problems of the third year and of the first weeks are those that the rates bring about."""
    durable = {"early_rate": 2.0, "problem_rate": 1.0, "wear": 0.0, "neglect": 0.0, "mean_life": 4.0}
    scenario = market(1500, 520, indices=EVERYBODY, burn_in=208, durable=durable)
    assert mean(scenario, "initial_quality") == pytest.approx(100 * 2.0 * 0.25, rel=0.1)
    assert mean(scenario, "dependability") == pytest.approx(100 * 52 * -np.expm1(-1 / 52), rel=0.1)


def test_better_building_is_seen_in_problems_and_not_in_the_sale():
    plain = market(1200, 416, indices={"asking": 1.0}, burn_in=156)
    built = plain.replace({"firms.north.durable.build_quality": 0.6})
    for name in ("initial_quality", "dependability"):
        assert mean(built, name) < 0.6 * mean(plain, name)
    assert mean(built, "sales_satisfaction_index") == pytest.approx(mean(plain, "sales_satisfaction_index"), abs=3)


def test_better_service_is_seen_in_csi_and_in_what_owners_would_do():
    plain = market(1200, 312, indices={"asking": 1.0}, burn_in=104)
    better = plain.replace({"firms.north.service.quality": 0.88})
    for name, least in (
        ("service_satisfaction_index", 4.0), ("sales_satisfaction_index", 4.0), ("unit_appeal", 4.0),
        ("trade_recommend", 0.03), ("trade_repurchase", 0.03),
    ):  # fmt: skip
        assert mean(better, name) > mean(plain, name) + least, name


@settings(max_examples=examples(8), deadline=None)
@given(
    asking=share, response=share, recall=share, noise=share, scale=st.integers(2, 100), seed=st.integers(1, 99),
    quality=st.floats(0, 0.99),
)  # fmt: skip
def test_measures_stay_in_their_ranges(asking, response, recall, noise, scale, seed, quality):
    indices = {"asking": asking, "response": response, "recall": recall, "noise": noise, "scale": scale}
    durable = {"mean_life": 2.0, "first_purchase_rate": 5.0}
    found = record(market(80, 100, {"service": {"quality": quality}}, indices, durable=durable), seed)
    for one in TradeIndices.kpis:
        most = {"0-100": 100.0, "0-1": 1.0}.get(one.unit, np.inf)
        values = found.summary([one])
        assert ((values >= 0) & (values <= most) | np.isnan(values)).all(), one.name


def test_ages_that_end_before_they_begin_are_refused():
    with pytest.raises(Refusal, match=r"trade_indices.appeal_until = 0.1, but owners are asked up to that age"):
        market(indices={"appeal_until": 0.1})
    with pytest.raises(Refusal, match=r"trade_indices.service_until = 0.5"):
        market(indices={"service_until": 0.5})


def test_it_needs_durables_and_a_survey():
    with pytest.raises(Refusal, match="durable"):
        abm.Scenario.parse({"trade_indices": {}, "survey": {}, "information": {}})
