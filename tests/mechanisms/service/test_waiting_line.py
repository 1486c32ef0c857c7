"""Waiting line in the market: Erlang A in print, bits, conservation, what firms set, costs, dates and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import lever_cost
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.waiting_line import (
    abandonment_rate,
    balking_rate,
    diverted_share,
    lost_visit_share,
    mean_wait,
    occupancy,
    overtaken_share,
    service_level,
)
from abm.mechanisms.service.waiting_rules import (
    ARRIVALS,
    ENOUGH,
    EXPRESS,
    NUMBERS,
    PARALLEL,
    PRIORITY,
    SINGLE,
    lines_of,
    plan_load,
    staff_of,
)
from abm.scenario.scenario import Scenario
from abm.world.partition import Partition

CLASS_A = 1
# Erlang A: 48 arrivals a minute, one minute of service, two of patience; from the closed form of the birth-death chain
ERLANG_A = {45: 0.0836, 48: 0.0476, 50: 0.0309, 55: 0.0086}
WHERE = ("balked", "gave_up", "sent_away", "went_elsewhere")


def busy(servers):
    """Return a market with one firm to which about every customer comes once a period, 48 a minute of one long day."""
    return Scenario.parse(
        {
            "periods": 10,
            "population": {"customers": 48_000, "purchase_rate": 1.0, "rate_shape": 1e6},
            "choice": {"outside": -80.0},
            "network": {"kind": "ring"},
            "off": ["word_of_mouth", "lifecycle", "defection"],
            "firms": [{"name": "north", "waiting_line": {"servers": servers}}],
            "waiting_line": {
                "minutes_open": 1_000.0, "days_open": 1.0, "branch_visits": 48_000.0, "service_minutes": 1.0,
                "patience_minutes": 2.0, "balking": "none", "resentment": 0.0,
            },
        }
    )  # fmt: skip


def lined(customers=1200, periods=10, north=None, others=None, sections=None, **line):
    """Return a market with three firms, 200 visits each on three days of 300 minutes, of which two have lines."""
    settings = {"minutes_open": 300.0, "service_minutes": 9.0, "branch_visits": 400.0, **line}
    firms = [
        {"name": "north", "waiting_line": {"servers": 3, **(north or {})}},
        {"name": "east", "waiting_line": {"servers": 2, **(others or {})}},
        {"name": "south"},
    ]
    population = {"customers": customers, "purchase_rate": 0.5}
    parts = {"periods": periods, "population": population, "firms": firms, "waiting_line": settings, **(sections or {})}
    return Scenario.parse(parts)


RICH = lined(
    north={"discipline": "priority", "room": 4, "announcement": 0.8, "follows_profile": 0.5},
    others={"lines": "parallel", "discipline": "express", "appointments": 0.3},
    profile=(1.0, 3.0, 2.0), retry=0.4, retry_minutes=15.0, elsewhere=0.5, sections={"customer_classes": {"every": 4}},
)  # fmt: skip


def run(scenario, seed=1, **options):
    engine = Engine(scenario, seed, **options)
    engine.run(scenario.periods)
    return engine


def counted(engine, *names):
    """Return tallies of the firms over all periods: {name: (m,)}."""
    return {name: engine.world.tallied(name).sum(axis=0)[:-1] for name in names}


def at_line(engine, j, *names):
    """Return what the visits of the latest period to firm j hold in columns, as the visitors chose."""
    book = engine.world.book
    places = book["book_visit"][book["book_start"][j] : book["book_start"][j + 1]]
    return [book[f"book.{name}"][places] for name in names]


def kpis_of(scenario, *kpis, seed=3):
    """Return KPIs of the first firm."""
    return record(scenario, seed).summary(kpis)[0]


class TestErlang:
    @pytest.mark.parametrize("servers", ERLANG_A)
    def test_who_gives_up_is_erlang_a(self, servers):
        """Within three standard errors, by days of 48,000 arrivals each."""
        engine = run(busy(servers))
        lost, came = (engine.world.tallied(name)[:, 0] for name in ("gave_up", "came"))
        assert engine.world.customers.branch_days[0] == pytest.approx(1.0, abs=0.01)
        error = np.std(lost / came, ddof=1) / np.sqrt(len(came))
        assert abs(lost.sum() / came.sum() - ERLANG_A[servers]) < 3 * error + 2e-4
        assert error < 0.0015

    def test_waits_do_not_hang_on_how_many_are_simulated(self):
        """2,000 customers against 20,000: the same branch, ten times as many days; within three standard errors."""
        found = []
        for customers, periods in ((2_000, 60), (20_000, 12)):
            firms = [{"name": name, "waiting_line": {"servers": 2}} for name in ("north", "east", "south")]
            population = {"customers": customers, "purchase_rate": 0.5}
            line = {"resentment": 0.0, "service_minutes": 7.0}
            scenario = {"periods": periods, "population": population, "firms": firms, "waiting_line": line}
            world = run(Scenario.parse(scenario), 2).world
            waited, came = (world.tallied(name)[:, :-1].sum(axis=1) for name in ("waited", "came"))
            found.append((waited.sum() / came.sum(), np.std(waited / came, ddof=1) / np.sqrt(periods)))
        (few, error), (many, other) = found
        assert few > 1.0
        assert abs(few - many) < 3 * np.hypot(error, other)


class TestBits:
    @pytest.mark.parametrize("threads", [2, 3])
    def test_neither_threads_nor_tiles_matter(self, threads):
        one, several = Engine(RICH, 1), Engine(RICH, 1, threads=threads)
        small = Engine(RICH, 1)
        small.set_tile(50)
        for engine in (one, several, small):
            engine.run(RICH.periods)
        assert all(count.sum() > 0 for count in counted(one, "came", *WHERE).values())
        for other in (several, small):
            np.testing.assert_array_equal(one.world.history, other.world.history)
            for name, column in one.world.customers.items():
                np.testing.assert_array_equal(column, other.world.customers[name], err_msg=name)

    def test_the_order_of_rows_does_not_matter(self):
        """Rows sorted into groups of customers: nobody comes at another time, or is served before another."""
        labels = np.random.default_rng(3).integers(0, 3, RICH.population.customers)
        parted = Engine(RICH, 1, partition=Partition(labels, 3, ((0,), (1,), (2,))))
        parted.run(RICH.periods)
        np.testing.assert_array_equal(run(RICH).world.history, parted.world.history)

    def test_where_everybody_is_served_at_once_nothing_is_done_for_lines(self):
        """A market with the theory but without lines has the steps and the bits of one without the theory."""
        plain = Scenario.parse({"periods": 10, "population": {"customers": 300}})
        with_theory = plain.replace({"waiting_line": {}, "firms.north.waiting_line.wage": 90.0})
        assert [step.name for step in with_theory.steps()] == [step.name for step in plain.steps()]
        first, second = run(plain), run(with_theory)
        assert not second.world.book
        assert counted(second, "staffing", "paid_time")["staffing"].sum() == 0
        for name, column in first.world.customers.items():
            np.testing.assert_array_equal(column, second.world.customers[name], err_msg=name)


class TestConservation:
    def test_who_came_is_served_or_not_in_one_way(self):
        """Per firm and period: came = served here + each way of not being served here; visits count who moved in."""
        engine = Engine(RICH, 2)
        for t in range(RICH.periods):
            engine.run(1)
            tally = {name: engine.world.tallied(name)[t, :-1] for name in ("came", "visits", *WHERE)}
            moved = [at_line(engine, j, "moved_to")[0] for j in range(3)]
            moved_in = np.array([sum((to == j).sum() for to in moved) for j in range(3)])
            served_here = tally["visits"] - moved_in
            elsewhere = tally["balked"] + tally["gave_up"] + tally["sent_away"] + tally["went_elsewhere"]
            np.testing.assert_array_equal(tally["came"][:2], (served_here + elsewhere)[:2])
            assert tally["came"][2] == elsewhere[2] == 0
            assert moved_in.sum() == tally["went_elsewhere"].sum()
        assert moved_in[2] > 0

    def test_who_moved_is_a_visitor_of_the_other_firm_in_all_books(self):
        """Encounters, yearly visits and revenue are of the firm that served; all baskets cost 30."""
        population = {"customers": 1200, "purchase_rate": 0.5, "basket": 30.0, "basket_spread": 0.0}
        engine = run(lined(elsewhere=1.0, sections={"population": population}), 2)
        c, tally = engine.world.customers, counted(engine, "visits", "revenue", "went_elsewhere", "year_visits", "came")
        assert tally["went_elsewhere"][:2].min() > 100
        np.testing.assert_array_equal(tally["visits"], c.encounters.sum(axis=1))
        np.testing.assert_allclose(tally["revenue"], 30.0 * tally["visits"])
        assert tally["year_visits"].sum() == tally["visits"].sum()
        i, to = at_line(engine, 0, "visit_customer", "moved_to")
        came = np.concatenate([at_line(engine, j, "visit_customer")[0] for j in range(3)])
        single = np.bincount(came, minlength=1200)
        moved = i[(to >= 0) & (single[i] == 1)]
        np.testing.assert_array_equal(c.provider[moved], to[(to >= 0) & (single[i] == 1)])
        assert moved.size > 5

    def test_only_who_is_served_buys_and_learns(self):
        engine = run(lined(), 2)
        tally = counted(engine, "visits", "came", *WHERE)
        lost = sum(tally[name] for name in WHERE)
        assert lost[:2].min() > 50
        np.testing.assert_array_equal(tally["visits"][:2], (tally["came"] - lost)[:2])
        np.testing.assert_array_equal(tally["visits"], engine.world.customers.encounters.sum(axis=1))

    def test_who_gave_up_thinks_less_of_the_firm(self):
        calm, cross = (run(lined(resentment=r), 3).world.customers.expectation.mean(axis=1) for r in (0.0, 0.5))
        assert np.all(cross[:2] < calm[:2] - 0.01)

    def test_a_firm_without_servers_has_neither_line_nor_cost_nor_waits(self):
        engine = run(lined(), 2)
        tally = counted(engine, "came", "waited", "in_time", "busy_time", "paid_time", "staffing", *WHERE)
        assert all(count[2] == 0 for count in tally.values())
        assert all(tally[name][:2].min() > 0 for name in ("came", "waited", "busy_time", "paid_time", "staffing"))
        wait, announced, moved = at_line(engine, 2, "wait", "announced_wait", "moved_to")
        assert wait.size > 50
        assert (wait == 0).all()
        assert (announced == -1).all()
        assert (moved == -1).all()


class TestWhatFirmsSet:
    def test_class_a_comes_first(self):
        """A third is of class A, by hand: with priority they wait less than in the order of arrival, others more."""
        mean = {}
        for discipline in ("fcfs", "priority"):
            scenario = lined(north={"discipline": discipline}, balking="none", sections={"customer_classes": {}})
            engine, waits = Engine(scenario, 1), []
            engine.world.customers.customer_class[0, :400] = CLASS_A
            for _ in range(scenario.periods):
                engine.run(1)
                i, wait = at_line(engine, 0, "visit_customer", "wait")
                waits.append((wait[i < 400].mean(), wait[i >= 400].mean()))
            mean[discipline] = np.mean(waits, axis=0)
        assert mean["priority"][0] < 0.7 * mean["fcfs"][0]
        assert mean["priority"][1] > 1.1 * mean["fcfs"][1]

    def test_an_express_line_serves_few_minutes_sooner(self):
        """Of who needs at most six minutes, against the same who stand in one line; who needs more waits longer."""
        mean = {}
        for discipline in ("fcfs", "express"):
            north = {"discipline": discipline, "express_servers": 1, "express_limit": 6.0}
            engine, waits = Engine(lined(north=north, balking="none"), 1), []
            for _ in range(10):
                engine.run(1)
                book = engine.world.book
                order, came = book["book.waiting_line.order"], engine.world.tallied("came")[engine.t - 1].sum()
                at = order[: int(came)]
                there = book["book.visit_firm"][at] == 0
                need = book["book.waiting_line.day_wants"][: int(came), 6][there]
                wait = book["book.wait"][at][there]
                waits.append((wait[need <= 6].mean(), wait[need > 6].mean()))
            mean[discipline] = np.mean(waits, axis=0)
        assert mean["express"][0] < 0.7 * mean["fcfs"][0]
        assert mean["express"][1] > 1.1 * mean["fcfs"][1]

    def test_parallel_lines_are_slower_than_one_and_let_people_overtake(self):
        one, several = (kpis_of(lined(north={"lines": x}), mean_wait, overtaken_share) for x in ("single", "parallel"))
        assert several[0] > 1.1 * one[0]
        assert one[1] == 0.0 < several[1]

    def test_numbers_of_those_who_left_keep_others_from_joining(self):
        """With little patience many numbers are called in vain, and the line looks longer than it is."""
        one, numbers = (
            kpis_of(lined(north={"lines": x}, patience_minutes=4.0), balking_rate) for x in ("single", "numbers")
        )
        assert numbers[0] > 1.05 * one[0]

    def test_who_comes_late_for_an_appointment_overtakes(self):
        """The line is in the order of what was due; appointments cost 0.3 ln 2 a visit, 20.79 cents."""
        found = [kpis_of(lined(north={"appointments": 0.5}, lateness=late), overtaken_share) for late in (0.0, 20.0)]
        assert found[0][0] == 0.0 < found[1][0]
        tally = counted(run(lined(north={"appointments": 0.5}), 2), "appointments_kept", "visits")
        np.testing.assert_allclose(tally["appointments_kept"], 0.2079 * tally["visits"] * [1, 0, 0])

    def test_servers_who_follow_the_profile_shorten_waits(self):
        """Of weights 1 and 5, four servers become 1 and 7 if nine tenths follow: as many hours at another time."""
        north = [{"servers": 4, "follows_profile": follows} for follows in (0.0, 0.9)]
        always, following = (kpis_of(lined(north=n, profile=(1.0, 5.0)), mean_wait, lost_visit_share) for n in north)
        assert following[0] < 0.8 * always[0]
        assert following[1] < 0.8 * always[1]
        paid = [run(lined(north=n, profile=(1.0, 5.0), periods=1)).world.customers.paid_minutes[0] for n in north]
        assert paid == [4 * 300.0, 2 * 150.0 + 6 * 150.0]

    def test_a_small_room_sends_away_and_shortens_waits(self):
        names = (mean_wait, lost_visit_share)
        roomy, small = (kpis_of(lined(north={"room": x}, balking="none"), *names) for x in (0, 4))
        assert small[0] < 0.8 * roomy[0]
        away = [counted(run(lined(north={"room": x}, balking="none")), "sent_away")["sent_away"][0] for x in (0, 4)]
        assert away[0] == 0 < away[1]

    def test_a_long_wait_announced_is_not_joined(self):
        """Announced as three times as long, as it is, and as half: the less is told, the more join and wait."""
        found = [kpis_of(lined(north={"announcement": x}), balking_rate, mean_wait) for x in (3.0, 1.0, 0.5)]
        assert found[0][0] > found[1][0] > found[2][0]
        assert found[0][1] < found[2][1]
        told, wait = at_line(run(lined(north={"announcement": 0.5}), 1), 0, "announced_wait", "wait")
        assert (told[wait > 0] > 0).all()
        assert (told == -1).any()

    def test_who_is_not_served_is_in_one_share_wherever_she_goes(self):
        """Who goes to another firm has neither given up nor balked here; all shares together are what was lost."""
        names = (abandonment_rate, balking_rate, diverted_share, lost_visit_share)
        for elsewhere in (0.0, 1.0):
            gave_up, balked, diverted, lost = kpis_of(lined(elsewhere=elsewhere), *names)
            away = counted(run(lined(elsewhere=elsewhere)), "sent_away", "came")
            assert gave_up + balked + diverted + away["sent_away"][0] / away["came"][0] == pytest.approx(lost)
            assert (diverted > 0) == (elsewhere > 0)

    def test_who_comes_again_is_lost_less_often(self):
        never, again = (kpis_of(lined(retry=r, retry_minutes=30.0), lost_visit_share) for r in (0.0, 1.0))
        assert again[0] < 0.9 * never[0]

    def test_more_servers_shorten_waits_and_are_less_busy(self):
        names = (mean_wait, abandonment_rate, occupancy, service_level, lever_cost)
        few, many = (kpis_of(lined(north={"servers": s}), *names) for s in (2, 5))
        assert np.all(many[:3] < few[:3])
        assert np.all(many[3:] > few[3:])
        assert few[2] <= 1.05


class TestCosts:
    def test_servers_by_hand(self):
        """200 visits a branch of 400 are half of six days; 3 servers for 5 hours at 20 cu: 900 cu, at 20 % more."""
        north = {"wage": 20.0, "follows_profile": 0.5, "flexibility_scale": 0.2 / np.log(2.0)}
        engine = run(lined(north=north, profile=(1.0, 1.0)), 1)
        days = engine.world.customers.branch_days[0]
        rate = engine.world.customers.purchase_rate.astype(float).sum()
        assert days == pytest.approx(rate / 3 / 400.0 * 6.0)
        found = engine.world.tallied("staffing")[:, 0], engine.world.tallied("paid_time")[:, 0]
        assert found[0].tolist() == [pytest.approx(3 * 5.0 * 24.0 * days, abs=0.005)] * 10
        assert found[1].tolist() == [pytest.approx(3 * 300.0 * days, abs=0.01)] * 10

    def test_half_as_many_customers_cost_half_as_much(self):
        """A branch is stated for its visits, so that servers cost as much a customer in a market of any size."""
        cost = [counted(run(lined(n)), "staffing")["staffing"][0] / n for n in (600, 4800)]
        assert cost[0] == pytest.approx(cost[1], rel=0.1)


def test_servers_may_change_at_a_date():
    change = {"name": "rush", "from": 4, "until": 8, "set": {"firms.north.waiting_line.servers": 1}}
    lone = lined().replace({"firms.north.waiting_line.servers": 0, "firms.east.waiting_line.servers": 0})
    tally = run(lone.replace({"changes": (change,)})).world.tallied("came")[:, 0]
    assert (tally > 0).tolist() == [4 <= t < 8 for t in range(10)]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"north": {"lines": "parallel", "servers": 17}}, r"servers = 17 is too many for parallel lines, at most 16"),
        ({"north": {"lines": "parallel", "discipline": "priority", "servers": 16}}, r"at most 15"),
        (
            {"north": {"lines": "parallel", "follows_profile": 0.5}},
            r"follows_profile = 0 is needed with parallel lines",
        ),
        ({"north": {"discipline": "express", "express_servers": 3}}, r"express_servers = 3 leaves none of 3 servers"),
        ({"north": {"room": 2}}, r"room = 2 has no place for all of 3 servers' visitors"),
        ({"north": {"discipline": "priority"}}, r"firm 'north' sets waiting_line.discipline = \"priority\", but"),
        ({"profile": (0.0, 0.0)}, r"profile = \[0.0, 0.0\] is no profile: 1 to 24 weights, not all of them 0"),
        ({"weekdays": (1.0,) * 8}, r"weekdays = .* is no profile: 1 to 7 weights"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(settings, said):
    with pytest.raises(Refusal, match=said) as refusal:
        lined(**settings)
    assert "\n" not in str(refusal.value)


def test_a_lever_without_the_theory_is_refused():
    with pytest.raises(Refusal, match=r"firm 'north' sets waiting_line, but the market has no waiting_line"):
        Scenario().replace({"firms.north.waiting_line.servers": 2})


def test_the_stages_part_where_visitors_meet():
    phases = [step.phase for step in lined().steps()]
    assert phases == sorted(phases)
    assert Phase.OPERATIONS in phases


def test_nobody_is_pressed_where_no_theory_presses():
    """The sum is read in the book, where it has to be written first: a visitor of pressure 0 would wait for ever."""
    engine = run(lined())
    for j in range(3):
        pressure = at_line(engine, j, "time_pressure")[0]
        assert pressure.size > 20
        assert (pressure == 1.0).all()


def seasonal(follows, method="seasonal_naive"):
    """Return a market whose need swings by half over 13 periods, with a line at the first firm."""
    return Scenario.parse(
        {
            "periods": 52,
            "burn_in": 26,
            "periods_per_year": 13,
            "population": {"customers": 1500, "purchase_rate": 1.0},
            "need": {"season_amplitude": 0.5},
            "forecasting": {},
            "firms": [
                {
                    "name": "north",
                    "waiting_line": {"servers": 4, "follows_forecast": follows},
                    "forecasting": {"forecast_method": method, "season_length": 13},
                },
                {"name": "south"},
            ],
            "waiting_line": {"service_minutes": 8.0},
        }
    )


def test_servers_follow_what_is_foretold():
    """With a forecast more are on duty in the season and fewer out of it; their hours cost more."""
    level, follows = (record(seasonal(follows), 3) for follows in (0.0, 0.9))
    paid = [one.tallies["paid_time"][26:, 0] for one in (level, follows)]
    came = follows.tallies["came"][26:, 0]
    assert np.ptp(paid[0]) == 0.0
    assert np.corrcoef(paid[1], came)[0, 1] > 0.9
    hours = [one.tallies["staffing"][26:, 0] / one.tallies["paid_time"][26:, 0] for one in (level, follows)]
    np.testing.assert_allclose(hours[1] / hours[0], 1.0 - 0.05 * np.log(0.1), rtol=1e-3)


def test_what_is_planned_for_by_hand():
    """.5 + .5 x 300 / 200 = 1.25; 1 without a forecast, or where nothing is usual."""
    load = np.zeros(3)
    plan_load(load, np.array([300.0, -1.0, 10.0]), np.array([200.0, 200.0, 0.0]), np.full(3, 0.5, np.float32))
    np.testing.assert_allclose(load, [1.25, 1.0, 1.0])


def test_a_forecast_is_followed_only_where_there_is_one():
    with pytest.raises(Refusal, match=r"follows_forecast = 0\.9 needs what the firm foretells"):
        seasonal(0.9, "none")


@pytest.mark.parametrize("discipline", [ARRIVALS, PRIORITY, EXPRESS])
@pytest.mark.parametrize("lines", [SINGLE, PARALLEL, NUMBERS])
def test_every_server_is_in_one_pool(lines, discipline):
    """Pools have all servers together, and those that are apart from the others serve an express line alone."""
    stands, first = np.array([lines]), np.array([discipline])
    for servers, express in ((2, 1), (5, 2), (7, 3)):
        given = stands, first, np.array([servers]), np.array([express])
        usual, special, pools = lines_of(0, *given)
        staff = [staff_of(0, p, *given) for p in range(pools)]
        assert sum(staff) == servers
        assert max(staff) == 1 or lines != PARALLEL
        assert usual + special == pools + (discipline == PRIORITY)  # which has a line and no servers
        assert sum(staff[usual:]) == (express if discipline == EXPRESS else 0)


def test_a_firm_that_states_no_servers_has_enough():
    nothing = np.zeros(1, np.int64)
    assert lines_of(0, nothing, nothing, nothing, nothing) == (1, 0, 1)
    assert staff_of(0, 0, nothing, nothing, nothing, nothing) == ENOUGH
