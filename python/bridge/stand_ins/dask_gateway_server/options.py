"""What people may choose when they make a cluster; fields and rules are dask-gateway's."""

import copy
import inspect
from collections.abc import Sequence

__all__ = ["Options", "String", "Bool", "Integer", "Float", "Select", "Mapping"]


class ChosenOptions(dict):
    """The chosen values, as items and as attributes."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no option {name!r}; there are {', '.join(self) or 'none'}") from None

    def __setattr__(self, name, value):
        raise TypeError("options cannot be changed")

    __setitem__ = __setattr__


class Options:
    """Fields in the order in which people see them, and what becomes of the chosen values: `handler(options)` or
    `handler(options, user)` returns configuration, or raises what the person is told."""

    def __init__(self, *fields, handler=None):
        for field in fields:
            if not isinstance(field, Field):
                raise TypeError(f"every field of Options must be a field such as String, got {field!r}")
        self.fields = fields
        self.handler = handler

    def get_specification(self):
        """The fields as the API shows them."""
        return [field.json_spec() for field in self.fields]

    def parse_options(self, request):
        """The values by field name, checked, with defaults."""
        if not isinstance(request, dict):
            raise TypeError(f"options must be a dict, got {type(request).__name__!r}")
        extra = sorted(set(request) - {field.field for field in self.fields})
        if extra:
            raise ValueError(f"Unknown fields {extra!r}")
        return {field.field: field.validate(request.get(field.field, field.get_default())) for field in self.fields}

    def transform_options(self, options):
        """The values by target."""
        return {field.target: field.transform(options.get(field.field, field.get_default())) for field in self.fields}

    def get_configuration(self, options, user):
        """The configuration that these values mean for this user."""
        chosen = self.transform_options(options)
        if self.handler is None:
            return chosen
        arguments = (ChosenOptions(chosen), user)
        return self.handler(*arguments[: 1 if takes_one(self.handler) else 2])


def takes_one(function):
    """Whether a function has one parameter only."""
    parameters = inspect.signature(function).parameters.values()
    return len(parameters) == 1 and not any(one.kind == inspect.Parameter.VAR_POSITIONAL for one in parameters)


class Field:
    """One thing to choose."""

    type = ""

    def __init__(self, field, default=None, label=None, target=None):
        self.field = field
        self.label = label or field
        self.target = target or field
        self.default = self.validate(default)

    def get_default(self):
        return copy.deepcopy(self.default)

    def json_spec(self):
        """The field as the API shows it."""
        return {
            "field": self.field,
            "label": self.label,
            "default": self.default,
            "spec": {"type": self.type, **self.json_type_spec()},
        }

    def json_type_spec(self):
        return {}

    def validate(self, x):
        return x

    def transform(self, x):
        return x

    def check_type(self, x, kind, what):
        if not isinstance(x, kind):
            raise TypeError(f"{self.field} must be {what}, got {x!r}")
        return x


class String(Field):
    """A text."""

    type = "string"

    def __init__(self, field, default="", label=None, target=None):
        super().__init__(field, default, label, target)

    def validate(self, x):
        return self.check_type(x, str, "a string")


class Bool(Field):
    """Yes or no."""

    type = "bool"

    def __init__(self, field, default=False, label=None, target=None):
        super().__init__(field, default, label, target)

    def validate(self, x):
        return self.check_type(x, bool, "a bool")


class Number(Field):
    """A number within bounds."""

    def __init__(self, field, default=0, min=None, max=None, label=None, target=None):
        self.min = self.max = None
        self.min = min if min is None else self.validate(min)
        self.max = max if max is None else self.validate(max)
        super().__init__(field, default, label, target)

    def json_type_spec(self):
        return {"min": self.min, "max": self.max}

    def validate(self, x):
        if self.min is not None and x < self.min:
            raise ValueError(f"{self.field} must be >= {self.min:f}, got {x}")
        if self.max is not None and x > self.max:
            raise ValueError(f"{self.field} must be <= {self.max:f}, got {x}")
        return x


class Integer(Number):
    """A whole number."""

    type = "int"

    def validate(self, x):
        return super().validate(self.check_type(x, int, "an integer"))


class Float(Number):
    """A number."""

    type = "float"

    def validate(self, x):
        return super().validate(self.check_type(float(x) if isinstance(x, int) else x, float, "a float"))


class Select(Field):
    """One of several keys, each of which stands for a value."""

    type = "select"

    def __init__(self, field, options, default=None, label=None, target=None):
        if not isinstance(options, Sequence):
            raise TypeError("options must be a sequence")
        if not options:
            raise ValueError("There must be at least one option")
        self.options = dict(option if isinstance(option, tuple) else (option, option) for option in options)
        for key in self.options:
            if not isinstance(key, str):
                raise TypeError(f"Select keys must be strings, got {key!r}")
        super().__init__(field, next(iter(self.options)) if default is None else default, label, target)

    def json_type_spec(self):
        return {"options": list(self.options)}

    def validate(self, x):
        self.check_type(x, str, "a string")
        if x not in self.options:
            raise ValueError(f"{x!r} is not a valid option for {self.field}")
        return x

    def transform(self, x):
        return self.options[self.validate(x)]


class Mapping(Field):
    """A map."""

    type = "mapping"

    def __init__(self, field, default=None, label=None, target=None):
        super().__init__(field, {} if default is None else default, label, target)

    def validate(self, x):
        return self.check_type(x, dict, "a mapping")
