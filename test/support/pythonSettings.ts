import { type Bridge, createBridge } from '../../src/bridge/bridge.ts';
import { type SettingsWithPython, settingsWithPython } from '../../src/bridge/settingsWithPython.ts';
import { loadSettings } from '../../src/config/loadSettings.ts';
import type { Problem } from '../../src/config/problem.ts';
import { type Logger, silentLogger } from '../../src/observability/logger.ts';
import { pythonOfTests } from './gatewayScript.ts';

/** Bridges that tests opened; {@link closeBridges} ends them. */
const opened: Bridge[] = [];

/** A bridge to the Python environment of the tests. */
export function openBridge(parts: { log?: Logger; loadMs?: number; python?: string } = {}): Bridge {
  const bridge = createBridge({ python: pythonOfTests(), log: silentLogger(), ...parts });
  opened.push(bridge);
  return bridge;
}

/** Ends all bridges that a test opened. */
export function closeBridges(): void {
  for (const bridge of opened.splice(0)) bridge.close();
}

/** Settings from texts (`1.yaml`, `2.yaml`, …) with what the Python in them sets; the bridge goes on with that Python. */
export async function runPython(
  texts: string | readonly string[],
  bridge: Bridge = openBridge(),
): Promise<SettingsWithPython & { bridge: Bridge }> {
  const list = typeof texts === 'string' ? [texts] : texts;
  const loaded = await loadSettings(list.map((text, index) => ({ name: `${index + 1}.yaml`, text })));
  const result = await settingsWithPython(loaded, { current: bridge, get: () => Promise.resolve(bridge) });
  result.adopt();
  return { ...result, bridge };
}

/** Problems in short: `1.yaml:3:5 CODE message`. */
export function shortProblems(problems: readonly Problem[]): string[] {
  return problems.map(({ file, line, column, code, message }) => `${file}:${line}:${column} ${code} ${message}`);
}

/** A settings file whose hub runs this Python, which begins in line 4. */
export function hubPython(python: string): string {
  return inSettings(['jupyterhub:', '  hub:', '    extraConfig: |'], python);
}

/** A settings file whose gateway runs this Python, which begins in line 4. */
export function gatewayPython(python: string): string {
  return inSettings(['dask-gateway:', '  gateway:', '    extraConfig: |'], python);
}

function inSettings(head: string[], python: string): string {
  const lines = python.replace(/^\n/, '').replace(/\s+$/, '').split('\n');
  return `${[...head, ...lines.map((line) => (line === '' ? '' : `      ${line}`))].join('\n')}\n`;
}
