"""Discounting: members overlook a part of bad news, and of bad news only."""

from __future__ import annotations

import numpy as np

from abm.mechanisms.loyalty.discounting import make_light
from tests.mechanisms.small import Small


def test_members_overlook_a_part_of_a_bad_visit():
    """A member's .4 below what she is used to shrinks by a fifth; good news, others and first visits stay."""
    small = Small(4, [{"program": {"preset": "points"}}], discounting={"member_discount": 0.2})
    small.c.satisfaction[0], small.c.encounters[0] = 0.8, [3, 3, 3, 0]
    small.c.member[0] = [1, 0, 1, 1]
    small.visits(range(4), [0] * 4)
    small.passing.transaction[:4] = [0.4, 0.4, 0.9, 0.4]
    small.run("discounting", make_light)
    np.testing.assert_allclose(small.at("transaction"), [0.48, 0.4, 0.9, 0.4], atol=1e-6)


def test_nothing_is_overlooked_at_no_discount():
    for discount, there in ((0.0, False), (0.1, True)):
        small = Small(1, [{}], discounting={"member_discount": discount})
        assert ("make_light" in [step.name for step in small.scenario.steps()]) == there


def test_it_is_the_visit_after_amends_that_is_made_light_of():
    sections = {"complaint": {}, "recovery": {}, "discounting": {}}
    names = [step.name for step in Small(1, [{}], **sections).scenario.steps()]
    assert names.index("make_amends") < names.index("make_light")
