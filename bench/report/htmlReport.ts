import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { html, raw } from 'hono/html';
import { median } from '../support/statistics.ts';
import { type Figure, outcomeOf } from './figure.ts';
import { type Goal, goalsOf, goalText, judge, worst } from './goals.ts';
import { type Result, resultsFolder } from './results.ts';
import { cellsOf } from './tableText.ts';

type Html = ReturnType<typeof html>;

/** Writes the last result as a page, each figure with its medians and spreads over all results; returns the file. */
export async function writeHtmlReport(results: readonly Result[], goals: readonly Goal[]): Promise<string> {
  const last = results.at(-1);
  const file = join(resultsFolder, 'report.html');
  if (last) writeFileSync(file, String(await page(last, results, goals)));
  return file;
}

function page(last: Result, results: readonly Result[], goals: readonly Goal[]): Html {
  const { machine } = last;
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Atoll beside its peers</title>
<style>${raw(style)}</style>
<h1>Atoll beside its peers</h1>
<p>${last.at.slice(0, 16).replace('T', ' ')} UTC${last.short ? ', short form' : ''}, commit ${machine.commit};
${machine.processors} × ${machine.model}, ${(machine.memory / 2 ** 30).toFixed(0)} GiB, Linux ${machine.kernel}, Node ${machine.node};
load before the run ${machine.load.toFixed(1)}; ${Object.entries(machine.versions)
    .map((pair) => pair.join(' '))
    .join(', ')}.</p>
<p>A ratio is ours divided by theirs: the median of the rounds, with the lowest and the highest round as its spread. The plot
shows it over the results kept; the dotted line is the goal.</p>
${last.suites.map(
  (suite) => html`<h2>${suite.name} <small>${suite.seconds.toFixed(0)} s</small></h2>
${suite.failure === undefined ? '' : html`<p class="missed">${suite.failure}</p>`}
<div class="wide"><table><thead><tr><th>case<th>ours<th>peer<th>ratio<th>goal<th>spread<th>over time</tr></thead><tbody>
${suite.figures.map((figure) => row(figure, results, goalsOf(figure, goals)))}
</tbody></table></div>`,
)}
</html>
`;
}

function row(figure: Figure, results: readonly Result[], goals: readonly Goal[]): Html {
  const cells = cellsOf({ figure, goals });
  const verdict = worst(goals.map((goal) => judge(figure, goal))) ?? '';
  // The plot is of ratios where there is a peer, and of values where there is none.
  const plotted = goals.find((goal) => (goal.peer === undefined) === (figure.peer === undefined));
  return html`<tr class="${verdict}">${cells.map((cell) => html`<td>${cell}</td>`)}<td>${plot(figure, results, plotted)}</td></tr>
`;
}

const [width, height, margin] = [180, 40, 4];

/** Medians as dots, spreads as lines, on a logarithmic scale from the lowest to the highest value. */
function plot(figure: Figure, results: readonly Result[], goal: Goal | undefined): Html {
  const points = results.map((result) => {
    const same = result.suites.flatMap(({ figures }) => figures).find((other) => isSame(other, figure));
    const outcome = same && outcomeOf(same);
    return same && outcome && { ...outcome, middle: outcome.ratio ?? median(same.ours) };
  });
  const goalValue = goal && (goal.atLeast ?? goal.atMost);
  const values = points.flatMap((point) => (point ? [point.from, point.to] : []));
  if (goalValue !== undefined) values.push(goalValue);
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return html``;
  const [low, high] = [Math.log(Math.min(...positive)), Math.log(Math.max(...positive))];
  const y = (value: number): string =>
    (
      margin +
      (1 - (Math.log(Math.max(value, Math.exp(low))) - low) / (high - low || 1)) * (height - 2 * margin)
    ).toFixed(1);
  const x = (index: number): string => (margin + ((index + 0.5) / points.length) * (width - 2 * margin)).toFixed(1);
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${figure.case} over ${points.length} results">
${goal && goalValue !== undefined ? html`<line class="goal" x1="0" x2="${width}" y1="${y(goalValue)}" y2="${y(goalValue)}"><title>${goalText(goal)}</title></line>` : ''}
${points.map((point, index) => (point ? html`<line x1="${x(index)}" x2="${x(index)}" y1="${y(point.from)}" y2="${y(point.to)}"/><circle cx="${x(index)}" cy="${y(point.middle)}" r="2.5"/>` : ''))}
</svg>`;
}

function isSame(one: Figure, other: Figure): boolean {
  return one.case === other.case && one.peer?.name === other.peer?.name;
}

const style = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1d2733 }
small { color: #5b6875; font-weight: normal }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #dde3ea; vertical-align: middle }
.wide { overflow-x: auto }
.met td:nth-child(5) { color: #146c3c } .near td:nth-child(5) { color: #8a5a00 }
.missed td:nth-child(5), p.missed { color: #b3261e; font-weight: 600 }
svg line { stroke: #6f8fb8 } svg circle { fill: #1d4f91 } svg .goal { stroke: #8a5a00; stroke-dasharray: 2 3 }
`;
