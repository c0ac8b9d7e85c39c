import { html } from 'hono/html';
import { median } from '../support/statistics.ts';
import { type Figure, outcomeOf } from './figure.ts';
import { type Goal, goalText } from './goals.ts';

/** What `html` of Hono makes. */
export type Html = ReturnType<typeof html>;

const margin = 6;

/**
 * The rounds of one run, from left to right: each a dot, the median a bar, the goal a dotted line; where there is a peer, these
 * are ratios on one scale for all figures, and a thin line says where ours is as good as theirs.
 */
export function roundsPlot(figure: Figure, goal: Goal | undefined): Html {
  const outcome = outcomeOf(figure);
  if (!outcome) return html``;
  const [width, height] = [200, 22];
  const { ours, peer } = figure;
  const values = peer ? ours.slice(0, peer.theirs.length).map((one, round) => one / (peer.theirs[round] ?? NaN)) : ours;
  const bound = goal?.atLeast ?? goal?.atMost;
  const own = [...values, ...(bound === undefined ? [] : [bound])];
  const scale = peer ? logScale([0.01, 100], width) : logScale([Math.min(...own) / 1.5, Math.max(...own) * 1.5], width);
  const middle = scale(median(values));
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="rounds: ${values.map((value) => value.toPrecision(3)).join(', ')}">
${peer ? html`<line class="even" x1="${scale(1)}" x2="${scale(1)}" y1="0" y2="${height}"><title>as good as ${peer.name}</title></line>` : ''}
<line x1="${scale(outcome.from)}" x2="${scale(outcome.to)}" y1="${height / 2}" y2="${height / 2}"/>
${values.map((value) => html`<circle cx="${scale(value)}" cy="${height / 2}" r="2.2"/>`)}
<line class="middle" x1="${middle}" x2="${middle}" y1="4" y2="${height - 4}"/>
${goal && bound !== undefined ? html`<line class="goal" x1="${scale(bound)}" x2="${scale(bound)}" y1="0" y2="${height}"><title>${goalText(goal)}</title></line>` : ''}
</svg>`;
}

/** The medians of several runs as dots, their spreads as lines, oldest first; the goal as a dotted line. */
export function timePlot(runs: readonly (Figure | undefined)[], goal: Goal | undefined): Html {
  const [width, height] = [140, 40];
  const points = runs.map((figure) => {
    const outcome = figure && outcomeOf(figure);
    return outcome && { ...outcome, middle: outcome.ratio ?? median(figure.ours) };
  });
  const bound = goal?.atLeast ?? goal?.atMost;
  const values = points.flatMap((point) => (point ? [point.from, point.to] : []));
  if (values.length === 0) return html``;
  if (bound !== undefined) values.push(bound);
  const up = logScale([Math.min(...values), Math.max(...values)], height);
  const y = (value: number): number => height - up(value);
  const x = (index: number): number => margin + ((index + 0.5) / points.length) * (width - 2 * margin);
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${points.length} results">
${bound === undefined ? '' : html`<line class="goal" x1="0" x2="${width}" y1="${y(bound)}" y2="${y(bound)}"/>`}
${points.map((point, index) => (point ? html`<line x1="${x(index)}" x2="${x(index)}" y1="${y(point.from)}" y2="${y(point.to)}"/><circle cx="${x(index)}" cy="${y(point.middle)}" r="2.5"><title>${point.middle.toPrecision(3)}</title></circle>` : ''))}
</svg>`;
}

/** Places on a line of so many pixels, logarithmically; values beyond an end are at the end. */
function logScale([low, high]: [number, number], pixels: number): (value: number) => number {
  const [from, to] = [Math.log(Math.max(low, 1e-9)), Math.log(Math.max(high, 1e-9))];
  return (value) => {
    const place = to === from ? 0.5 : (Math.log(Math.max(value, 1e-9)) - from) / (to - from);
    return Math.round((margin + Math.min(1, Math.max(0, place)) * (pixels - 2 * margin)) * 10) / 10;
  };
}
