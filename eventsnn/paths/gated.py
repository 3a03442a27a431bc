"""Writes how the rule of a common path follows its neuron: a gate by the voltage, at most two filters on either side.

The gate enters such a path once, so a step of P needs single integrals only:

    what a unit of mode j makes of mode i  =  integral of  forth_j(t) surrogate(v(t)) back_i(h - t) dt / tau

`forth` runs through the filters before the gate, `back` through those behind it, and behind them through the error to
the end; all are sums of exponentials. The quadrature is that of `gauss`; with three different distances between its
points, exponentials there are products of three.

What the error makes of the last filters is closed: with e(t) obeying de/dt = -W e and mode i decaying with rate r, the
integral of e(u) exp(-r (u - t)) over u from t to h is u.e(t) - exp(-r (h - t)) u.e(h) with u (W + r) = (0, 1).
"""

from eventsnn.paths import adapting, closed
from eventsnn.paths.chain import Circuit
from eventsnn.paths.gauss import DISTANCES, LAST, POINTS, WEIGHTS
from eventsnn.paths.rows import (
    DONE,
    Shape,
    chained,
    decays,
    erring,
    error_filters,
    error_rows,
    filter_rows,
    own_rates,
    rate_name,
    whether_smooth,
)
from eventsnn.paths.writing import in_parts, method, tau_of

LONGEST = 1.8  # of a stretch, in units of panel times the shortest time constant: exp(-x) is smoother than a surrogate
MOST_STEPS = 16.0  # of one length, between two events; in longer pauses lengths follow the voltage
# The power series of a step: names and degrees. To the first point it is a sixth as far as from one to the next.
SERIES = (("decay", "mean", "first_decay", "first_mean"), (8, 8, 6, 6))
PLACES = [f"{name} = {distance} * h" for name, distance in DISTANCES.items()]

FLOW = method(
    "flow(self, post, dt)",
    "Let the propagator follow the neuron from its last event for dt seconds: mostly in smooth steps of one length.",
    "rest, leak, drive, lasts = post.course(0.0)",
    "smooth = self.glides(post, dt) if lasts == math.inf else 0.0",
    "steps = max(smooth, 1.0)",
    "h = dt / steps",
    "while smooth > 0.0:",
    "    if self.surrogate.straight():",
    "        smooth, leak, drive = self.glide_straight(post, h, rest, leak, drive)",
    "    else:",
    "        smooth, leak, drive = self.glide_smooth(post, h, rest, leak, drive)",
    "    if smooth > 0.0:",
    "        steps -= 1.0",
    "        smooth = steps",
    "if steps > 0.0:",
    "    self.wind(post, steps * h, rest, leak, drive, lasts)",
)

GLIDES = method(
    "glides(self, post, dt)",
    "In how many steps of one length dt seconds may be taken, if these are smooth; 0 if they are too long.",
    "most, longest, r_m, r_s, apart = self.scales_of(post)",
    "if self.surrogate.straight():",
    "    return 1.0 if apart > 0.0 and dt < longest else 0.0",
    "steps = 1.0",
    f"while steps * most < dt and steps < {MOST_STEPS}:",
    "    steps += steps",
    "return steps if steps * most >= dt else 0.0",
)

WIND = [
    "    if a >= until:",
    "        rest, leak, drive, lasts = post.course(a)",
    "        until = a + max(lasts, 1e-9 * most)",
    "    if self.surrogate.absent_below(rest + max(leak, 0.0) + max(drive, 0.0)) > 0.0:",
    "        b = min(end, until)",
    "        self.drift(post, b - a)",
    *closed.FLOW,
    "    else:",
    "        b = min(end, until, a + most)",
    "        move = (b - a) * r_m * (abs(drive - leak) + 0.5 * (b - a) * r_s * abs(drive))",
    "        high = low + move",
    "        room = self.panel * min(self.surrogate.reach(low - move), self.surrogate.reach(high))",
    "        if move > room or self.surrogate.edge(low - move, high) != high:",
    "            b, high = self.split(post, a, b, most, rest, leak, drive, low)",
    "            leak, drive = self.integrate(post, b - a, rest, leak, drive)",
    "            low = high",
    "        else:",
    "            leak, drive = self.integrate(post, b - a, rest, leak, drive)",
    "            low = rest + leak",
    "    a = b",
]

SMOOTH = [  # lets b be where the voltage is still monotonic, has passed no kink and has moved little; `high`, it there
    "if self.turned(post, b - a, leak, drive) < 0.0:",
    "    turn = a + self.extremum(post, b - a, leak, drive)",
    "    if a + 1e-9 * most < turn < b:  # unless it is a rounding error",
    "        b = turn",
    "high = self.ahead(post, b - a, rest, leak, drive)",
    "level = self.surrogate.edge(low, high)",
    "if level != high:",
    "    b = a + self.crossing(post, b - a, level, rest, leak, drive)",
    "    high = level",
    "room = self.panel * min(self.surrogate.reach(low), self.surrogate.reach(high))",
    "while abs(high - low) > room and b - a > 1e-9 * most:",
    "    b = a + (b - a) * max(0.2, 0.9 * room / abs(high - low))",
    "    high = self.ahead(post, b - a, rest, leak, drive)",
    "    room = self.panel * min(self.surrogate.reach(low), self.surrogate.reach(high))",
]

SPLIT = method(
    "split(self, post, a, b, most, rest, leak, drive, low)",
    "Until when, at most b, the voltage is monotonic, passes no kink and moves little; and where it is then.",
    *SMOOTH,
    "return b, high",
)


def constants(c: Circuit) -> dict[str, str]:
    """Numbers that follow from the parameters of a rule alone: rates, and u_i of the error."""
    if not (shape := Shape(c)).fits:
        return {}
    found = {f"rate_{tau}": f"1.0 / self.{tau}" for tau in c.taus}
    w = [f"self.{tau}" for tau in c.error]
    source = {0: "1.0"} if len(c.error) < 2 else {0: "0.0", 1: "1.0"}
    for i in reversed(shape.behind if not c.pulses else ()):
        rate = tau_of(c.modes[i])
        ahead: dict[int, str] = {}
        for k in reversed(range(max(1, len(w)))):
            decay = f"(1.0 / {w[k]} + 1.0 / {rate})" if w else f"(1.0 / {rate})"
            fed = f" + ({ahead[k + 1]}) / {w[k + 1]}" if k + 1 < len(w) else ""
            ahead[k] = f"({source[k]}{fed}) / {decay}"
            found[f"ahead_{i}_{k}"] = ahead[k]
        source = {k: f"({ahead[k]}) / {rate}" for k in ahead}
    return found


def gated_text(c: Circuit, horizon: float, fade: list[str]) -> list[str]:
    """The methods that follow the neuron."""
    shape = Shape(c)
    if c.adaptive:
        reached = [] if c.pulses else _ahead(c, shape)
        split = SPLIT.replace("drive", "drive, lift")
        step = adapting.step_text(c, PLACES, reached)
        return [adapting.flow_text(horizon, fade), split, RATIO, *step]
    closes = shape.fires or (c.pulses and not shape.behind)  # between events nothing passes the gate
    drift = _step(c, shape, gated=False, alone=closes)
    if closes:
        return [method("flow(self, post, dt)", "Let the propagator follow.", "self.glide_drift(post, dt)"), drift, PAIR]
    wind = method(
        "wind(self, post, dt, rest, leak, drive, lasts)",
        "Go through dt seconds stretch by stretch.",
        "most, longest, r_m, r_s, apart = self.scales_of(post)",
        "end = min(dt, longest)",
        "until = max(lasts, 1e-9 * most)",
        "low = rest + leak",
        "a = 0.0",
        "while a < end:",
        *WIND,
        "if end < dt:  # nothing is left of the modes",
        *("    " + line for line in fade),
        "post.age += dt",
    )
    scales = method(
        "scales_of(self, post)",
        "The longest stretch, the time after which nothing is left, rates of voltage and current, and `apart`.",
        "r_s = 1.0 / post.tau_syn if post.tau_syn > 0.0 else 0.0",
        f"most = {LONGEST} * self.panel * self.fastest(post)",
        f"return most, {horizon} * self.slowest(post), 1.0 / post.tau_mem, r_s, self.apart(post)",
    )
    stretch = _step(c, shape, gated=True)
    return [scales, FLOW, GLIDES, wind, SPLIT, drift, PAIR, RATIO, stretch, *closed.closed_text(c, shape)]


RATIO = method("ratio(self, x)", "(1 - exp(-x))/x.", "return -math.expm1(-x) / x if x != 0.0 else 1.0")
PAIR = (
    method(
        "inverse(self, rate, then)",
        "One over the difference of two rates; 0 if they are within a tenth of each other.",
        "gap = then - rate",
        "return 1.0 / gap if abs(gap) > 0.1 * then else 0.0",
    )
    + "\n\n"
    + method(
        "pair(self, u, rate, then, inverse, one, two)",
        "What a unit in a filter of one rate makes of the next in u seconds, when `one` and `two` are left of either.",
        "if inverse != 0.0:",
        "    return then * (one - two) * inverse",
        "gap = abs(then - rate)",
        "return then * max(one, two) * (-math.expm1(-gap * u) / gap if gap > 0.0 else u)",
    )
)


def _step(c: Circuit, shape: Shape, gated: bool, alone: bool = False) -> str:
    """One step: P becomes F P; `alone` says that there is no other kind."""
    rates = {i: rate_name(c, i) for i in range(shape.last)}
    psp = c.psp or not gated
    lines = own_rates(c, shape)
    if gated:
        lines += PLACES
        if not psp:
            lines += ["r_m = 1.0 / post.tau_mem", "r_s = 1.0 / post.tau_syn if post.tau_syn > 0.0 else r_m"]
            lines += decays("m", "r_m", gated) + decays("c", "r_s", gated) + chained("v", "c", "m", "r_s", "r_m", gated)
    for block in (shape.before, shape.behind):
        for i in block:
            lines += decays(f"s{i}", rates[i], gated)
        if len(block) == 2:
            i, k = block
            lines += chained(f"x{k}", f"s{i}", f"s{k}", rates[i], rates[k], gated)
    lines += [] if c.pulses else error_filters(c, shape, gated)[0]
    if gated:
        lines += _values(c, shape)
    lines += error_rows(c, shape, gated)
    lines += filter_rows(c, shape, gated)
    if not gated:
        name, more = ("glide_drift", ["post.age += h"]) if alone else ("drift", [])
        doc = "A step of h seconds in which nothing passes the surrogate."
        return in_parts((f"{name}(self, post, h)", doc, [*lines, *more]))
    mem, syn, wave = ("s1", "s0", "x1") if psp else ("m", "c", "v")
    later, after = f"leak * {mem}_h + drive * {wave}_h", f"drive * {syn}_h"
    doc = "One stretch of h seconds on which all is smooth; what becomes of the voltage's two parts."
    stretch = ("integrate(self, post, h, rest, leak, drive)", doc, [*lines, f"return {later}, {after}"])
    far = " or high - low > self.panel * min(self.surrogate.reach(low), self.surrogate.reach(high))"
    smooth = whether_smooth(f"{rates[1] if psp else 'r_m'} * h", later, after, far)
    doc = "A step of h seconds, if all is smooth; whether it is, and what becomes of the voltage's two parts."
    at = next(k for k, line in enumerate(lines) if line.startswith("g_0"))
    glide = ("glide_smooth(self, post, h, rest, leak, drive)", doc, [*lines[:at], *smooth, *lines[at:], *DONE])
    return in_parts(stretch, glide)


def _values(c: Circuit, shape: Shape) -> list[str]:
    """What passes the gate at the points: the surrogate, and with it the modes before the gate."""
    mem, wave = ("s1", "x1") if c.psp else ("m", "v")
    lines = [f"g_{k} = {WEIGHTS[k]} * self.surrogate.at(rest + leak * {mem}_{k} + drive * {wave}_{k})" for k in POINTS]
    last = shape.gate - 1
    inner, into = [], f"h * {rate_name(c, shape.gate)}" if shape.behind else "h"
    sources = {j: f"s{last}" if j == last else f"x{last}" for j in shape.before}
    for j, source in sources.items():
        inner += [f"z{j}_{k} = g_{k} * {source}_{k}" for k in POINTS]
        for i in shape.behind:
            back = f"s{i}" if i == shape.gate else f"x{i}"
            terms = " + ".join(f"z{j}_{k} * {back}_{LAST - k}" for k in POINTS)
            inner.append(f"f_{i}_{j} = {into} * ({terms})")
    zero = [f"f_{i}_{j}" for i in shape.behind for j in shape.before]
    if not c.pulses:
        zero += [f"f_{shape.last}_{j}" for j in shape.before]
        inner += [f"if {erring(c)}:", *("    " + line for line in _reached(c, shape, into))]
    some = " or ".join(f"g_{k} != 0.0" for k in POINTS)
    return [*lines, f"{' = '.join(zero)} = 0.0", f"if {some}:", *("    " + line for line in inner)]


def _reached(c: Circuit, shape: Shape, into: str) -> list[str]:
    """What the modes before the gate make of the change that is due, were the filters and the error never to end."""
    lines = _ahead(c, shape)
    for j in shape.before:
        terms = " + ".join(f"z{j}_{k} * n_{k}" for k in POINTS)
        lines.append(f"f_{shape.last}_{j} = {into} * ({terms})")
    return lines


def _ahead(c: Circuit, shape: Shape) -> list[str]:
    """What a unit that passes at each point would make of it."""
    _, names, chain = error_filters(c, shape, gated=True)
    lines: list[str] = []
    one = {k: f"self.ahead_{shape.gate}_{k} * " if shape.behind else "" for k in range(2)}
    if not names:
        lines += [f"n_{k} = {one[0]}post.e_0" for k in POINTS]
    elif len(names) == 1:
        lines += [f"a_0 = {one[0]}post.e_0", *(f"n_{k} = a_0 * {names[0]}_{k}" for k in POINTS)]
    else:
        own = f"a_0 * {names[0]}_{{k}} + " if shape.behind else ""
        lines += [f"a_0 = {one[0]}post.e_0"] if shape.behind else []
        lines += [f"a_1 = {one[1]}post.e_0", f"a_2 = {one[1]}post.e_1"]
        lines += [f"n_{k} = {own.format(k=k)}a_1 * {chain}_{k} + a_2 * {names[1]}_{k}" for k in POINTS]
    return lines
