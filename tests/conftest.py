"""What all tests share: one budget for property tests, and kernels as plain Python."""

import signal
import sys

import numba
import pytest
from hypothesis import HealthCheck, settings

from eventsnn.engines import cache

# A shell that starts something in the background has it ignore Ctrl-C; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "eventsnn",
    deadline=None,  # a shared machine is sometimes slow
    derandomize=True,  # the same examples every time; more of them with --hypothesis-profile=more
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("more", parent=settings.get_profile("eventsnn"), max_examples=2000, derandomize=False)
settings.load_profile("eventsnn")


@pytest.fixture(autouse=True)
def no_figure_left_open():
    """A test that draws leaves nothing for the next one to find."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def plain_python(monkeypatch):
    """Run the text of kernels without compiling it."""
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    cache.load.cache_clear()
    yield
    cache.load.cache_clear()
