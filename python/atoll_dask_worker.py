"""What a Dask worker of Atoll does besides: it ends itself before it takes more memory than it may have, and says why.

A preload (`dask worker --preload …/atoll_dask_worker.py`), for distributed 2022.4 and newer. Workers run without a nanny, so
nobody else holds them to `distributed.worker.memory.terminate`: the kernel would end one without a word, or another program in
its place. The last line that it writes is read by the hub:

    atoll: memory limit: {"used": bytes, "limit": bytes, "tasks": [key, …]}
"""

import json
import os
import threading
import time

import dask
from distributed.preloading import process_preloads

PERIOD = 0.1  # seconds between two looks, as a nanny's
MOST_TASKS = 5
LONGEST_KEY = 200
EXIT_CODE = 137  # as of a container that is ended for its memory


def dask_setup(worker):
    """Called by Dask when the worker starts."""
    add_configured_preloads(worker)
    limit, fraction = memory_limit_of(worker), dask.config.get("distributed.worker.memory.terminate", 0.95)
    if getattr(worker, "nanny", None) is None and limit and fraction:
        threading.Thread(target=watch, args=(worker, int(limit), float(fraction)), daemon=True, name="atoll-memory").start()


def add_configured_preloads(worker):
    """A preload on the command line hides those of Dask's settings; they are added to the ones that are about to be started."""
    names = dask.config.get("distributed.worker.preload", None)
    if not names:
        return
    arguments = dask.config.get("distributed.worker.preload-argv", None) or []
    more = process_preloads(worker, names, arguments, file_dir=worker.local_directory)
    getattr(worker.preloads, "_preloads", worker.preloads).extend(more)


def memory_limit_of(worker):
    """Bytes that the worker may use, or None."""
    return getattr(getattr(worker, "memory_manager", worker), "memory_limit", None)


def watch(worker, limit, fraction):
    """Ends the process when it holds too much memory."""
    page = os.sysconf("SC_PAGE_SIZE")
    with open("/proc/self/statm", "rb", buffering=0) as file:
        while True:
            file.seek(0)
            used = int(file.read(200).split()[1]) * page
            if used > limit * fraction:
                end(worker, used, limit)
            time.sleep(PERIOD)


def end(worker, used, limit):
    """Says what it was doing, and ends without any more work: there is no memory for it."""
    told = json.dumps({"used": used, "limit": limit, "tasks": running_tasks(worker)})
    os.write(2, f"\natoll: memory limit: {told}\n".encode())
    os._exit(EXIT_CODE)


def running_tasks(worker):
    """The keys of the tasks that are being worked on."""
    state = getattr(worker, "state", worker)
    try:
        tasks = [task for task in list(state.tasks.values()) if task.state in ("executing", "long-running")]
    except (AttributeError, RuntimeError):  # another version, or it changes in this moment
        return []
    return [str(task.key)[:LONGEST_KEY] for task in tasks[:MOST_TASKS]]
