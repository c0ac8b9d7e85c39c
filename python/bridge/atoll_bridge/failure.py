"""What is told of an exception."""

from . import snippets

LONGEST = 2000
LONGEST_TRACEBACK = 8000


class Refusal(Exception):
    """What a snippet asks for cannot be had here; the message says what to do instead."""


def describe(error):
    """An exception for the hub: `reason` is the last line of its traceback, `message` what it says by itself, `place` the
    innermost line of the settings, `deliberate` whether a `raise` of the settings made it, `traceback` for the log when none
    did, `status` that of an HTTPError."""
    place, deliberate = place_of(error)
    status = getattr(error, "status_code", None)
    name = type(error).__name__
    message = message_of(error)
    return {
        "reason": (f"{name}: {message}" if message else name)[:LONGEST],
        "message": (message or name)[:LONGEST],
        "name": name,
        "place": place,
        "deliberate": deliberate,
        "traceback": None if deliberate else traceback_of(error),
        "status": status if isinstance(status, int) else None,
    }


def message_of(error):
    """What an exception says."""
    for attribute in ("jupyterhub_message", "log_message"):
        message = getattr(error, attribute, None)
        if message:
            return str(message)
    if isinstance(error, SyntaxError):
        return error.msg
    try:
        return str(error)
    except Exception:
        return ""


def place_of(error):
    """The innermost line of the settings that an exception went through, and whether that line raises it by itself."""
    if isinstance(error, SyntaxError) and error.filename in snippets.by_file:
        return {"file": error.filename, "line": error.lineno}, False
    place, deliberate = None, False
    trace = error.__traceback__
    while trace:
        file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        snippet = snippets.find(file, line)
        if snippet:
            place = {"file": file, "line": line}
        deliberate = snippet is not None and line in snippet.raises
        trace = trace.tb_next
    return place, deliberate


def traceback_of(error):
    """The traceback from the first line of the settings on."""
    import traceback

    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename not in snippets.by_file:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))[-LONGEST_TRACEBACK:]
