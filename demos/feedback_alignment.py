"""Feedback alignment on Yin-Yang, honestly: the angle to the true gradient, summed over samples, and the accuracy."""

import numpy as np

import eventsnn as es

PERIOD = 7.0  # time from one sample to the next, in time constants of the synapses
KINDS = ("symmetric", "sign_symmetric", "learned", "random", "broadcast")


def build(seed, engine, kind, samples, back, weights=None):
    """5 inputs, 30 hidden neurons, 3 outputs; with given weights its steps are so small that they are the gradient."""
    learn = {"step": es.AnnealedAdam(lr=0.01, half=3000.0), "cost": es.WeightSum(sum=1.2, rate=0.01)}
    parts = {"clip": es.Clip(slope=0.1), **(learn if weights is None else {"step": es.Sgd(lr=1e-7)})}
    below, above = weights or (es.uniform(1 / 5, 5 / 5), es.uniform(1 / 30, 5 / 30))
    mirror = {"mirror": es.KolenPollack(decay=1e-3)} if kind == "learned" else {}
    way = {} if kind == "symmetric" else {"feedback_weight": back}
    net = es.Network(seed, engine, guard=False)
    x = net.add(es.Latency(), 5, name="input", record=())
    h, y = (net.add(es.IF(), n, name=name, record=()) for n, name in ((30, "hidden"), (3, "output")))
    net.connect(x, h, es.SpikeTimeGradient(mode="gather", **parts), weight=below)
    rule = es.SpikeTimeGradient(mode="immediate", **parts, **mirror)
    net.connect(h, y, rule, weight=above, feedback=kind, feedback_delay=0.05, **way)
    teacher = net.teach(y, es.FirstToSpike(outputs=3, patience=6.0, sharpness=4.0), delay=0.05)
    net.stimulate(es.Stimulus(samples.times, samples.labels, PERIOD, passes=1), x, layers=[h, y], teacher=teacher)
    return net


def angle(net, kind, back, samples):
    """Between what the hidden layer follows and the true gradient [degrees], over 100 samples."""
    weights = [net.matrix(net.projection(name)) for name in ("input->hidden", "hidden->output")]
    if kind in ("sign_symmetric", "learned"):  # feedback that changes is taken as it is now
        kind, back = "random", net.feedback_weights(net.projection("hidden->output")).reshape(30, 3)
    probes = [build(0, "reference", way, samples[:100], back, weights) for way in ("symmetric", kind)]
    return es.study.angle(*(weights[0] - p.run(100 * PERIOD).matrix(p.projection("input->hidden")) for p in probes))


def figure(seed=0, engine="reference", full=False):
    """Each kind learns the same samples once; so every answer is about a sample that it has not seen."""
    train, validation, _ = es.datasets.yin_yang()
    total, seeds = (len(train), 3) if full else (1500, 1)
    looks, angles, right = np.linspace(0, total, 11 if full else 6).astype(int), {}, {}
    for kind, s in ((kind, s) for kind in KINDS for s in range(seed, seed + seeds)):
        back = np.random.default_rng(s).uniform(0.0, 0.5, (3, 30) if kind == "broadcast" else (30, 3))
        net = build(s, engine, kind, train[np.random.default_rng([s, 1]).permutation(len(train))[:total]], back)
        angles.setdefault(kind, []).append([angle(net.run(until=k * PERIOD), kind, back, validation) for k in looks])
        right.setdefault(kind, []).append(net.notes(net.population("teacher"), "correct")[1][: total - 1])
    fig, (left, other) = es.plot.panels(1, 2, size=(8.0, 3.2))
    es.plot.curves(looks, angles, ".-", ax=left, xlabel="samples learned", ylabel="degrees from the true gradient")
    left.axhline(90.0, color="0.6", linewidth=0.8)
    es.plot.learning_curve(*(np.mean(r, axis=0) for r in right.values()), window=300, ax=other)
    found = {"angles": {kind: [round(one[-1], 1) for one in each] for kind, each in angles.items()}, "samples": total}
    late = {kind: [round(float(np.mean(one[-500:])), 3) for one in each] for kind, each in right.items()}
    return found | {"accuracies": late}, fig


if __name__ == "__main__":
    figure()[1].savefig("feedback_alignment.png")
