"""Twins: one person in two arms, with the same luck; what differs between them is what the arm did to her.

Claim: with common random numbers a person's difference between two arms is the effect of the arm on her, so that the
mean over persons is the average effect, and how it goes with her traits is known without a model of selection.
Source: definition (potential outcomes: Rubin 1974, Journal of Educational Psychology, from memory).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.study.statistics.paired import interval

KEYS = ["point", "replication", "period", "customer"]


def twins(persons: pd.DataFrame, column: str, arm: str, against: str) -> pd.DataFrame:
    """Return a row per person and date: her values of a column in two arms, the effect, and what else is known.

    point, replication, period, customer : who and when
    <arm>, <against>, effect             : values, and the first minus the second
    …                                    : all other recorded columns, as they are in `against`

    Raises Refusal for a column that is not recorded.
    """
    values = [name for name in persons.columns if name not in ("run_id", "arm", *KEYS)]
    if column not in values:
        known = did_you_mean(column, values) or f"; there is {one_of(values)}"
        raise Refusal(f"no column {shown(column)} is recorded of persons{known}")
    if not pd.api.types.is_numeric_dtype(persons[column]):
        raise Refusal(f"{column} is no number, and has no difference; choose a column of numbers")
    one, other = (persons[persons["arm"] == name].set_index(KEYS) for name in (arm, against))
    both = one.index.intersection(other.index, sort=False)
    first, second = one.loc[both, column].astype(float), other.loc[both, column].astype(float)
    rest = other.loc[both, [name for name in values if name != column]]
    found = pd.DataFrame({arm: first, against: second, "effect": first - second}, index=both)
    return found.join(rest).reset_index()


def by_trait(found: pd.DataFrame, trait: str, parts: int = 5, confidence: float = 0.95) -> pd.DataFrame:
    """Return a row per part of the persons, of about equal size by a trait: its mean, the mean effect, the interval.

    A trait of words (`segment`, `provider`) has a part for each word, which then stands for ends and mean.

    found : as of `twins`, of one date       columns : low and high end of the trait, trait, effect, low, high, persons

    The unit of repetition is the replication: persons of one market are not independent.
    Raises Refusal for a column that is not there, and for several dates.
    """
    if trait not in found:
        known = did_you_mean(trait, found.columns) or f"; there is {one_of(found.columns)}"
        raise Refusal(f"no column {shown(trait)}{known}")
    if found["period"].nunique() > 1:
        raise Refusal("effects of several dates; keep one of them, such as found[found['period'] == 104]")
    words = not pd.api.types.is_numeric_dtype(found[trait])
    edges = np.zeros(2) if words else np.unique(np.quantile(found[trait].dropna(), np.linspace(0, 1, parts + 1)))
    part = found[trait] if words else pd.cut(found[trait], edges, include_lowest=True, labels=False)
    rows = []
    for name, own in found.groupby(part, observed=True):
        means = own.groupby("replication")["effect"].mean().to_numpy()
        mean, low, high, _ = interval(means, confidence)
        where = (name,) * 3 if words else (*edges[int(name) : int(name) + 2], own[trait].mean())
        rows.append((*where, mean, low, high, len(own)))
    return pd.DataFrame(rows, columns=["from", "to", trait, "effect", "low", "high", "persons"])
