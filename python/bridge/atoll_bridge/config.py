"""The object `c` of configuration files: what traitlets' Config does for them, and where each value was set."""

import copy

from . import snippets


class Config(dict):
    """Sections by class name (with a capital), and in them values by trait name. Sections come into being when they are
    looked at; a value that is not there is a `Lazy` one, which collects changes."""

    def __init__(self, *args, **kwargs):
        super().__init__()
        # Where each value was set; no trait begins with an underscore.
        object.__setattr__(self, "_places", {})
        self.update(*args, **kwargs)

    def __getitem__(self, key):
        if not dict.__contains__(self, key):
            if key.startswith("_"):
                raise KeyError(key)
            dict.__setitem__(self, key, Config() if is_section(key) else Lazy())
        return dict.__getitem__(self, key)

    def __setitem__(self, key, value):
        if is_section(key) and not isinstance(value, Config):
            if not isinstance(value, dict):
                raise ValueError(f"values whose keys begin with a capital must be sections: {key!r}, {value!r}")
            value = Config(value)
        self._places[key] = snippets.place_of_caller()
        dict.__setitem__(self, key, value)

    def __getattr__(self, key):
        if key.startswith("__"):
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError as error:
            raise AttributeError(key) from error

    def __setattr__(self, key, value):
        self[key] = value

    def __delattr__(self, key):
        try:
            del self[key]
        except KeyError as error:
            raise AttributeError(key) from error

    def __contains__(self, key):
        first, _, rest = str(key).partition(".")
        return dict.__contains__(self, first) and (not rest or rest in self[first])

    def setdefault(self, key, default=None):
        """As a dict does; a value that was only looked at counts as not there."""
        if not dict.__contains__(self, key) or isinstance(dict.__getitem__(self, key), Lazy):
            self[key] = default
        return self[key]

    def update(self, *args, **kwargs):
        """As a dict does."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def merge(self, other):
        """Lays another configuration over this one, section by section."""
        for key, value in other.items():
            if isinstance(value, dict) and is_section(key):
                self[key].merge(value)
            else:
                self[key] = value

    def copy(self):
        """A copy whose sections are copies too."""
        return type(self)({key: value.copy() if isinstance(value, Config) else value for key, value in self.items()})

    __copy__ = copy

    def __deepcopy__(self, memo):
        return type(self)({key: copy.deepcopy(value, memo) for key, value in self.items()})


class Lazy:
    """A value that nobody has set: takes changes to it, to be made to the empty list, map or set that it starts as."""

    def __init__(self):
        self.value = None

    def append(self, item):
        self.extend([item])

    def extend(self, items):
        self.start([]).extend(items)

    def prepend(self, items):
        self.start([])[:0] = items

    def insert(self, index, item):
        self.start([]).insert(index, item)

    def update(self, items):
        self.start({} if isinstance(items, dict) else set()).update(items)

    def add(self, item):
        self.start(set()).add(item)

    def start(self, empty):
        """The value, which becomes of this kind with the first change."""
        if self.value is None:
            self.value = empty
        if type(self.value) is not type(empty):
            raise TypeError(f"a {type(self.value).__name__} cannot be changed as a {type(empty).__name__}")
        return self.value


def is_section(key):
    """Whether a key is the name of a class."""
    return bool(key) and key[0].isupper()


def value_of(value):
    """A value, or what has been collected of it; None when it was only looked at."""
    return value.value if isinstance(value, Lazy) else value


def trait_of(c, classes, trait):
    """The value of a trait in the first of these classes, the most special one first, that has it; otherwise None."""
    for name in classes:
        section = dict.get(c, name)
        value = value_of(dict.get(section, trait)) if section is not None else None
        if value is not None:
            return value
    return None
