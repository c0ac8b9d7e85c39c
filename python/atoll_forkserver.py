"""The fork server of one user: imports Jupyter and Dask once, then forks a ready process for each start.

    python -I -S atoll_forkserver.py                   starts one; its settings come as JSON on standard input
    python -P atoll_forkserver.py --serve DESCRIPTOR   goes on as a fork server
    python -I -S atoll_forkserver.py --reap DESCRIPTOR goes on without the imported modules

(the descriptor is a file in memory with the state that survives the execution).

It listens on the Unix socket `s` of its folder; each connection carries one request and one answer, a line of JSON each:

    {"op": "run", "module", "arguments", "environment", "directory", "log", "process", "exit"} -> {"pid"} or {"error"}
    {"op": "warm"}                                                                              -> {"ready"}
    {"op": "assign", "account"}                                                                 -> {"ready"} or {"error"}
    {"op": "rest"}                                                                              -> {"ready"}

`run` stands for `python -P -m MODULE ARGUMENTS`. It is answered with an error, and the hub starts a program instead,
whenever the fork would not be the same thing.

A spare one belongs to nobody at first: it imports, and runs nothing until it is assigned to a user, once and for good, whose
account it becomes before anything else.

It is the parent of what it forked, so it writes down how each of them ended, also while no hub runs. When nobody has asked
for anything during `idleSeconds`, or it was told to `rest`, it gives its memory back: without children it ends; with children it executes itself
anew without the modules (same pid, same children) until they have ended or somebody asks again.
"""

import gc
import importlib
import json
import logging
import os
import select
import signal
import site
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from atoll_workload import drop_privileges, fork_workload, record_exit, restore_signals  # noqa: E402

del sys.path[0]

# The modules that can be run, each with what it imports at its start, in the order in which this is imported: in small steps,
# since requests are only answered between two of them. The module itself comes last; from then on it can be run. After a colon
# comes a function that is called, for what it remembers. A name that an environment does not have is passed over.
MODULES = {
    "jupyterhub.singleuser": """
        aiohttp sqlalchemy alembic.command jupyterhub.handlers.pages jupyter_server.serverapp
        tornado.platform.asyncio IPython.core.interactiveshell IPython.display jinja2.ext h11 httpcore getopt
        jupyter_core.migrate jupyter_server.kernelspecs.handlers jupyter_server.nbconvert.handlers
        jupyter_server.view.handlers jupyter_server.services.api.handlers jupyter_server.services.config.handlers
        jupyter_server.services.contents.handlers jupyter_server.services.events.handlers
        jupyter_server.services.kernels.handlers jupyter_server.services.kernelspecs.handlers
        jupyter_server.services.nbconvert.handlers jupyter_server.services.security.handlers
        jupyter_server.services.sessions.handlers jupyter_server.services.shutdown
        jupyterlab.labapp notebook_shim.nbserver jupyter_lsp.serverextension jupyter_lsp.specs
        jupyter_lsp.virtual_documents_shadow jupyter_server_proxy
        jupyter_server_terminals.app jupyter_server_terminals.handlers jupyter_server_terminals.api_handlers
        dask_labextension.clusterhandler dask_labextension.dashboardhandler
    """,
    "distributed.cli.dask_scheduler": """
        dask numpy distributed.core distributed.versions:get_versions dask.config:refresh
        dask.distributed prometheus_client.core distributed.http.health distributed.http.prometheus
        distributed.http.statics distributed.http.scheduler.api distributed.http.scheduler.info
        distributed.http.scheduler.json distributed.http.scheduler.missing_bokeh distributed.http.scheduler.prometheus.core
        distributed.dashboard.scheduler distributed.dashboard.components.nvml bokeh.server.server bokeh.plotting
        bokeh.io.export bokeh.application.handlers.document_lifecycle bokeh.protocol.messages distributed.http.proxy
        dask_gateway.scheduler_preload
    """,
    "distributed.cli.dask_worker": """
        dask numpy distributed.core distributed.versions:get_versions dask.config:refresh
        distributed.http.worker.prometheus.core numpy numpy.random numpy.fft numpy.ma dask.array
    """,
}
BACKLOG = 64
LARGEST_REQUEST = 4 * 1024 * 1024
# Room for the title that `ps` shows: a program can only overwrite the arguments that it was executed with.
TITLE_ROOM = "." * 1000


class ForkServer:
    """The state that survives an execution of itself: the listening socket, the children, the settings."""

    def __init__(self, state):
        self.state = state
        self.listener = socket.socket(fileno=state["listener"])
        self.listener.setblocking(False)
        # pid -> path of the exit file
        self.children = {int(pid): path for pid, path in state["children"].items()}
        self.last_use = time.monotonic()
        # module -> names still to be imported for it
        self.steps = {module: [*names.split(), module] for module, names in MODULES.items()}
        self.loaded = set()
        self.failed = {}
        self.ready = False
        # Connections that wait for their module to be imported, with their requests.
        self.deferred = []
        self.wakeup_reader, self.wakeup_writer = os.pipe()
        os.set_blocking(self.wakeup_reader, False)
        os.set_blocking(self.wakeup_writer, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wakeup_writer, warn_on_full_buffer=False)

    def become(self, mode):
        """Executes itself anew; returns only when that is not possible."""
        self.reap()
        state = {**self.state, "children": self.children}
        descriptor = os.memfd_create("atoll-fork-server", 0)
        os.write(descriptor, json.dumps(state).encode())
        os.set_inheritable(self.listener.fileno(), True)
        try:
            os.execv(sys.executable, command_line(mode, str(descriptor)))
        except OSError as error:
            print(f"cannot execute itself: {error}", file=sys.stderr, flush=True)
            os.close(descriptor)

    def reap(self):
        """Writes down how the children ended that have ended."""
        while self.children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self.children.clear()
                return
            if pid == 0:
                return
            path = self.children.pop(pid, None)
            if path:
                record_exit(path, status)

    def wait(self, seconds):
        """Waits for a connection or the end of a child; returns the connection, if there is one."""
        select.select([self.listener, self.wakeup_reader], [], [], seconds)
        try:
            os.read(self.wakeup_reader, 4096)
        except BlockingIOError:
            pass
        self.reap()
        try:
            connection = self.listener.accept()[0]
        except BlockingIOError:
            return None
        connection.settimeout(1)  # the hub sends a request at once
        return connection

    def answer_request(self, seconds):
        """Waits for a request and answers it. In a child that shall run it: returns the request; otherwise None."""
        connection = self.wait(seconds)
        if connection is None:
            return None
        self.last_use = time.monotonic()
        return self.guarded(lambda: self.answer(receive(connection), connection), connection)

    def guarded(self, answer, connection):
        """Whatever a request does, the fork server stays; the hub sees the connection end and starts plainly."""
        try:
            return answer()
        except Exception as error:
            print(f"a request failed: {error!r}", file=sys.stderr, flush=True)
            connection.close()
            return None

    def answer(self, request, connection):
        """Answers a request. Returns it in a child that shall run it, else None."""
        if request["op"] == "run":
            return self.run(request, connection)
        if request["op"] == "rest":
            self.last_use = -float("inf")
        with connection:
            send(connection, self.assign(request["account"]) if request["op"] == "assign" else {"ready": self.ready})
        return None

    def run(self, request, connection):
        """Forks, or keeps the request until its module is imported. Returns the request in the child, else None."""
        module = request["module"]
        if module in MODULES and module not in self.loaded and module not in self.failed:
            self.deferred.append((request, connection))
            return None
        with connection:
            problem = self.problem_with(module)
            if problem:
                send(connection, {"error": problem})
                return None
            gc.freeze()  # before the pages are shared
            pid, runs = fork_workload(request)
            if pid == 0:
                return request
            self.children[pid] = request["exit"] if runs else None
            send(connection, {"pid": pid} if runs else {"error": "the start was given up"})
            return None

    def answer_pending(self):
        """Answers what was asked during an import."""
        waiting, self.deferred = self.deferred, []
        for request, connection in waiting:
            if self.guarded(lambda: self.run(request, connection), connection):  # noqa: B023 (called at once)
                return request
        while self.has_pending():
            request = self.answer_request(0)
            if request:
                return request
        return None

    def assign(self, account):
        """Becomes a user's fork server."""
        if not self.state["spare"]:
            return {"error": "it belongs to somebody"}
        self.state["spare"] = False
        if account:
            drop_privileges(account)
            allow_inspection()
        return {"ready": self.ready}

    def problem_with(self, module):
        """Why a module must be started plainly, or None."""
        if self.state["spare"]:
            return "it belongs to nobody"
        if module in self.failed:
            return f"{module} cannot be imported: {self.failed[module]!r}"
        if module not in self.loaded:
            return f"{module} is not imported here"
        if count_threads() != 1:
            return "a thread is running"
        return None

    def load(self):
        """Imports everything, answering requests between the steps. In a child that shall run one: returns it; otherwise None."""
        gc.disable()
        request = self.answer_pending()
        while request is None:
            module = self.next_module()
            if module is None:
                gc.collect()
                gc.freeze()
                gc.enable()
                self.ready = True
                return None
            self.import_next(module)
            request = self.answer_pending()
        return request

    def next_module(self):
        """For which module to go on importing: first for those that are waited for; None when all is there."""
        wanted = [request["module"] for request, _ in self.deferred]
        return next((module for module in [*wanted, self.state["first"], *MODULES] if self.steps.get(module)), None)

    def import_next(self, module):
        """Imports the next name for a module."""
        name = self.steps[module].pop(0)
        if name != module:
            import_if_there(name)
            return
        try:
            importlib.import_module(module)
            self.loaded.add(module)
        except Exception as error:
            self.failed[module] = error

    def has_pending(self):
        """Whether somebody waits to be served."""
        return bool(select.select([self.listener], [], [], 0)[0])

    def serve(self):
        """Serves until there is nothing left to do. Returns a request in a child that shall run it."""
        request = self.load()
        while request is None:
            idle = time.monotonic() - self.last_use
            if idle >= self.state["idleSeconds"]:
                if not self.children:
                    return None
                self.become("--reap")
                self.last_use = time.monotonic()
                continue
            request = self.answer_request(self.state["idleSeconds"] - idle)
        return request

    def reap_only(self):
        """Waits for the children without the modules, until there are none left or somebody asks for something."""
        while self.children:
            select.select([self.listener, self.wakeup_reader], [], [])
            if self.has_pending():
                self.become("--serve")
            self.wait(0)

    def close(self):
        """In a child: lets go of everything that belongs to the fork server."""
        signal.set_wakeup_fd(-1)
        self.listener.close()
        os.close(self.wakeup_reader)
        os.close(self.wakeup_writer)


def import_if_there(name):
    """Imports a module, or calls a function of one, that only makes the start faster."""
    module, _, function = name.partition(":")
    try:
        imported = importlib.import_module(module)
        if function:
            getattr(imported, function)()
    except Exception as error:
        print(f"passed over {name}: {error!r}", file=sys.stderr, flush=True)


def receive(connection):
    """One line of JSON. Raises ValueError when the other side went away before it was complete."""
    data = b""
    while not data.endswith(b"\n"):
        chunk = connection.recv(65536)
        if not chunk:
            raise ValueError("half a request")
        data += chunk
        if len(data) > LARGEST_REQUEST:
            raise ValueError("too large a request")
    return json.loads(data)


def send(connection, answer):
    """One line of JSON; the other side may have gone."""
    connection.sendall(json.dumps(answer).encode() + b"\n")


def count_threads():
    """The threads of this process, Python's and others': a fork keeps only the one that forks."""
    return len(os.listdir("/proc/self/task"))


def allow_inspection():
    """Makes the process its account's own again, as an execution would: a change of ids closes its /proc to itself."""
    import ctypes

    pr_set_dumpable = 4  # linux/prctl.h
    ctypes.CDLL(None).prctl(pr_set_dumpable, 1, 0, 0, 0)


def show_title(arguments):
    """Shows these arguments in `ps`, as far as there is room."""
    import ctypes

    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b") ")[2].split()
    begin, end = int(fields[45]), int(fields[46])  # arg_start and arg_end, proc(5)
    title = b"\0".join(os.fsencode(argument) for argument in arguments)[: end - begin - 1]
    ctypes.memset(begin, 0, end - begin)
    ctypes.memmove(begin, title, len(title))


def become_module(request):
    """Makes a fresh child what `python -P -m module` would have found, but with the modules imported."""
    gc.enable()
    restore_signals()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python itself does at its start
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    site.USER_BASE = site.USER_SITE = None  # found anew from HOME when asked for
    sys.argv = [request["module"], *request["arguments"]]
    sys.orig_argv = [sys.executable, "-P", "-m", *sys.argv]
    show_title(sys.orig_argv)
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write("python")
    # Each child would otherwise draw the same numbers (random does this by itself).
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "distributed.config" in sys.modules:
        configure_dask(request["module"])


def configure_dask(module):
    """Reads Dask's settings again, and sets its logging up for the program that begins; others get none of it."""
    settings = sys.modules["dask.config"]
    settings.paths[:] = settings._get_paths()  # HOME may be another one than at the import
    settings.refresh()
    for name in ("distributed", "distributed.client", "distributed.gc", "bokeh", "tornado", "tornado.application"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.propagate = True
    if module.startswith("distributed."):
        sys.modules["distributed.config"].initialize_logging(settings.config)


def run_module(request):
    """Runs the module as the main program."""
    import runpy

    become_module(request)
    if not hasattr(sys.modules[request["module"]], "__path__"):
        del sys.modules[request["module"]]  # it is about to be run under the name __main__
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def command_line(mode, descriptor):
    """How a fork server executes itself; without the modules it needs no site-packages either."""
    flags = ["-P"] if mode == "--serve" else ["-I", "-S"]
    return [sys.executable, *flags, os.path.abspath(__file__), mode, descriptor, TITLE_ROOM]


def start():
    """Makes the state of a new fork server from the settings on standard input."""
    settings = json.loads(sys.stdin.read())
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.chdir(settings["folder"])
    try:
        os.unlink("s")
    except FileNotFoundError:
        pass
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.umask(0o177)
    listener.bind("s")
    os.umask(0o022)
    listener.listen(BACKLOG)
    os.chdir("/")
    drop_privileges(settings["account"])
    kept = {name: settings[name] for name in ("idleSeconds", "spare", "first")}
    return {"listener": listener.detach(), "children": {}, **kept}


def resume(descriptor):
    """The state that an earlier execution of this process left."""
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return json.load(file)


def main():
    if len(sys.argv) == 1:
        state = start()
        # Executed anew, so that there is room for a title, and nothing is left of the time with more rights.
        ForkServer(state).become("--serve")
        sys.exit("atoll: the fork server cannot execute itself")
    mode = sys.argv[1]
    server = ForkServer(resume(int(sys.argv[2])))
    show_title(["atoll", "fork", "server"])
    if mode == "--reap":
        server.reap_only()
        return None
    request = server.serve()
    if request:
        server.close()
    return request


work = main()
if work:
    run_module(work)
