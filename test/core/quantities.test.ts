import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AtollError } from '../../src/core/errors.ts';
import {
  formatBytes,
  kubernetesAmount,
  parseCores,
  parseJupyterHubMemory,
  parseKubernetesMemory,
} from '../../src/core/quantities.ts';

const Ki = 2 ** 10;
const Mi = 2 ** 20;
const Gi = 2 ** 30;

describe('memory as JupyterHub and dask-gateway read it', () => {
  test.each<[number | string, number]>([
    [2147483648, 2 * Gi],
    [1.9, 1],
    [0, 0],
    ['2147483648', 2 * Gi],
    ['1K', Ki],
    ['384M', 384 * Mi],
    ['2G', 2 * Gi],
    ['1.5G', 1.5 * Gi],
    ['.5G', 0.5 * Gi],
    ['2.G', 2 * Gi],
    ['1e3M', 1000 * Mi],
    ['1_000M', 1000 * Mi],
    ['1T', 1024 * Gi],
    ['2Gi', 2 * Gi],
    [' 6G', 6 * Gi],
    ['6 G ', 6 * Gi],
    ['+1G', Gi],
    ['0.3K', 307],
  ])('%j is %d bytes', (text, bytes) => expect(parseJupyterHubMemory(text)).toBe(bytes));

  test.each([
    '',
    ' ',
    'G',
    '2GB',
    '2g',
    '2k',
    '2P',
    '1,5G',
    '1.5.G',
    '-1G',
    'inf',
    'NaN',
    'nanG',
    '0x10G',
    '2 G G',
    '9e99G',
  ])('%j is refused', (text) => expect(() => parseJupyterHubMemory(text)).toThrow(AtollError));

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('the number %d is refused', (number) =>
    expect(() => parseJupyterHubMemory(number)).toThrow(AtollError),
  );
});

describe('amounts as Kubernetes writes them', () => {
  test.each([
    ['10', 10],
    ['500m', 0.5],
    ['2Gi', 2 ** 31],
    ['2G', 2e9],
    ['1e3', 1000],
    ['-1', -1],
    ['250u', 250e-6],
    ['1n', 1e-9],
    ['', Number.NaN],
    ['2 G', Number.NaN],
    ['2GB', Number.NaN],
    ['1toString', Number.NaN],
  ])('%j is %d', (text, amount) => expect(kubernetesAmount(text)).toBe(amount));
});

describe('memory as Kubernetes reads it', () => {
  test.each<[number | string, number]>([
    [128974848, 128974848],
    ['129e6', 129e6],
    ['129M', 129e6],
    ['2G', 2e9],
    ['2Gi', 2 * Gi],
    ['123Mi', 123 * Mi],
    ['1k', 1000],
    ['0.5Gi', 0.5 * Gi],
    ['400m', 1],
    ['1E3', 1000],
    ['1Pi', 2 ** 50],
  ])('%j is %d bytes', (text, bytes) => expect(parseKubernetesMemory(text)).toBe(bytes));

  test.each(['1K', '2GB', '', '-5Mi', '1Zi', '1E'])('%j is refused', (text) =>
    expect(() => parseKubernetesMemory(text)).toThrow(AtollError),
  );

  test('the same letter means less than in JupyterHub', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4000 }), fc.constantFrom('M', 'G', 'T'), (number, unit) => {
        expect(parseKubernetesMemory(`${number}${unit}`)).toBeLessThan(parseJupyterHubMemory(`${number}${unit}`));
        expect(parseKubernetesMemory(`${number}${unit}i`)).toBe(parseJupyterHubMemory(`${number}${unit}`));
      }),
    );
  });
});

describe('cores', () => {
  test.each<[number | string, number]>([
    [2, 2],
    [0.01, 0.01],
    ['0.5', 0.5],
    ['500m', 0.5],
    ['1100m', 1.1],
    ['7m', 0.007],
    [' 2 ', 2],
  ])('%j is %d', (text, cores) => expect(parseCores(text)).toBe(cores));

  test.each(['', 'two', '2 cores', '-1', '1k', 'm'])('%j is refused', (text) =>
    expect(() => parseCores(text)).toThrow(AtollError),
  );
});

describe('bytes as people read them', () => {
  test.each([
    [0, '0 bytes'],
    [17, '17 bytes'],
    [Ki, '1 KiB'],
    [1.5 * Gi, '1.5 GiB'],
    [2 * Gi, '2 GiB'],
    [Gi - 1, '1 GiB'],
    [512 * Mi, '512 MiB'],
    [2 ** 40, '1 TiB'],
  ])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test('what is shown is within a twentieth of the truth, and reads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 2 ** 49 }), (bytes) => {
        const [number, unit] = formatBytes(bytes).split(' ');
        const back = parseKubernetesMemory(`${number}${unit?.replace('B', '')}`);
        expect(Math.abs(back - bytes)).toBeLessThanOrEqual(bytes / 20);
      }),
    );
  });
});

test('anything at all is read or refused with a code, and never as a negative or broken number', () => {
  const outcome = (parse: (value: string | number) => number, value: string | number): string => {
    try {
      const result = parse(value);
      return Number.isFinite(result) && result >= 0 ? 'read' : `read as ${result}`;
    } catch (error) {
      return error instanceof AtollError ? error.code : String(error);
    }
  };
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double()), (value) => {
      for (const parse of [parseJupyterHubMemory, parseKubernetesMemory, parseCores])
        expect(['read', 'ATOLL_QUANTITY']).toContain(outcome(parse, value));
    }),
  );
});
