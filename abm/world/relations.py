"""Relations: the states that a customer's relation to a firm may be in."""

from __future__ import annotations

import numpy as np

RELATIONS = ("prospect", "active", "dormant", "lost", "won_back")
PROSPECT, ACTIVE, DORMANT, LOST, WON_BACK = (np.uint8(code) for code in range(len(RELATIONS)))
