import { valuesSchema } from '../config/valuesSchema.ts';

/** `atoll schema`: prints the JSON Schema of a settings file, for editors. */
export function schema(): void {
  process.stdout.write(`${JSON.stringify(valuesSchema())}\n`);
}
