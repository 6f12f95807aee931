"""What is known of a JAX function before it is computed: its loops, its draws, and how precise it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from ..formats import FORMATS, Format

LOOPS = {"scan", "while", "cond"}  # outside a compiled function JAX compiles them at each call
DRAWS = {"random_bits", "random_gamma", "rng_bit_generator", "rng_uniform", "threefry2x32"}
COMPILED = {"jit", "pjit"}  # the name has changed
FULL = ("highest", "float32", "F32_F32_F32", "F64_F64_F64")  # precisions of products
SHORT = {
    "bfloat16": 8,
    "BF16_BF16_BF16": 8,
    "BF16_BF16_F32": 8,
}  # bits; others have TF32's at least
BY_DEFAULT = {"gpu": ("TF32", 11), "cuda": ("TF32", 11), "rocm": ("TF32", 11), "tpu": ("bfloat16", 8)}


@dataclass(frozen=True)
class Steps:
    """What a function and its gradient are made of.

    Parameters
    ----------
    loops : bool
        Whether there are loops or branches outside a compiled function.
    draws : bool
        Whether random numbers may be drawn.
    forward, formats : frozenset of Format
        In which something is computed that depends on the arguments: by the function, and by its gradient
        too.
    """

    loops: bool = False
    draws: bool = False
    forward: frozenset[Format] = frozenset()
    formats: frozenset[Format] = frozenset()

    @classmethod
    def of(cls, forward: Any, whole: Any) -> Steps:
        """Those of a function's jaxpr, and of one that has its gradient too."""
        steps = [(step.primitive.name, inside) for step, inside, _ in _steps(forward)]
        return cls(
            loops=any(name in LOOPS and not inside for name, inside in steps),
            draws=any(name in DRAWS for name, _ in steps),
            forward=_formats(forward),
            formats=_formats(forward) | _formats(whole),
        )


def _formats(jaxpr: Any) -> frozenset[Format]:
    outputs = [v for step, _, depends in _steps(jaxpr) if depends for v in step.outvars]
    kinds = {str(getattr(v.aval, "dtype", "")) for v in outputs}
    return frozenset(FORMATS[kind] for kind in kinds if kind in FORMATS)


def _steps(jaxpr: Any) -> Iterator[tuple[Any, bool, bool]]:
    """(step, is it in a compiled function, does it depend on the arguments), of inner jaxprs too.

    Notes
    -----
    What goes round a loop counts as depending on the arguments if anything does that goes into the loop.
    """
    waiting: list[tuple[Any, bool, list[bool]]] = [(jaxpr, False, [True] * len(jaxpr.in_avals))]
    while waiting:
        part, inside, given = waiting.pop()
        known = {id(v) for v, depends in zip(_invars(part), given, strict=True) if depends}
        for step in part.eqns:
            own = [id(v) in known for v in step.invars]
            known |= {id(v) for v in step.outvars if any(own)}
            yield step, inside, any(own)
            name = step.primitive.name
            for held in jax.tree_util.tree_leaves(list(step.params.values())):
                if hasattr(held, "eqns"):
                    count = len(_invars(held))
                    one_by_one = count == len(own) and name not in LOOPS
                    waiting.append(
                        (held, inside or name in COMPILED, own if one_by_one else [any(own)] * count)
                    )


def _invars(jaxpr: Any) -> list[Any]:
    found: list[Any] = getattr(jaxpr, "jaxpr", jaxpr).invars
    return found


def _asked() -> str | None:
    found: str | None = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]  # made when it runs
    return found


def reduced(leaves: Sequence[Any]) -> tuple[str, int] | None:
    """How products of float32 are computed here if not in float32: what it is called, and the bits left."""
    kinds = {d.platform for leaf in leaves if isinstance(leaf, jax.Array) for d in leaf.devices()}
    there = [BY_DEFAULT[kind] for kind in sorted(kinds) if kind in BY_DEFAULT]
    asked = _asked()
    if not there or asked in FULL:
        return None  # a CPU computes in float32 whatever is asked for
    name, bits = there[-1] if asked in (None, "default") else (asked, SHORT.get(asked, 11))
    return f"{name} matrix products", bits


def precision_notes(leaves: Sequence[Any]) -> tuple[str, ...]:
    """What is to be said of the settings for products of float32."""
    asked = _asked()
    if asked is not None and asked not in FULL:
        return (f"JAX is set to compute float32 with {asked} matrix products",)
    less = reduced(leaves)
    return () if less is None else (f"by default JAX computes float32 with {less[0]} here",)
