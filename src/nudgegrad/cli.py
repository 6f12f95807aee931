"""The command line: `nudgegrad [command] PROGRAM [name=value ...] [options]`.

Importing it, and `--help`, must cost next to nothing: what computes is imported by the command that runs.
"""

from __future__ import annotations

import os
import sys

from .commands.terminal import write_error, write_result

TYPE_CHECKING = False  # as in the terminal's module
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {  # the first is the default; each is a module of `commands`
    "explain": "every value, derivative and best nudge (the default)",
    "nudge": "what is the best nudge for one node, and why are others worse?",
    "answer": "what is the optimal nudge for each node? (alone: two examples)",
    "check": "is a hand-written gradient right? pass, fail, inconclusive, and where",
    "derivative": "the derivative of a function of yours at a number, with an error bar",
    "lab": "fill in the graph in a browser: all exercises, or your own program",
    "plot": "a picture as SVG: the graph, the errors of nudges, or J over a node",
    "roundoff": "which operation lost the precision of J, in short number formats",
    "race": "backprop against nudging each parameter: N + P against N*P, timed",
    "train": "a net made by hand on scikit-learn's digits, its gradient checked",
    "ops": "the operators and functions of programs, with their derivatives",
}
PASSED, FAILED, WRONG, UNCLEAR, INTERRUPTED = 0, 1, 2, 3, 130
HELP = f"""\
usage: nudgegrad [command] PROGRAM [name=value ...] [options]

examples:
  nudgegrad "J = (2 + 3*w)**2" w=3
  nudgegrad "c = w*x; a = c + b; d = a - y; J = d**2/2" x=-2 w=2 b=8 y=2 --steps
  nudgegrad "z = w*x + b; a = sigmoid(z); J = (a - y)**2/2" w=2 x=-2 b=8 y=1/3
  nudgegrad nudge "u = b*c; v = a + u; J = 3*v" a=5 b=3 c=2 --node u
  nudgegrad answer
  nudgegrad -f net.txt w=0.5 --format float32 --json
  nudgegrad check net.py:loss net.py:grad --at params.npz --args data.npz
  nudgegrad derivative net.py:f --at 0.7
  nudgegrad roundoff "a = w*x + b; J = exp(a)" w=1.7 x=0.3 b=2 --format bfloat16
  nudgegrad plot "a = w*x + b; J = a**2" w=2 x=-2 b=8 -o graph.svg
  nudgegrad plot "J = sin(w)*exp(w)" w=1 --node w -o v.svg
  nudgegrad lab "c = w*x; a = c + b; J = a**2 | x=2 w=-2 b=8 | fixed x"
  nudgegrad lab export nw1 --html out.html --no-answers
  nudgegrad race --sizes 1e3,1e5 -o race.svg
  nudgegrad train digits --net rnn --save rnn.npz -o rnn.svg --check-every 50

Every value of a program, the derivative of its output by each, and for each the
nudge that measures this derivative best, with a bound of the error.

PROGRAM is text in quotes, statements "name = expression" separated by ';' or new
lines; - reads it from stdin, -f FILE from a file. The output is J, or else what
is assigned last. Each input gets a value: 3, -2, 1e-3, 1/3.

commands:
{chr(10).join(f"  {name:<10}  {does}" for name, does in COMMANDS.items())}

options:
  --steps              explain: first the lesson, forward and then backward
  --all                explain: unnamed nodes as well; roundoff: every operation
  --node NAME          only this node; nudge: which one, else the first input;
                       plot: the errors of its nudges, instead of the graph
  --curve              plot: J over the node, with its tangent
  --h H                nudge: your own nudge beside the others, such as 1e-3
  --format FORMAT      float64 (the default), float32, float16 or bfloat16
  --stencil STENCIL    two-sided (the default) or one-sided
  --digits N           significant digits of values and derivatives
  --order N            derivative: 1 (the default) to 4
  --at WHERE           check: x, as params.npz, x.npy or net.py:params; derivative:
                       0.7 or -1/3; plot --curve: further tangents, as -1,0,1/2
  --args WHERE         check: what comes after x, as data.npz or net.py:data
  --seed N             check: of the directions; train: of all chance; race: of the
                       nets and the sample; 0 by default
  --json               one JSON document instead of text
  -f, --file FILE      read the program from a file
  -o, --output FILE    plot, train, derivative, race: write the picture to a file;
                       answer: the card
  --fixed NAME ...     lab: inputs without boxes; plot: without derivatives;
                       answer: data, which a step leaves as they are
  --save FILE          lab: where answers are kept, else in your state folder;
                       train: the weights after each epoch, as .npz
  --port N             lab: the port of the page, else a free one
  --no-browser         lab: print the address only
  --html FILE          lab export: one offline page instead, of all exercises or one
  --no-answers         lab export: a page that knows no right answer
  --net NET            train: dense, conv, rnn or lstm
  --epochs N           train: in all, 30 by default
  --optimiser NAME     train: adam (the default) or gd, gradient descent
  --rate R             train: the learning rate
  --batch N            train: examples in a minibatch, 32 by default
  --l2 R               train: strength of L2 on the matrices
  --dropout R          train: share of the last layer's inputs that are dropped
  --clip R             train: longest gradient of a step
  --check-every N      train: check the gradient every N steps
  --resume FILE        train: go on with a training that --save wrote
  --sizes N,N,...      race: about how many entries the nets have, as 1e3,290499
  --family FAMILY      race: nets that are sparse (the default), mlp or rnn
  --sample N           race: how many parameters are nudged, 500 by default
  --shipped            race: show the table that this version came with instead
  --allow-inconclusive exit with 0 where nothing failed
  --color WHEN         auto (the default), always or never; --no-color for never
  --version, --help

exit codes: 0 all derivatives agree with their nudges, 1 one fails, 2 the program
or the arguments are wrong, 3 nothing fails but something is inconclusive."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of one call; prints the result to stdout and errors to stderr.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments, `sys.argv` without its first by default.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    traced = bool(os.environ.get("NUDGEGRAD_TRACEBACK"))
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # no traceback reaches a user, whatever happened
        if traced:
            import traceback

            traceback.print_exc()
        _report(error)
        return WRONG


def _run(arguments: list[str]) -> int:
    options_end = arguments.index("--") if "--" in arguments else len(arguments)
    asked = arguments[:options_end]
    if "--help" in asked or "-h" in asked:
        write_result(HELP)
        return PASSED
    if "--version" in asked:
        from . import __version__

        write_result(f"nudgegrad {__version__}")
        return PASSED
    from importlib import import_module

    from .commands.arguments import parse_arguments
    from .commands.terminal import screen_of, write

    options = parse_arguments(arguments, list(COMMANDS))
    command = import_module(f".commands.{options.command}", __package__)
    outcome = command.run(options, screen_of(sys.stdout, options.color))
    if outcome.text and not write_result(outcome.text):
        return PASSED
    if outcome.interrupted:
        write(sys.stderr, outcome.interrupted)
        return INTERRUPTED
    codes = {"fail": FAILED, "inconclusive": PASSED if options.allow_inconclusive else UNCLEAR}
    return codes.get(outcome.verdict, PASSED)


def _report(error: Exception) -> None:
    from .errors import NudgegradError

    if not isinstance(error, NudgegradError):
        if isinstance(error, OSError):
            error = NudgegradError(f"the result cannot be written: {error.strerror}")
        elif isinstance(error, MemoryError):
            error = NudgegradError("the program is too large for this machine's memory")
        else:
            error = NudgegradError(
                f"nudgegrad itself failed: {type(error).__name__}: {error}",
                help="please report it with what NUDGEGRAD_TRACEBACK=1 shows",
            )
    write_error(error)
