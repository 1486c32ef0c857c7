"""The twin of service innovation: by numbers worked by hand, against kernels and dates, and in whole markets."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.innovation_kernels import add_advance_cost, build_knowledge, note_advance
from abm.mechanisms.service.service_innovation import ServiceInnovation, chance_of_an_idea, running_cost
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import service_innovation as twin
from tests.reference.accounts import hundredths
from tests.reference.by_hand import SEED, assert_counted, effort, share, visits_with
from tests.reference.closeness import as_single, near_half
from tests.reference.random_numbers import stream_key
from tests.reference.service_innovation import COUNTS, EXAMPLE, Firm

LEVERS = ("research", "copying", "copying_scale", "running_part")
OTHERS = ("taste", "word_of_mouth")  # theories that add to performance, too


class TestByHand:
    def test_chance(self):
        """Knowledge of two halves leaves a quarter: 2 * 0.75 * 1.5 in a year, of which 4 periods are a thirteenth."""
        assert twin.chance(0.4, 0.5, EXAMPLE, 52) == pytest.approx(1.0 - math.exp(-2.25 / 13))
        assert twin.chance(0.0, 1.0, EXAMPLE, 52) == 0.0

    def test_voice(self):
        assert [twin.voice(*given) for given in ((3, 2, 10), (9, 9, 10), (0, 0, 0), (0, 0, 4))] == [0.5, 1.0, 0.0, 0.0]

    def test_knowledge_stays_at_what_is_spent(self):
        firm = Firm(0.5, knowledge=0.25)
        twin.learn(firm, {"knowledge_kept": 0.75})
        assert firm.knowledge == 0.3125
        firm.knowledge = 0.5
        twin.learn(firm, {"knowledge_kept": 0.75})
        assert firm.knowledge == 0.5

    def test_a_date(self):
        """Of 0.2 that it lacks it copies half; 0.15 of what 0.75 with 0.1 lacks to 0.99 is 0.021."""
        firm = Firm(1.0, 0.5, knowledge=0.2)
        lucky = twin.renewed(firm, [0.2, 0.1], 0.01, 0.0, EXAMPLE, 52)
        assert (lucky.copied, lucky.found, lucky.advance) == pytest.approx((0.1, 0.021, 0.121))
        assert lucky.counted == {"innovations": 1, "found_advance": 22020, "copied_advance": 104858}
        assert twin.renewed(firm, [0.2, 0.1], lucky.chance, 0.0, EXAMPLE, 52).found == 0.0
        assert twin.renewed(Firm(0.0, 0.5, advance=0.3), [0.2, 0.1], 0.5, 0.0, EXAMPLE, 52).copied == 0.0
        assert twin.renewed(Firm(0.0, 0.5), [], 0.5, 0.0, EXAMPLE, 52).copied == 0.0

    def test_nobody_copies_or_finds_beyond_the_best(self):
        high = twin.renewed(Firm(1.0, 0.9, quality=0.95, knowledge=9.0), [0.5], 0.0, 1.0, EXAMPLE, 52)
        assert (high.copied, high.found) == pytest.approx((0.04, 0.0))
        beyond = twin.renewed(Firm(1.0, 0.9, quality=0.95, advance=0.2, knowledge=9.0), [0.5], 0.0, 1.0, EXAMPLE, 52)
        assert (beyond.copied, beyond.found, beyond.counted["innovations"]) == (0.0, 0.0, 0)
        assert beyond.advance == pytest.approx(0.04)

    def test_costs(self):
        """Half of 4 ln 2 = 1.386294; research of 1.23456 is 12346 hundredths of a cent; 0.1 ln 2 is 693."""
        firm = Firm(1.23456, 0.5, quality=0.5, quality_cost=4.0, advance=0.25, expense=139)
        assert firm.running() == pytest.approx(1.386294, abs=1e-6)
        assert firm.prices == (12346, 693)
        firm.book(10)
        assert firm.counts == {"research_spend": 123460, "copying_spend": 6930, "advance_running": 1390}

    def test_what_is_noted(self):
        firms = [Firm(advance=0.25), Firm(advance=0.125 + 2.0**-21), Firm(advance=0.25)]
        twin.note(firms)
        assert [firm.counts["advance_sum"] for firm in firms] == [2**18, 2**17, 2**18]
        assert [firm.counts["lead_sum"] for firm in firms] == [0, -(2**17), 0]
        assert not any(firm.counts["periods_ahead"] for firm in firms)
        alone = Firm(advance=0.25)
        twin.note([alone])
        assert (alone.counts["lead_sum"], alone.counts["periods_ahead"]) == (2**18, 1)

    def test_measures(self):
        counted = [3, 0.1, 0.3, 0.0, 0.0, 0.0, 2.0, -0.5, 4, 10]
        found = twin.measures(dict(zip(COUNTS, counted, strict=True)), 52)
        assert [*found.values()] == pytest.approx([15.6, 20.0, -5.0, 0.4, 0.75])
        assert all(math.isnan(value) for value in twin.measures(dict.fromkeys(COUNTS, 0), 52).values())


numbers_drawn = st.fixed_dictionaries(
    {
        "innovate_every": st.sampled_from([1, 2, 4, 5]),
        "knowledge_kept": st.floats(0.0, 0.984375, width=32),
        "highest_rate": st.sampled_from([0.0, 100.0]) | st.floats(0.0, 100.0),
        "half_knowledge": st.floats(0.01, 5.0),
        "voice_gain": st.floats(0.0, 20.0),
        "voice_window": st.integers(1, 10),
        "innovation_size": share,
        "imitation_lag": st.integers(1, 10),
    }
)
money = st.just(0.0) | st.floats(0.0, 50.0, width=32)
firm_drawn = st.builds(
    Firm, research=money, copying=st.just(0.0) | effort, copying_scale=money, running_part=share,
    quality=st.sampled_from([0.0, 0.75, 0.984375]) | effort, quality_cost=money,
    knowledge=st.just(0.0) | st.floats(0.0, 9.0, width=32),
    advance=st.just(0.0) | st.floats(0.0, 0.125, width=32),
)  # fmt: skip
firms_drawn = st.lists(firm_drawn, min_size=1, max_size=4).filter(
    lambda firms: any(firm.research or firm.copying for firm in firms)
)
heard = st.sampled_from([(), ("survey",), ("complaint",), ("complaint", "survey")])


def small_of(firms, numbers=None, **more) -> Small:
    """Return a small market of such firms, whose knowledge and advance are theirs; one of them does research."""
    sections = [
        {
            "service_innovation": {name: getattr(firm, name) for name in LEVERS},
            "service": {"quality": firm.quality, "quality_cost": firm.quality_cost},
        }
        for firm in firms
    ]
    small = Small(3, sections, service_innovation=numbers or {}, **more)
    small.c.innovation_knowledge[:] = [firm.knowledge for firm in firms]
    small.c.advance[:] = [firm.advance for firm in firms]
    return small


@given(st.floats(0.0, 50.0), share, numbers_drawn, st.integers(1, 52))
def test_chance_is_that_of_the_twin(knowledge, voice, p, year):
    of_model = chance_of_an_idea(
        knowledge, voice, p["highest_rate"], p["half_knowledge"], p["voice_gain"], p["innovate_every"] / year
    )
    assert of_model == pytest.approx(twin.chance(knowledge, voice, p, year), rel=1e-12, abs=1e-15)


@given(firm_drawn)
def test_running_cost_is_that_of_the_twin(firm):
    assume(firm.quality + firm.advance < 0.995)
    scale = firm.running_part * firm.quality_cost
    assert running_cost(firm.quality, firm.advance, scale) == pytest.approx(firm.running(), rel=1e-9, abs=1e-12)


@settings(max_examples=examples(15))
@given(firms_drawn, st.floats(0.0, 0.984375, width=32))
def test_knowledge_is_that_of_the_twin(firms, kept):
    small = small_of(firms, {"knowledge_kept": kept})
    small.run("service_innovation", build_knowledge)
    for firm in firms:
        twin.learn(firm, {"knowledge_kept": kept})
    np.testing.assert_allclose(small.c.innovation_knowledge, [firm.knowledge for firm in firms], rtol=1e-6, atol=1e-7)


@settings(max_examples=examples(15))
@given(firms_drawn)
def test_what_is_noted_is_that_of_the_twin(firms):
    small = small_of(firms)
    small.run("service_innovation", note_advance)
    twin.note(firms)
    assert_counted(small, {name: [firm.counts[name] for firm in firms] for name in COUNTS[6:]})


@settings(max_examples=examples(15))
@given(firms_drawn.filter(lambda firms: len(firms) > 1), visits_with(st.just(())), st.lists(st.integers(0, 999)))
def test_visits_meet_with_an_advance_and_cost_what_it_costs(firms, visits, expenses):
    small = small_of(firms, off=OTHERS)
    small.visits([i for i, _ in visits], [j for _, j in visits])
    small.phases(Phase.DELIVERY)
    np.testing.assert_array_equal(small.at("performance_shift"), [firms[j].advance for _, j in visits])
    cost, expense = np.full(len(visits) + 1, 7), np.array([*expenses, 3, 5][:2])
    add_advance_cost(cost, small.passing.visit_count, small.passing.visit_firm, expense)
    assert cost.tolist() == [*(7 + expense[j] for _, j in visits), 7]


@settings(max_examples=examples(15))
@given(firms_drawn, st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999)), min_size=4, max_size=4))
def test_books_are_those_of_the_twin(firms, counted):
    small = small_of(firms)
    for j, firm in enumerate(firms):
        visits, firm.expense = counted[j]
        small.world.lookup("visits", 0)[j], small.c.advance_expense[j] = visits, firm.expense
        firm.book(visits)
    small.phases(Phase.BOOKS)
    assert_counted(small, {name: [firm.counts[name] for firm in firms] for name in COUNTS[3:6]})


class History:
    """What was counted in ten periods of up to four firms, drawn: (periods, firms)."""

    def __init__(self, small: Small, heard: tuple[str, ...], seed: int) -> None:
        self.world, self.rng, self.m = small.world, np.random.default_rng(seed), small.world.m
        self.visits = self.put("visits", 6)
        self.answers = self.put("answers", 3) if "survey" in heard else np.zeros((10, self.m), int)
        self.complaints = self.put("complaints", 2) if "complaint" in heard else np.zeros((10, self.m), int)
        self.advance = self.put("advance_sum", twin.STEPS // 2)

    def put(self, name: str, most: int) -> np.ndarray:
        """Draw and write a tally of all periods, nobody's too; return it by firm, whatever its further axes."""
        rows = self.world.history[:, self.world.rows[name]]
        rows[...] = self.rng.integers(0, most, rows.shape)
        found = rows[..., : self.m]
        return found.sum(axis=1) if found.ndim == 3 else found

    def voice(self, j: int, t: int, window: int) -> float:
        """Return of which share of a firm's visits in the window before t something was said."""
        of = [range(max(0, t - window), t)]
        return twin.voice(*(int(counts[of, j].sum()) for counts in (self.answers, self.complaints, self.visits)))

    def known(self, j: int, t: int, lag: int) -> float:
        """Return what is known of a firm's advance."""
        return self.advance[t - lag, j] / twin.STEPS if t >= lag else 0.0


@settings(max_examples=examples(15))
@given(numbers_drawn, heard, st.integers(0, 9), st.integers(0, 999))
def test_what_is_heard_and_known_is_that_of_the_twin(numbers, heard, t, seed):
    small = small_of([Firm(0.5), Firm(), Firm()], numbers, **{theory: {} for theory in heard})
    theory = next(m for m in small.scenario.mechanisms() if m.name == "service_innovation")
    past = History(small, heard, seed)
    voices = [past.voice(j, t, numbers["voice_window"]) for j in range(3)]
    assert list(theory._voices(small.world, t)) == pytest.approx(voices, rel=1e-12)
    known = [past.known(j, t, numbers["imitation_lag"]) for j in range(3)]
    assert list(theory._known(small.world, t)) == known


@settings(max_examples=examples(40))
@given(firms_drawn, numbers_drawn, heard, st.integers(0, 9), st.integers(0, 999), st.integers(1, 52), st.integers(0, 3))
def test_dates_are_those_of_the_twin(firms, numbers, heard, t, seed, year, replication):
    small = small_of(firms, numbers, periods_per_year=year, **{theory: {} for theory in heard})
    small.world.replication = replication
    past = History(small, heard, seed)
    small.phases(Phase.OPENING, t=t)
    key = stream_key(SEED, "service_innovation")
    for j, firm in enumerate(firms):
        twin.learn(firm, numbers)
        assert small.c.innovation_knowledge[j] == pytest.approx(firm.knowledge, rel=1e-6, abs=1e-7)
        firm.knowledge = float(small.c.innovation_knowledge[j])
    if t % numbers["innovate_every"]:
        assert small.c.idea_luck.tolist() == [1.0] * len(firms)
        assert small.c.advance.tolist() == [firm.advance for firm in firms]
        assert not any(small.counted("innovations"))
        return
    for j, firm in enumerate(firms):
        u = twin.luck(key, j, t, replication)
        assert small.c.idea_luck[j] == u
        others = [past.known(k, t, numbers["imitation_lag"]) for k in range(len(firms)) if k != j]
        one = twin.renewed(firm, others, u, past.voice(j, t, numbers["voice_window"]), numbers, year)
        assume(abs(u - one.chance) > 1e-9)
        assert small.c.advance[j] == as_single(one.advance)
        for name, count in one.counted.items():
            assert small.counted(name)[j] == count, name
        firm.advance = float(small.c.advance[j])
        assume(not near_half(firm.running()))
        assert small.c.advance_expense[j] == hundredths(firm.running())


def test_measures_are_those_of_the_twin():
    rng = np.random.default_rng(5)
    for most in (1, 9):
        counts = {name: rng.integers(0, most, 3).astype(float) for name in COUNTS}
        counts["lead_sum"] -= most // 2
        tallied = Tallied(counts, 26, 7)
        for kpi in ServiceInnovation.kpis:
            of_twin = [twin.measures({name: of[j] for name, of in counts.items()}, 26)[kpi.name] for j in range(2)]
            assert kpi(tallied) == pytest.approx(of_twin, nan_ok=True), kpi.name


P = {
    **EXAMPLE, "innovate_every": 3, "knowledge_kept": 0.75, "highest_rate": 12.0, "voice_gain": 2.0, "voice_window": 7,
    "imitation_lag": 5,
}  # fmt: skip
FIRMS = [
    Firm(0.5, 0.0, 0.3, 0.4, 0.75, 2.0), Firm(0.0, 0.6, 0.3, 0.5, 0.8125, 2.0), Firm(0.25, 0.25, quality=0.75), Firm(),
]  # fmt: skip
END, YEAR = 20, 26
MARKET: dict[str, Any] = {
    "periods": 36,
    "periods_per_year": YEAR,
    "population": {"customers": 120, "purchase_rate": 0.5},
    "service_innovation": P,
    "survey": {},
    "complaint": {},
    "renewal": {"leaving_rate": 0.2, "every": 6},
    "changes": [
        {"name": "rest", "from": END, "set": {f"firms.{name}.service_innovation.research": 0.0 for name in "ac"}},
        {"name": "later", "from": END + 4, "set": {"firms.a.service.quality": 0.9375}},
    ],
    "firms": [
        {
            "name": name,
            "service_innovation": {lever: getattr(firm, lever) for lever in LEVERS},
            "service": {"quality": firm.quality, "quality_cost": firm.quality_cost},
            "survey": {"sampling": 0.5} if name in "ad" else {},
        }
        for name, firm in zip("abcd", FIRMS, strict=True)
    ],
}


@pytest.mark.parametrize("threads", [1, 3])
def test_a_whole_market_is_that_of_the_twin(threads):
    """Research ends, quality moves; what was found is delivered and paid on."""
    engine = Engine(Scenario.parse(MARKET), seed=4, threads=threads, replication=1)
    engine.set_tile(64)
    world, c, firms = engine.world, engine.world.customers, [replace(firm, counts={}) for firm in FIRMS]
    key, names = stream_key(4, "service_innovation"), ("answers", "complaints", "visits")
    sums: dict[str, list[float]] = {name: [0.0] * len(firms) for name in COUNTS}
    past: list[dict[str, np.ndarray]] = []
    for t in range(MARKET["periods"]):
        engine.run(1)
        if t == END:
            firms[0].research = firms[2].research = 0.0
        if t == END + 4:
            firms[0].quality = 0.9375
        window = past[max(0, t - P["voice_window"]) :]
        for j, firm in enumerate(firms):
            firm.counts = dict.fromkeys(COUNTS[:3], 0)
            twin.learn(firm, P)
            assert c.innovation_knowledge[j] == pytest.approx(firm.knowledge, rel=1e-5, abs=1e-7), t
        if t % P["innovate_every"] == 0:
            for j, firm in enumerate(firms):
                voice = twin.voice(*(int(sum(one[name][j] for one in window)) for name in names))
                seen = past[t - P["imitation_lag"]]["advance_sum"] if t >= P["imitation_lag"] else [0] * 4
                others = [seen[k] / twin.STEPS for k in range(4) if k != j]
                one = twin.renewed(firm, others, twin.luck(key, j, t, 1), voice, P, YEAR)
                firm.counts |= one.counted
                firm.advance = as_single(one.advance)
                firm.expense = hundredths(firm.running())
        assert c.advance.tolist() == pytest.approx([firm.advance for firm in firms], abs=1e-6), t
        rows = {name: world.history[t, world.rows[name]] for name in (*COUNTS, *names)}
        past.append({name: np.atleast_2d(rows[name]).sum(axis=0) for name in (*names, "advance_sum")})
        for j, firm in enumerate(firms):
            firm.book(int(past[-1]["visits"][j]))
            firm.advance = float(c.advance[j])
        twin.note(firms)
        for name in COUNTS:
            found = [firm.counts[name] for firm in firms]
            near = 1 if name in ("found_advance", "copied_advance") else 0
            np.testing.assert_allclose(rows[name][:4], found, rtol=0, atol=near, err_msg=f"{name} {t}")
            scale = world.tallies[name].scale
            sums[name] = [sum_ + scale * count for sum_, count in zip(sums[name], found, strict=True)]
    assert sums["innovations"][0] > 2
    assert sums["copied_advance"][1] > 0.0
    assert sums["copied_advance"][2] > 0.0
    assert past[-1]["advance_sum"][0] > 0
    assert any(0.0 < sums["periods_ahead"][j] < 30.0 for j in range(3))
    assert (c.customer_id >= world.n).any()
    tallied = Tallied({name: world.tallied(name).sum(axis=0) for name in COUNTS}, YEAR, MARKET["periods"])
    for kpi in ServiceInnovation.kpis:
        of_twin = [twin.measures({name: sums[name][j] for name in COUNTS}, YEAR)[kpi.name] for j in range(4)]
        assert kpi(tallied) == pytest.approx(of_twin, rel=1e-3, nan_ok=True), kpi.name
