import type { Path, Problem } from '../../../config/problem.ts';
import { toldErrorOf } from '../../../core/errors.ts';

/** Where in the settings something is. */
export interface RefusedPlace {
  /** A key, or a value, in one of {@link paths}. */
  text?: string;
  /** The first of these that is written, or that has the text in it. Default: `jupyterhub.hub`. */
  paths?: readonly Path[];
}

/** Something in the settings that a hub would refuse at its start, and where it is. */
export interface Refusal extends RefusedPlace, Pick<Problem, 'code' | 'severity' | 'message'> {
  suggestion?: string | undefined;
}

/** The path of a key below `jupyterhub.hub`. */
export function hubPath(...names: string[]): Path {
  return ['jupyterhub', 'hub', ...names];
}

/** Where something with a name may be written: in one of these sections below `jupyterhub.hub`, as a map or a list. */
export function placesOf(name: string, ...sections: string[][]): Path[] {
  return [...sections.map((section) => hubPath(...section, name)), ...sections.map((section) => hubPath(...section))];
}

/**
 * What the hub's own code says about a part of the settings. What is merely missing may be in a further file, such as one with
 * secrets: that is a warning.
 */
export function toRefusal(error: unknown, place: RefusedPlace): Refusal {
  const told = toldErrorOf(error);
  if (!told) throw error;
  const { code, message, evidence } = told;
  const isMissing = code === 'ATOLL_AUTHENTICATOR_INCOMPLETE';
  return {
    ...place,
    code,
    severity: isMissing ? 'warning' : 'error',
    message: [message, ...(evidence === undefined ? [] : [`(${evidence})`]), ...(isMissing ? [without] : [])].join(' '),
  };
}

/** What is refused when the hub's own code does this; see {@link toRefusal}. */
export function refusals(attempt: () => unknown, place: RefusedPlace): Refusal[] {
  try {
    attempt();
    return [];
  } catch (error) {
    return [toRefusal(error, place)];
  }
}

const without = 'Without it, which may be in a further file, the hub does not start.';
