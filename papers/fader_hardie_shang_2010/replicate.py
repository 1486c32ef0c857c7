"""Supporters of a charity: each year one gives or not by a chance of her own, until she leaves without a word."""

import numpy as np
import pandas as pd

from abm.engine.engine import Engine
from abm.engine.visit_log import room, taken, visit_log
from abm.logs.bgbb import bgbb_history_probability, conditional_bgbb, fit_bgbb


def replicate(paper):
    """Return what each claim comes to."""
    data = pd.read_csv(paper.folder / paper.settings["data"])
    history, donors = [data[name] for name in ("frequency", "recency", "periods")], data["weights"]
    model = fit_bgbb(*history, donors)
    found = [measured(paper, model, replication) for replication in range(paper.study.replications)]
    table = np.mean([one.pop("table") for one in found], axis=0)
    off = np.abs(table / table.sum() - expected(model, paper.settings["fitted_years"])).max()
    held_out = np.array(paper.settings["held_out"]["years"])
    foretold = conditional_bgbb(model, held_out.size, *history) @ donors
    below = "foretold by formula from each one's history, below those that came (%)"
    return {
        "BG/BB on six years of gifts: alpha": model.alpha,
        **{f"BG/BB: {name}": getattr(model, name) for name in ("beta", "gamma", "delta")},
        **{name: np.array([one[name] for one in found]) for name in found[0]},
        "simulated supporters: largest distance of a history from what is expected, of 11,104": model.n * off,
        f"out of sample: gifts of 2002-2006, {below}": 100 * (1 - foretold / held_out.sum()),
    }


def histories(years):
    """Return every history of some years, as (times given, last year given)."""
    return np.array([(x, last) for last in range(years + 1) for x in range(min(last, 1), last + 1)])


def expected(model, years):
    """Return the share of supporters who are expected to have each history."""
    x, last = histories(years).T
    return bgbb_history_probability(model, x, last, np.full(x.size, years))


def measured(paper, model, replication):
    """Return the measures of a replication."""
    years, n = paper.settings["fitted_years"], paper.study.scenario.population.customers
    gave, exited = lives(paper, model, replication)
    seen = gave[:, :years]
    x, last = seen.sum(axis=1), (seen * np.arange(1, years + 1)).max(axis=1)
    there = (exited < 0) | (exited > years)
    each = histories(years)
    table = np.bincount(last * (years + 1) + x, minlength=(years + 1) ** 2)[each @ (1, years + 1)]
    again, foreseen = fit_bgbb(*each.T, np.full(len(each), years), table), n * expected(model, years)
    share = model.n / n
    simulated, refitted = "simulated supporters:", "BG/BB refitted to simulated supporters:"
    chi_square = "chi-square of the table of histories, times given by last year, against the expected one"
    return {
        f"{simulated} of 11,104, those who give in none of six years": share * (x == 0).sum(),
        f"{simulated} of 11,104, those who give in all six years": share * (x == years).sum(),
        f"{simulated} share still there in the seventh year, of who never gave": there[x == 0].mean(),
        f"{simulated} the same, of who gave twice, the last time in year 4": there[(x == 2) & (last == 4)].mean(),
        f"{simulated} the same, of who gave every year": there[x == years].mean(),
        f"{simulated} gifts of 11,104 in the next five years": share * gave[:, years:].sum(),
        f"{simulated} {chi_square}": ((table - foreseen) ** 2 / foreseen).sum(),
        f"{refitted} alpha": again.alpha,
        f"{refitted} delta": again.delta,
        "table": table,
        **beside(paper.settings["held_out"], x, gave[:, years:], share),
    }


def beside(came, x, ahead, share):
    """Return simulated gifts of the years held out beside those that came.

    x : times given before (n,)      ahead : whether each gave (n, years)      share : the log's supporters for each
    """
    gifts, total = share * ahead.sum(axis=0), sum(came["years"])
    by_times, who = np.bincount(x, ahead.sum(axis=1), minlength=7), np.bincount(x, minlength=7)
    each = np.divide(by_times, who, out=np.full(who.size, np.nan), where=who > 0)
    simulated = "out of sample: simulated gifts"
    return {
        f"{simulated} of 2002-2006 below those that came (%)": 100 * (1 - gifts.sum() / total),
        f"{simulated} of 2002 below those that came (%)": 100 * (1 - gifts[0] / came["years"][0]),
        f"{simulated} of 2006 above those that came (%)": 100 * (gifts[-1] / came["years"][-1] - 1),
        **{
            f"{simulated} in 2002-2006 of one who gave in {words} of six years, less those that came": (
                each[times] - came["by_times_given"][times] / came["supporters"][times]
            )
            for times, words in ((0, "none"), (3, "three"), (6, "all"))
        },
        "out of sample: simulated share who give nothing in 2002-2006, less that of those who did": (
            (ahead.sum(axis=1) == 0).mean() - came["silent"] / sum(came["supporters"])
        ),
    }


def lives(paper, model, replication):
    """Return whether each supporter gave in each year (n, years), and the year before which she left, -1 = has not."""
    scenario = paper.study.scenario
    n = scenario.population.customers
    chances = {
        "population.purchase_rate": model.mean_rate, "population.rate_shape": model.alpha,
        "population.drop_out": model.mean_dropout, "population.drop_out_shape": model.gamma,
    }  # fmt: skip
    market = scenario.replace(chances).adding(visit_log((), room(n, scenario.periods)))
    engine = Engine(market, paper.study.seed, replication)
    engine.run(scenario.periods)
    visits = taken(engine.world, ())
    gave = np.zeros((n, scenario.periods), np.int64)
    gave[visits["customer"], visits["period"]] = visits["firm"] >= 0
    return gave, np.asarray(engine.world.customers.exited)
