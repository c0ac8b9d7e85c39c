import type { LoadedSettings } from '../config/loadSettings.ts';
import { isError, type Problem } from '../config/problem.ts';
import { problemAt } from '../config/values/problemAt.ts';
import type { MapNode, Place } from '../config/values/valueNode.ts';
import { AtollError } from '../core/errors.ts';
import type { Trial } from './bridge.ts';
import type { BridgeHolder } from './bridgeHolder.ts';
import { collectSnippets, type Snippet } from './collectSnippets.ts';
import { meantGatewayTrait } from './gatewayTraits.ts';
import type { KnownPython, Line, LoadedPython } from './messages.ts';
import { PythonTrouble } from './pythonProcess.ts';
import { pythonInputs } from './pythonValues.ts';
import { traitValues, withValue } from './traitValues.ts';

/** Settings to which what Python in the files set has been added, as if it were written there. */
export interface SettingsWithPython extends LoadedSettings {
  /** The Python and what it set up; undefined when there is none, or when it had no result. */
  python: KnownPython | undefined;
  /** Makes the bridge use this Python from now on (or none, when the files have none). */
  adopt(): void;
  /** Gives this Python up. */
  discard(): void;
}

/**
 * Runs the Python in settings files, if there is some, in a process of its own, and adds what it set, with the line of
 * Python as its place. Everything that is wrong with it is a problem like all others. What the bridge uses changes only
 * with {@link SettingsWithPython.adopt}.
 * @throws AtollError when the Python environment, which the holder needs for Python, cannot be had.
 */
export async function settingsWithPython(
  loaded: LoadedSettings,
  holder: Pick<BridgeHolder, 'get' | 'current'>,
): Promise<SettingsWithPython> {
  const snippets = collectSnippets(loaded.values);
  const without = (problems: readonly Problem[] = []): SettingsWithPython => ({
    ...loaded,
    problems: merged(loaded.problems, problems),
    python: undefined,
    adopt: () => holder.current?.unload(),
    discard: () => undefined,
  });
  if (!loaded.values || !loaded.amend || snippets.length === 0) return without();
  const { message, secrets, missingVariables } = pythonInputs(loaded.values, snippets);
  const bridge = await holder.get();
  let trial: Trial;
  try {
    trial = await bridge.try(message);
  } catch (error) {
    if (!(error instanceof AtollError)) throw error;
    return without([problemOfLoad(error, snippets)]);
  }
  const { traits, problems } = trial.loaded;
  const { found, unknown } = traitValues(traits);
  const amended = loaded.amend((values) =>
    found.reduce<MapNode>(
      (changed, { path, value, trait }) =>
        withValue(changed, path, secrets.reveal(value), placeOf(trait.place, snippets)),
      values,
    ),
  );
  const told = [
    ...problems.map((problem) => toProblem(problem, snippets, missingVariables)),
    ...unknown.map(({ section, trait, place }) =>
      problemOf(place, snippets, {
        code: 'ATOLL_SETTINGS_PYTHON_PART',
        severity: 'warning',
        message: `c.${section}.${trait} is not read: Atoll's clusters have nothing like it.`,
        suggestion: meantGatewayTrait(section, trait),
      }),
    ),
  ];
  return {
    ...amended,
    problems: merged(amended.problems, told),
    python: { message, loaded: trial.loaded },
    adopt: () => trial.adopt(),
    discard: () => trial.discard(),
  };
}

/** Errors first, each kind with the problems of Python after those of the files themselves. */
function merged(problems: readonly Problem[], more: readonly Problem[]): Problem[] {
  const all = [...problems, ...more];
  return [...all.filter(isError), ...all.filter((problem) => !isError(problem))];
}

function toProblem(
  { failure, fatal, message, instead, place }: LoadedPython['problems'][number],
  snippets: readonly Snippet[],
  missingVariables: ReadonlySet<string>,
): Problem {
  const suggestion = instead === null ? {} : { suggestion: instead };
  if (!failure)
    return problemOf(place, snippets, {
      code: 'ATOLL_SETTINGS_PYTHON_PART',
      severity: fatal ? 'error' : 'warning',
      message,
      ...suggestion,
    });
  const variable = /^'(\w+)'$/.exec(failure.message)?.[1] ?? '';
  const snippet = snippetAt(place, snippets);
  // It was written for Kubernetes, which gives the variable. Of the hub's Python more may depend: who may come in.
  if (failure.name === 'KeyError' && missingVariables.has(variable) && snippet?.chart === 'gateway')
    return problemOf(place, snippets, {
      code: 'ATOLL_SETTINGS_PYTHON_PART',
      severity: 'warning',
      message: `This Python does not run: the variable ${variable} comes from Kubernetes (valueFrom). Clusters have no options.`,
      suggestion: `Set ${variable} in the environment of Atoll.`,
    });
  return problemOf(place, snippets, { code: 'ATOLL_SETTINGS_PYTHON', severity: 'error', message });
}

/** The Python had no result at all: it died, or it did not end. */
function problemOfLoad(error: AtollError, snippets: readonly Snippet[]): Problem {
  const trouble = error.cause instanceof PythonTrouble ? error.cause.trouble : undefined;
  return problemOf(trouble?.kind === 'timeout' ? trouble.place : null, snippets, {
    code: 'ATOLL_SETTINGS_PYTHON',
    severity: 'error',
    message: error.message,
  });
}

function problemOf(
  place: Line | null,
  snippets: readonly Snippet[],
  problem: Pick<Problem, 'code' | 'severity' | 'message'> & { suggestion?: string | undefined },
): Problem {
  const path = (snippetAt(place, snippets) ?? snippets[0])?.path ?? [];
  return problemAt(placeOf(place, snippets), { ...problem, path });
}

/** The snippet with a line. */
function snippetAt(place: Line | null, snippets: readonly Snippet[]): Snippet | undefined {
  if (!place) return undefined;
  return snippets
    .filter(({ file, line }) => file === place.file && line <= place.line)
    .toSorted((a, b) => b.line - a.line)[0];
}

/** A line of Python as a place in its file; without one, where the first snippet stands. */
function placeOf(place: Line | null, snippets: readonly Snippet[]): Place {
  const snippet = snippetAt(place, snippets) ?? snippets[0];
  if (!snippet) throw new Error('there is no Python');
  if (!place || !snippet.exact) return snippet.place;
  const { file } = snippet.place;
  const text = file.lines()[place.line - 1] ?? '';
  const position = { line: place.line, column: text.search(/\S|$/) + 1 };
  return { file: { ...file, positionAt: () => position }, offset: 0 };
}
