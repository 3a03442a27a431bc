"""Messages: a film of spikes and errors on their way through a network that learns temporal XOR, without phases."""

import eventsnn as es

PERIOD = 10.0  # time from one pattern to the next, in time constants of the synapses
EPOCHS = 3  # how often the four patterns are learned before the film begins


def build(seed=0, engine="reference"):
    """Two inputs, four hidden neurons, two outputs, as in the demo temporal_xor, but with delays that can be seen."""
    net = es.Network(seed, engine)
    x = net.add(es.Latency(), 2, name="input")
    h = net.add(es.IF(), 4, name="hidden")
    y = net.add(es.IF(), 2, name="output")
    step, cost = es.Sgd(lr=0.1), es.WeightSum(sum=1.2, rate=0.1)
    rule = es.SpikeTimeGradient(step=step, cost=cost, mode="accumulate", bound=5.0)
    net.connect(x, h, rule, weight=es.uniform(2 / 2, 5 / 2), delay=0.4)
    net.connect(h, y, rule, weight=es.uniform(2 / 4, 5 / 4), delay=0.4, feedback="symmetric", feedback_delay=0.8)
    teacher = net.teach(y, es.FirstToSpike(outputs=2, patience=8.0, sharpness=2.0), delay=0.4)
    patterns = es.datasets.temporal_xor()
    net.stimulate(es.Stimulus(patterns.times, patterns.labels, PERIOD), x, layers=[h, y], teacher=teacher)
    net.record_messages()
    return net


def figure(seed=0, engine="reference", full=False):
    """The second pattern of an epoch: one spike early, one late."""
    net = build(seed, engine)
    start = 4 * PERIOD * EPOCHS + PERIOD
    net.run(until=start + PERIOD)
    names = [["stimulus"], ["input"], ["hidden"], ["output"], ["teacher"]]
    columns = [[net.population(name) for name in column] for column in names]
    log = net.messages()
    ports = log.port[(log.t >= start) & (log.t < start + 7.0)].tolist()
    found = {"spikes": ports.count("spike"), "errors": ports.count("error"), "epochs": EPOCHS}
    return found, es.plot.messages(net, start, start + 7.0, layers=columns, frames=180, unit="s")


if __name__ == "__main__":
    found, film = figure()
    print(found)
    film.save("messages.gif", writer="pillow")
