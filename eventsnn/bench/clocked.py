"""The clocked twin of three-factor rules: every synapse at every step, compiled with Numba; only for comparison.

It is what a program on a clock does: spikes on the grid, one sweep over all synapses per step, single precision. What
all synapses of a source share (its psp) is kept once per source, and neurons and filters are integrated exactly from
step to step, so that what is compared is the clock, not carelessness. Every source reaches every neuron.
"""

# mypy: disallow-untyped-defs=False

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

F = np.float32
RULES = ("SuperSpike", "EProp", "LocalError", "ErrorTriggered")


@dataclass
class Drive:
    """What comes in: which source spikes, and which neuron an error reaches, in the order of steps."""

    source: np.ndarray
    source_start: np.ndarray  # of each step, and the end
    error: np.ndarray
    value: np.ndarray
    error_start: np.ndarray


class Twin:
    """Leaky neurons on a grid with one rule; `gradient` is what its synapses have gathered, [neurons, sources]."""

    def __init__(self, rule: Any, model: Any, weight: np.ndarray, step: float):
        neurons, sources = weight.shape
        self.kind = RULES.index(type(rule).__name__)
        self.taus = [getattr(rule, name) for name in rule.circuit.taus]
        self.held = rule.circuit.held
        self.constants = np.array(
            [
                math.exp(-step / model.tau_mem), math.exp(-step / model.tau_syn),
                model.tau_syn / (model.tau_syn - model.tau_mem), model.v_threshold, model.v_reset,
            ]
        )  # fmt: skip
        self.keep = np.array([math.exp(-step / tau) for tau in self.taus] or [1.0])
        self.surrogate = (type(rule.surrogate).__name__ == "Triangular", rule.surrogate.beta, rule.surrogate.height)
        self.step = step
        self.weight = np.ascontiguousarray(weight.T)
        self.current, self.psp = np.zeros(sources), np.zeros(sources)
        self.i, self.v, self.gate = np.zeros(neurons), np.zeros(neurons), np.zeros(neurons)
        self.e = np.zeros((2, neurons))
        self.a, self.b = np.zeros((neurons, sources), F), np.zeros((neurons, sources), F)
        self.gradient = np.zeros((neurons, sources), F)

    def run(self, d: Drive) -> None:
        """All steps of the drive."""
        spikes = (d.source, d.source_start, d.error, d.value, d.error_start)
        neuron = (self.current, self.psp, self.i, self.v, self.gate, self.weight)
        synapse = (self.e, self.a, self.b, self.gradient)
        go(self.kind, self.constants, self.keep, self.held, self.surrogate, self.step, spikes, neuron, synapse)


@njit
def go(kind, constants, keep, held, surrogate, step, spikes, neuron, synapse):
    """Step after step."""
    source, source_start, error, value, error_start = spikes
    current, psp, i, v, gate, weight = neuron
    e, a, b, gradient = synapse
    wave = np.zeros(psp.size, F)
    for k in range(source_start.size - 1):
        advance(constants, current, psp, i, v, weight, source[source_start[k] : source_start[k + 1]])
        look(surrogate, v, gate, constants[3])
        fire(constants, v)
        wave[:] = psp
        first, last = error_start[k], error_start[k + 1]
        feel(held, keep, step, e, error[first:last], value[first:last])
        if kind == 0:
            superspike(keep, step, gate, e, wave, a, b, gradient)
        elif kind == 1:
            eprop(keep, step, gate, e, wave, a, b, gradient)
        elif kind == 2:
            local(keep, step, gate, e, wave, a, b, gradient)
        else:
            triggered(gate, wave, error[first:last], value[first:last], gradient)


@njit
def advance(constants, current, psp, i, v, weight, sources):
    """Sources and neurons go one step on, and then the spikes of this step arrive."""
    mem, syn, part = constants[0], constants[1], constants[2]
    for j in range(psp.size):
        psp[j] = psp[j] * mem + current[j] * part * (syn - mem)
        current[j] *= syn
    for n in range(v.size):
        v[n] = v[n] * mem + i[n] * part * (syn - mem)
        i[n] *= syn
    for j in sources:
        current[j] += 1.0
        i += weight[j]


@njit
def look(surrogate, v, gate, threshold):
    """The surrogate derivative of every neuron."""
    triangular, beta, height = surrogate
    for n in range(v.size):
        x = abs(v[n] - threshold) * beta
        gate[n] = height * max(0.0, 1.0 - x) if triangular else height / ((1.0 + x) * (1.0 + x))


@njit
def fire(constants, v):
    """Neurons at the threshold are reset."""
    for n in range(v.size):
        if v[n] >= constants[3]:
            v[n] = constants[4]


@njit
def feel(held, keep, step, e, errors, values):
    """The errors of all neurons: e[1] is what the synapses see."""
    first, last = keep[0], keep[-1]
    for n in range(e.shape[1]):
        if keep.size == 2:
            e[1, n] = last * e[1, n] + (1.0 - last) * e[0, n]
            e[0, n] *= first
        elif not held:
            e[1, n] *= last
    for k in range(errors.size):
        if keep.size == 2:
            e[0, errors[k]] += values[k] * (1.0 - first) / step
        else:
            e[1, errors[k]] += values[k] * (1.0 if held else (1.0 - last) / step)


@njit(fastmath=True)
def superspike(keep, step, gate, e, wave, a, b, gradient):
    """Two filters and the gradient of each synapse."""
    first, second = F(1.0 - keep[0]), F(1.0 - keep[1])
    for n in range(gate.size):
        g, d = F(gate[n]), F(e[1, n] * step)
        for j in range(wave.size):
            a[n, j] += first * (g * wave[j] - a[n, j])
            b[n, j] += second * (a[n, j] - b[n, j])
            gradient[n, j] += d * b[n, j]


@njit(fastmath=True)
def eprop(keep, step, gate, e, wave, a, b, gradient):
    """One filter and the gradient of each synapse."""
    first = F(1.0 - keep[0])
    for n in range(gate.size):
        g, d = F(gate[n]), F(e[1, n] * step)
        for j in range(wave.size):
            a[n, j] += first * (g * wave[j] - a[n, j])
            gradient[n, j] += d * a[n, j]


@njit(fastmath=True)
def local(keep, step, gate, e, wave, a, b, gradient):
    """The gradient of each synapse."""
    for n in range(gate.size):
        d = F(gate[n] * e[1, n] * step)
        for j in range(wave.size):
            gradient[n, j] += d * wave[j]


@njit(fastmath=True)
def triggered(gate, wave, errors, values, gradient):
    """The gradient of the synapses of each neuron that an error reaches; no other synapse is touched."""
    for k in range(errors.size):
        n = errors[k]
        d = F(gate[n] * values[k])
        for j in range(wave.size):
            gradient[n, j] += d * wave[j]
