"""The lab as users start it: `nudgegrad lab` in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

SLOW = 60  # seconds after which something hangs


class Lab:
    """A running `nudgegrad lab`: `url` is what it printed, `save` the file in which it keeps answers."""

    def __init__(self, save, *arguments):
        self.save = save
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nudgegrad", "lab", "--no-browser", "--save", save, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment,
        )
        assert self.process.stdout
        found = re.match(r"http://127\.0\.0\.1:\d+/[\w-]+/$", self.process.stdout.readline())
        if not found:
            self.process.kill()
            raise RuntimeError(f"the lab did not start:\n{self.process.communicate()[1]}")
        self.url = found[0].strip()

    def state(self):
        """What the lab keeps."""
        with urllib.request.urlopen(self.url + "state", timeout=SLOW) as reply:
            return json.load(reply)

    def keep(self, state=None):
        """Let the lab's file hold this state; none at all without one."""
        self.state()  # what is being written is written
        if state is None:
            self.save.unlink(missing_ok=True)
        else:
            self.save.write_text(json.dumps(state), encoding="utf-8")

    def stop(self):
        """Stop it as Ctrl-C does; what it said."""
        self.process.send_signal(signal.SIGINT)
        try:
            said = self.process.communicate(timeout=SLOW)[1]
        finally:
            self.process.kill()
        assert self.process.returncode == 0, said
        return said
