"""e-prop: a recurrent network learns to draw a sum of sines with a graded readout, again and again, without a pause.

The task of Bellec et al. 2020 (doi 10.1038/s41467-020-17236-y): 100 inputs of 50 spikes per second, the same in every
second, 100 leaky neurons, and one readout. Its error, looked up every 2 ms, goes to all neurons by fixed weights.
"""

import math

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD, TAU, EVERY = 1.0, 30 * ms, 2 * ms  # of the target, of membranes and readout, from one look to the next [s]
Readouts = es.path("Readouts", es.spike() >> es.psp() >> es.gate(es.error() >> es.low_pass(TAU)) >> es.weight(es.Adam()))


def sines(seed):
    """Four amplitudes and phases; the sum has mean square 1."""
    draw = np.random.default_rng(seed)
    a = draw.uniform(0.5, 2.0, 4)
    return list(zip((1, 2, 3, 5), a / np.sqrt(a @ a / 2), draw.uniform(0, 2 * np.pi, 4), strict=True))


def target(t, waves):
    """What the readout should be at time t [s]."""
    return sum(a * math.sin(2 * math.pi * f * t / PERIOD + phase) for f, a, phase in waves)


def critic(cell, waves=()):
    """Looks at the readout and sends what lifts the error, which decays with TAU at the neurons, to its present value."""
    error = then = 0.0
    while True:
        yield cell.wait(EVERY)
        cell.send("ask")
        message = yield cell.receive(timeout=EVERY / 4)
        now = (message.value if message else 0.0) - target(cell.now, waves)
        cell.send("error", TAU * (now - error * math.exp((then - cell.now) / TAU)))
        error, then = now, cell.now


def build(seed=0, engine="compiled", epochs=60, feedback="symmetric", neurons=100, lr=2e-3):
    """Inputs, a recurrent network, a readout, and the process that looks at it."""
    net = es.Network(seed, engine)
    rates = np.full((1, 100), 50.0)
    trains = es.rate_trains(rates, PERIOD, seed)
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(epochs)]) for t in trains]), name="input")
    h = net.add(es.LIF(tau_mem=TAU, tau_syn=0.0, reset="subtract"), neurons, name="neurons")
    y = net.add(es.Readout(tau_mem=TAU), name="readout", record=["state"])
    rule = es.EProp(surrogate=es.Triangular(beta=1.0, height=0.3), tau_out=TAU, step=es.Adam(lr=lr), when="apply")
    net.connect(x, h, rule, weight=es.normal(0.0, 0.1))
    net.connect(h, h, rule, weight=es.normal(0.0, 1 / neurons**0.5), delay=1 * ms, pattern=es.all_to_all(False))
    way_back = {"feedback": "symmetric"} if feedback == "symmetric" else {
        "feedback": "random", "feedback_weight": es.normal(0.0, 1 / neurons**0.5)}
    readouts = Readouts(tau_filter=TAU, step=es.Adam(lr=lr), when="apply", errors="return")
    net.connect(h, y, readouts, weight=es.normal(0.0, 1 / neurons**0.5), **way_back)
    judge = net.add(critic, waves=sines(seed), name="critic")
    net.connect(judge, y, es.Ask(), weight=0.0, feedback="random", feedback_weight=1.0, feedback_delay=EVERY / 8)
    net.connect(judge, y, port="ask")
    net.connect(judge, y, port="error", delay=0.1 * ms)
    clock = net.add(es.Clock(PERIOD), name="clock")
    net.connect(clock, h, port="apply")
    net.connect(clock, y, port="apply")
    return net
