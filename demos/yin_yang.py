"""Yin-Yang: 30 hidden neurons learn in which of three regions a point lies, one point at a time, without phases.

A point is four spikes, the earlier the smaller a coordinate, and a fifth at a fixed time. The settings were chosen on
the validation samples; the test samples had no part in it.
"""

import numpy as np

import eventsnn as es

PERIOD = 7.0  # time from one sample to the next, in time constants of the synapses
PASSES = 60  # how often every training sample is presented


def network(stimulus, seed=0, engine="compiled", feedback="symmetric", trained=None, link=None):
    """5 inputs, 30 hidden neurons, 3 outputs; with new weights, or with those of a trained network."""
    parts = {
        "step": es.AnnealedAdam(lr=0.01, half=10_000.0),
        "clip": es.Clip(slope=0.1),
        "cost": es.WeightSum(sum=1.2, rate=0.01),
    }
    if feedback == "random":  # needs steps that end in none
        end = float(stimulus.passes * len(stimulus.labels)) or 1.0
        parts |= {"step": es.Adam(lr=0.01), "schedule": es.LinearDecay(end=end)}
    mirror = {"mirror": es.KolenPollack(decay=1e-5)} if feedback == "learned" else {}
    gather = es.SpikeTimeGradient(mode="gather", **parts)
    at_once = es.SpikeTimeGradient(mode="immediate", **parts, **mirror)
    weights = [es.uniform(1 / 5, 5 / 5), es.uniform(1 / 30, 5 / 30)]
    if trained is not None:
        weights = [trained.matrix(trained.projection(name)) for name in ("input->hidden", "hidden->output")]

    net = es.Network(seed, engine)
    x = net.add(es.Latency(), 5, name="input", record=())
    h = net.add(es.IF(), 30, name="hidden", record=())
    y = net.add(es.IF(), 3, name="output", record=())
    net.connect(x, h, gather, weight=weights[0])
    signs = es.normal(0.0, 0.6) if feedback == "random" else es.uniform(0.0, 0.5)
    way_back = {} if feedback == "symmetric" else {"feedback_weight": signs}
    net.connect(h, y, at_once, weight=weights[1], feedback=feedback, feedback_delay=0.05, **way_back)
    loss = es.FirstToSpike(outputs=3, patience=6.0, sharpness=4.0)
    net.stimulate(stimulus, x, layers=[h, y], teacher=net.teach(y, loss, delay=0.05, through=link))
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
    """A network with the weights of a trained one that has answered samples, without their labels."""
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
