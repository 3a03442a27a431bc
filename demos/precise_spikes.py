"""One neuron learns to fire at precise times: SuperSpike, from frozen Poisson inputs that repeat without a pause.

The first task of Zenke and Ganguli 2018 (doi 10.1162/neco_a_01086). The loss is the van Rossum distance in the
published scale: wrong spikes per second, were they far from each other.
"""

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD, INPUTS, RATE = 0.5, 100, 10.0  # of the pattern [s], number of inputs, spikes per second of each
TARGET = [80 * ms, 170 * ms, 215 * ms, 330 * ms, 440 * ms]
RISE, DECAY = 5 * ms, 10 * ms  # of the loss


def build(seed=0, engine="reference", trials=60):
    """Inputs that are the same in every trial; a neuron; a teacher of the times at which it should fire."""
    trains = es.rate_trains(np.full((1, INPUTS), RATE), PERIOD, seed)
    net = es.Network(seed, engine)
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(trials)]) for t in trains]), name="input")
    neuron = es.LIF(tau_mem=10 * ms, tau_syn=5 * ms, t_refractory=5 * ms)
    y = net.add(neuron, name="neuron", record=["spikes", "state"])
    rule = es.SuperSpike(tau_rise=RISE, tau_decay=DECAY, step=es.RMax(lr=0.05), when="apply")
    net.connect(x, y, rule, weight=es.normal(0.3, 0.3), name="synapses")
    net.teach(y, es.TargetTrains([TARGET], period=PERIOD), delay=0.1 * ms)
    net.connect(net.add(es.Clock(PERIOD), name="clock"), y, port="apply")
    return net


def figure(seed=0, engine="reference", full=False):
    """Its spikes in every trial with the target, the loss, and the voltage in the first trial and in the last."""
    trials = 400 if full else 100
    net = build(seed, engine, trials).run(trials * PERIOD)
    y = net.population("neuron")
    spikes = net.spikes(y)
    fired = [spikes.between(k * PERIOD, (k + 1) * PERIOD).t - k * PERIOD for k in range(trials)]
    loss = [es.wrong_spike_rate([t], [TARGET], PERIOD, RISE, DECAY) for t in fired]
    fig, ((raster, curve), (before, after)) = es.plot.panels(2, 2, size=(8.0, 4.8))
    raster.eventplot([np.array(t) / ms for t in fired], color=es.plot.COLORS[0], linelengths=1.0, linewidths=1.5)
    raster.vlines(np.array(TARGET) / ms, -0.5, trials, color=es.plot.COLORS[1], linewidth=4, alpha=0.25)
    raster.set(xlim=(0, PERIOD / ms), xlabel="time [ms]", ylabel="trial", title="its spikes, and the target")
    curve.plot(loss, color=es.plot.COLORS[0])
    curve.set(xlabel="trial", ylabel="loss [wrong spikes/s]", ylim=(0, None), title="van Rossum loss")
    t = np.arange(0.0, PERIOD, 0.2 * ms)
    for ax, k, title in ((before, 0, "first trial"), (after, trials - 1, f"trial {trials}")):
        ax.plot(t / ms, net.state(y, 0, k * PERIOD + t)["v"], color=es.plot.COLORS[0], linewidth=0.9)
        ax.vlines(fired[k] / ms, 1.0, 1.6, color=es.plot.COLORS[0], linewidth=0.9)
        ax.vlines(np.array(TARGET) / ms, 1.8, 2.4, color=es.plot.COLORS[1], linewidth=2)
        ax.set(xlabel="time [ms]", ylabel="voltage", ylim=(-0.6, 2.5), title=title)
    apart = [float(np.abs(fired[-1] - t).min()) if len(fired[-1]) else PERIOD for t in TARGET]
    return {"trials": trials, "loss": [loss[0], float(np.mean(loss[-10:]))], "apart": max(apart)}, fig


if __name__ == "__main__":
    found, picture = figure()
    print(found)
    picture.savefig("precise_spikes.png")
