import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';

// Builds the Python environment below the given folder where it is missing, and prints its path: for tests and benchmarks.

const [stateDirectory] = process.argv.slice(2);
if (stateDirectory === undefined) throw new Error('usage: pythonEnvironment.ts FOLDER');
const environment = await ensureEnvironment({ stateDirectory, onProgress: (line) => console.error(line) });
console.log(environment.directory);
