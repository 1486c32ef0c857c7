"""The extension point: the plan of a period, binding by name, and theories in plain Python."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.mechanisms.mechanism import Mechanism, Phase, plan
from abm.scenario.scenario import Scenario
from abm.world.columns import Column, Tally

SMALL = {"periods": 6, "population": {"customers": 30, "purchase_rate": 1.0}}


class Mood(Mechanism):
    """Owns a column, and counts."""

    name = "mood"
    phase = Phase.LEARNING
    owns: ClassVar = (Column("mood", ("customer",), 0.5, "0-1", "a mood"),)
    counts: ClassVar = (Tally("sighs", "sighs", "sighs heard"),)
    lift: float = 0.25

    def kernels(self):
        """Return the lifting."""
        return (lift_mood,)


@kernel
def lift_mood(mood, sighs, lift, lo, hi, t):
    """Lift every mood.  mood (n,)  [written]      sighs  tally [written]"""
    for i in range(lo, hi):
        mood[i] += lift * (1.0 - mood[i])
    sighs[0] += 1 + t
    sighs[-1] += 2


class Weather(Mechanism):
    """Works in plain Python before the visits."""

    name = "weather"
    phase = Phase.CALENDAR
    writes: ClassVar = ("boost",)

    def step(self, world, t):
        """Make everybody buy fifteen times in odd periods, and nobody in even ones."""
        world.customers.boost.fill(100.0 if t % 2 else 0.0)


class Diary(Mechanism):
    """Works in plain Python at the end of the period."""

    name = "diary"
    phase = Phase.ACCOUNTS
    owns: ClassVar = (Column("noted", ("customer",), 0, "visits", "visits so far"),)

    def step(self, world, t):
        """Note who has been where, this period's visits included."""
        world.customers.noted[:] = world.customers.encounters.sum(axis=0)


class TestPlan:
    def test_phases_order_a_period_and_within_a_phase_the_list_does(self):
        names = [m.name for m in plan(Scenario().mechanisms())]
        assert names == [
            "need", "switching_cost", "choice", "payment", "encounter", "learning", "trust", "personal_bond", "rewards",
            "word_of_mouth", "defection", "lifecycle", "accounts",
        ]  # fmt: skip
        with_mood = [m.name for m in plan([*Scenario().mechanisms(), Mood()])]
        assert with_mood.index("mood") == with_mood.index("personal_bond") + 1

    def test_the_phases_are_those_of_the_page(self):
        assert [phase.name for phase in Phase] == [
            "CALENDAR", "MARKET", "LEVERS", "CONTACT", "CHOICE", "OPERATIONS", "ENCOUNTER", "VOICE", "LEARNING",
            "LOYALTY", "WORD_OF_MOUTH", "LIFECYCLE", "ACCOUNTS",
        ]  # fmt: skip

    def test_a_column_has_one_owner(self):
        class Other(Mood):
            name = "other"

        with pytest.raises(Refusal, match="mood is owned by both mood and other"):
            plan([Mood(), Other()])

    def test_two_of_a_name_are_refused(self):
        class Copy(Mood):
            owns: ClassVar = ()
            counts: ClassVar = ()

        with pytest.raises(Refusal, match="two mechanisms are called 'mood'"):
            plan([Mood(), Copy()])

    def test_what_is_written_must_be_owned(self):
        class Astray(Mood):
            writes: ClassVar = ("moood",)

        with pytest.raises(Refusal, match=r"mood writes 'moood', which no mechanism owns; did you mean 'mood'\?"):
            plan([Astray()])

    def test_the_shipped_mechanisms_own_what_they_write(self):
        assert len(plan(Scenario().mechanisms())) == len(Scenario().mechanisms())


class TestRunning:
    def test_a_mechanism_of_ones_own_runs_in_its_phase(self):
        engine = Engine(Scenario.parse(SMALL).adding(Mood()), seed=1)
        engine.run(2)
        np.testing.assert_allclose(engine.world.customers.mood, 1.0 - 0.5 * 0.75**2)
        assert engine.world.tallied("sighs").tolist()[:2] == [[1, 0, 0, 2], [2, 0, 0, 2]]

    def test_plain_python_before_the_visits(self):
        engine = Engine(Scenario.parse(SMALL).adding(Weather()), seed=1)
        engine.run(4)
        occasions = engine.world.tallied("occasions")[:4, -1]
        assert occasions[0] == occasions[2] == 0
        assert occasions[1] > 10 * 30

    def test_plain_python_at_the_end_of_the_period(self):
        engine = Engine(Scenario.parse(SMALL).adding(Diary()), seed=1)
        engine.run(5)
        c = engine.world.customers
        assert c.noted.sum() == engine.world.tallied("visits")[:, :-1].sum() > 0
        np.testing.assert_array_equal(c.noted, c.encounters.sum(axis=0))

    def test_only_those_with_a_step_interrupt(self):
        assert Weather().interrupts
        assert not Mood().interrupts
        assert not any(m.interrupts for m in Scenario().mechanisms())

    def test_what_is_switched_off_leaves_its_columns_as_they_begin(self):
        off = Scenario.parse({**SMALL, "off": ["trust", "word_of_mouth"]})
        engine = Engine(off, seed=1)
        engine.run(6)
        assert np.all(engine.world.customers.trust == 0.5)
        assert np.all(engine.world.customers.word_of_mouth == 0)
        assert engine.world.tallied("visits").sum() > 0
        with pytest.raises(Refusal, match=r"off names 'trsut', which cannot be switched off; did you mean 'trust'\?"):
            Scenario.parse({**SMALL, "off": ["trsut"]})
        with pytest.raises(Refusal, match="off names 'choice'"):
            Scenario.parse({**SMALL, "off": ["choice"]})
