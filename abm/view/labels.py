"""Answers under the labels of arms, for people to read; tables for programs and names of files keep the names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from abm.study.plan.experiment import Experiment
from abm.study.sensitivity.analysis import Sensitivity
from abm.study.sensitivity.thresholds import Thresholds


def said(words: str, labels: Mapping[str, str]) -> str:
    """Return words in which arms stand in single quotes, such as a verdict's statement, with their labels instead.

    labels : of arms, by name; those without one keep their names
    """
    if not labels:
        return words
    # one pass over all names, the longest first, so that a label that is another arm's name stays as it is
    names = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
    return re.sub(f"'({names})'", lambda found: f"'{labels[found[1]]}'", words)


def of_sensitivity(found: Sensitivity, study: Experiment) -> Sensitivity:
    """Return an analysis with arms under their labels."""
    labels = study.labels
    table, outputs = (one.assign(arm=one["arm"].replace(labels)) for one in (found.table, found.outputs))
    return replace(found, table=table, outputs=outputs, against=labels.get(found.against, found.against))


def of_thresholds(found: Thresholds, study: Experiment | None) -> Thresholds:
    """Return an analysis with arms under their labels; None = they have none."""
    labels = study.labels if study else {}
    both = {name: found.table[name].replace(labels) for name in ("arm", "against")}
    order = tuple(labels.get(arm, arm) for arm in found.order)
    return replace(found, table=found.table.assign(**both), order=order) if labels else found
