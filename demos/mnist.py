"""MNIST: bright pixels spike early, the first of ten outputs to spike names the digit; one digit at a time.

The settings were chosen on the last 5,000 training digits; the 10,000 test digits had no part in it.
"""

import numpy as np

import eventsnn as es

PERIOD = 1.25  # time from one digit to the next, in time constants of the synapses
BATCH = 20  # weights change after so many digits; until then changes add up at the synapses
PASSES = 8  # how often every training digit is presented
LOST = 0.1  # part of the input spikes that get lost while learning, so that no pixel is relied on
MOVED = 1  # pixels; so far a digit may be off its place while learning
VALIDATION = 5000  # training digits that are held out to choose settings
LEVELS = np.where(np.arange(256) > 127, 0.0, np.inf)  # bright pixels spike at once, dark ones never


def network(stimulus, seed=0, engine="compiled", hidden=350, feedback="symmetric", trained=None):
    """784 pixels, hidden neurons, 10 outputs; with new weights, or with those of a trained network."""
    parts = {
        "clip": es.Clip(slope=0.1),
        "cost": es.WeightSum(sum=2.0, rate=0.01),
        "schedule": es.LinearDecay(end=stimulus.passes * len(stimulus.labels)),
    }
    mirror = {"mirror": es.KolenPollack(decay=1e-5)} if feedback == "learned" else {}
    gather = es.SpikeTimeGradient(mode="gather", step=es.Adam(lr=0.004), **parts)
    add_up = es.SpikeTimeGradient(mode="accumulate", step=es.Adam(lr=0.004), **parts, **mirror)
    weights = [es.normal(5 / 100, 0.05), es.normal(10 / hidden, 0.1)]  # 100 pixels of a digit are bright
    if trained is not None:
        weights = [trained.matrix(trained.projection(name)) for name in ("pixels->hidden", "hidden->output")]

    net = es.Network(seed, engine)
    x = net.add(es.Latency(), 784, name="pixels", record=())
    h = net.add(es.IF(), hidden, name="hidden", record=())
    y = net.add(es.IF(), 10, name="output", record=())
    net.connect(x, h, gather, weight=weights[0])
    way_back = {} if feedback == "symmetric" else {"feedback_weight": es.uniform(0.0, 10 / hidden)}
    net.connect(h, y, add_up, weight=weights[1], feedback=feedback, feedback_delay=0.05, **way_back)
    loss = es.FirstToSpike(outputs=10, patience=1.0, sharpness=80.0, tau=np.inf)
    net.stimulate(stimulus, x, layers=[h, y], teacher=net.teach(y, loss, delay=0.05))
    return net


def samples(data=None, small=False):
    """Training, validation and test digits; `small` takes 1,000 of each."""
    train, test = es.datasets.mnist(data)
    held = min(VALIDATION, len(train) // 3)
    parts = (es.datasets.Samples(p.times, p.labels, LEVELS) for p in (train[:-held], train[-held:], test))
    return tuple(p[:1000] for p in parts) if small else tuple(parts)


def build(seed=0, engine="compiled", small=False, feedback="symmetric", data=None, hidden=None, passes=PASSES):
    """The network that learns; 350 hidden neurons, or 50 if `small`, unless `hidden` says otherwise."""
    train, _, _ = samples(data, small)
    how = {"shuffle": True, "passes": passes, "seed": seed, "levels": LEVELS, "batch": BATCH}
    stimulus = es.Stimulus(train.times, train.labels, PERIOD, lost=LOST, moved=MOVED, shape=(28, 28), **how)
    return network(stimulus, seed, engine, hidden or (50 if small else 350), feedback)


def learn(net, step=50):
    """Present the training samples, `step` at a time, and yield how many have been."""
    end = net.population("stimulus").model.end
    while net.now < end:
        net.run(until=min(net.now + step * PERIOD, end))
        yield round(net.now / PERIOD)


def asked(net, samples):
    """A network with the weights of a trained one that has answered samples, without their labels."""
    unseen = samples.without_labels()
    stimulus = es.Stimulus(unseen.times, unseen.labels, PERIOD, passes=1, levels=unseen.levels)
    twin = network(stimulus, 0, net.engine_name, net.population("hidden").size, trained=net)
    return twin.run(len(samples) * PERIOD)


if __name__ == "__main__":
    net = build()
    for done in learn(net):
        right = net.notes(net.population("teacher"), "correct")[1][-1000:]
        print(f"\r{done} presented, {right.mean():.1%} of the latest 1000 right", end="", flush=True)
    unseen = samples()[-1]
    decisions = asked(net, unseen).notes(net.population("teacher"), "decision")[1]
    print(f"\n{np.mean(decisions == unseen.labels):.1%} of those never trained on are named rightly")
