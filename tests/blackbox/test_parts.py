"""The parts that an estimate is made of, each on cases whose answer is known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.blackbox import judging
from nudgegrad.blackbox.breaks import (
    Corner,
    Way,
    beside,
    corner,
    hinges,
    leaving,
    peaked,
    structure,
    wander,
)
from nudgegrad.blackbox.candidates import shown
from nudgegrad.blackbox.fits import DEGREES, fit, student, windows
from nudgegrad.blackbox.grain import grid_of, unit_of
from nudgegrad.blackbox.ladders import LADDERS, scale_of, steps
from nudgegrad.blackbox.result import Code
from nudgegrad.blackbox.rungs import Rungs, quotients
from nudgegrad.blackbox.sampling import Samples
from nudgegrad.formats import FORMATS, Format

H = 2.0 ** -np.arange(0, 28, 2.0)
DOUBLE = FORMATS["float64"]


def test_a_fit_finds_the_coefficients_of_a_polynomial():
    rng = np.random.default_rng(2)
    z = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.125])
    for degree in range(4):
        c = rng.integers(-9, 10, degree + 1).astype(float)
        y = np.polynomial.polynomial.polyval(z, c)
        for power in range(min(degree, 2) + 1):
            found = fit(z, y, np.array([1.0, 4, 2, 1, 2, 1]), power)
            assert [round(v) for v in found.coefficient[degree:4]] == [c[power]] * (4 - degree)


def test_what_a_fit_says_of_its_noise_is_what_noise_does():
    rng = np.random.default_rng(6)
    z, sigma = np.array([1.0, 0.6, 0.4, 0.2, 0.1]), np.array([1.0, 2, 1, 3, 2])
    drawn = fit(z, rng.normal(size=(20_000, 5)) * sigma, np.broadcast_to(1 / sigma**2, (20_000, 5)), 0)
    for degree in range(4):
        ratio = drawn.coefficient[:, degree].std() / drawn.noise[0, degree]
        assert abs(ratio - 1) < student(9) / math.sqrt(2 * 20_000)
        freedom = 5 - degree - 1
        off = drawn.chi2[:, degree].mean() - freedom
        assert abs(off) < student(9) * math.sqrt(2 * freedom / 20_000)


def test_windows_are_all_runs_of_neighbours():
    w = windows(13)
    assert len({(int(i), int(k)) for i, k in zip(w.first, w.width, strict=True)}) == len(w.first)
    for k, shorter in enumerate(w.shorter):
        if shorter >= 0:
            assert (w.first[shorter], w.width[shorter]) == (w.first[k] + 1, w.width[k] - 1)
        assert w.member[k].sum() == w.width[k]
    assert DEGREES > 1


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_steps_are_numbers_of_the_format_and_mirror_images(fmt: Format):
    x = fmt.round(np.random.default_rng(1).normal(size=(200, 1)) * 10)
    h = scale_of(x) * 2.0 ** np.array(LADDERS[fmt.name].coarse)
    above, below = steps(x, h, fmt)
    there = np.isfinite(above) & np.isfinite(below)
    assert there[:, :3].all()
    assert (fmt.round(above[there]) == above[there]).all()
    assert (fmt.round(below[there]) == below[there]).all()
    near = there & (h < np.abs(x))
    mirrored = above - x == x - below
    assert mirrored[near].all()


def sampled(f, x=0.7, fmt=DOUBLE):
    samples = Samples(
        lambda _, points: np.array([f(t) for t in points]), np.array([x]), scale_of(np.array([x])), fmt, 45
    )
    samples.take(samples.scale[:, None] * 2.0 ** np.array(LADDERS[fmt.name].coarse), None, np.array([True]))
    samples.take(samples.scale[:, None] * 2.0 ** -np.arange(1, 12.0))
    return samples


def test_the_format_and_the_grid_of_values_are_found_out():
    assert unit_of(sampled(math.sin))[0] == FORMATS["float64"].u
    assert unit_of(sampled(lambda t: float(np.float32(math.sin(t)))))[0] == FORMATS["float32"].u
    assert unit_of(sampled(lambda t: float(np.float16(math.sin(t)))))[0] == FORMATS["float16"].u
    assert unit_of(sampled(lambda t: 0 * t + 5.0))[0] == FORMATS["float64"].u  # a constant says nothing
    for digits in (3, 6):
        samples = sampled(lambda t, digits=digits: round(math.sin(t), digits))
        (grid,) = grid_of(samples, unit_of(samples))
        assert round(grid * 10**digits) == 1
    for f in (math.sin, abs, lambda t: max(0.0, t - 0.9)):
        samples = sampled(f)
        assert grid_of(samples, unit_of(samples))[0] == 0


def test_a_function_rounded_to_a_grid_says_so():
    found = ng.derivative(lambda x: round(math.sin(x), 6), 0.7)
    assert (found.verdict, found.reason.code) == ("pass", Code.ROUNDED)
    assert found.agrees(math.cos(0.7))


def rungs(f, sigma=2.0**-53):
    right, left = (np.array([f(s * h) for h in H]) - f(0.0) for s in (1, -1))
    return Rungs(
        H, (right - left) / (2 * H), sigma / H, (right + left) / 2, np.full_like(H, sigma), right, left
    )


@pytest.mark.parametrize(
    ("f", "found"),
    [
        (math.exp, None),
        (lambda t: t**3, None),
        (abs, Corner.KINK),
        (lambda t: math.exp(t) + max(0.0, t), Corner.KINK),
        (lambda t: math.sqrt(abs(t)), Corner.KINK),
        (lambda t: float(t >= 0) + t, Corner.JUMP),
        (math.cbrt if hasattr(math, "cbrt") else np.cbrt, Corner.STEEP),
        (lambda t: abs(t - 0.01), None),  # beside x
    ],
)
def test_corners(f, found):
    assert corner(rungs(f)) is found


def test_a_corner_next_to_x_is_told_from_a_quick_turn_and_from_noise():
    for d in (1e-8, -1e-7, 1e-5):
        edge, crossing = beside(rungs(lambda t, d=d: math.exp(t) + abs(t - d)), 10.0)
        assert edge >= crossing > abs(d)
        assert not ((abs(d) < H) & (crossing > H)).any()
    w = 1e-4
    edge, crossing = beside(rungs(lambda t: math.hypot(t - w, w) + t * t / 100), 10.0)
    assert edge == crossing
    assert w < edge < H[0]
    rng = np.random.default_rng(12)
    for f in (math.exp, lambda t: t + 1e-3 * float(rng.uniform(-1, 1)), lambda t: t**3 + 1e6):
        assert beside(rungs(f), 10.0) == (math.inf, math.inf)


def test_two_rungs_of_one_side_show_the_second_derivative():
    sigma = 2.0**-52  # of values up to e
    for side in (1, -1):
        values = np.array([math.exp(side * h) for h in H]) - 1
        r = Rungs(H, side * values / H, 2 * sigma / H, 0 * H, np.full_like(H, sigma), values, values, side)
        q, noise = quotients(r, 2)
        third = np.exp(H[:-1]) * (H[:-1] + H[1:]) / 3
        assert (np.abs(q[:-1] - 1) <= third + noise[:-1]).all()
        assert (noise[4:] < 0.1).any()


def hinge(f, sigma, top):
    r = rungs(f, sigma)
    return float(hinges(r.h[None], r.even[None], r.sigma[None], np.array([top]))[0])


def test_a_hinge_is_half_of_how_far_the_slopes_are_apart():
    for a in (3, 3e-4, 3e-8):
        found = hinge(lambda t, a=a: math.exp(t) + a * abs(t), 2.0**-50, 2.0**-4)
        assert f"{found:.1e}" == f"{a:.1e}"
    for f in (math.exp, lambda t: math.exp(3 * t), lambda t: math.sin(5 * t) + math.cos(t)):
        assert [hinge(f, 2.0**-53, 2.0**-k) for k in range(6)] == [0] * 6


def test_points_that_lie_unevenly_are_corrected_for_it():
    samples = sampled(lambda t: t * t, 0.69140625, FORMATS["bfloat16"])
    samples.take(np.array([[5.3, 11.7]]))
    s = shown(samples, np.array([2.0**-53]), np.zeros(1))
    above, below = samples.above - 0.69140625, 0.69140625 - samples.below
    there = np.isfinite(s.odd)
    assert (above != below)[there].any()
    second_order = FORMATS["bfloat16"].u ** 2
    assert (np.abs(s.odd[there] - 2 * 0.69140625) <= second_order).all()
    curve = s.even[there] / (above**2 + below**2)[there] * 2
    assert (np.abs(curve - 1) <= second_order).all()


def test_how_slopes_leave_the_one_of_small_steps():
    wave = leaving(rungs(lambda t: math.sin(100 * t)), 100.0, 1e-6, H[-1], 1.0)
    assert wave.way is Way.GROWS
    beside = leaving(rungs(lambda t: t + 5 * max(0.0, t - 0.001)), 1.0, 1e-9, H[-1], 1.0)
    assert beside.way is Way.ONE_SIDE
    assert beside.good < 0.001 <= beside.bad
    flat = leaving(rungs(lambda t: 2 * t), 2.0, 1e-9, H[-1], 1.0)
    assert flat.way is Way.STAYS


def test_what_wanders_keeps_its_size_and_a_corner_grows():
    rng = np.random.default_rng(8)
    rough = wander(rungs(lambda t: 3 * t + 1e-3 * float(rng.uniform(-1, 1))), 3.0, 1.0, H[-1])
    kinked = wander(rungs(lambda t: 3 * t + abs(t - 1e-7)), 3.0, 1.0, H[-1])
    assert rough is not None
    assert kinked is not None
    assert rough < judging.ROUGH
    assert kinked > judging.CORNERS


def test_what_small_steps_do_not_show_is_no_noise():
    spread = 0.5 * 2.0**53
    wave = rungs(lambda t: t + 0.5 * math.sin(40 * t))
    bend = structure(wave, 1.0, spread, float(H[-1]), False)
    assert bend is not None
    assert 40 * H[bend + 1] < 0.1 <= 40 * H[bend]
    rng = np.random.default_rng(9)
    rough = rungs(lambda t: t + 0.5 * float(rng.uniform(-1, 1)))
    assert structure(rough, 1.0, spread, float(H[-1]), False) is None


def test_a_peak_is_as_far_off_the_line_at_every_step():
    rng = np.random.default_rng(10)
    assert peaked(rungs(lambda t: t + math.exp(-((t / 1e-6) ** 2))), 1.0, 1e-5)
    assert not peaked(rungs(lambda t: t + 1e-3 * float(rng.uniform(-1, 1))), 1.0, 1e-5)
