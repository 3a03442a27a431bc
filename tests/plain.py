"""Spike times and their gradients by a plain forward recursion, without messages, for comparison with the network.

Nothing of the recursion is shared with the package. Times may be complex, so that a derivative is the imaginary
part of a step of 1e-40 i (Squire and Trapp 1998), which has no cancellation; causal sets are those of the real parts.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

import eventsnn as es

STEP = 1e-40


class Collect(es.Part):
    """A step that changes nothing and adds up the gradients it was shown."""

    total: es.State = 0.0  # sum of gradients

    def change(self, syn, g):
        """No change of weight."""
        syn.total += g
        return 0.0


@dataclass
class IntegrateFire:
    """The non-leaky neuron in the form of Mostafa 2018: z = A/(S - 1), z = exp(t/tau)."""

    tau: float = 1.0

    def spike(self, arrivals, weights):
        """First spike time, and which inputs came before it; (inf, nothing) for none."""
        real = arrivals.real
        order = np.argsort(real, kind="stable")
        order = order[np.isfinite(real[order])]
        inside = np.zeros(len(weights), bool)
        for k, i in enumerate(order):
            inside[i] = True
            following = real[order[k + 1]] if k + 1 < len(order) else np.inf
            if following == real[i]:
                continue
            strength = weights[inside].sum() - 1.0
            if strength.real <= 0:
                continue
            z = (weights[inside] * np.exp(arrivals[inside] / self.tau)).sum() / strength
            if z.real > 0 and real[i] <= (t := self.tau * np.log(z)).real <= following:
                return t, inside
        return np.inf, np.zeros(len(weights), bool)

    def effect(self, u):
        """Voltage after a unit input, and its slope."""
        return 1 - np.exp(-u / self.tau), np.exp(-u / self.tau) / self.tau


@dataclass
class Leaky:
    """The leaky neuron with an exponential current: the first root of sum w psp(t - t_i) = 1, searched on a grid."""

    tau_mem: float
    tau_syn: float

    def effect(self, u):
        """Voltage after a unit input, and its slope."""
        m, s = self.tau_mem, self.tau_syn
        rise = u / m if m == s else s / (s - m) * np.expm1(-u * (1 / s - 1 / m))
        v = rise * np.exp(-u / m)
        return v, (np.exp(-u / s) - v) / m

    def spike(self, arrivals, weights):
        """First spike time, and which inputs came before it; (inf, nothing) for none."""
        real = arrivals.real
        edges = np.unique(real[np.isfinite(real)])
        end = edges[-1:] + 12 * max(self.tau_mem, self.tau_syn)
        for a, b in pairwise([*edges, *end]):
            inside = real <= a
            grid = np.linspace(a, b, 600)
            v = (weights[inside].real * self.effect(grid[:, None] - real[inside])[0]).sum(axis=1)
            over = np.flatnonzero(v >= 1.0)
            if not len(over):
                continue
            low, high = grid[max(over[0] - 1, 0)], grid[over[0]]
            for _ in range(60):
                middle = 0.5 * (low + high)
                v = (weights[inside].real * self.effect(middle - real[inside])[0]).sum()
                low, high = (low, middle) if v >= 1.0 else (middle, high)
            t = high + 0j if np.iscomplexobj(arrivals) or np.iscomplexobj(weights) else high
            for _ in range(3):
                v, slope = self.effect(t - arrivals[inside])
                t = t - ((weights[inside] * v).sum() - 1.0) / (weights[inside] * slope).sum()
            return t, inside
        return np.inf, np.zeros(len(weights), bool)


@dataclass
class Plain:
    """A feed-forward network: `weights[l][i, j]` and `delays[l][i, j]` from neuron i of layer l to j of the next."""

    model: IntegrateFire | Leaky
    start: np.ndarray
    weights: list[np.ndarray]
    delays: list[np.ndarray]

    def forward(self):
        """Spike times of all layers, the input first, and the causal sets of every layer (sources x targets)."""
        times, causal = [self.start], []
        for w, d in zip(self.weights, self.delays, strict=True):
            arrivals = times[-1][:, None] + d
            found = [self.model.spike(arrivals[:, j], w[:, j]) for j in range(w.shape[1])]
            times.append(np.array([t for t, _ in found]))
            causal.append(np.stack([inside for _, inside in found], axis=1))
        return times, causal

    def outputs(self):
        """Spike times of the last layer."""
        return self.forward()[0][-1]

    def derivatives(self, loss, layer=None):
        """dL/d(array) for every weight, delay and start, by the complex step; `loss` takes the outputs."""
        results = {}
        for name, arrays in (("start", [self.start]), ("weights", self.weights), ("delays", self.delays)):
            results[name] = []
            for array in arrays:
                slopes = np.zeros(array.shape)
                for index in np.ndindex(array.shape):
                    if np.isfinite(array[index]):
                        slopes[index] = self._moved(array, index, STEP * 1j, loss).imag / STEP
                results[name].append(slopes)
        return results

    def central(self, array, index, loss, step=2e-3):
        """The same for one number by central differences, extrapolated to order 6; None where a causal set changes."""
        same, slopes, old = [], [], array[index]
        for h in (step, step / 2, step / 4):
            values = []
            for sign in (1, -1):
                array[index] = old + sign * h
                times, causal = self.forward()
                values.append(loss(times[-1]))
                same.append(causal)
            slopes.append((values[0] - values[1]) / (2 * h))
            array[index] = old
        if any(not np.array_equal(a, b) for other in same for a, b in zip(other, same[0], strict=True)):
            return None
        fourth = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
        return (16 * fourth[1] - fourth[0]) / 15

    def _moved(self, array, index, step, loss):
        moved = array.astype(complex)
        moved[index] += step
        arrays = [self.start, *self.weights, *self.delays]
        place = next(k for k, a in enumerate(arrays) if a is array)
        arrays[place] = moved
        n = len(self.weights)
        return loss(Plain(self.model, arrays[0], arrays[1 : n + 1], arrays[n + 1 :]).outputs())

    def backward(self, errors, back=None, broadcast=None, lag=0.0):
        """The textbook recursion of errors through the layers: gradients by weights, and every layer's errors.

        `back[l]` replaces the weights of layer l on the way back; `broadcast[l]` (outputs x neurons of layer l) brings
        the outputs' errors there directly, `lag` after their spikes; who has not fired by then does not use them.
        """
        times, causal = self.forward()
        gradients = [np.zeros(w.shape) for w in self.weights]
        layers = {len(self.weights): np.asarray(errors, float)}
        for k in reversed(range(len(self.weights))):
            w, inside = self.weights[k], causal[k]
            arrivals = times[k][:, None] + self.delays[k]
            returned = np.zeros(w.shape)
            for j in range(w.shape[1]):
                i = np.flatnonzero(inside[:, j])
                if not len(i):
                    continue
                v, slopes = self.model.effect(times[k + 1][j] - arrivals[i, j])
                e = layers[k + 1][j] / (w[i, j] * slopes).sum()
                gradients[k][i, j] = -e * v
                returned[i, j] = e * slopes
            b = w if back is None or back[k] is None else back[k]
            layers[k] = (returned * b).sum(axis=1)
            if broadcast is not None and 0 < k < len(self.weights):
                heard = times[k] < times[-1][:, None] + lag  # outputs x neurons
                layers[k] = (broadcast[k] * heard * np.asarray(errors)[:, None]).sum(axis=0)
        return gradients, layers


def random_plain(seed, model=None, depth=None, most=4, strength=2.2, delays=True):
    """A random network of 1 to 4 layers in which some neurons stay silent and, as a rule, some output fires."""
    rng = np.random.default_rng([seed, 77])
    depth = int(rng.integers(1, 5)) if depth is None else depth
    sizes = [int(n) for n in rng.integers(1, most + 1, depth + 1)]
    sizes[0] += 1
    start = rng.uniform(0.0, 1.5, sizes[0])
    if rng.random() < 0.3:
        start[rng.integers(sizes[0])] = np.inf
    weights = [strength * rng.uniform(-0.3, 1.0, (m, n)) for m, n in pairwise(sizes)]
    gaps = [rng.uniform(0.0, 0.6, w.shape) * (delays and rng.random() < 0.8) for w in weights]
    return Plain(model or IntegrateFire(float(rng.uniform(0.3, 3.0))), start, weights, gaps)
