"""The command line: `eventsnn demo NAME`, `report NAME`, `check FILE`, `bench NAME`, `study NAME`,
`eventsnn --version`."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import eventsnn
from eventsnn import bench as benchmarks
from eventsnn import report_runner
from eventsnn.bench import BENCHMARKS
from eventsnn.check import check
from eventsnn.demo.entries import DEMOS
from eventsnn.demo.runner import Options, check_folders, save_picture
from eventsnn.errors import EngineError, EventsnnError, Interrupted
from eventsnn.graph import FEEDBACKS
from eventsnn.network import ENGINES
from eventsnn.study import command as studies

LISTS: dict[str, Mapping[str, Any]] = {"demo": DEMOS, "bench": BENCHMARKS, "study": studies.STUDIES}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit status: 0, 1 for an error that eventsnn explains, 130 after Ctrl-C. Wrong usage exits with 2.
    """
    parser = make_parser()
    args = parser.parse_args(arguments)
    try:
        if args.command is None:
            parser.print_help()
        elif args.command == "check":
            return check_file(args)
        elif args.command == "report":
            report(args)
        elif args.name is None:
            list_entries(LISTS[args.command])
        elif args.command == "bench":
            bench(args, args.parser)
        elif args.command == "study":
            return studies.run(args, args.parser)
        else:
            demo(args, args.parser)
        sys.stdout.flush()
    except EventsnnError as error:
        return complain(str(error), 1)
    except Interrupted as stop:
        return complain(stop.what, 130)
    except KeyboardInterrupt:
        return complain("interrupted", 130)
    except BrokenPipeError:  # `eventsnn demo | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return complain(str(error), 1)
    return 0


def complain(message: str, status: int) -> int:
    """One line on stderr."""
    print("eventsnn:", " ".join(message.split()), file=sys.stderr)
    return status


def make_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = argparse.ArgumentParser(prog="eventsnn", description=eventsnn.__doc__)
    parser.add_argument("--version", action="version", version=f"eventsnn {eventsnn.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary, description, add in (
        (
            "demo",
            "run a demo; without a name, list them",
            "Run a demo: print its result and write a picture.",
            add_demo,
        ),
        (
            "bench",
            "run a benchmark; without a name, list them",
            "Measure the speed of eventsnn on this machine and, with --peers, of other simulators.",
            add_bench,
        ),
        (
            "study",
            "run a study; without a name, list them",
            "Run every setting of a study with several seeds; write runs, tables and a picture.",
            lambda command: studies.add(command, positive),
        ),
        (
            "report",
            "what the learning rules of a network need",
            "Run a network and count what its learning rules need: memory, messages, operations.",
            add_report,
        ),
        (
            "check",
            "whether the rules in a file are lawful",
            "Check that the rules, neurons and processes of a file use only what is local, and try them.",
            add_check,
        ),
    ):
        command = commands.add_parser(name, help=summary, description=description)
        command.set_defaults(parser=command)  # a wrong combination of options shows the usage of the command
        add(command)
    return parser


def add_demo(demo: argparse.ArgumentParser) -> None:
    """The options of `eventsnn demo`."""
    names = ", ".join(DEMOS)
    demo.add_argument("name", nargs="?", choices=list(DEMOS), metavar="NAME", help=f"{names}; none: list them")
    demo.add_argument("--seed", type=natural, metavar="N", help="what all random numbers follow from (default 0)")
    demo.add_argument(
        "--seeds", type=positive, default=1, metavar="N", help="temporal-xor: run N seeds, from --seed on"
    )
    demo.add_argument("--engine", choices=list(ENGINES), help="what runs the network (default: the demo's own)")
    demo.add_argument("--small", action="store_true", help="fewer neurons or samples, for a first look")
    demo.add_argument(
        "--full", action="store_true", help=f"{taking('has_full')}: the figures of the documentation, which take longer"
    )
    feedbacks = ", ".join(FEEDBACKS)
    demo.add_argument(
        "--feedback",
        choices=FEEDBACKS,
        metavar="KIND",
        help=f"{taking('feedbacks')}: how errors travel back: {feedbacks}",
    )
    demo.add_argument(
        "--hidden", type=positive, metavar="N", help=f"{taking('sizes')}: how many hidden neurons (default 350)"
    )
    demo.add_argument(
        "--passes", type=positive, metavar="N", help=f"{taking('repeats')}: how often every digit is presented"
    )
    demo.add_argument("--rule", choices=("local", "triggered"), help="nmnist: errors that are held, or that are events")
    demo.add_argument("--data", type=Path, metavar="DIR", help="demos on data: the folder that has them")
    demo.add_argument("--picture", type=Path, metavar="FILE", help="superspike-picture: what is to be drawn")
    demo.add_argument("--json", action="store_true", help="print the result as one JSON object")
    demo.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="folder of the picture (default: here)")
    demo.add_argument("--save", type=Path, metavar="FILE", help="keep the network in FILE, also after Ctrl-C")
    demo.add_argument("--resume", type=Path, metavar="FILE", help="go on with the network in FILE")
    demo.add_argument("--no-progress", action="store_true", help="no progress bar")


def taking(what: str) -> str:
    """The demos of which a field of `Demo` is true."""
    return ", ".join(name for name, entry in DEMOS.items() if getattr(entry, what))


def add_report(command: argparse.ArgumentParser) -> None:
    """The options of `eventsnn report`."""
    names = ", ".join(DEMOS)
    command.add_argument("name", metavar="NAME", help=f"{names}, or a Python file that defines build()")
    command.add_argument("--seed", type=natural, default=0, metavar="N", help="of the network (default 0)")
    command.add_argument("--engine", choices=list(ENGINES), help="what runs the network (default: the network's own)")
    command.add_argument("--small", action="store_true", help="digits: fewer neurons and samples")
    command.add_argument("--duration", type=duration, metavar="S", help="seconds to simulate (default: to the end)")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--markdown", action="store_true", help="print Markdown")
    form.add_argument("--html", type=Path, metavar="FILE", help="write one HTML page to FILE")
    command.add_argument("--no-progress", action="store_true", help="no progress bar")


def add_check(command: argparse.ArgumentParser) -> None:
    """The options of `eventsnn check`."""
    command.add_argument("file", type=Path, metavar="FILE", help="a Python file with rules, neurons or processes")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.add_argument("--reference-only", action="store_true", help="do not compile, which takes most of the time")


def add_bench(command: argparse.ArgumentParser) -> None:
    """The options of `eventsnn bench`."""
    names = ", ".join(BENCHMARKS)
    command.add_argument("name", nargs="?", choices=list(BENCHMARKS), metavar="NAME", help=f"{names}; none: list them")
    command.add_argument("--peers", action="store_true", help="run NEST, Brian2 or PyTorch beside it, where installed")
    command.add_argument("--quick", action="store_true", help="smaller networks, fewer repetitions")
    command.add_argument("--seed", type=natural, default=1, metavar="N", help="of the networks (default 1)")
    command.add_argument("--json", action="store_true", help="print the results as one JSON list")
    command.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="folder of the picture (default: here)"
    )
    command.add_argument("--brian2-python", metavar="PATH", help="the Python that has brian2 (default: this one)")


def natural(text: str) -> int:
    """A whole number from 0."""
    return whole(text, 0)


def duration(text: str) -> float:
    """A time from 0 [s]."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0")
    return value


def positive(text: str) -> int:
    """A whole number from 1."""
    return whole(text, 1)


def whole(text: str, least: int) -> int:
    """A whole number from `least`."""
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least}")
    return int(text)


def list_entries(entries: Mapping[str, Any]) -> None:
    """One line for each demo or benchmark."""
    width = max(map(len, entries))
    for name, entry in entries.items():
        print(f"{name:<{width}} {entry.summary}")


def bench(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Run one benchmark and print its results."""
    entry = BENCHMARKS[args.name]
    if args.peers and not entry.peers:
        parser.error(f"{args.name} has no peers; {', '.join(k for k, e in BENCHMARKS.items() if e.peers)} have")
    where = Options(out=args.out)
    check_folders(where)
    python = {"brian2": args.brian2_python} if args.brian2_python else {}
    size = "quick" if args.quick else "full"
    results = []
    for result in entry.run(benchmarks.Options(size=size, peers=args.peers, python=python, seed=args.seed)):
        results.append(result)
        print(benchmarks.table([result]).splitlines()[1], file=sys.stderr)
    picture = save_picture(benchmarks.bars(results), where, f"bench_{args.name}")
    if args.json:
        print(json.dumps([result.as_json() for result in results]))
        return
    print(benchmarks.machine())
    print(benchmarks.table(results))
    print(f"picture: {picture}")


def report(args: argparse.Namespace) -> None:
    """Run a network and print what its rules needed."""
    if args.html is not None and (args.html.is_dir() or not args.html.absolute().parent.is_dir()):
        raise EngineError(f"cannot write {args.html}; give the name of a file in a folder that exists")
    wanted = report_runner.Wanted(
        args.name, args.seed, args.engine, args.small, args.duration, progress=not args.no_progress
    )
    what, found = report_runner.report(wanted)
    if args.json:
        print(json.dumps({**what, **found.to_dict(), "version": eventsnn.__version__}))
    elif args.markdown:
        print(found.markdown(), end="")
    elif args.html is not None:
        args.html.write_text(found.html(), encoding="utf-8")
        print(f"report: {args.html}")
    else:
        print(found)


def check_file(args: argparse.Namespace) -> int:
    """Check a user's file; the status is 1 if anything in it is not lawful."""
    if not args.file.is_file():
        raise EngineError(f"there is no file {args.file}; give a Python file with rules, neurons or processes")
    findings = check(args.file, not args.reference_only, lambda line: print(line, file=sys.stderr))
    print(json.dumps(findings.to_dict()) if args.json else findings)
    return 0 if findings.lawful else 1


def demo(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Run one demo and print its result."""
    entry = DEMOS[args.name]
    if args.seeds > 1 and not entry.many_seeds:
        parser.error(f"{args.name} runs one seed; leave --seeds out")
    if (args.save or args.resume) and (args.seeds > 1 or not entry.learns):
        parser.error(f"--save and --resume keep one network that learns; they go with {taking('learns')}, of one seed")
    for option, given, taken in (
        ("feedback", args.feedback, "feedbacks"),
        ("hidden", args.hidden, "sizes"),
        ("passes", args.passes, "repeats"),
        ("data", args.data, "on_data"),
        ("picture", args.picture, "on_picture"),
        ("full", args.full, "has_full"),
        ("rule", args.rule, "rules"),
    ):
        if given and not getattr(entry, taken):
            parser.error(f"--{option} goes with {taking(taken)}")
    options = Options(
        seed=args.seed,
        seeds=args.seeds,
        engine=args.engine,
        small=args.small,
        progress=not args.no_progress,
        out=args.out,
        save=args.save,
        resume=args.resume,
        feedback=args.feedback,
        hidden=args.hidden,
        passes=args.passes,
        data=args.data,
        picture=args.picture,
        full=args.full,
        rule=args.rule,
    )
    report: dict[str, Any] = {"demo": args.name, **entry.run(options), "version": eventsnn.__version__}
    if args.json:
        print(json.dumps(report))
        return
    print(in_words(entry.says, report))
    print(f"picture: {report['picture']}")


def in_words(template: str, report: dict[str, Any]) -> str:
    """A report as a sentence; what is not known is `-`."""
    known = {key: float("nan") if value is None else value for key, value in report.items()}
    return template.format(**known).replace("nan", "-")
