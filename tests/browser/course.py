"""The course's exercises as a learner who knows the answers has them; none of it comes from the lab."""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "exercises.json"
NUDGE = Fraction(1, 1000)


@dataclass(frozen=True)
class Exercise:
    id: str
    answers: dict[str, str]  # box: exact fraction, in the official order
    text: str

    @property
    def forward(self):
        return [box for box in self.answers if box.startswith("v:")]

    @property
    def backward(self):
        return [box for box in self.answers if not box.startswith("v:")]

    def change(self, box):
        """What the nudge question of a derivative asks: the change of the output, to first order."""
        return str(Fraction(self.answers[box]) * NUDGE)


def _read(entry):
    values = " ".join(f"{name}={value}" for name, value in entry["inputs"].items())
    fixed = f" | fixed {' '.join(entry['fixed'])}" if entry["fixed"] else ""
    answers = {box["id"]: box["exact"] for box in entry["boxes"]}
    return Exercise(entry["id"], answers, f"{entry['program']} | {values}{fixed}")


COURSE = {entry["id"]: _read(entry) for entry in json.loads(DATA.read_text(encoding="utf-8"))["exercises"]}
