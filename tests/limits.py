"""One small network, event-driven and clocked: spike times and gradients under every rule that has a clocked twin."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from oracles.clocked import Twin, filtered, filtered_back

import eventsnn as es

INPUTS, NEURONS, DURATION, DELAY = 10, 4, 0.1, 2e-3
TAU_MEM, TAU_SYN, STEEPNESS = 10e-3, 5e-3, 4.0
RISE, DECAY, TAU_OUT = 5e-3, 10e-3, 20e-3  # of the van Rossum loss, and of e-prop's readouts
LIFT, TAU_ADAPT = 0.3, 80e-3
STEPS = tuple(0.5e-3 / 2**k for k in range(6))  # of the clocked twin [s]
SEEDS = (16, 30, 51)  # tasks in which all of these steps make as many spikes as there are in continuous time
RULES = ("SuperSpike", "EProp", "AdaptiveEProp", "LocalError")
ADAPTIVE = {"AdaptiveEProp"}


@dataclass(frozen=True)
class Task:
    """Spikes in, weights, and what is wanted."""

    trains: list[np.ndarray]  # of the inputs [s]
    w: np.ndarray  # inputs to neurons
    v: np.ndarray  # recurrent
    targets: list[np.ndarray]  # wanted spikes of each neuron [s]
    out: np.ndarray  # neurons to two readouts: of e-prop, and random ones of local errors
    times: np.ndarray  # when the local errors change [s]
    changes: np.ndarray  # and by how much, for each readout


@functools.cache
def task(seed: int) -> Task:
    """Poisson inputs and targets; weights for some ten spikes of each neuron."""
    rng = np.random.default_rng(seed)

    def train(rate: float) -> np.ndarray:
        return np.sort(rng.uniform(0.0, DURATION, rng.poisson(rate * DURATION)))

    v = rng.normal(0.0, 0.2, (NEURONS, NEURONS))
    np.fill_diagonal(v, 0.0)
    return Task(
        [train(25.0) for _ in range(INPUTS)],
        rng.uniform(0.0, 2.5, (INPUTS, NEURONS)),
        v,
        [train(30.0) for _ in range(NEURONS)],
        rng.normal(size=(NEURONS, 2)),
        np.sort(rng.uniform(0.0, DURATION, 12)),
        rng.normal(size=(12, 2)),
    )


def surrogate(rule: str) -> es.FastSigmoid:
    """Of a height that matters where the eligibility feeds back on itself."""
    return es.FastSigmoid(beta=STEEPNESS, height=100.0 if rule in ADAPTIVE else 1.0)


# -- event-driven -----------------------------------------------------------------------------------------------------


def tell(cell, times, values):
    """Errors at given times, and at the end `apply`, so that no weight changes before."""
    while cell.state.get("k", 0) < len(times):
        yield cell.until(times[cell.state.get("k", 0)])
        k = cell.state.get("k", 0)
        cell.state["k"] = k + 1
        for j, value in enumerate(values[k]):
            if value != 0.0:
                cell.send("error", value, to=j)
    yield cell.until(DURATION)
    cell.send("apply")


def network(rule: str, given: Task, errors: list[tuple[float, np.ndarray]]) -> tuple[es.Network, list, object]:
    """The network after its run, its plastic projections, and its neurons."""
    step = {"step": es.Sgd(lr=1.0), "when": "apply", "surrogate": surrogate(rule)}
    made = getattr(es, rule)(**step)
    common = {"tau_mem": TAU_MEM, "tau_syn": TAU_SYN, "t_refractory": 0.0, "reset": "subtract"}
    adaptive = {"tau_adapt": TAU_ADAPT, "beta": LIFT}
    model = es.AdaptiveLIF(**common, **adaptive) if rule in ADAPTIVE else es.LIF(**common)
    net = es.Network(seed=1)
    x = net.add(es.SpikeTrain(given.trains), name="x")
    y = net.add(model, NEURONS, name="y")
    plastic = [net.connect(x, y, made, weight=given.w), net.connect(y, y, made, weight=given.v, delay=DELAY)]
    times, values = [t for t, _ in errors], [e.tolist() for _, e in errors]
    teacher = net.add(tell, name="teacher", times=times, values=values)
    for port in ("error", "apply"):
        net.connect(teacher, y, port=port)
    return net.run(DURATION + 1e-6), plastic, y


def messages(rule: str, given: Task, spikes: es.record.Spikes) -> list[tuple[float, np.ndarray]]:
    """The error messages (time, value for each neuron) that the loss of a rule asks for, given the spikes."""
    if rule == "LocalError":
        return [(t, given.out @ c) for t, c in zip(given.times, given.changes, strict=True)]
    told = [(t, i, 1.0) for t, i in zip(spikes.t, spikes.i, strict=True)]
    told += [(t, i, -1.0) for i, train in enumerate(given.targets) for t in train]
    back = np.eye(NEURONS) if rule == "SuperSpike" else given.out @ given.out.T
    return [(t, sign * back[i]) for t, i, sign in sorted(told)]


@functools.cache
def by_events(rule: str, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Spike trains, and all gradients, inputs before recurrent ones.

    A first run finds the spikes, a second is told the errors that belong to them, each at its instant.
    """
    given = task(seed)
    free, _, y = network(rule, given, [])
    net, plastic, y = network(rule, given, messages(rule, given, free.spikes(y)))
    trains = net.spikes(y).spike_trains()
    found = [given.w - net.matrix(plastic[0]), given.v - net.matrix(plastic[1])]
    return [trains[i] for i in range(NEURONS)], np.concatenate(found)


# -- clocked ----------------------------------------------------------------------------------------------------------


def raster(trains: list[np.ndarray], dt: float) -> np.ndarray:
    """How many spikes fall into each step, shape (steps, trains)."""
    steps = round(DURATION / dt)
    edges = np.arange(steps + 1) * dt
    return np.array([np.histogram(train, edges)[0] for train in trains], float).T


def twin(rule: str, given: Task, dt: float) -> Twin:
    """The review's network with the parameters of ours."""
    s = surrogate(rule)
    adaptive = {"lift": LIFT, "tau_adapt": TAU_ADAPT} if rule in ADAPTIVE else {}
    return Twin(dt, given.w, given.v, TAU_MEM, TAU_SYN, DELAY, s.beta, s.height, **adaptive)


def by_spike(rule: str, given: Task, s: np.ndarray, dt: float) -> np.ndarray:
    """dL/dS of a rule's loss, shape (steps, neurons)."""
    if rule == "SuperSpike":  # L = dt/2 sum of (alpha * (S - target))^2
        e = filtered(s - raster(given.targets, dt), dt, (RISE, DECAY))
        return dt * filtered_back(e, dt, (RISE, DECAY))
    if rule in ("EProp", "AdaptiveEProp"):  # L = dt/2 sum over readouts of (kappa * out (S - target))^2
        e = filtered((s - raster(given.targets, dt)) @ given.out, dt, (TAU_OUT,))
        return dt * filtered_back(e, dt, (TAU_OUT,)) @ given.out.T
    jumps = np.zeros((len(s), 2))
    np.add.at(jumps, (given.times / dt).astype(int), given.changes)
    return np.cumsum(jumps, axis=0) @ given.out.T  # L = sum of e * out S, with e the errors that are held


def by_clock(rule: str, seed: int, dt: float) -> tuple[list[np.ndarray], np.ndarray]:
    """As `by_events`, of the clocked twin."""
    given = task(seed)
    clocked = twin(rule, given, dt)
    s = clocked.run(raster(given.trains, dt))
    gradients = clocked.gradients(by_spike(rule, given, s, dt))
    return [np.flatnonzero(column) * dt for column in s.T], np.concatenate(gradients)


def differences(rule: str, dt: float) -> tuple[float, float]:
    """Root mean squares over all tasks: of spike times apart [s], and of gradients apart, relative to the gradients.

    Times are infinitely far apart where a neuron has more or fewer spikes.
    """
    apart, off, whole = [], [], []
    for seed in SEEDS:
        (trains, gradients), (clocked, approximate) = by_events(rule, seed), by_clock(rule, seed, dt)
        if [len(t) for t in trains] != [len(t) for t in clocked]:
            return math.inf, math.inf
        apart.append(np.concatenate(clocked) - np.concatenate(trains))
        off.append((approximate - gradients).ravel())
        whole.append(gradients.ravel())
    rms = [float(np.sqrt(np.mean(np.concatenate(parts) ** 2))) for parts in (apart, off, whole)]
    return rms[0], rms[1] / rms[2]


def order(errors: list[float]) -> float:
    """The power of the step with which errors fall, by least squares in logarithms."""
    return float(np.polyfit(np.log(STEPS), np.log(errors), 1)[0])
