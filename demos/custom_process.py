"""Processes of your own: one that answers a spike with a burst, and two that count up to six by turns."""

import numpy as np

import eventsnn as es
from eventsnn import ms

DURATION = 500 * ms


def burst(cell, spikes=4, gap=3 * ms):
    """Fire a burst for every spike that comes in; one that comes during a burst starts it anew."""
    while True:
        yield cell.receive()
        left = spikes
        while left > 0:
            cell.fire()
            left -= 1
            if (yield cell.receive(timeout=gap)) is not None:
                left = spikes


def counter(cell, begins=False, most=6, gap=4 * ms, silence=15 * ms):
    """Count the spikes of the other until it falls silent, then answer with one more."""
    heard = 0
    if not begins:
        yield cell.receive()
        heard = 1
    while True:
        while (yield cell.receive(timeout=silence)) is not None:
            heard += 1
        if heard == most:
            return
        for _ in range(heard + 1):
            cell.fire()
            yield cell.wait(gap)
        cell.note("said", heard + 1)
        yield cell.receive()
        heard = 1


def build(seed=0, engine="reference"):
    """A Poisson source drives a bursting process, which drives a neuron; beside them two processes talk."""
    net = es.Network(seed, engine)
    source = net.add(es.Poisson(rate=30.0), name="input")
    bursts = net.add(burst, name="burst", spikes=4, gap=3 * ms)
    neuron = net.add(es.LIF(tau_mem=10 * ms, tau_syn=2 * ms), name="neuron")
    net.connect(source, bursts)
    net.connect(bursts, neuron, weight=4.0, delay=1 * ms)

    ann = net.add(counter, name="ann", begins=True)
    ben = net.add(counter, name="ben")
    net.connect(ann, ben, delay=1 * ms)
    net.connect(ben, ann, delay=1 * ms)
    return net


def said(net):
    """The numbers that the two processes said, in the order of time."""
    times, numbers = np.hstack([net.notes(net.population(name), "said") for name in ("ann", "ben")])
    return [int(number) for number in numbers[np.argsort(times)]]


if __name__ == "__main__":
    net = build().run(DURATION)
    print("ann and ben said", said(net))
    for name in ("input", "burst", "neuron"):
        print(f"{name} fired {len(net.spikes(net.population(name)))} times")
