"""Temporal XOR: four hidden neurons learn to tell whether two spikes come together or apart."""

import eventsnn as es

PERIOD = 8.0  # time from one pattern to the next, in time constants of the synapses
EPOCH = 4 * PERIOD  # the four patterns once


def build(seed=0, engine="reference", record=("spikes",), feedback="symmetric"):
    """Two inputs, four hidden neurons, two outputs; the output that fires first names the class."""
    net = es.Network(seed, engine)
    x = net.add(es.Latency(), 2, name="input")  # each spikes once per pattern: early, or two time constants late
    h = net.add(es.IF(), 4, name="hidden", record=record)
    y = net.add(es.IF(), 2, name="output", record=record)
    how = {"step": es.Sgd(lr=0.1), "cost": es.WeightSum(sum=1.2, rate=0.1), "mode": "accumulate", "bound": 5.0}
    learned = feedback == "learned"  # as it has yet to learn, it drives neurons before a weak output much too far
    mirror = {"mirror": es.KolenPollack(decay=1e-3)} if learned else {}
    back = {"sign_symmetric": es.uniform(0.0, 0.5), "learned": 1.0}.get(feedback, es.uniform(-0.5, 0.5))
    net.connect(x, h, es.SpikeTimeGradient(**how), weight=es.uniform(2 / 2, 5 / 2))  # U(2/n, 5/n) for n inputs
    rule, weight = es.SpikeTimeGradient(**how, **mirror), es.uniform((3 if learned else 2) / 4, 5 / 4)
    net.connect(h, y, rule, weight=weight, feedback=feedback, feedback_weight=back)  # symmetric feedback has none
    teacher = net.teach(y, es.FirstToSpike(outputs=2, patience=7.0, sharpness=2.0))
    patterns = es.datasets.temporal_xor()
    net.stimulate(es.Stimulus(patterns.times, patterns.labels, PERIOD), x, layers=[h, y], teacher=teacher)
    return net


def learn(net, epochs=300):
    """Present the patterns, one by one, until all four in a row are answered rightly; yield how many were."""
    right = 0
    while right < 4 and net.now < epochs * EPOCH:
        net.run(until=EPOCH * (net.now // EPOCH + 1))
        right = int(net.notes(net.population("teacher"), "correct")[1][-4:].sum())
        yield right


if __name__ == "__main__":
    for epoch, right in enumerate(learn(build(seed=1)), start=1):
        print(f"epoch {epoch}: {right} of 4 patterns right")
