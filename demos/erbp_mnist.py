"""Event-driven random backpropagation on MNIST: digits stream by without a pause, and learning is never switched off.

The brighter a pixel, the faster it spikes; a label spikes while its digit is shown. One digit in twelve comes without
its label and is one of the 5,000 training digits that are held out: nothing is learned from it, for want of errors, and
how it is answered is the accuracy. Settings were chosen by these; the test digits had no part in it.
"""

import numpy as np

import eventsnn as es

PERIOD = 0.05  # how long a digit is shown [s]
RATE = 120.0  # of the brightest pixels [1/s]
HELD = 5000  # training digits that are held out


def samples(data=None, small=False):
    """Training, validation and test digits, with the time between two spikes of a pixel in place of a latency."""
    train, test = es.datasets.mnist(data)
    intervals = np.append(np.inf, 255 / RATE / np.arange(1, 256))
    train, test = (es.datasets.Samples(part.times, part.labels, intervals) for part in (train, test))
    held = min(HELD, len(train) // 12)
    parts = train[:-held], train[-held:], test
    return tuple(part[:n] for part, n in zip(parts, (1100, 100, 100), strict=True)) if small else parts


def network(shown, passes, seed=0, engine="compiled", hidden=(200,), weights=None):
    """784 pixels, hidden layers, 10 outputs, 10 labels, 10 pairs of error neurons; with new weights or given ones."""
    net = es.Network(seed, engine)
    x = net.add(es.RateInput(train="regular"), 784, name="pixels", record=())
    labels = net.add(es.LabelInput(interval=5e-3), 10, name="labels", record=(), label=np.arange(10.0))
    how = {"shuffle": weights is None, "passes": passes, "seed": seed, "levels": shown.levels}
    stimulus = net.stimulate(es.Stimulus(shown.times, shown.labels, PERIOD, **how), x, teacher=labels)
    models = {"neuron": es.TwoCompartment(), "rule": es.ERBP(i_min=-1.15, i_max=1.15)}
    rates = {"lr": 1.7e-4, "hidden_lr": 8e-3, "init": 13.0}
    es.connect_erbp(net, x, labels, hidden, **models, **rates, told_by=stimulus, weights=weights, record=(), i_bias=0.5)
    return net


def build(seed=0, engine="compiled", small=False, hidden=(200,), passes=1, data=None):
    """The network that learns."""
    train, held, _ = samples(data, small)
    return network(es.datasets.Samples.join(train, held.without_labels()), passes, seed, engine, hidden)


def learn(net, step=600):
    """Show the digits, `step` at a time, and yield how many have been."""
    end = net.population("stimulus").model.end
    while net.now < end:
        net.run(until=min(net.now + step * PERIOD, end))
        yield round(net.now / PERIOD)


def counts(net):
    """How often each output has spiked during each digit so far, shape (digits, 10)."""
    spikes, found = net.spikes(net.population("output")), np.zeros((round(net.now / PERIOD), 10), int)
    np.add.at(found, (np.minimum(spikes.t // PERIOD, len(found) - 1).astype(int), spikes.i), 1)
    return found


def asked(net, samples):
    """A network with the weights of a trained one that has answered samples, without their labels."""
    weights = [net.matrix(p) for p in net.description.projections if p.rule is not None]
    hidden = [w.shape[1] for w in weights[:-1]]
    return network(samples.without_labels(), 1, 0, net.engine_name, hidden, weights).run(len(samples) * PERIOD)
