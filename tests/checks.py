"""What the checks of the program with other programs have in common: counting them, and waiting."""

import time


class Checks:
    """Counts checks, and says each in a line."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, holds, told=""):
        print("ok    " if holds else "FAILED", what, "" if holds else f"\n{told}", flush=True)
        self.passed += bool(holds)
        self.failed += not holds

    def end(self):
        """Prints the counts as the last line; returns the exit code."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def until(holds, seconds=180):
    """Waits until something holds and returns it; None if it never does."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        found = holds()
        if found:
            return found
        time.sleep(0.2)
    return None
