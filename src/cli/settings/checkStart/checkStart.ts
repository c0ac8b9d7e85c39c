import { identitySections } from '../../../config/checkTogether.ts';
import type { LoadedSettings } from '../../../config/loadSettings.ts';
import { isError, type Problem } from '../../../config/problem.ts';
import { soundSections } from '../../../config/soundSections.ts';
import { entryAt } from '../../../config/values/plainValue.ts';
import { problemAt } from '../../../config/values/problemAt.ts';
import type { MapNode } from '../../../config/values/valueNode.ts';
import { findText } from './findText.ts';
import { hubPath, type Refusal } from './refusal.ts';
import { wrongPeople } from './wrongPeople.ts';
import { wrongScopes } from './wrongScopes.ts';
import { wrongServices } from './wrongServices.ts';
import { wrongSignIn } from './wrongSignIn.ts';

/**
 * Settings with what a hub would refuse at its start, at its place: people, scopes, services and sign-in. The hub's own code
 * decides. What would only follow from an error that was found before is left out.
 */
export async function checkStart<T extends LoadedSettings>(loaded: T): Promise<T> {
  const { settings, values, problems } = loaded;
  if (!values || !soundSections(problems)(identitySections)) return loaded;
  const refused = [
    ...(await wrongPeople(settings)),
    ...(await wrongScopes(settings)),
    ...(await wrongServices(settings)),
    ...(await wrongSignIn(settings.authentication)),
  ].map((refusal) => toProblem(refusal, values));
  return {
    ...loaded,
    problems: [...refused.filter(isError), ...problems, ...refused.filter((problem) => !isError(problem))],
  };
}

function toProblem({ text, paths = [hubPath()], ...refusal }: Refusal, values: MapNode): Problem {
  const written = paths.flatMap((path) => {
    const value = entryAt(values, path)?.value;
    return value === undefined ? [] : [{ path, value }];
  });
  const found = written.map(({ path, value }) => text !== undefined && findText(value, text, path)).find(Boolean);
  const path = found || (written[0]?.path ?? []);
  const entry = entryAt(values, path) ?? { keyPlace: values.place, value: values };
  const isKey = text === undefined || path.at(-1) === text;
  return problemAt(isKey ? entry.keyPlace : entry.value.place, { ...refusal, path });
}
