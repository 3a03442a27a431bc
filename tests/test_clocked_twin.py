"""The clocked twin: what our events do is the limit of the review's discrete network and of its gradients."""

from dataclasses import replace

import limits
import numpy as np
import pytest
from oracles.clocked import filtered, filtered_back

DT = 0.25e-3


@pytest.fixture(scope="module")
def found():
    """Differences of spike times and of gradients, for every rule and step."""
    return {rule: np.array([limits.differences(rule, dt) for dt in limits.STEPS]) for rule in limits.RULES}


@pytest.mark.parametrize("rule", limits.RULES)
def test_gradients_are_the_limit_of_backpropagation_through_time(rule, found):
    """At the first order, that of the twin: from a third apart at 0.5 ms to 2 % at 0.016 ms."""
    errors = found[rule][:, 1].tolist()
    assert 0.85 < limits.order(errors) < 1.15
    assert errors[-1] < 0.02 < 0.2 < errors[0]


@pytest.mark.parametrize("rule", ["LocalError", "AdaptiveEProp"])
def test_spike_times_are_the_limit_of_the_clocked_ones(rule, found):
    """At the first order: they are off by about the length of a step, with a fixed and with a moving threshold."""
    errors = found[rule][:, 0]
    assert 0.85 < limits.order(errors.tolist()) < 1.15
    assert np.all(errors < 2.0 * np.array(limits.STEPS))


@pytest.mark.parametrize("wrong", [{"height": 1.1}, {"tau_syn": 5.5e-3}])
def test_the_comparison_would_notice(wrong, monkeypatch):
    """A tenth too much in the surrogate or a time constant: then the differences do not vanish."""
    right = limits.twin

    def off(*args):
        made = right(*args)
        for name, value in wrong.items():
            setattr(made, name, value)
        return made

    monkeypatch.setattr(limits, "twin", off)
    errors = [limits.differences("SuperSpike", dt)[1] for dt in limits.STEPS[3:]]
    assert not (min(errors) < 0.02 and errors[-1] < 0.6 * errors[0])


@pytest.mark.parametrize("rule", ["SuperSpike", "AdaptiveEProp"])
def test_the_twin_is_differentiated_exactly(rule):
    """Where spikes are replaced by the integral of their surrogate, and what has no derivative is held fixed."""
    given = limits.task(limits.SEEDS[0])
    x, twin = limits.raster(given.trains, DT), limits.twin(rule, given, DT)
    fixed = twin.run(x).copy()

    def loss(s):
        return 0.5 * DT * np.sum(filtered(s, DT, (5e-3, 10e-3)) ** 2)

    soft = twin.run(x, soft=True, given=fixed)
    by_spike = DT * filtered_back(filtered(soft, DT, (5e-3, 10e-3)), DT, (5e-3, 10e-3))
    twin.s = soft
    gradient = twin.gradients(by_spike)[0]
    for i, j in ((0, 0), (3, 1), (9, 3)):
        both = []
        for h in (1e-5, -1e-5):
            w = given.w.copy()
            w[i, j] += h
            both.append(loss(replace(twin, w=w).run(x, soft=True, given=fixed)))
        assert gradient[i, j] == pytest.approx((both[0] - both[1]) / 2e-5, rel=1e-6)
