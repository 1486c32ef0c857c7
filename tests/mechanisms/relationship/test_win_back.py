"""Winning back and winning new: who is picked for how much money, lots, letters, and who forgives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.kpi import Tallied
from abm.mechanisms.relationship.win_back import WinBack, prospect_effect, win_back_effect, win_back_rate
from abm.mechanisms.relationship.win_back_kernels import LAPSED, PROSPECT, draw_lots
from abm.mechanisms.voice.exit import forgive
from tests.mechanisms.small import Small

NORTH = {"acquisition_budget": 0.05, "win_back_offer": 3.0, "win_back_holdout": 0.3}


def market(customers=600, periods=60, win_back=None, sections=None, **policy):
    firms = [
        {
            "name": "north", "initial_awareness": 0.5, "information": {"data_coverage": 1.0},
            "win_back": {**NORTH, "lapse_from": 4, **policy},
        },
        {"name": "east"},
    ]  # fmt: skip
    return abm.Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "purchase_rate": 0.5},
            "information": {},
            "contacts": {},
            "offers": {},
            "win_back": win_back or {},
            "firms": firms,
            **(sections or {}),
        }
    )


def small(n=6, t=20, **policy):
    """Return a world of customers whom the first firm knows, and its theory, at the beginning of a campaign."""
    first = {"information": {"data_coverage": 1.0}, "win_back": {"acquisition_budget": 1.0, **policy}}
    found = Small(n, information={}, contacts={}, offers={}, win_back={"every": 10}, firms=(first, {}))
    c = found.c
    c.known[0], c.warning[0], c.seen_last[0], c.seen_visits[0] = 1, 0.9, t - 20, 3
    return found, next(one for one in found.scenario.mechanisms() if isinstance(one, WinBack))


class TestPicking:
    def test_who_has_lapsed(self):
        """Known, warned of, silent for 13 to 52 periods: not the active, the unknown, the unwarned, the long gone."""
        world, theory = small(6, t=100, lapsed_share=1.0)
        world.c.seen_last[0] = [100 - 13, 100 - 52, 100 - 12, 100 - 53, 70, 70]
        world.c.warning[0, 4], world.c.known[0, 5] = 0.4, 0
        theory.pick(world.world, 100)
        assert world.c.win_back_state[0].tolist() == [1, 1, 0, 0, 0, 0]
        assert not world.c.win_back_state[1].any()

    def test_the_money_is_divided_and_what_is_left_is_not_spent(self):
        """60 cu: 25 % of it pays for 150 letters of .10 to the lapsed, of whom there are 3; the rest for strangers."""
        world, theory = small(6, lapsed_share=0.25, prospect_cost=22.5)
        world.c.known[0, 3:] = 0
        theory.pick(world.world, 20)
        assert world.c.win_back_state[0].tolist() == [1, 1, 1, 4, 4, 0]

    def test_prospects_by_lot_the_lapsed_by_silence_or_spend(self):
        for by, expected in (("recency", [0, 1, 1, 0]), ("spend", [1, 0, 1, 0])):
            world, theory = small(4, t=40, lapsed_share=1.0, acquisition_budget=0.01, lapsed_by=by)
            world.firms.contact_expense[:] = 20  # two letters for 40 cents
            world.c.seen_last[0] = [40 - 30, 40 - 14, 40 - 20, 40 - 40]
            world.c.seen_spend[0] = [900, 100, 500, 300]
            theory.pick(world.world, 40)
            assert world.c.win_back_state[0].tolist() == expected, by
        world, theory = small(4, lapsed_share=0.0, acquisition_budget=0.025, prospect_cost=0.5)
        world.c.known[0], world.c.win_back_luck[0] = 0, [0.9, 0.2, 0.6, 0.1]
        theory.pick(world.world, 20)
        assert world.c.win_back_state[0].tolist() == [0, 4, 0, 4]

    @given(st.floats(0, 1), st.floats(0.001, 0.2), st.floats(0.01, 2), st.integers(0, 6))
    def test_no_more_is_spent_than_there_is(self, share, budget, cost, strangers):
        settings = {"lapsed_share": share, "acquisition_budget": budget, "prospect_cost": cost}
        world, theory = small(6, win_back_holdout=0.0, **settings)
        world.c.known[0, :strangers] = 0
        theory.pick(world.world, 20)
        state = world.c.win_back_state[0]
        price = {name: int(world.firms[name][0]) for name in ("contact_expense", "prospect_expense")}
        spent = (state == LAPSED).sum() * price["contact_expense"] + (state == PROSPECT).sum() * price[
            "prospect_expense"
        ]
        assert spent <= 100 * 6 * 10 * budget + 0.31, "the budget is held in 1/100 cent, half of one more at most"
        assert not (state == LAPSED)[:strangers].any()
        assert not (state == PROSPECT)[strangers:].any()

    def test_nothing_in_the_first_period(self):
        world, theory = small(4)
        theory.pick(world.world, 0)
        assert not world.c.win_back_state.any()


class TestLetters:
    def test_without_a_holdout_all_are_contacted_and_strangers_hear_of_the_firm(self):
        world, _ = small(4, prospect_cost=0.5)
        world.c.win_back_state[0], world.c.aware[0] = [1, 4, 4, 0], [1, 0, 1, 0]
        world.run("win_back", draw_lots, t=20)
        assert world.c.win_back_state[0].tolist() == [2, 5, 5, 0]
        assert world.c.aware[0].tolist() == [1, 1, 1, 0]
        assert world.counted("lapsed_contacted")[0] == 1
        assert world.counted("prospects_contacted")[0] == 2
        assert world.counted("prospect_spend")[0] == 100
        assert world.counted("learned")[0] == 1

    def test_nothing_happens_between_campaigns(self):
        world, _ = small(4)
        world.c.win_back_state[0] = 1
        world.run("win_back", draw_lots, t=21)
        assert (world.c.win_back_state[0] == 1).all()

    def test_who_forgives(self):
        """Asked back and reached; the others did not turn their backs, were not asked, or not reached."""
        pair = {"information": {"data_coverage": 1.0}, "win_back": {"acquisition_budget": 1.0}}, {}
        sections = {name: {} for name in ("information", "contacts", "offers", "win_back", "complaint")}
        world = Small(4, exit={"forgiving": 1.0}, firms=pair, **sections)
        world.c.turned_back[0], world.c.reachable[0] = [5, -1, 5, 5], [1, 1, 1, 0]
        world.passing.apologies[0, :4] = [1, 1, 0, 1]
        world.run("exit", forgive, t=20)
        assert world.c.turned_back[0].tolist() == [-1, -1, 5, 5]
        assert world.counted("forgiven")[0] == 1


class TestRuns:
    def test_what_is_spent_and_who_is_asked(self):
        found = record(market(), 5).tallies
        asked = found["lapsed_contacted"][:, 0] + found["prospects_contacted"][:, 0]
        assert np.flatnonzero(asked).tolist() == [13, 26, 39, 52]
        np.testing.assert_array_equal(found["contacts_made"], found["lapsed_contacted"])
        spent = found["contact_spend"][:, 0] + found["prospect_spend"][:, 0]
        assert (spent <= 0.05 * 13 * 600 + 1e-9).all()
        np.testing.assert_allclose(found["prospect_spend"][:, 0], 0.5 * found["prospects_contacted"][:, 0])
        for name in ("lapsed_contacted", "prospects_contacted"):
            np.testing.assert_array_equal(found[f"{name}_judged"][13:, 0], found[name][:-13, 0])
            assert (found[f"{name}_bought"] <= found[f"{name}_judged"]).all()
        assert not found["lapsed_contacted"][:, 1].any()

    def test_strangers_who_are_written_to_become_customers(self):
        quiet = {"discovery": 0.0, "weak_tie": 0.0, "strong_tie": 0.0, "contact_rate": 0.0}
        scenario = market(lapsed_share=0.0, win_back_offer=0.0, sections={"word_of_mouth": quiet})
        found, without = (record(one, 5).tallies for one in (scenario, scenario.replace({"firms.north.win_back": {}})))
        assert found["acquired"][13:, 0].sum() > without["acquired"][13:, 0].sum()
        assert found["learned"][:, 0].sum() > 0 == without["learned"].sum()

    def test_a_letter_without_a_voucher_to_who_knows_the_firm_does_nothing(self):
        scenario = market(lapsed_share=1.0, win_back_offer=0.0).replace({"firms.north.contacts.contact_cost": 0.0})
        found, without = (record(one, 5).tallies for one in (scenario, scenario.replace({"firms.north.win_back": {}})))
        assert found["lapsed_contacted"].sum() > 0
        for name in without:
            if not name.startswith(("contacts_", "lapsed_")):
                np.testing.assert_array_equal(found[name], without[name], err_msg=name)

    def test_who_forgives_comes_back(self):
        theories = {"complaint": {}, "exit": {"exit_rate": 1.0, "forgiving": 1.0}}
        scenario = market(periods=104, lapsed_share=1.0, win_back_offer=0.0, lapse_length=100, sections=theories)
        found, without = (record(one, 5).tallies for one in (scenario, scenario.replace({"exit.forgiving": 0.0})))
        assert found["forgiven"][:, 0].sum() > 0 == without["forgiven"].sum()
        assert found["visits"][30:, 0].sum() > without["visits"][30:, 0].sum()

    def test_same_bits_on_any_threads(self):
        worlds = []
        for threads in (1, 3):
            engine = Engine(market(), 5, threads=threads)
            engine.run(60)
            worlds.append(engine.world)
        np.testing.assert_array_equal(worlds[0].history, worlds[1].history)
        np.testing.assert_array_equal(worlds[0].customers.win_back_state, worlds[1].customers.win_back_state)

    def test_kpis_by_hand(self):
        names = [f"{who}_{what}" for who in ("lapsed", "prospects") for what in ("contacted", "held_out")]
        judged, bought = (80, 20, 50, 10), (60, 10, 5, 0)
        counted = {f"{name}_judged": [k, 0] for name, k in zip(names, judged, strict=True)}
        counted |= {f"{name}_bought": [k, 0] for name, k in zip(names, bought, strict=True)}
        tallied = Tallied({name: np.array(value, float) for name, value in counted.items()}, 52, 1)
        assert [float(k(tallied)[0]) for k in (win_back_rate, win_back_effect, prospect_effect)] == [0.75, 0.25, 0.1]


class TestRefusals:
    def test_letters_to_customers_whom_nobody_knows(self):
        with pytest.raises(Refusal, match=r"sets win_back.lapsed_share, but knows nobody; give it information"):
            market().replace({"firms.north.information.data_coverage": 0.0})
        market(lapsed_share=0.0).replace({"firms.north.information.data_coverage": 0.0})

    def test_forgiveness_without_letters(self):
        with pytest.raises(Refusal, match=r"exit.forgiving needs firms that ask customers back; give the scenario"):
            abm.Scenario.parse({"complaint": {}, "exit": {"forgiving": 0.5}})


@pytest.mark.slow
def test_kernels_keep_to_their_rows():
    every = {"every": 1, "least_warning": 0.0}
    abm.check_kernels(market(win_back=every, lapse_from=1))
    theories = {"complaint": {}, "exit": {"exit_rate": 0.5, "forgiving": 0.5}}
    abm.check_kernels(market(win_back=every, lapse_from=1, sections=theories))
