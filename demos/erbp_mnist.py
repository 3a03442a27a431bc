"""Event-driven random backpropagation on MNIST: digits stream by without a pause, and learning is never off."""

import numpy as np

import eventsnn as es

PERIOD = 0.05  # how long a digit is shown [s]
ONE = (2.1e-3, 2.1e-3), 6e-5, 0.04  # refractory periods [s] and steps of one hidden layer ...
TWO = (6e-3, 3e-3, 2.1e-3), 2.5e-5, (0.04, 0.01)  # ... and of two: the first must not overwhelm the second


def samples(data=None, share=1.0):
    """A share of the training, held-out and test digits, with the time between a pixel's spikes as its latency."""
    intervals = np.append(np.inf, 255 / 200.0 / np.arange(1, 256))  # the brightest spike at 200/s, black ones never
    train, test = (es.datasets.Samples(part.times, part.labels, intervals) for part in es.datasets.mnist(data))
    held = np.arange(len(train)) % 12 == 11  # from all over: the last ones are easier than the rest
    return [part[: max(1, round(share * len(part)))] for part in (train[~held], train[held], test)]


def network(shown, passes, seed=0, engine="compiled", hidden=(200,), weights=None):
    """784 pixels, hidden layers, 10 outputs, 10 labels, 10 pairs of error neurons; with new weights or given ones."""
    net = es.Network(seed, engine)
    x = net.add(es.RateInput(train="regular"), 784, name="pixels", record=())
    labels = net.add(es.LabelInput(interval=4e-3), 10, name="labels", record=(), label=np.arange(10.0))
    order = {"shuffle": weights is None, "passes": passes, "seed": seed, "levels": shown.levels}
    stimulus = net.stimulate(es.Stimulus(shown.times, shown.labels, PERIOD, **order), x, teacher=labels)
    told = max(1, passes * np.sum(shown.labels >= 0))  # for half of them the steps are of one size, then they fall
    rests, lr, hidden_lr = ONE if len(hidden) == 1 else TWO
    neuron = [es.TwoCompartment(tau_syn=2e-3, t_refractory=rest, tau_error=12e-3) for rest in rests]
    how = {"rule": es.ERBP(i_min=-0.65, i_max=1.6), "error_neuron": es.ErrorNeuron(steady=told / 2, fading=told / 2)}
    how |= {"neuron": neuron, "lr": lr, "hidden_lr": hidden_lr, "init": 0.8, "error_weight": 0.77, "i_bias": 0.4}
    es.connect_erbp(net, x, labels, hidden, told_by=stimulus, weights=weights, record=(), **how)
    return net


def build(seed=0, engine="compiled", hidden=(200,), passes=1, data=None, share=1.0):
    """The network that learns, but not from the digits held out to choose settings: they have no label."""
    train, held, _ = samples(data, share)
    return network(es.datasets.Samples.join(train, held.without_labels()), passes, seed, engine, hidden)


def counts(net):
    """How often each output has spiked during each digit so far, shape (digits, 10)."""
    spikes, size = net.spikes(net.population("output")), 10 * round(net.now / PERIOD)
    return np.bincount(10 * (spikes.t // PERIOD).astype(int) + spikes.i, minlength=size)[:size].reshape(-1, 10)


def asked(net, samples):
    """A network with the weights of a trained one that has answered samples, without their labels."""
    weights = [net.matrix(p) for p in net.description.projections if p.rule is not None]
    shape = [len(w) for w in weights[1:]], weights
    return network(samples.without_labels(), 1, 0, net.engine_name, *shape).run(len(samples) * PERIOD)


if __name__ == "__main__":
    net, unseen = build(share=0.2), samples(share=0.2)[-1]
    net.run(net.population("stimulus").model.end, progress=True)
    answers = counts(asked(net, unseen)).argmax(axis=1)
    print(f"{np.mean(answers == unseen.labels):.1%} of those never trained on are named rightly")
