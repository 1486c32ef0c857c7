"""The twins of competition, and of entry and exit: by hand, against kernels and functions, and in whole markets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from abm.core import streams
from abm.core.parameters import meaning_of
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.market import competition as theory
from abm.mechanisms.market import entry as gates
from abm.mechanisms.market.competition_kernels import count_switchers, note_rivalry
from abm.mechanisms.market.entry_kernels import become_known, forfeit_points, note_open, part_from_customers
from abm.mechanisms.market.lever_moves import move_levers
from abm.mechanisms.market.stances import Rule, strength_against
from abm.scenario.scenario import Scenario
from abm.world.calendar import NEVER
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import competition, entry
from tests.reference.by_hand import SEED, share
from tests.reference.closeness import as_single
from tests.reference.competition import STANCES, THREE, Firm, Seen
from tests.reference.entry import ACTIVE, CLOSED, DORMANT, LOST, NOT_YET, OPEN, PROSPECT, WON_BACK, Customer, Gate
from tests.reference.random_numbers import stream_key

FULL: dict[str, Any] = {  # theories that have levers which some stance moves, and what these need
    "advertising": {}, "win_back": {}, "convenience": {}, "care": {}, "complaint": {}, "recovery": {},
    "waiting_line": {}, "contact_centre": {}, "information": {}, "customer_classes": {}, "contacts": {}, "offers": {},
    "save": {},
}  # fmt: skip
SET: dict[str, Any] = {
    "name": "north", "price": 1.02, "fixed_cost": 50.0, "program": {"preset": "points"}, "initial_awareness": 0.9,
    "service": {"quality": 0.8, "failure_rate": 0.1}, "advertising": {"advertising_spend": 0.02},
    "win_back": {"acquisition_budget": 0.01}, "convenience": {"outlets": 3}, "care": {"regular_contact": 0.1},
    "recovery": {"compensation": 0.1}, "waiting_line": {"servers": 4}, "contact_centre": {"agents": 4},
    "information": {"data_coverage": 1.0},
}  # fmt: skip
limit = st.sampled_from([0.0, 0.75, 0.8, 0.9, 1.05, 1.1, 1.15, 10.0])
strong = st.one_of(limit, st.floats(0.0, 10.0))
loss = st.one_of(st.sampled_from([-0.1, 0.0, 1e-9, 0.05, 0.1]), st.floats(-1.0, 1.0))
SHARES = ("attack_share", "defend_share", "retreat_share", "stage_strategy_share")
RATES = ("relative_strength", "lost_to_rivals", "net_loss_to_rivals", "posted_price")


def number(held: np.generic) -> float:
    """Return a lever as it is held as a number: float32 by its shortest decimals, cents in cu."""
    if held.dtype == np.int64:
        return int(held) / 100.0
    return float(str(np.float32(held))) if held.dtype == np.float32 else float(held)


@dataclass(frozen=True)
class Kind:
    """How a lever is held, and its bounds."""

    least: float
    most: float
    is_whole: bool
    cents: int  # 0 = float32, else parts of 1

    def held(self, value: float) -> float:
        """Return a number as the lever holds it."""
        if self.is_whole:
            return value
        if self.cents:
            return math.floor(self.cents * value + 0.5) / self.cents
        return number(np.float32(value))


def sections(firm: Any, name: str) -> Any:
    """Return the part of a firm that a lever stands in, None if it does without."""
    section = competition.LEVERS[name][1]
    return getattr(firm, section) if section else firm


def kind_of(world: Any, firm: Any, name: str) -> Kind:
    """Return how a lever of a firm is held."""
    found = type(sections(firm, name)).model_fields[name]
    meant, dtype = meaning_of(found), world.firms[name].dtype
    return Kind(*meant.bounds, found.annotation is int, 100 if dtype == np.int64 else 0)


class TestByHand:
    def test_moves(self):
        assert competition.moved("times", -1, 2.0, 0.25) == 1.5
        assert competition.moved("plus", 1, 2.0, 0.25) == 2.25
        assert competition.moved("towards", 1, 0.5, 0.5) == 0.75
        assert competition.held_within(5.0, 4.0, 0, 9, True) == 5.0
        assert [competition.held_within(x, 2.0, 0, 9, True) for x in (2.5, 1.5, 0.1, 20.0)] == [3.0, 1.0, 1.0, 9.0]
        assert competition.held_within(10 * 1.1, 10.0, 0, 99, True) == 11.0
        assert competition.held_within(0.9, 1.5, 0, 1, False) == 0.9
        assert competition.held_within(1.9, 1.5, 0, 1, False) == 1.5
        assert competition.held_within(-3.0, -2.0, 0, 1, False) == -2.0

    def test_strength_and_loss(self):
        assert [competition.strength(*pair) for pair in ((0, 0), (5, -1), (-5, 2), (3, 2), (99, 1))] == [
            1,
            10,
            0,
            1.5,
            10,
        ]
        assert competition.net_loss(80, 5, 1, 4) == 0.2
        assert competition.net_loss(0, 0, 3, 4) == 0.0

    def test_a_rule(self):
        """Strong losers attack, others defend; the weak retreat after 26 periods; each stays for 13, then by the band."""  # noqa: E501
        rule = competition.Rule()
        assert [rule.next("none", 0, s, 0.05, -1) for s in (1.1, 1.09)] == ["attack", "defend"]
        assert rule.next("attack", 13, 1.06, 0.01, -1) == "attack"
        assert rule.next("attack", 13, 1.04, 0.01, -1) == "none"
        assert rule.next("attack", 12, 0.04, -0.01, 26) == "attack"
        assert rule.next("retreat", 13, 0.84, -0.01, -1) == "retreat"
        assert [rule.next("defend", 13, 0.7, lost, 26) for lost in (0.0, 0.01)] == ["retreat"] * 2
        assert rule.next("defend", 13, 0.76, 0.01, 26) == "defend"
        assert rule.next("hold", 0, 0.7, 0.0, 25) == "none"

    def test_switchers(self):
        counted = competition.switchers([0, 0, 0, -1, 1], [0, 1, -1, 0, 1], 2)
        assert [*counted.values()] == [[3, 1, 1], [1, 0, 0], [0, 1, 0]]

    def test_a_lever(self):
        lever = competition.Lever()
        assert lever.rebase(1.0, 0.95) == 0.95
        lever.put = 0.9
        assert [lever.rebase(said, now) for said, now in ((1.0, 0.9), (1.1, 0.9), (1.1, 0.8))] == [0.95, 1.1, 0.8]

    def test_gates(self):
        gate, path = Gate(), []
        for t in range(6):
            gate.turn(t, 2, 4, False)
            path.append((gate.state, gate.opening, gate.closing))
        assert path == [(0, False, False)] * 2 + [
            (1, True, False),
            (1, False, False),
            (2, False, True),
            (2, False, False),
        ]
        assert gate.since == 2
        assert entry.lost_money(4, 2, 2, 0, [0, 0, Fraction(-1), Fraction(1, 2)])
        assert not entry.lost_money(4, 2, 2, 3, [-1] * 4)


@given(
    st.sampled_from(STANCES), st.integers(0, 20), strong, loss, st.integers(-1, 30),
    st.tuples(limit, limit, st.sampled_from([0.0, 0.05, 0.2]), st.sampled_from([0.0, 0.05]), st.integers(0, 26),
    st.integers(1, 13)),
)  # fmt: skip
@settings(max_examples=examples(100))
@example("defend", 13, 1.0, 0.01, 26, (1.1, 0.8, 0.05, 0.05, 26, 13))
@example("defend", 13, 1.0, 0.0, -1, (1.1, 0.8, 0.05, 0.05, 26, 13))
@example("defend", 13, 0.7, 0.01, 26, (1.1, 0.8, 0.05, 0.05, 26, 13))
@example("defend", 13, 1.12, 0.01, 26, (1.1, 0.8, 0.05, 0.05, 26, 13))
@example("attack", 13, 1.07, 0.0, -1, (1.1, 0.8, 0.05, 0.05, 26, 13))
@example("retreat", 13, 0.83, -0.1, -1, (1.1, 0.8, 0.05, 0.05, 26, 13))
@example("none", 0, 1.1, 0.05, -1, (1.1, 0.8, 0.05, 0.05, 26, 13))
@example("none", 0, 0.8, 0.0, 26, (1.1, 0.8, 0.05, 0.05, 26, 13))
@example("none", 0, 0.75, 0.0, 26, (1.1, 0.8, 0.05, 0.05, 26, 13))
def test_the_rule_is_that_of_the_twin(stance, held_for, strength, lost, weak_for, limits):
    attack_from, retreat_below = max(limits[:2]), min(limits[:2])
    numbers = (attack_from, retreat_below, *limits[2:])
    found = Rule(*numbers).next(STANCES.index(stance), held_for, strength, lost, weak_for)
    assert STANCES[found] == competition.Rule(*numbers).next(stance, held_for, strength, lost, weak_for)


@given(st.integers(-9, 99), st.integers(-9, 99))
def test_strength_is_that_of_the_twin(own, rival):
    assert strength_against(float(own), float(rival), 10.0) == competition.strength(own, rival)


def full_market(own: dict[str, Any], **north: Any) -> Small:
    """Return a small market in which all levers of stances are there, at the first of two firms."""
    first = {**SET, "name": "firm_0", "competition": {"stance": "watch"}, **north}
    return Small(3, (first, {}), competition=own, **FULL)


FULL_SMALL = full_market({})
BOOKED = Small(
    3, ({"bookings": {"places": 500.0}, "competition": {"stance": "watch"}}, {"bookings": {"places": 2.0}}),
    competition={}, bookings={},
)  # fmt: skip
AT_FIRST = {small: {name: held.copy() for name, held in small.firms.items()} for small in (FULL_SMALL, BOOKED)}
SIZES = theory.Competition().sizes
HANDS = {"price": (0.5, 1.25), "quality": (0.0, 0.95, 1.0), "servers": (0, 1, 2, 7), "fixed_cost": (0.0, 7.77),
         "advertising_spend": (0.0, 0.3), "failure_rate": (0.0, 1.0), "outlets": (1, 1000), "agents": (0, 1)}  # fmt: skip  # noqa: E501
SAID = {"price": ("price", (0.9, 1.02, 1.1)), "quality": ("service.quality", (0.7, 0.8, 0.9)),
        "servers": ("waiting_line.servers", (1, 4, 5)), "fixed_cost": ("fixed_cost", (50.0, 33.33))}  # fmt: skip
KNOWN: dict[Any, Any] = {}


def saying(still: Scenario, path: str, value: float) -> Scenario:
    """Return a scenario that says another value, each worked out once."""
    key = id(still), path, value
    if key not in KNOWN:
        KNOWN[key] = still, still.replace({path: value})
    return KNOWN[key][1]


period = st.tuples(
    st.tuples(*[st.sampled_from([None, *STANCES])] * 2),
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from(sorted(HANDS)), st.integers(0, 3)), max_size=2),
    st.one_of(st.none(), st.tuples(st.sampled_from(sorted(SAID)), st.integers(0, 2))),
)


@settings(max_examples=examples(15), deadline=None)
@given(
    st.sampled_from([FULL_SMALL, FULL_SMALL, BOOKED]), st.lists(period, min_size=2, max_size=4),
    st.sampled_from([math.nan, 0.9, 1.0, 1.25, 5.0]), st.sampled_from([math.nan, 0.2, 0.7, 0.95]),
    st.sampled_from([0.0, 0.95, 1.5]),
)  # fmt: skip
@example(FULL_SMALL, [(("introduce", "introduce"), [], None)], math.nan, 0.2, 0.0)
@example(FULL_SMALL, [(("attack", "attack"), [], None)], math.nan, 0.2, 0.0)
@example(FULL_SMALL, [(("attack", "attack"), [], None)], math.nan, 0.95, 0.95)
@example(FULL_SMALL, [(("attack", "introduce"), [(0, "quality", 0), (1, "quality", 0)], None)], math.nan, math.nan, 0.0)
@example(FULL_SMALL, [(("hold", "attack"), [], None)], math.nan, 0.7, 0.99)
def test_levers_are_moved_as_by_the_twin(small, periods, rival_price, rival_quality, unit_cost):
    """Two firms, one without a programme; what is set by hand, and what the scenario says anew, are bases."""
    world, c, still = small.world, small.c, small.scenario
    for name, at_first in AT_FIRST[small].items():
        small.firms[name][...] = at_first
    small.firms.unit_cost[0] = unit_cost
    for of in ("said", "base", "written"):
        c[f"lever_{of}"].fill(np.nan)
    c.rival_price_seen[:], c.rival_quality_seen[:] = rival_price, rival_quality
    twins = [Firm(rival_price=float(c.rival_price_seen[0]), rival_quality=float(c.rival_quality_seen[0])) for _ in "ab"]
    there = {one.name for one in still.mechanisms()}
    for stances, by_hand, said in periods:
        for j, name, k in by_hand:
            if competition.LEVERS[name][0] in there:
                small.firms[name][j] = HANDS[name][k % len(HANDS[name])]
        if said and competition.LEVERS[said[0]][0] in there:
            path, values = SAID[said[0]]
            still = saying(still, f"firms.firm_0.{path}", values[said[1] % len(values)])
        before = {name: held.copy() for name, held in small.firms.items()}
        codes = [-1 if stance is None else STANCES.index(stance) for stance in stances]
        move_levers(world, still, np.array(codes, np.int32), SIZES)
        for name, held in small.firms.items():
            for j, firm in enumerate(still.firms):
                own = sections(firm, name) if name in competition.LEVERS else None
                if own is None or stances[j] is None or competition.LEVERS[name][0] not in there:
                    np.testing.assert_array_equal(held[..., j], before[name][..., j], err_msg=name)
                    continue
                twins[j].stance = stances[j]
                cost = number(small.firms.unit_cost[j])
                now = number(before[name][j])
                put = twins[j].move(name, float(getattr(own, name)), now, SIZES, cost, kind_of(world, firm, name))
                assert number(held[j]) == put, (name, j, stances[j])


pairs = st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), min_size=9, max_size=9)
WATCHED = ({"competition": {"stance": "watch"}}, {}, {})
THREE_FIRMS = Small(9, WATCHED, competition={})
TEN = Small(9, WATCHED, competition={"test_noise": 0.2})
EXACT = Small(9, WATCHED, competition={"test_noise": 0.0})
KEY, PACKED = stream_key(SEED, "competition"), streams.stream_key(SEED, "competition")
OF_FIRMS = ("watched_periods", "price_noted", "quality_noted", "strength_sum", "strength_periods")


@given(pairs)
@settings(max_examples=examples(25), deadline=None)
def test_switchers_are_those_of_the_twin(people):
    small = THREE_FIRMS
    before, after = zip(*people, strict=True)
    small.c.provider_before[:], small.c.provider[:] = before, after
    for name in ("held_customers", "lost_customers", "won_customers"):
        small.world.lookup(name, 0).fill(0)
    small.run("competition", count_switchers)
    for name, counted in competition.switchers(before, after, 3).items():
        assert small.counted(name) == counted, name
    assert small.c.provider_before.tolist() == [*after]


@given(
    st.sampled_from([TEN, EXACT]), st.integers(0, 3), st.integers(0, 50),
    st.lists(
        st.tuples(st.integers(-1, 8), st.floats(0.0, 3000.0, width=32), share, st.sampled_from([-1.0, 0.0, 1.3, 10.0])),
        min_size=3, max_size=3,
    ),
)  # fmt: skip
@settings(max_examples=examples(40), deadline=None)
@example(EXACT, 0, 0, [(0, 2047.0, 1.0, -1.0), (2, 2048.0, 0.3, 1.3), (8, 2046.75, 0.7, 0.0)])
def test_what_is_noted_is_what_the_twin_says(small, replication, t, firms):
    small.world.replication = replication
    codes, prices, qualities, strengths = zip(*firms, strict=True)
    small.c.stance_now[:], small.c.strength_seen[:] = codes, strengths
    small.firms.price[:], small.firms.quality[:] = prices, qualities
    for name in (*OF_FIRMS, "stance_periods"):
        small.world.lookup(name, 0).fill(0)
    small.run("competition", note_rivalry, t)
    noise = 0.2 if small is TEN else 0.0
    for j, code in enumerate(codes):
        seen = float(small.c.strength_seen[j])
        expected = competition.noted(code, prices[j], seen)
        found = {name: small.counted(name)[j] for name in OF_FIRMS}
        quality = found.pop("quality_noted")
        assert found == expected
        test = competition.tested(KEY, j, t, replication, as_single(qualities[j]), noise) if code >= 0 else 0.0
        assert abs(quality - competition.in_steps(test)) <= (2 if noise else 0)
        stances = small.world.lookup("stance_periods", 0)[:, j].tolist()
        assert stances == [int(code == k) for k in range(2, 9)]


counted = st.integers(0, 500)


@given(st.lists(st.tuples(*[counted] * 9), min_size=2, max_size=2), st.lists(counted, min_size=7, max_size=7))
@settings(max_examples=examples(25), deadline=None)
def test_measures_are_those_of_the_twin(rows, stances):
    names = ("held_customers", "lost_customers", "won_customers", "watched_periods", "price_noted", "strength_sum",
             "strength_periods", "quality_noted")  # fmt: skip
    sums = {name: np.array([rows[0][k], rows[1][k], 7.0]) for k, name in enumerate(names)}
    sums["stance_periods"] = np.array([[stances[k], stances[-k - 1], 3.0] for k in range(7)])
    for j, order in enumerate((stances, stances[::-1])):
        of = {name: float(total[j]) for name, total in sums.items() if name != "stance_periods"}
        expected = competition.measures(of | {"stance_periods": order})
        with np.errstate(all="ignore"):
            for name, value in expected.items():
                found = getattr(theory, name)(Tallied(sums, 52, 1))[j]
                assert found == pytest.approx(value, nan_ok=True), name


N = 4
held = st.lists(st.integers(0, 999), min_size=2 * N, max_size=2 * N)
SHUTTING = Small(N, entry={}, firms=({"entry": {"closes": 5}, "program": {"preset": "points"}}, {}))
OF_ENTRY = ("current", "fell_lost", "left_behind", "points_expired", "points_forfeited", "points_outstanding",
            "provision", "provision_held", "memberships_ended")  # fmt: skip
BY_PAIR = ("points", "provided", "given", "member", "tier", "qualifying_spend")


@given(
    st.lists(st.sampled_from([PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK]), min_size=2 * N, max_size=2 * N),
    st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 5)), min_size=N, max_size=N),
    held, held, held, st.tuples(st.booleans(), st.booleans()),
)  # fmt: skip
@settings(max_examples=examples(40), deadline=None)
def test_closing_is_that_of_the_twin(relations, bonds, points, cents, others, closing):
    c, world = SHUTTING.c, SHUTTING.world
    values = {"relation": relations, "points": points, "provided": cents, "given": others}
    values |= {"member": [x % 2 for x in others], "tier": [x % 4 for x in others], "qualifying_spend": points[::-1]}
    for name, of in values.items():
        c[name][:] = np.reshape(of, (2, N))
    c.provider[:], c.signed[:] = zip(*bonds, strict=True)
    c.closing[:] = closing
    for name in OF_ENTRY:
        world.lookup(name, 0).fill(0)
    people = [
        Customer(
            provider=bonds[i][0],
            signed=bonds[i][1],
            aware=[1, 1],
            **{name: [of[i], of[N + i]] for name, of in values.items()},
        )
        for i in range(N)
    ]
    SHUTTING.run("entry", part_from_customers)
    SHUTTING.run("entry", forfeit_points)
    for j in range(2):
        expected = entry.close(people, j) if closing[j] else dict.fromkeys(OF_ENTRY, 0)
        assert {name: SHUTTING.counted(name)[j] for name in OF_ENTRY} == expected
    assert c.provider.tolist() == [one.provider for one in people]
    assert c.signed.tolist() == [one.signed for one in people]
    for name in ("relation", *BY_PAIR):
        assert c[name].T.tolist() == [getattr(one, name) for one in people], name


ENTRY_KEY = stream_key(SEED, "entry")


@given(
    st.tuples(*[st.sampled_from([NOT_YET, OPEN, CLOSED])] * 2), st.tuples(st.booleans(), st.booleans()), share,
    st.lists(st.booleans(), min_size=2 * N, max_size=2 * N), st.integers(0, 99), st.integers(0, 3),
    st.lists(st.integers(0, 2**32 - 1), min_size=N, max_size=N),
)  # fmt: skip
@settings(max_examples=examples(60), deadline=None)
@example((OPEN, OPEN), (True, True), 0.5, [True, False] * N, 3, 0, [1, 2, 3, 4])
@example((OPEN, OPEN), (True, True), 1.0, [False] * 2 * N, 3, 1, [1, 2, 3, 4])
def test_who_knows_a_firm_is_that_of_the_twin(states, opening, chance, knew, t, replication, identities):
    c, world = SHUTTING.c, SHUTTING.world
    world.replication = replication
    opening = [one and state == OPEN for one, state in zip(opening, states, strict=True)]
    c.open_state[:], c.opening[:], c.customer_id[:] = states, opening, identities
    c.aware[:] = np.reshape(knew, (2, N))
    SHUTTING.firms.initial_awareness[:] = chance, 0.5
    for name in ("open_periods", "noted_periods"):
        world.lookup(name, 0).fill(0)
    SHUTTING.run("entry", become_known, t)
    SHUTTING.run("entry", note_open, t)
    world.replication = 0
    for j, share_known in enumerate((chance, 0.5)):
        gate = Gate(states[j], opening=opening[j])
        expected = [
            entry.aware_of(gate, knew[j * N + i], ENTRY_KEY, who, t, j, replication, share_known)
            for i, who in enumerate(identities)
        ]
        assert c.aware[j].tolist() == expected
        assert SHUTTING.counted("open_periods")[j] == (states[j] == OPEN)
        assert SHUTTING.counted("noted_periods")[j] == 1


def test_measures_of_entry_are_those_of_the_twin():
    names = ("open_periods", "noted_periods", "left_behind", "points_forfeited")
    rows = ((3.0, 12.0, 5.0, 2.5), (0.0, 0.0, 0.0, 0.0))
    sums = {name: np.array([*(row[k] for row in rows), 9.0]) for k, name in enumerate(names)}
    for j, row in enumerate(rows):
        of = (gates.open_share, gates.customers_left_behind, gates.points_forfeited)
        with np.errstate(all="ignore"):
            found = [float(one(Tallied(sums, 52, 1))[j]) for one in of]
        assert found == pytest.approx([*entry.measures(*row)], nan_ok=True)


SECTION = {"every": 2, "lag": 1, "window": 4, "least": 3, "retreat_after": 4, "loss_from": 0.02, "attack_from": 1.0}
STANCE = "firms.{}.competition.stance"
RIVALS: dict[str, Any] = {
    "periods": 30,
    "population": {"customers": 150, "purchase_rate": 0.6},
    "renewal": {"leaving_rate": 0.5, "every": 5},
    "lifecycle": {"dormant_after": 4, "lost_after": 8},
    "adoption": {"initial_adopters": 0.4},
    "advertising": {},
    "competition": {**SECTION, "stage_stances": ["build", "attack", "hold", "harvest"]},
    "entry": {"books_every": 3},
    "firms": [
        {"name": "north", "unit_cost": 0.4, "initial_awareness": 0.5, "competition": {"stance": "auto"}},
        {"name": "east", "unit_cost": 0.4, "competition": {"stance": "by_stage"}},
        {"name": "south", "fixed_cost": 900.0, "competition": {"stance": "auto"}, "entry": {"exit_after": 11}},
        {
            "name": "west", "fixed_cost": 5.0, "initial_awareness": 0.6, "advertising": {"advertising_spend": 0.03},
            "entry": {"opens": 7, "closes": 24}, "program": {"preset": "points"},
        },
    ],
    "changes": [
        {"name": "cheap", "from": 9, "until": 15, "set": {"firms.east.price": 0.93, "firms.west.fixed_cost": 6.0}},
        {"name": "fight", "from": 10, "until": 13, "set": {STANCE.format("west"): "attack"}},
        {"name": "told", "from": 20, "set": {STANCE.format("north"): "retreat", STANCE.format("east"): "none"}},
    ],
}  # fmt: skip
MOVED = ("price", "quality", "failure_rate", "fixed_cost", "advertising_spend")
COUNTED = ("contribution", "held_customers", "lost_customers", "won_customers", "watched_periods", "price_noted",
           "quality_noted")  # fmt: skip
ACCOUNTS = {"revenue": 1, "goods": -1, "lever": -1, "fixed": -1}


def money(world: Any, t: int, j: int, *accounts: str) -> Fraction:
    """Return what is in accounts of a firm's books for a period, in cu, exactly."""
    found = Fraction(0)
    for name, tally in world.tallies.items():
        if tally.account in accounts:
            counted = int(np.sum(world.history[t, world.rows[name], ..., j]))
            found += ACCOUNTS[tally.account] * counted * Fraction(repr(tally.scale))
    return found


def seen(world: Any, t: int, j: int, lag: int, window: int) -> Seen:
    """Return what everybody may read of a firm in period t."""
    read = range(t - lag - window, t - lag)
    earned = sum(money(world, u, j, "revenue", "goods") for u in read) * 100
    return Seen(int(earned), *(int(sum(world.history[u, world.rows[name], j] for u in read)) for name in COUNTED[1:]))


@pytest.mark.parametrize(("threads", "tile"), [(1, None), (3, 64)])
def test_a_whole_market_is_that_of_the_twins(threads, tile):  # noqa: PLR0912, PLR0915 - one thing after another
    """Books and providers are read off the market; the twins work out gates, looks, stances and levers."""
    scenario = Scenario.parse(RIVALS)
    engine = Engine(scenario, 5, threads=threads)
    if tile:
        engine.set_tile(tile)
    world, c, own = engine.world, engine.world.customers, scenario.competition
    limits = (own.attack_from, own.retreat_below, own.band, own.loss_from, own.retreat_after, own.least)
    rule, sizes, stretches = competition.Rule(*limits), own.sizes, scenario.stretches()
    firms, doors = [Firm() for _ in range(4)], [Gate() for _ in range(4)]
    stood, keys = set(), stream_key(5, "entry")
    profits: list[list[Fraction]] = [[] for _ in range(4)]
    for t in range(scenario.periods):
        before, knew = c.provider.tolist(), c.aware.copy()
        levers = {name: world.firms[name].copy() for name in MOVED}
        ids, stage = c.customer_id.copy(), int(c.life_cycle_stage[0])
        for j in range(4 if t else 0):
            profits[j].append(money(world, t - 1, j, *ACCOUNTS))
        engine.run(1)
        still = [one for first, one in stretches if first <= t][-1]
        for j, (gate, firm) in enumerate(zip(doors, still.firms, strict=True)):
            dates = firm.entry
            gives_up = entry.lost_money(t, 3, dates.exit_after, gate.since, profits[j])
            gate.turn(t, dates.opens, dates.closes, gives_up)
        assert c.open_state.tolist() == [gate.state for gate in doors]
        assert c.open_since.tolist() == [gate.since for gate in doors]
        assert c.opening.tolist() == [gate.opening for gate in doors]
        assert c.closing.tolist() == [gate.closing for gate in doors]
        is_there = [j for j, gate in enumerate(doors) if gate.state == OPEN]
        if t % own.every == 0 and t >= own.lag + own.window:
            all_seen = [seen(world, t, j, own.lag, own.window) for j in range(4)]
            for j in is_there:
                rivals = [all_seen[k] for k in is_there if k != j]
                firms[j].look(t, all_seen[j], rivals, own.window, own.retreat_below)
        for j, (twin, gate) in enumerate(zip(firms, doors, strict=True)):
            if gate.state != OPEN:
                twin.stand(t, "away")
            else:
                told = still.firms[j].competition.stance
                twin.decide(t, told, stage, own.stage_stances, rule, t % own.every == 0)
            stood.add((j, twin.stance))
            assert c.stance_now[j] == (STANCES.index(twin.stance) if twin.stance != "away" else -1)
            assert (c.stance_since[j], c.weak_since[j], c.strength_seen[j]) == (
                twin.since,
                twin.weak_since,
                twin.strong,
            )
            known = (c.loss_seen[j], c.rival_price_seen[j], c.rival_quality_seen[j])
            expected = (twin.loss, twin.rival_price, twin.rival_quality)
            np.testing.assert_allclose(known, expected, rtol=1e-6)
            twin.rival_price, twin.rival_quality = (float(one) for one in known[1:])
            for name in MOVED:
                said = float(getattr(sections(still.firms[j], name), name))
                default = (
                    0.0 if name == "fixed_cost" else type(sections(still.firms[j], name)).model_fields[name].default
                )
                now, kind = number(levers[name][j]), kind_of(world, still.firms[j], name)
                if said != (last := number_said(stretches, t, j, name)):
                    now = said if gate.state == OPEN else last
                if name != "price":
                    now = entry.lever(gate, now, said, default)
                put = now if twin.stance == "away" else twin.move(name, said, now, sizes, 0.4 if j < 2 else 0.0, kind)
                if (gate.state, name) != (NOT_YET, "price"):
                    assert number(world.firms[name][j]) == kind.held(put), (t, j, name, twin.stance)
        renewed = ids != c.customer_id
        before = [-1 if new else old for old, new in zip(before, renewed, strict=True)]
        if not any(gate.closing for gate in doors):
            for name, numbers in competition.switchers(before, c.provider.tolist(), 4).items():
                assert world.history[t, world.rows[name]].tolist() == numbers, (t, name)
        for j, gate in enumerate(doors):
            if gate.state != OPEN:
                assert not c.aware[j].any()
            elif gate.opening:
                those = [entry.knows(keys, int(who), t, j, 0, as_single(0.6)) for who in c.customer_id]
                assert (c.aware[j] >= those).all()
                assert those.count(False) > c.aware[j].tolist().count(0) >= those.count(False) // 2
            else:
                assert (c.aware[j] >= knew[j])[~renewed].all()
    assert {(0, "watch"), (0, "retreat"), (1, "build"), (1, "none"), (2, "away"), (3, "attack"), (3, "away")} <= stood
    assert len({stance for j, stance in stood if j in (0, 2) and stance in THREE}) > 1


def number_said(stretches: Any, t: int, j: int, name: str) -> float:
    """Return what the scenario said of a lever in the period before."""
    still = [one for first, one in stretches if first <= max(t - 1, 0)][-1]
    return float(getattr(sections(still.firms[j], name), name))


def test_a_firm_that_breaks_even_to_the_cent_stays():
    """Of 0.30 and 0.10 + 0.20 neither is more, whatever binary fractions make of their sum."""
    small = Small(2, ({"entry": {"exit_after": 2}}, {}), entry={"books_every": 1})
    world, theory_of_entry = small.world, small.scenario.entry
    for goods, gives_up in ((10, False), (11, True)):
        for t, (earned, spent) in enumerate(((30, goods), (0, 20))):
            world.history[t, world.rows["revenue"], 0] = earned
            world.history[t, world.rows["goods"], 0] = spent
        assert theory_of_entry.lost_money(world, 2, 0) == gives_up
        profits = [Fraction(30 - goods, 100), Fraction(-20, 100)]
        assert entry.lost_money(2, 1, 2, 0, profits) == gives_up
    small.firms.exit_after[0] = NEVER
    assert not theory_of_entry.lost_money(world, 2, 0)
