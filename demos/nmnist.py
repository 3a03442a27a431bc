"""Local errors on N-MNIST: digits seen by an event camera, one recording after another without a pause.

A third of the layer hears each of the camera's three turns, as if its motor told. Settings are from recordings 551-700.
"""

import numpy as np

import eventsnn as es

SIZES = {"default": (300, (150,), 3), "full": (550, (300,), 6), "small": (20, (21,), 1)}  # recordings, hidden, passes
LAYER = {"tau_mem": 20e-3, "tau_syn": 10e-3, "reset": "subtract"}
FORMS = {"local": (es.LocalError, "change"), "triggered": (es.ErrorTriggered, "event")}


def samples(data=None, size="default"):
    """Training recordings, two parts that are not learned, and the test: inputs (turn, polarity, y, x), few events."""
    train, test = (part.refractory(5e-3).by_part(3) for part in es.datasets.nmnist(data, merge=2))
    parts = train[:550], train[550:700], train[700:], test
    return parts[0][: SIZES[size][0]], *(part[:20] if size == "small" else part for part in parts[1:])


def network(playback, hidden, seed=0, engine="compiled", rule="local", trained=None):
    """Layers with readouts of their own; with new weights, or with those of a trained network."""
    kind, form = FORMS[rule]
    step = es.AnnealedAdam(lr=8e-3, half=1000.0)
    learner = kind(surrogate=es.FastSigmoid(beta=2.0), step=step, when="apply", panel=0.25)
    looks = es.SampledError(every=20e-3, patience=1e-3, form=form, threshold=0.05)
    net = es.Network(seed, engine)
    layer, stimulus = net.add(playback, name="pixels", record=()), net.add(playback.stimulus(), name="stimulus")
    for k, size in enumerate(hidden, start=1):
        pre, layer = layer, net.add(es.LIF(**LAYER), size, name=f"hidden {k}", i_bias=0.8)
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
    playback = es.Playback(samples(data, size)[0], passes=SIZES[size][2], shuffle=True, seed=seed)
    return network(playback, SIZES[size][1], seed, engine, rule)


def learn(net, step=10):
    """Play the training recordings, `step` at a time, and yield how many have been."""
    stimulus = net.population("stimulus").model
    while net.now < stimulus.end:
        net.run(until=min(net.now + step * stimulus.period, stimulus.end))
        yield round(net.now / stimulus.period)


if __name__ == "__main__":
    for done in learn(net := build()):
        print(f"\r{done}: {net.notes(net.population('verdict 1'), 'correct')[1][-200:].mean():.0%} right", end="")
