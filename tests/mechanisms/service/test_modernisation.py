"""Modernisation: course, costs and learning by hand, single kernels, and markets."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.recording import record
from abm.kpis.behaviour import visit_share
from abm.kpis.kpi import Tallied
from abm.kpis.value import profit
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.modernisation import learning_lost, mean_modernisation, relearning_share
from abm.mechanisms.service.modernisation_kernels import (
    deliver_flagship,
    deliver_modern,
    go_on,
    go_wrong_at_first,
    learn_anew,
    learnt_after,
    note_what_is_learnt,
    risen,
)
from abm.scenario.scenario import Scenario
from abm.world.attributes import ATTRIBUTES
from tests.mechanisms.bits import ran
from tests.mechanisms.small import Small

run = partial(ran, seed=3)

GRADUAL, RADICAL = 0, 1
share = st.floats(0, 1, width=32)


def market(gain=0.1, kind="radical", *, at=20, flagship="whole_service", customers=400, periods=60, **more):
    own = {"modernisation_gain": gain, "modernisation_kind": kind, "modernise_at": at, "flagship": flagship}
    return Scenario.parse(
        {
            "periods": periods, "population": {"customers": customers, "purchase_rate": 0.5}, "modernisation": {},
            "attributes": {}, "firms": [{"name": "north", "modernisation": own}, {"name": "east"}], **more,
        }
    )  # fmt: skip


def small(customers=3, section=None, **own):
    firm = {"modernisation": {"modernisation_gain": 0.1, "modernise_at": 4, "modernisation_kind": "radical", **own}}
    return Small(customers, [firm, {}], modernisation=section or {}, attributes={})


class TestCourse:
    def test_by_hand(self):
        gain = np.float32(0.12)
        assert [risen(gain, since, GRADUAL, 4) for since in (-1, 0, 1, 3, 9)] == pytest.approx(
            [0, 0.03, 0.06, 0.12, 0.12]
        )
        assert [risen(gain, since, RADICAL, 4) for since in (-1, 0, 9)] == pytest.approx([0, 0.12, 0.12])

    @given(share, st.integers(-100, 1000), st.sampled_from([GRADUAL, RADICAL]), st.integers(1, 500))
    def test_a_line_only_gets_better_and_never_by_more_than_the_gain(self, gain, since, kind, ramp):
        now, then = (float(risen(np.float32(gain), s, kind, ramp)) for s in (since, since + 1))
        assert 0.0 <= now <= then <= np.float32(gain)

    def test_level_and_cost(self):
        """.1 above .75 at 3 cu, and while the project lasts -2 ln(.6) beside it."""
        world = small(section={"project_periods": 5})
        expected = 100 * 3 * math.log(0.25 / 0.15)
        for t, level, cents in ((3, 0.0, 0.0), (4, 0.1, expected - 200 * math.log(0.6)), (9, 0.1, expected)):
            assert world.c.modern_since.tolist() == [4 if t == 9 else -1, -1]
            world.run("modernisation", go_on, t=t)
            assert world.c.modern_level.tolist() == pytest.approx([level, 0.0])
            assert world.c.modern_expense.tolist() == pytest.approx([cents, 0], abs=0.6)

    def test_an_attribute_costs_its_part(self):
        world = small(flagship="people")
        world.run("modernisation", go_on, t=4)
        assert world.c.modern_expense[0] == pytest.approx(
            0.2 * (300 * math.log(0.25 / 0.15) - 200 * math.log(0.6)), abs=0.6
        )

    def test_nobody_is_better_than_the_best(self):
        world = small(modernisation_gain=0.24)
        world.firms.quality[:] = 0.9
        world.run("modernisation", go_on, t=4)
        assert world.c.modern_level[0] == pytest.approx(0.09)


class TestLearning:
    @given(st.floats(0, 1e4, width=32), st.floats(0.0625, 1e4, width=32), st.floats(0.0625, 100, width=32))
    def test_what_is_learnt_is_a_share_and_grows(self, visits, scale, bother):
        once, more = (
            float(learnt_after(np.float32(v), np.float32(scale), np.float32(bother))) for v in (visits, 2 * visits)
        )
        assert -1e-4 <= once <= more + 1e-4 <= 1.0 + 2e-4

    def test_who_had_used_the_line_is_noted_when_it_begins(self):
        world = small()
        world.c.encounters[:], world.c.modern_since[:] = [[5, 0, 2], [7, 7, 7]], [4, -1]
        for t in (3, 5):
            world.run("modernisation", note_what_is_learnt, t=t)
            assert not world.c.learnt_before.any()
        world.run("modernisation", note_what_is_learnt, t=4)
        assert world.c.learnt_before.tolist() == [[5, 0, 2], [0, 0, 0]]

    def test_loss_by_hand(self):
        """30 visits before and 15 since, over 30: learnt 1 - e^-1.5, left 1 - e^-.5."""
        world = small(section={"relearning": 1.0})
        c = world.c
        c.encounters[0, :2], c.learnt_before[0, 0], c.bother[:] = 45.0, 30.0, 1.0
        c.switching_facet[2, :], c.switching_cost[:], c.calculative_commitment[:] = 1 - math.exp(-1.5), 0.5, 0.4
        c.learning_lost[:] = 0.7
        world.visits([0, 0, 1], [0, 1, 0], providers=[0, 0, 0])
        world.run("modernisation", learn_anew)
        lost = math.exp(-0.5) - math.exp(-1.5)
        assert c.learning_lost.tolist() == pytest.approx([lost, 0.0, 0.7], abs=1e-5)
        assert c.switching_facet[2].tolist() == pytest.approx([1 - math.exp(-0.5)] + [1 - math.exp(-1.5)] * 2, abs=1e-5)
        assert c.switching_cost.tolist() == pytest.approx([0.5 - 0.4 * 0.25 * lost, 0.5, 0.5], abs=1e-6)
        assert c.calculative_commitment[0].tolist() == pytest.approx([0.4 - lost / 6, 0.4, 0.4], abs=1e-6)
        assert world.counted("asked_anew") == [2, 0, 0], "she has two occasions, and loses it once"
        assert world.counted("learning_lost_sum")[0] == pytest.approx(2 * lost * 2**20, rel=1e-5)

    def test_utility_falls_by_what_the_cost_of_leaving_falls(self):
        """As if her provider had been left with that much less cost, by the theory of leaving itself."""
        world = small(customers=1)
        c = world.c
        c.encounters[0, 0], c.learnt_before[0, 0], c.provider[0], c.satisfaction[:] = 45.0, 30.0, 0, 0.7
        world.visits([0], [0], providers=[0])
        world.phases(Phase.STAKES, Phase.VALUATION)
        renewed, cost = world.passing.utility[:, 0].copy(), float(c.switching_cost[0])
        c.learnt_before[:] = 0.0
        world.phases(Phase.STAKES, Phase.VALUATION)
        before = world.passing.utility[:, 0]
        assert cost < c.switching_cost[0]
        assert renewed[0] - before[0] == pytest.approx(1.2 * (cost - c.switching_cost[0]), abs=1e-5)
        assert renewed[1] == before[1]


class TestVisits:
    def test_the_whole_service(self):
        world = small()
        world.c.modern_level[:] = [0.25, 0.0]
        world.visits([0, 1], [0, 1])
        world.passing.performance_shift[:2] = 0.0
        world.run("modernisation", deliver_modern)
        assert world.at("performance_shift").tolist() == [0.25, 0.0]

    @pytest.mark.parametrize("place", range(5))
    def test_a_flagship_counts_by_its_weight(self, place):
        name = [*ATTRIBUTES][place]
        world = small(flagship=name)
        world.c.modern_level[:] = [0.25, 0.0]
        world.c.attribute_weight[:] = np.array([0.1, 0.15, 0.2, 0.25, 0.3], np.float32)[:, None]
        world.visits([0, 1], [0, 1])
        world.passing.performance_shift[:2] = 0.0
        for attribute in ATTRIBUTES:
            world.passing[f"met_{attribute}"][:2] = 0.5
        world.run("modernisation", deliver_flagship)
        assert world.at("performance_shift").tolist() == pytest.approx([0.25 * world.c.attribute_weight[place, 0], 0.0])
        met = [world.at(f"met_{attribute}").tolist() for attribute in ATTRIBUTES]
        assert met == [[0.75, 0.5] if attribute == name else [0.5, 0.5] for attribute in ATTRIBUTES]

    def test_more_goes_wrong_at_first_if_it_is_radical(self):
        for kind, risks in (("radical", [1.0, 3.0, 3.0, 1.0]), ("gradual", [1.0] * 4)):
            found = []
            for t in (3, 4, 8, 9):
                world = Small(2, [{"modernisation": {"modernisation_gain": 0.1, "modernise_at": 4}},
                                  {"modernisation": {"modernisation_gain": 0.1, "modernisation_kind": "radical"}}],
                              modernisation={"trouble_periods": 5, "trouble_factor": 3.0})  # fmt: skip
                world.firms.modernisation_kind[0] = RADICAL if kind == "radical" else GRADUAL
                world.c.modern_since[0] = 4 if t >= 4 else -1
                world.visits([0, 1], [0, 1])
                world.passing.failure_risk[:2] = 1.0
                world.run("modernisation", go_wrong_at_first, t=t)
                found.append(world.at("failure_risk")[0])
                assert world.at("failure_risk")[1] == 1.0, "the other firm begins later"
            assert found == risks

    def test_measures(self):
        counts = {"modern_sum": [5.2, 0, 0], "modern_periods": [52.0, 52, 0], "asked_anew": [30.0, 0, 0],
                  "asked": [40.0, 10, 0], "learning_lost_sum": [6.0, 0, 0]}  # fmt: skip
        c = Tallied({name: np.array(values) for name, values in counts.items()}, year=52, periods=52)
        assert mean_modernisation(c).tolist() == pytest.approx([10.0, 0.0])
        assert relearning_share(c).tolist() == [0.75, 0.0]
        assert learning_lost(c)[0] == 0.2
        assert np.isnan(learning_lost(c)[1])


class TestMarkets:
    def test_a_line_that_stays_as_it_is_changes_nothing(self):
        still = market(0.0)
        without = still.replace({"firms.north.modernisation": {}, "modernisation": None})
        assert still.steps() == without.steps()

    def test_who_sets_about_it_later_begins_then(self):
        """After `modernise_at`: as if that date had been it; who gives it up and sets about it anew begins again."""
        at_date = run(market(0.2, at=30))
        late = {"name": "late", "from": 30, "set": {"firms.north.modernisation.modernisation_gain": 0.2}}
        by_change = market(0.0, at=20, changes=[late])
        found = run(by_change)
        for name in ("visits", "asked_anew", "learning_lost_sum", "modernisation_spend"):
            np.testing.assert_array_equal(found.tallied(name), at_date.tallied(name), err_msg=name)
        assert found.tallied("asked_anew")[30:].sum() > 20
        pause = {"name": "pause", "from": 40, "until": 50, "set": {"firms.north.modernisation.modernisation_gain": 0.0}}
        again = run(market(0.2, at=30, changes=[pause]))
        assert again.customers.modern_since.tolist() == [50, *at_date.customers.modern_since[1:].tolist()]

    def test_nothing_moves_before_it_begins(self):
        plain, renewed = run(market(0.0)), run(market(0.2))
        np.testing.assert_array_equal(plain.tallied("visits")[:20], renewed.tallied("visits")[:20])
        assert (plain.tallied("visits")[20:] != renewed.tallied("visits")[20:]).any()

    @pytest.mark.parametrize(("threads", "tile"), [(3, None), (1, 64), (2, 64)])
    def test_threads_and_tiles_do_not_matter(self, threads, tile):
        scenario = market(0.2, flagship="speed", customers=700, attribute_survey={}, survey={})
        scenario = scenario.replace({"firms.north.survey.sampling": 0.5})
        one, other = run(scenario), run(scenario, threads, tile)
        np.testing.assert_array_equal(one.history, other.history)
        np.testing.assert_array_equal(one.customers.learning_lost, other.customers.learning_lost)

    @pytest.mark.parametrize("flagship", ["whole_service", "tangibles"])
    def test_kernels_keep_to_their_arrays(self, flagship):
        check_kernels(market(0.1, at=3, periods=12, flagship=flagship))

    def test_the_score_of_the_flagship_rises(self):
        asked = market(0.1, flagship="speed", customers=800, survey={}, attribute_survey={"halo": 0.0})
        scores = run(asked.replace({"firms.north.survey.sampling": 1.0}))
        marks, full = scores.tallied("marks_of")[:, :, 0], scores.tallied("full_marks")[:, 0]
        before, after = (marks[part].sum(axis=0) / full[part].sum() for part in (slice(0, 20), slice(20, 60)))
        assert after[3] - before[3] == pytest.approx(0.1, abs=0.03)
        assert np.abs(np.delete(after - before, 3)).max() < 0.03

    def test_of_who_has_to_learn_anew_fewer_stay(self):
        """The same jump in quality, and nothing going wrong: only what has been learnt is lost, or not."""
        share_of = []
        for part in (0.0, 1.0):
            section = {"relearning": part, "trouble_factor": 1.0, "switching_weight": 20.0}
            scenario = market(0.05, customers=800, periods=120, at=60, modernisation=section,
                              switching_cost={"switching_weight": 20.0})  # fmt: skip
            share_of.append([record(scenario, k).by_period((visit_share,))[60:90, 0, 0].mean() for k in range(3)])
        assert np.mean(share_of[1]) < np.mean(share_of[0])
        lost = record(scenario, 1).by_period((learning_lost,))[60:, 0, 0]
        assert lost[0] > 2 * lost[-1] > 0.0, "it is learnt again"

    def test_a_small_gain_pays_gradually_and_not_by_a_jump_that_goes_wrong(self):
        base = market(0.03, flagship="people", customers=800, periods=156, at=26,
                      modernisation={"trouble_factor": 5.0, "trouble_periods": 26})  # fmt: skip
        kinds = [
            base.replace({"firms.north.modernisation.modernisation_kind": kind}) for kind in ("gradual", "radical")
        ]
        found = [np.mean([record(one, k).summary((profit,))[0, 0] for k in range(3)]) for one in kinds]
        assert found[0] > found[1]

    def test_costs_are_in_the_books(self):
        world = run(market(0.1, "gradual"))
        spent, visits = world.tallied("modernisation_spend")[:, 0], world.tallied("visits")[:, 0]
        assert not spent[:20].any()
        assert spent[-1] == pytest.approx(visits[-1] * world.customers.modern_expense[0] / 100)
        assert not world.tallied("modernisation_spend")[:, 1].any()

    @pytest.mark.parametrize("gain", [0.01, 0.12, 0.24])
    def test_shares_are_shares(self, gain):
        scenario = market(gain, periods=40)
        found = record(scenario, 1).by_period((relearning_share, learning_lost))
        assert ((found >= 0) & (found <= 1) | np.isnan(found)).all()
        c = run(scenario).customers
        for name in ("switching_cost", "switching_facet", "calculative_commitment", "learning_lost"):
            assert ((c[name] >= 0) & (c[name] <= 1)).all(), name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"firms.north.modernisation.flagship": "core", "attributes": None},
            r"flagship = 'core', but the market has no at",
        ),
        (
            {"switching_cost.basis": "trait"},
            r"a radical modernisation makes customers learn anew; take switching_cost.b",
        ),
        ({"off": ("switching_cost",)}, r"a radical modernisation makes customers learn anew"),
        ({"switching_cost.procedural": 0.3}, r"modernisation.procedural = 0.4 is not switching_cost.procedural = 0.3"),
    ],
)
def test_refusals(changes, said):
    with pytest.raises(Refusal, match=said) as caught:
        market().replace(changes)
    assert "\n" not in str(caught.value)
