"""What a started process does before it becomes a workload, and what its parent does after it ended.

Runs with any Python >= 3.9 and the standard library alone. Three files carry the news to the hub; the hub makes them
(empty, owned by the workload's account) in a folder that only the hub can change, so they are opened, never created:

* the process file: who the workload is (pid, start time, boot id), written by itself before it runs;
* the exit file: how it ended (code or signal), written by its parent, which outlives the hub;
* the log: its standard output and error.
"""

import json
import os
import signal
import sys
import time


def boot_id():
    """The identity of this boot of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def start_time(pid):
    """When a process was started, in clock ticks after boot: with the pid and the boot id it is unique."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        content = file.read()
    # The second field is the command in parentheses and may hold anything; the start time is field 22.
    return int(content[content.rindex(b")") + 2 :].split()[19])


def drop_privileges(account):
    """Becomes the account {name, uid, gid} with its supplementary groups, for good. None: stays who it is."""
    if account is None:
        return
    os.initgroups(account["name"], account["gid"])
    os.setresgid(account["gid"], account["gid"], account["gid"])
    os.setresuid(account["uid"], account["uid"], account["uid"])


def claim_start(path):
    """Writes who this process is into its process file.

    Returns False when the hub gave this start up (it renames the file): then nothing may be run. The hub renames first
    and reads then, this process writes first and looks at the name then: whatever the order, exactly one of the two
    sees the other.
    """
    identity = {"pid": os.getpid(), "startTime": start_time(os.getpid()), "bootId": boot_id()}
    identity["parent"] = {"pid": os.getppid(), "startTime": start_time(os.getppid())}
    try:
        file = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    os.write(file, json.dumps(identity).encode())
    written = os.fstat(file)
    os.close(file)
    try:
        named = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (written.st_dev, written.st_ino)


def enter_session(request):
    """Makes the calling process (just forked) the leader of its own session, with its own folder and log."""
    os.setsid()
    os.umask(0o022)
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    nothing = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)
    os.chdir(request["directory"])


def fork_workload(request):
    """Forks. In the parent: returns (pid of the child, True when it runs). In the child: returns (0, True), ready to run.

    The child is the leader of its own session, has written its process file, and holds no file but its log.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            return pid, pipe.read() == b"+"
    try:
        os.close(reading)
        enter_session(request)
        if claim_start(request["process"]):
            os.write(writing, b"+")
            os.close(writing)
            return 0, True
    except BaseException as error:  # whatever it is, the child must not go on as its parent
        print(f"atoll: cannot start: {error!r}", file=sys.stderr, flush=True)
    os._exit(127)


def record_exit(path, status):
    """Writes how a child ended (a wait status) into its exit file; nothing when the hub has forgotten the workload."""
    code = os.waitstatus_to_exitcode(status)
    record = {"code": code if code >= 0 else None, "signal": None, "at": int(time.time() * 1000)}
    if code < 0:
        try:
            record["signal"] = signal.Signals(-code).name
        except ValueError:
            record["signal"] = f"SIG{-code}"
    try:
        file = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    os.write(file, json.dumps(record).encode())
    os.close(file)


def restore_signals():
    """Gives the signals that the launcher, or the hub before it, ignored or handled their default meaning again."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
