"""Writes how the rule of a path with `adaptation()` follows its neuron.

With g the surrogate, b = beta g, and v what a unit of a mode before the gate sends through it, the adaptation q and
what passes it on, z, obey

    z = v - b q,    dq/dt = z - q/tau,    so  q(t) = L(t) (q(0) + integral of v/L),  L(t) = exp(-t/tau - integral of b)

A unit that passes the gate at t is in q at u > t with L(u)/L(t), and takes b(u) L(u)/L(t) off what goes on then. So of
all that is gathered from z with a weight W(t) (what is left in a filter behind, or reaches the change that is due),

    integral of z W = integral of v(t) (W(t) - integral from t to the end of b L W / L(t)) dt - q(0) integral of b L W

which takes integrals up to each point once for each W, whatever sent v, and else single ones; points as in `gated`.
"""

from eventsnn.paths.chain import Circuit
from eventsnn.paths.gauss import LAST, POINTS, UP_TO, WEIGHTS
from eventsnn.paths.rows import (
    Shape,
    chained,
    decays,
    erring,
    error_filters,
    error_rows,
    filter_rows,
    own_rates,
    rate_name,
)
from eventsnn.paths.writing import in_parts, method, weighted

# Of a stretch, in units of panel times the shortest time constant, and of what the adaptation takes off: integrals of
# integrals are rougher.
LONGEST, MOST_OFF = 1.3, 1.1

FLOW = [
    "    if a >= until:",
    "        rest, leak, drive, lift, lasts = post.adaptive_course(a)",
    "        until = a + max(lasts, 1e-9 * most)",
    "    b = min(end, until, a + most)",
    "    move = (b - a) * (r_m * (abs(drive - leak) + 0.5 * (b - a) * r_s * abs(drive)) + r_a * abs(lift))",
    "    high = low + move",
    "    room = self.panel * min(self.surrogate.reach(low - move), self.surrogate.reach(high))",
    "    if move > room or self.surrogate.edge(low - move, high) != high:",
    "        b, high = self.split(post, a, b, most, rest, leak, drive, lift, low)",
    "        leak, drive, lift = self.integrate(post, b - a, rest, leak, drive, lift)",
    "        low = high",
    "    else:",
    "        leak, drive, lift = self.integrate(post, b - a, rest, leak, drive, lift)",
    "        low = rest + leak - lift",
    "    a = b",
]


def flow_text(horizon: float, fade: list[str]) -> str:
    """The loop over stretches between two events of the neuron."""
    return method(
        "flow(self, post, dt)",
        "Let the propagator follow the neuron from its last event for dt seconds.",
        "off = abs(post.beta * self.surrogate.at(0.0)) + 1e-300",
        f"most = self.panel * min({LONGEST} * self.fastest(post), {MOST_OFF} / off)",
        f"end = min(dt, {horizon} * self.slowest(post))",
        "r_m = 1.0 / post.tau_mem",
        "r_s = 1.0 / post.tau_syn if post.tau_syn > 0.0 else 0.0",
        "r_a = 1.0 / post.tau_adapt",
        "rest, leak, drive, lift, lasts = post.adaptive_course(0.0)",
        "until = max(lasts, 1e-9 * most)",
        "low = rest + leak - lift",
        "a = 0.0",
        "while a < end:",
        *FLOW,
        "if end < dt:  # nothing is left of the modes",
        *("    " + line for line in fade),
        "post.age += dt",
    )


def step_text(c: Circuit, points: list[str], reached: list[str]) -> list[str]:
    """The methods that make one step.

    Args:
        c: the path.
        points: lines for how far it is to the first point, to the second, and to the third.
        reached: lines for what a unit that passes at each point would make of the change that is due.
    """
    shape = Shape(c)
    rates = {i: rate_name(c, i) for i in range(shape.last)}
    lines = own_rates(c, shape) + points
    for block in (shape.before, [2], shape.behind):
        for i in block:
            lines += decays(f"s{i}", rates[i], True)
        if len(block) == 2:
            i, k = block
            lines += chained(f"x{k}", f"s{i}", f"s{k}", rates[i], rates[k], True)
    lines += [] if c.pulses else error_filters(c, shape, True)[0]
    lines += [f"g_{k} = self.surrogate.at(rest + leak * s1_{k} + drive * x1_{k} - lift * s2_{k})" for k in POINTS]
    lines += [f"b_{k} = post.beta * g_{k}" for k in POINTS]
    lines += _up_to([f"b_{k}" for k in POINTS])
    for k in POINTS:
        lines += [
            f"l_{k} = s2_{k} * self.decay(h * to_{k})",
            f"v_{k} = {WEIGHTS[k]} * g_{k} / l_{k}",
            f"b_{k} *= l_{k}",
        ]
    lines += [f"z{j}_{k} = v_{k} * {source}_{k}" for j, source in enumerate(("x1", "s1")) for k in POINTS]
    lines.append("f_2_2 = s2_h * self.decay(h * all)")
    lines += [f"f_2_{j} = h * f_2_2 * ({' + '.join(f'z{j}_{k}' for k in POINTS)})" for j in shape.before]
    into = f"h * {rates[shape.gate]}" if shape.behind else "h"
    for i in shape.behind:
        back = f"s{i}" if i == shape.gate else f"x{i}"
        lines += _gathered(i, [f"{back}_{LAST - k}" for k in POINTS], into)
    if not c.pulses:
        gathered = _gathered(shape.last, [f"n_{k}" for k in POINTS], into)
        lines.append(" = ".join(f"f_{shape.last}_{j}" for j in range(3)) + " = 0.0")
        lines += [f"if {erring(c)}:", *("    " + line for line in [*reached, *gathered])]
    lines += error_rows(c, shape, True) + filter_rows(c, shape, True)
    lines.append("return leak * s1_h + drive * x1_h, drive * s0_h, lift * s2_h")
    doc = "One stretch of h seconds on which all is smooth; what becomes of the parts of voltage and threshold."
    return [in_parts(("integrate(self, post, h, rest, leak, drive, lift)", doc, lines)), _integrals()]


def _up_to(values: list[str]) -> list[str]:
    """Integrals of values at the points: up to each, and in all."""
    return [", ".join(f"to_{k}" for k in POINTS) + f", all = self.up_to({', '.join(values)})"]


def _gathered(i: int, weight: list[str], into: str) -> list[str]:
    """What of a unit in the modes before the gate, and in the adaptation, is gathered in mode i with these weights."""
    lines = _up_to([f"b_{k} * {weight[k]}" for k in POINTS])
    lines += [f"k_{k} = l_{k} * {weight[k]} - h * (all - to_{k})" for k in POINTS]
    lines += [f"f_{i}_{j} = {into} * ({' + '.join(f'z{j}_{k} * k_{k}' for k in POINTS)})" for j in (0, 1)]
    return [*lines, f"f_{i}_2 = -{into} * all"]


def _integrals() -> str:
    """The integrals themselves."""
    names = [*(f"to_{k}" for k in POINTS), "all"]
    return method(
        f"up_to(self, {', '.join(f'u_{k}' for k in POINTS)})",
        "Integrals from the beginning of a stretch to each of the five points, and to its end.",
        *(f"{name} = {row}" for name, row in zip(names, weighted((*UP_TO, WEIGHTS)), strict=True)),
        f"return {', '.join(names)}",
    )
