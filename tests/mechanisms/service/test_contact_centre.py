"""Contact centre: equations by hand, the lines of print, contacts counted to the last one, and what comes of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.streams import stream_key, uniform4
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import lever_cost
from abm.mechanisms.service.centre_kpis import (
    best_service_level,
    call_abandonment_rate,
    contact_satisfaction,
    contact_service_level,
    containment_rate,
    cost_per_contact,
    first_contact_resolution,
    mean_answer,
    others_service_level,
)
from abm.mechanisms.service.centre_list import chance_of_question
from abm.mechanisms.service.centre_outcomes import chance_of_resolving, learn_from_contacts, verdict_on_contact
from abm.mechanisms.service.centre_policy import ContactCentrePolicy
from abm.mechanisms.service.centre_records import CUSTOMER, FIELDS, MATTER, RESOLVED, VISIT
from abm.mechanisms.service.centre_rules import handling_pace, part_of_site
from abm.mechanisms.voice.amends import handle_complaints, make_amends
from abm.mechanisms.voice.recovery import double_deviation_share
from abm.queues.erlang import patient_line
from abm.queues.impatience import impatient_line
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same, ran
from tests.mechanisms.small import Small

OUTCOMES = ("contained", "answered", "abandoned", "balked", "denied")
share = st.floats(0.0, 1.0, width=32)


def calls(agents, periods=60, **centre):
    """Return a market with one firm, each of whose 2,000 customers has a question a week, in one day of 24 hours."""
    settings = {
        "centre_visits": 2000.0, "days_open": 1.0, "minutes_open": 1440.0, "question_rate": 10.0, "tries_again": 0.0,
        "first_resolution": 1.0, "handling_minutes": 2.0, "patience_of_calls": 3.0, **centre,
    }  # fmt: skip
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": 2000, "purchase_rate": 1.0, "rate_shape": 1e6},
            "choice": {"outside": -80.0},
            "network": {"kind": "ring"},
            "off": ["word_of_mouth", "lifecycle", "defection"],
            "firms": [{"name": "north", "contact_centre": {"agents": agents}}],
            "complaint": {"base": -20.0},
            "recovery": {},
            "contact_centre": settings,
        }
    )


def three(north, east=None, south=None, customers=600, periods=20, **sections):
    """Return a market of three firms with these centres, and many questions."""
    firms = zip(("north", "east", "south"), (north, east or {}, south or {}), strict=True)
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers},
            "complaint": {},
            "recovery": {},
            "contact_centre": {"question_rate": 0.1},
            "firms": [{"name": name, "contact_centre": centre} for name, centre in firms],
            **sections,
        }
    )


def counted(scenario, *names, seed=1):
    """Return counts of a run by period and firm, those of nobody left out."""
    engine = Engine(scenario, seed)
    engine.run(scenario.periods)
    return [engine.world.tallied(name)[:, :-1] for name in names]


def test_equations_by_hand():
    """.7 + .3 (.25 x .4 + .5 x .2) = .76; .9 - .1 (5 - 2) / 2 - .1 = .65; .9 (1 - .2 x .5) (1 + .3 x .5) = .9315."""
    chance = chance_of_resolving(*map(np.float32, (0.7, 0.4, 0.2, 0.25, 0.5, 0.0)))
    assert chance == pytest.approx(0.76)
    assert chance_of_resolving(*map(np.float32, (0.7, 0.4, 0.2, 0.25, 0.5, 0.3))) == pytest.approx(0.46)
    assert verdict_on_contact(*map(np.float32, (0.9, 5.0, 2.0, 0.1, 0.1))) == pytest.approx(0.65)
    assert verdict_on_contact(*map(np.float32, (0.9, 1.0, 2.0, 0.1, 0.0))) == pytest.approx(0.9)
    assert handling_pace(1, 0.5, 0.5, 0.9, 0.2, 0.3) == pytest.approx(0.9315)
    assert handling_pace(0, 0.0, 0.0, 0.9, 0.2, 0.3) == 1.0
    assert chance_of_question(0.02, 52) == pytest.approx(1 - np.exp(-0.02), rel=1e-4)
    assert chance_of_question(0.02, 26) == pytest.approx(1 - np.exp(-0.04), rel=1e-4)


@given(share, share, share, share, share, share)
def test_chances_are_chances_and_efforts_do_no_harm(usual, knowledge, target, by_knowledge, by_target, shortfall):
    numbers = map(np.float32, (usual, knowledge, target, by_knowledge, by_target, shortfall))
    chance = chance_of_resolving(*numbers)
    assert 0.0 <= chance <= 1.0
    assert chance >= chance_of_resolving(*map(np.float32, (usual, 0.0, 0.0, by_knowledge, by_target, shortfall)))


@given(share, st.floats(0, 1e4, width=32), st.floats(0.125, 1e4, width=32), share, share)
def test_no_wait_makes_a_contact_better(value, wait, accepted, weight, annoyance):
    found = verdict_on_contact(*map(np.float32, (value, wait, accepted, weight, annoyance)))
    assert 0.0 <= found <= verdict_on_contact(*map(np.float32, (value, 0.0, accepted, weight, 0.0)))


@given(st.integers(0, 1000), st.integers(1, 2))
def test_sites_have_all_agents(agents, sites):
    parts = [part_of_site(agents, s, sites) for s in range(2)]
    assert sum(parts) == agents
    assert parts[1] == (0 if sites == 1 else agents // 2)


@pytest.mark.parametrize("agents", [3, 4])
def test_calls_are_erlang_a(agents):
    """Within three standard errors of days, at the rate that there was."""
    engine = Engine(calls(agents), 1)
    engine.run(60)
    names = ("calls_offered", "calls_abandoned", "calls_in_time")
    tallies = {name: engine.world.tallied(name)[15:, 0] for name in names}
    line = impatient_line(tallies["calls_offered"].mean() / 1440, 2.0, agents, 3.0)
    for name, expected in (("calls_abandoned", line.p_abandon), ("calls_in_time", line.answered_within(1 / 3))):
        shares = tallies[name] / tallies["calls_offered"]
        error = shares.std(ddof=1) / np.sqrt(len(shares))
        assert abs(shares.mean() - expected) < 3 * error
        assert error < 0.01


def test_patient_calls_are_erlang_c():
    """Nobody gives up; the mean wait is that of the formula, and servers are busy as long as it says."""
    engine = Engine(calls(4, patience_of_calls=1e6), 1)
    engine.run(60)
    names = ("calls_offered", "calls_answered", "answer_time", "handling_seconds")
    found, answered, waited, busy = (engine.world.tallied(name)[15:, 0] for name in names)
    np.testing.assert_array_equal(found, answered)
    line = patient_line(found.mean() / 1440, 2.0, 4)
    means = waited / found
    assert abs(means.mean() - line.mean_wait) < 3 * means.std(ddof=1) / np.sqrt(len(means))
    assert busy.sum() / found.sum() == pytest.approx(2.0, rel=0.02)


def test_one_site_answers_sooner_than_two():
    """The same agents and contacts: pooling."""
    one = calls(6)
    two = one.replace({"firms.north.contact_centre.sites": 2})
    first, second = (record(scenario, 3).summary((call_abandonment_rate, mean_answer))[0] for scenario in (one, two))
    assert first[0] < 0.5 * second[0]
    assert first[1] < second[1]


EVERYTHING = {
    "preset": "gen4", "agents": 6, "specialists": 2, "dedicated_agents": 1, "sites": 2, "best_first": True,
    "wait_announced": 0.8, "follows_calls": 0.5, "knowledge": 0.3, "quality_target": 0.3, "ownership": "outsourced",
}  # fmt: skip
ALL_KINDS = three(
    EVERYTHING, {"preset": "gen2"}, {"preset": "gen1", "agents": 1}, customer_classes={"every": 5},
    contact_centre={"question_rate": 0.3, "day_of_contacts": (1.0, 3.0, 2.0), "centre_visits": 2000.0},
)  # fmt: skip


def test_no_contact_is_lost():
    """By period and firm each contact has one outcome; complaints by telephone and online are among them."""
    offered, *outcomes = counted(ALL_KINDS, *(f"contacts_{name}" for name in ("offered", *OUTCOMES)))
    np.testing.assert_array_equal(offered, sum(outcomes))
    assert all(outcome.sum() > 0 for outcome in outcomes)
    no_questions = ALL_KINDS.replace({"contact_centre.question_rate": 0.0, "contact_centre.tries_again": 0.0})
    engine = Engine(no_questions, 1)
    engine.run(20)
    complaints = engine.world.tallied("complaints_by_channel").sum(axis=0)[1:, :-1].sum(axis=0)
    np.testing.assert_array_equal(engine.world.tallied("contacts_offered").sum(axis=0)[:-1], complaints)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_depend_neither_on_threads_nor_on_tiles(threads):
    one = ran(ALL_KINDS)
    for other in (ran(ALL_KINDS, threads=threads), ran(ALL_KINDS, tile=50)):
        assert_same(one, other)


def test_where_no_firm_has_a_centre_nothing_is_done():
    plain = Scenario.parse({"periods": 10, "population": {"customers": 300}, "complaint": {}, "recovery": {}})
    with_theory = plain.replace({"contact_centre": {}})
    assert [step.name for step in with_theory.steps()] == [step.name for step in plain.steps()]


def test_a_firm_without_a_centre_is_not_touched():
    """Its complaints are heard, its customers ask nobody, and it pays nothing."""
    offered, rooms = counted(three({"preset": "gen1"}), "contacts_offered", "centre_rooms")
    assert offered[:, 0].sum() > 0
    assert rooms[:, 0].sum() > 0
    assert offered[:, 1:].sum() == rooms[:, 1:].sum() == 0


def generation(preset, **centre):
    """Return a market in which the first firm has a centre of a generation, and few agents for the calls."""
    settings = {"question_rate": 0.3, "centre_visits": 5000.0, **centre}
    return three({"preset": preset}, customers=1500, contact_centre=settings)


def test_generations_differ_as_they_should():
    """The second answers nobody, at least cost; the third spares agents; the fourth answers some later."""
    kpis = (containment_rate, call_abandonment_rate, contact_satisfaction, cost_per_contact)
    runs = {name: record(generation(name), 2) for name in ("gen1", "gen2", "gen3", "gen4")}
    found = {name: run.summary(kpis)[0] for name, run in runs.items()}
    sums = {name: {key: values[:, 0].sum() for key, values in run.tallies.items() if values.ndim == 2}
            for name, run in runs.items()}  # fmt: skip
    assert found["gen1"][0] == 0.0
    assert all(0.15 < found[name][0] < 0.35 for name in ("gen2", "gen3", "gen4"))
    assert sums["gen2"]["contacts_answered"] == 0
    assert sums["gen2"]["contacts_denied"] + sums["gen2"]["contacts_contained"] == sums["gen2"]["contacts_offered"]
    assert found["gen4"][1] < found["gen3"][1] < found["gen1"][1]
    assert found["gen2"][2] == min(found[name][2] for name in found)
    assert found["gen2"][3] == min(found[name][3] for name in found)
    assert [sums[name]["deferred_answers"] > 0 for name in found] == [False, False, False, True]


def test_class_a_first_is_answered_sooner_than_others():
    """With three agents a right of way spares a caller the line and not the call before her; an own agent does both."""
    sections = {"customer_classes": {"every": 5, "share_a": 0.2}, "contact_centre": {
        "question_rate": 0.5, "centre_visits": 2000.0, "by_class": True, "answered_within": 2.0}}  # fmt: skip
    alike = three({"agents": 3}, customers=1500, **sections)
    first = alike.replace({"firms.north.contact_centre.best_first": True})
    own = alike.replace({"firms.north.contact_centre.dedicated_agents": 1})
    kpis = (best_service_level, others_service_level)
    found = [record(scenario, 2).summary(kpis)[0] for scenario in (alike, first, own)]
    assert abs(found[0][0] - found[0][1]) < 0.1
    assert found[1][0] > max(found[0][0], found[1][1]) + 0.05
    assert found[2][0] > found[2][1] + 0.2


def test_skill_tools_and_owner_decide_how_often_a_matter_is_done():
    """Patient calls of one matter: .7 with the skill; .5 of complaints without; .6 of a provider's agents."""
    centre = {"agents": 20, "specialists": 10}
    settings = {"question_rate": 0.3, "centre_visits": 2000.0, "patience_of_calls": 1e4}
    skilled = three(centre, customers=1500, contact_centre=settings)
    bought = skilled.replace({"firms.north.contact_centre.ownership": "outsourced"})
    known = skilled.replace({"firms.north.contact_centre.quality_target": 0.9})
    found = [record(scenario, 2).summary((first_contact_resolution,))[0][0] for scenario in (skilled, bought, known)]
    assert found == pytest.approx([0.7, 0.6, 0.7 + 0.3 * 0.45], abs=0.03)


def test_what_a_centre_costs_by_hand():
    """One day of 600 minutes is a period: 3 agents at 18, 1 of them an expert at 3.6 more, rooms 60, a system 150."""
    centre = {"agents": 3, "specialists": 1}
    settings = {"question_rate": 0.0, "days_open": 1.0, "centre_visits": 1e7}
    scenario = three(centre, contact_centre=settings, complaint={"base": -20.0})
    engine = Engine(scenario, 1)
    days = 0.25
    engine.world.customers.centre_days[0] = days
    engine.run(2)
    staff, rooms, paid = (
        engine.world.tallied(name)[:2, 0] for name in ("centre_staffing", "centre_rooms", "agent_seconds")
    )
    np.testing.assert_allclose(staff, days * 10 * (3 * 18.0 + 3.6))
    np.testing.assert_allclose(rooms, days * 210.0)
    np.testing.assert_allclose(paid, days * 1800.0)


def test_owners_are_paid_in_their_ways_by_hand():
    """Own: 18 + 1.5 + .5 an hour, 2 x (60 + 150) a day; hosted: 3 more, 2 x 60; a provider: 6, and 3 an answer."""
    tools = {"agents": 4, "sites": 2, "cti": True, "messages": True}
    own, hosted, bought = (
        {name: value for name, (_, value) in ContactCentrePolicy(ownership=owner, **tools).worked_out(None).items()}
        for owner in ("own", "hosted", "outsourced")
    )
    names = ("agent_hour", "expert_hour", "answer_fee", "site_day", "has_centre")
    assert [own[name] for name in names] == pytest.approx([20.0, 3.6, 0.0, 420.0, 1])
    assert [hosted[name] for name in names] == pytest.approx([23.0, 3.6, 0.0, 120.0, 1])
    assert [bought[name] for name in names] == pytest.approx([8.0, 1.2, 3.0, 0.0, 1])
    efforts = {"self_service": 0.5, "call_back": 0.5, "knowledge": 0.5, "quality_target": 0.5}
    spent = ContactCentrePolicy(**efforts).worked_out(None)["centre_contact_expense"][1]
    assert spent == pytest.approx(100 * 0.9 * np.log(2.0))
    assert ContactCentrePolicy().worked_out(None)["site_day"][1] == 0.0


def test_what_is_learned_from_contacts_by_hand():
    """Three contacts of one customer, at one firm: a complaint done, one not done, a question done; and a newcomer's.

    Trust .5 moves half of the way to .9, .1, .9: .7, .4, .65; satisfaction, with a weight of .25, from .5: .6, .475,
    .58125. Who has not been served before has trust alone. What is not done is the complaint.
    """
    fields = np.zeros((4, FIELDS), np.int64)
    for c, (customer, matter, visit, done) in enumerate([(0, 2, 0, 1), (0, 2, 1, 0), (0, 1, -1, 1), (1, 1, -1, 0)]):
        fields[c, [CUSTOMER, MATTER, VISIT, RESOLVED]] = customer, matter, visit, done
    satisfaction, trust = np.array([[0.5, np.nan]], np.float32), np.array([[0.5, 0.5]], np.float32)
    open_matter, heard = np.array([[2, 0]], np.uint8), np.ones(3, np.uint8)
    days, verdicts = np.ones(3, np.float32), np.array([0.9, 0.1, 0.9, 0.3], np.float32)
    learn_from_contacts(
        satisfaction, trust, open_matter, heard, days, fields, np.array([4]), verdicts,
        np.array([[3, 0]], np.float32), np.float32(0.25), np.float32(0.5), np.float32(0.5),
    )  # fmt: skip
    np.testing.assert_allclose(satisfaction, [[0.58125, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(trust, [[0.65, 0.4]], rtol=1e-6)
    assert open_matter.tolist() == [[2, 1]]
    assert heard.tolist() == [1, 0, 1]
    assert days.tolist() == [0.5, 1.0, 1.0]


def test_capacity_is_that_of_the_occasions():
    """With twice the customers there are twice the days of a centre, each with as many agents."""
    days = [Engine(three({"agents": 3}, customers=n), 1).world.customers.centre_days[0] for n in (300, 600)]
    rates = [Engine(three({"agents": 3}, customers=n), 1).world.customers.purchase_rate.sum() for n in (300, 600)]
    assert days[1] / days[0] == pytest.approx(rates[1] / rates[0], rel=1e-6)
    assert days[0] == pytest.approx(rates[0] / 3 / 10_000 * 6, rel=1e-6)


def small_complaints(heard):
    small = Small(2, ({"recovery": {"compensation": 1.0, "empathy": 0.5}}, {}), complaint={}, recovery={})
    small.visits([0, 1], [0, 0])
    p = small.passing
    p.complaint_heard[:2], p.handling[:2], p.grievance[:2], p.transaction[:2] = heard, 1, 1, 0.2
    p.handling_time[:2], p.handling_justice[:2] = 1.0, 0.0
    small.c.expectation[:] = 0.7
    small.run("recovery", handle_complaints)
    small.run("recovery", make_amends)
    return small


def test_a_complaint_that_is_not_heard_has_failed():
    """The second is heard; the first gets nothing, costs nothing, and disappoints: .2 (1 - .25) = .15."""
    small = small_complaints([0, 1])
    assert small.at("handling").tolist()[0] == 1
    assert small.at("handling").tolist()[1] > 1
    assert small.at("transaction")[0] == pytest.approx(0.15)
    assert small.at("transaction")[1] > 0.4
    assert small.at("visit_amends")[0] == 0 < small.at("visit_amends")[1]
    assert small.at("answer_days")[0] == small.at("solution_days")[0] == np.float32(1e9)


def test_a_machine_alone_fails_complaints():
    """Nobody hears of them: nearly all by telephone and online fail, where amends would have been made."""
    amends = {"compensation": 0.5, "empathy": 0.9, "answer_speed": 0.9, "solution_speed": 0.9}
    none = three({}, customers=1500).replace({"firms.north.recovery": amends})
    machine = none.replace({"firms.north.contact_centre.self_service": 0.01})
    agents = none.replace({"firms.north.contact_centre.agents": 50, "firms.north.contact_centre.specialists": 25})
    kpis = (double_deviation_share, contact_service_level)
    found = [record(scenario, 2).summary(kpis)[0] for scenario in (none, machine, agents)]
    assert found[0][0] < 0.05
    assert 0.45 < found[1][0] < 0.75, "three fifths are not made on the spot"
    assert found[0][0] < found[2][0] < found[1][0]
    assert found[1][1] == 0.0
    assert found[2][1] > 0.99


def test_contacts_move_satisfaction_and_trust_of_their_customers_alone():
    """A centre that answers nobody loses trust; with no weights no column of attitudes moves."""
    still = {"question_rate": 0.5, "satisfaction_weight": 0.0, "trust_weight": 0.0}
    calm = three({"self_service": 0.01}, contact_centre=still, complaint={"base": -20.0})
    nothing = calm.replace({"firms.north.contact_centre.self_service": 0.0})
    moved = calm.replace({"contact_centre.satisfaction_weight": 0.2, "contact_centre.trust_weight": 0.2})
    worlds = []
    for scenario in (calm, nothing, moved):
        engine = Engine(scenario, 1)
        engine.run(20)
        worlds.append(engine.world.customers)
    for name in ("satisfaction", "trust", "provider"):
        np.testing.assert_array_equal(worlds[0][name], worlds[1][name])
    assert worlds[2].trust[0].mean() < worlds[0].trust[0].mean() - 0.02
    met = worlds[0].encounters[0] > 0
    assert worlds[2].satisfaction[0, met].mean() < worlds[0].satisfaction[0, met].mean() - 0.02


def test_open_matters_come_again_until_they_are_done_or_dropped():
    """Nobody answers: who always tries again comes every period, who never does comes once and is done with it."""
    settings = {"question_rate": 0.5, "containable_questions": 0.0, "containable_complaints": 0.0}
    again = three({"self_service": 0.01}, contact_centre={**settings, "tries_again": 1.0}, periods=10)
    engine = Engine(again, 1)
    opened = np.zeros(600, bool)
    for _ in range(10):
        engine.run(1)
        now = engine.world.customers.open_matter[0] > 0
        assert now[opened].all()
        opened = now.copy()
    assert opened.sum() > 20
    never = again.replace({"contact_centre.tries_again": 0.0})
    (first,), (all_,) = counted(again, "contacts_offered"), counted(never, "contacts_offered")
    assert first[:, 0].sum() > 2 * all_[:, 0].sum()


def test_the_list_is_that_of_its_addresses():
    """Who asks, comes again, drops a matter or is contained, customer by customer; no complaints, nobody answers."""
    centre = {"self_service": 0.5}
    numbers = {"question_rate": 0.5, "tries_again": 0.6}
    scenario = three(centre, centre, contact_centre=numbers, complaint={"base": -20.0}, customers=300, periods=8)
    engine, key = Engine(scenario, 3), stream_key(3, "contact_centre")
    c, repeats = engine.world.customers, 0
    for t in range(8):
        met, before = c.encounters.copy(), c.open_matter.copy()
        engine.run(1)
        for j in range(2):
            offered, contained = 0, 0
            for i in range(300):
                asks = before[j, i] == 0 and met[j, i] > 0 and c.provider[i] == j
                block = (16 if asks else 32) + j
                word = uniform4(key, c.customer_id[i], t, (2 << 16) | block, 0)[0]
                comes = word < (1 - np.exp(-0.5) if asks else 0.6) and (asks or before[j, i] > 0)
                done = comes and uniform4(key, c.customer_id[i], t, (1 << 16) | block, 0)[2] < 0.5 * 0.6
                offered += comes
                contained += done
                repeats += comes and not asks
                assert c.open_matter[j, i] == (1 if comes and not done else 0)
            assert engine.world.tallied("contacts_offered")[t, j] == offered
            assert engine.world.tallied("contacts_contained")[t, j] == contained
    assert repeats > 50


def test_agents_cost_money():
    few, many = (three({"agents": agents}) for agents in (2, 8))
    found = [record(scenario, 4).summary((contact_service_level, lever_cost))[0] for scenario in (few, many)]
    assert found[0][0] < found[1][0]
    assert found[0][1] < found[1][1]


@pytest.mark.parametrize(
    ("centre", "words"),
    [
        ({"agents": 3, "best_first": True}, "no customer_classes"),
        ({"agents": 3, "specialists": 3}, "no generalist"),
        ({"agents": 1, "sites": 2}, "too few for 2 sites"),
        ({"preset": "gen5"}, "gen5"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(centre, words):
    with pytest.raises(Refusal, match=words) as refusal:
        three(centre)
    assert "\n" not in str(refusal.value)


def test_a_day_without_weights_is_refused():
    with pytest.raises(Refusal, match="is no profile"):
        three({}, contact_centre={"day_of_contacts": (0.0, 0.0)})
