"""`nudgegrad.check_grad`, which takes what scipy's takes, and `nudgegrad.assert_gradient`."""

import numpy as np
import pytest

import nudgegrad as ng


def rosenbrock(x, a=1.0, b=100.0):
    return (a - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2


def slopes(x, a=1.0, b=100.0):
    return np.array([2 * (x[0] - a) - 4 * b * x[0] * (x[1] - x[0] ** 2), 2 * b * (x[1] - x[0] ** 2)])


@pytest.mark.parametrize("x0", [np.array([1.5, -1.5]), [1.5, -1.5], (1.5, -1.5), [2, 3], np.array([2, 3])])
def test_it_takes_what_scipy_takes(x0):
    assert ng.check_grad(rosenbrock, slopes, x0)
    assert ng.check_grad(rosenbrock, slopes, x0, 2.0, 10.0)
    assert ng.check_grad(rosenbrock, lambda x: list(slopes(x)), x0)
    assert ng.check_grad(lambda x: np.array([rosenbrock(x)]), slopes, x0)
    wrong = ng.check_grad(rosenbrock, lambda x: slopes(x) * [1, 2], x0)
    assert wrong.verdict == "fail"
    assert [(w.block, w.index) for w in wrong.wrong] == [("x", (1,))]


def test_it_is_the_check_with_another_order_of_arguments():
    x = np.array([1.5, -1.5])
    one = ng.check_grad(rosenbrock, slopes, x, 2.0, 10.0, seed=3)
    other = ng.check(rosenbrock, x, slopes, (2.0, 10.0), seed=3)
    assert str(one) == str(other)


def test_a_nudge_given_is_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="epsilon is ignored"):
        assert ng.check_grad(rosenbrock, slopes, [1.5, -1.5], epsilon=1e-8)


def test_what_was_compared_with_a_tolerance_is_an_error_and_no_silent_pass():
    with pytest.raises(TypeError):
        assert ng.check_grad(rosenbrock, slopes, [1.5, -1.5]) < 1  # type: ignore[operator]  # what is asserted


# assert_gradient


X = {"W": np.arange(1.0, 13.0).reshape(3, 4) / 5, "b": np.array([1.0, 2.0])}


def squares(p):
    return (p["W"] ** 2).sum() + (p["b"] ** 2).sum()


def of_squares(p, entry=1.0, bias=1.0):
    found = {"W": 2 * p["W"], "b": 2 * bias * p["b"]}
    found["W"][1, 2] *= entry
    return found


def test_a_right_gradient_asserts_nothing():
    ng.assert_gradient(squares, X, of_squares)
    ng.assert_gradient(squares, X, grad=of_squares(X), seed=5)


@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        (
            {"entry": 1.25},
            [
                "the gradient of W differs from f",
                "",
                "Mismatched blocks: 1 / 2 (W)",
                "Largest difference: ",
            ],
        ),
        (
            {"bias": 4.0, "entry": 0.0},
            ["the gradient of W, b differs from f", "", "Mismatched blocks: 2 / 2 (W, b)"],
        ),
    ],
)
def test_the_message_says_what_differs_how_much_and_where(mistake, expected):
    with pytest.raises(AssertionError) as caught:
        ng.assert_gradient(squares, X, lambda p: of_squares(p, **mistake))
    lines = str(caught.value).splitlines()
    assert all(line.startswith(start) for line, start in zip(lines, expected, strict=False))
    assert "at W[1, 2]" in "".join(lines)
    assert str(ng.check(squares, X, lambda p: of_squares(p, **mistake))) in str(caught.value)


def spoils(x):
    x -= 0.5
    return (x**2).sum()


def test_an_inconclusive_check_fails_unless_it_may_pass():
    unclear = (spoils, np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    with pytest.raises(AssertionError, match=r"\Agradient check: inconclusive: f changes its argument"):
        ng.assert_gradient(*unclear)
    ng.assert_gradient(*unclear, on_inconclusive="pass")
    with pytest.raises(AssertionError):
        ng.assert_gradient(squares, X, lambda p: of_squares(p, 2), on_inconclusive="pass")
    with pytest.raises(ng.UsageError, match="one of fail, pass"):
        ng.assert_gradient(*unclear, on_inconclusive="maybe")
