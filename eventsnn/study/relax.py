"""`eventsnn study relax`: the same network on the same task, with one constraint after another lifted or tightened."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from eventsnn.study import own, tasks
from eventsnn.study.runs import Study
from eventsnn.study.tables import Results

LADDER: dict[str, dict[str, Any]] = {
    "frozen hidden layer": {"feedback": "frozen"},
    "one global scalar": {"feedback": "scalar"},
    "random broadcast": {"feedback": "broadcast"},
    "random, causal": {"feedback": "random"},
    "sign-symmetric": {"feedback": "sign_symmetric"},
    "learned": {"feedback": "learned"},
    "symmetric": {"feedback": "symmetric"},
}
"""From the strictest to the freest way of telling a hidden neuron what it did wrong."""

BESIDE: dict[str, dict[str, dict[str, Any]]] = {
    "history": {
        "one trial late, depth 0": {"late": 1, "depth": 0},
        "one trial late, depth 1": {"late": 1, "depth": 1},
        "two trials late, depth 1": {"late": 2, "depth": 1},
        "two trials late, depth 2": {"late": 2, "depth": 2},
    },
    "delay": {f"errors {delay:g} late": {"delay": delay} for delay in (1.0, 3.0, 5.0)},
    "lost": {f"{lost:.0%} of errors lost": {"lost": lost} for lost in (0.1, 0.5, 0.9)},
    "grid": {f"grid of {dt:g}": {"grid": dt} for dt in (0.02, 0.1, 0.5)},
}
"""One constraint at a time, with everything else as in "symmetric"; times in time constants of the synapses."""

GROUPS = {"ladder": LADDER, **BESIDE}
SHOWN = ("accuracy", "words", "messages", "errors", "operations", "lock", "lock_messages")


@dataclass(frozen=True)
class Wanted:
    """What the command line says.

    Attributes:
        rule: file with a rule of the user's own, which then takes the place of `SpikeTimeGradient` everywhere.
        data: folder of the data set; None draws the same samples again.
    """

    task: str
    seeds: int = 5
    quick: bool = False
    rule: str | None = None
    data: str | None = None

    def groups(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The settings, group by group; of a user's rule those that mean something for it."""
        if self.rule is None:
            return GROUPS
        groups: dict[str, dict[str, dict[str, Any]]] = {}
        for rule_name, kind in own.rules_in(self.rule).items():
            mirrors = "back" in kind().synapse_state  # what learned feedback needs
            for group, settings in GROUPS.items():
                for name, setting in settings.items():
                    if "depth" not in setting and (mirrors or setting.get("feedback") != "learned"):
                        given = {**setting, "rule": self.rule, "rule_name": rule_name}
                        groups.setdefault(group, {})[f"{rule_name}: {name}"] = given
        return groups


def study(wanted: Wanted) -> Study:
    """The study that the command line asks for."""
    tasks.task_of(wanted.task)
    settings: dict[str, Mapping[str, Any]] = {k: v for group in wanted.groups().values() for k, v in group.items()}
    return Study(
        partial(tasks.build, task=wanted.task, quick=wanted.quick, data=wanted.data),
        settings,
        tasks.measure,
        run=tasks.Candidate.learn,
        name=f"relax {wanted.task}{' quick' * wanted.quick}",
    )


def table(wanted: Wanted, results: Results) -> str:
    """The table for a terminal."""
    return results.text(columns(results))


def columns(results: Results) -> list[str]:
    """The metrics in the order in which they are shown."""
    first = ["epochs"] if "epochs" in results.metrics else []
    return [SHOWN[0], *first, *SHOWN[1:]]
