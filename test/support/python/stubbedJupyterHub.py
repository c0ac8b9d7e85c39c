"""A JupyterHub for comparison: its API is real; servers and proxy are stubs, so that nothing is started."""

import os

from jupyterhub.proxy import Proxy
from jupyterhub.spawner import Spawner


class Table(Proxy):
    should_start = False
    table = {}

    async def add_route(self, routespec, target, data):
        self.table[routespec] = {'routespec': routespec, 'target': target, 'data': data}

    async def delete_route(self, routespec):
        self.table.pop(routespec, None)

    async def get_all_routes(self):
        return dict(self.table)


class Stub(Spawner):
    up = False

    async def start(self):
        self.up = True
        return ('127.0.0.1', int(os.environ['STUB_PORT']))

    async def stop(self, now=False):
        self.up = False

    async def poll(self):
        return None if self.up else 0


c = get_config()
c.JupyterHub.proxy_class = Table
c.JupyterHub.spawner_class = Stub
c.JupyterHub.authenticator_class = 'dummy'
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {'root-admin'}
c.JupyterHub.bind_url = 'http://127.0.0.1:' + os.environ['HUB_PORT']
c.JupyterHub.hub_bind_url = 'http://127.0.0.1:' + os.environ['HUB_PORT']
c.JupyterHub.allow_named_servers = True
c.JupyterHub.named_server_limit_per_user = 3
c.JupyterHub.load_groups = {'physics': {'users': ['gus'], 'properties': {'a': 1}}}
c.JupyterHub.services = [
    {'name': 'adm', 'api_token': 'adm-token-0123456789', 'admin': True},
    {'name': 'weak', 'api_token': 'weak-token-0123456789'},
    {'name': 'filtered', 'api_token': 'filtered-token-0123456789'},
]
c.JupyterHub.load_roles = [
    {
        'name': 'some',
        'scopes': [
            'list:users!group=physics',
            'admin:users!group=physics',
            'read:users:name!user=gus',
            'read:servers!user=ada',
            'read:groups!group=physics',
            'list:groups!group=physics',
            'list:services!service=adm',
        ],
        'services': ['filtered'],
    }
]
