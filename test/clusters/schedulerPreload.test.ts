import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { pythonOfTests } from '../support/gatewayScript.ts';

/** Runs Python with the preload imported as `preload`, and returns what it prints as JSON. */
async function inPython(code: string): Promise<unknown> {
  const folder = resolve(import.meta.dirname, '../../python');
  const head =
    'import json, sys\nfrom types import SimpleNamespace as Object\nimport atoll_dask_scheduler as preload\n';
  const { stdout } = await promisify(execFile)(pythonOfTests(), ['-c', head + code], { env: { PYTHONPATH: folder } });
  return JSON.parse(stdout);
}

test('a worker of other versions than a program is told with both versions; the same are not', async () => {
  const told = await inPython(`
def of(**packages):
    return Object(versions={"packages": packages})

ours = of(python="3.11.2.final.0", dask="2026.8.0", numpy="2.4.6", lz4=None, tornado="6.6")
scheduler = Object(clients={"fire-and-forget": Object(versions={}), "Client-1": ours})
same = of(python="3.11.2.final.0", dask="2026.8.0", numpy="2.4.6", tornado="6.5")
other = of(python="3.13.0.final.0", dask="2024.1.0", numpy="2.4.6")
older = Object(versions={"packages": [("dask", "2022.12.1")]})
print(json.dumps([list(preload.mismatches(scheduler, worker)) for worker in (same, other, older, Object())]))
`);
  expect(told).toEqual([
    [],
    [
      'Your program and the workers of this cluster have different versions: python 3.11.2 here and 3.13.0 on the workers, dask 2026.8.0 here and 2024.1.0 on the workers. Use the same environment for both.',
    ],
    [
      'Your program and the workers of this cluster have different versions: dask 2026.8.0 here and 2022.12.1 on the workers. Use the same environment for both.',
    ],
    [],
  ]);
});

test('an adaptive cluster without workers looks for work when there is some, once; others do as they did', async () => {
  const told = await inPython(`
import asyncio

class Service:
    minimum, maximum = 0, 7
    def __init__(self, count, adapts):
        self.count, self.adapt_task, self.told = count, "a loop" if adapts else None, []
    async def adapt(self, minimum=None, maximum=None, active=True):
        self.told.append([minimum, maximum, active])
        self.adapt_task = "another loop" if active else None

async def told_to(service, workers=(), graphs=2, stopped=False):
    scheduler = Object(services={"gateway": service}, workers=workers)
    watcher = preload.Watcher(scheduler, None)
    for _ in range(graphs):
        watcher.update_graph(scheduler, keys=["x"])
    if stopped:
        await service.adapt(active=False)
    if watcher.adapting:
        await watcher.adapting
    return service.told

async def main():
    return [
        await told_to(Service(0, True)),
        await told_to(Service(1, True)),
        await told_to(Service(0, True), workers=["tls://w"]),
        await told_to(Service(0, False)),
        await told_to(Service(0, True), stopped=True),
    ]

print(json.dumps(asyncio.run(main())))
`);
  const anew = [
    [null, null, false],
    [0, 7, true],
  ];
  expect(told).toEqual([anew, [], [], [], [[null, null, false]]]);
});

test('a worker that left was working on what its last heartbeat told, longest first, or on what it had to do', async () => {
  const told = await inPython(`
class Task:
    def __init__(self, key):
        self.key = key

running = Object(executing={Task(("sum", 1)): 0.5, Task("max-" + "x" * 300): 9})
idle = Object(executing={})
events = {"tls://w": [(0, {"action": "add-worker"}), (1, {"processing-tasks": {"b", "a"}})], "tls://old": [(0, "lost")]}
new = Object(get_events=lambda address: events[address])
old = Object(events=events)
print(json.dumps([
    preload.tasks_of(new, "tls://w", running),
    preload.tasks_of(new, "tls://w", idle),
    preload.tasks_of(old, "tls://w", idle),
    preload.tasks_of(old, "tls://old", Object()),
    preload.tasks_of(old, "tls://unknown", idle),
]))
`);
  expect(told).toEqual([[`max-${'x'.repeat(196)}`, "('sum', 1)"], ['a', 'b'], ['a', 'b'], [], []]);
});

test('what Dask counts as clients, and is none, is told', async () => {
  const told = await inPython(`
clients = {"fire-and-forget": 1, "published-x": 2, "Client-1": 3}
print(json.dumps(preload.unconnected_clients(Object(clients=clients, client_comms={"Client-1": "comm"}))))
`);
  expect(told).toBe(2);
});

test('a sentence is shown once, and a hub that is away is asked again', async () => {
  const told = await inPython(`
import asyncio

preload.RETRIES = (0, 0)
shown, asked = [], []
scheduler = Object(log_event=lambda topic, text: shown.append([topic, text]), services={}, workers={}, clients={}, client_comms={})

async def main():
    watcher = preload.Watcher(scheduler, None)
    async def post(content):
        asked.append(content["lost"])
        if len(asked) == 1:
            raise OSError("no hub")
        return ["worker-1 ended."]
    watcher.post = post
    watcher.lost = [{"worker": "worker-1", "tasks": []}]
    await watcher.report(0)
    await watcher.report(0)

asyncio.run(main())
print(json.dumps([shown, asked]))
`);
  const lost = [{ worker: 'worker-1', tasks: [] }];
  expect(told).toEqual([[['warn', 'worker-1 ended.']], [lost, lost, []]]);
});

test('whose connection it is, the kernel tells: also over IPv6, and nobody’s once it is closed', async () => {
  const told = await inPython(`
import os, socket

server = socket.create_server(("127.0.0.1", 0))
here = server.getsockname()
known = []
with_ipv6 = [(socket.AF_INET6, "::ffff:127.0.0.1")] if os.path.exists("/proc/net/tcp6") else []
for family, host in [(socket.AF_INET, "127.0.0.1"), *with_ipv6]:
    client = socket.socket(family)
    client.connect((host, here[1]))
    connection, there = server.accept()
    whose = [preload.account_of(there, here) == os.geteuid(), preload.account_of(there, (here[0], here[1] + 1))]
    client.close()
    known.append([*whose, preload.account_of(there, here)])
print(json.dumps(known))
`);
  const expected = [true, null, null];
  expect(told).toEqual(existsSync('/proc/net/tcp6') ? [expected, expected] : [expected]);
});

test('attack: another account of the machine asks for the dashboard', async () => {
  const told = await inPython(`
import asyncio, urllib.error, urllib.request
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

class Dashboard(RequestHandler):
    def get(self):
        self.write("secret")

def ask(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60).read().decode()
    except OSError as error:
        return "nothing"

async def main():
    server = HTTPServer(Application([("/", Dashboard)]))
    preload.keep_to_own_account(server)
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    port = sockets[0].getsockname()[1]
    answers = []
    for account in (preload.account_of, lambda *_: 0, lambda *_: 4_000_000, lambda *_: None):
        preload.account_of = account
        answers.append(await asyncio.to_thread(ask, port))
    return answers

print(json.dumps(asyncio.run(main())))
`);
  expect(told).toEqual(['secret', 'secret', 'nothing', 'nothing']);
});
