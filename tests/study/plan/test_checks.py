"""Checks: the parts that no study file reaches on its own."""

import pytest

from abm.core.errors import Refusal
from abm.study.plan import checks
from abm.study.plan.design import grid


def test_at_puts_places_in_front():
    with pytest.raises(Refusal) as refusal, checks.at("", "a.toml"), checks.at("arms.b"):
        raise Refusal("= 3 is not text", place="c")
    assert str(refusal.value) == "a.toml: arms.b.c = 3 is not text"


def test_at_names_the_arm_and_keeps_the_inner_source():
    with pytest.raises(Refusal) as refusal, checks.at("design", "a.toml", arm="b"):
        raise Refusal("no", source="inner.csv")
    assert str(refusal.value) == "inner.csv: design: no (arm 'b')"


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_whole_takes_whole_numbers_only(value):
    with pytest.raises(Refusal, match="is not a whole number"):
        checks.whole("seed", value, low=0)


def test_size_counts():
    checks.size(10, 1000, 1000)
    with pytest.raises(Refusal, match="10 arms x 1,000 points x 1,001 replications are 10,010,000 runs"):
        checks.size(10, 1000, 1001)


def test_levels_are_kept_as_the_scenario_holds_them(world):
    design = checks.design(world, {"base": {}}, grid({"firms.north.price": [1, 2]}), 1)
    assert [type(level) for level in design.factors["firms.north.price"]] == [float, float]


def test_levels_that_become_equal_are_refused(world):
    with pytest.raises(Refusal, match=r"lists 1\.0 twice"):
        checks.design(world, {"base": {}}, grid({"firms.north.price": [1, 1.0]}), 1)


def test_points_that_contradict_themselves_are_refused_with_the_arm(world):
    factors = {"periods": [4, 8], "burn_in": [2, 6]}  # 6 of 4 periods cannot be left out
    with pytest.raises(Refusal, match=r"design\.point\[1\].*\(arm 'base'\)"):
        checks.design(world.replace({"periods": 8}), {"base": {}}, grid(factors), 1)


def test_a_whole_block_given_in_full_is_no_unquoted_path(world):
    checks.unquoted(world, {"a": {"trust": world.trust.to_dict(full=True)}})
    checks.unquoted(world, {"a": {"firms": [{"name": "north"}]}})
    with pytest.raises(Refusal, match=r'"trust\.growth" = …'):
        checks.unquoted(world, {"a": {"trust": {"growth": 0.1}}})
    with pytest.raises(Refusal, match=r'"firms\.north\.price" = …'):
        checks.unquoted(world, {"a": {"firms": {"north": {"price": 0.1}}}})


def test_too_many_runs_are_counted_in_words():
    with pytest.raises(
        Refusal, match=r"^2 arms x 1 point x 10,000,000 replications are 20,000,000 runs; an experiment"
    ):
        checks.size(2, 1, 10_000_000)
