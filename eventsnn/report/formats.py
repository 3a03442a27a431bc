"""A locality report as tables: for the terminal, as Markdown, as one HTML page."""

import html as escape
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]
UNKNOWN = "-"


@dataclass
class Table:
    """One table, with what its columns mean."""

    title: str
    note: str
    header: list[str]
    words: int = 1  # columns of text at the left; numbers follow
    rows: list[list[str]] = field(default_factory=list)


def text(data: Data) -> str:
    """Tables for a terminal."""
    parts = [heading(data)]
    for table in tables(data):
        width = [max(len(row[k]) for row in [table.header, *table.rows]) for k in range(len(table.header))]
        lines = [
            "  ".join(
                cell.ljust(w) if k < table.words else cell.rjust(w)
                for k, (cell, w) in enumerate(zip(row, width, strict=True))
            )
            for row in [table.header, *table.rows]
        ]
        lines.insert(1, "-" * len(lines[0]))
        parts.append("\n".join([table.title, *(line.rstrip() for line in lines)]))
    return "\n\n".join(parts)


def markdown(data: Data) -> str:
    """Tables for a Markdown page."""
    parts = [f"# Locality report\n\n{heading(data)}"]
    for table in tables(data):
        rule = ["---" if k < table.words else "---:" for k in range(len(table.header))]
        rows = [[cell.replace("|", "\\|") for cell in row] for row in [table.header, rule, *table.rows]]
        lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts.append(f"## {table.title}\n\n{table.note}\n\n{lines}")
    return "\n\n".join(parts) + "\n"


def html(data: Data) -> str:
    """One HTML page that needs nothing else."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Locality report</title>'
        f"<style>{STYLE}</style></head><body>{html_body(data)}</body></html>\n"
    )


def html_body(data: Data) -> str:
    """The page without its head."""
    parts = ["<h1>Locality report</h1>", f"<p>{escape.escape(heading(data))}</p>"]
    for table in tables(data):
        head = "<tr>" + _cells("th", table.header, table.words) + "</tr>"
        rows = "".join("<tr>" + _cells("td", row, table.words) + "</tr>" for row in table.rows)
        parts.append(f"<h2>{escape.escape(table.title)}</h2><p>{escape.escape(table.note)}</p>")
        parts.append(f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>")
        if table.title == LOCKS:
            parts += [_bars(row) for row in data["projections"] if row.get("lock")]
    return f'<div class="locality">{"".join(parts)}</div>'


def _cells(tag: str, row: list[str], words: int) -> str:
    """A row's cells; those of text are marked."""
    mark = [' class="word"' if k < words else "" for k in range(len(row))]
    return "".join(f"<{tag}{m}>{escape.escape(cell)}</{tag}>" for m, cell in zip(mark, row, strict=True))


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222; }
h2 { margin: 2rem 0 .3rem; font-size: 1.15rem; } p { margin: .2rem 0 .6rem; max-width: 55rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th.word, td.word { text-align: left; } th { border-bottom: 2px solid #888; }
figure { display: inline-block; margin: 1rem 2rem 0 0; } figcaption { font-size: .85rem; }
"""


def _bars(row: Data) -> str:
    """A histogram of the time that changes of weight waited, in octaves."""
    waited = row["lock"]["seconds"]
    if waited is None:
        return ""
    bars, high = waited["histogram"], max(n for _, _, n in waited["histogram"])
    shapes = []
    for k, (low, up, n) in enumerate(bars):
        h = 80 * n / high
        label = "at once" if up == 0 else f"{seconds(low)} to {seconds(up)}"
        box = f'x="{14 * k}" y="{80 - h:.1f}" width="12" height="{h:.1f}"'
        shapes.append(f'<rect {box} fill="#36c"><title>{label}: {n}</title></rect>')
    first, last = seconds(waited["min"]), seconds(waited["max"])
    return (
        f'<figure><svg width="{max(14 * len(bars), 40)}" height="82" role="img">{"".join(shapes)}</svg>'
        f"<figcaption>{escape.escape(row['name'])}: {first} to {last}</figcaption></figure>"
    )


# -- what is in the tables --------------------------------------------------------------------------------------------

LOCKS = "How long changes of weight waited"


def heading(data: Data) -> str:
    """One line above all tables."""
    sent = ", ".join(f"{n} {port}" for port, n in data["messages"].items() if n) or "none"
    how = "" if data["measured"] else "; not measured: call net.measure() before the first run to count all the rest"
    return f"after {data['time']:g} s; messages: {sent}{how}"


def tables(data: Data) -> list[Table]:
    """Everything of a report that has rows."""
    made = [traffic(data), memory(data), work(data), waited(data), factors(data), mirrored(data), relaxed(data)]
    return [table for table in made if table is not None and table.rows]


def traffic(data: Data) -> Table:
    """Messages and visits."""
    note = (
        "Messages count once per synapse. A spike visits a row of synapses, any other event a column. Sweeps are runs "
        "of a handler that no message accounts for."
    )
    header = [
        "projection",
        "port",
        "rule",
        "synapses",
        "messages",
        "payload B",
        "row visits",
        "column visits",
        "sweeps",
    ]
    table = Table("Messages and visits", note, header, 3)
    for row in data["projections"]:
        for k, (port, n) in enumerate(row["messages"].items()):
            columns = row.get("column_visits")
            work = [row["row_visits"], None if columns is None else sum(columns.values()), row.get("sweeps")]
            name = row["name"] if k == 0 else f"{row['name']} (back)"
            shown = [name, port.removesuffix(" (back)"), row["rule"] or UNKNOWN]
            numbers = [row["synapses"], n, row["payload_bytes"][port], *(work if k == 0 else [None] * 3)]
            table.rows.append([*shown, *map(number, numbers)])
    return table


def memory(data: Data) -> Table:
    """Words of state."""
    note = (
        "Words of 8 bytes beside the weight. In brackets: how many of them could be kept elsewhere or left out without "
        "losing anything, as their values are now: once per source, per neuron, for all, or not at all. Words per "
        "epoch are kept once for each synapse, and once for each neuron, because so many epochs there may be. Weights "
        "are read to be changed, and by every spike to be transmitted."
    )
    header = ["projection", "rule", "per synapse", "per neuron", "per epoch", "per source", "way back", "bytes"]
    header += ["weight reads", "writes"]
    table = Table("Memory", note, header, 2)
    for row in plastic(data):
        shown = [row["name"], row["rule"]]
        for place in ("syn", "post"):
            mine = [v["could_be"] for v in row["state"] if v["name"].startswith(f"{place}.")]
            shown.append(_elsewhere(mine, "synapse" if place == "syn" else "neuron"))
        shown += [number(row["words"][place]) for place in ("epoch", "source", "way_back")]
        shown.append(number(sum(row["bytes"].values())))
        shown += [number((row["accesses"] or {}).get(kind)) for kind in ("weight reads", "weight writes")]
        table.rows.append(shown)
    return table


def _elsewhere(places: list[str], home: str) -> str:
    short = {"source": "source", "neuron": "neuron", "synapse": "synapse", "one number for all": "all"}
    other = [short.get(place, "unused") for place in places if place != home]
    counts = ", ".join(f"{other.count(place)} {place}" for place in dict.fromkeys(other))
    return f"{len(places)} ({counts})" if other else str(len(places))


def work(data: Data) -> Table:
    """Operations and accesses per run of a handler."""
    measured = data["measured"]
    how = "on average per run" if measured else "fewest to most by the text"
    note = f"What one run of a handler does, {how}; methods that it calls are included, those of the neuron are not."
    kinds = {
        "additions": "+ -", "multiplications": "×", "divisions": "/", "comparisons": "< max", "signs": "sign",
        "functions": "exp ...", "weight reads": "w read", "weight writes": "w written",
    }  # fmt: skip
    table = Table("Work", note, ["handler", "runs", *kinds.values()])
    for row in plastic(data):
        for name, handler in row["operations"].items():
            shown = [f"{row['name']}: {row['rule']}.{name}", number(handler["runs"])]
            table.rows.append(shown + [_rate(handler, kind) for kind in kinds])
        if row.get("per_event"):
            rates = [f"{row['per_event'][kind]:.4g}" for kind in kinds]
            table.rows.append([f"{row['name']}: all, per arriving spike", number(row["row_visits"]), *rates])
    return table


def _rate(handler: Data, kind: str) -> str:
    fewest, most = handler["fewest"][kind], handler["most"][kind]
    if handler["done"] is not None and handler["runs"]:
        return f"{handler['done'][kind] / handler['runs']:.4g}"
    return number(most) if fewest == most else f"{fewest}..{'∞' if most is None else most}"


def waited(data: Data) -> Table:
    """Lock lengths."""
    note = (
        "From the latest spike at a synapse to the change of its weight: time, and messages that the neuron received "
        "in between. 'No spike': changes at synapses that no spike had reached yet."
    )
    times = ["changes", "no spike", "median", "95 %", "longest"]
    table = Table(LOCKS, note, ["projection", "rule", *times, "messages: median", "95 %", "most"], 2)
    for row in plastic(data):
        lock = row["lock"]
        if lock is None:
            continue
        time, events = lock["seconds"], lock["messages"]
        shown = [row["name"], row["rule"], number(lock["changes"]), number(lock["without_spike"])]
        shown += [UNKNOWN if time is None else seconds(time[q]) for q in ("q50", "q95", "max")]
        shown += [UNKNOWN if events is None else f"{events[q]:.3g}" for q in ("q50", "q95", "max")]
        table.rows.append(shown)
    return table


def factors(data: Data) -> Table:
    """Third factors."""
    words = {
        "none": "no message came", "neuron": "a number for each neuron", "population": "one number for the population",
        "network": "one number for all",
    }  # fmt: skip
    note = "Messages other than spikes that wake synapses, and how fine they are, by what arrived."
    table = Table("Third factors", note, ["projection", "port", "granularity", "messages", "distinct values"], 3)
    for row in plastic(data):
        for port, factor in (row["third_factor"] or {}).items():
            values = number(factor["distinct_values"]) if factor["distinct_values"] is not None else "> 64"
            cells = [words[factor["granularity"]], number(factor["messages"]), values]
            table.rows.append([row["name"], port, *cells])
    return table


def mirrored(data: Data) -> Table:
    """Weight transport."""
    note = (
        "What errors are multiplied with on their way back, compared with the forward weights as they are now: the "
        "same memory, equal, in proportion, or of equal signs more often than chance would have it."
    )
    table = Table("Weight transport", note, ["way back of", "through", "found", "pairs", "cosine", "equal signs"], 3)
    for row in data["weight_transport"]:
        ratio = [UNKNOWN if row[name] is None else f"{row[name]:.3f}" for name in ("cosine", "same_signs")]
        table.rows.append([row["forward"], row["back"], row["found"], number(row["pairs"]), *ratio])
    return table


def relaxed(data: Data) -> Table:
    """Relaxations of locality that were asked for, and histories."""
    note = "What was asked for by name beyond what is local; for a history, how deep it is and how far back was read."
    table = Table("Relaxations", note, ["relaxation", "who asked", "used"], 2)
    for row in data["relaxations"]:
        table.rows.append([row["relaxation"], row["owner"], UNKNOWN if row.get("used") is None else str(row["used"])])
    return table


def plastic(data: Data) -> list[Data]:
    """The projections that have a rule."""
    return [row for row in data["projections"] if row["rule"] is not None]


def number(n: int | None) -> str:
    """A whole number, or a dash where nobody counted."""
    return UNKNOWN if n is None else str(n)


def seconds(t: float) -> str:
    """A duration in a unit that suits it."""
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if t >= unit:
            return f"{t / unit:.3g} {name}"
    return "0" if t == 0 else f"{t:.2g} s"
