"""Theories at settings that do nothing, in random markets with other theories: not a bit of anything else moves."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.mechanisms.test_neutral import NEUTRAL
from tests.metamorphic.scenarios import after, holds_over, markets

KINDS = (
    "convenience", "demand_profile", "demand_shock", "affect", "expertise", "survey", "customer_accounts", "surplus",
)  # fmt: skip


@holds_over(markets(), st.sampled_from(KINDS))
def test_a_theory_at_its_neutral_setting(market, kind):
    """Its terms are nothing or are left out, and its luck has addresses of its own."""
    plain = {name: section for name, section in market.items() if name != kind}
    plain["firms"] = [{name: one for name, one in firm.items() if name != kind} for firm in market["firms"]]
    before, then = after(plain).world, after({**plain, kind: NEUTRAL.get(kind, {})}).world
    for name in before.tallies:
        np.testing.assert_array_equal(before.tallied(name), then.tallied(name), err_msg=name)
    for name, column in before.customers.items():
        np.testing.assert_array_equal(column, then.customers[name], err_msg=name)
