"""Starts one workload as a new program, waits for it, and writes down how it ended: `python -I -S atoll_supervisor.py`.

The request comes as JSON on standard input: {account, argv, environment, directory, log, process, exit}. One line of
JSON, {"pid": …}, goes to standard output once the workload runs. The supervisor lives in its own session, so that
signals to the workload's group do not reach it, and outlives the hub.
"""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from atoll_workload import drop_privileges, fork_workload, record_exit, restore_signals  # noqa: E402


def execute(request):
    """Replaces this process by the workload's program; ends with 127 or 126 as a shell does when that fails."""
    restore_signals()
    try:
        os.execve(request["argv"][0], request["argv"], request["environment"])
    except OSError as error:
        print(f"atoll: cannot run {request['argv'][0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def main():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    text = sys.stdin.read()
    if not text.endswith("\n"):
        return  # the hub ended while it wrote the request
    request = json.loads(text)
    drop_privileges(request["account"])
    pid, runs = fork_workload(request)
    if pid == 0:
        execute(request)
    request["environment"] = None  # its secrets are not needed any more
    if runs:
        try:
            os.write(1, json.dumps({"pid": pid}).encode() + b"\n")
        except OSError:
            pass  # the hub is gone; it finds the workload by its files
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    status = os.waitpid(pid, 0)[1]
    if runs:
        record_exit(request["exit"], status)


main()
