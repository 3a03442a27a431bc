"""Spikes of neurons that fire again and again, by a plain recursion, and EventProp's adjoint through their resets.

Nothing is shared with the package. In the recursion times and weights may be complex: a step of 1e-40 i gives exact
derivatives. A layer is a list of neurons, each a list of spike times.
"""

from itertools import pairwise

import numpy as np
from scipy.linalg import expm

MOST = 4  # spikes; who fires more often is not followed to the end


def left(model, u):
    """What is left of a voltage after u."""
    return np.exp(-u / model.tau_mem) if hasattr(model, "tau_mem") else 1.0 + 0 * u


def neuron(model, arrivals, weights, end):
    """Spike times of a neuron with threshold 1 and reset to 0 that is never refractory, and the slopes there."""
    real = arrivals.real

    def course(t, last):
        """Voltage at t, after a reset at `last`, and its slope."""
        v, slope = model.effect(t - arrivals)
        on = real <= t.real
        voltage, steep = (weights * v)[on].sum(), (weights * slope)[on].sum()
        if last is not None:
            before = real <= last.real
            then = (weights * model.effect(last - arrivals)[0])[before].sum() * left(model, t - last)
            voltage, steep = voltage - then, steep + then * (1.0 / model.tau_mem if hasattr(model, "tau_mem") else 0.0)
        return voltage, steep

    spikes, slopes = [], []
    edges = [*np.unique(real), end]
    for a, b in pairwise(edges):
        low = a
        while True:
            last = spikes[-1] if spikes else None
            start = max(low, last.real) if last is not None else low
            grid = np.linspace(start, b, 100)[1:]
            on = real <= a  # nothing else arrives before b
            v = (weights[on].real * model.effect(grid[:, None] - real[on])[0]).sum(axis=1)
            if last is not None:
                before = real <= last.real
                then = (weights[before].real * model.effect(last.real - real[before])[0]).sum()
                v = v - then * left(model, grid - last.real)
            if not (v >= 1.0).any() or len(spikes) > MOST:
                break
            high = grid[v >= 1.0][0]
            low = max(high - (b - start) / 99, start)
            for _ in range(30):
                middle = 0.5 * (low + high)
                inside = course(np.complex128(middle), last)[0].real >= 1.0
                low, high = (low, middle) if inside else (middle, high)
            t = np.complex128(high)
            for _ in range(4):
                v, slope = course(t, last)
                t = t - (v - 1.0) / slope
            spikes.append(t)
            slopes.append(course(t, last)[1].real)
            low = t.real
    return spikes, slopes


def forward(model, start, weights, delays, end):
    """Spike times of all layers, and the least slope."""
    layers, least = [start], np.inf
    for w, d in zip(weights, delays, strict=True):
        following = []
        for j in range(w.shape[1]):
            arrivals = np.array([t + d[i, j] for i, train in enumerate(layers[-1]) for t in train], complex)
            each = np.array([w[i, j] for i, train in enumerate(layers[-1]) for _ in train], complex)
            spikes, slopes = neuron(model, arrivals, each, end) if len(arrivals) else ([], [])
            following.append(spikes)
            least = min([least, *slopes])
        layers.append(following)
    return layers, least


def adjoint_neuron(M, arrivals, weights, spikes, errors):
    """dL/dw and dL/d(arrival) of every input spike: from the neuron's equations x' = M x, walked backward."""
    events = sorted([(t, 0, i) for i, t in enumerate(arrivals)] + [(t, 1, k) for k, t in enumerate(spikes)])
    x, now, before, after = np.zeros(2), 0.0, {}, {}
    for t, kind, k in events:
        x = expm(M * (t - now)) @ x
        now = t
        if kind:
            before[k] = M @ x
            x = np.array([0.0, x[1]])
            after[k] = M @ x
        else:
            x = x + np.array([0.0, weights[k]])
    by_weight, by_arrival = np.zeros(len(weights)), np.zeros(len(weights))
    p = np.zeros(2)
    for t, kind, k in reversed(events):
        p = p @ expm(M * (now - t))
        now = t
        if kind:  # V jumps to 0; a spike that comes later by dt has moved the state after it by (before - after) dt
            moved = errors[k] + p @ (before[k] * np.array([0.0, 1.0]) - after[k])
            p = np.array([-moved / before[k][0], p[1]])
        else:
            by_weight[k] = p[1]
            by_arrival[k] = -weights[k] * (p @ M)[1]
    return by_weight, by_arrival
