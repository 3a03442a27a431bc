"""Three factors: all that one synapse of SuperSpike sees, from spikes that come in to its weight, in one picture."""

import numpy as np

import eventsnn as es
from eventsnn import ms

TARGET = [60 * ms, 150 * ms, 240 * ms]  # when the neuron should fire
DURATION = 300 * ms


def build(seed=0, engine="reference"):
    """30 inputs of 20 spikes per second onto one neuron; a teacher answers its spikes, and those that are wanted."""
    rng = np.random.default_rng(seed)
    net = es.Network(seed, engine)
    trains = [np.sort(rng.uniform(0.0, DURATION, rng.poisson(6.0))) for _ in range(30)]
    x = net.add(es.SpikeTrain(trains), name="input")
    y = net.add(es.LIF(tau_mem=10 * ms, tau_syn=5 * ms, t_refractory=4 * ms), name="neuron", record=["spikes", "state"])
    rule = es.SuperSpike(surrogate=es.FastSigmoid(beta=3.0), step=es.Sgd(lr=0.1))
    net.connect(x, y, rule, weight=es.normal(0.3, 0.15), delay=1 * ms, name="synapses")
    net.teach(y, es.TargetTrains([TARGET]), delay=1 * ms)
    net.record_messages()
    return net


def figure(seed=0, engine="reference", full=False):
    """The synapse that learned most."""
    net = build(seed, engine).run(DURATION)
    synapses = net.projection("synapses")
    most = int(np.argmax(np.abs(net.weights(synapses) - net.plan.synapses[0].weight)))
    trace = net.trace(synapses, most)
    found = {
        "synapse": trace.name,
        "spikes_in": len(trace.spikes),
        "spikes_out": len(trace.fired),
        "errors": len(trace.errors[0]),
        "weight": [float(trace.w[0]), float(trace.w[-1])],
    }
    return found, es.plot.anatomy(trace)


if __name__ == "__main__":
    found, picture = figure()
    print(found)
    picture.savefig("three_factors.png")
