"""What a mistake may be: "true = T(claimed)" for simple T, tried on slopes that are known already."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from ..formats import Array
from .blocks import leaves
from .localise import Measured, Probe
from .subject import Subject

SMALL = 12  # largest numerator and denominator of a factor that is named


def diagnosis(probe: Probe, m: Measured, made: Subject) -> str:
    """What turns the claimed gradient of a block into the true one; empty if nothing simple does."""
    if m.block.size == 1:
        return ""
    return _factor(m, made) or _rearranged(probe, m) or _missing(probe, m, made)


def _all(m: Measured, explained: list[float]) -> bool:
    """Whether a claim explains the slope along every pattern, within the bars."""
    true = [claimed + s for _, s, claimed in m.slopes]
    return all(abs(t - e) <= m.bar + 1e-7 * abs(t) for t, e in zip(true, explained, strict=True))


def _factor(m: Measured, made: Subject) -> str:
    """A factor near a small rational, or one over the length of some axis."""
    claims = [claimed for _, _, claimed in m.slopes]
    k = int(np.argmax(np.abs(claims)))
    if claims[k] == 0:
        return ""
    true = claims[k] + m.slopes[k][1]
    ratio = true / claims[k]
    names = {Fraction(p, q): "" for p in range(-SMALL, SMALL + 1) for q in range(1, SMALL + 1) if p}
    names |= {Fraction(n) ** power: "" for n in _lengths(made) for power in (1, -1)}
    for n in _examples(made):
        names[Fraction(1, n)] = f" (1/m lost, m = {n})"
        names[Fraction(n)] = f" (1/m once too often, m = {n})"
    close = min(names, key=lambda c: abs(float(c) - ratio))
    spread = m.bar / abs(claims[k]) + 1e-7 * abs(ratio)
    if abs(float(close) - ratio) > spread or close == 1:
        whole = Fraction(1 / ratio).limit_denominator(1) if ratio else Fraction(0)
        if not whole or abs(float(1 / whole) - ratio) > spread or abs(whole) > 1000:
            return ""
        close = 1 / whole
    if not _all(m, [float(close) * c for c in claims]):
        return ""
    return f"true = {_said(close)} x claimed{names.get(close, '')}"


def _said(c: Fraction) -> str:
    """0.25, or 1/3 where the decimals do not end soon."""
    text = f"{float(c):.6g}"
    return text if Fraction(text) == c else str(c)


def _lengths(made: Subject) -> set[int]:
    """The lengths of the axes of all arrays in x and args, and their products for one array."""
    found: set[int] = set()
    for block in made.blocks.items:
        found |= {n for n in (*block.shape, block.size) if n > 1}
    for argument in made.args:
        for _, leaf in leaves(argument):
            shape = getattr(leaf, "shape", ())
            found |= {int(n) for n in shape if n > 1}
    return found


def _examples(made: Subject) -> set[int]:
    """What m, the number of examples, can be: a length that two arrays in args share, as X and Y do.

    Of several the ones that no block of x has: those are widths of layers.
    """
    shapes = [getattr(leaf, "shape", ()) for argument in made.args for _, leaf in leaves(argument)]
    lengths = [{int(n) for n in shape if n > 2} for shape in shapes if shape]
    found = {n for k, one in enumerate(lengths) for other in lengths[k + 1 :] for n in one & other}
    if len(lengths) == 1:
        found = lengths[0]
    widths = {n for block in made.blocks.items for n in block.shape}
    return found if len(found) == 1 else found - widths


def _rearranged(probe: Probe, m: Measured) -> str:
    """The claim transposed, or flipped along its last two axes."""
    block = m.block
    claim = probe.claim[block.span].reshape(block.shape)
    tried: list[tuple[str, Any]] = []
    if len(block.shape) >= 2 and block.shape[-1] == block.shape[-2]:
        tried.append(("transposed", np.swapaxes(claim, -1, -2)))
    if len(block.shape) >= 2:
        tried.append(("kernel flipped", claim[..., ::-1, ::-1]))
    tried.append(("sign of every entry", -claim))
    for name, other in tried:
        explained = [_along(probe, pattern, block.span, other) for pattern, _, _ in m.slopes]
        if _all(m, explained):
            return name
    return ""


def _along(probe: Probe, pattern: Array, span: slice, other: Any) -> float:
    return float(other.ravel() @ (pattern * probe.scale)[span])


def _missing(probe: Probe, m: Measured, made: Subject) -> str:
    """A multiple of the parameter itself that the claim lacks."""
    own = [
        float(made.x[m.block.span] @ (pattern * probe.scale)[m.block.span]) for pattern, _, _ in m.slopes
    ]
    k = int(np.argmax(np.abs(own)))
    if own[k] == 0:
        return ""
    c = m.slopes[k][1] / own[k]
    spread = m.bar / abs(own[k])
    if not math.isfinite(c) or spread > 1e-2 * abs(c):
        return ""
    simple = [_round(c * n) / n for n in (1, *_lengths(made))]  # 0.1, or 0.7 / m
    c = min(simple, key=lambda near: abs(near - c))
    if abs(c - m.slopes[k][1] / own[k]) > spread:
        return ""
    if not _all(m, [claimed + c * o for (_, _, claimed), o in zip(m.slopes, own, strict=True)]):
        return ""
    return f"missing {c:.6g} x parameter: an L2 term?"


def _round(c: float) -> float:
    """`c` to two digits: what people choose."""
    return float(f"{c:.1e}")
