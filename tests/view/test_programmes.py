"""Figures of programmes: what they cost and bring is what the books say."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import abm
from abm.engine.engine import Engine
from abm.study.plan.experiment import Experiment
from abm.view import inside, plots, programmes, snapshot
from abm.view.snapshot import TIERS
from tests.view.conftest import STUDY
from tests.view.readable import assert_readable

mpl.use("Agg")
COLUMNS = ["arm", "replication", "account", "item", "amount"]
CLUB = {"preset": "tiers", "tier_threshold": [30.0, 90.0], "fee": 1.0}
TIERED = STUDY | {
    "name": "tiered",
    "scenario": STUDY["scenario"] | {"periods": 80},
    "arms": {"none": {}, "club": {"label": "Club", "firms.north.program": CLUB}, "service": STUDY["arms"]["service"]},
    "design": {},
    "expect": [],
    "replications": 2,
}


def books(replications=2):
    """A club costs 3 of rewards and 1 of discounts, brings .5 of fees, and sells 4 more, net, at goods of 2."""
    of_arm = {
        "none": {("revenue", "revenue"): 10.0, ("goods", "goods"): -6.0, ("lever", "service"): -1.0},
        "club": {
            ("revenue", "revenue"): 14.0, ("goods", "goods"): -8.0, ("lever", "service"): -1.25,
            ("lever", "rewards_cost"): -3.0, ("lever", "provision"): 0.0, ("revenue", "membership_fees"): 0.5,
        },
    }  # fmt: skip
    rows = [
        (arm, r, *key, value) for r in range(replications) for arm, own in of_arm.items() for key, value in own.items()
    ]
    forgone = [(arm, r, "forgone", "discounts", value) for r in range(replications) for arm, value in
               (("none", 0.0), ("club", -1.0))]  # fmt: skip
    forgone += [(arm, 0, "forgone", "price_cuts", -5.0) for arm in of_arm]
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(forgone, columns=COLUMNS)


@pytest.fixture(scope="module")
def tiered():
    return abm.run(Experiment.from_dict(TIERED), workers=1)


@pytest.fixture(scope="module")
def found(tiered):
    return snapshot.of_results(tiered, Experiment.from_dict(TIERED), ["none", "club"])


def test_items_are_the_money_that_loyalty_theories_count_and_their_discounts():
    own = programmes.items()
    assert own >= {"rewards_cost", "provision", "membership", "membership_fees", "partner_money", "coalition_spend"}
    assert "discounts" in own
    assert not own & {"revenue", "goods", "service", "price_cuts", "referral_cost", "members", "fixed"}


def test_economics_by_hand():
    """Sales bring 4 - 2 - .25 net of discounts of 1, so 2.75 of custom at full prices; .75 is lost at a cost of 4."""
    table = programmes.economics(*books(), "club", "none")
    assert list(table["item"]) == [programmes.CUSTOM, "membership fees", "rewards", "discounts"]
    np.testing.assert_allclose(table["amount"], [4 - 2 - 0.25 + 1, 0.5, -3.0, -1.0])
    assert table["amount"].sum() == pytest.approx(4 - 2 - 0.25 - 3 + 0.5)
    assert programmes.true_return(*books(), "club", "none")[0] == pytest.approx(-0.75 / 4.0)


def test_what_costs_nothing_has_no_return():
    accounts, forgone = books()
    cheap = accounts[accounts["item"] != "rewards_cost"], forgone.iloc[:0], "club", "none"
    assert list(programmes.economics(*cheap)["item"]) == [programmes.CUSTOM, "membership fees"]
    assert np.isnan(programmes.true_return(*cheap)[0])
    said = programmes.returns(programmes.NO_VALUE, (0.5, -np.inf, np.inf))
    assert said == "Return on its cost, cu per cu spent: naive no value, true +0.50"


def test_returns_have_intervals_over_replications():
    """Profit is lower by .75 and .25, cost is 4 and 4: the ratio of means is -.5 / 4, and Student's t with one degree
    of freedom is 12.706, so that the interval is that of the mean difference over 4."""
    accounts, forgone = books()
    second = (accounts["arm"] == "club") & (accounts["replication"] == 1) & (accounts["item"] == "revenue")
    accounts.loc[second, "amount"] += 0.5
    value, low, high = programmes.true_return(accounts, forgone, "club", "none")
    half = 12.7062 * 0.25 / 4
    assert (value, low, high) == pytest.approx((-0.125, -0.125 - half, -0.125 + half), rel=1e-4)
    naive = programmes.naive_return(np.array([1.0, np.nan, 1.5]))
    assert naive == pytest.approx((1.25, 1.25 - 12.7062 * 0.25, 1.25 + 12.7062 * 0.25), rel=1e-4)
    assert programmes.returns((1.25, -1.0, 3.5), (value, low, high)) == (
        "Return on its cost, cu per cu spent: naive +1.25 [−1.00, +3.50], true −0.12 [−0.92, +0.67]"
    )


def test_arms_without_a_programme_are_refused():
    accounts, forgone = books()
    own = accounts[~accounts["item"].isin(programmes.items())]
    with pytest.raises(abm.Refusal, match="the books of club and none differ in no item of a programme; name an arm"):
        programmes.economics(own, forgone.iloc[:0], "club", "none")


def test_the_last_bar_is_profit_and_the_title_has_both_returns():
    table = programmes.economics(*books(), "club", "none")
    said = programmes.returns((1.5, 1.0, 2.0), programmes.true_return(*books(), "club", "none"))
    ax = programmes.programme_economics(table, "club", "none", said, "north")
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, [2.75, 0.5, -3.0, -1.0, -0.75])
    assert ax.get_title(loc="left").splitlines() == [
        "Programme of north: club minus none",
        "Return on its cost, cu per cu spent:",
        "naive +1.50 [+1.00, +2.00], true −0.19 [−0.19, −0.19]",
    ]
    assert_readable(ax.figure)


def test_bars_of_a_run_add_up_to_profit_and_cost_is_what_programmes_cost(found, tiered):
    table = programmes.economics(found.accounts, found.forgone, "club", "none").set_index("item")
    assert table["amount"].sum() == pytest.approx(tiered.paired("profit", "club", point=0).mean)
    cost = table.loc[table["account"].isin(["lever", "forgone"]), "amount"].sum()
    assert -cost == pytest.approx(tiered.paired("programme_cost", "club", point=0).mean)
    assert table.loc["discounts", "amount"] < 0 < table.loc["membership fees", "amount"]


def test_tiers_hold_every_member_of_then_once(found):
    assert set(found.tiers["arm"]) == {"club"}
    world = Experiment.from_dict(TIERED).scenario_of("club")
    stop = world.periods - world.periods_per_year
    then, now = (_tiers(world.replace({"periods": periods})) for periods in (stop, world.periods))
    counts = found.tiers.set_index(["from", "to"])["customers"]
    assert counts.sum() == sum(tier is not None for tier in then) > 0
    for tier in TIERS:
        assert counts[tier].sum() == sum(one == tier for one in then)
    expected = pd.Series([(a, b or "none") for a, b in zip(then, now, strict=True) if a]).value_counts()
    assert counts[counts > 0].to_dict() == expected.to_dict()


def _tiers(world):
    """Return the tier at north of each customer at the end of a run, None = no member."""
    engine = Engine(world, STUDY["seed"], 0)
    engine.run(world.periods)
    c = engine.world.customers
    return [TIERS[k] if member else None for member, k in zip(c.member[0], c.tier[0], strict=True)]


def test_tier_flows_are_drawn_of_members_alone(tiered):
    ax = tiered.plot.tier_flows()
    rows = [label.get_text().split(" (")[0] for label in ax.get_yticklabels()]
    assert rows
    assert set(rows) <= set(TIERS)
    assert ax.get_ylabel() == "from (members)"
    assert ax.get_title(loc="left") == "Tiers of north, from a year before the end on: Club"
    assert_readable(ax.figure)


def test_economics_are_of_the_arm_with_a_programme(tiered):
    ax = tiered.plot.programme_economics()
    assert ax.get_title(loc="left").startswith("Programme of north: Club minus none\nReturn on its cost, cu per cu ")
    naive = tiered.plot._inside("Club").measures.groupby("arm")["naive_programme_roi"].mean()["Club"]
    assert f"naive {naive:+.2f}".replace("-", "−") in ax.get_title(loc="left")
    with pytest.raises(abm.Refusal, match="the books of service and none differ in no item of a programme"):
        tiered.plot.programme_economics("service")
    with pytest.raises(abm.Refusal, match="under service north has no tiers with members a year before the end"):
        tiered.plot.tier_flows("service")


def test_what_no_arm_has_is_said():
    arms = {arm: STUDY["arms"][arm] for arm in ("none", "service")}
    plain = abm.run(Experiment.from_dict(TIERED | {"name": "plain", "arms": arms, "replications": 1}), workers=1)
    with pytest.raises(abm.Refusal, match="gives north a programme; set firms"):
        plain.plot.programme_economics()
    with pytest.raises(abm.Refusal, match="in no arm has north a programme with tiers"):
        plain.plot.tier_flows()


def test_the_report_shows_both_where_there_is_a_club(found):
    palette = plots.colours(["none", "club"], "none")
    drawn = [*inside._programme(found, ""), *inside._tiers(found, "")]
    assert [one.file for one in drawn] == ["programme_economics.png", "flows_between_tiers.png"]
    assert {one.file for one in drawn} < set(inside.FILES)
    assert "Return on its cost, cu per cu spent: naive" in drawn[0].caption
    assert "95 % intervals" in drawn[0].note
    assert not list(inside._warnings(found, palette, ""))
