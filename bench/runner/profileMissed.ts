import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../report/figure.ts';
import { type ProfileSummary, summarizeProfiles } from '../report/profile.ts';
import type { CaseProfile } from '../report/results.ts';
import type { Suite } from '../suites.ts';
import { runSuite } from './runSuite.ts';

/** Units of which a profile of CPU time says nothing. */
const isOfMemory = ({ unit }: Figure): boolean => /^([kM]i?B|.*\/WebSocket)$/.test(unit);

/** Runs the cases of a suite that miss a goal in time once more, with a profiler in each Node process. */
export async function profileMissed(suite: Suite, missed: readonly Figure[]): Promise<CaseProfile[]> {
  const names = missed
    .filter((figure) => !isOfMemory(figure))
    .map((figure) => figure.case.slice(suite.name.length + 1));
  const namesByWords = Map.groupBy(new Set(names), (name) => JSON.stringify(suite.profile?.(name)));
  const profiles: CaseProfile[] = [];
  for (const [words, cases] of namesByWords) {
    if (words === undefined) continue;
    console.error(`\nOnce more, for a profile: ${cases.join('; ')}`);
    const profile = await profileOf(suite, JSON.parse(words) as string[]);
    if (profile) profiles.push({ cases, ...profile });
    else console.error('No profile of ours was left.');
  }
  return profiles;
}

async function profileOf(suite: Suite, words: readonly string[]): Promise<ProfileSummary | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-profile-'));
  try {
    const options = `--cpu-prof --cpu-prof-dir=${folder} --cpu-prof-interval=500`;
    const environment = { NODE_OPTIONS: options, ATOLL_BENCH_PROFILE: folder };
    await runSuite(suite, { words, environment, onMessage: () => undefined });
    return summarizeProfiles(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
