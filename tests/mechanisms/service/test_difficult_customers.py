"""Difficult customers: their scenes are of their type, others see them, and each policy takes its own part away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.difficult_customers import (
    DifficultPolicy,
    bystander_loss,
    claims_refused_share,
    false_claim_rate,
    incident_cost,
    incident_rate,
)
from abm.mechanisms.service.difficult_customers_kernels import (
    BOUNDARIES,
    CALM,
    FREELOADER,
    HOT_TEMPERED,
    KNOW_IT_ALL,
    NONE,
    PENALISE,
    POLICIES,
    REMOVE,
    SELF_CENTRED,
    TYPES,
    checks_claims,
    draw_incidents,
    draw_types,
    gather_incidents,
    lengthen_service,
    minutes_taken,
    part_left,
    policy_towards,
    resent,
    see_incidents,
    settle_incidents,
    shown_loss,
    strain_of,
    witnessed,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

f = np.float32
ONE = 2**20
ALL = (0.1,) * 5
LINE = {"minutes_open": 300.0, "service_minutes": 9.0, "branch_visits": 400.0}


def towards(policy):
    return {"difficult": dict.fromkeys(TYPES, policy)}


def packed(**policies):
    return DifficultPolicy(**policies).worked_out(None)["incident_policies"][1]


def market(*firms, periods=40, customers=400, difficult=None, **sections):
    named = [{"name": f"f{j}", **firm} for j, firm in enumerate(firms)]
    population = {"customers": customers, "purchase_rate": 0.5}
    data = {"periods": periods, "burn_in": periods // 2, "population": population, "firms": named, "staff": {}}
    return Scenario.parse({**data, "difficult_customers": difficult or {}, **sections})


def ran(scenario, seed=1, **more):
    engine = Engine(scenario, seed, **more)
    engine.run(scenario.periods)
    return engine


def total(engine, name, firm=0):
    counted = engine.world.tallied(name).sum(axis=0)
    return counted[..., firm]


class TestEquations:
    def test_policies_are_packed_by_type(self):
        code = packed(self_centred="remove", hot_tempered="calm", freeloader="penalise")
        assert [policy_towards(code, kind) for kind in range(1, 6)] == [REMOVE, NONE, CALM, NONE, PENALISE]

    @given(st.lists(st.sampled_from(POLICIES), min_size=5, max_size=5))
    def test_every_choice_is_read_back(self, chosen):
        code = packed(**dict(zip(TYPES, chosen, strict=True)))
        assert [POLICIES[policy_towards(code, kind)] for kind in range(1, 6)] == chosen

    def test_claims_are_checked_of_those_who_claim(self):
        assert not checks_claims(packed(self_centred="boundaries", hot_tempered="boundaries"))
        assert checks_claims(packed(know_it_all="boundaries"))
        assert checks_claims(packed(freeloader="boundaries"))

    def test_what_policies_leave_by_hand(self):
        assert part_left(CALM, 1, f(0.25)) == f(0.75)
        assert part_left(CALM, 0, f(0.25)) == part_left(REMOVE, 1, f(0.25)) == 1.0
        assert shown_loss(f(0.5), REMOVE, 0, f(0.25)) == 0.0
        assert shown_loss(f(0.5), CALM, 1, f(0.25)) == f(0.375)
        assert shown_loss(f(0.5), BOUNDARIES, 1, f(0.25)) == shown_loss(f(0.5), PENALISE, 1, f(0.25)) == f(0.5)
        assert strain_of(f(0.5), BOUNDARIES, 1, f(0.25), f(0.75)) == f(0.125)
        assert strain_of(f(0.5), CALM, 1, f(0.25), f(0.75)) == f(0.375)
        assert strain_of(f(0.5), REMOVE, 1, f(0.25), f(0.75)) == f(0.5)

    def test_minutes_by_hand(self):
        assert minutes_taken(f(0.5), f(2.0), f(10.0)) == 7.0

    def test_others_are_seen_and_oneself_not(self):
        """Among 101 visitors 5 lose-.05 scenes, each seen on 10 other visits: 10 x .25 / 100; from one of them .2."""
        one = ONE // 20
        assert witnessed(5 * one, 0, 101, f(10.0), f(0.05)) == pytest.approx(0.025, abs=1e-6)
        assert witnessed(5 * one, one, 101, f(10.0), f(0.05)) == pytest.approx(0.020, abs=1e-6)
        assert witnessed(one, one, 1, f(10.0), f(0.05)) == 0.0, "alone"
        assert witnessed(90 * one, 0, 101, f(10.0), f(0.05)) == f(0.05), "as if she saw the worst each time"

    @given(st.integers(0, ONE), st.integers(0, ONE))
    def test_of_two_visitors_each_sees_the_other(self, own, other):
        assert witnessed(own + other, own, 2, f(1.0), f(1.0)) == f(other / ONE)

    @given(st.integers(0, ONE), st.integers(0, 10**9), st.integers(1, 10**6), st.floats(0, 1e4, width=32))
    def test_what_is_seen_is_a_share(self, own, others, visitors, witnesses):
        found = witnessed(own + others, own, visitors, f(witnesses), f(0.05))
        assert 0.0 <= found <= f(0.05)


class TestTypes:
    def types(self, shares, n=20_000):
        kinds = np.zeros(n, np.uint8)
        draw_types(kinds, np.arange(n, dtype=np.uint32), np.array(shares, np.float32), np.uint64(7), 0)
        return np.bincount(kinds, minlength=6) / n

    def test_shares_are_those_of_the_table(self):
        shares = (0.02, 0.05, 0.1, 0.2, 0.3)
        np.testing.assert_allclose(self.types(shares)[1:], shares, atol=0.01)

    def test_limits(self):
        assert self.types((0.0,) * 5)[0] == 1.0
        assert self.types((0.0, 0.0, 1.0, 0.0, 0.0))[HOT_TEMPERED] == 1.0

    def test_a_type_is_for_life_and_of_the_person(self):
        begun, ended = Engine(market({}, {}), 1), ran(market({}, {}))
        np.testing.assert_array_equal(begun.world.customers.difficult_type, ended.world.customers.difficult_type)
        larger = Engine(market({}, {}, customers=900), 1).world.customers.difficult_type
        np.testing.assert_array_equal(begun.world.customers.difficult_type, larger[:400])


SECTIONS = ("waiting_line", "complaint", "recovery")


def small(firms=({}, {}), kinds=(1, 2, 3, 4, 5, 0), visits=(0, 0, 0, 0, 0, 1), **theory):
    """Return six customers, one of each type and one of none, with an incident of each at her visit."""
    theory = {"calmed": 0.25, "backing": 0.5, **theory}
    made = Small(6, firms, difficult_customers=theory, staff={}, **{name: {} for name in SECTIONS})
    made.visits(range(6), visits)
    made.passing.incident[:6] = kinds
    made.passing.visit_outcome[:6] = 0
    return made


def gathered(made, outcomes=(0,) * 6):
    """Gather the incidents of a small world, visits in their order at firm 0 and then 1."""
    c, p, theory = made.c, made.passing, next(m for m in made.scenario.mechanisms() if m.name == "difficult_customers")
    firm = p.visit_firm[:6]
    book = np.argsort(firm, kind="stable").astype(np.uint32)
    start = np.searchsorted(firm[book], np.arange(3)).astype(np.int64)
    gather_incidents(
        p.incident, c.incident_shown, c.jumping_shown, c.visitors_served, start, book, np.array(outcomes, np.uint8),
        made.firms.incident_policies, c.calms, made.firms.servers, theory.loss_of_type, theory.queue_jump,
        theory.calmed, 0, 2,
    )  # fmt: skip
    return c


class TestKernels:
    def test_chances_are_those_of_the_type_and_fall_after_a_penalty(self):
        made = small(incident_chances=(1.0, 0.0, 1.0, 1.0, 1.0), recurrence=0.0)
        made.c.difficult_type[:] = (1, 2, 3, 4, 5, 0)
        made.c.penalised[0, 2], made.c.penalised[1, 3] = 1, 1
        made.run("difficult_customers", draw_incidents)
        assert made.at("incident").tolist() == [1, 0, 0, 4, 5, 0]

    def test_nobody_makes_a_scene_nowhere(self):
        made = small(incident_chances=(1.0,) * 5, visits=(0, -1, 0, 0, 0, 1))
        made.c.difficult_type[:] = 3
        made.run("difficult_customers", draw_incidents)
        assert made.at("incident").tolist() == [3, 0, 3, 3, 3, 3]

    def test_service_takes_longer_by_the_table_and_the_policy(self):
        """Of 10 minutes 50 %, 20 % .. more; a minute for boundaries, two for moving away."""
        made = small([{"difficult": {"self_centred": "boundaries", "hot_tempered": "remove"}}, {}])
        theory = next(m for m in made.scenario.mechanisms() if m.name == "difficult_customers")
        time = np.ones(6, np.float32)
        lengthen_service(
            time, made.passing.visit_count, made.passing.visit_firm, made.passing.incident,
            made.firms.incident_policies, theory.extra_of_type, theory.policy_minutes, 10.0,
        )  # fmt: skip
        assert time.tolist() == pytest.approx([1.6, 1.2, 1.5, 1.4, 1.1, 1.0])

    def test_what_is_shown_by_hand(self):
        """.03 and .05 of the bad-mouthed and the hot-tempered; lines are jumped only where there are some."""
        c = gathered(small())
        assert c.incident_shown[0] == pytest.approx(0.08 * ONE, abs=2)
        assert c.jumping_shown.tolist() == [0, 0]
        assert c.visitors_served.tolist() == [5, 1]
        lined = gathered(small([{"waiting_line": {"servers": 2}}, {}]))
        assert lined.jumping_shown[0] == pytest.approx(0.03 * ONE, abs=1)
        moved = gathered(small([{"waiting_line": {"servers": 2}, **towards("remove")}, {}]))
        assert moved.incident_shown[0] == moved.jumping_shown[0] == 0

    def test_calming_needs_staff_who_can(self):
        for can, part in ((0, 1.0), (1, 0.75)):
            made = small([towards("calm"), {}])
            made.c.calms[:] = can
            assert gathered(made).incident_shown[0] == pytest.approx(part * 0.08 * ONE, abs=2)

    def test_who_is_not_served_makes_no_scene(self):
        made = small()
        c = gathered(made, (0, 1, 0, 0, 0, 2))
        assert made.at("incident").tolist() == [1, 0, 3, 4, 5, 0]
        assert c.incident_shown[0] == pytest.approx(0.05 * ONE, abs=1)
        assert c.visitors_served.tolist() == [4, 0]

    def test_each_sees_the_others(self):
        """Of five at firm 0: to the hot-tempered one .03 / 4 x 2, to who is not bad herself .08 / 4 x 2."""
        made = small(witnesses=2.0)
        gathered(made)
        made.run("difficult_customers", see_incidents)
        assert made.at("bystander_loss").tolist() == pytest.approx([0.04, 0.025, 0.015, 0.04, 0.04, 0.0], abs=1e-5)
        assert made.counted("bystander_sum")[0] == pytest.approx(0.16 * ONE, abs=8)

    def test_satisfaction_by_hand(self):
        """A penalty takes .3; checks take .05 of the honest with a failure, not of who made a scene."""
        made = small([{"difficult": {"bad_mouthed": "penalise", "freeloader": "boundaries"}}, {}], (1, 2, 0, 0, 5, 0))
        made.passing.failure_cause[:6] = (1, 1, 1, 0, 1, 1)
        made.passing.jumping_loss[:6] = (0, 0, 0, 0.01, 0, 0)
        made.passing.satisfaction_shift[:6] = 0.0
        made.run("difficult_customers", resent)
        assert made.at("satisfaction_shift").tolist() == pytest.approx([0.0, -0.3, -0.05, -0.01, 0.0, 0.0])

    def settled(self, firm, **theory):
        made = small([firm, {}], **theory)
        made.passing.visit_spend[:6] = 4000
        made.c.trust[:] = 0.5
        made.c.penalised[:] = 0
        made.run("difficult_customers", settle_incidents)
        return made

    def test_claims_and_time_by_hand(self):
        """Half of 40 to the freeloader, a tenth to the know-it-all; minutes of .25 each."""
        made = self.settled({})
        assert made.at("visit_incident").tolist() == [125, 50, 75, 400 + 100, 2000 + 25, 0]
        assert made.counted("claims_paid")[0] == 2400
        assert made.counted("incident_time")[0] == 375
        assert made.counted("incident_strain")[0] == pytest.approx(0.2 * ONE, abs=5)
        assert [row[0] for row in made.counted("incidents")] == [1] * 5
        assert [row[0] for row in made.counted("incident_claims")] == [0, 0, 0, 1, 1]

    def test_generous_amends_are_claimed_in_full(self):
        made = self.settled({"recovery": {"compensation": 0.8}})
        assert made.at("visit_incident")[4] == 3200 + 25

    def test_boundaries_refuse_claims_and_protect_staff(self):
        made = self.settled(towards("boundaries"), verified=1.0)
        assert made.counted("claims_paid")[0] == 0
        assert made.counted("claims_refused")[0] == 2
        assert made.counted("incident_strain")[0] == pytest.approx(0.1 * ONE, abs=5)
        assert made.counted("incident_time")[0] == 375 + 5 * 25
        assert self.settled(towards("boundaries"), verified=0.0).counted("claims_paid")[0] == 2400

    def test_servers_who_are_paid_by_the_hour_cost_nothing_more(self):
        assert self.settled({"waiting_line": {"servers": 2}}).counted("incident_time")[0] == 0

    def test_a_penalty_is_noted_and_costs_trust(self):
        made = self.settled({"difficult": {"know_it_all": "penalise"}}, penalty_distrust=0.4)
        assert made.c.penalised[0].tolist() == [0, 0, 0, 1, 0, 0]
        assert made.c.penalised[1].tolist() == [0] * 6
        assert made.c.trust[0].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.3, 0.5, 0.5])
        assert made.counted("penalties")[0] == 1


class TestMarkets:
    def test_without_such_customers_nothing_is_done(self):
        nobody = market({}, {}, difficult={"type_shares": (0.0,) * 5})
        without = nobody.replace({"difficult_customers": None})
        assert [step.name for step in nobody.steps()] == [step.name for step in without.steps()]

    def test_measures_follow_from_the_table(self):
        """A tenth of visits by each type: incidents .1 x the sum of chances; of which .015 by freeloaders."""
        engine = ran(market({}, {}, customers=3000, periods=60, difficult={"type_shares": ALL}))
        rate, false, refused, cost, loss = read(engine).summary(
            [incident_rate, false_claim_rate, claims_refused_share, incident_cost, bystander_loss]
        )[0]
        assert rate == pytest.approx(0.051, abs=0.008)
        assert false == pytest.approx(0.015, abs=0.005)
        assert refused == 0.0
        assert cost > 0.0
        assert loss == pytest.approx(10 * 0.1 * (0.08 * 0.03 + 0.08 * 0.05), abs=0.002)
        assert total(engine, "visits") > total(engine, "incidents").sum() > 0

    def test_incidents_wear_out_staff_and_boundaries_protect_it(self):
        c = ran(market({}, towards("boundaries"), difficult={"type_shares": ALL})).world.customers
        assert c.staff_morale[0] < c.staff_morale[1] - 0.03 < 0.5

    def test_penalties_end_in_fewer_incidents_and_visits_of_those_penalised(self):
        """The same people with the same luck; those whom the firm has penalised come less often."""
        firms = ({}, towards("penalise"))
        markets = [market(firm, {}, customers=1500, periods=80, difficult={"type_shares": ALL}) for firm in firms]
        usual, strict = (Engine(scenario, 1) for scenario in markets)
        for engine in (usual, strict):
            engine.run(79)  # before the books close
        assert total(strict, "incidents").sum() < 0.7 * total(usual, "incidents").sum()
        fined = strict.world.customers.penalised[0] > 0
        own = [one.world.customers.year_purchases[0, fined].sum() for one in (strict, usual)]
        assert own[0] < 0.97 * own[1]

    def test_competent_staff_calms(self):
        firm = {**towards("calm"), "staff": {"emotion_training": 0.2}}
        engine = ran(market(firm, towards("calm"), customers=2500, difficult={"type_shares": ALL}))
        assert engine.world.customers.calms.tolist() == [1, 0]
        loss = read(engine).summary([bystander_loss])[:, 0]
        assert loss[0] == pytest.approx(0.5 * loss[1], rel=0.2)

    def test_scenes_make_lines_longer(self):
        line = {**LINE, "service_kind": "constant"}
        difficult = {"type_shares": (1.0, 0, 0, 0, 0), "incident_chances": (1.0, 0, 0, 0, 0), "usual_minutes": 9.0}
        firms = [{"waiting_line": {"servers": 9}}, {"waiting_line": {"servers": 9}, **towards("remove")}]
        engine = ran(market(*firms, waiting_line=line, difficult=difficult, periods=15))
        minutes = [total(engine, "busy_time", j) / total(engine, "visits", j) for j in (0, 1)]
        assert minutes == pytest.approx([13.5, 15.5], rel=0.02)

    def test_the_bits_do_not_depend_on_threads_or_tiles(self):
        firms = [{**towards("boundaries"), "waiting_line": {"servers": 2}}, towards("penalise"), towards("remove")]
        scenario = market(*firms, waiting_line=LINE, complaint={}, recovery={}, difficult={"type_shares": ALL})
        engines = [Engine(scenario, 1, threads=k) for k in (1, 3, 1)]
        engines[2].set_tile(64)
        for engine in engines:
            engine.run(20)
        for other in engines[1:]:
            np.testing.assert_array_equal(engines[0].world.history, other.world.history)
            for name in ("penalised", "trust", "satisfaction", "staff_morale"):
                np.testing.assert_array_equal(engines[0].world.customers[name], other.world.customers[name])

    def test_kernels_are_what_they_say(self):
        firms = [{**towards("calm"), "waiting_line": {"servers": 2}}, towards("penalise"), towards("boundaries")]
        check_kernels(market(*firms, waiting_line=LINE, difficult={"type_shares": ALL}), customers=90)

    def test_strangers_luck_is_what_it_was(self):
        """Occasions do not hang on who makes scenes."""
        with_them, without = ran(market({}, {})), ran(market({}, {}, difficult={"type_shares": (0.0,) * 5}))
        assert total(with_them, "visits", 0) + total(with_them, "visits", 1) == pytest.approx(
            total(without, "visits", 0) + total(without, "visits", 1), rel=0.02
        )

    def test_it_does_without_staff(self):
        engine = ran(market(towards("remove"), {}, staff=None))
        assert total(engine, "incident_strain") > 0
        assert "staff_morale" not in engine.world.customers

    def test_terms_stand_in_their_phases(self):
        steps = {s.name: s.phase for s in market({}, {}).steps()}
        assert steps["gather_incidents"] == Phase.OPERATIONS
        assert "see_who_calms" not in steps
        assert "lengthen_service" not in steps, "nobody asks how long service takes"


class TestRefusals:
    def test_calming_without_staff(self):
        with pytest.raises(Refusal, match=r"firms\.f0\.difficult\.self_centred.*\[scenario\.staff\]"):
            market(towards("calm"), {}, staff=None)

    def test_visitors_who_go_elsewhere(self):
        with pytest.raises(Refusal, match=r"waiting_line\.elsewhere.*set it to 0"):
            market({"waiting_line": {"servers": 2}}, {}, waiting_line={"elsewhere": 0.5})

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"type_shares": (0.1,) * 4}, "has to have 5 entries: self_centred"),
            ({"type_shares": (0.3,) * 5}, "adds up to more than 1"),
            ({"incident_chances": (1.5, 0, 0, 0, 0)}, "incident_chances"),
        ],
    )
    def test_tables(self, given, words):
        with pytest.raises(Refusal, match=words):
            market({}, {}, difficult=given)


def test_codes_are_those_of_the_names():
    assert [TYPES[code - 1] for code in (SELF_CENTRED, KNOW_IT_ALL, FREELOADER)] == [
        "self_centred", "know_it_all", "freeloader",
    ]  # fmt: skip
