"""Vanishing and exploding gradients in one picture: sigmoid against relu, RNN against LSTM.

python examples/vanishing.py -o vanishing.svg
"""

import argparse
from pathlib import Path

from nudgegrad.views.depth_picture import depth_svg

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.parse_args().output.write_text(depth_svg() + "\n", encoding="ascii", newline="\n")
