"""Handwritten digits: bright pixels spike early, the first output to spike names the digit; one sample at a time.

The 8 x 8 images come with scikit-learn. Nothing ever stops to learn: a sample follows another every `PERIOD`, errors
travel back while the network runs, and samples without a label (those of the test) go through it in the same way.

The settings were chosen on the last 300 training samples; the test samples had no part in it.
"""

import numpy as np

import eventsnn as es

PERIOD = 6.0  # time from one sample to the next, in time constants of the synapses
PATIENCE = 5.0  # an output that has not fired by then counts as silent


def samples(seed=0, small=False):
    """Training samples in the order of presentation, each pass in a new one; and the test samples."""
    train, test = es.datasets.digits(early=0.0, late=2.0, silent=True)  # black pixels do not spike
    passes = 3
    if small:
        train, test, passes = train[:550], test[:100], 1
    rng = np.random.default_rng(seed)
    return train[np.concatenate([rng.permutation(len(train)) for _ in range(passes)])], test


def build(seed=0, engine="reference", small=False):
    """64 pixels, 40 hidden neurons, 10 outputs. `small`: 20 hidden neurons and 550 samples, once."""
    hidden, lr = (20, 0.003) if small else (40, 0.0005)
    parts = {
        "step": es.Adam(lr=lr),  # with a clock of its own at every synapse
        "clip": es.Clip(slope=0.1),  # the gradient has 1/slope of the voltage at threshold in it, which has a pole
        "cost": es.WeightSum(sum=2.0, rate=0.01),  # a neuron that never fires has no gradient
    }
    # A hidden neuron adds up its errors and acts once per sample: 64 changes of weight instead of ten times 64.
    gather, at_once = (es.SpikeTimeGradient(mode=mode, **parts) for mode in ("gather", "immediate"))

    net = es.Network(seed, engine)
    x = net.add(es.Latency(), 64, name="pixels")
    h = net.add(es.IF(), hidden, name="hidden")
    y = net.add(es.IF(), 10, name="output")
    net.connect(x, h, gather, weight=es.uniform(0.0, 0.25))
    net.connect(h, y, at_once, weight=es.uniform(0.0, 0.4), feedback="symmetric")

    teacher = net.teach(y, es.FirstToSpike(outputs=10, patience=PATIENCE, sharpness=3.0))
    train, test = samples(seed, small)
    both = es.datasets.Samples.join(train, test.without_labels())
    stimulus = es.Stimulus(both.times, both.labels, PERIOD, passes=1)
    net.stimulate(stimulus, x, layers=[h, y], teacher=teacher)
    return net


def learn(net):
    """Present every sample once and yield how many have been."""
    total = len(net.population("stimulus").model.labels)
    while (done := int(net.now // PERIOD)) < total:
        done = min(done + 20, total)
        net.run(until=done * PERIOD)
        yield done


def accuracy(net):
    """The fraction of test samples, presented last and never learned from, that were named rightly."""
    unseen = net.population("stimulus").model.labels < 0
    _, test = es.datasets.digits()
    decisions = net.notes(net.population("teacher"), "decision")[1]
    return float(np.mean(decisions[unseen] == test.labels[: unseen.sum()]))


if __name__ == "__main__":
    net = build(seed=0)
    for done in learn(net):
        right = net.notes(net.population("teacher"), "correct")[1][-200:]
        print(f"\r{done} samples, {right.mean():.0%} of the latest 200 training samples right", end="", flush=True)
    print(f"\n{accuracy(net):.1%} of the digits never trained on are named rightly")
