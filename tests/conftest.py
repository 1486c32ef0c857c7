"""Settings of every test: Hypothesis tries the same examples each time, a first call may compile, Ctrl-C works."""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("patronage", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patronage")

# A shell starts background jobs with Ctrl-C ignored, and processes that tests start and interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
