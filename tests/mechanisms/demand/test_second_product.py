"""A second product: who is offered it, who buys, what it does to the main one, and that its books are exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.demand.second_books import book_second, replace_main
from abm.mechanisms.demand.second_offers import (
    NO_OFFER,
    RIGHT,
    UNTIMELY,
    WRONG,
    count_owners,
    guessed_worth,
    net_worth,
    offer_second,
    resent_offers,
    stake_second,
)
from abm.mechanisms.demand.second_product import SecondProduct
from abm.mechanisms.phases import Phase
from tests.mechanisms.small import Small

SOLD_AT = {"second_price": 15.0, "second_unit_cost": 8.0}
f32 = np.float32


def market(customers=600, periods=60, theory=None, coverage=0.5, north=None, sections=None, **policy):
    known = {"data_coverage": coverage}
    firms = [
        {"name": "north", "information": known, "second_product": policy, **(north or {})},
        {"name": "east", "information": known},
    ]
    return abm.Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "purchase_rate": 0.5},
            "information": {},
            "contacts": {},
            "second_product": theory or {},
            "firms": firms,
            **(sections or {}),
        }
    )


def after(scenario, threads=1):
    engine = Engine(scenario, 5, threads=threads)
    engine.run(scenario.periods)
    return engine.world


def tallies(scenario, seed=5):
    return record(scenario, seed).tallies


def total(found, name):
    return found[name][:, 0].sum()


def small(worth, trust, policy=None, **theory):
    """Return a market of one seller, and one customer for each worth."""
    firms = ({"second_product": {**SOLD_AT, **(policy or {})}, "information": {"data_coverage": 0.5}}, {})
    market = Small(len(worth), firms, information={}, contacts={}, second_product=theory)
    market.c.second_worth[:] = worth
    market.c.trust[0] = trust
    return market


def test_worth_by_hand():  # 12 + 15 x (.9 - .5) - 15 = 3
    assert float(net_worth(f32(12), f32(0.9), f32(15), f32(15))) == pytest.approx(3.0, abs=1e-5)


@given(worth=st.floats(0.01, 1e4), noise=st.floats(-4, 4), median=st.floats(0.1, 1e3), spread=st.floats(0, 3))
def test_a_guess_without_data_says_nothing_and_with_all_of_them_everything(worth, noise, median, spread):
    blind = float(guessed_worth(f32(worth), f32(noise), f32(0.0), f32(median), f32(spread)))
    assert blind == pytest.approx(median * np.exp(spread * noise), rel=1e-4)
    assert float(guessed_worth(f32(worth), f32(noise), f32(1.0), f32(median), f32(spread))) == pytest.approx(
        worth, rel=1e-4
    )


@pytest.mark.parametrize("accuracy", [0.3, 0.8])
def test_guesses_are_spread_like_worth_and_correlated_as_said(accuracy):
    z, e = np.random.default_rng(1).standard_normal((2, 20_000)).astype(np.float32)
    worth = 12.0 * np.exp(z)
    guess = np.array([guessed_worth(*map(f32, (w, n, accuracy, 12.0, 1.0))) for w, n in zip(worth, e, strict=True)])
    assert np.corrcoef(np.log(guess), z)[0, 1] == pytest.approx(accuracy, abs=0.02)
    assert np.log(guess).std() == pytest.approx(1.0, abs=0.02)


def test_who_has_none_buys_what_is_worth_its_price_and_who_has_one_resents_the_offer():
    """Of worth 30, 2, 30 and 30; the third has one from this firm, the fourth from the other."""
    s = small([30, 2, 30, 30], 0.5, {"pitch": 1.0}, mood=0.01, lasts=5)
    s.c.second_owned_from[2:] = [0, 1]
    s.c.second_until[2:] = 4
    s.visits([0, 1, 2, 3], [0, 0, 0, 0])
    s.run("second_product", offer_second, t=3)
    assert s.at("visit_second").tolist() == [1, 0, 0, 0]
    assert s.at("visit_offered").tolist() == [RIGHT, WRONG, UNTIMELY, UNTIMELY]
    assert s.at("visit_owner").tolist() == [0, 0, 1, 0]
    assert s.c.second_until.tolist() == [8, 0, 4, 4]
    assert s.c.second_owned_from.tolist() == [0, -1, 0, 1]
    assert s.c.second_missed[0].tolist() == [-1, 3, -1, -1]
    s.at("satisfaction_shift")[:] = 0.0
    s.run("second_product", resent_offers)
    np.testing.assert_allclose(s.at("satisfaction_shift"), [0.0, -0.1, -0.1, -0.1], rtol=1e-6)


def test_what_is_over_is_needed_again_and_one_visit_is_enough():
    s = small([30], 0.5, {"pitch": 1.0}, mood=0.01, lasts=5)
    s.c.second_owned_from[0], s.c.second_until[0] = 0, 3
    s.visits([0, 0], [0, 0])
    s.run("second_product", offer_second, t=3)
    assert s.at("visit_second").tolist() == [1, 0]
    assert s.at("visit_offered").tolist() == [RIGHT, UNTIMELY]
    assert s.at("visit_owner").tolist() == [0, 1]
    assert s.c.second_until[0] == 8


def test_the_same_product_is_bought_from_whom_is_trusted():
    s = small([15, 15], [0.0, 1.0], {"pitch": 1.0}, mood=0.01)
    s.visits([0, 1], [0, 0])
    s.run("second_product", offer_second)
    assert s.at("visit_second").tolist() == [0, 1]
    assert s.at("visit_offered").tolist() == [WRONG, RIGHT]


def test_a_right_offer_is_refused_at_times_and_not_minded():
    s = small([15.0] * 200, 0.5, {"pitch": 1.0})
    s.visits(range(200), [0] * 200)
    s.run("second_product", offer_second)
    assert 70 < s.at("visit_second").sum() < 130  # of 200 with a chance of one half
    assert set(s.at("visit_offered").tolist()) == {RIGHT}
    s.at("satisfaction_shift")[:] = 0.0
    s.run("second_product", resent_offers)
    assert not s.at("satisfaction_shift").any()


def test_who_buys_does_not_mind_having_been_asked():
    s = small([15.0] * 200, 0.49, {"pitch": 1.0}, mood=50.0)
    s.visits(range(200), [0] * 200)
    s.run("second_product", offer_second)
    s.at("satisfaction_shift")[:] = 0.0
    s.run("second_product", resent_offers)
    assert set(s.at("visit_offered").tolist()) == {WRONG}
    np.testing.assert_array_equal(s.at("satisfaction_shift") < 0, s.at("visit_second") == 0)


def test_a_letter_makes_her_buy_on_her_next_visit():
    s = small([2, 2], 0.5, mood=0.01, asking=0.0)
    s.c.second_wanted[0, 0] = 1
    s.visits([0, 1], [0, 0])
    s.run("second_product", offer_second)
    assert s.at("visit_second").tolist() == [1, 0]
    assert s.c.second_wanted.sum() == 0


def test_the_smaller_basket_by_hand():
    """At price .9 and a discount of a tenth she would pay 8.10 of 10; of 7 cu it is 5.67."""
    s = small([30, 30], 0.5, cannibalised=0.3)
    s.c.basket[:] = 10.0
    s.firms.price[0] = 0.9
    s.visits([0, 1], [0, 0])
    s.at("visit_discount")[:] = 0.1
    s.at("visit_spend")[:] = 810
    s.at("visit_owner")[:] = [1, 0]
    s.at("visit_net")[:] = 0
    s.run("second_product", replace_main)
    assert s.at("visit_spend").tolist() == [567, 810]
    assert s.at("visit_net").tolist() == [-180, 0]  # goods of 6 cu less those of 4.20
    books = [s.counted(name)[0] for name in ("replaced_spend", "goods", "discounts", "price_cuts")]
    assert books == [243, -180, -27, -30]  # discounts .90 less .63, cuts 1.00 less .70


def test_sale_and_offer_are_booked_to_the_cent():
    s = small([30, 30, 30], 0.5, {"second_price": 14.99, "pitch_cost": 0.31})
    s.visits([0, 1, 2], [0, 0, 0])
    s.at("visit_second")[:] = [1, 0, 1]
    s.at("visit_offered")[:] = [RIGHT, UNTIMELY, NO_OFFER]
    s.at("visit_net")[:] = [0, 0, -100]
    s.run("second_product", book_second)
    assert s.at("visit_net").tolist() == [31 - 1499 + 800, 31, -100 - 1499 + 800]
    books = [s.counted(name)[0] for name in ("second_sales", "second_revenue", "second_goods", "pitch_spend")]
    assert books == [2, 2998, 1600, 62]
    counted = ("second_offers", "second_offers_right", "second_offers_untimely")
    assert [s.counted(name)[0] for name in counted] == [2, 1, 1]


def test_leaving_forfeits_what_is_left_of_it():
    s = small([20, 20, 20], 0.5, forfeited=0.5, lasts=10)
    s.c.second_owned_from[:] = [0, 1, 0]
    s.c.second_until[:] = [4, 4, 2]
    s.visits([0, 1, 2], [1, 1, 1], providers=[0, 0, 0])
    s.at("at_stake")[:] = 1.0
    s.run("second_product", stake_second, t=2)
    np.testing.assert_allclose(s.at("at_stake"), [1.0 + 0.5 * 20 * 0.2, 1.0, 1.0], rtol=1e-6)


def test_owners_are_counted_while_they_are_customers_and_have_it():
    s = small([20] * 4, 0.5)
    s.c.second_owned_from[:] = [0, 0, 1, -1]
    s.c.second_until[:] = [5, 4, 5, 0]
    s.c.relation[:] = [[1] * 4, [3] * 4]
    s.run("second_product", count_owners, t=3)
    assert s.counted("second_owners")[:2] == [1, 0]


@pytest.mark.parametrize("policy", [{}, {"pitch": 1.0, "follow_up_offer": 0.5, "targeted": 0.5}])
def test_without_a_price_nothing_is_scheduled(policy):
    assert "second_product" not in [step.mechanism.name for step in market(**policy).steps()]


def test_nobody_sells_what_is_neither_offered_nor_asked_for():
    silent = tallies(market(**SOLD_AT, theory={"asking": 0.0}))
    assert total(silent, "second_sales") == 0
    np.testing.assert_array_equal(silent["visits"], tallies(market())["visits"])


def test_offers_that_are_not_minded_move_no_visit():
    calm = tallies(market(**SOLD_AT, pitch=1.0, theory={"reactance": 0.0}))
    np.testing.assert_array_equal(calm["visits"], tallies(market())["visits"])
    assert total(calm, "second_sales") > 0


def test_offers_of_what_nobody_wants_cost_time_and_satisfaction_and_bring_nothing():
    wanted_by_nobody = {"worth_median": 0.1, "worth_spread": 0.0, "mood": 0.1, "trust_premium": 0.0}
    found, without = tallies(market(**SOLD_AT, pitch=1.0, theory=wanted_by_nobody)), tallies(market())
    assert total(found, "second_revenue") == total(found, "second_offers_right") == 0
    assert total(found, "pitch_spend") == pytest.approx(0.3 * total(found, "visits"))
    assert total(found, "transaction_sum") / total(found, "visits") < (
        total(without, "transaction_sum") / total(without, "visits") - 0.08
    )
    assert total(found, "visits") < total(without, "visits")


def test_a_customer_needs_one_at_a_time():
    scenario = market(**SOLD_AT, pitch=1.0, theory={"lasts": 1000, "mood": 50.0})
    once, often = tallies(scenario), tallies(scenario.replace({"second_product.lasts": 10}))
    assert 300 < total(once, "second_sales") <= 600
    assert total(often, "second_sales") > 2 * total(once, "second_sales")


def test_the_second_product_changes_the_main_one_by_what_it_replaces_and_by_no_cent_else():
    """Where no offer is minded, visits are the same; what is replaced is missing from revenue, goods and price cuts."""
    base = {"theory": {"reactance": 0.0}, "north": {"price": 0.9}, **SOLD_AT, "pitch": 0.5}
    plain = tallies(market(**base))
    less = tallies(market(**{**base, "theory": {"reactance": 0.0, "cannibalised": 0.3}}))
    np.testing.assert_array_equal(plain["visits"], less["visits"])
    np.testing.assert_array_equal(plain["second_sales"], less["second_sales"])
    np.testing.assert_allclose(plain["revenue"], less["revenue"] + less["replaced_spend"], atol=1e-6)
    lost = total(less, "replaced_spend")
    assert lost > 0
    assert total(plain, "goods") - total(less, "goods") == pytest.approx(lost / 0.9 * 0.6, rel=1e-3)
    assert total(plain, "price_cuts") - total(less, "price_cuts") == pytest.approx(lost / 9, rel=1e-2)
    np.testing.assert_allclose(plain["discounts"], less["discounts"], atol=1e-6)


@pytest.mark.parametrize("cannibalised", [0.0, 0.37, 1.0])
def test_customers_accounts_add_up_to_the_firms(cannibalised):
    scenario = market(
        **SOLD_AT, pitch=0.6, north={"price": 0.93}, theory={"cannibalised": cannibalised},
        sections={"customer_accounts": {}},
    )  # fmt: skip
    engine = Engine(scenario, 5)
    found = record(scenario, 5).tallies
    engine.run(scenario.periods)
    brought = engine.world.customers["profit_from_customer"][0].sum()
    booked = sum(total(found, name) for name in ("revenue", "second_revenue"))
    booked -= sum(total(found, name) for name in ("goods", "second_goods", "service", "pitch_spend"))
    assert brought == round(100 * booked)
    assert total(found, "second_revenue") == pytest.approx(15.0 * total(found, "second_sales"))
    assert total(found, "goods") >= 0


def test_targeting_makes_fewer_offers_and_better_ones_only_to_whom_it_knows():
    everybody, targeted = (tallies(market(**SOLD_AT, pitch=1.0, targeted=accuracy)) for accuracy in (0.0, 0.8))
    precision = [total(one, "second_offers_right") / total(one, "second_offers") for one in (everybody, targeted)]
    assert precision[1] > 2 * precision[0]
    assert total(targeted, "second_offers") < 0.5 * total(everybody, "second_offers")
    assert total(targeted, "second_offers_untimely") == 0  # nobody else sells it
    assert total(targeted, "analysis_spend") > 0 == total(everybody, "analysis_spend")
    unknown = tallies(market(**SOLD_AT, pitch=1.0, targeted=0.8, coverage=1e-6))
    assert total(unknown, "second_offers") == 0


def test_better_data_make_better_offers_and_cost_more():
    found = [tallies(market(**SOLD_AT, pitch=1.0, targeted=accuracy)) for accuracy in (0.1, 0.5, 0.95)]
    precision = [total(one, "second_offers_right") / total(one, "second_offers") for one in found]
    assert precision == sorted(precision)
    cost = [total(one, "analysis_spend") for one in found]
    assert cost == sorted(cost)


def test_letters_go_to_known_customers_and_sell():
    asked = tallies(market(**SOLD_AT))
    letters = tallies(market(**SOLD_AT, follow_up_offer=0.5))
    assert total(letters, "second_sales") > 1.5 * total(asked, "second_sales")
    assert total(letters, "letter_spend") == pytest.approx(total(letters, "contact_spend"))
    assert total(letters, "second_offers") == total(letters, "contacts_received")
    assert total(letters, "pitch_spend") == 0
    assert total(tallies(market(**SOLD_AT, follow_up_offer=0.5, coverage=1e-9)), "letter_spend") == 0


@pytest.mark.parametrize("lever", ["targeted", "follow_up_offer"])
def test_who_knows_nobody_can_neither_target_nor_write(lever):
    with pytest.raises(Refusal, match=f"'north' sets second_product.{lever} = 0.5, but it identifies nobody; give it"):
        market(**SOLD_AT, coverage=0.0, **{lever: 0.5})


def test_worth_is_lognormal_and_the_customers_own():
    many, few = (after(market(customers=customers, periods=1, **SOLD_AT)) for customers in (3000, 300))
    worth = many.customers.second_worth
    np.testing.assert_array_equal(worth[:300], few.customers.second_worth)
    assert np.log(worth / 12.0).mean() == pytest.approx(0.0, abs=0.06)
    assert np.log(worth).std() == pytest.approx(1.0, abs=0.05)
    assert abs(np.corrcoef(np.log(worth), np.log(many.customers.basket))[0, 1]) < 0.06


def test_a_tie_is_scheduled_only_if_leaving_forfeits_something():
    def names(forfeited):
        steps = market(**SOLD_AT, theory={"forfeited": forfeited}).steps()
        return [step.name for step in steps if step.phase == Phase.STAKES]

    assert "stake_second" not in names(0.0)
    assert "stake_second" in names(0.5)


EVERYTHING = {**SOLD_AT, "pitch": 0.4, "follow_up_offer": 0.3, "targeted": 0.6}


def test_shares_are_shares_and_newcomers_own_nothing():
    scenario = market(
        **EVERYTHING, theory={"cannibalised": 0.2, "forfeited": 0.5},
        sections={"renewal": {"leaving_rate": 0.5, "every": 13}},
    )  # fmt: skip
    table = abm.simulate(scenario, 5, kpis=SecondProduct.kpis)
    for name in ("cross_buying_share", "offer_precision", "offer_timing_error", "second_revenue_share"):
        share = table.loc[table.firm == "north", name].dropna()
        assert len(share) > 0
        assert ((share >= 0) & (share <= 1)).all(), name


def test_threads():
    one, two = (after(market(customers=2500, periods=40, **EVERYTHING), threads=threads) for threads in (1, 2))
    for name in ("second_until", "second_owned_from", "second_wanted", "trust", "satisfaction"):
        np.testing.assert_array_equal(one.customers[name], two.customers[name], err_msg=name)


def test_kernels_keep_to_their_rows():
    scenario = market(customers=300, **EVERYTHING, theory={"cannibalised": 0.3, "forfeited": 0.5})
    abm.check_kernels(scenario)
