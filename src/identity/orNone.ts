/** Names for an SQL `in`: an empty list, which Postgres refuses, becomes one that matches nothing (no name is empty). */
export function orNone(names: readonly string[]): readonly string[] {
  return names.length > 0 ? names : [''];
}
