"""Wait for what another process does."""

import time


def wait_until(ready, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.1)
