import { assert, jsonValue, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PythonFloat, parsePythonJson, pythonRepr, pythonStr, toPlain } from '../../src/clusters/pythonJson.ts';

/** The text that Python's `repr(json.loads(text))` gives. */
const reprOf = (text: string): string => pythonRepr(parsePythonJson(text));

describe('what Python writes is read', () => {
  test.each([
    ['{"maximum": Infinity}', { maximum: Number.POSITIVE_INFINITY }],
    ['[-Infinity, NaN]', [Number.NEGATIVE_INFINITY, Number.NaN]],
    ['{"a": "Infinity and NaN", "b": "\\"NaN"}', { a: 'Infinity and NaN', b: '"NaN' }],
    ['{"a": 1.0, "b": 2, "c": true, "d": null}', { a: 1, b: 2, c: true, d: null }],
  ])('%s', (text, value) => {
    expect(toPlain(parsePythonJson(text))).toEqual(value);
  });

  test('whole numbers and floats stay apart', () => {
    expect(parsePythonJson('2')).toBe(2n);
    expect(parsePythonJson('2.0')).toBeInstanceOf(PythonFloat);
    expect(parsePythonJson('1e3')).toBeInstanceOf(PythonFloat);
  });

  test.each([
    '',
    '{',
    '{"a": Infinit}',
    'nan',
    '"abc',
    `"${'\\"'.repeat(200_000)}`,
    '['.repeat(200_000),
    `[${'9'.repeat(5000)}]`,
  ])('no JSON is refused, at once: %.20s', (text) => {
    const start = performance.now();
    expect(() => parsePythonJson(text)).toThrow(SyntaxError);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test('a key __proto__ is a key like any other', () => {
    const plain = toPlain(parsePythonJson('{"__proto__": {"admin": true}}')) as object;
    expect(Object.keys(plain)).toEqual(['__proto__']);
    expect('admin' in plain).toBe(false);
  });

  test('JSON of any kind comes back as it was', () => {
    assert(
      property(jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(toPlain(parsePythonJson(text)))).toBe(text);
      }),
    );
  });
});

describe('values are shown as Python shows them', () => {
  test.each([
    ['null', 'None'],
    ['true', 'True'],
    ['2', '2'],
    ['2.0', '2.0'],
    ['-0.0', '-0.0'],
    ['0.1', '0.1'],
    ['1e16', '1e+16'],
    ['123456789012345680.0', '1.2345678901234568e+17'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['1e-7', '1e-07'],
    ['1e300', '1e+300'],
    ['Infinity', 'inf'],
    ['NaN', 'nan'],
    ['"abc"', "'abc'"],
    ['"it\'s"', '"it\'s"'],
    ['"it\'s \\"x\\""', "'it\\'s \"x\"'"],
    ['"a\\n\\t\\\\\\u0000\\u00a0é"', "'a\\n\\t\\\\\\x00\\xa0é'"],
    ['"\\u2028\\ud83d\\ude00"', "'\\u2028😀'"],
    ['[1, "a", {"b": [2.5]}]', "[1, 'a', {'b': [2.5]}]"],
  ])('%s as %s', (text, shown) => {
    expect(reprOf(text)).toBe(shown);
  });

  test('str() of a text is the text; long ones are cut', () => {
    expect(pythonStr('abc')).toBe('abc');
    expect(pythonStr(null)).toBe('None');
    expect(pythonStr('x'.repeat(1000))).toHaveLength(201);
  });
});
