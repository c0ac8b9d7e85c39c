import { afterEach, expect, test } from 'vitest';
import type { Bridge } from '../../src/bridge/bridge.ts';
import { BridgeHolder } from '../../src/bridge/bridgeHolder.ts';
import { type ChosenOptions, type ClusterUser, chooseOptions } from '../../src/clusters/clusterOptions.ts';
import { type FieldSpecification, specificationOf } from '../../src/clusters/optionFields.ts';
import { parsePythonJson } from '../../src/clusters/pythonJson.ts';
import { clusterOptionsFrom } from '../../src/hub/python/clusterOptions.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { closeBridges, gatewayPython, runPython, shortProblems } from '../support/pythonSettings.ts';

const ada: ClusterUser = { name: 'ada', groups: ['staff'], admin: false };

afterEach(closeBridges);

/** What somebody sees, and what comes of a choice, with the gateway's Python. */
async function optionsOf(python: string): Promise<{
  bridge: Bridge;
  see: (user?: ClusterUser) => Promise<FieldSpecification[]>;
  choose: (request: object, user?: ClusterUser) => Promise<ChosenOptions>;
}> {
  const { bridge, problems } = await runPython(gatewayPython(python));
  expect(shortProblems(problems)).toEqual([]);
  const holder = new BridgeHolder({ python: () => Promise.resolve(''), log: silentLogger() });
  holder.current = bridge;
  const optionsFor = clusterOptionsFrom(holder, () => ({ fields: [{ type: 'string', field: 'declared' }] }));
  return {
    bridge,
    see: async (user = ada) => (await optionsFor(user)).fields.map(specificationOf),
    choose: async (request, user = ada) =>
      chooseOptions(await optionsFor(user), parsePythonJson(JSON.stringify(request)), user),
  };
}

const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing was thrown',
    (error: Error & { code?: string }) => `${error.code} ${error.message}`,
  );

test('every kind of field, with labels, bounds, targets and values that are no texts', async () => {
  const { see, choose } = await optionsOf(`
from dask_gateway_server.options import Bool, Float, Integer, Mapping, Options, Select, String

class Size:
    def __init__(self, cores):
        self.cores = cores

def handler(options, user):
    assert type(options.memory) is float, options.memory
    assert options["image"] == options.image
    return {
        "worker_cores": options.size.cores,
        "worker_memory": int(options.memory * 2**30),
        "environment": {**options.environment, "USER": user.name, "GROUPS": ",".join(user.groups)},
        "idle_timeout": options.minutes * 60,
        "gpu": options.wants_gpu,
    }

c.Backend.cluster_options = Options(
    String("image", default="a:b", label="Image"),
    Bool("gpu", target="wants_gpu"),
    Integer("minutes", 30, min=0),
    Float("memory", 2, min=1, max=8, label="Memory"),
    Select("size", [("small", Size(1)), ("large", Size(4))], default="large"),
    Mapping("environment", {"A": "b"}),
    handler=handler,
)
`);
  expect(await see()).toEqual([
    { field: 'image', label: 'Image', default: 'a:b', spec: { type: 'string' } },
    { field: 'gpu', label: 'gpu', default: false, spec: { type: 'bool' } },
    { field: 'minutes', label: 'minutes', default: 30, spec: { type: 'int', min: 0, max: null } },
    { field: 'memory', label: 'Memory', default: 2, spec: { type: 'float', min: 1, max: 8 } },
    { field: 'size', label: 'size', default: 'large', spec: { type: 'select', options: ['small', 'large'] } },
    { field: 'environment', label: 'environment', default: { A: 'b' }, spec: { type: 'mapping' } },
  ]);
  expect(await choose({ size: 'small', gpu: true, environment: { C: 'd' } })).toEqual({
    values: { image: 'a:b', gpu: true, minutes: 30, memory: 2, size: 'small', environment: { C: 'd' } },
    overrides: {
      worker_cores: 1,
      worker_memory: 2 ** 31,
      environment: { C: 'd', USER: 'ada', GROUPS: 'staff' },
      idle_timeout: 1800,
      gpu: true,
    },
  });
  expect(await messageOf(choose({ size: 'huge' }))).toBe(
    "ATOLL_CLUSTER_OPTIONS_INVALID 'huge' is not a valid option for size",
  );
});

test('options for each user, also where everything is async', async () => {
  const { see, choose } = await optionsOf(`
import asyncio
from dask_gateway_server.options import Integer, Options

async def options(user):
    await asyncio.sleep(0.01)
    async def handler(options):
        await asyncio.sleep(0.01)
        return {"worker_cores": options.cores}
    return Options(Integer("cores", 1, max=8 if "staff" in user.groups or user.admin else 2), handler=handler)

c.Backend.cluster_options = options
`);
  const bob = { name: 'bob', groups: [], admin: false };
  expect((await see())[0]?.spec.max).toBe(8);
  expect((await see(bob))[0]?.spec.max).toBe(2);
  const chosen = await Promise.all([choose({ cores: 8 }), choose({ cores: 2 }, bob), choose({}, bob)]);
  expect(chosen.map(({ overrides }) => overrides)).toEqual([
    { worker_cores: 8 },
    { worker_cores: 2 },
    { worker_cores: 1 },
  ]);
  expect(await messageOf(choose({ cores: 3 }, bob))).toContain('cores must be <= 2');
});

test('without a handler the values are the configuration; without options what is declared counts', async () => {
  const own = await optionsOf(
    'from dask_gateway_server.options import *\nc.Backend.cluster_options = Options(Integer("cores", 2, target="worker_cores"))\n',
  );
  expect((await own.choose({})).overrides).toEqual({ worker_cores: 2 });
  const none = await optionsOf('c.ClusterConfig.idle_timeout = 5\n');
  expect((await none.see()).map(({ field }) => field)).toEqual(['declared']);
});

test('what a handler raises is its word to the person; what fails in it is told with its line', async () => {
  const { choose, bridge } = await optionsOf(`
from dask_gateway_server.options import Options, String

def helper(what):
    if what == "refuse":
        raise ValueError("Not this one.\\nChoose another.")
    if what == "exit":
        import sys
        sys.exit(3)
    if what == "nothing":
        return None
    if what == "object":
        return {"worker_cores": object()}
    if what == "nan":
        return {"worker_cores": float("nan")}
    return {}[what]

c.Backend.cluster_options = Options(String("what"), handler=lambda options: helper(options.what))
`);
  const pid = bridge.pid;
  const told = (what: string): Promise<string> => messageOf(choose({ what }));
  expect(await told('refuse')).toBe('ATOLL_CLUSTER_OPTIONS_INVALID Not this one.\nChoose another.');
  expect(await told('typo')).toBe("ATOLL_PYTHON_FAILED KeyError: 'typo' (1.yaml:18)");
  expect(await told('exit')).toBe('ATOLL_PYTHON_FAILED SystemExit: 3 (1.yaml:11)');
  expect(await told('nothing')).toContain('Refusal: the handler of the options returned NoneType instead of a dict');
  expect(await told('object')).toContain('NotPlain: a object cannot be carried over');
  expect(await told('nan')).toContain('NotPlain: the number nan cannot be carried over');
  expect(bridge.pid).toBe(pid);
});

test('values of people are data: neither code, nor format strings, nor marks of the protocol', async () => {
  const { choose } = await optionsOf(`
from dask_gateway_server.options import Mapping, Options, String
c.Backend.cluster_options = Options(String("text"), Mapping("map"), handler=lambda options: dict(options))
`);
  for (const text of [
    '__import__("os").getpid()',
    '{0.__class__}',
    '%s',
    '"}\n{"id": 1, "result": {}}\n',
    '\u2028 \0 🐙',
  ])
    expect((await choose({ text, map: { [text]: [text], __proto__: 1 } })).overrides).toEqual({
      text,
      map: { [text]: [text] },
    });
});
