"""Repeat purchase of households whose tastes last, and who may be bound by the brand they bought last."""

import numpy as np

from abm.engine.engine import Engine
from abm.engine.visit_log import logged_to_the_end, room, visit_log
from abm.logs.brands import ordered_purchases, repeat_rate, shuffled_repeat_rate
from abm.logs.loyalty import estimate_loyalty

PANELS = ("catsup", "crackers", "yogurt")
TASTES = 4000  # households over whom shares are worked out
STEPS = 200


def replicate(paper):
    """Return what each claim comes to."""
    found = {}
    for panel in PANELS:
        own = paper.settings[panel]
        made = [measured(paper, own, replication, own["state"]) for replication in range(paper.study.replications)]
        repeat, shuffled, share = (np.array(column) for column in zip(*made, strict=True))
        alone = [measured(paper, own, replication, 0.0) for replication in range(paper.study.replications)]
        part = "part of repeat purchase beyond market shares that taste makes"
        found |= {
            f"{panel}: repeat rate": repeat,
            f"{panel}: repeat rate of shuffled orders": shuffled,
            f"{panel}: repeat rate less that of shuffled orders": repeat - shuffled,
            f"{panel}: the same, without state dependence": np.array([one[0] - one[1] for one in alone]),
            f"{panel}: {part}": (shuffled - share) / (repeat - share),
        }
    return found | estimated(paper)


def measured(paper, own, replication, state):
    """Return repeat rate, that of shuffled orders, and that of households without taste: the sum of squared shares."""
    bought = purchases(paper, own, replication, state, paper.settings["copies"] * own["households"])
    shares = bought.counts.sum(axis=0) / bought.counts.sum()
    return repeat_rate(bought), shuffled_repeat_rate(bought), np.sum(shares**2)


def purchases(paper, own, replication, state, households):
    """Return the purchases of a market like a panel, after the burn-in."""
    scenario = paper.study.scenario
    worth = names_worth(own, state, paper.study.seed)
    changes = {
        "periods": scenario.burn_in + own["purchases"], "population.customers": households,
        "taste.taste_spread": own["taste"],
        "switching_cost.switching_weight": state / scenario.switching_cost.trait_mean,
    }  # fmt: skip
    changes |= {f"firms.{firm.name}.advertising.brand": one for firm, one in zip(scenario.firms, worth, strict=True)}
    market = scenario.replace(changes).adding(visit_log((), room(households, 1)))
    found = logged_to_the_end(Engine(market, paper.study.seed, replication))
    columns = (found[name] for name in ("customer", "period", "firm"))
    return ordered_purchases(*columns, households, len(worth)).within(market.burn_in, market.periods)


def names_worth(own, state, seed):
    """Return what each brand's name is worth for the market to have the panel's shares, logit units, on average 0.

    Households' shares are those of the steady state: pi_j ∝ e^V_j (sum e^V + (e^state - 1) e^V_j).
    """
    tastes = np.random.default_rng(seed).normal(0.0, own["taste"], (TASTES, len(own["shares"])))
    target, worth = np.array(own["shares"]), np.zeros(len(own["shares"]))
    for _ in range(STEPS):
        weight = np.exp(worth + tastes)
        share = weight * (weight.sum(axis=1, keepdims=True) + np.expm1(state) * weight)
        worth += np.log(target / (share / share.sum(axis=1, keepdims=True)).mean(axis=0))
        worth -= worth.mean()
    return [float(one) for one in worth]


def estimated(paper):
    """Return what is estimated of markets of yogurt's size, as they were, shuffled, and without state dependence."""
    own, rows = paper.settings["yogurt"], []
    for replication in range(paper.settings["estimated_markets"]):
        bought = purchases(paper, own, replication, own["state"], own["households"])
        luck = np.random.default_rng((paper.study.seed, replication))
        shuffled = ordered_purchases(
            bought.customer, luck.permutation(bought.customer.size), bought.firm, bought.customers, bought.firms
        )
        free = purchases(paper, own, replication, 0.0, own["households"])
        rows.append([estimate_loyalty(one).state_dependence for one in (bought, shuffled, free)])
    as_made, mixed, none = np.array(rows).T
    return {
        "yogurt: state dependence estimated less what was put in (logit units)": as_made - own["state"],
        "yogurt: the same of shuffled orders, estimated (logit units)": mixed,
        "yogurt: state dependence estimated where there is none (logit units)": none,
        "yogurt: state dependence estimated less that of shuffled orders (logit units)": as_made - mixed,
    }
