"""Event-driven random backpropagation: digits as Poisson spikes, learned while they stream by, by one addition a spike.

A sample follows another every `PERIOD`; nothing is ever reset, and no phase tells learning from recall: labels are
spikes that come for training samples and stay away for the others. Settings were chosen on the last 300 training
samples, in which the test samples had no part.
"""

import numpy as np

import eventsnn as es

PERIOD = 0.25  # how long a sample is shown [s]
PASSES = 3  # how often every training sample is shown


def samples(seed=0, engine="compiled", small=False):
    """Training samples in the order of presentation, each pass in a new one; and the test samples."""
    train, test = es.datasets.digits(early=0.0, late=1.0)
    train, test = (train[:300], test[:100]) if small else (train, test)
    rng = np.random.default_rng(seed)
    return train[np.concatenate([rng.permutation(len(train)) for _ in range(1 if small else PASSES)])], test


def build(seed=0, engine="compiled", small=False):
    """64 pixels, 100 hidden neurons, 10 outputs, 10 pairs of error neurons."""
    train, test = samples(seed, engine, small)
    both = es.datasets.Samples.join(train, test.without_labels())
    shown = [PERIOD * np.flatnonzero(both.labels == g)[:, None] for g in range(10)]
    told = [(start + np.arange(5e-3, PERIOD, 10e-3)).ravel() for start in shown]  # a label spikes every 10 ms
    net = es.Network(seed, engine)
    x = net.add(es.SpikeTrain(es.rate_trains(200.0 * (1.0 - both.times), PERIOD, seed)), name="pixels", record=())
    labels = net.add(es.SpikeTrain(told), name="labels", record=())
    stimulus = net.add(es.Stimulus(both.times, both.labels, PERIOD, passes=1), name="stimulus")  # says what is told
    es.connect_erbp(net, x, labels, [100], lr=2e-3, i_bias=0.5, told_by=stimulus)
    return net


def learn(net):
    """Show every sample once and yield how many have been."""
    total = len(net.population("stimulus").model.labels)
    while (done := round(net.now / PERIOD)) < total:
        net.run(until=min(done + 100, total) * PERIOD)
        yield min(done + 100, total)


def right(net):
    """For every sample shown, whether the output that spiked most while it was shown names it."""
    labels, spikes = net.population("stimulus").model.labels.copy(), net.spikes(net.population("output"))
    unseen = labels < 0
    labels[unseen] = es.datasets.digits()[1].labels[: unseen.sum()]
    counts = np.zeros((len(labels), 10))
    np.add.at(counts, (np.minimum(spikes.t // PERIOD, len(labels) - 1).astype(int), spikes.i), 1)
    return counts.argmax(axis=1) == labels


if __name__ == "__main__":
    for done in learn(net := build(seed=0)):
        print(f"\r{done} samples", end="", flush=True)
