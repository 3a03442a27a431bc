"""Runs the demos whose graded readouts have to follow a curve, for the command line: several kinds, side by side."""

import time as clock
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn.demo.runner import (
    Demo,
    Options,
    Report,
    check_folders,
    counted,
    digest,
    module,
    pictures,
    save_picture,
)
from eventsnn.errors import EngineError
from eventsnn.network import Network

SEEDS = 3  # of --full


@dataclass(frozen=True)
class Course:
    """How one network learned."""

    net: Network
    score: np.ndarray  # of every round
    cpu: float  # seconds of processor time per second of data, from the second round on


def run_pattern(options: Options) -> Report:
    """Learn a sum of sines."""
    return run(options, "eprop_pattern")


def run_store_recall(options: Options) -> Report:
    """Learn to store and to recall."""
    return run(options, "store_recall")


def run(options: Options, file: str) -> Report:
    """Learn a task in each of the ways that a demo compares, with --full from several seeds, and say how it went."""
    if options.small:
        raise EngineError("this demo is small already; leave --small out")
    check_folders(options)
    demo, begun = module(file), clock.monotonic()
    rounds, seeds = demo.ROUNDS, SEEDS if options.full else 1
    first = options.seed or 0
    courses = {
        kind: [learn(demo, options, kind, seed, rounds) for seed in range(first, first + seeds)] for kind in demo.KINDS
    }
    late = {kind: [round(float(c.score[-rounds // 6 :].mean()), 4) for c in found] for kind, found in courses.items()}
    nets = [course.net for found in courses.values() for course in found]
    seconds = rounds * demo.PERIOD
    return {
        "score": demo.SAYS["score"],
        "late": late,
        "after": "; ".join(f"{', '.join(map(str, found))} ({kind})" for kind, found in late.items()),
        "rounds": rounds,
        "cpu_per_second": {kind: [round(c.cpu, 3) for c in found] for kind, found in courses.items()},
        "synaptic_events_per_second": {k: [round(arrived(c.net) / seconds) for c in v] for k, v in courses.items()},
        "seed": first,
        "seeds": seeds,
        "engine": nets[0].engine_name,
        "digest": digest(nets),
        "picture": save_picture(drawing(demo, courses), options, file),
        "seconds": round(clock.monotonic() - begun, 2),
    }


def learn(demo: Any, options: Options, kind: str, seed: int, rounds: int) -> Course:
    """One network that learns round by round."""
    net = demo.build(seed, options.engine or "compiled", kind, rounds)
    begun = clock.process_time()
    for done in counted(range(1, rounds + 1), options, rounds, f"round ({kind}, seed {seed})"):
        net.run(until=done * demo.PERIOD)
        if done == 1:  # from here on nothing is compiled
            begun = clock.process_time()
    cpu = (clock.process_time() - begun) / (max(1, rounds - 1) * demo.PERIOD)
    return Course(net, demo.score(net, rounds), cpu)


def arrived(net: Network) -> int:
    """Spikes that reached synapses of recurrent neurons."""
    counts = net.message_counts()
    return counts["input->neurons"] + counts["neurons->neurons"]


def drawing(demo: Any, courses: dict[str, list[Course]]) -> Any:
    """The last round of the first network; the readout of each kind in its last rounds; scores."""
    plot = pictures()
    figure, axes = plot.panels(2, 2, size=(9.0, 5.4))
    raster, curve, *readouts = np.ravel(axes)
    for (kind, found), ax, color in zip(courses.items(), readouts, plot.COLORS, strict=False):
        follow(ax, demo, found[0], color)
        ax.set_title(f"readout and target, {kind}")
        for course in found:
            over = np.ones(demo.SAYS["over"]) / demo.SAYS["over"]
            mean = np.convolve(course.score, over, "valid")
            label = kind if course is found[0] else None
            curve.plot(len(over) - 1 + np.arange(len(mean)), mean, color=color, label=label, linewidth=1.0)
    curve.set(xlabel="round", ylabel=demo.SAYS["score"], ylim=(0.0, None))
    curve.legend(frameon=False, fontsize=8)
    net, begin = next(iter(courses.values()))[0].net, (len(next(iter(courses.values()))[0].score) - 1) * demo.PERIOD
    latest = [net.spikes(net.population(name)).between(begin, begin + demo.PERIOD) for name in ("input", "neurons")]
    plot.raster(*latest, ax=raster, unit="s")
    raster.set_title(f"last round, {next(iter(courses))}")
    return figure


def follow(ax: Any, demo: Any, course: Course, color: str) -> None:
    """A readout in its first round and in the last four, and what it should have been."""
    rounds, net = len(course.score), course.net
    teacher: Any = net.population("teacher").model
    looks = round(demo.PERIOD / teacher.every)
    t = teacher.every * np.arange(1, looks + 1)
    for k in (0, *range(rounds - 4, rounds)):
        v = net.state(net.population("readout"), 0, k * demo.PERIOD + t - 1e-9)["v"]
        ax.plot(t, v, color=color if k else "0.7", linewidth=0.8, label={0: "first", rounds - 1: "last four"}.get(k))
        wanted = np.take(teacher.values[0], k * looks + np.arange(looks), mode="wrap")
        ax.plot(t, wanted, color="black", linewidth=2.0, label="target" if k == rounds - 1 else None)
    ax.set(xlabel="time in the round [s]")
    ax.legend(frameon=False, ncols=3, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.18))  # below the axis


SAYS = "{score}, in the last sixth of {rounds} rounds: {after} ({seconds} s)"
DEMOS = {
    "eprop-pattern": Demo(
        "a recurrent network draws a sum of sines with a graded readout, by e-prop",
        "eprop_pattern",
        run_pattern,
        SAYS,
        learns=False,
        has_full=True,
    ),
    "store-recall": Demo(
        "neurons with adaptive thresholds remember a cue, by e-prop, and others do not",
        "store_recall",
        run_store_recall,
        SAYS,
        learns=False,
        has_full=True,
    ),
}
