"""The twin of winning back: by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.relationship.win_back import (
    prospect_effect,
    win_back_contact_rate,
    win_back_effect,
    win_back_rate,
)
from abm.mechanisms.relationship.win_back_kernels import draw_order
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import offers, save, win_back
from tests.reference.by_hand import SEED, assert_counted, per_firm, visited
from tests.reference.offers import Holdings
from tests.reference.random_numbers import stream_key


class TestWinBackByHand:
    p = win_back.EXAMPLE

    def test_pots(self):
        """0.0123 cu for 13 periods and 7 people are 111.93 cents: 111, of which half are 55.5: 56 and 55."""
        assert win_back.pots(0.0123, 13, 7, 0.5) == (56, 55)
        assert win_back.pots(0.1, 13, 100, 0.7) == (9100, 3900)
        assert win_back.pots(0.0, 13, 100, 0.7) == (0, 0)
        assert win_back.pots(0.00014, 13, 100, 0.0) == (0, 13)

    def test_what_is_paid_for(self):
        assert [win_back.affordable(*of) for of in ((99, 10, 50), (99, 10, 5), (5, 10, 9), (1, 0, 9), (0, 0, 9))] == [
            *(9, 5, 0, 9, 0)
        ]

    def test_who_has_lapsed(self):
        """Silent for 13 to 52 periods, with a warning of a half or more."""
        policy, of = win_back.Policy(), {13: True, 12: False, 52: True, 53: False}
        for silence, lapsed in of.items():
            person = win_back.Person(True, 0.5, 0, 60 - silence, 0)
            assert win_back.has_lapsed(person, 60, policy, 0.5) == lapsed
        for person in (win_back.Person(True, 0.49, 0, 40, 0), win_back.Person(False, 1.0, 0, 40, 0)):
            assert not win_back.has_lapsed(person, 60, policy, 0.5)

    def test_a_campaign(self):
        """13 cu: 650 cents for one lapsed at 5 cu, 650 for two strangers at 3 cu; who spent most comes first."""
        policy = win_back.Policy(0.2, lapsed_by="spend", contact_cents=500, prospect_cents=300)
        of = win_back.Campaigns(policy, 0, range(5), (1, 2), self.p)
        of.luck = [0.5, 0.5, 0.5, 0.25, 0.5]
        people = [win_back.Person(i < 2, 0.9, 100 * i, 10, 10 + i) for i in range(5)]
        of.pick(26, people)
        assert of.state == [0, win_back.LAPSED, win_back.PROSPECT, win_back.PROSPECT, 0]
        of.draw_lots(26)
        assert of.state == [0, win_back.LAPSED_CONTACTED, *[win_back.PROSPECT_CONTACTED] * 2, 0]
        found = of.pick(39, [win_back.Person(True, 0.0, 0, 38, last) for last in (30, 26, 30, 25, 38)])
        of_them = {"lapsed_contacted_judged": 1, "lapsed_contacted_bought": 1, "prospects_contacted_judged": 2}
        assert found == {**dict.fromkeys(win_back.JUDGED, 0), **of_them, "prospects_contacted_bought": 1}
        assert of.state == [0] * 5

    def test_ties(self):
        """Of equal silences the first in the order of the lot, then the lowest identity."""
        of = win_back.Campaigns(win_back.Policy(), 0, (9, 4, 7), (1, 2), self.p)
        of.luck = [0.5, 0.5, 0.25]
        people = [win_back.Person(True, 0.9, 0, 10, 0)] * 3
        assert of.first(people, range(3)) == [2, 1, 0]
        assert of.first([*people[:2], win_back.Person(True, 0.9, 0, 9, 0)], range(3)) == [1, 0, 2]

    def test_who_is_new(self):
        assert win_back.is_new(False, win_back.PROSPECT_CONTACTED)
        assert not win_back.is_new(True, win_back.PROSPECT_CONTACTED)
        assert not win_back.is_new(False, win_back.LAPSED_CONTACTED)


N = 8
decimal = st.integers(0, 100).map(lambda hundredths: hundredths / 100)
levers = st.fixed_dictionaries(
    {
        "acquisition_budget": st.sampled_from([0.0, 0.00005, 0.00014, 0.0037, 0.02, 0.1, 5.0]),
        "lapsed_share": decimal,
        "lapse_from": st.integers(1, 20),
        "lapse_length": st.integers(1, 20),
        "lapsed_by": st.sampled_from(["recency", "spend"]),
        "win_back_offer": st.integers(0, 500).map(lambda cents: cents / 100),
        "win_back_holdout": st.integers(0, 7).map(lambda eighths: eighths / 8),
        "prospect_cost": st.sampled_from([0.0, 0.01, 0.25, 1.0]),
    }
)
of_everybody = lambda values: st.lists(values, min_size=N, max_size=N)  # noqa: E731
seen_as = st.tuples(
    st.sampled_from([True, True, False]), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
    st.sampled_from([0, 100, 500]), st.integers(-1, 25), st.integers(-1, 25), st.integers(0, 6),
    st.sampled_from([0.25, 0.25, 0.5]), st.booleans(),
)  # fmt: skip
COLUMNS = ("known", "warning", "seen_spend", "seen_last", "last_purchase", "win_back_state", "win_back_luck", "aware")


def campaigning(policies, contact_costs=(0.1, 0.1), **numbers):
    """Return a small world in which two firms write to who has lapsed and to strangers."""
    firms = [
        {"win_back": policy, "information": {"data_coverage": 1.0}, "contacts": {"contact_cost": cost}}
        for policy, cost in zip(policies, contact_costs, strict=True)
    ]
    others = {name: {} for name in ("lifecycle", "information", "complaint", "contacts", "offers")}
    return Small(N, firms, **others, exit={"forgiving": 0.5}, win_back=numbers)


def twin_of(policy: dict[str, Any], contact_cost, j, identities, key, p):
    """Return the twin of the campaigns of a firm."""
    numbers = {name: value for name, value in policy.items() if name not in ("win_back_offer", "prospect_cost")}
    numbers["holdout"] = numbers.pop("win_back_holdout")
    names = {"voucher": policy["win_back_offer"], "prospect_cents": policy["prospect_cost"]}
    cents = {name: math.floor(100.0 * cu + 0.5) for name, cu in {**names, "contact_cents": contact_cost}.items()}
    return win_back.Campaigns(win_back.Policy(**numbers, **cents), j, identities, key, p)


@pytest.mark.slow
@settings(max_examples=examples(40))
@given(
    per_firm(levers),
    per_firm(st.sampled_from([0.0, 0.01, 0.1, 0.3])),
    per_firm(of_everybody(seen_as)),
    st.sampled_from([0.0, 0.5, 0.75, 1.0]),
    st.permutations(range(N)),
    st.sampled_from([13, 26, 26, 26, 27, 0]),
)
def test_campaigns_are_those_of_the_twin(policies, contact_costs, seen, least_warning, identities, t):
    small = campaigning(policies, contact_costs, least_warning=least_warning)
    if "win_back_state" not in small.c:
        assert all(policy["acquisition_budget"] == 0.0 for policy in policies)
        return
    c, key = small.c, stream_key(SEED, "win_back")
    c.customer_id[:] = identities
    p = {**win_back.EXAMPLE, "least_warning": least_warning}
    twins = [
        twin_of(policy, cost, j, identities, key, p)
        for j, (policy, cost) in enumerate(zip(policies, contact_costs, strict=True))
    ]
    for j, (twin, row) in enumerate(zip(twins, seen, strict=True)):
        for name, values in zip(COLUMNS, zip(*row, strict=True), strict=True):
            c[name][j] = values
        twin.state, twin.luck = [of[5] for of in row], [of[6] for of in row]
    small.phases(Phase.OPENING, t=t)
    found = [twin.pick(t, [win_back.Person(*of[:5]) for of in row]) for twin, row in zip(twins, seen, strict=True)]
    assert_counted(small, {name: [of[name] for of in found] for name in win_back.JUDGED})
    np.testing.assert_array_equal(c.win_back_state, [twin.state for twin in twins])
    small.phases(Phase.CONTACT, t=t)
    for twin in twins:
        twin.draw_lots(t)
    np.testing.assert_array_equal(c.win_back_state, [twin.state for twin in twins])
    acts = save.holds_campaign(t, p["every"])
    states = [twin.state if acts else [0] * N for twin in twins]
    lapsed, prospects = ([[state == of for state in row] for row in states] for of in win_back.CONTACTED)
    for name in ("approaches", "apologies"):
        np.testing.assert_array_equal(small.passing[name][:, :N], lapsed)
    vouchers, costs = (
        np.array([getattr(twin.policy, cents) for twin in twins]) for cents in ("voucher", "prospect_cents")
    )
    np.testing.assert_array_equal(small.passing.offer_value[:, :N], vouchers[:, None] * (np.array(lapsed) | prospects))
    was = [[of[7] for of in row] for row in seen]
    of_both = zip([*was[0], *was[1]], [*states[0], *states[1]], strict=True)
    new = np.reshape([win_back.is_new(*of) for of in of_both], (2, N))
    aware = np.array(was) | new
    np.testing.assert_array_equal(c.aware, aware)
    expected = {"lapsed_contacted": np.sum(lapsed, 1), "prospects_contacted": np.sum(prospects, 1)}
    expected["prospect_spend"] = costs * expected["prospects_contacted"]
    assert_counted(small, {**expected, "learned": np.sum(new, 1)})


def test_the_lot_of_win_back_is_drawn_in_the_period_before_for_who_has_a_budget():
    small = campaigning([{"acquisition_budget": 0.5}, {}])
    small.c.win_back_luck.fill(0.25)
    identities, key = small.c.customer_id.tolist(), stream_key(SEED, "win_back")
    twins = [
        win_back.Campaigns(win_back.Policy(of), j, identities, key, win_back.EXAMPLE) for j, of in enumerate((0.5, 0.0))
    ]
    for twin in twins:
        twin.luck = [0.25] * N
    for t in (0, 11, 12, 13, 25):
        small.run("win_back", draw_order, t)
        for twin in twins:
            twin.draw_order(t)
        np.testing.assert_array_equal(small.c.win_back_luck, [twin.luck for twin in twins])
        assert (twins[0].luck[0] == 0.25) == (t < 12)


WINNERS = {
    "off": ["word_of_mouth"],
    "population": {"customers": 130, "purchase_rate": 0.3},
    "pricing": {"price_sensitivity": 2.0},
    "lifecycle": {"dormant_after": 4, "lost_after": 8},
    "defection": {"exit_rate": 0.01},
    "information": {"warn_from": 0.75},
    "contacts": {"data_decay": 0.05},
    "offers": {},
    "win_back": {"every": 6, "least_warning": 0.25},
    "firms": [
        {"name": "north", "win_back": {"acquisition_budget": 0.02, "lapse_from": 4, "lapse_length": 20}},
        {"name": "east", "win_back": {"acquisition_budget": 0.05, "lapsed_by": "spend", "lapse_from": 7}},
        {"name": "south", "win_back": {"acquisition_budget": 0.03, "lapsed_share": 0.23, "prospect_cost": 0.2}},
        {"name": "west"},
    ],
}
for k, of in enumerate(WINNERS["firms"]):
    of["information"] = {"data_coverage": 0.4}
    of["initial_awareness"] = 0.5
    if "win_back" in of:
        of["win_back"] |= {"win_back_offer": 3.0 + k, "win_back_holdout": 0.3}
OF_PAIRS = ("known", "warning", "seen_spend", "seen_last", "last_purchase")
PER_FIRM = (
    *("lapsed_contacted", "prospects_contacted", "prospect_spend", "contacts_made"),
    *win_back.JUDGED,
    *offers.COUNTS,
)


def people_of(world) -> list[list[win_back.Person]]:
    """Return what each firm knows of each customer at the end of a period, and when she last bought."""
    of = (world.customers[name].tolist() for name in OF_PAIRS)
    return [[win_back.Person(*person) for person in zip(*row, strict=True)] for row in zip(*of, strict=True)]


def test_a_whole_market_is_that_of_the_twins():
    """What firms know and whom customers choose is read off the market; the twins work out campaigns and vouchers."""
    scenario = Scenario.parse({"periods": 40, **WINNERS})
    engine = Engine(scenario, seed=7)
    world, c, p = engine.world, engine.world.customers, {**win_back.EXAMPLE, **WINNERS["win_back"]}
    identities, key = c.customer_id.tolist(), stream_key(7, "win_back")
    twins = [
        twin_of(firm.win_back.model_dump(), firm.contacts.contact_cost, j, identities, key, p)
        for j, firm in enumerate(scenario.firms)
    ]
    holdings, totals = Holdings([8] * 4, 130), dict.fromkeys((*PER_FIRM, "learned"), 0)
    aware = c.aware.tolist()
    for t in range(40):
        people, reachable = people_of(world), c.reachable.tolist()
        engine.run(1)
        holdings.begin()
        judged = [twin.pick(t, of_firm) for twin, of_firm in zip(twins, people, strict=True)]
        expected = {name: [of[name] for of in judged] for name in win_back.JUDGED}
        expected |= {name: [0] * 4 for name in (*PER_FIRM[:4], "learned")}
        for j, twin in enumerate(twins):
            twin.draw_lots(t)
            for i, state in enumerate(twin.state if save.holds_campaign(t, p["every"]) else ()):
                known = people[j][i].known
                if state in win_back.CONTACTED:
                    holdings.send(t, j, i, twin.policy.voucher, known, reachable[j][i])
                if state == win_back.PROSPECT_CONTACTED:
                    expected["learned"][j] += win_back.is_new(aware[j][i], state)
                    expected["prospect_spend"][j] += twin.policy.prospect_cents
                    aware[j][i] = 1
                expected["lapsed_contacted"][j] += state == win_back.LAPSED_CONTACTED
                expected["prospects_contacted"][j] += state == win_back.PROSPECT_CONTACTED
            expected["contacts_made"][j] = expected["lapsed_contacted"][j]
            twin.draw_order(t)
        for i, j, paid, used in visited(engine, "visit_customer", "visit_firm", "visit_spend", "visit_offer"):
            assert used == holdings.redeem(t, j, i, paid)
        np.testing.assert_array_equal(c.win_back_state, [twin.state for twin in twins])
        np.testing.assert_array_equal(c.win_back_luck, [twin.luck for twin in twins])
        np.testing.assert_array_equal(c.aware, aware)
        for name, column in (("cents", c.voucher), ("until", c.voucher_until)):
            np.testing.assert_array_equal(column, [[getattr(v, name) for v in row] for row in holdings.vouchers])
        for name, of_twin in (expected | holdings.counts).items():
            if name in world.rows:
                assert world.history[t, world.rows[name], :4].tolist() == of_twin, name
            totals[name] = np.add(totals[name], of_twin)
    assert all(np.sum(total) > 0 for total in totals.values())
    assert_measured(world, totals)


def assert_measured(world, totals):
    """Compare what is measured of a market with what the twins make of all that was counted."""
    tallied = Tallied({name: world.tallied(name).sum(axis=0) for name in world.rows}, 52, world.periods)
    for j in range(world.m):
        of = {name: int(total[j]) for name, total in totals.items()}
        by_group = {
            group: [of[f"{group}_{whom}_{what}"] for whom in ("contacted", "held_out") for what in ("judged", "bought")]
            for group in ("lapsed", "prospects")
        }
        judged, bought = by_group["lapsed"][:2]
        expected = {
            win_back_contact_rate: (of["lapsed_contacted"] + of["prospects_contacted"]) / (world.n * world.periods),
            win_back_rate: bought / judged if judged else None,
            win_back_effect: save.difference(*by_group["lapsed"]),
            prospect_effect: save.difference(*by_group["prospects"]),
        }
        for measure, value in expected.items():
            assert measure(tallied)[j] == pytest.approx(math.nan if value is None else value, nan_ok=True), measure.name
