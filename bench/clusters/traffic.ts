import type { Figure } from '../report/figure.ts';
import { runScript } from './python.ts';

interface Traffic {
  submit: { edge: number[]; direct: number[] };
  data: { edge: number[]; direct: number[] };
}

/** What the way through the edge costs a client, beside a direct TLS connection to the same scheduler. */
export async function measureTraffic(
  environment: string,
  variables: Record<string, string>,
  rounds: number,
): Promise<Figure[]> {
  const { submit, data } = await runScript<Traffic>(environment, 'trafficRound.py', [String(rounds)], variables);
  const figure = (name: string, { edge, direct }: Traffic['submit']): Figure => ({
    case: `clusters/${name}`,
    unit: 'ms',
    better: 'less',
    ours: edge.map((seconds) => seconds * 1000),
    peer: { name: 'direct TLS', theirs: direct.map((seconds) => seconds * 1000) },
  });
  return [figure('submit round trip', submit), figure('100 MB scatter and gather', data)];
}
