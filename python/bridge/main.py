"""Runs the Python of settings files (`extraConfig`) for the hub, in a process of its own.

    python -I -u main.py SITE_PACKAGES...     started by src/bridge/pythonProcess.ts

File descriptor 3 is a socket to the hub, with a line of JSON a message:

    {"id", "op", ...}           a request; atoll_bridge/session.py has the operations
    {"cancel": id}              the hub waits no longer for this request
    {"where": true}             asks which line of the settings runs now
    -> {"began": id}            from now on the request may have effects
    -> {"id", "result"} or {"id", "error"}
    -> {"where": place or null}

What the snippets print goes to standard output and error, which the hub writes to its log. The process ends when the
socket does.
"""

import json
import os
import sys
import threading
from queue import SimpleQueue

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from atoll_bridge import failure, snippets  # noqa: E402
from atoll_bridge.session import Session  # noqa: E402

HUB = 3
LARGEST_ANSWER = 4 * 1024 * 1024
# Memory of this process beyond its code: what is larger is a MemoryError of whoever asks for it.
MEMORY_LIMIT = 768 * 1024 * 1024


def main():
    """Serves the hub until it goes."""
    limit_resources()
    os.set_inheritable(HUB, False)
    # A forked child must neither read the hub's requests nor answer them.
    os.register_at_fork(after_in_child=lambda: os.close(HUB))
    inbox = Inbox(threading.get_ident())
    threading.Thread(target=inbox.read, daemon=True).start()
    serve(Session(), inbox)


def limit_resources():
    """Bounds what a mistake in a snippet can take from the machine."""
    import resource

    def limit(kind, most):
        resource.setrlimit(kind, (most, most))

    limit(resource.RLIMIT_DATA, MEMORY_LIMIT)
    limit(resource.RLIMIT_CORE, 0)


class Inbox:
    """Takes messages from the hub in a thread of its own, also while a snippet is busy."""

    def __init__(self, main_thread):
        self.main_thread = main_thread
        self.requests = SimpleQueue()
        # In the second phase: where requests go instead, and how one is cancelled.
        self.deliver = self.requests.put
        self.cancel = lambda request_id: None

    def read(self):
        """Reads until the hub closes the socket, then ends the process."""
        data = b""
        while chunk := os.read(HUB, 1 << 16):
            data += chunk
            if b"\n" in chunk:
                *lines, data = data.split(b"\n")
                for line in lines:
                    self.take(json.loads(line))
        os._exit(0)

    def take(self, message):
        """Passes one message on."""
        if "cancel" in message:
            self.cancel(message["cancel"])
        elif "where" in message:
            send({"where": snippets.place_of_stack(sys._current_frames().get(self.main_thread))})
        else:
            self.deliver(message)


def serve(session, inbox):
    """Answers requests one after the other, without an event loop as long as no snippet needs one: to import it takes long."""
    while "asyncio" not in sys.modules:
        request = inbox.requests.get()
        outcome = begin(session, request)
        if hasattr(outcome, "__await__"):
            serve_with_loop(session, inbox, (request, outcome))
        else:
            finish(request, outcome)
    serve_with_loop(session, inbox)


def serve_with_loop(session, inbox, first=None):
    """Answers requests at the same time, each in a task of an event loop."""
    import asyncio

    tasks = {}

    async def run(request, outcome=None):
        try:
            outcome = outcome or begin(session, request)
            if hasattr(outcome, "__await__"):
                try:
                    outcome = {"result": await outcome}
                except BaseException as error:
                    outcome = {"error": failure.describe(error)}
            finish(request, outcome)
        finally:
            tasks.pop(request["id"], None)

    async def forever():
        loop = asyncio.get_running_loop()

        def start(request, outcome=None):
            tasks[request["id"]] = loop.create_task(run(request, outcome))

        def cancel(request_id):
            if request_id in tasks:
                tasks[request_id].cancel()

        if first:
            start(*first)
        inbox.cancel = lambda request_id: loop.call_soon_threadsafe(cancel, request_id)
        inbox.deliver = lambda request: loop.call_soon_threadsafe(start, request)
        while not inbox.requests.empty():
            start(inbox.requests.get())
        await loop.create_future()

    asyncio.run(forever())


def begin(session, request):
    """Starts a request: gives its answer, or an awaitable of its result."""
    send({"began": request["id"]})
    try:
        result = session.perform(request)
        return result if hasattr(result, "__await__") else {"result": result}
    except BaseException as error:  # also SystemExit: sys.exit() in a snippet is the snippet's mistake
        return {"error": failure.describe(error)}


def finish(request, outcome):
    """Sends an answer, or why it cannot be sent."""
    try:
        line = encode({"id": request["id"], **outcome})
    except (TypeError, ValueError) as error:
        line = encode({"id": request["id"], "error": failure.describe(error)})
    if len(line) > LARGEST_ANSWER:
        error = ValueError(f"the result is larger than {LARGEST_ANSWER >> 20} MiB")
        line = encode({"id": request["id"], "error": failure.describe(error)})
    write(line)


def send(message):
    """Sends a message of our own."""
    write(encode(message))


def encode(message):
    """A line of JSON; what JSON does not have is refused."""
    return json.dumps(message, allow_nan=False).encode() + b"\n"


writing = threading.Lock()


def write(line):
    """Writes a line as a whole."""
    with writing:
        while line:
            line = line[os.write(HUB, line) :]


main()
