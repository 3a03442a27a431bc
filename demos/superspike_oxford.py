"""SuperSpike: frozen input spikes have to become a picture, which the spikes of the output neurons draw over 1.89 s.

The task of Zenke and Ganguli 2018 (doi 10.1162/neco_a_01086), in 40 lines. Errors of the outputs come back to the
hidden neurons by the forward weights, by random or by uniform ones.
"""

import numpy as np

import eventsnn as es

PERIOD, PASSES, DURATION = 1.89, 40, 40 * 1.89  # of the pattern [s], how often it is played, and both
RISE, DECAY = 5e-3, 10e-3  # of the loss [s]
SMALL = {"hidden": 32, "every": 20, "passes": 8}
FULL = {"hidden": 256, "every": 1, "passes": 60}  # the network of the paper
LR = {"symmetric": 0.05, "random": 0.05, "uniform": 0.02}  # of 0.02, 0.05, 0.1 the best with seeds 100 and 101
FEEDBACK = {
    "symmetric": {"feedback": "symmetric"},
    "random": {"feedback": "random", "feedback_weight": es.normal(0.0, 1.0)},
    "uniform": {"feedback": "random", "feedback_weight": 1.0},
}


def build(seed=0, engine="compiled", small=False, feedback="symmetric", data=None, hidden=64, every=5, passes=PASSES):
    """200 inputs, hidden neurons, and one output for `every` so many lines of the picture."""
    if small:
        hidden, every, passes = SMALL.values()
    inputs, targets = es.datasets.oxford(data)
    neuron = es.LIF(tau_mem=10e-3, tau_syn=5e-3, t_refractory=5e-3)
    rule = {"tau_rise": RISE, "tau_decay": DECAY, "step": es.RMax(lr=LR[feedback]), "when": "apply"}
    net = es.Network(seed, engine)
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(passes)]) for t in inputs]), name="input")
    teacher = es.TargetTrains(targets[every // 2 :: every], period=PERIOD)
    h, y = net.add(neuron, hidden, name="hidden"), net.add(neuron, len(teacher.trains), name="output")
    net.connect(x, h, es.SuperSpike(rate_cost=1e-3, **rule), weight=es.normal(0.1, 0.8))
    start = es.normal(6.4 / hidden, 6.4 / hidden**0.5)  # so that outputs start alike, however many neurons are hidden
    way_back = {**FEEDBACK[feedback], "feedback_delay": 0.8e-3}
    net.connect(h, y, es.SuperSpike(errors="return", **rule), weight=start, **way_back)
    net.teach(y, teacher, delay=0.1e-3)
    clock = net.add(es.Clock(PERIOD / 4), name="clock")  # says when to learn: four times in each pass
    net.connect(clock, h, port="apply")
    net.connect(clock, y, port="apply")
    return net


def loss(net, k):
    """Of pass k: spikes per second and output that are wrong, were each far from all others; the published scale."""
    latest = net.spikes(net.population("output")).between(k * PERIOD, (k + 1) * PERIOD)
    trains = [t - k * PERIOD for t in latest.spike_trains().values()]
    return es.wrong_spike_rate(trains, net.population("teacher").model.trains, PERIOD, RISE, DECAY)


if __name__ == "__main__":
    for kind in FEEDBACK:
        net = build(feedback=kind).run(DURATION)
        print(f"{kind} feedback: loss {loss(net, 0):.1f} at first, {loss(net, PASSES - 1):.1f} after {PASSES} passes")
