"""The plan of a run: one meaning a name, no write without a word, no kernel where it would see half a market."""

from __future__ import annotations

import pickle
from typing import ClassVar

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.mechanisms.shipped import shipped
from abm.scenario import plan
from abm.scenario.scenario import Scenario
from abm.world.columns import Column, Tally

SMALL = Scenario.parse({"periods": 4, "population": {"customers": 40}})


class Mood(Mechanism):
    """Owns a column, and counts."""

    name = "mood"
    owns: ClassVar = (Column("mood", ("customer",), 0.5, "0-1", "a mood"),)
    counts: ClassVar = (Tally("sighs", "sighs", "sighs heard"),)


@kernel
def calm(trust, mood, lo, hi):
    for i in range(lo, hi):
        trust[0, i] = mood[i]


@kernel
def calm_pairs(trust, trust_at, mood, lo, hi):
    for i in range(lo, hi):
        mood[i] = trust[0, i] + trust_at[i]


@kernel
def lift_mood(satisfaction_shift, visit_count):
    """Please everybody."""
    for v in range(visit_count[0]):
        satisfaction_shift[v] += np.float32(0.1)


@kernel(per="market")
def count_visitors(visit_count, sighs):
    sighs[0] += visit_count[0]


@kernel(per="market")
def remember_prices(pirce_before, sighs):
    sighs[0] += np.int64(pirce_before[0])


@kernel(per="market")
def rewrite_history(price_before):
    price_before[0] = 1.0


def doing(phase, act, **more):
    """Return a mechanism that does one thing."""
    return type(
        "Doing", (Mood,), {"schedule": lambda self, policies: ((phase, act),), "__module__": __name__, **more}
    )()


class TestNames:
    @pytest.mark.parametrize(
        ("column", "other"),
        [
            ("basket", "a trait of customers"), ("price", "a lever of firms"), ("trust", "a column of trust"),
            ("visits", "a tally of choice"), ("visit_firm", "a column of visits"), ("replication", "a number"),
        ],
    )  # fmt: skip
    def test_a_column_that_has_the_name_of_something_else_is_refused(self, column, other):
        class Clash(Mood):
            owns: ClassVar = (Column(column, ("customer",), 0.5, "0-1", "another"),)

        with pytest.raises(Refusal, match=f"'{column}' is {other}.* and a column of mood"):
            SMALL.adding(Clash())

    def test_a_tally_and_a_parameter_too(self):
        class Counted(Mood):
            counts: ClassVar = (Tally("trust", "sighs", "sighs heard"),)

        class Set(Mood):
            price: float = 1.0

        with pytest.raises(Refusal, match="'trust' is a column of trust and a tally of mood"):
            SMALL.adding(Counted())
        with pytest.raises(Refusal, match="'price' is a lever of firms and a parameter or scratch column of mood"):
            SMALL.adding(Set())

    @pytest.mark.parametrize("theory", ["waiting_line", "difficult_customers"])
    def test_a_theory_of_ones_own_joins_a_shipped_one(self, theory):
        """Levers of all theories are there in every market, so that their names are none of another theory's."""
        scenario = Scenario.parse({"periods": 4, "population": {"customers": 40}, theory: {}}).adding(Mood())
        assert "mood" in [one.name for one in scenario.mechanisms()]

    def test_two_of_a_name_are_refused(self):
        with pytest.raises(Refusal, match="two mechanisms are called 'mood'"):
            SMALL.adding(Mood(), Mood())

    def test_what_is_written_must_be_somebodys(self):
        class Astray(Mood):
            writes: ClassVar = ("moood",)

        with pytest.raises(Refusal, match=r"mood writes 'moood', which is no column or lever; did you mean 'mood'\?"):
            SMALL.adding(Astray())

    def test_what_no_lever_was_before_is_refused(self):
        refused = r"takes 'pirce_before', but there is no lever 'pirce'; did you mean 'price'\?"
        with pytest.raises(Refusal, match=f"kernel remember_prices of mood {refused}"):
            SMALL.adding(doing(Phase.OPENING, remember_prices))
        mine = doing(Phase.OPENING, remember_prices, owns=(Column("pirce_before", ("customer",), 0.0, "cu", "mine"),))
        SMALL.adding(mine)

    def test_what_a_lever_was_before_has_that_one_meaning(self):
        class Set(Mood):
            price_before: float = 1.0

        with pytest.raises(Refusal, match="'price_before' is a lever of firms as it was in the period before and a"):
            SMALL.adding(Set())

    def test_shipped_theories_have_one_meaning_a_name(self):
        plan.check(SMALL.mechanisms(), SMALL.firms)


class TestWrites:
    def test_a_write_that_is_not_declared_is_refused(self):
        with pytest.raises(Refusal, match=r"kernel calm of mood writes 'trust', .* or to writes = \(\"trust\",\)"):
            SMALL.adding(doing(Phase.LEARNING, calm))
        SMALL.adding(doing(Phase.LEARNING, calm, writes=("trust",)))

    def test_what_a_lever_was_before_cannot_be_written(self):
        with pytest.raises(Refusal, match="of mood writes 'price_before', which is past; write 'price'"):
            SMALL.adding(doing(Phase.OPENING, rewrite_history))
        with pytest.raises(Refusal, match="mood writes 'price_before', which is no column or lever"):
            SMALL.adding(doing(Phase.OPENING, rewrite_history, writes=("price_before",)))

    def test_a_column_in_two_layouts_is_refused(self):
        with pytest.raises(Refusal, match="kernel calm_pairs of mood takes trust and trust_at; take one of them"):
            SMALL.adding(doing(Phase.LEARNING, calm_pairs))

    def test_shipped_theories_declare_what_they_write(self):
        for changes in ({}, {"choice.rule": "threshold"}, {"choice.rule": "habit", "choice.market": "lost_for_good"}):
            mechanisms = Scenario().replace({**changes, "defection.exit_rate": 0.1}).mechanisms()
            for mechanism in mechanisms:
                plan.check_kernels(mechanism, SMALL.firms, mechanisms)

    @pytest.mark.parametrize("phase", [Phase.VALUATION, Phase.DELIVERY, Phase.LEARNING])
    def test_a_sum_that_is_added_to_too_early_or_too_late_is_refused(self, phase):
        """It was said to be no column of the theory's; with `writes` it ran, and changed nothing."""
        refused = f"lift_mood of mood adds to 'satisfaction_shift' in Phase.{phase.name}, which changes nothing: it is "
        for writes in ((), ("satisfaction_shift",)):
            with pytest.raises(Refusal, match=f"kernel {refused}added up in Phase.JUDGEMENT, so do it there"):
                SMALL.adding(doing(phase, lift_mood, writes=writes))
        SMALL.adding(doing(Phase.JUDGEMENT, lift_mood))


class TestScope:
    def test_a_kernel_of_all_rows_between_tiles_is_refused(self):
        """It would see the visits of the last tile alone, and everybody after it the same few again."""
        with pytest.raises(
            Refusal, match='count_visitors of mood is a kernel with per="market", and ENCOUNTER is worked'
        ):
            SMALL.adding(doing(Phase.ENCOUNTER, count_visitors))

    def test_a_kernel_of_tiles_in_a_market_phase_is_refused(self):
        with pytest.raises(Refusal, match="HEARING sees all customers at once; give it per="):
            SMALL.adding(doing(Phase.HEARING, calm, writes=("trust",)))

    def test_a_plain_function_between_tiles_is_refused(self):
        with pytest.raises(Refusal, match="print of mood is a plain function, and LEARNING is worked on tile by tile"):
            SMALL.adding(doing(Phase.LEARNING, print))


class TestWhatExists:
    def test_only_what_a_kernel_takes_exists(self):
        world = Engine(SMALL.replace({"switching_cost.basis": "trait", "off": ["lifecycle"]}), seed=1).world
        assert "switching_facet" not in world.customers
        assert "calculative_commitment" not in world.customers
        assert "missed" not in world.customers
        assert "switching_cost" in world.customers
        assert "choice.held" not in world.passing[0], "scratch of a rule that is not in use"

    def test_the_estimate_is_what_exists(self):
        for scenario in (SMALL, SMALL.replace({"switching_cost.basis": "trait"})):
            world = Engine(scenario, seed=1).world
            assert scenario.estimated_bytes() == pytest.approx(world.bytes(), rel=0.1)

    def test_all_columns_of_a_mechanism_of_ones_own_exist(self):
        assert Engine(SMALL.adding(Mood()), seed=1).world.customers.mood.tolist() == [0.5] * 40


def test_a_market_of_six_mechanisms_is_small():
    """Bytes of state a customer, ties apart: what nobody takes does not exist."""
    off = [
        "pricing", "word_of_mouth", "switching_cost", "defection", "lifecycle", "rewards", "taste", "perceived_value",
    ]  # fmt: skip
    scenario = Scenario.parse({"periods": 1, "population": {"customers": 5000}, "off": off})
    world = Engine(scenario, seed=1).world
    assert len({step.mechanism.name for step in scenario.steps()}) == 6
    assert sum(column.nbytes for column in world.customers.values()) / 5000 <= 140


def test_a_sum_that_nobody_reads_is_not_added_up():
    """With a cost of leaving that is a trait, nobody asks what would be forfeited."""
    club = SMALL.replace({"firms.north.program": {"earn_rate": 0.1}})
    assert "forfeit" in {step.name for step in club.steps()}
    assert "forfeit" not in {step.name for step in club.replace({"switching_cost.basis": "trait"}).steps()}


def test_all_shipped_theories_may_be_in_one_market():
    """No name means two things, whichever theories a scenario switches on."""
    scenario = Scenario(need={"process": "due"}, **{kind.name: {} for kind in shipped() if not kind.standard})
    plan.check(scenario.mechanisms(), scenario.firms)


def test_steps_are_worked_out_once_and_do_not_travel():
    scenario = SMALL.replace({"periods": 5})
    assert scenario.steps() is scenario.steps()
    there = pickle.loads(pickle.dumps(scenario))
    assert there == scenario
    assert vars(there).keys() == type(there).model_fields.keys()
    assert [step.name for step in there.steps()] == [step.name for step in scenario.steps()]
    assert [step.name for step in scenario.replace({"off": ("trust",)}).steps()] != [s.name for s in scenario.steps()]
