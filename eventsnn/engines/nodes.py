"""What the reference engine is made of: members of populations, projections at work, rules at neurons, deliveries."""

from typing import TYPE_CHECKING, Any

import numpy as np

from eventsnn.engines.agenda import EventEnvironment, Mailbox
from eventsnn.engines.scopes import Record, make_epochs, make_synapse
from eventsnn.events import Instant, Key, kind_of_port
from eventsnn.linear import senses
from eventsnn.model import Neuron, Rule
from eventsnn.plan import Cells, Synapses
from eventsnn.synapses import FRESH, OLD

if TYPE_CHECKING:
    from eventsnn.engines.guests import Guest
    from eventsnn.engines.reference import ReferenceEngine


def runs(delay: list[float], start: int, end: int) -> list[tuple[float, int, int]]:
    """A stretch of synapses as (delay, start, stop) of those with equal delay."""
    found = []
    while start < end:
        stop = start + 1
        while stop < end and delay[stop] == delay[start]:
            stop += 1
        found.append((delay[start], start, stop))
        start = stop
    return found


def pieces(target: list[int], start: int, stop: int, value: Any, to: int | None) -> list[tuple[int, int, float]]:
    """A run of synapses in pieces that carry one payload each; `to` is the only target, an array has one for each."""
    if isinstance(value, np.ndarray):
        return [(j, j + 1, float(value[target[j]])) for j in range(start, stop) if to in (None, target[j])]
    if to is None:
        return [(start, stop, float(value))]
    return [(j, j + 1, float(value)) for j in range(start, stop) if target[j] == to]


class Synapse:
    """One projection at work: weights or records in the order of synapses, and where they lead."""

    def __init__(self, plan: Synapses) -> None:
        self.plan, self.kind = plan, kind_of_port(plan.port)
        self.target = plan.target.tolist()
        self.source = plan.source.tolist()
        self.delay = plan.delay.tolist()
        self.messages = 0
        self.errors_back = 0
        self.w: list[float] = plan.weight.tolist()
        self.records: list[Record] = []
        self.epochs: list[Record] = []
        self.marks = bytearray(len(plan) if plan.marks else 0)  # synapses that `only_marked` is about
        if plan.rule is not None:
            columns = {k: v.tolist() for k, v in plan.state.items()}
            self.records = [
                make_synapse(plan.rule, w, {k: c[j] for k, c in columns.items()}) for j, w in enumerate(self.w)
            ]
            self._begin_epochs(plan)
        self.back_delay = plan.back.delay.tolist() if plan.back else []
        self.back_weight = plan.back.weight.tolist() if plan.back and plan.back.weight is not None else []
        self.back_kind = plan.back.kind if plan.back else ""

    def _begin_epochs(self, plan: Synapses) -> None:
        assert plan.rule is not None
        if plan.rule.epoch_state:
            first = plan.first_epoch
            self.epochs = make_epochs(plan.rule, int(first[-1]))
            for name, column in plan.epochs().items():
                for epoch, value in zip(self.epochs, column.tolist(), strict=True):
                    setattr(epoch, name, value)
            for record, target in zip(self.records, self.target, strict=True):
                record.slot = int(first[target])

    def begin_epochs(self, i: int, post: Record) -> None:
        """Where the epochs of target i begin, if the rule has any."""
        if self.epochs:
            post.slot = int(self.plan.first_epoch[i])
            post.living, post.vacant = -1, self.epochs[post.slot].next

    def weight(self, j: int) -> float:
        """The weight of synapse j, now."""
        return self.records[j].w if self.records else self.w[j]

    def way_back(self, j: int) -> float:
        """What an error that goes back along synapse j is multiplied with, now."""
        if self.back_kind == "learned":
            return float(self.records[j].back)
        w = float(self.records[j].w)
        if self.back_kind == "symmetric":
            return w
        back: float = self.back_weight[j]
        if self.back_kind == "sign_symmetric":
            return back if w > 0.0 else -back if w < 0.0 else 0.0
        return back

    def runs(self, i: int) -> list[tuple[float, int, int]]:
        """The row of source i as (delay, start, stop): synapses that a spike reaches at the same time."""
        return runs(self.delay, int(self.plan.row[i]), int(self.plan.row[i + 1]))


class Learning:
    """A rule at one neuron: its view of the neuron, and the synapses of its column."""

    def __init__(self, rule: Rule, acts: Any, post: Record, synapses: Synapse, column: list[int], look: bool) -> None:
        self.rule, self.acts = rule, acts
        self.post, self.synapses, self.column, self.look = post, synapses, column, look
        self.senses = senses(synapses.plan.post.model, rule.sees())
        self.once = {name[3:]: getattr(acts, name) for name in rule.handlers if name.startswith("at_")}
        self.each = {name[3:]: getattr(acts, name) for name in rule.handlers if name.startswith("on_")}
        self.on_pre = self.each.get("pre")
        self.flow: Any = getattr(acts, "flow", None)
        self.follows = {name[3:] for name, h in rule.handlers.items() if name[:3] == "on_" and h.uses("syn")}
        self.neighbours = rule.neighbours()

    def concerned(self, port: str) -> list[int]:
        """The synapses that a message of that port concerns, in their order."""
        marks = self.synapses.marks
        few = self.acts.only_marked(self.post) if marks and port != "post" else 0.0
        if not few > 0.0:
            return self.column
        return [j for j in self.column if marks[j] == FRESH or (marks[j] and few < 2.0)]

    def unmark(self) -> None:
        """After a reset: take the marks away if the rule says so, or else note that they are of an earlier trial."""
        marks = self.synapses.marks
        if marks:
            left = 0 if self.acts.unmark(self.post) > 0.0 else OLD
            for j in self.column:
                marks[j] = left if marks[j] else 0


class Node:
    """A member of a population: its number, its record or process, and its ways out."""

    def __init__(self, number: int, index: int, cells: Cells, env: EventEnvironment) -> None:
        self.number, self.index, self.cells, self.rank = number, index, cells, cells.rank
        self.model: Any = cells.model
        self.acts: Any = cells.model  # the model's handlers, guarded or as they are
        self.mailbox = Mailbox(env)
        self.cell: Record = None
        self.guest: Guest | None = None
        self.due: Key | None = None
        self.fired: Instant | None = None
        self.emitted = 0  # of a source: spikes sent so far
        self.sent = 0
        self.learning: list[Learning] = []
        self.flows: list[Learning] = []  # those of them that follow the neuron between its events
        self.rows: dict[str, list[tuple[Synapse, list[tuple[float, int, int]]]]] = {}
        self.linear = isinstance(cells.model, Neuron) and cells.model.linear
        self.log: Any = None

    def attach(self, learning: Learning) -> None:
        """A rule from now on works at this neuron."""
        self.learning.append(learning)
        if learning.flow is not None:
            self.flows.append(learning)


class Delivery:
    """An entry of the agenda: a message reaches the synapses start..stop of a projection, all now."""

    __slots__ = ("back", "engine", "nth", "sender", "start", "stop", "synapses", "value")

    def __init__(
        self,
        engine: "ReferenceEngine",
        synapses: Synapse,
        start: int,
        stop: int,
        value: float,
        back: bool,
        sender: int,
        nth: int,
    ) -> None:
        self.engine, self.synapses, self.start, self.stop = engine, synapses, start, stop
        self.value, self.back, self.sender, self.nth = value, back, sender, nth

    def happen(self) -> None:
        """Deliver to each target in the order of synapses."""
        engine, synapses = self.engine, self.synapses
        first = (synapses.plan.pre if self.back else synapses.plan.post).offset
        ends = synapses.source if self.back else synapses.target
        for j in range(self.start, self.stop):
            node = engine.nodes[first + ends[j]]
            engine.count(self, j, node)
            node.mailbox.deliver((self, j))


class Fire:
    """An entry of the agenda: a neuron reaches its threshold, or a source's time has come."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def happen(self) -> None:
        """Wake the process."""
        self.node.due = None
        self.node.mailbox.deliver(None)
