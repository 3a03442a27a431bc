"""Many neurons that a spike reaches at once: what a rule does between events, for all of them in one loop.

Most neurons of a row were last reached by the same spike before, and what has become of them since is one smooth step:
the rule's `gliders` (see `Rule`). The kernel then takes them together, up to `LANES`:

- `gather` copies what the step needs of each into lanes, contiguous numbers behind those of `kept`;
- `glide` is the text of the rule's method with lanes for `post`, in a loop without calls, which the compiler turns into
  vector instructions; these give the same bits as scalar ones;
- neurons whose step was not smooth are left to the general way, the others take their variables back.

A neuron that did anything else in between has another latest event. One such is left out, and two in a row end a run
of lanes.
"""

import ast
import copy
from string import Template
from textwrap import indent
from typing import Any

import numpy as np

from eventsnn.engines import kept
from eventsnn.engines.templates_flow import ENTER_NOW, LATE, ROW_HEAD
from eventsnn.linear import sums_only
from eventsnn.locality import classes
from eventsnn.model import Neuron, Rule
from eventsnn.plan import Plan, Synapses
from eventsnn.surrogates import Surrogate

LANES = 64  # neurons at a time
INPUTS = ("rest", "leak", "drive")  # of the voltage since the latest event; see `LIF.open_course`
SOON = "synapses[k + SOON if k + SOON < target.size else k]"
DONE = "done"  # whether the step was smooth

CODE = '''
def gather_${K}($args, target, window, s):
    """Bring together the next neurons of a row whose latest event was the same, and that surely did not fire since.

    One among them that does not fit, such as one that fired of late, is left out. Returns how many there are, those
    left out among them, or 0 if it is but one.
    """
    hot = P.hot[target[0] + 0]
    w = hot.window
    o = hot.offset
    if target.size < 2:
        return 0
    hot = P.hot[target[1] + 0]
    if hot.window != w or hot.offset != o:
        return 0
$rows
    dt = (window - w) * net.width + (s - o)
    if not dt > 0.0$unfit:
        return 0
    ahead = (window - w) * net.width + s
$basis    m = 0
    last = -1
    fits = False
    while m < $lanes and m < target.size:
        n = python_max(target[m] + 0, 0)
        hot = P.hot[n]
        fitted = fits
        fits = hot.window == w and hot.offset == o and ahead < hot.safe and hot.level < math.inf
        if n == last or not (fits or fitted):  # a neuron comes but once
            break
        last = n
$smooth
        if fits:
$take
        m += 1
    return m


def glide_${K}($args, target, window, s):
    """Let the next neurons of a row take their step together, and bring those to now for which it was smooth.

    Returns how many there were; the lanes of the first rule say of which it was. There are steps in idle lanes, too,
    up to a multiple of eight, so that none is taken outside vectors.
    """
    w = P.hot[target[0] + 0].window
    o = P.hot[target[0] + 0].offset
    together = gather_${K}($args, target, window, s)
    if together == 0:
        return 0
$rows
    passed = (window - w) * net.width
    dt = passed + (s - o)
$step
    d00, d01, d11 = ${M}__decay(P.model, passed)
    for lane in range(together):
        n = python_max(target[lane] + 0, 0)
        hot = P.hot[n]
        if $rough:
            $done = 0.0
            continue
$give
        hot.window = window
        hot.offset = s
        if w != window:
            hot.c0 = hot.c0 * d00 + hot.c1 * d01
            hot.c1 = hot.c1 * d11
        hot.budget = -1.0
        touch(net, P.first + n)
    return together
'''

ROW = (
    ROW_HEAD
    + """    first = e.start + 0
    target = R.target[first : e.stop]
    synapses = R.syn[first : e.stop]
    lanes$k = net.kept[A$k.index]
    together = lane = 0
    for k in range(target.size):
        j = first + k
$epoch_ahead
        n = python_max(target[k] + 0, 0)  # so that the compiler knows that it is not counted from the end
"""
    + LATE
    + """        lane += 1
        if lane >= together:
            lane = 0
            together = glide_${K}($args, target[k:], window, s) if late else 0
        if late and (together == 0 or $done == 0.0):
            if not bring_${K}($args, n, window, s) or not room(net):
                e.start = j
                return False
"""
    + ENTER_NOW
    + """    return True
"""
)


def texts(names: dict[str, str], followers: list[tuple[int, Synapses, str]]) -> tuple[str, str]:
    """What a kind of population gets whose neurons are taken together: two functions, and the template of its rows.

    Args:
        names: what the kind's templates are filled in with.
        followers: the projections whose rules follow the neurons: the number of each among those with rules, and what
            the names of its rule's functions begin with.
    """
    lines: dict[str, list[str]] = {"rows": [], "smooth": [], "take": [], "step": [], "give": []}
    unfit, basis, done = "", "", []
    for k, s, rule in followers:
        assert s.rule is not None
        assert isinstance(s.post.model, Neuron)
        target = s.post.model
        method, found = s.rule.handlers[glider(s.rule, target)], places(s.rule, target)
        row, given = f"lanes{k}", f"A{k}.rule, A{k}.own[0], P.cells[0], P.model"
        lines["rows"].append(f"{row} = net.kept[A{k}.index]")
        lines["smooth"].append(f"{row}[{found[DONE]} + m] = 1.0 if fits else 0.0")
        lines["take"].append(f"own = A{k}.own[n]")
        lines["take"] += [f"{row}[{found[name]} + m] = own.{name}" for name in found if name in s.rule.neuron_state]
        if set(INPUTS) & set(method.arguments):
            to = ", ".join(f"{row}[{found[name]} + m]" for name in INPUTS)
            lines["take"].append(f"{to} = {names['M']}__open_course(P.model, hot.level, hot.c0, hot.c1, b0, b1, g)")
            known = f"_known({row}, " if "basis" in target.kept else "("
            basis = f"    b0, b1, g = {names['M']}__basis{known}P.model, o + 0.0)\n"
        steps = "1"
        if "glides" in s.rule.handlers:
            steps = f"{rule}__glides_keeping({row}, {given}, dt)"
            unfit, steps = f"{unfit} or {steps} == 0.0", f"int({steps})"
        lines["step"] += [f"steps = {steps}", "for _ in range(steps):"]
        lines["step"].append(f"    {rule}__glide_lanes({row}, {given}, dt / steps, (together + 7) // 8 * 8)")
        lines["give"].append(f"own = A{k}.own[n]")
        lines["give"] += [f"own.{name} = {row}[{found[name]} + lane]" for name in sorted(n for _, n in method.writes)]
        done.append(f"{row}[{found[DONE]} + lane]")
    indents = {"smooth": 8, "take": 12, "give": 8}
    blocks = {name: indent("\n".join(found), " " * indents.get(name, 4)) for name, found in lines.items()}
    rough = " or ".join(f"{one} == 0.0" for one in done)
    code = Template(CODE).substitute(names, unfit=unfit, basis=basis, rough=rough, done=done[0], lanes=LANES, **blocks)
    return code, ROW.replace("$k", str(followers[0][0])).replace("$done", done[0])


def along(row: str) -> str:
    """A row's text with synapses counted from where it begins, so that the compiler knows that none is counted back."""
    for one, other in (("R.syn[j]", "synapses[k]"), ("R.syn[j + SOON if j + SOON < e.stop else j]", SOON)):
        row = row.replace(one, other)
    return row if "synapses[k" in row else row.replace("    synapses = R.syn[first : e.stop]\n", "")


def glider(rule: Rule | None, target: Any) -> str:
    """The method by which many neurons take a step at once; empty if there is none."""
    names = getattr(type(rule), "gliders", ())
    if not names or rule is None or not isinstance(target, Neuron) or not target.linear:
        return ""
    if "open_course" not in target.handlers or not sums_only(target):
        return ""
    if not classes.newest(type(target), "open_course", ("course", "basis", "level")):
        return ""
    straight = any(part.straight() for part in rule.parts.values() if isinstance(part, Surrogate))
    name = str(names[0] if straight else names[-1])
    if name not in rule.handlers:  # a counting twin has other names; see `report.instrument`
        return ""
    return name if classes.newest(type(rule), name, ("flow",)) else ""


def places(rule: Rule, target: Neuron) -> dict[str, int]:
    """Where the lanes of each variable begin in a row of `net.kept`."""
    method = rule.handlers[glider(rule, target)]
    fields = sorted({name for scope, name in method.reads | method.writes if name in rule.neuron_state})
    first = kept.width(rule, target)
    return {name: first + LANES * k for k, name in enumerate((*fields, *INPUTS, DONE))}


def width(rule: Rule, target: Neuron) -> int:
    """Words of a row, with its lanes."""
    return max(places(rule, target).values()) + LANES if glider(rule, target) else kept.width(rule, target)


class _Lanes(ast.NodeTransformer):
    """Variables of the neuron become lanes, and numbers that are the same for all are read before the loop."""

    def __init__(self, places: dict[str, int]) -> None:
        self.places, self.constants = places, dict[str, str]()

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        assert isinstance(node.value, ast.Name)
        if node.value.id == "own":
            return ast.parse(f"lanes[{self.places[node.attr]} + lane]", mode="eval").body
        name = f"{node.value.id}_{node.attr}"
        self.constants[name] = ast.unparse(node)
        return ast.Name(name)

    def visit_If(self, node: ast.If) -> Any:
        if isinstance(node.body[0], ast.Return):  # nothing has changed yet; what goes on is left aside
            place = f"lanes[{self.places[DONE]} + lane]"
            answer = f"{place} = 0.0 if {ast.unparse(self.visit(node.test))} else {place}"
            return ast.parse(answer).body[0]
        return self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> Any:
        assert isinstance(node.value, ast.Tuple)
        to = (f"lanes[{self.places[name]} + lane]" for name in INPUTS[1:])
        return ast.parse("\n".join(f"{a} = {ast.unparse(b)}" for a, b in zip(to, node.value.elts[1:], strict=True)))


def glide_text(name: str, resolved: ast.FunctionDef, places: dict[str, int]) -> str:
    """The function that takes a step for all lanes, of a method's resolved text that is handed the row `kept`."""
    body, lanes = copy.deepcopy(resolved.body[1:]), _Lanes(places)
    shared = [s for s in body if isinstance(s, ast.Assign) and _is_known(s.value)]
    each = [lanes.visit(s) for s in body if s not in shared]
    given = [f"{one} = lanes[{places[one]} + lane]" for one in INPUTS if any(a.arg == one for a in resolved.args.args)]
    if any(one in ("own", "cell") for s in each if s for one in (n.id for n in ast.walk(s) if isinstance(n, ast.Name))):
        raise AssertionError(f"{name} hands the neuron to other methods; only what is kept may be asked for")
    text = [ast.unparse(ast.fix_missing_locations(s)) for s in each if s is not None]
    head = f"def {name}(lanes, self, own, cell, neuron, h, m):"
    lines = [head, '    """A step of h seconds in all lanes."""', "    kept = lanes"]
    lines += [f"    {ast.unparse(s)}" for s in shared]
    lines += [f"    {to} = {value}" for to, value in lanes.constants.items()]
    lines += ["    for lane in range(m):"]
    lines += [f"        {line}" for one in [*given, *text] for line in one.split("\n")]
    return "\n".join(lines)


def _is_known(value: ast.expr) -> bool:
    """Whether an expression is a call of a kept function."""
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id.endswith("_known")


def rows(plan: Plan) -> np.ndarray:
    """The array `net.kept`: a row for each projection."""
    widths = [0]
    widths += [width(s.rule, s.post.model) for s in plan.synapses if s.rule and isinstance(s.post.model, Neuron)]
    return np.full((len(plan.synapses), max(widths)), np.nan)
