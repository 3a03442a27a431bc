"""Errors of teachers, steps, clips and remedies equal their formulas, and every counter counts."""

import math

import numpy as np
import pytest
from plain import Collect, IntegrateFire, Plain

import eventsnn as es

NO_CLIP = es.Clip(slope=1e-300)


def softmax_loss(times, label, sharpness, tau):
    there = np.isfinite(times.real)
    z = times[there] if tau == math.inf else np.exp(times[there] / tau)
    own = z[np.count_nonzero(there[:label])] if there[label] else np.inf
    return sharpness * own + np.log(np.exp(-sharpness * z).sum())


def race_loss(times, label, margin):
    late = [margin - (t - times[label]) for o, t in enumerate(times) if o != label and np.isfinite(t.real)]
    return sum(x for x in late if x.real > 0)


def target_loss(times, targets):
    there = np.isfinite(times.real) & np.isfinite(targets)
    return (0.5 * (times[there] - targets[there]) ** 2).sum()


def errors_of(teacher, times, label, start):
    """What a teacher answers to outputs that fire at given times after the label."""
    net = es.Network()
    y = net.add(es.SpikeTrain([[start + t] if np.isfinite(t) else [] for t in times]), name="y")
    ear = net.add(es.IF(), len(times), name="ear")
    t = net.add(teacher, name="teacher")
    net.connect(y, t)
    net.connect(t, ear, port="error")

    def tell(cell):
        yield cell.until(start)
        cell.send("label", float(label))

    net.connect(net.add(tell), t, port="label")
    net.record_messages()
    net.run(100.0)
    m = net.messages()
    errors = np.zeros(len(times))
    np.add.at(errors, m.target[m.port == "error"] - len(times), m.value[m.port == "error"])
    return errors, net, t


def complex_steps(loss, times):
    steps = np.zeros(len(times))
    for o in np.flatnonzero(np.isfinite(times)):
        moved = times.astype(complex)
        moved[o] += 1e-40j
        steps[o] = loss(moved).imag / 1e-40
    return steps


@pytest.mark.parametrize("seed", range(30))
def test_errors_of_teachers_are_derivatives_of_their_losses(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    times = np.sort(rng.uniform(0.01, 4.0, n))[rng.permutation(n)]
    label = int(rng.integers(n))
    if rng.random() < 0.4:
        times[(label + 1) % n] = np.inf
    sharpness, margin = float(rng.uniform(0.3, 3.0)), float(rng.uniform(0.1, 2.0))
    targets = rng.uniform(0.0, 4.0, n)
    targets[rng.integers(n)] = np.inf
    cases = [(es.MarginRace(margin), lambda t: race_loss(t, label, margin))]
    cases += [
        (es.FirstToSpike(n, 20.0, sharpness, tau), lambda t, tau=tau: softmax_loss(t, label, sharpness, tau))
        for tau in (1.0, 0.8, math.inf)
    ]
    cases += [(es.TargetTimes([targets] * n), lambda t: target_loss(t, targets))]
    for teacher, loss in cases:
        errors, net, t = errors_of(teacher, times, label, start=3.0)
        true = complex_steps(loss, times)
        assert errors == pytest.approx(true, rel=1e-11, abs=1e-12), teacher
        if isinstance(teacher, es.FirstToSpike):
            assert net.notes(t, "loss")[1][0] == pytest.approx(loss(times), rel=1e-12)


def test_a_label_whose_neuron_is_silent_pushes_the_others_away():
    times = np.array([1.0, np.inf, 2.0])
    errors, net, t = errors_of(es.FirstToSpike(3, 20.0), times, 1, start=0.0)
    z = np.exp(times[[0, 2]])
    p = np.exp(-z) / np.exp(-z).sum()
    assert errors == pytest.approx([-p[0] * z[0], 0.0, -p[1] * z[1]], rel=1e-12)
    assert net.notes(t, "loss")[1].tolist() == [math.inf]
    assert net.notes(t, "correct")[1].tolist() == [0.0]
    assert net.notes(t, "decision")[1].tolist() == [0.0]


def test_the_margin_race_answers_at_the_second_spike_of_a_pair():
    times = np.array([1.0, 1.5, 9.0])
    _, net, _ = errors_of(es.MarginRace(1.0), times, 1, start=0.0)
    m = net.messages()
    assert m.t[m.port == "error"].tolist() == [1.5, 1.5]  # the third output is late enough, and nobody waited for it


def reference_momentum(g, lr=0.01, decay=0.9):
    velocity = 0.0
    for x in g:
        velocity = decay * velocity - lr * x
        yield velocity


def reference_adaptive(g, lr=0.01, decay=0.99, epsilon=1e-8):
    square = 0.0
    for n, x in enumerate(g, start=1):
        square = decay * square + (1 - decay) * x**2
        yield -lr * x / (math.sqrt(square / (1 - decay**n)) + epsilon)


def reference_adam(g, lr=0.001, b1=0.9, b2=0.999, epsilon=1e-8):
    m = v = 0.0
    for n, x in enumerate(g, start=1):
        m, v = b1 * m + (1 - b1) * x, b2 * v + (1 - b2) * x**2
        yield -lr * (m / (1 - b1**n)) / (math.sqrt(v / (1 - b2**n)) + epsilon)


def reference_annealed_adam(g, half=20.0):
    return (change / (1 + n / half) for n, change in enumerate(reference_adam(g)))


@pytest.mark.parametrize(
    ("step", "reference"),
    [
        (es.Sgd(lr=0.03), lambda g: (-0.03 * x for x in g)),
        (es.Momentum(), reference_momentum),
        (es.Adaptive(), reference_adaptive),
        (es.Adam(), reference_adam),
        (es.AnnealedAdam(half=20.0), reference_annealed_adam),
    ],
    ids=lambda value: type(value).__name__,
)
def test_steps_equal_their_published_formulas(step, reference):
    """A frozen stimulus: every trial shows the rule one gradient, computed from the weights as they then are."""
    net = es.Network()
    stimulus = net.add(es.Stimulus([[0.0, 0.3]], [0], period=20.0))
    x, y = net.add(es.Latency(), 2), net.add(es.IF())
    for p in (x, y):
        net.connect(stimulus, p, port="reset")
    net.connect(stimulus, x, port="value")
    rule = es.SpikeTimeGradient(step=step, clip=NO_CLIP)
    xy = net.connect(x, y, rule, weight=[1.1, 0.9], record=["weights"])
    teacher = net.teach(y, es.TargetTimes([[1.1]]), delay=0.01)
    net.connect(stimulus, teacher, port="label")
    net.run(20.0 * 60)
    changes = net.weight_changes(xy)
    assert len(changes.t) == 2 * 60
    w = np.vstack([changes.initial, changes.w.reshape(-1, 2)])
    gradients = []
    for row in w[:-1]:
        plain = Plain(IntegrateFire(), np.array([0.0, 0.3]), [row[:, None].copy()], [np.zeros((2, 1))])
        gradients.append(plain.derivatives(lambda t: (0.5 * (t - 1.1) ** 2).sum())["weights"][0][:, 0])
    for i in range(2):
        steps = np.array(list(reference([g[i] for g in gradients])))
        assert np.diff(w[:, i]) == pytest.approx(steps, rel=1e-7, abs=1e-12)


def trials(rule, weight, errors, n_trials, inputs=((0.0,),), until=None):
    """One neuron, a reset and an apply per trial; the errors of `errors(k)` arrive in trial k after 5 s."""
    net = es.Network()

    def stimulus(cell):
        for k in range(n_trials):
            yield cell.until(10.0 * k)
            cell.send("reset")
            for error in errors(k):
                yield cell.until(10.0 * k + 5.0)
                cell.send("error", error)
            yield cell.until(10.0 * k + 9.0)
            cell.send("apply", 1.0)

    x = net.add(es.SpikeTrain([[10.0 * k + t for k in range(n_trials) for t in train] for train in inputs]))
    y = net.add(es.IF())
    s = net.add(stimulus)
    for port in ("reset", "error", "apply"):
        net.connect(s, y, port=port)
    projection = net.connect(x, y, rule, weight=weight, delay=0.5)
    net.run(10.0 * n_trials if until is None else until)
    return net.synapse_state(projection)


def test_the_clip_counts_what_it_changes():
    rule = es.SpikeTimeGradient(mode="accumulate", step=es.Sgd(lr=0.0), clip=es.Clip(slope=10.0))
    flat = trials(rule, 2.0, [[1.0], [], [1.0]].__getitem__, 3)
    assert flat["post.floored"].tolist() == [2.0]  # the slope at threshold is 1, below 10, at two errors
    assert flat["post.cut"].tolist() == [0.0]
    steep = es.SpikeTimeGradient(mode="accumulate", step=es.Sgd(lr=0.0), clip=es.Clip(slope=0.1, error=0.7))
    cut = trials(steep, 2.0, [[0.5], [0.9], [-5.0]].__getitem__, 3)
    assert cut["post.floored"].tolist() == [0.0]
    assert cut["post.cut"].tolist() == [2.0]


def test_a_cut_error_is_the_bound():
    rule = es.SpikeTimeGradient(mode="immediate", step=Collect(), clip=es.Clip(slope=0.1, error=0.7))
    state = trials(rule, 2.0, [[-5.0]].__getitem__, 1)
    assert state["syn.total"] == pytest.approx([0.7 * 0.5])  # -error psp(ln 2), psp(ln 2) = 1/2


def test_a_row_is_scaled_to_its_bound_and_counted():
    rule = es.SpikeTimeGradient(mode="accumulate", step=Collect(), bound=0.25, clip=NO_CLIP)
    state = trials(rule, 1.0, [[4.0], [1e-3]].__getitem__, 2, inputs=((0.0,), (0.0,)))
    # two equal gradients of -2, scaled to norm 1/4; then two of -0.0005, left alone
    assert state["syn.total"] == pytest.approx(2 * [-0.25 / math.sqrt(2) - 0.0005])
    assert state["post.clipped"].tolist() == [1.0]


def test_errors_for_a_silent_neuron_are_counted_and_change_nothing():
    state = trials(es.SpikeTimeGradient(step=es.Sgd(lr=1.0)), 0.9, [[1.0, 2.0], [3.0]].__getitem__, 2)
    assert state["post.unused"].tolist() == [3.0]
    assert state["w"].tolist() == [0.9]


def test_the_weight_sum_lifts_until_it_is_reached():
    rule = es.SpikeTimeGradient(cost=es.WeightSum(sum=1.25, rate=0.25))
    state = trials(rule, [0.25, 0.25], lambda k: [], 5, inputs=((0.0,), (0.0,)))
    # the sum goes 0.5, 1.0, 1.5; the second lift brings it above 1.25
    assert state["w"].tolist() == [0.75, 0.75]
    assert state["post.sum_lifts"].tolist() == [2.0]
    assert state["post.weight_sum"].tolist() == [1.5]


def test_the_bump_waits_doubles_and_stops():
    rule = es.SpikeTimeGradient(silence=es.Bump(amount=0.125, patience=2.0, most=0.25))
    weights = [trials(rule, 0.25, lambda k: [], n)["w"][0] for n in range(1, 7)]
    # silent, silent: +1/8, silent: +2/8, silent: +2/8 (the most), silent: +2/8; then it is above threshold and fires
    assert weights == [0.25, 0.375, 0.625, 0.875, 1.125, 1.125]
    state = trials(rule, 0.25, lambda k: [], 6)
    assert state["post.bumps"].tolist() == [4.0]
    assert state["post.silent"].tolist() == [0.0]


def test_a_spike_just_before_a_reset_belongs_to_the_old_trial():
    """The neuron crosses at ln 2; the reset comes at that very instant, after it."""
    net = es.Network()
    x, y = net.add(es.SpikeTrain([0.0])), net.add(es.IF())
    xy = net.connect(x, y, es.SpikeTimeGradient(step=es.Sgd(lr=1.0)), weight=2.0)
    probe = es.Network()
    u, v = probe.add(es.SpikeTrain([0.0])), probe.add(es.IF())
    probe.connect(u, v, weight=2.0)
    crossing = float(probe.run(2.0).spikes(v).t[0])

    def reset(cell):
        yield cell.until(crossing)
        cell.send("reset")
        cell.send("error", 1.0)

    r = net.add(reset)
    net.connect(r, y, port="reset")
    net.connect(r, y, port="error", delay=0.25)
    net.run(2.0)
    assert net.spikes(y).t.tolist() == [crossing]
    assert net.synapse_state(xy)["post.unused"].tolist() == [1.0]
    assert net.weights(xy).tolist() == [2.0]
