"""How many examples a property is tried on: all of them, a part where time is short, or ten times as many."""

import os

PROFILES = {"quick": 0.3, "patronage": 1.0, "thorough": 10.0}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "patronage")


def examples(usually: int) -> int:
    """Return how many examples to try of a test that tries so many with the usual profile."""
    return max(5, round(usually * PROFILES[PROFILE]))
