"""The eligibility of every synapse by brute force: the sensitivity equations of the declared truncated graph, clocked.

Independent of the package: every synapse carries its own filters, and all is integrated together by an adaptive
Runge-Kutta method of order 8 between one event and the next. The truncation is the one that the rules declare: a spike
counts as what the surrogate derivative says, the reset has no derivative, and no derivative crosses to other neurons.
"""

import math

import numpy as np
from scipy.integrate import solve_ivp

SURROGATES = {  # by x, the voltage above threshold, and beta; all 1 at threshold
    "FastSigmoid": lambda x, b: (1 + b * abs(x)) ** -2.0,
    "Sigmoid": lambda x, b: 1 / np.cosh(b * x / 2) ** 2,
    "Exponential": lambda x, b: np.exp(-b * abs(x)),
    "Quadratic": lambda x, b: np.maximum(0, 1 - (b * x) ** 2),
    "Triangular": lambda x, b: np.maximum(0, 1 - b * abs(x)),
    "Boxcar": lambda x, b: (abs(x) < 1 / b) * 1.0,
    "Surrogate": lambda x, b: np.ones_like(x),
}


class Neurons:
    """m leaky neurons with given spikes in and out, and n plastic synapses, brought from event to event.

    Args:
        lif: tau_mem, tau_syn (0 for delta pulses), v_threshold, v_reset, t_refractory.
        target: the neuron of each plastic synapse.
        surrogate: (name, beta, height).
        filters: time constants of the eligibility's low-pass filters, in order [s].
        error: time constants of the error's filters, or "hold", or "pulse".
        trace: time constant of a low-pass filter in place of the psp [s].
        adapt: (tau_adapt, beta) of a threshold that rises with each spike; then an error is filtered at most once.
    """

    def __init__(self, m, lif, target, surrogate, filters, error, trace=None, adapt=None):
        self.trace, self.adapt = trace, adapt
        self.m, self.lif, self.target, self.filters, self.error = m, lif, np.asarray(target), filters, error
        name, self.beta, self.height = surrogate
        self.surrogate = SURROGATES[name]
        self.n = len(self.target)
        self.errors = (len(error) if isinstance(error, tuple) else 1) + bool(adapt)  # the adaptation stands last
        self.rows = 3 + len(filters) + bool(adapt)  # current, psp, filters, adaptation, change
        self.y = np.zeros((2 + self.errors) * m + self.rows * self.n)
        self.hold_end = np.full(m, -math.inf)
        self.t = 0.0

    def parts(self, y):
        k = (2 + self.errors) * self.m
        return y[:k].reshape(-1, self.m), y[k:].reshape(-1, self.n)

    def gate(self, v):
        return self.height * self.surrogate(v - self.lif["v_threshold"] - self.raised(), self.beta)

    def raised(self):
        return self.adapt[1] * self.cell[-1] if self.adapt else 0.0

    def slope(self, t, y):
        cell, syn = self.parts(y)
        d_cell, d_syn = np.zeros_like(cell), np.zeros_like(syn)
        tau_mem, tau_syn = self.lif["tau_mem"], self.lif["tau_syn"]
        v, i, e = cell[0], cell[1], cell[2:]
        self.cell = cell
        free = ~self.held
        d_cell[0] = np.where(free, (i - v) / tau_mem, 0.0)
        d_cell[1] = -i / tau_syn if tau_syn > 0 else 0.0
        if isinstance(self.error, tuple):
            into = np.zeros(self.m)
            for k, tau in enumerate(self.error):
                d_cell[2 + k] = (into - e[k]) / tau
                into = e[k]
        d_syn[0] = -syn[0] / tau_syn if tau_syn > 0 else 0.0
        d_syn[1] = ((syn[0] if tau_syn > 0 else 0.0) - syn[1]) / tau_mem
        if self.trace:
            d_syn[1] = -syn[1] / self.trace
        into = self.gate(v)[self.target] * syn[1]
        if self.adapt:
            tau, beta = self.adapt
            d_cell[-1] = -cell[-1] / tau
            into = into - beta * self.gate(v)[self.target] * syn[-2]
            d_syn[-2] = into - syn[-2] / tau
            e = e[:-1]
        for k, tau in enumerate(self.filters):
            d_syn[2 + k] = (into - syn[2 + k]) / tau
            into = syn[2 + k]
        if self.error != "pulse":
            d_syn[-1] = e[-1][self.target] * into
        return np.concatenate((d_cell.ravel(), d_syn.ravel()))

    def go(self, t):
        """Bring all to time t."""
        while self.t < t:
            ends = self.hold_end[(self.hold_end > self.t) & (self.hold_end < t)]
            end = ends.min() if len(ends) else t
            self.held = self.hold_end > self.t
            step = 2e-4  # so that no narrow feature of a surrogate is stepped over
            found = solve_ivp(self.slope, (self.t, end), self.y, method="DOP853", rtol=1e-12, atol=1e-14, max_step=step)
            assert found.success
            self.y, self.t = found.y[:, -1], end

    def arrive(self, j, weight, plastic, neuron=None):
        """A spike comes through synapse j, or through a fixed one onto a neuron."""
        cell, syn = self.parts(self.y)
        k = self.target[j] if plastic else neuron
        held = self.hold_end[k] > self.t
        if self.lif["tau_syn"] > 0:
            cell[1][k] += weight
        elif not held:
            cell[0][k] += weight
        if plastic and self.trace:
            syn[1][j] += 1.0 / self.trace
        elif plastic:
            syn[0 if self.lif["tau_syn"] > 0 else 1][j] += 1.0

    def fire(self, k):
        """Neuron k fires."""
        self.parts(self.y)[0][0][k] = self.lif["v_reset"]
        if self.adapt:
            self.parts(self.y)[0][-1][k] += 1.0
        self.hold_end[k] = self.t + self.lif["t_refractory"]

    def tell(self, k, value):
        """An error reaches neuron k."""
        cell, syn = self.parts(self.y)
        self.cell = cell
        if self.error == "pulse":
            own = self.target == k
            adapted = self.adapt[1] * syn[-2] if self.adapt else 0.0
            into = syn[1 + len(self.filters)] if self.filters else self.gate(cell[0])[self.target] * (syn[1] - adapted)
            syn[-1][own] += value * into[own]
        elif self.error == "hold":
            cell[2][k] += value
        else:
            cell[2][k] += value / self.error[0]

    def change(self, j):
        """The gradient of synapse j so far."""
        return self.parts(self.y)[1][-1][j]


def replay(net, plastic, oracle):
    """Every message and spike of a finished run, shown to the oracle: pairs of gradients, (ours, the oracle's).

    Ours is what the recorded changes of weight say; the rule's step must be plain gradient descent.

    Args:
        net: records messages; `plastic` records its weights. Fixed projections have one weight for all synapses.
        plastic: the projection whose synapses the oracle carries.
        oracle: a `Neurons` in its initial state.
    """
    post, log, changes = plastic.post, net.messages(), net.weight_changes(plastic)
    lr, first = plastic.rule.step.lr, changes.initial
    offset = {c.index: c.offset for c in net.plan.cells}
    synapse = {edge: j for j, edge in enumerate(zip(*(ends.tolist() for ends in net.edges(plastic)), strict=True))}
    new = {(t, k): w for t, k, w in zip(changes.t, changes.k, changes.w, strict=True)}
    spikes, weights, found = net.spikes(post), first.copy(), []
    jumps = oracle.lif["tau_syn"] == 0  # then a neuron fires because of what arrived, so after it
    events = [(t, 2 if jumps else 0, i, None) for t, i in zip(spikes.t, spikes.i, strict=True)]
    events += [(t, 1, k, net.plan.synapses[log.projection[k]]) for k, t in enumerate(log.t)]
    for t, _, k, s in sorted(events, key=lambda e: e[:3]):
        oracle.go(t)
        if s is None:
            oracle.fire(k)
        elif s.post.population is post:
            target = int(log.target[k]) - offset[s.post.index]
            if s.port == "error":
                oracle.tell(target, log.value[k])
            elif s.projection is plastic:
                j = synapse[int(log.sender[k]) - offset[s.pre.index], target]
                weights[j] = new.get((t, j), weights[j])
                found.append(((first[j] - weights[j]) / lr, oracle.change(j)))
                oracle.arrive(j, weights[j], True)
            elif s.port == "spike":
                oracle.arrive(None, float(s.weight[0]), False, target)
    return np.array(found)
