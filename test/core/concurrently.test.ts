import { expect, test } from 'vitest';
import { concurrently } from '../../src/core/concurrently.ts';

const items = [1, 2, 3, 4, 5, 6, 7];
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('every item is taken once, with so many under way at most', async () => {
  const taken: number[] = [];
  let [underWay, most] = [0, 0];
  await concurrently(items, 3, async (item) => {
    taken.push(item);
    underWay += 1;
    most = Math.max(most, underWay);
    await turn();
    underWay -= 1;
  });
  expect(taken).toEqual(items);
  expect(most).toBe(3);
});

test('after a failure none begins, and it is thrown when all that began have ended', async () => {
  const [begun, ended]: [number[], number[]] = [[], []];
  const work = concurrently(items, 3, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error('the second');
    await turn();
    await turn();
    ended.push(item);
  });
  await expect(work).rejects.toThrow('the second');
  expect(begun).toEqual([1, 2, 3]);
  expect(ended).toEqual([1, 3]);
});

test('the rest is left when no more may begin', async () => {
  const begun: number[] = [];
  await concurrently(
    items,
    2,
    async (item) => void begun.push(item),
    () => begun.length < 4,
  );
  expect(begun).toEqual([1, 2, 3, 4]);
});
