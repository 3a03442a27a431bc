"""Local errors on N-MNIST: digits seen by an event camera, one recording after another without a pause.

A third of the layer hears each of the camera's turns, as if its motor told. `--full` learns recordings in nine places.
"""

import numpy as np

import eventsnn as es

SIZES = {"default": (300, 0, (150,), 3), "full": (550, 1, (600,), 1), "small": (20, 0, (21,), 1)}  # also hidden, passes


def samples(data=None, size="default"):
    """Training recordings in all places, two parts not learned, and the test; inputs (turn, polarity, y, x)."""
    (train, test), (count, most, *_) = es.datasets.nmnist(data), SIZES[size]  # how many, and how far they move
    places = [(down, right) for down in range(-most, most + 1) for right in range(-most, most + 1)]
    held = [part[: 20 if size == "small" else None] for part in (train[550:700], train[700:], test)]
    parts = [*(train[:count].moved(*place) for place in places), *held]
    parts = [part.merged(2).refractory(5e-3).by_part(3) for part in parts]  # inputs of 2 x 2 pixels with few events
    return es.Recordings.join(*parts[:-3]), *parts[-3:]


def network(playback, hidden, seed=0, engine="compiled", rule="local", trained=None):
    """Layers with readouts of their own; with new weights, or with those of a trained network."""
    kind, form = {"local": (es.LocalError, "change"), "triggered": (es.ErrorTriggered, "event")}[rule]
    learner = kind(surrogate=es.Triangular(beta=1.0), step=es.AnnealedAdam(lr=16e-3, half=500.0), when="apply")
    looks = es.SampledError(every=20e-3, patience=1e-3, form=form, threshold=0.05)
    net, lif = es.Network(seed, engine), es.LIF(tau_mem=20e-3, tau_syn=10e-3, reset="subtract")
    layer, stimulus = net.add(playback, name="pixels", record=()), net.add(playback.stimulus(), name="stimulus")
    for k, size in enumerate(hidden, start=1):
        pre, layer = layer, net.add(lif, size, name=f"hidden {k}", i_bias=0.8)
        new = es.normal(0.0, 0.1 if k == 1 else 2.0 / np.sqrt(pre.size))
        old = trained and trained.matrix(trained.projection(f"{pre.name}->{layer.name}"))
        turn, group = (np.arange(n) * 3 // n if k == 1 else np.zeros(n) for n in (pre.size, size))
        own = es.edges(*np.nonzero(turn[:, None] == group))  # every third of the pixels reaches a third of the layer
        net.connect(pre, layer, learner, weight=new if trained is None else old, pattern=own)
        net.connect(stimulus, layer, port="apply")  # then weights change
        local = es.connect_local_readout(net, layer, stimulus, 10, sampled=looks, tau=50e-3, amplitude=0.4)
        es.connect_verdict(net, local.readout, stimulus, looks=15, every=20e-3, name=f"verdict {k}")
    return net


def build(seed=0, engine="compiled", size="default", rule="local", data=None):
    """The network that learns; it plays every training recording in each pass, in an order of its own."""
    playback = es.Playback(samples(data, size)[0], passes=SIZES[size][3], shuffle=True, seed=seed)
    return network(playback, SIZES[size][2], seed, engine, rule)


def learn(net, step=10):
    """Play the training recordings, `step` at a time, and yield how many have been."""
    stimulus = net.population("stimulus").model
    while net.now < stimulus.end:
        net.run(until=min(net.now + step * stimulus.period, stimulus.end))
        yield round(net.now / stimulus.period)


if __name__ == "__main__":
    for done in learn(net := build()):
        print(f"\r{done}: {net.notes(net.population('verdict 1'), 'correct')[1][-200:].mean():.0%} right", end="")
