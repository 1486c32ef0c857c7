"""The twin of channels: by numbers worked by hand, and against kernels, measures and whole markets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.relationship.switching_cost import grow_bond
from abm.mechanisms.service.channels import Channels
from abm.mechanisms.service.channels_kernels import (
    CHANNELS,
    add_access,
    add_channel_cost,
    book_channels,
    book_sharing,
    count_channels,
)
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import channels, switching_cost
from tests.reference.by_hand import (
    SEED,
    assert_counted,
    listed,
    per_firm,
    per_pair,
    put,
    share,
    visits_with,
    whose,
)
from tests.reference.channels import KEPT, LOST, NO_CHANNEL, NO_HANDOVER, Policy, Touched
from tests.reference.closeness import as_single
from tests.reference.random_numbers import stream_key

P = channels.EXAMPLE
OFF = ("taste", "word_of_mouth")  # theories that add to performance, too
OWN = ("open", "remote_quality", "remote_quality_cost", "self_service_discount", "shared_records", "sharing_cost")
LISTS = ("handling_costs", "channel_costs")


class TestByHand:
    def test_weights(self):
        """e^(0.4 / 0.2); no exponent is beyond 30."""
        assert channels.pull(0.4, 0.2) == pytest.approx(math.exp(2.0))
        assert [channels.pull(liking, 0.01) for liking in (5.0, -5.0)] == [math.exp(30.0), math.exp(-30.0)]

    def test_a_discount_weighs_on_self_service_alone(self):
        """2 logit units a price index, 0.5 of it, 0.25 off: 0.25 / 0.5 in the exponent."""
        policy = Policy(("self_service", "phone"), self_service_discount=0.25, price=0.5)
        assert policy.weights([1, 3, 9, 9, 9, 4], 2.0, P | {"occasion_spread": 0.5}) == [3, 4 * math.exp(0.5)]

    def test_access(self):
        """Counter 1 and phone 3: 0.2 ln 4; without the counter 0.2 ln 3, below what the counter is worth if below 1."""
        lasting = [1, 3, 9, 9, 9, 0.5]
        found = [Policy(names).access(lasting, 1.0, P) for names in (("phone", "counter"), ("phone",), ("counter",))]
        assert found == pytest.approx([0.2 * math.log(4.0), 0.2 * math.log(3.0), 0.0])
        assert Policy(("self_service",)).access(lasting, 1.0, P) == pytest.approx(-0.2 * math.log(2.0))

    def test_picks(self):
        """Where the weights do not reach, as rounding may have it, it is the last one."""
        policy = Policy(("counter", "chat", "self_service"))
        assert [policy.pick(u, [1, 1, 2]) for u in (0.2, 0.25, 0.49, 0.5, 0.9, 1.0)] == [0, 4, 4, 5, 5, 5]

    def test_contexts(self):
        """Nobody's first visit is a change; who is not known tells her story again."""
        found = [channels.context(*given) for given in (
            (NO_CHANNEL, 1, True, 0.1, 0.5), (1, 1, True, 0.9, 0.5), (0, 1, True, 0.1, 0.5), (0, 1, True, 0.5, 0.5),
            (1, 0, False, 0.1, 0.5),
        )]  # fmt: skip
        assert found == [NO_HANDOVER, NO_HANDOVER, KEPT, LOST, LOST]

    def test_what_a_visit_lacks(self):
        """Half of e-mail's 0.04, and 0.03 for a story lost, which at the counter is all."""
        policy = Policy(CHANNELS, remote_quality=0.5)
        assert [policy.shift(*of, P) for of in ((2, KEPT), (2, LOST), (0, LOST))] == pytest.approx(
            [-0.02, -0.05, -0.03]
        )
        assert [policy.met(c, P) for c in (0, 1, 5)] == [as_single(0.8), as_single(0.4), as_single(0.1)]

    def test_money(self):
        """0.2 ln 2 - 0.25 cu by phone; 23 cu for 1,000; 0.02 ln 2 cu a record; 0.25 off what 0.2 off has left."""
        policy = Policy(("e_mail", "counter", "phone"), 0.5, shared_records=0.5, self_service_discount=0.25)
        assert [policy.expense(0), policy.expense(1)] == [0, -11]
        assert (policy.upkeep(1000), policy.sharing(10)) == (2_300_000, 1390)
        assert [policy.discount(5, 0.2), policy.discount(1, 0.2)] == pytest.approx([0.4, 0.2])

    def test_measures(self):
        """2 at the counter with 1, 2 by phone with 0.5: a mean of 0.75, from which each is 0.25 off."""
        counts = {name: [0] for name in channels.COUNTS} | {"handovers": [2], "contexts_lost": [1]}
        counts["channel_visits"], half = [[2], [2], [0], [0], [0], [0]], channels.STEPS
        counts["channel_transaction"] = [[2 * half], [half], [0], [0], [0], [0]]
        assert channels.measures(counts, 0) == {
            "remote_share": 0.5, "self_service_share": 0.0, "contact_richness": 0.0, "handover_rate": 0.5,
            "lost_context_share": 0.5, "touch_point_spread": 0.25,
        }  # fmt: skip


def five(values: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, ...]]:
    """Draw a value for each channel but the counter."""
    return st.tuples(*[values] * 5)


spread = st.sampled_from([0.0625, 0.25, 1.0, 8.0])
numbers_drawn = st.fixed_dictionaries({
    "appeal": five(st.floats(-4.0, 4.0, width=32)),
    "appeal_spread": st.floats(0.0, 2.0, width=32),
    "occasion_spread": spread,
    "distant_richness": five(st.floats(0.0, 0.984375, width=32)),
    "shortfall": five(share),
    "context_loss": share,
})  # fmt: skip
cost = st.floats(0.0, 99.0, width=32)
policy_drawn = st.builds(
    Policy,
    open=st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=6, unique=True).map(tuple),
    remote_quality=st.floats(0.0, 0.984375, width=32),
    remote_quality_cost=cost,
    self_service_discount=st.one_of(st.just(0.0), st.floats(0.0, 0.875, width=32)),
    shared_records=st.one_of(st.just(0.0), st.floats(0.0, 0.984375, width=32)),
    sharing_cost=cost,
    handling_costs=five(st.floats(-9.0, 9.0, width=32)),
    channel_costs=five(cost),
    price=st.floats(0.25, 4.0, width=32),
    richness=st.floats(0.0, 0.984375, width=32),
)
identities_drawn = st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3, unique=True)


def section(policy: Policy) -> dict[str, Any]:
    """Return what a firm sets by a policy of the twin."""
    return {name: getattr(policy, name) for name in (*OWN, *LISTS)}


def staged(
    policies: tuple[Policy, ...], numbers: dict[str, Any], identities: list[int], replication: int, **sections: Any
) -> tuple[Small, Touched]:
    """Return a small market of which some firm has more than the counter, and its twin."""
    assume(not all(policy.counter_alone for policy in policies))
    firms = [
        {"channels": section(policy), "information": {"data_coverage": 0.5}, "price": policy.price,
         "service": {"richness": policy.richness}}
        for policy in policies
    ]  # fmt: skip
    small = Small(3, firms, channels=numbers, information={}, off=OFF, **sections)
    small.world.replication = replication
    small.c.customer_id[:] = identities
    next(m for m in small.scenario.mechanisms() if m.name == "channels").begin(small.world, SEED)
    key = stream_key(SEED, "channels")
    return small, Touched(list(policies), list(identities), key, numbers, replication)


class TestKernels:
    @settings(max_examples=examples(25))
    @given(per_firm(policy_drawn), numbers_drawn, identities_drawn, st.integers(0, 3))
    def test_likings(self, policies, numbers, identities, replication):
        small, twin = staged(policies, numbers, identities, replication)
        weights = [[channels.pull(liking, twin.p["occasion_spread"]) for liking in row] for row in twin.likings]
        found = small.c.channel_pull.T
        assert found[:, 0].tolist() == [1.0] * 3
        beyond = np.abs(np.log(weights)) < 29.99
        expected = np.array(twin.likings) / numbers["occasion_spread"]
        np.testing.assert_allclose(np.log(found)[beyond], expected[beyond], atol=1e-4)
        np.testing.assert_allclose(found[~beyond], np.array(weights)[~beyond], rtol=2e-2)
        np.testing.assert_allclose(np.log(found), np.log(weights), atol=1e-4)

    @settings(max_examples=examples(25))
    @given(
        per_firm(policy_drawn), numbers_drawn, identities_drawn,
        st.lists(st.floats(0.0, 4.0, width=32), min_size=3, max_size=3),
    )  # fmt: skip
    def test_access(self, policies, numbers, identities, responses):
        small, twin = staged(policies, numbers, identities, 0)
        small.c.price_response[:] = responses
        small.passing.utility.fill(1.0)
        small.run("channels", add_access)
        expected = [
            [1.0 + policy.access(twin.lasting(i), responses[i], twin.p) for i in range(3)] for policy in policies
        ]
        np.testing.assert_allclose(small.passing.utility[:, :3], expected, atol=2e-4)

    @settings(max_examples=examples(40))
    @given(
        per_firm(policy_drawn), numbers_drawn, identities_drawn, st.integers(0, 3), per_firm(share),
        per_pair(st.tuples(st.sampled_from([0, 1, 4, 5, NO_CHANNEL]), st.booleans())),
        st.lists(st.floats(0.0, 4.0, width=32), min_size=3, max_size=3), visits_with(st.tuples(share)),
        st.integers(0, 9),
    )  # fmt: skip
    def test_visits(self, policies, numbers, identities, replication, use, pairs, responses, visits, t):
        small, twin = staged(policies, numbers, identities, replication)
        last, known = ([[one[k] for one in row] for row in pairs] for k in (0, 1))
        twin.last, twin.use = [list(row) for row in last], list(use)
        small.c.last_channel[:], small.c.known[:], small.c.context_use[:] = last, known, use
        small.c.price_response[:] = responses
        small.c.personal_bond[:] = 0.25
        bonds = [[0.25] * 3 for _ in policies]
        people = listed(small, visits)
        small.phases(Phase.DELIVERY, t=t)
        expected = [twin.visit(i, j, t, nth, known[j][i], responses[i]) for i, j, _, nth in people]
        assume(not twin.close)
        assert small.at("visit_channel").tolist() == [one.c for one in expected]
        assert small.at("visit_context").tolist() == [one.context for one in expected]
        assert small.c.last_channel.tolist() == twin.last
        assert small.at("performance_shift") == pytest.approx([one.shift for one in expected], abs=1e-6)
        shifts = [
            one.richness - as_single(policies[j].richness) for (_, j, *_), one in zip(people, expected, strict=True)
        ]
        assert small.at("richness_shift") == pytest.approx(shifts, abs=1e-6)
        off = [policies[j].discount(one.c) for (_, j, *_), one in zip(people, expected, strict=True)]
        assert small.at("visit_discount") == pytest.approx(off, abs=1e-6)
        small.run("switching_cost", grow_bond, t)
        for (i, j, *_), shift in zip(people, shifts, strict=True):
            bonds[j][i] = switching_cost.updated_bond(bonds[j][i], policies[j].richness, switching_cost.EXAMPLE, shift)
        np.testing.assert_allclose(small.c.personal_bond, bonds, atol=1e-6)
        put(small, transaction=[s for *_, s in visits])
        small.run("channels", count_channels, t)
        for (_, j, s), one in zip(visits, expected, strict=True):
            twin.count(j, one.c, s)
        assert_counted(small, twin.counts)

    @settings(max_examples=examples(25))
    @given(
        st.floats(0.0, 0.984375, width=32), st.lists(st.tuples(whose, st.floats(-1.5, 1.5)), max_size=9),
        per_pair(share), st.floats(0.0625, 1.0, width=32),
    )  # fmt: skip
    def test_bonds(self, richness, visits, bonds, rate):
        """Whatever is added to richness, contact is neither poorer than none nor richer than can be."""
        firms = [{"channels": {"open": ("phone",)}, "service": {"richness": richness}}, {}]
        small = Small(3, firms, channels={}, information={}, switching_cost={"bond_rate": rate})
        visits = sorted(visits)
        listed(small, [of for of, _ in visits])
        put(small, richness_shift=[shift for _, shift in visits])
        small.c.personal_bond[:] = bonds
        small.run("switching_cost", grow_bond)
        own = [as_single(firm.service.richness) for firm in small.scenario.firms]
        for (i, j), shift in visits:
            bonds[j][i] = switching_cost.updated_bond(bonds[j][i], own[j], {"bond_rate": rate}, shift)
        np.testing.assert_allclose(small.c.personal_bond, bonds, atol=2e-6)

    @settings(max_examples=examples(25))
    @given(per_firm(policy_drawn), visits_with(st.tuples(st.integers(0, 5), st.integers(-999, 999))))
    def test_costs(self, policies, visits):
        """On top of what else levers cost on the visit."""
        small, _ = staged(policies, P, [0, 1, 2], 0, surplus={})
        listed(small, visits)
        put(small, visit_channel=[c for _, _, c, _ in visits], visit_cost=[cents for *_, cents in visits])
        small.run("channels", add_channel_cost)
        assert small.at("visit_cost").tolist() == [cents + policies[j].expense(c) for _, j, c, cents in visits]

    @settings(max_examples=examples(25))
    @given(per_firm(policy_drawn), per_firm(st.integers(0, 3)))
    def test_books(self, policies, known):
        small, twin = staged(policies, P, [0, 1, 2], 0)
        small.world.lookup("known_customers", 0)[:2] = known
        small.run("channels", book_channels)
        small.run("channels", book_sharing)
        twin.end(known)
        assert_counted(small, {name: twin.counts[name] for name in channels.COUNTS[-2:]})

    @settings(max_examples=examples(25))
    @given(share, visits_with(st.tuples(share)))
    def test_discounts_of_members(self, off, visits):
        """The discount for self-service is off what is left of the price."""
        program = {"member_discount": min(off, 0.5), "enrolment": "automatic"}
        firm = {"channels": {"open": ("self_service",), "self_service_discount": 0.25}, "program": program}
        small = Small(3, [firm, {}], channels={}, information={}, off=OFF)
        small.c.member[0] = [1, 0, 1]
        listed(small, visits)
        small.phases(Phase.DELIVERY)
        p = Policy(("self_service",), self_service_discount=0.25)
        before = [min(off, 0.5), 0.0, min(off, 0.5)]
        expected = [0.0 if j else p.discount(5, before[i]) for i, j, _ in visits]
        assert small.at("visit_discount") == pytest.approx(expected, abs=1e-6)


counted_drawn = st.fixed_dictionaries({
    "channel_visits": st.lists(per_firm(st.integers(0, 5)), min_size=6, max_size=6),
    "s": st.lists(per_firm(share), min_size=6, max_size=6),
    "richness_sum": per_firm(st.integers(0, 10**7)),
    "handovers": per_firm(st.integers(0, 9)),
})  # fmt: skip


@settings(max_examples=examples(50))
@given(counted_drawn)
def test_measures_are_those_of_the_twin(counted):
    visits = counted["channel_visits"]
    sums = [[round(n * s * channels.STEPS) for n, s in zip(*rows, strict=True)]
            for rows in zip(visits, counted.pop("s"), strict=True)]  # fmt: skip
    counts = counted | {"channel_transaction": sums, "contexts_lost": [n // 2 for n in counted["handovers"]]}
    arrays = {name: np.array(rows, float) for name, rows in counts.items()}
    for name in ("channel_transaction", "richness_sum"):
        arrays[name] /= channels.STEPS
    arrays = {name: np.concatenate([array, array[..., :1]], axis=-1) for name, array in arrays.items()}  # and nobody's
    arrays["visits"] = arrays["channel_visits"].sum(axis=0)
    with np.errstate(all="ignore"):
        found = {kpi.name: kpi(Tallied(arrays, 52, 1)) for kpi in Channels.kpis}
    for j in range(2):
        expected = channels.measures(counts, j)
        assert {name: of[j] for name, of in found.items()} == pytest.approx(expected, rel=1e-9, abs=1e-7, nan_ok=True)
