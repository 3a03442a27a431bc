"""Responders inside a kernel: the text of their handlers as functions, and of the stage of a population of them.

    def on_spike(self, cell, line, msg):        def Echo__on_spike(self, net, P, n, window, offset, cell, line, msg):
        cell.heard += 1.0                           cell.heard += 1.0
        cell.send("error", 1.0, to=line.index) ->   answer(net, P, n, 0, line.index, window, offset, 1.0)

`cell` is one word for what a responder has and can do; in a kernel it is `HERE`.
"""

import ast
import copy
from string import Template
from typing import Any

from eventsnn.engines.handlers import extreme
from eventsnn.locality import Handler
from eventsnn.plan import Cells, Plan, Synapses
from eventsnn.responder import Responder, numbers_of

HERE = ("net", "P", "n", "window", "offset", "cell")
STAGE = '''
def respond_$p(net, P, ${projections}window, limit, stage):
    """Everything that comes for the responders $p within a window; return whether there was room."""
    slot = window % net.buckets.shape[0]
    while net.buckets[slot, stage] >= 0:
        count = collect(net, window, stage)
        for k in range(count):
            x = net.lists[ORDER, k]
            e = net.pool[x]
            if e.offset >= limit:
                put_back(net, k, count)
                return True
            if not ready(net, P) or net.i[ARRIVALS] == net.arrivals.size:
                put_back(net, k, count)
                return False
            offset = e.offset
            time = window * net.width + offset
            start = e.start
            reached = e.stop
            if e.projection == ALARM:
                n = e.sender - P.first
                cell = P.cells[n]
                if rings(net, e.sender + 0, cell, stage, window, offset, e.value + 0.0):
                    cell._since = time
                    net.i[EVENTS] += 1
$alarm
                    if net.i[FAULT] == REFUSED:
                        net.i[FAULT_B] = ALARM
$dispatch
            if e.projection != ALARM:
                if net.arrivals.size > 1:
                    log_arrivals(net, e, start, reached)
                net.counts[e.back, e.projection] += reached - start
                net.i[EVENTS] += 1
                if reached < e.stop:
                    e.start = reached
                    put_back(net, k, count)
                    return False
            release(net, x)
            if net.buckets[slot, stage] >= 0:  # an alarm, which may come before what is left
                put_back(net, k + 1, count)
                break
    return net.i[FAULT] == 0
'''

MESSAGE = """
$word e.back == $back and e.projection == $index:  # $port
    for j in range(start, e.stop):
        if j > start and not ready(net, P):
            reached = j
            break
        n = $member
        cell = P.cells[n]
        cell._since = time
        line = P.lines[n * P.count + e.sender - P.senders[$way]]
        value = $value
        ${prefix}on_$port(P.model, $here, line, Message(time, value))
        if net.i[FAULT] == REFUSED:
            net.i[FAULT_B] = $index
            net.i[TO] = e.sender - P.senders[$way]
            net.f[1] = value
            break
"""


def is_compiled(model: Any) -> bool:
    """Whether a process is a responder whose handlers a kernel can run; one that runs otherwise is a guest."""
    return isinstance(model, Responder) and model.only_reacts()


def of_plan(plan: Plan) -> list[Cells]:
    """The populations of responders."""
    return [c for c in plan.cells if is_compiled(c.model)]


def projections(plan: Plan, c: Cells) -> list[Synapses]:
    """What the stage of a population of responders needs to see: what leads to it, and what errors come back along."""
    return [s for s in plan.synapses if s.post is c or (s.pre is c and s.back is not None)]


def ways(plan: Plan, c: Cells) -> list[tuple[Synapses, bool]]:
    """Every way by which messages reach a population: a projection, and whether it is errors that come back."""
    found = projections(plan, c)
    return [(s, True) for s in found if s.pre is c and s.back is not None] + [(s, False) for s in found if s.post is c]


class Program:
    """The handlers of a class of responders as text, and what they name."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.name = f"{kind.__module__}.{kind.__qualname__}".replace("eventsnn.teachers.", "").replace(".", "_")
        self.name = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in self.name)
        self.ports: list[str] = []
        self.notes: list[str] = []
        self.sends, self.calls = 0, 0  # of send, and of note and wake, in the text
        self.handlers = kind.handlers
        self.text = "\n\n".join(self._translate(handler) for handler in kind.handlers.values())

    def _translate(self, handler: Handler) -> str:
        tree = copy.deepcopy(handler.tree)
        translate = _Translate(self)
        tree.body = translate.block(tree.body)
        arguments = []
        for a in tree.args.args:
            arguments += [ast.arg(n) for n in HERE] if a.arg == "cell" else [ast.arg(_own(a.arg))]
        tree.args.args, tree.name, tree.returns = arguments, f"{self.name}__{handler.name}", None
        return ast.unparse(ast.fix_missing_locations(tree))

    def listens(self, port: str) -> bool:
        """Whether it has a handler for a port."""
        return f"on_{port}" in self.handlers


def program(kind: type) -> Program:
    """The handlers of a class of responders."""
    if kind not in _PROGRAMS:
        _PROGRAMS[kind] = Program(kind)
    return _PROGRAMS[kind]


_PROGRAMS: dict[type, Program] = {}


class _Translate(ast.NodeTransformer):
    """The statements of a handler, which has been checked, as a kernel has them."""

    def __init__(self, whole: Program) -> None:
        self.whole = whole

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Some statements."""
        found = []
        for statement in statements:
            one = self.visit(statement)
            found += one if isinstance(one, list) else [one]
        return found

    def visit_Name(self, node: ast.Name) -> Any:
        return ast.Name(_own(node.id), node.ctx)

    def visit_If(self, node: ast.If) -> Any:
        return ast.If(self.visit(node.test), self.block(node.body), self.block(node.orelse))

    def visit_While(self, node: ast.While) -> Any:
        return ast.While(self.visit(node.test), self.block(node.body), [])

    def visit_For(self, node: ast.For) -> Any:
        if ast.unparse(node.iter) != "cell.lines":
            return ast.For(self.visit(node.target), self.visit(node.iter), self.block(node.body), [])
        assert isinstance(node.target, ast.Name)
        name = _own(node.target.id)
        pick = ast.parse(f"{name} = P.lines[{name}_at]").body
        every = ast.parse("range(n * P.count, (n + 1) * P.count)", mode="eval").body
        return ast.For(ast.Name(f"{name}_at", ast.Store()), every, [*pick, *self.block(node.body)], [])

    def visit_Raise(self, node: ast.Raise) -> Any:
        return [*ast.parse("refuse(net, REFUSED, P.first + n, window, offset)").body, ast.Return()]

    def visit_Call(self, node: ast.Call) -> Any:
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            if function.value.id == "cell":
                return self._act(node, function.attr)
            if function.value.id == "self":
                function = ast.Name(f"{self.whole.name}__{function.attr}", ast.Load())
                return ast.Call(function, [ast.Name("self", ast.Load()), *self._arguments(node)], [])
        if isinstance(function, ast.Name) and function.id in ("min", "max"):
            return extreme(function.id, self._arguments(node))
        return ast.Call(self.visit(function), self._arguments(node), [])

    def _arguments(self, node: ast.Call) -> list[ast.expr]:
        found: list[ast.expr] = []
        for a in node.args:
            whole = isinstance(a, ast.Name) and a.id == "cell"
            found += [ast.Name(n, ast.Load()) for n in HERE] if whole else [self.visit(a)]
        return found

    def _act(self, node: ast.Call, what: str) -> ast.expr:
        """Something that `cell` can do."""
        self.whole.calls += what != "send"
        if what == "wake":
            return self._call("set_alarm(net, P.first + n, cell, P.stage, window, offset, 0)", node.args[0])
        name, value = node.args[0].value, node.args[1]  # type: ignore[attr-defined]
        if what == "note":
            place = f"int({_place(self.whole.notes, name)})"
            return self._call(f"note(net, P.first + n, {place}, window, offset, 0)", value)
        self.whole.sends += 1
        place = f"int({_place(self.whole.ports, name)})"
        call = self._call(f"answer(net, P, n, {place}, int(-1), window, offset, 0)", value)
        if node.keywords:
            call.args[4] = self.visit(node.keywords[0].value)
        return call

    def _call(self, text: str, value: ast.expr) -> ast.Call:
        """A call whose last argument is a value, always a float."""
        call = ast.parse(text, mode="eval").body
        assert isinstance(call, ast.Call)
        call.args[-1] = ast.BinOp(self.visit(value), ast.Mult(), ast.Constant(1.0))
        return call


def _own(name: str) -> str:
    """A user's own name, told apart from those of `HERE`."""
    return f"{name}_" if name in HERE and name != "cell" else name


def _place(names: list[str], name: str) -> int:
    if name not in names:
        names.append(name)
    return names.index(name)


def stage_text(plan: Plan, c: Cells) -> str:
    """The stage of a population of responders."""
    model: Any = c.model
    found, here = program(type(model)), ", ".join(HERE)
    alarm = f"{found.name}__on_alarm(P.model, {here})" if found.listens("alarm") else "pass"
    lines, word = [], "if"
    for k, (s, back) in enumerate(ways(plan, c)):
        r, port = f"R{s.index}", "error" if back else s.port
        if not found.listens(port):
            continue
        member, value = (
            (f"{r}.source[j] + 0", "e.value") if back else (f"{r}.target[j] + 0", f"e.value * {r}.weight[j]")
        )
        names = {"word": word, "port": port, "back": int(back), "index": s.index, "way": k, "member": member}
        text = Template(MESSAGE).substitute(names, value=value, prefix=f"{found.name}__", here=here)
        lines += text.strip("\n").split("\n")
        word = "elif"
    given = "".join(f"R{s.index}, " for s in projections(plan, c))
    return Template(STAGE).substitute(
        p=c.index, projections=given, alarm=" " * 20 + alarm, dispatch="\n".join(" " * 12 + line for line in lines)
    )


def main_lines(plan: Plan, c: Cells, k: int) -> list[str]:
    """How the k-th stage is worked through."""
    given = ", ".join(["net", f"P{c.index}", *(f"R{s.index}" for s in projections(plan, c))])
    return [
        f"    if net.buckets[slot, {k}] >= 0 and not respond_{c.index}({given}, window, limit, net.i[STAGE] - 1):",
        "        return FAULTY if net.i[FAULT] != 0 else FULL",
    ]


def text(plan: Plan) -> list[str]:
    """All that a kernel has of its responders."""
    cells = of_plan(plan)
    kinds = dict.fromkeys(type(c.model) for c in cells)
    return [program(kind).text for kind in kinds] + [stage_text(plan, c) for c in cells]


def blame(plan: Plan) -> dict[str, Handler]:
    """The handlers by the names of their functions."""
    found = {}
    for c in of_plan(plan):
        one = program(type(c.model))
        found.update({f"{one.name}__{name}": handler for name, handler in one.handlers.items()})
    return found


def fields(model: Any) -> dict[str, Any]:
    """The numbers and tables that handlers read as `self.name`; never empty."""
    return numbers_of(model) or {"nothing": 0.0}
