"""Makes pages/images/clocked-twin.png: how the review's clocked network and its gradients approach the events.

Three small tasks, root mean squares over all spikes and all gradients (tests/limits.py).
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from eventsnn.plot.style import COLORS, FAINT, STYLE, dress

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import limits  # noqa: E402

NAMES = dict(zip(limits.RULES, ("SuperSpike", "e-prop", "e-prop, adaptive", "local error"), strict=True))


def main() -> None:
    steps = np.array(limits.STEPS) * 1e3
    found = {rule: np.array([limits.differences(rule, dt) for dt in limits.STEPS]) for rule in limits.RULES}
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.2), layout="constrained")
        for ax, what in ((left, 0), (right, 1)):
            dress(ax)
            for (rule, errors), color in zip(found.items(), COLORS, strict=False):
                if what == 0 and rule not in ("SuperSpike", "AdaptiveEProp"):
                    continue  # the same neurons as SuperSpike's
                scale = 1e3 if what == 0 else 1.0
                name = NAMES[rule] if what else {"SuperSpike": "LIF", "AdaptiveEProp": "adaptive LIF"}[rule]
                ax.plot(steps, errors[:, what] * scale, "o-", color=color, markersize=3.5, linewidth=1.1, label=name)
                print(name, ("spike times", "gradients")[what], f"order {limits.order(errors[:, what].tolist()):.2f}")
            top = max(errors[0, what] for errors in found.values()) * (1e3 if what == 0 else 1.0)
            ax.plot(steps, 1.6 * top * steps / steps[0], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
            ax.text(steps[2], 1.8 * top * steps[2] / steps[0], "first order", color=FAINT, ha="right", fontsize=8)
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.set_xticks(steps, [f"{step:.2g}" for step in steps])
            ticks = ([0.02, 0.05, 0.1, 0.2, 0.5], [0.01, 0.03, 0.1, 0.3])[what]
            ax.set_yticks(ticks, [str(tick) for tick in ticks])
            ax.minorticks_off()
            ax.set_xlabel("step of the clocked network [ms]")
            ax.legend(frameon=False, loc="lower right", fontsize=8)
        left.set_ylabel("spike times differ by [ms]")
        right.set_ylabel("gradients differ by (relative)")
        path = ROOT / "docs" / "pages" / "images" / "clocked-twin.png"
        figure.savefig(path, dpi=130)
    print(path)


if __name__ == "__main__":
    main()
