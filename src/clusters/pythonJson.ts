/**
 * The JSON that Python writes and reads: `json.dumps` knows `NaN` and `Infinity`, and tells 2 from 2.0. dask-gateway's
 * error texts show values as Python prints them, so that difference must survive.
 */

/** A number that had a point, an exponent, or no finite value. */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A value as Python's `json.loads` would give it; whole numbers are bigints. */
export type PythonValue = null | boolean | string | bigint | PythonFloat | PythonValue[] | PythonObject;

/** A `dict` with text keys. */
export interface PythonObject {
  [key: string]: PythonValue;
}

/** Whether a value is a `dict`. */
export function isPythonObject(value: PythonValue): value is PythonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof PythonFloat);
}

// A string that does not end is taken to the end of the text, so that its characters are looked at once only.
const literal = /"(?:[^"\\]|\\[^]?)*(?:"|$)|-?\bInfinity\b|\bNaN\b/g;

/** As many digits as Python's `int()` accepts. */
const longestInteger = 4300;

/**
 * Stand-ins that are valid JSON and that no number written by Python equals: `JSON.parse` reads the first two as
 * infinite, and the third is known by its text.
 */
const standIns: Record<string, string> = { Infinity: '1e999', '-Infinity': '-1e999', NaN: '-0e999' };

/**
 * Reads what Python's `json.dumps` wrote.
 * @throws SyntaxError when the text is not JSON (also not in Python's wider sense), or nested too deeply.
 */
export function parsePythonJson(text: string): PythonValue {
  const strict = text.replace(literal, (word) => standIns[word] ?? word);
  try {
    return JSON.parse(strict, (_key, value: unknown, context?: { source?: string }) => {
      if (typeof value !== 'number') return value;
      const source = context?.source ?? String(value);
      if (source === standIns.NaN) return new PythonFloat(Number.NaN);
      if (!/^-?\d+$/.test(source)) return new PythonFloat(value);
      if (source.length > longestInteger) throw new SyntaxError('a number has too many digits');
      return BigInt(source);
    }) as PythonValue;
  } catch (error) {
    if (error instanceof RangeError) throw new SyntaxError('nested too deeply', { cause: error });
    throw error;
  }
}

/** The same value for JavaScript: bigints and floats become numbers. Whole numbers beyond 2^53 lose digits. */
export function toPlain(value: PythonValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof PythonFloat) return value.value;
  if (Array.isArray(value)) return value.map(toPlain);
  // fromEntries, since assigning to a key `__proto__` would change the object's prototype.
  if (isPythonObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toPlain(inner)]));
  return value;
}

/** The text of `repr(value)`, cut after 200 characters. */
export function pythonRepr(value: PythonValue): string {
  const text = repr(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** The text of `str(value)`, cut after 200 characters. */
export function pythonStr(value: PythonValue): string {
  return typeof value === 'string' && value.length <= 200 ? value : pythonRepr(value);
}

/** What `type(value).__name__` is. */
export function pythonTypeName(value: PythonValue): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'bigint') return 'int';
  if (value instanceof PythonFloat) return 'float';
  return Array.isArray(value) ? 'list' : 'dict';
}

function repr(value: PythonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return reprOfText(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof PythonFloat) return reprOfFloat(value.value);
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, inner]) => `${reprOfText(key)}: ${repr(inner)}`)
    .join(', ')}}`;
}

function reprOfText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const shown = text.replace(/[\\'"]|[^\P{C}]|[^\P{Z} ]/gu, (character) => {
    if (character === '\\') return '\\\\';
    if (character === "'" || character === '"') return character === quote ? `\\${character}` : character;
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    if (short !== undefined) return short;
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return quote + shown + quote;
}

/** Python prints floats from 1e-4 to below 1e16 in full, others with an exponent of at least two digits. */
function reprOfFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e16)) {
    const text = String(value); // Exponents begin below 1e-6 and at 1e21 only.
    return text.includes('.') ? text : `${text}.0`;
  }
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${digits}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}
