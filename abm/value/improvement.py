"""Priorities of improvement: which attribute to work on first, from answers to a survey.

Claim: an attribute is worth working on as far as it matters and as far as somebody else is better at it. What matters
is taken from the answers: the Shapley share of each attribute in the explained variance of overall satisfaction.

    priority = importance × (target - score),    target = the best rival's score, or a stated one

It is below 0 where the firm leads.

Source: definition; Shapley shares as of `importance`. Answers that are coloured by the whole (halo) make all attributes
matter more alike than they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.value.checks import has_columns, within
from abm.value.importance import shapley_shares


def stated_importance(
    visits: pd.DataFrame, attributes: Sequence[str], overall: str = "answer_overall", answered: str = "answered"
) -> pd.Series:
    """Return the Shapley share of R² of each attribute in overall satisfaction, by column: (k,), adding up to R².

    visits     : a row for each visit, as of a results' `visits`
    attributes : columns of answers to attributes, at most 10        overall : column of the overall answer
    answered   : column that says which visitors answered; others are left out

    Raises Refusal for a missing column, a table in which nobody answered, and an overall answer that all give alike.
    """
    has_columns(visits, [*attributes, overall, answered])
    said = visits[visits[answered] > 0]
    if not len(said):
        raise Refusal("nobody in the table answered")
    found = shapley_shares(said[[*attributes]].to_numpy(float), said[overall].to_numpy(float))
    return pd.Series(found, pd.Index(attributes, name="attribute"), name="importance")


def improvement_priority(
    scores: pd.DataFrame, importance: Mapping[str, float] | pd.Series, firm: str, target: float | None = None
) -> pd.DataFrame:
    """Return a row for each attribute, the first to work on first: score, target, importance, priority.

    scores     : a row for each firm, a column for each attribute; NaN where nobody answered a rival
    importance : of each of these attributes, at least 0        firm : whose priorities they are
    target     : score to reach on all attributes; left out = the best score of another firm

    Attributes of equal priority stay in the order of the table.

    Raises Refusal for a firm that is not in the table or is there twice, a score that it does not have, an attribute
    without importance, and a best rival who has no score.
    """
    firms = [str(name) for name in scores.index]
    if firms.count(firm) != 1:
        near = did_you_mean(firm, firms) or f"; there is {one_of(firms)}"
        said = "is twice in" if firm in firms else "is not in"
        raise Refusal(f"firm {shown(firm)} {said} the table of scores{'' if firm in firms else near}")
    attributes = [str(name) for name in scores.columns]
    for name in attributes:
        if name not in importance:
            raise Refusal(f"attribute {shown(name)} has no importance{did_you_mean(name, map(str, importance.keys()))}")
    own = within(f"score of {firm}", scores.to_numpy(float)[firms.index(firm)])
    wanted = _best_rivals(scores, firms.index(firm)) if target is None else np.full(own.size, float(target))
    matters = within("importance", [importance[name] for name in attributes], 0.0)
    table = pd.DataFrame(
        {"score": own, "target": wanted, "importance": matters, "priority": matters * (wanted - own)},
        pd.Index(attributes, name="attribute"),
    )
    return table.sort_values("priority", ascending=False, kind="stable")


def _best_rivals(scores: pd.DataFrame, row: int) -> np.ndarray:
    """Return the best score (k,) of the other firms on each attribute."""
    others = np.delete(scores.to_numpy(float), row, axis=0)
    unknown = np.isnan(others).all(axis=0)
    if unknown.any():
        name = scores.columns[int(np.argmax(unknown))]
        raise Refusal(f"no rival has a score on {shown(str(name))}; let rivals ask, too, or give a target")
    return np.nanmax(others, axis=0)
