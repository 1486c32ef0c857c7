"""Survey of attributes: what those who answer a survey say of each attribute of the service.

Claim: what is said of an attribute is what was met with on it, coloured by what she thinks of the firm as a whole.
Source: docs/model.md, attribute_survey, without a look at its kernels.

Draws are of the stream "attribute_survey": draws 0 and 1, block nth, for the errors of a visit's answers. The scale and
how a truth is stated are those of the twin of the survey.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference.attributes import Five, normals
from tests.reference.random_numbers import Key
from tests.reference.survey import exact_marks

EXAMPLE: dict[str, Any] = {"halo": 0.3, "noise": 0.1, "scale": 10, "leniency": 0.0, "slope": 1.0}
NO_ANSWER = 0


def met_where_all_are_alike(quality: float) -> Five:
    """Return what is met with on each attribute where none is better or worse than the firm's quality."""
    return (quality,) * 5


def luck(key: Key, identity: int, t: int, nth: int, replication: int) -> Five:
    """Return the error of each answer, standard."""
    return normals(key, identity, t, [(0, nth), (1, nth)], replication)


def truths(met: Five, satisfaction: float, p: Mapping[str, Any]) -> Five:
    """Return the truth behind each answer; satisfaction is that with the firm, after all visits of the period."""
    return tuple((1.0 - p["halo"]) * one + p["halo"] * satisfaction for one in met)


def marks(met: Five, satisfaction: float, bias: float, errors: Five, p: Mapping[str, Any]) -> list[float]:
    """Return what is said of each attribute in marks, and a half: cut off, they are the whole numbers said."""
    said = zip(truths(met, satisfaction, p), errors, strict=True)
    return [exact_marks(truth, p["scale"] - 1, bias, error, p) for truth, error in said]


def answers(answered: bool, marks: Sequence[float]) -> list[int]:
    """Return the numbers that are written down: from 1 on."""
    return [1 + math.floor(exact) if answered else NO_ANSWER for exact in marks]


def counted(answers: Sequence[Sequence[int]]) -> list[int]:
    """Return by how much the answers to each question exceed the lowest, of those who answer."""
    return [sum(given[question] - 1 for given in answers) for question in range(5)]
