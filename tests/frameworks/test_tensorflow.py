"""TensorFlow functions, tensors and variables, Keras models and tf.Modules in the check."""

import functools
import random
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.ops import stateful_random_ops

import nudgegrad as ng
from nudgegrad.checks.result import Code
from nudgegrad.errors import UsageError

from .tensorflow_functions import CASES, WRONG, function

F64, F32, F16, BF16 = tf.float64, tf.float32, tf.float16, tf.bfloat16
SMALL = "a little"  # a mistake of 0.1 %: below the resolution of 16 bits


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def only(dtype, f):
    """f as a kernel that exists for one format."""

    def kernel(*arguments):
        if arguments[0].dtype != dtype:
            raise TypeError(f"no kernel for {arguments[0].dtype}")
        return f(*arguments)

    return kernel


def points(n=6, dtype=F64):
    return tf.cast(tf.linspace(-1.0, 1.0, n), dtype)


def squares(output):
    return tf.reduce_mean(output**2)


def case_of(name):
    return next(case for case in CASES if case.name == name)


def failing(found):
    return [name for name, block in found.blocks.items() if block.verdict == "fail"]


# Functions with hand-written gradients


@pytest.mark.parametrize("dtype", [F64, F32, F16, BF16], ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_right_gradient_passes(case, dtype):
    found = ng.check(function(case.forward, case.right), case.inputs(dtype))
    assert found, found
    assert list(found.blocks) == [f"x[{k}]" for k in range(len(case.shapes))]
    assert found.format == ("float64" if dtype == F64 else f"{dtype.name} as float64")


@pytest.mark.parametrize("dtype", [F32, F16, BF16], ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_kernel_for_one_format_is_checked_there(case, dtype):
    found = ng.check(only(dtype, function(case.forward, case.right)), case.inputs(dtype))
    assert found.format == dtype.name
    assert found.verdict != "fail", found
    assert found or dtype != F32, found


@pytest.mark.parametrize("dtype", [F64, F32, F16], ids=lambda dtype: dtype.name)
@pytest.mark.parametrize(("case", "name"), WRONG, ids=[f"{case.name}-{name}" for case, name in WRONG])
def test_a_wrong_gradient_fails(case, name, dtype):
    wrong = function(case.forward, case.wrong[name])
    assert ng.check(wrong, case.inputs(dtype)).verdict == "fail"
    if dtype != F64:
        itself = ng.check(only(dtype, wrong), case.inputs(dtype))
        assert itself.verdict == "fail" or (dtype == F16 and name == SMALL), itself


def test_there_are_as_many_functions_and_mistakes_as_promised():
    assert (len(CASES), len(WRONG)) == (12, 18)


def test_only_the_wrong_block_is_named():
    case = case_of("linear")
    found = ng.check(function(case.forward, case.wrong["mean for sum"]), case.inputs())
    assert failing(found) == ["x[2]"]
    assert found.diagnosis == ("x[2]: true = 6 x claimed",)


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "XLA"])
def test_tf_functions_are_checked(compiled):
    case = case_of("linear")
    traced = functools.partial(tf.function, jit_compile=compiled)
    assert ng.check(traced(function(case.forward, case.right)), case.inputs(F32))
    wrong = ng.check(traced(function(case.forward, case.wrong["mean for sum"])), case.inputs(F32))
    assert failing(wrong) == ["x[2]"]


def test_loops_and_branches_of_a_graph_are_checked():
    case = case_of("square")

    def looped(step):
        @tf.function
        def f(x):
            total = tf.zeros_like(x)
            for _ in tf.range(3):
                total += step(x)
            return total if tf.reduce_sum(x) > -9 else x

        return f

    assert ng.check(looped(function(case.forward, case.right)), (points(),))
    found = ng.check(looped(function(case.forward, case.wrong["scale"])), (points(),))
    assert found.diagnosis == ("x[0]: true = 2 x claimed",)


def test_right_gradients_pass_that_a_fixed_step_rejects():
    assert ng.check(lambda x: tf.sin(1e5 * x), (points(),))
    assert ng.check(tf.sin, (points(dtype=F32),))
    tiny = function(lambda x: 1e-8 * tf.sin(x), lambda g, x, _: g * 68e-8 * tf.cos(x))
    found = ng.check(tiny, (points(),))
    assert found.diagnosis == ("x[0]: true = 1/68 x claimed",)


def test_what_the_tape_does_not_see_fails_and_is_said():
    found = ng.check(lambda x: tf.sin(tf.stop_gradient(x)), (points(),))
    assert found.verdict == "fail"
    assert found.notes == ("TensorFlow gives no gradient for x[0] (None): taken as zeros",)
    assert found.notes[0] in str(found)
    half = ng.check(lambda x, w: x * tf.stop_gradient(w), (points(), points()))
    assert failing(half) == ["x[1]"]


def test_a_gradient_that_is_none_and_right_passes():
    found = ng.check(lambda x, _: x * x, (points(), points()))
    assert found
    assert "x[1]" in found.notes[0]


def test_a_backward_that_raises_fails_with_what_it_raised():
    broken = function(tf.matmul, lambda g, a, *_: (a @ g[:2], g))
    found = ng.check(broken, (tf.ones((3, 3)), tf.ones((3, 3))))
    assert (found.verdict, found.reason.code) == ("fail", Code.BACKWARD_RAISES)
    assert "Error: Matrix size-incompatible" in found.reason
    short = ng.check(function(tf.multiply, lambda g, *_: g), (points(), points()))
    assert short.reason.code == Code.BACKWARD_RAISES


def test_a_gradient_of_another_shape_fails():
    found = ng.check(function(lambda x: x * x, lambda g, x, _: tf.reduce_sum(2 * g * x)), (points(),))
    assert (found.verdict, found.reason.code) == ("fail", Code.WRONG_SHAPE)


def test_what_f_raises_is_raised():
    with pytest.raises(tf.errors.InvalidArgumentError, match="Matrix size-incompatible"):
        ng.check(tf.matmul, (tf.ones((2, 3)), tf.ones((2, 3))))


def test_f_that_changes_its_argument_is_found():
    w = tf.Variable([1.0, 2.0])
    found = ng.check(lambda w: w.assign_add(w) * w, (w,))
    assert (found.verdict, found.reason.code) == ("inconclusive", Code.CHANGES_ARGUMENT)
    assert "x[0]" in found.reason
    assert w.numpy().tolist() == [1, 2]


def test_no_number_is_inconclusive():
    assert ng.check(tf.math.log, (-points(),)).reason.code == Code.NOT_FINITE
    assert ng.check(tf.argmax, (points(),)).reason.code == Code.NOT_SCALAR


def test_grossly_random_f_is_not_judged():
    seeds = iter(range(1000))
    f = lambda x: x * tf.random.stateless_uniform([6], (next(seeds), 0), dtype=F64)  # noqa: E731 - as people write it
    found = ng.check(f, (points(),))
    assert found.verdict == "inconclusive"


# What goes in and comes out


def test_structures_give_the_blocks_their_names():
    w, b = tf.random.normal((3, 4)), tf.random.normal((4, 1))
    f = lambda p: {"a": p["w"] @ p["b"], "b": (tf.reduce_sum(p["w"] ** 2),)}  # noqa: E731 - as people write it
    assert list(ng.check(f, {"w": w, "b": b}).blocks) == ["w", "b"]
    assert list(ng.check(f, ({"w": w, "b": b},)).blocks) == ["x[0].w", "x[0].b"]
    assert list(ng.check(lambda p: p["layers"][0] ** 2, {"layers": [w, 3]}).blocks) == ["layers[0]"]
    assert list(ng.check(lambda p: p[0] @ p[1], [w, b]).blocks) == ["x[0]", "x[1]"]
    assert list(ng.check(tf.exp, b).blocks) == ["x"]


def test_what_is_no_float_is_passed_through():
    seen = set()

    def f(x, k, mask, name, array, scale):
        seen.add((k.dtype, mask.dtype, name.dtype, type(array)))
        return tf.boolean_mask(tf.gather(x, k) * tf.constant(array), mask) * scale

    arguments = (
        points(dtype=F32),
        tf.constant([0, 1, 2]),
        tf.constant([True, False, True]),
        tf.constant("name"),
        np.ones(3, np.float32),
    )
    found = ng.check(f, arguments, args=(tf.constant(2.0),))
    assert found
    assert list(found.blocks) == ["x[0]"]
    assert found.format == "float32 as float64"
    assert seen == {(tf.int32, tf.bool, tf.string, np.ndarray)}
    assert ng.check(lambda x, k: x**k, points(), args=(3,))


def test_variables_are_checked_as_they_are_and_by_any_way_f_has_to_them():
    w = tf.Variable(points(dtype=F32))
    found = ng.check(lambda x, w: x * w, (points(dtype=F32), w))
    assert list(found.blocks) == ["x[0]", "x[1]"]
    assert found.format == "float32 as float64"
    kept = ng.check(lambda _: w * w, (w,))
    assert kept
    assert kept.format == "float32"
    assert not kept.notes
    twice = ng.check(lambda a, b, c: a * b * c, (w, w), args=(w,))
    assert twice
    assert list(twice.blocks) == ["x[0]"]
    assert twice.format == "float32 as float64"
    own = keras.Variable([1.0, 2.0])
    assert ng.check(lambda v: v * v, (own,))
    assert ng.check(lambda v: v * tf.stop_gradient(v), own).verdict == "fail"
    assert w.numpy().tolist() == points(dtype=F32).numpy().tolist()


SCALE = tf.constant([1.0, 2.0, 3.0])


def test_what_f_refers_to_is_promoted_with_it():
    x, scale, array = points(3, F32), 2 * SCALE, np.array([3, 2, 1], np.float32)
    scales = lambda x, s=SCALE: x * SCALE * scale * tf.constant(array) * s  # noqa: E731 - as people write it
    for f in (scales, functools.partial(scales, s=SCALE)):
        found = ng.check(f, (x,))
        assert found
        assert found.format == "float32 as float64"
    model, x = dense()
    assert ng.check(model, x), "without a loss, outputs of any shape"
    found = ng.check(model, (x,), loss=lambda y: squares(y - SCALE))
    assert found
    assert found.format == "float32 as float64"
    assert SCALE.dtype == F32


def test_what_is_not_trainable_is_state():
    seen = tf.Variable([1.0, 2.0], trainable=False)
    found = ng.check(lambda x, seen: x * seen.assign_add(x), (tf.ones(2), seen))
    assert list(found.blocks) == ["x[0]"]
    assert seen.numpy().tolist() == [1, 2]


def test_outputs_that_have_no_gradient_are_left_out_and_said():
    found = ng.check(lambda x: (tf.exp(x), tf.stop_gradient(x) * 2, tf.argmax(x)), (points(),))
    assert found
    assert found.notes == ("outputs that have no gradient are left out",)


def test_several_outputs_each_count():
    case = case_of("square")
    wrong = function(case.forward, case.wrong["scale"])
    assert ng.check(lambda x: (tf.exp(x), {"y": wrong(x)}), case.inputs()).verdict == "fail"
    right = function(case.forward, case.right)
    assert ng.check(lambda x: (tf.exp(x), {"y": right(x)}), case.inputs())


def test_cotangents_have_both_signs():
    assert ng.check(function(tf.exp, lambda g, _, y: tf.abs(g) * y), (points(),)).verdict == "fail"


def test_complex_and_ragged_outputs_are_checked():
    assert ng.check(tf.signal.rfft, (points(dtype=F32),))
    assert ng.check(lambda x: tf.RaggedTensor.from_row_lengths(x * x, [1, 5]), (points(),))


def test_complex_sparse_and_missing_tensors_are_refused():
    for x, why in [
        (tf.complex([1.0], [2.0]), r"x\[0\] is complex(.|\n)*tf\.complex"),
        (tf.sparse.eye(3), "SparseTensor"),
        (tf.ragged.constant([[1.0], []]), "RaggedTensor"),
        (tf.cast([1.0], tf.dtypes.experimental.float8_e5m2), "float8"),
        (tf.constant([1, 2]), "no float tensor"),
    ]:
        with pytest.raises(UsageError, match=why):
            ng.check(tf.abs, (x,))


def test_graph_mode_is_refused():
    with tf.Graph().as_default(), pytest.raises(UsageError, match="eager"):
        ng.check(tf.sin, (tf.ones(3),))


def test_slices_are_added_up_where_they_belong():
    table = tf.Variable(tf.random.normal((5, 2)))
    assert ng.check(lambda t: tf.nn.embedding_lookup(t, [0, 3, 3]) ** 2, (table,))
    wrong = tf.IndexedSlices(tf.ones((2, 2)), tf.constant([0, 3]), tf.constant([5, 2]))
    assert ng.check(lambda t: tf.reduce_sum(tf.gather(t, [0, 3])), (table,), wrong)
    assert ng.check(lambda t: tf.reduce_sum(tf.gather(t, [0, 3, 3])), (table,), wrong).verdict == "fail"


def test_a_gradient_may_be_given():
    x, w = points(), tf.random.normal((6,), dtype=F64)
    f = lambda x, w: tf.reduce_sum(tf.sin(x) * w)  # noqa: E731 - as people write it
    assert ng.check(f, (x, w), lambda x, w: (w * tf.cos(x), tf.sin(x)))
    assert failing(ng.check(f, (x, w), lambda x, w: [w * tf.cos(x), tf.cos(x)])) == ["x[1]"]
    assert ng.check(f, (x, w), (w * tf.cos(x), None)).reason.code == Code.MISSING_BLOCK
    assert ng.check(f, x, w * tf.cos(x), args=(w,))
    short = points(dtype=F32)
    total = lambda x: tf.reduce_sum(tf.sin(x))  # noqa: E731 - as people write it
    assert ng.check(total, (short,), tf.cos(short))  # its rounding is no error
    assert ng.check(total, (short,), tf.sin(short)).verdict == "fail"
    assert ng.check(total, (short,), tf.cos).format == "float32 as float64"
    narrow = lambda x: tf.cast(tf.cos(x), F32)  # noqa: E731 - as people write it
    assert ng.check(total, (short,), narrow).format == "float32"
    assert ng.check(total, (x,), tf.ones(3)).reason.code == Code.WRONG_SHAPE


def test_the_same_check_says_the_same():
    case = case_of("linear")
    wrong = function(case.forward, case.wrong["mean for sum"])
    assert str(ng.check(wrong, case.inputs())) == str(ng.check(wrong, case.inputs()))


# Layers, models and modules

layers = keras.layers


def dense():
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, "tanh"), layers.Dense(3)]
    ), tf.random.normal((6, 4))


def convolutional():
    parts = [layers.Conv2D(3, 3), layers.BatchNormalization(), layers.Activation("softplus")]
    parts += [layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(3)]
    return keras.Sequential([keras.Input((8, 8, 2)), *parts]), tf.random.normal((4, 8, 8, 2))


def dropout():
    parts = [layers.Dense(8), layers.Dropout(0.5), layers.Activation("tanh"), layers.Dropout(0.2)]
    return keras.Sequential([keras.Input((4,)), *parts, layers.Dense(3)]), tf.random.normal((5, 4))


def tagger():
    words = keras.Input((3,), dtype="int32")
    states = layers.LSTM(3, return_sequences=True)(layers.Embedding(10, 4)(words))
    return keras.Model(words, layers.Dense(2)(states)), tf.constant([[1, 2, 2], [3, 4, 5]])


def attention():
    x = keras.Input((5, 8))
    y = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    return keras.Model(x, layers.Dense(3)(y)), tf.random.normal((2, 5, 8))


MODELS = [dense, convolutional, dropout, tagger, attention]


@pytest.mark.parametrize("make", MODELS)
def test_models_pass(make):
    model, x = make()
    found = ng.check(model, (x,), loss=squares)
    assert found, found
    assert list(found.blocks) == [v.path for v in model.trainable_variables]
    assert found.format == "float32 as float64"


@pytest.mark.parametrize("make", [convolutional, dropout])
def test_models_pass_in_training_mode(make):
    model, x = make()
    before = [v.numpy().tobytes() for v in model.variables]
    found = ng.check(functools.partial(model, training=True), (x,), loss=squares)
    assert found, found
    assert list(found.blocks) == [v.path for v in model.trainable_variables]
    assert found.format == ("float32" if make is dropout else "float32 as float64")  # it would draw others
    assert [v.numpy().tobytes() for v in model.variables] == before


@pytest.mark.parametrize("make", [dense, convolutional, dropout, tagger])
def test_a_wrong_gradient_of_one_variable_is_named(make):
    model, x = make()
    names = [v.path for v in model.trainable_variables]

    def claim(x):
        with tf.GradientTape() as tape:
            j = squares(model(x))
        *found, kernel, bias = tape.gradient(j, model.trainable_variables)
        return [*found, kernel / 2, bias]

    found = ng.check(model, (x,), claim, loss=squares)
    assert failing(found) == [names[-2]]
    assert found.diagnosis == (f"{names[-2]}: true = 2 x claimed",)


halved = function(tf.identity, lambda g, *_: g / 2)


class Miswritten(keras.layers.Dense):  # type: ignore[misc]  # Keras has no types
    def call(self, inputs):
        return inputs @ halved(self.kernel.value) + self.bias


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_a_wrong_gradient_within_a_layer_is_named(dtype):
    parts = [layers.Dense(5, "tanh", dtype=dtype, name="a"), Miswritten(3, dtype=dtype, name="b")]
    model = keras.Sequential([keras.Input((4,), dtype=dtype), *parts], name="net")
    found = ng.check(model, (tf.cast(tf.random.normal((6, 4)), dtype),), loss=squares)
    assert failing(found) == ["net/b/kernel"]
    assert found.format == "float64"


def test_a_layer_by_itself():
    layer = Miswritten(3)
    layer.build((None, 4))
    found = ng.check(layer, (tf.random.normal((6, 4)),))
    assert failing(found) == [f"{layer.path}/kernel"]
    plain = layers.Dense(3)
    plain.build((None, 4))
    assert ng.check(plain, np.random.default_rng(0).standard_normal((6, 4), np.float32))


def test_a_mistake_that_a_copy_would_lack_is_found():
    model, x = dense()
    first = model.layers[0]
    slightly = function(tf.identity, lambda g, *_: 1.009 * g)  # too little for the accuracy to show it
    first.call = lambda inputs: tf.tanh(slightly(inputs @ first.kernel.value + first.bias))
    found = ng.check(model, (x,), loss=squares)
    assert failing(found)[0] == first.kernel.path
    assert found.format == "float32"


class Network(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    def __init__(self, correct=True):
        super().__init__()
        self.step = tf.identity if correct else halved
        self.w = tf.Variable(tf.random.normal((4, 3)), name="w")
        self.biases = [tf.Variable(tf.ones(3)), tf.Variable(tf.zeros(3))]
        self.seen = tf.Variable(0.0, trainable=False, name="seen")

    @tf.function
    def __call__(self, x):
        self.seen.assign_add(1.0)
        return tf.tanh(x @ self.w + self.biases[0]) * self.step(self.biases[1])


def test_modules():
    x = tf.random.normal((5, 4))
    module = Network()
    found = ng.check(module, (x,))
    assert found, found
    assert sorted(found.blocks) == ["Variable", "Variable#2", "w"]
    assert found.format == "float32 as float64"
    assert module.seen.numpy() == 0
    assert failing(ng.check(Network(correct=False), (x,))) == ["Variable#2"]


class Lazy(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    def __init__(self):
        super().__init__()
        self.w = None

    @tf.function
    def __call__(self, x):
        if self.w is None:
            self.w = tf.Variable(tf.ones(x.shape))
        return x * self.w


def test_a_module_that_makes_its_variables_when_it_is_called():
    module = Lazy()
    assert list(ng.check(lambda x: 2 * module(x), (points(dtype=F32),)).blocks) == ["x[0]"]
    module(points(dtype=F32))
    assert list(ng.check(module, (points(dtype=F32),)).blocks) == ["Variable"]


def test_a_loss_may_use_the_model_and_variables_among_the_inputs_are_checked_too():
    model, x = dense()
    loss = lambda y: squares(y) + 0.1 * tf.reduce_sum(model.layers[0].kernel ** 2)  # noqa: E731 - as written
    found = ng.check(model, (tf.Variable(x),), loss=loss)
    assert found
    assert list(found.blocks) == [*(v.path for v in model.trainable_variables), "x[0]"]


def test_a_model_without_trainable_variables_is_checked_by_its_inputs():
    model, x = dense()
    model.trainable = False
    found = ng.check(model, (x,))
    assert found
    assert list(found.blocks) == ["x[0]"]


def test_params_choose_by_pattern():
    model, x = dense()
    first, second = (layer.name for layer in model.layers)
    found = ng.check(model, (x,), params=[f"*/{second}/*"])
    assert found.format == "float32 as float64", "a copy has the other variables as well"
    assert list(found.blocks) == [f"{model.name}/{second}/kernel", f"{model.name}/{second}/bias"]
    names = list(ng.check(model, (x,), params=["*bias", f"*/{first}/kernel"]).blocks)
    assert [name.split("/")[1:] for name in names] == [[first, "kernel"], [first, "bias"], [second, "bias"]]
    wrong = Network(correct=False)
    assert ng.check(wrong, (tf.ones((5, 4)),), params="w")
    assert not ng.check(wrong, (tf.ones((5, 4)),), params="V*")


def test_params_and_models_that_cannot_be_are_errors():
    model, x = dense()
    with pytest.raises(UsageError, match=r"no variable has that name(.|\n)*kernel"):
        ng.check(model, (x,), params=["fc/*"])
    model.layers[0].trainable = False
    with pytest.raises(UsageError, match=f"{model.layers[0].kernel.path} is not trainable"):
        ng.check(model, (x,), params=[model.layers[0].kernel.path])
    assert len(ng.check(model, (x,)).blocks) == 2
    with pytest.raises(UsageError, match=r"Keras model or a tf\.Module"):
        ng.check(tf.sin, (x,), params=["w"])
    layer = layers.Dense(3)
    for f in (layer, lambda x: 2 * layer(x)):
        with pytest.raises(UsageError, match=r"dense_?\d* is not built(.|\n)*call it once"):
            ng.check(f, (x,))
    assert not layer.built


# Nothing of the user's is left changed


class Stateful(keras.Model):  # type: ignore[misc]  # Keras has no types
    def __init__(self):
        super().__init__()
        self.fc, self.norm = layers.Dense(3), layers.BatchNormalization()
        self.dropout, self.calls, self.hidden = layers.Dropout(0.3), 0, None
        self.seen = self.add_weight(shape=(3,), trainable=False)
        self.generator = tf.random.Generator.from_seed(3)

    def call(self, x, training=True):
        self.calls += 1
        self.hidden = self.dropout(self.norm(self.fc(x), training=training), training=training)
        self.seen.assign_add(tf.reduce_sum(self.hidden, 0))
        self.add_loss(tf.reduce_sum(self.hidden))
        drawn = self.generator.normal((3,)) + keras.random.normal((3,)) + tf.random.normal((3,))
        return self.hidden * drawn + random.random() + np.random.random()  # noqa: NPY002 - as users do


def snapshot(model):
    """Everything that a check could change, as comparable values."""
    parts = [model, model.fc, model.norm, model.dropout]
    return (
        [(id(v), v.dtype, v.numpy().tobytes()) for v in model.variables],
        [sorted(vars(part)) for part in parts],
        model.generator.state.numpy().tolist(),
        (model.calls, id(model.hidden), [id(loss) for loss in model.losses]),
        random.getstate(),
        np.random.get_state(legacy=False)["state"]["key"].tobytes(),  # noqa: NPY002 - the state that users may use
        tf.config.functions_run_eagerly(),
    )


@pytest.mark.parametrize(
    ("around", "loss"),
    [
        (None, squares),
        (None, lambda y: y.no_such_name),
        (lambda f: lambda x: 2 * f(x), lambda y: y.no_such_name),
    ],
    ids=["passes", "raises", "closure raises"],
)
def test_everything_is_as_it_was(around, loss):
    model, x = Stateful(), tf.random.normal((6, 4))
    model(x)
    before = snapshot(model)
    f = model if around is None else around(model)
    if loss is squares:
        assert ng.check(f, (x,), loss=loss)
    else:
        with pytest.raises(AttributeError):
            ng.check(f, (x,), loss=loss)
    assert snapshot(model) == before


@tf.function
def noisy(x):
    return tf.nn.dropout(x * tf.random.uniform(x.shape, 1, 2, x.dtype), 0.3)


@pytest.mark.parametrize("seed", [None, 5])
def test_random_numbers_are_drawn_as_if_there_had_been_no_check(seed):
    x = points(20, F32)
    drawn = []
    for is_checked in (False, True):
        tf.random.set_seed(seed or 7)
        if seed is None:
            tf.random.set_seed(None)
        generator, default = tf.random.Generator.from_seed(3), tf.random.get_global_generator()
        default.reset_from_seed(4)
        keras.random.uniform((1,))
        tf.random.normal((2,))
        if is_checked:
            for f in (
                noisy,
                lambda x: x * tf.random.normal(x.shape),
                lambda x: x * tf.random.normal(x.shape, seed=3),
                lambda x, g=generator: x * g.normal((20,)) * tf.random.get_global_generator().normal((20,)),
                lambda x: keras.random.dropout(x * x, 0.5),
            ):
                found = ng.check(f, (x,))
                assert found, found
                assert found.format == "float32", "other numbers would be drawn in float64"
        ours = [] if seed is None else [tf.random.normal((3,)), noisy(x)]
        ours += [generator.normal((3,)), default.normal((3,)), keras.random.uniform((3,))]
        drawn.append([t.numpy().tolist() for t in ours])
        keras.utils.set_random_seed(0)
        keras.src.backend.common.global_state.set_global_attribute("global_seed_generator", None)
    assert drawn[0][-3:-1] == drawn[1][-3:-1]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("is_traced", [True, False])
def test_functions_that_draw_are_checked_and_not_traced_with_a_seed_of_ours(is_traced):
    tf.random.set_seed(None)
    f = tf.function(lambda x: x * tf.random.uniform(x.shape))
    if is_traced:
        f(points(dtype=F32))
    assert ng.check(f, (points(dtype=F32),))
    assert f.experimental_get_tracing_count() == is_traced
    assert f.get_concrete_function(points(dtype=F32)).graph.seed is None


def test_generators_that_f_is_the_first_to_need(monkeypatch):
    held = keras.src.backend.common.global_state
    held.set_global_attribute("global_seed_generator", None)
    monkeypatch.setattr(stateful_random_ops, "global_generator", None)
    drawn = lambda x: x * keras.random.normal((6,)) * tf.random.get_global_generator().normal((6,))  # noqa: E731 - as users do
    assert ng.check(drawn, (points(dtype=F32),))
    assert held.get_global_attribute("global_seed_generator") is None


def test_a_tape_of_the_users_goes_on():
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        j = w * w
        assert ng.check(lambda v: v * w, (w,))
    assert tape.gradient(j, w).numpy() == 4


# Reduced precision


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_a_mixed_policy_is_named(name):
    keras.config.set_dtype_policy(name)
    try:
        model, x = dense()
    finally:
        keras.config.set_dtype_policy("float32")
    found = ng.check(model, (x,), loss=squares)
    assert found, found
    assert found.notes == (f"TensorFlow is set to compute float32 with {name}",)
    assert found.format == f"float32 with {name} as float64"
    assert {v.dtype for v in model.variables} == {"float32"}


@pytest.mark.gpu
@pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="there is no GPU")
@pytest.mark.parametrize("make", MODELS)
def test_models_on_a_gpu(make):
    model, x = make()
    found = ng.check(model, (x,), loss=squares)
    assert found, found
    assert "TF32" in found.notes[0]


# The way in


def test_tensorflow_is_neither_imported_nor_needed_for_arrays():
    lines = [
        "import sys, numpy as np, nudgegrad as ng",
        "assert ng.check(lambda x: np.sin(x).sum(), np.ones(3), np.cos)",
        "assert not {'tensorflow', 'keras', 'nudgegrad.frameworks.tensorflow'} & set(sys.modules)",
        "sys.modules['tensorflow'] = None",
        "assert ng.check(lambda x: np.sin(x).sum(), np.ones(3), np.cos)",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


def test_the_docs_print_what_they_say(capsys):
    text = (Path(__file__).parents[2] / "docs/checks.md").read_text(encoding="utf-8")
    blocks = r"^```python\n(import numpy as np\nimport tensorflow.+?)```\n\n```text\n(.+?)```$"
    ((code, output),) = re.findall(blocks, text, re.M | re.S)
    exec(code, {})
    last_digit = r"(± |Resolution )\d(e-\d+)"  # of bars, which differs between machines
    assert re.sub(last_digit, r"\1…\2", capsys.readouterr().out) == re.sub(last_digit, r"\1…\2", output)


def test_assert_gradient_takes_tensors_and_models():
    model, x = dense()
    ng.assert_gradient(model, (x,), loss=squares, params=["*bias"])
    with pytest.raises(AssertionError, match=r"x\[0\]"):
        ng.assert_gradient(halved, (points(),))
