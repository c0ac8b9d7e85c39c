/** Who goes first when room on the nodes is short. */
export type PriorityRank = 'core' | 'schedulers' | 'users' | 'workers' | 'image-pullers' | 'placeholders';

/** The name of a priority class that a release has made; the runtime of its hub names them in pods. */
export function priorityClassName(release: string, rank: PriorityRank): string {
  return `${release}-${rank}`;
}
