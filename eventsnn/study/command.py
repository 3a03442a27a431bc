"""`eventsnn study NAME`: options, the file of runs, tables and pictures."""

import argparse
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import eventsnn
from eventsnn.demo.runner import Options, check_folders, save_picture
from eventsnn.demo.runner import pictures as plots
from eventsnn.errors import EngineError
from eventsnn.study import own, pictures, relax
from eventsnn.study.runs import Study
from eventsnn.study.tables import Results, aligned, markdown
from eventsnn.study.tasks import TASKS


class Entry(NamedTuple):
    """A study of `eventsnn study`."""

    summary: str


STUDIES = {
    "scaling": Entry("how memory and work of every rule grow with neurons and time"),
    "rules": Entry("every shipped rule on one small task: memory, traffic, lock length, accuracy"),
    "relax": Entry("what each freedom buys: one task, learned under a ladder of constraints"),
}


def add(command: argparse.ArgumentParser, positive: Callable[[str], int]) -> None:
    """The options of `eventsnn study`."""
    names = ", ".join(STUDIES)
    command.add_argument("name", nargs="?", choices=list(STUDIES), metavar="NAME", help=f"{names}; none: list them")
    command.add_argument("--task", choices=list(TASKS), metavar="TASK", help=f"relax: {', '.join(TASKS)}")
    command.add_argument(
        "--seeds", type=positive, metavar="N", help="how many (default 5; scaling, and relax --quick: 2)"
    )
    command.add_argument("--quick", action="store_true", help="smaller, within two minutes on two cores")
    command.add_argument("--jobs", type=positive, default=1, metavar="J", help="processes on this machine (default 1)")
    command.add_argument(
        "--mpi", action="store_true", help="run over MPI: mpiexec -n N python -m mpi4py.futures -m eventsnn study ..."
    )
    command.add_argument("--rule", metavar="FILE", help="a rule of your own: beside the others, or in relax alone")
    command.add_argument("--data", metavar="DIR", help="relax: folder of the data set (default: drawn again)")
    command.add_argument("--json", action="store_true", help="print everything as one JSON object")
    command.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR",
        help="folder of runs, tables and picture (default: here); runs that are there are not repeated",
    )  # fmt: skip
    command.add_argument("--no-progress", action="store_true", help="no progress bar")


def run(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Run a study; the status is 1 if any run failed."""
    if args.name == "relax" and args.task is None:
        parser.error(f"study relax needs --task, one of {', '.join(TASKS)}")
    if args.name == "rules" and args.rule:
        parser.error("--rule goes with study relax and study scaling")
    if args.name != "relax" and (args.task or args.data):
        parser.error("--task and --data go with study relax")
    where = Options(out=args.out)
    check_folders(where)
    if args.rule is not None:
        own.rules_in(args.rule)
    return {"relax": relax_study, "scaling": scaling_study, "rules": rules_study}[args.name](args, where)


def relax_study(args: argparse.Namespace, where: Options) -> int:
    """What each freedom buys."""
    wanted = relax.Wanted(args.task, args.seeds or (2 if args.quick else 5), args.quick, args.rule, args.data)
    made = relax.study(wanted)
    results = go(made, args, range(wanted.seeds))
    name = stem(made)
    plots()
    groups = {group: list(settings) for group, settings in wanted.groups().items()}
    title = f"{wanted.task}: mean and standard deviation over {wanted.seeds} seeds"
    picture = save_picture(pictures.ladder(results, groups, title), where, name)
    table = results.rows(relax.columns(results))
    return tell(args, results, name, table, picture, {"task": wanted.task, "seeds": wanted.seeds})


def scaling_study(args: argparse.Namespace, where: Options) -> int:
    """What locality costs."""
    from eventsnn.study import scaling

    sizes, seeds = (scaling.QUICK if args.quick else scaling.FULL), args.seeds or 2
    made = scaling.study(args.quick, args.rule)
    results = go(made, args, range(seeds))
    names = list(dict.fromkeys(setting["rule"] for setting in made.settings.values()))
    laws = scaling.laws(results, sizes, names)
    plots()
    n, t = sizes.at_neurons, sizes.at_time
    title = f"left: T = {t:g} time constants; right: N = {n}. Dashed: not local"
    picture = save_picture(pictures.scaling([law.to_dict() for law in laws], title), where, stem(made))
    found = {"seeds": seeds, "sizes": sizes._asdict(), "laws": [law.to_dict() for law in laws]}
    return tell(args, results, stem(made), scaling.rows(laws), picture, found, 2)


def rules_study(args: argparse.Namespace, where: Options) -> int:
    """Which rule to take."""
    from eventsnn.study import choose

    made, seeds = choose.study(args.quick), args.seeds or 5
    results = go(made, args, range(seeds))
    plots()
    title = f"three patterns, one layer: mean and standard deviation over {seeds} seeds"
    picture = save_picture(pictures.ladder(results, choose.GROUPS, title, choose.AGAINST), where, stem(made))
    return tell(args, results, stem(made), results.rows(), picture, {"seeds": seeds})


def stem(study: Study) -> str:
    """The name of a study's files."""
    return "study_" + study.name.replace(" ", "_").replace("-", "_")


def go(study: Study, args: argparse.Namespace, seeds: Sequence[int]) -> Results:
    """Run what is not in the file yet."""
    with ExitStack() as stack:
        pool: Executor | None = None
        if args.mpi:
            try:
                from mpi4py.futures import MPIPoolExecutor
            except (ImportError, RuntimeError) as error:
                raise EngineError(
                    f"--mpi needs mpi4py and an MPI library ({error}): pip install 'eventsnn[mpi]'"
                ) from error
            pool = stack.enter_context(MPIPoolExecutor())
        file = args.out / f"{stem(study)}.jsonl"
        return study.run(seeds, file, args.jobs, pool, progress=not args.no_progress)


def tell(
    args: argparse.Namespace,
    results: Results,
    name: str,
    table: Sequence[Sequence[str]],
    picture: str,
    found: dict[str, Any],
    words: int = 1,
) -> int:
    """Write the tables, and print one of them or everything."""
    (args.out / f"{name}.csv").write_text(results.csv(), encoding="utf-8")
    (args.out / f"{name}.md").write_text(markdown(table, words) + "\n", encoding="utf-8")
    failed = results.failed
    if args.json:
        print(json.dumps({**found, **results.to_dict(), "picture": picture, "version": eventsnn.__version__}))
    else:
        print(aligned(table, words))
        for one in failed:
            print(f"failed: {one['setting']}, seed {one['seed']}: {one['error']}")
        print(f"runs: {args.out / name}.jsonl; tables: {name}.csv, {name}.md; picture: {picture}")
    return 1 if failed else 0
