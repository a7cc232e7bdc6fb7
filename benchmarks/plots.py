"""What the figures look like: SVG in which a style sheet follows the reader's light or dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pygal
from pygal.style import Style

__all__ = ["draw"]

# One set of colours for each; both were looked at. The ids of a chart are left out of the selectors, so
# that the same text stands in all of them.
_SCHEMES = """
svg { color-scheme: light dark; }
.graph > .background, .plot > .background { fill: transparent !important; }
.axis text, .title, .legends text, .graph text { fill: #24292f !important; }
.axis .line, .axis .guides { stroke: #8c959f !important; }
@media (prefers-color-scheme: dark) {
  .axis text, .title, .legends text, .graph text { fill: #e6edf3 !important; }
  .axis .line, .axis .guides { stroke: #6e7681 !important; }
}
"""

_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    colors=("#2f81f7", "#d29922", "#3fb950", "#db61a2"),
    font_family="system-ui, sans-serif",
    label_font_size=11,
    major_label_font_size=11,
    value_font_size=11,
    legend_font_size=12,
    title_font_size=15,
    opacity=".9",
)


def draw(found: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the plots of a run; gives their files."""
    folder.mkdir(parents=True, exist_ok=True)
    plots = {"ratios": _ratios(found["rows"])}
    links = _links(found["rows"])
    if links is not None:
        plots["links"] = links
    if found.get("echo_us"):
        plots["echo"] = _echoes(found["echo_us"])
    written = []
    for name, chart in plots.items():
        path = folder / f"{name}.svg"
        path.write_bytes(chart.render())
        written.append(path)
    return written


def _chart(kind: type[Any], title: str, **options: Any) -> Any:
    config = pygal.Config(
        style=_STYLE, title=title, js=(), width=900, print_values=True, margin=12, **options
    )
    config.css.append("inline:" + _SCHEMES)
    return kind(config)


def _ratios(rows: Sequence[Mapping[str, Any]]) -> Any:
    """The rows that have a target: what we take in theirs, and what it is to be."""
    shown = [row for row in rows if row["target"] is not None]
    chart = _chart(
        pygal.HorizontalBar,
        "our time / theirs, median of the rounds (less is better)",
        height=120 + 34 * len(shown),
        logarithmic=True,
        legend_at_bottom=True,
        value_formatter=lambda value: f"{value:.2g}",
    )
    # It is drawn from the bottom up.
    chart.x_labels = [row["work"] for row in reversed(shown)]
    ratios = [row["ratio"] for row in reversed(shown)]
    targets = [row["target"] for row in reversed(shown)]
    chart.add("measured", ratios)
    chart.add("target", targets)
    _scale(chart, [*ratios, *targets])
    return chart


def _links(rows: Sequence[Mapping[str, Any]]) -> Any | None:
    """Seconds for 200 objects, by round trip."""
    by_way: dict[str, dict[str, float]] = {}
    for row in rows:
        if not row["work"].startswith("200 small over "):
            continue
        delay = row["work"].removeprefix("200 small over ").partition(" ms")[0]
        for run, figures in ((row["ours"], "our_runs"), (row["theirs"], "their_runs")):
            seconds = [each["seconds"] for each in row[figures]]
            by_way.setdefault(run, {})[delay] = sorted(seconds)[len(seconds) // 2]
    if not by_way:
        return None
    chart = _chart(
        pygal.Bar,
        "seconds for 200 objects of 4.8 KB, by round trip in ms",
        height=480,
        logarithmic=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=1,
        value_formatter=lambda value: f"{value:.3g} s",
    )
    delays = list(next(iter(by_way.values())))
    chart.x_labels = [f"{delay} ms" for delay in delays]
    for run, seconds_of in by_way.items():
        chart.add(run, [seconds_of.get(delay) for delay in delays])
    _scale(chart, [each for seconds_of in by_way.values() for each in seconds_of.values()])
    return chart


def _echoes(found: Mapping[str, Mapping[str, float]]) -> Any:
    chart = _chart(
        pygal.HorizontalBar,
        "microseconds of a C-ECHO on one association",
        height=340,
        logarithmic=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        value_formatter=lambda value: f"{value:.0f}",
    )
    chart.x_labels = list(found)[::-1]
    for share in ("p99", "p90", "p50"):
        chart.add(share, [each[share] for each in reversed(list(found.values()))])
    _scale(chart, [number for each in found.values() for number in each.values()])
    return chart


def _scale(chart: Any, values: Sequence[float]) -> None:
    """Powers of ten at the axis, from below the least value to above the largest."""
    low = math.floor(math.log10(min(values) * 0.99))
    high = math.ceil(math.log10(max(values)))
    chart.y_labels = [10.0**power for power in range(low, high + 1)]
    chart.range = (10.0**low, 10.0**high)
    chart.zero = 10.0**low  # where bars begin
