"""A firm that spends a fifth more and a fifth less on advertising, where all firms advertise."""

import numpy as np

from abm.engine.kept import Kept
from abm.engine.recording import record
from abm.facts.laboratory import Laboratory
from abm.facts.prices import advertising
from abm.mechanisms.social.advertising import Advertising

SOON, LATE = "in the quarter", "in the second year"


def replicate(paper):
    """Return what each claim comes to, by replication."""
    study, own = paper.study, paper.settings
    usual = advertising(Laboratory(study.scenario, study.replications, study.seed))
    few, all_of_them = (new_brand(paper, known) for known in (own["known"], 1.0))
    return {
        "advertising elasticity in the quarter (the market was set up by it)": usual[SOON],
        "advertising elasticity in the second year (the market was set up by it)": usual[LATE],
        "second year less quarter": usual[LATE] - usual[SOON],
        "elasticity in the quarter of a brand that few know less that of one that all know (unseen)": few - all_of_them,
    }


def new_brand(paper, known):
    """Return the advertising elasticity of the first firm's visits in its first quarter (replications,).

    known : share of customers who know it at first
    """
    base, own = paper.study.scenario, paper.settings
    theory = base.advertising or Advertising()
    spends = {f"firms.{firm.name}.advertising.advertising_spend": theory.half_reach for firm in base.firms}
    first = base.firms[0].name
    market = {"advertising": theory, **spends, f"firms.{first}.initial_awareness": known, "periods": own["quarter"]}

    def visits(change):
        more = {f"firms.{first}.advertising.advertising_spend": theory.half_reach * (1.0 + change)}
        scenario, kept = base.replace({**market, "burn_in": 0, **more}), Kept()
        runs = (record(scenario, paper.study.seed, k, kept=kept) for k in range(paper.study.replications))
        return np.array([run.tallies["visits"][:, 0].sum() for run in runs])

    step = own["step"]
    return np.log(visits(step) / visits(-step)) / np.log((1.0 + step) / (1.0 - step))
