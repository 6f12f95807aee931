"""The period of a pendulum by its angle, by the arithmetic-geometric mean: a loop without a formula."""

import math

LENGTH, GRAVITY = 1.0, 9.81


def period(angle: float) -> float:
    a, b = 1.0, math.cos(angle / 2)
    while abs(a - b) > 1e-15 * a:
        a, b = (a + b) / 2, math.sqrt(a * b)
    return 2 * math.pi * math.sqrt(LENGTH / GRAVITY) / a
