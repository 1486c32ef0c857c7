"""Overrides: values from the command line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.study.plan.design import grid
from abm.study.plan.overrides import overrides, parsed


@pytest.mark.parametrize(
    ("one", "path", "value"),
    [
        ("population.customers=70", "population.customers", 70),
        ("scenario.population.customers = 70", "population.customers", 70),
        ("firms.north.price=1", "firms.north.price", 1.0),
        ("firms.north.price=2.5", "firms.north.price", 2.5),
        ("network.kind=ring", "network.kind", "ring"),
        ('network.kind="ring"', "network.kind", "ring"),
        ("firms.north.program={ preset = 'points' }", "firms.north.program.preset", "points"),
    ],
)
def test_a_scenario_path(study, one, path, value):
    changed = overrides(study(), [one])
    assert changed.scenario.value_at(path) == value
    assert changed.arms == study().arms


def test_values_that_are_allowed_only_together(study):
    changed = overrides(study(), ["scenario.periods=60", "scenario.burn_in=50"])
    shorter = overrides(changed, ["scenario.periods=6", "scenario.burn_in=2"])
    assert (shorter.scenario.periods, shorter.scenario.burn_in) == (6, 2)


def test_the_one_that_is_refused_is_named(study):
    with pytest.raises(Refusal, match=r"^--set periods=true: "):
        overrides(study(), ["population.customers=70", "periods=true"])


def test_an_arms_path(study):
    changed = overrides(study(), ["arms.cheap.firms.north.price=0.8", "arms.none.trust.growth=0.1"])
    assert changed.arms == {"none": {"trust.growth": 0.1}, "cheap": {"firms.north.price": 0.8}}


def test_a_path_inside_what_an_arm_sets_changes_that(study):
    base = study(arms={"points": {"firms.north.program": {"preset": "points"}}})
    changed = overrides(base, ["arms.points.firms.north.program.hassle=0.5"])
    assert list(changed.arms["points"]) == ["firms.north.program"]
    program = changed.arms["points"]["firms.north.program"]
    assert (program.hassle, program.preset) == (0.5, "points")


def test_fields_of_the_study(study):
    changed = overrides(study(), ["replications=5", 'kpis=["profit"]', "baseline=cheap"], seed=3)
    assert (changed.replications, changed.seed, changed.baseline) == (5, 3, "cheap")
    assert [kpi.name for kpi in changed.kpis] == ["profit"]


def test_nothing_changes_nothing(study):
    assert overrides(study()) == study()


@given(st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_in_toml(value):
    written = str(value).lower()
    path, read = parsed(f"a.b={written}")
    assert (path, read) == ("a.b", value)
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("one", "message"),
    [
        ("seed", "is not PATH=VALUE"),
        ("=3", "is not PATH=VALUE"),
        ("seed=", "is not PATH=VALUE"),
        ("population.custmers=5", "no Population parameter 'custmers'"),
        ("population.customers=five", 'population.customers = "five" is not a whole number'),
        ("population.customers=1e3", "is not a whole number"),
        ("population.customers=-5", "population.customers = -5 is outside"),
        ("network.kind=[", "is not a TOML value"),
        ("seed=1\nname = 'x'", "is more than one value"),
        ("arms.chep.firms.north.price=1", "no arm 'chep'; did you mean 'cheap'?"),
        ("arms.cheap=1", "'cheap' is an arm, not a value"),
        ("groups.rate.at=3", "no grouping 'rate'; there is none"),
        ("arms.cheap.firms.north.price=-1", "arms.cheap.firms.north.price = -1"),
        ("replications=0", "replications = 0 is outside"),
    ],
)
def test_refused_with_the_option(study, one, message):
    with pytest.raises(Refusal) as refusal:
        overrides(study(), [one])
    assert str(refusal.value).startswith("--set ")
    assert message in str(refusal.value)


@pytest.mark.parametrize("prefix", ["", "scenario."])
def test_a_factor_is_not_overridden(study, prefix):
    factors = study(design=grid({"firms.south.price": [1.0, 1.2]}))
    with pytest.raises(Refusal, match="is a factor of the design"):
        overrides(factors, [f"{prefix}firms.south.price=2"])


def test_groupings_are_changed_by_name(study):
    apart = study(groups={"rate": {"by": "purchase_rate", "parts": 3, "at": 6}})
    early = overrides(apart, ["groups.rate.at=2", "groups.rate.parts=2", "periods=4"])
    assert (early.groups["rate"].at, early.groups["rate"].parts, early.scenario.periods) == (2, 2, 4)
    for one, message in {
        "groups.rat.at=2": "no grouping 'rat'; did you mean 'rate'?",
        "groups.rate=2": "'rate' is a grouping, not a value; write groups.rate.PATH=VALUE",
        "groups.rate.att=2": "no Grouping parameter 'att'; did you mean 'at'?",
        "groups.rate.at=7": "groups.rate.at = 7 lies beyond the run",
    }.items():
        with pytest.raises(Refusal, match=re.escape(message)):
            overrides(apart, [one])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("seed=4", "seed=5"),
        ("seed=4", "seed=4"),
        ("trust.growth=0.1", "scenario.trust.growth=0.2"),
        ("firms.north.price=1.0", "firms.0.price=1.1"),
        ("arms.cheap.firms.north.price=0.8", "arms.cheap.firms.north.price=0.7"),
        ("design.method=grid", "design.method=list"),
        ("trust.grwth=0.1", "trust.grwth=0.2"),
    ],
)
def test_a_path_given_twice(study, first, second):
    path = second.partition("=")[0]
    with pytest.raises(Refusal) as refusal:
        overrides(study(), [first, "replications=3", second])
    assert str(refusal.value) == f"--set {second}: '{path}' is set already by --set {first}; set it once"


@pytest.mark.parametrize("name", ["replications", "seed"])
@pytest.mark.parametrize("value", [4, 5])
def test_an_option_and_its_path(study, name, value):
    with pytest.raises(Refusal) as refusal:
        overrides(study(), ["trust.growth=0.1", f"{name}=4"], **{name: value})
    both = f"--{name} {value}: '{name}' is set already by --set {name}=4"
    assert str(refusal.value) == f"{both}; leave out one of the two"


@pytest.mark.parametrize("path", ['"trust.growth"', "trust.growth"])
def test_factors_of_the_design(study, path):
    changed = overrides(study(), [f"design.factors.{path}=[0.1, 0.2]"])
    assert changed.design == grid({"trust.growth": [0.1, 0.2]})
    more = overrides(changed, ["design.factors.periods=[4, 5]", "design.factors.trust.growth=[0.3]"])
    assert more.design == grid({"trust.growth": [0.3], "periods": [4, 5]})


def test_a_method_goes_with_its_number_of_points(study):
    base = study(design=grid({"trust.growth": [0.1, 0.2]}))
    changed = overrides(base, ["design.points=4", "design.method=latin_hypercube"])
    assert (changed.design.method, changed.design.number) == ("latin_hypercube", 4)
    with pytest.raises(Refusal, match=r'^--set design.points=4: design.points = 4, but method "grid" draws nothing'):
        overrides(base, ["design.points=4"])


@pytest.mark.parametrize(
    ("one", "message"),
    [
        ("arms.cheap=5", "'cheap' is an arm, not a value; write arms.cheap.PATH=VALUE, with the path of what it is to"),
        ("design=5", "[design] of a study is a table, which --set does not change; write design.factors.PATH=[VALUES]"),
        ("arms=5", "[arms] of a study is a table, which --set does not change; write arms.NAME.PATH"),
        ("record.persons.sample=1", "[record] of a study is a table, which --set does not change; change it in the"),
        ("design.factors.trust.grwth=[0]", "design.factors: no Trust parameter 'grwth' in 'trust.grwth'; did you mean"),
        ("design.mehtod=grid", "design: no design key 'mehtod'; did you mean 'method'?"),
    ],
)
def test_what_is_no_value_of_the_study(study, one, message):
    with pytest.raises(Refusal) as refusal:
        overrides(study(), [one])
    assert str(refusal.value).startswith(f"--set {one}: {message}")
