/** A values file with one key, written as JSON (which is YAML). */
export function fileWith(path: string, value: unknown): string {
  return JSON.stringify(path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value));
}
