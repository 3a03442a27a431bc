"""Runs the demos that need no data of yours, for the command line: what they report and draw."""

import time as clock
from collections.abc import Iterator
from typing import Any

import numpy as np

from eventsnn.demo.runner import (
    Demo,
    Options,
    Report,
    counted,
    digest,
    follow,
    module,
    pictures,
    save_picture,
    start,
)
from eventsnn.network import Network

# -- temporal XOR -----------------------------------------------------------------------------------------------------

MOST_EPOCHS = 1000


def epochs_needed(net: Network) -> int | None:
    """The first epoch in which all four patterns, one after another, were answered rightly; None if there was none."""
    correct = net.notes(net.population("teacher"), "correct")[1]
    epochs = correct[: len(correct) // 4 * 4].reshape(-1, 4).all(axis=1)
    return int(epochs.argmax()) + 1 if epochs.any() else None


def run_temporal_xor(options: Options) -> Report:
    """Learn temporal XOR from one seed, or from many."""
    demo = module("temporal_xor")
    begun = clock.monotonic()
    record = ("spikes", "state")  # for the picture
    settings: Report = {"record": record, "feedback": options.feedback or "symmetric"}
    net = start(options, demo.build, **settings)
    seed, engine = net.description.seed, net.engine_name
    needed: list[int | None] = []

    def trained() -> Iterator[Network]:
        if options.seeds == 1:
            if epochs_needed(net) is None:
                epochs = (k for k, _ in enumerate(demo.learn(net, MOST_EPOCHS), start=int(net.now // demo.EPOCH) + 1))
                follow(net, epochs, options, MOST_EPOCHS, "epoch", "temporal-xor")
            needed.append(epochs_needed(net))
            yield net
            return
        for k in counted(range(1, options.seeds + 1), options, options.seeds, "seed"):
            one = net if k == 1 else demo.build(seed + k - 1, engine, **settings)
            for _ in demo.learn(one, MOST_EPOCHS):
                pass
            needed.append(epochs_needed(one))
            yield one

    hashed = digest(trained())
    good = [n for n in needed if n is not None]
    return {
        "seeds": options.seeds,
        "converged": len(good),
        "epochs_median": float(np.median(good)) if good else None,
        "epochs_p95": float(np.percentile(good, 95)) if good else None,
        "hidden": net.population("hidden").size,
        "digest": hashed,
        **describe_xor(net),
        "first_seed": seed,
        "seconds": round(clock.monotonic() - begun, 2),
        "picture": save_picture(picture_of_xor(net, demo), options, "temporal_xor"),
    }


def describe_xor(net: Network) -> Report:
    """The settings on which convergence depends, read from the network itself."""
    hidden, output = (net.projection(name) for name in ("input->hidden", "hidden->output"))
    rule, teacher = output.rule, net.population("teacher").model
    assert rule is not None
    assert output.feedback is not None
    return {
        "engine": net.engine_name,
        "feedback": output.feedback.kind,
        "bound": rule.given["bound"],
        "initialisation": {p.name: repr(p.weight) for p in (hidden, output)},
        "step": repr(rule.given["step"]),
        "cost": repr(rule.given["cost"]),
        "loss": repr(teacher),
        "epochs_most": MOST_EPOCHS,
        "criterion": "all four patterns right in one epoch, presented one by one while learning; a tie is wrong",
    }


def picture_of_xor(net: Network, demo: Any) -> Any:
    """What every neuron did for each pattern in the latest epoch."""
    begin = net.now - demo.EPOCH
    starts = [begin + k * demo.PERIOD for k in range(4)]
    windows = [(start, start + 5.0) for start in starts]  # in the rest of a period nothing happens
    layers = [net.population(name) for name in ("input", "hidden", "output")]
    titles = ["together, early: 0", "second late: 1", "first late: 1", "together, late: 0"]
    plot = pictures()
    return plot.temporal_panel(plot.trials(net, layers, windows, titles=titles))


# -- handwritten digits -----------------------------------------------------------------------------------------------


def run_digits(options: Options) -> Report:
    """Learn handwritten digits, one at a time, and name others that were never trained on."""
    demo = module("first_to_spike_digits")
    begun = clock.monotonic()
    net = start(options, demo.build, "compiled", small=options.small)
    labels = net.population("stimulus").model.labels  # type: ignore[union-attr]
    follow(net, demo.learn(net), options, len(labels), "sample", "digits")
    counts = net.message_counts()
    hidden, output = (net.synapse_state(net.projection(n)) for n in ("pixels->hidden", "hidden->output"))
    correct = net.notes(net.population("teacher"), "correct")
    plot = pictures()
    return {
        "accuracy": round(demo.accuracy(net), 4),
        "samples": int((labels >= 0).sum()),
        "test_samples": int((labels < 0).sum()),
        "hidden": net.population("hidden").size,
        "seconds": round(clock.monotonic() - begun, 2),
        "seed": net.description.seed,
        "engine": net.engine_name,
        "feedback": "symmetric",
        "messages": {"total": sum(counts.values()), **counts},
        "slopes_raised": int(hidden["post.floored"].sum() + output["post.floored"].sum()),
        "sums_lifted": int(hidden["post.sum_lifts"].sum() + output["post.sum_lifts"].sum()),
        "digest": digest([net]),
        "picture": save_picture(plot.learning_curve(correct, window=200).figure, options, "digits"),
    }


def run_erbp_digits(options: Options) -> Report:
    """Learn handwritten digits as Poisson spikes by event-driven random backpropagation."""
    demo = module("erbp_digits")
    begun = clock.monotonic()
    net = start(options, demo.build, "compiled", small=options.small)
    labels = net.population("stimulus").model.labels  # type: ignore[union-attr]
    follow(net, demo.learn(net), options, len(labels), "sample", "erbp-digits")
    right, told = demo.right(net), labels >= 0
    counts = net.message_counts()
    onto = sum(n for name, n in counts.items() if name in ("pixels->hidden 1", "hidden 1->output"))
    times = demo.PERIOD * np.flatnonzero(told)
    curve = pictures().learning_curve((times, right[told].astype(float)), window=200)
    return {
        "accuracy": round(float(right[~told].mean()), 4),
        "samples": int(told.sum()),
        "test_samples": int((~told).sum()),
        "hidden": net.population("hidden 1").size,
        "seconds": round(clock.monotonic() - begun, 2),
        "seed": net.description.seed,
        "engine": net.engine_name,
        "synaptic_events": onto,
        "error_spikes": sum(len(net.spikes(net.population(name))) for name in ("lacking", "too many")),
        "messages": {"total": sum(counts.values()), **counts},
        "digest": digest([net]),
        "picture": save_picture(curve.figure, options, "erbp_digits"),
    }


# -- processes of one's own -------------------------------------------------------------------------------------------


def run_custom_process(options: Options) -> Report:
    """Run processes that a user wrote, for half a second."""
    demo = module("custom_process")
    net = start(options, demo.build)
    net.run(demo.DURATION, progress=options.progress)
    names = ["input", "burst", "neuron", "ann", "ben"]
    spikes = [net.spikes(net.population(name)) for name in names]
    return {
        "said": demo.said(net),
        "spikes": {name: len(s) for name, s in zip(names, spikes, strict=True)},
        "seed": net.description.seed,
        "engine": net.engine_name,
        "digest": digest([net]),
        "picture": save_picture(pictures().raster(*spikes).figure, options, "custom_process"),
    }


DEMOS = {
    "temporal-xor": Demo(
        "four hidden neurons learn whether two spikes come together or apart",
        "temporal_xor",
        run_temporal_xor,
        "{converged} of {seeds} networks with {hidden} hidden neurons learned temporal XOR; epochs needed: "
        "median {epochs_median:g}, 95 % within {epochs_p95:g} ({seconds} s)",
        many_seeds=True,
        feedbacks=True,
    ),
    "digits": Demo(
        "handwritten digits as spike times, learned one sample at a time without phases",
        "first_to_spike_digits",
        run_digits,
        "{accuracy:.1%} of {test_samples} digits never trained on are named rightly, after {samples} presentations "
        "({hidden} hidden neurons, {seconds} s)",
    ),
    "erbp-digits": Demo(
        "handwritten digits as Poisson spikes, learned by event-driven random backpropagation without a pause",
        "erbp_digits",
        run_erbp_digits,
        "{accuracy:.1%} of {test_samples} digits never trained on are named rightly, after {samples} presentations "
        "and {synaptic_events} synaptic events ({hidden} hidden neurons, {seconds} s)",
    ),
    "custom-process": Demo(
        "processes of your own: a burst that answers spikes, and two that count by turns",
        "custom_process",
        run_custom_process,
        "ann and ben said {said}; spikes: {spikes}",
        learns=False,
    ),
}
