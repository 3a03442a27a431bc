"""Runs the demos whose outputs have to fire at given times, with each kind of feedback, for the command line."""

import time as clock
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eventsnn.demo.runner import (
    Demo,
    Options,
    Report,
    check_folders,
    counted,
    delivered,
    digest,
    module,
    pictures,
    save_picture,
)
from eventsnn.errors import EngineError
from eventsnn.network import Network
from eventsnn.record import Spikes


@dataclass
class Course:
    """How one network learned."""

    net: Network
    loss: list[float] = field(default_factory=list)  # of every pass
    wall: float = 0.0  # seconds per second of data, from the second pass on
    cpu: float = 0.0  # the same in processor time


def run_oxford(options: Options) -> Report:
    """Learn to draw the Radcliffe Camera, with each kind of feedback."""
    return run(options, "superspike-oxford", "superspike_oxford", {"data": options.data})


def run_picture(options: Options) -> Report:
    """Learn to draw any picture, with each kind of feedback."""
    return run(options, "superspike-picture", "superspike_picture", {"picture": options.picture})


def run(options: Options, name: str, file: str, settings: dict[str, Any]) -> Report:
    """Learn a pattern, once for each kind of feedback, and say how it went."""
    demo = module(file)
    kinds = list(demo.FEEDBACK) if options.feedback is None else [options.feedback]
    if not set(kinds) <= set(demo.FEEDBACK):
        raise EngineError(f"{name} has no {options.feedback} feedback; give symmetric or random, or none for all")
    if options.small and options.full:
        raise EngineError(f"{name}: give --small or --full, not both")
    check_folders(options)
    begun = clock.monotonic()
    settings = {**settings, **(demo.FULL if options.full else {})}
    courses = {kind: learn(demo, options, kind, settings) for kind in kinds}
    first = courses[kinds[0]].net
    losses = {kind: course.loss for kind, course in courses.items()}
    return {
        "loss": losses,
        "before": losses[kinds[0]][0],
        "after": ", ".join(f"{losses[kind][-1]:.1f} by {kind}" for kind in kinds),
        "passes": len(losses[kinds[0]]),
        "outputs": first.population("output").size,
        "hidden": first.population("hidden").size,
        "seconds": round(clock.monotonic() - begun, 2),
        "wall_per_second": {kind: round(course.wall, 3) for kind, course in courses.items()},
        "cpu_per_second": {kind: round(course.cpu, 3) for kind, course in courses.items()},
        "synaptic_events": {kind: delivered(course.net) for kind, course in courses.items()},
        "seed": first.description.seed,
        "engine": first.engine_name,
        "messages": {kind: course.net.message_counts() for kind, course in courses.items()},
        "digest": digest(course.net for course in courses.values()),
        "picture": save_picture(drawing(demo, courses), options, file),
    }


def learn(demo: Any, options: Options, kind: str, settings: dict[str, Any]) -> Course:
    """One network that learns pass by pass."""
    passes = demo.SMALL["passes"] if options.small else settings.get("passes", demo.PASSES)
    course = Course(demo.build(options.seed or 0, options.engine or "compiled", options.small, kind, **settings))
    wall, cpu = clock.monotonic(), clock.process_time()
    for done in counted(range(1, passes + 1), options, passes, f"pass ({kind} feedback)"):
        course.net.run(until=done * demo.PERIOD)
        if done == 1:  # from here on nothing is compiled
            wall, cpu = clock.monotonic(), clock.process_time()
    rest = max(1, passes - 1) * demo.PERIOD
    course.wall, course.cpu = (clock.monotonic() - wall) / rest, (clock.process_time() - cpu) / rest
    course.loss = [round(demo.loss(course.net, k), 3) for k in range(passes)]
    return course


def drawing(demo: Any, courses: dict[str, Course]) -> Any:
    """The picture that was wanted, those that were drawn in the last pass, and the losses."""
    plot = pictures()
    n = len(courses) + 2
    columns = min(n, 3)
    figure, axes = plot.panels(-(-n // columns), columns, size=(11.0, 2.8 * -(-n // columns)))
    net = next(iter(courses.values())).net
    teacher: Any = net.population("teacher").model
    wanted = np.array([(t, j) for j, train in enumerate(teacher.trains) for t in train])
    rows = len(teacher.trains)
    drawn = [("wanted", Spikes(wanted[:, 0], wanted[:, 1].astype(int), rows, "outputs"))]
    for kind, course in courses.items():
        begin = (len(course.loss) - 1) * demo.PERIOD
        latest = course.net.spikes(course.net.population("output")).between(begin, begin + demo.PERIOD)
        drawn.append((f"pass {len(course.loss)}, {kind} feedback", Spikes(latest.t - begin, latest.i, rows, "outputs")))
    *rasters, curves = np.ravel(axes)[:n]
    for ax, (title, spikes) in zip(rasters, drawn, strict=True):
        plot.raster(spikes, ax=ax, unit="s")
        ax.set(title=title, xlim=(0.0, demo.PERIOD))
    for (kind, course), color in zip(courses.items(), plot.COLORS, strict=False):
        curves.plot(range(1, len(course.loss) + 1), course.loss, color=color, label=kind, linewidth=1.2)
    curves.set(xlabel="pass", ylabel="loss [wrong spikes/s]", ylim=(0.0, None))
    curves.legend(frameon=False, fontsize=8)
    for ax in np.ravel(axes)[n:]:
        ax.set_axis_off()
    return figure


SAYS = (
    "loss of {outputs} outputs: {before:.1f} at first; after {passes} passes {after} feedback ({hidden} hidden "
    "neurons, {seconds} s)"
)
DEMOS = {
    "superspike-picture": Demo(
        "spikes that draw any picture (--picture FILE), by three kinds of feedback",
        "superspike_picture",
        run_picture,
        SAYS,
        learns=False,
        feedbacks=True,
        on_picture=True,
        has_full=True,
    ),
    "superspike-oxford": Demo(
        "spikes that draw the Radcliffe Camera, by three kinds of feedback (needs EVENTSNN_DATA or --data)",
        "superspike_oxford",
        run_oxford,
        SAYS,
        learns=False,
        on_data=True,
        feedbacks=True,
        has_full=True,
    ),
}
