"""Store and recall: neurons whose thresholds adapt remember a cue for half a second, taught by e-prop; others cannot.

After the tasks of Bellec et al. 2018 (arXiv 1803.09574) and 2020 (doi 10.1038/s41467-020-17236-y): one of two groups of
inputs is busy; after a delay in which there is noise alone a third group asks, and the readout's sign is the answer.
"""

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD, ROUNDS = 1.0, 150  # of a trial [s], and their number
DURATION, CUE, ASKED = ROUNDS * PERIOD, (0.05, 0.15), (0.65, 0.75)  # of all; in a trial [s]
TAU, EVERY = 20 * ms, 5 * ms  # of membranes and readout, from look to look [s]
KINDS = {
    "adaptive": (es.AdaptiveLIF, es.AdaptiveEProp, {"beta": 0.2, "tau_adapt": 0.6}),
    "not adaptive": (es.LIF, es.EProp, {}),
}
SAYS = {"score": "right answers", "over": 25}  # of `score`, and a mean over so many trials
Readouts = es.path("Readouts", es.spike() >> es.psp() >> es.gate(es.error() >> es.low_pass(TAU)) >> es.weight(es.Sgd()))


def build(seed=0, engine="compiled", kind="adaptive", rounds=ROUNDS):
    """Inputs, 40 recurrent neurons, a readout, and a teacher that looks at it while it is asked."""
    net, learns = es.Network(seed, engine), {"step": es.Adam(lr=5e-3), "when": "apply"}
    model, e_prop, own = KINDS[kind]
    cue = np.repeat(np.random.default_rng(seed).choice([-1.0, 1.0], rounds), 20)  # in stretches of a 20th of a trial
    at = np.tile(np.arange(20) / 20 * PERIOD + 0.01, rounds)
    given, asked = (at > CUE[0]) & (at < CUE[1]), (at > ASKED[0]) & (at < ASKED[1])
    rates = np.stack([100.0 * given * (cue > 0), 100.0 * given * (cue < 0), 100.0 * asked, 10.0 + 0.0 * cue], axis=1)
    x = net.add(es.SpikeTrain(es.rate_trains(np.repeat(rates, 10, axis=1), PERIOD / 20, seed)), name="input")
    h = net.add(model(tau_mem=TAU, tau_syn=0.0, reset="subtract", t_refractory=3 * ms, **own), 40, name="neurons")
    y = net.add(es.Readout(tau_mem=TAU), name="readout", record=["state"])
    rule = e_prop(surrogate=es.Triangular(beta=1.0, height=300.0), tau_out=TAU, **learns)
    net.connect(x, h, rule, weight=es.normal(0.0, 0.2))
    net.connect(h, h, rule, weight=es.normal(0.0, 0.08), delay=1 * ms, pattern=es.all_to_all(self_connections=False))
    readouts = Readouts(tau_filter=TAU, errors="return", **learns)
    net.connect(h, y, readouts, weight=es.normal(0.0, 0.16), feedback="symmetric")
    wanted = np.where(np.repeat(asked, 10), np.repeat(cue, 10), np.nan)
    es.teach_readout(net, y, es.TargetCurves([wanted], every=EVERY, tau=TAU))
    clock = net.add(es.Clock(PERIOD), name="clock")  # nothing is learned before a trial is over
    net.connect(clock, h, port="apply")
    net.connect(clock, y, port="apply")
    return net


def score(net, rounds):
    """Whether the readout had the cue's sign in each trial, on average over the time when it was asked."""
    times = np.add.outer(PERIOD * np.arange(rounds), np.linspace(*ASKED, 20)).ravel()
    y = net.state(net.population("readout"), 0, times)["v"].reshape(rounds, -1).mean(axis=1)
    return y * np.nanmean(np.reshape(net.population("teacher").model.values[0], (rounds, -1)), axis=1) > 0.0


if __name__ == "__main__":
    for kind in KINDS:
        right = score(build(kind=kind).run(DURATION), ROUNDS)
        print(
            f"{kind}: {right[:50].mean():.0%} of the first 50 answers are right, {right[-50:].mean():.0%} of the last"
        )
