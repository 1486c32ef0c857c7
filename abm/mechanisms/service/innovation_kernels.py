"""Kernels of service innovation: what a firm knows, its ideas, what visitors meet with, what it costs.   No neighbours.

Claim and sources: on the page of the theory, service_innovation.py.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import in_steps
from abm.core.kernels import kernel
from abm.core.streams import uniform4


@kernel(per="market")
def build_knowledge(innovation_knowledge, research, knowledge_kept):
    """Let knowledge grow old, and grow: `knowledge_kept * innovation_knowledge + (1 - knowledge_kept) * research`.

    A firm that spends the same for ever knows what it spends.  innovation_knowledge (m,)  cu/visit  [written]
    """
    for j in range(innovation_knowledge.shape[0]):
        innovation_knowledge[j] = knowledge_kept * innovation_knowledge[j] + (1.0 - knowledge_kept) * research[j]


@kernel(per="market")
def draw_ideas(idea_luck, research, innovate_every, key, replication, t):
    """At dates of innovation, draw each firm's luck with ideas: word 0 at (identity j, period t, draw 0, block 0).

    idea_luck (m,)  0-1  [written, in periods that are a multiple of `innovate_every`]
    """
    if t % innovate_every == 0:
        for j in range(research.shape[0]):
            idea_luck[j] = uniform4(key, j, t, 0, replication)[0]


@kernel
def deliver_advance(performance_shift, visit_count, visit_firm, advance):
    """Add what a firm's innovations raise performance by: `advance`.  performance_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        performance_shift[v] += advance[visit_firm[v]]


@kernel
def add_advance_cost(visit_cost, visit_count, visit_firm, advance_expense):
    """Add what delivering innovations costs, in whole cents a visit.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += advance_expense[visit_firm[v]]


@kernel(per="share")
def book_innovation(
    visits, research_price, copying_expense, advance_expense, research_spend, copying_spend, advance_running
):
    """Book research and copying on the period's visits, in 1/100 cent, and what delivering costs, in cents.

    research_spend, copying_spend, advance_running  tallies [written]
    """
    for j in range(research_price.shape[0]):
        research_spend[j] += visits[j] * research_price[j]
        copying_spend[j] += visits[j] * copying_expense[j]
        advance_running[j] += visits[j] * advance_expense[j]


@kernel(per="market")
def note_advance(advance, advance_sum, lead_sum, periods_ahead, advance_periods):
    """Note each firm's advance in the period, in whole 2^-20, cut off, its lead, and whether it is ahead of everybody.

    The lead is its advance less the largest of its rivals, both in whole 2^-20; without rivals less 0. Ahead is a lead
    above 0.

    advance_sum, lead_sum, periods_ahead, advance_periods  tallies [written]
    """
    for j in range(advance.shape[0]):
        own, best = in_steps(advance[j]), np.int64(0)
        for rival in range(advance.shape[0]):
            best = max(best, in_steps(advance[rival]) if rival != j else np.int64(0))
        advance_sum[j] += own
        lead_sum[j] += own - best
        periods_ahead[j] += 1 if own > best else 0
        advance_periods[j] += 1
