"""Reference customers: who is asked, who stays, whom they persuade of what, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.engine.recording import record
from abm.kpis.behaviour import acquisitions
from abm.mechanisms.relationship.references import (
    ask_references,
    book_references,
    consent_chance,
    cost_per_meeting,
    failing_references,
    gather_references,
    keep_references,
    meet_references,
    meeting_chance,
    reference_gap,
    references_at_work,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same_however_run
from tests.mechanisms.small import Small

KPIS = (references_at_work, reference_gap, failing_references, cost_per_meeting)
NEW = {"renewal": {"leaving_rate": 0.8, "every": 4}}


def market(section=None, customers=800, periods=52, quality=0.75, promise=0.75, **policy):
    named = [{"name": f"f{j}"} for j in range(3)]
    named[0].update(references=policy, service={"quality": quality}, promise=promise)
    people = {"customers": customers, "purchase_rate": 0.5}
    return Scenario.parse({
        "periods": periods, "population": people, "firms": named, "references": section or {}, **NEW,
    })  # fmt: skip


@given(st.floats(0, 1000, width=32), st.floats(0.015625, 1e4, width=32))
def test_consent_is_a_chance_that_grows_with_the_fee(fee, half):
    one, more = (float(consent_chance(np.float32(x), np.float32(half))) for x in (fee, fee + 1))
    assert 0 <= one <= more <= 1


@given(st.floats(0, 500, width=32), st.floats(0.5, 1e4, width=32), st.floats(0, 1, width=32))
def test_meetings_are_a_chance_of_which_each_further_reference_brings_less(references, half, most):
    one, two, three = (
        float(meeting_chance(*map(np.float32, (references + k * half, half, most)))) for k in range(3)
    )  # fmt: skip
    assert 0 <= one <= two <= three <= most + 1e-6
    assert three - two <= two - one + 1e-6


class TestByHand:
    def small(self, watched=0.0, wanted=500.0, **section):
        policy = {"references_wanted": wanted, "references_watched": watched, "reference_fee": 1000.0}
        return Small(4, [{"references": policy}, {}], references={"half_fee": 0.01, **section})

    def test_only_the_satisfied_are_willing_and_only_the_wanted_are_asked(self):
        small = self.small()
        small.c.satisfaction[:] = 0.9
        small.c.satisfaction[0, 2] = 0.5
        small.c.vouches[0, 3] = 1
        small.c.asked_share[:] = (1.0, 1.0)
        small.visits([0, 1, 2, 3, 3], [0, 0, 0, 0, 1])
        small.passing.transaction[:5] = (0.9, 0.5, 0.9, 0.9, 0.9)
        small.run("references", ask_references)
        assert small.c.willing.tolist() == [1, 0, 0, 0]
        assert small.c.vouches.tolist() == [[1, 0, 0, 1], [0] * 4]

    def test_the_firm_asks_for_who_is_missing(self):
        small = self.small(wanted=500.0)
        small.c.willing[:] = (1, 1, 1, 1)
        small.c.vouches[0, 0] = 1
        small.c.satisfaction[0, 0] = 0.75
        small.run("references", gather_references)
        assert small.c.references_held.tolist() == [1, 0]
        assert small.c.reference_mood[0] == 0.75
        assert small.c.asked_share.tolist() == [0.25, 0.0]
        small.c.willing[:] = 0
        small.run("references", gather_references)
        assert small.c.asked_share.tolist() == [0.0, 0.0]

    def test_who_leaves_or_is_found_dissatisfied_is_let_go(self):
        small = self.small(watched=0.99)
        small.c.vouches[:, :] = 1
        small.c.satisfaction[:] = (0.9, 0.9, 0.2, 0.7)
        small.c.exited[1] = 0
        small.run("references", keep_references)
        assert small.c.vouches.tolist() == [[1, 0, 0, 1], [0] * 4]
        assert small.counted("reference_fails") == [1, 1, 0]
        assert small.counted("references_dropped") == [2, 4, 0]

    def test_who_has_not_used_the_firm_is_moved_to_what_references_find(self):
        small = self.small(meeting=1.0, half_references=0.001, persuasion=0.5)
        small.c.references_held[0], small.c.reference_mood[0] = 1, 0.9
        small.c.vouches[0, 3] = 1
        small.c.satisfaction[0, 3] = 0.5
        small.c.encounters[0, 1] = 1
        small.c.aware[0, 2] = 0
        small.c.expectation[:] = 0.5
        small.run("references", meet_references)
        np.testing.assert_allclose(small.c.expectation, [[0.7, 0.5, 0.5, 0.5], [0.5] * 4], atol=1e-6)
        assert small.counted("references_met") == [1, 0, 0]
        assert small.counted("references_now") == [1, 0, 0]
        assert small.counted("reference_satisfaction") == [2**19, 0, 0]
        small.run("references", book_references)
        assert small.counted("reference_spend") == [1000 * 10_000, 0, 0]


def test_without_references_nothing_is_scheduled_and_nothing_moves():
    idle = market(periods=20)
    assert "references" not in [step.mechanism.name for step in idle.steps()]
    one, other = (record(m, 3).tallies["visits"] for m in (idle, idle.replace({"references": None})))
    np.testing.assert_array_equal(one, other)


def test_references_who_persuade_nobody_change_no_visit_and_cost():
    one, other = (record(m, 3).tallies for m in (market(), market({"persuasion": 0.0}, references_wanted=20.0)))
    np.testing.assert_array_equal(one["visits"], other["visits"])
    now, spent = (other[name][:, 0] for name in ("references_now", "reference_spend"))
    np.testing.assert_allclose(spent, 0.5 * now)
    assert spent.sum() > 0


def test_a_firm_comes_to_have_about_as_many_as_it_wants():
    found = record(market(references_wanted=20.0), 3).by_period((references_at_work,))[:, 0, 0]
    assert np.mean(found[20:]) == pytest.approx(16, abs=3)


@pytest.mark.parametrize(("quality", "sign"), [(0.85, 1), (0.5, -1)])
def test_they_bring_trial_to_who_is_better_than_she_says_and_take_it_from_who_is_worse(quality, sign):
    """Of the worse firm few are satisfied enough to be asked; they come to find what others find, and say so."""
    ask = {"asked_from": 0.5, "vouching_below": 0.0, "meeting": 0.5}
    with_references, without = (
        np.mean([record(m, seed).summary((acquisitions,))[0, 0] for seed in range(3)])
        for m in (market(ask, quality=quality, references_wanted=40.0), market(ask, quality=quality))
    )
    assert sign * (with_references - without) > 0.01 * without


def test_watching_leaves_fewer_who_are_dissatisfied():
    failing = [
        record(market({"vouching_below": 0.7}, references_wanted=40.0, references_watched=w), 3).summary(
            (failing_references,)
        )[0, 0]
        for w in (0.0, 0.9)
    ]
    assert failing[1] < failing[0]


def test_shares_are_shares():
    values = record(market(references_wanted=40.0, references_watched=0.5), 3).by_period((failing_references,))
    assert ((values[np.isfinite(values)] >= 0) & (values[np.isfinite(values)] <= 1)).all()


def test_threads_tiles_and_groups_leave_the_bits_as_they_are():
    assert_same_however_run(market(references_wanted=40.0, references_watched=0.5, periods=25), KPIS)


def test_kernels_keep_to_their_rows():
    abm.check_kernels(market(customers=100, references_wanted=100.0, references_watched=0.5))
