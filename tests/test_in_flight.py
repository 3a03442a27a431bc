"""Several samples in flight: errors that come late find the trial that they answer."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eventsnn as es
from eventsnn.rules import trials

OPEN = 8.0  # how long a sample's spikes take
LATE = 24.0  # how much later its errors come to the hidden layer: half of it teacher, half of it way back


def learn(k, mode="accumulate", remember=True, engine="reference", lr=1e-3, samples=8, seed=3, batch=1):
    """Samples that follow each other so fast that k are in flight; errors take equally long, whatever k is."""
    period = (LATE + OPEN) / k
    after = [max(0.0, late - (period - OPEN)) for late in (LATE, LATE / 2)]
    memories = [es.in_flight(math.ceil(a / period) + 1, a) if remember else es.OneTrial() for a in after]
    modes = [mode, {"gather": "immediate"}.get(mode, mode) if batch == 1 else "accumulate"]
    hidden, output = (
        es.SpikeTimeGradient(mode=m, step=es.Sgd(lr=lr), trials=t) for m, t in zip(modes, memories, strict=True)
    )
    rng = np.random.default_rng(seed)
    net = es.Network(seed, engine)
    x, h, y = net.add(es.Latency(), 3), net.add(es.IF(), 4, name="h"), net.add(es.IF(), 2, name="y")
    xh = net.connect(x, h, hidden, weight=rng.uniform(0.4, 1.5, (3, 4)))
    hy = net.connect(h, y, output, weight=rng.uniform(0.3, 1.0, (4, 2)), feedback="symmetric", feedback_delay=LATE / 2)
    teacher = net.teach(y, es.TargetTimes([[1.0, 2.0], [2.0, 1.0]]), delay=LATE / 2)
    stimulus = es.Stimulus(rng.uniform(0.0, 1.0, (samples, 3)), np.arange(samples) % 2, period, passes=1, batch=batch)
    net.stimulate(stimulus, x, layers=[h, y], teacher=teacher, apply_delays=after)
    return net, (xh, hy)


def changes(k, mode, seed=3, **how):
    """What all samples together change, with steps so small that it does not matter which weights a sample meets."""
    net, projections = learn(k, mode, lr=1e-9, seed=seed, **how)
    before = [net.matrix(p) for p in projections]
    net.run(300.0)
    after = [net.matrix(p) for p in projections]
    return [(b - a) * 1e9 for a, b in zip(before, after, strict=True)], [net.synapse_state(p) for p in projections]


@pytest.mark.parametrize("mode", ["accumulate", "gather", "immediate"])
@settings(max_examples=5)
@given(k=st.sampled_from([2, 3, 4]), seed=st.integers(0, 100))
def test_samples_in_flight_change_what_they_change_one_at_a_time(mode, k, seed):
    (one, _), (many, state) = changes(1, mode, seed), changes(k, mode, seed)
    for a, b in zip(one, many, strict=True):
        assert b == pytest.approx(a, abs=1e-5 * max(np.abs(a).max(), 1.0))
    assert sum(s["post.mixed"].sum() for s in state if "post.mixed" in s) == 0.0


@pytest.mark.parametrize("k", [1, 4])
def test_changes_of_a_batch_add_up_until_its_end(k):
    """Plain steps: eight samples in two batches change what they change one by one."""
    (alone, _), (together, _) = (changes(k, "gather", batch=batch) for batch in (1, 4))
    for a, b in zip(alone, together, strict=True):
        assert b == pytest.approx(a, abs=1e-5 * np.abs(a).max())
    net, (xh, _) = learn(1, "gather", batch=4)
    before = net.matrix(xh)
    assert np.array_equal(net.run(4 * (LATE + OPEN)).matrix(xh), before)
    assert not np.array_equal(net.run(1.0).matrix(xh), before)


def test_without_memory_errors_are_taken_for_those_of_other_samples():
    (one, _), (many, _), (lost, _) = (changes(k, "gather", remember=r) for k, r in ((1, True), (4, True), (4, False)))
    assert many[0] == pytest.approx(one[0], abs=1e-5 * np.abs(one[0]).max())
    assert np.abs(lost[0] - one[0]).max() > 0.1 * np.abs(one[0]).max()


@pytest.mark.parametrize("mode", ["gather", "immediate"])
def test_same_bits_on_both_engines(mode, plain_python):
    (one, projections), (other, others) = (learn(4, mode, engine=engine) for engine in ("reference", "compiled"))
    one.run(90.0)
    other.run(90.0)
    for p, q in zip(projections, others, strict=True):
        ours, theirs = one.synapse_state(p), other.synapse_state(q)
        assert all(np.array_equal(values, theirs[name]) for name, values in ours.items())
        assert np.count_nonzero(ours["syn.ts_1"] > 0.0)


def test_saved_with_errors_under_way(tmp_path):
    whole, projections = learn(4, "gather")
    whole.run(90.0)
    half, _ = learn(4, "gather")
    half.run(37.0)
    half.save(tmp_path / "half.net")
    rest = es.Network.load(tmp_path / "half.net")
    rest.run(until=90.0)
    for p in projections:
        assert np.array_equal(whole.matrix(p), rest.matrix(rest.projection(p.name)))
    assert repr(rest.projection(projections[0].name).rule.trials) == "Trials4(after=24.0)"


def test_memory_is_counted_and_asked_for_by_name():
    words = [len(es.SpikeTimeGradient(trials=es.in_flight(k)).synapse_state) for k in (1, 2, 16)]
    assert [w - words[0] for w in words] == [0, 1, 15]
    at_neuron = [len(es.in_flight(k).post_state) for k in (1, 2, 16)]
    assert at_neuron == [3, 10, 52]
    net, _ = learn(4)
    assert [str(r.relaxation) for r in net.relaxations()].count("history(3)") == 4
    net.description.allow = ("instant", "weight_transport", "barrier")
    with pytest.raises(es.LocalityError, match=r"Trials4\.ts needs history\(3\)"):
        net.run(1.0)


@pytest.mark.parametrize(("k", "unused"), [(3, 1), (4, 0)])
def test_an_error_for_a_forgotten_trial_changes_nothing(k, unused):
    net = es.Network()
    x, y = net.add(es.Latency(), 1), net.add(es.IF(), 1)
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.1), trials=es.in_flight(k, after=LATE))  # and four are in flight
    xy = net.connect(x, y, rule, weight=2.0)
    teacher = net.teach(y, es.TargetTimes([[2.0]]), delay=LATE)
    net.stimulate(es.Stimulus(np.zeros((5, 1)), np.zeros(5, int), OPEN, passes=1), x, layers=[y], teacher=teacher)
    net.run(4.0 * OPEN)  # by then the first sample's error has come, and the second's is on its way
    assert net.synapse_state(xy)["post.unused"].tolist() == [unused]
    assert (net.matrix(xy)[0, 0] != 2.0) == (unused == 0)


def test_gathered_errors_are_never_mixed_with_those_of_another_trial():
    """Without the `apply` between two trials the second's errors are left out, and counted."""
    net, (xh, _) = learn(4, "gather")
    for p in net.description.projections:
        if p.port == "apply" and p.post.name == "h":
            p.delay = 1000.0
    state = net.run(300.0).synapse_state(xh)
    assert state["post.mixed"].sum() > 0
    assert np.count_nonzero(state["post.error"])


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, 65, "3"])
def test_depths_that_cannot_be(wrong):
    with pytest.raises(es.NetworkError, match="whole number from 1 to 64"):
        es.in_flight(wrong)


def test_delays_that_cannot_be():
    with pytest.raises(es.NetworkError, match="need more trials than one"):
        es.in_flight(1, after=3.0)
    with pytest.raises(es.NetworkError, match="seconds from 0"):
        es.in_flight(2, after=-1.0)
    net = es.Network()
    x, y = net.add(es.Latency(), 1), net.add(es.IF(), 1)
    with pytest.raises(es.NetworkError, match="2 apply_delays for 1 layers"):
        net.stimulate(es.Stimulus(np.zeros((1, 1)), [0], 1.0), x, layers=[y], apply_delays=[1.0, 2.0])
    with pytest.raises(AttributeError):
        _ = trials.Trials65
