import type { Figure } from '../report/figure.ts';
import { runScript } from './python.ts';

/** Seconds of each round: of a client in a server, of one anywhere else, and of a TLS connection made by hand. */
interface Rounds {
  server: number[];
  edge: number[];
  direct: number[];
}

/** What a client's way to its scheduler costs, beside a direct TLS connection to the same scheduler. */
export async function measureTraffic(
  environment: string,
  variables: Record<string, string>,
  rounds: number,
): Promise<Figure[]> {
  const { submit, data } = await runScript<{ submit: Rounds; data: Rounds }>(
    environment,
    'trafficRound.py',
    [String(rounds)],
    variables,
  );
  const milliseconds = (rounds: number[]): number[] => rounds.map((seconds) => seconds * 1000);
  const figures = (name: string, { server, edge, direct }: Rounds): Figure[] =>
    Object.entries({ [name]: server, [`${name} through the edge`]: edge }).map(([title, ours]) => ({
      case: `clusters/${title}`,
      unit: 'ms',
      better: 'less',
      ours: milliseconds(ours),
      peer: { name: 'direct TLS', theirs: milliseconds(direct) },
    }));
  return [...figures('submit round trip', submit), ...figures('100 MB scatter and gather', data)];
}
