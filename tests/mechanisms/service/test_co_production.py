"""Co-production: who takes part, what it saves and costs, whom it is credited to, by hand and in whole markets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.recording import record
from abm.kpis.attitude import csi
from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.co_production import (
    CoProduction,
    participant_failure_rate,
    participant_telling_rate,
    participation_rate,
    staff_relief,
    unready_participant_share,
    unwilling_participant_share,
)
from abm.mechanisms.service.co_production_kernels import (
    CHOSEN,
    REQUIRED,
    attribute_gap,
    chance_to_take_part,
    fit_service,
    own_share,
    part_of,
    practise,
    raise_risk,
    relieve_staff,
    resent_force,
    risk_of_part,
    shorten_service,
    take_off_relief,
    take_part,
    tell_as_participant,
)
from abm.mechanisms.service.waiting_line import mean_wait, occupancy
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same, ran
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

f32 = np.float32
share = st.floats(0, 1, width=32)
LINE = {"service_minutes": 15.0, "branch_visits": 400.0, "minutes_open": 300.0}


def market(theory=None, *, customers=500, periods=40, sections=None, line=0, **own):
    firms = [
        {"name": "north", "co_production": own, "waiting_line": {"servers": line}}, {"name": "east"},
    ]  # fmt: skip
    population = {"customers": customers, "purchase_rate": 0.6}
    return Scenario.parse(
        {
            "periods": periods, "population": population, "co_production": theory or {}, "firms": firms,
            **({"waiting_line": LINE} if line else {}), **(sections or {}),
        }
    )  # fmt: skip


def small(customers=4, own=None, **theory):
    return Small(customers, [{"co_production": {"participation": 0.5, **(own or {})}}, {}], co_production=theory)


def words(draw, customer, period, nth):
    key = luck.stream_key(1, "co_production")
    found = luck.customer_words(key, customer, period, draw=draw, block=nth, replication=0)
    return [luck.uniform(word) for word in found]


class TestEquations:
    def test_who_is_as_ready_as_usual_takes_part_on_every_second_visit(self):
        """logistic((.7 - .5) / .1) = 1 / (1 + e^-2) = .8808."""
        assert float(chance_to_take_part(f32(0.5), f32(0.5), f32(0.1))) == pytest.approx(0.5)
        assert float(chance_to_take_part(f32(0.7), f32(0.5), f32(0.1))) == pytest.approx(0.8808, abs=1e-4)

    def test_a_part_is_taken_by_who_wants_to_or_has_to(self):
        given_ = (f32(0.5), f32(0.4))
        found = [float(part_of(f32(u), *given_, mode, f32(0.5), f32(0.1))) for u in (0.4, 0.6) for mode in (0, 1)]
        assert found == pytest.approx([0.4, 0.4, 0.0, 0.4])

    def test_mistakes_are_made_by_who_is_not_ready(self):
        """1 + 2 x .5 x .6 = 1.6."""
        assert float(risk_of_part(f32(0.5), f32(0.4), f32(2.0))) == pytest.approx(1.6)
        assert float(risk_of_part(f32(0.9), f32(1.0), f32(2.0))) == 1.0

    def test_credit_and_blame_by_hand(self):
        """Of .2 too much she credits -.15 x .5 x .2 to herself; of .2 too little she blames .3 x .5 x .2 if chosen."""
        found = [
            float(own_share(f32(gap), f32(0.5), chosen, f32(0.15), f32(0.3)))
            for gap in (0.2, -0.2)
            for chosen in (True, False)
        ]
        assert found == pytest.approx([-0.015, -0.015, 0.03, 0.0])

    @given(st.floats(-1, 1, width=32), share, share, share)
    def test_bias_serves_herself(self, gap, part, credit, blame):
        """Where she chose, the firm gets less of both; where she did not, it is never better off for it."""
        chosen, required = (float(own_share(f32(gap), f32(part), c, f32(credit), f32(blame))) for c in (True, False))
        assert chosen >= required
        assert required <= 0.0
        assert chosen <= 0.0 or gap < 0
        assert abs(chosen) <= abs(gap) + 1e-6


class TestTakingPart:
    def test_readiness_is_for_life_and_at_its_address(self):
        s = small(50)
        wanted = [min(1.0, max(0.0, 0.5 + 0.25 * luck.normal(words(1, i, 0, 0)[0]))) for i in range(50)]
        np.testing.assert_allclose(s.c.readiness, wanted, atol=1e-5)
        assert 0 <= s.c.readiness.min() < 0.2
        assert s.c.readiness.max() > 0.8

    @pytest.mark.parametrize("mode", ["chosen", "required"])
    def test_who_takes_part_is_at_its_address(self, mode):
        s = small(30, {"participation_mode": mode})
        s.visits([i for i in range(30) for _ in range(2)], [0, 1] * 30)
        s.run("co_production", take_part, t=4)
        part, unwanted = [], []
        for v in range(60):
            ready = float(s.c.readiness[v // 2])
            wants = words(0, v // 2, 4, v % 2)[0] < 1 / (1 + math.exp(-(ready - 0.5) / 0.1))
            there = v % 2 == 0
            part.append(0.5 if there and (wants or mode == "required") else 0.0)
            unwanted.append(0.5 if there and mode == "required" and not wants else 0.0)
        assert s.at("part_taken").tolist() == part
        assert s.at("part_unwanted").tolist() == unwanted
        assert s.counted("visits_taken_part") == [sum(p > 0 for p in part), 0, 0]
        assert s.counted("unwilling_parts") == [sum(p > 0 for p in unwanted), 0, 0]
        assert (sum(unwanted) > 0) == (mode == "required")

    def by_hand(self, **theory):
        s = small(3, **theory)
        s.c.readiness[:] = [1.0, 0.5, 0.0]
        s.visits([0, 1, 2], [0, 0, 0])
        s.at("part_taken")[:] = [0.5, 0.5, 0.0]
        return s

    def test_what_follows_by_hand(self):
        s = self.by_hand()
        s.at("failure_risk")[:], s.at("performance_shift")[:] = 1.0, 0.0
        s.run("co_production", raise_risk)
        s.run("co_production", fit_service)
        np.testing.assert_allclose(s.at("failure_risk"), [1.0, 1.5, 1.0])
        np.testing.assert_allclose(s.at("performance_shift"), [0.025, 0.0125, 0.0], rtol=1e-6)

    def test_staff_are_relieved_in_whole_cents(self):
        """.4 x .5 x 606 = 121.2 cents of who is wholly ready, 60.6 of who is half."""
        s = self.by_hand()
        assert s.firms.service_cost[0] == 606
        s.run("co_production", relieve_staff)
        assert s.at("visit_relief").tolist() == [121, 61, 0]
        assert s.counted("staff_relieved") == [-182, 0, 0]
        cost = np.full(3, 606, np.int64)
        take_off_relief(cost, s.at("visit_relief"), s.passing.visit_count)
        assert cost.tolist() == [485, 545, 606]

    def test_practice_makes_able(self):
        """.5 + .02 x .5 x .5 = .505, and again."""
        s = self.by_hand()
        s.run("co_production", practise)
        np.testing.assert_allclose(s.c.readiness, [1.0, 0.505, 0.0], rtol=1e-6)

    def test_who_has_to_and_would_not_resents_it(self):
        s = self.by_hand()
        s.at("satisfaction_shift")[:] = 0.0
        s.at("part_unwanted")[:] = [0.5, 0.0, 0.0]
        s.run("co_production", resent_force)
        np.testing.assert_allclose(s.at("satisfaction_shift"), [-0.04, 0, 0], rtol=1e-6)

    @pytest.mark.parametrize(("mode", "wanted"), [("chosen", [-0.015, 0.03]), ("required", [-0.015, 0.0])])
    def test_attribution_on_visits(self, mode, wanted):
        s = small(2, {"participation_mode": mode})
        s.visits([0, 1], [0, 0])
        s.at("part_taken")[:] = 0.5
        s.at("performance")[:] = [0.8, 0.4]
        s.c.expectation[0] = 0.6
        s.at("satisfaction_shift")[:] = 0.0
        s.run("co_production", attribute_gap)
        np.testing.assert_allclose(s.at("satisfaction_shift"), wanted, atol=1e-6)
        assert (CHOSEN, REQUIRED) == (0, 1)

    def test_participants_tell_who_had_no_story(self):
        """All who take part wholly tell: with satisfaction .7 praise, .3 blame; a story told before stays."""
        s = small(4, talk=1.0)
        s.visits([0, 1, 2, 3], [0, 0, 0, 0])
        s.c.story[:] = [0, 0, 5, 0]
        s.at("part_taken")[:] = [1, 1, 1, 0]
        s.at("transaction")[:] = [0.7, 0.3, 0.3, 0.3]
        s.run("co_production", tell_as_participant)
        assert s.c.story.tolist() == [3, 2, 5, 0]
        assert s.counted("positive_messages")[0] == s.counted("negative_messages")[0] == 1
        assert s.counted("told_as_participant")[0] == 2

    def test_service_at_the_line_is_shorter(self):
        s = Small(
            2, [{"co_production": {"participation": 0.5}, "waiting_line": {"servers": 1}}],
            co_production={"relieves_line": True}, waiting_line={},
        )  # fmt: skip
        s.c.readiness[:] = [1.0, 0.5]
        s.visits([0, 1], [0, 0])
        s.at("service_time")[:] = 1.0
        s.at("part_planned")[:] = 0.5
        s.run("co_production", shorten_service)
        np.testing.assert_allclose(s.at("service_time"), [0.8, 0.9], rtol=1e-6)


class TestMeasures:
    def test_by_hand(self):
        counts = {
            "visits": [10.0, 0], "visits_taken_part": [4.0, 0], "unready_part": [1.0, 0], "unwilling_parts": [2.0, 0],
            "failed_taking_part": [1.0, 0], "staff_relieved": [-6.0, 0], "told_as_participant": [3.0, 0],
        }  # fmt: skip
        c = Tallied({name: np.array(values) for name, values in counts.items()}, 52, 1)
        found = [k(c)[0] for k in (participation_rate, unready_participant_share, unwilling_participant_share)]
        assert found == [0.4, 0.25, 0.5]
        found = [k(c)[0] for k in (participant_failure_rate, staff_relief, participant_telling_rate)]
        assert found == [0.25, 1.5, 0.75]


class TestMarkets:
    @pytest.mark.parametrize(
        "scenario",
        [
            market(participation=0.5, periods=15),
            market({"relieves_line": True}, participation=0.5, participation_mode="required", line=3, periods=8),
        ],
    )
    def test_threads_and_tiles_change_nothing(self, scenario):
        one = ran(scenario)
        assert one.tallied("visits_taken_part").sum() > 300
        for other in (ran(scenario, threads=3), ran(scenario, tile=64)):
            assert_same(one, other)

    @pytest.mark.parametrize("line", [0, 3])
    def test_kernels(self, line):
        theory = {"relieves_line": line > 0}
        check_kernels(market(theory, participation=0.5, participation_mode="required", line=line), periods=2)

    def test_where_nobody_is_to_take_part_nothing_is_done(self):
        off, bare = market(), market().replace({"co_production": None})
        assert [step.name for step in off.steps()] == [step.name for step in bare.steps()]
        assert_same(ran(bare), ran(off))

    def test_without_consequences_taking_part_changes_no_choice(self):
        mute = dict.fromkeys(("fit_gain", "clumsiness", "own_credit", "own_blame", "practice", "talk"), 0.0)
        one, other = ran(market()), ran(market(mute, participation=0.8))
        for name in ("visits", "revenue", "transaction_sum", "failures"):
            np.testing.assert_array_equal(one.tallied(name), other.tallied(name))
        assert other.tallied("staff_relieved").sum() < 0

    def test_visits_are_counted_once_and_the_set_up_is_paid_for_everybody(self):
        """-.05 ln .5 = .03466 cu for each of 500 customers and 40 periods: .0347, in whole 1/100 cent."""
        world = ran(market(participation=0.5, participation_mode="required"))
        visits, took = (world.tallied(name).sum(axis=0) for name in ("visits", "visits_taken_part"))
        assert took.tolist()[:2] == [visits[0], 0]
        assert world.tallied("set_up_spend").sum(axis=0)[0] == pytest.approx(500 * 40 * 0.0347)
        for name in ("failed_taking_part", "unready_part", "unwilling_parts", "told_as_participant"):
            assert 0 < world.tallied(name).sum() < took[0]

    def test_choice_is_forgiven_and_force_is_not(self):
        """The same part of the service: where it is required satisfaction is lower, and the unable take part."""
        kpis = [csi, unready_participant_share, participation_rate]
        chosen, required = (
            record(market(participation=0.7, participation_mode=mode, periods=60, customers=1000), 1).summary(kpis)[0]
            for mode in ("chosen", "required")
        )
        assert chosen[0] > required[0] + 0.5
        assert chosen[1] < required[1]
        assert chosen[2] < required[2] == 1.0

    def test_what_visitors_do_themselves_is_missing_from_the_line(self):
        found = []
        for relieves in (False, True):
            scenario = market({"relieves_line": relieves, "talk": 0.0}, participation=0.9, line=4, customers=800)
            found.append(record(scenario, 1).summary([mean_wait, occupancy])[0])
        assert found[1][0] < 0.9 * found[0][0]
        assert found[1][1] < found[0][1]


class TestRefusals:
    @pytest.mark.parametrize(
        ("theory", "own", "sections", "words"),
        [
            ({"relieves_line": True}, {}, {}, r"relieves_line = true, but the market has no waiting_line; give the"),
            ({}, {"participation": 0.99}, {}, r"participation = 0\.99 is outside \[0, 0\.95\]"),
            ({}, {"participation_mode": "forced"}, {}, "participation_mode"),
            (
                {"time_saved": 0.9},
                {},
                {"information": {}, "contacts": {}, "complaint": {}, "care": {"tenure_saving": 0.3}},
                r"time_saved = 0\.9, but with care\.tenure_saving = 0\.3 it is at most 0\.7",
            ),
            (
                {},
                {},
                {"off": ["word_of_mouth"]},
                r"talk = 0\.03, but word_of_mouth is off; set co_production\.talk = 0",
            ),
        ],
    )
    def test_one_line_says_what_is_allowed(self, theory, own, sections, words):
        with pytest.raises(Refusal, match=words) as refused:
            market(theory, sections=sections, **own)
        assert "\n" not in str(refused.value)

    def test_every_lever_has_its_cost_or_a_reason(self):
        assert {*CoProduction.policy.free} == {"participation_mode"}


def test_phases():
    """Readiness is that of the period's beginning for all that follows from it: it moves after all of this."""
    order = [phase for phase, *_ in CoProduction().schedule([CoProduction.policy(participation=0.5)])]
    assert order.index(Phase.LEARNING) > order.index(Phase.DELIVERY)
