"""Opinions: what customers think of each firm moves to what they live through and to what their neighbours think.

Neighbours are read after everybody has finished the period, all at once: what is thought in t acts on choices from
t + 1. It is another rule of what is heard than `word_of_mouth`, where a story is told after some visits and pushes in
its direction for a time: here everybody who knows a firm has a level in mind and neighbours compare levels, whether
anybody has been there or not. Both may be on; the stories are then news, and opinions what is thought anyway.
Claim: by DeGroot's rule neighbours average their opinions, so that a connected market comes to agree, on what those
with more ties thought; where only opinions near her own count with a customer (bounded confidence), camps remain that
no longer hear each other.
Source: DeGroot 1974; Deffuant and others 2000, Hegselmann & Krause 2002 (bounded confidence): rules from memory. How
fast opinions move and what they count with is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from abm.core.functions import normal32, unit
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import stream_key, uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally
from abm.world.world import World

STEPS_SAID = 2.0**24  # of an opinion that is said: whole numbers, so that the order of neighbours does not matter
STEPS_OF_TIES = 2.0**20  # of a tie's weight
STEPS_NOTED = 2.0**14  # of an opinion that is noted: its squares can be added up over long runs


@equation(double=True)
def steps_said(opinion):
    """Return an opinion as a whole number of 2^-24, int64, rounded half up in float64."""
    return np.int64(np.floor(np.float64(opinion) * STEPS_SAID + 0.5))


@equation(double=True)
def averaged(opinion, differences, weights, self_weight):
    """Return the opinion after hearing, float32 in [0, 1]: moved by the mean difference, her own counting as none.

    It is opinion + differences / 2^24 / (self_weight 2^20 + weights), all in float64; unmoved if the divisor is 0.

    differences : sum over opinions that count of weight times (the other's - her own), in 2^-20 and 2^-24
    weights     : sum of these weights, in 2^-20
    """
    divisor = np.float64(self_weight) * STEPS_OF_TIES + np.float64(weights)
    moved = np.float64(opinion) + np.float64(differences) / STEPS_SAID / (divisor if divisor > 0.0 else 1.0)
    return unit(np.float32(moved if divisor > 0.0 else np.float64(opinion)))


@equation
def counted_with(encounters, own_experience):
    """Return what an opinion counts with who has visited: own_experience / (own_experience + encounters)."""
    return own_experience / (own_experience + encounters)


@kernel
def draw_opinions(opinion, customer_id, promise, spread_of_opinions, key, replication):
    """Draw what is thought of each firm at first: `promise + spread_of_opinions * Normal`, in [0, 1].

    Draw 0 of period 0, block j, word 0.  opinion (m, n)  0-1  [written]
    """
    for j in range(promise.shape[0]):
        for i in range(customer_id.shape[0]):
            luck = normal32(uniform4(key, customer_id[i], 0, j, replication)[0])
            opinion[j, i] = unit(promise[j] + spread_of_opinions * luck)


@kernel
def learn_opinion(opinion_at, visit_count, visit_pair, transaction, experience_pull):
    """Move the opinion of the firm visited by `experience_pull` of its way to satisfaction, visit by visit.

    opinion_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        opinion_at[pair] += experience_pull * (transaction[v] - opinion_at[pair])


@kernel
def say_opinions(said, opinion, aware, lo, hi):
    """Say what is thought of each firm that a customer knows.  said (m, n)  2^-24, -1 = nothing  [written]"""
    for j in range(said.shape[0]):
        for i in range(lo, hi):
            said[j, i] = steps_said(opinion[j, i]) if aware[j, i] > 0 else np.int64(-1)


@kernel(per="share", double=True)
def hear_opinions(
    opinion, said, tie_start, tie_target, tie_weight, self_weight, within, opinions_heard, opinions_taken, opinion_gaps,
    lo, hi,
):  # fmt: skip
    """Let customers in rows lo..hi who know a firm average with those neighbours who know it: `averaged`.

    The opinion of a neighbour counts if it is at most `within` away, in whole 2^-24 (`within` cut off to these), with
    the tie's weight in whole 2^-20, rounded half up. All that is heard was said before anybody heard.

    opinion (m, n)  0-1  [written]
    opinions_heard, opinions_taken, opinion_gaps  tallies: heard, of these counted, distances of all heard  [written]
    """
    bound = np.int64(np.float64(within) * STEPS_SAID)
    for j in range(said.shape[0]):
        for i in range(lo, hi):
            own = np.int64(said[j, i])
            if own >= 0:
                differences, weights = np.int64(0), np.int64(0)
                for e in range(tie_start[i], tie_start[np.int64(i) + 1]):
                    other = np.int64(said[j, tie_target[e]])
                    if other >= 0:
                        gap = abs(other - own)
                        opinions_heard[j] += 1
                        opinion_gaps[j] += gap
                        if gap <= bound:
                            weight = np.int64(np.float64(tie_weight[e]) * STEPS_OF_TIES + 0.5)
                            differences += weight * (other - own)
                            weights += weight
                            opinions_taken[j] += 1
                opinion[j, i] = averaged(opinion[j, i], differences, weights, self_weight)


@kernel(double=True)
def note_opinions(
    opinion, aware, neutral_opinion, opinion_holders, opinion_sum, opinion_squares, good_opinions, good_sum, lo, hi
):
    """Note the opinions of who knows each firm, each in whole 2^-14, cut off, and its square.

    Good is an opinion of `neutral_opinion` or more.

    opinion_holders, opinion_sum, opinion_squares, good_opinions, good_sum  tallies [written]
    """
    for j in range(opinion.shape[0]):
        for i in range(lo, hi):
            if aware[j, i] > 0:
                noted = np.int64(np.float64(opinion[j, i]) * STEPS_NOTED)
                opinion_holders[j] += 1
                opinion_sum[j] += noted
                opinion_squares[j] += noted * noted
                good_opinions[j] += 1 if opinion[j, i] >= neutral_opinion else 0
                good_sum[j] += noted if opinion[j, i] >= neutral_opinion else 0


@kernel
def add_opinion(utility, opinion, encounters, opinion_weight, neutral_opinion, own_experience, lo, hi):
    """Add what is thought: `opinion_weight * counted_with(encounters) * (opinion - neutral_opinion)`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            believed = opinion_weight * counted_with(encounters[j, i], own_experience)
            utility[j, i - lo] += believed * (opinion[j, i] - neutral_opinion)


_NOBODY = "nobody knew the firm"


@kpi(unit="0-1", better="more", nan=_NOBODY)
def mean_opinion(c: Tallied) -> FloatArray:
    """Mean opinion of the firm, of customers who know it, at the end of periods."""
    return c.opinion_sum / c.opinion_holders


@kpi(unit="0-1", nan=_NOBODY)
def opinion_spread(c: Tallied) -> FloatArray:
    """Standard deviation of opinions of the firm over customers who know it; over several periods of all of these."""
    mean = c.opinion_sum / c.opinion_holders
    return np.sqrt(np.maximum(c.opinion_squares / c.opinion_holders - mean * mean, 0.0))


@kpi(unit="share", nan="nobody knew the firm, or all thought the same of it")
def polarisation(c: Tallied) -> FloatArray:
    """Variance of opinions between two camps / variance of opinions; the camps are opinions of `neutral_opinion` or
    more, and below. 1 = two camps with one opinion each; 2/pi for a normal distribution around the mark."""
    bad, bad_sum = c.opinion_holders - c.good_opinions, c.opinion_sum - c.good_sum
    of_all = c.opinion_sum * (c.opinion_sum / c.opinion_holders)  # exact where all think the same
    around, two = c.opinion_squares - of_all, (c.good_opinions > 0) & (bad > 0)
    camps = c.good_sum**2 / np.maximum(c.good_opinions, 1) + bad_sum**2 / np.maximum(bad, 1)
    between = np.where(two, np.clip((camps - of_all) / around, 0.0, 1.0), 0.0)
    return np.where(around > 0, between, np.nan)


@kpi(unit="0-1", nan="no two neighbours knew the firm")
def consensus(c: Tallied) -> FloatArray:
    """1 - mean distance between the opinions of two neighbours who know the firm; 1 = all think the same."""
    return 1.0 - c.opinion_gaps / c.opinions_heard


@kpi(unit="share", nan="no two neighbours knew the firm")
def opinions_counted(c: Tallied) -> FloatArray:
    """Opinions of neighbours that counted with who heard them / opinions heard; 1 by DeGroot's rule."""
    return c.opinions_taken / c.opinions_heard


class Opinion(Mechanism):
    """What is thought of firms, and how neighbours move it."""

    name = "opinion"
    owns = (
        Column("opinion", ("firm", "customer"), 0.5, "0-1", "what she thinks of the firm"),
        Column("said", ("firm", "customer"), -1, "2^-24", "what she says of it to neighbours, -1 = nothing", "int32"),
    )
    counts = (
        Tally("opinions_heard", "opinions", "of neighbours who know the firm, heard by who knows it"),
        Tally("opinions_taken", "opinions", "of these, near enough to count"),
        Tally("opinion_gaps", "0-1", "distances between the heard opinions and the hearer's own, sum", 1 / STEPS_SAID),
        Tally("opinion_holders", "customers", "who know the firm, at the end of the period"),
        Tally("opinion_sum", "0-1", "sum of their opinions", 1 / STEPS_NOTED),
        Tally("opinion_squares", "0-1", "sum of the squares of these", 1 / STEPS_NOTED**2),
        Tally("good_opinions", "customers", "of these, who think well of the firm"),
        Tally("good_sum", "0-1", "sum of these opinions", 1 / STEPS_NOTED),
    )
    kpis = (mean_opinion, opinion_spread, polarisation, consensus, opinions_counted)
    rule: Literal["degroot", "bounded_confidence"] = param(
        "degroot", unit="name", evidence="assumed", doc="whose opinions count: all neighbours', or those near her own"
    )
    confidence_bound: float = param(
        0.2, unit="0-1", bounds=(0, 1), evidence="assumed", doc="distance up to which an opinion counts"
    )
    self_weight: float = param(
        200.0, unit="ties of weight 1", bounds=(0, 1e6), evidence="assumed", doc="weight of one's own opinion"
    )
    experience_pull: float = param(
        0.15, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="pull of a visit's satisfaction on the opinion"
    )
    spread_of_opinions: float = param(
        0.15, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of opinions around the promise at first"
    )
    neutral_opinion: float = param(
        0.7, unit="0-1", bounds=(0, 1), evidence="assumed", doc="opinion that moves no choice; better ones are good"
    )
    opinion_weight: float = param(
        1.5, unit="logit/0-1", bounds=(-50, 50), evidence="assumed", doc="weight of an opinion in utility"
    )
    own_experience: float = param(
        8.0, unit="visits", bounds=(0.01, 1e6), evidence="assumed", doc="own visits after which an opinion counts half"
    )

    @property
    def within(self) -> float:
        """Distance up to which an opinion counts under the rule: 1 by DeGroot's."""
        return 1.0 if self.rule == "degroot" else self.confidence_bound

    def idle(self) -> tuple[str, ...]:
        """Return what only bounded confidence uses."""
        return ("confidence_bound",) if self.rule == "degroot" else ()

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the term of utility, experience, the exchange, and what is noted."""
        exchange = ((Phase.TELLING, say_opinions), (Phase.HEARING, hear_opinions), (Phase.AWARENESS, note_opinions))
        return ((Phase.VALUATION, add_opinion), (Phase.LEARNING, learn_opinion), *exchange)

    def begin(self, world: World, seed: int) -> None:
        """Draw what is thought at first."""
        c = world.customers
        if "opinion" in c:
            draw_opinions(
                c.opinion, c.customer_id, world.firms.promise, self.spread_of_opinions, stream_key(seed, self.name),
                world.replication,
            )  # fmt: skip
