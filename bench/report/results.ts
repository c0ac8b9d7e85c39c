import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './figure.ts';
import type { Machine } from './machine.ts';
import type { ProfileSummary } from './profile.ts';

/** One run of the bench. */
export interface Result {
  /** ISO 8601, UTC. */
  at: string;
  machine: Machine;
  /** Whether the suites ran in their short form, which says less. */
  short: boolean;
  suites: SuiteResult[];
}

/** What a suite came to. */
export interface SuiteResult {
  name: string;
  /** As long as it took. */
  seconds: number;
  figures: Figure[];
  /** How they were taken, in sentences. */
  methods: string[];
  /** Cases that were to be measured and were not. */
  missing: string[];
  /** Why it ended before its end, or what else is wrong with it. */
  failure?: string;
  /** Where our time goes in cases that miss their goals. */
  profiles: CaseProfile[];
}

/** A case that misses its goal, run once more under a profiler. */
export interface CaseProfile extends ProfileSummary {
  cases: string[];
}

/** What a suite, a process of its own, says to the run. */
export interface SuiteMessage {
  figures: Figure[];
  method?: string;
  /** What went wrong with a part of it. */
  failure?: string;
}

/** Where results are kept, one file a run. */
export const resultsFolder = join(import.meta.dirname, '../results');

/** Keeps a result in a folder; returns the file. A result that was kept before is replaced. */
export function keepResult(result: Result, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${result.at.slice(0, 19).replaceAll(':', '-')}.json`);
  writeFileSync(file, `${withoutPaths(JSON.stringify(result, null, 1))}\n`);
  return file;
}

/** All results kept in a folder, oldest first. */
export function readResults(folder: string): Result[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result);
}

/** Reasons are what programs say, and these name folders of the machine, which are of no interest to others. */
function withoutPaths(text: string): string {
  const root = join(import.meta.dirname, '../..');
  return text.replaceAll(root, '.').replaceAll(tmpdir(), '(temporary)').replaceAll(homedir(), '~');
}
