/**
 * Builds an environment in a process of its own, saying what happens.
 *
 *   node buildOnce.ts ROOT RECIPE-AS-JSON
 */
import { buildEnvironment } from '../../../src/environment/buildEnvironment.ts';
import type { EnvironmentRecipe } from '../../../src/environment/recipe.ts';

const [root = '', recipe = '{}'] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const environment = await buildEnvironment(root, JSON.parse(recipe) as EnvironmentRecipe, {
  stateDirectory: root,
  onProgress: say,
});
say(`built ${environment.directory}`);
