"""Writes how a path's rule follows its neuron: stretch by stretch, each by quadrature of order 10.

The common paths, of single integrals, are in `gated`, those with adaptation in `adapting`; here are those without a
gate by the voltage, and longer ones.

A stretch is at most `panel` of the shortest time constant long. On it the voltage is monotonic, no kink of the
surrogate is passed, and the voltage moves at most `panel` of what the surrogate reaches. The modes are a chain, so the
propagator of a stretch is made of nested integrals: each takes the values of the one before it at the points of the
quadrature, which is Gauss-Legendre collocation of the linear equations of the modes.
"""

import math

from eventsnn.paths.chain import Circuit
from eventsnn.paths.gated import SERIES, SMOOTH, gated_text
from eventsnn.paths.gauss import LAST, NODES, POINTS, UP_TO, WEIGHTS
from eventsnn.paths.rows import Shape
from eventsnn.paths.writing import method, pairs, taus, weighted

HORIZON = 44.0  # time constants after which exp(-44) = 8e-20 of a mode is left: nothing, beside what came before
DEGREE = 9  # of the power series: what is left out is 3e-13 at the default stretch, and 3e-11 at the longest


# The loop over stretches between two events of the neuron, without and with a gate by the voltage.
UNGATED = [
    "b = min(end, a + most)",
    "self.integrate(post, b - a, 0.0, 0.0, 0.0)",
]
START = [
    "rest, leak, drive, lasts = post.course(0.0)",
    "until = max(lasts, 1e-9 * most)",
    "low = rest + leak",
]
GATED = [
    "if a >= until:",
    "    rest, leak, drive, lasts = post.course(a)",
    "    until = a + max(lasts, 1e-9 * most)",
    "b = min(end, until, a + most)",
    *SMOOTH,
    "if b > a:",
    "    leak, drive = self.integrate(post, b - a, rest, leak, drive)",
    "low = high",
]

EXTREMUM = method(
    "extremum(self, post, high, leak, drive)",
    "When the voltage turns; asked only where it does.",
    "x = post.tau_mem / post.tau_syn - 1.0",
    "if x == 0.0:",
    "    return post.tau_mem * (1.0 - leak / drive)",
    "if x * leak / drive <= -1.0:",
    "    return math.inf",
    "return post.tau_mem * (math.log1p(x) - math.log1p(x * leak / drive)) / x",
)

TURNING = method(
    "extremum(self, post, high, leak, drive, lift)",
    "When the voltage above threshold turns, within `high` seconds: bisection, because no kink is there as a rule.",
    "low = 0.0",
    "up = self.slope(post, low, leak, drive, lift)",
    "for _ in range(40):",
    "    middle = 0.5 * (low + high)",
    "    if up * self.slope(post, middle, leak, drive, lift) > 0.0:",
    "        low = middle",
    "    else:",
    "        high = middle",
    "return high",
)

CROSSING = method(
    "crossing(self, post, high, level, rest, leak, drive)",
    "When the voltage, monotonic for `high` seconds, passes a level: regula falsi (Illinois).",
    "low = 0.0",
    "f = rest + leak - level",
    "g = self.ahead(post, high, rest, leak, drive) - level",
    "least = 1e-14 * self.fastest(post)",
    "for _ in range(100):",
    "    if f == 0.0 or f * g > 0.0:",
    "        return low",
    "    if g == 0.0 or high - low <= least:",
    "        return high",
    "    middle = low + (high - low) * (f / (f - g))",
    "    if not low < middle < high:",
    "        middle = low + 0.5 * (high - low)",
    "    h = self.ahead(post, middle, rest, leak, drive) - level",
    "    if h * g <= 0.0:",
    "        low = middle",
    "        f = h",
    "        g = 0.5 * g",
    "    else:",
    "        high = middle",
    "        g = h",
    "        f = 0.5 * f",
    "return high",
)


def _flow(c: Circuit) -> str:
    """The loop over stretches between two events of the neuron."""
    n = len(c.modes)
    fade = [f"post.p_{i}_{j} = 0.0" for i, j in pairs(n) if i < n - 1]
    start, body = ([], UNGATED) if c.surrogate is None else (START, GATED)
    return method(
        "flow(self, post, dt)",
        "Let the propagator follow the neuron from its last event for dt seconds.",
        "most = self.panel * self.fastest(post)",
        f"end = min(dt, {HORIZON} * self.slowest(post))",
        "a = 0.0",
        *start,
        "while a < end:",
        *("    " + line for line in body),
        "    a = b",
        "if end < dt:  # nothing is left of the modes",
        *("    " + line for line in fade),
        *("    " + line for line in _fade_error(c)),
        "post.age += dt",
    )


def _adaptive(line: str) -> str:
    """The same line where the threshold moves: what it is raised by, `lift`, is one more part of the voltage."""
    return line.replace("leak, drive", "leak, drive, lift").replace("f = rest + leak", "f = rest + leak - lift")


def _fade_error(c: Circuit) -> list[str]:
    """The error after the last stretch, over dt - end."""
    if not c.error:
        return []
    last = len(c.error) - 1
    lines = [f"post.e_{last} = self.error_at(post, dt - end)"]
    return lines + [f"post.e_{k} *= math.exp((end - dt) / self.{c.error[k]})" for k in range(last)]


def _voltage(c: Circuit, decay: str = "self.decay(", mean: str = "self.mean(") -> list[str]:
    """How the voltage above threshold moves on a stretch; `decay` and `mean` begin the two functions' calls."""
    if c.surrogate is None:
        return []
    rates = ["r_m = 1.0 / post.tau_mem", "r_s = 1.0 / post.tau_syn if post.tau_syn > 0.0 else r_m"]
    later = f"{decay}r_m * u) * (leak + drive * r_m * u * {mean}(r_s - r_m) * u))"
    ahead = method(
        "ahead(self, post, u, rest, leak, drive)",
        "The voltage above threshold after u seconds: rest, the leaking part, and the current's effect.",
        *rates,
        f"return rest + {later}",
    )
    turned = method(
        "turned(self, post, u, leak, drive)",
        "Whether the voltage turns within u seconds: the product of its slopes at either end.",
        *rates,
        f"later = {later}",
        f"return (drive - leak) * (drive * {decay}r_s * u) - later)",
    )
    if not c.adaptive:
        return [ahead, turned, EXTREMUM, CROSSING]
    lift = f"lift * {decay}u / post.tau_adapt)"
    ahead = _adaptive(ahead).replace(f"rest + {later}", f"rest + {later} - {lift}")
    slope = method(
        "slope(self, post, u, leak, drive, lift)",
        "tau_mem times the slope of the voltage above threshold after u seconds.",
        *rates,
        f"later = {later}",
        f"return drive * {decay}r_s * u) - later + post.tau_mem / post.tau_adapt * {lift}",
    )
    turned = method(
        "turned(self, post, u, leak, drive, lift)",
        "Whether the voltage above threshold turns within u seconds: the product of its slopes at either end.",
        "return self.slope(post, 0.0, leak, drive, lift) * self.slope(post, u, leak, drive, lift)",
    )
    return [ahead, slope, turned, TURNING, _adaptive(CROSSING)]


def _series(names: tuple[str, ...] = ("decay", "mean"), degrees: tuple[int, ...] = (DEGREE, DEGREE)) -> list[str]:
    """Power series for the small arguments on a stretch, closer than the quadrature."""
    found = []
    for name, degree in zip(names, degrees, strict=True):
        shift = name.endswith("mean")
        terms = " - ".join(f"x * ({1.0 / math.factorial(k + shift)!r}" for k in range(1, degree + 1))
        doc = f"{'(1 - exp(-x))/x' if shift else 'exp(-x)'} for small |x|; x^{degree + 1} is left out."
        found.append(method(f"{name}(self, x)", doc, f"return 1.0 - {terms}{')' * degree}"))
    return found


def _integrate(c: Circuit) -> str:
    """One stretch: P becomes F P, with F by quadrature over the gates' values at five points."""
    n, points = len(c.modes), POINTS
    lines = [f"r_{i} = 1.0 / {tau}" for i, tau in enumerate(taus(c))]
    lines += [f"t_{k} = {NODES[k]} * h" for k in points]
    lines += [f"s_{i}_{k} = self.decay(r_{i} * t_{k})" for i in range(n - 1) for k in points]
    lines += [f"d_{i} = s_{i}_0 * s_{i}_{LAST}" for i in range(n - 1)]
    if c.psp:
        lines += [f"psp_{k} = r_1 * t_{k} * s_1_{k} * self.mean((r_0 - r_1) * t_{k})" for k in points]
        lines.append("psp = r_1 * h * d_1 * self.mean((r_0 - r_1) * h)")
    lines += _gates(c)
    top = n - 1 if c.pulses else n  # pulses of error act between stretches, so nothing flows into the last mode
    for j in range(top - 1):
        for i in range(j + 1, top):
            lines += _response(c, i, j, last=i == top - 1)
    for i in reversed(range(top)):
        for j in range(min(i + 1, n - 1)):
            terms = [f"f_{i}_{k} * post.p_{k}_{j}" for k in range(j, min(i, n - 1))]
            own = f"d_{i} * post.p_{i}_{j}" if i < n - 1 else f"post.p_{i}_{j}"
            lines.append(f"post.p_{i}_{j} = {' + '.join([own, *terms])}")
    lines += _advance_error(c)
    if c.surrogate is not None:
        lines.append("return leak, drive")
    return method(
        "integrate(self, post, h, rest, leak, drive)",
        "One stretch of h seconds on which all is smooth; what becomes of the voltage's two parts.",
        *lines,
    )


def _gates(c: Circuit) -> list[str]:
    """The values of the gates at the points."""
    points, lines = POINTS, []
    if c.surrogate is not None:
        if c.psp:
            decay, psp = [f"s_1_{k}" for k in points], [f"psp_{k}" for k in points]
            after = ["leak = leak * d_1 + drive * psp", "drive = drive * d_0"]
        else:
            lines += ["r_m = 1.0 / post.tau_mem", "r_s = 1.0 / post.tau_syn if post.tau_syn > 0.0 else r_m"]
            lines += [f"v_{k} = self.ahead(post, t_{k}, rest, leak, drive)" for k in points]
            after = ["leak = self.ahead(post, h, 0.0, leak, drive)", "drive = drive * self.decay(r_s * h)"]
        for k in points:
            v = f"rest + leak * {decay[k]} + drive * {psp[k]}" if c.psp else f"v_{k}"
            lines.append(f"g_{k} = self.surrogate.at({v})")
        lines += after
    if c.held:
        lines += [f"e_{k} = post.e_0" for k in points]
    elif len(c.error) == 1:
        lines.append(f"w_0 = 1.0 / self.{c.error[0]}")
        lines += [f"e_{k} = post.e_0 * self.decay(w_0 * t_{k})" for k in points]
    elif c.error:
        lines += [f"w_{k} = 1.0 / self.{tau}" for k, tau in enumerate(c.error)]
        later = "self.decay(w_1 * t_{k}) * (post.e_1 + post.e_0 * w_1 * t_{k} * self.mean((w_0 - w_1) * t_{k}))"
        lines += [f"e_{k} = {later.format(k=k)}" for k in points]
    return lines


def _response(c: Circuit, i: int, j: int, last: bool) -> list[str]:
    """What a unit of mode j becomes of mode i: at the end of the stretch, f_i_j, and at its points, x_k."""
    mode, points = c.modes[i], POINTS
    if i == 1 and c.psp:
        return ["f_1_0 = psp"]
    source = [f"s_{j}_{k}" if i == j + 1 else f"psp_{k}" if (i, j) == (2, 0) and c.psp else f"x_{k}" for k in points]
    gates = [(f" * g_{k}" if mode.surrogate else "") + (f" * e_{k}" if mode.error else "") for k in points]
    if mode.tau is None:
        into = [f"{source[k]}{gates[k]}" for k in points]
        return [f"f_{i}_{j} = h * self.whole({', '.join(into)})"]
    if i == j + 1 and not mode.surrogate:  # two filters in a row have a closed form
        lines = [f"f_{i}_{j} = r_{i} * h * d_{i} * self.mean((r_{j} - r_{i}) * h)"]
        form = f"r_{i} * t_{{k}} * s_{i}_{{k}} * self.mean((r_{j} - r_{i}) * t_{{k}})"
        return lines if last else lines + [f"x_{k} = {form.format(k=k)}" for k in points]
    us = ", ".join(f"u_{k}" for k in points)
    lines = [f"u_{k} = {source[k]}{gates[k]} * s_{i}_{LAST - k}" for k in points]
    lines.append(f"f_{i}_{j} = h * r_{i} * self.whole({us})")
    if not last:
        lines.append(f"{us.replace('u', 'x')} = self.up_to({us})")
        lines.append(f"q = h * r_{i} / d_{i}")
        lines += [f"x_{k} *= q * s_{i}_{k}" for k in points]
    return lines


def _advance_error(c: Circuit) -> list[str]:
    """The error at the end of the stretch."""
    if len(c.error) == 1:
        return ["post.e_0 *= self.decay(w_0 * h)"]
    if c.error:
        return [
            "post.e_1 = self.decay(w_1 * h) * (post.e_1 + post.e_0 * w_1 * h * self.mean((w_0 - w_1) * h))",
            "post.e_0 *= self.decay(w_0 * h)",
        ]
    return []


def _quadrature() -> str:
    """Gauss-Legendre quadrature: over a whole stretch, and from its beginning to each point."""
    names = ", ".join(f"u_{k}" for k in POINTS)
    whole, *rows = weighted((WEIGHTS, *UP_TO))
    return (
        method(f"whole(self, {names})", "Integral over a stretch, by the values at the points.", f"return {whole}")
        + "\n\n"
        + method(
            f"up_to(self, {names})",
            "Integrals from the beginning of a stretch to each of the points.",
            *(f"to_{k} = {row}" for k, row in enumerate(rows)),
            f"return {', '.join(f'to_{k}' for k in POINTS)}",
        )
    )


def stretch_text(c: Circuit) -> list[str]:
    """The methods that follow the neuron."""
    if Shape(c).fits:
        n = len(c.modes)
        fade = [f"post.p_{i}_{j} = 0.0" for i, j in pairs(n) if i < n - 1] + _fade_error(c)
        text = gated_text(c, HORIZON, fade)
        if Shape(c).fires or (c.pulses and c.modes[-1].surrogate):
            return text
        names, degrees = SERIES
        return [*text, *_voltage(c, "math.exp(-", "self.ratio("), *_series(names, degrees)]
    return [_flow(c), *_voltage(c), _integrate(c), *_series(), _quadrature()]
