"""The Chromium of the browser tests: the machine's own, never one that is fetched.

    python -m tests.browser.chromium

prints its version.
"""

import os
import shutil
import sys

from playwright.sync_api import sync_playwright

VARIABLE = "NUDGEGRAD_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome")  # the same as in scripts/browser
FLAGS = (
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path():
    """Where Chromium is; that there is none is an error, never a reason to skip."""
    named = os.environ.get(VARIABLE)
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing = f"{VARIABLE}={named}" if named else " or ".join(NAMES)
        raise RuntimeError(f"the browser tests need a Chromium, there is no {missing}: run scripts/browser")
    return found


def launch(playwright):
    return playwright.chromium.launch(executable_path=path(), args=list(FLAGS))


if __name__ == "__main__":
    with sync_playwright() as found, launch(found) as browser:
        print(f"chromium {browser.version}")
    sys.exit()
