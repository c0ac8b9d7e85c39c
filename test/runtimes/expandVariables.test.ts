import { expect, test } from 'vitest';
import { expandVariables } from '../../src/runtimes/process/expandVariables.ts';

test.each([
  ['s3://scratch/$(JUPYTERHUB_USER)', 's3://scratch/ada', 'a variable'],
  ['$(JUPYTERHUB_USER)-$(JUPYTERHUB_USER)', 'ada-ada', 'twice'],
  ['$(NESTED)', 'x/ada', 'one that names another'],
  ['$(LATER)', '$(LATER)', 'one that comes later'],
  ['$(VALUE)', '$(VALUE)', 'itself'],
  ['$(MISSING) $() $(A B) $', '$(MISSING) $() $(A B) $', 'what names none'],
  ['$$(JUPYTERHUB_USER)', '$(JUPYTERHUB_USER)', 'a doubled sign'],
  ['$HOME ${HOME} $1', '$HOME ${HOME} $1', "a shell's signs"],
  ['$(toString)$(__proto__)', '$(toString)$(__proto__)', 'names that every object has'],
  ['$(SIGNS)', '$& $1', 'a value with signs of String.replace'],
])('%j becomes %j: %s', (value, expected) => {
  const environment = {
    JUPYTERHUB_USER: 'ada',
    NESTED: 'x/$(JUPYTERHUB_USER)',
    SIGNS: '$& $1',
    VALUE: value,
    LATER: 'z',
  };
  expect(expandVariables(environment)).toEqual({ ...environment, NESTED: 'x/ada', VALUE: expected });
});
