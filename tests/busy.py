"""A network with all that can move, and everything that a run of it leaves behind, for tests that compare runs."""

import functools
import math

import numpy as np

import eventsnn as es

END = 60.0


def pacemaker(cell, gap):
    """Sends before its first wait, counts, and remembers in `cell.state`."""
    while True:
        cell.fire()
        cell.note("count", cell.state.get("count", 0))
        yield cell.wait(gap * (1.0 + 0.1 * (cell.state.get("count", 0) % 3)))
        cell.state["count"] = cell.state.get("count", 0) + 1


def averager(cell, count):
    """Waits for several messages or a time, whichever comes first."""
    while True:
        messages = yield cell.gather(count, timeout=4.0)
        cell.state.setdefault("sums", []).append(sum(m.value for m in messages))
        cell.note("sum", cell.state["sums"][-1])
        if messages:
            cell.send("value", np.array([0.1, math.inf, 0.3]) * len(messages))


def everything(seed=7):
    """A network with all that can move: sources, delays, refractory periods, guests, every mode and every step."""
    net = es.Network(seed=seed)
    rng = np.random.default_rng(seed)
    times = np.where(rng.random((9, 3)) < 0.15, np.inf, rng.uniform(0.0, 1.0, (9, 3)))
    labels = rng.integers(-1, 2, 9)
    stimulus = net.add(es.Stimulus(times, labels, period=5.0, shuffle=True, seed=3), name="stimulus")
    x, h, y = net.add(es.Latency(), 3, name="x"), net.add(es.IF(), 4, name="h"), net.add(es.IF(), 2, name="y")
    net.connect(stimulus, x, port="value")
    for layer, delay in ((x, 0.0), (h, 0.5), (y, 0.55)):  # after the errors that `apply` sends to h
        net.connect(stimulus, layer, port="reset", delay=delay)
    for layer, delay in ((y, 0.0), (h, 0.3)):
        net.connect(stimulus, layer, port="apply", delay=delay)
    first = es.SpikeTimeGradient(mode="accumulate", bound=0.5, step=es.Adam(lr=0.02), cost=es.WeightSum(rate=0.02))
    second = es.SpikeTimeGradient(mode="gather", step=es.Momentum(lr=0.02), silence=es.Bump(amount=0.01))
    net.connect(x, h, first, weight=es.uniform(0.4, 1.0), delay=es.uniform(0.6, 1.2), record=["weights"], name="xh")
    back = {"feedback": "symmetric", "feedback_delay": 0.25}
    net.connect(h, y, second, weight=es.uniform(0.4, 0.9), delay=es.uniform(0.0, 0.8), name="hy", **back)
    teacher = net.teach(y, es.FirstToSpike(2, patience=4.0), delay=0.05)
    net.connect(stimulus, teacher, port="label", delay=0.1)
    noise = net.add(es.Poisson(rate=3.0, start=2.0), 2, name="noise")
    clock = net.add(es.Regular(period=1.7, spread=0.5), 2, name="clock")
    given = net.add(es.SpikeTrain([[0.5, 7.0], [3.25]]), name="given")
    leaky = net.add(
        es.LIF(tau_mem=0.7, tau_syn=0.3, t_refractory=0.9), 4, name="leaky", record=["spikes", "state"], i_bias=0.4
    )
    near = net.add(es.LIF(tau_mem=0.5, tau_syn=0.49, reset="subtract"), 2, name="near")
    for source in (noise, clock, given):
        net.connect(source, leaky, weight=es.normal(1.5, 0.5), delay=es.uniform(0.0, 3.0))
    net.connect(leaky, leaky, weight=es.normal(0.0, 0.4), delay=es.uniform(0.5, 2.0), pattern=es.fixed_indegree(3))
    net.connect(leaky, near, weight=2.0, delay=0.25)
    learned = es.SpikeTimeGradient(mode="immediate", step=es.Adaptive())
    net.connect(noise, near, learned, weight=1.0, delay=0.4, name="learned")
    pace, mean = net.add(pacemaker, 2, gap=1.3, name="pace"), net.add(averager, count=5, name="mean")
    slow = net.add(es.Latency(), 3, name="slow")
    net.connect(pace, near, weight=0.9, delay=0.6)
    net.connect(leaky, mean, delay=0.1, weight=0.5)
    net.connect(mean, slow, port="value", delay=0.2)
    net.connect(near, net.add(averager, count=2, name="other"), delay=2.5)
    net.connect(net.population("other"), slow, port="value", delay=0.7)
    net.record_messages()
    return net


def fingerprint(net):
    """Everything a run leaves behind, bit for bit."""
    out = {}
    for p in (p for p in net.description.populations if "spikes" in p.record):
        spikes = net.spikes(p)
        out[p.name] = (spikes.t.tobytes(), spikes.i.tobytes())
        for note in ("decision", "correct", "latency", "loss", "sample", "count", "sum"):
            out[p.name, note] = tuple(part.tobytes() for part in net.notes(p, note))
    for p in net.description.projections:
        out[p.name] = {k: np.asarray(v).tobytes() for k, v in net.synapse_state(p).items()}
        if p.record:
            changes = net.weight_changes(p)
            out[p.name, "changes"] = (changes.t.tobytes(), changes.k.tobytes(), changes.w.tobytes())
    leaky = net.population("leaky")
    for i in range(leaky.size):
        out["leaky", i] = {k: v.tobytes() for k, v in net.state(leaky, i, np.linspace(0.0, net.now, 300)).items()}
    out["counts"] = net.message_counts()
    m = net.messages()
    out["messages"] = (m.t.tobytes(), m.sender.tobytes(), m.target.tobytes(), m.value.tobytes(), tuple(m.port))
    out["events"], out["now"] = net.engine.events, net.now
    return out


@functools.cache
def uninterrupted():
    return fingerprint(everything().run(until=END))


def same(a, b):
    assert a.keys() == b.keys()
    assert [k for k in a if a[k] != b[k]] == []


def plain_values(value):
    """Arrays as their bits."""
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.tobytes().hex()]
    if isinstance(value, dict):
        return {k: plain_values(v) for k, v in value.items()}
    return [plain_values(v) for v in value] if isinstance(value, list) else value
