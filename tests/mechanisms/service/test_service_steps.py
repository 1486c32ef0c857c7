"""Steps of a service: each step by hand and at its address, what is remembered, what follows, and whole markets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.presets import presets
from abm.engine.checked import check_kernels
from abm.engine.recording import record
from abm.kpis.attitude import perceived_quality
from abm.kpis.kpi import Tallied
from abm.kpis.value import lever_cost
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.service_steps import CARES, ServiceSteps
from abm.mechanisms.service.service_steps_kernels import (
    ATMOSPHERE,
    BADLY,
    CALL,
    CHECK,
    GREETING,
    LEFT_OUT,
    NEEDS,
    NOT_DUE,
    OBJECTIONS,
    SELLING,
    SOLUTION,
    STEPS,
    WELL,
    add_memory,
    add_resistance,
    care_of,
    catch_failures,
    count_steps,
    forget_steps,
    hear_objections,
    is_done,
    miss_answers,
    remember_steps,
    remembered,
    serve_steps,
    step_level,
    strength,
)
from abm.mechanisms.service.service_steps_kpis import (
    calls_done_well,
    memory_gap,
    objections_answered,
    offers_placed_well,
    resentment_per_offer,
    step_completion,
    worst_step_share,
)
from abm.mechanisms.service.service_steps_others import call_back, place_offers, resent_placing, resentment
from abm.mechanisms.voice.complaint import voice_share
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same, ran
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

f32 = np.float32
share = st.floats(0, 1, width=32)
ALL = {"steps": [*STEPS]}
LENDERS = {"information": {}, "contacts": {}, "complaint": {}, "care": {}, "second_product": {}}


def market(theory=None, *, customers=500, periods=40, sections=None, north=None, **own):
    """Return a market of a firm with a blueprint, and one without."""
    firms = [{"name": "north", "service_steps": {"blueprint": True, **own}, **(north or {})}, {"name": "east"}]
    population = {"customers": customers, "purchase_rate": 0.6}
    return Scenario.parse(
        {
            "periods": periods, "population": population, "service_steps": theory or {}, "firms": firms,
            **(sections or {}),
        }
    )  # fmt: skip


def full(**changes):
    """Return a market with all kinds of steps, and what takes two of them."""
    north = {
        "information": {"data_coverage": 1.0}, "care": {"follow_up": 0.7},
        "second_product": {"second_price": 15.0, "pitch": 0.5},
    }  # fmt: skip
    return market(ALL, sections=LENDERS, north=north, **changes)


def small(customers=6, own=None, **theory):
    firms = [{"service_steps": {"blueprint": True, **(own or {})}}, {}]
    return Small(customers, firms, service_steps=theory)


def words(customer, period, nth, kind):
    """Return the uniforms of the draw of a kind of step."""
    key = luck.stream_key(1, "service_steps")
    found = luck.customer_words(key, customer, period, draw=kind, block=nth, replication=0)
    return [luck.uniform(word) for word in found]


class TestEquations:
    def test_care_is_that_of_the_kind_of_step(self):
        cares = [f32(k) for k in range(6)]
        assert [float(care_of(kind, *cares)) for kind in range(6)] == [*range(6)]

    def test_levels_by_hand(self):
        """.75 + .6 x .5 x .25 + .15 x 2 = 1.125; without care and luck .75."""
        assert float(step_level(f32(0.5), f32(2), f32(0.75), f32(0.6), f32(0.15))) == pytest.approx(1.125)
        assert float(step_level(f32(0), f32(0), f32(0.75), f32(0.6), f32(0.15))) == pytest.approx(0.75)

    @given(share, share, share)
    def test_care_never_leaves_a_step_out_that_would_be_done_without(self, u, care, completion):
        without, done = (is_done(f32(u), f32(c), f32(completion)) for c in (0.0, care))
        assert done or not without

    def test_full_care_leaves_nothing_out(self):
        assert is_done(f32(0.999), f32(1), f32(0.3))

    def test_what_is_bad_stands_out_more(self):
        assert float(strength(f32(0.95), f32(0.75), f32(1.5))) == pytest.approx(0.2, abs=1e-6)
        assert float(strength(f32(0.55), f32(0.75), f32(1.5))) == pytest.approx(0.3, abs=1e-6)

    @given(share, share, share, share)
    def test_what_is_remembered_lies_between_the_moments(self, mean, peak, end, weight):
        found = float(remembered(f32(mean), f32(peak), f32(end), f32(weight)))
        assert min(mean, peak, end) - 1e-6 <= found <= max(mean, peak, end) + 1e-6

    def test_memory_by_hand(self):
        """.5 x .6 + .5 x (.2 + .8) / 2 = .55; by the mean alone .6; by peak and end alone .5."""
        found = [float(remembered(f32(0.6), f32(0.2), f32(0.8), f32(w))) for w in (0.5, 0.0, 1.0)]
        assert found == pytest.approx([0.55, 0.6, 0.5])

    def test_resentment_by_hand(self):
        """(.15 x (.6 - .3) / .6 + .05 x 2) (1 - .5) = .0875; on good ground, the first time, nothing."""
        given_ = map(f32, (0.3, 2.0, 0.5, 0.6, 0.15, 0.05))
        assert float(resentment(*given_)) == pytest.approx(0.0875)
        assert float(resentment(*map(f32, (0.7, 0.0, 0.0, 0.6, 0.15, 0.05)))) == 0.0

    @given(share, st.floats(0, 1e4, width=32), share, st.floats(0.0625, 1, width=32), share, share)
    def test_resentment_is_a_share(self, ground, pressure, quality, below, early, hard):
        assert 0.0 <= float(resentment(*map(f32, (ground, pressure, quality, below, early, hard)))) <= 1.0


class TestServing:
    def test_each_step_is_at_its_address_and_prepares_the_next_ones(self):
        """Worked out here for each visit from the words of its draws, as the docstring says."""
        s = small(8, {"needs_care": 0.5}, objection_rate=0.5)
        s.visits([i for i in range(8) for _ in range(2)], [0] * 16)
        s.run("service_steps", serve_steps, t=3)
        done = 0
        for v in range(16):
            first = learned = None
            for kind in (GREETING, NEEDS, SOLUTION, OBJECTIONS, ATMOSPHERE):
                a, b, _, _ = words(v // 2, 3, v % 2, kind)
                care = 0.5 if kind == NEEDS else 0.0
                level = 0.75 + 0.6 * care * 0.25 + 0.15 * luck.normal(b)
                level += 0.2 * (first - 0.75) if first is not None else 0.0
                level -= 0.3 * (1.0 - learned) if kind == SOLUTION else 0.0
                is_there = a < 0.85 + 0.15 * care
                quality = min(1.0, max(0.0, level)) if is_there else 0.2
                done += is_there
                first = quality if first is None else first
                learned = quality if kind == NEEDS else learned
                assert s.at("step_quality")[kind, v] == pytest.approx(quality, abs=1e-5)
                state = (WELL if quality >= 0.5 else BADLY) if is_there else LEFT_OUT
                assert s.at("step_state")[kind, v] == state
            assert s.at("step_quality")[CHECK, v] == NOT_DUE
        s.run("service_steps", count_steps)
        assert s.counted("steps_due")[GREETING][0] == 16
        assert np.sum(s.counted("steps_done")) == done
        assert 60 < done < 80

    def test_a_firm_without_a_blueprint_has_no_steps(self):
        s = small(4)
        s.visits([0, 1, 2, 3], [0, 1, 1, 0])
        s.phases(Phase.DELIVERY)
        assert (s.at("step_quality")[:, 1:3] == NOT_DUE).all()
        assert (s.at("step_quality")[:ATMOSPHERE, [0, 3]] >= 0).all()
        assert s.at("step_moments").tolist() == [5, 0, 0, 5]
        bare = Small(4)
        bare.visits([0, 1, 2, 3], [0, 1, 1, 0])
        bare.phases(Phase.DELIVERY)
        moved = s.at("performance_shift") - bare.at("performance_shift")
        assert moved[1:3].tolist() == [0.0, 0.0]
        np.testing.assert_allclose(moved[[0, 3]], 0.3 * (s.at("step_memory")[[0, 3]] - 0.58), atol=1e-6)

    def test_an_objection_stays_until_one_is_answered(self):
        """Every visitor objects: without any step done nothing is answered, with all of them done well everything."""
        s = small(3, objection_rate=1.0, completion=0.0)
        s.visits([0, 1, 2], [0, 0, 0])
        s.run("service_steps", serve_steps)
        s.run("service_steps", hear_objections)
        assert s.c.doubt[0].tolist() == [1, 1, 1]
        assert s.at("unanswered").tolist() == [1, 1, 1]
        assert s.counted("objections_unanswered")[0] == s.counted("objections_raised")[0] == 3
        well = small(3, objection_rate=1.0, completion=1.0, step_spread=0.0)
        well.c.doubt[0] = 0.7
        well.visits([0, 2], [0, 0])
        well.run("service_steps", serve_steps)
        well.run("service_steps", hear_objections)
        np.testing.assert_allclose(well.c.doubt[0], [0, 0.7, 0], rtol=1e-6)
        assert well.at("unanswered").tolist() == [0, 0]

    def test_where_nobody_objects_no_doubt_is_raised_or_taken_away(self):
        s = small(2, objection_rate=0.0, completion=0.0)
        s.c.doubt[0] = [0.0, 0.4]
        s.visits([0, 1], [0, 0])
        s.run("service_steps", serve_steps)
        s.run("service_steps", hear_objections)
        np.testing.assert_allclose(s.c.doubt[0], [0.0, 0.4], rtol=1e-6)

    def test_doubts_and_pressure_fade_and_doubts_weigh_the_price(self):
        s = small(1)
        s.c.doubt[:, 0], s.c.offer_pressure[:, 0] = [1.0, 1e-20], [2.0, 0.0]
        s.run("service_steps", forget_steps)
        np.testing.assert_allclose(s.c.doubt[:, 0], [0.95, 0.0], rtol=1e-6)
        np.testing.assert_allclose(s.c.offer_pressure[:, 0], [1.6, 0.0], rtol=1e-6)
        s.firms.price[0] = 1.2
        s.passing.utility[:] = 0.0
        s.run("service_steps", add_resistance)
        assert float(s.passing.utility[0, 0]) == pytest.approx(-0.3 * 1.2 * 0.95)


class TestRemembering:
    def moments(self, qualities, **theory):
        s = small(1, steps=[*STEPS[:6]], **theory)
        s.visits([0], [0])
        s.at("step_quality")[:] = NOT_DUE
        s.at("step_quality")[: len(qualities), 0] = qualities
        s.run("service_steps", remember_steps)
        return s

    def test_by_hand(self):
        """Of .9, .8, .3, .7: mean .675, peak .3, end .7; .5 x .675 + .5 x .5 = .5875."""
        s = self.moments([0.9, 0.8, 0.3, 0.7])
        assert s.at("step_moments")[0] == 4
        assert s.at("step_mean")[0] == pytest.approx(0.675)
        assert s.at("step_peak")[0] == pytest.approx(0.3)
        assert s.at("step_memory")[0] == pytest.approx(0.5875)
        s.at("performance_shift")[:] = 0.0
        s.run("service_steps", add_memory)
        assert s.at("performance_shift")[0] == pytest.approx(0.3 * (0.5875 - 0.58), abs=1e-6)

    def test_the_better_moment_is_the_peak_if_it_stands_out_more(self):
        """1 is .25 above .75; .65 is .1 below, which counts .15."""
        assert self.moments([1.0, 0.65]).at("step_peak")[0] == pytest.approx(1.0)

    def test_of_equals_the_first_is_the_peak(self):
        """With no negativity .5 and 1 stand out alike."""
        assert self.moments([1.0, 0.5], negativity=1.0).at("step_peak")[0] == pytest.approx(1.0)
        assert self.moments([0.5, 1.0], negativity=1.0).at("step_peak")[0] == pytest.approx(0.5)

    def test_without_peak_and_end_a_visit_is_the_mean_of_its_moments(self):
        s = self.moments([0.1, 0.9, 0.5], peak_end=0.0)
        assert s.at("step_memory")[0] == pytest.approx(0.5)

    @given(st.lists(share, min_size=1, max_size=6), share, st.floats(0, 10, width=32))
    def test_what_is_remembered_lies_between_the_worst_and_the_best_step(self, found, weight, much):
        s = self.moments([f32(q) for q in found], peak_end=float(weight), negativity=float(much))
        memory = float(s.at("step_memory")[0])
        assert -1e-6 <= memory <= 1 + 1e-6
        assert min(found) - 1e-5 <= memory <= max(found) + 1e-5

    def test_a_check_catches_failures_by_how_well_it_is_done(self):
        """1 + .5 x (.58 - q): .79 of q = 1, 1.19 of .2; a firm without one is left as it is."""
        s = small(3, steps=["solution", "quality_check"])
        s.visits([0, 1, 2], [0, 0, 1])
        s.at("step_quality")[CHECK] = [1.0, 0.2, NOT_DUE]
        s.at("failure_risk")[:] = 2.0
        s.run("service_steps", catch_failures)
        np.testing.assert_allclose(s.at("failure_risk"), [1.58, 2.38, 2.0], rtol=1e-6)


def selling(steps, pressure=0.0, **own):
    firms = [{"service_steps": {"blueprint": True, **own}, "second_product": {"second_price": 15.0}}, {}]
    sections = {name: {} for name in ("information", "contacts", "second_product")}
    s = Small(4, firms, service_steps={"steps": steps, "step_spread": 0.0}, **sections)
    s.visits([0, 1, 2, 3], [0, 0, 0, 1])
    s.at("step_quality")[:] = NOT_DUE
    s.at("step_quality")[SOLUTION, :3] = 0.3
    s.at("visit_offered")[:] = [2, 0, 1, 0]
    s.at("visit_second")[:] = [0, 0, 1, 0]
    s.c.offer_pressure[0] = pressure
    s.run("service_steps", place_offers)
    return s


class TestSelling:
    def test_an_offer_on_poor_ground_is_resented_unless_it_is_taken(self):
        """(.15 x (.6 - .3) / .6) x (1 - .75) = .01875: the second had no offer, the third bought."""
        s = selling(["solution", "cross_selling"])
        np.testing.assert_allclose(s.at("offer_resented"), [0.01875, 0, 0, 0], atol=1e-7)
        assert s.c.offer_pressure[0].tolist() == [1, 0, 1, 0]
        assert s.at("step_state")[SELLING].tolist() == [WELL, 0, WELL, 0]
        assert s.counted("resented_offers")[0] == int(f32(s.at("offer_resented")[0]) * f32(2**20))
        s.at("satisfaction_shift")[:] = 0.0
        s.run("service_steps", resent_placing)
        assert s.at("satisfaction_shift")[0] == -s.at("offer_resented")[0]

    def test_before_anything_is_done_it_is_resented_most(self):
        s = selling(["cross_selling", "solution"])
        assert s.at("offer_resented")[0] == pytest.approx(0.15 * 0.25)

    def test_one_offer_after_the_other_is_resented_more(self):
        s = selling(["solution", "cross_selling"], pressure=3.0)
        assert s.at("offer_resented")[0] == pytest.approx((0.075 + 0.15) * 0.25)
        assert s.c.offer_pressure[0].tolist() == [4, 3, 4, 3]

    def test_care_spares(self):
        found = [selling(["solution", "cross_selling"], selling_care=c).at("offer_resented")[0] for c in (0.0, 0.9)]
        assert found[1] < 0.5 * found[0]


class TestCallingBack:
    def called(self, theory=None, **own):
        firms = [{"service_steps": {"blueprint": True, **own}, "information": {"data_coverage": 1.0}}, {}]
        sections = {name: {} for name in ("information", "contacts", "complaint", "care")}
        steps = {"steps": ["solution", "follow_up"], "step_spread": 0.0, **(theory or {})}
        s = Small(4, firms, service_steps=steps, **sections)
        s.visits([0, 1, 2, 3], [0, 0, 0, 1])
        s.at("step_quality")[:] = NOT_DUE
        s.at("step_moments")[:] = [2, 2, 2, 0]
        for column, value in (("step_mean", 0.5), ("step_peak", 0.2), ("step_memory", 0.4), ("transaction", 0.6)):
            s.at(column)[:] = [value] * 3 + [0.0]
        s.c.calls_made[0] = [1, 0, 1, 0]
        s.c.reachable[0] = [1, 1, 0, 1]
        s.run("service_steps", call_back)
        return s

    def test_a_call_is_the_end(self):
        """Mean (2 x .5 + .75) / 3, peak .2, end .75: .5 x .58333 + .5 x .475 = .529167; .6 + .3 x .129167 = .63875."""
        s = self.called()
        np.testing.assert_allclose(s.at("step_memory"), [0.529167, 0.4, 0.4, 0.0], rtol=1e-5)
        np.testing.assert_allclose(s.at("transaction"), [0.63875, 0.6, 0.6, 0.0], rtol=1e-5)
        assert s.at("step_moments").tolist() == [3, 2, 2, 0]
        assert s.at("step_quality")[CALL, 0] == pytest.approx(0.75)
        assert s.at("step_state")[CALL].tolist() == [WELL, 0, 0, 0]

    def test_a_call_may_be_what_stands_out(self):
        """Where steps are usually poor, .15, a call with care, .655, stands out more than a peak of .2."""
        s = self.called({"usual_step": 0.15}, call_care=0.99)
        assert s.at("step_peak")[0] == pytest.approx(0.15 + 0.6 * 0.99 * 0.85, rel=1e-5)

    def test_what_is_not_answered_is_missed(self):
        s = small(2)
        s.visits([0, 1], [0, 0])
        s.at("unanswered")[:] = [1, 0]
        s.at("satisfaction_shift")[:] = 0.0
        s.run("service_steps", miss_answers)
        np.testing.assert_allclose(s.at("satisfaction_shift"), [-0.08, 0.0], rtol=1e-6)


class TestMeasures:
    def test_by_hand(self):
        due, done, well = (np.zeros((8, 2)) for _ in range(3))
        due[GREETING], done[GREETING], well[GREETING] = [10, 0], [8, 0], [6, 0]
        due[SELLING], done[SELLING], well[SELLING] = [5, 0], [5, 0], [4, 0]
        counts = {
            "steps_due": due, "steps_done": done, "steps_well": well, "objections_raised": np.array([4.0, 0]),
            "objections_unanswered": np.array([1.0, 0]), "resented_offers": np.array([0.5, 0]),
            "step_visits": np.array([10.0, 0]), "worst_decided": np.array([3.0, 0]),
            "step_mean_sum": np.array([6.0, 0]), "step_memory_sum": np.array([5.5, 0]),
        }  # fmt: skip
        c = Tallied(counts, 52, 1)
        assert step_completion(c)[0] == pytest.approx(13 / 15)
        assert offers_placed_well(c)[0] == pytest.approx(0.8)
        assert resentment_per_offer(c)[0] == pytest.approx(0.1)
        assert objections_answered(c)[0] == pytest.approx(0.75)
        assert worst_step_share(c)[0] == pytest.approx(0.3)
        assert memory_gap(c)[0] == pytest.approx(-0.05)
        assert np.isnan(calls_done_well(c)[0])


class TestMarkets:
    @pytest.mark.parametrize("scenario", [market(greeting_care=0.4), full(call_care=0.5, selling_care=0.5)])
    def test_threads_and_tiles_change_nothing(self, scenario):
        one = ran(scenario.replace(periods=15))
        assert one.tallied("steps_done").sum() > 1000
        for other in (
            ran(scenario.replace(periods=15), threads=3),
            ran(scenario.replace(periods=15), tile=64),
        ):
            assert_same(one, other)

    def test_kernels(self):
        dear, classed = {"firms.north.second_product.second_price": 900.0}, {"customer_classes": {}}
        by_class = {"firms.north.care.level_by_class": ("proactive",)}
        check_kernels(full(greeting_care=0.4, call_care=0.5).replace(dear | classed | by_class), periods=2)

    def test_all_steps_are_counted_once_and_no_share_is_beyond_1(self):
        scenario = full()
        world = ran(scenario)
        due, done, well = (world.tallied(name).sum(axis=0) for name in ("steps_due", "steps_done", "steps_well"))
        visits = world.tallied("visits").sum(axis=0)
        assert (well <= done).all()
        assert (done <= due).all()
        assert due[GREETING, 0] == due[CHECK, 0] == visits[0] == world.tallied("step_visits").sum(axis=0)[0]
        assert due[:, 1:].sum() == 0, "the second firm has no blueprint"
        assert 0 < due[SELLING, 0] < visits[0]
        assert 0 < due[CALL, 0] < visits[0]
        for measure in ServiceSteps.kpis:
            found = record(scenario, 1).summary([measure])[0, 0]
            assert -1.0 <= found <= 1.0

    def test_without_a_blueprint_nothing_is_done(self):
        """Not a step is added, and no bit moves."""
        without, there = market().replace({"firms.north.service_steps.blueprint": False}), None
        there = ran(without)
        bare = Scenario.parse(
            {
                "periods": 40, "population": {"customers": 500, "purchase_rate": 0.6},
                "firms": [{"name": "north"}, {"name": "east"}],
            }
        )  # fmt: skip
        assert [step.name for step in without.steps()] == [step.name for step in bare.steps()]
        assert_same(ran(bare), there)

    def test_without_weight_and_consequences_a_blueprint_changes_nothing_but_its_own(self):
        mute = {"step_weight": 0.0, "unanswered_loss": 0.0, "resistance": 0.0}
        bare = market().replace({"firms.north.service_steps.blueprint": False})
        one, other = ran(bare), ran(market(mute))
        for name in ("visits", "revenue", "transaction_sum", "failures"):
            np.testing.assert_array_equal(one.tallied(name), other.tallied(name))

    def test_a_blueprint_without_care_is_about_as_good_as_none(self):
        on = market(periods=80, customers=1500)
        off = on.replace({"firms.north.service_steps.blueprint": False})
        quality = [record(s, 1).summary([perceived_quality])[0, 0] for s in (off, on)]
        assert quality[1] == pytest.approx(quality[0], abs=0.012)

    def test_care_is_paid_and_pleases_and_the_end_counts_more_than_the_middle(self):
        """Solution and atmosphere get the same care; the last step is remembered twice."""
        found = []
        for care in ({}, {"solution_care": 0.8}, {"atmosphere_care": 0.8}):
            scenario = market({"peak_end": 1.0}, periods=60, customers=1200, **care)
            found.append(record(scenario, 2).summary([perceived_quality, lever_cost])[0])
        quality = [f[0] for f in found]
        assert quality[0] < quality[1] < quality[2] - 0.01
        spent = ran(market(periods=5, solution_care=0.8)).tallied("step_spend").sum(axis=0)
        visits = ran(market(periods=5, solution_care=0.8)).tallied("visits").sum(axis=0)
        assert spent.tolist() == pytest.approx([visits[0] * 0.2414, 0, 0]), "-.15 ln .2 = .2414 cu a visit"

    def test_objections_that_are_not_answered_drive_custom_away(self):
        """Only doubts differ: neither memory nor satisfaction is touched."""
        theory = {"step_weight": 0.0, "unanswered_loss": 0.0, "resistance": 3.0, "objection_rate": 1.0}
        poor, good = (ran(market({**theory, "completion": c, "step_spread": 0.0}, periods=60)) for c in (0.2, 1.0))
        visits = [world.tallied("visits").sum(axis=0)[0] for world in (poor, good)]
        assert visits[0] < 0.9 * visits[1]

    def test_care_finds_the_silent_with_steps_as_it_does_without(self):
        """A follow-up is that of `care`: with all weights at 0 the same complaints are made."""
        mute = {**ALL, "step_weight": 0.0, "unanswered_loss": 0.0, "resistance": 0.0, "caught": 0.0}
        mute |= {"too_early": 0.0, "too_hard": 0.0}
        on = full().replace({f"service_steps.{name}": value for name, value in mute.items() if name != "steps"})
        off = on.replace({"firms.north.service_steps.blueprint": False})
        one, other = ran(on), ran(off)
        assert one.tallied("told_when_asked").sum() > 20
        np.testing.assert_array_equal(one.tallied("complaints"), other.tallied("complaints"))
        assert record(on, 1).summary([voice_share])[0, 0] > 0


class TestRefusals:
    @pytest.mark.parametrize(
        ("theory", "own", "words"),
        [
            ({"steps": ["solution", "greting"]}, {}, r"steps: names 'greting'; did you mean 'greeting'"),
            ({"steps": ["solution", "solution"]}, {}, "has 'solution' twice"),
            ({"steps": []}, {}, "leaves a visit without steps"),
            ({"steps": ["solution", "needs_assessment"]}, {}, "'solution' before 'needs_assessment'"),
            ({"left_out_quality": 0.5}, {}, "is not below well_from"),
            ({"preset": "seven_steps"}, {}, r"'cross_selling', which is done by second_product; give the scenario"),
            ({"preset": "six_steps"}, {}, r"'follow_up', which is done by care; give the scenario"),
            ({}, {"check_care": 0.2}, r"check_care = 0\.2, but quality_check is no step of the market's"),
            ({}, {"blueprint": False, "greeting_care": 0.2}, r"set firms\.north\.service_steps\.blueprint = true"),
            ({"preset": "eight"}, {}, "no sequence of steps preset 'eight'"),
        ],
    )
    def test_one_line_says_what_is_allowed(self, theory, own, words):
        with pytest.raises(Refusal, match=words) as refused:
            market(theory, **own)
        assert "\n" not in str(refused.value)


def test_presets_are_the_seven_and_the_six_steps():
    found = {one.name: one.values.get("steps") for one in presets(ServiceSteps)}
    assert found["core_steps"] is None
    assert len(found["seven_steps"]) == 7
    assert len(found["six_steps"]) == 6
    assert ServiceSteps(preset="six_steps").sequence.tolist() == [GREETING, NEEDS, SOLUTION, ATMOSPHERE, CHECK, CALL]
    assert len(CARES) == len(STEPS)
