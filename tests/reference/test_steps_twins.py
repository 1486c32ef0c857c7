"""The twins of steps of a service, of co-production and of affect: by hand, and against the kernels one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.mechanisms.attitude.affect import add_affect, book_setting, fade_affect, feel_visits, tell_feelings
from abm.mechanisms.service import co_production_kernels as parts
from abm.mechanisms.service import service_steps_kernels as kernels
from abm.mechanisms.service.service_steps import CARES, ServiceSteps
from abm.mechanisms.service.service_steps_others import call_back, place_offers, resent_placing
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import affect, co_production, service_steps
from tests.reference.by_hand import SEED, assert_counted, effort, listed, per_firm, per_pair, put, share, visits_with
from tests.reference.closeness import as_single, near, near_half
from tests.reference.random_numbers import normal, stream_key
from tests.reference.service_steps import BADLY, KINDS, LEFT_OUT, NO_PART, NONE, WELL, Policy, Steps, Visit

STEPS = 2.0**20
OTHERS = ("taste", "perceived_value")  # theories that add to performance and to satisfaction, too


def ordered(steps: list[str]) -> list[str]:
    """Return steps with needs before the solution, and the call last."""
    both = [kind for kind in ("needs_assessment", "solution") if kind in steps]
    places = iter(both)
    return sorted((next(places) if kind in both else kind for kind in steps), key="follow_up".__eq__)


some_steps = (
    (st.lists(st.sampled_from(KINDS), min_size=1, unique=True) | st.permutations(KINDS))
    .filter(set(KINDS[:6]).intersection)
    .map(ordered)
)
periods_of_visits = st.lists(
    visits_with(st.tuples(st.sampled_from([0, 0, 1, 2, 3]), st.booleans(), share)), min_size=1, max_size=3
)
step_numbers = st.fixed_dictionaries(
    {name: share for name in service_steps.EXAMPLE if name not in ("left_out_quality", "early_below", "well_from")}
    | {
        "negativity": st.floats(0.0, 8.0, width=32), "caught": st.floats(0.0, 4.0, width=32),
        "resistance": st.floats(0.0, 8.0, width=32), "early_below": st.floats(0.0625, 1.0, width=32),
        "left_out_quality": st.floats(0.0, 0.25, width=32), "well_from": st.floats(0.3125, 0.9375, width=32),
        "step_spread": st.floats(0.0, 0.5, width=32),
    }
)  # fmt: skip


class TestStepsByHand:
    p = service_steps.EXAMPLE

    def test_a_step(self):
        """0.85 + 0.15 * 0.4; 0.75 + 0.6 * 0.4 * 0.25 + 0.15 * 2."""
        assert service_steps.chance(0.4, self.p) == pytest.approx(0.91)
        assert service_steps.level(0.4, 2.0, self.p) == pytest.approx(1.11)

    def test_what_went_before(self):
        """A greeting of 0.2 takes 0.2 * 0.55, needs known by half 0.15 of a solution alone."""
        assert service_steps.prepared(0.7, "solution", 0.2, 0.5, self.p) == pytest.approx(0.7 - 0.11 - 0.15)
        assert service_steps.prepared(0.7, "atmosphere", 0.2, 0.5, self.p) == pytest.approx(0.59)
        assert service_steps.prepared(0.7, "solution", NONE, NONE, self.p) == 0.7
        assert service_steps.prepared(0.7, "solution", 0.0, 0.0, self.p) == pytest.approx(0.7 - 0.15 - 0.3)

    def test_states(self):
        found = [service_steps.state(*of, self.p) for of in ((False, 0.9), (True, 0.49), (True, 0.5))]
        assert found == [LEFT_OUT, BADLY, WELL]

    def test_memory(self):
        """0.6 stands out by 1.5 * 0.15, 0.9 by 0.15: half of the mean, and a quarter each of peak and end."""
        visit = Visit()
        for kind, quality in (("greeting", 0.9), ("needs_assessment", 0.6), ("atmosphere", 0.75)):
            visit.note(kind, WELL, quality)
        service_steps.remember(visit, KINDS, self.p)
        assert (visit.moments, visit.mean, visit.peak) == (3, pytest.approx(0.75), 0.6)
        assert visit.memory == pytest.approx(0.375 + 0.25 * (0.6 + 0.75))
        assert service_steps.shift(visit, self.p) == pytest.approx(0.3 * (visit.memory - 0.58))

    def test_resentment(self):
        """Half as good as it should be before it, two offers lately, made by half: (0.075 + 0.1) / 2."""
        assert service_steps.resentment(0.3, 2.0, 0.5, self.p) == pytest.approx(0.0875)
        assert service_steps.resentment(0.7, 0.0, 0.0, self.p) == 0.0

    def test_a_check(self):
        visit = Visit()
        assert service_steps.risk_after_check(visit, self.p) == 1.0
        visit.note("quality_check", BADLY, 0.2)
        assert service_steps.risk_after_check(visit, self.p) == pytest.approx(1.19)
        assert service_steps.risk_after_check(visit, {**self.p, "usual_visit": 0.0, "caught": 9.0}) == 0.0

    def test_cost(self):
        """0.15 (ln 2 + ln 2) = 0.207944 cu a visit; rounded by themselves the two would be 2 * 1040."""
        assert Policy(True, (0.5, 0.5, *[0.0] * 6)).cost(10) == 20790
        assert Policy(False, (0.5, *[0.0] * 7)).cost(10) == 0

    def test_presets(self):
        for name, steps in service_steps.PRESETS.items():
            assert ServiceSteps(preset=name).steps == steps
        assert tuple(kernels.STEPS) == KINDS
        assert [name.removesuffix("_care") for name in CARES] == [
            *("greeting", "needs", "solution", "objections", "atmosphere", "check", "selling", "call")
        ]


def market_of(sequence: tuple[str, ...], policies: Any, numbers: dict[str, float], off: tuple[str, ...] = ()) -> Small:
    """Return a market of steps, with the theories that take the last two, so that kernels of all can be run."""
    firms = [
        {
            "service_steps": {"blueprint": one.blueprint, "step_scale": one.step_scale}
            | {name: care for name, care in zip(CARES, one.cares, strict=True) if care},
            "second_product": {"second_price": 10.0, "pitch": 0.5}, "information": {"data_coverage": 0.5},
            "care": {"follow_up": 0.5},
        }
        for one in policies
    ]  # fmt: skip
    others = {name: {} for name in ("second_product", "information", "contacts", "care", "complaint")}
    return Small(3, firms, service_steps={"steps": sequence, **numbers}, off=off, **others)


def policies_of(sequence: list[str], cares: Any, blueprints: Any, scale: float = 0.15) -> list[Policy]:
    """Return policies that take care of what is a step alone."""
    kept = [
        [care if told and kind in sequence else 0.0 for kind, care in zip(KINDS, own, strict=True)]
        for told, own in zip(blueprints, cares, strict=True)
    ]
    return [Policy(told, tuple(own), scale) for told, own in zip(blueprints, kept, strict=True)]


def shown(small: Small, name: str, expected: Any, tolerance: float = 2e-6) -> None:
    """Compare a column of the visits with the twin's."""
    np.testing.assert_allclose(small.at(name), expected, atol=tolerance, rtol=1e-5, err_msg=name)


def summed(small: Small, names: tuple[str, ...], counts: dict[str, Any], visits: int) -> None:
    """Compare sums of 0-1 in steps of 2^-20, of which each visit's may be cut off at another one."""
    for name in names:
        found = np.array(small.counted(name)[:2]) / STEPS
        np.testing.assert_allclose(found, counts[name], atol=5e-6 * (1 + visits), err_msg=name)


@settings(max_examples=examples(25))
@given(
    some_steps, per_firm(st.tuples(*[effort] * 8)), st.tuples(st.booleans(), st.just(True)), step_numbers,
    per_pair(st.tuples(share, st.floats(0.0, 4.0, width=32))), per_firm(st.floats(0.5, 2.0, width=32)),
    periods_of_visits, per_pair(st.tuples(st.integers(0, 2), st.booleans())),
)  # fmt: skip
def test_steps_are_those_of_the_twin(sequence, cares, blueprints, numbers, before, prices, periods, reached):
    """Kernel by kernel over some periods; offers and calls are set by hand."""
    policies = policies_of(sequence, cares, blueprints)
    small = market_of(tuple(sequence), policies, numbers)
    twin = Steps(
        policies, small.c.customer_id.tolist(), stream_key(SEED, "service_steps"),
        {**service_steps.EXAMPLE, **numbers}, sequence,
    )  # fmt: skip
    twin.doubt = [[doubt for doubt, _ in row] for row in before]
    twin.pressure = [[pressure for _, pressure in row] for row in before]
    small.c.doubt[:], small.c.offer_pressure[:] = twin.doubt, twin.pressure
    small.c.calls_made[:] = [[calls for calls, _ in row] for row in reached]
    small.c.reachable[:] = [[there for _, there in row] for row in reached]
    small.firms.price[:] = prices
    for t, visits in enumerate(periods):
        twin.forget()
        run_step(small, kernels.forget_steps, t)
        assert_kept(small, twin)
        utility = small.passing.utility
        utility[:] = 0.0
        run_step(small, kernels.add_resistance, t)
        taken = [[service_steps.less_for_doubt(twin.doubt[j][i], prices[j], twin.p) for i in range(3)] for j in (0, 1)]
        taken = np.array(taken) if "objection_handling" in sequence else np.zeros((2, 3))
        np.testing.assert_allclose(utility[:, :3], -taken, atol=1e-5)
        of_visits = go_through(small, twin, visits, t)
        offer_and_call(small, twin, visits, of_visits, t)
        small.run("service_steps", kernels.count_steps, t)
        small.run("service_steps", kernels.count_memories, t)
        for v, visit in enumerate(of_visits):
            twin.count(visits[v][1], visit)
        assume(not twin.close)
    assert_counted(small, twin.by_kind)
    whole = ("objections_raised", "objections_unanswered", "step_visits", "worst_decided")
    assert_counted(small, {name: twin.counts[name] for name in whole})
    names = ("step_mean_sum", "step_memory_sum", "resented_offers")
    summed(small, names, twin.counts, sum(len(visits) for visits in periods))


def run_step(small: Small, kernel: Any, t: int) -> None:
    """Run a kernel if the sequence has what it is for."""
    if any(step.act is kernel for step in small.scenario.steps()):
        small.run("service_steps", kernel, t)


def assert_kept(small: Small, twin: Steps) -> None:
    """Compare doubt and pressure."""
    np.testing.assert_allclose(small.c.doubt, twin.doubt, rtol=1e-5)
    np.testing.assert_allclose(small.c.offer_pressure, twin.pressure, rtol=1e-5)


def go_through(small: Small, twin: Steps, visits: Any, t: int) -> list[Visit]:
    """Let the firm take its steps."""
    people = listed(small, visits)
    there = {name.rpartition(".")[2] for name in small.passing}
    for name in there & {"step_state", "step_quality", "unanswered", "offer_resented", "step_moments", "step_memory"}:
        small.at(name)[:] = 1  # of other visits, earlier
    put(small, performance_shift=0.125, failure_risk=0.75, satisfaction_shift=0.25)
    for kernel in (
        kernels.serve_steps, kernels.remember_steps, kernels.add_memory, kernels.hear_objections,
        kernels.catch_failures,
    ):  # fmt: skip
        run_step(small, kernel, t)
    of_visits = []
    for i, j, _, nth in people:
        visit = twin.serve(t, i, j, nth)
        twin.remember(visit)
        twin.hear(t, i, j, nth, visit)
        of_visits.append(visit)
    assume(not twin.close)
    compare(small, of_visits)
    if "unanswered" in there:
        assert small.at("unanswered").tolist() == [visit.unanswered for visit in of_visits]
    shown(small, "performance_shift", [0.125 + service_steps.shift(visit, twin.p) for visit in of_visits])
    shown(small, "failure_risk", [0.75 * service_steps.risk_after_check(visit, twin.p) for visit in of_visits])
    assert_kept(small, twin)
    return of_visits


def compare(small: Small, of_visits: list[Visit]) -> None:
    """Compare the steps of visits and what is remembered."""
    np.testing.assert_array_equal(small.at("step_state").T, [visit.state for visit in of_visits])
    np.testing.assert_allclose(small.at("step_quality").T, [visit.quality for visit in of_visits], atol=2e-6)
    for name in ("moments", "mean", "peak", "memory"):
        shown(small, f"step_{name}", [getattr(visit, name) for visit in of_visits], 4e-6)


def offer_and_call(small: Small, twin: Steps, visits: Any, of_visits: list[Visit], t: int) -> None:
    """Let other theories take their steps."""
    identities = list(zip(visits, small.at("visit_nth").tolist(), of_visits, strict=True))
    put(small, visit_offered=[of for *_, of, _, _ in visits], visit_second=[sold for *_, sold, _ in visits])
    if "cross_selling" in twin.sequence:
        small.run("service_steps", place_offers, t)
        for (i, j, offered, sold, _), nth, visit in identities:
            if offered:
                twin.offer(t, i, j, nth, visit, sold)
        shown(small, "offer_resented", [visit.resented for visit in of_visits])
        small.run("service_steps", resent_placing, t)
    run_step(small, kernels.miss_answers, t)
    assert_kept(small, twin)
    shown(small, "satisfaction_shift", [0.25 - service_steps.less_satisfied(visit, twin.p) for visit in of_visits])
    put(small, transaction=[s for *_, s in visits])
    satisfied = [s for *_, s in visits]
    if "follow_up" in twin.sequence:
        small.run("service_steps", call_back, t)
        for v, ((i, j, *_), nth, visit) in enumerate(identities):
            if small.c.calls_made[j, i] and small.c.reachable[j, i]:
                satisfied[v] = twin.call(t, i, j, nth, visit, satisfied[v])
    assume(not twin.close)
    shown(small, "transaction", satisfied, 4e-6)
    compare(small, of_visits)


quarters = st.sampled_from([NONE, 0.0, 0.1, 0.25, 0.5, 0.7, 0.75, 0.8, 1.0]) | share


@settings(max_examples=examples(25))
@given(
    st.permutations(KINDS).map(ordered),
    visits_with(st.tuples(*[quarters] * 8)),
    st.sampled_from([0.5, 0.7, 0.75]),
    share,
)
def test_memories_have_the_bits_of_their_words(sequence, visits, usual, weight):
    """In float32 throughout, with moments that stand out alike: of equals the first is the peak."""
    numbers = {"usual_step": as_single(usual), "peak_end": weight, "negativity": 1.0}
    small = market_of(tuple(sequence), [Policy(), Policy()], numbers)
    listed(small, visits)
    put(small, step_quality=np.array([of for _, _, *of in visits], np.float32).T)
    small.run("service_steps", kernels.remember_steps)
    small.run("service_steps", kernels.count_memories)
    p = {name: np.float32(number) for name, number in numbers.items()}
    sums = {name: [0, 0] for name in ("step_visits", "worst_decided", "step_mean_sum", "step_memory_sum")}
    for v, (_, j, *of) in enumerate(visits):
        visit = Visit([NO_PART if quality < 0 else WELL for quality in of], [np.float32(quality) for quality in of])
        service_steps.remember(visit, sequence, p)
        found = [small.at(f"step_{name}")[v] for name in ("moments", "mean", "peak", "memory")]
        assert found == [visit.moments, visit.mean, visit.peak, visit.memory]
        sums["step_visits"][j] += visit.moments > 0
        sums["worst_decided"][j] += bool(visit.moments and visit.peak < p["usual_step"])
        sums["step_mean_sum"][j] += int(float(visit.mean) * STEPS)
        sums["step_memory_sum"][j] += int(float(visit.memory) * STEPS)
    assert_counted(small, sums)


@settings(max_examples=examples(25))
@given(per_firm(st.tuples(*[effort] * 8)), per_firm(st.booleans()), st.floats(0.0, 4.0), st.integers(0, 1000))
def test_care_of_steps_costs_what_the_twin_says(cares, blueprints, scale, visits):
    assume(any(blueprints))
    policies = policies_of(list(KINDS), cares, blueprints, scale)
    small = market_of(KINDS, policies, {})
    small.world.lookup("visits", 0)[:2] = visits
    small.run("service_steps", kernels.book_steps)
    small.run("service_steps", kernels.book_steps)  # what another share has come to is kept
    found = [2 * policy.cost(visits) for policy in policies]
    assert_counted(small, {"step_spend": found})


def test_what_is_next_to_nothing_is_forgotten():
    small = market_of(KINDS, [Policy(), Policy()], {"doubt_kept": 0.5, "pressure_kept": 0.25})
    small.c.doubt[:, :2], small.c.offer_pressure[:, :2] = [[3e-20, 1.9e-20]] * 2, [[5e-20, 3.9e-20]] * 2
    small.run("service_steps", kernels.forget_steps)
    assert small.c.doubt[:, :2].tolist() == [[np.float32(1.5e-20), 0.0]] * 2
    assert small.c.offer_pressure[:, :2].tolist() == [[np.float32(1.25e-20), 0.0]] * 2


class TestCoProductionByHand:
    p = co_production.EXAMPLE

    def test_who_takes_part(self):
        assert co_production.chance(0.5, self.p) == 0.5
        assert co_production.chance(0.6, self.p) == pytest.approx(0.731059, abs=1e-6)
        chosen, required = co_production.Policy(0.5), co_production.Policy(0.5, "required")
        assert [chosen.part(True), chosen.part(False), required.part(False)] == [0.5, 0.0, 0.5]
        assert [required.unwanted(True), chosen.unwanted(False), required.unwanted(False)] == [0.0, 0.0, 0.5]

    def test_what_follows(self):
        """Half of it by who is able by 0.6."""
        assert co_production.service_time(0.5, 0.6, self.p) == pytest.approx(0.88)
        assert co_production.risk(0.5, 0.6, self.p) == pytest.approx(1.4)
        assert co_production.fit(0.5, 0.6, self.p) == pytest.approx(0.015)
        assert co_production.relief(0.5, 0.6, 200, self.p) == 24
        assert co_production.practised(0.6, 0.5, self.p) == pytest.approx(0.604)

    def test_whose_it_is(self):
        """Of 0.2 beyond what was expected 0.15 / 2; of 0.2 below it 0.3 / 2, if she could choose."""
        found = [
            co_production.own_share(*of, self.p) for of in ((0.2, 0.5, False), (-0.2, 0.5, True), (-0.2, 0.5, False))
        ]
        assert found == pytest.approx([-0.015, 0.03, 0.0])

    def test_cost(self):
        """0.05 ln 2 = 0.034657 cu."""
        assert co_production.Policy(0.5).cost(10) == 3470


part_numbers = st.fixed_dictionaries(
    dict.fromkeys(("usual_readiness", "unready_below", "fit_gain", "own_credit", "own_blame"), share)
    | dict.fromkeys(("forced_loss", "practice", "talk", "good_from"), share)
    | {
        "readiness_spread": st.floats(0.0, 1.0, width=32), "choosiness": st.floats(0.0625, 2.0, width=32),
        "time_saved": st.floats(0.0, 0.875), "clumsiness": st.floats(0.0, 8.0, width=32),
    }
)  # fmt: skip
modes = st.sampled_from(["chosen", "required"])
taking = per_firm(st.tuples(st.just(0.0) | st.floats(0.0078125, 0.9375, width=32), modes))
ready = st.tuples(share, share, share)
some_parts = st.tuples(share, share, share, st.booleans())


def participating(levers: Any, numbers: dict[str, Any]) -> tuple[Small, list[co_production.Policy], dict[str, Any]]:
    """Return a market in which somebody takes part, if any firm lets her; the last firm lets everybody."""
    levers = [*levers, (0.5, "required")]
    firms = [{"co_production": {"participation": part, "participation_mode": mode}} for part, mode in levers]
    firms[0]["waiting_line"] = {"servers": 2}
    single = {"time_saved": as_single(numbers.get("time_saved", 0.4))}
    small = Small(
        3, firms, co_production={**numbers, "relieves_line": True}, waiting_line={}, customer_accounts={}, off=OTHERS
    )
    return small, [co_production.Policy(*lever) for lever in levers], {**co_production.EXAMPLE, **numbers, **single}


@settings(max_examples=examples(25))
@given(taking, part_numbers, ready, visits_with(some_parts), st.lists(st.integers(0, 5), min_size=3), st.integers(0, 9))
def test_taking_part_is_that_of_the_twin(levers, numbers, readiness, visits, stories, t):
    small, policies, p = participating(levers, numbers)
    key = stream_key(SEED, "co_production")
    drawn = [co_production.drawn_readiness(key, identity, p) for identity in small.c.customer_id.tolist()]
    np.testing.assert_allclose(small.c.readiness, drawn, atol=2e-6)
    small.c.readiness[:] = readiness
    people = listed(small, visits)
    ones = {"service_time": 0.5, "failure_risk": 0.5, "performance_shift": 0.25, "satisfaction_shift": 0.125}
    put(small, **ones, part_planned=1.0, part_taken=1.0, part_unwanted=1.0, visit_relief=7, visit_cost=1000)
    put(small, performance=[of[2] for of in visits], transaction=[of[3] for of in visits])
    put(small, failure_severity=[0.25 * of[5] for of in visits])
    small.c.expectation[:2] = np.array([[of] * 3 for of in readiness[:2]])
    small.c.expectation[2], small.c.story[:] = 0.5, stories[:3]
    expected = np.array(small.c.expectation, float)
    for kernel in (
        parts.plan_part, parts.shorten_service, parts.take_part, parts.relieve_staff, parts.raise_risk,
        parts.fit_service, parts.resent_force, parts.attribute_gap, parts.count_parts, parts.practise,
        parts.tell_as_participant, parts.take_off_relief,
    ):  # fmt: skip
        small.run("co_production", kernel, t)
    counts: dict[str, list[int]] = {name: [0, 0, 0] for name in PARTS}
    able, told = list(readiness), list(stories[:3])
    for v, (i, j, identity, nth) in enumerate(people):
        policy, ready_as_it_began = policies[j], readiness[i]
        wants, tells = co_production.draws(key, identity, t, nth)
        assume(not near(wants, co_production.chance(ready_as_it_began, p)))
        willing = wants < co_production.chance(ready_as_it_began, p)
        part, unwanted = policy.part(willing), policy.unwanted(willing)
        assert [float(small.at(f"part_{of}")[v]) for of in ("planned", "taken", "unwanted")] == [part, part, unwanted]
        of_both = part, ready_as_it_began
        assert small.at("service_time")[v] == pytest.approx(0.5 * co_production.service_time(*of_both, p), rel=1e-5)
        assert small.at("failure_risk")[v] == pytest.approx(0.5 * co_production.risk(*of_both, p), rel=1e-5)
        assert small.at("performance_shift")[v] == pytest.approx(0.25 + co_production.fit(*of_both, p), abs=1e-6)
        shift = co_production.own_share(visits[v][2] - expected[j, i], part, policy.chosen, p)
        lost = p["forced_loss"] * unwanted
        assert small.at("satisfaction_shift")[v] == pytest.approx(0.125 + shift - lost, abs=1e-6)
        service_cents = int(small.firms.service_cost[j])
        assume(not near_half(co_production.unrounded_relief(*of_both, service_cents, p) / 100))
        cents = co_production.relief(*of_both, service_cents, p)
        assert (small.at("visit_relief")[v], small.at("visit_cost")[v]) == (cents, 1000 - cents)
        counts["staff_relieved"][j] -= cents
        counts["visits_taken_part"][j] += part > 0
        counts["unwilling_parts"][j] += unwanted > 0
        counts["failed_taking_part"][j] += part > 0 and visits[v][5]
        counts["unready_part"][j] += part > 0 and ready_as_it_began < p["unready_below"]
        able[i] = co_production.practised(able[i], part, p)
        assume(not near(tells, p["talk"] * part))
        if told[i] == 0 and tells < p["talk"] * part:
            good = visits[v][3] >= p["good_from"]
            told[i] = 2 * (j + 1) + good
            counts["told_as_participant"][j] += 1
            counts["positive_messages" if good else "negative_messages"][j] += 1
    np.testing.assert_allclose(small.c.readiness, able, atol=2e-6)
    assert small.c.story.tolist() == told
    assert_counted(small, counts)


PARTS = (
    "visits_taken_part", "failed_taking_part", "unwilling_parts", "unready_part", "told_as_participant",
    "staff_relieved", "positive_messages", "negative_messages",
)  # fmt: skip


def test_relief_at_half_a_cent():
    """Of what float32 holds, in float64: 0.3 is a little more than 0.3 there, and 157.5 cents are rounded up."""
    for saved, part, cost in ((0.3, 0.75, 700), (0.5, 0.75, 700), (0.7, 0.75, 700), (0.25, 0.5, 100)):
        small, _, p = participating([(0.0, "chosen")], {"time_saved": saved})
        small.firms.service_cost[:], small.c.readiness[:] = cost, 1.0
        small.visits([0], [0])
        put(small, part_taken=part)
        small.run("co_production", parts.relieve_staff)
        assert small.at("visit_relief").tolist() == [co_production.relief(part, 1.0, cost, p)]


@settings(max_examples=examples(20))
@given(st.floats(0.0, 0.9375), st.floats(0.0, 4.0), st.integers(1, 5))
def test_a_set_up_costs_what_the_twin_says(participation, scale, customers):
    policy = co_production.Policy(participation, "chosen", scale)
    own = {"participation": participation, "set_up_scale": scale}
    small = Small(customers, [{"co_production": own}, {"co_production": {"participation": 0.5}}], co_production={})
    call = small.bound("co_production", parts.book_set_up)
    for lo in range(customers):  # shares of one customer each
        call(lo, lo + 1, 0)
    assert_counted(small, {"set_up_spend": [policy.cost(customers), co_production.Policy(0.5).cost(customers)]})


class TestAffectByHand:
    p = affect.EXAMPLE

    def test_fading(self):
        """A week of 7.024 days is 0.7024 half-lives."""
        assert affect.faded(0.5, 52, self.p) == pytest.approx(0.5 * 0.5 ** (365.25 / 520.0), abs=1e-7)
        assert affect.faded(-1.5e-20, 52, self.p) == 0.0

    def test_a_feeling(self):
        """1.5 * 0.1 + 0.8 (0.5 - 0.7 * 0.2) + 0.1 * 1.5; at the limits it is cut off."""
        assert affect.feeling(0.1, 0.5, 0.2, 1.5, self.p) == pytest.approx(0.588)
        assert [affect.feeling(gap, 0.0, 0.0, 0.0, self.p) for gap in (0.9, -0.9)] == [1.0, -1.0]

    def test_after_a_visit(self):
        assert affect.felt(-0.5, 0.5, self.p) == pytest.approx(0.1)
        assert affect.used_to(0.2, 0.5, self.p) == pytest.approx(0.23)
        assert affect.chance_to_tell(-0.5, self.p) == pytest.approx(0.025)

    def test_cost(self):
        """0.12 ln 2 = 0.083178 cu a visit."""
        assert affect.Policy(0.5).cost(10) == 8320


affect_numbers = st.fixed_dictionaries(
    dict.fromkeys(("uptake", "adapted_part", "adaptation", "affect_talk", "mood_spread"), share)
    | {name: st.floats(0.0, 4.0, width=32) for name in ("affect_weight", "surprise", "setting_weight")}
    | {"half_life": st.floats(0.5, 500.0, width=32)}
)
feelings = st.floats(-1.0, 1.0, width=32)


@settings(max_examples=examples(25))
@given(
    per_firm(st.floats(0.0, 0.9375, width=32)), affect_numbers, per_pair(st.tuples(feelings, share)), ready,
    visits_with(st.tuples(share), 14), st.lists(st.integers(0, 5), min_size=3), st.sampled_from([1, 4, 12, 52, 365]),
    st.integers(0, 9),
)  # fmt: skip
def test_feelings_are_those_of_the_twin(settings_of, numbers, pairs, used, visits, stories, year, t):
    numbers = {**numbers, "affect_talk": max(numbers["affect_talk"], 0.0625)}
    small = Small(
        3, [{"affect": {"setting": setting}} for setting in settings_of], affect=numbers, off=OTHERS,
        periods_per_year=year,
    )  # fmt: skip
    p, key = {**affect.EXAMPLE, **numbers}, stream_key(SEED, "affect")
    small.c.affect[:] = [[feeling for feeling, _ in row] for row in pairs]
    small.c.expectation[:] = [[expected for _, expected in row] for row in pairs]
    small.c.used_setting[:], small.c.story[:] = used, stories[:3]
    small.run("affect", fade_affect, t)
    kept = [[affect.faded(feeling, year, p) for feeling, _ in row] for row in pairs]
    np.testing.assert_allclose(small.c.affect, kept, rtol=2e-5, atol=1e-20)
    utility = small.passing.utility
    utility[:] = 0.5
    small.run("affect", add_affect, t)
    added = [[0.5 + affect.attraction(feeling, p) for feeling in row] for row in kept]
    np.testing.assert_allclose(utility[:, :3], added, atol=2e-6, rtol=1e-5)
    people = listed(small, visits)
    put(small, transaction=[s for *_, s in visits])
    small.run("affect", feel_visits, t)
    small.run("affect", tell_feelings, t)
    settled, told = list(used), list(stories[:3])
    sums = {"affect_before": [0.0, 0.0], "affect_after": [0.0, 0.0]}
    counts = {name: [0, 0] for name in ("bad_feelings", "told_by_feeling", "positive_messages", "negative_messages")}
    for v, (i, j, identity, nth) in enumerate(people):
        u, tells = affect.draws(key, identity, t, nth)
        gap = visits[v][2] - pairs[j][i][1]
        sums["affect_before"][j] += abs(kept[j][i])
        feeling = affect.feeling(gap, settings_of[j], settled[i], affect.mood(u), p)
        kept[j][i] = now = affect.felt(kept[j][i], feeling, p)
        settled[i] = affect.used_to(settled[i], settings_of[j], p)
        assert small.at("visit_affect")[v] == pytest.approx(now, abs=4e-6)
        sums["affect_after"][j] += (1.0 + now) / 2.0
        assume(now == 0.0 or abs(now) > 1e-5)
        counts["bad_feelings"][j] += now < 0.0
        assume(not near(tells, affect.chance_to_tell(now, p)))
        if told[i] == 0 and tells < affect.chance_to_tell(now, p):
            told[i] = 2 * (j + 1) + (now >= 0.0)
            counts["told_by_feeling"][j] += 1
            counts["positive_messages" if now >= 0.0 else "negative_messages"][j] += 1
    np.testing.assert_allclose(small.c.affect, kept, atol=4e-6)
    np.testing.assert_allclose(small.c.used_setting, settled, atol=2e-6)
    assert small.c.story.tolist() == told
    assert_counted(small, counts)
    summed(small, ("affect_before", "affect_after"), sums, len(visits))


def test_sizes_of_feelings_are_cut_off_to_steps():
    """Nothing moves: what is counted is what was put there, in whole 2^-20; no feeling at all is no bad one."""
    small = Small(3, affect={"uptake": 0.0}, off=OTHERS)
    of = np.array([-0.3, 0.0, 0.7], np.float32)
    small.c.affect[:] = of
    listed(small, [(0, 0), (1, 0), (2, 0), (2, 1)])
    put(small, transaction=0.5)
    small.run("affect", feel_visits)
    sizes = [int(float(abs(one)) * STEPS) for one in of]
    halves = [int(float((np.float32(1) + one) * np.float32(0.5)) * STEPS) for one in of]
    expected = {"affect_before": [sum(sizes), sizes[2]], "affect_after": [sum(halves), halves[2]]}
    assert_counted(small, {**expected, "bad_feelings": [1, 0]})


def test_feelings_next_to_nothing_are_gone():
    small = Small(3, affect={"half_life": 1e5}, off=OTHERS)
    small.c.affect[:] = np.array([2e-20, -2e-20, -0.9e-20])
    small.run("affect", fade_affect)
    assert (small.c.affect != 0.0).tolist() == [[True, True, False]] * 2
    twin = [affect.faded(one, 52, {"half_life": 1e5}) != 0.0 for one in (2e-20, -2e-20, -0.9e-20)]
    assert (small.c.affect[0] != 0.0).tolist() == twin


def test_no_feeling_is_told_as_a_good_one_by_nobody():
    """The chance is that of its size, so that who feels nothing tells nothing."""
    small = Small(3, affect={"affect_talk": 1.0}, off=OTHERS)
    listed(small, [(0, 0), (1, 0), (2, 0)])
    put(small, visit_affect=[0.0, 1.0, -1.0])
    small.c.story[:] = 0
    small.run("affect", tell_feelings)
    assert small.c.story.tolist() == [0, 3, 2]


@settings(max_examples=examples(20))
@given(per_firm(st.floats(0.0, 0.9375)), st.floats(0.0, 4.0), st.integers(0, 1000))
def test_settings_cost_what_the_twin_says(settings_of, scale, visits):
    firms = [{"affect": {"setting": setting, "setting_scale": scale}} for setting in settings_of]
    small = Small(1, firms, affect={})
    small.world.lookup("visits", 0)[:2] = visits
    small.run("affect", book_setting)
    assert_counted(small, {"setting_spend": [affect.Policy(setting, scale).cost(visits) for setting in settings_of]})


def test_moods_are_normal():
    assert affect.mood(0.5) == normal(0.5) == 0.0
