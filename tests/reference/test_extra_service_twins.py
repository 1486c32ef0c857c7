"""The twins of what goes wrong, of extras and of servers: by numbers worked by hand, and against the kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.mechanisms.phases import Phase
from abm.mechanisms.service.failure_causes import book_care, name_causes
from abm.mechanisms.service.servers import ask_for_another, book_continuity
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import delight, failure_causes, servers
from tests.reference.by_hand import SEED, assert_counted, effort, listed, per_firm, put, share, visits_with
from tests.reference.closeness import near
from tests.reference.random_numbers import stream_key

OTHERS = ("taste", "word_of_mouth")  # theories that add to performance, too


class TestFailureCausesByHand:
    policy = failure_causes.Policy((0.35, 0.15, 0.1), (0.5, 0.0, 0.2, 0.0))

    def test_what_is_left(self):
        """Half of the core's 0.4; 0.35 of treatment, half of that repaired; 0.8 of the 0.15 of charges; 0.1."""
        left = self.policy.left([0.0, 0.5, 0.0, 0.0])
        assert left == pytest.approx([0.2, 0.175, 0.12, 0.1])
        assert failure_causes.bounds(left) == pytest.approx([0.2 / 0.595, 0.375 / 0.595, 0.495 / 0.595])

    def test_causes(self):
        left = [0.25, 0.0, 0.25, 0.5]
        assert [failure_causes.cause(u, left) for u in (0.1, 0.24, 0.3, 0.6, 0.9)] == [1, 1, 3, 4, 4]

    def test_cost(self):
        """0.25 (ln 2 + ln 1.25) = 0.229073 cu a visit."""
        assert self.policy.cost(10) == 10 * 2291


CARES = ("core_care", "attitude_care", "price_care", "information_care")
PARTS = ("attitude_part", "price_part", "information_part")
given_parts = st.tuples(*[st.floats(0.0, 0.3125, width=32)] * 3)
cared = st.tuples(effort, effort, effort, effort)


@settings(max_examples=examples(25))
@given(
    per_firm(st.tuples(given_parts, cared)),
    per_firm(st.tuples(*[st.floats(0.0, 0.9375, width=32)] * 4)),
    visits_with(st.booleans().map(lambda failed: (failed,))),
    st.integers(0, 9),
)
def test_causes_of_failures_are_those_of_the_twin(levers, repaired, visits, t):
    """Whether a visit fails at what is left of the risk is for the encounter to say; here those told to do."""
    own = [dict(zip((*PARTS, *CARES), (*parts, *cares), strict=True)) for parts, cares in levers]
    small = Small(3, [{"failure_causes": policy} for policy in own], failure_causes={})
    policies = [failure_causes.Policy(*lever) for lever in levers]
    small.c.repaired[:] = np.transpose(repaired)
    people = listed(small, visits)
    small.phases(Phase.DELIVERY, t=t)
    left = [policy.left(part) for policy, part in zip(policies, repaired, strict=True)]
    np.testing.assert_allclose(small.at("failure_risk"), [sum(left[j]) for _, j, *_ in visits], atol=1e-6)
    put(small, failure_cause=[failed for *_, failed in visits])
    small.run("failure_causes", name_causes, t)
    expected = np.zeros((7, 2), int)
    for v, (_, j, identity, nth) in enumerate(people):
        u = failure_causes.draw(stream_key(SEED, "failure_causes"), identity, t, nth, 0)
        assume(not failure_causes.is_close(u, left[j]))
        cause = failure_causes.cause(u, left[j]) if visits[v][2] else 0
        assert small.at("failure_cause")[v] == cause
        expected[cause, j] += cause > 0
    assert_counted(small, {"failures_by_cause": expected})


class TestDelightByHand:
    p = delight.EXAMPLE

    def test_what_is_added(self):
        """An extra of 0.1; a surprise of 0.2 on every fourth visit adds 0.15, one on every visit nothing."""
        assert delight.Policy(0.1).shift(False, self.p) == 0.1
        assert delight.Policy(0.1, 0.25).shift(True, self.p) == pytest.approx(0.25)
        assert delight.Policy(0.0, 1.0).shift(True, self.p) == 0.0

    def test_cost(self):
        """20 ln(1 / 0.9) = 2.107210 cu, and 6 a surprise."""
        assert [delight.Policy(0.1).cost(surprised) for surprised in (False, True)] == [211, 811]

    def test_who_is_delighted(self):
        assert [delight.is_delighted(s, self.p) for s in (0.89, 0.9)] == [False, True]


@settings(max_examples=examples(25))
@given(
    st.fixed_dictionaries({"surprise_size": share, "delighted_from": share}),
    per_firm(st.tuples(st.floats(0.0078125, 0.5, width=32), share)),
    visits_with(st.tuples(share)),
    st.integers(0, 9),
)
def test_delight_is_that_of_the_twin(numbers, levers, visits, t):
    small = Small(
        3, [{"delight": {"extra": e, "surprise_rate": rate}} for e, rate in levers], delight=numbers, off=OTHERS
    )
    policies, p = [delight.Policy(*lever) for lever in levers], {**delight.EXAMPLE, **numbers}
    people = listed(small, visits)
    small.phases(Phase.DELIVERY, t=t)
    put(small, transaction=[s for *_, s in visits])
    small.phases(Phase.RECOVERY, t=t)
    expected = {"delighted": [0, 0], "spent_on_delight": [0, 0]}
    for v, (_, j, identity, nth) in enumerate(people):
        u, s = delight.draw(stream_key(SEED, "delight"), identity, t, nth, 0), visits[v][2]
        assume(not near(s, p["delighted_from"]))
        surprised = u < policies[j].surprise_rate
        assert small.at("performance_shift")[v] == pytest.approx(policies[j].shift(surprised, p), abs=1e-6)
        assert small.at("delight_cost")[v] == policies[j].cost(surprised)
        expected["delighted"][j] += delight.is_delighted(s, p)
        expected["spent_on_delight"][j] += policies[j].cost(surprised)
    assert_counted(small, expected)


class TestServersByHand:
    def test_who_serves(self):
        """Her own with luck below continuity; else one of 4 by the other luck; without one of her own always so."""
        policy = servers.Policy(4, 0.5)
        assert [policy.met(*given) for given in ((2, (0.4, 0.9)), (2, (0.5, 0.9)), (255, (0.4, 0.24)))] == [2, 3, 0]

    def test_what_a_server_adds(self):
        assert servers.shift(-1.5, 0.05) == pytest.approx(-0.075)

    def test_cost(self):
        """0.3 ln 2 = 0.207944 cu a visit."""
        assert servers.Policy(4, 0.5).cost(5) == 5 * 2079

    def test_whom_she_gives_up(self):
        assert [servers.is_bad(s, servers.EXAMPLE) for s in (0.49, 0.5)] == [True, False]


@settings(max_examples=examples(25))
@given(
    st.fixed_dictionaries({"parted_below": share}),
    per_firm(st.tuples(st.integers(1, 5), effort, share)),
    st.lists(visits_with(st.tuples(share)), min_size=1, max_size=3),
)
def test_servers_are_those_of_the_twin(numbers, levers, periods):
    firms = [
        {"servers": {"team": team, "continuity": continuity}, "service": {"spread_between": spread}}
        for team, continuity, spread in levers
    ]
    small = Small(3, firms, servers=numbers, off=OTHERS)
    policies, key = [servers.Policy(*lever[:2]) for lever in levers], stream_key(SEED, "servers")
    ability = [[servers.ability(key, j, server, 0) for server in range(5)] for j in range(2)]
    np.testing.assert_allclose(small.c.ability[:, :5], ability, atol=1e-5)
    own, again = [[servers.NO_SERVER] * 3 for _ in firms], [0, 0]
    for t, visits in enumerate(periods):
        people = listed(small, visits)
        small.phases(Phase.DELIVERY, t=t)
        put(small, transaction=[s for *_, s in visits])
        small.run("servers", ask_for_another, t)
        for v, (i, j, identity, nth) in enumerate(people):
            luck = servers.draws(key, identity, t, nth, 0)
            assume(not near(luck[0], policies[j].continuity))
            met = policies[j].met(own[j][i], luck)
            again[j] += met == own[j][i]
            own[j][i] = met
            assert small.at("met_server")[v] == met
            shift = servers.shift(ability[j][met], levers[j][2])
            assert small.at("performance_shift")[v] == pytest.approx(shift, abs=1e-5)
        for i, j, s in visits:
            own[j][i] = servers.NO_SERVER if servers.is_bad(s, numbers) else own[j][i]
        np.testing.assert_array_equal(small.c.own_server, own)
    assert_counted(small, {"served_again": again})


@settings(max_examples=examples(20))
@given(st.tuples(effort, effort, effort, effort), effort, st.integers(0, 1000))
def test_care_and_continuity_cost_what_the_twins_say(care, continuity, visits):
    own = dict(zip(CARES, care, strict=True))
    firms = [{"failure_causes": own, "servers": {"team": 2, "continuity": continuity}}]
    small = Small(1, firms, failure_causes={}, servers={})
    small.world.lookup("visits", 0)[0] = visits
    small.run("failure_causes", book_care)
    small.run("servers", book_continuity)
    kept = failure_causes.Policy(care=care).cost(visits), servers.Policy(2, continuity).cost(visits)
    assert_counted(small, {"care": [kept[0]], "continuity_kept": [kept[1]]})
