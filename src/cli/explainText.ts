import type { Explanation } from '../config/explainSettings.ts';
import { plainLines } from './plainLines.ts';

/** One key in all detail. */
export function explanationText(explanation: Explanation): string {
  const { path, written, value, setAt, instead, later, takes, doc, notes } = explanation;
  const rows: [name: string, text: string][] = [
    ['value', written ? valueText(value) : 'not written'],
    ...(setAt ? [['written at', setAt] as [string, string]] : []),
    ...instead.map((place): [string, string] => ['instead of', place]),
    ...(later ? [['but then', `${later.path} = ${valueText(later.value)} (${later.setAt})`] as [string, string]] : []),
    ['default', explanation.default === undefined ? 'none' : valueText(explanation.default)],
    ['takes', takes],
    ['here', effectText(explanation)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return plainLines([
    path,
    `  ${doc}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`),
    ...notes.map((note) => `  ${note}`),
  ]);
}

/** Many keys, a line each: what holds, where it is written, and what is to be known about it. */
export function explanationsText(explanations: readonly Explanation[]): string {
  const lines = explanations.map((explanation): [left: string, right: string] => {
    const { path, written, value, setAt, later, isDefault, effect, notes } = explanation;
    const holds = written
      ? valueText(value)
      : explanation.default === undefined
        ? 'none'
        : valueText(explanation.default);
    const remarks = [
      setAt ?? 'default',
      ...(later ? [`but then ${later.path}`] : []),
      ...(isDefault ? ['equals the default'] : []),
      ...(written && effect.kind !== 'works' ? [effect.kind === 'none' ? 'no effect here' : 'not supported'] : []),
      ...(notes.length > 0 && effect.kind === 'works' ? ['see its explanation'] : []),
    ];
    return [`${path} = ${shortened(holds)}`, `# ${remarks.join(', ')}`];
  });
  const width = Math.min(Math.max(0, ...lines.map(([left]) => left.length)), 80);
  return plainLines(lines.map(([left, right]) => `${left.padEnd(width)}  ${right}`));
}

function effectText({ effect }: Explanation): string {
  if (effect.kind === 'works') return 'works';
  return effect.kind === 'none' ? `no effect, because ${effect.because}` : `not supported. ${effect.instead}`;
}

function valueText(value: unknown): string {
  return JSON.stringify(value) ?? 'none';
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
