"""What the page says, in one place: of typed answers, for Python and the browser, and on its screens.

The page is sent the whole table. Of a table of the page, caption and heads are one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    # what cannot be read
    "large": "This is too large or too small to be read: at most 300 digits.",
    "zero": "This divides by zero.",
    "power": "A power must be a whole number here: type the value as a decimal number.",
    "digitless": "'{0}' has no digit.",
    "commas": "'{0}' cannot be read: type all digits without commas, and a point before the decimals.",
    "points": "'{0}' has more than one decimal point.",
    "ambiguous": "'{0}' is ambiguous: it may mean {1}{2} or {1}.{2}. Type it without the comma.",
    "long": "This is too long: at most 200 characters.",
    "unopened": "This bracket was never opened.",
    "unclosed": "This bracket is never closed.",
    "deep": "There are more than 50 brackets inside one another.",
    "after": "A number is missing after '{0}'.",
    "nothing": "Type a number.",
    "name": "'{0}' is a name: type the number that it stands for.",
    "equals": "'=' may stand after one name only, as in dJ/dw = 10.",
    "before": "A number is missing before '{0}'.",
    "sign": "A sign is missing before '{0}': type one of + - * / ^.",
    "unknown": "'{0}' cannot be read: type a number such as 0.7, -12 or 7/8.",
    "place": "Character {0}: {1}",
    # what is right but for its digits
    "exact": "Right.",
    "rounded": "Right: correctly rounded.",
    "float": "Nearly: that is the number with the rounding error of floats. Which number is meant?",
    "ends": "Right so far, but this value ends: type all its digits.",
    "more": "Right so far. More digits, please: at least 3.",
    "cut": "Cut off instead of rounded: the first digit left out is 5 or more, so the last one goes up.",
    "tail": "Right but for the last digits, the rounding error of floats: leave them out.",
    "decimal": "Right to 2 digits. Type a rounded decimal number with at least 3.",
    "last": "Right to 2 digits, but not to the last one typed.",
    "quotient": "That is the quotient at {0}. Halve the nudge: {1}where does it head?",
    "recorded": "Written down: the answers are not in this file.",
    # what is said of nudges
    "count": "Say how many nudges, as in 10 nudges.",
    "straight": "Right: {0} changes by {1} ({2}), and nothing is left over.",
    "curved": "Right: {0} changes by ≈ {1} ({2}), exactly by {3}: {4} is left over.",
    "unit": "Do you mean {0} nudges? Type the word as well, or the change itself.",
    "turned": "The size is right, the sign is not: does {0} go up or down?",
    "again": "Compute {0} once more with {1} larger by {2}: by how much did {0} change?",
    # screens
    "lab": "nudgegrad lab",
    "screens": "Screens",
    "screen-forward": "Forward",
    "screen-backward": "Backward",
    "screen-show": "Show me",
    "screen-slope": "Slope",
    "screen-bench": "Nudge bench",
    "screen-why": "Why backprop",
    "screen-results": "Results",
    "theme": "colours {0}: change to {1}",
    "fixed": " fixed",
    "closed": "The exercise '{0}' cannot be opened: {1}",
    "python": "it needs Python",
    # start
    "start": "☰ Exercises",
    "exercises": "Exercises",
    "boxes": "{0} boxes",
    "some": "{1} of {0} boxes",
    "own": "Your own",
    "program": "A program, its values, and what stays fixed:",
    "example": "c = w*x; a = c + b; d = a - y; J = d**2/2 | x=2 w=-2 b=8 y=1 | fixed x y",
    "offline": "This page cannot read new programs, because it works without Python. "
    "The command 'nudgegrad lab' opens one that can.",
    "correct": "Correct it: {0}",
    "open": "Fill it in: {0} boxes",
    "open-overview": "Open the overview",
    # boxes
    "meter": "boxes filled in",
    "of": "{0} of {1}",
    "switches": "what is shown",
    "switch-chain": "chain rule",
    "switch-ask": "nudge questions",
    "switch-compact": "one box per node",
    "switch-table": "as table",
    "order": "Boxes in their order|asked|your answer|what is said of it",
    "group": "derivatives at {0}",
    "directly": "directly",
    "help": "help",
    "check": "Check",
    "hint": "Hint",
    "reveal": "Reveal this box",
    "reveal-all": "Reveal all",
    "hide-all": "Hide all",
    "undo": "Undo",
    "print": "Print",
    "choose": "Choose a box first.",
    "done": "{0}: done. Undo takes it back.",
    "said-right": "right",
    "said-wrong": "not right",
    "said-close": "close",
    "said-revealed": "revealed",
    "said-recorded": "written down",
    "before-its-turn": "Right, before its turn: next in order is {0}.",
    "backward": "Go on, backward",
    "values-filled": "All values are filled in. Now backward.",
    "all-filled": "All boxes are filled in.",
    "grows": "how the nudge grows",
    "double-check": "Done: a double check",
    "two-orders": "Forward order against backward order",
    "orders": "What has to be computed for the derivatives of {0}|order|derivatives|how many",
    # a nudge
    "nudge": "nudge it",
    "nudge-and-see": "nudge it: {0}, and see {1}",
    "nudged": "{0} nudged by {1}|node|before|after|change",
    "how-many-times": "How many times as much as {0} does {1} change?",
    "changes": "nudge {0}: {1} changes ",
    "times": " times as much",
    "straight-line": "The same at every size: {0} is straight in {1}.",
    "heads": "Where does it head as the nudge shrinks?",
    "nudge-said": "{0} up by {1}: {2} {3}, {4} times as much.",
    # the worked exercise, results, overview
    "show": "the worked exercise",
    "meter-shown": "boxes shown",
    "worked": "Step shows the next of {0} boxes, Play one after the other.",
    "back": "Back",
    "play": "Play",
    "pause": "Pause",
    "step": "Step",
    "restart": "Start over",
    "filled": "{0} of {1} boxes are filled in.",
    "results": "Every box|box|first answer|now|attempts|hints|revealed|time",
    "yes": "yes",
    "save": "Save results as JSON",
    "large-graph": "This graph has {0} nodes, of them {1} statements and {2} inputs. Up to {3} statements "
    "can be filled in; of larger graphs the lab shows values and derivatives.",
    "find": "Find by name ",
    "nodes": "{0} of {1} nodes|node|value|derivative of {2} by it",
    # slope
    "functions": "functions",
    "input": "input",
    "move": "move it ",
    "nudge-size": "nudge ",
    "slope": "slope {0}",
    "height": "height {0}",
    "width": "width {0}",
    "slope-at": "slope {0} at {1}",
    "curve": "{0} over {1}. {2}: {0} = {3}, slope {4}. Tangents: {5}.",
    "goes-up": "{0}, {1} = {2}: the slope is height / width = {3} / {4}, {5} = {6}. "
    "If {7} goes up by a small nudge, {1} goes up by {6} nudges.",
    "goes-down": "{0}, {1} = {2}: the slope is height / width = {3} / {4}, {5} = {6}. "
    "If {7} goes up by a small nudge, {1} goes up by {6} nudges, that is: down by {8}.",
    "stays": "{0}, {1} = {2}: the slope is height / width = {3} / {4}, {5} = {6}. "
    "If {7} goes up by a small nudge, {1} stays.",
    "no-slope": "{0}, {1} = {2}: no slope.",
    "quotients": "{0}, nudged|nudge|{1}|{1} at the nudged {2}|difference|quotient|distance from {3}",
    "derivative": "The derivative",
    "too-long": "Too long to be written here.",
    "course-prints": "What the course prints",
    "printed": "Quotients|of|printed|floats, in this browser|exact arithmetic",
    "quotient-of": "d{0}/d{1}, nudge {2} ",
    "bit-for-bit": " ✓ bit for bit",
    "exactly": " ✓ exactly",
    # bench
    "what": "what is nudged",
    "sizes": "nudges",
    "best": "the best nudge",
    "measured": "{0}, {1}|nudge|quotient|{2}|error|bar",
    "yours": "yours: {0}",
    "ours": "best: {0}",
    "verdict-fail": "The derivative fails. ",
    "verdict-inconclusive": "Inconclusive. ",
    "no-best": "There is no useful nudge. ",
    "no-value": "{0} has no value in {1}.",
    "size": "nudge",
    "error": "error of the quotient",
    "no-error": "exactly 0",
    "the-courses": "the course\u2019s 0.001",
    "best-bar": "best nudge {0}, bar {1}",
    "your-nudge": "your nudge",
    "errors": "Error over nudge. Nudge {0}: error {1}. Best nudge {2}: error at most {3}.",
    "errors-alone": "Error over nudge. Nudge {0}: error {1}. No best nudge.",
    # why backprop
    "why": "N = {0} nodes: the statements of which {2} is made. P = {1} parameters: the values to change, "
    "not the fixed ones. Backprop visits each node and each parameter once on the way back, for its "
    "derivative. Nudging runs the whole graph again for each parameter.",
    "visits-backprop": "of {0} visits: backprop, N + P = {1} + {2}",
    "visits-nudging": "of {0} visits: nudging, N × P = {1} × {2}",
    "visits-begin": "Both ways begin with one run forward, for the values. It is not counted.",
    "visit-forward": "Forward, for the value of {0}: both ways begin so, not counted.",
    "visit-back": "Backprop: the derivative of {0} by {1}.",
    "back-done": "Backprop has all derivatives.",
    "visit-again": "Nudging: {0} is nudged, {1} is computed again.",
    "nudging-done": "Nudging has all derivatives.",
    "more-visits": "Nudging needs {0} times as many visits.",
    "no-more-visits": "With so few, nudging needs no more visits than backprop.",
    "speed": "visits a second",
    "end": "To the end",
    "larger": "On larger graphs, as areas",
    "neurons": "nodes N ",
    "parameters": "parameters P ",
    "sum-backprop": "Backprop: N + P = {0} + {1} = {2} visits",
    "sum-nudging": "Nudging: N × P = {0} × {1} = {2} visits",
    "at-speed": "At the speed measured with {2} neurons: {0} by backprop, {1} by nudging.",
    "measured-visits": "Measured",
    "race": "Nets of neurons with nine weights and a bias each|neurons N|parameters P|N + P|N × P|"
    "backprop|a nudge for each parameter|times as long|the best nudges of all",
    "extrapolated": "≈ {0}, from {1} of them",
    "race-says": "Measured by 'nudgegrad race' on {0}, {1}. To nudge each parameter of the larger nets "
    "takes too long: some parameters were nudged, as many as the table says, and the time of all is "
    "extrapolated from theirs. The largest net has {2} operations and values.",
    "legend": "Circles: measured here, one per power of two. Dashed: the predicted rounding, large for "
    "small nudges. Dotted: the truncation, large for large ones. Bracket: the bar of the best nudge.",
}


def say(key: str, *values: object) -> str:
    """The sentence of a key with values put in.

    Examples
    --------
    >>> say("before", ")")
    "A number is missing before ')'."
    """
    return SENTENCES[key].format(*values)
