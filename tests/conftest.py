"""Settings of every test: Hypothesis tries the same examples each time, a first call may compile, Ctrl-C works."""

import gc
import os
import signal

from hypothesis import HealthCheck, settings

ALIKE = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("patronage", max_examples=50, **ALIKE)
settings.register_profile("thorough", max_examples=500, **ALIKE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "patronage"))

# A shell starts background jobs with Ctrl-C ignored, and processes that tests start and interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Looking for garbage among thousands of tests, of which none is, takes a good part of the time of collecting them.
gc.disable()


def pytest_collection_finish() -> None:
    """Leave the tests themselves out of all later searches for garbage."""
    gc.freeze()
    gc.enable()
