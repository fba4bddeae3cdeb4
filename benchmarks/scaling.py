"""Draw how speed grows with batch, width, depth, length and threads.

    python benchmarks/run.py --rows S --threads 1,all --reps 3 --json scaling.json
    python benchmarks/scaling.py scaling.json docs/images

Writes one picture a family of models to a folder: samples a second of every
library and number of threads over the number that changes. Needs matplotlib.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from scaling_rows import SIZES, SWEEPS, row

COLORS = {"rindow-nn": "tab:blue", "torch": "tab:orange"}


def medians(report: dict[str, Any]) -> dict[tuple[str, str, int], float]:
    """The median of each (row, column, threads) of a report that run.py wrote."""
    return {
        (entry["row"], column, entry["threads"]): result["median"]
        for entry in report["results"]
        for column, result in entry["columns"].items()
        if result.get("median") is not None
    }


def draw(family: str, found: dict[tuple[str, str, int], float], target: Path) -> None:
    """Write the picture of a family of models."""
    from matplotlib.figure import Figure

    measured = {key[0] for key in found}
    sweeps = [
        (what, values)
        for (name, what), values in SWEEPS.items()
        if name == family and len(measured.intersection(row(family, what, v) for v in values)) > 1
    ]
    if not sweeps:
        return
    figure = Figure(figsize=(3.2 * len(sweeps), 3.2), layout="constrained")
    for axes, (what, values) in zip(figure.subplots(1, len(sweeps), squeeze=False)[0], sweeps):
        for column, color in COLORS.items():
            for threads in sorted({key[2] for key in found}):
                speeds = [(v, found[key]) for v in values if (key := (row(family, what, v), column, threads)) in found]
                if not speeds:
                    continue
                axes.plot(
                    *zip(*speeds, strict=True),
                    color=color,
                    linestyle="-" if threads > 1 else "--",
                    marker="o",
                    markersize=3,
                    label=f"{column}, {threads} thread{'s' if threads > 1 else ''}",
                )
        if axes.lines:
            axes.set(xscale="log", yscale="log", xlabel=what, ylabel="samples/s")
            axes.set_xticks(values, labels=[str(v) for v in values])
            axes.set_xticks([], minor=True)
        axes.grid(alpha=0.3)
        fixed = ", ".join(f"{name} {size}" for name, size in SIZES[family].items() if name != what)
        axes.set_title(fixed, fontsize=8)
    figure.axes[0].legend(fontsize=7)
    figure.savefig(target, dpi=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="what run.py --json wrote")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    options = parser.parse_args()
    found = medians(json.loads(options.report.read_text(encoding="utf-8")))
    options.folder.mkdir(parents=True, exist_ok=True)
    for family in SIZES:
        draw(family, found, options.folder / f"scaling-{family}.png")


if __name__ == "__main__":
    main()
