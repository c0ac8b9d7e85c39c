"""Values as JSON can hold them."""

import math

from .config import value_of

DEEPEST = 60


class NotPlain(TypeError):
    """A value that cannot leave the process; `what` says what it is."""

    def __init__(self, what):
        super().__init__(f"{what} cannot be carried over")
        self.what = what


def plain(value, depth=0):
    """The value made of maps, lists, texts, numbers, booleans and None. Raises NotPlain."""
    value = value_of(value)
    if depth > DEEPEST:
        raise NotPlain("a value nested so deeply (or in itself)")
    if value is None or isinstance(value, (bool, int, str)):
        # Enumerations and the like are what they derive from.
        return value if value is None or isinstance(value, bool) else int(value) if isinstance(value, int) else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotPlain(f"the number {value}")
        return value
    if isinstance(value, dict):
        return {key_of(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item, depth + 1) for item in value), key=str)
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    if callable(getattr(value, "to_dict", None)) and not isinstance(value, type):
        return plain(value.to_dict(), depth + 1)
    raise NotPlain(f"a {type(value).__name__}" if not callable(value) else "a function or class")


def key_of(key):
    """The key of a map as text."""
    if isinstance(key, str):
        return key
    if isinstance(key, (bool, int, float)) or key is None:
        return str(key)
    raise NotPlain(f"a map with a {type(key).__name__} as key")
