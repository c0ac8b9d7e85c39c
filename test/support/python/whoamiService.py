"""A service of the hub as its authors write one: JupyterHub's own HubOAuth decides who may see what."""

import json
import os
import sys

from jupyterhub.services.auth import HubAuthenticated, HubOAuthCallbackHandler, HubOAuthenticated
from tornado import ioloop, web

prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]


class WhoAmI(HubOAuthenticated, web.RequestHandler):
    @web.authenticated
    def get(self):
        self.write(json.dumps(self.get_current_user()))


class WhoseToken(HubAuthenticated, web.RequestHandler):
    def get(self):
        self.write(json.dumps(self.get_current_user()))


def main():
    app = web.Application(
        [
            (prefix, WhoAmI),
            (prefix + "token", WhoseToken),
            (prefix + "oauth_callback", HubOAuthCallbackHandler),
        ],
        cookie_secret=os.urandom(32),
    )
    server = app.listen(0, "127.0.0.1")
    port = next(iter(server._sockets.values())).getsockname()[1]
    print(port, flush=True)
    ioloop.IOLoop.current().start()


if __name__ == "__main__":
    sys.exit(main())
