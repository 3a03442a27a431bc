"""SuperSpike: any picture, drawn by the spikes of the output neurons, from frozen Poisson inputs.

    eventsnn demo superspike-picture --picture FILE

After Zenke and Ganguli 2018 (doi 10.1162/neco_a_01086). Without a file the picture is the name of this package. Errors
of the outputs come back to the hidden neurons by the forward weights, by random or by uniform ones.
"""

import numpy as np

import eventsnn as es

PERIOD, PASSES, DURATION = 0.9, 60, 60 * 0.9  # of the picture [s], how often it is played, and both
RISE, DECAY = 5e-3, 10e-3  # of the loss [s]
SMALL = {"hidden": 32, "outputs": 10, "passes": 8}
FULL = {"hidden": 128, "outputs": 80, "passes": 120}
LR = {"symmetric": 0.05, "random": 0.05, "uniform": 0.02}  # as in superspike_oxford.py
FEEDBACK = {
    "symmetric": {"feedback": "symmetric"},
    "random": {"feedback": "random", "feedback_weight": es.normal(0.0, 1.0)},
    "uniform": {"feedback": "random", "feedback_weight": 1.0},
}


def build(seed=0, engine="compiled", small=False, feedback="symmetric", picture=None, hidden=64, outputs=40, passes=60):
    """100 inputs, hidden neurons, and one output for each line of the picture."""
    if small:
        hidden, outputs, passes = SMALL.values()
    inputs = es.rate_trains(np.full((1, 100), 10.0), PERIOD, seed)
    teacher = es.TargetTrains(es.datasets.picture(picture, outputs, PERIOD), period=PERIOD)
    neuron = es.LIF(tau_mem=10e-3, tau_syn=5e-3, t_refractory=5e-3)
    rule = {"tau_rise": RISE, "tau_decay": DECAY, "step": es.RMax(lr=LR[feedback]), "when": "apply"}
    net = es.Network(seed, engine)
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(passes)]) for t in inputs]), name="input")
    h, y = net.add(neuron, hidden, name="hidden"), net.add(neuron, outputs, name="output")
    net.connect(x, h, es.SuperSpike(rate_cost=1e-3, **rule), weight=es.normal(0.1, 0.8))
    start = es.normal(6.4 / hidden, 6.4 / hidden**0.5)
    way_back = {**FEEDBACK[feedback], "feedback_delay": 0.8e-3}
    net.connect(h, y, es.SuperSpike(errors="return", **rule), weight=start, **way_back)
    net.teach(y, teacher, delay=0.1e-3)
    clock = net.add(es.Clock(PERIOD / 2), name="clock")  # says when to learn: twice in each pass
    net.connect(clock, h, port="apply")
    net.connect(clock, y, port="apply")
    return net


def loss(net, k):
    """Of pass k: spikes per second and output that are wrong, were each far from all others; the published scale."""
    latest = net.spikes(net.population("output")).between(k * PERIOD, (k + 1) * PERIOD)
    trains = [t - k * PERIOD for t in latest.spike_trains().values()]
    return es.wrong_spike_rate(trains, net.population("teacher").model.trains, PERIOD, RISE, DECAY)


if __name__ == "__main__":
    net = build().run(DURATION)
    print(f"loss {loss(net, 0):.1f} at first, {loss(net, PASSES - 1):.1f} after {PASSES} passes")
    es.plot.raster(net.spikes(net.population("output")).between(DURATION - PERIOD, DURATION)).figure.savefig(
        "picture.png"
    )
