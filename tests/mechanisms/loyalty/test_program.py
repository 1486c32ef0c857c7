"""Programmes: presets are points of one design space, and tiers must fit together."""

from __future__ import annotations

import pytest

from abm.core.errors import Refusal
from abm.core.presets import presets
from abm.mechanisms.loyalty.program import LoyaltyProgram, points_program, stamp_card, tiered_program
from abm.scenario.firm import Firm, levers

PRESETS = {preset.name: preset.values for preset in presets(LoyaltyProgram)}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_start_from_their_fields_and_are_worth_something(preset):
    program = LoyaltyProgram(preset=preset)
    for name, value in PRESETS[preset].items():
        assert getattr(program, name) == (tuple(value) if isinstance(value, list) else value)
    assert program.reward * (program.earn_rate + program.earn_per_visit) > 0 or program.member_discount > 0


def test_fields_given_go_before_those_of_the_preset():
    program = LoyaltyProgram(preset="points", earn_rate=0.1)
    assert (program.earn_rate, program.goal) == (0.1, PRESETS["points"]["goal"])


def test_functions_are_the_presets():
    assert points_program() == LoyaltyProgram(preset="points")
    assert stamp_card(goal=8.0) == LoyaltyProgram(preset="stamp_card", goal=8.0)
    assert tiered_program() == LoyaltyProgram(preset="tiers")


def test_two_stamps_given_leave_as_many_to_earn():
    """The endowed card of 12 with 2 given asks for what the plain card of 10 asks for."""
    plain, endowed = LoyaltyProgram(preset="stamp_card"), LoyaltyProgram(preset="endowed_stamp_card")
    assert endowed.goal - endowed.endowment == plain.goal
    assert (endowed.reward, endowed.earn_per_visit) == (plain.reward, plain.earn_per_visit)


def test_a_card_says_the_same_as_a_table_of_a_study_file():
    table = {"preset": "tiers", "tier_threshold": [100.0, 200.0], "tier_window": 26}
    program = LoyaltyProgram.parse(table)
    assert program.tier_threshold == (100.0, 200.0)
    assert LoyaltyProgram.parse(program.to_dict()) == program


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": "stamp_cards"}, r"no programme preset 'stamp_cards'; did you mean '(endowed_)?stamp_card'\?"),
        ({"tier_threshold": (1.0, 2.0, 3.0, 4.0, 5.0)}, "tier_threshold has 5 tiers; at most 4 are allowed"),
        ({"tier_threshold": (10.0,), "tier_discount": (0.1, 0.2)}, "tier_discount has 2 entries for 1 tiers"),
        ({"tier_threshold": (20.0, 10.0)}, "tier_threshold must rise from tier to tier"),
        ({"tier_threshold": (10.0, 10.0)}, "tier_threshold must rise from tier to tier"),
        ({"tier_threshold": (0.0,)}, "and start above 0"),
        ({"tier_threshold": (10.0,), "tier_discount": (1.0,)}, r"tier_discount must lie in \[0, 1\)"),
        ({"tier_threshold": (10.0,), "tier_bonus": (101.0,)}, r"tier_bonus in \[0, 100\]"),
        ({"member_discount": 0.6, "tier_threshold": (10.0,), "tier_discount": (0.4,)}, "together they must be below 1"),
        ({"goal": 0.0}, r"goal = 0\.0 is outside \[0\.01, "),
    ],
)
def test_what_does_not_fit_is_refused(fields, message):
    with pytest.raises(Refusal, match=message):
        LoyaltyProgram(**fields)


def test_the_neutral_programme_gives_nothing_and_costs_only_its_members():
    lever = levers([Firm(name="north", program=LoyaltyProgram())])
    assert lever["has_program"][0] == 1
    assert lever["reward"][0] == lever["earn_rate"][0] == lever["earn_per_visit"][0] == lever["reward_expense"][0] == 0


def test_what_members_are_spared_comes_together():
    """A member of tier 2 is spared .05 as every member and .1 as one of her tier."""
    tiers = {"tier_threshold": (10.0, 20.0), "tier_discount": (0.02, 0.1)}
    both = LoyaltyProgram(member_discount=0.05, **tiers)
    lever = levers([Firm(name="north", program=both), Firm(name="east", program=LoyaltyProgram(**tiers))])
    assert lever["tier_cut"][:3, 0] == pytest.approx([0.05, 0.07, 0.15])
    assert lever["tier_cut"][:3, 1] == pytest.approx([0.0, 0.02, 0.1])
    assert levers([Firm(name="south")])["tier_cut"].any() == 0


@pytest.mark.parametrize("preset", ["gift", "experience"])
def test_gifts_and_events_cost_less_than_they_are_worth(preset):
    program = LoyaltyProgram(preset=preset)
    lever = levers([Firm(name="north", program=program)])
    assert 0 < lever["reward_expense"][0] < 100 * program.reward
