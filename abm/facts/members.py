"""Facts of a programme's members: who joins first, who takes the rewards, and what rivals' cards do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.sources import LIU_2007, MEYER_WAARDEN_2007
from abm.engine.visit_log import room, taken, visit_log
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.facts.programmes import gains_by_third
from abm.mechanisms.loyalty.program import points_program
from abm.mechanisms.loyalty.rewards import Rewards

_REWARD = tuple(column for column in Rewards.owns if column.name == "visit_reward")


def _need(lab: Laboratory) -> None:
    lab.need("rewards")
    lab.need_rivals()


def first_to_join(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure who joins a new programme: how often its members came before, and the first of them."""
    _need(lab)
    members, first = [], []
    for world, log in lab.logged(launched={"program": points_program()}):
        c = world.customers
        before = log.between(0, lab.launch).counts[c.customer_id, 0]
        joined = c.joined[0]
        soon = (joined >= 0) & (joined < lab.launch + max(1, lab.year // 4))
        members.append(before[joined >= 0].mean() - before[joined < 0].mean())
        first.append(before[soon].mean() - before[(joined >= 0) & ~soon].mean())
    return {"visits before, members less others": np.array(members), "first members less later": np.array(first)}


def many_cards(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether members stay with a programme less long where rivals have one too."""
    _need(lab)
    programme = points_program()
    rivals = {f"firms.{firm.name}.program": programme for firm in lab.scenario.firms[1:]}
    quarter = max(1, lab.year // 4)
    return {
        "members who still come, rivals with cards less without": _still_come(lab, rivals, quarter)
        - _still_come(lab, {}, quarter)
    }


def _still_come(lab: Laboratory, rivals: Mapping[str, Any], quarter: int) -> np.ndarray:
    """Return the share of the first quarter's new members who visit the firm in the last quarter: (replications,)."""
    found = []
    for world, log in lab.logged(rivals, {"program": points_program()}):
        c = world.customers
        soon = (c.joined[0] >= 0) & (c.joined[0] < lab.launch + quarter)
        latest = log.between(lab.scenario.periods - quarter, lab.scenario.periods).counts[c.customer_id, 0]
        found.append((latest[soon] > 0).mean())
    return np.array(found)


def _rewards_by_third(lab: Laboratory) -> np.ndarray:
    """Return the parts of rewards that go to members by their visits before: (replications, 3), light first."""
    people, found = lab.scenario.population.customers, []
    for engine in lab.runs({}, (visit_log(_REWARD, room(people, 1), until=lab.scenario.periods),)):
        visits, rewards = np.zeros((2, engine.scenario.most_identities))
        for t in range(lab.launch + lab.year):
            if t == lab.launch:
                engine.set_firm(0, engine.levers.firms[0].replace({"program": points_program()}))
            engine.run(1)
            log = taken(engine.world, ("visit_reward",))
            here = log["firm"] == 0
            if t < lab.launch:
                np.add.at(visits, log["customer"][here], 1)
            else:
                np.add.at(rewards, log["customer"][here], log["visit_reward"][here])
        c = engine.world.customers
        member = c.customer_id[c.member[0] > 0]
        third = np.digitize(visits[member], np.quantile(visits[member], [1 / 3, 2 / 3]), right=True)
        found.append(np.bincount(third, rewards[member], minlength=3) / rewards[member].sum())
    return np.array(found)


def heavy_members(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether heavy buyers take most of the rewards and buy no more for them."""
    _need(lab)
    return {
        "heavy third's part of rewards": _rewards_by_third(lab)[:, 2],
        "heavy third's gain in visits": gains_by_third(lab)[:, 2],
    }


FACTS = (
    Fact(
        36,
        "heavy_buyers_join_first",
        "those who buy much join a programme, and join it first",
        cite(MEYER_WAARDEN_2007, "abstract: heavier buyers enrol earlier"),
        "held out",
        "a points club from the second year on: visits to the firm in the year before of members and others, and of "
        "who joined within a quarter and later",
        (
            Part("visits before, members less others", "visits", 0.0, coded=True),
            Part("first members less later", "visits", 0.0),
        ),
        first_to_join,
    ),
    Fact(
        37,
        "many_cards",
        "members stay less long where rivals have programmes too",
        cite(MEYER_WAARDEN_2007, "abstract: several cards near by shorten lifetimes"),
        "held out",
        "a points club from the second year on, rivals without one and with the same one from the start: who joined in "
        "its first quarter and visits the firm in the last quarter of the third year",
        (Part("members who still come, rivals with cards less without", "share", high=0.0),),
        many_cards,
    ),
    Fact(
        38,
        "heavy_members",
        "heavy buyers take most of the rewards and buy no more for them",
        cite(LIU_2007, "abstract: heavy buyers redeem and do not change; 3 % as no change is assumed"),
        "held out",
        "members of a points club by their visits of the year before: the heaviest third's part of rewards of the "
        "first year, and its gain in visits against itself without the club",
        (
            Part("heavy third's part of rewards", "share", 0.5),
            Part("heavy third's gain in visits", "share", -0.03, 0.03),
        ),
        heavy_members,
    ),
)
