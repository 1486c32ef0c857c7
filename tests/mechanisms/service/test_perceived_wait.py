"""Perceived wait: equations by hand and by property, states at their addresses, limits, and remedies in a market."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import csi, perceived_quality
from abm.kpis.value import lever_cost
from abm.mechanisms.phases import Phase
from abm.mechanisms.service import waiting_felt as felt
from abm.mechanisms.service.perceived_wait import (
    PerceivedWait,
    life_waiting,
    mean_perceived_wait,
    overrun_share,
    wait_overestimation,
    waiting_cost,
    waiting_loss,
)
from abm.mechanisms.service.waiting_line import mean_wait
from abm.scenario.scenario import Scenario
from abm.world.visits import WAIT
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

AS_IT_IS = {
    "unoccupied": 1.0, "pre_process": 1.0, "uncertain": 1.0, "unexplained": 1.0, "unfair": 1.0, "anxious": 1.0,
    "overrun_weight": 1.0,
}  # fmt: skip
HARDLY = {**AS_IT_IS, "annoyance": 0.0, "halo": 0.0}  # waits are felt as they are, and nobody minds
minutes, share = st.floats(0.015625, 500, width=32), st.floats(0, 1, width=32)
single = np.float32


def busy(periods=30, customers=1200, line=(), felt=(), remedy=(), **more):
    """Return a market whose first firm has few servers, and whose others have enough."""
    north = {"servers": 3, **dict(line)}
    firms = [{"name": "north", "waiting_line": north, "perceived_wait": dict(remedy)}, {"name": "east"}]
    population = {"customers": customers, "purchase_rate": 0.5}
    sections = {"waiting_line": {"service_minutes": 12.0}, "perceived_wait": dict(felt), **more}
    return Scenario.parse({"periods": periods, "population": population, "firms": firms, **sections})


def of_north(scenario, *kpis, seed=2):
    return record(scenario, seed).summary(kpis)[0].tolist()


class TestEquations:
    def test_by_hand(self):
        """8 minutes told to be 5, 3 of them twice: 11; half of a factor of 1.5 makes it 1.25; the root of 9 is 3."""
        assert felt.felt(single(8), single(5), single(1), single(2)) == 11.0
        assert felt.felt(single(8), single(-1), single(1), single(2)) == 8.0
        assert felt.felt(single(9), single(-1), single(0.5), single(2)) == pytest.approx(3.0, rel=1e-6)
        assert felt.lengthened(single(1.5), single(0.5)) == 1.25
        assert felt.tolerated(single(10), single(20), single(-1), single(0.4)) == pytest.approx(14.0)
        assert felt.tolerated(single(10), single(-1), single(12), single(0.4)) == 12.0
        assert felt.resented(single(25), single(10), single(2), single(0.15)) == pytest.approx(0.45)
        assert felt.impression(single(10), single(10)) == 0.5

    @pytest.mark.parametrize(
        ("lines", "discipline", "chance"), [(0, 0, 0.0), (1, 0, 0.75), (1, 1, 0.75), (1, 2, 2 / 3), (2, 0, 0.0)]
    )
    def test_the_wrong_line_is_one_of_several(self, lines, discipline, chance):
        """Of four servers with a line each, or three beside an express server."""
        assert felt.wrong_line(lines, discipline, 4, 1) == pytest.approx(chance)

    @given(minutes, minutes, st.floats(1, 10, width=32))
    def test_an_announcement_that_is_kept_lengthens_nothing(self, waited, told, weight):
        long = felt.felt(single(waited), single(told), single(1), single(weight))
        assert long == waited if waited <= told else long >= waited

    @given(minutes, minutes, minutes, share, st.floats(0, 5, width=32))
    def test_what_is_resented_is_a_share_and_rises_with_the_wait(self, one, other, acceptable, annoyance, pressure):
        low, high = (felt.resented(single(x), single(acceptable), single(pressure), single(annoyance)) for x in
                     sorted((one, other)))  # fmt: skip
        assert 0.0 <= low <= high <= 1.0
        assert low == 0.0 or min(one, other) > acceptable

    @given(minutes, minutes, share)
    def test_who_is_used_to_waiting_accepts_no_less(self, accepted, usual, adaptation):
        found = felt.tolerated(single(accepted), single(usual), single(-1), single(adaptation))
        assert accepted <= found <= max(accepted, usual) * (1 + 1e-6)

    @given(st.integers(0, 255), share)
    def test_the_more_go_first_the_more_unfair_and_a_reason_excuses(self, k, excuse):
        plain = felt.overtaken_unfairly(np.uint8(k), False, single(excuse))
        assert plain == pytest.approx(k / (k + 1))
        assert felt.overtaken_unfairly(np.uint8(k), True, single(excuse)) <= plain


class TestStates:
    """Four visitors of a firm with a line, one of a firm without."""

    def small(self, line=(), remedy=(), **sizes):
        firm = {"waiting_line": {"servers": 4, **dict(line)}, "perceived_wait": dict(remedy)}
        small = Small(5, [firm, {}], waiting_line={}, perceived_wait=sizes, taste={"taste_spread": 0.0})
        small.visits([0, 1, 2, 3, 4], [0, 0, 0, 0, 1])
        small.at("wait")[:] = [0.0, 10.0, 20.0, 30.0, 40.0]
        small.at("announced_wait")[:] = [-1.0, -1.0, 20.0, 10.0, -1.0]
        small.at("accepted_wait")[:] = [15.0, 15.0, 15.0, 15.0, 15.0]
        small.at("overtaken")[:] = [0, 1, 0, 3, 9]
        small.at("time_pressure")[:] = [1.0, 1.0, 1.0, 2.0, 1.0]
        return small

    def parts(self, small):
        small.run("perceived_wait", felt.describe_waits)
        return small.scratch("perceived_wait", "wait_factors")[:5].tolist()

    def test_by_hand(self):
        """Who has not waited, and who came to a firm without a line, has no state."""
        none = [0.0] * 6
        assert self.parts(self.small()) == [
            none,
            [1.0, 1.0, 1.0, 0.0, 0.5, 0.0],
            [1.0, 1.0, 0.0, 0.25, 0.0, 0.0],
            [1.0, 1.0, 0.0, 0.5, 0.75, 0.0],
            none,
        ]

    def test_what_is_usual_at_the_firm_needs_no_reason(self):
        small = self.small()
        small.c.usual_wait[0, [1, 3]] = [5.0, 30.0]
        found = self.parts(small)
        assert [row[felt.UNEXPLAINED] for row in found] == pytest.approx([0.0, 0.5, 0.25, 0.0, 0.0])

    @pytest.mark.parametrize(
        ("line", "unfair", "anxious"),
        [
            ({"lines": "parallel"}, 0.75, 0.75),
            ({"lines": "numbers"}, 0.375, 0.0),
            ({"lines": "parallel", "discipline": "express"}, 0.375, 2 / 3),
            ({"appointments": 0.5}, 0.375, 0.0),
        ],
    )
    def test_how_people_stand_decides_what_seems_unfair_and_what_makes_anxious(self, line, unfair, anxious):
        row = self.parts(self.small(line))[3]
        assert [row[felt.UNFAIR], row[felt.ANXIOUS]] == pytest.approx([unfair, anxious])

    def test_remedies_are_at_their_addresses(self):
        """A greeting ends the time before the process after two minutes; a reason takes all that is unexplained."""
        remedy = {"occupation": 0.4, "greeting": 15.0, "explanation": 0.5}
        greeted = 1 - math.exp(-15.0 / 20.0)
        key, small = luck.stream_key(1, "perceived_wait"), self.small(remedy=remedy, greeted_after=2.0)
        for t in range(12):
            words = [luck.customer_words(key, i, t, draw=0, block=0, replication=0) for i in range(5)]
            drawn = [[luck.uniform(word) for word in four] for four in words]
            small.run("perceived_wait", felt.describe_waits, t)
            found = small.scratch("perceived_wait", "wait_factors")
            for i, wait in ((1, 10.0), (2, 20.0), (3, 30.0)):
                assert found[i][felt.UNOCCUPIED] == pytest.approx(0.6)
                assert found[i][felt.PRE_PROCESS] == pytest.approx(2.0 / wait if drawn[i][0] < greeted else 1.0)
                unexplained = max(1 - 15.0 / wait, 0.0) if drawn[i][1] >= 0.5 else 0.0
                assert found[i][felt.UNEXPLAINED] == pytest.approx(unexplained, abs=1e-6)

    def test_what_is_felt_and_taken(self):
        """Of 30 minutes told to be 10, 20 count twice: 50, times what the states make of it; 15 are acceptable."""
        weights = {"unoccupied": 1.1, "pre_process": 1.2, "uncertain": 1.3, "unexplained": 1.4, "unfair": 1.5}
        small = self.small({"lines": "parallel"}, {"occupation": 0.5}, anxious=1.6, **weights)
        small.phases(Phase.DELIVERY)
        always = 1.05 * 1.2 * (1 + 0.75 * 0.6)
        long = [0.0, 10 * always * 1.3 * 1.25, 20 * always * 1.1, 50 * always * 1.2 * 1.375, 0.0]
        assert small.at("perceived_wait").tolist() == pytest.approx(long, rel=1e-5)
        acceptable = [1.0, 15.0, 20.0, 15.0, 1.0]
        assert small.scratch("perceived_wait", "acceptable")[:5].tolist() == pytest.approx(acceptable)
        shifts = [-0.1 * w / (w + a) for w, a in zip(long, acceptable, strict=True)]
        assert small.at("performance_shift").tolist() == pytest.approx(shifts, rel=1e-4, abs=1e-7)
        small.phases(Phase.JUDGEMENT)
        pressed = [1.0, 1.0, 1.0, 2.0, 1.0]
        lost = [0.15 * p * max(w - a, 0.0) / a for w, a, p in zip(long, acceptable, pressed, strict=True)]
        assert small.at("satisfaction_shift").tolist() == pytest.approx([-min(x, 1.0) for x in lost], rel=1e-4)

    def test_who_is_used_to_it_accepts_it(self):
        small = self.small(adaptation=0.5)
        small.c.usual_wait[0, 1] = 25.0
        small.phases(Phase.DELIVERY)
        assert small.scratch("perceived_wait", "acceptable")[1] == pytest.approx(20.0)

    def test_waits_are_remembered(self):
        """The first as it was, then 0.3 of the distance; in the order of visits."""
        small = self.small()
        small.visits([1, 1, 2], [0, 0, 0])
        small.at("wait")[:] = [10.0, 20.0, 0.0]
        small.run("perceived_wait", felt.get_used)
        assert small.c.usual_wait[0].tolist() == pytest.approx([-1.0, 13.0, 0.0, -1.0, -1.0])

    def test_of_a_firm_without_a_line_no_wait_is_remembered(self):
        """Who waited at one firm and was served by another without a line has not waited there."""
        small = self.small()
        small.visits([1, 2, 3], [1, 1, 0])
        small.at("wait")[:] = [25.0, 0.0, 25.0]
        small.run("perceived_wait", felt.get_used)
        assert small.c.usual_wait[0].tolist() == [-1.0, -1.0, -1.0, 25.0, -1.0]
        assert (small.c.usual_wait[1] == -1.0).all()

    def test_remedies_are_paid_by_the_minute_the_visitor_and_who_waits(self):
        """-.02 ln(.6) cu a minute is 102 hundredths of a cent; 12 seconds at 15 cu an hour 500; -.2 ln(.5) cu 1386."""
        small = self.small(remedy={"occupation": 0.4, "greeting": 12.0, "explanation": 0.5})
        small.at("wait")[4] = 1000.0
        small.phases(Phase.ADMISSION)
        assert small.counted("waiting_remedies") == [102 * 60 + 4 * 500 + 3 * 1386, 0, 0]


class TestMarket:
    def test_kernels_keep_to_their_rows(self):
        remedies = {"occupation": 0.5, "greeting": 10.0, "explanation": 0.5}
        abm.check_kernels(busy(line={"lines": "parallel", "announcement": 0.7}, remedy=remedies))

    def test_a_wait_felt_as_it_is_and_not_minded_changes_nothing(self):
        """A market with the theory has the bits of one without it, and overestimation is 1."""
        with_theory, without = (Engine(one, 1) for one in (busy(felt=HARDLY), busy(felt=HARDLY).replace(
            {"perceived_wait": None})))  # fmt: skip
        for engine in (with_theory, without):
            engine.run(30)
        for name, column in without.world.customers.items():
            np.testing.assert_array_equal(column, with_theory.world.customers[name], err_msg=name)
        for name in without.world.tallies:
            np.testing.assert_array_equal(without.world.tallied(name), with_theory.world.tallied(name), err_msg=name)
        assert with_theory.world.tallied("served_wait")[:, 0].sum() > 0
        assert of_north(busy(felt=HARDLY), wait_overestimation) == [1.0]

    def test_where_nobody_waits_nothing_is_felt_and_satisfaction_is_what_it_was(self):
        plenty = busy(line={"servers": 900})
        engines = [Engine(one, 1) for one in (plenty, plenty.replace({"perceived_wait": None}))]
        for engine in engines:
            engine.run(30)
        assert engines[0].world.tallied("line_visits")[:, 0].sum() > 0
        assert not engines[0].world.tallied("felt_wait").any()
        for name in ("satisfaction", "expectation", "trust", "provider"):
            np.testing.assert_array_equal(engines[0].world.customers[name], engines[1].world.customers[name])

    def test_a_firm_with_servers_enough_pays_for_no_remedy(self):
        remedies = {"occupation": 0.5, "greeting": 10.0, "explanation": 0.5}
        engines = [Engine(busy(line={"servers": 0}, remedy=one), 1) for one in (remedies, {})]
        for engine in engines:
            engine.run(20)
        for name in engines[1].world.tallies:
            np.testing.assert_array_equal(*(engine.world.tallied(name) for engine in engines), err_msg=name)
        assert not engines[0].world.tallied("waiting_remedies").any()

    def test_who_goes_elsewhere_is_a_visitor_of_the_firm_that_serves_her(self):
        """A firm without a line is not judged by a wait that she had elsewhere."""
        elsewhere = {"elsewhere": 1.0, "service_minutes": 25.0, "retry": 0.3}
        engine = Engine(busy(felt={"annoyance": 2.0}, waiting_line=elsewhere), 1)
        engine.run(20)
        counted = {name: engine.world.tallied(name).sum(axis=0) for name in ("went_elsewhere", "line_visits", "visits")}
        assert counted["went_elsewhere"][0] > 100
        assert counted["line_visits"].tolist() == [counted["visits"][0], 0, 0]
        assert not engine.world.tallied("lost_to_waiting")[:, 1].any()

    def test_visitors_are_those_who_came_less_those_who_were_not_served(self):
        engine = Engine(busy(), 1)
        engine.run(30)
        counted = {name: int(engine.world.tallied(name)[:, 0].sum()) for name in engine.world.tallies
                   if engine.world.tallied(name).ndim == 2}  # fmt: skip
        lost = sum(counted[name] for name in ("gave_up", "balked", "sent_away", "went_elsewhere"))
        assert counted["line_visits"] == counted["came"] - lost
        assert 0 < counted["served_wait"] < counted["waited"]
        assert counted["overran"] == counted["told"] == 0

    @pytest.mark.parametrize("threads", [2, 3])
    def test_the_bits_depend_neither_on_threads_nor_on_tiles(self, threads):
        scenario = busy(line={"announcement": 0.6}, remedy={"greeting": 10.0, "explanation": 0.5})
        one, several, small = Engine(scenario, 1), Engine(scenario, 1, threads=threads), Engine(scenario, 1)
        small.set_tile(70)
        for engine in (one, several, small):
            engine.run(20)
        for other in (several, small):
            np.testing.assert_array_equal(one.world.history, other.world.history)
            np.testing.assert_array_equal(one.world.customers.usual_wait, other.world.customers.usual_wait)

    def test_waiting_costs_satisfaction_and_the_halo_performance(self):
        calm, annoyed, coloured = (busy(felt=one) for one in (
            {**HARDLY}, {**HARDLY, "annoyance": 2.0}, {**HARDLY, "halo": 0.5}))  # fmt: skip
        satisfied = [of_north(one, csi)[0] for one in (calm, annoyed, coloured)]
        performed = [of_north(one, perceived_quality)[0] for one in (calm, annoyed, coloured)]
        assert satisfied[1] < satisfied[0] - 0.5
        assert performed[2] < performed[0] - 0.01
        assert performed[1] == pytest.approx(performed[0], abs=0.01)

    @pytest.mark.parametrize("remedy", [{"occupation": 0.8}, {"greeting": 60.0}, {"explanation": 0.9}])
    def test_each_remedy_makes_waits_shorter_as_felt_not_as_they_are_and_is_paid(self, remedy):
        kpis = (wait_overestimation, waiting_loss, lever_cost, mean_wait)
        without, with_it = (of_north(busy(remedy=one, felt={"annoyance": 0.0, "halo": 0.0}), *kpis)
                            for one in ({}, remedy))  # fmt: skip
        assert with_it[0] < without[0] - 0.01
        assert with_it[2] > without[2]
        assert with_it[3] == without[3], "nobody minds, so that the same visitors come"
        felt_less, felt_more = (of_north(busy(remedy=one), waiting_loss)[0] for one in (remedy, {}))
        assert felt_less < felt_more

    def test_an_announcement_that_is_too_low_is_overrun_and_resented(self):
        kpis = (overrun_share, waiting_loss, wait_overestimation)
        found = [of_north(busy(line={"announcement": part}), *kpis) for part in (0.0, 0.4, 1.0, 2.0)]
        nothing, low, honest, high = found
        assert math.isnan(nothing[0])
        assert low[0] > honest[0] > high[0]
        assert low[1] > honest[1] > high[1]
        assert high[2] < nothing[2]

    def test_parallel_lines_are_felt_longer_than_the_same_wait_behind_numbers(self):
        parallel, numbers = (of_north(busy(line={"lines": how}), wait_overestimation)[0] for how in
                             ("parallel", "numbers"))  # fmt: skip
        assert parallel > numbers + 0.1

    def test_who_is_dissatisfied_with_a_wait_says_so(self):
        scenario = busy(felt={"annoyance": 2.0}, complaint={})
        engine = Engine(scenario, 1)
        engine.run(20)
        assert engine.world.tallied("grievances")[:, WAIT, 0].sum() > 10
        assert not engine.world.tallied("grievances")[:, WAIT, 1].any()

    def test_time_is_counted_by_hand(self):
        """10 cu an hour; the share of life is minutes of all lines over minutes of all customers' lives."""
        scenario = busy(periods=26)
        result = record(scenario, 2)
        cost, life = result.summary((waiting_cost, life_waiting))[0]
        total = {name: result.tallies[name][:, 0].sum() for name in ("served_wait", "line_visits", "waited")}
        assert cost == pytest.approx(total["served_wait"] / 6.0 / total["line_visits"], rel=0.01)
        assert life == pytest.approx(total["waited"] / (1200 * 26 * 7 * 24 * 60), rel=0.01)
        assert mean_perceived_wait in PerceivedWait.kpis
