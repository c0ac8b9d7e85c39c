"""What the scripts in this folder share."""

import json
import time


def tell(**values):
    """Prints one JSON object, for the test to read."""
    print(json.dumps(values), flush=True)


def until(condition, seconds=60):
    """Waits for a condition."""
    deadline = time.time() + seconds
    while not condition():
        if time.time() > deadline:
            raise TimeoutError(f"waited {seconds} s in vain")
        time.sleep(0.02)


def names_of(client):
    """The names of the workers that the scheduler has, sorted."""
    return sorted(worker["name"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
