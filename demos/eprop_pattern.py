"""e-prop: a recurrent network learns to draw a sum of sines with a graded readout, again and again, without a pause.

The task of Bellec et al. 2020 (doi 10.1038/s41467-020-17236-y): 100 inputs of 50 spikes per second, the same in every
second, 100 recurrent leaky neurons, one readout. Its error goes back to them by the readout's or by random weights.
"""

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD, ROUNDS = 1.0, 60  # of the target [s], and how often it is drawn
DURATION = ROUNDS * PERIOD
TAU, EVERY = 30 * ms, 2 * ms  # of membranes and readout, from look to look [s]
LOOKS = EVERY * np.arange(1, round(PERIOD / EVERY) + 1)
KINDS = {"symmetric": {}, "random": {"feedback_weight": es.normal(0.0, 0.1)}}
SAYS = {"score": "error, in units of the target's mean square", "over": 1}  # of `score`, and a mean over so many rounds
Readouts = es.path("Readouts", es.spike() >> es.psp() >> es.gate(es.error() >> es.low_pass(TAU)) >> es.weight(es.Sgd()))


def sines(seed):
    """The target at each look: 1, 2, 3 and 5 Hz with amplitudes and phases by chance, mean square 1."""
    draw = np.random.default_rng(seed)
    a, phase = draw.uniform(0.5, 2.0, 4), draw.uniform(0.0, 2 * np.pi, 4)
    return a / np.sqrt(a @ a / 2) @ np.sin(2 * np.pi * np.outer([1, 2, 3, 5], LOOKS) + phase[:, None])


def build(seed=0, engine="compiled", kind="symmetric", rounds=ROUNDS):
    """Inputs, a recurrent network, a readout, and a teacher that looks at it."""
    net, learns = es.Network(seed, engine), {"step": es.Adam(lr=2e-3), "when": "apply"}
    trains = es.rate_trains(np.full((1, 100), 50.0), PERIOD, seed)
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(rounds)]) for t in trains]), name="input")
    h = net.add(es.LIF(tau_mem=TAU, tau_syn=0.0, reset="subtract", t_refractory=3 * ms), 100, name="neurons")
    y = net.add(es.Readout(tau_mem=TAU), name="readout", record=["state"])
    e_prop = es.EProp(surrogate=es.Triangular(beta=1.0, height=0.3), tau_out=TAU, **learns)
    net.connect(x, h, e_prop, weight=es.normal(0.0, 0.1))
    net.connect(h, h, e_prop, weight=es.normal(0.0, 0.1), delay=1 * ms, pattern=es.all_to_all(self_connections=False))
    readouts = Readouts(tau_filter=TAU, errors="return", **learns)
    net.connect(h, y, readouts, weight=es.normal(0.0, 0.1), feedback=kind, **KINDS[kind])
    es.teach_readout(net, y, es.TargetCurves([sines(seed)], every=EVERY, tau=TAU))
    clock = net.add(es.Clock(PERIOD), name="clock")
    net.connect(clock, h, port="apply")
    net.connect(clock, y, port="apply")
    return net


def score(net, rounds):
    """The mean square error of the readout in each round."""
    y = net.state(net.population("readout"), 0, np.add.outer(PERIOD * np.arange(rounds), LOOKS - 1e-9).ravel())["v"]
    return ((y.reshape(rounds, -1) - net.population("teacher").model.values[0]) ** 2).mean(axis=1)


if __name__ == "__main__":
    for kind in KINDS:
        error = score(build(kind=kind).run(DURATION), ROUNDS)
        print(f"{kind} feedback: error {error[0]:.2f} at first, {error[-1]:.2f} after {ROUNDS} rounds")
