import { median } from '../support/statistics.ts';

/** One thing measured, in several rounds, by us and by a peer in turns. */
export interface Figure {
  /** `suite/case`, as `goals.json` names it: `edge/100-byte responses`. */
  case: string;
  /** Of the values: `requests/s`, `s`, `MB`. */
  unit: string;
  better: 'more' | 'less';
  /** One value a round. Empty when it could not be measured. */
  ours: number[];
  /** Why it could not be measured. */
  missing?: string;
  /** Beside whom; undefined: the value stands for itself. */
  peer?: FigurePeer | undefined;
}

/** The other side of a figure. */
export interface FigurePeer {
  /** With its version where there are several: `JupyterHub 6.1.1`. */
  name: string;
  /** One value a round, each taken beside ours of the same place. Empty when the peer is missing. */
  theirs: number[];
  /** Why the peer could not be measured. */
  missing?: string;
}

/** A figure beside each of some peers; one by itself when there is none. */
export function besideEach(figure: Figure, peers: readonly FigurePeer[]): Figure[] {
  return peers.length === 0 ? [figure] : peers.map((peer) => ({ ...figure, peer }));
}

/** A figure without the rounds in which one side has no number, such as the time of each of no requests. */
export function onlyNumbers(figure: Figure): Figure {
  const { ours, peer } = figure;
  if (!peer) return { ...figure, ours: ours.filter(Number.isFinite) };
  const isWhole = (_: number, round: number): boolean =>
    Number.isFinite(ours[round]) && (peer.theirs.length === 0 || Number.isFinite(peer.theirs[round]));
  const theirs = peer.theirs.filter(isWhole);
  const lost = peer.theirs.length > 0 && theirs.length === 0;
  return {
    ...figure,
    ours: ours.filter(lost ? Number.isFinite : isWhole),
    peer: { ...peer, theirs, ...(lost && { missing: 'no round of it came to a number' }) },
  };
}

/** Figures that could not be measured, by their names. */
export function missingFigures(names: readonly string[], missing: string): Figure[] {
  return names.map((name) => ({ case: name, unit: '', better: 'less', ours: [], missing }));
}

/** What a figure comes to. */
export interface Outcome {
  /** Median of ours divided by theirs, round by round; undefined without a peer. */
  ratio?: number;
  /** The lowest and the highest ratio of a round, or (without a peer) value. */
  from: number;
  to: number;
}

/** Sums a figure up; undefined when nothing was measured. */
export function outcomeOf({ ours, peer }: Figure): Outcome | undefined {
  if (ours.length === 0 || peer?.theirs.length === 0) return undefined;
  if (!peer) return { from: Math.min(...ours), to: Math.max(...ours) };
  const ratios = ours.slice(0, peer.theirs.length).map((value, round) => value / (peer.theirs[round] ?? NaN));
  return { ratio: median(ratios), from: Math.min(...ratios), to: Math.max(...ratios) };
}
