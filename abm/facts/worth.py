"""Facts of what customers are worth to a firm through others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.sources import HOGAN_LEMON_LIBAI_2003
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import YEARS, Laboratory

_KNOWN_BY = 0.02  # of customers know each firm when the market begins
_TAKEN = 0.03  # of customers are taken away
_EARLY = 0.5  # years after which the early ones are taken away, and by which they have come


def _visits(lab: Laboratory, until: int, taken: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return each customer's visits to the first firm before a period, and who was taken away: (runs, customers).

    taken : parameters of the knock-out; {} = nobody is taken away
    """
    known = {f"firms.{firm.name}.initial_awareness": _KNOWN_BY for firm in lab.scenario.firms}
    visits, removed = [], []
    for engine in lab.runs({**known, "knock_out": dict(taken), "customer_accounts": {}}):
        engine.run(until)
        c = engine.world.customers
        visits.append(c.visits_so_far[0].astype(np.float64))
        removed.append(c.knocked_out > 0 if taken else np.zeros(engine.world.n, np.bool_))
    return np.array(visits), np.array(removed)


def early_customers(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure the visits of others that go with a customer who is lost early, and late, in a market that grows."""
    lab.need("word_of_mouth", "lifecycle")
    lab.need_rivals()
    year, soon = lab.year, max(1, round(_EARLY * lab.year))
    most = max(1, round(_TAKEN * lab.scenario.population.customers))
    others = {}
    for name, lost in (("early", {"at": soon}), ("late", {"at": (YEARS - 1) * year, "since": year})):
        until = lost["at"] + year
        there, _ = _visits(lab, until, {})
        left, removed = _visits(lab, until, {"part": 1.0, "most": most, "of_firm": lab.focal.name, **lost})
        missing = np.where(removed, 0.0, there - left).sum(axis=1)
        others[name] = missing / np.maximum(removed.sum(axis=1), 1)
    return {"others' visits per early customer": others["early"], "early less late": others["early"] - others["late"]}


FACTS = (
    Fact(
        25,
        "early_customers_are_worth_more",
        "a customer who is lost while the market grows takes others' custom with her, more than one who is lost later",
        cite(HOGAN_LEMON_LIBAI_2003, "abstract: earlier adopters are worth more"),
        "held out",
        "firms that one in fifty knows at first; visits of others to the first firm that are missing in the year after "
        "a customer of it has left the category, after half a year, or after two years having come in the second",
        (
            Part("others' visits per early customer", "visits/customer", 0.0),
            Part("early less late", "visits/customer", 0.0),
        ),
        early_customers,
    ),
)
