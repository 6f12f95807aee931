"""The figures that are stated as numbers, each with its origin."""

JET_COEFFICIENTS = 6  # design, part 3: over so many coefficients the prototype's jets were off by
JET_ERROR = 3.4e-15  # so much of the largest coefficient at most

RESIDUAL_OPERATIONS = 8  # float64 operations in the longest residual of the op table: a power's
