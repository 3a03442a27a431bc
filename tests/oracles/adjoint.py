"""EventProp: gradients of spike times by the adjoint of the neurons' equations, walked backward through the events.

Wunderlich and Pehle 2021 (doi 10.1038/s41598-021-91786-z), for neurons that fire once. Nothing is shared with the
package: no closed form of a voltage, only the equations x' = M x with x = (voltage, current), a matrix exponential
between events, and the jumps. Spike times are given: the point at which the gradient is taken.
"""

import numpy as np
from scipy.linalg import expm


def integrate_fire(tau):
    """M of the non-leaky neuron: V' = I/tau, I' = -I/tau."""
    return np.array([[0.0, 1.0], [0.0, -1.0]]) / tau


def leaky(tau_mem, tau_syn):
    """M of the leaky neuron: tau_mem V' = I - V, tau_syn I' = -I."""
    return np.array([[-1.0 / tau_mem, 1.0 / tau_mem], [0.0, -1.0 / tau_syn]])


def slope_at(M, arrivals, weights, t):
    """dV/dt just before t: forward through the arrivals."""
    x, now = np.zeros(2), 0.0
    for i in np.argsort(arrivals):
        if arrivals[i] >= t:
            break
        x = expm(M * (arrivals[i] - now)) @ x
        x[1] += weights[i]
        now = arrivals[i]
    return float((M @ expm(M * (t - now)) @ x)[0])


def neuron(M, arrivals, weights, t, error):
    """dL/dw and dL/d(arrival) of one neuron that fires at t, where dL/dt = error."""
    by_weight, by_arrival = np.zeros(len(weights)), np.zeros(len(weights))
    if not np.isfinite(t):
        return by_weight, by_arrival
    adjoint = np.array([-error / slope_at(M, arrivals, weights, t), 0.0])  # a higher voltage fires earlier
    now = t
    for i in np.argsort(arrivals)[::-1]:
        if arrivals[i] >= t:
            continue
        adjoint = adjoint @ expm(M * (now - arrivals[i]))
        now = arrivals[i]
        by_weight[i] = adjoint[1]
        by_arrival[i] = -weights[i] * (adjoint @ M)[1]  # a later jump: the current has decayed less
    return by_weight, by_arrival


def gradients(M, times, weights, delays, errors):
    """dL/dw and dL/d(delay) of every layer (sources x targets), from the spike times of all layers and the errors."""
    layer = np.where(np.isfinite(times[-1]), errors, 0.0)
    by_weight, by_delay = [], []
    for k in reversed(range(len(weights))):
        dw, dd = np.zeros(weights[k].shape), np.zeros(weights[k].shape)
        for j in range(weights[k].shape[1]):
            arrivals = times[k] + delays[k][:, j]
            dw[:, j], dd[:, j] = neuron(M, arrivals, weights[k][:, j], times[k + 1][j], layer[j])
        by_weight.insert(0, dw)
        by_delay.insert(0, dd)
        layer = dd.sum(axis=1)
    return by_weight, by_delay
