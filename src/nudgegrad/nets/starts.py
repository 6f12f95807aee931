"""Weights to start with: random, so that units differ; of a size at which values neither fade nor grow."""

from __future__ import annotations

import math

import numpy as np

from ..formats import Array

Shape = tuple[int, ...]


def he(random: np.random.Generator, shape: Shape) -> Array:
    """Normal with variance 2 / inputs: for relu, which lets half of the variance through.

    The last axis is the outputs, the product of the others the inputs of one output.

    References
    ----------
    He, Zhang, Ren and Sun 2015, Delving deep into rectifiers, (10)
    """
    return random.normal(0, math.sqrt(2 / math.prod(shape[:-1])), shape)


def glorot(random: np.random.Generator, shape: Shape) -> Array:
    """Uniform with variance 2 / (inputs + outputs): for tanh and sigmoid, forward and backward alike.

    References
    ----------
    Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward networks, (16)
    """
    fields = math.prod(shape[:-2])  # the places of a filter; 1 in a matrix
    limit = math.sqrt(6 / (fields * (shape[-2] + shape[-1])))
    return random.uniform(-limit, limit, shape)
