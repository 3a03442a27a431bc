"""Runs the demos that learn a public data set, for the command line: what they report and draw.

Settings are chosen on validation samples; the test samples are answered once, when everything has been learned.
"""

import time as clock
from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.datasets import Samples
from eventsnn.demo.runner import (
    Demo,
    Options,
    Report,
    arrived,
    delivered,
    digest,
    follow,
    module,
    pictures,
    save_picture,
    start,
)
from eventsnn.network import Network


def run_yin_yang(options: Options) -> Report:
    """Learn Yin-Yang one point at a time."""
    return learn(options, "yin-yang", "yin_yang")


def run_yin_yang_delays(options: Options) -> Report:
    """Learn Yin-Yang with five hidden neurons and delays that learn."""
    return learn(options, "yin-yang-delays", "yin_yang_delays")


def run_mnist(options: Options) -> Report:
    """Learn MNIST one digit at a time."""
    return learn(options, "mnist", "mnist")


def learn(options: Options, name: str, file: str) -> Report:
    """Learn a data set, answer its validation and test samples without learning, and say how it went."""
    demo = module(file)
    begun = clock.monotonic()
    settings = {"small": options.small, "feedback": options.feedback or "symmetric", "data": options.data}
    settings |= {name: n for name in ("hidden", "passes") if (n := getattr(options, name)) is not None}
    net = start(options, demo.build, "compiled", **settings)
    stimulus: Any = net.population("stimulus").model
    follow(net, demo.learn(net), options, stimulus.passes * len(stimulus.labels), "sample", name)
    seconds = clock.monotonic() - begun
    _, validation, test = demo.samples(options.data, options.small)
    answers = {"validation": answered(demo, net, validation), "test": answered(demo, net, test)}
    told, asked = answers["test"]
    way_back = net.projection("hidden->output").feedback
    assert way_back is not None
    return {
        "accuracy": told["accuracy"],
        "validation_accuracy": answers["validation"][0]["accuracy"],
        "samples": len(net.notes(net.population("teacher"), "correct")[1]),
        "test_samples": len(test),
        **{key: told[key] for key in ("undecided", "decision_time", "spikes_per_neuron")},
        "hidden": net.population("hidden").size,
        "seconds": round(seconds, 2),
        "seed": net.description.seed,
        "engine": net.engine_name,
        "feedback": way_back.kind,
        **costs(net, asked, len(test)),
        "digest": digest([net]),
        "picture": save_picture(picture(net, told), options, file),
    }


def answered(demo: Any, net: Network, samples: Samples) -> tuple[Report, Network]:
    """How a trained network answers samples without being told their labels, and the network that did."""
    asked = demo.asked(net, samples)
    teacher = asked.population("teacher")
    decisions, latencies = (asked.notes(teacher, what)[1] for what in ("decision", "latency"))
    made = decisions >= 0
    right = decisions == samples.labels[: len(decisions)]
    middle, late = np.percentile(latencies[made], [50, 95]) if made.any() else (np.nan, np.nan)
    return {
        "accuracy": round(float(np.mean(right)), 4),
        "undecided": int((~made).sum()),
        "decision_time": {"median": float(middle), "p95": float(late)},
        "spikes_per_neuron": spikes_per_neuron(asked, len(samples)),
        "right": right[made],
        "latencies": latencies[made],
    }, asked


def spikes_per_neuron(net: Network, samples: int) -> dict[str, float]:
    """Spikes per neuron and sample of every layer, from the messages that they became."""
    found = {}
    for projection in net.description.projections:
        if projection.port == "spike":
            pre = projection.pre
            found[pre.name] = round(arrived(net, projection) / (projection.post.size * pre.size * samples), 4)
    return found


def costs(net: Network, asked: Network, samples: int) -> Report:
    """Spikes delivered to synapses per sample (synaptic operations), and all messages of the training."""
    counts = net.message_counts()
    states = [net.synapse_state(p) for p in net.description.projections if p.rule is not None]
    counters = {"slopes_raised": "post.floored", "sums_lifted": "post.sum_lifts", "errors_unused": "post.unused"}
    return {
        "synaptic_operations_per_sample": round(delivered(asked) / samples, 1),
        "synaptic_operations_of_training": delivered(net),
        "messages": {"total": sum(counts.values()), **counts},
        **{name: int(sum(state[key].sum() for state in states)) for name, key in counters.items()},
    }


def picture(net: Network, told: Report) -> Any:
    """How the accuracy rose while learning, and how soon the test samples were decided afterwards."""
    plot = pictures()
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.0, 3.0), layout="constrained")
    plot.learning_curve(net.notes(net.population("teacher"), "correct"), window=1000, ax=left)
    left.locator_params(axis="x", nbins=5)
    plot.decision_times(told["latencies"], told["right"], unit="s", ax=right)
    right.set_xlabel("time to decision [time constants]")
    return figure


def says(classes: str) -> str:
    """The result in words, a format string over the report."""
    return (
        "{accuracy:.2%} of {test_samples} " + classes + " never trained on are named rightly, after {samples} "
        "presentations ({hidden} hidden neurons, {feedback} feedback, {seconds} s)"
    )


def entry(summary: str, file: str, run: Callable[[Options], Report], what: str, **more: bool) -> Demo:
    """An entry of `eventsnn demo` for a data set."""
    return Demo(summary, file, run, says(what), on_data=True, feedbacks=True, **more)


DEMOS = {
    "yin-yang": entry(
        "which region of a disc a point lies in, learned one point at a time", "yin_yang", run_yin_yang, "points"
    ),
    "yin-yang-delays": entry(
        "the same with five hidden neurons, which also learn delays", "yin_yang_delays", run_yin_yang_delays, "points"
    ),
    "mnist": entry(
        "the handwritten digits of MNIST, learned one at a time (needs EVENTSNN_DATA or --data)",
        "mnist",
        run_mnist,
        "digits",
        sizes=True,
        repeats=True,
    ),
}
