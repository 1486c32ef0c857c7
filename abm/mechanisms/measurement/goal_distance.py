"""Distance to the goal: how often members come by how much of the way is left, and who fills a card.   No neighbours.

Claim: it is what a firm sees in the books of its programme. Who comes often is near a goal and just rewarded more often
than others are, so that visits by stretch of the way say something of nearness only against the same programme in which
nothing depends on the way.
Source: KIVETZ_URMINSKY_ZHENG_2006 (visits by the part of the way that remains), NUNES_DREZE_2006 (cards that are full).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally

NOWHERE, FAR, BETWEEN, NEAR = (np.uint8(code) for code in range(4))  # stretches of the way


@equation
def stretch_of(points, given, goal):
    """Return the stretch of a balance: far in the first third of what she has to earn herself, near in the last.

    points, given, goal : 1/100 point; points that were given are no part of the way
    """
    earned, way = 3 * (points - given), goal - given
    behind = FAR if earned <= way else BETWEEN
    return NEAR if earned >= 2 * way else behind


@equation
def just_rewarded(last_reward, t, after_reward):
    """Return whether a reward was given before this period, and `after_reward` periods ago at most."""
    return (last_reward >= 0) & (t > last_reward) & (t - last_reward <= after_reward)


@kernel
def place_members(
    stretch, member, points, given, last_reward, has_program, goal_points, after_reward, far_members, near_members,
    rewarded_members, lo, hi, t,
):  # fmt: skip
    """As a period begins, find on which stretch of the way each member is, and who has just been rewarded.

    A member is far (1), between (2) or near (3) by `stretch_of` her balance, if she has earned points towards the goal;
    who has not, or is no member, is nowhere (0). Rewarded is a member, wherever she is, for `after_reward` periods
    after that of her latest reward.

    stretch (m, n)  code  [written]      far_members, near_members, rewarded_members  tallies [written]
    """
    for j in range(stretch.shape[0]):
        far, near, rewarded = 0, 0, 0
        for i in range(lo, hi):
            found = NOWHERE
            if member[j, i] > 0 and has_program[j] > 0:
                rewarded += 1 if just_rewarded(last_reward[j, i], t, after_reward) else 0
                if points[j, i] > given[j, i]:
                    found = stretch_of(points[j, i], np.int64(given[j, i]), np.int64(goal_points[j]))
            stretch[j, i] = found
            far += 1 if found == FAR else 0
            near += 1 if found == NEAR else 0
        far_members[j] += far
        near_members[j] += near
        rewarded_members[j] += rewarded


@kernel
def count_on_the_way(
    last_reward_at, visit_count, visit_firm, visit_pair, visit_reward, member_at, has_program, stretch_at, after_reward,
    far_visits, near_visits, rewarded_visits, cards_filled, t,
):  # fmt: skip
    """Count members' visits to firms with a programme by the stretch on which they were, and first rewards.

    A visitor counts as rewarded if she had just been when the period began. Visits are taken in their order.

    last_reward_at (pairs,)  period, -1 = none yet  [written]
    far_visits, near_visits, rewarded_visits, cards_filled  tallies [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        if has_program[j] > 0 and member_at[pair] > 0:
            far_visits[j] += 1 if stretch_at[pair] == FAR else 0
            near_visits[j] += 1 if stretch_at[pair] == NEAR else 0
            rewarded_visits[j] += 1 if just_rewarded(last_reward_at[pair], t, after_reward) else 0
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        if has_program[j] > 0 and visit_reward[v] > 0:
            cards_filled[j] += 1 if last_reward_at[pair] < 0 else 0
            last_reward_at[pair] = t


@kpi(unit="ratio", nan="no member was near the goal, or far from it", source="KIVETZ_URMINSKY_ZHENG_2006")
def visits_near_goal(c: Tallied) -> FloatArray:
    """Visits per period of members in the last third of the way to the goal / of members in the first third."""
    return (c.near_visits / c.near_members) / (c.far_visits / c.far_members)


@kpi(unit="ratio", nan="no member had just been rewarded, or was near the goal", source="KIVETZ_URMINSKY_ZHENG_2006")
def visits_after_reward(c: Tallied) -> FloatArray:
    """Visits per period of members who have just been rewarded / of members in the last third of the way."""
    return (c.rewarded_visits / c.rewarded_members) / (c.near_visits / c.near_members)


@kpi(unit="share", better="more", nan="nobody joined in the periods", source="NUNES_DREZE_2006")
def card_completion(c: Tallied) -> FloatArray:
    """Members who were given their first reward / customers who joined, in the same periods: without a burn-in, the
    share of cards that have been filled."""
    return c.cards_filled / c.enrolled


class GoalDistance(Mechanism):
    """What the books of a programme say of nearness: visits by the part of the way that is left, and full cards."""

    name = "goal_distance"
    owns = (
        Column("stretch", ("firm", "customer"), 0, "code", "of the way: 0 none, 1 far, 2 between, 3 near", "uint8"),
        Column("last_reward", ("firm", "customer"), -1, "period", "of her latest reward, -1 = none yet", "int32"),
    )
    counts = (
        Tally("far_members", "customers", "members with points in the first third of the way as the period begins"),
        Tally("near_members", "customers", "members in the last third"),
        Tally("rewarded_members", "customers", "members who have just been rewarded"),
        Tally("far_visits", "visits", "visits of members in the first third"),
        Tally("near_visits", "visits", "visits of members in the last third"),
        Tally("rewarded_visits", "visits", "visits of members who have just been rewarded"),
        Tally("cards_filled", "customers", "members who were given their first reward"),
    )
    kpis = (visits_near_goal, visits_after_reward, card_completion)
    after_reward: int = param(
        4, unit="periods", bounds=(1, 1000), evidence="assumed", doc="time for which a reward has just been given"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return where members are as a period begins, and who of them comes."""
        return ((Phase.NEED, place_members), (Phase.RELATION, count_on_the_way))
