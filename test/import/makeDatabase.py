"""Lets a real JupyterHub make its database: `python makeDatabase.py FOLDER`, run with the Python that has JupyterHub.

FOLDER/jupyterhub.sqlite then has what people do have in theirs, and FOLDER/expected.json says what that is: tokens in
plain text, the key of the auth state. Needs configurable-http-proxy on PATH. Works with JupyterHub 3 to 6.

The dumps in databases/ were made this way (with `sqlite3 FOLDER/jupyterhub.sqlite .dump`), by versions that a test run need
not install.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

MAKER = "token-of-the-maker-0123456789"
CRYPT_KEY = "00112233445566778899aabbccddeeff" * 2

CONFIG = """
from jupyterhub.auth import DummyAuthenticator

class WithAuthState(DummyAuthenticator):
    async def authenticate(self, handler, data):
        return {"name": data["username"], "auth_state": {"access_token": "secret of " + data["username"]}}

c.JupyterHub.authenticator_class = WithAuthState
c.JupyterHub.db_url = "sqlite:///%(folder)s/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "%(folder)s/cookie_secret"
c.JupyterHub.bind_url = "http://127.0.0.1:%(port)d"
c.JupyterHub.hub_port = %(hub)d
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:%(proxy)d"
c.ConfigurableHTTPProxy.pid_file = "%(folder)s/proxy.pid"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.allow_named_servers = True
c.Authenticator.enable_auth_state = True
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"root"}
c.JupyterHub.load_groups = {"lab": ["ada", "bob"], "empty": []}
c.JupyterHub.load_roles = [
    {"name": "teacher", "description": "Teaches.", "scopes": ["self", "list:users"], "users": ["ada"], "groups": ["lab"]},
    {"name": "reader", "scopes": ["read:hub"], "services": ["reporter"]},
    {"name": "user", "scopes": ["self", "read:hub"]},
]
c.JupyterHub.services = [
    {"name": "maker", "api_token": "%(maker)s", "admin": True},
    {"name": "reporter", "api_token": "token-of-the-reporter-0123456789"},
]
c.JupyterHub.api_tokens = {"a-token-that-the-settings-name": "bob"}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def call(base, method, path, body=None):
    request = urllib.request.Request(base + "/hub/api" + path, method=method)
    request.add_header("Authorization", f"token {MAKER}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def sign_in(base, name):
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.open(base + "/hub/login").read()
    form = {"username": name, "password": "x"}
    form.update({"_xsrf": cookie.value for cookie in jar if cookie.name == "_xsrf"})
    try:
        browser.open(base + "/hub/login?next=%2Fhub%2Ftoken", urllib.parse.urlencode(form).encode()).read()
    except urllib.error.HTTPError:
        pass  # what comes after the sign-in is of no interest


def main():
    folder = os.path.abspath(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    port, hub, proxy = free_port(), free_port(), free_port()
    config = os.path.join(folder, "config.py")
    with open(config, "w", encoding="utf8") as file:
        file.write(CONFIG % {"folder": folder, "port": port, "hub": hub, "proxy": proxy, "maker": MAKER})
    environment = {**os.environ, "JUPYTERHUB_CRYPT_KEY": CRYPT_KEY}
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub", "-f", config], cwd=folder, env=environment, stderr=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for attempt in range(600):
            try:
                version = call(base, "GET", "/")["version"]
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit("JupyterHub ended")
                time.sleep(0.1)
        call(base, "POST", "/users", {"usernames": ["charlie", "dora"]})
        tokens = {
            "everything": call(base, "POST", "/users/ada/tokens", {"note": "for my script"}),
            "little": call(base, "POST", "/users/ada/tokens", {"note": "reads", "scopes": ["read:users!user=ada"]}),
            "long": call(base, "POST", "/users/bob/tokens", {"expires_in": 10 * 365 * 24 * 3600}),
            "short": call(base, "POST", "/users/bob/tokens", {"expires_in": 1}),
        }
        call(base, "POST", "/users/dora/activity", {"last_activity": "2026-01-02T03:04:05.678Z"})
        if int(version.split(".")[0]) >= 6:
            call(base, "PUT", "/users/ada/servers/gpu", {"display_name": "With a GPU", "user_options": {"image": "gpu"}})
        sign_in(base, "ada")
        expected = {
            "version": version,
            "cryptKey": CRYPT_KEY,
            "tokens": {**{name: token["token"] for name, token in tokens.items()}, "named": "a-token-that-the-settings-name"},
        }
        with open(os.path.join(folder, "expected.json"), "w", encoding="utf8") as file:
            json.dump(expected, file, indent=2)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


main()
