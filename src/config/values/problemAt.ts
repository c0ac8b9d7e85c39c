import { type Path, type Problem, pathText } from '../problem.ts';
import { excerpt } from './excerpt.ts';
import type { Place } from './valueNode.ts';

/** A problem with its file, line and column; errors get an excerpt, in which `secret` hides the value. */
export function problemAt(
  place: Place,
  {
    path,
    ...problem
  }: Pick<Problem, 'code' | 'severity' | 'message'> & { path: Path; suggestion?: string | undefined; secret?: boolean },
): Problem {
  const { suggestion, secret, ...rest } = problem;
  return {
    ...rest,
    file: place.file.name,
    ...place.file.positionAt(place.offset),
    path: pathText(path),
    ...(suggestion !== undefined && { suggestion }),
    ...(problem.severity === 'error' && { excerpt: excerpt(place, secret) }),
  };
}
