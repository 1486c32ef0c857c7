"""The twins of offers and of campaigns to keep customers: by hand, against the kernels, and in a whole market."""

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
from abm.mechanisms.relationship import targets
from abm.mechanisms.relationship.offers import (
    add_offer_cost,
    add_offers,
    offer_cost,
    offer_redemption,
    receive_offers,
    redeem_offers,
)
from abm.mechanisms.relationship.save import kept_per_thousand, save_contact_rate, save_effect
from abm.mechanisms.relationship.save_kernels import chance_after, draw_order, foresee_gain, gained_visits, wake
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import offers, save
from tests.reference.by_hand import SEED, assert_counted, listed, per_firm, put, share, visited, visits_with
from tests.reference.offers import Holdings, Voucher
from tests.reference.random_numbers import stream_key


class TestOffersByHand:
    def test_worth(self):
        """5 cu off a basket of 20 are a quarter of the price; 30 cu off one of 20 at a price of 0.9 are the price."""
        assert offers.voucher_worth(500, 20.0, 0.9) == pytest.approx(0.25)
        assert offers.voucher_worth(3000, 20.0, 0.9) == 0.9
        assert Voucher(500, 7).utility(7, 4.0, 20.0, 0.9) == pytest.approx(1.0)
        assert Voucher(500, 7).utility(8, 4.0, 20.0, 0.9) == 0.0

    def test_what_is_held(self):
        """The larger of two counts, from then on for 8 periods; what has lapsed is not larger than anything."""
        voucher = Voucher()
        for sent, t, held in ((300, 2, (300, 9)), (200, 9, (300, 16)), (200, 17, (200, 24)), (900, 18, (900, 25))):
            voucher.receive(sent, t, 8)
            assert (voucher.cents, voucher.until) == held

    def test_what_is_used(self):
        """Of 5 cu 3 are used on a visit that costs 3, and the rest lapses; on a visit for nothing it is kept."""
        voucher = Voucher(500, 9)
        assert [voucher.redeem(paid, 9) for paid in (0, 300, 4000)] == [0, 300, 0]
        assert Voucher(500, 9).redeem(4000, 10) == 0

    def test_who_receives(self):
        told = [offers.receives(*of) for of in ((1, True, True), (1, True, False), (1, False, False), (0, True, True))]
        assert told == [True, False, True, False]

    def test_measures(self):
        assert offers.redemption(4, 1) == 0.25
        assert offers.redemption(0, 0) is None
        assert offers.yearly_cost(30_000, 50, 2.0) == 3.0


class TestSaveByHand:
    p = save.EXAMPLE

    def test_chance(self):
        """Odds of 1 times e: 0.731059; of the provider times e^(1 - 0.5); another's 0.25 becomes 0.125 of 0.875."""
        assert save.chance_after(0.5, 0.0, False, 1.0, 0.0) == pytest.approx(0.731059, abs=1e-6)
        assert save.chance_after(0.5, 0.9, True, 1.0, 0.5) == pytest.approx(0.622459, abs=1e-6)
        assert save.chance_after(0.25, 0.25, False, 0.0, math.log(2)) == pytest.approx(0.25 / 0.875)

    def test_gain(self):
        """e^-2 without an occasion in 8 periods; of 6.5 occasions 5.635335 lose inertia alone, at -0.046875 each."""
        first, both, awake = 1.0 - math.exp(-2.0), 0.5 - 0.25, 0.25 / 0.875 - 0.25
        found = save.gained_visits((0.25, 0.25, False), math.log(2.5), math.log(2.0), 0.25, 8, 26)
        both = 0.625 / (0.625 + 0.125 + 0.5) - 0.25
        assert found == pytest.approx(first * both + (6.5 - first) * awake)
        assert save.gained_visits((0.5, 0.0, True), 0.0, math.log(3.0), 1.0, 1, 0) == pytest.approx(
            (1 - math.exp(-1.0)) * (0.25 - 0.5)
        )
        assert save.gain(0, (0.25, 0.25), 1, True, 1.0, 1.0, 0.25, 8, 26) == 0.0

    def test_halves_are_rounded_up(self):
        assert [save.nearest(*of) for of in ((0.7, 5), (0.1, 25), (0.145, 100), (0.1, 24), (0.0, 9), (1.0, 9))] == [
            *(4, 3, 15, 2, 0, 9)
        ]

    def test_cells(self):
        """Three bins of visits: below 3, from 3, from 8; of warnings below 0.5, from 0.5, from 0.95."""
        of = ((0.0, 0), (0.0, 3), (0.49, 8), (0.5, 2), (0.94, 7), (0.95, 100))
        assert [save.cell_of(*each, self.p) for each in of] == [0, 1, 2, 3, 4, 8]

    def test_effect(self):
        """Half of 40 against a quarter of 20, on evidence of 800 / 60: 0.25 * 13.33 / 33.33 = 0.1."""
        assert save.shrunk_effect(40, 20, 20, 5, 20.0) == pytest.approx(0.1)
        assert save.shrunk_effect(40, 20, 0, 0, 20.0) == save.shrunk_effect(0, 0, 9, 1, 0.0) == 0.0

    def test_who_is_picked(self):
        """First the lowest luck; then the highest score, of equals by luck, of equals by identity."""
        luck, identity = (0.5, 0.1, 0.4, 0.4, 0.2), (7, 8, 9, 3, 5)
        assert save.picked(4, 1, (1.0, 9.0, 2.0, 2.0, 0.0), luck, identity, False) == [1, 3, 2, 0]
        assert save.picked(4, 1, (-1.0, 9.0, 2.0, 0.0, 0.0), luck, identity, True) == [1, 2]

    def test_a_campaign(self):
        """Two of four known are picked, by warning; in the next campaign they are judged, each in her cell."""
        of = save.Campaigns(save.Policy(0.5, "risk", 0, 0.0, 0.0), 0, range(5), (1, 2), self.p)
        people = [save.Person(i < 4, 0.25 * i, i, 100, 12 - 4 * i, i == 2) for i in range(5)]
        of.choose(13, people)
        assert of.state == [0, 0, save.TARGET, save.TARGET, 0]
        assert of.draw_lots(13) == [2, 3]
        found = of.choose(26, [save.Person(True, 0.0, 9, 0, seen, i == 2) for i, seen in enumerate((0, 0, 13, 12, 0))])
        assert found == {
            **dict.fromkeys(save.JUDGED, 0), "contacted_judged": 2, "contacted_seen": 1, "contacted_kept": 1
        }  # fmt: skip
        assert [of.record[cell] for cell in (3, 4)] == [[1, 1, 0, 0], [1, 0, 0, 0]]

    def test_how_long_she_compares(self):
        assert [save.awake_until(before, 13, 26) for before in (-1, 38, 50)] == [38, 38, 50]

    def test_measures(self):
        assert save.difference(40, 20, 20, 5) == 0.25
        assert save.difference(40, 20, 0, 0) is None


money = st.integers(0, 9_000)
offered = st.lists(st.tuples(money | st.just(0), st.booleans(), st.booleans()), min_size=6, max_size=6)
# a period: how long after the one before, what is sent to whom, who visits whom and pays what
stretch = st.tuples(st.integers(1, 5), offered, visits_with(st.tuples(st.just(0) | money)))


@pytest.mark.slow
@settings(max_examples=examples(25))
@given(
    per_firm(st.integers(1, 6)),
    per_firm(st.floats(0.0, 2.0, width=32)),
    st.lists(st.tuples(st.floats(0.5, 100.0, width=32), st.floats(0.0, 8.0, width=32)), min_size=3, max_size=3),
    st.lists(stretch, min_size=1, max_size=5),
)
def test_offers_are_those_of_the_twin(honoured_for, prices, people, stretches):
    # of a voucher of nobody nothing comes; that somebody sends any makes the theory run
    levers = [
        {"offers": {"honoured_for": h}, "save": {"save_rate": 0.5, "save_offer": 1.0}, "price": price}
        for h, price in zip(honoured_for, prices, strict=True)
    ]
    levers[0]["information"] = levers[1]["information"] = {"data_coverage": 1.0}
    small = Small(3, levers, information={}, contacts={}, offers={}, save={}, customer_accounts={})
    small.c.basket[:], small.c.price_response[:] = zip(*people, strict=True)
    twin, t = Holdings(honoured_for, 3), -1
    for later, sent, visits in stretches:
        t += later
        twin.begin()
        for name in offers.COUNTS:
            small.world.lookup(name, 0).fill(0)
        for (j, i), (cents, known, reachable) in zip(np.ndindex(2, 3), sent, strict=True):
            small.passing.offer_value[j, i] = cents
            small.c.known[j, i], small.c.reachable[j, i] = known, reachable
            twin.send(t, j, i, cents, known, reachable)
        small.run("offers", receive_offers, t)
        small.passing.utility.fill(1.0)
        small.run("offers", add_offers, t)
        worth = [
            [1.0 + twin.vouchers[j][i].utility(t, people[i][1], people[i][0], prices[j]) for i in range(3)]
            for j in range(2)
        ]
        np.testing.assert_allclose(small.passing.utility[:, :3], worth, rtol=1e-5)
        listed(small, visits)
        put(small, visit_spend=[v[2] for v in visits], visit_cost=7, visit_offer=99)
        for kernel in (redeem_offers, add_offer_cost):
            small.run("offers", kernel, t)
        used = [twin.redeem(t, j, i, paid) for i, j, paid in visits]
        assert small.at("visit_offer").tolist() == used
        assert small.at("visit_cost").tolist() == [7 + cents for cents in used]
        for j, i in np.ndindex(2, 3):
            voucher = twin.vouchers[j][i]
            assert (small.c.voucher[j, i], small.c.voucher_until[j, i]) == (voucher.cents, voucher.until)
        assert_counted(small, twin.counts)


logit = st.floats(0.0, 6.0, width=32)


@given(share, share, st.booleans(), logit, logit, st.tuples(share, st.integers(1, 60), st.integers(1, 60)))
def test_chances_and_gains_are_those_of_the_twin(total, part, own, pull, loss, rest):
    p, q = total * part, 0.0 if own else total * (1.0 - part)
    singles = [np.float32(x) for x in (p, q)], [np.float32(x) for x in (pull, loss)]
    found = chance_after(*singles[0], own, *singles[1])
    assert found == pytest.approx(save.chance_after(p, q, own, pull, loss), abs=2e-6)
    gained = gained_visits(*singles[0], own, *singles[1], *(np.float32(x) for x in rest))
    assert gained == pytest.approx(save.gained_visits((p, q, own), pull, loss, *rest), abs=1e-5 * (1 + rest[2]))


decimal = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@given(decimal, st.integers(0, 3000))
def test_whole_numbers_are_those_of_the_twin(part, customers):
    assert targets.nearest(part, customers) == save.nearest(part, customers)


edges = st.tuples(
    st.lists(st.sampled_from([0.0, 0.125, 0.5, 0.75, 1.0]), max_size=3, unique=True).map(sorted),
    st.lists(st.integers(0, 9), max_size=3, unique=True).map(sorted),
)
warned = st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 0.9375, 1.0])


@given(edges, st.lists(st.tuples(warned, st.integers(0, 10)), max_size=8))
def test_cells_are_those_of_the_twin(of, people):
    found = targets.cells_of(
        np.array([w for w, _ in people], np.float32), np.array([v for _, v in people], np.int32), *of
    )
    p = dict(zip(("warning_edges", "visit_edges"), of, strict=True))
    assert found.tolist() == [save.cell_of(*person, p) for person in people]


few = st.integers(0, 6)
counted = st.tuples(few, few, few, few).map(lambda of: (of[0], min(of[:2]), of[2], min(of[2:])))


@given(st.lists(counted, min_size=1, max_size=6), st.sampled_from([0.0, 0.5, 20.0]))
def test_effects_are_those_of_the_twin(record, shrinkage):
    found = targets.shrunk_effects(np.array(record, np.int64).T, shrinkage)
    np.testing.assert_allclose(found, [save.shrunk_effect(*of, shrinkage) for of in record], rtol=1e-12, atol=1e-15)


lucky = st.integers(1, 7).map(lambda eighths: eighths / 8)
scored = st.lists(
    st.tuples(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0]), lucky), min_size=1, max_size=9
).flatmap(lambda of: st.tuples(st.just(of), st.permutations(range(len(of)))))  # fmt: skip


@given(scored, st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_who_is_picked_is_whom_the_twin_picks(people, k, explored, only_above):
    of, identity = people
    k = min(k, len(of))
    scores, luck = ([row[place] for row in of] for place in (0, 1))
    given_ = k, min(explored, k), scores, luck, identity, only_above
    found = targets.picked(*given_[:2], *(np.array(column) for column in given_[2:5]), only_above)
    assert sorted(found.tolist()) == sorted(save.picked(*given_))


N = 7
of_everybody = lambda values: st.lists(values, min_size=N, max_size=N)  # noqa: E731
seen_as = st.tuples(
    st.sampled_from([True, True, True, False]), warned, st.integers(0, 10), st.sampled_from([0, 100, 500, 900]),
    st.integers(-1, 25), st.sampled_from([0, 0, save.CONTACTED, save.HELD_OUT]), st.integers(0, 8), lucky,
    st.sampled_from([-0.5, 0.0, 0.25, 0.5, 1.0]), st.booleans(),
)  # fmt: skip
twentieth = st.integers(0, 20).map(lambda twentieths: twentieths / 20)  # of few people often a half
levers = st.fixed_dictionaries(
    {
        "save_rate": twentieth,
        "targeting": st.sampled_from(["risk", "value_risk", "uplift", "random", "oracle"]),
        "save_offer": st.integers(0, 900).map(lambda cents: cents / 100),
        "holdout": st.integers(0, 7).map(lambda eighths: eighths / 8),
        "explore": twentieth,
    }
)
CODES = ("save_state", "save_cell")


def kept(small: Small, seen: list[list[Any]], providers: list[int], left: list[bool]) -> list[list[save.Person]]:
    """Write what firms see of customers and what is true of them into a small world; return it as the twin sees it."""
    for j, row in enumerate(seen):
        columns = ("known", "warning", "seen_visits", "seen_spend", "seen_last", *CODES, "save_luck", "save_gain")
        for name, values in zip(columns, zip(*row, strict=True), strict=False):
            if name in small.c:
                small.c[name][j] = values
        small.c.reachable[j] = [of[-1] for of in row]
    small.c.provider[:] = providers
    small.c.exited[:] = [3 if gone else -1 for gone in left]
    own = [[provider == j and not gone for provider, gone in zip(providers, left, strict=True)] for j in range(2)]
    return [
        [save.Person(*of[:5], hers) for of, hers in zip(*rows, strict=True)] for rows in zip(seen, own, strict=True)
    ]


@pytest.mark.slow
@settings(max_examples=examples(25))
@given(
    per_firm(levers),
    per_firm(of_everybody(seen_as)),
    of_everybody(st.tuples(st.integers(-1, 1), st.booleans(), st.integers(-1, 60))),
    per_firm(st.none() | st.lists(counted, min_size=9, max_size=9)),
    st.permutations(range(N)),
    st.sampled_from([13, 26, 26, 27, 0]),
)
def test_campaigns_are_those_of_the_twin(policies, seen, truths, records, identities, t):
    small = campaigning(policies)
    p, key = save.EXAMPLE, stream_key(SEED, "save")
    small.c.customer_id[:] = identities
    providers, left, awake = ([of[k] for of in truths] for k in range(3))
    people = kept(small, seen, providers, left)
    if "awake_until" not in small.c:  # nobody campaigns
        assert all(policy["save_rate"] == 0.0 for policy in policies)
        return
    small.c.awake_until[:] = awake
    twins = [twin_of(policy, j, identities, key, p) for j, policy in enumerate(policies)]
    for j, (twin, record) in enumerate(zip(twins, records, strict=True)):
        twin.state, twin.cell, twin.luck, twin.gain = ([of[k] for of in seen[j]] for k in range(5, 9))
        twin.record = [list(of) for of in record] if record else twin.record
        small.c.save_record[:, :, j] = np.transpose(twin.record)
    small.phases(Phase.OPENING, t=t)
    found = [twin.choose(t, of_firm) for twin, of_firm in zip(twins, people, strict=True)]
    assert_counted(small, {name: [of[name] for of in found] for name in save.JUDGED})
    np.testing.assert_array_equal(small.c.save_record, np.transpose([twin.record for twin in twins]))
    np.testing.assert_array_equal(small.c.save_cell, [twin.cell for twin in twins])
    np.testing.assert_array_equal(small.c.save_state, [twin.state for twin in twins])
    small.phases(Phase.CONTACT, t=t)
    contacted = [twin.draw_lots(t) for twin in twins]
    for i in [i for of, those in zip(seen, contacted, strict=True) for i in those if of[i][-1]]:
        awake[i] = save.awake_until(awake[i], t, p["awake_for"])
    np.testing.assert_array_equal(small.c.save_state, [twin.state for twin in twins])
    for j, (twin, those) in enumerate(zip(twins, contacted, strict=True)):
        assert small.passing.approaches[j, :N].tolist() == [float(i in those) for i in range(N)]
        sent = [twin.policy.voucher * (i in those) for i in range(N)]
        assert small.passing.offer_value[j, :N].tolist() == sent
    held_out = [twin.state.count(save.HELD_OUT) if t in (13, 26) else 0 for twin in twins]
    assert_counted(small, {"save_contacted": [len(those) for those in contacted], "save_held_out": held_out})
    small.phases(Phase.NEED, t=t)
    assert small.c.awake_until.tolist() == awake


def campaigning(policies, **numbers):
    """Return a small world in which two firms hold campaigns to keep customers."""
    firms = [{"save": policy, "information": {"data_coverage": 1.0}} for policy in policies]
    return Small(N, firms, information={}, contacts={}, offers={}, save=numbers)


def twin_of(policy, j, identities, key, p):
    """Return the twin of the campaigns of a firm."""
    voucher = math.floor(100.0 * policy["save_offer"] + 0.5)
    own = save.Policy(policy["save_rate"], policy["targeting"], voucher, policy["holdout"], policy["explore"])
    return save.Campaigns(own, j, identities, key, p)


def test_the_lot_of_save_campaigns_is_drawn_in_the_period_before_for_who_holds_them():
    small = campaigning([{"save_rate": 0.5}, {}])
    small.c.save_luck.fill(0.25)
    identities, key = small.c.customer_id.tolist(), stream_key(SEED, "save")
    twins = [save.Campaigns(save.Policy(of), j, identities, key, save.EXAMPLE) for j, of in enumerate((0.5, 0.0))]
    for twin in twins:
        twin.luck = [0.25] * N
    for t in (0, 11, 12, 13, 25):
        small.run("save", draw_order, t)
        for twin in twins:
            twin.draw_order(t)
        np.testing.assert_array_equal(small.c.save_luck, [twin.luck for twin in twins])
        assert (twins[0].luck[0] == 0.25) == (t < 12)


@pytest.mark.parametrize(("save_rate", "known", "targets"), [(0.7, 5, 4), (0.9, 5, 5), (0.3, 5, 2), (0.35, 10, 4)])
def test_a_half_of_a_share_as_a_firm_sets_it_is_rounded_up(save_rate, known, targets):
    """0.7 of 5 are 3.5; of the float32 next to 0.7 they are a little less."""
    firm = {"save": {"save_rate": save_rate, "explore": 0.0}, "information": {"data_coverage": 1.0}}
    small = Small(known, [firm], information={}, contacts={}, offers={}, save={})
    small.c.known.fill(1)
    small.phases(Phase.OPENING, t=13)
    assert np.count_nonzero(small.c.save_state) == targets == save.nearest(save_rate, known)


def test_there_is_no_campaign_in_the_first_period():
    """Nor is anything forgotten then: codes stay as they are."""
    small = campaigning([{"save_rate": 0.5}, {"save_rate": 1.0}])
    twin = twin_of({"save_rate": 0.5, "save_offer": 0.0, **REST}, 0, range(N), (1, 2), save.EXAMPLE)
    small.c.known.fill(1)
    small.c.save_state.fill(save.TARGET)
    twin.state = [save.TARGET] * N
    small.phases(Phase.OPENING, Phase.CONTACT, t=0)
    twin.choose(0, [save.Person(True, 0.0, 1, 0, 0, True)] * N)
    assert small.c.save_state[0].tolist() == twin.state
    assert not twin.draw_lots(0)
    assert twin.state == [save.TARGET] * N
    assert np.all(small.c.save_state == save.TARGET)


REST = {"targeting": "risk", "holdout": 0.0, "explore": 0.2}
pair = st.tuples(share, share)


@settings(max_examples=examples(25))
@given(
    st.lists(
        st.tuples(
            pair, st.integers(-1, 1), st.booleans(), st.floats(0.0, 2.0, width=32), st.floats(0.5, 90.0, width=32),
            st.floats(0.0, 8.0, width=32), logit, st.integers(-1, 30),
        ),
        min_size=N, max_size=N,
    ),
    st.tuples(st.floats(0.0, 2.0, width=32), st.floats(0.0, 2.0, width=32)),
    st.tuples(st.integers(0, 90_00), st.integers(1, 30), share, st.integers(1, 30)),
    st.sampled_from([12, 25, 13]),
)  # fmt: skip
def test_what_a_contact_would_bring_is_what_the_twin_says(people, prices, numbers, t):
    cents, honoured_for, waking, awake_for = numbers
    own = {"save_rate": 0.5, "save_offer": cents / 100, "targeting": "oracle"}
    rest = {"information": {"data_coverage": 1.0}, "offers": {"honoured_for": honoured_for}}
    firms = [
        {"save": own, "price": prices[0], **rest},
        {"save": {**own, "targeting": "risk"}, "price": prices[1], **rest},
    ]
    small = Small(N, firms, information={}, contacts={}, offers={}, save={"waking": waking, "awake_for": awake_for})
    c = small.c
    c.save_gain.fill(-9.0)
    small.passing.utility.fill(2.0)
    small.passing.utility_of_switching_cost.fill(0.0)
    expected, awake = [-9.0] * N, np.full((2, N), 2.0)
    for i, ((total, part), provider, left, rate, basket, response, cost, until) in enumerate(people):
        c.preference[:, i] = preference = total * part, total * (1.0 - part)
        c.provider[i], c.exited[i], c.purchase_rate[i] = provider, 2 if left else -1, rate
        c.basket[i], c.price_response[i], c.awake_until[i] = basket, response, until
        if provider >= 0:
            small.passing.utility_of_switching_cost[provider, i] = cost
            awake[provider, i] -= waking * cost * (t <= until)
        if t in (12, 25):
            pull, loss = response * offers.voucher_worth(cents, basket, prices[0]), waking * cost * (provider >= 0)
            expected[i] = save.gain(0, preference, provider, left, pull, loss, rate, honoured_for, awake_for)
    small.run("save", foresee_gain, t)
    np.testing.assert_allclose(c.save_gain, [expected, [-9.0] * N], rtol=2e-5, atol=1e-5)
    small.run("save", wake, t)
    np.testing.assert_allclose(small.passing.utility[:, :N], awake, rtol=1e-6, atol=1e-6)


KNOWING = {"data_coverage": 0.5}
SAVERS = {
    "off": ["word_of_mouth"],
    "population": {"customers": 120, "purchase_rate": 0.4},
    "pricing": {"price_sensitivity": 2.0},
    "lifecycle": {"dormant_after": 4, "lost_after": 8},
    "defection": {"exit_rate": 0.01},
    "information": {},
    "contacts": {"data_decay": 0.03},
    "offers": {},
    "save": {"every": 5, "awake_for": 8, "shrinkage": 2.0, "waking": 0.5},
    "firms": [
        {"name": "north", "save": {"save_rate": 0.35, "targeting": "uplift", "save_offer": 9.0, "holdout": 0.4}},
        {"name": "east", "save": {"save_rate": 0.3, "targeting": "oracle", "save_offer": 4.0}, "price": 0.95},
        {"name": "south", "save": {"save_rate": 0.7, "targeting": "value_risk", "save_offer": 60.0, "holdout": 0.25}},
        {"name": "west", "save": {"save_rate": 0.5, "explore": 0.0, "holdout": 0.5}, "offers": {"honoured_for": 3}},
    ],
}
for of in SAVERS["firms"]:
    of["information"] = KNOWING
OF_PAIRS = ("known", "warning", "seen_visits", "seen_spend", "seen_last", "reachable")
PER_FIRM = (*save.JUDGED, "save_contacted", "save_held_out", *offers.COUNTS)


def people_of(world) -> list[list[save.Person]]:
    """Return what each firm knows of each customer at the end of a period, and whose she is."""
    c = world.customers
    of = [c[name].tolist() for name in OF_PAIRS[:5]]
    own = [[p == j and gone < 0 for p, gone in zip(c.provider, c.exited, strict=True)] for j in range(world.m)]
    return [[save.Person(*person) for person in zip(*row, strict=True)] for row in zip(*of, own, strict=True)]


def true_gains(world, j, p, honoured_for, left) -> list[float]:
    """Return what a contact of firm j would bring it of each customer, by what a period leaves behind."""
    c, of_leaving = world.customers, world.passing[0].utility_of_switching_cost.sum(axis=0)
    found = []
    for i in range(world.n):
        cents, basket, response = int(world.firms.save_voucher[j]), float(c.basket[i]), float(c.price_response[i])
        pull = response * offers.voucher_worth(cents, basket, float(world.firms.price[j]))
        numbers = float(c.purchase_rate[i]), honoured_for, p["awake_for"]
        preference, provider = c.preference[:, i].tolist(), int(c.provider[i])
        loss = p["waking"] * float(of_leaving[i])
        found.append(save.gain(j, preference, provider, bool(left[i]), pull, loss, *numbers))
    return found


def test_a_whole_market_is_that_of_the_twins():
    """What firms know and whom customers choose is read off the market; the twins work out campaigns and vouchers."""
    scenario = Scenario.parse({"periods": 36, **SAVERS})
    engine = Engine(scenario, seed=7)
    world, c, p = engine.world, engine.world.customers, {**save.EXAMPLE, **SAVERS["save"]}
    honoured_for = [firm.offers.honoured_for for firm in scenario.firms]
    identities, key = c.customer_id.tolist(), stream_key(7, "save")
    twins = [twin_of(firm.save.model_dump(), j, identities, key, p) for j, firm in enumerate(scenario.firms)]
    holdings, awake, totals = Holdings(honoured_for, 120), [-1] * 120, dict.fromkeys(PER_FIRM, 0)
    for t in range(36):
        people, left, reachable = people_of(world), (c.exited >= 0).tolist(), c.reachable.tolist()
        engine.run(1)
        holdings.begin()
        judged = [twin.choose(t, of_firm) for twin, of_firm in zip(twins, people, strict=True)]
        contacted = [twin.draw_lots(t) for twin in twins]
        for j, i in ((j, i) for j, those in enumerate(contacted) for i in those):
            holdings.send(t, j, i, twins[j].policy.voucher, people[j][i].known, reachable[j][i])
            awake[i] = save.awake_until(awake[i], t, p["awake_for"]) if reachable[j][i] else awake[i]
        for i, j, paid, used in visited(engine, "visit_customer", "visit_firm", "visit_spend", "visit_offer"):
            assert used == holdings.redeem(t, j, i, paid)
        for twin in twins:
            twin.draw_order(t)
        if (t + 1) % p["every"] == 0:
            gains = true_gains(world, 1, p, honoured_for[1], left)
            np.testing.assert_allclose(c.save_gain[1], gains, rtol=1e-4, atol=1e-4)
            twins[1].gain = c.save_gain[1].tolist()  # to the last bit, for who comes first
        for name in ("state", "cell", "luck", "gain"):
            np.testing.assert_array_equal(c[f"save_{name}"], [getattr(twin, name) for twin in twins], err_msg=name)
        np.testing.assert_array_equal(c.save_record, np.transpose([twin.record for twin in twins]))
        assert c.awake_until.tolist() == awake
        for name, column in (("cents", c.voucher), ("until", c.voucher_until)):
            np.testing.assert_array_equal(column, [[getattr(v, name) for v in row] for row in holdings.vouchers])
        held_out = [twin.state.count(save.HELD_OUT) if save.holds_campaign(t, p["every"]) else 0 for twin in twins]
        expected = {name: [of[name] for of in judged] for name in save.JUDGED} | holdings.counts
        expected |= {"save_contacted": [len(those) for those in contacted], "save_held_out": held_out}
        for name, of_twin in expected.items():
            assert world.history[t, world.rows[name], :4].tolist() == of_twin, name
            totals[name] = np.add(totals[name], of_twin)
    assert all(np.sum(totals[name]) > 0 for name in PER_FIRM)
    assert_measured(world, totals)


def assert_measured(world, totals):
    """Compare what is measured of a market with what the twins make of all that was counted."""
    tallied = Tallied({name: world.tallied(name).sum(axis=0) for name in world.rows}, 52, world.periods)
    for j in range(world.m):
        of = {name: int(total[j]) for name, total in totals.items()}
        seen, held = ([of[name] for name in save.JUDGED[first : first + 3]] for first in (0, 3))
        expected = {
            save_contact_rate: of["save_contacted"] / (world.n * world.periods),
            save_effect: save.difference(seen[0], seen[1], held[0], held[1]),
            kept_per_thousand: 1000.0 * save.difference(seen[0], seen[2], held[0], held[2]),
            offer_redemption: offers.redemption(of["offers_received"], of["offers_redeemed"]),
            offer_cost: offers.yearly_cost(of["offers_cost"], world.n, world.periods / 52),
        }
        for measure, value in expected.items():
            assert measure(tallied)[j] == pytest.approx(math.nan if value is None else value, nan_ok=True), measure.name
