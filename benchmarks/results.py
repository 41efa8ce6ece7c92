"""What a benchmark finds: lines of figures, each a ratio to a baseline of the same run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

from rich.table import Table

FORMAT = "tchat-benchmarks/1"


@dataclass(frozen=True, slots=True)
class Target:
    """A bound of the ratio, or of the figure itself."""

    of: Literal["ratio", "figure"]
    sense: Literal["at least", "at most"]
    bound: float

    def holds(self, value: float) -> bool:
        """Tell whether a value is within the bound."""
        return value >= self.bound if self.sense == "at least" else value <= self.bound


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one server: ``values`` has one for each repeat, in the order in which they were measured.

    ``against`` are the baseline's values of the same repeats; what a ratio compares was measured one after the other.
    """

    benchmark: str
    case: str
    measure: str
    unit: str
    server: str
    values: Sequence[float]
    baseline: str | None = None
    against: Sequence[float] = ()
    target: Target | None = None

    @property
    def figure(self) -> float:
        """The median of the repeats."""
        return median(self.values)

    @property
    def ratio(self) -> float | None:
        """The median of the ratios to the baseline, repeat by repeat; None without a baseline."""
        pairs = zip(self.values, self.against, strict=True) if self.against else ()
        return median([value / base for value, base in pairs]) if self.against else None

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        value = self.figure if self.target.of == "figure" else self.ratio
        return value is not None and self.target.holds(value)

    def as_json(self) -> dict[str, Any]:
        """Return the line as docs/performance.md describes it."""
        return {
            "benchmark": self.benchmark,
            "case": self.case,
            "measure": self.measure,
            "unit": self.unit,
            "server": self.server,
            "values": list(self.values),
            "median": self.figure,
            "low": min(self.values),
            "high": max(self.values),
            "baseline": self.baseline,
            "ratio": self.ratio,
            "target": asdict(self.target) if self.target else None,
            "holds": self.holds,
        }


def table(lines: Sequence[Line]) -> Table:
    """Return the lines as a table for a terminal."""
    shown = Table("benchmark", "case", "server", "measure", "median", "low … high", "ratio", "target")
    for line in lines:
        ratio = "" if line.ratio is None else f"{line.ratio:.2f} × {line.baseline}"
        shown.add_row(
            line.benchmark, line.case, line.server, f"{line.measure}, {line.unit}", _short(line.figure),
            f"{_short(min(line.values))} … {_short(max(line.values))}", ratio, _verdict(line),
        )  # fmt: skip
    return shown


def _verdict(line: Line) -> str:
    if line.target is None:
        return ""
    return f"{line.target.sense} {line.target.bound:g}: {'holds' if line.holds else 'missed'}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
