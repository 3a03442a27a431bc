"""Writes the module that a network runs as: the text of `loop` and `step`, of the models' handlers, and the glue.

The module is plain, readable Python (`net.kernel()` prints it); every function is compiled by Numba when it is first
needed, and what was compiled is kept on disk under a name that is a hash of the text and of Numba's version.
"""

import inspect
import re
from string import Template
from types import ModuleType
from typing import Any

from eventsnn import epochs, step
from eventsnn.engines import (
    compiled_responders,
    feeding,
    logs,
    loop,
    plastic,
    responders,
    responding,
    templates,
    visits,
)
from eventsnn.engines import parts as sharing
from eventsnn.engines.cache import load
from eventsnn.engines.handlers import epochs_text, prefix_of, step_text, text_of
from eventsnn.engines.kinds import kind_of, kind_text, part_text, plastic_onto, stage_projections, stage_text
from eventsnn.model import Model, Neuron, Rule
from eventsnn.plan import Cells, Plan, Synapses
from eventsnn.processes import Process

ENTRIES = ("run", "start", "push_many", "gather", "merge")  # functions that Python calls


def port_codes(plan: Plan) -> dict[str, int]:
    """A number for every port of a network."""
    ports = ["spike", "error", "reset", "label", "apply", "value"]
    return {port: k for k, port in enumerate(dict.fromkeys([*ports, *(s.port for s in plan.synapses)]))}


def model_fields(model: Model) -> dict[str, Any]:
    """The numbers and parts that a model's handlers read, by name; never empty."""
    fields = {k: v for k, v in model.given.items() if not isinstance(v, str)}
    fields.update({name: getattr(model, name) for name in getattr(model, "derived", ())})
    return fields or {"nothing": 0.0}


def text(plan: Plan) -> str:
    """The kernel of a network."""
    parts = ['"""A kernel written by eventsnn; see eventsnn/engines/kernel.py."""', _header(plan)]
    parts += [_body_of(loop), *(module.text() for module in (visits, feeding, sharing, plastic))]
    parts += [responding.text()] * bool(responders.of_plan(plan)) + [logs.text(plan), _handlers(plan)]
    codes = port_codes(plan)
    neurons = [c for c in plan.stages if isinstance(c.model, Neuron)]
    parts += [kind_text(plan, c, codes) for c in {kind_of(plan, c): c for c in neurons}.values()]
    parts += [text for c in neurons for text in (stage_text(plan, c, codes), part_text(plan, c))]
    parts += [*responders.text(plan), _main(plan)]
    return _decorated("\n\n\n".join(p.strip() for p in parts) + "\n")


def blame(plan: Plan, error: str) -> str:
    """What to tell a user about a handler that Numba does not compile: its file and line, and what Numba said."""
    plain = re.sub(r"\x1b\[\d*m", "", error)
    said = [line.strip() for line in plain.split("\n") if line.strip() and "pipeline" not in line]
    answering = responders.blame(plan)
    for name in re.findall(r"^\s*def (\w+)\(", plain, re.MULTILINE):  # the innermost function comes first
        if name in answering:
            handler = answering[name]
            return f"{handler.file}:{handler.line}: {handler.owner}.{handler.name} cannot be compiled: {said[0]}"
        for model, target, _ in _models(plan):
            for handler in model.handlers.values():
                if name.removesuffix("_keeping") == f"{prefix_of(model, target)}__{handler.name}":
                    where = f"{handler.file}:{handler.line}: {type(model).__name__}.{handler.name}"
                    return f"{where} cannot be compiled: {said[0]}"
    return f"this network cannot be compiled: {said[0]}"


def build(plan: Plan) -> ModuleType:
    """The kernel of a network as a module, compiled before or compiling itself at its first use."""
    return load(text(plan))


# -- text -------------------------------------------------------------------------------------------------------------


OFTEN = ("_known", "__flow_keeping", "__glide_straight_keeping", "__glide_smooth_keeping", "__course_keeping")


def _decorated(source: str) -> str:
    lines = []
    for line in source.split("\n"):
        if line.startswith("def "):
            name = line[4 : line.index("(")]
            often = name.startswith(("each_", "turn_")) or ("__on_" in name)
            often = often or name.endswith(OFTEN)  # or their many values would go through memory
            kind = "part" if name.startswith("part_") else "inlined" if often else "inner"
            lines.append(f"@{'entry' if name in ENTRIES else kind}")
        lines.append(line)
    return "\n".join(lines)


def _body_of(module: ModuleType) -> str:
    """A module's text without its docstring and imports."""
    lines = inspect.getsource(module).split("\n")
    start = next(k for k, line in enumerate(lines) if line.startswith("import math"))
    return "\n".join(lines[start + 1 :])


def _models(plan: Plan) -> list[tuple[Model, Neuron | None, Rule | None]]:
    """Every model whose handlers the kernel needs, parts before wholes, each class once per target."""
    found: dict[str, tuple[Model, Neuron | None, Rule | None]] = {}

    def add(model: Model, target: Neuron | None, rule: Rule | None) -> None:
        for part in model.parts.values():
            add(part, target, rule or (model if isinstance(model, Rule) else None))
        found.setdefault(prefix_of(model, target), (model, target, rule))

    for c in plan.cells:
        if isinstance(c.model, Neuron):
            add(c.model, None, None)
    for s in plan.synapses:
        if s.rule is not None and isinstance(s.post.model, Neuron):
            add(s.rule, s.post.model, None)
    return list(found.values())


def _header(plan: Plan) -> str:
    lines = [
        "import math",
        "from collections import namedtuple",
        "",
        "from eventsnn.engines.assembly import entry, inlined, inner, part",
        "",
    ]
    lines.append('Message = namedtuple("Message", "time value")')
    lines.append(f'Net = namedtuple("Net", "{NET}")')
    for name, fields in TUPLES.items():
        lines.append(f'{name} = namedtuple("{name}", "{fields}")')
    for c in responders.of_plan(plan):
        name, fields = compiled_responders.class_of(c), " ".join(responders.fields(c.model))
        lines.append(f'{name} = namedtuple("{name}", "{fields}")')
    for model, target, _ in _models(plan):
        lines.append(
            f'{prefix_of(model, target)} = namedtuple("{prefix_of(model, target)}", "{" ".join(model_fields(model))}")'
        )
    return "\n".join(lines)


NET = (
    "width tick stages i f pool lists buckets nodes touched is_touched visits groups blocks runs spikes feed counts "
    "inbox bins lacking moments ahead values_ahead notes kept " + " ".join(logs.BUFFERS)
)
TUPLES = {
    "Linear": "model cells hot grid first stage sends",
    "General": "model cells due_window due_offset first stage sends",
    "Responders": "model cells lines count senders ports row ways asks notes first stage",
    "Static": "target weight",
    "Plastic": "target source syn own rule col_start col_synapse first index has_back mirror back_delay back_weight "
    "pre_stage wait epochs heard hears aged marks words",
}


def _handlers(plan: Plan) -> str:
    models = _models(plan)
    texts = [text_of(model, target, rule) for model, target, rule in models]
    texts += [step_text(step, model) for model, _, _ in models if isinstance(model, Neuron)]
    for model, target, _ in models:
        if isinstance(model, Rule) and target is not None and model.epoch_state:
            texts.append(epochs_text(epochs, model, target))
    return "\n\n".join(texts)


def _main(plan: Plan) -> str:
    neurons = [c for c in plan.cells if isinstance(c.model, Neuron)]
    everything = ["net", *(f"P{c.index}" for c in kernel_cells(plan)), *(f"R{s.index}" for s in kernel_synapses(plan))]
    lines = []
    for k, c in enumerate(plan.stages):
        lines.append(f"if net.i[STAGE] == {k + 1}:  # {c.name}".replace("\n", " "))
        if isinstance(c.model, Neuron):
            args = ", ".join(["net", f"P{c.index}", *(f"R{s.index}" for s in stage_projections(plan, c))])
            lines += [
                f"    if net.i[SHARE_FROM] > 0 and limit == net.width and is_heavy(net, slot, {k}, net.i[SHARE_FROM]):",
                "        return SHARE",
                f"    if wake(net, P{c.index}.first, P{c.index}.cells.size, window) or net.buckets[slot, {k}] >= 0:",
                f"        if not stage_{c.index}({args}, window, limit, net.i[STAGE] - 1):",
                "            return FAULTY if net.i[FAULT] != 0 else FULL",
            ]
        elif responders.is_compiled(c.model):
            lines += responders.main_lines(plan, c, k)
        elif isinstance(c.model, Process):
            lines += [
                f"    if net.buckets[slot, {k}] >= 0 and hold(net, window, net.i[STAGE] - 1, limit):",
                "        return GUEST",
            ]
        lines.append(f"    net.i[STAGE] = {k + 2}")
    stages = "\n".join(" " * 8 + line for line in lines)
    return _start(neurons, plan, everything) + Template(templates.MAIN).substitute(
        everything=", ".join(everything), stages=stages
    )


def _start(neurons: list[Cells], plan: Plan, everything: list[str]) -> str:
    lines = [f"def start({', '.join(everything)}, fresh):", '    """Bring every neuron to life."""']
    lines += [f"    start_{kind_of(plan, c)}(net, P{c.index}, fresh)" for c in neurons]
    for c in neurons:
        for k, s in enumerate(plastic_onto(plan, c)):
            if s.rule is not None and "begin" in s.rule.handlers:
                lines += ["    if fresh > 0:", f"        start_{kind_of(plan, c)}_{k}(P{c.index}, R{s.index})"]
    return "\n".join(lines) + "\n\n\n"


def kernel_cells(plan: Plan) -> list[Cells]:
    """The populations whose handlers the kernel runs: neurons and responders."""
    return [c for c in plan.cells if isinstance(c.model, Neuron) or responders.is_compiled(c.model)]


def kernel_synapses(plan: Plan) -> list[Synapses]:
    """The projections that the kernel delivers on: those onto such populations."""
    cells = kernel_cells(plan)
    return [s for s in plan.synapses if s.post in cells]
