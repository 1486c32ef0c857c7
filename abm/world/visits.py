"""Visits: one entry an occasion, from the moment it arises to what came of it.

Listed by customer, then by the number of the occasion within the period. The list lives while a tile is worked on.
"""

from __future__ import annotations

import numpy as np

from abm.world.columns import Column

FAILURES = ("none", "core", "attitude", "price", "information", "wait", "denied")  # causes of what goes wrong
NO_FAILURE, CORE, ATTITUDE, PRICE, INFORMATION, WAIT, REFUSED = (np.uint8(code) for code in range(len(FAILURES)))
PREVENTABLE = FAILURES[CORE : INFORMATION + 1]  # causes that a firm can do something about before the visit

OUTCOMES = ("served", "balked", "abandoned", "denied", "no_show")  # what comes of a visit: only who is served buys
SERVED, BALKED, ABANDONED, DENIED, NO_SHOW = (np.uint8(code) for code in range(len(OUTCOMES)))

# What an occasion is for, where units are bought that need service
NO_OCCASION, PURCHASE, SERVICE = (np.uint8(code) for code in range(3))

COLUMNS = (
    Column("visit_count", ("one",), 0, "visits", "entries of the list", "int64"),
    Column("visit_customer", ("visit",), 0, "row", "who has the occasion", "uint32"),
    Column("visit_nth", ("visit",), 0, "number", "which of her occasions of the period", "int32"),
    Column("visit_provider", ("visit",), 0, "firm", "her provider before it, -1 = none", "int32"),
    Column("visit_firm", ("visit",), -1, "firm", "firm chosen, -1 = none", "int32"),
    Column("visit_outcome", ("visit",), 0, "code", f"what came of it: {', '.join(OUTCOMES)}", "uint8"),
    Column("failure_cause", ("visit",), 0, "code", f"what went wrong: {', '.join(FAILURES)}", "uint8"),
    Column("failure_severity", ("visit",), 0, "0-1", "what a failure takes from performance, 0 = none"),
    Column("visit_pair", ("visit",), 0, "pair", "firm chosen and visitor: firm x n + row", "uint32"),
)
