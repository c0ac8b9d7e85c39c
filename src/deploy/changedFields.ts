/** What the API server keeps in every object for itself. */
const own: ReadonlySet<string> = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'uid',
  'status',
]);

/** The paths at which two states of an object differ, such as `spec.template.spec.containers[0].image`. */
export function changedFields(before: unknown, after: unknown): string[] {
  const found: string[] = [];
  compare(before, after, '', found);
  return found;
}

function compare(before: unknown, after: unknown, path: string, found: string[]): void {
  if (before === after) return;
  const whole = typeof before === 'object' && typeof after === 'object' && before !== null && after !== null;
  if (!whole || Array.isArray(before) !== Array.isArray(after)) {
    found.push(path);
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
