"""Saving customers: who is picked, lots, what a contact does, what the firm learns, and what the truth is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.relationship.save import RULES, kept_per_thousand, save_effect
from abm.mechanisms.relationship.save_kernels import chance_after, foresee_gain, gained_visits, wake
from abm.mechanisms.relationship.targets import CONTACTED, HELD_OUT, cells_of, nearest, picked, shrunk_effects
from abm.view.what_was_run import _sees_all
from tests.mechanisms.small import Small

ZERO, ONE = np.float32(0), np.float32(1)
share = st.floats(0, 1, width=32)


def market(customers=600, periods=60, save=None, **policy):
    north = {"save_rate": 0.3, "save_offer": 3.0, "holdout": 0.3, **policy}
    return abm.Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "purchase_rate": 0.5},
            "information": {},
            "contacts": {},
            "offers": {},
            "save": save or {},
            "firms": [{"name": "north", "information": {"data_coverage": 1.0}, "save": north}, {"name": "east"}],
        }
    )


def after(scenario, periods=None, threads=1):
    engine = Engine(scenario, 5, threads=threads)
    engine.run(scenario.periods if periods is None else periods)
    return engine.world


class TestPicking:
    def test_nearest(self):
        assert [nearest(np.float32(0.3), k) for k in (0, 1, 5, 10, 11)] == [0, 0, 2, 3, 3]  # 1.5 of 5 is 2

    def test_cells_by_hand(self):
        """Three bins of the warning by three of visits; an edge begins the bin above it."""
        warning = np.array([0.0, 0.5, 0.94, 0.95, 1.0], np.float32)
        found = cells_of(warning, np.array([1, 3, 7, 8, 2]), (0.5, 0.95), (3, 8))
        assert found.tolist() == [0, 4, 4, 8, 6]

    def test_an_effect_by_hand(self):
        """60 of 80 against 10 of 20: .25 more, on evidence of 16, which counts 16 / 36 with a shrinkage of 20."""
        record = np.array([[80, 5, 0], [60, 5, 0], [20, 0, 9], [10, 0, 9]])
        np.testing.assert_allclose(shrunk_effects(record, 20.0), [0.25 * 16 / 36, 0.0, 0.0])

    @given(st.data(), st.integers(1, 40))
    def test_an_effect_never_exceeds_what_was_seen(self, data, cells):
        numbers = arrays(np.int64, cells, elements=st.integers(0, 50))
        contacted, held = data.draw(numbers), data.draw(numbers)
        came, came_held = (data.draw(numbers) % (k + 1) for k in (contacted, held))
        found = shrunk_effects(np.array([contacted, came, held, came_held]), 20.0)
        seen = came / np.maximum(contacted, 1) - came_held / np.maximum(held, 1)
        assert (np.abs(found) <= np.abs(seen) + 1e-12).all()
        assert (found * seen >= 0).all()
        assert not found[(contacted == 0) | (held == 0)].any()

    @given(st.integers(1, 30), st.data())
    def test_who_is_picked(self, n, data):
        """Nobody twice, the explored by lot, the others by score; whatever the order of the rows."""
        scores = data.draw(arrays(np.float64, n, elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0])))
        luck = data.draw(arrays(np.float32, n, elements=st.sampled_from([0.1, 0.3, 0.6])))
        k = data.draw(st.integers(0, n))
        explored = data.draw(st.integers(0, k))
        identity, order = np.arange(n) * 7, data.draw(st.permutations(range(n)))
        found = picked(k, explored, scores, luck, identity, only_above=True)
        moved = picked(k, explored, scores[order], luck[order], identity[order], only_above=True)
        assert set(identity[found]) == set(identity[order][moved])
        assert len(set(found)) == found.size <= k
        rest = found[explored:]
        assert (scores[rest] > 0).all()
        left_out = np.setdiff1d(np.arange(n), found)
        if found.size == k and rest.size:
            assert scores[rest].min() >= scores[left_out].max(initial=-9)
        assert picked(k, explored, scores, luck, identity, only_above=False).size == k


class TestEffects:
    def test_a_chance_by_hand(self):
        """Odds of 1 and a pull of ln 3 are odds of 3; a rival who loses ln 2 keeps half of its weight."""
        assert float(chance_after(np.float32(0.5), ZERO, False, np.float32(np.log(3)), ZERO)) == pytest.approx(0.75)
        half = chance_after(np.float32(0.25), np.float32(0.5), False, ZERO, np.float32(np.log(2)))
        assert float(half) == pytest.approx(0.25 / 0.75)
        own = chance_after(np.float32(0.5), ZERO, True, np.float32(np.log(3)), np.float32(np.log(3)))
        assert float(own) == pytest.approx(0.5)

    @given(share, share, st.booleans(), st.floats(0, 5, width=32), st.floats(0, 5, width=32))
    def test_a_chance_stays_one(self, p, part, own, pull, loss):
        q = ZERO if own else np.float32((1 - np.float64(p)) * np.float64(part))
        found = float(chance_after(np.float32(p), q, own, np.float32(pull), np.float32(loss)))
        assert -1e-6 <= found <= 1 + 1e-6
        if own and pull <= loss:
            assert found <= p + 1e-5
        if not own:
            assert found >= p - 1e-5, "a rival whose customer compares loses"

    def test_gained_visits_by_hand(self):
        """Half a visit a period, 4 periods of a voucher, 10 awake: the first of 5 visits comes with 1 - e^-2."""
        args = (
            np.float32(0.5),
            ZERO,
            True,
            np.float32(1),
            np.float32(0.4),
            np.float32(0.5),
            np.float32(4),
            np.float32(10),
        )
        first, p = 1 - math.exp(-2), 0.5
        both, loose = (1 / (1 + math.exp(-x)) - p for x in (0.6, -0.4))
        assert float(gained_visits(*args)) == pytest.approx(first * both + (5 - first) * loose, rel=1e-5)

    @given(share, share, st.booleans(), st.floats(0, 8, width=32))
    def test_without_a_voucher_and_waking_nothing_is_gained(self, p, part, own, rate):
        q = ZERO if own else np.float32((1 - np.float64(p)) * np.float64(part))
        found = gained_visits(np.float32(p), q, own, ZERO, ZERO, np.float32(rate), np.float32(8), np.float32(26))
        assert abs(float(found)) < 1e-4

    def test_who_is_awake_leaves_more_easily(self):
        small = Small(4, information={}, contacts={}, offers={}, save={"waking": 0.25}, firms=_SAVING)
        small.c.awake_until[:] = [7, 6, 9, -1]
        small.passing.utility[:] = 0.0
        small.passing.utility_of_switching_cost[:] = 0.0
        small.passing.utility_of_switching_cost[1, :4] = [2.0, 2.0, 0.0, 2.0]
        small.run("save", wake, t=7)
        assert small.passing.utility[1, :4].tolist() == [-0.5, 0.0, 0.0, 0.0]
        assert not small.passing.utility[0, :4].any()

    def test_the_truth_is_worked_out_before_a_campaign_only(self):
        small = Small(3, information={}, contacts={}, offers={}, save={"every": 5, "waking": 0.0}, firms=_SAVING)
        c = small.c
        c.purchase_rate[:], c.basket[:], c.price_response[:], c.exited[:] = 0.5, 30.0, 6.0, [-1, 3, -1]
        c.preference[:], c.provider[:] = [[0.5, 0.5, 0.0], [0.2, 0.2, 0.5]], 0
        small.run("save", foresee_gain, t=3)
        assert not c.save_gain.any()
        small.run("save", foresee_gain, t=4)
        gain = (1 - math.exp(-4)) * (math.exp(0.6) / (1 + math.exp(0.6)) - 0.5)
        np.testing.assert_allclose(c.save_gain[0], [gain, 0, 0], rtol=1e-5)
        assert not c.save_gain[1].any()


_SAVING = (
    {
        "information": {"data_coverage": 1.0},
        "save": {"save_rate": 0.3, "save_offer": 3.0, "targeting": "oracle"},
    },
    {},
)


class TestCampaigns:
    def test_none_in_the_first_period_and_then_at_dates(self):
        found = record(market(save={"every": 20}), 5).tallies
        asked = found["save_contacted"][:, 0] + found["save_held_out"][:, 0]
        assert np.flatnonzero(asked).tolist() == [20, 40]
        known = found["known_customers"][[19, 39], 0]
        assert asked[[20, 40]].tolist() == np.floor(0.3 * known + 0.5).tolist()
        assert found["save_contacted"][:, 1].sum() == 0

    def test_contacts_are_paid_for_and_who_is_held_out_is_not_contacted(self):
        found = record(market(), 5).tallies
        np.testing.assert_array_equal(found["contacts_made"], found["save_contacted"])
        assert found["contact_spend"][:, 0].sum() > 0
        assert (found["offers_received"] <= found["save_contacted"]).all()
        total = found["save_contacted"][:, 0].sum() + found["save_held_out"][:, 0].sum()
        assert found["save_held_out"][:, 0].sum() / total == pytest.approx(0.3, abs=0.06)

    def test_all_of_a_campaign_are_judged_when_the_next_begins(self):
        found = record(market(), 5).tallies
        for name in ("contacted", "held_out"):
            asked, judged = found[f"save_{name}"][:, 0], found[f"{name}_judged"][:, 0]
            np.testing.assert_array_equal(judged[13:], asked[:-13])
            assert (found[f"{name}_seen"] <= found[f"{name}_judged"]).all()
            assert (found[f"{name}_kept"] <= found[f"{name}_judged"]).all()

    @pytest.mark.parametrize("rule", RULES)
    def test_whom_each_rule_picks(self, rule):
        engine = Engine(market(targeting=rule, explore=0.0, save={"waking": 0.6}), 5)
        engine.run(39)
        c = engine.world.customers
        before = {name: c[name][0].copy() for name in ("warning", "seen_spend", "save_gain", "save_luck", "known")}
        engine.run(1)
        known, state = before["known"] > 0, c.save_state[0]
        targets, others = state > 0, known & (state == 0)
        assert not targets[~known].any()
        if rule == "uplift":
            effects = shrunk_effects(c.save_record[:, :, 0], 20.0)[c.save_cell[0]]
            assert (effects[targets] > 0).all()
            assert effects[targets].min() >= effects[others].max(initial=-9) or targets.sum() < nearest(
                0.3, known.sum()
            )
            return
        score = {
            "risk": before["warning"], "value_risk": before["warning"].astype(float) * before["seen_spend"],
            "random": -before["save_luck"], "oracle": before["save_gain"],
        }[rule]  # fmt: skip
        assert score[targets].min() >= score[others].max()
        if rule == "oracle":
            assert (score[targets] > 0).all()

    def test_uplift_begins_by_lot(self):
        engine = Engine(market(targeting="uplift"), 5)
        engine.run(13)
        c = engine.world.customers
        luck, known = c.save_luck[0].copy(), c.known[0] > 0
        engine.run(1)
        targets = c.save_state[0] > 0
        assert targets.sum() == nearest(0.3, known.sum())
        assert luck[targets].max() <= luck[known & ~targets].min()

    def test_the_record_is_of_all_who_were_judged(self):
        world = after(market())
        judged, seen = (world.tallied(f"contacted_{name}")[:, 0].sum() for name in ("judged", "seen"))
        assert world.customers.save_record[:2, :, 0].sum(axis=1).tolist() == [judged, seen]
        assert not world.customers.save_record[:, :, 1].any()
        assert set(np.unique(world.customers.save_state[0])) <= {0, CONTACTED, HELD_OUT}

    def test_contacts_of_no_effect_keep_everything_else_as_it_was(self):
        """No voucher, nobody is woken, and letters cost nothing: all that was counted before is what it was."""
        empty = market(save={"waking": 0.0}, save_offer=0.0).replace({"firms.north.contacts.contact_cost": 0.0})
        found, without = (record(one, 5).tallies for one in (empty, market(save_rate=0.0)))
        own = ("contacts_", "save_", "contacted_", "held_out_")
        for name in without:
            if not name.startswith(own):
                np.testing.assert_array_equal(found[name], without[name], err_msg=name)

    def test_waking_alone_drives_own_customers_away(self):
        woken = market(
            4000, save={"waking": 1.0, "awake_for": 60}, save_offer=0.0, save_rate=1.0, holdout=0.5, explore=1.0
        )
        found = record(woken.replace({"switching_cost.switching_weight": 3.0}), 5).tallies
        asleep = record(woken.replace({"switching_cost.switching_weight": 3.0, "save.waking": 0.0}), 5).tallies
        repeats = [one["repeats"][14:, 0].sum() / one["repeat_base"][14:, 0].sum() for one in (found, asleep)]
        assert repeats[0] < repeats[1]

    def test_same_bits_on_any_threads(self):
        one, two = (after(market(targeting="uplift"), threads=threads) for threads in (1, 3))
        np.testing.assert_array_equal(one.history, two.history)
        np.testing.assert_array_equal(one.customers.save_state, two.customers.save_state)

    def test_kpis_by_hand(self):
        counted = {
            "contacted_judged": [80.0, 0], "contacted_seen": [60.0, 0], "contacted_kept": [40.0, 0],
            "held_out_judged": [20.0, 0], "held_out_seen": [10.0, 0], "held_out_kept": [11.0, 0],
        }  # fmt: skip
        tallied = abm.kpis.kpi.Tallied({name: np.array(v) for name, v in counted.items()}, 52, 1)
        assert float(save_effect(tallied)[0]) == pytest.approx(0.25)
        assert float(kept_per_thousand(tallied)[0]) == pytest.approx(-50.0)


def test_the_report_says_which_firm_ranks_by_the_truth():
    assert [_sees_all(firm) for firm in market(targeting="oracle").firms] == [True, False]
    assert not any(_sees_all(firm) for firm in market(targeting="oracle", save_rate=0.0).firms)


class TestRefusals:
    def test_a_firm_that_knows_nobody(self):
        with pytest.raises(Refusal, match=r"'north' sets save.save_rate, but knows nobody; give it information"):
            market().replace({"firms.north.information.data_coverage": 0.0})

    @pytest.mark.parametrize("rule", ["threshold", "satisfice", "eba"])
    def test_a_rule_under_which_nobody_wakes(self, rule):
        with pytest.raises(Refusal, match=rf"{rule}.*take another rule, or waking = 0"):
            market().replace({"choice.rule": rule})
        market(save={"waking": 0.0}).replace({"choice.rule": rule})
        market(save_rate=0.0).replace({"choice.rule": rule})  # nobody is contacted

    @pytest.mark.parametrize(("name", "edges"), [("warning_edges", [0.5, 0.5]), ("visit_edges", [3, 2])])
    def test_edges_that_do_not_ascend(self, name, edges):
        with pytest.raises(Refusal, match=f"{name}.*does not ascend"):
            market(save={name: edges})

    def test_it_needs_vouchers(self):
        with pytest.raises(Refusal, match="offers"):
            abm.Scenario.parse({"information": {}, "contacts": {}, "save": {}})


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_kernels_keep_to_their_rows(rule):
    abm.check_kernels(market(save={"every": 1}, targeting=rule))
