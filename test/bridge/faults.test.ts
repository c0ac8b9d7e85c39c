import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Bridge } from '../../src/bridge/bridge.ts';
import { closeBridges, gatewayPython, openBridge, runPython, shortProblems } from '../support/pythonSettings.ts';
import { until } from '../support/until.ts';

afterEach(closeBridges);

/** A bridge whose handler does one of these things, by the name of the option. */
async function faultyBridge(): Promise<Bridge> {
  const { bridge, problems } = await runPython(
    gatewayPython(`
import os, sys, time
from dask_gateway_server.options import Options, String

def handler(options):
    what = options.what
    if what == "spin":
        while True:
            pass
    if what == "sleep":
        time.sleep(60)
    if what == "exit":
        os._exit(7)
    if what == "abort":
        os.abort()
    if what == "memory":
        return {"worker_cores": len(bytearray(1_000_000_000))}
    if what == "recursion":
        return handler(options)
    if what == "large":
        return {"image": "x" * 10_000_000}
    if what == "print":
        for fd in (1, 2):
            os.write(fd, b'{"id": 1, "result": {"worker_cores": 99}}\\n' * 1000 + b"\\xff\\x00no end")
    if what == "protocol":
        os.write(3, b"garbage\\n")
    if what == "endless":
        while True:
            os.write(3, b"x" * 100_000)
    if what == "flood":
        while True:
            print("x" * 1000)
    if what == "fork":
        if os.fork() == 0:
            time.sleep(60)
    if what == "fork and answer":
        if os.fork() == 0:
            return {"worker_cores": 99}
        os.wait()
    if what == "closed":
        os.close(3)
    return {"worker_cores": 1}

async def wait(options):
    import asyncio
    await asyncio.sleep(60)

c.Backend.cluster_options = lambda user: Options(String("what"), handler=wait if user.name == "slow" else handler)
`),
  );
  expect(shortProblems(problems)).toEqual([]);
  return bridge;
}

const call = (bridge: Bridge, what: string, timeoutMs = 30_000, name = 'ada'): Promise<unknown> =>
  bridge.perform({ op: 'clusterConfig', user: { name, groups: [], admin: false }, values: { what } }, timeoutMs);

const trouble = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (result) => `no error: ${JSON.stringify(result).slice(0, 100)}`,
    (error: Error) => error.message,
  );

const good = { worker_cores: 1 };

test.each([
  ['exit', 'The Python of the settings ended by itself (exit code 7).'],
  ['abort', 'The Python of the settings ended by itself (killed by SIGABRT).'],
  ['protocol', 'The Python of the settings ended by itself (it sent something that is not understood).'],
  ['endless', 'The Python of the settings ended by itself (it sent too much).'],
])('%s: that call fails with the reason, the next one is answered by another process', async (what, message) => {
  const bridge = await faultyBridge();
  const pid = bridge.pid;
  expect(await trouble(call(bridge, what))).toBe(message);
  expect(await call(bridge, 'good')).toEqual(good);
  expect(bridge.pid).not.toBe(pid);
  await until('the end of the first process', () => isGone(pid));
});

test('kill -9 in the middle of a handler: it fails, what waited behind it is answered by the next process', async () => {
  const bridge = await faultyBridge();
  const first = trouble(call(bridge, 'sleep'));
  await until('the handler to run', () => threadState(bridge.pid) === 'S' && cpuOf(bridge.pid) > 0);
  const waiting = [call(bridge, 'good'), call(bridge, 'good')];
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.kill(bridge.pid ?? 0, 'SIGKILL');
  expect(await first).toBe('The Python of the settings ended by itself (killed by SIGKILL).');
  expect(await Promise.all(waiting)).toEqual([good, good]);
});

test('killed while idle: nobody notices', async () => {
  const bridge = await faultyBridge();
  const pid = bridge.pid;
  process.kill(pid ?? 0, 'SIGKILL');
  await until('its end', () => isGone(pid));
  expect(await Promise.all([call(bridge, 'good'), call(bridge, 'good')])).toEqual([good, good]);
});

test('while True: ends at its time limit with the line that it was at', async () => {
  const bridge = await faultyBridge();
  const pid = bridge.pid;
  expect(await trouble(call(bridge, 'spin', 500))).toMatch(
    /^The Python of the settings did not end within 0\.5 seconds \(1\.yaml:(10|11)\)\.$/,
  );
  expect(await call(bridge, 'good')).toEqual(good);
  await until('the end of the first process', () => isGone(pid));
});

test('one that dies at each call is not started over and over', async () => {
  const bridge = await faultyBridge();
  const reasons = new Set<string>();
  for (let count = 0; count < 25; count += 1)
    reasons.add((await trouble(call(bridge, 'exit'))).replace(/\d+ sec/, 'N sec'));
  expect([...reasons]).toEqual([
    'The Python of the settings ended by itself (exit code 7).',
    'The Python of the settings ended 20 times within a minute; it is started again in N seconds.',
  ]);
});

test('a handler that awaits too long is cancelled; its process and the calls beside it go on', async () => {
  const bridge = await faultyBridge();
  const pid = bridge.pid;
  const slow = trouble(call(bridge, 'good', 400, 'slow'));
  expect(await call(bridge, 'good')).toEqual(good);
  expect(await slow).toBe('The Python of the settings did not end within 0.4 seconds.');
  expect(await call(bridge, 'good')).toEqual(good);
  expect(bridge.pid).toBe(pid);
});

test.each([
  ['memory', /^MemoryError \(1\.yaml:19\)$/],
  ['recursion', /^RecursionError: maximum recursion depth exceeded/],
  ['large', /^ValueError: the result is larger than 4 MiB$/],
])('%s: an error of that call only', async (what, message) => {
  const bridge = await faultyBridge();
  const pid = bridge.pid;
  expect(await trouble(call(bridge, what))).toMatch(message);
  expect(await call(bridge, 'good')).toEqual(good);
  expect(bridge.pid).toBe(pid);
});

test('what it prints is never an answer, whatever it looks like', async () => {
  const lines: string[] = [];
  const log = { info: ({ line }: { line: string }) => lines.push(line), warn: () => undefined };
  const { bridge } = await runPython(
    gatewayPython(`
import os
from dask_gateway_server.options import Options, String
print("at the load")
def handler(options):
    os.write(1, b'{"id": 2, "result": {"worker_cores": 99}}\\n' * 1000 + b"\\xff\\x00" + b"y" * 100_000)
    return {"worker_cores": 1}
c.Backend.cluster_options = Options(String("what"), handler=handler)
`),
    openBridge({ log: log as never }),
  );
  expect(await call(bridge, 'print')).toEqual(good);
  expect(await call(bridge, 'print')).toEqual(good);
  await until('the log', () => lines.length >= 300);
  expect(lines[0]).toBe('at the load');
  expect(lines.length).toBeLessThanOrEqual(300);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(2000);
});

test('endless printing costs the hub nothing: it is read slowly, and ended at the time limit', async () => {
  const bridge = await faultyBridge();
  const before = process.cpuUsage();
  expect(await trouble(call(bridge, 'flood', 1500))).toMatch(/did not end within 1\.5 seconds/);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(1000);
  expect(await call(bridge, 'good')).toEqual(good);
});

test('a forked child neither answers nor outlives the process', async () => {
  const bridge = await faultyBridge();
  const pid = bridge.pid ?? 0;
  expect(await call(bridge, 'fork and answer')).toEqual(good);
  expect(await call(bridge, 'fork')).toEqual(good);
  const [child] = await until('the child', () => (childrenOf(pid).length > 0 ? childrenOf(pid) : undefined));
  bridge.close();
  await until('the end of both', () => isGone(pid) && isGone(child));
});

test('requests that are too large are not sent', async () => {
  const bridge = await faultyBridge();
  const pid = bridge.pid;
  expect(await trouble(call(bridge, 'x'.repeat(17 * 2 ** 20)))).toMatch(/is not given more than 16 MiB at once/);
  expect(bridge.pid).toBe(pid);
});

test('a load that hangs or dies is a problem with its place, and leaves nothing behind', async () => {
  const bridge = openBridge({ loadMs: 1000 });
  const hanging = await runPython(gatewayPython('import time\ntime.sleep(60)\n'), bridge);
  expect(shortProblems(hanging.problems)).toEqual([
    '1.yaml:5:7 ATOLL_SETTINGS_PYTHON The Python of the settings did not end within 1 seconds (1.yaml:5).',
  ]);
  const dying = await runPython(gatewayPython('import os\nos._exit(1)\n'), bridge);
  expect(shortProblems(dying.problems)).toEqual([
    '1.yaml:3:18 ATOLL_SETTINGS_PYTHON The Python of the settings ended by itself (exit code 1).',
  ]);
  expect(dying.python).toBeUndefined();
  const missing = await runPython(gatewayPython('x = 1\n'), openBridge({ python: '/nowhere/python' }));
  expect(missing.problems[0]?.message).toMatch(/it cannot be started: spawn \/nowhere\/python ENOENT/);
});

test('Python that does not load again after its death makes calls fail with the reason, until it does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-bridge-'));
  const file = join(folder, 'there');
  writeFileSync(file, '');
  const { bridge } = await runPython(
    gatewayPython(`
import os
from dask_gateway_server.options import Options, String
open(${JSON.stringify(file)})
def handler(options):
    return os._exit(0) if options.what == "exit" else {"worker_cores": 1}
c.Backend.cluster_options = Options(String("what"), handler=handler)
`),
  );
  rmSync(file);
  await trouble(call(bridge, 'exit'));
  expect(await trouble(call(bridge, 'good'))).toMatch(/^FileNotFoundError: .* \(1\.yaml:6\)$/);
  writeFileSync(file, '');
  expect(await call(bridge, 'good')).toEqual(good);
  rmSync(folder, { recursive: true });
});

test('when the hub is killed, its Python ends too, whatever it does', async () => {
  const program = `
import { openBridge } from ${JSON.stringify(import.meta.resolve('../support/pythonSettings.ts'))};
const bridge = openBridge();
await bridge.load({
  snippets: [{ name: 'x', chart: 'gateway', file: 'x', line: 1, exact: true, source: ${JSON.stringify(spinning)} }],
  values: { jupyterhub: {}, 'dask-gateway': {} },
  variables: {},
});
console.log(bridge.pid);
await bridge.perform({ op: 'clusterOptions', user: { name: 'ada', groups: [], admin: false } }, 60_000);
`;
  const hub = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(hub.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  await until('the handler to run', () => cpuOf(pid) > 30);
  expect(isGone(pid)).toBe(false);
  hub.kill('SIGKILL');
  await until('its end', () => isGone(pid), 20);
});

const spinning = `
def options(user):
    while True:
        pass
c.Backend.cluster_options = options
`;

function stat(pid: number | undefined): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  } catch {
    return [];
  }
}

/** Gone, or only a record that its parent has not read yet. */
function isGone(pid: number | undefined): boolean {
  return ['Z', 'X', undefined].includes(stat(pid)[0]);
}

const threadState = (pid: number | undefined): string | undefined => stat(pid)[0];

/** Clock ticks (10 ms) of processor time so far. */
const cpuOf = (pid: number | undefined): number => Number(stat(pid)[11] ?? 0) + Number(stat(pid)[12] ?? 0);

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
