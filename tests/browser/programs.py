"""Programs that the course has not: long, wide, with long numbers, and hostile."""

from .course import COURSE

SIGMOID = (
    "z = w*x + b; a = sigmoid(z); J = (a - y)**2/2 | w=0.37214598 x=-2.1853407 b=1.2345678 y=0.98765432"
)
HOSTILE = "J = w**2 | w=<script>alert(1)</script>"


def net(layers, width, inputs=2):
    """A net of sigmoid units, with a loss: `inputs` numbers, then `layers` times `width` units."""
    said, values, below = [], {f"x{k}": k + 1 for k in range(inputs)}, [f"x{k}" for k in range(inputs)]
    for layer in range(1, layers + 1):
        units = []
        for unit in range(width):
            own = f"{layer}{unit}"
            weights = [f"w{own}{k}" for k in range(len(below))]
            values |= {weight: (k + unit) % 3 - 1 for k, weight in enumerate(weights)}
            said.append(f"z{own} = {' + '.join(f'{w}*{v}' for w, v in zip(weights, below, strict=True))}")
            said.append(f"a{own} = sigmoid(z{own})")
            units.append(f"a{own}")
        below = units
    said.append(f"J = ({' + '.join(below)} - y)**2")
    given = " ".join(f"{name}={value}" for name, value in {**values, "y": 1}.items())
    return f"{'; '.join(said)} | {given} | fixed {' '.join(f'x{k}' for k in range(inputs))} y"


def chain(statements):
    """So many statements, each of the one before."""
    said = [
        "a1 = w*x",
        *(f"a{k} = a{k - 1} + b{k % 7}" for k in range(2, statements)),
        f"J = a{statements - 1}**2/2",
    ]
    given = " ".join(f"b{k}={k}" for k in range(7))
    return f"{'; '.join(said)} | w=2 x=3 {given} | fixed x"


FIFTY = net(3, 4)  # 25 statements and their inputs
MEASURED = {
    **{id: COURSE[id].text for id in ("nw1", "relu2", "nw2", "jabc")},
    "sigmoid": SIGMOID,
    "fifty": FIFTY,
}
