"""Packages that are not installed here: snippets may import them, derive from their classes, and hear when they use them."""

import importlib.machinery
import sys

from .failure import Refusal

SIGN_IN = "Atoll signs people in itself; the traits and hooks of the authenticators work"
SPAWNERS = "Atoll starts servers itself; c.Spawner and c.KubeSpawner with their hooks work"

# Why there is no need for a package, and what to do instead.
WHY = {
    "batchspawner": SPAWNERS,
    "dask_gateway_server": "Atoll is the gateway; options, c.Backend and c.ClusterConfig work",
    "dockerspawner": SPAWNERS,
    "firstuseauthenticator": SIGN_IN,
    "jhub_remote_user_authenticator": SIGN_IN,
    "jupyterhub_configurator": "profiles are what people choose from: jupyterhub.singleuser.profileList",
    "kubernetes": "no Kubernetes is used here",
    "kubernetes_asyncio": "no Kubernetes is used here",
    "kubespawner": SPAWNERS,
    "ldapauthenticator": SIGN_IN,
    "ltiauthenticator": SIGN_IN,
    "multiauthenticator": SIGN_IN,
    "nativeauthenticator": SIGN_IN,
    "oauthenticator": SIGN_IN,
    "sudospawner": SPAWNERS,
    "systemdspawner": SPAWNERS,
    "tmpauthenticator": SIGN_IN,
    "wrapspawner": SPAWNERS,
}


class Finder:
    """Finds modules of these packages that nothing else has. Comes last in `sys.meta_path`."""

    def find_spec(self, name, path=None, target=None):
        """A module, when its package is not installed."""
        package, _, below = name.partition(".")
        if package not in WHY or (below and not self.stands_in_for(sys.modules.get(package))):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def stands_in_for(self, package):
        """Whether a package is one of ours."""
        return package.__spec__.loader is self or "stand_ins" in (package.__file__ or "")

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        """Lets the module have every name: what the package itself stands in with, or something absent."""
        name = module.__name__
        package = name.partition(".")[0]

        def attribute(wanted):
            if wanted.startswith("__"):
                raise AttributeError(wanted)
            own = vars(sys.modules[package]).get(wanted)
            return own if isinstance(own, type) else absent(name, wanted)

        module.__getattr__ = attribute
        # For paths to what a package brings along, such as templates.
        module.__file__ = f"/not-installed/{name.replace('.', '/')}/__init__.py"


made = {}


def absent(module, name):
    """A class for a name with a capital, a function (or module) for any other."""
    package = module.partition(".")[0]
    if not name[0].isupper():
        return Absent(f"{module}.{name}")
    if (package, name) not in made:
        models = package.startswith("kubernetes") and name[0] == "V" and name[1].isdigit()
        body = {"__module__": module} if models else {"__module__": module, "__init__": refuse(f"{module}.{name}")}
        made[package, name] = type(name, (KubernetesModel,) if models else (), body)
    return made[package, name]


class Absent:
    """A function or a module that is not there."""

    def __init__(self, path):
        self.path = path

    def __call__(self, *args, **kwargs):
        refuse(self.path)()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return absent(self.path, name)


class KubernetesModel:
    """A Kubernetes object as the client's models are: its fields as attributes."""

    def __init__(self, **fields):
        vars(self).update(fields)

    def to_dict(self):
        """The fields as a map."""
        return {name: value for name, value in vars(self).items() if value is not None}


def refuse(path):
    """A function that says why it is not there."""

    def refused(*args, **kwargs):
        raise Refusal(f"{path} is not there: {WHY[path.partition('.')[0]]}")

    return refused
