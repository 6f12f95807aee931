"""The exercises that come with the lab: the graphs of a well-known course, each as one line of text."""

from __future__ import annotations

from collections.abc import Mapping

LAB, NOTES, SLOPES = "the course lab", "the course notes", "the course's derivative lab"

COURSE: Mapping[str, tuple[str, str, str]] = {  # id: title, source, text
    "nw0": ("Two nodes: J = (2 + 3w)²", LAB, "a = 2 + 3*w; J = a**2 | w=3"),
    "nw1": (
        "One linear unit, squared error",
        LAB,
        "c = w*x; a = c + b; d = a - y; J = d**2/2 | x=2 w=-2 b=8 y=1 | fixed x y",
    ),
    "lecture": (
        "One linear unit, the lecture's values",
        NOTES,
        "c = w*x; a = c + b; d = a - y; J = d**2/2 | x=-2 w=2 b=8 y=2 | fixed x y",
    ),
    "relu2": (
        "Larger network: two ReLU units",
        NOTES,
        "t1 = w1*x; z1 = t1 + b1; a1 = relu(z1); t2 = w2*a1; z2 = t2 + b2; a2 = relu(z2); d = a2 - y;"
        " J = d**2/2 | x=1 y=5 w1=2 b1=0 w2=3 b2=1 | fixed x y",
    ),
    "nw2": (
        "Logistic unit, squared error",
        LAB,
        "d = x0*w0; e = x1*w1; f = d + e + b; g = -f; h = exp(g); i = h + 1; a = 1/i; k = y - a; L = k**2"
        " | x0=1 x1=2 w0=-2 w1=3 b=-4 y=1 | fixed x0 x1 y",
    ),
    "jabc": ("J = 3(a + bc), the forum's question", NOTES, "u = b*c; v = a + u; J = 3*v | a=5 b=3 c=2"),
    "d-sq-3": ("J = w² at w = 3", SLOPES, "J = w**2 | w=3"),
    "d-sq--3": ("J = w² at w = -3", SLOPES, "J = w**2 | w=-3"),
    "d-sq-2": ("J = w² at w = 2", SLOPES, "J = w**2 | w=2"),
    "d-lin2-3": ("J = 2w at w = 3", SLOPES, "J = 2*w | w=3"),
    "d-lin2--3": ("J = 2w at w = -3", SLOPES, "J = 2*w | w=-3"),
    "d-cube-2": ("J = w³ at w = 2", SLOPES, "J = w**3 | w=2"),
    "d-id-2": ("J = w at w = 2", SLOPES, "J = 1*w | w=2"),
    "d-inv-2": ("J = 1/w at w = 2", SLOPES, "J = 1/w | w=2"),
    "d-inv2-4": ("J = 1/w² at w = 4", SLOPES, "J = 1/w**2 | w=4"),
}

FUNCTIONS = ("d-sq-3", "d-lin2-3", "d-cube-2", "d-id-2", "d-inv-2", "d-inv2-4")  # one click away on Slope

Unit = tuple[str, str, str]  # what a unit computes, its activation, its result

NETWORKS: Mapping[str, tuple[tuple[str, ...], tuple[Unit, ...], str]] = {  # id: inputs, units, target
    "nw1": (("x",), (("wx + b", "g(z) = z", "a"),), "y"),
    "lecture": (("x",), (("wx + b", "g(z) = z", "a"),), "y"),
    "relu2": (("x",), (("w₁x + b₁", "relu", "a₁"), ("w₂a₁ + b₂", "relu", "a₂")), "y"),
    "nw2": (("x₀", "x₁"), (("w₀x₀ + w₁x₁ + b", "g(z) = 1/(1 + e⁻ᶻ)", "a"),), "y"),
}
