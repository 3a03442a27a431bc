"""Writes a step of P in closed form, for a surrogate that is a straight line of the voltage between its kinks.

There the gate is q + q_m m + q_c c, with m = exp(-t/tau_mem) and c = exp(-t/tau_syn), and the modes before the gate are
exponentials f or differences of two. So what passes is a sum of exponentials y of rates L, and all integrals are

    A = integral of y(t) r exp(-r (h - t)) dt = r (exp(-r h) - exp(-L h))/(L - r)       left in a filter behind the gate
    B = integral of y(t) exp(-w t) dt = (1 - exp(-(L + w) h))/(L + w)                   of the change that is due

With L near r, A is taken by `expm1` instead (`pair`). Two filters in a row are k (f - g), with k = r/(r' - r), so their
rates have to be apart; where they are not, the quadrature of `gated` takes the place of this.
"""

from eventsnn.paths.chain import Circuit
from eventsnn.paths.rows import (
    DONE,
    Shape,
    decays,
    erring,
    error_filters,
    error_rows,
    filter_rows,
    own_rates,
    rate_name,
    whether_smooth,
)
from eventsnn.paths.writing import in_parts, method

APART = 0.2  # least difference of the rates of two filters in a row, in units of the second: k is 5 then

FLOW = [
    "    elif self.surrogate.straight() and apart > 0.0:",
    "        b = min(end, until)",
    "        part = min(1.0, (b - a) * r_m)",
    "        later = leak - part * leak",
    "        low_end = rest + min(leak, later) + min(drive * part, 0.0)",
    "        high_end = rest + max(leak, later) + max(drive * part, 0.0)",
    "        if self.surrogate.edge(low_end, high_end) == high_end:",
    "            base, slope = self.surrogate.piece(0.5 * (low_end + high_end))",
    "            leak, drive = self.closed(post, b - a, leak, drive, base + slope * rest, slope)",
    "            low = rest + leak",
    "        else:",
    "            u, high = self.clear(post, b - a, 1e-9 * most, rest, leak, drive, low)",
    "            base, slope = self.surrogate.piece(self.ahead(post, 0.5 * u, rest, leak, drive))",
    "            leak, drive = self.closed(post, u, leak, drive, base + slope * rest, slope)",
    "            low = high",
    "            b = a + u",
]

CLEAR = method(
    "clear(self, post, u, least, rest, leak, drive, low)",
    "For how long, at most u, the voltage passes no kink; and where it is then.",
    "high = self.ahead(post, u, rest, leak, drive)",
    "if self.turned(post, u, leak, drive) < 0.0:",
    "    turn = self.extremum(post, u, leak, drive)",
    "    if least < turn < u:  # unless it is a rounding error",
    "        peak = self.ahead(post, turn, rest, leak, drive)",
    "        if self.surrogate.edge(low, peak) != peak or self.surrogate.edge(peak, high) != high:",
    "            u = turn",
    "            high = peak",
    "level = self.surrogate.edge(low, high)",
    "if level != high:",
    "    u = self.crossing(post, u, level, rest, leak, drive)",
    "    high = level",
    "return u, high",
)


class Exponentials:
    """What passes the gate, as exponentials: `m` and `c` of the voltage, and those of the modes before the gate.

    Attributes:
        rate, value: of each by name: its rate, and what is left of a unit at the end.
        first, last: of the modes before the gate; the same if there is one mode.
    """

    def __init__(self, c: Circuit, shape: Shape) -> None:
        rates = {i: rate_name(c, i) for i in range(shape.last)}
        if c.psp:
            self.rate, self.value = {"m": rates[1], "c": rates[0]}, {"m": "s1_h", "c": "s0_h"}
            self.first, self.last = "c", "m"
        else:
            self.rate, self.value = {"m": "r_m", "c": "r_s"}, {"m": "m_h", "c": "c_h"}
            self.rate |= {f"f{i}": rates[i] for i in shape.before}
            self.value |= {f"f{i}": f"s{i}_h" for i in shape.before}
            self.first, self.last = (f"f{shape.before[k]}" for k in (0, -1))
        self.own = list(dict.fromkeys([self.last, self.first]))

    def products(self) -> dict[str, tuple[str, str]]:
        """Rate and value of each of the modes, and of each with each of the voltage."""
        found = {f: (self.rate[f], self.value[f]) for f in self.own}
        for f in self.own:
            for v in "mc":
                rate = f"2.0 * {self.rate[f]}" if f == v else f"({self.rate[f]} + {self.rate[v]})"
                found[self.name(f, v)] = (rate, f"{self.value[f]} * {self.value[v]}")
        return found

    def name(self, f: str, v: str) -> str:
        """Of a product."""
        return "".join(sorted((f, v)))

    def passed(self, prefix: str) -> list[str]:
        """The integrals for the modes, prefix_i, from those of exponentials."""
        lines = []
        for f in self.own:
            m, c = (f"{prefix}_{self.name(f, v)}" for v in "mc")
            lines.append(f"{prefix}_of_{f} = q * {prefix}_{f} + q_m * {m} + q_c * {c}")
        return lines

    def of_modes(self, shape: Shape, prefix: str) -> dict[int, str]:
        """The integral for each mode before the gate."""
        last = f"{prefix}_of_{self.last}"
        if len(shape.before) == 1:
            return {0: last}
        return {1: last, 0: f"k_before * ({last} - {prefix}_of_{self.first})"}


def closed_text(c: Circuit, shape: Shape) -> list[str]:
    """The methods that make one step of a stretch without a kink."""
    rates = {i: rate_name(c, i) for i in range(shape.last)}
    y = Exponentials(c, shape)
    lines = own_rates(c, shape)
    if not c.psp:
        lines += ["r_m = 1.0 / post.tau_mem", "r_s = 1.0 / post.tau_syn if post.tau_syn > 0.0 else 2.0 * r_m"]
        lines += decays("m", "r_m", False) + decays("c", "r_s", False)
    for block in (shape.before, shape.behind):
        for i in block:
            lines += decays(f"s{i}", rates[i], False)
    lines += [f"k_{name} = {then} / ({rate} - {then})" for name, (rate, then) in _rows(c, shape).items()]
    lines += [f"x{i}_h = k_before * (s{i}_h - s{i - 1}_h)" for i in list(shape.before)[1:]]
    lines += [f"x{i}_h = k_behind * (s{i}_h - s{i - 1}_h)" for i in list(shape.behind)[1:]]
    lines += [] if c.pulses else error_filters(c, shape, False)[0]
    lines += ["wave = k_voltage * drive", "q_m = slope * (leak + wave)", "q_c = -slope * wave"]
    lines += _left(c, shape, y, rates)
    if not c.pulses:
        lines.append(" = ".join(f"f_{shape.last}_{j}" for j in shape.before) + " = 0.0")
        lines += [f"if {erring(c)}:", *("    " + line for line in _due(c, shape, y))]
    lines += error_rows(c, shape, gated=True) + filter_rows(c, shape, gated=True)
    mem, syn = y.value["m"], y.value["c"]
    later, after = f"(leak + wave) * {mem} - wave * {syn}", f"drive * {syn}"
    doc = "A stretch of h seconds on which the surrogate is q + slope * (leak m + drive x); what becomes of these two."
    closed = ("closed(self, post, h, leak, drive, q, slope)", doc, [*lines, f"return {later}, {after}"])
    at = lines.index("wave = k_voltage * drive") + 1
    smooth = whether_smooth(f"{y.rate['m']} * h", later, after, "")
    piece = ["base, slope = self.surrogate.piece(0.5 * (low + high))", "q = base + slope * rest"]
    doc = "A step of h seconds, if the voltage passes no kink; whether it does not, and what becomes of its two parts."
    glide = (
        "glide_straight(self, post, h, rest, leak, drive)",
        doc,
        [*lines[:at], *smooth, *piece, *lines[at:], *DONE],
    )
    return [CLEAR, in_parts(closed, glide), _apart(c, shape)]


def _rows(c: Circuit, shape: Shape) -> dict[str, tuple[str, str]]:
    """Filters in a row: their rates."""
    rates = {i: rate_name(c, i) for i in range(shape.last)}
    found = {"voltage": (rates[0], rates[1]) if c.psp else ("r_s", "r_m")}
    for name, block in (("before", shape.before), ("behind", shape.behind)):
        if len(block) == 2:
            found[name] = (rates[block[0]], rates[block[1]])
    return found


def _left(c: Circuit, shape: Shape, y: Exponentials, rates: dict[int, str]) -> list[str]:
    """What is left at the end, in the filters behind the gate, of what passed."""
    lines = []
    for i in shape.behind:
        for name, (rate, value) in y.products().items():
            lines.append(f"c{i}_{name} = self.inverse({rate}, {rates[i]})")
            lines.append(f"a{i}_{name} = self.pair(h, {rate}, {rates[i]}, c{i}_{name}, {value}, s{i}_h)")
        lines += y.passed(f"a{i}")
    modes = {i: y.of_modes(shape, f"a{i}") for i in shape.behind}
    for i in shape.behind:
        for j in shape.before:
            g = shape.gate
            term = modes[i][j]
            if i != g:
                term = f"k_behind * ({rates[g]} / {rates[i]} * ({term}) - f_{g}_{j})"
            lines.append(f"f_{i}_{j} = {term}")
    return lines


def _due(c: Circuit, shape: Shape, y: Exponentials) -> list[str]:
    """What reaches the change that is due, were the filters and the error never to end."""
    names = error_filters(c, shape, False)[1]
    ahead = {k: f"self.ahead_{shape.gate}_{k} * " if shape.behind else "" for k in range(2)}
    into = f"{rate_name(c, shape.gate)} * " if shape.behind else ""
    w = [(f"self.rate_{tau}", f"{name}_h") for tau, name in zip(c.error, names, strict=True)] or [("", "")]
    lines = []
    for k, (rate, value) in enumerate(w):
        for name, (own, left) in y.products().items():
            over, end = (f"({own} + {rate})", f"{left} * {value}") if rate else (f"({own})", left)
            lines.append(f"o{k}_{name} = 1.0 / {over}")
            lines.append(f"d{k}_{name} = (1.0 - {end}) * o{k}_{name}")
        lines += y.passed(f"d{k}")
    if len(w) == 2:  # the second filter holds k (its own exponential - that of the first), and what was in it before
        lines.append(f"k_error = {w[1][0]} / ({w[0][0]} - {w[1][0]})")
        lines.append(f"n_0 = {ahead[0] + 'post.e_0' if shape.behind else '0.0'} - {ahead[1]}k_error * post.e_0")
        lines.append(f"n_1 = {ahead[1]}(post.e_1 + k_error * post.e_0)")
    else:
        lines.append(f"n_0 = {ahead[0]}post.e_0")
    for j in shape.before:
        terms = [f"n_{k} * ({y.of_modes(shape, f'd{k}')[j]})" for k in range(len(w))]
        lines.append(f"f_{shape.last}_{j} = {into}({' + '.join(terms)})")
    return lines


def _apart(c: Circuit, shape: Shape) -> str:
    """Whether the rates of filters in a row are apart."""
    rows = _rows(c, shape)
    if len(c.error) == 2:
        rows["error"] = (f"self.rate_{c.error[0]}", f"self.rate_{c.error[1]}")
    lines = own_rates(c, shape)
    if not c.psp:
        lines += ["r_m = 1.0 / post.tau_mem", "r_s = 1.0 / post.tau_syn if post.tau_syn > 0.0 else 2.0 * r_m"]
    tests = dict.fromkeys(f"abs({rate} - {then}) > {APART} * {then}" for rate, then in rows.values())
    doc = "Whether the rates of all filters in a row are apart."
    return method("apart(self, post)", doc, *lines, f"return 1.0 if {' and '.join(tests)} else 0.0")
