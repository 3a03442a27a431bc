"""What all tests share: one budget for property tests."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "eventsnn",
    deadline=None,  # a shared machine is sometimes slow
    derandomize=True,  # the same examples every time; more of them with --hypothesis-profile=more
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("more", parent=settings.get_profile("eventsnn"), max_examples=2000, derandomize=False)
settings.load_profile("eventsnn")
