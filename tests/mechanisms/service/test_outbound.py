"""Outbound: no call is lost, who is not reached hears nothing, and customers wait as long as formulas allow."""

from __future__ import annotations

import numpy as np
import pytest

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.service.centre_calls import first_site_part
from abm.mechanisms.service.centre_kpis import (
    agent_occupancy,
    call_completion,
    contact_service_level,
    cost_per_contact,
    outbound_call_rate,
    outbound_occupancy,
    right_party_contact_rate,
)
from abm.mechanisms.service.centre_policy import ContactCentrePolicy
from abm.queues.erlang import patient_line
from abm.queues.priority import priority_waits_of_many
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same, ran
from tests.reference.by_hand import SEED

NEEDS = ("information", "contacts", "complaint", "recovery", "care", "offers", "save", "win_back", "outbound")
CALLING = {"care_by_phone": 0.5, "campaigns_by_phone": 1.0}
PERIODS = 30


def market(centre, calling=CALLING, north=None, periods=PERIODS, **sections):
    """Return a market of three firms; the first cares for its customers, has campaigns, and calls."""
    own = {
        "information": {"data_coverage": 0.9}, "care": {"regular_contact": 0.3, "follow_up": 0.2, "reminder": 0.5},
        "save": {"save_rate": 0.3, "save_offer": 2.0}, "win_back": {"acquisition_budget": 0.02},
        "contact_centre": centre, "outbound": calling, **(north or {}),
    }  # fmt: skip
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": 900},
            **{name: {} for name in NEEDS},
            "contact_centre": {"question_rate": 0.1, "centre_visits": 1500.0},
            "firms": [{"name": "north", **own}, {"name": "east"}, {"name": "south"}],
            **sections,
        }
    )


def counted(scenario, *names, seed=SEED):
    """Return what is counted of the first firm, by period, in whole numbers: cents, seconds."""
    engine = Engine(scenario, seed)
    engine.run(scenario.periods)
    return [engine.world.history[:, engine.world.rows[name], 0] for name in names]


KINDS = {
    "blended": {"agents": 3, "blended": True},
    "with a reserve": {"agents": 4, "specialists": 1, "blended": True, "idle_reserve": 1, "messages": True},
    "apart": {"agents": 3, "outbound_agents": 1},
    "two sites": {"agents": 4, "blended": True, "outbound_agents": 1, "sites": 2, "follows_calls": 0.5},
    "outbound alone": {"outbound_agents": 1, "ownership": "outsourced"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_call_is_lost(kind):
    """Period by period: what was on the list, and what was put there, is reached, given up, or still there."""
    names = ("scheduled", "reached", "dropped", "waiting", "calls")
    renewed = {"renewal": {"leaving_rate": 0.3, "every": 5}}
    scenario = market(KINDS[kind], **renewed)
    new, reached, dropped, waiting, made = counted(scenario, *(f"outbound_{name}" for name in names))
    before = np.concatenate(([0], waiting[:-1]))
    np.testing.assert_array_equal(before + new, reached + dropped + waiting)
    assert all(one.sum() > 0 for one in (new, reached, dropped, waiting))
    assert (reached <= made).all()
    assert (made <= before + new).all()


def test_nobody_calls_where_nothing_goes_by_telephone():
    """Agents who might call, but have nobody to call, change no bit of the market."""
    plain, able = (market(centre, {}) for centre in ({"agents": 3}, {"agents": 3, "blended": True}))
    one, other = Engine(plain, SEED), Engine(able, SEED)
    for engine in (one, other):
        engine.run(PERIODS)
    for name in one.world.tallies:
        np.testing.assert_array_equal(one.world.tallied(name), other.world.tallied(name), err_msg=name)
    for name, column in one.world.customers.items():
        np.testing.assert_array_equal(column, other.world.customers[name], err_msg=name)


def test_who_is_not_reached_hears_nothing():
    """Where nobody answers, a firm that only calls is as one that is silent, but for the time of its agents."""
    centre, only_care = {"agents": 3, "outbound_agents": 20}, {"follow_up": 0.0, "reminder": 0.0}
    silent_firm = {"care": {"regular_contact": 0.0, **only_care}, "save": {}, "win_back": {}}
    settings = {"question_rate": 0.1, "centre_visits": 1500.0, "answers_calls": 0.0, "listed_for": 1}
    care = {"care": {"regular_contact": 0.3, **only_care}, "save": {}, "win_back": {}}
    calling = market(centre, {"care_by_phone": 1.0}, care, contact_centre=settings)
    silent = market(centre, {}, silent_firm, contact_centre=settings)
    one, other = Engine(calling, SEED), Engine(silent, SEED)
    for engine in (one, other):
        engine.run(PERIODS)
    assert one.world.tallied("outbound_calls")[:, 0].sum() > 1000
    assert one.world.tallied("contacts_made")[:, 0].sum() == 0
    for name in ("trust", "affective_commitment", "satisfaction", "provider", "contact_load"):
        np.testing.assert_array_equal(one.world.customers[name], other.world.customers[name], err_msg=name)


def test_who_is_reached_is_contacted_in_the_next_period():
    """Greetings of one each, all by telephone: as many contacts as customers reached in the period before."""
    care = {"care": {"regular_contact": 1.0}, "save": {}, "win_back": {}}
    scenario = market(KINDS["blended"], {"care_by_phone": 1.0}, care)
    reached, made = counted(scenario, "outbound_reached", "contacts_made")
    letters = made[1:] - reached[:-1]  # what is due while a call is listed goes by post
    assert letters.min() >= 0
    assert reached[:-1].sum() > 0
    everything = scenario.replace({"contact_centre.answers_calls": 1.0, "contact_centre.centre_visits": 100.0})
    everything = everything.replace({"firms.north.contact_centre.agents": 30})
    reached, made, received = counted(everything, "outbound_reached", "contacts_made", "contacts_received")
    np.testing.assert_array_equal(made[1:], reached[:-1])
    assert received[1:].sum() == pytest.approx(made[1:].sum(), rel=0.01)


def whole_days(agents, share, periods=45, **north):
    """Return a market of one firm and 2,000 customers: a question of each in a day of 24 hours, calls to a share.

    Questions and calls take 2 minutes, exponentially distributed; nobody gives up, and everybody answers.
    """
    settings = {
        "centre_visits": 2000.0, "days_open": 1.0, "minutes_open": 1440.0, "question_rate": 10.0, "tries_again": 0.0,
        "first_resolution": 1.0, "handling_minutes": 2.0, "patience_of_calls": 1e6, "answers_calls": 1.0,
        "call_minutes": 2.0, "listed_for": 1,
    }  # fmt: skip
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": 2000, "purchase_rate": 1.0, "rate_shape": 1e6},
            "choice": {"outside": -80.0},
            "network": {"kind": "ring"},
            "off": ["word_of_mouth", "lifecycle", "defection"],
            **{name: {} for name in ("information", "contacts", "recovery", "care", "outbound")},
            "complaint": {"base": -20.0},
            "contact_centre": settings,
            "firms": [
                {
                    "name": "north",
                    "information": {"data_coverage": 1.0},
                    "contacts": {"data_upkeep": 0.9},
                    "care": {"regular_contact": 1.0},
                    "contact_centre": {"agents": agents, **north},
                    "outbound": {"care_by_phone": share},
                }
            ],
        }
    )


NAMES = ("calls_answered", "answer_time", "outbound_calls", "outbound_seconds", "handling_seconds", "agent_seconds")


def settled(scenario):
    """Return what is counted of days once everybody is known, by name."""
    return dict(zip(NAMES, (one[15:] for one in counted(scenario, *NAMES)), strict=True))


def wait(found):
    """Return the mean wait of customers in minutes, and its standard error over days."""
    means = found["answer_time"] / 60.0 / found["calls_answered"]
    return means.mean(), means.std(ddof=1) / np.sqrt(len(means))


@pytest.mark.slow
@pytest.mark.parametrize(("agents", "share"), [(4, 0.25), (5, 0.4)])
def test_customers_wait_as_behind_a_priority_that_interrupts_nobody(agents, share):
    """Cobham's wait of the first class, which is more than that of customers alone before as many agents."""
    found = settled(whole_days(agents, share, blended=True))
    rates = [found["calls_answered"].mean() / 1440, found["outbound_calls"].mean() / 1440]
    mean, error = wait(found)
    assert rates[1] > 0.5 * share * rates[0]
    assert abs(mean - priority_waits_of_many(rates, 2.0, agents)[0]) < 3 * error
    assert mean > patient_line(rates[0], 2.0, agents).mean_wait + 3 * error


@pytest.mark.slow
def test_however_much_there_is_to_call_waits_have_a_bound():
    """More calls than agents can make: one is busy whoever comes, which is m / c / (1 - load of customers)."""
    found = settled(whole_days(4, 1.0, blended=True))
    rate = found["calls_answered"].mean() / 1440
    mean, error = wait(found)
    assert mean > patient_line(rate, 2.0, 4).mean_wait + 3 * error
    assert mean < 2.0 / 4 / (1.0 - rate * 2.0 / 4) + 3 * error
    idle = found["agent_seconds"] - (found["handling_seconds"] - found["outbound_seconds"])
    assert (found["outbound_seconds"] <= idle + 60 * 4).all()  # seconds are rounded pool by pool, and call by call
    assert found["outbound_seconds"].sum() > 0.9 * idle.sum()
    assert found["outbound_calls"].mean() <= idle.mean() / 60.0 / 2.0 * 1.05


@pytest.mark.slow
def test_a_reserve_shortens_the_wait_and_leaves_calls_undone():
    """From blending all the time to not at all; agents kept for calls let customers wait as if there were no calls."""
    runs = [settled(whole_days(4, 1.0, periods=30, blended=True, idle_reserve=kept)) for kept in (0, 1, 2, 4)]
    waits, calls = [wait(found)[0] for found in runs], [found["outbound_calls"].sum() for found in runs]
    assert waits == sorted(waits, reverse=True)
    assert calls == sorted(calls, reverse=True)
    assert waits[0] > 1.2 * waits[1]
    assert calls[-1] == 0
    alone, apart = (settled(whole_days(4, 1.0, periods=30, outbound_agents=kept)) for kept in (1, 3))
    assert 0 < alone["outbound_calls"].sum() < apart["outbound_calls"].sum()
    for found in (runs[-1], apart):
        np.testing.assert_array_equal(alone["answer_time"], found["answer_time"])


def test_measures_by_hand():
    """Shares of what is counted; a firm without calls has none of them."""
    kpis = (right_party_contact_rate, call_completion, outbound_call_rate, outbound_occupancy, agent_occupancy)
    scenario = market(KINDS["blended"])
    run = record(scenario, SEED)
    found = dict(zip((one.name for one in kpis), run.summary(kpis)[0], strict=True))
    names = ("calls", "reached", "dropped", "seconds")
    made, reached, dropped, seconds = (one.sum() for one in counted(scenario, *(f"outbound_{name}" for name in names)))
    paid, handling, offered = (
        one.sum() for one in counted(scenario, "agent_seconds", "handling_seconds", "contacts_offered")
    )
    assert found["right_party_contact_rate"] == pytest.approx(reached / made)
    assert 0.25 < reached / made < 0.36  # 0.35 of those whose data are right
    assert found["call_completion"] == pytest.approx(reached / (reached + dropped))
    assert found["outbound_call_rate"] == pytest.approx(made / PERIODS / 900)
    assert found["outbound_occupancy"] == pytest.approx(seconds / paid)
    assert found["agent_occupancy"] == pytest.approx(handling / paid)
    assert seconds < handling
    cost = sum(one.sum() for one in counted(scenario, "centre_staffing", "centre_rooms", "centre_fees"))
    assert run.summary((cost_per_contact,))[0][0] == pytest.approx(cost / 100 / (offered + reached))
    assert np.isnan(run.summary(kpis)[1][:4]).sum() == 3


def test_blending_costs_customers_their_wait_and_agents_cost_money():
    """The same calls: blended at no wage more and a lower service level; by agents apart at their wages."""
    none, blended, apart = (
        record(market(centre, calling), SEED)
        for centre, calling in (({"agents": 3}, {}), (KINDS["blended"], CALLING), (KINDS["apart"], CALLING))
    )
    level = [run.summary((contact_service_level,))[0][0] for run in (none, blended, apart)]
    staff = [run.tallies["centre_staffing"][:, 0].sum() for run in (none, blended, apart)]
    assert level[1] < level[0] - 0.1
    assert level[2] == pytest.approx(level[0], abs=0.03)
    assert staff[1] < 1.05 * staff[0]
    assert staff[2] > 1.25 * staff[0]


def test_what_callers_cost_by_hand():
    """A centre that only calls has rooms and a system of its own; a provider is paid for whom it reaches."""
    alone = ContactCentrePolicy(outbound_agents=2).worked_out(None)
    assert [alone[name][1] for name in ("has_centre", "calls_out", "site_day")] == [0, 1, 210.0]
    assert ContactCentrePolicy(blended=True).worked_out(None)["calls_out"][1] == 0
    fees, reached, offered = counted(
        market(KINDS["outbound alone"]), "centre_fees", "outbound_reached", "contacts_offered"
    )
    np.testing.assert_array_equal(fees, 300 * reached)
    assert offered.sum() == 0


def test_calls_go_to_sites_as_those_who_call_are_there():
    """Of five agents and two callers, three and one are at the first site; callers alone count where none blends."""
    of = [np.array([value]) for value in (5, 2, 1, 2)]
    assert first_site_part(0, *of) == pytest.approx(4 / 7)
    of[2][0] = 0
    assert first_site_part(0, *of) == 0.5


@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_depend_neither_on_threads_nor_on_tiles(threads):
    scenario = market(KINDS["two sites"], periods=20)
    one = ran(scenario)
    for other in (ran(scenario, threads=threads), ran(scenario, tile=50)):
        assert_same(one, other)


def test_every_kernel_stays_in_its_bounds():
    abm.check_kernels(market(KINDS["two sites"], periods=10), customers=200)


@pytest.mark.parametrize(
    ("firm", "absent", "words"),
    [
        ({"contact_centre": {"agents": 3}}, (), "firm 'north' calls customers (outbound), but has nobody to do it"),
        (
            {"contact_centre": {"blended": True}},
            (),
            "give it contact_centre.outbound_agents, or contact_centre.blended",
        ),
        (
            {},
            ("save", "win_back"),
            "north' sets outbound.campaigns_by_phone, but the market has no campaigns; give the",
        ),
        ({"outbound": {}}, ("outbound",), "for calls of the firm, but the market has no outbound; give the scenario a"),
    ],
)
def test_calls_that_nobody_makes_are_refused(firm, absent, words):
    own = {"contact_centre": {"agents": 3, "blended": True}, "outbound": {"campaigns_by_phone": 0.5}, **firm}
    sections = {name: {} for name in (*NEEDS, "contact_centre") if name not in absent}
    with pytest.raises(Refusal) as refused:
        Scenario.parse({"firms": [{"name": "north", **own}, {"name": "east"}], **sections})
    assert words in str(refused.value)
