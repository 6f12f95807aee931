"""PyTorch functions, modules and tensors in the check, and the drop-in for torch.autograd.gradcheck."""

import functools
import inspect
import random
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd.gradcheck import GradcheckError

import nudgegrad as ng
from nudgegrad.checks.result import Code
from nudgegrad.errors import UsageError
from nudgegrad.frameworks import torch as adapter
from nudgegrad.frameworks.torch import gradcheck, gradgradcheck, subject_of

from .torch_functions import CASES, WRONG, function

F64, F32, F16, BF16 = torch.float64, torch.float32, torch.float16, torch.bfloat16


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


class Wave(torch.autograd.Function):
    """1e-8*sin(x) with a backward that is wrong by a factor 68, as in the README."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 1e-8 * torch.sin(x)

    @staticmethod
    def backward(ctx, adjoint):
        (x,) = ctx.saved_tensors
        return adjoint * 68e-8 * torch.cos(x)


def only(dtype, f):
    """f as a kernel that exists for one format."""

    def kernel(*arguments):
        if arguments[0].dtype != dtype:
            raise TypeError(f"no kernel for {arguments[0].dtype}")
        return f(*arguments)

    return kernel


def points(n=6, dtype=F64):
    return torch.linspace(-1, 1, n, dtype=dtype).requires_grad_()


# Functions with hand-written backwards


@pytest.mark.parametrize("dtype", [F64, F32], ids=str)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_right_backward_passes(case, dtype):
    found = ng.check(function(case.forward, case.right), case.inputs(dtype))
    assert found, found
    assert list(found.blocks) == [f"x[{k}]" for k in range(len(case.shapes))]


@pytest.mark.parametrize("dtype", [F16, BF16], ids=str)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_right_backward_never_fails_in_16_bits(case, dtype):
    right = function(case.forward, case.right)
    assert ng.check(right, case.inputs(dtype)).verdict != "fail"
    itself = ng.check(only(dtype, right), case.inputs(dtype))
    assert itself.verdict != "fail", itself
    assert itself.format == str(dtype).removeprefix("torch.")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_kernel_for_float32_only_is_checked_there(case):
    found = ng.check(only(F32, function(case.forward, case.right)), case.inputs(F32))
    assert found, found
    assert found.format == "float32"


@pytest.mark.parametrize("dtype", [F64, F32], ids=str)
@pytest.mark.parametrize(("case", "name"), WRONG, ids=[f"{case.name}-{name}" for case, name in WRONG])
def test_a_wrong_backward_fails(case, name, dtype):
    wrong = function(case.forward, case.wrong[name])
    assert ng.check(wrong, case.inputs(dtype)).verdict == "fail"
    if dtype == F32:
        assert ng.check(only(dtype, wrong), case.inputs(dtype)).verdict == "fail"


def test_there_are_as_many_functions_and_mistakes_as_promised():
    assert (len(CASES), len(WRONG)) == (13, 20)


def test_only_the_wrong_block_is_named():
    case = next(case for case in CASES if case.name == "linear")
    found = ng.check(function(case.forward, case.wrong["mean for sum"]), case.inputs())
    assert {name: block.verdict.value for name, block in found.blocks.items()} == {
        "x[0]": "pass",
        "x[1]": "pass",
        "x[2]": "fail",
    }
    assert found.diagnosis == ("x[2]: true = 6 x claimed",)


def test_the_backward_of_the_readme_fails_which_torch_accepts():
    x = torch.tensor(1.0, dtype=F64, requires_grad=True)
    assert torch.autograd.gradcheck(Wave.apply, x)
    found = ng.check(Wave.apply, (x,))
    assert found.verdict == "fail"
    (wrong,) = found.wrong
    assert abs(wrong.measured - 1e-8 * np.cos(1.0)) <= wrong.bar


def test_right_backwards_pass_that_torch_rejects():
    x, short = points(), points(dtype=F32)
    assert not torch.autograd.gradcheck(lambda x: torch.sin(1e5 * x), x, raise_exception=False)
    with pytest.warns(UserWarning, match="double precision"):
        assert not torch.autograd.gradcheck(torch.sin, short, raise_exception=False)
    assert ng.check(lambda x: torch.sin(1e5 * x), (x,))
    assert ng.check(torch.sin, (short,))
    assert ng.check(only(F32, torch.sin), (short,))


def test_what_autograd_does_not_see_fails_and_is_said():
    found = ng.check(lambda x: torch.sin(x.detach()).sum(), (points(),))
    assert found.verdict == "fail"
    assert found.notes == ("PyTorch gives no gradient for x[0] (None): taken as zeros",)
    assert found.notes[0] in str(found)
    half = ng.check(lambda x, w: (x * w.detach()).sum(), (points(), points()))
    assert [name for name, block in half.blocks.items() if block.verdict == "fail"] == ["x[1]"]


def test_a_gradient_that_is_none_and_right_passes():
    found = ng.check(lambda x, _: (x * x).sum(), (points(), points()))
    assert found
    assert "x[1]" in found.notes[0]


def test_a_backward_that_raises_fails_with_what_it_raised():
    def changed(x):
        y = x.exp()
        z = y * y
        y.add_(1)
        return z

    found = ng.check(changed, (points(),))
    assert (found.verdict, found.reason.code) == ("fail", Code.BACKWARD_RAISES)
    assert "inplace operation" in found.reason


def test_what_f_raises_is_raised():
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes"):
        ng.check(torch.matmul, (torch.ones(2, 3), torch.ones(2, 3)))


@pytest.mark.parametrize(
    "change",
    [lambda x: x.mul_(2).sum(), lambda x: (x.data.mul_(2) * x).sum()],
    ids=["watched", "unwatched"],
)
def test_f_that_changes_its_argument_is_found(change):
    x = torch.ones(3)
    found = ng.check(change, (x,))
    assert (found.verdict, found.reason.code) == ("inconclusive", Code.CHANGES_ARGUMENT)
    assert "x[0]" in found.reason
    assert torch.equal(x, torch.ones(3))


def test_no_number_is_inconclusive():
    assert ng.check(lambda x: x.log().sum(), (-points().detach(),)).reason.code == Code.NOT_FINITE
    assert ng.check(lambda x: (x > 0).sum(), (points(),)).reason.code == Code.NOT_SCALAR


def test_grossly_random_f_is_not_judged():
    seeds = iter(range(1000))

    def f(x):
        generator = torch.Generator().manual_seed(next(seeds))
        return (x * torch.rand(6, generator=generator, dtype=F64)).sum()

    assert ng.check(f, (points(),)).verdict == "inconclusive"


# What goes in and comes out


class Pair(NamedTuple):
    a: torch.Tensor
    b: torch.Tensor


def test_structures_give_the_blocks_their_names():
    w, b = torch.randn(3, 4), torch.randn(4)
    f = lambda p: {"a": p["w"] @ p["b"], "b": ((p["w"] ** 2).sum(),)}  # noqa: E731 - as people write it
    assert list(ng.check(f, {"w": w, "b": b}).blocks) == ["w", "b"]
    assert list(ng.check(f, ({"w": w, "b": b},)).blocks) == ["x[0].w", "x[0].b"]
    assert list(ng.check(lambda p: p.a * p.b, Pair(b, b + 1)).blocks) == ["x[0]", "x[1]"]
    assert list(ng.check(lambda p: p[0] @ p[1], [w, b]).blocks) == ["x[0]", "x[1]"]
    assert list(ng.check(torch.exp, b).blocks) == ["x"]


def test_what_is_no_float_or_needs_no_gradient_is_passed_through():
    seen = []

    def f(x, k, mask, scale, name, nothing):
        seen.append((type(k), mask.dtype, name, nothing))
        return (x[k] * scale)[mask]

    x = points()
    arguments = (x, torch.tensor([0, 1, 2]), torch.tensor([True, False, True]), torch.ones(3), "name", None)
    found = ng.check(f, arguments)
    assert found
    assert list(found.blocks) == ["x[0]"]
    assert set(seen) == {(torch.Tensor, torch.bool, "name", None)}
    assert ng.check(lambda x, k: x**k, (x,), args=(3,))


def test_where_nothing_requires_a_gradient_all_floats_are_checked():
    found = ng.check(lambda x, w: x * w, (torch.randn(3), torch.randn(3)))
    assert list(found.blocks) == ["x[0]", "x[1]"]


def test_outputs_that_are_constants_for_autograd_are_left_out_and_said():
    found = ng.check(lambda x: (x.exp(), x.detach() * 2, x.argmax()), (points(),))
    assert found
    assert found.notes == ("outputs that require no gradient are left out",)


def test_several_outputs_each_count():
    case = next(case for case in CASES if case.name == "square")
    wrong = function(case.forward, case.wrong["scale"])
    assert ng.check(lambda x: (x.exp(), {"y": wrong(x)}), case.inputs()).verdict == "fail"
    right = function(case.forward, case.right)
    assert ng.check(lambda x: (x.exp(), {"y": right(x)}), case.inputs())


def test_cotangents_have_both_signs():
    assert ng.check(function(torch.exp, lambda g, _, y: g.abs() * y), (points(),)).verdict == "fail"


def test_complex_outputs_are_checked_and_complex_inputs_refused():
    assert ng.check(torch.fft.rfft, (points(),))
    with pytest.raises(UsageError, match="complex"):
        ng.check(torch.abs, (torch.ones(3, dtype=torch.complex64),))


def test_sparse_and_missing_tensors_are_refused():
    with pytest.raises(UsageError, match="sparse"):
        ng.check(torch.sin, (torch.eye(3).to_sparse(),))
    with pytest.raises(UsageError, match="no float tensor"):
        ng.check(torch.neg, (torch.tensor([1, 2]),))


def test_strides_are_kept_and_shared_entries_copied():
    seen = set()

    def f(x):
        seen.add(x.stride())
        return x * x

    gaps = torch.randn(6, 8)[::2, ::2].t()
    assert ng.check(f, (gaps,))
    assert seen == {gaps.stride()}
    seen.clear()
    assert ng.check(f, (torch.randn(3, 1).expand(3, 4),))
    assert seen == {(4, 1)}
    seen.clear()
    last = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert ng.check(f, (last,))
    assert seen == {last.stride()}


def test_a_gradient_may_be_given():
    x, w = points(), torch.randn(6)
    assert (
        ng.check(lambda x, w: (x * w).sin(), (points(1), points(1)), lambda x, w: (w, x)).verdict == "fail"
    )
    f = lambda x, w: (x.sin() * w).sum()  # noqa: E731 - as people write it
    assert ng.check(f, (x, w), lambda x, w: w * x.cos())
    assert ng.check(f, (x, w), (w * x.cos(), None))
    assert ng.check(f, (x, w), lambda x, w: w * x.sin()).verdict == "fail"
    short = points(dtype=F32)
    assert ng.check(lambda x: x.sin().sum(), (short,), short.cos())  # its rounding is no error
    assert ng.check(lambda x: x.sin().sum(), (short,), short.sin()).verdict == "fail"
    shape = ng.check(lambda x: x.sin().sum(), (x,), torch.ones(3))
    assert shape.reason.code == Code.WRONG_SHAPE


def test_the_same_check_says_the_same():
    case = next(case for case in CASES if case.name == "linear")
    wrong = function(case.forward, case.wrong["not summed"])
    assert str(ng.check(wrong, case.inputs())) == str(ng.check(wrong, case.inputs()))


# Modules


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.rnn = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, words):
        return self.fc(self.rnn(self.embedding(words))[0])


def mlp():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)), torch.randn(6, 4)


def convolutional():
    layers = [nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Softplus(), nn.AvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(27, 3)), torch.randn(4, 2, 8, 8)


def dropout():
    layers = [nn.Linear(4, 8), nn.Dropout(0.5), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 3)]
    return nn.Sequential(*layers), torch.randn(5, 4)


def tagger():
    return Tagger(), torch.tensor([[1, 2, 2], [3, 4, 5]])


def transformer():
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), torch.randn(2, 5, 8)


def normalised():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
    return nn.Sequential(layer, nn.LayerNorm(3)), torch.randn(6, 4)


MODULES = [mlp, convolutional, dropout, tagger, transformer, normalised]


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("make", MODULES)
def test_modules_pass(make, training):
    model, x = make()
    model.train(training)
    found = ng.check(model, (x,), loss=lambda output: (output**2).mean())
    assert found, found
    assert list(found.blocks) == [name for name, _ in model.named_parameters()]
    assert found.format == "float32 as float64"
    assert ng.check(model, (x,)), "outputs of any shape"


@pytest.mark.parametrize("make", MODULES)
def test_a_wrong_gradient_of_one_parameter_is_named(make):
    model, x = make()
    name, parameter = list(model.named_parameters())[-2]
    parameter.register_hook(lambda g: g / 2)
    found = ng.check(model, (x,), loss=lambda output: (output**2).mean())
    assert found.verdict == "fail"
    assert [block for block, it in found.blocks.items() if it.verdict == "fail"] == [name]


def test_a_module_in_16_bits():
    model, x = mlp()
    found = ng.check(model.bfloat16(), (x.bfloat16(),))
    assert found
    assert found.format == "bfloat16 as float64"
    assert {p.dtype for p in model.parameters()} == {BF16}


def test_a_loss_may_use_the_module_and_inputs_may_be_checked_too():
    model, x = mlp()
    loss = lambda output: output.exp().mean() + 0.1 * model[0].weight.square().sum()  # noqa: E731 - as written
    found = ng.check(model, (x.requires_grad_(),), loss=loss)
    assert found
    assert list(found.blocks) == ["0.weight", "0.bias", "2.weight", "2.bias", "x[0]"]


def test_a_function_around_a_module_is_promoted_with_it():
    model, x = convolutional()
    before = [t.clone() for t in model.state_dict().values()]
    found = ng.check(lambda x: model(x).sin(), (x,))
    assert found
    assert found.format == "float32 as float64"
    assert all(map(torch.equal, before, model.state_dict().values()))


def test_modules_are_found_wherever_a_function_has_them():
    model, x = convolutional()
    holders = [
        functools.partial(lambda m, x: m(x), model),
        lambda x, m=model: m(x),
        lambda x, ms=(model,): ms[0](x),
        lambda x: next(model(y) for y in (x,)),
        model.forward,
    ]
    before = [t.clone() for t in model.state_dict().values()]
    for f in holders:
        assert ng.check(f, (x,)).format == "float32 as float64"
        assert all(map(torch.equal, before, model.state_dict().values()))


def test_params_choose_by_pattern():
    model, x = mlp()
    assert list(ng.check(model, (x,), params=["2.*"]).blocks) == ["2.weight", "2.bias"]
    assert list(ng.check(model, (x,), params=["*.bias", "0.weight"]).blocks) == [
        "0.weight",
        "0.bias",
        "2.bias",
    ]
    model[0].weight.register_hook(lambda g: 2 * g)
    assert ng.check(model, (x,), params=["2.*"])
    assert ng.check(model, (x,), params="0.*").verdict == "fail"


def test_params_and_loss_that_cannot_be_are_errors():
    model, x = mlp()
    with pytest.raises(UsageError, match=r"no parameter has that name(.|\n)*0\.weight, 0\.bias"):
        ng.check(model, (x,), params=["fc.*"])
    model[0].requires_grad_(False)
    with pytest.raises(UsageError, match="requires no gradient"):
        ng.check(model, (x,), params=["0.*"])
    assert list(ng.check(model, (x,)).blocks) == ["2.weight", "2.bias"]
    with pytest.raises(UsageError, match=r"torch\.nn\.Module"):
        ng.check(torch.sin, (x,), params=["fc.*"])
    for option in ({"loss": np.sum}, {"params": ["W"]}):
        with pytest.raises(UsageError, match=f"{next(iter(option))}= goes with"):
            ng.check(np.sin, np.ones(1), np.cos, **option)
    with pytest.raises(TypeError, match="lost"):
        ng.check(model, (x,), lost=np.sum)  # type: ignore[call-arg]  # which is the point


# Nothing of the user's is left changed


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.norm = nn.Linear(4, 3), nn.BatchNorm1d(3)
        self.dropout, self.calls, self.hidden = nn.Dropout(0.3), 0, None
        self.register_buffer("seen", torch.zeros(3))

    def forward(self, x):
        self.calls += 1
        self.hidden = self.dropout(self.norm(self.fc(x)))
        self.seen += self.hidden.detach().sum(0)
        return self.hidden + random.random() + np.random.random() + torch.randn(3)  # noqa: NPY002 - as users do


def snapshot(model, x):
    """Everything that a check could change, as comparable values."""
    tensors = [*model.parameters(), *model.buffers(), x]
    return (
        [(t.detach().clone().numpy().tobytes(), t.dtype, t.data_ptr(), t._version, id(t)) for t in tensors],
        [(id(p.grad), p.grad.clone().numpy().tobytes(), p.grad.data_ptr()) for p in model.parameters()],
        [(m.training, sorted(m.__dict__)) for m in model.modules()],
        (model.calls, id(model.hidden)),
        torch.get_rng_state().numpy().tobytes(),
        random.getstate(),
        np.random.get_state(legacy=False)["state"]["key"].tobytes(),  # noqa: NPY002 - the state that users may use
        x.grad,
    )


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("loss", [torch.mean, lambda output: output.no_such_name], ids=["passes", "raises"])
def test_everything_is_as_it_was(training, loss):
    model = Stateful()
    x = torch.randn(6, 4, requires_grad=True)
    model(x).sum().backward()
    x.grad = None
    model.norm.eval()
    model.train(training)
    pending = model(x).sin().sum()  # a graph that is alive across the check
    before = snapshot(model, x)
    if loss is torch.mean:
        assert ng.check(model, (x,), loss=lambda output: (output**2).mean())
    else:
        with pytest.raises(AttributeError):
            ng.check(model, (x,), loss=loss)
    assert snapshot(model, x) == before
    assert gradcheck(model, x)
    assert snapshot(model, x) == before
    pending.backward()


def test_settings_of_grad_mode_do_not_matter():
    case = CASES[0]
    right, wrong = function(case.forward, case.right), function(case.forward, case.wrong["scale"])
    inputs = case.inputs()
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            assert ng.check(right, inputs)
            assert ng.check(wrong, inputs).verdict == "fail"


def test_random_numbers_that_differ_between_formats_are_not_promoted():
    found = ng.check(lambda x: (x.sin() * torch.rand(6, dtype=x.dtype)).sum(), (points(dtype=F32),))
    assert found
    assert found.format == "float32"
    generator = torch.Generator().manual_seed(3)
    assert ng.check(
        lambda x, g: (x.sin() * torch.rand(6, generator=g, dtype=F64)).sum(), (points(), generator)
    )
    assert torch.equal(generator.get_state(), torch.Generator().manual_seed(3).get_state())


# Reduced precision


def test_autocast_is_named_and_its_cached_weights_are_not_used():
    model, x = mlp()
    with torch.autocast("cpu", dtype=BF16):
        found = ng.check(model, (x,), loss=lambda output: (output**2).mean())
        own = subject_of(model, (x,))
        values = []
        for at in (own.x, 2 * own.x):
            model(x)  # from here on there are cached weights
            values.append(own.value(at))
        assert values[0] != values[1]
        model[0].weight.register_hook(lambda g: 40 * g)
        assert ng.check(model, (x,)).verdict == "fail"
    assert found
    assert found.notes == ("PyTorch is set to compute float32 with autocast to bfloat16",)
    assert found.format == "float32 with autocast to bfloat16 as float64"


def test_short_matrix_products_are_named():
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high")
        found = ng.check(torch.matmul, (torch.randn(3, 3), torch.randn(3, 3)))
        assert found
        assert found.notes == ("PyTorch is set to compute float32 with TF32 matrix products",)
        assert not ng.check(torch.sin, (points(),)).notes
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("make", MODULES)
def test_modules_on_a_gpu(make):
    model, x = make()
    found = ng.check(model.cuda(), (x.cuda(),))
    assert found, found
    assert {p.device.type for p in model.parameters()} == {"cuda"}


# The drop-in


@pytest.mark.parametrize("name", ["gradcheck", "gradgradcheck"])
def test_the_signature_is_torchs_with_one_keyword_more(name):
    theirs = inspect.signature(getattr(torch.autograd, name)).parameters
    ours = dict(inspect.signature(getattr(adapter, name)).parameters)
    assert ours.pop("on_inconclusive").default == "fail"
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]


def test_gradcheck_answers_as_torchs_does():
    x = points()
    assert gradcheck(torch.sin, x) is True
    assert gradcheck(torch.mul, [x, x]) is True
    with pytest.raises(GradcheckError, match=r"FAIL: the gradient differs(.|\n)*x\[0\]"):
        gradcheck(Wave.apply, (x,))
    assert gradcheck(Wave.apply, (x,), raise_exception=False) is False


def test_an_inconclusive_gradcheck_raises_unless_told_otherwise():
    f, x = only(BF16, torch.sin), points(dtype=BF16)
    assert ng.check(f, (x,)).verdict == "inconclusive"
    with pytest.raises(GradcheckError, match="INCONCLUSIVE: rounding leaves too little"):
        gradcheck(f, x)
    assert gradcheck(f, x, raise_exception=False) is False
    assert gradcheck(f, x, on_inconclusive="pass") is True
    with pytest.raises(GradcheckError):
        gradcheck(Wave.apply, points(), on_inconclusive="pass")
    with pytest.raises(UsageError, match="on_inconclusive='skip' is unknown"):
        gradcheck(f, x, on_inconclusive="skip")


def test_gradcheck_checks_the_inputs_of_a_module():
    model, x = mlp()
    model[0].weight.register_hook(lambda g: 2 * g)
    assert gradcheck(model, x.requires_grad_())


def test_tolerances_are_noted_once_and_only_if_passed(monkeypatch):
    monkeypatch.setattr(adapter, "_told", set())
    x = points()
    gradcheck(torch.sin, x, fast_mode=True, check_undefined_grad=False)  # warnings are errors here
    with pytest.warns(UserWarning, match="no tolerances: eps, atol ignored") as noted:
        gradcheck(torch.sin, x, eps=1e-6, atol=0.1)
    assert noted[0].filename == __file__
    gradcheck(torch.sin, x, rtol=0.5)
    with pytest.warns(UserWarning, match="values only: check_batched_grad ignored") as noted:
        gradgradcheck(torch.sin, x, nondet_tol=1.0, check_batched_grad=True)
    assert noted[0].filename == __file__


def test_forward_mode_alone_is_refused():
    with pytest.raises(UsageError, match="forward mode is not checked"):
        gradcheck(torch.sin, points(), check_backward_ad=False, check_forward_ad=True)
    with pytest.raises(UsageError, match="forward mode is not checked"):
        gradgradcheck(torch.sin, points(), check_rev_over_rev=False)


class Cubed(torch.autograd.Function):
    """x^3 with a right backward whose own backward is right, or lacks the factor 2."""

    factor = 6.0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @classmethod
    def backward(cls, ctx, adjoint):
        (x,) = ctx.saved_tensors
        slope = function(lambda x: 3 * x * x, lambda g, x, _: cls.factor * g * x)
        return adjoint * slope(x)


class Miscubed(Cubed):
    factor = 3.0


def test_second_order():
    x = points()
    assert gradgradcheck(Cubed.apply, x)
    assert gradcheck(Miscubed.apply, x), "its first order is right"
    with pytest.raises(GradcheckError, match=r"x\[0\]: true = 2 x claimed"):
        gradgradcheck(Miscubed.apply, x)
    assert gradgradcheck(Miscubed.apply, x, raise_exception=False) is False
    case = next(case for case in CASES if case.name == "matmul")
    assert gradgradcheck(torch.matmul, case.inputs(), gen_non_contig_grad_outputs=True)
    assert gradgradcheck(torch.matmul, case.inputs(), torch.ones(4, 4, dtype=F64, requires_grad=True))
    assert gradgradcheck(torch.sin, points(dtype=F32))
    with pytest.raises(UsageError, match="no input requires a gradient"):
        gradgradcheck(torch.sin, x.detach())


# The way in


def test_torch_is_neither_imported_nor_needed_for_arrays():
    lines = [
        "import sys, numpy as np, nudgegrad as ng",
        "assert ng.check(lambda x: np.sin(x).sum(), np.ones(3), np.cos)",
        "assert not {'torch', 'nudgegrad.frameworks.torch'} & set(sys.modules)",
        "sys.modules['torch'] = None",
        "assert ng.check(lambda x: np.sin(x).sum(), np.ones(3), np.cos)",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


def test_arrays_go_the_usual_way_where_torch_is_loaded():
    assert ng.check(lambda x: np.sin(x).sum(), np.ones(3), np.cos).blocks.keys() == {"x"}


def test_assert_gradient_takes_tensors():
    ng.assert_gradient(torch.sin, (points(),))
    model, x = mlp()
    ng.assert_gradient(model, (x,), loss=torch.sum, params=["2.*"])
    with pytest.raises(AssertionError, match=r"x\[0\]"):
        ng.assert_gradient(Wave.apply, (points(),))
