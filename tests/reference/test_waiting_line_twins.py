"""The waiting line's kernels against the twin, column by column, and the twin against numbers worked by hand."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.service.waiting_policy import WaitingLinePolicy
from abm.mechanisms.service.waiting_visits import go_elsewhere, remember_not_served
from abm.scenario.scenario import Scenario
from abm.world.visits import OUTCOMES
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import waiting_branch, waiting_line
from tests.reference.by_hand import listed, per_pair, put, share, visits_with
from tests.reference.closeness import as_single
from tests.reference.random_numbers import stream_key
from tests.reference.waiting_line import NOWHERE, Luck, Visitor

SEED, REPLICATION = 5, 2
CLASS_A = 1  # of customer_classes: 0 = none
COUNTED = ("came", "balked", "gave_up", "sent_away", "went_elsewhere", "passed_over", "in_time")
TALLIES = (*COUNTED, "waited", "busy_time", "visits", "paid_time", "staffing", "appointments_kept")
weights = st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=4).filter(any).map(tuple)
policies = st.fixed_dictionaries(
    {
        "servers": st.integers(0, 5),
        "follows_profile": st.sampled_from([0.0, 0.3, 0.9]),
        "lines": st.sampled_from(["single", "parallel", "numbers"]),
        "discipline": st.sampled_from(["fcfs", "priority", "express"]),
        "express_servers": st.integers(1, 2),
        "express_limit": st.sampled_from([2.0, 6.0]),
        "room": st.sampled_from([0, 5, 7]),
        "announcement": st.sampled_from([0.0, 0.7, 1.4]),
        "appointments": st.sampled_from([0.0, 0.5, 0.99]),
    }
)
markets = st.fixed_dictionaries(
    {
        "branch_visits": st.sampled_from([9.0, 20.0, 50.0, 400.0]),
        "minutes_open": st.sampled_from([12.0, 60.0, 100.0]),
        "days_open": st.sampled_from([1.0, 4.0]),
        "profile": weights,
        "weekdays": weights,
        "service_minutes": st.sampled_from([3.0, 8.0, 20.0]),
        "service_kind": st.sampled_from(["constant", "lognormal", "exponential"]),
        "patience_kind": st.sampled_from(["lognormal", "exponential", "weibull"]),
        "patience_minutes": st.sampled_from([4.0, 40.0]),
        "balking": st.sampled_from(["none", "by_wait"]),
        "accepted_minutes": st.sampled_from([2.0, 15.0]),
        "value_exponent": st.sampled_from([0.0, 0.5, 2.0]),
        "balk_scale": st.sampled_from([0.0, 3.0]),
        "retry": st.sampled_from([0.0, 0.6]),
        "retry_minutes": st.sampled_from([4.0, 30.0]),
        "most_tries": st.integers(1, 4),
        "elsewhere": st.sampled_from([0.0, 0.5, 1.0]),
        "travel_minutes": st.sampled_from([0.0, 3.0]),
        "lateness": st.sampled_from([0.0, 5.0]),
        "served_within": st.sampled_from([0.0, 4.0]),
    }
)


def allowed(policy):
    """Return a policy with what does not go together put right."""
    policy = dict(policy)
    if policy["discipline"] == "express" and policy["servers"]:
        policy["servers"] = max(policy["servers"], policy["express_servers"] + 1)
    if policy["lines"] == "parallel":
        policy["follows_profile"] = 0.0
    return policy


def engine_of(firms, market, customers=45, pressure=0.4):
    """Return an engine that has not run, whose first customers are of class A with every firm."""
    scenario = Scenario.parse(
        {
            "periods": 3,
            "population": {"customers": customers, "purchase_rate": 1.2},
            "firms": [{"name": f"firm_{j}", "waiting_line": policy} for j, policy in enumerate(firms)],
            "waiting_line": market,
            "situation": {"pressure_spread": pressure},
            "customer_classes": {},
        }
    )
    engine = Engine(scenario, SEED, REPLICATION)
    engine.world.customers.customer_class[:, : customers // 3] = CLASS_A
    return engine


def visitors_of(engine):
    """Return the visitors of the latest period as the twin knows them, and their places in the book."""
    world, found, places = engine.world, [], []
    c, book = world.customers, world.book
    for j in range(world.m):
        for k in book["book_visit"][book["book_start"][j] : book["book_start"][j + 1]]:
            i = int(book["book.visit_customer"][k])
            found.append(
                Visitor(
                    i, int(c.customer_id[i]), int(book["book.visit_nth"][k]), j, float(c.basket[i]),
                    float(book["book.time_pressure"][k]), bool(c.customer_class[j, i] == CLASS_A),
                    [float(worth) for worth in c.preference[:, i]],
                )
            )  # fmt: skip
            places.append(int(k))
    return found, np.array(places, np.int64)


def numbers(spec):
    """Return the parameters of a spec by their names."""
    return {name: getattr(spec, name) for name in type(spec).model_fields}


def told(engine, t):
    """Return the visitors of period t with what the twin says of them, and the seconds of service of each firm.

    Levers are handed over as the numbers that float32 holds.
    """
    scenario, c = engine.scenario, engine.world.customers
    p, firms = numbers(scenario.waiting_line), [numbers(firm.waiting_line) for firm in scenario.firms]
    firms = [{k: as_single(x) if isinstance(x, float) else x for k, x in firm.items()} for firm in firms]
    visitors, places = visitors_of(engine)
    key, branch_days = stream_key(SEED, "waiting_line"), float(c.branch_days[0])
    for v in visitors:
        luck = Luck(key, v, t, REPLICATION)
        waiting_line.come(v, luck, firms[v.firm], p, branch_days)
        waiting_line.want(v, luck, p, float(c.usual_basket[0]))
        waiting_line.begin(v, luck, firms[v.firm], p)
    busy = waiting_branch.serve(firms, visitors, branch_days, p, key, REPLICATION, t)
    return visitors, places, busy, p, firms


def close(found, expected, name):
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-4, err_msg=name)


def assert_as_told(engine, t):
    """Compare the period that has just run with the twin: every column of a visit, of a branch, and every tally."""
    visitors, places, busy, p, firms = told(engine, t)
    book, c = engine.world.book, engine.world.customers
    lined = [firms[v.firm]["servers"] > 0 for v in visitors]
    at, people = places[lined], [v for v, there in zip(visitors, lined, strict=True) if there]
    assert (book["book.visit_outcome"][places] == [OUTCOMES.index(v.outcome) for v in visitors]).all()
    for name, of in (("overtaken", "overtaken"), ("moved_to", "moved_to")):
        np.testing.assert_array_equal(book[f"book.{name}"][places], [getattr(v, of) for v in visitors], err_msg=name)
    for name, of in (("wait", "wait"), ("announced_wait", "announced")):
        close(book[f"book.{name}"][places], [getattr(v, of) for v in visitors], name)
    close(book["book.accepted_wait"][at], [v.accepted for v in people], "accepted_wait")
    starts = [2.0 * v.day * p["minutes_open"] + v.moment for v in people]
    close(book["book.waiting_line.moment"][at], starts, "moment")
    came = [(v.day, v.moment, v.identity, v.nth) for v in people]
    order = sorted(range(len(people)), key=came.__getitem__)
    np.testing.assert_array_equal(book["book.waiting_line.order"][: len(order)], at[order], err_msg="order")
    close(c.paid_minutes, [waiting_branch.paid_minutes(firm, p) for firm in firms], "paid_minutes")
    assert_tallies(engine, t, visitors, busy, p, firms)


def assert_tallies(engine, t, visitors, busy, p, firms):
    """Compare the tallies of a period; where float32 may round to another second, by one each."""
    world = engine.world
    branch_days = float(world.customers.branch_days[0])
    counted = {name: world.history[t, world.rows[name]] for name in TALLIES}
    for j, firm in enumerate(firms):
        here, found = [v for v in visitors if v.firm == j], {name: int(of[j]) for name, of in counted.items()}
        expected = waiting_line.counts(here, p["served_within"]) if firm["servers"] else {}
        for name in COUNTED:
            assert found[name] == expected.get(name, 0), name
        assert abs(found["waited"] - expected.get("waited", 0)) <= len(here)
        assert abs(found["busy_time"] - busy[j]) <= 2
        paid = waiting_branch.paid_minutes(firm, p)
        seconds, cents = waiting_line.on_duty_cost(paid, branch_days, waiting_line.hour_cents(firm))
        served_by = [v.firm if v.moved_to == NOWHERE else v.moved_to for v in visitors if v.outcome == "served"]
        assert found["visits"] == served_by.count(j)
        assert (found["paid_time"], found["staffing"]) == (seconds, cents)
        cost = waiting_line.appointment_cost(firm) if firm["servers"] else 0
        assert found["appointments_kept"] == cost * served_by.count(j)


class TestTheWholeDay:
    @settings(max_examples=examples(60))
    @given(st.lists(policies.map(allowed), min_size=1, max_size=3), markets)
    def test_kernels_and_twin_are_equal_column_by_column(self, firms, market):
        if not any(firm["servers"] for firm in firms):
            firms[0]["servers"] = 3
        engine = engine_of(firms, market)
        for t in range(2):
            engine.run(1)
            assert_as_told(engine, t)


not_served = st.tuples(st.sampled_from([0, 2, 3]), st.sampled_from([NOWHERE, 0, 1]))


class TestAfterTheDay:
    @given(visits_with(not_served), per_pair(share), per_pair(share), per_pair(st.integers(0, 1)), share)
    def test_memory_and_who_moved(self, visits, satisfaction, expectation, encounters, resentment):
        """Satisfaction only of who was served before, expectation of all; a visitor elsewhere is her provider's."""
        small = Small(
            3, [{"waiting_line": {"servers": 1}}, {}], waiting_line={"resentment": resentment, "elsewhere": 1}
        )
        listed(small, visits)
        moved = [to if outcome == 0 and to != j else NOWHERE for _, j, outcome, to in visits]
        put(small, visit_outcome=[one[2] for one in visits], moved_to=moved)
        c = small.c
        c.satisfaction[:], c.expectation[:], c.encounters[:] = satisfaction, expectation, encounters
        expected = {"satisfaction": np.array(satisfaction), "expectation": np.array(expectation)}
        before, provider, firms = small.counted("visits"), c.provider.tolist(), [one[1] for one in visits]
        for v, (i, j, outcome, _) in enumerate(visits):
            firms[v] = j if moved[v] == NOWHERE else moved[v]
            provider[i] = provider[i] if moved[v] == NOWHERE else moved[v]
            for name, column in expected.items():
                if name == "expectation" or encounters[j][i] > 0:
                    column[j, i] = waiting_line.remembered(column[j, i], OUTCOMES[outcome], resentment)
        small.run("waiting_line", go_elsewhere)
        small.run("waiting_line", remember_not_served)
        assert small.at("visit_firm").tolist() == firms
        assert small.at("visit_pair").tolist() == [j * 3 + one[0] for j, one in zip(firms, visits, strict=True)]
        assert c.provider.tolist() == provider
        for name, column in expected.items():
            np.testing.assert_allclose(c[name], column, rtol=1e-5, err_msg=name)
        shift = [firms.count(j) - [one[1] for one in visits].count(j) for j in range(2)]
        assert (np.array(small.counted("visits")) - before).tolist() == [*shift, 0]


class TestByHand:
    p: ClassVar = numbers(Scenario.parse({"waiting_line": {}}).waiting_line)
    firm: ClassVar = numbers(WaitingLinePolicy(servers=5))

    def test_days_have_the_weights_of_weekdays(self):
        """Of weights 1 and 3 the first day has a quarter; days without weight are the last one's."""
        assert [waiting_line.day_of(u, 2, (1.0, 3.0)) for u in (0.2, 0.3, 0.9)] == [0, 1, 1]
        assert [waiting_line.day_of(u, 4, (1.0, 3.0)) for u in (0.1, 0.2, 0.55, 0.65)] == [0, 1, 2, 3]
        assert waiting_line.day_of(0.1, 2, (0.0, 0.0, 5.0)) == 1

    def test_days_are_stretched_to_a_whole_number(self):
        """1.5 days are two of 450 minutes, 1.25 days one of 750, a tenth one of 60."""
        assert [waiting_line.days(x) for x in (1.5, 1.25, 0.1)] == [2, 1, 1]
        assert [waiting_line.day_length(x, self.p) for x in (1.5, 1.25, 0.1)] == [450.0, 750.0, 60.0]

    def test_the_minute_follows_the_profile(self):
        """Of weights 1, 0, 1 the half lies before minute 20 of 60, and nobody between 20 and 40."""
        assert waiting_line.minute_of(0.25, 60.0, (1.0, 0.0, 1.0)) == 10.0
        assert waiting_line.minute_of(0.75, 60.0, (1.0, 0.0, 1.0)) == 50.0

    def test_second_choice_by_hand(self):
        """Without the first firm the others share .2 and .6: a quarter to the one, the rest to the other."""
        found = [waiting_line.second_choice(u, (0.2, 0.2, 0.6), 0) for u in (0.2, 0.3)]
        assert found == [1, 2]
        assert waiting_line.second_choice(0.5, (1.0, 0.0), 0) == NOWHERE

    def test_servers_follow_the_profile_by_hand(self):
        """Of 5, half following weights 1 and 3: 5 (.5 + .25) = 3.75 and 5 (.5 + .75) = 6.25: 4 and 6."""
        assert [waiting_branch.on_duty(5, 0.5, w, (1.0, 3.0)) for w in (1.0, 3.0)] == [4, 6]
        assert waiting_branch.on_duty(1, 0.9, 0.0, (0.0, 1.0)) == 1
        firm = {**self.firm, "follows_profile": 0.5}
        assert waiting_branch.paid_minutes(firm, {**self.p, "profile": (1.0, 3.0)}) == 300.0 * 4 + 300.0 * 6

    def test_lines_by_hand(self):
        """Five servers: express takes two for a line of their own; priority is a further line of all of them."""
        express = waiting_branch.branch_of({**self.firm, "discipline": "express", "express_servers": 2})
        assert (express.pools, express.joins) == ([(0b01, 3), (0b10, 2)], (0b01, 0b10))
        first = waiting_branch.branch_of({**self.firm, "discipline": "priority", "lines": "parallel", "servers": 2})
        assert first.pools == [(0b101, 1), (0b110, 1)]
        assert first.lines == [(1, 0b101), (1, 0b110), (0, 0b100)]

    def test_costs_by_hand(self):
        """Two servers for ten hours on 1.5 days are 30 hours; at 15 cu, 1 - follows_profile of e^-2 adds a tenth."""
        hour = waiting_line.hour_cents({**self.firm, "follows_profile": 1.0 - math.exp(-2.0)})
        assert hour == 1650
        assert waiting_line.on_duty_cost(1200.0, 1.5, hour) == (108_000, 49_500)
        assert waiting_line.on_duty_cost(1.0, 1.0, 90) == (60, 2)  # 1.5 cents
        assert waiting_line.appointment_cost({**self.firm, "appointments": 1.0 - math.exp(-1.0)}) == 3000

    def test_counts_by_hand(self):
        """Who moved is neither served here nor in time; a wait of 90.5 / 60 minutes is 91 seconds."""
        who = (0, 0, 0, 0, 1.0, 1.0, False, ())
        came = [
            Visitor(*who, wait=90.5 / 60.0, overtaken=2), Visitor(*who, outcome="balked"), Visitor(*who, moved_to=1),
            Visitor(*who, outcome="abandoned", wait=2.0), Visitor(*who, wait=9.0),
        ]  # fmt: skip
        assert dict(waiting_line.counts(came, 5.0)) == {
            "came": 5, "went_elsewhere": 1, "balked": 1, "gave_up": 1, "sent_away": 0, "in_time": 1,
            "waited": 91 + 120 + 540, "passed_over": 1,
        }  # fmt: skip
