"""Yin-Yang with five hidden neurons: not only weights are learned, but also how long each spike is under way.

A point is four spikes, the earlier the smaller a coordinate, and a fifth at a fixed time. The settings were chosen on
the validation samples; the test samples had no part in it.
"""

import numpy as np

import eventsnn as es

PERIOD = 9.0  # time from one sample to the next, in time constants of the synapses
PASSES = 20  # how often every training sample is presented
SHORTEST = 0.1  # no spike takes less time
NAMES = ("input->hidden", "hidden->output")


def network(stimulus, seed=0, engine="compiled", feedback="symmetric", trained=None):
    """5 inputs, 5 hidden neurons, 3 outputs; with new weights and delays, or with those of a trained network."""
    parts = {
        "step": es.Adam(lr=0.02),
        "schedule": es.Falling(half=2500.0),
        "delays": es.LearnedDelays(lr=0.01, shortest=SHORTEST, longest=2.0),
        "clip": es.Clip(slope=0.1),
        "cost": es.WeightSum(sum=1.2, rate=0.01),
    }
    mirror = {"mirror": es.KolenPollack(decay=1e-5)} if feedback == "learned" else {}
    gather = es.SpikeTimeGradient(mode="gather", **parts)
    at_once = es.SpikeTimeGradient(mode="immediate", **parts, **mirror)
    weights = [es.uniform(1 / 5, 5 / 5), es.uniform(1 / 5, 5 / 5)]
    delays = [es.uniform(SHORTEST, SHORTEST + 1.0)] * 2
    if trained is not None:
        learned = [trained.projection(name) for name in NAMES]
        weights = [trained.matrix(p) for p in learned]
        delays = [SHORTEST + trained.synapse_state(p)["syn.delay"].reshape(5, -1) for p in learned]

    net = es.Network(seed, engine)
    x = net.add(es.Latency(), 5, name="input", record=())
    h = net.add(es.IF(), 5, name="hidden", record=())
    y = net.add(es.IF(), 3, name="output", record=())
    net.connect(x, h, gather, weight=weights[0], delay=delays[0])
    way_back = {} if feedback == "symmetric" else {"feedback_weight": es.uniform(0.0, 0.5)}
    net.connect(h, y, at_once, weight=weights[1], delay=delays[1], feedback=feedback, feedback_delay=0.05, **way_back)
    loss = es.FirstToSpike(outputs=3, patience=8.0, sharpness=2.0)
    net.stimulate(stimulus, x, layers=[h, y], teacher=net.teach(y, loss, delay=0.05))
    return net


def samples(data=None, small=False):
    """Training, validation and test samples."""
    return es.datasets.yin_yang(data)


def build(seed=0, engine="compiled", small=False, feedback="symmetric", data=None):
    """The network that learns; `small` presents every sample five times."""
    train, passes = samples(data)[0], 5 if small else PASSES
    stimulus = es.Stimulus(train.times, train.labels, PERIOD, shuffle=True, passes=passes, seed=seed)
    return network(stimulus, seed, engine, feedback)


def learn(net, step=500):
    """Present the training samples, `step` at a time, and yield how many have been."""
    end = net.population("stimulus").model.end
    while net.now < end:
        net.run(until=min(net.now + step * PERIOD, end))
        yield round(net.now / PERIOD)


def asked(net, samples):
    """A network with the weights and delays of a trained one that has answered samples, without their labels."""
    unseen = samples.without_labels()
    stimulus = es.Stimulus(unseen.times, unseen.labels, PERIOD, passes=1)
    return network(stimulus, engine=net.engine_name, trained=net).run(len(samples) * PERIOD)


if __name__ == "__main__":
    net = build()
    for done in learn(net):
        right = net.notes(net.population("teacher"), "correct")[1][-1000:]
        print(f"\r{done} presented, {right.mean():.1%} of the latest 1000 right", end="", flush=True)
    unseen = samples()[-1]
    decisions = asked(net, unseen).notes(net.population("teacher"), "decision")[1]
    print(f"\n{np.mean(decisions == unseen.labels):.1%} of those never trained on are named rightly")
