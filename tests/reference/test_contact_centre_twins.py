"""The twin of contact centres: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import abm
from abm.core.distributions import draw, exponential_quantile
from abm.core.functions import logistic32
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.service import centre_kpis as kpis
from abm.mechanisms.service.contact_centre import ContactCentre
from abm.world.columns import Column
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import centre_outcomes as outcomes
from tests.reference import contact_centre as twin
from tests.reference.by_hand import SEED
from tests.reference.centre_sites import DEDICATED, POOLS, SPECIALISTS, agents_of_pool
from tests.reference.closeness import as_single
from tests.reference.contact_centre import COMPLAINT, CONTAINED, QUESTION, RECORD, Centre, Contact
from tests.reference.facility import ABANDONED, BALKED, DENIED, PERSON, SERVED, TIMES
from tests.reference.random_numbers import stream_key
from tests.reference.service_day import ENDLESS

MECHANISM = "contact_centre"
LEVERS = [
    "has_centre", "calls_out", "agents", "specialists", "dedicated_agents", "outbound_agents", "blended",
    "idle_reserve", "sites", "follows_calls", "self_service", "cti", "knowledge", "quality_target",
    "wait_announced", "best_first", "call_back", "messages", "ownership", "agent_hour", "expert_hour", "answer_fee",
    "centre_contact_expense", "site_day",
]  # fmt: skip
PROFILES = ((1.0,), (1.0, 3.0), (0.5, 2.0, 0.0, 1.3), (1.0, 0.0))
NEIGHBOURS = ("behind", "ahead", "mate")  # of a line that she has left
SUM = 2**20  # of verdicts: a tally is whole 2**-20


def quantile(code: int, a: float, b: float, u: float) -> float:
    """Return the quantile of u in single precision."""
    return float(draw(code, np.float32(a), np.float32(b), np.float32(u)))


def exponential(u: float, mean: float) -> float:
    """Return the exponential quantile of u in single precision."""
    return float(exponential_quantile(np.float32(u), np.float32(mean)))


def logistic(x: float) -> float:
    """Return 1 / (1 + e**-x) in single precision."""
    return float(logistic32(np.float32(x)))


def firm_of(rng: np.random.Generator) -> dict[str, Any]:
    """Draw what a firm sets for its centre."""
    agents, sites = int(rng.choice([0, 1, 2, 3, 5, 8])), int(rng.integers(1, 3))
    most = max((agents - 1) // sites, 0)  # so that each site has a generalist
    specialists = int(rng.integers(0, most + 1))
    dedicated = int(rng.integers(0, most - specialists + 1))
    sites = sites if agents > 1 else 1

    def some(*values: float) -> float:
        return float(rng.choice(values))

    return {
        "agents": agents, "specialists": specialists, "dedicated_agents": dedicated, "sites": sites,
        "follows_calls": some(0.0, 0.5, 0.99), "self_service": some(0.0, 0.0, 0.5, 0.9), "cti": bool(rng.integers(2)),
        "knowledge": some(0.0, 0.5, 0.9), "quality_target": some(0.0, 0.4, 0.99), "messages": bool(rng.integers(2)),
        "wait_announced": some(0.0, 0.5, 1.0, 1.7), "best_first": bool(rng.integers(2)),
        "outbound_agents": int(rng.choice([0, 0, 1, 3])), "blended": bool(rng.integers(2)),
        "idle_reserve": int(rng.choice([0, 0, 1, 2])), "call_back": some(0.0, 0.6, 0.99),
        "ownership": str(rng.choice(["own", "outsourced", "hosted"])),
    }  # fmt: skip


def market_of(rng: np.random.Generator) -> dict[str, Any]:
    """Draw what holds for a market: short days, on which few contacts make a crowd."""
    return {
        "minutes_open": float(rng.choice([60.0, 90.0])), "day_of_contacts": PROFILES[rng.integers(len(PROFILES))],
        "question_rate": float(rng.choice([0.0, 0.02, 1.5])), "tries_again": float(rng.choice([0.0, 0.7, 1.0])),
        "written_part": float(rng.choice([0.0, 0.3, 0.6])), "machine_minutes": float(rng.choice([0.0, 2.0])),
        "handling_minutes": float(rng.choice([5.0, 15.0, 30.0])),
        "handling_kind": str(rng.choice(["constant", "lognormal", "exponential"])),
        "patience_of_calls": float(rng.choice([1.0, 6.0, 60.0])), "balk_scale": float(rng.choice([0.0, 2.0, 9.0])),
        "accepted_wait_of_calls": float(rng.choice([0.5, 2.0, 20.0])), "by_class": bool(rng.integers(2)),
        "call_back_after": float(rng.choice([0.0, 5.0])), "call_back_taken": float(rng.choice([0.6, 1.0])),
        "answered_within": float(rng.choice([0.0, 0.25, 4.0])),
        "wrong_skill_pace": float(rng.choice([1.0, 1.5])), "answers_calls": float(rng.choice([0.3, 1.0])),
        "call_minutes": float(rng.choice([4.0, 20.0])), "ring_minutes": float(rng.choice([0.0, 2.0])),
        "listed_for": int(rng.choice([1, 3])),
    }  # fmt: skip


class Bench:
    """A small market whose centres are run kernel by kernel, with its twin.

    rng : draws what firms set, what customers hold, and visits with complaints
    """

    def __init__(self, rng: np.random.Generator, customers: int = 12, firms: int = 2, **numbers: Any) -> None:
        self.rng = rng
        drawn, self.numbers = [firm_of(rng) for _ in range(firms)], market_of(rng) | numbers
        drawn[0]["agents"] = max(drawn[0]["agents"], 1)  # somebody has a centre
        self.small = Small(
            customers, [{MECHANISM: own} for own in drawn], complaint={}, recovery={}, customer_classes={},
            information={}, contacts={}, care={}, outbound={}, contact_centre=self.numbers,
        )  # fmt: skip
        self.world, self.c = self.small.world, self.small.c
        self.steps = {step.name: step for step in self.small.scenario.steps() if step.mechanism.name == MECHANISM}
        self.world.replication = int(rng.integers(0, 3))
        self.c.centre_days[0] = rng.choice([0.3, 1.0, 1.4, 2.6])
        self.fill_customers()
        self.list_visits()
        self.centre = self.twin()

    def fill_customers(self) -> None:
        """Draw what customers hold; identities are not the numbers of their rows."""
        rng, c, (m, n) = self.rng, self.c, self.c.trust.shape
        c.customer_id[:] = rng.permutation(n) * 307_000_001 % 2**32
        c.provider[:], c.exited[:] = rng.integers(-1, m, n), rng.choice([-1, -1, -1, 0, 2], n)
        c.encounters[:] = rng.integers(0, 3, (m, n))
        c.customer_class[:] = rng.integers(0, 5, (m, n))
        c.open_matter[:] = rng.integers(0, 3, (m, n))
        c.satisfaction[:], c.trust[:] = rng.random((m, n)), rng.random((m, n))
        if "outbound_state" in c:
            c.outbound_state[:], c.outbound_periods[:] = rng.choice([0, 1, 1, 2], (m, n)), rng.integers(0, 3, (m, n))
            c.reachable[:] = rng.choice([0, 1, 1], (m, n))

    def list_visits(self) -> None:
        """Draw visits, with places in the book that leave gaps, and who complains how."""
        rng, book, (m, n) = self.rng, self.world.book, self.c.trust.shape
        count = rng.integers(0, 4, n)
        count[0] = 15 if rng.random() < 0.3 else count[0]
        whose = [(i, nth, int(rng.integers(0, m))) for i in range(n) for nth in range(count[i])]
        self.visits: list[list[tuple[int, int, int, int]]] = [[] for _ in range(m)]
        for i, nth, j in whose:
            v, channel = i * 15 + nth, int(rng.integers(0, 4))
            for name, value in (("customer", i), ("nth", nth), ("firm", j)):
                book[f"book.visit_{name}"][v] = value
            book["book.complaint_channel"][v], book["book.complaint_heard"][v] = channel, 1
            book["book.handling_time"][v] = rng.choice([1.0, 0.75])
            self.visits[j].append((v, i, nth, channel))
        book.book_start[:] = np.cumsum([0, *(len(own) for own in self.visits)])
        book.book_visit[: len(whose)] = [one[0] for own in self.visits for one in own]

    def twin(self) -> Centre:
        """Return the twin of this market, with numbers as kernels have them."""
        mechanism = next(one for one in self.small.scenario.mechanisms() if one.name == MECHANISM)
        return twin_of(mechanism, self.small.firms, float(self.c.centre_days[0]), self.world, SEED)

    def run(self, name: str, t: int) -> None:
        """Run a kernel of the centre; one that is not in the schedule is not run."""
        if name in self.steps:
            self.steps[name].bind(self.world, SEED, self.world.named())(0, self.world.n, t)

    def of(self, name: str) -> np.ndarray:
        """Return an array of the centre by its name."""
        named = self.world.named()
        found = [
            named[prefix + name]
            for prefix in (f"book.{MECHANISM}.", "book.", f"{MECHANISM}.", "")
            if prefix + name in named
        ]
        return found[0]

    def contacts(self) -> np.ndarray:
        """Return the records of the contacts on the list."""
        return self.of("contact")[: self.of("contact_number")[0]]

    def calls(self) -> np.ndarray:
        """Return the records of the calls behind them."""
        first = self.of("contact_number")[0]
        return self.of("contact")[first : first + self.of("calls_listed")[0]]

    def people(self) -> list[SimpleNamespace]:
        """Return the customers as the twin takes them."""
        c = self.c
        return people_of(c.customer_id, c.provider, c.exited, c.encounters)

    def identities(self) -> list[int]:
        return self.c.customer_id.tolist()


def people_of(identities: Any, provider: Any, exited: Any, encounters: Any) -> list[SimpleNamespace]:
    """Return customers as the twin takes them, from their columns."""
    return [
        SimpleNamespace(identity=int(who), provider=int(j), left=bool(t >= 0), bought=bought.tolist())
        for who, j, t, bought in zip(identities, provider, exited, encounters.T, strict=True)
    ]


def twin_of(mechanism: Any, levers: Any, days: float, world: Any, seed: int) -> Centre:
    """Return the twin of a market's centres, with numbers as kernels have them."""
    firms = [SimpleNamespace(**{name: levers[name][j].item() for name in LEVERS}) for j in range(len(levers["agents"]))]
    numbers = {name: single(getattr(mechanism, name)) for name in type(mechanism).model_fields}
    numbers["contact_profile"] = mechanism.day_of_contacts
    mean, variation = mechanism.handling_minutes, mechanism.handling_variation
    spread = math.sqrt(math.log1p(variation**2))
    handlings = {
        "constant": (0, mean, 0.0), "lognormal": (3, math.log(mean) - spread**2 / 2, spread),
        "exponential": (4, mean, 0.0),
    }[mechanism.handling_kind]  # fmt: skip
    return Centre(
        firms, numbers, days, stream_key(seed, MECHANISM), world.periods_per_year, quantile, exponential, logistic,
        handlings, (4, mechanism.patience_of_calls, 0.0), world.replication,
    )  # fmt: skip


def single(value: Any) -> Any:
    """Return a number, or each of a tuple, as float32 holds it; all else as it is."""
    if isinstance(value, tuple):
        return tuple(single(item) for item in value)
    return as_single(value) if isinstance(value, float) else value


def assert_records(found: np.ndarray, contacts: list[Contact]) -> None:
    """Compare the records of contacts, field by field."""
    assert len(found) == len(contacts)
    expected = np.array([c.record() for c in contacts], np.int64).reshape(-1, len(RECORD))
    for k, name in enumerate(RECORD):
        np.testing.assert_array_equal(found[:, k], expected[:, k], err_msg=name)


class TestByHand:
    def test_chance_of_a_question(self):
        """At 0.02 a week over 4 weeks: 1 - e**-0.08."""
        assert twin.question_chance(0.02, 13) == pytest.approx(0.0768837)

    def test_two_sites(self):
        """Of seven agents, two specialists and a dedicated one: four at the first site, with one generalist fewer; and
        three callers beside them."""
        firm = SimpleNamespace(agents=7, specialists=2, dedicated_agents=1, outbound_agents=3, sites=2)

        def divided() -> list[list[int]]:
            return [[agents_of_pool(firm, s, pool) for pool in POOLS] for s in range(2)]

        assert divided() == [[2, 1, 2, 1], [1, 0, 2, 1]]
        firm.sites = 1
        assert divided() == [[3, 1, 4, 2], [0, 0, 0, 0]]

    def test_minute_of_the_day(self):
        """Of weights 1 and 3, 0.125 is in the middle of the first interval, 0.625 of the second; no weight, nobody."""
        assert [twin.place_in(u, (1.0, 3.0)) for u in (0.125, 0.25, 0.625)] == [0.5, 1.0, 1.5]
        assert twin.place_in(0.999, (1.0, 0.0)) == pytest.approx(0.999)

    def test_chance_of_resolving(self):
        """Of 0.3 failures a half is removed: 0.85, less 0.2 without the skill and 0.1 at a provider's."""
        firm = SimpleNamespace(knowledge=0.4, quality_target=0.8, ownership=1)
        p = SimpleNamespace(
            first_resolution=0.7, knowledge_fix=0.25, quality_fix=0.5, wrong_skill_loss=0.2, outsourced_loss=0.1
        )
        assert outcomes.chance_of_resolving(firm, p, True) == pytest.approx(0.55)
        p.knowledge_fix, firm.ownership = 2.0, 2
        assert outcomes.chance_of_resolving(firm, p, False) == 1.0
        p.wrong_skill_loss = 1.0
        assert outcomes.chance_of_resolving(firm, p, True) == 0.0

    def test_verdict(self):
        """Four minutes seem five, of which three are 1.5 of the accepted two: 0.3 - 0.15 - 0.1; told, a minute less."""
        p = SimpleNamespace(
            solved_value=0.9, unsolved_value=0.3, unanswered_value=0.1, accepted_wait_of_calls=2.0,
            accepted_wait_of_messages=240.0, unannounced_factor=1.25, wait_weight=0.1, machine_annoyance=0.1,
        )  # fmt: skip
        c = Contact(0, 0, 16, QUESTION, True, annoyed=True, outcome=SERVED, wait=4.0)
        assert outcomes.verdict(c, p) == pytest.approx(0.05)
        c.told = True
        assert outcomes.verdict(c, p) == pytest.approx(0.1)
        c.deferred = c.resolved = True
        assert outcomes.verdict(c, p) == pytest.approx(0.8)
        c.outcome, c.resolved, c.deferred = ABANDONED, False, False
        assert outcomes.verdict(c, p) == 0.0

    def test_cost(self):
        """300 minutes on two days and 12 after closing are 10.2 hours of 20 cu, two of them of experts, 4 cu more."""
        firm = SimpleNamespace(
            agent_hour=2000, expert_hour=400, centre_contact_expense=7, answer_fee=300, site_day=21000
        )
        assert outcomes.booked(firm, 2.0, (300.0, 60.0, 12.0), 10, 6) == {
            "agent_seconds": 36720, "centre_staffing": 21200, "centre_technology": 70, "centre_fees": 1800,
            "centre_rooms": 42000,
        }  # fmt: skip


seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_rules_of_sites_are_those_of_the_twin(seed):
    bench = Bench(np.random.default_rng(seed), customers=2, firms=3)
    for name in ("set_centres", "set_pools", "plan_agents"):
        bench.run(name, 0)
    centre = bench.centre
    day = centre.day(0, (None, None, None), 0, 0)
    sites = len(day.rules)
    for name, of_twin, tolerance in (
        ("site_rules", day.rules, 0), ("site_lines", day.lines, 0), ("site_pools", day.pools, 0),
        ("site_pace", day.pace, 0), ("site_joins", day.joins, 0), ("site_minutes", day.mean, 0),
        ("site_staff", day.pool_state[:, :, 0], 0),
    ):  # fmt: skip
        np.testing.assert_allclose(bench.of(name)[:sites], of_twin, rtol=tolerance, err_msg=name)
    length = len(day.shift_time)
    for name in ("time", "place", "staff"):
        found = bench.of(f"agent_shift_{name}")[:length]
        np.testing.assert_allclose(found, getattr(day, f"shift_{name}"), rtol=1e-12, err_msg=name)
    assert (bench.of("agent_shift_time")[length:] >= ENDLESS).all()
    for name, pools in (
        ("agent_minutes", POOLS),
        ("expert_minutes", (DEDICATED, SPECIALISTS)),
    ):
        found = [centre.minutes_on_duty(j, pools) for j in range(3)]
        np.testing.assert_allclose(bench.c[name], found, rtol=1e-12, err_msg=name)


def listed(bench: Bench, t: int) -> list[Contact]:
    """Let both list contacts, mark the best and ask machines; compare what they wrote."""
    open_matter = bench.c.open_matter.tolist()
    bench.run("list_contacts", t)
    contacts = bench.centre.contacts(t, bench.visits, bench.people(), open_matter)
    assert_records(bench.contacts(), contacts)
    np.testing.assert_array_equal(bench.c.open_matter, open_matter)
    np.testing.assert_array_equal(bench.of("own_contacts"), bench.centre.own)
    bench.run("mark_best", t)
    if "mark_best" in bench.steps:
        bench.centre.mark_best(contacts, bench.c.customer_class)
    assert_records(bench.contacts(), contacts)
    bench.run("ask_machine", t)
    bench.centre.ask_machine(t, contacts, bench.identities())
    assert_records(bench.contacts(), contacts)
    list_calls(bench, t)
    assume(not bench.centre.close)
    return contacts


def list_calls(bench: Bench, t: int) -> None:
    """Let both list the calls of firms, if any firm makes some; compare what they wrote."""
    bench.listed, bench.state = [], []
    if "list_calls" in bench.steps:
        bench.state = bench.c.outbound_state.tolist()
        bench.run("list_calls", t)
        bench.listed = bench.centre.calls(t, bench.identities(), bench.c.reachable, bench.state)
        assume(not bench.centre.close)
        np.testing.assert_array_equal(bench.c.outbound_state, bench.state)
        np.testing.assert_array_equal(bench.of("own_contacts"), bench.centre.own)
    assert_records(bench.calls(), bench.listed)


@given(seeds, st.integers(0, 500))
def test_the_list_is_that_of_the_twin(seed, t):
    listed(Bench(np.random.default_rng(seed), firms=2), t)


@given(seeds)
def test_a_customer_makes_fifteen_contacts_at_most(seed):
    """Everybody has matters open at ten firms, and who visits often complains, too."""
    bench = Bench(np.random.default_rng(seed), customers=3, firms=10, tries_again=1.0)
    bench.c.open_matter[:] = np.maximum(bench.c.open_matter, 1)
    listed(bench, 3)


@given(st.integers(0, 500))
def test_a_matter_stays_open_if_it_would_be_a_sixteenth_contact(t):
    """Fifteen complaints that are done at once leave a question of before that she did not come to."""
    bench = Bench(
        np.random.default_rng(0), customers=1, first_resolution=1.0, wrong_skill_loss=0.0, outsourced_loss=0.0
    )
    bench.visits = [[(nth, 0, nth, 1) for nth in range(15)], []]
    book = bench.world.book
    book["book.complaint_channel"][:], book["book.visit_firm"][:], book["book.visit_customer"][:] = 1, 0, 0
    book["book.visit_nth"][:], book.book_visit[:15], book.book_start[:] = range(15), range(15), (0, 15, 15)
    bench.c.open_matter[0] = QUESTION
    contacts = listed(bench, t)
    for c in contacts:
        c.outcome = SERVED
    for k, c in enumerate(contacts):
        bench.of("contact")[k] = c.record()
    come_out(bench, contacts, t)
    assert all(c.resolved for c in contacts)
    assert bench.c.open_matter[0, 0] == QUESTION


def answered(bench: Bench, t: int) -> list[Contact]:
    """Let both take the contacts of a period through their days; compare what they wrote."""
    for name in ("set_centres", "set_pools", "plan_agents"):
        bench.run(name, t)
    contacts, centre, who = listed(bench, t), bench.centre, bench.identities()
    bench.run("order_contacts", t)
    order, arrivals = centre.order(t, [*contacts, *bench.listed], who)
    places = bench.of("contact_order")[: len(order)]
    place = {id(c): k for k, c in enumerate([*contacts, *bench.listed])}
    assert places.tolist() == [place[id(c)] for c in order]
    assert bench.of("contact_arrivals")[: len(arrivals)].tolist() == arrivals
    np.testing.assert_allclose(bench.of("contact_moment")[places], [c.moment for c in order], rtol=1e-13)
    bench.run("fill_contacts", t)
    bench.run("fill_calls", t)
    records = centre.records(t, order, who)
    for k, name in enumerate(PERSON):
        found = bench.of("contact_person")[: len(order), k]
        np.testing.assert_array_equal(found, records[0][:, k].astype(np.int32), err_msg=name)
    for name, of_twin in zip(("contact_times", "contact_wants"), records[1:], strict=True):
        np.testing.assert_allclose(bench.of(name)[: len(order)], of_twin, rtol=1e-13, err_msg=name)
    seconds = bench.of("handling_seconds").copy()
    bench.run("answer_contacts", t)
    people, of_twin = centre.answer(t, records, arrivals)
    assert (bench.of("handling_seconds") - seconds).tolist() == [*of_twin, 0]
    for k, name in enumerate(PERSON):
        if name not in NEIGHBOURS:
            found = bench.of("contact_person")[: len(order), k].tolist()
            assert found == np.array([getattr(v, name) for v in people]).astype(np.int32).tolist(), name
    for k, name in enumerate(TIMES):
        found = bench.of("contact_times")[: len(order), k]
        np.testing.assert_allclose(found, [getattr(v, name) for v in people], rtol=1e-9, atol=1e-9, err_msg=name)
    bench.run("note_contacts", t)
    overtime = centre.note(order, people)
    np.testing.assert_allclose(bench.c.overtime_minutes, overtime, rtol=1e-9, atol=1e-9)
    assert_records(bench.contacts(), contacts)
    assert_records(bench.calls(), bench.listed)
    end_calls(bench, order, people, t)
    np.testing.assert_allclose(
        bench.of("contact_wait")[: len(contacts)], [c.wait for c in contacts], rtol=1e-9, atol=1e-9
    )
    return contacts


def end_calls(bench: Bench, order: list[Contact], people: list[Any], t: int) -> None:
    """Let both say what came of calls, and give up those that were listed for long; compare what they wrote."""
    if "note_calls" not in bench.steps:
        return
    periods = bench.c.outbound_periods.tolist()
    waiting = [sum(one == twin.LISTED for one in own) for own in bench.state]
    bench.run("note_calls", t)
    counted = bench.centre.end_calls(order, people, bench.state, periods)
    np.testing.assert_array_equal(bench.c.outbound_state, bench.state)
    np.testing.assert_array_equal(bench.c.outbound_periods, periods)
    for name, numbers in counted.items():
        assert bench.of(name)[:-1].tolist() == numbers, name
    ended = zip(*(counted[f"outbound_{name}"] for name in ("reached", "dropped", "waiting")), strict=True)
    assert [sum(one) for one in ended] == waiting


@settings(max_examples=examples(150))
@given(seeds, st.integers(0, 500))
def test_days_are_those_of_the_twin(seed, t):
    answered(Bench(np.random.default_rng(seed), customers=30, firms=2), t)


TIES = (((9039, 16), (4785, 16)), ((2225, 12), (2225, 2)), ((32716, 17), (32716, 10)))  # of the same luck in period 0


@pytest.mark.parametrize("pair", TIES)
def test_who_comes_at_the_same_moment_is_ordered_as_by_the_twin(pair):
    """Of two whose minute is the same the lower identity comes first, then the lower block, however they are listed."""
    for later, earlier in (pair, pair[::-1]):
        bench = Bench(np.random.default_rng(0), customers=2)
        bench.world.replication, bench.c.centre_days[0] = 0, 1.0
        bench.centre = bench.twin()
        bench.c.customer_id[:] = later[0], earlier[0]
        contacts = [Contact(row, 0, block, QUESTION, True) for row, (_, block) in enumerate((later, earlier))]
        for k, c in enumerate(contacts):
            bench.of("contact")[k] = c.record()
        bench.of("contact_number")[0] = 2
        bench.run("order_contacts", 0)
        order, _ = bench.centre.order(0, contacts, bench.identities())
        assert order[0].moment == order[1].moment
        assert bench.of("contact_order")[:2].tolist() == [c.customer for c in order]
        assert (bench.c.customer_id[order[0].customer], order[0].block) == min(pair)


def drawn_contacts(bench: Bench) -> list[Contact]:
    """Draw contacts with outcomes, whether a day could have made them or not, and write them on the list."""
    rng, found = bench.rng, []
    m, n = bench.c.trust.shape
    complaints = [(v, i, j, nth) for j, own in enumerate(bench.visits) for v, i, nth, _ in own]
    for _ in range(int(rng.integers(0, 40))):
        c = Contact(int(rng.integers(n)), int(rng.integers(m)), 0, int(rng.integers(1, 3)), bool(rng.integers(2)))
        c.block = int(rng.choice([16, 32])) + c.firm
        if complaints and rng.random() < 0.5:
            v, i, j, nth = complaints.pop(int(rng.integers(len(complaints))))
            c = Contact(i, j, nth, COMPLAINT, True, v)
        for name in ("written", "best", "annoyed", "lacked", "deferred", "told"):
            setattr(c, name, bool(rng.integers(2)))
        c.outcome = int(rng.choice([SERVED, SERVED, SERVED, BALKED, ABANDONED, DENIED, CONTAINED]))
        c.wait = float(rng.choice([0.0, 0.25, 1.0, 4.0, 0.025, 300.0]) * rng.choice([1.0, rng.random()]))
        found.append(c)
    for k, c in enumerate(found):
        bench.of("contact")[k], bench.of("contact_wait")[k] = c.record(), c.wait
    bench.of("contact_number")[0] = len(found)
    return found


def come_out(bench: Bench, contacts: list[Contact], t: int) -> None:
    """Let both say what contacts lead to; compare what they wrote."""
    centre, names = bench.centre, ("satisfaction", "trust", "open_matter", "complaint_heard", "handling_time")
    bench.run("resolve_contacts", t)
    outcomes.resolve(centre, t, contacts, bench.identities())
    assume(not centre.close)
    assert_records(bench.contacts(), contacts)
    bench.run("judge_contacts", t)
    verdicts = [outcomes.verdict(c, centre.p) for c in contacts]
    np.testing.assert_allclose(bench.of("contact_verdict")[: len(contacts)], verdicts, atol=2e-6)
    state = SimpleNamespace(**{name: bench.of(name).tolist() for name in names})
    bench.run("learn_from_contacts", t)
    outcomes.learn(centre, contacts, verdicts, bench.c.encounters, state)
    for name in names:
        np.testing.assert_allclose(bench.of(name), getattr(state, name), atol=2e-6, err_msg=name)
    bench.run("count_contacts", t)
    for name, numbers in outcomes.counted(centre, contacts, verdicts).items():
        found = bench.of(name)[:-1]
        if name == "contact_verdicts":
            np.testing.assert_allclose(found / SUM, numbers, atol=3e-6 * (1 + len(contacts)))
        else:
            np.testing.assert_array_equal(found, numbers, err_msg=name)


@settings(max_examples=examples(150))
@given(seeds, st.integers(0, 500))
def test_what_comes_of_contacts_is_that_of_the_twin(seed, t):
    numbers = {"machine_annoyance": 0.3, "wait_weight": 0.2, "satisfaction_weight": 0.4, "trust_weight": 0.3}
    bench = Bench(np.random.default_rng(seed), customers=5, **numbers)
    come_out(bench, drawn_contacts(bench), t)


@given(seeds, st.integers(0, 500))
def test_a_period_is_that_of_the_twin(seed, t):
    bench = Bench(np.random.default_rng(seed), customers=20, firms=3)
    come_out(bench, answered(bench, t), t)
    assert_booked(bench)


def assert_booked(bench: Bench) -> None:
    """Let both book what centres cost, from what was counted before; compare."""
    centre, m, c = bench.centre, len(bench.centre.firms), bench.c
    bench.run("book_centres", 0)
    bench.run("book_calls", 0)
    reached = bench.of("outbound_reached").tolist()
    minutes = np.array([c.agent_minutes, c.expert_minutes, c.overtime_minutes]).T.tolist()
    offered, came = bench.of("contacts_offered").tolist(), bench.of("contacts_answered").tolist()
    for j in range(m):
        expected = outcomes.booked(centre.firms[j], centre.days, tuple(minutes[j]), offered[j], came[j], reached[j])
        for name, number in expected.items():
            assert bench.of(name)[j] == number, name


@given(seeds, st.integers(0, 10_000), st.integers(0, 10_000))
def test_costs_are_those_of_the_twin(seed, offered, came):
    bench = Bench(np.random.default_rng(seed), customers=2)
    rng = bench.rng
    whole = rng.random() < 0.5  # intervals, with which half a cent is frequent
    bench.c.agent_minutes[:] = 30.0 * rng.integers(4, 300, 2) if whole else rng.uniform(100.0, 9000.0, 2)
    bench.c.expert_minutes[:] = 15.0 * rng.integers(0, 8, 2) if whole else bench.c.agent_minutes * rng.random(2)
    bench.c.overtime_minutes[:] = rng.choice([0.0, 7.25, 50.0 * rng.random()], 2)
    bench.of("contacts_offered")[:2], bench.of("contacts_answered")[:2] = offered, came
    assert_booked(bench)
    for j, firm in enumerate(bench.small.scenario.firms):
        for name, number in outcomes.prices(firm.contact_centre).items():
            assert bench.small.firms[name][j] == number, name


@given(st.floats(0.001, 1e4), st.floats(0.01, 5.0))
def test_times_of_handling_have_the_mean_and_the_variation_that_are_stated(mean, variation):
    """Of the lognormal with (a, b): e**(a + b^2 / 2), and sqrt(e**(b^2) - 1) times that."""
    code, a, b = ContactCentre(handling_kind="lognormal", handling_minutes=mean, handling_variation=variation).handlings
    assert (code, math.exp(a + b**2 / 2)) == (3, pytest.approx(mean))
    assert math.sqrt(math.expm1(b**2)) == pytest.approx(variation)
    for kind, number in (("constant", 0), ("exponential", 4)):
        assert list(ContactCentre(handling_kind=kind, handling_minutes=mean).handlings[:2]) == [number, mean]


@abm.kernel
def copy_feelings(satisfaction_met, trust_met, satisfaction, trust, lo, hi):
    """Keep what is thought of firms before contacts.  satisfaction_met, trust_met (m, n)  [written]"""
    for j in range(trust.shape[0]):
        for i in range(lo, hi):
            satisfaction_met[j, i] = satisfaction[j, i]
            trust_met[j, i] = trust[j, i]


CUSTOMERS, PERIODS, YEAR = 150, 16, 12
SEEN = {  # of the list of visits, and what contacts have made of the market
    "visit": ("visit_customer", "visit_nth", "complaint_channel", "complaint_heard", "handling_time"),
    "customer": (
        "satisfaction_met", "trust_met", "satisfaction", "trust", "open_matter", "encounters", "provider", "exited",
        "customer_class", "agent_minutes", "expert_minutes", "overtime_minutes",
    ),
}  # fmt: skip


class Watching(abm.Mechanism):
    """Keeps what contacts find and what they leave, as the next phases move it on."""

    name = "watching"
    owns: ClassVar = tuple(
        Column(name, ("firm", "customer"), 0, "0-1", "before contacts") for name in ("satisfaction_met", "trust_met")
    )

    def schedule(self, policies):
        """Return the copy before contacts, and the look after them."""
        return ((abm.Phase.VOICE, copy_feelings), (abm.Phase.CENTRE, look))


SIGHTS: list[dict[str, Any]] = []


def look(world: Any, t: int) -> None:
    """Copy what there is once contacts have been dealt with."""
    seen = {name: world.customers[name].copy() for name in SEEN["customer"]}
    seen |= {name: world.book[f"book.{name}"].copy() for name in SEEN["visit"]}
    seen |= {name: world.book[name].copy() for name in ("book_start", "book_visit")}
    number = world.named()[f"{MECHANISM}.contact_number"][0]
    SIGHTS.append(seen | {"contact": world.book[f"book.{MECHANISM}.contact"][:number].copy()})


MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": CUSTOMERS, "purchase_rate": 1.2},
    "defection": {"exit_rate": 0.01},
    "customer_classes": {"every": 4, "share_a": 0.3},
    "complaint": {"base": 1.5},
    "recovery": {},
    "contact_centre": {
        "centre_visits": 30.0, "minutes_open": 120.0, "days_open": 2.0, "handling_minutes": 25.0,
        "question_rate": 0.15, "day_of_contacts": (1.0, 2.5, 0.7), "handling_kind": "lognormal", "by_class": True,
        "machine_annoyance": 0.3, "satisfaction_weight": 0.3, "trust_weight": 0.2, "answered_within": 1.0,
    },
    "firms": [
        {
            "name": "north",
            "service": {"failure_rate": 0.3},
            "contact_centre": {
                "agents": 4, "specialists": 1, "dedicated_agents": 1, "sites": 2, "best_first": True,
                "follows_calls": 0.8, "wait_announced": 1.0, "knowledge": 0.4, "quality_target": 0.3,
            },
        },
        {
            "name": "east",
            "service": {"failure_rate": 0.3},
            "contact_centre": {
                "agents": 2, "specialists": 1, "self_service": 0.6, "messages": True, "call_back": 0.6, "cti": True,
                "ownership": "outsourced",
            },
        },
        {"name": "south", "service": {"failure_rate": 0.2}, "contact_centre": {"self_service": 0.5}},
        {"name": "west", "service": {"failure_rate": 0.2}},
    ],
}  # fmt: skip


class Period:
    """A period of the twin beside what was seen of one of the market."""

    def __init__(
        self, centre: Centre, identities: list[int], seen: dict[str, Any], open_matter: list[list[int]]
    ) -> None:
        self.centre, self.identities, self.seen, self.open_matter = centre, identities, seen, open_matter

    def run(self, t: int) -> dict[str, list[float]]:
        """Let the twin go through a period; return what it counts, having compared what it leaves."""
        centre, who, seen = self.centre, self.identities, self.seen
        contacts = centre.contacts(t, self.visits(), self.people(), self.open_matter)
        centre.mark_best(contacts, seen["customer_class"])
        centre.ask_machine(t, contacts, who)
        order, arrivals = centre.order(t, contacts, who)
        people, seconds = centre.answer(t, centre.records(t, order, who), arrivals)
        overtime = centre.note(order, people)
        outcomes.resolve(centre, t, contacts, who)
        verdicts = [outcomes.verdict(c, centre.p) for c in contacts]
        state = self.state()
        outcomes.learn(centre, contacts, verdicts, seen["encounters"], state)
        assert not centre.close
        assert_records(seen["contact"], contacts)
        for name in vars(state):
            found = self.of_complaints(seen[name]) if name in SEEN["visit"] else seen[name]
            expected = getattr(state, name)
            expected = list(expected.values()) if isinstance(expected, dict) else expected
            np.testing.assert_allclose(found, expected, atol=2e-6, err_msg=name)
        np.testing.assert_allclose(seen["overtime_minutes"], overtime, rtol=1e-9, atol=1e-9)
        return outcomes.counted(centre, contacts, verdicts) | {"handling_seconds": seconds} | self.booked(contacts)

    def visits(self) -> list[list[tuple[int, int, int, int]]]:
        """Return the visits of each firm in the order of the book."""
        s, start = self.seen, self.seen["book_start"]
        return [
            [
                (int(v), int(s["visit_customer"][v]), int(s["visit_nth"][v]), int(s["complaint_channel"][v]))
                for v in s["book_visit"][start[j] : start[j + 1]]
            ]
            for j in range(len(self.centre.firms))
        ]

    def people(self) -> list[SimpleNamespace]:
        """Return the customers as the twin takes them."""
        return people_of(self.identities, *(self.seen[name] for name in ("provider", "exited", "encounters")))

    def state(self) -> SimpleNamespace:
        """Return what contacts find: what is thought of firms, matters, and complaints as they are made."""
        places = [one[0] for own in self.visits() for one in own]
        return SimpleNamespace(
            satisfaction=self.seen["satisfaction_met"].tolist(), trust=self.seen["trust_met"].tolist(),
            open_matter=self.open_matter, complaint_heard=dict.fromkeys(places, 1),
            handling_time=dict.fromkeys(places, 1.0),
        )  # fmt: skip

    def of_complaints(self, column: np.ndarray) -> np.ndarray:
        """Return the entries of the visits in the book."""
        return column[self.seen["book_visit"][: self.seen["book_start"][-1]]]

    def booked(self, contacts: list[Contact]) -> dict[str, list[float]]:
        """Return what the period costs, by tally."""
        centre, found = self.centre, dict[str, list[float]]()
        for j, firm in enumerate(centre.firms):
            own = [c for c in contacts if c.firm == j]
            minutes = tuple(float(self.seen[f"{name}_minutes"][j]) for name in ("agent", "expert", "overtime"))
            answered_by_agents = sum(c.outcome == SERVED for c in own)
            cost = outcomes.booked(firm, centre.days, minutes, len(own), answered_by_agents)  # type: ignore[arg-type]
            for name, number in cost.items():
                found.setdefault(name, []).append(number)
        return found


@pytest.mark.slow
def test_a_whole_market_is_that_of_the_twin():
    scenario = abm.Scenario.parse(MARKET).adding(Watching())
    engine, sums = Engine(scenario, seed=8), dict[str, np.ndarray]()
    world, m = engine.world, len(scenario.firms)
    mechanism = next(one for one in scenario.mechanisms() if one.name == MECHANISM)
    rate = math.fsum(world.customers.purchase_rate.tolist()) / m
    days = rate / (52 / YEAR) / 30.0 * 2.0 * (52 / YEAR)
    assert world.customers.centre_days[0] == pytest.approx(days)
    centre = twin_of(mechanism, world.firms, float(world.customers.centre_days[0]), world, 8)
    open_matter = [[0] * CUSTOMERS for _ in range(m)]
    for t in range(PERIODS):
        SIGHTS.clear()
        engine.run(1)
        counted = Period(centre, world.customers.customer_id.tolist(), SIGHTS[0], open_matter).run(t)
        for name, numbers in counted.items():
            found = world.history[t, world.rows[name], :m].astype(float)
            if name == "contact_verdicts":
                np.testing.assert_allclose(found / SUM, numbers, atol=1e-3)
            else:
                np.testing.assert_array_equal(found, numbers, err_msg=name)
            sums[name] = sums.get(name, 0) + np.array(numbers)
    assert_everything_happened(sums, np.array(open_matter))
    assert_kpis(world, sums)


def assert_everything_happened(sums: dict[str, np.ndarray], open_matter: np.ndarray) -> None:
    """See that the market had all that the twin has rules for."""
    for name, numbers in sums.items():
        assert numbers.any(), name
        assert numbers[3] == 0, f"{name} of who has no centre"
    assert set(open_matter[:3].ravel()) == {twin.NO_MATTER, QUESTION, COMPLAINT}
    assert not open_matter[3].any()


def assert_kpis(world: Any, sums: dict[str, np.ndarray]) -> None:
    """Compare the KPIs of the whole run with what the twin has counted, at firms that have agents."""
    tallied = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    of_run = Tallied(tallied, YEAR, PERIODS)
    s = SimpleNamespace(**{name: number[:2] for name, number in sums.items()})
    cost = (s.centre_staffing + s.centre_technology / 100.0 + s.centre_fees + s.centre_rooms) / 100.0
    others, others_in_time = s.calls_offered - s.best_calls, s.calls_in_time - s.best_calls_in_time
    for kpi, number in (
        (kpis.contact_service_level, s.calls_in_time / s.calls_offered),
        (kpis.best_service_level, s.best_calls_in_time / s.best_calls),
        (kpis.others_service_level, others_in_time / others),
        (kpis.mean_answer, s.answer_time / 60.0 / s.calls_answered),
        (kpis.call_abandonment_rate, s.calls_abandoned / s.calls_offered),
        (kpis.first_contact_resolution, s.first_resolved / s.first_contacts),
        (kpis.agent_occupancy, s.handling_seconds / s.agent_seconds),
        (kpis.cost_per_contact, cost / s.contacts_offered),
        (kpis.containment_rate, s.contacts_contained / s.contacts_offered),
        (kpis.contact_satisfaction, s.contact_verdicts / s.contacts_offered),
    ):
        np.testing.assert_allclose(kpi(of_run)[:2], number, rtol=1e-5, err_msg=kpi.name)
    deferred = kpis.mean_deferred_answer(of_run)
    assert math.isnan(deferred[0])
    assert deferred[1] == pytest.approx(s.deferred_time[1] / 60.0 / s.deferred_answers[1])
