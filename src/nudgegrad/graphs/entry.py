"""`nudgegrad.graph`: a graph from whatever describes one."""

from __future__ import annotations

from typing import Any

from ..errors import UsageError
from .graph import Graph
from .program import parse


def graph(source: Any) -> Graph:
    """The computation graph of a program.

    Parameters
    ----------
    source : str
        Program text: statements ``name = expression`` separated by ``;`` or newlines, in Python's
        operator grammar. The output is the statement named ``J``, else the last one.

    Returns
    -------
    Graph

    Raises
    ------
    ProgramError
        If the text is no program; the message points at the place and says what to type.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> run = ng.graph("c = w*x; a = c + b; d = a - y; J = d**2/2").at(w=-2, x=2, b=8, y=1)
    >>> run.value("a"), run.adjoint("w"), run.partial("a", "c")
    (4.0, 6.0, 1.0)
    """
    if isinstance(source, Graph):
        return source
    if not isinstance(source, str):
        raise UsageError(
            f"a graph is made from program text, not from {type(source).__name__}",
            help='for example nudgegrad.graph("J = (2 + 3*w)**2")',
        )
    return parse(source)
