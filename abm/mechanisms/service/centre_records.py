"""What a contact centre's period is recorded in while it is worked on, and how long those records are."""

from __future__ import annotations

from abm.queues.rules import (
    COUNTS,
    LINE_RULES,
    LINE_STATE,
    POOL_RULES,
    POOL_STATE,
    RULES,
    TIMES,
    WANTS,
    WORDS,
)
from abm.world.columns import MOST_FIRMS, Column

MOST_SITES = 2  # of a firm: facility 2 j + s of a day is site s of firm j
SITES = MOST_SITES * MOST_FIRMS
MOST_INTERVALS = 24  # of a day
MOST_DAYS = 100_000  # of all centres together

# Lines of a site, which are also the kinds of contacts: two lines for two matters, the same of class A, messages, and
# calls that the firm makes.
QUESTIONS, COMPLAINTS, BEST_QUESTIONS, BEST_COMPLAINTS, MESSAGES, OUTGOING = range(6)
LINES_OF_SITE = 6
CALLERS, DEDICATED, GENERALISTS, SPECIALISTS = range(4)  # pools of agents
POOLS_OF_SITE = 4

NO_MATTER, QUESTION, COMPLAINT, CALL = range(4)  # what a contact, or an open matter, is about; CALL = the firm's own
NOT_LISTED, LISTED, REACHED = range(3)  # what becomes of a call that the firm wants to make
CONTAINED = 7  # outcome of a contact that needed no agent; the other outcomes are those of a service day

# A contact's record of whole numbers.
(
    CUSTOMER,  # row
    FIRM,
    BLOCK,  # for random numbers: number of the visit that is complained about, 16 + firm, 32 + firm, or 48 + firm
    MATTER,  # QUESTION, COMPLAINT or CALL
    FIRST,  # 1 = the first contact about the matter
    VISIT,  # place in the book of the visit that is complained about, -1 = none
    BEST,  # 1 = the customer is of class A
    WRITTEN,  # 1 = a message, answered when nobody is on the telephone
    SITE,  # 0 or 1
    ANNOYED,  # 1 = comes to agents after a machine could not help
    OUTCOME,  # SERVED, BALKED, ABANDONED, DENIED or CONTAINED
    LACKED,  # 1 = answered by an agent without the skill
    DEFERRED,  # 1 = written, or called back
    TOLD,  # 1 = waited at most as long as was announced
    RESOLVED,  # 1 = the matter is done
    ANSWERS,  # 1 = a call that the customer answers, if it is made
) = range(16)
FIELDS = 16
# Blocks of contacts that are not about a visit of the period: first ones, later ones, and calls of the firm.
ASKS, RETURNS, CALLS = 16, 32, 48

AXES = {
    "centre": 1, "centre_day": MOST_DAYS + 1, "site": SITES, "site_rule": RULES, "site_line": LINES_OF_SITE,
    "line_rule": LINE_RULES, "site_pool": POOLS_OF_SITE, "pool_rule": POOL_RULES, "site_stage": 1,
    "site_kind": LINES_OF_SITE, "line_field": LINE_STATE, "pool_field": POOL_STATE, "site_count": COUNTS,
    "contact_word": WORDS, "contact_time": TIMES, "contact_want": WANTS, "contact_event": 2, "contact_field": FIELDS,
    "site_shift": MOST_INTERVALS * SITES * POOLS_OF_SITE,
}  # fmt: skip

RECORDS = (
    Column("contact", ("visit", "contact_field"), 0, "code", "a contact's record of whole numbers", "int64"),
    Column("contact_wait", ("visit",), 0, "minutes", "until an agent answers, or until giving up", "float64"),
    Column("contact_verdict", ("visit",), 0, "0-1", "satisfaction with the contact"),
    Column("contact_number", ("centre",), 0, "contacts", "on the list", "int64"),
    Column("calls_listed", ("centre",), 0, "calls", "of firms, behind the contacts on the list", "int64"),
    Column("own_contacts", ("customer",), 0, "contacts", "of each customer on the list", "uint8"),
    Column("contact_moment", ("visit",), 0, "minutes", "when it comes to agents, from the first opening on", "float64"),
    Column("contact_order", ("visit",), 0, "place", "contacts that come to agents, in that order", "uint32"),
    Column("contact_spare", ("visit",), 0, "place", "room for sorting", "uint32"),
    Column("contact_arrivals", ("centre_day",), 0, "place", "the first contact of each day", "int64"),
    Column("contact_person", ("visit", "contact_word"), 0, "code", "record of a person in the day", "int32"),
    Column("contact_times", ("visit", "contact_time"), 0, "minutes", "what happens to a person when", "float64"),
    Column("contact_wants", ("visit", "contact_want"), 0, "minutes", "what a person wants", "float64"),
    Column("contact_event_time", ("visit", "contact_event"), 0, "minutes", "when things to come happen", "float64"),
    Column("contact_event_code", ("visit", "contact_event"), 0, "code", "what they are", "int64"),
    Column("contact_events", ("centre",), 0, "events", "things to come", "int64"),
    Column("site_rules", ("site", "site_rule"), 0, "code", "rules of a site", "float64"),
    Column("site_lines", ("site", "site_line", "line_rule"), 0, "code", "rules of its lines", "int64"),
    Column("site_pools", ("site", "site_pool", "pool_rule"), 0, "code", "rules of its pools of agents", "int64"),
    Column("site_pace", ("site", "site_pool"), 1, "ratio", "factor on minutes of handling", "float64"),
    Column("site_joins", ("site", "site_stage", "site_kind"), 0, "bits", "lines that contacts join", "int64"),
    Column("site_minutes", ("site", "site_stage"), 0, "minutes", "mean handling at usual pace", "float64"),
    Column("site_staff", ("site", "site_pool"), 0, "agents", "on duty at opening", "int64"),
    Column("agent_shift_time", ("site_shift",), 0, "minutes", "when the number on duty changes", "float64"),
    Column("agent_shift_place", ("site_shift",), 0, "code", "of which pool", "int64"),
    Column("agent_shift_staff", ("site_shift",), 0, "agents", "on duty from then on", "int64"),
    Column("site_line_state", ("site", "site_line", "line_field"), 0, "code", "what a line is like", "int64"),
    Column("site_pool_state", ("site", "site_pool", "pool_field"), 0, "agents", "on duty and busy", "int64"),
    Column("site_busy", ("site", "site_pool"), 0, "minutes", "of handling", "float64"),
    Column("site_counts", ("site", "site_count"), 0, "persons", "what is counted of a day", "int64"),
)
