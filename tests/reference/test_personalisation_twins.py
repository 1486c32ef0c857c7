"""The twins of personalisation and of its modules: by numbers worked by hand, and against kernels and measures."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, reject, settings
from hypothesis import strategies as st

from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.relationship.crm import Crm, book_crm, book_saved, take_off_saved, use_modules
from abm.mechanisms.relationship.personalisation import Personalisation
from abm.mechanisms.relationship.personalisation_kernels import (
    add_personal_cost,
    book_differentiation,
    change_needs,
    count_personal,
    foresee_match,
    note_needs,
)
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import crm, personalisation
from tests.reference.by_hand import SEED, assert_counted, counts, listed, per_firm, per_pair, put, share, visits_with
from tests.reference.crm import Modules
from tests.reference.personalisation import LAYERS, STANDARD, STEPS, Offer, Policy, Profiles
from tests.reference.random_numbers import stream_key

P = personalisation.EXAMPLE
OFF = ("taste", "word_of_mouth")  # theories that add to performance, too
effort = st.floats(0.0, 0.984375, width=32)
cost = st.floats(0.0, 99.0, width=32)


class TestPersonalisationByHand:
    needs, noted = (0.75, 0.5, 1.0), (0.25, 0.5, 1.0)

    def test_needs(self):
        assert [personalisation.need_drawn(u, 0.5) for u in (0.0, 0.5, 1.0)] == [0.25, 0.5, 0.75]

    def test_matches(self):
        """The standard is 0.25, 0 and 0.5 off: 1 - 0.075 - 0.15. Half way to the notes: 0.375 and 0.25 off."""
        assert personalisation.match(self.needs, self.noted, 0.0, P) == pytest.approx(0.775)
        assert personalisation.match(self.needs, self.noted, 0.5, P) == pytest.approx(1.0 - 0.1125 - 0.075)

    def test_notes(self):
        """Half of the way from 0.2 to 0.8; an error leads no further than to 1."""
        assert personalisation.noted_after(0.2, 0.7, 0.1, 0.5) == pytest.approx(0.5)
        assert personalisation.noted_after(0.2, 0.7, 0.9, 0.5) == pytest.approx(0.6)

    def test_who_gets_an_offer_of_her_own(self):
        policy = Policy(customisation=0.5, individual_from=3)
        assert [policy.own_offer(*of) for of in ((True, 3), (True, 2), (False, 3))] == [True, False, False]
        assert not Policy(interaction=0.5).own_offer(True, 9)

    def test_offers(self):
        """Her note of the first layer is wrong: the offer is further from her need, and by the use of notes."""
        profiles = Profiles([Policy(customisation=0.5)], [0], stream_key(SEED, "personalisation"), P)
        profiles.needs, profiles.noted, profiles.use = [list(self.needs)], [[list(self.noted)]], [0.5]
        own, standard = profiles.offer(0, 0, True, 1), profiles.offer(0, 0, False, 1)
        assert (own.individual, own.match) == (True, pytest.approx(1.0 - 0.09375 - 0.1125))
        assert own.gain == pytest.approx(own.match - 0.775)
        assert (standard.individual, standard.gain, standard.match) == (False, 0.0, pytest.approx(0.775))
        assert profiles.utility(0, 0, True, 1) == pytest.approx(own.gain)

    def test_money(self):
        """0.1 ln 2 and 0.3 ln 4 cu a visit, 0.01 ln 2 a record."""
        policy = Policy(0.5, 0.5, 0.75)
        assert (policy.talk(), policy.tailor(), policy.tell_apart(3)) == (7, 42, 207)

    def test_measures(self):
        counted = {name: [0] for name in personalisation.COUNTS}
        assert all(math.isnan(value) for value in personalisation.measures(counted, 0).values())
        counted |= {"matched_visits": [4], "match_sum": [3 * STEPS], "individual_visits": [2], "misfits": [1]}
        assert personalisation.measures(counted, 0) == {
            "offer_match": 0.75, "individual_share": 0.5, "misfit_share": 0.5,
        }  # fmt: skip


class TestCrmByHand:
    def test_use(self):
        """A reach of 0.5 + 0.5 * 0.6 and a tenth of the way to it; without the module nobody uses it."""
        p = crm.EXAMPLE | {"use_rate": 0.1}
        assert [crm.use_after(0.3, has, 0.6, p) for has in (True, False)] == pytest.approx([0.35, 0.0])

    def test_analysis_is_worth_what_its_records_are(self):
        modules = Modules([crm.Policy()], crm.EXAMPLE, [[0.25], [0.5], [0.125]])
        assert (modules.context_use(0), modules.profile_use(0)) == (0.125, 0.25)

    def test_money(self):
        """5 + 3 cu, and twice 1.5 ln 2; 2 % of 606 cents with a quarter of the staff."""
        policy = crm.Policy(operational=True, collaborative=True, crm_training=0.5)
        assert policy.cost(10) == 10 * 1008
        modules = Modules([policy], crm.EXAMPLE, [[0.25], [0.5], [0.125]])
        assert [modules.visit(0, known, 606) for known in (True, False)] == [3, 0]
        assert modules.counts["records_saved"] == [-3]
        assert crm.crm_use(4, 1.0) == 0.25


weights = st.tuples(st.integers(0, 64), st.integers(0, 64)).map(sorted).map(
    lambda of: (of[0] / 64, (of[1] - of[0]) / 64, (64 - of[1]) / 64)
)  # fmt: skip
numbers_drawn = st.builds(
    lambda weights, rest: {f"{layer}_weight": of for layer, of in zip(LAYERS, weights, strict=True)} | rest,
    weights,
    st.fixed_dictionaries({
        "need_spread": share, "need_change": share, "expressed_revealed": share, "real_revealed": share,
        "latent_revealed": share, "note_error": st.floats(0.0, 2.0, width=32), "uptake": share,
        "fit": st.floats(0.0, 5.0, width=32), "foreseen": st.floats(0.0, 5.0, width=32),
    }),
)  # fmt: skip
policy_drawn = st.builds(
    Policy, effort, effort, st.one_of(st.just(0.0), effort), st.integers(1, 3), cost, cost, cost
)  # fmt: skip
identities_drawn = st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3, unique=True)
notes_drawn = per_pair(st.tuples(share, share, share))
seen_drawn = per_pair(st.tuples(st.booleans(), st.integers(0, 4)))


def staged(
    policies: tuple[Policy, ...], numbers: dict[str, Any], identities: list[int], notes: Any = None,
    use: tuple[float, ...] = (1.0, 1.0), replication: int = 0, **sections: Any,
) -> tuple[Small, Profiles]:  # fmt: skip
    """Return a small market of which some firm takes a step, and its twin."""
    if not any(policy.interaction > 0.0 or policy.customisation > 0.0 for policy in policies):
        reject()
    firms = [{"personalisation": asdict(policy), "information": {"data_coverage": 0.5}} for policy in policies]
    small = Small(3, firms, personalisation=numbers, information={}, off=OFF, **sections)
    small.world.replication = replication
    small.c.customer_id[:], small.c.profile_use[:] = identities, use
    next(m for m in small.scenario.mechanisms() if m.name == "personalisation").begin(small.world, SEED)
    key = stream_key(SEED, "personalisation")
    twin = Profiles(list(policies), list(identities), key, numbers, replication, use=list(use))
    if notes is not None:
        twin.noted = [[list(of) for of in row] for row in notes]
        for layer, name in enumerate(LAYERS):
            small.c[f"noted_{name}"][:] = [[of[layer] for of in row] for row in notes]
    return small, twin


def assert_same(small: Small, twin: Profiles) -> None:
    """Compare needs and notes."""
    np.testing.assert_allclose(small.c.need_layer.T, twin.needs, atol=1e-6)
    for layer, name in enumerate(LAYERS):
        expected = [[of[layer] for of in row] for row in twin.noted]
        np.testing.assert_allclose(small.c[f"noted_{name}"], expected, atol=2e-6, err_msg=name)


def know(small: Small, seen: Any) -> None:
    """Let firms know customers whom they have seen on so many visits."""
    small.c.known[:], small.c.seen_visits[:] = ([[of[k] for of in row] for row in seen] for k in (0, 1))


class TestPersonalisationKernels:
    @settings(max_examples=examples(25))
    @given(per_firm(policy_drawn), numbers_drawn, identities_drawn, st.integers(0, 3), st.integers(0, 9))
    def test_needs(self, policies, numbers, identities, replication, t):
        small, twin = staged(policies, numbers, identities, replication=replication)
        assert_same(small, twin)
        small.run("personalisation", change_needs, t)
        for i in range(3):
            twin.change(i, t)
        assume(not twin.close)
        assert_same(small, twin)

    @settings(max_examples=examples(25))
    @given(per_firm(policy_drawn), numbers_drawn, identities_drawn, notes_drawn, per_firm(share), seen_drawn)
    def test_what_is_foreseen(self, policies, numbers, identities, notes, use, seen):
        assume(any(policy.customisation > 0.0 for policy in policies))
        small, twin = staged(policies, numbers, identities, notes, use)
        know(small, seen)
        small.passing.utility.fill(1.0)
        small.run("personalisation", foresee_match)
        expected = [[1.0 + twin.utility(i, j, *seen[j][i]) for i in range(3)] for j in range(2)]
        np.testing.assert_allclose(small.passing.utility[:, :3], expected, atol=5e-6)

    @settings(max_examples=examples(40))
    @given(
        per_firm(policy_drawn), numbers_drawn, identities_drawn, notes_drawn, per_firm(share), seen_drawn,
        visits_with(st.tuples(st.integers(-999, 999))), st.integers(0, 3), st.integers(0, 9),
    )  # fmt: skip
    def test_visits(self, policies, numbers, identities, notes, use, seen, visits, replication, t):
        """Offers, what they do, what they cost, and then what is noted on all visits of the period."""
        small, twin = staged(policies, numbers, identities, notes, use, replication, surplus={})
        know(small, seen)
        people = listed(small, visits)
        small.phases(Phase.DELIVERY, t=t)
        offers = [twin.offer(i, j, *seen[j][i]) for i, j, *_ in people]
        assert small.at("visit_match") == pytest.approx([of.match for of in offers], abs=2e-6)
        assert small.at("visit_gain") == pytest.approx([of.gain for of in offers], abs=2e-6)
        assert small.at("visit_individual").tolist() == [of.individual for of in offers]
        assert small.at("performance_shift") == pytest.approx([twin.shift(of) for of in offers], abs=1e-5)
        put(small, visit_cost=[cents for *_, cents in visits])
        small.run("personalisation", add_personal_cost, t)
        small.run("personalisation", count_personal, t)
        made = zip(small.at("visit_match").tolist(), small.at("visit_gain").tolist(), offers, strict=True)
        costs = []
        for (i, j, cents), (found, gain, of) in zip(visits, made, strict=True):
            known = seen[j][i][0]
            costs.append(cents + twin.cost(j, known, of.individual))
            twin.count(j, known, Offer(found, gain, of.individual))
        assert small.at("visit_cost").tolist() == costs
        assert_counted(small, twin.counts)
        small.run("personalisation", note_needs, t)
        for i, j, _, nth in people:
            twin.note(i, j, t, nth, seen[j][i][0])
        assume(not twin.close)
        assert_same(small, twin)

    @settings(max_examples=examples(40))
    @given(
        numbers_drawn, identities_drawn, notes_drawn, per_firm(share), per_firm(effort),
        visits_with(st.just(())), st.integers(0, 9),
    )  # fmt: skip
    def test_notes(self, numbers, identities, notes, use, differentiation, visits, t):
        """Of those with whom nearly every visit is talked about."""
        policies = tuple(Policy(0.984375, of) for of in differentiation)
        small, twin = staged(policies, {**numbers, "expressed_revealed": 1.0}, identities, notes, use)
        small.c.known[:] = 1
        for i, j, _, nth in listed(small, visits):
            twin.note(i, j, t, nth, True)
        assume(not twin.close)
        small.run("personalisation", note_needs, t)
        assert_same(small, twin)

    @settings(max_examples=examples(20))
    @given(per_firm(policy_drawn), per_firm(st.integers(0, 3)))
    def test_books(self, policies, known):
        small, twin = staged(policies, P, [0, 1, 2])
        small.world.lookup("known_customers", 0)[:2] = known
        small.run("personalisation", book_differentiation)
        twin.end(known)
        assert_counted(small, {"differentiation_spend": twin.counts["differentiation_spend"]})


def test_an_offer_that_is_as_good_as_the_standard_is_no_misfit():
    """Nothing is noted: the offer of her own is the standard one, and a note beyond her need makes it worse."""
    policy = Policy(customisation=0.5)
    notes = [[(STANDARD,) * 3, (1.0, 0.5, 0.5), (0.5,) * 3]] * 2
    small, twin = staged((policy, policy), {**P, "need_spread": 0.0}, [0, 1, 2], notes)
    know(small, [[(True, 1)] * 3] * 2)
    listed(small, [(0, 0), (1, 0)])
    small.phases(Phase.DELIVERY)
    small.run("personalisation", count_personal)
    for i in range(2):
        twin.count(0, True, twin.offer(i, 0, True, 1))
    assert twin.counts["misfits"] == [1, 0]
    assert_counted(small, {name: twin.counts[name] for name in ("individual_visits", "misfits")})


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=2, max_size=2))
def test_measures_of_offers_are_those_of_the_twin(rows):
    counted = {
        "matched_visits": [a + b for a, b, _ in rows], "match_sum": [a * STEPS + b * 1000 for a, b, _ in rows],
        "individual_visits": [b for _, b, _ in rows], "misfits": [min(b, c) for _, b, c in rows],
    }  # fmt: skip
    arrays = {name: np.array([*of, 1], float) for name, of in counted.items()}
    arrays["match_sum"] /= STEPS
    with np.errstate(all="ignore"):
        found = {kpi.name: kpi(Tallied(arrays, 52, 1)) for kpi in Personalisation.kpis}
    for j in range(2):
        expected = personalisation.measures(counted, j)
        assert {name: of[j] for name, of in found.items()} == pytest.approx(expected, nan_ok=True)


modules_drawn = st.builds(
    lambda has, training, costs, price: crm.Policy(*has, training, costs, price),
    st.tuples(*[st.booleans()] * 3), effort, st.tuples(cost, cost, cost), cost,
)  # fmt: skip
crm_drawn = st.fixed_dictionaries({"basic_use": share, "use_rate": share, "staff_saved": st.floats(0.0, 0.5, width=32)})
used_drawn = st.lists(st.tuples(share, share), min_size=3, max_size=3)


def staged_modules(
    policies: tuple[crm.Policy, ...], numbers: dict[str, float], used: list[tuple[float, float]], **sections: Any
) -> tuple[Small, Modules]:
    """Return a small market in which some firm has a module, and its twin."""
    if not any(any(policy.has) for policy in policies):
        reject()
    firms = [
        {"crm": asdict(policy), "information": {"data_coverage": 0.5 if policy.operational else 0.0}}
        for policy in policies
    ]
    small = Small(3, firms, crm=numbers, channels={}, personalisation={}, information={}, **sections)
    small.c.module_use[:] = used
    return small, Modules(list(policies), numbers, [list(row) for row in used])


class TestCrmKernels:
    @settings(max_examples=examples(40))
    @given(per_firm(modules_drawn), crm_drawn, used_drawn)
    @example(
        (crm.Policy(True, True, True, 0.5), crm.Policy(True)), {**crm.EXAMPLE, "use_rate": 0.25},
        [(0.25, 0.5), (0.5, 0.25), (0.125, 0.75)],
    )  # fmt: skip
    def test_use(self, policies, numbers, used):
        small, twin = staged_modules(policies, numbers, used)
        small.run("crm", use_modules)
        twin.open()
        np.testing.assert_allclose(small.c.module_use, twin.use, atol=1e-6)
        np.testing.assert_allclose(small.c.context_use, [twin.context_use(j) for j in range(2)], atol=1e-6)
        np.testing.assert_allclose(small.c.profile_use, [twin.profile_use(j) for j in range(2)], atol=1e-6)
        twin.count(small.c.module_use.tolist())
        assert_counted(small, {name: twin.counts[name] for name in crm.COUNTS[:2]})

    @settings(max_examples=examples(40))
    @given(
        per_firm(modules_drawn), crm_drawn, used_drawn, per_pair(st.booleans()),
        per_firm(st.integers(0, 2000)), visits_with(st.tuples(st.integers(-999, 999))),
    )  # fmt: skip
    def test_savings(self, policies, numbers, used, known, costs, visits):
        assume(any(policy.operational for policy in policies))
        small, twin = staged_modules(policies, numbers, used, surplus={})
        small.c.known[:], small.firms.service_cost[:] = known, costs
        listed(small, visits)
        put(small, visit_cost=[cents for *_, cents in visits])
        exact = [crm.unrounded_saving(costs[j], used[0][j], twin.p) for j in range(2)]
        assume(not any(0.0 < abs(cents % 1.0 - 0.5) < 1e-3 for cents in exact))
        small.run("crm", take_off_saved)
        small.run("crm", book_saved)
        left = [cents - twin.visit(j, known[j][i], costs[j]) for i, j, cents in visits]
        assert small.at("visit_cost").tolist() == left
        assert_counted(small, {"records_saved": twin.counts["records_saved"]})

    @pytest.mark.parametrize("cents", [99, 100, 101, 300])
    def test_half_a_cent_is_rounded_up(self, cents):
        small, twin = staged_modules((crm.Policy(True), crm.Policy()), {"staff_saved": 0.25}, [(0.5 * 0.04, 0.0)] * 3)
        small.c.module_use[:], twin.use = 0.125, [[0.125] * 2] * 3
        small.c.known[:], small.firms.service_cost[:] = 1, 16 * cents
        listed(small, [(0, 0)])
        small.run("crm", book_saved)
        assert counts(small, "records_saved")[0, 0] == -twin.saved(0, True, 16 * cents) == -((cents + 1) // 2)

    @settings(max_examples=examples(25))
    @given(per_firm(modules_drawn))
    def test_books(self, policies):
        small, twin = staged_modules(policies, crm.EXAMPLE, [(0.0, 0.0)] * 3)
        small.run("crm", book_crm)
        twin.end(3)
        assert_counted(small, {"crm_spend": twin.counts["crm_spend"]})


@given(st.integers(0, 9), share)
def test_the_measure_of_use_is_that_of_the_twin(owned, use):
    tallied = Tallied(
        {"modules_owned": np.array([owned, 1.0, 2.0]), "module_use_sum": np.array([owned * use, 0.5, 1.0])}, 52, 1
    )
    with np.errstate(all="ignore"):
        assert Crm.kpis[0](tallied) == pytest.approx([crm.crm_use(owned, owned * use), 0.5], nan_ok=True)
