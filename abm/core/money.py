"""Money is kept in whole cents."""

from __future__ import annotations

import numpy as np

from abm.core.functions import whole
from abm.core.kernels import equation


@equation(double=True)
def cents(cu):
    """Return an amount in whole cents, rounded half up."""
    return whole(np.floor(100.0 * cu + 0.5))
