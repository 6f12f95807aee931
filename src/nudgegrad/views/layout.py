"""Where the named nodes of a graph stand in a picture: in layers from left to right and rows from the top.

The layered method (Sugiyama, Tagawa & Toda 1981): layers, an order in each layer that crosses few edges,
then rows. Here the chain of operations is to be a straight line with the given values hanging below it, so
rows are decided by rank: statements first, then edges between statements that pass a layer, then inputs.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from ..graphs.graph import INPUT, Graph

BENDS, BENDS_A_NODE = 5_000, 8  # most bends of all edges, and so many more a node; the longest go without
SWEEPS = 12  # over all layers, to find the order
PATIENCE = 3  # sweeps without fewer crossings after which the order is as good as it gets
PASSES = 6  # over all layers, neighbours exchanged where that helps
SMALL = 1_600  # nodes and bends that are ordered in one go; fewer are tried several times
LARGE = 5_000  # nodes and bends from which on there are only a few sweeps and no exchanges
FEW = 2
ALIGNMENTS = 4  # sweeps over all layers, to find the rows
HALF, HALF_BEND = 0.5, 0.125  # half the height of a node and of a passing edge, in rows
GRID = 256  # rows are multiples of its reciprocal
STATEMENT, PASSING, GIVEN, PASSING_GIVEN = 3, 2, 1, 0  # ranks: who makes room for whom

Point = tuple[int, float]
Lists = list[list[int]]


@dataclass(frozen=True)
class Edge:
    """An edge of a layout.

    Parameters
    ----------
    start, end : str
        The operand and the statement that takes it.
    via : tuple of (int, float)
        Layer and row of each layer that it passes, from left to right; all of them or none.
    """

    start: str
    end: str
    via: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Places for the named nodes of a graph.

    Parameters
    ----------
    at : mapping of str to (int, float)
        Layer and row of each node, in the order of the program. The output is in row 0; what is above it
        has a negative row. Nodes of a layer are at least one row apart.
    edges : tuple of Edge
        Each pair of operand and statement once, in the order of the text.
    """

    at: Mapping[str, Point]
    edges: tuple[Edge, ...]

    @cached_property
    def layers(self) -> int:
        """How many layers there are; they count from 0."""
        return 1 + max((layer for layer, _ in self.at.values()), default=-1)


def layout(graph: Graph, without: Collection[str] = ()) -> Layout:
    """The places of the named nodes of a graph, and of the bends of the edges between them.

    Parameters
    ----------
    graph : Graph
    without : collection of str
        Names of nodes that are left out with their edges.

    Returns
    -------
    Layout

    Raises
    ------
    NodeError
        If one of `without` is no node.

    Notes
    -----
    A statement's layer is the length of the longest path of statements to it; where later is nearer to its
    users and not farther from its operands, it is later. An input stands right before its first user. Each
    sweep costs O(E log V) in the nodes and bends V and the edges E between neighbouring layers. Edges from
    one node share their bends. All edges together have `BENDS` bends and `BENDS_A_NODE` for each node: what
    is given up beyond that is that the longest edges have none, are not counted as crossing anything, and
    may pass through nodes. From `LARGE` nodes and bends on, the order is that of the first few sweeps. The
    same graph always gets the same layout.

    References
    ----------
    Sugiyama, Tagawa & Toda 1981. Barth, Jünger & Mutzel 2004 (crossings counted in O(E log V)).

    Examples
    --------
    >>> import nudgegrad as ng
    >>> layout(ng.graph("c = w*x; a = c + b; J = a**2")).at
    {'w': (0, 0.0), 'x': (0, 1.0), 'c': (1, 0.0), 'b': (1, 1.0), 'a': (2, 0.0), 'J': (3, 0.0)}
    """
    left_out = {graph.index(name) for name in without}
    nodes = [i for i in graph.names if i not in left_out]
    number = {i: v for v, i in enumerate(nodes)}
    operands = [[number[j] for j in found if j in number] for found in _named_operands(graph, nodes)]
    given = [int(graph.codes[i]) == INPUT for i in nodes]
    net = _Net(operands, given, number.get(graph.output))
    order = _ordered(net)
    rows = _rows(net, order)
    names = [graph.names[i] for i in nodes]
    at = {name: (net.layer[v], rows[v]) for v, name in enumerate(names)}
    edges = tuple(
        Edge(names[j], names[v], tuple((net.layer[b], rows[b]) for b in net.bends(j, v)))
        for v, found in enumerate(operands)
        for j in found
    )
    return Layout(at, edges)


def crossings(layout: Layout) -> int:
    """How often two edges cross, each drawn straight from layer to layer; common bends count once.

    Parameters
    ----------
    layout : Layout

    Notes
    -----
    Edges that pass layers without bends are left out.
    """
    between: dict[int, set[tuple[float, float]]] = {}
    for edge in layout.edges:
        points = [layout.at[edge.start], *edge.via, layout.at[edge.end]]
        if len(points) == points[-1][0] - points[0][0] + 1:
            for (layer, row), (_, next_row) in pairwise(points):
                between.setdefault(layer, set()).add((row, next_row))
    return sum(_inversions(end for _, end in sorted(found)) for found in between.values())


def _inversions(numbers: Iterable[float]) -> int:
    """How many pairs of numbers stand in falling order."""
    seen: list[float] = []
    found = 0
    largest = -math.inf
    for x in numbers:
        if x >= largest:
            seen.append(x)
            largest = x
        else:
            place = bisect_right(seen, x)
            found += len(seen) - place
            seen.insert(place, x)
    return found


def _named_operands(graph: Graph, nodes: Iterable[int]) -> Lists:
    """For each node the named nodes that stand in it, each once, in the order of the text."""
    operands = graph.operands.tolist()
    names = graph.names
    lists = []
    for i in nodes:
        found: dict[int, None] = {}
        inside: set[int] = set()
        todo = operands[i][::-1]
        while todo:
            k = todo.pop()
            if k in names:
                found[k] = None
            elif k >= 0 and k not in inside:
                inside.add(k)
                todo += operands[k][::-1]
        lists.append(list(found))
    return lists


# Layers


class _Net:
    """Nodes and bends as vertices 0, 1, ..., each with its layer and its neighbours to the left and right.

    Parameters
    ----------
    operands : list of lists of int
    given : list of bool
        Which nodes are inputs.
    output : int, optional
    """

    def __init__(self, operands: Lists, given: list[bool], output: int | None) -> None:
        self.nodes = len(operands)
        self.operands = operands
        self.output = output
        self.users: Lists = [[] for _ in operands]
        for v, found in enumerate(operands):
            for j in found:
                self.users[j].append(v)
        self.layer = _layers(operands, self.users, given)
        self.rank = [GIVEN if is_given else STATEMENT for is_given in given]
        self.left: Lists = [[] for _ in operands]
        self.right: Lists = [[] for _ in operands]
        self.trunks: Lists = [[] for _ in operands]
        self._connect()

    def _connect(self) -> None:
        """Join neighbours; an edge over several layers gets bends, as long as there are some left."""
        layer = self.layer
        reach = [0] * self.nodes
        left_over = BENDS + BENDS_A_NODE * self.nodes
        spans = [(layer[v] - layer[j], v, j) for v, found in enumerate(self.operands) for j in found]
        joined = []
        for span, v, j in sorted(spans):
            left_over -= span - 1
            if left_over < 0:
                break
            reach[j] = span - 1
            joined.append((v, j))
        for j in range(self.nodes):
            self._grow(j, reach[j])
        for v, j in sorted(joined):
            k = layer[v] - layer[j] - 1
            last = self.trunks[j][k - 1] if k else j
            self.right[last].append(v)
            self.left[v].append(last)

    def _grow(self, j: int, bends: int) -> None:
        """Give node `j` a trunk of so many bends to its right."""
        last = j
        rank = PASSING_GIVEN if self.rank[j] == GIVEN else PASSING
        for _ in range(bends):
            bend = len(self.layer)
            self.layer.append(self.layer[last] + 1)
            self.rank.append(rank)
            self.left.append([last])
            self.right.append([])
            self.right[last].append(bend)
            self.trunks[j].append(bend)
            last = bend

    def bends(self, j: int, v: int) -> Sequence[int]:
        """The bends of the edge from node `j` to node `v`, empty if it goes without."""
        passed = self.layer[v] - self.layer[j] - 1
        trunk = self.trunks[j]
        return trunk[:passed] if passed <= len(trunk) else ()


def _layers(operands: Lists, users: Lists, given: list[bool]) -> list[int]:
    """The layer of each node."""
    layer = [0] * len(operands)
    taken = [[j for j in found if not given[j]] for found in operands]
    statements = [v for v, is_given in enumerate(given) if not is_given]
    for v in statements:
        layer[v] = 1 + max((layer[j] for j in taken[v]), default=0)
    for v in reversed(statements):  # as late as is not farther from more
        if len(users[v]) >= max(1, len(taken[v])):
            layer[v] = min(layer[u] - 1 for u in users[v])
    for v in statements:  # and of that as early
        if len(taken[v]) >= max(1, len(users[v])):
            layer[v] = 1 + max(layer[j] for j in taken[v])
    for v, is_given in enumerate(given):
        if is_given:
            layer[v] = min((layer[u] - 1 for u in users[v]), default=0)
    first = min(layer, default=0)
    return [one - first for one in layer]


# Order


def _ordered(net: _Net) -> Lists:
    """The vertices of each layer from top to bottom, so that few edges cross."""
    as_read = _as_read(net)
    best, fewest = as_read, math.inf
    in_order = [sorted(layer) for layer in as_read]
    for tries, (start, rightwards) in enumerate(
        [(as_read, True), (as_read, False), (in_order, True), (in_order, False)]
    ):
        if tries and (not fewest or (tries + 1) * len(net.layer) > SMALL):
            break
        order, found = _improved(net, start, rightwards)
        if found < fewest:
            best, fewest = order, found
    return best


def _improved(net: _Net, order: Lists, rightwards: bool) -> tuple[Lists, int]:
    """A better order after sweeps to and fro, and how many edges cross in it."""
    large = len(net.layer) >= LARGE
    place = _places(order, len(net.layer))
    best, fewest, waited = order, _crossings(order, net.right, place), 0
    for sweep in range(FEW if large else SWEEPS):
        if not fewest or waited == PATIENCE:
            break
        order = _swept(net, order, place, rightwards == (sweep % 2 == 0))
        found = _crossings(order, net.right, place)
        waited = waited + 1 if found >= fewest else 0
        if found < fewest:
            best, fewest = order, found
    if fewest and not large:
        best = _exchanged(net, best)
        fewest = _crossings(best, net.right, _places(best, len(net.layer)))
    return best, fewest


def _as_read(net: _Net) -> Lists:
    """A first order: from the output to the left, statements before given values, as the text has them.

    A graph that is a tree has no crossing in it.
    """
    layers: Lists = [[] for _ in range(1 + max(net.layer, default=-1))]
    seen = [False] * len(net.layer)
    sinks = [v for v in range(net.nodes) if not net.right[v]]
    todo = [*reversed(sinks), *([] if net.output is None else [net.output])]
    while todo:
        v = todo.pop()
        if not seen[v]:
            seen[v] = True
            layers[net.layer[v]].append(v)
            near = net.left[v][::-1]
            todo += [u for u in near if net.rank[u] < PASSING] + [u for u in near if net.rank[u] >= PASSING]
    return layers


def _places(order: Lists, count: int) -> list[int]:
    place = [0] * count
    for layer in order:
        for k, v in enumerate(layer):
            place[v] = k
    return place


def _swept(net: _Net, order: Lists, place: list[int], rightwards: bool) -> Lists:
    """Each layer sorted by the mean place of the neighbours in the layer before it; updates `place`."""
    towards = net.left if rightwards else net.right
    mean: list[float] = [0.0] * len(place)
    swept = list(order)
    for k in range(1, len(order)) if rightwards else range(len(order) - 2, -1, -1):
        moving = [v for v in order[k] if towards[v]]
        for v in moving:
            near = towards[v]
            mean[v] = place[near[0]] if len(near) == 1 else sum([place[u] for u in near]) / len(near)
        moving.sort(key=mean.__getitem__)
        if len(moving) < len(order[k]):
            ranked = iter(moving)
            moving = [next(ranked) if towards[v] else v for v in order[k]]  # the others keep their places
        for position, v in enumerate(moving):
            place[v] = position
        swept[k] = moving
    return swept


def _crossings(order: Lists, right: Lists, place: list[int]) -> int:
    found = 0
    for layer in order:
        ends: list[int] = []
        for v in layer:
            near = right[v]
            if len(near) > 1:
                ends += sorted([place[u] for u in near])
            elif near:
                ends.append(place[near[0]])
        found += _inversions(ends)
    return found


def _exchanged(net: _Net, order: Lists) -> Lists:
    """The order after exchanging neighbours in a layer wherever fewer edges cross then."""
    order = [list(layer) for layer in order]
    place = _places(order, len(net.layer))
    stale = set(range(len(order)))
    for _ in range(PASSES):
        for k in sorted(stale):
            stale.discard(k)
            if _exchanged_in(order[k], net, place):
                stale.update(n for n in (k - 1, k, k + 1) if 0 <= n < len(order))
        if not stale:
            break
    return order


def _exchanged_in(layer: list[int], net: _Net, place: list[int]) -> bool:
    """Exchange neighbours of one layer where that helps; whether it did."""
    lefts = {v: sorted([place[u] for u in net.left[v]]) for v in layer}
    rights = {v: sorted([place[u] for u in net.right[v]]) for v in layer}
    changed = False
    for k in range(len(layer) - 1):
        v, w = layer[k], layer[k + 1]
        if _gain(lefts[v], lefts[w]) + _gain(rights[v], rights[w]) > 0:
            layer[k], layer[k + 1] = w, v
            place[v], place[w] = k + 1, k
            changed = True
    return changed


def _gain(first: list[int], second: list[int]) -> int:
    """How many crossings fewer there are if the second goes first."""
    if first and second and first[-1] < second[0]:
        return -len(first) * len(second)
    return sum([bisect_left(second, x) + bisect_right(second, x) for x in first]) - len(first) * len(second)


# Rows


def _rows(net: _Net, order: Lists) -> list[float]:
    """The row of each vertex, the order in each layer kept."""
    rows = [0.0] * len(net.layer)
    depths = [_depths(net, layer) for layer in order]
    for layer, depth in zip(order, depths, strict=True):
        for v, d in zip(layer, depth, strict=True):
            rows[v] = d - depth[-1] / 2
    rightwards = range(len(order))
    for sweep in range(ALIGNMENTS):
        towards = net.right if sweep % 2 else net.left
        for k in reversed(rightwards) if sweep % 2 else rightwards:
            _align(net, order[k], depths[k], rows, towards)
    _straighten(net, order, rows)
    for layer in order:
        _hang(net, layer, rows)
    zero = 0.0 if net.output is None else rows[net.output]
    return [row - zero for row in rows]


def _depths(net: _Net, layer: list[int]) -> list[float]:
    """How far below the first each vertex of a layer stands if there is no empty room."""
    depths: list[float] = []
    for k, v in enumerate(layer):
        before = depths[-1] + _half(net, layer[k - 1]) + _half(net, v) if k else 0.0
        depths.append(before)
    return depths


def _half(net: _Net, v: int) -> float:
    return HALF if v < net.nodes else HALF_BEND


def _align(net: _Net, layer: list[int], depths: list[float], rows: list[float], towards: Lists) -> None:
    """Move a layer to the rows of its neighbours on one side.

    Isotonic regression by pooling adjacent violators (Barlow et al. 1972), with a weight for each rank
    that is infinitely larger than that of the rank below: in a pool only its highest rank is heard.
    """
    pools: list[tuple[int, float, int, int]] = []  # rank, sum of the wanted rows, how many, of how many
    for v, depth in zip(layer, depths, strict=True):
        rank = net.rank[v]
        wanted, count, size = _wanted(net, v, rows, towards) - depth, 1, 1
        while pools and pools[-1][1] * count > wanted * pools[-1][2]:
            other, total, voices, many = pools.pop()
            if other > rank:
                rank, wanted, count = other, total, voices
            elif other == rank:
                wanted, count = wanted + total, count + voices
            size += many
        pools.append((rank, wanted, count, size))
    k = 0
    for _, wanted, count, size in pools:
        row = _on_grid(wanted / count)
        for _ in range(size):
            rows[layer[k]] = row + depths[k]
            k += 1


def _on_grid(row: float) -> float:
    """The nearest row of those that can be added and subtracted without rounding."""
    return round(row * GRID) / GRID


def _wanted(net: _Net, v: int, rows: list[float], towards: Lists) -> float:
    """The mean row of the neighbours of the highest rank; the own row where a statement has no such. A bend
    wants to stand where the next bend of its edge does."""
    if v >= net.nodes:
        for u in towards[v]:
            if u >= net.nodes:
                return rows[u]
    best, total, count = (PASSING - 1 if net.rank[v] >= PASSING else -1), 0.0, 0
    for u in towards[v]:
        rank = net.rank[u]
        if rank > best:
            best, total, count = rank, rows[u], 1
        elif rank == best:
            total, count = total + rows[u], count + 1
    return total / count if count else rows[v]


def _straighten(net: _Net, order: Lists, rows: list[float]) -> None:
    """Draw edges that pass several layers in one row where there is one."""
    trunks = sorted((t for t in net.trunks if len(t) > 1), key=lambda t: rows[t[0]])
    above, below = [-1] * len(rows), [-1] * len(rows)
    for layer in order:
        for v, w in pairwise(layer):
            above[w], below[v] = v, w
    for trunk in (*trunks, *reversed(trunks)):
        room_above = [rows[above[v]] + _half(net, above[v]) for v in trunk if above[v] >= 0]
        room_below = [rows[below[v]] - _half(net, below[v]) for v in trunk if below[v] >= 0]
        first = max(room_above, default=-math.inf) + HALF_BEND
        last = min(room_below, default=math.inf) - HALF_BEND
        if first <= last:
            row = min(max(_on_grid(sum([rows[v] for v in trunk]) / len(trunk)), first), last)
            for v in trunk:
                rows[v] = row


def _hang(net: _Net, layer: list[int], rows: list[float]) -> None:
    """Where a layer is nothing but an even number of inputs of one statement, one of them stands in its row
    and more hang below than above."""
    users = {u for v in layer for u in net.right[v]}
    if len(layer) % 2 == 0 and len(users) == 1 and all(net.rank[v] == GIVEN for v in layer):
        for v in layer:
            rows[v] += HALF
