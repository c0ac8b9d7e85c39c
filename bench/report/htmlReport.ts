import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { html, raw } from 'hono/html';
import type { Figure } from './figure.ts';
import { type Goal, goalsOf, judge, shortfallText, type Verdict, worst } from './goals.ts';
import { type Html, roundsPlot, timePlot } from './plots.ts';
import { profileText } from './profile.ts';
import type { Result, SuiteResult } from './results.ts';
import { cellsOf } from './tableText.ts';

/**
 * Writes the last result into a folder as a page, each figure with its rounds and with its medians over the results of the same
 * form and kind of machine; returns the file.
 */
export async function writeHtmlReport(
  results: readonly Result[],
  goals: readonly Goal[],
  folder: string,
): Promise<string> {
  const last = results.at(-1);
  const file = join(folder, 'report.html');
  if (last) writeFileSync(file, await htmlReport(last, results, goals));
  return file;
}

/** Of more, their points would lie on each other. */
const mostResults = 40;

/** The page of a result, with the latest ones of the same form on a machine of the same kind beside it. */
export async function htmlReport(last: Result, results: readonly Result[], goals: readonly Goal[]): Promise<string> {
  const { machine } = last;
  const isSame = (other: Result): boolean =>
    other.short === last.short &&
    other.machine.model === machine.model &&
    other.machine.processors === machine.processors;
  const same = results.filter(isSame).slice(-mostResults);
  const page = html`<!doctype html>
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
${summary(last, goals)}
<p class="key">A ratio is ours divided by theirs, the median of the rounds; its spread is from the lowest to the highest round. Plot of the
rounds: <i class="dot"></i> a round, <b class="bar"></b> the median, <b class="dots"></b> the goal; ratios on one scale from 0.01 to 100, with a line at 1.
Plot over time: the ${same.length} ${same.length === 1 ? 'result' : 'results'} of this form and kind of machine that are kept, oldest first.</p>
${last.suites.map((suite) => section(suite, same, goals))}
</html>
`;
  return String(await page);
}

function summary({ suites }: Result, goals: readonly Goal[]): Html {
  const figures = suites.flatMap((suite) => suite.figures);
  const judged = figures.flatMap((figure) =>
    goalsOf(figure, goals).map((goal) => ({ figure, goal, verdict: judge(figure, goal) })),
  );
  const count = (verdict: Verdict): number => judged.filter((one) => one.verdict === verdict).length;
  const short = judged.filter(({ verdict }) => verdict === 'missed');
  return html`<p><b>${figures.length}</b> figures; of the promises among them <b class="met">${count('met')} kept</b>,
<b class="near">${count('near')} near</b> (short by less than the rounds differ), <b class="missed">${count('missed')} missed</b>${count('unknown') > 0 ? html`, ${count('unknown')} not measured` : ''}.</p>
${short.length > 0 ? html`<ul>${short.map(({ figure, goal }) => html`<li><b>${figure.case}</b>: ${shortfallText(figure, goal)}</li>`)}</ul>` : ''}`;
}

function section(suite: SuiteResult, results: readonly Result[], goals: readonly Goal[]): Html {
  return html`<h2>${suite.name} <small>${suite.seconds.toFixed(0)} s</small></h2>
${suite.failure === undefined ? '' : html`<p class="missed">${suite.failure}</p>`}
${suite.missing.length > 0 ? html`<p class="near">Not measured: ${suite.missing.join('; ')}.</p>` : ''}
${suite.methods.map((method) => html`<p class="method">${method}</p>`)}
<div class="wide"><table><thead><tr><th>case<th>ours<th>peer<th>ratio<th>goal<th>spread<th>rounds<th>over time</tr></thead><tbody>
${suite.figures.map((figure, index) => row(figure, suite.figures[index - 1], results, goalsOf(figure, goals)))}
</tbody></table></div>
${suite.profiles.map(
  ({ cases, ...profile }) => html`<details open><summary>Where the time goes in ${cases.join('; ')}</summary>
<pre>${profileText(profile).join('\n')}</pre></details>`,
)}`;
}

function row(figure: Figure, before: Figure | undefined, results: readonly Result[], goals: readonly Goal[]): Html {
  const [name, ...cells] = cellsOf({ figure, goals });
  const isSame = (other: Figure): boolean => other.case === figure.case && other.peer?.name === figure.peer?.name;
  const runs = results.map(({ suites }) => suites.flatMap((suite) => suite.figures).find(isSame));
  // Plots are of ratios where there is a peer, and of values where there is none.
  const plotted = goals.find((goal) => (goal.peer === undefined) === (figure.peer === undefined));
  const again = before?.case === figure.case;
  return html`<tr class="${worst(goals.map((goal) => judge(figure, goal))) ?? ''}${again ? ' again' : ''}"><td>${again ? '' : name?.replace(/^[^/]+\//, '')}</td>${cells.map((cell) => html`<td>${cell}</td>`)}<td>${roundsPlot(figure, plotted)}</td><td>${timePlot(runs, plotted)}</td></tr>
`;
}

const style = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #1d2733 }
h2 { margin: 2rem 0 .3rem }
small, .method, .key { color: #5b6875; font-weight: normal } .method, .key { font-size: .9rem; margin: .2rem 0 .6rem }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .15rem .6rem; border-top: 1px solid #dde3ea; vertical-align: middle; white-space: nowrap }
td:first-child { white-space: normal; min-width: 14rem } td:nth-child(6) { white-space: normal; overflow-wrap: anywhere; min-width: 6rem } .again td { border-top-color: transparent }
th { position: sticky; top: 0; background: #fff } .wide { overflow-x: auto }
b.met, .met td:nth-child(5) { color: #146c3c } .near td:nth-child(5), b.near, p.near { color: #8a5a00 }
.missed td:nth-child(5), p.missed, b.missed { color: #b3261e; font-weight: 600 }
svg { display: block } svg line { stroke: #6f8fb8 } svg circle { fill: #1d4f91 } svg .even { stroke: #c3ccd6 }
svg .middle { stroke: #1d4f91; stroke-width: 2.5 } svg .goal { stroke: #8a5a00; stroke-width: 1.5; stroke-dasharray: 2 2 }
.dot { display: inline-block; width: 5px; height: 5px; border-radius: 50%; background: #1d4f91; vertical-align: middle }
.bar, .dots { display: inline-block; height: 12px; vertical-align: middle; border-left: 2.5px solid #1d4f91 } .dots { border-left: 2px dotted #8a5a00 }
pre { background: #f5f7fa; padding: .6rem .8rem; overflow-x: auto; font-size: .85rem }
`;
