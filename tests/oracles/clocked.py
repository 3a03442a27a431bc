"""The review's discrete recurrent network and its backpropagation through time; nothing of the package.

Neftci, Mostafa and Zenke 2019 (arXiv 1901.09948), equations 4 and 5, for neurons i and steps n of length dt:

    I_i[n+1] = alpha I_i[n] + sum_j W_ij X_j[n] + sum_j V_ij S_j[n+1-d],    alpha = exp(-dt/tau_syn)
    U_i[n+1] = beta U_i[n] + I_i[n] - S_i[n],                               beta = exp(-dt/tau_mem)
    S_i[n]   = 1 if U_i[n] >= threshold, else 0

with a recurrent delay of d steps (the review has d = 1) and, if the threshold adapts, threshold = 1 + lift A_i[n] and
A_i[n+1] = rho A_i[n] + S_i[n] (Bellec et al. 2020, doi 10.1038/s41467-020-17236-y). A weight w in units of the
continuous neuron, tau_mem dU/dt = i - U, is W = (1 - beta) w here.

Its limit for dt -> 0 is the event-driven neuron: the current of the left end stands for the whole step, and a spike
takes one step to the current and one more to the voltage, so everything is late by O(dt).

**Stop-gradients.** A spike has the surrogate derivative; in continuous time that is a rate, so per step it is dt times
as much. The reset has no derivative, and none runs through the spikes that other neurons receive. What remains is
differentiated exactly, backwards in time, from the derivative of the loss by every spike.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Twin:
    """A layer of m neurons with n inputs and recurrent synapses.

    Attributes:
        dt: step [s].
        w: weights of the inputs, shape (n, m), and `v` recurrent, shape (m, m), in units of the continuous neuron.
        tau_mem, tau_syn: [s].
        delay: of the recurrent synapses [s], a multiple of dt.
        steepness, height: of the fast sigmoid, height/(1 + steepness |x|)^2.
        lift, tau_adapt: of a threshold that adapts.
    """

    dt: float
    w: np.ndarray
    v: np.ndarray
    tau_mem: float
    tau_syn: float
    delay: float
    steepness: float
    height: float
    lift: float = 0.0
    tau_adapt: float = 1.0

    def run(self, x: np.ndarray, soft: bool = False, given: np.ndarray | None = None) -> np.ndarray:
        """Spikes S, shape (steps, m), of input spikes x, shape (steps, n).

        For checking derivatives: `soft` lets S be dt times the integral of the surrogate, which is smooth, and `given`
        stands for S wherever a gradient is stopped.
        """
        steps, m = len(x), self.w.shape[1]
        alpha, beta, rho = (np.exp(-self.dt / tau) for tau in (self.tau_syn, self.tau_mem, self.tau_adapt))
        d = round(self.delay / self.dt)
        self.x, self.s, self.over = x, np.zeros((steps, m), self.w.dtype), np.zeros((steps, m), self.w.dtype)
        stopped = self.s if given is None else given
        drive = (1.0 - beta) * (x @ self.w)
        current, u, a = (np.zeros(m, self.w.dtype) for _ in range(3))
        for n in range(steps):
            over = u - 1.0 - self.lift * a
            self.over[n] = over
            self.s[n] = self.dt * self.height * over / (1.0 + self.steepness * np.abs(over)) if soft else over >= 0.0
            back = stopped[n + 1 - d] if n + 1 >= d else np.zeros(m)
            u = beta * u + current - stopped[n]
            current = alpha * current + drive[n] + (1.0 - beta) * (back @ self.v)
            a = rho * a + self.s[n]
        return self.s

    def gradients(self, by_spike: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """dL/dw and dL/dv after a run, by backpropagation through time; by_spike is dL/dS, shape (steps, m)."""
        steps, m = self.s.shape
        alpha, beta, rho = (np.exp(-self.dt / tau) for tau in (self.tau_syn, self.tau_mem, self.tau_adapt))
        d = round(self.delay / self.dt)
        surrogate = self.dt * self.height / (1.0 + self.steepness * np.abs(self.over)) ** 2
        by_u, by_a, by_current = np.zeros(m), np.zeros(m), np.zeros(m)
        into = np.zeros((steps, m))  # dL/dI[n+1]
        for n in reversed(range(steps)):
            into[n] = by_current
            through = (by_spike[n] + by_a) * surrogate[n]
            by_current = alpha * by_current + by_u
            by_u = beta * by_u + through
            by_a = rho * by_a - self.lift * through
        late = np.zeros((steps, m))
        late[d - 1 :] = self.s[: steps + 1 - d]
        return (1.0 - beta) * (self.x.T @ into), (1.0 - beta) * (late.T @ into)


def filtered(s: np.ndarray, dt: float, taus: tuple[float, ...]) -> np.ndarray:
    """Spikes after low-pass filters of area 1, one behind the other."""
    f = s / dt
    for tau in taus:
        keep, y, into = np.exp(-dt / tau), np.zeros_like(f[0]), f
        f = np.empty_like(into)
        for n in range(len(into)):
            y = keep * y + (1.0 - keep) * into[n]
            f[n] = y
    return f


def filtered_back(g: np.ndarray, dt: float, taus: tuple[float, ...]) -> np.ndarray:
    """dL/dS from dL/d(filtered S): the transpose of `filtered`, so the same filters in reversed time."""
    return filtered(g[::-1], dt, taus[::-1])[::-1]
