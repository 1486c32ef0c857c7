"""The ODD description: complete, of this scenario, and valid Markdown tables."""

from __future__ import annotations

import re

import pytest

import abm
from abm.engine.engine import Engine
from abm.view.odd import odd


def test_all_parts_in_order():
    headings = re.findall(r"^## (.*)$", odd(), re.M)
    assert headings == [
        "1 Purpose and patterns", "2 Entities, state variables and scales", "3 Process overview and scheduling",
        "4 Design concepts", "5 Initialization", "6 Input data", "7 Submodels",
    ]  # fmt: skip


def test_every_mechanism_column_phase_and_parameter_is_there():
    world = abm.Scenario()
    text = odd(world)
    for mechanism in world.mechanisms():
        assert re.search(rf"^### 7\.\d+ {mechanism.name}$", text, re.M)
        for name in (*(column.name for column in mechanism.owns), *type(mechanism).model_fields):
            assert f"`{name}`" in text, name
    for phase in abm.Phase:
        assert f" {phase.label} " in text


def test_a_theory_that_stands_on_several_pages_is_described_from_all_of_them():
    choice = odd().split("### 7.")[2]
    assert choice.startswith("2 choice")
    assert all(f"- kernel `{name}`: " in choice for name in ("add_attraction", "draw_choices", "honour_contracts"))


def test_the_schedule_is_what_the_engine_runs():
    """Stage by stage and kernel by kernel, in the order of the bound programs."""
    printed = re.findall(r"^\|.*\| `(\w+)` \|.*\|$", odd().split("## 3")[1].split("## 4")[0], re.M)
    engine = Engine(abm.Scenario(population=abm.Population(customers=50), periods=1), seed=1)
    bound = [call.kernel.name for program in engine.programs for _, calls in program.stages for call in calls]
    assert printed == bound[:-1]  # all but the record, which no theory does


def test_values_are_those_of_the_scenario():
    base = abm.Scenario()
    changed = base.replace({"trust.growth": 0.123, "firms.east.price": 1.07, "population.customers": 4321})
    text = odd(changed)
    assert "| `growth` | 0.123 |" in text
    assert "4,321 customers" in text
    assert re.search(r"\| `price` \| 1 \| 1.07 \| 1 \|", text)


def test_equations_and_kernels_are_described():
    text = odd()
    assert "- equation `poisson_quantile(u, rate, none)`: Return the smallest k with P(N <= k) >= u" in text
    assert re.search(r"- kernel `tell`: \w", text)


def test_experiment_with_arms_and_factors():
    study = abm.Experiment(
        "loyal", abm.Scenario(), {"none": {}, "points": {"firms.north.program": abm.points_program()}},
        abm.grid({"word_of_mouth.contact_rate": [0.0, 0.5]}), question="Does it pay?",
    )  # fmt: skip
    text = odd(experiment=study)
    assert text.startswith("# loyal (ODD)\n\n*Does it pay?*")
    assert "| points | firms.north.program = preset = points" in text
    assert "| `word_of_mouth.contact_rate` | 0, 0.5 |" in text
    assert "compared with\n`none`" in text


def test_groups_that_a_study_tells_apart_are_among_the_collectives():
    arms = {"none": {}, "points": {"firms.north.program": abm.points_program()}}
    groups = {"rate": {"by": "purchase_rate", "parts": 3}, "joiner": {"by": "member", "arm": "points", "at": 52}}
    study = abm.Experiment("apart", abm.Scenario(), arms, groups=groups)
    collectives = odd(experiment=study).split("**Collectives.**")[1].split("**")[0]
    assert "rate by purchase_rate in 3 equal parts, before the first period" in collectives
    assert "joiner by member, after 52 periods under points" in collectives
    assert odd(study.scenario).split("**Collectives.**")[1].split("**")[0].strip().count("\n") == 0


def test_a_mechanism_of_ones_own_is_described():
    class Habit(abm.Mechanism):
        """Inertia grows with tenure."""

        name = "habit"
        growth: float = abm.param(
            0.05, unit="utility per period", bounds=(0, 1), evidence="assumed", doc="growth of it"
        )
        ease: float = abm.param(1.0, unit="ratio", bounds=(0, 1), evidence="assumed", doc="of nothing")

        def schedule(self, policies):
            return ((abm.Phase.OPENING, self.settle_in),)

        def settle_in(self, world, t):
            return self.growth

    text = odd(abm.Scenario().adding(Habit(growth=0.25)))
    assert "Inertia grows with tenure." in text
    assert "| `growth` | 0.25 | utility per period | growth of it | assumed |" in text
    assert "Without effect in this model: `ease`." in text


def test_tables_have_as_many_cells_as_headings():
    width = 0
    for line in odd().splitlines():
        if line.startswith("|"):
            cells = len(re.findall(r"(?<!\\)\|", line)) - 1
            width = width or cells
            assert cells == width, line
        else:
            width = 0


CHANGES = [
    {
        "name": "complaints",
        "from": 20,
        "until": 40,
        "set": {"complaint": {}, "recovery": {}, "firms.east.recovery.empathy": 0.5},
    },
    {"name": "dear", "from": 50, "ramp": 10, "set": {"firms.east.price": 1.2}},
]


def test_changes_are_told_with_their_dates_and_the_kernels_that_come_and_go():
    text = odd(abm.Scenario(changes=CHANGES))
    schedule = text.split("## 3")[1].split("## 4")[0]
    assert "`complain`" not in schedule.split("first stretch")[0]
    what = "complaint = {}, recovery = {}, firms.east.recovery.empathy = 0.5"
    assert f"- complaints: {what}, from period 20 until 40" in schedule
    assert "- dear: firms.east.price = 1.2, from period 50, in 10 equal steps" in schedule
    comes = re.search(r"come and go from period 20 with (.*); from period 40 without (.*)\.", schedule)
    assert comes is not None
    assert comes[1] == comes[2]
    assert {"`complain`", "`make_amends`"} <= {*comes[1].split(", ")}
    assert "| `matching` |" in text.split(" recovery\n")[1]
    assert "at no date: only values change." in odd(abm.Scenario(changes=CHANGES[1:]))


def test_a_change_from_the_first_period_on_is_part_of_the_first_stretch():
    always = {"name": "always", "from": 0, "set": {"firms.north.program": {"preset": "points"}}}
    assert "`reward_visits`" in odd(abm.Scenario(changes=[always])).split("## 3")[1].split("first stretch")[0]


@pytest.mark.slow
def test_an_arm_says_its_dates_and_what_they_bring():
    late = {"from": 30, "firms.north.program": {"preset": "points"}}
    steps = {"changes": [{"name": "cheap", "from": 9, "until": 12, "set": {"firms.north.price": 0.9}}]}
    study = abm.Experiment("dated", abm.Scenario(changes=CHANGES), {"none": {}, "late": late, "steps": steps})
    text = odd(experiment=study).split("## The experiment")[1]
    assert re.search(r"\| late \| firms\.north\.program = preset = points.*, from period 30 \|", text)
    assert "| steps | cheap: firms.north.price = 0.9, from period 9 until 12 |" in text
    assert re.search(r"^- late: from period 30 with .*`reward_visits`", text, re.M)
    assert "complain" not in text


def test_a_measure_on_the_page_of_a_theory_is_no_kernel():
    assert "equation `justice(" in odd(abm.Scenario(complaint={}, recovery={}))
