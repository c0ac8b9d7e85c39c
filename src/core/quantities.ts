import { AtollError } from './errors.ts';

const binary: Record<string, number> = {
  '': 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

const kubernetes: Record<string, number> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * Memory as JupyterHub's `ByteSpecification` reads it (`singleuser.memory`, `mem_limit`, `mem_guarantee`), in bytes:
 * a number is bytes, and `K`, `M`, `G`, `T` are powers of 1024, so that `2G` is 2 GiB. dask-gateway's `MemoryLimit`
 * (`worker_memory`, `cluster_max_memory`, …) has the same rule. Fractions of a byte are cut off; white space around the
 * number is allowed (`' 6G'` is found in real files).
 *
 * Wider than upstream in two harmless ways: digits in quotes are bytes, and `Ki`, `Mi`, `Gi`, `Ti` say the same as `K`,
 * `M`, `G`, `T`. Whatever could mean two things (`2GB`, `2g`) is refused.
 * @throws AtollError `ATOLL_QUANTITY`
 */
export function parseJupyterHubMemory(value: number | string): number {
  return Math.trunc(
    parse(value, binary, 'Memory is a number of bytes, or a number with K, M, G or T: 512M, 2G, 1.5G.'),
  );
}

/**
 * Memory as Kubernetes reads it (pod resources, storage sizes), in bytes: `k`, `M`, `G`, `T`, `P`, `E` are powers of
 * 1000 and `Ki` … `Ei` powers of 1024, so that `2G` is 2 000 000 000 and less than `2Gi`. `m` is a thousandth; fractions
 * of a byte are rounded up.
 * @throws AtollError `ATOLL_QUANTITY`
 */
export function parseKubernetesMemory(value: number | string): number {
  return Math.ceil(
    parse(value, kubernetes, 'Memory is a number of bytes, or a number with M, G, Mi or Gi: 512Mi, 2Gi.'),
  );
}

/**
 * Any amount as the API server of Kubernetes writes it (of a quota, say), such as 0.5 for `500m`, with its smallest units
 * too. NaN when it is none.
 */
export function kubernetesAmount(text: string): number {
  const [, number = '', unit = ''] = /^([-+]?[\d.]+(?:[eE][-+]?\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = { n: 1e-9, u: 1e-6, ...kubernetes }[unit];
  return number === '' || factor === undefined ? Number.NaN : Number(number) * factor;
}

/**
 * CPU cores: a number, or the same in quotes, or Kubernetes' thousandths (`500m` is 0.5).
 * @throws AtollError `ATOLL_QUANTITY`
 */
export function parseCores(value: number | string): number {
  return parse(value, { '': 1, m: 1e-3 }, 'Cores are a number, or thousandths with m: 2, 0.5, 500m.');
}

/** Bytes as people read them, in powers of 1024 with one decimal at most: `2 GiB`, `1.5 GiB`, `512 MiB`, `17 bytes`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  let scaled = bytes;
  let unit = 0;
  // 1023.95 would be shown as 1024.0 of the smaller unit.
  while (Math.round(Math.abs(scaled) * 10) / 10 >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? scaled : Math.round(scaled * 10) / 10} ${units[unit]}`;
}

// What Python's float() reads, without infinities and NaN.
const quantity = /^\s*([+-]?(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)\s*$/;

function parse(value: number | string, units: Record<string, number>, expected: string): number {
  const [, number, unit] = typeof value === 'number' ? ['', String(value), ''] : (quantity.exec(value) ?? []);
  const factor = unit === undefined || !Object.hasOwn(units, unit) ? undefined : units[unit];
  const result = factor === undefined ? Number.NaN : Number(number?.replaceAll('_', '')) * factor;
  if (!(result >= 0 && result <= Number.MAX_SAFE_INTEGER))
    throw new AtollError('ATOLL_QUANTITY', `"${String(value).slice(0, 40)}" is not a quantity.`, {
      nextStep: expected,
    });
  // A product with 0.001 is rarely exact: 1100m would be 1.1000000000000001.
  return Number(result.toPrecision(16));
}
