"""The nudges of a large graph: fields as arrays, a row when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np

from ..compiled import call
from ..formats import Array
from ..loops.kinds import ENDLESS
from ..sweeps.run import Run
from ..sweeps.schedule import Ints
from .kinks import slopes
from .large import Everywhere, everywhere
from .nudge import BLIND, FAIL, Factors, Nudge, Verdict, judge, power_of_two, primes
from .optimal import QUIET
from .rounding import claims
from .stencils import Stencil
from .windows import ORDER, AllJets, exact, local_jets, structure, windowed

SAMPLE = 32  # nodes whose exact jets are a certificate
SEED = 12
NEAR = 3.0  # an h within this factor of the exact one costs little
HIGHEST = 9  # the order of jets for stencils that are exact up to the eighth degree
DRAWS, AT_ONCE, DRAWN = 24, 8, 8192  # numbers of a sketch, in one pass over the graph, in all to draw from
CHAINED = "each op below was nudged by itself, and their slopes multiplied"
NO_PARTIAL = "an op below has no slope that a nudge of its own inputs could measure"
POWERS = np.ldexp(1.0, np.arange(-1074, 1024))
POWERS.flags.writeable = False
VERDICTS = (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE)


@dataclass(frozen=True)
class Certificate:
    """Windowed nudges beside those from exact jets, at nodes drawn at random.

    Parameters
    ----------
    nodes : tuple of int
    ratios : tuple of float
        h from windowed jets over h from exact ones; nan where there is neither.
    exact : tuple of bool
        Whether the windowed jet says of itself that it is exact.
    """

    nodes: tuple[int, ...]
    ratios: tuple[float, ...]
    exact: tuple[bool, ...]

    @property
    def near(self) -> float:
        """The share of ratios within a factor 3."""
        known = [r for r in self.ratios if np.isfinite(r)]
        return sum(1 / NEAR <= r <= NEAR for r in known) / len(known) if known else 1.0


@cache
def moments(stencil: Stencil, order: int, unit: float) -> Array:
    """How much of each coefficient up to `order` stands in the truncation, in units of h^(k-1)."""
    weights, offsets = np.array(stencil.weights), np.array(stencil.offsets)
    width = abs(weights @ offsets)
    found = np.array([abs(weights @ offsets**k) / width for k in range(order + 1)])
    found[found < 64 * unit * (np.abs(weights) @ np.abs(offsets) ** order)] = 0.0
    found.flags.writeable = False
    return found


class Many(Mapping[str, Nudge]):
    """Node name -> `Nudge` of many nodes.

    Parameters
    ----------
    run : Run
    wanted : int array
        The nodes, ascending.
    stencil : Stencil
        Of the nudge `h`; estimates are local.
    """

    def __init__(self, run: Run, wanted: Ints, stencil: Stencil) -> None:
        self.run = run
        self.stencil = stencil
        self.wanted = wanted.astype(np.int32)
        self.order = ORDER if stencil.exact_degree < ORDER else HIGHEST
        local = local_jets(run, self.order, HIGHEST)
        self.found: Everywhere = everywhere(run, local)
        jets = windowed(run, self.order, local=local)
        self.h: Array = self.nudges_of(jets, self.wanted)
        self.jets: AllJets = replace(jets, coefficients=jets.coefficients[:, 1:3].copy())  # what rows show

    def __len__(self) -> int:
        return len(self.wanted)

    def __iter__(self) -> Iterator[str]:
        return (self.run.graph.name(int(i)) for i in self.wanted)

    def __getitem__(self, name: str) -> Nudge:
        i = self.run.graph.index(name)
        at = int(np.searchsorted(self.wanted, i))
        if at == len(self.wanted) or self.wanted[at] != i:
            raise KeyError(name)
        return self.row(at)

    @cached_property
    def noise(self) -> float:
        """What the rounding of all ops does to J, as a standard deviation."""
        run, graph = self.run, self.run.graph
        total = call(
            "total_rounding", len(graph), graph.codes, structure(graph).moves, run.value_array,
            self.found.estimate, claims(graph, run.format), run.format.u,
        )  # fmt: skip
        return float(np.sqrt(total / 3))

    @QUIET
    def nudges_of(self, jets: AllJets, nodes: Any) -> Array:
        """The nudges of some nodes by some jets."""
        run, stencil, order = self.run, self.stencil, jets.coefficients.shape[1]
        output = float(run.value_array[run.graph.output])
        noise = max(self.noise, 0.5 * float(run.format.spacing(output)))
        found = np.full(len(nodes), np.nan)
        call(
            "choose_nudges", len(nodes), order, stencil.exact_degree,
            moments(stencil, order, run.format.u), max(map(abs, stencil.offsets)),
            np.asarray(nodes, dtype=np.int32), jets.coefficients.reshape(-1),
            jets.coefficients.reshape(-1).view(np.int64), POWERS, jets.scales, jets.degrees, jets.caps,
            max(abs(output), noise / run.format.u), noise, run.format.u,
            run.format.smallest, found,
        )  # fmt: skip
        return found

    def certificate(self) -> Certificate:
        """Exact jets at some live nodes drawn at random."""
        moves = structure(self.run.graph).moves
        live = self.wanted[moves[self.wanted] != 0]
        nodes = np.sort(np.random.default_rng(SEED).choice(live, min(SAMPLE, len(live)), replace=False))
        right = self.nudges_of(exact(self.run, nodes.tolist(), self.order), nodes)
        mine = self.h[np.searchsorted(self.wanted, nodes)]
        return Certificate(
            tuple(nodes.tolist()),
            tuple((mine / right).tolist()),
            tuple((self.jets.exact[nodes] != 0).tolist()),
        )

    @cached_property
    @QUIET
    def codes(self) -> Any:
        """The verdict of each node, as its place in `VERDICTS`."""
        i, run = self.wanted, self.run
        adjoint, estimate, second = run.adjoint_array[i], self.found.estimate[i], self.found.second[i]
        bar, a = self.found.bar[i], self.found.adjoint_bar[i]
        live = structure(run.graph).moves[i] != 0
        room = bar + a
        fails = (np.abs(adjoint - estimate) > FAIL * room) & (np.abs(adjoint - second) > FAIL * room)
        zero = (np.abs(adjoint) <= a) & (np.abs(estimate) <= room)
        right = (np.abs(adjoint - estimate) <= room) & (bar <= BLIND * np.abs(estimate))
        found = np.where(fails, 1, np.where(zero | right, 0, 2))
        found = np.where(np.isfinite(adjoint) & np.isfinite(room), found, 2)
        return np.where(live, found, np.where(adjoint == 0, 0, 1)).astype(np.int8)

    def array(self, name: str) -> Any:
        """One field of all nodes."""
        i, found = self.wanted, self.found
        fields: dict[str, Any] = {
            "h": lambda: self.h,
            "value": lambda: self.run.value_array[i],
            "adjoint": lambda: self.run.adjoint_array[i],
            "estimate": lambda: found.estimate[i],
            "second": lambda: found.second[i],
            "bar": lambda: found.bar[i],
            "truncation": lambda: found.truncation[i],
            "rounding": lambda: found.bar[i] - found.truncation[i],
            "adjoint_bar": lambda: found.adjoint_bar[i],
            "exact": lambda: self.jets.exact[i] != 0,
            "verdict": lambda: np.array(VERDICTS, dtype=object)[self.codes],
        }
        if name in fields:
            return fields[name]()
        return np.array([getattr(row, name) for row in self.values()])

    @cached_property
    @QUIET
    def below(self) -> Array:
        """What the rounding of the ops that depend on each node does to J, as a standard deviation; from a
        sketch of `DRAWS` numbers, so within a quarter or so."""
        run, graph = self.run, self.run.graph
        s, n = structure(graph), len(graph)
        claim = np.where(graph.codes >= 0, claims(graph, run.format)[graph.codes], 0.0)
        sizes = np.where(np.isfinite(self.found.estimate), self.found.estimate, 0.0)
        weights = ((sizes * claim * run.format.u * run.value_array) / (self.noise or 1.0)) ** 2 / 3
        table = -np.log((np.random.default_rng(SEED).permutation(DRAWN) + 0.5) / DRAWN)
        sums, minima = np.zeros(n), np.zeros(n * AT_ONCE, dtype=np.float32)
        for turn in range(DRAWS // AT_ONCE):
            call(
                "sketch_rounding", n, graph.output, AT_ONCE, SEED + turn, s.moves, graph.codes, s.first,
                s.consumers, weights, table, minima, sums,
            )  # fmt: skip
        known = np.isfinite(sums) & (sums > 0)
        return np.sqrt(np.divide(DRAWS - 1, sums, out=np.zeros(n), where=known)) * self.noise

    def some(self, most: int, doubtful: bool = False) -> list[Nudge]:
        """The first rows; or the first of those that do not pass."""
        places = np.flatnonzero(self.codes) if doubtful else np.arange(len(self))
        return [self.row(at) for at in places[:most].tolist()]

    def row(self, at: int) -> Nudge:
        """The nudge of the node at that place among those wanted."""
        run, graph, i = self.run, self.run.graph, int(self.wanted[at])
        name, stencil, found = graph.name(i), self.stencil.name, self.found
        v, adjoint, h = float(run.value_array[i]), float(run.adjoint_array[i]), float(self.h[at])
        if not graph.reaches[i]:
            return replace(independent(run, i, self.stencil), run=run)
        factors = self._factors(i, h)
        a, bar, estimate = float(found.adjoint_bar[i]), float(found.bar[i]), float(found.estimate[i])
        if not np.isfinite(bar):
            sides = slopes(run, i) if factors.decided == "kink" else None
            return Nudge(
                name, v, h, stencil, float("nan"), np.inf, np.inf, np.inf, adjoint, a, Verdict.INCONCLUSIVE,
                NO_PARTIAL, factors, how="local", slopes=sides, run=run,
            )  # fmt: skip
        second, truncation = float(found.second[i]), float(found.truncation[i])
        verdict = judge(adjoint, estimate, bar, a, second)
        reason = CHAINED
        if np.isfinite(h):
            reason += f"; for a nudge of {name} itself: {self._why(name, h, factors)}"
        if verdict is Verdict.FAIL:
            reason += f"; backprop says {adjoint:.6g}, the nudges {estimate:.6g} ± {bar:.1g}"
        return Nudge(
            name, v, h, stencil, estimate, bar, bar - truncation, truncation, adjoint, a, verdict, reason,
            factors, second, "local", run=run,
        )  # fmt: skip

    @QUIET
    def _factors(self, i: int, h: float) -> Factors:
        run, graph, jets = self.run, self.run.graph, self.jets
        c, scale = jets.coefficients[i], float(jets.scales[i])
        cap, blame = float(jets.caps[i]), int(jets.blames[i])
        degree = float(jets.degrees[i]) if jets.degrees[i] < ENDLESS else np.inf
        spacing = float(run.format.spacing(run.value_array[i]))
        row = graph.op(blame) if blame >= 0 else None
        if cap == 0 and row is not None:
            decided = "kink" if row.kink is not None else "edge"
        elif not np.isfinite(h):
            decided = "none"
        elif cap < 2 * h * max(map(abs, self.stencil.offsets)):
            decided = "cap"
        elif degree <= self.stencil.exact_degree:
            decided = "degree"
        else:
            decided = "spacing" if h <= 2 * spacing else "balance"
        words = ""
        if row is not None:
            what = row.name if row.name.isidentifier() else f"'{row.name.rstrip('z')}'"
            words = f"{what} at {graph.name(blame)} allows no more"
        return Factors(
            float(2 * c[0] / scale / scale), float(6 * c[1] / scale / scale / scale), degree,
            float(self.below[i]), spacing, run.format.name, cap, words, decided, bool(jets.exact[i]),
        )  # fmt: skip

    def _why(self, name: str, h: float, f: Factors) -> str:
        output = self.run.graph.name(self.run.graph.output)
        if f.decided == "degree":
            return f"{output} is of degree {f.degree:g} in {name}: exact at any size"
        if f.decided == "cap":
            return f"{power_of_two(h)} is as far as it goes: {f.capped_by}"
        if f.decided == "spacing":
            return f"{f.format} has no smaller nudge at {name}: its numbers are {f.spacing:.2g} apart there"
        order = self.stencil.exact_degree + 1
        derivative = f.second if order == 2 else f.third if order == 3 else 0.0
        about = "" if f.exact else "about "
        if derivative == 0:
            others = f"rounding {self.noise:.2g} and the higher derivatives of {output}"
            return f"{others} balance at {power_of_two(h)}"
        return (
            f"{primes(output, order)} = {about}{derivative:.3g} and rounding {self.noise:.2g} balance at"
            f" {power_of_two(h)}; nothing else limits it"
        )


def independent(run: Run, i: int, stencil: Stencil) -> Nudge:
    """The row of a node that J does not depend on."""
    v = float(run.value_array[i])
    adjoint = float(run.adjoint_array[i])
    name, output = run.graph.name(i), run.graph.name(run.graph.output)
    factors = Factors(
        0.0, 0.0, 0.0, 0.0, float(run.format.spacing(v)), run.format.name, np.inf, "", "independent"
    )
    h = float(2.0 ** np.floor(np.log2(abs(v)))) if v else 1.0
    return Nudge(
        name, v, h, stencil.name, 0.0, 0.0, 0.0, 0.0, adjoint, 0.0,
        Verdict.PASS if adjoint == 0 else Verdict.FAIL,
        f"{output} does not depend on {name}: every nudge gives exactly 0", factors,
    )  # fmt: skip
