"""Makes the database of a JupyterHub, with users, as the hub itself would have made them one by one.

    python fillJupyterHub.py DATABASE USERS RUNNING PORT

One user in five has (had) a server; with RUNNING, so many users have one that runs, at the port.
"""

import sys

from jupyterhub import orm, roles

database, users, running, port = sys.argv[1], *map(int, sys.argv[2:5])
session = orm.new_session_factory(f"sqlite:///{database}")()
for role in roles.get_default_roles():
    roles.create_role(session, role)
role_id = session.query(orm.Role).filter_by(name="user").one().id


def insert(table, rows):
    if rows:
        session.execute(table.insert(), rows)


insert(orm.User.__table__, [{"id": n + 1, "name": f"user-{n}"} for n in range(users)])
insert(orm.User.roles.property.secondary, [{"user_id": n + 1, "role_id": role_id} for n in range(users)])
insert(
    orm.Server.__table__,
    [
        {"id": n + 1, "proto": "http", "ip": "127.0.0.1", "port": port, "base_url": f"/user/user-{n}/"}
        for n in range(running)
    ],
)
insert(
    orm.Spawner.__table__,
    [
        {"user_id": n + 1, "name": "", "state": {"simulated": True}, "server_id": n + 1 if n < running else None}
        for n in range(users)
        if n < running or n % 5 == 0
    ],
)
session.commit()
