"""Explicit networks for benchmarks: every edge, weight, delay, input spike and initial voltage is an array.

The same arrays go to every simulator. Time is in seconds, voltages and weights are in mV; a weight is the current of a
spike times the membrane resistance (80 megohm: 20 ms / 250 pF), so that 64 pA are 5.12 mV.
"""

from dataclasses import dataclass, replace

import numpy as np

TAU_MEM, TAU_SYN, T_REFRACTORY, THRESHOLD = 20e-3, 2e-3, 2e-3, 15.0  # [s, s, s, mV above rest and reset]
STEP = 1e-4  # [s] input spikes and delays are multiples of it, so that clock-driven simulators can have them too
RESISTANCE = 0.08  # [mV/pA]
DELAY = 1.5e-3  # [s]
TAU_STDP, STEP_STDP, W_MAX = 20e-3, 1e-6, 20.0  # [s, largest change in units of W_MAX, mV]


@dataclass(frozen=True)
class Circuit:
    """Leaky integrate-and-fire neurons with exponential currents, recurrent synapses, and spikes from outside."""

    name: str
    seed: int
    v: np.ndarray  # initial voltage [mV]
    i_bias: np.ndarray  # constant current times resistance [mV]
    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray  # one value per edge [mV]
    delay: np.ndarray  # one value per edge, or one for all [s]
    input_pre: np.ndarray
    input_post: np.ndarray
    input_weight: float  # [mV]
    sources: int
    input_i: np.ndarray  # which source spikes
    input_t: np.ndarray  # and when, in order of time [s]
    plastic: np.ndarray  # which edges change by pair STDP; empty if none does

    @property
    def size(self) -> int:
        """The number of neurons."""
        return len(self.v)

    @property
    def synapses(self) -> int:
        """The number of synapses, those of the sources included."""
        return len(self.pre) + len(self.input_pre)

    def trains(self) -> list[np.ndarray]:
        """The spike times [s] of each source."""
        order = np.argsort(self.input_i, kind="stable")
        ends = np.cumsum(np.bincount(self.input_i, minlength=self.sources))[:-1]
        return [train.copy() for train in np.split(self.input_t[order], ends)]

    def events(self, spikes: np.ndarray, begin: float, end: float) -> int:
        """Synaptic events: how many synapses the given spikes, and those of the sources in [begin, end), go to."""
        driven = self.input_i[(self.input_t >= begin) & (self.input_t < end)]
        own = np.bincount(self.pre, minlength=self.size)[spikes].sum()
        return int(own + np.bincount(self.input_pre, minlength=self.sources)[driven].sum())

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, for a file that the peers read."""
        return {name: np.asarray(value) for name, value in vars(self).items()}


def poisson_on_grid(rng: np.random.Generator, sources: int, rate: float, duration: float) -> tuple[np.ndarray, ...]:
    """Poisson spikes on the grid, at most one per source and step: sources and times [s], in order of time."""
    steps = round(duration / STEP)
    n = rng.poisson(rate * duration * sources)
    drawn = np.unique(rng.integers(1, steps, n) * sources + rng.integers(0, sources, n))
    return drawn % sources, (drawn // sources) * STEP


def recurrent(rng: np.random.Generator, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Each neuron gets 0.8 k edges from the first four fifths of all, 0.2 k from the rest; none from itself."""
    excitatory, from_excitatory = int(0.8 * n), int(0.8 * k)
    post = np.repeat(np.arange(n, dtype=np.int32), k)
    pre = np.empty((n, k), np.int32)
    pre[:, :from_excitatory] = rng.integers(0, excitatory, (n, from_excitatory))
    pre[:, from_excitatory:] = rng.integers(excitatory, n, (n, k - from_excitatory))
    itself = np.arange(n)[:, None]
    pre[pre == itself] += 1  # the next one; the last of each kind is followed by the first
    pre[int(0.8 * n) - 1, :from_excitatory] %= excitatory
    pre[n - 1, from_excitatory:] = np.where(pre[n - 1, from_excitatory:] == n, excitatory, pre[n - 1, from_excitatory:])
    return pre.ravel(), post


def delays(rng: np.random.Generator, edges: int, spread: bool) -> np.ndarray:
    """1.5 ms, or 0.5 to 3 ms in steps of 0.1 ms."""
    return STEP * rng.integers(5, 31, edges) if spread else np.array(DELAY)


def balanced(n: int, k: int, duration: float, seed: int, spread: bool = False) -> Circuit:
    """Excitation and strong inhibition in balance, driven by a constant current and n/10 sources of 20 Hz.

    Irregular, self-sustained firing of 7 to 12 Hz for 4,000 x 400 and 20,000 x 1,000. The excitatory weight is 64 pA
    for k = 400 and falls with the root of k, the inhibitory one is six times as large; the current is 1.4 times what
    it takes to reach the threshold, within 5 %.

    Args:
        n: neurons. k: recurrent synapses onto each; 20 more come from the sources.
        duration: for how long there are input spikes [s].
        spread: delays from 0.5 to 3 ms instead of 1.5 ms.
    """
    rng = np.random.default_rng(seed)
    excitatory = 64 * np.sqrt(400 / k) * RESISTANCE
    pre, post = recurrent(rng, n, k)
    sources = max(1, n // 10)
    spikes = poisson_on_grid(rng, sources, 20.0, duration)
    return Circuit(
        f"{n:,} x {k:,}, delay {'0.5 to 3' if spread else '1.5'} ms",
        seed,
        v=rng.uniform(0.0, THRESHOLD, n),
        i_bias=1.4 * THRESHOLD * rng.uniform(0.95, 1.05, n),
        pre=pre,
        post=post,
        weight=np.where(pre < int(0.8 * n), excitatory, -6 * excitatory),
        delay=delays(rng, len(pre), spread),
        input_pre=rng.integers(0, sources, 20 * n).astype(np.int32),
        input_post=np.repeat(np.arange(n, dtype=np.int32), 20),
        input_weight=float(excitatory),
        sources=sources,
        input_i=spikes[0],
        input_t=spikes[1],
        plastic=np.empty(0, bool),
    )


def with_stdp(c: Circuit) -> Circuit:
    """The circuit with plastic synapses among its excitatory neurons, whose weights hardly move."""
    excitatory = int(0.8 * c.size)
    return replace(c, name=f"pair STDP, {c.name}", plastic=(c.pre < excitatory) & (c.post < excitatory))


def driven(n: int, k: int, rate: float, duration: float, seed: int) -> Circuit:
    """No current; each of n/10 groups fires when its source does, `rate` times a second; weak recurrent synapses."""
    rng = np.random.default_rng(seed)
    pre, post = recurrent(rng, n, k)
    sources = max(1, n // 10)
    spikes = poisson_on_grid(rng, sources, rate, duration)
    return Circuit(
        f"{n:,} x {k:,} at {rate:g} Hz",
        seed,
        v=np.zeros(n),
        i_bias=np.zeros(n),
        pre=pre,
        post=post,
        weight=np.where(pre < int(0.8 * n), 2.0, -8.0) * RESISTANCE,
        delay=np.array(DELAY),
        input_pre=(np.arange(n, dtype=np.int32) % sources).astype(np.int32),
        input_post=np.arange(n, dtype=np.int32),
        input_weight=6000 * RESISTANCE,  # one spike: the refractory period outlasts what could make a second one
        sources=sources,
        input_i=spikes[0],
        input_t=spikes[1],
        plastic=np.empty(0, bool),
    )
