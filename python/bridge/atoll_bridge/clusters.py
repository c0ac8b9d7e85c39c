"""The options of Dask clusters: `c.Backend.cluster_options`."""

from types import SimpleNamespace

from .config import trait_of
from .failure import Refusal
from .plain import plain

CLASSES = ["KubeBackend", "UnsafeLocalBackend", "LocalBackend", "Backend", "DaskGateway"]


def kind_of_options(c):
    """`none`, `static`, or `perUser`."""
    options = trait_of(c, CLASSES, "cluster_options")
    if options is None:
        return "none"
    return "static" if is_options(options) else "perUser"


def is_options(value):
    """Whether this is an Options object."""
    return hasattr(value, "get_specification") and not isinstance(value, type)


def cluster_options(session, request):
    """The fields that a user sees, as the API shows them, with their targets."""
    return for_user(session, request, fields_of)


def cluster_config(session, request):
    """The configuration that chosen values mean for a user."""
    values = request["values"]

    def choose(options, user):
        outcome = options.get_configuration(options.parse_options(values), user)
        return then(outcome, lambda configuration: configuration_of(configuration))

    return for_user(session, request, choose)


def for_user(session, request, use):
    """Uses the options of a user; awaitable when something on the way is."""
    user = user_of(request["user"])
    options = trait_of(session.gateway, CLASSES, "cluster_options")
    if not is_options(options):
        options = options(user)
    return then(options, lambda made: use(checked(made), user))


def then(value, use):
    """`use(value)`, also when the value is still to come."""
    if not hasattr(value, "__await__"):
        return use(value)

    async def later():
        outcome = use(await value)
        return await outcome if hasattr(outcome, "__await__") else outcome

    return later()


def checked(options):
    """The options, if they are some."""
    if not is_options(options):
        raise Refusal(f"cluster_options returned {type(options).__name__} instead of Options")
    return options


def fields_of(options, user):
    """Each field as the API shows it."""
    targets = {field.field: getattr(field, "target", field.field) for field in options.fields}
    return [{**plain(field), "target": targets[field["field"]]} for field in options.get_specification()]


def configuration_of(configuration):
    """A handler's result."""
    if not isinstance(configuration, dict):
        raise Refusal(f"the handler of the options returned {type(configuration).__name__} instead of a dict")
    return plain(configuration)


def user_of(user):
    """A user as dask-gateway's handlers know one."""
    return SimpleNamespace(name=user["name"], groups=set(user["groups"]), admin=user["admin"])
