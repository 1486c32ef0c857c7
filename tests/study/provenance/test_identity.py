"""Identity: what decides numbers counts, what stands at its default or is not there does not."""

import pytest

from abm.core.presets import presets
from abm.core.spec import Spec, param
from abm.mechanisms.loyalty.program import LoyaltyProgram
from abm.mechanisms.shipped import shipped
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.study.plan.design import grid
from abm.study.provenance.digest import plain
from abm.study.provenance.identity import identity, of_market

CONTRACT, TIERS = (
    next(preset.values for preset in presets(kind) if preset.name == name)
    for kind, name in ((Scenario, "contract"), (LoyaltyProgram, "tiers"))
)


class Left(Spec):
    size: float = param(1.0, unit="1", evidence="assumed")
    preset: str = param("a", unit="name", evidence="assumed")


class Right(Spec):
    size: float = param(1.0, unit="1", evidence="assumed")
    preset: str = param("a", unit="name", evidence="assumed")


def said(scenario):
    return of_market(scenario)["scenario"]


def test_own_classes_are_said_in_full_and_told_apart():
    assert plain(Left()) == plain(Right())
    assert identity(Left()) != identity(Right())
    assert identity((Left(),)) == [{"": "Left", "size": 1.0, "preset": "a"}]


def test_of_the_default_market_little_is_said():
    firms = [{"": "Firm", "name": name} for name in ("north", "east", "south")]
    assert said(Scenario()) == {"": "Scenario", "periods": 104, "burn_in": 0, "periods_per_year": 52, "firms": firms}
    assert of_market(Scenario())["off"] == []


@pytest.mark.parametrize(
    "section",
    [
        {"population": {"purchase_rate": 0.25}},
        {"periods": 104},
        {"encounter": {"gain": 0.3, "severity_low": 0.2}},
        {"firms": [{"name": name, "price": 1, "service": {"quality": 0.75}} for name in ("north", "east", "south")]},
    ],
)
def test_a_default_that_is_said_is_as_one_left_out(study, section):
    assert study(scenario=Scenario(**section)).sheet.digests == study(scenario=Scenario()).sheet.digests


@pytest.mark.parametrize(
    "changes",
    [
        {"population.purchase_rate": 0.3},
        {"network.rewiring": 0.2},
        {"firms.east.service.quality": 0.8},
        {"firms.east.name": "west"},
        {"periods_per_year": 26},
        {"trust.growth": 0.011},
        {"off": ["trust"]},
        {"firms.north.program": LoyaltyProgram()},
    ],
)
def test_what_differs_counts(changes):
    assert of_market(Scenario().replace(changes)) != of_market(Scenario())


def test_the_order_of_firms_counts_that_of_what_is_off_does_not():
    two = Firm(name="a"), Firm(name="b")
    assert of_market(Scenario(firms=two)) != of_market(Scenario(firms=two[::-1]))
    assert of_market(Scenario(off=("trust", "rewards"))) == of_market(Scenario(off=("rewards", "trust")))


def test_a_preset_counts_by_its_values(study):
    by_name, by_value = Scenario(preset="contract"), Scenario(**CONTRACT)
    assert study(scenario=by_name).sheet.digests == study(scenario=by_value).sheet.digests
    programmes = [LoyaltyProgram(preset="tiers"), LoyaltyProgram(**TIERS)]
    arms = [{"none": {}, "tiers": {"firms.north.program": programme}} for programme in programmes]
    assert study(arms=arms[0]).sheet.digests == study(arms=arms[1]).sheet.digests


def test_an_arm_at_the_defaults_is_as_one_that_sets_nothing(study):
    explicit = {"none": {"firms.north.price": 1.0, "encounter.gain": 0.3}}
    assert study(arms=explicit).sheet.digests == study(arms={"none": {}}).sheet.digests


def test_the_name_of_a_preset_counts_where_a_point_may_start_from_another(study):
    design = grid({"preset": ["retail", "contract"]})
    by_name, by_value = Scenario(preset="contract"), Scenario(**CONTRACT)
    assert study(scenario=by_name, design=design).sheet.digests != study(scenario=by_value, design=design).sheet.digests


def test_a_theory_that_is_off_is_not_said():
    off = of_market(Scenario(off=("trust",), trust={"growth": 0.3}))
    assert off == of_market(Scenario(off=("trust",)))
    assert "trust" not in off["revisions"]
    standard = [kind.name for kind in shipped() if kind.standard]
    assert set(of_market(Scenario())["revisions"]) == {"market", "kpis", *standard}


@pytest.mark.parametrize("path", ["off", "off[0]", "trust.growth", "trust", "preset"])
def test_a_theory_that_a_point_may_switch_on_counts(path):
    worlds = [Scenario(off=("trust",), trust={"growth": growth}) for growth in (0.01, 0.3)]
    first, second = (of_market(world, [path]) for world in worlds)
    assert first != second
    assert "trust" in first["revisions"]


def test_a_zero_below_zero_is_another_value():
    """It is written otherwise, and may be another bit in a column."""
    plus, minus = (Firm("north", integration=value) for value in (0.0, -0.0))
    assert identity(plus) == identity(Firm("north"))
    assert identity(minus) != identity(plus)
