"""Store and recall: a cue has to be remembered for half a second, by neurons whose thresholds adapt, taught by e-prop.

After the task of Bellec et al. 2018 (arXiv 1803.09574) and 2020 (doi 10.1038/s41467-020-17236-y): one of two groups of
inputs is busy; after a delay, in which there is noise alone, a third group asks, and the readout's sign is the answer.
"""

import math

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD, CUE, ASKED = 1.0, (50 * ms, 150 * ms), (650 * ms, 750 * ms)  # of a trial, and in it [s]
TAU, EVERY, GROUP = 20 * ms, 5 * ms, 10  # of membranes and readout, from look to look [s]; inputs in a group
Readouts = es.path("Readouts", es.spike() >> es.psp() >> es.gate(es.error() >> es.low_pass(TAU)) >> es.weight(es.Adam()))


def inputs(cues, seed):
    """Spike trains of four groups: a cue of +1, a cue of -1, the question, and noise."""
    draw, trains = np.random.default_rng(seed), []
    for group in range(4):
        for _ in range(GROUP):
            own = []
            for k, cue in enumerate(cues):
                begin, end = (CUE, CUE, ASKED, (0.0, PERIOD))[group]
                rate = 10.0 if group == 3 else 100.0 if group == 2 or cue == 1 - 2 * group else 0.0
                own.append(np.sort(draw.uniform(begin, end, draw.poisson(rate * (end - begin)))) + k * PERIOD)
            trains.append(np.concatenate(own))
    return trains


def critic(cell, cues=()):
    """Looks at the readout while it is asked, and tells its error; notes what the readout was on average."""
    for k, cue in enumerate(cues):
        yield cell.until(k * PERIOD + ASKED[0])
        error, then, total = 0.0, cell.now, 0.0
        while cell.now < k * PERIOD + ASKED[1]:
            cell.send("ask")
            message = yield cell.receive(timeout=EVERY / 4)
            value = message.value if message else 0.0
            cell.send("error", TAU * (value - cue - error * math.exp((then - cell.now) / TAU)))
            error, then, total = value - cue, cell.now, total + value
            yield cell.wait(EVERY)
        cell.send("error", -TAU * error * math.exp((then - cell.now) / TAU))
        cell.note("right", float(total * cue > 0.0))


def build(seed=0, engine="compiled", trials=200, adaptive=True, neurons=40, lr=5e-3):
    """Inputs, a recurrent network, with thresholds that adapt or without, a readout, and its critic."""
    cues = np.random.default_rng(seed).choice([-1, 1], trials).tolist()
    net = es.Network(seed, engine)
    x = net.add(es.SpikeTrain(inputs(cues, seed)), name="input")
    own = {"tau_mem": TAU, "tau_syn": 0.0, "reset": "subtract", "t_refractory": 3 * ms}
    h = net.add(es.AdaptiveLIF(beta=0.2, tau_adapt=0.6, **own) if adaptive else es.LIF(**own), neurons, name="neurons")
    y = net.add(es.Readout(tau_mem=TAU), name="readout", record=["state"])
    e_prop = es.AdaptiveEProp if adaptive else es.EProp
    rule = e_prop(surrogate=es.Triangular(beta=1.0, height=300.0), tau_out=TAU, step=es.Adam(lr=lr), when="apply")
    net.connect(x, h, rule, weight=es.normal(0.0, 0.2))
    net.connect(h, h, rule, weight=es.normal(0.0, 0.5 / neurons**0.5), delay=1 * ms, pattern=es.all_to_all(False))
    readouts = Readouts(tau_filter=TAU, step=es.Adam(lr=lr), when="apply", errors="return")
    net.connect(h, y, readouts, weight=es.normal(0.0, 1 / neurons**0.5), feedback="symmetric")
    judge = net.add(critic, cues=cues, name="critic")
    net.connect(judge, y, es.Ask(), weight=0.0, feedback="random", feedback_weight=1.0, feedback_delay=EVERY / 8)
    net.connect(judge, y, port="ask")
    net.connect(judge, y, port="error", delay=0.1 * ms)
    clock = net.add(es.Clock(PERIOD), name="clock")
    net.connect(clock, h, port="apply")
    net.connect(clock, y, port="apply")
    return net
