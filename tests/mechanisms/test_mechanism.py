"""The extension point: binding by name, theories in plain Python, the order of shipped theories."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase, markets_between
from abm.mechanisms.shipped import ORDER, shipped
from abm.scenario.scenario import Scenario
from abm.world.columns import Column, Tally

SMALL = {"periods": 6, "population": {"customers": 30, "purchase_rate": 1.0}}


class Mood(Mechanism):
    """Owns a column, and counts."""

    name = "mood"
    owns: ClassVar = (Column("mood", ("customer",), 0.5, "0-1", "a mood"),)
    counts: ClassVar = (Tally("sighs", "sighs", "sighs heard"),)
    lift: float = 0.25

    def schedule(self, policies):
        """Return the lifting."""
        return ((Phase.LEARNING, lift_mood),)


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
    writes: ClassVar = ("purchase_rate",)

    def schedule(self, policies):
        """Return the change of weather."""
        return ((Phase.OPENING, self.change),)

    def change(self, world, t):
        """Make everybody buy fifteen times in odd periods, and nobody in even ones."""
        world.customers.purchase_rate.fill(100.0 if t % 2 else 0.0)


class Diary(Mechanism):
    """Works in plain Python at the end of the period."""

    name = "diary"
    owns: ClassVar = (Column("noted", ("customer",), 0, "visits", "visits so far"),)

    def schedule(self, policies):
        """Return the note."""
        return ((Phase.BOOKS, self.note),)

    def note(self, world, t):
        """Note who has been where, this period's visits included."""
        world.customers.noted[:] = world.customers.encounters.sum(axis=0)


class TestOrder:
    def test_every_shipped_theory_is_found_in_the_order_of_the_list(self):
        assert [kind.name for kind in shipped()][: len(ORDER)] == list(ORDER)
        assert [mechanism.name for mechanism in Scenario().mechanisms()] == [k.name for k in shipped() if k.standard]

    def test_all_names_that_shipped_theories_list_exist(self):
        """A kernel's parameters are found, for every rule and option that changes which kernels there are."""
        for choice in (
            {"rule": "habit"},
            {"rule": "threshold"},
            {"rule": "deterministic"},
            {"rule": "satisfice"},
            {"rule": "eba"},
            {"market": "lost_for_good"},
        ):
            Engine(Scenario.parse({**SMALL, "choice": choice, "defection": {"exit_rate": 0.1}}), seed=1)

    def test_market_phases_between_two(self):
        assert markets_between(Phase.TELLING, Phase.AWARENESS)
        assert not markets_between(Phase.LEARNING, Phase.TELLING)
        assert not markets_between(Phase.HEARING, Phase.AWARENESS), "neither end is counted"


class TestRunning:
    def test_a_mechanism_of_ones_own_runs_in_its_phase(self):
        engine = Engine(Scenario.parse(SMALL).adding(Mood()), seed=1)
        engine.run(2)
        np.testing.assert_allclose(engine.world.customers.mood, 1.0 - 0.5 * 0.75**2)
        assert engine.world.tallied("sighs").tolist()[:2] == [[1, 0, 0, 2], [2, 0, 0, 2]]

    @pytest.mark.parametrize("threads", [1, 2])
    def test_plain_python_before_the_visits(self, threads):
        engine = Engine(Scenario.parse(SMALL).adding(Weather()), seed=1, threads=threads)
        engine.run(4)
        occasions = engine.world.tallied("occasions")[:4, -1]
        assert occasions[0] == occasions[2] == 0
        assert occasions[1] > 10 * 30

    @pytest.mark.parametrize("threads", [1, 2])
    def test_plain_python_at_the_end_of_the_period(self, threads):
        engine = Engine(Scenario.parse(SMALL).adding(Diary()), seed=1, threads=threads)
        engine.run(5)
        c = engine.world.customers
        assert c.noted.sum() == engine.world.tallied("visits")[:, :-1].sum() > 0
        np.testing.assert_array_equal(c.noted, c.encounters.sum(axis=0))

    def test_what_is_switched_off_leaves_its_columns_as_they_begin(self):
        off = Scenario.parse({**SMALL, "off": ["trust", "word_of_mouth"]})
        engine = Engine(off, seed=1)
        engine.run(6)
        assert np.all(engine.world.customers.trust == 0.5)
        assert "word_of_mouth" not in engine.world.customers, "nothing takes it any more"
        assert engine.world.tallied("visits").sum() > 0
        with pytest.raises(Refusal, match=r"off names 'trsut', which cannot be switched off; did you mean 'trust'\?"):
            Scenario.parse({**SMALL, "off": ["trsut"]})
        with pytest.raises(Refusal, match="off names 'choice'"):
            Scenario.parse({**SMALL, "off": ["choice"]})


class Unnamed(Mechanism):
    """Says not what it is called."""


def test_a_theory_needs_a_name():
    with pytest.raises(Refusal, match=r'^Unnamed: the class has no name; write in it name = "unnamed"$'):
        Unnamed()


class Called(Unnamed):
    """A theory of a class without a name may have one."""

    name = "called"


@pytest.mark.parametrize(
    ("wrong", "message"), [(Called, "Called is a class; write adding(Called())"), ("called", '"called" is none')]
)
def test_what_is_no_theory_is_not_added(wrong, message):
    with pytest.raises(Refusal) as caught:
        Scenario().adding(wrong)
    assert str(caught.value) == f"adding takes mechanisms, and {message}"
    assert Scenario().adding(Called()).extras == (Called(),)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"firms.north.recovery.compensation": 0.5}, "recovery"),  # a lever of a theory that is not there
        ({"recovery": {}}, "complaint"),  # a theory without what it works on
        ({"complaint": {}, "exit": {"forgiving": 0.5}}, "win_back"),  # a theory that cannot work as it is set
    ],
)
def test_a_section_that_is_missing_is_named_as_python_has_it_too(changes, missing):
    with pytest.raises(Refusal) as caught:
        Scenario().replace(changes)
    assert f"[scenario.{missing}] (in Python {missing}={{}})" in str(caught.value)
