import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
}

/** Where results are kept, one file a run. */
export const resultsFolder = join(import.meta.dirname, '../results');

/** Keeps a result; returns the file. */
export function keepResult(result: Result): string {
  mkdirSync(resultsFolder, { recursive: true });
  const file = join(resultsFolder, `${result.at.slice(0, 19).replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`);
  return file;
}

/** All results kept, oldest first. */
export function readResults(): Result[] {
  return readdirSync(resultsFolder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(join(resultsFolder, name), 'utf8')) as Result);
}
