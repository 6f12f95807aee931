"""JAX functions and pytrees in the check, and the drop-in for jax.test_util.check_grads."""

import dataclasses
import functools
import inspect
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.checks.result import Code
from nudgegrad.errors import UsageError
from nudgegrad.frameworks import jax as adapter
from nudgegrad.frameworks import jax_steps
from nudgegrad.frameworks.jax import check_grads, subject_of

from .jax_functions import CASES, WRONG, made, rule, with_x64

F32, F16, BF16 = "float32", "float16", "bfloat16"
CONFIG: Any = jax.config  # its attributes are made at run time


@pytest.fixture(autouse=True)
def nothing_is_left_changed():
    """Every test of this file asserts it: the configuration and the random states stay."""
    before = configuration()
    yield
    assert configuration() == before


def configuration():
    return (
        dict(CONFIG.values),
        CONFIG.jax_enable_x64,
        CONFIG.jax_default_matmul_precision,
        random.getstate(),
        np.random.get_state(legacy=False)["state"]["key"].tobytes(),  # noqa: NPY002 - what users may use
    )


def points(n=8, dtype=F32):
    return jnp.linspace(-1, 1, n, dtype=dtype)


def only(dtype, f):
    """f as a kernel that exists for one format."""

    def kernel(*arguments):
        for leaf in jax.tree_util.tree_leaves(arguments):
            if leaf.dtype != dtype:
                raise TypeError(f"no kernel for {leaf.dtype}")
        return f(*arguments)

    return kernel


def failed(found):
    return tuple(name for name, block in found.blocks.items() if block.verdict == "fail")


wave = rule(lambda x: 1e-8 * jnp.sin(x), lambda g, x: (g * 68e-8 * jnp.cos(x),))  # 68 times too much


# Functions with hand-written backwards


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_right_backward_passes(case):
    right = rule(case.forward, case.right)
    for dtype, seed in (("float64", 0), ("float64", 1), (F32, 2)):
        found = ng.check(right, case.inputs(dtype, seed))
        assert found, found
        assert found.format == {"float64": "float64", F32: "float32 as float64"}[dtype]
        assert not CONFIG.jax_enable_x64


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_right_kernel_for_float32_only_is_checked_there(case):
    right = only(F32, rule(case.forward, case.right))
    for seed in (0, 1):
        found = ng.check(right, case.inputs(F32, seed))
        assert found, found
        assert found.format == F32


@pytest.mark.parametrize("dtype", [F16, BF16])
@pytest.mark.parametrize("name", ["exp", "dense"])
def test_16_bits(name, dtype):
    case = next(case for case in CASES if case.name == name)
    right = rule(case.forward, case.right)
    found = ng.check(right, case.inputs(dtype))
    assert found, found
    assert found.format == f"{dtype} as float64"
    for backward, blocks in case.wrong.values():
        assert failed(ng.check(rule(case.forward, backward), case.inputs(dtype))) == blocks
    itself = ng.check(only(dtype, right), case.inputs(dtype))
    assert itself.verdict != "fail", itself
    assert itself.format == dtype


@pytest.mark.parametrize(("case", "name"), WRONG, ids=[f"{case.name}-{name}" for case, name in WRONG])
def test_a_wrong_backward_fails_and_its_block_is_named(case, name):
    backward, blocks = case.wrong[name]
    wrong = rule(case.forward, backward)
    assert failed(ng.check(wrong, case.inputs())) == blocks
    assert failed(ng.check(wrong, case.inputs(F32))) == blocks
    found = ng.check(only(F32, wrong), case.inputs(F32))
    assert (failed(found), found.format) == (blocks, F32)


def test_there_are_as_many_functions_and_mistakes_as_promised():
    assert (len(CASES), len(WRONG)) == (10, 15)


def test_a_mistake_is_named():
    case = next(case for case in CASES if case.name == "dense")
    found = ng.check(rule(case.forward, case.wrong["bias averaged"][0]), case.inputs())
    assert found.diagnosis == ("x[0].b: true = 4 x claimed",)
    assert {name: block.verdict.value for name, block in found.blocks.items()} == {
        "x[0].W": "pass",
        "x[0].b": "fail",
        "x[1]": "pass",
    }


def test_a_wrong_entry_is_found():
    def backward(g, x):
        return (2 * g * x.at[2, 3].multiply(1.01),)

    found = ng.check(rule(lambda x: x * x, backward), (made((5, 7), F32),))
    (wrong,) = found.wrong
    assert (wrong.block, wrong.index) == ("x[0]", (2, 3))


def test_backwards_that_jax_accepts_and_rejects():
    x = jnp.array(1.0)
    with with_x64(True):
        jax.test_util.check_grads(wave, (jnp.array(1.0),), order=1, modes=["rev"])
        with pytest.raises(AssertionError):
            jax.test_util.check_grads(lambda x: jnp.sin(1e5 * x), (jnp.linspace(-1.0, 1.0, 6),), order=1)
    found = ng.check(wave, (x,))
    assert found.verdict == "fail"
    (wrong,) = found.wrong
    assert abs(wrong.measured - 1e-8 * np.cos(1.0)) <= wrong.bar
    assert ng.check(lambda x: jnp.sin(1e5 * x), (made((8,)),))


@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong"])
def test_custom_jvp_rules_give_the_claim_as_well(wrong):
    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(
        lambda primals, tangents: (cube(*primals), (4 if wrong else 3) * primals[0] ** 2 * tangents[0])
    )
    assert bool(ng.check(cube, (points(),))) is not wrong


def test_symbolic_zeros_and_nones_in_rules():
    @jax.custom_vjp
    def pair(x, n, y):
        return x * n, jnp.sin(y)

    def forward(x, n, y):
        return pair(x.value, n.value, y.value), (n.value, y.value)

    def backward(saved, g):
        n, y = saved
        first = None if isinstance(g[0], jax.custom_derivatives.SymbolicZero) else g[0] * n
        return first, None, g[1] * jnp.cos(y)

    pair.defvjp(forward, backward, symbolic_zeros=True)
    x, n = points(), jnp.arange(8)
    assert ng.check(pair, (x, n, x + 2))
    assert list(ng.check(lambda x, y: pair(x, n, y)[1], (x, x + 2)).blocks) == ["x[0]", "x[1]"]


def test_what_jax_does_not_see_fails():
    assert ng.check(lambda x: jax.lax.stop_gradient(jnp.sin(x)), points()).verdict == "fail"
    found = ng.check(lambda x, w: x * jax.lax.stop_gradient(w), (points(), points()))
    assert failed(found) == ("x[1]",)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (rule(jnp.exp, lambda g, _: (g.sum(),)), "ValueError: Custom VJP bwd rule"),
        (rule(jnp.exp, lambda g, _: (g, g)), "TypeError: Custom VJP bwd rule"),
        (np.sin, "TracerArrayConversionError"),
    ],
    ids=["shape", "count", "NumPy"],
)
def test_a_backward_that_raises_fails_with_what_it_raised(f, said):
    found = ng.check(f, (points(),))
    assert (found.verdict, found.reason.code) == ("fail", Code.BACKWARD_RAISES)
    assert said in found.reason


def test_what_f_raises_is_raised():
    with pytest.raises(TypeError, match="contracting dimensions"):
        ng.check(jnp.matmul, (jnp.ones((2, 3)), jnp.ones((2, 3))))
    f = subject_of(lambda p: p["nothing"], {"W": points()})
    for ask in (f.value, f.claim):
        with pytest.raises(KeyError, match="nothing"):
            ask(f.x)


def test_f_that_changes_its_argument_is_found():
    def doubled(p):
        p["W"] = 2 * p["W"]
        return p["W"]

    params = {"V": points(), "W": points()}
    found = ng.check(doubled, params)
    assert (found.verdict, found.reason.code) == ("inconclusive", Code.CHANGES_ARGUMENT)
    assert found.reason.endswith(": W")
    assert ng.check(lambda p: p.pop("W"), params).reason.code == Code.CHANGES_ARGUMENT
    assert list(params) == ["V", "W"]
    assert jnp.array_equal(params["W"], points())


def test_no_number_is_inconclusive():
    assert ng.check(jnp.log, -1 - points() ** 2).reason.code == Code.NOT_FINITE
    assert ng.check(lambda x: (x > 0).sum(), points()).reason.code == Code.NOT_SCALAR


def test_f_with_a_state_is_not_judged():
    calls = iter(range(1000))
    assert ng.check(lambda x: jnp.sin(x) * next(calls), points()).verdict == "inconclusive"

    f = subject_of(lambda x: jax.lax.cond(x[0] < 0, jnp.sin, jnp.cos, x) * next(calls), points())
    assert len({f.value(f.x) for _ in range(3)}) == 3, "it must not be compiled"


# What goes in and comes out


class Pair(NamedTuple):
    a: Any
    b: Any


@functools.partial(jax.tree_util.register_dataclass, data_fields=["W", "b"], meta_fields=["name"])
@dataclasses.dataclass
class Layer:
    W: Any
    b: Any
    name: str = "layer"


@jax.tree_util.register_pytree_node_class
class Box:
    def __init__(self, held):
        self.held = held

    def tree_flatten(self):
        return [self.held], None

    @classmethod
    def tree_unflatten(cls, _, children):
        return cls(*children)


def test_structures_give_the_blocks_their_names():
    w, b = made((3, 4), F32), made((4,), F32)

    def names(f, x):
        found = ng.check(f, x)
        assert found, found
        return list(found.blocks)

    assert names(jnp.exp, b) == ["x"]
    assert names(lambda p: p["w"] @ p["b"], {"w": w, "b": b}) == ["b", "w"]
    assert names(lambda p: p["w"] @ p["b"], ({"w": w, "b": b},)) == ["x[0].b", "x[0].w"]
    assert names(lambda p: p[0] @ p[1], [w, b]) == ["x[0]", "x[1]"]
    assert names(lambda p: p["layers"][0]["W"] @ p["layers"][1], {"layers": [{"W": w}, b]}) == [
        "layers[0].W",
        "layers[1]",
    ]
    assert names(lambda p: p.a * p.b, Pair(b, b + 1)) == ["a", "b"]
    assert names(lambda layer: w.T @ layer.W @ layer.b, Layer(w, b)) == ["W", "b"]
    assert names(lambda p, box: p.W @ box.held[0], (Layer(w, None), Box([b]))) == ["x[0].W", "x[1][0][0]"]
    assert names(lambda p: p[3] * 2, {3: b}) == ["3"]


def test_what_holds_no_floats_is_passed_through():
    seen = []

    def f(p, scale):
        kinds = (type(p["name"]), p["n"], p["mask"].dtype, p["k"].dtype, p["none"])
        seen.append(kinds)
        return (p["x"][p["k"]] * scale)[p["mask"]] * jax.random.uniform(p["key"], (2,), F32)

    x = {
        "x": points(),
        "k": np.array([0, 1, 2]),
        "mask": jnp.array([True, False, True]),
        "n": 3,
        "name": "name",
        "none": None,
        "key": jax.random.key(0),
    }
    x["mask"] = np.array([True, False, True])  # one that is known while JAX traces
    found = ng.check(f, x, args=(jnp.ones(3),))
    assert found, found
    assert list(found.blocks) == ["x"]
    assert set(seen) == {(str, 3, np.dtype(bool), np.dtype(int), None)}
    assert found.format == "float32 as float64"


def test_numbers_of_numpy_and_python_count_as_jax_takes_them():
    found = ng.check(lambda x, y, s: x * y * s, (points(), np.linspace(0, 1, 8), 0.5))
    assert found
    assert (list(found.blocks), found.format) == (["x[0]", "x[1]", "x[2]"], "float32 as float64")
    for weak in (2.0, jnp.asarray(2.0), jnp.full(8, 2.0)):  # then a product with bfloat16 stays short
        short = subject_of(lambda x, s: only(BF16, jnp.sin)(x * s), (points(dtype=BF16), weak))
        assert isinstance(short.value(short.x), float)


def test_outputs_may_be_anything():
    square = next(case for case in CASES if case.name == "square")
    for backward in (square.right, square.wrong["scale"][0]):
        f = rule(square.forward, backward)
        found = ng.check(lambda x, f=f: (jnp.exp(x), {"y": f(x), "n": x.argmax(), "s": "said"}), points())
        assert bool(found) is (backward is square.right)
    assert ng.check(jnp.fft.rfft, points())
    assert ng.check(lambda x: (x[:0], jnp.sin(x)), points())
    assert ng.check(rule(jnp.exp, lambda g, x: (abs(g) * jnp.exp(x),)), points()).verdict == "fail"


def test_what_cannot_be_checked_is_refused():
    for x, said in (
        (points() + 1j, "x is complex"),
        ((points(), points().astype(jnp.float8_e4m3fn)), r"x\[1\] is in float8_e4m3fn"),
        (jnp.arange(3), "no float"),
        ({"W": jnp.ones((0, 3))}, "no float"),
    ):
        with pytest.raises(UsageError, match=f"(?s){said}.*help"):
            ng.check(jnp.abs, x)
    with pytest.raises(UsageError, match=r"(?s)x is traced.*outside of jit"):
        jax.jit(lambda x: ng.check(jnp.sin, x))(points())
    with pytest.raises(UsageError, match="params= goes with"):
        ng.check(jnp.sin, points(), params=["W"])


def test_a_loss_is_composed():
    w, x = made((3, 4), F32), made((5, 3), F32)
    assert ng.check(lambda w, x: jnp.tanh(x @ w), w, args=(x,), loss=lambda y: (y**2).mean())
    half = rule(lambda y: (y * y).sum(), lambda g, y: (g * y,))
    found = ng.check(lambda w, x: jnp.tanh(x @ w), w, args=(x,), loss=half)
    assert found.diagnosis == ("x: true = 2 x claimed",)


def test_a_gradient_may_be_given():
    x, w = points(), made((8,), F32)
    f = lambda p, w: (jnp.sin(p["a"]) * w).sum()  # noqa: E731 - as people write it
    assert ng.check(f, {"a": x}, lambda p, w: {"a": w * jnp.cos(p["a"])}, args=(w,))
    for ready in (w * jnp.cos(x), np.asarray(w * jnp.cos(x), np.float64)):
        found = ng.check(f, {"a": x}, {"a": ready}, args=(w,))
        assert found, found
        assert found.format == F32  # its rounding is no error
    assert ng.check(f, {"a": x}, lambda p, w: {"a": w * jnp.sin(p["a"])}, args=(w,)).verdict == "fail"
    assert ng.check(f, ({"a": x}, w), jax.grad(f, argnums=(0, 1)))
    alone = ng.check(f, ({"a": x}, w), jax.grad(f))
    assert (alone.verdict, alone.reason.code) == ("fail", Code.MISSING_BLOCK)
    assert ng.check(lambda x, n: (jnp.sin(x) * n).sum(), (x, 3), lambda x, n: n * jnp.cos(x))
    assert ng.check(jnp.sum, x, jnp.ones(3)).reason.code == Code.WRONG_SHAPE
    assert ng.check(jnp.sin, x, lambda x: np.cos(x).astype(np.float32)).format == F32  # it is no wider


def test_a_given_gradient_of_several_outputs_takes_the_cotangent():
    f = lambda x: (jnp.sin(x), {"sum": x.sum()})  # noqa: E731 - as people write it
    assert ng.check(f, points(), lambda x, g: g[0] * jnp.cos(x) + g[1]["sum"])
    assert ng.check(f, points(), lambda x, g: g[0] * jnp.cos(x) + 2 * g[1]["sum"]).verdict == "fail"
    assert ng.check(jnp.fft.rfft, points(), lambda x, g: jax.vjp(jnp.fft.rfft, x)[1](g)[0])
    outer = lambda x: jnp.outer(x, jnp.sin(x))  # noqa: E731 - as people write it
    assert ng.check(outer, points(), jax.jacobian(outer))


def test_the_same_check_says_the_same():
    case, name = WRONG[4]
    wrong = rule(case.forward, case.wrong[name][0])
    assert str(ng.check(wrong, case.inputs(F32))) == str(ng.check(wrong, case.inputs(F32)))


# Random numbers, arrays that are the user's, devices


def dropout(p, x, key, dtype=None):
    keep = jax.random.uniform(key, x.shape, *([] if dtype is None else [dtype])) < 0.6
    return jnp.where(keep, jnp.tanh(x @ p["W"] + p["b"]) / 0.6, 0)


def test_dropout_with_a_key_is_checkable():
    x = ({"W": made((4, 4), F32), "b": made((4,), F32)}, made((5, 4), F32), jax.random.key(3))
    for key in (jax.random.key, jax.random.PRNGKey):
        found = ng.check(dropout, (*x[:2], key(3)))
        assert found, found
        assert found.format == F32  # in float64 other numbers would be drawn
        assert list(found.blocks) == ["x[0].W", "x[0].b", "x[1]"]
    same = ng.check(functools.partial(dropout, dtype=F32), x)
    assert same, same
    assert same.format == "float32 as float64"

    def forgetful(g, p, x, key):
        other = jax.random.fold_in(key, 1)
        return (*jax.vjp(lambda p, x: dropout(p, x, other), p, x)[1](g), None)

    assert ng.check(rule(dropout, forgetful), x).verdict == "fail"


def test_random_numbers_of_numpy_and_python_are_the_same_at_each_call():
    def f(x):
        return jnp.sin(x) * np.random.random() + random.random()  # noqa: NPY002 - as users do

    assert ng.check(f, points())


def test_what_is_the_users_stays():
    data, counts = np.ones(8, np.float32), np.ones(8, int)
    shift = jnp.ones(8)

    def f(x, data, counts, shift):
        data += 1  # in place
        counts += 1
        return donated(x, shift) * 2

    donated = jax.jit(lambda x, shift: x * shift, donate_argnums=(0, 1))
    x = points()
    with pytest.warns(UserWarning, match="donated"):
        assert ng.check(f, x, args=(data, counts, shift))
    assert (data == 1).all()
    assert (counts == 1).all()
    assert not shift.is_deleted()
    assert not x.is_deleted()


def test_arrays_in_float64_are_checked_in_it_wherever_they_come_from():
    found = ng.check(jnp.sin, made((8,)))
    assert found
    assert found.format == "float64"
    with with_x64(True):
        assert ng.check(jnp.sin, points(dtype="float64")).format == "float64"
        assert ng.check(jnp.sin, points()).format == "float32 as float64"
        assert CONFIG.jax_enable_x64
    with jax.numpy_dtype_promotion("strict"):  # then closed-over float32 cannot meet float64
        w = points()
        assert ng.check(lambda x: jnp.sin(x) * w, points()).format == F32


def test_arrays_stay_on_their_devices():
    lines = [
        "import jax, jax.numpy as jnp, numpy as np, nudgegrad as ng",
        "from jax.sharding import Mesh, NamedSharding, PartitionSpec",
        "one, two = jax.devices()",
        "both = NamedSharding(Mesh([one, two], 'd'), PartitionSpec('d'))",
        "x, spread = (jax.device_put(jnp.linspace(-1, 1, 6), where) for where in (two, both))",
        "seen = set()",
        "def f(x):",
        "    if not isinstance(x, jax.core.Tracer):",
        "        seen.add(x.sharding)",
        "    return jnp.sin(x) * x",
        "assert ng.check(f, x)",
        "assert ng.check(lambda w: jnp.sin(w) * x, jnp.ones(6)), 'uncommitted arrays go where others are'",
        "assert ng.check(f, spread)",
        "assert seen == {x.sharding, spread.sharding}, seen",
    ]
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, env=os.environ | flags)


@pytest.mark.gpu
@pytest.mark.skipif(jax.default_backend() == "cpu", reason="there is no GPU that JAX knows")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_functions_on_a_gpu(case):
    x = jax.device_put(case.inputs(F32), jax.devices()[0])
    found = ng.check(rule(case.forward, case.right), x)
    assert found, found


# Loops, branches, and formats within f


def looping(x):
    step = lambda y, w: (jnp.tanh(y * w), y)  # noqa: E731 - another function at each call, as people write it
    last, all_of_them = jax.lax.scan(step, x, jnp.linspace(0.5, 1.5, 5, dtype=x.dtype))
    return jax.lax.cond(x[0] < 0, jnp.sin, jnp.cos, last), all_of_them


def test_loops_are_compiled_once():
    calls = []

    def f(x):
        calls.append(x)
        return looping(x)

    found = ng.check(f, points())
    assert found, found
    assert len(calls) < found.evaluations
    calls.clear()
    found = ng.check(lambda x: f(x) if x.sum() > -9 else x, points())  # cannot be compiled
    assert found, found
    assert len(calls) > found.evaluations


def test_a_wrong_rule_within_a_loop_fails():
    doubled = rule(jnp.sin, lambda g, x: (2 * g * jnp.cos(x),))
    found = ng.check(lambda x: jax.lax.fori_loop(0, 3, lambda _, y: doubled(y), x), points())
    assert found.verdict == "fail"
    assert found.diagnosis == ("x: true = 0.125 x claimed",)


def widened(x):
    return jnp.exp(x.astype(F32)).astype(x.dtype)


def test_formats_within_f_are_seen():
    x = points()
    for dtype, name in (
        (F32, F32),
        (BF16, "bfloat16 as float32"),
        ("float64", "float64 with float32 inside"),
    ):
        found = ng.check(jax.jit(widened), made((8,), dtype))
        assert found, found
        assert found.format == name
    backward = rule(jnp.exp, lambda g, x: (widened(x) * g,))
    for dtype, name in ((F32, F32), (BF16, "bfloat16 as float32")):
        found = ng.check(backward, x.astype(dtype))
        assert found, found
        assert found.format == name
    returned = rule(jnp.exp, lambda g, x: ((jnp.exp(x) * g).astype(F32),))
    assert ng.check(returned, x).format == F32
    short = ng.check(lambda x: jnp.tanh(x.astype(BF16)).astype(F32), x)
    assert (short.verdict, short.format) == ("inconclusive", "float32 with bfloat16 inside")
    rounded = ng.check(rule(jnp.exp, lambda g, x: (jnp.exp(x.astype(BF16)).astype(F32) * g,)), x)
    assert (rounded.verdict, rounded.format) == ("inconclusive", F32)  # its error is another everywhere
    data = jnp.arange(8, dtype=jnp.uint8)  # what does not depend on x may be short
    assert ng.check(lambda x: x * data.astype(F32), x).format == "float32 as float64"
    assert ng.check(jax.jit(lambda x, d: x * d.astype(F32)), x, args=(x,)).format == "float32 as float64"


def test_short_matrix_products_are_named(monkeypatch):
    a, b = made((4, 4), F32), made((4, 4), F32, 1)
    assert not ng.check(jnp.matmul, (a, b)).notes
    seen = set()

    def product(a, b):
        seen.add((str(a.dtype), CONFIG.jax_default_matmul_precision))  # at run time
        return a @ b

    with jax.default_matmul_precision("bfloat16"):
        found = ng.check(product, (a, b))
        assert seen == {("float32", "bfloat16"), ("float64", "highest")}
        assert found
        assert found.notes == ("JAX is set to compute float32 with bfloat16 matrix products",)
        assert found.notes[0] in str(found)
        assert not ng.check(jnp.matmul, (a.astype(BF16), b.astype(BF16))).notes
        monkeypatch.setattr(jax_steps, "BY_DEFAULT", {"cpu": ("TF32", 11)})  # as if it were a GPU
        assert subject_of(jnp.matmul, (a, b)).format.name == "float32 with bfloat16 matrix products"
        assert subject_of(jnp.matmul, (a, b)).format.precision == 8
    assert subject_of(jnp.matmul, (a, b)).format.name == "float32 with TF32 matrix products"
    assert ng.check(jnp.matmul, (a, b)).notes == (
        "by default JAX computes float32 with TF32 matrix products here",
    )
    with jax.default_matmul_precision("highest"):
        assert subject_of(jnp.matmul, (a, b)).format.name == F32


# The drop-in


@jax.custom_jvp
def cubed(x):
    return x**3


cubed.defjvp(lambda primals, tangents: (cubed(*primals), 3.01 * primals[0] ** 2 * tangents[0]))


def test_the_signature_is_jaxs_with_one_keyword_more():
    theirs = inspect.signature(jax.test_util.check_grads).parameters
    ours = dict(inspect.signature(check_grads).parameters)
    assert ours.pop("on_inconclusive").default == "fail"
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]


def test_check_grads_answers_as_jaxs_does():
    doubled = jax.custom_jvp(jnp.sin)
    doubled.defjvp(lambda primals, tangents: (doubled(*primals), 2 * jnp.cos(primals[0]) * tangents[0]))
    for check in (jax.test_util.check_grads, check_grads):
        assert check(jnp.sin, (1.0,), 1) is None
        assert check(lambda p, x: p["a"] * x, [{"a": np.ones(2)}, points(2)], order=1, modes="rev") is None
        with pytest.raises(AssertionError):
            check(rule(jnp.sin, lambda g, x: (2 * g * jnp.cos(x),)), (1.0,), 1, modes=["rev"])
        with pytest.raises(AssertionError):
            check(lambda x: cubed(x) + doubled(x), (jnp.ones(3),), 1, modes=["fwd"])
    jax.test_util.check_grads(cubed, (jnp.ones(3),), 1, modes=["fwd"])
    with pytest.raises(AssertionError):
        check_grads(cubed, (jnp.ones(3),), 1, modes=["fwd"])


def test_the_report_is_the_message():
    doubled = rule(jnp.sin, lambda g, x: (2 * g * jnp.cos(x),))
    with pytest.raises(AssertionError, match=r"rev:(.|\n)*FAIL: the gradient differs(.|\n)*x\[0\]"):
        check_grads(doubled, (points(),), 1, modes=["rev"])
    with pytest.raises(AssertionError, match=r"fwd:(.|\n)*x\[0\]: true = 100/301 x|x\[0\]\[0\]: claimed"):
        check_grads(cubed, (points(),), 1, modes=["fwd"])
    with pytest.raises(AssertionError, match=r"fwd:(.|\n)*jvp\) to a custom_vjp function"):
        check_grads(doubled, (points(),), 1)


@pytest.mark.parametrize(("mode", "n"), [("fwd", 4), ("fwd", 300), ("rev", 4), ("lin", 4)])
def test_every_mode_sees_a_wrong_rule(mode, n):
    def f(x, y):
        return jnp.sin(x) * 2, cubed(y)

    x = jnp.linspace(0.5, 1, n)
    check_grads(lambda x, y: f(x, x)[0] * y, (x, x), 1, modes=[mode])
    with pytest.raises(AssertionError) as caught:
        check_grads(f, (x, x), 1, modes=[mode])
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{mode}:"
    assert [line[:4] for line in lines if "✗" in line] == ["x[1]"]
    along = f"{mode} along 4 directions of each array" in str(caught.value)
    assert along is (n == 300 and mode != "rev")


def test_forward_modes_need_no_backward():
    def f(x):
        return jax.lax.while_loop(lambda y: y.sum() < 50, lambda y: y * 1.5 + jnp.sin(y), x)

    check_grads(f, (points() + 2,), 1, modes=["fwd"])
    with pytest.raises(AssertionError, match="Reverse-mode differentiation does not work"):
        check_grads(f, (points() + 2,), 1, modes=["rev"])


def test_a_forward_rule_that_is_wrong_and_not_linear_in_its_tangents_is_seen_where_jax_transposes_none():
    @jax.custom_jvp
    def f(x):
        return jnp.sin(x)

    f.defjvp(lambda primals, tangents: (f(*primals), jnp.cos(primals[0]) * abs(tangents[0])))
    with pytest.raises(AssertionError):
        check_grads(lambda x: f(-x), (points(),), 1, modes=["fwd"])


def jvp_rule(forward, forward_tangent):
    """A `jax.custom_jvp`; `forward_tangent` takes the tangent and the input."""
    written = jax.custom_jvp(forward)
    written.defjvp(lambda primals, tangents: (written(*primals), forward_tangent(tangents[0], primals[0])))
    return written


@pytest.mark.parametrize("mode", ["fwd", "rev", "lin"])
def test_second_order(mode):
    x = points()
    for factor in (6, 3):
        if mode == "rev":
            slope = rule(lambda x: 3 * x * x, lambda g, x, k=factor: (k * g * x,))
            cube = rule(lambda x: x**3, lambda g, x, slope=slope: (g * slope(x),))
        else:
            slope = jvp_rule(lambda x: 3 * x * x, lambda t, x, k=factor: k * t * x)
            cube = jvp_rule(lambda x: x**3, lambda t, x, slope=slope: t * slope(x))
        check_grads(cube, (x,), 1, modes=[mode])
        if factor == 6:
            check_grads(cube, (x,), 2, modes=[mode])
        else:
            with pytest.raises(
                AssertionError, match=rf"{mode} of {mode}:(.|\n)*x\[0\]: true = 2 x claimed"
            ):
                check_grads(cube, (x,), 2, modes=[mode])
    check_grads(lambda x, n: {"y": jnp.sin(x) * n}, (x[:2], 2), 3 if mode == "rev" else 2, modes=[mode])


def test_modes_are_combined():
    labels = [item[0] for item in adapter._derivatives(jnp.sin, (1.0,), 2, ("fwd", "rev"))]
    assert labels == ["fwd", "fwd of fwd", "rev of fwd", "rev", "fwd of rev", "rev of rev"]
    check_grads(jnp.sin, (1.0,), 2)


def test_tolerances_are_noted_once_and_only_if_passed(monkeypatch):
    monkeypatch.setattr(adapter, "_told", set())
    check_grads(jnp.sin, (1.0,), 1, ["rev"])  # warnings are errors here
    with pytest.warns(UserWarning, match="no tolerances: atol, eps ignored") as noted:
        check_grads(jnp.sin, (1.0,), 1, ["rev"], 1e-3, eps=1e-3)
    assert noted[0].filename == __file__
    check_grads(jnp.sin, (1.0,), 1, ["rev"], rtol={np.dtype(F32): 1e-3})


def test_an_inconclusive_check_raises_unless_told_otherwise():
    f, x = only(BF16, jnp.sin), points(dtype=BF16)
    with pytest.raises(AssertionError, match="INCONCLUSIVE: rounding leaves too little"):
        check_grads(f, (x,), 1, ["rev"])
    check_grads(f, (x,), 1, ["rev"], on_inconclusive="pass")
    with pytest.raises(AssertionError):
        check_grads(wave, (points(),), 1, ["rev"], on_inconclusive="pass")


def test_what_check_grads_cannot_do_is_an_error():
    for options, said in (
        ({"order": 0}, "order=0"),
        ({"order": 1, "modes": ()}, "nothing to check"),
        ({"order": 1, "modes": ["forward"]}, "mode 'forward' is unknown"),
        ({"order": 1, "on_inconclusive": "skip"}, "on_inconclusive='skip' is unknown"),
    ):
        with pytest.raises(UsageError, match=f"(?s){said}.*help"):
            check_grads(jnp.sin, (1.0,), **options)  # which is the point
    with pytest.raises(UsageError, match="complex"):
        check_grads(jnp.sin, (1j,), 1)


# The way in


def test_jax_is_neither_imported_nor_needed_for_arrays():
    lines = [
        "import sys, numpy as np, nudgegrad as ng",
        "assert ng.check(lambda x: np.sin(x).sum(), np.ones(3), np.cos)",
        "assert not {'jax', 'nudgegrad.frameworks.jax'} & set(sys.modules)",
        "sys.modules['jax'] = None",
        "assert ng.check(lambda x: np.sin(x).sum(), np.ones(3), np.cos)",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


def test_arrays_go_the_usual_way_where_jax_is_loaded():
    assert ng.check(lambda x: np.sin(x).sum(), np.ones(3), np.cos).format == "float64"


def test_the_docs_print_what_they_say():
    text = (Path(__file__).parents[2] / "docs/checks.md").read_text(encoding="utf-8")
    blocks = r"^```python\n(import jax\n.+?)```\n\n```text\n(.+?)```$"
    ((code, output),) = re.findall(blocks, text, re.M | re.S)
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-W", "error", "-c", code],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    last_digit = r"(± |Resolution )\d(e-\d+)"  # of bars, which differs between machines
    assert re.sub(last_digit, r"\1…\2", done.stdout) == re.sub(last_digit, r"\1…\2", output)


def test_assert_gradient_takes_arrays():
    ng.assert_gradient(jnp.sin, (points(),))
    with pytest.raises(AssertionError, match=r"x\[0\]"):
        ng.assert_gradient(wave, (points(),))
