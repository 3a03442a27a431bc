"""Runs the demo that learns from a stream of digits, some of them without a label: what it reports and draws."""

import time as clock
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from eventsnn.demo.runner import Demo, Options, Report, delivered, digest, follow, module, pictures, save_picture, start
from eventsnn.network import Network

STEP = 600  # digits from one look at the accuracy to the next


def run_erbp_mnist(hidden: tuple[int, ...], name: str, options: Options) -> Report:
    """Learn MNIST by event-driven random backpropagation, and answer the test digits once."""
    demo = module("erbp_mnist")
    usual = 0.2 if len(hidden) == 1 else 0.03  # of the digits; one of the deep network costs a dozen times as much
    share, passes = (0.02, 1) if options.small else (1.0, 3) if options.full else (usual, 1)
    passes = options.passes or passes
    layers = tuple(n // 10 for n in hidden) if options.small else hidden
    begun = clock.monotonic()
    net = start(options, demo.build, "compiled", hidden=layers, passes=passes, data=options.data, share=share)
    train, held, test = demo.samples(options.data, share)
    truth = np.append(train.labels, held.labels)
    total = passes * len(truth)
    follow(net, shown(net, demo, total), options, total, "digit", name, partial(latest, demo, truth))
    seconds = clock.monotonic() - begun
    right = answers(net, demo, truth)
    told = demo.asked(net, test)
    return {
        "accuracy": accuracy(demo.counts(told), test.labels),
        "validation_accuracy": round(float(right[-len(held) :].mean()), 4),
        "samples": total - len(right),
        "held_out_answers": len(right),
        "test_samples": len(test),
        "hidden": "-".join(map(str, layers)),
        "seconds": round(seconds, 2),
        "seconds_of_the_network": total * demo.PERIOD,
        "seed": net.description.seed,
        "engine": net.engine_name,
        "synaptic_operations": delivered(net),
        "synaptic_operations_per_sample": round(delivered(told) / len(test), 1),
        "messages": {"total": sum(net.message_counts().values()), **net.message_counts()},
        "digest": digest([net]),
        "picture": save_picture(picture(right, delivered(net)), options, name.replace("-", "_")),
    }


def shown(net: Network, demo: Any, total: int) -> Iterator[int]:
    """Show the digits and yield how many have been."""
    while (done := round(net.now / demo.PERIOD)) < total:
        done = min(done + STEP, total)
        net.run(until=done * demo.PERIOD)
        yield done


def answers(net: Network, demo: Any, truth: np.ndarray) -> np.ndarray:
    """Of every digit that came without its label so far, whether the output that spiked most named it."""
    found, stimulus = demo.counts(net), net.population("stimulus")
    which = net.notes(stimulus, "sample")[1][: len(found)].astype(int)
    untold = stimulus.model.labels[which] < 0  # type: ignore[union-attr]
    right: np.ndarray = found[untold].argmax(axis=1) == truth[which[untold]]
    return right


def latest(demo: Any, truth: np.ndarray, net: Network) -> str:
    """The accuracy at the latest of those digits, for the progress bar."""
    right = answers(net, demo, truth)[-1000:]
    return f"{right.mean():.1%} of the latest {len(right)} held-out digits right" if len(right) else ""


def accuracy(counts: np.ndarray, labels: np.ndarray) -> float:
    """The fraction of digits that the output that spiked most names."""
    return round(float(np.mean(counts.argmax(axis=1) == labels)), 4)


def picture(right: np.ndarray, operations: int) -> Any:
    """The accuracy at held-out digits as they came, over the synaptic operations of all that was shown."""
    plot = pictures()
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(5.0, 3.2), layout="constrained")
    plot.learning_curve(right.astype(float), window=1000, ax=ax)
    ax.set(xlabel="digit without a label", ylim=(max(0.0, right[-1000:].mean() - 0.2), 1.0))
    each = operations / max(1, len(right)) / 1e9
    top = ax.secondary_xaxis("top", functions=(partial(np.multiply, each), partial(np.multiply, 1.0 / each)))
    top.set_xlabel("synaptic operations so far [1e9]")
    return figure


def entry(name: str, hidden: tuple[int, ...], what: str) -> Demo:
    """An entry of `eventsnn demo`."""
    return Demo(
        f"MNIST as a stream that never stops, learned by event-driven random backpropagation, {what} (needs data)",
        "erbp_mnist",
        partial(run_erbp_mnist, hidden, name),
        "{accuracy:.2%} of {test_samples} digits never trained on are named rightly, after {samples} presentations and "
        "{synaptic_operations:.2e} synaptic operations ({hidden} hidden neurons, {seconds} s for "
        "{seconds_of_the_network:g} s of the network)",
        on_data=True,
        has_full=True,
        repeats=True,
    )


DEMOS = {
    "erbp-mnist": entry("erbp-mnist", (200,), "200 hidden neurons"),
    "erbp-mnist-deep": entry("erbp-mnist-deep", (500, 500), "two layers of 500"),
}
