"""Backpropagation from scratch: a graph of numbers, its derivatives, and a nudge to check each of them."""

import math
from itertools import count

SPACING = 2.0**-52  # between floats at 1


class Node:
    """A number in a graph: what it is computed from, and how much J changes with it."""

    numbers = count()

    def __init__(self, value, parents=(), rule=None, slopes=None):
        self.value = value
        self.parents = parents  # the nodes that it is computed from
        self.rule = rule  # their values -> this value
        self.slopes = slopes  # their values -> how many times as much this one changes, for each
        self.derivative = 0.0  # dJ/d(this), once `backward` was there
        self.number = next(Node.numbers)  # a node is made after all that it is computed from

    def __add__(self, other):
        return step(lambda x, z: x + z, lambda x, z: (1, 1), self, other)

    def __sub__(self, other):
        return step(lambda x, z: x - z, lambda x, z: (1, -1), self, other)

    def __mul__(self, other):
        return step(lambda x, z: x * z, lambda x, z: (z, x), self, other)

    def __truediv__(self, other):
        return step(lambda x, z: x / z, lambda x, z: (1 / z, -x / z**2), self, other)


def step(rule, slopes, *arguments):
    """One step forward: a new node, computed from others or from plain numbers."""
    parents = tuple(a if isinstance(a, Node) else Node(float(a)) for a in arguments)
    return Node(rule(*(p.value for p in parents)), parents, rule, slopes)


def exp(x):
    return step(math.exp, lambda v: (math.exp(v),), x)


def tanh(x):
    return step(math.tanh, lambda v: (1 - math.tanh(v) ** 2,), x)


def relu(x):
    return step(lambda v: max(v, 0.0), lambda v: (float(v > 0),), x)


def in_order(end):
    """All nodes that lead to `end`, from left to right."""
    found, todo = {end}, [end]
    while todo:
        new = set(todo.pop().parents) - found
        found |= new
        todo += new
    return sorted(found, key=lambda node: node.number)


def backward(end):
    """Fill in how `end` changes with every node, from right to left: each node is visited once."""
    nodes = in_order(end)
    for node in nodes:
        node.derivative = float(node is end)  # end goes up as much as itself
    for node in reversed(nodes):
        if node.parents:
            slopes = node.slopes(*(p.value for p in node.parents))
            for parent, slope in zip(node.parents, slopes, strict=True):
                parent.derivative += slope * node.derivative  # the chain rule, summed over all ways


def value_if(end, nudged, value):
    """What `end` is if one node has another value: everything is computed again."""
    now = {}
    for node in in_order(end):
        now[node] = node.rule(*(now[p] for p in node.parents)) if node.parents else node.value
        if node is nudged:
            now[node] = value
    return now[end]


def nudge(end, node, h=None):
    """The same derivative by trying: nudge one node up and down, see how far `end` moves."""
    h = h or SPACING ** (1 / 3) * max(1.0, abs(node.value))  # where h^2 and rounding / h are alike
    up, down = node.value + h, node.value - h
    return (value_if(end, node, up) - value_if(end, node, down)) / (up - down)


if __name__ == "__main__":
    w, x, b, y = Node(2.0), Node(-2.0), Node(8.0), Node(2.0)
    c = w * x
    a = c + b
    d = a - y
    J = d * d / 2
    backward(J)
    for name, node in zip("wxbycad", (w, x, b, y, c, a, d), strict=True):
        print(f"dJ/d{name} = {node.derivative:4.1f}, nudged by 0.001: {nudge(J, node, 0.001):8.5f}")
