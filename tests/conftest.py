"""Settings of every test: Hypothesis tries the same examples each time, a first call may compile, Ctrl-C works."""

import gc
import signal

from hypothesis import HealthCheck, settings

from tests.examples import PROFILE, examples

ALIKE = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile(PROFILE, max_examples=examples(50), **ALIKE)
settings.load_profile(PROFILE)

# A shell starts background jobs with Ctrl-C ignored, and processes that tests start and interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Looking for garbage among thousands of tests, of which none is, takes a good part of the time of collecting them.
gc.disable()


def pytest_collection_finish() -> None:
    """Leave the tests themselves out of all later searches for garbage."""
    gc.freeze()
    gc.enable()
