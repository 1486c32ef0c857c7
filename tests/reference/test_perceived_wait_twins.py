"""The twin of perceived waits: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.engine.visit_log import room
from abm.kpis.kpi import Tallied
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.service import waiting_felt as kernels
from abm.mechanisms.service.perceived_wait import PerceivedWait
from abm.mechanisms.service.waiting_rules import ARRIVALS, EXPRESS, NUMBERS, PARALLEL, PRIORITY, SINGLE
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from abm.world.visits import SERVED
from abm.world.world import World
from tests.mechanisms.small import Small
from tests.reference import perceived_wait as twin
from tests.reference.by_hand import SEED, assert_counted, listed, per_firm, per_pair, put, share, visits_with
from tests.reference.closeness import as_single
from tests.reference.perceived_wait import EXAMPLE, FACTORS, Firm, Visit, Waits
from tests.reference.random_numbers import stream_key

REMEDIES = ("occupation", "occupation_scale", "greeting", "greeting_scale", "explanation", "explanation_scale")
OF_LINE = tuple(one.name for one in fields(Firm) if one.name not in REMEDIES)
LINES = {"single": SINGLE, "parallel": PARALLEL, "numbers": NUMBERS}
DISCIPLINES = {"fcfs": ARRIVALS, "priority": PRIORITY, "express": EXPRESS}
ALMOST_HALF_A_SECOND, ALMOST_HALF_A_CENT = 529.191650390625, 50.66999816894531  # minutes, which float32 can hold
CLOSE = {"rtol": 2e-5, "atol": 2e-6}  # a power of minutes of 3 makes an error of float32 three times as large


def waits_of(*firms: Firm, usual: dict[tuple[int, int], float] | None = None, **numbers: float) -> Waits:
    """Return the twin of some firms, of seed 1."""
    return Waits(firms, {**EXAMPLE, **numbers}, stream_key(SEED, "perceived_wait"), usual=usual or {})


class TestByHand:
    def test_how_long_a_wait_feels(self):
        """Of 10 minutes 4 are beyond 6, and count three times: 18; 16 to the power of 0.5 is 4."""
        assert twin.felt(10.0, 6.0, 1.0, 3.0) == 18.0
        assert [twin.felt(10.0, told, 1.0, 3.0) for told in (-1.0, 0.0, 10.0, 12.0)] == [10.0, 30.0, 10.0, 10.0]
        assert twin.felt(16.0, -1.0, 0.5, 2.0) == 4.0
        assert twin.felt(8.0, 4.0, 2.0, 3.0) == 256.0  # minutes are weighted before the power is taken

    def test_what_is_tolerated(self):
        """Half of what 20 minutes are beyond 10; an announcement counts if it is longer."""
        assert [twin.tolerated(10.0, usual, -1.0, 0.5) for usual in (-1.0, 5.0, 20.0)] == [10.0, 10.0, 15.0]
        assert [twin.tolerated(10.0, 20.0, told, 0.5) for told in (0.0, 12.0, 30.0)] == [15.0, 15.0, 30.0]

    def test_what_it_takes(self):
        """25 minutes against 10 are 1.5 acceptable waits too many: 0.2 * 2 * 1.5."""
        assert twin.resented(25.0, 10.0, 2.0, 0.2) == pytest.approx(0.6)
        assert [twin.resented(felt, 10.0, 1.0, 0.2) for felt in (0.0, 10.0, 90.0)] == [0.0, 0.0, 1.0]
        assert [twin.impression(felt, 10.0) for felt in (0.0, 10.0, 30.0)] == [0.0, 0.5, 0.75]

    def test_what_makes_waits_long(self):
        assert twin.lengthened(3.0, 0.25) == 1.5
        assert [twin.unfairness(k, False, 0.5) for k in (0, 1, 3)] == [0.0, 0.5, 0.75]
        assert twin.unfairness(3, True, 0.5) == 0.375
        others = [
            (Firm(4), 0.0), (Firm(4, "numbers"), 0.0), (Firm(4, "parallel"), 0.75), (Firm(1, "parallel"), 0.0),
            (Firm(5, "parallel", "express", 3), 0.5), (Firm(2, "parallel", "express", 1), 0.0),
        ]  # fmt: skip
        assert [firm.others_seem_quicker for firm, _ in others] == [chance for _, chance in others]

    def test_a_visit(self):
        """Who waits 10 minutes, usually 5, and is overtaken once; 60 s greet all: one of 10 minutes is before that.

        10 * (1 + 0.5 * 0.5) * (1 + 0.25 * 0.1) * 2 * (1 + 0.75 * 0.5) * (1 + 2 * 0.5) * (1 + 0.125 * 0.5)
        """
        firm = Firm(2, "parallel", occupation=0.5, greeting=600.0, greeting_scale=0.1)
        waits, one = waits_of(firm, usual={(0, 7): 5.0}), Visit(7, 0, 0, 10.0, overtaken=1, accepted=8.0)
        waits.describe(one, 0)
        assert one.parts == pytest.approx([0.5, 0.1, 1.0, 0.5, 0.5, 0.5])
        waits.feel(one)
        assert one.perceived == pytest.approx(10 * 1.25 * 1.025 * 2 * 1.375 * 2 * 1.0625)
        assert one.acceptable == 8.0
        waits.remember(one)
        assert waits.usual == {(0, 7): 6.25}

    def test_counts(self):
        """10.0125 minutes are 600.75 seconds; at 10 cu an hour 166.875 cents."""
        waits = waits_of(Firm(), Firm(0))
        for firm in (0, 1):
            waits.count(Visit(7, 0, firm, 10.0125, announced=6.0, perceived=20.0), 0.25)
        assert {name: of[0] for name, of in waits.counts.items()} == {
            "line_visits": 1, "served_wait": 601, "felt_wait": 1200, "told": 1, "overran": 1,
            "lost_to_waiting": 2**18, "time_cost": 167, "waiting_remedies": 0,
        }  # fmt: skip
        assert not any(of[1] for of in waits.counts.values())

    def test_what_lies_at_half_a_second_or_half_a_cent(self):
        """31751.499 seconds are 31751.5 to float32; 844.49997 cents are 844.5 to float32."""
        assert as_single(60.0 * ALMOST_HALF_A_SECOND) == 31751.5
        assert twin.whole_seconds(ALMOST_HALF_A_SECOND) == 31751
        assert 844.0 < 1000.0 * ALMOST_HALF_A_CENT / 60.0 < 844.5
        assert twin.worth_of_time(ALMOST_HALF_A_CENT, 10.0) == 845

    def test_expenses(self):
        """Half at 2 cu: 1.386294 cu; 9 s of 20 cu an hour are 0.05 cu."""
        firm = Firm(wage=20.0, occupation=0.5, occupation_scale=2.0, greeting=9.0, explanation=0.5,
                    explanation_scale=0.2)  # fmt: skip
        assert firm.expenses() == (13863, 500, 1386)
        waits = waits_of(firm)
        for wait in (0.0, 2.0):
            waits.pay(Visit(7, 0, 0, wait))
        assert waits.counts["waiting_remedies"] == [500 + 2 * 13863 + 500 + 1386]


minutes = st.floats(2.0**-10, 500.0, width=32)
waited = st.one_of(st.just(0.0), st.sampled_from([0.125, 0.5, 1.0, 10.0]), minutes)
told = st.one_of(st.just(-1.0), st.sampled_from([0.0, 0.5, 10.0]), minutes)
accepted = st.one_of(st.just(10.0), st.floats(2.0**-7, 100.0, width=32))
ratio = st.floats(1.0, 4.0, width=32)
numbers_drawn = st.fixed_dictionaries(
    {
        **dict.fromkeys(FACTORS, ratio),
        "exponent": st.one_of(st.just(1.0), st.floats(0.125, 3.0, width=32)),
        "overrun_weight": ratio,
        "greeted_after": st.one_of(st.sampled_from([0.0, 1.0]), minutes),
        **dict.fromkeys(("excuse", "halo", "memory", "adaptation"), share),
        "annoyance": st.floats(0.0, 5.0, width=32),
        "time_value": st.floats(0.0, 1000.0, width=32),
    }
)
part = st.one_of(st.just(0.0), st.floats(0.0, 0.9375, width=32))
scale = st.floats(0.0, 50.0)
firm_drawn = st.builds(
    Firm,
    servers=st.sampled_from([0, 1, 2, 3, 7]),
    lines=st.sampled_from(["single", "parallel", "parallel", "numbers"]),
    discipline=st.sampled_from(["fcfs", "fcfs", "express"]),
    express_servers=st.integers(1, 3),
    appointments=part,
    wage=scale,
    occupation=part,
    occupation_scale=scale,
    greeting=st.one_of(st.just(0.0), st.floats(0.0, 60.0, width=32)),
    greeting_scale=st.floats(1.0, 60.0, width=32),
    explanation=part,
    explanation_scale=scale,
).filter(lambda firm: firm.discipline != "express" or not 0 < firm.servers <= firm.express_servers)
visit_drawn = st.tuples(
    waited, st.integers(0, 255) | st.integers(0, 2), told, accepted, st.floats(0.125, 4.0, width=32)
)
market_drawn = st.tuples(
    numbers_drawn,
    per_firm(firm_drawn),
    per_pair(st.one_of(st.just(-1.0), st.just(0.0), minutes)),
    visits_with(visit_drawn),
    st.tuples(st.integers(0, 2**32 - 4), st.integers(0, 2**31), st.integers(0, 3)),  # identity, period, replication
)


def staged(drawn: tuple[Any, ...]) -> tuple[Small, Waits, list[Visit], int]:
    """Return a market of three customers whose visits and memories are as drawn, its twin, and the period."""
    numbers, firms, usual, visits, (identity, t, replication) = drawn
    sections = [
        {
            "waiting_line": {name: getattr(firm, name) for name in OF_LINE},
            "perceived_wait": {name: getattr(firm, name) for name in REMEDIES},
        }
        for firm in firms
    ]
    small = Small(3, sections, waiting_line={}, perceived_wait=numbers)
    small.c.customer_id[:] = range(identity, identity + 3)
    small.c.usual_wait[:], small.world.replication = usual, replication
    waits = Waits(firms, numbers, stream_key(SEED, "perceived_wait"), replication)
    waits.usual = {(j, identity + i): usual[j][i] for j in range(2) for i in range(3)}
    people = listed(small, visits)
    twins = [Visit(who, nth, j, *of) for (_, j, who, nth), (_, _, *of) in zip(people, visits, strict=True)]
    names = {"wait": "wait", "overtaken": "overtaken", "announced_wait": "announced", "accepted_wait": "accepted",
             "time_pressure": "pressure"}  # fmt: skip
    put(small, **{column: [getattr(one, of) for one in twins] for column, of in names.items()})
    return small, waits, twins, t


def felt_by_hand(small: Small, twins: Sequence[Visit], felt: Sequence[tuple[float, float]]) -> None:
    """Write how long waits feel and how long a one is acceptable, on both sides."""
    for one, (perceived, acceptable) in zip(twins, felt, strict=False):
        one.perceived, one.acceptable = perceived, acceptable
    small.scratch("perceived_wait", "acceptable")[: len(twins)] = [one.acceptable for one in twins]
    put(small, perceived_wait=[one.perceived for one in twins])


feelings = st.lists(st.tuples(waited, accepted), min_size=12, max_size=12)


class TestEquations:
    @given(minutes, told, st.floats(0.125, 3.0, width=32), ratio)
    def test_felt(self, wait, announced, exponent, weight):
        found = kernels.felt(*map(np.float32, (wait, announced, exponent, weight)))
        assert found == pytest.approx(twin.felt(wait, announced, exponent, weight), rel=1e-5)

    @given(ratio, share)
    def test_lengthened(self, factor, part):
        found = kernels.lengthened(np.float32(factor), np.float32(part))
        assert found == pytest.approx(twin.lengthened(factor, part), rel=1e-6)

    @given(accepted, st.one_of(st.just(-1.0), waited), told, share)
    def test_tolerated(self, wait, usual, announced, adaptation):
        found = kernels.tolerated(*map(np.float32, (wait, usual, announced, adaptation)))
        assert found == pytest.approx(twin.tolerated(wait, usual, announced, adaptation), rel=1e-6)

    @given(waited, accepted, st.floats(0.125, 4.0, width=32), st.floats(0.0, 5.0, width=32))
    def test_resented_and_impression(self, perceived, acceptable, pressure, annoyance):
        of = tuple(map(np.float32, (perceived, acceptable, pressure, annoyance)))
        assert kernels.resented(*of) == pytest.approx(
            twin.resented(perceived, acceptable, pressure, annoyance), rel=1e-5, abs=1e-6
        )
        assert kernels.impression(*of[:2]) == pytest.approx(twin.impression(perceived, acceptable), rel=1e-6)

    @given(firm_drawn)
    def test_wrong_line(self, firm):
        assume(firm.servers > 0)
        codes = LINES[firm.lines], DISCIPLINES[firm.discipline], firm.servers, firm.express_servers
        assert kernels.wrong_line(*map(np.int32, codes)) == pytest.approx(firm.others_seem_quicker, abs=1e-6)

    @given(st.integers(0, 255), st.booleans(), share)
    def test_overtaken_unfairly(self, overtaken, excused, excuse):
        found = kernels.overtaken_unfairly(np.uint8(overtaken), excused, np.float32(excuse))
        assert found == pytest.approx(twin.unfairness(overtaken, excused, excuse), abs=1e-6)


class TestKernels:
    @given(market_drawn)
    def test_what_waits_are_like(self, drawn):
        small, waits, twins, t = staged(drawn)
        small.scratch("perceived_wait", "wait_factors")[:] = 0.375  # of the period before
        small.run("perceived_wait", kernels.describe_waits, t)
        for one in twins:
            waits.describe(one, t)
        assume(not waits.close)
        found = small.scratch("perceived_wait", "wait_factors")[: len(twins)]
        np.testing.assert_allclose(found, [one.parts for one in twins], atol=1e-6)

    @given(market_drawn, st.lists(st.lists(share, min_size=6, max_size=6), min_size=12, max_size=12))
    def test_how_they_feel(self, drawn, parts):
        small, waits, twins, _ = staged(drawn)
        for one, own in zip(twins, parts, strict=False):
            one.parts = own
            waits.feel(one)
        small.scratch("perceived_wait", "wait_factors")[: len(twins)] = [one.parts for one in twins]
        small.run("perceived_wait", kernels.feel_waits)
        np.testing.assert_allclose(small.at("perceived_wait"), [one.perceived for one in twins], **CLOSE)
        found = small.scratch("perceived_wait", "acceptable")[: len(twins)]
        np.testing.assert_allclose(found, [one.acceptable for one in twins], rtol=1e-6)

    @given(market_drawn, feelings, share)
    def test_what_they_colour_and_take(self, drawn, felt, before):
        small, waits, twins, _ = staged(drawn)
        felt_by_hand(small, twins, felt)
        for name, act, rule in (
            ("performance_shift", kernels.colour_visits, waits.coloured),
            ("satisfaction_shift", kernels.resent_waits, waits.loss),
        ):
            put(small, **{name: before})
            small.run("perceived_wait", act)
            np.testing.assert_allclose(small.at(name), [before - rule(one) for one in twins], rtol=1e-5, atol=2e-6)

    @given(market_drawn, feelings, st.lists(share, min_size=12, max_size=12))
    def test_counts(self, drawn, felt, losses):
        small, waits, twins, _ = staged(drawn)
        felt_by_hand(small, twins, felt)
        lost = losses[: len(twins)]
        call = small.bound("perceived_wait", kernels.count_felt)
        put(small, satisfaction_shift_of_perceived_wait=[-loss for loss in lost])
        call(0, 3, 0)
        for one, loss in zip(twins, lost, strict=True):
            waits.count(one, loss)
        assert_counted(small, waits.counts)

    def test_counts_at_half_a_second_and_half_a_cent(self):
        """Seconds are worked out in float64, what time is worth in float32."""
        one = ({**EXAMPLE, "time_value": 10.0}, [Firm(), Firm()], [[-1.0] * 3] * 2)
        small, waits, twins, _ = staged((*one, [(0, 0, ALMOST_HALF_A_CENT, 0, -1.0, 1.0, 1.0)], (7, 0, 0)))
        felt_by_hand(small, twins, [(ALMOST_HALF_A_SECOND, 1.0)])
        put(small, satisfaction_shift_of_perceived_wait=[0.0])
        small.run("perceived_wait", kernels.count_felt)
        waits.count(twins[0], 0.0)
        assert_counted(small, waits.counts)
        assert (small.counted("felt_wait")[0], small.counted("time_cost")[0]) == (31751, 845)

    @given(market_drawn)
    def test_what_is_remembered(self, drawn):
        small, waits, twins, _ = staged(drawn)
        small.run("perceived_wait", kernels.get_used)
        for one in twins:
            waits.remember(one)
        np.testing.assert_allclose(small.c.usual_wait.ravel(), list(waits.usual.values()), rtol=1e-5, atol=1e-6)

    @given(market_drawn)
    def test_remedies(self, drawn):
        small, waits, twins, _ = staged(drawn)
        small.run("perceived_wait", kernels.pay_for_remedies)
        for one in twins:
            waits.pay(one)
        assert_counted(small, {"waiting_remedies": waits.counts["waiting_remedies"]})


@kernel
def keep_colour(colour, visit_count, performance_shift_of_perceived_wait):
    """Keep what waits take off performance.  colour (visits,)  shift of 0-1  [written]"""
    for v in range(visit_count[0]):
        colour[v] = performance_shift_of_perceived_wait[v]


@kernel
def keep_arrivals(
    arrived, arrived_count, visit_count, visit_customer, visit_nth, visit_firm, wait, overtaken, announced_wait,
    accepted_wait, time_pressure, moved_to, visit_outcome,
):  # fmt: skip
    """Keep all visits as the day has left them.  arrived (arrivals, 10), arrived_count (1,)  [written]"""
    arrived_count[0] = visit_count[0]
    for v in range(visit_count[0]):
        arrived[v, 0], arrived[v, 1], arrived[v, 2] = visit_customer[v], visit_nth[v], visit_firm[v]
        arrived[v, 3], arrived[v, 4], arrived[v, 5] = wait[v], overtaken[v], announced_wait[v]
        arrived[v, 6], arrived[v, 7] = accepted_wait[v], time_pressure[v]
        arrived[v, 8], arrived[v, 9] = moved_to[v], visit_outcome[v]


class Arrivals(Mechanism):
    """Keeps who came where before she goes elsewhere, what became of her, and what waits take off performance."""

    name = "arrivals"
    owns: ClassVar = (Column("colour", ("visit",), 0, "0-1", "what the wait takes off performance"),)
    scratch: ClassVar = (
        Column("arrived", ("arrival", "kept"), 0, "-", "what is kept of visits", "float64"),
        Column("arrived_count", ("one",), 0, "visits", "how many there were", "int64"),
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        return ((Phase.ADMISSION, keep_arrivals), (Phase.ENCOUNTER, keep_colour))

    def axes(self) -> Mapping[str, int]:
        return {"arrival": room(PEOPLE, 1), "kept": 10}


def arrivals(world: World) -> list[tuple[Any, ...]]:
    """Return the visits of the latest period as the day left them, of who keep all customers in one tile."""
    passed = world.passing[0]
    found = passed["arrivals.arrived"][: passed["arrivals.arrived_count"][0]].tolist()
    return [(*map(int, row[:3]), row[3], int(row[4]), *row[5:8], *map(int, row[8:])) for row in found]


PERIODS, PEOPLE, YEAR = 30, 120, 20
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": PEOPLE, "purchase_rate": 0.8},
    "renewal": {"leaving_rate": 0.5, "every": 10},
    "situation": {"pressure_spread": 0.4},
    "waiting_line": {
        **{"branch_visits": 60.0, "days_open": 1.0, "service_minutes": 40.0, "patience_minutes": 90.0, "retry": 0.4},
        **{"elsewhere": 0.6, "accepted_minutes": 4.0, "balk_scale": 40.0},
    },
    "perceived_wait": {
        **{"unoccupied": 1.5, "pre_process": 1.25, "uncertain": 1.75, "unexplained": 1.375, "unfair": 2.0},
        **{"anxious": 1.125, "exponent": 1.25, "adaptation": 0.5, "halo": 0.25, "time_value": 12.0},
    },
    "firms": [
        {
            "name": "north",
            "waiting_line": {"servers": 3, "lines": "parallel", "discipline": "express", "express_limit": 10.0},
            "perceived_wait": {"occupation": 0.5, "greeting": 12.0, "explanation": 0.25},
        },
        {
            "name": "east",
            "waiting_line": {"servers": 2, "lines": "numbers", "announcement": 0.5, "appointments": 0.2},
            "perceived_wait": {"greeting": 30.0, "occupation": 0.25, "occupation_scale": 0.3},
        },
        {
            "name": "south",
            "waiting_line": {"servers": 3, "lines": "parallel", "announcement": 0.75, "wage": 11.0},
            "perceived_wait": {"explanation": 0.6},
        },
        {"name": "west"},
    ],
}
CHANGES = [
    {"name": "open", "from": 8, "until": 14, "set": {"firms.south.waiting_line.servers": 0}},
    {"name": "plain", "from": 16, "set": {"firms.east.perceived_wait.greeting": 0.0}},
    {"name": "late", "from": 20, "set": {"firms.west.waiting_line.servers": 2}},
]


def firms_of(scenario: Scenario) -> list[Firm]:
    """Return what the firms of a scenario set, as the twin takes it."""
    return [
        Firm(
            **{name: getattr(firm.waiting_line, name) for name in OF_LINE},
            **{name: getattr(firm.perceived_wait, name) for name in REMEDIES},
        )
        for firm in scenario.firms
    ]


class Mirrored:
    """An engine and its twin, period by period."""

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self.engine = Engine(scenario.adding(Arrivals()), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.stretches = dict(scenario.stretches())
        numbers = {name: as_single(getattr(scenario.perceived_wait, name)) for name in EXAMPLE}
        self.waits = Waits(firms_of(self.stretches[0]), numbers, stream_key(seed, "perceived_wait"), replication)
        self.seen = dict.fromkeys((*FACTORS, "moved", "gave_up", "expected", "pressed"), 0)

    def step(self, t: int) -> list[Visit]:
        """Run a period on both sides; return the visits that were served."""
        waits = self.waits
        if t in self.stretches:
            waits.firms = firms_of(self.stretches[t])
        self.engine.run(1)
        waits.begin()
        identities, served = self.c.customer_id.tolist(), []
        for i, nth, j, wait, overtaken, announced, accepted, pressure, moved_to, outcome in arrivals(self.world):
            one = Visit(identities[i], nth, j, wait, overtaken, announced, accepted, pressure)
            waits.pay(one)
            one.firm = j if moved_to < 0 else moved_to
            self.seen["moved"] += moved_to >= 0
            self.seen["gave_up"] += outcome != SERVED and wait > 0.0
            if outcome == SERVED:
                served.append(one)
        for one in served:
            waits.describe(one, t)
            waits.feel(one)
            self.seen["expected"] += one.acceptable > max(1.0, one.accepted, one.announced)
            self.seen["pressed"] += one.pressure != 1.0
            for name, of in zip(FACTORS, one.parts, strict=True):
                self.seen[name] += of > 0.0
        return served

    def counted(self, name: str, t: int) -> list[int]:
        """Return what was counted in a period, of each firm."""
        return self.world.history[t, self.world.rows[name], : self.world.m].tolist()


def at_end(engine: Engine, name: str) -> np.ndarray:
    """Return what the visits of the latest period hold in a column, of who keep all customers in one tile."""
    passed = engine.world.passing[0]
    found = {own.rsplit(".")[-1]: column for own, column in passed.items()}
    return found[name][: passed.visit_count[0]]


def assert_same_visits(both: Mirrored, served: Sequence[Visit], t: int) -> list[float]:
    """Compare what visits hold; return what waits have taken from satisfaction, as float32 holds it."""
    rule: Callable[[Visit], float]
    waits, engine = both.waits, both.engine
    for column, of in (("visit_firm", "firm"), ("visit_nth", "nth"), ("wait", "wait")):
        assert at_end(engine, column).tolist() == [getattr(one, of) for one in served], (column, t)
    for column, of in (("wait_factors", "parts"), ("perceived_wait", "perceived"), ("acceptable", "acceptable")):
        found = at_end(engine, column).reshape(-1, len(FACTORS)) if of == "parts" else at_end(engine, column)
        expected = np.reshape([getattr(one, of) for one in served], found.shape)
        np.testing.assert_allclose(found, expected, err_msg=f"{column} {t}", **CLOSE)
    shifts = at_end(engine, "satisfaction_shift_of_perceived_wait")
    for found, rule in ((at_end(engine, "colour"), waits.coloured), (shifts, waits.loss)):
        np.testing.assert_allclose(found, [-rule(one) for one in served], rtol=1e-4, atol=1e-5, err_msg=str(t))
    return (-shifts).tolist()


def assert_same_market(scenario: Scenario, seed: int, replication: int) -> Mirrored:
    """Hold a market and its twin equal in every period: visits, memories, counts."""
    both = Mirrored(scenario, seed, replication)
    waits, c = both.waits, both.c
    for t in range(PERIODS):
        served = both.step(t)
        lost, felt = assert_same_visits(both, served, t), at_end(both.engine, "perceived_wait").tolist()
        for one, of, perceived in zip(served, lost, felt, strict=True):
            one.perceived = perceived  # whole seconds are those of the number as float32 holds it
            waits.count(one, of)
            waits.remember(one)
        assert not waits.close, f"period {t}"
        usual = [[waits.usual.get((j, who), -1.0) for who in c.customer_id.tolist()] for j in range(both.world.m)]
        np.testing.assert_allclose(c.usual_wait, usual, err_msg=f"period {t}", **CLOSE)
        for name, of in waits.counts.items():
            assert both.counted(name, t) == of, (name, t)
    return both


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "replication"), [([], 0), (CHANGES, 1)])
def test_a_whole_market_is_that_of_the_twin(changes, replication):
    """In the second one a firm has no line for a while, another stops greeting, and a third begins to have a line."""
    scenario = Scenario.parse({**MARKET, "changes": changes})
    both = assert_same_market(scenario, seed=2, replication=replication)
    assert min(both.seen.values()) > 10, both.seen
    happened = both.world.history[:, [both.world.rows[name] for name in both.waits.counts]].sum(axis=(0, 2))
    assert min(happened) > 0, dict(zip(both.waits.counts, happened.tolist(), strict=True))
    if not changes:
        assert_measures(both)
    in_tiles = Engine(scenario, seed=2, replication=replication)
    in_tiles.set_tile(32)
    in_tiles.run(PERIODS)
    for name in both.waits.counts:
        np.testing.assert_array_equal(in_tiles.world.tallied(name), both.world.tallied(name), err_msg=name)


def assert_measures(both: Mirrored) -> None:
    """Compare the measures of the whole run; a firm without a line has none but the part of lives that is 0."""
    tallied = {name: both.world.tallied(name).sum(axis=0) for name in both.world.tallies}
    found = {kpi.name: kpi(Tallied(tallied, YEAR, PERIODS)) for kpi in PerceivedWait.kpis}
    for j in (1, 2):
        own = {name: tallied[name][j] for name in both.waits.counts}
        expected = twin.measures(own, tallied["waited"][j], PEOPLE * PERIODS / YEAR)
        assert {name: values[j] for name, values in found.items()} == pytest.approx(expected), j
    assert found.pop("life_waiting")[3] == 0.0
    assert all(np.isnan(values[3]) for values in found.values())
