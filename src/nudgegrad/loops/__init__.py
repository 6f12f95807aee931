"""Loops over the nodes of a large graph, one after the other: what no array operation can say.

They are plain Python on flat arrays or lists, and `compiled` has them as machine code where numba is
installed. They know no op: a row comes to them as numbers that the op table gave. No index is negative.
"""
