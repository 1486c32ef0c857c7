"""What a day behind the counter is recorded in while it is worked on, and how long those records are."""

from __future__ import annotations

from abm.queues.rules import (
    COUNTS,
    LINE_RULES,
    LINE_STATE,
    MOST_LINES,
    MOST_POOLS,
    POOL_RULES,
    POOL_STATE,
    RULES,
    TIMES,
    WANTS,
    WORDS,
)
from abm.world.columns import MOST_FIRMS, Column

MOST_INTERVALS = 24  # of a day
MOST_DAYS = 100_000  # of all branches together

AXES = {
    "branch": 1, "day": MOST_DAYS + 1, "rule": RULES, "line": MOST_LINES, "line_rule": LINE_RULES,
    "pool": MOST_POOLS, "pool_rule": POOL_RULES, "stage": 1, "kind": 2, "line_field": LINE_STATE,
    "pool_field": POOL_STATE, "branch_count": COUNTS, "day_word": WORDS, "day_time": TIMES, "day_want": WANTS,
    "event": 2, "shift": MOST_INTERVALS * MOST_FIRMS * MOST_POOLS,
}  # fmt: skip

RECORDS = (
    Column("moment", ("visit",), 0, "minutes", "when the visitor comes, from the first opening on", "float64"),
    Column("order", ("visit",), 0, "place", "visits in the order of arrival", "uint32"),
    Column("spare", ("visit",), 0, "place", "room for sorting", "uint32"),
    Column("day_person", ("visit", "day_word"), 0, "code", "a person's record of whole numbers", "int32"),
    Column("day_times", ("visit", "day_time"), 0, "minutes", "what happens to a person when", "float64"),
    Column("day_wants", ("visit", "day_want"), 0, "minutes", "what a person wants", "float64"),
    Column("event_time", ("visit", "event"), 0, "minutes", "when things to come happen", "float64"),
    Column("event_code", ("visit", "event"), 0, "code", "what they are", "int64"),
    Column("day_events", ("branch",), 0, "events", "things to come", "int64"),
    Column("arrivals", ("day",), 0, "place", "the first visitor of each day", "int64"),
    Column("branch_rules", ("firm", "rule"), 0, "code", "rules of a branch", "float64"),
    Column("branch_lines", ("firm", "line", "line_rule"), 0, "code", "rules of its lines", "int64"),
    Column("branch_pools", ("firm", "pool", "pool_rule"), 0, "code", "rules of its pools of servers", "int64"),
    Column("branch_pace", ("firm", "pool"), 1, "ratio", "factor on minutes of service", "float64"),
    Column("branch_joins", ("firm", "stage", "kind"), 0, "bits", "lines that people of a kind join", "int64"),
    Column("usual_minutes", ("firm", "stage"), 0, "minutes", "mean service", "float64"),
    Column("first_staff", ("firm", "pool"), 0, "servers", "on duty at opening", "int64"),
    Column("shift_time", ("shift",), 0, "minutes", "when the number on duty changes", "float64"),
    Column("shift_place", ("shift",), 0, "code", "of which pool", "int64"),
    Column("shift_staff", ("shift",), 0, "servers", "on duty from then on", "int64"),
    Column("line_state", ("firm", "line", "line_field"), 0, "code", "what a line is like", "int64"),
    Column("pool_state", ("firm", "pool", "pool_field"), 0, "servers", "on duty and busy", "int64"),
    Column("branch_busy", ("firm", "pool"), 0, "minutes", "of service", "float64"),
    Column("branch_counts", ("firm", "branch_count"), 0, "persons", "what is counted of a day", "int64"),
)
