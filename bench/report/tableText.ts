import { median } from '../support/statistics.ts';
import { type Figure, outcomeOf } from './figure.ts';
import { type Goal, goalText, judge } from './goals.ts';

/** A figure and what was promised of it. */
export interface Row {
  figure: Figure;
  goals: readonly Goal[];
}

const heads = ['case', 'ours', 'peer', 'ratio', 'goal', 'spread'];
/** Fewer rounds do not say how far they differ. */
const fewestRounds = 3;

/** The cells of one figure, in the order of the table's head: case, ours, peer, ratio, goal, spread. */
export function cellsOf({ figure, goals }: Row): string[] {
  const { ours, peer, unit } = figure;
  const outcome = outcomeOf(figure);
  const theirs =
    peer && (peer.theirs.length > 0 ? `${peer.name} ${amount(median(peer.theirs), unit)}` : `${peer.name}: missing`);
  const spread = outcome ? `${short(outcome.from)}–${short(outcome.to)}` : (figure.missing ?? peer?.missing ?? '');
  return [
    figure.case,
    ours.length > 0 ? amount(median(ours), unit) : '–',
    theirs ?? '',
    outcome?.ratio === undefined ? '' : short(outcome.ratio),
    goals.map((goal) => `${goalText(goal)} ${judge(figure, goal)}`).join(', '),
    ours.length > 0 && ours.length < fewestRounds ? `${spread} (only ${ours.length} rounds)` : spread,
  ];
}

/** Figures as a table of plain text. */
export function tableText(rows: readonly Row[]): string {
  const lines = [heads, ...rows.map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function amount(value: number, unit: string): string {
  return `${short(value)} ${unit}`;
}

/** Three digits that count. */
export function short(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(4, digits));
}
