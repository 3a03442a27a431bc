"""Schedules, norms, mini-batches and remedies for silence follow their formulas, and a silent network learns."""

import math

import numpy as np
import pytest
from plain import Collect
from test_learning import trials

import eventsnn as es

NO_CLIP = es.Clip(slope=1e-300)


def signs(g, lr=0.03):
    return [-lr * np.sign(x) for x in g]


def test_a_sign_step_has_one_size():
    rule = es.SpikeTimeGradient(step=es.Sign(lr=0.125), clip=NO_CLIP)
    found = [trials(rule, 2.0, [[3.0], [-0.001], [], [0.002]].__getitem__, n)["w"][0] for n in range(1, 5)]
    assert found == [2.125, 2.0, 2.0, 2.125]  # a late spike asks for more weight


def test_a_neuron_norm_is_shared_by_its_synapses():
    decay, lr = 0.9, 0.01
    norm = es.NeuronNorm(decay=decay)
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=lr), norm=norm, clip=NO_CLIP)
    inputs = ((0.0,), (0.25,))
    errors = [[2.0], [-1.0], [0.5]]
    plain = es.SpikeTimeGradient(step=Collect(), clip=NO_CLIP)
    w, square, weight = np.array([1.5, 1.0]), 0.0, 0.0
    for n in range(1, 4):
        before = trials(plain, w, lambda k, n=n: errors[n - 1], 1, inputs=inputs)["syn.total"]
        for i, g in enumerate(before):
            square, weight = decay * square + (1 - decay) * g * g, decay * weight + (1 - decay)
            w[i] -= lr * g / (math.sqrt(square / weight) + 1e-8)
        state = trials(rule, [1.5, 1.0], errors.__getitem__, n, inputs=inputs)
        assert state["w"] == pytest.approx(w, rel=1e-12)
    assert len(state["post.norm_square"]) == 1
    assert not any(name.startswith("syn.norm") for name in state)


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        (es.Constant(), [1.0, 1.0, 1.0, 1.0, 1.0]),
        (es.Falling(half=2.0), [1 / 1.5, 1 / 2.0, 1 / 2.5, 1 / 3.0, 1 / 3.5]),
        (es.LinearDecay(end=4.0), [0.75, 0.5, 0.25, 0.0, 0.0]),
        (es.Stairs(every=2.0, by=0.25), [1.0, 1.0, 0.25, 0.25, 0.0625]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_schedules_count_trials(schedule, factors):
    rule = es.SpikeTimeGradient(step=es.Sign(lr=0.125), schedule=schedule)
    w = [2.0, *(trials(rule, 2.0, lambda k: [1.0], n)["w"][0] for n in range(1, 6))]
    assert np.diff(w) == pytest.approx([0.125 * f for f in factors], rel=1e-12)


def told(cell):
    for k, rate in enumerate((0.5, 0.0, 2.0)):
        yield cell.until(10.0 * k + 1.0)
        cell.send("rate", rate)
        yield cell.until(10.0 * k + 5.0)
        cell.send("error", 1.0)
        cell.send("error", 1.0)
        yield cell.until(10.0 * k + 9.0)
        cell.send("reset")


def test_a_rate_can_come_by_message():
    net = es.Network()
    x, y, s = net.add(es.SpikeTrain([0.0, 10.0, 20.0])), net.add(es.IF()), net.add(told)
    for port in ("rate", "error", "reset"):
        net.connect(s, y, port=port)
    rule = es.SpikeTimeGradient(step=es.Sign(lr=0.125), schedule=es.ByMessage())
    xy = net.connect(x, y, rule, weight=2.0, delay=0.5, record=["weights"])
    net.run(30.0)
    assert net.weight_changes(xy).w.tolist() == [2.0625, 2.125, 2.375, 2.625]


def batches(every):
    def stimulus(cell):
        for k in range(6):
            yield cell.until(10.0 * k)
            cell.send("reset")
            yield cell.until(10.0 * k + 5.0)
            cell.send("error", 1.0 + k)
            yield cell.until(10.0 * k + 8.0)
            cell.send("gather", 1.0)
            yield cell.until(10.0 * k + 9.0)
            if k % every == every - 1:
                cell.send("apply", 1.0)

    return stimulus


def batched(mode, every, feedback=True):
    """x -> h -> y, where h and y gather; returns weight changes of both projections and errors that came back."""
    net = es.Network()
    x, h, y = net.add(es.SpikeTrain([10.0 * k for k in range(6)])), net.add(es.IF()), net.add(es.IF())
    s = net.add(batches(every))
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=1e-9), mode=mode, clip=NO_CLIP)
    one = net.connect(x, h, rule, weight=2.0, delay=0.5, record=["weights"])
    two = net.connect(h, y, rule, weight=2.0, delay=0.5, record=["weights"], feedback="symmetric", feedback_delay=0.1)
    net.connect(s, y, port="error")
    for post, delay in ((h, 0.2), (y, 0.0)):  # a layer acts when the errors from above have come
        for port in ("apply", "gather"):
            net.connect(s, post, port=port, delay=delay, name=f"{port} {post.name}")
        net.connect(s, post, port="reset", name=f"reset {post.name}")
    net.run(60.0)
    back = net.message_counts()[f"{two.name} (back)"]
    return [np.diff([2.0, *net.weight_changes(p).w]) for p in (one, two)], back


@pytest.mark.parametrize("mode", ["accumulate", "gather"])
@pytest.mark.parametrize("every", [1, 2, 3])
def test_an_apply_after_k_trials_is_a_batch_of_k(mode, every):
    single, _ = batched(mode, 1)
    found, back = batched(mode, every)
    for each, whole in zip(single, found, strict=True):
        assert len(whole) == 6 // every
        assert whole == pytest.approx(each.reshape(-1, every).sum(axis=1), rel=1e-5)
    assert back == 6  # errors go back in every trial


def test_the_penalty_is_the_same_for_every_silent_trial():
    rule = es.SpikeTimeGradient(silence=es.Penalty(amount=0.25))
    found = [trials(rule, 0.5, lambda k: [], n)["w"][0] for n in range(1, 6)]
    assert found == [0.75, 1.0, 1.25, 1.25, 1.25]  # at 1 it comes near the threshold and never reaches it
    assert trials(rule, 0.5, lambda k: [], 5)["post.penalties"].tolist() == [3.0]


def test_the_rate_target_follows_its_trace():
    part = es.RateTarget(low=0.25, high=0.5, gain=0.5, memory=4.0)
    w, trace, raised, lowered = 0.5, 0.0, 0.0, 0.0
    for n in range(1, 13):
        trace += (float(w > 1.0) - trace) / 4.0
        lift = 0.5 * (0.25 - trace) if trace < 0.25 else 0.5 * (0.5 - trace) if trace > 0.5 else 0.0
        raised, lowered, w = raised + (trace < 0.25), lowered + (trace > 0.5), w + lift
        state = trials(es.SpikeTimeGradient(silence=part), 0.5, lambda k: [], n)
        assert state["w"] == pytest.approx([w], rel=1e-12)
        assert state["post.activity"] == pytest.approx([trace], rel=1e-12)
    assert state["post.raised"].tolist() == [raised]
    assert state["post.lowered"].tolist() == [lowered]
    assert raised > 1
    assert lowered > 1


LENGTH, END = 20.0, 8.0  # of a trial, and of what counts in it [s]


def two_classes(cell, pulses):
    """Reset and label; at END a pulse, if asked for; near the end gather and apply."""
    while True:
        n = cell.state.setdefault("n", 0)
        yield cell.until(LENGTH * n)
        cell.send("reset")
        cell.send("label", float(n % 2))
        yield cell.until(LENGTH * n + END)
        if pulses:
            cell.send("spike")
        yield cell.until(LENGTH * n + 18.0)
        cell.send("apply", 1.0)
        cell.state["n"] = n + 1


def from_silence(pulses, n_trials, seed, silence):
    """Two classes, told apart by which of two inputs comes first, from weights of which none brings a spike about."""
    net = es.Network(seed=seed)
    first, second = [0.1 if n % 2 == 0 else 2.1 for n in range(n_trials)], [2.1, 0.1]
    trains = [
        [LENGTH * n + t for n, t in enumerate(first)],
        [LENGTH * n + second[n % 2] for n in range(n_trials)],
    ]
    x, h, y = net.add(es.SpikeTrain(trains), name="x"), net.add(es.IF(), 12, name="h"), net.add(es.IF(), 2, name="y")
    rule = es.SpikeTimeGradient(step=es.Adam(lr=0.02), mode="gather", silence=silence)
    net.connect(x, h, rule, weight=es.uniform(0.0, 0.45), delay=0.01, name="xh")
    net.connect(
        h, y, rule, weight=es.normal(0.02, 0.05), delay=0.01, feedback="symmetric", feedback_delay=0.002, name="hy"
    )
    s = net.add(two_classes, name="s", pulses=pulses)
    teacher = net.teach(y, es.TargetTimes([[3.0, 6.0], [6.0, 3.0]]))
    for post, delay in ((h, 0.5), (y, 0.1)):
        for port in ("reset", "apply"):
            net.connect(s, post, port=port, delay=delay if port == "apply" else 0.0, name=f"{port} {post.name}")
    net.connect(s, h, weight=2.5, delay=0.01, name="pulse h")
    net.connect(s, y, weight=2.5, delay=2.0, name="pulse y")  # after the pseudospikes of the layer below
    net.connect(s, teacher, port="label")
    net.run(LENGTH * n_trials)
    return net


def true_spikes(net, layer, since, until):
    """Spikes before the end of a trial."""
    t = net.spikes(net.population(layer)).t
    return int(((t >= since) & (t < until) & (t % LENGTH < END)).sum())


@pytest.mark.parametrize("seed", [0, 1])
def test_a_silent_network_learns_by_pseudospikes(seed):
    n = 240
    net = from_silence(True, n, seed, es.Pseudospikes(end=END))
    assert true_spikes(net, "h", 0.0, 4 * LENGTH) == 0  # all silent
    assert true_spikes(net, "h", net.now - 4 * LENGTH, net.now) > 0.1 * 4 * 12
    first = [net.spikes(net.population("y")).spike_trains()[i] for i in (0, 1)]
    winners = []
    for k in range(n - 20, n):
        inside = [[t for t in train if LENGTH * k <= t < LENGTH * k + END] for train in first]
        times = [min(train, default=math.inf) for train in inside]
        winners.append(int(np.argmin(times)) if min(times) < math.inf else -1)
    assert winners == [k % 2 for k in range(n - 20, n)]
    late = net.synapse_state(net.projection("hy"))["post.pseudospikes"]
    t = net.spikes(net.population("y"))
    assert late.tolist() == [int((t.t[t.i == i] % LENGTH >= END).sum()) for i in (0, 1)]
    assert (late > 2).all()
    assert (late < 0.6 * n).all()


def test_without_them_it_stays_silent():
    net = from_silence(False, 60, 0, es.NoRemedy())
    assert true_spikes(net, "h", 0.0, net.now) == 0
    assert net.synapse_state(net.projection("hy"))["syn.gradient"].tolist() == 24 * [0.0]


def test_pseudospikes_continue_a_spike_across_the_end():
    """The time of a spike goes on continuously, and rises ever more, as the weight falls below what fires in time."""

    def fired(weight):
        net = es.Network()
        x, y = net.add(es.SpikeTrain([[0.0], [2.0]])), net.add(es.IF())
        net.connect(x, y, weight=[weight, 2.0])
        return float(net.run(30.0).spikes(y).t[0])

    edge = 1.0 / -math.expm1(-2.0)  # with this weight it fires at the end, t = 2
    times = np.array([fired(edge + d) for d in (2e-6, 1e-6, -1e-6, -2e-6)])
    assert times[:2].max() < 2.0 < times[2:].min()
    assert np.ptp(times) < 1e-4
