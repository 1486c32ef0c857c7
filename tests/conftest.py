"""Settings of every test: Hypothesis tries the same examples each time, and a first call may compile."""

from hypothesis import HealthCheck, settings

settings.register_profile("patronage", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patronage")
