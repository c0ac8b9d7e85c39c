/** What the API server keeps in every object for itself. */
const own: ReadonlySet<string> = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'uid',
  'status',
]);

/** A field in which two states of an object differ. */
export interface ChangedField {
  /** Such as `spec.template.spec.containers[0].image`. */
  path: string;
  /** Undefined: it was, or is, not there. */
  before: unknown;
  after: unknown;
}

/** Where two states of an object differ. */
export function changedFields(before: unknown, after: unknown): ChangedField[] {
  const found: ChangedField[] = [];
  compare(before, after, '', found);
  return found;
}

function compare(before: unknown, after: unknown, path: string, found: ChangedField[]): void {
  if (before === after) return;
  const whole = typeof before === 'object' && typeof after === 'object' && before !== null && after !== null;
  if (!whole || Array.isArray(before) !== Array.isArray(after)) {
    found.push({ path, before, after });
    return;
  }
  const [left, right] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const isTop = path === '' || path === 'metadata';
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (isTop && own.has(key)) continue;
    const step = Array.isArray(before) ? `[${key}]` : /^[\w-]+$/.test(key) ? key : `["${key}"]`;
    compare(left[key], right[key], path === '' || step.startsWith('[') ? path + step : `${path}.${step}`, found);
  }
}
