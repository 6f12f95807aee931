"""The figures that are stated as numbers, each with its origin."""

JET_COEFFICIENTS = 6  # design, part 3: over so many coefficients the prototype's jets were off by
JET_ERROR = 3.4e-15  # so much of the largest coefficient at most

RESIDUAL_OPERATIONS = 8  # float64 operations in the longest residual of the op table: a power's

JETS_LOOSE = 0.01  # share of coefficients whose error bound may say nothing; counted: 4 of 8260

# What the bars of optimal nudges must reach over random programs, in each family (issue 2, "Figures").
NODES = 3000  # of each family and format in the committed study
MISSES = 0.001  # share of nodes whose error may lie above the bar
LOOSENESS = 10  # median of bar over true error
LOOSENESS_SATURATED = 12
INCONCLUSIVE = 0.02  # share of the nodes for which some nudge is good to 10 %
SHORT = {"float32": 0.02, "float16": 0.05, "bfloat16": 0.05}  # issue 5: the same in short formats
RATIO_SHORT = (2.0, 2.5, 12.0)  # issue 5: error at h* over the best possible in them
NOT_REACHED = {  # family, format: which of its figures; docs/nudges.md names them
    ("near_kinks", "float16"): "lost", ("near_kinks", "bfloat16"): "lost",
    ("saturated", "float16"): "looseness",
    ("near_poles", "bfloat16"): "ratio_99", ("sigmoid_net", "bfloat16"): "ratio_99",
}  # fmt: skip
WRONG_NOT_FAILED = 0.01  # share of the wrong adjoints whose error is above 4 (bar + a)
RATIO = (1.0, 1.5, 4.0)  # error at h* over the best possible, 50, 90 and 99 % of all nodes
RATIO_FAMILY = (1.0, 2.5, 6.0)  # the same in each family
RATIO_NOT_BOUND = ("saturated", "self_correcting")

TORCH_PROGRAMS = 1000  # issue 2: adjoints equal torch's on so many random programs
ADJOINTS_WITHOUT_BAR = 0.01  # share of nodes whose rounding may be without limit

FILE_BYTES = 120_000  # issue 3: of an exercise exported as one offline file

# issue 3: 120 kB for an exercise's file, of which lab.js, lab.css and the payload have 84
BENCH_BYTES = 36_000

LAB_SCRIPT_BYTES = 66_000  # lab.js; issue 3 asks for 60,000, which is not reached
LAB_STYLE_BYTES = 15_000  # lab.css
LAB_OVERVIEW = 5_000  # milliseconds until 10,000 nodes are an overview: a frozen tab shows none
LAB_CONTRAST = 4.5  # issue 3, and WCAG 2.2 1.4.3: text and what is behind it
LAB_CONTRAST_SHAPES = 3.0  # WCAG 2.2, 1.4.11: borders that say what state something is in
LAB_WIDTHS = (320, 390, 768, 1280, 1920)  # issue 3: pixels

# Issue 4, "Figures", of gradient checks. Counted: 0 and 0 inconclusive of 214 in float64 and float32
CHECK_INCONCLUSIVE = {"float64": 0.0, "float32": 0.02, "float16": 0.15}  # of ordinary right gradients
CHECK_RESOLUTION = {"float64": 3e-8, "float32": 3e-3}  # the median
CHECK_EVALUATIONS_RIGHT = 30  # the median; counted: 26
CHECK_EVALUATIONS_WRONG = 90
CHECK_DIAGNOSED = 50  # of the wrong gradients in the battery
CHECK_PROGRAMS = 150  # random programs in the gate; 400 in benchmarks
CHECK_PLANTED = 1000  # errors in each format in the gate; 5,000 in benchmarks

ROUNDOFF_DIGITS = 3  # issue 5: to which the predicted error of J agrees with the true one
ENCLOSED_PROGRAMS = 1000  # issue 5: random programs on which every enclosure contains the truth
ENCLOSED_LOOSE = 20  # issue 5: median size over the error of the float64 adjoint

READING_EASE = 80  # issue 6 asks for a reading level; Flesch 1948, table 5: "easy" from here
READING_EASE_WHOLE = 60  # the median of all pages, engineers' ones included

TRAJECTORY = 1e-12  # issue 9: largest difference of a weight from torch's in float64
TRAJECTORY_STEPS = 200  # after so many steps
DIGITS_RIGHT = {"dense": 0.97, "conv": 0.97, "rnn": 0.96, "lstm": 0.95}  # issue 9: of the held-out

# Issue 7, "Figures", of derivatives of black boxes
BLACKBOX_LIMIT = 1.5  # median of error over the best that any second- to eighth-order difference reaches
BLACKBOX_WITHIN = {3: 0.70, 10: 0.85}  # share of the errors within so many times that
BLACKBOX_CALLS = (33, 45)  # the median and the most
BLACKBOX_BATCHES = 5  # calls of a vectorised f
BLACKBOX_HELD = 0.99  # share of the bars that hold; structured rounding included 0.98
BLACKBOX_FAR = 10.0  # times the bar: no error beyond it
BLACKBOX_LOOSE = 12.0  # median of bar over true error
BLACKBOX_OPEN = 0.05  # share of regular problems that are inconclusive
BLACKBOX_OPEN_ORDERS = {2: 0.05, 3: 0.10, 4: 0.20}  # the same of orders 2 to 4; the issue names no figure
BLACKBOX_ENTRY = 1.2  # evaluations an entry of a gradient over the scalar case's
BLACKBOX_NOT_REACHED = {  # category: which of its figures; docs/derivatives.md names them
    "smooth": ("loose",), "scales": ("loose",), "steep": ("loose",), "oscillating": ("loose",),
    "near kink": ("within 3", "within 10", "calls"),
    "near nan": ("loose", "calls"), "noisy": ("calls",), "short": ("held", "open"),
    "structured": ("limit", "within 3", "within 10", "loose", "calls", "open"),
    "solver": ("limit", "within 3", "within 10", "loose", "calls"),
}  # fmt: skip

# Issue 8, of large graphs
EXACT_JETS = 1e-12  # post-dominator jets against plain ones, of the largest coefficient of the node
NUDGES_NEAR = {"sparse": 0.90}  # share of windowed h within a factor 3 of the exact one; else:
NUDGES_NEAR_ELSE = 0.95
NODE_BYTES, NUDGE_BYTES = 40, 160  # for graph, values and adjoints; with nudges
