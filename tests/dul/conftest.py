"""Hypothesis settings for the tests of the Upper Layer."""

from hypothesis import HealthCheck, settings

# No deadline: a busy machine must not fail a test that is right.
settings.register_profile(
    "dulcet", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("dulcet")
