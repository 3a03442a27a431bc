"""Handwritten digits: bright pixels spike early, the first output to spike names the digit; one sample at a time.

The 8 x 8 images come with scikit-learn. Nothing ever stops to learn: a sample follows another every `PERIOD`, errors
travel back while the network runs, and samples without a label (those of the test) go through it in the same way.

The settings were chosen on training samples alone, each fifth of them held out in turn; the test samples had no part
in it.
"""

from typing import NamedTuple

import numpy as np

import eventsnn as es

PERIOD = 6.0  # time from one sample to the next, in time constants of the synapses
DELAY = 0.05  # of an error on its way back, in time constants
PATIENCE = 5.0  # an output that has not fired by then counts as silent


class Size(NamedTuple):
    """How large the network is, and how long it learns."""

    hidden: int
    lr: float  # learning rate
    slope: float  # least slope of the voltage at threshold, where the gradient 1/slope has a pole
    passes: int  # how often every training sample is presented
    half: float = np.inf  # steps until a synapse's learning rate has fallen to a half
    jitter: float = 0.0  # of the input times at every presentation, standard deviation in time constants
    train: int | None = None  # samples used; None for all
    test: int | None = None


def size(engine="compiled", small=False):
    """Large on the compiled engine; as large as three minutes allow on the reference engine; `small` in seconds."""
    if small:
        return Size(hidden=20, lr=0.003, slope=0.1, passes=1, train=550, test=100)
    if engine == "reference":
        return Size(hidden=40, lr=0.0005, slope=0.1, passes=3)
    return Size(hidden=100, lr=0.001, slope=0.3, passes=20, half=3000.0, jitter=0.15)


def samples(seed=0, engine="compiled", small=False):
    """Training samples in the order of presentation, each pass in a new one; and the test samples."""
    s = size(engine, small)
    train, test = es.datasets.digits(early=0.0, late=2.0, silent=True)  # black pixels do not spike
    train, test = train[: s.train], test[: s.test]
    rng = np.random.default_rng(seed)
    return train[np.concatenate([rng.permutation(len(train)) for _ in range(s.passes)])], test


def jittered(train, jitter, seed):
    """The same samples with noise on every input time, so that no two presentations are alike."""
    noise = np.random.default_rng([seed, 1]).normal(size=train.times.shape)
    return es.datasets.Samples(np.maximum(train.times + jitter * noise, 0.0), train.labels)


def build(seed=0, engine="compiled", small=False):
    """64 pixels, hidden neurons, 10 outputs."""
    s = size(engine, small)
    parts = {
        "step": es.AnnealedAdam(lr=s.lr, half=s.half),  # with a clock of its own at every synapse
        "clip": es.Clip(slope=s.slope),
        "cost": es.WeightSum(sum=2.0, rate=0.01),  # a neuron that never fires has no gradient
    }
    # A hidden neuron adds up its errors and acts once per sample: 64 changes of weight instead of ten times 64.
    gather, at_once = (es.SpikeTimeGradient(mode=mode, **parts) for mode in ("gather", "immediate"))

    net = es.Network(seed, engine)
    x = net.add(es.Latency(), 64, name="pixels")
    h = net.add(es.IF(), s.hidden, name="hidden")
    y = net.add(es.IF(), 10, name="output")
    net.connect(x, h, gather, weight=es.uniform(0.0, 0.25))
    net.connect(h, y, at_once, weight=es.uniform(0.0, 16.0 / s.hidden), feedback="symmetric", feedback_delay=DELAY)

    teacher = net.teach(y, es.FirstToSpike(outputs=10, patience=PATIENCE, sharpness=3.0), delay=DELAY)
    train, test = samples(seed, engine, small)
    both = es.datasets.Samples.join(jittered(train, s.jitter, seed), test.without_labels())
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
