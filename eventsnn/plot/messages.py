"""Messages on their way through a small network, as a film."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes

from eventsnn.errors import NetworkError
from eventsnn.plot.style import COLORS, FAINT, INK, STYLE, UNITS

MOST = 200  # members that can be told apart
SHOWN = {"spike": COLORS[0], "error": COLORS[1]}  # colours of ports; others are COLORS[2]
GLOW = 12  # frames that a member which fired takes to fade
LEAST = 3  # frames for which a message without delay is seen


def messages(
    net: Any,
    start: float,
    end: float,
    *,
    layers: Sequence[Sequence[Any]] | None = None,
    frames: int = 240,
    unit: str = "ms",
) -> FuncAnimation:
    """Every message of a small network, moving from its sender to whom it reaches; a neuron that fires lights up.

    Spikes are blue, errors vermilion, other messages green; the more a message carries, the larger its dot. It leaves
    when it was sent and arrives when it arrived; one without delay is shown for a moment before.
    Write it with `.save("messages.gif", writer="pillow")`, or as a page with controls by `.to_jshtml()`.

    Args:
        net: has run, and recorded messages (`net.record_messages()` before the first run).
        start: of what is shown [s].
        end: of what is shown [s].
        layers: populations, a list for each column from left to right; in the order of `net.add` unless given.
        frames: how many pictures.
        unit: of the clock, "s", "ms" or "us".

    Raises:
        NetworkError: no messages were recorded, too many members, or an empty span.
    """
    columns = [list(c) for c in layers] if layers is not None else [[p] for p in net.description.populations]
    count = sum(p.size for column in columns for p in column)
    if not 0 <= start < end or frames < 2 or unit not in UNITS:
        raise NetworkError(f"plot.messages: {frames} frames from {start} s to {end} s in {unit!r} cannot be shown")
    if count > MOST:
        raise NetworkError(f"plot.messages: {count} members; up to {MOST} can be told apart, so give fewer in layers=")
    if net.recorder.messages is None:
        raise NetworkError("plot.messages needs every message; call net.record_messages() before the first run")
    places = _places(net, columns)
    film = _Film(net, places, np.linspace(start, end, frames))
    with plt.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
        _stage(ax, net, columns, places)
        draw = film.on(ax, unit)
    return FuncAnimation(figure, draw, frames=frames, interval=40, blit=False)


def _places(net: Any, columns: Sequence[Sequence[Any]]) -> dict[int, tuple[float, float]]:
    """Where each member stands, by its number among all."""
    places = {}
    for x, column in enumerate(columns):
        total = sum(p.size for p in column) + len(column) - 1
        y = 0.5 * (total - 1)
        for population in column:
            first = net.plan.of(population).offset
            for k in range(population.size):
                places[first + k] = (float(x), y / max(total, 1))
                y -= 1.0
            y -= 1.0
    return places


def _stage(ax: Axes, net: Any, columns: Sequence[Sequence[Any]], places: dict[int, tuple[float, float]]) -> None:
    """What does not move: members, their names, and the synapses between them."""
    ax.set_axis_off()
    for s in net.plan.synapses:
        if s.pre.population.size * s.post.population.size > MOST * 10:
            continue
        for a, b in set(zip((s.pre.offset + s.source).tolist(), (s.post.offset + s.target).tolist(), strict=True)):
            if a in places and b in places:
                ax.plot(
                    *_way(places[a], places[b], np.linspace(0.0, 1.0, 20)).T, color=FAINT, linewidth=0.3, alpha=0.35
                )
    for k, column in enumerate(columns):
        text = "\n".join(p.name for p in column)
        ax.text(k, -0.62, text, ha="center", va="top", color=INK, fontsize=8)
    for k, (word, color) in enumerate([*SHOWN.items(), ("other", COLORS[2])]):
        ax.text(1.0 - 0.1 * (3 - k), 0.98, f"● {word}", transform=ax.transAxes, va="top", color=color, fontsize=8)
    ax.set_xlim(-0.4, len(columns) - 0.6)
    ax.set_ylim(-0.85, 0.62)


def _way(a: tuple[float, float], b: tuple[float, float], part: np.ndarray) -> np.ndarray:
    """Points on the way from a to b: a line bent a little to the left, so that the way back is another one."""
    start, end = np.array(a), np.array(b)
    across = np.array([a[1] - b[1], b[0] - a[0]])
    bend = 0.035 if a != b else 0.0
    return start + np.outer(part, end - start) + np.outer(bend * 4.0 * part * (1.0 - part), across)


class _Film:
    """What is where in each frame."""

    def __init__(self, net: Any, places: dict[int, tuple[float, float]], times: np.ndarray) -> None:
        log, self.times, self.places = net.messages(), times, places
        gap = times[1] - times[0]
        known = np.isin(log.sender, list(places)) & np.isin(log.target, list(places))
        keep = np.flatnonzero(known & (log.t >= times[0]) & (log.t <= times[-1] + 1.0))
        delays = np.array([_delay(net.plan.synapses[log.projection[k]], log, k) for k in keep.tolist()])
        self.arrive = log.t[keep]
        self.leave = np.minimum(self.arrive - delays, self.arrive - LEAST * gap)
        self.ends = [(places[int(log.sender[k])], places[int(log.target[k])]) for k in keep]
        port = log.port[keep]
        value = np.where(port == "spike", 1.0, np.abs(log.value[keep]))
        top = {p: np.max(value[port == p], initial=0.0) or 1.0 for p in set(port)}
        self.size = np.array([10.0 + 30.0 * (v / top[p]) ** 0.5 for v, p in zip(value, port, strict=True)])
        self.color = np.array([SHOWN.get(p, COLORS[2]) for p in port])
        self.fired = [
            (net.plan.of(p).offset + int(i), float(t))
            for p in net.description.populations
            if "spikes" in p.record
            for t, i in zip(net.spikes(p).t, net.spikes(p).i, strict=True)
        ]
        self.fade = GLOW * gap

    def on(self, ax: Axes, unit: str) -> Callable[[int], list[Any]]:
        """A function that draws a frame."""
        members = list(self.places)
        xy = np.array([self.places[m] for m in members])
        nodes: Any = ax.scatter(xy[:, 0], xy[:, 1], s=60, facecolor="white", edgecolor=INK, linewidth=0.9, zorder=3)
        dots: Any = ax.scatter([], [], zorder=4, linewidth=0)
        clock = ax.text(0.01, 0.98, "", transform=ax.transAxes, va="top", color=INK, fontsize=8)
        digits = 1 if np.ptp(self.times) * UNITS[unit] > 5 else 3

        def draw(frame: int) -> list[Any]:
            now = self.times[frame]
            glow = dict.fromkeys(members, 0.0)
            for member, t in self.fired:
                if member in glow and t <= now < t + self.fade:
                    glow[member] = max(glow[member], 1.0 - (now - t) / self.fade)
            light = np.array([glow[m] for m in members])[:, None]
            nodes.set_facecolor(np.clip(1.0 - light * (1.0 - np.array([[0.90, 0.62, 0.0]])), 0.0, 1.0))
            here = np.flatnonzero((self.leave <= now) & (now <= self.arrive))
            part = (now - self.leave[here]) / (self.arrive[here] - self.leave[here])
            spots = [_way(*self.ends[k], np.array([p]))[0] for k, p in zip(here, part, strict=True)]
            dots.set_offsets(np.array(spots).reshape(-1, 2))
            dots.set_sizes(self.size[here])
            dots.set_facecolor(self.color[here])
            clock.set_text(f"{now * UNITS[unit]:.{digits}f} {unit.replace('us', 'µs')}")
            return [nodes, dots, clock]

        return draw


def _delay(s: Any, log: Any, k: int) -> float:
    """How long a message was on its way; for one that came back along a projection, its feedback's delay."""
    if log.port[k] == "error" and s.port != "error":
        return float(s.back.delay[log.synapse[k]]) if s.back is not None else 0.0
    return float(s.delay[log.synapse[k]])
