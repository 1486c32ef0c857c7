"""Which traits go together: those who buy often may spend less on an occasion, or mind prices more.

Claim: the traits of a customer depend on each other as normal variables do (a Gaussian copula), each keeping the
distribution that it has alone.  How strongly is assumed: a purchase log tells of rates and baskets one by one.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import create_model, model_validator

from abm.core.distributions import copula, misfit
from abm.core.errors import CONTINUES, Refusal, shown
from abm.core.spec import Spec, param

TRAITS = ("purchase_rate", "basket", "price_weight")  # in the order of their uniforms
PAIRS = {f"{one}_{other}": (one, other) for one, other in combinations(TRAITS, 2)}


class _Pairs(Spec):
    """How traits go together: correlations of the normal variables behind them.

    Ranks of two traits correlate by (6 / pi) asin(correlation / 2), a little less.
    """

    @model_validator(mode="after")
    def _exists(self) -> Self:
        found = misfit(self.matrix())
        if found is not None:
            i, j, factor = found
            pair = f"{TRAITS[i]}_{TRAITS[j]}"
            raise Refusal(
                f"{CONTINUES}{shown(getattr(self, pair))} does not go with the other correlations: no traits correlate "
                f"like this; multiply all by {factor} or less",
                place=pair,
            )
        return self

    @property
    def said(self) -> dict[str, float]:
        """The correlations that are not 0, by pair."""
        return {pair: value for pair in PAIRS if (value := getattr(self, pair))}

    def matrix(self) -> NDArray[np.float64]:
        """Return the correlations of all traits with all, (3, 3)."""
        matrix = np.eye(len(TRAITS))
        for pair, (one, other) in PAIRS.items():
            i, j = TRAITS.index(one), TRAITS.index(other)
            matrix[i, j] = matrix[j, i] = getattr(self, pair)
        return matrix

    def apply(self, luck: NDArray[np.float64]) -> None:
        """Let the uniforms of traits (3 or more, n) depend on each other.  Written in place, but for the first's."""
        if self.said:
            luck[: len(TRAITS)] = copula(self.matrix(), luck[: len(TRAITS)])


def _fields() -> dict[str, Any]:
    """Return a parameter for every pair of traits."""
    return {
        pair: (float, param(0.0, unit="correlation", bounds=(-1, 1), evidence="assumed", doc=f"of {one} and {other}"))
        for pair, (one, other) in PAIRS.items()
    }


if TYPE_CHECKING:

    class Correlation(_Pairs):
        """How traits go together."""

else:
    Correlation = create_model("Correlation", __base__=_Pairs, __module__=__name__, __doc__=_Pairs.__doc__, **_fields())
