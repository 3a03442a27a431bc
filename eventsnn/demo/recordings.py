"""Runs the demo that learns recordings of an event camera, for the command line: what it reports and draws."""

import time as clock
from typing import Any

import numpy as np

from eventsnn.demo.runner import Demo, Options, Report, digest, follow, module, pictures, save_picture, start
from eventsnn.network import Network
from eventsnn.playback import Playback
from eventsnn.recordings import Recordings


def run(options: Options) -> Report:
    """Learn N-MNIST by local errors, then answer recordings that were never learned, without their labels."""
    demo = module("nmnist")
    size = "full" if options.full else "small" if options.small else "default"
    rule = options.rule or "local"
    net = start(options, demo.build, "compiled", size=size, rule=rule, data=options.data)
    stimulus: Any = net.population("stimulus").model
    total, played = stimulus.passes * len(stimulus.labels), net.now
    wall, cpu = clock.monotonic(), clock.process_time()
    follow(net, demo.learn(net), options, total, "recording", "nmnist")
    seconds, burnt = clock.monotonic() - wall, clock.process_time() - cpu
    parts = dict(zip(("validation", "own_test", "test"), demo.samples(options.data, size)[1:], strict=True))
    layers = [p.size for p in net.description.populations if p.name.startswith("hidden") and p.name[-1].isdigit()]
    asked = {name: answered(demo, net, part, layers, rule) for name, part in parts.items()}
    right = {
        name: [round(float(np.mean(d == parts[name].labels)), 4) for d in found] for name, (found, _) in asked.items()
    }
    return {
        "accuracy": right["test"][-1],
        "own_accuracy": right["own_test"][-1],
        "validation_accuracy": right["validation"][-1],
        "accuracy_of_layers": right,
        "test_recordings": len(parts["test"]),
        "own_recordings": len(parts["own_test"]),
        "recordings": total,
        "rule": rule,
        "hidden": " + ".join(map(str, layers)),
        "seconds": round(seconds, 2),
        "wall_per_recorded_second": round(seconds / max(net.now - played, 1e-9), 3),
        "cpu_per_recorded_second": round(burnt / max(net.now - played, 1e-9), 3),
        "synaptic_operations_of_training": delivered(net),
        "synaptic_operations_per_recording": round(delivered(asked["own_test"][1]) / len(parts["own_test"])),
        "messages": net.message_counts(),
        "seed": net.description.seed,
        "engine": net.engine_name,
        "digest": digest([net]),
        "picture": save_picture(picture(net, parts["own_test"], asked["own_test"][1], len(layers)), options, "nmnist"),
    }


def answered(
    demo: Any, net: Network, recordings: Recordings, layers: list[int], rule: str
) -> tuple[list[np.ndarray], Network]:
    """The decisions of every layer about recordings without labels, by a twin with the learned weights."""
    playback = Playback(recordings.without_labels())
    twin = demo.network(playback, layers, net.description.seed, net.engine_name, rule, trained=net)
    twin.run(until=playback.stimulus().end)
    return [twin.notes(twin.population(f"verdict {k + 1}"), "decision")[1] for k in range(len(layers))], twin


def delivered(net: Network) -> int:
    """Spikes that reached the synapses of projections that learn: synaptic operations."""
    counts = net.message_counts()
    return sum(counts[f"{p.pre.name}->{p.post.name}"] for p in net.description.projections if learns(p))


def learns(projection: Any) -> bool:
    """Whether spikes change its weights."""
    return projection.rule is not None and projection.post.name.startswith("hidden") and projection.port == "spike"


def picture(net: Network, shown: Recordings, twin: Network, layers: int) -> Any:
    """A recording in its three turns, what a layer makes of it, and how losses and accuracies went."""
    plot = pictures()
    figure, axes = plot.panels(2, 3, size=(9.0, 5.4))
    frames = shown[:1].counts().reshape(shown.shape)
    for k, ax in enumerate(axes[0]):
        change = frames[k, 1].astype(float) - frames[k, 0]
        ax.imshow(change, cmap="RdBu_r", vmin=-np.abs(frames).max(), vmax=np.abs(frames).max())
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"{100 * k} to {100 * (k + 1)} ms", fontsize=10)
    plot.raster(twin.spikes(twin.population("hidden 1")).between(0.0, shown.duration), ax=axes[1, 0])
    labels = [f"layer {k + 1}" for k in range(layers)]
    for name, what, ax in (("local loss", "loss", axes[1, 1]), ("accuracy", "correct", axes[1, 2])):
        notes = [net.notes(net.population(f"verdict {k + 1}"), what) for k in range(layers)]
        plot.learning_curve(*notes, window=200, name=name, ax=ax, labels=labels if layers > 1 else None)
    return figure


DEMOS = {
    "nmnist": Demo(
        "digits seen by an event camera, learned by errors of each layer's own (needs EVENTSNN_DATA or --data)",
        "nmnist",
        run,
        "{accuracy:.1%} of {test_recordings} test recordings are named rightly, and {own_accuracy:.1%} of "
        "{own_recordings} held out from the others, after {recordings} presentations ({hidden} hidden neurons, {rule} "
        "errors, {wall_per_recorded_second} s for a second of recording)",
        on_data=True,
        has_full=True,
        rules=True,
    )
}
