/**
 * What one hub bears, by a model: what a user, a server, a cluster, a worker and each thing that they do cost hub and edge in
 * CPU time and memory, measured one after the other; and a run at a tenth of the size that follows, beside what the model says
 * of it. CPU time counts, and not how long things take, so that other work of the machine matters little.
 *
 *   node bench/scaleModel.ts [--write]
 *
 * Takes about five minutes. With --write the results go into docs/scale.md. Ends with exit code 1 when the run needs more than
 * one and a half times what the model says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { capacityOf } from './model/capacity.ts';
import { checkModel } from './model/check.ts';
import { measureCosts } from './model/measureCosts.ts';
import { modelText } from './model/modelText.ts';
import { describeMachine } from './report/machine.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const [begin, end] = ['<!-- measured: begin -->', '<!-- measured: end -->'];
/** A model that says less than two thirds of what is needed is of no use to whoever plans a machine. */
const mostAbove = 1.5;

const machine = describeMachine();
const costs = await measureCosts((line) => console.error(line));
const tenth = Math.round(capacityOf(costs).servers / 10);
const comparisons = await checkModel(costs, tenth, (line) => console.error(line));
const text = modelText(costs, comparisons, machine, tenth);
console.log(text);
if (values.write) {
  const page = join(import.meta.dirname, '../docs/scale.md');
  const [before = '', after = ''] = readFileSync(page, 'utf8').split(new RegExp(`${begin}[^]*${end}`));
  writeFileSync(page, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
const wrong = comparisons.filter(({ predicted, measured }) => measured > mostAbove * predicted);
for (const { what } of wrong) console.log(`The model is wrong about ${what}.`);
process.exitCode = wrong.length > 0 ? 1 : 0;
