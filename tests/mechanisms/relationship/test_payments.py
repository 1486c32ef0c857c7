"""Payments: who pays when, by hand; money that goes nowhere but where it is counted; what is worthless does nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.streams import stream_key, uniform4
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.kpi import Tallied
from abm.kpis.value import lever_cost, profit
from abm.mechanisms.relationship.collection import (
    billing_call_rate,
    call_about_bills,
    collect_accounts,
    cut_off_share,
    press_debtors,
    reminder_rate,
    tell_of_cut_offs,
    turned_away_share,
    write_off_debts,
)
from abm.mechanisms.relationship.credit import (
    bill_visits,
    grant_credit,
    part_granted,
    part_in_cents,
    pressed,
    prompting,
    refused,
    resent_refusal,
    value_credit,
)
from abm.mechanisms.relationship.payments import Payments, bad_debt_share, late_payment_share, sales_outstanding
from abm.scenario.scenario import Scenario
from abm.world.visits import DENIED, SERVED
from tests.examples import examples
from tests.mechanisms.small import Small

KPIS = (
    bad_debt_share, late_payment_share, sales_outstanding, cut_off_share, reminder_rate, billing_call_rate,
    turned_away_share,
)  # fmt: skip
ALL_PAY = {"prompt_pays": 1.0, "late_pays": 1.0, "defaulter_pays": 1.0}
NONE_PAYS = {"prompt_pays": 0.0, "late_pays": 0.0, "defaulter_pays": 0.0}
f32 = np.float32


def market(*firms, customers=400, periods=40, **sections):
    named = [{"name": f"firm_{j}", "payments": firm} for j, firm in enumerate(firms)]
    population = {"customers": customers, "purchase_rate": 0.6}
    return Scenario.parse({"periods": periods, "population": population, "payments": {}, "firms": named, **sections})


def after(scenario, seed=5, threads=1):
    engine = Engine(scenario, seed, threads=threads)
    engine.run(scenario.periods)
    return engine.world


def counted(world, name):
    """Return what was counted in all periods, by firm: whole numbers."""
    return world.layout.part(world.history, name).sum(axis=0)[: world.m]


# ---- equations by hand ------------------------------------------------------------------------------------------


def test_pressure_multiplies_odds():
    """1/4 has odds of 1/3; twice that is 2/5, eight times that 8/11."""
    assert float(pressed(f32(0.25), f32(2))) == pytest.approx(0.4)
    assert float(pressed(f32(0.25), f32(8))) == pytest.approx(8 / 11)
    assert [float(pressed(f32(p), f32(1000))) for p in (0, 1)] == [0.0, 1.0]
    assert float(prompting(f32(0.02), f32(50))) == pytest.approx(2.0)


@given(p=st.floats(0, 1, width=32), factor=st.floats(1, 1000, width=32))
def test_pressure_never_makes_a_payment_less_likely_nor_more_than_sure(p, factor):
    assert p - 1e-6 <= float(pressed(f32(p), f32(factor))) <= 1.0 + 1e-6


def test_the_part_of_the_credit_by_score_by_hand():
    found = [float(part_granted(f32(s), f32(0.6), f32(0.3), f32(0.5))) for s in (0.29, 0.31, 0.59, 0.61)]
    assert found == [0.0, 0.5, 0.5, 1.0]
    assert float(part_granted(f32(0), f32(0), f32(0), f32(0.5))) == 1.0


def test_what_is_refused_by_hand():
    assert float(refused(f32(0.2), f32(0.8))) == pytest.approx(0.75)
    assert float(refused(f32(0.8), f32(0.8))) == 0.0
    assert float(refused(f32(0), f32(0))) == 0.0


def test_parts_are_rounded_half_up_to_whole_cents():
    assert [int(part_in_cents(0.5, cents)) for cents in (0, 1, 2, 3, 101)] == [0, 1, 1, 2, 51]


# ---- kernels by hand --------------------------------------------------------------------------------------------


def small(*policies, **payments):
    return Small(firms=[{"payments": policy} for policy in policies], payments=payments)


def owing(world, cents, due, firm=0):
    """Let every customer owe a firm something."""
    world.c.owed[firm] = cents
    world.c.due[firm] = due


def test_a_bill_is_put_on_the_account_and_is_due_with_the_oldest():
    world = small({"credit": 0.5, "credit_terms": 3}, {})
    world.c.granted[0] = 0.5
    world.visits([0, 0, 1, 2], [0, 0, 1, 0])
    world.at("visit_spend")[:] = (101, 50, 70, 0)
    world.run("payments", bill_visits, t=4)
    assert world.c.owed[0].tolist() == [51 + 25, 0, 0, 0]
    assert world.c.due[0].tolist() == [7, -1, -1, -1]
    world.run("payments", bill_visits, t=6)  # what comes later is due with the first
    assert world.c.due[0, 0] == 7
    assert world.counted("billed") == [302, 140, 0]
    assert world.counted("paid_cash") == [302 - 152, 140, 0]


@pytest.mark.parametrize(("t", "left", "in_time", "late", "rebates"), [
    (6, 1000, 0, 0, 0), (7, 0, 4, 0, 80), (8, 0, 0, 4, 0),
])  # fmt: skip
def test_nobody_pays_before_it_is_due_and_a_rebate_is_only_for_the_day(t, left, in_time, late, rebates):
    world = small({"credit": 1.0, "prompt_rebate": 0.02}, {}, **ALL_PAY)
    owing(world, 1000, 7)
    world.run("payments", collect_accounts, t=t)
    assert world.c.owed[0].tolist() == [left] * 4
    assert (world.counted("paid_in_time")[0], world.counted("paid_late")[0]) == (in_time, late)
    assert world.counted("rebates")[0] == rebates
    assert world.counted("collected")[0] == 4 * (1000 - left) - rebates
    assert world.counted("fell_due")[0] == in_time


def test_a_score_by_hand():
    """From .8 by .2 of the way: .84 after a bill paid in time, .64 after one that is not, .8 after one paid late."""
    world = small({"credit": 1.0}, {}, **ALL_PAY)
    assert world.c.credit_score[0].tolist() == pytest.approx([0.8] * 4)
    owing(world, 1000, 7)
    world.c.due[0, 1] = 5
    world.run("payments", collect_accounts, t=7)
    assert world.c.credit_score[0].tolist() == pytest.approx([0.84, 0.8, 0.84, 0.84])
    world = small({"credit": 1.0}, {}, **NONE_PAYS)
    owing(world, 1000, 7)
    world.run("payments", collect_accounts, t=7)
    assert world.c.credit_score[0].tolist() == pytest.approx([0.64] * 4)


def test_reminders_go_when_they_are_due_and_then_every_fourth_period():
    world = small({"credit": 1.0, "reminder_after": 2}, {"credit": 1.0}, **NONE_PAYS)
    owing(world, 1000, 7)
    owing(world, 1000, 7, firm=1)
    sent = []
    for t in range(7, 19):
        before = world.counted("payment_reminders")[0]
        world.run("payments", collect_accounts, t=t)
        sent += [t] if world.counted("payment_reminders")[0] > before else []
    assert sent == [9, 13, 17]
    assert world.counted("payment_reminders")[1] == 0


def test_who_pays_is_drawn_at_her_address():
    """Draw 0, block j, word 0, against odds that a reminder and a rebate double."""
    policy = {"credit": 1.0, "prompt_rebate": 0.02, "reminder_after": 1}
    world = small({}, policy, late_share=1.0, defaulter_share=0.0)
    key = stream_key(1, "payments")
    for t, chance in ((7, 0.4), (8, 0.4), (9, 0.25)):
        owing(world, 1000, 7, firm=1)
        world.run("payments", collect_accounts, t=t)
        paid = [float(uniform4(key, i, t, 1, 0)[0]) < chance for i in range(4)]
        assert (world.c.owed[1] == 0).tolist() == paid


def test_debts_are_written_off_when_it_is_time_and_never_at_0():
    world = small({"credit": 1.0, "write_off_after": 3}, {"credit": 1.0, "write_off_after": 0})
    for firm in (0, 1):
        owing(world, 1000, 7, firm)
    world.run("payments", write_off_debts, t=9)
    assert world.counted("bad_debt")[0] == 0
    world.run("payments", write_off_debts, t=10)
    assert world.counted("bad_debt") == [4000, 0, 0]
    assert world.c.owed.tolist() == [[0] * 4, [1000] * 4]
    assert world.c.barred.tolist() == [[1] * 4, [0] * 4]
    assert world.c.credit_score[0].tolist() == [0.0] * 4


def test_who_is_cut_off_when_and_once():
    world = small({"credit": 0.8, "cut_off_after": 2}, {"credit": 0.8}, newcomer_score=1.0)
    for firm in (0, 1):
        owing(world, 1000, 7, firm)
    world.c.owed[0, 3], world.c.due[0, 3] = 0, -1
    world.c.trust[:], world.c.satisfaction[:] = 0.5, 0.6
    world.run("payments", grant_credit, t=8)
    assert not world.c.cut_off.any()
    assert world.c.granted == pytest.approx(np.full((2, 4), 0.8))
    for t in (9, 10):
        world.run("payments", grant_credit, t=t)
        assert world.c.cut_off.tolist() == [[1, 1, 1, 0], [0] * 4]
        assert world.c.granted[0].tolist() == pytest.approx([0, 0, 0, 0.8])
        assert world.c.offended_by.tolist() == ([0, 0, 0, -1] if t == 9 else [-1] * 4)
    assert world.counted("cut_offs") == [3, 0, 0]
    assert world.c.trust[0].tolist() == pytest.approx([0.45] * 3 + [0.5])
    assert world.c.satisfaction[0].tolist() == pytest.approx([0.54] * 3 + [0.6])
    owing(world, 0, -1)
    world.c.barred[0, 0] = 1  # whose debt was written off stays cut off, who has paid does not
    world.run("payments", grant_credit, t=11)
    assert world.c.cut_off[0].tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(("cut_off_from", "chance", "outcomes", "left"), [
    ("service", 1.0, [SERVED] * 3, 0), ("service", 0.0, [DENIED, SERVED, SERVED], 1000),
    ("credit", 0.0, [SERVED] * 3, 1000),
])  # fmt: skip
def test_who_is_cut_off_pays_at_the_till_or_is_turned_away(cut_off_from, chance, outcomes, left):
    pays = dict.fromkeys(ALL_PAY, chance)
    world = small({"credit": 1.0, "cut_off_after": 1, "cut_off_from": cut_off_from}, {}, **pays)
    owing(world, 1000, 3)
    world.c.cut_off[0, 0] = 1
    world.c.offended_by[:] = -1
    world.c.trust[:], world.c.satisfaction[:] = 0.5, 0.6
    world.visits([0, 1, 2], [0, 0, 1])
    world.at("visit_outcome")[:] = SERVED
    world.run("payments", press_debtors, t=9)
    assert world.at("visit_outcome").tolist() == outcomes
    assert world.c.owed[0].tolist() == [left, 1000, 1000, 1000]
    away = DENIED in outcomes
    assert world.c.cut_off[0, 0] == (left > 0)
    assert world.c.offended_by.tolist() == [0 if away else -1, -1, -1, -1]
    assert world.counted("turned_away") == [int(away), 0, 0]
    assert world.counted("collected") == [1000 - left, 0, 0]
    assert world.c.trust[0].tolist() == pytest.approx([0.45 if away else 0.5, 0.5, 0.5, 0.5])


def test_who_was_barred_has_nothing_to_pay_and_is_turned_away():
    world = small({"credit": 1.0, "cut_off_after": 1, "cut_off_from": "service"}, {}, **ALL_PAY)
    world.c.cut_off[0] = 1
    world.visits([0], [0])
    world.at("visit_outcome")[:] = SERVED
    world.run("payments", press_debtors, t=9)
    assert world.at("visit_outcome").tolist() == [DENIED]
    assert world.counted("collected") == [0, 0, 0]


def test_who_has_given_up_waiting_is_not_asked():
    world = small({"credit": 1.0, "cut_off_after": 1, "cut_off_from": "service"}, {}, **ALL_PAY)
    owing(world, 1000, 3)
    world.c.cut_off[0] = 1
    world.visits([0], [0])
    world.at("visit_outcome")[:] = 2
    world.run("payments", press_debtors, t=9)
    assert world.at("visit_outcome").tolist() == [2]
    assert world.c.owed[0, 0] == 1000


def test_refusal_takes_from_satisfaction_in_proportion():
    world = small({"credit": 0.8, "cut_off_after": 1}, {}, offence=0.1)
    world.c.granted[0] = (0.0, 0.4, 0.8, 0.8)
    world.visits([0, 1, 2, 3], [0, 0, 0, 1])
    world.at("satisfaction_shift")[:] = 0.0
    world.run("payments", resent_refusal)
    assert world.at("satisfaction_shift").tolist() == pytest.approx([-0.1, -0.05, 0.0, 0.0])


def test_what_paying_later_is_worth_by_hand():
    """At a price of 2 and a response of 6, for a prompt payer: 12 (.5 (.004 (4 + .25) + .02 x 8/9) - .1 if cut off)."""
    world = small({"credit": 0.5, "prompt_rebate": 0.02}, {}, late_share=0.0, defaulter_share=0.0, prompt_pays=0.8)
    world.firms.price[:] = 2.0
    world.c.price_response[:] = 6.0
    world.c.granted[0] = (0.5, 0.5, 0.0, 0.0)
    world.c.cut_off[0] = (0, 0, 0, 1)
    utility = world.passing["utility"]
    utility[:] = 0.0
    world.run("payments", value_credit)
    worth = 12 * 0.5 * (0.004 * 4.25 + 0.02 * 8 / 9)
    assert utility[0, :4].tolist() == pytest.approx([worth, worth, 0.0, -1.2], abs=1e-5)
    assert not utility[1].any()


def test_who_never_pays_foresees_the_longest_delay_and_no_more():
    assert Payments(**NONE_PAYS).mean_delay.tolist() == [26.0] * 3
    assert Payments(late_pays=0.25).mean_delay[1] == pytest.approx(3.0)


def test_only_the_offended_tell_and_their_story_is_bad():
    world = small({"credit": 1.0, "cut_off_after": 1}, {}, outrage=1.0)
    world.c.story[:] = (3, 3, 0, 0)
    world.c.offended_by[:] = (1, -1, 0, -1)
    world.run("payments", tell_of_cut_offs)
    assert world.c.story.tolist() == [4, 3, 2, 0]
    assert world.counted("negative_messages") == [1, 1, 0]


def test_only_noisy_customers_who_owe_call():
    world = small({"credit": 1.0}, {}, billing_calls=0.0, overdue_calls=1.0)
    world.c.payer[:] = (0, 1, 3, 5)
    owing(world, 1000, 7)
    world.c.owed[0, 3], world.c.due[0, 3] = 0, -1
    world.run("payments", call_about_bills, t=7)
    assert world.counted("calls") == [0, 0, 0]
    world.run("payments", call_about_bills, t=8)
    assert world.counted("calls") == [2, 0, 0]


# ---- a market ---------------------------------------------------------------------------------------------------

policies = st.fixed_dictionaries({
    "credit": st.sampled_from([0.0, 0.013, 0.5, 1.0]), "credit_terms": st.integers(1, 8),
    "prompt_rebate": st.floats(0, 0.5), "reminder_after": st.integers(0, 4), "cut_off_after": st.integers(0, 5),
    "cut_off_from": st.sampled_from(["credit", "service"]), "full_credit_from": st.floats(0, 1),
    "no_credit_below": st.floats(0, 1), "write_off_after": st.integers(0, 12),
    "reminder_cost": st.floats(0, 5), "call_cost": st.floats(0, 5), "cost_of_capital": st.floats(0, 0.1),
})  # fmt: skip


@pytest.mark.slow
@settings(max_examples=examples(25))
@given(firms=st.lists(policies, min_size=10, max_size=10), renewed=st.booleans(), seed=st.integers(0, 99))
def test_no_cent_is_lost(firms, renewed, seed):
    """Of what is billed each cent is paid at once or later, kept as a rebate, written off or still owed."""
    renewal = {"leaving_rate": 0.4 if renewed else 0.0, "every": 6}
    world = after(market(*firms, customers=150, periods=30, renewal=renewal, periods_per_year=12), seed)
    if "owed" not in world.customers:
        return
    owed = world.customers.owed.sum(axis=1)
    parts = sum(counted(world, name) for name in ("paid_cash", "collected", "rebates", "bad_debt"))
    np.testing.assert_array_equal(counted(world, "billed"), parts + owed)
    np.testing.assert_array_equal(counted(world, "billed"), counted(world, "revenue"))
    np.testing.assert_array_equal(world.layout.part(world.history, "receivables")[-1, : world.m], owed)
    levers = world.firms
    np.testing.assert_array_equal(
        counted(world, "capital_cost"), counted(world, "receivables") * levers.capital_expense
    )
    np.testing.assert_array_equal(
        counted(world, "collection"),
        counted(world, "payment_reminders") * levers.reminder_cost + counted(world, "calls") * levers.call_cost,
    )
    assert (world.customers.owed >= 0).all()
    np.testing.assert_array_equal(world.customers.due >= 0, world.customers.owed > 0)
    for name in ("granted", "credit_score"):
        assert ((world.customers[name] >= 0) & (world.customers[name] <= 1)).all()


def test_shares_are_shares_and_measures_by_hand():
    scenario = market("tough_love", "lenient", {}, **{"payments": {"defaulter_share": 0.3}})
    found = record(scenario, 5, kpis=KPIS)
    total = {name: found.tallies[name].sum(axis=0) for name in found.tallies}
    measured = dict(zip([kpi.name for kpi in KPIS], np.transpose(found.summary(KPIS)), strict=True))
    for name in ("bad_debt_share", "late_payment_share", "cut_off_share", "turned_away_share"):
        shares = measured[name][~np.isnan(measured[name])]
        assert ((shares >= 0) & (shares <= 1)).all()
    assert measured["reminder_rate"][0] == pytest.approx(1000 * total["payment_reminders"][0] / (400 * 40))
    assert measured["sales_outstanding"][1] == pytest.approx(total["receivables"][1] / total["billed"][1])
    assert np.isnan(measured["late_payment_share"][2])
    assert measured["bad_debt_share"][2] == 0.0
    assert measured["turned_away_share"][0] > 0 == measured["turned_away_share"][1]


def test_who_is_turned_away_is_among_those_who_came():
    """Nobody's entry comes last. Of 4 visitors 1 was turned away; of 2 both; nobody came to the third firm."""
    counts = {"turned_away": np.array([1.0, 2.0, 0.0, 0.0]), "visits": np.array([3.0, 0.0, 0.0, 5.0])}
    np.testing.assert_array_equal(turned_away_share(Tallied(counts, 52, 1)), [0.25, 1.0, np.nan])


def test_what_it_costs_is_in_profit_to_the_cent():
    scenario = market("tough_love", {})
    found = record(scenario, 5, kpis=(profit, lever_cost))
    spent = {name: found.tallies[name].sum(axis=0)[0] for name in found.tallies}
    own = sum(spent[name] for name in ("rebates", "bad_debt", "capital_cost", "collection"))
    other = spent["service"] + spent["fixed"]
    left = spent["revenue"] - spent["goods"] - other - own
    yearly = 52 / (400 * 40)
    assert own > 0
    assert found.summary((profit,))[0, 0] == pytest.approx(left * yearly)


def test_sales_for_cash_schedule_nothing():
    names = [step.mechanism.name for step in market("cash", {"cut_off_after": 3, "prompt_rebate": 0.1}).steps()]
    assert "payments" not in names
    assert "press_debtors" not in [step.name for step in market("lenient", {}).steps()]


def test_credit_that_is_worth_nothing_and_costs_nothing_changes_no_choice():
    """Everybody pays on the day, and delay is worth nothing: only the time of payment differs."""
    worthless = {**ALL_PAY, "delay_value": 0.0, "noisy_share": 0.0}
    scenario = market({"credit": 1.0, "cost_of_capital": 0.0}, {}, **{"payments": worthless})
    one, other = after(scenario), after(market({}, {}, **{"payments": worthless}))
    for name in other.tallies.keys() - {tally.name for tally in Payments.counts}:
        np.testing.assert_array_equal(one.tallied(name), other.tallied(name), err_msg=name)


def test_disciplines_have_their_shares_and_are_the_same_persons_under_all_policies():
    one = after(market("tough_love", {}, customers=4000, periods=1)).customers.payer
    other = after(market({}, "lenient", customers=4000, periods=1)).customers.payer
    np.testing.assert_array_equal(one, other)
    found = np.bincount(one // 2, minlength=3) / one.size
    np.testing.assert_allclose(found, (0.85, 0.12, 0.03), atol=0.015)
    np.testing.assert_allclose((one % 2).mean(), 0.2, atol=0.02)


def test_a_firm_scores_only_by_its_own_bills():
    world = after(market({**dict.fromkeys(("credit",), 1.0)}, {}, periods=30))
    c = world.customers
    assert c.credit_score[1].tolist() == pytest.approx([0.8] * world.n)
    buyers = c.encounters[0] > 8
    good, bad = (buyers & (c.payer // 2 == kind) for kind in (0, 1))
    assert c.credit_score[0][good].mean() > c.credit_score[0][bad].mean() + 0.2
    np.testing.assert_allclose(c.credit_score[0][c.encounters[0] == 0], 0.8, rtol=1e-6)


def test_a_preset_may_be_changed():
    firm = market({"preset": "tough_love", "prompt_rebate": 0.0}, {}).firms[0].payments
    assert (firm.cut_off_after, firm.cut_off_from, firm.prompt_rebate, firm.credit) == (4, "service", 0.0, 1.0)


@pytest.mark.slow
def test_every_kernel_is_sound_in_a_market_full_of_defaulters():
    harsh = {"preset": "tough_love", "credit_terms": 1, "cut_off_after": 1, "write_off_after": 4}
    scenario = market(harsh, "scored", **{"payments": {"defaulter_share": 0.5}}, renewal={"leaving_rate": 0.5})
    check_kernels(scenario.replace({"population.purchase_rate": 3.0}), periods=8)


def test_the_same_bits_on_any_threads():
    scenario = market("tough_love", "scored", **{"payments": {"defaulter_share": 0.2}})
    one, other = (after(scenario, threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.history, other.history)
    np.testing.assert_array_equal(one.customers.owed, other.customers.owed)


def test_shares_that_do_not_fit_are_refused():
    with pytest.raises(Refusal, match=r"late_share and defaulter_share add to 1\.2; at most 1"):
        Payments(late_share=0.7, defaulter_share=0.5)


def test_levers_without_the_theory_are_refused():
    with pytest.raises(Refusal, match="the market has no payments; give the scenario a section"):
        Scenario.parse({"firms": [{"name": "north", "payments": {"credit": 0.5}}]})


def test_what_the_offended_tell_reaches_their_neighbours():
    scenario = market("tough_love", "lenient", **{"payments": {"defaulter_share": 0.3, "outrage": 0.0}})
    silent, told = after(scenario), after(scenario.replace({"payments.outrage": 1.0}))
    offended = int(counted(told, "cut_offs")[0])
    assert offended > 20
    more = {name: counted(told, name)[0] - counted(silent, name)[0] for name in ("negative_messages", "heard")}
    assert 0.5 * offended < more["negative_messages"] < 2.0 * offended + counted(told, "turned_away")[0]
    assert told.customers.word_of_mouth[0].mean() < silent.customers.word_of_mouth[0].mean()
