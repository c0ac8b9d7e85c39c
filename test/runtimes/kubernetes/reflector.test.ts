import { PassThrough } from 'node:stream';
import { array, assert, asyncProperty, constant, constantFrom, nat, oneof, tuple } from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiClient } from '../../../src/kubernetes/apiClient.ts';
import { ApiError } from '../../../src/kubernetes/apiError.ts';
import { Reflector } from '../../../src/kubernetes/reflector.ts';
import { until } from '../../support/until.ts';
import { FakeCollection, type FakeObject } from './support/fakeCollection.ts';

interface View {
  key: string;
  version: string;
  value: number;
}

describe('a reflector cannot go blind', () => {
  let fake: FakeCollection;
  let client: ApiClient;
  let reflector: Reflector<FakeObject, View>;
  let told: [string, number | undefined][];
  let troubles: string[];

  const open = async (): Promise<void> => {
    told = [];
    troubles = [];
    client = new ApiClient(fake.access);
    reflector = new Reflector<FakeObject, View>({
      client,
      path: '/things',
      project: ({ metadata, value }) => ({ key: metadata.name, version: metadata.resourceVersion, value }),
      onChange: (key, view) => told.push([key, view?.value]),
      onTrouble: (message) => troubles.push(message),
      times: { silenceMs: 500, firstPauseMs: 5, lastPauseMs: 50 },
    });
    await reflector.open();
  };
  const copy = (): Record<string, number> =>
    Object.fromEntries([...reflector.list()].map(({ key, value }) => [key, value]));
  const sameAsServer = (): Promise<boolean> =>
    until(
      'the copy is that of the server',
      () => JSON.stringify(sorted(copy())) === JSON.stringify(sorted(fake.state)),
    );

  beforeEach(async () => {
    fake = await FakeCollection.start();
    fake.set('first', 1);
    await open();
  });
  afterEach(async () => {
    await reflector.close();
    await client.close();
    await fake.close();
  });

  test('it lists, then hears each change within a moment', async () => {
    expect(copy()).toEqual({ first: 1 });
    fake.set('second', 2);
    fake.set('first', 3);
    fake.delete('second');
    await until('all is told', () => told.length === 4);
    expect(told).toEqual([
      ['first', 1],
      ['second', 2],
      ['first', 3],
      ['second', undefined],
    ]);
    expect(fake.lists).toBe(1);
  });

  test('a collection of many pages is read whole', async () => {
    for (let index = 0; index < 1203; index += 1) fake.set(`thing-${index}`, index);
    await reflector.close();
    await open();
    expect(reflector.size).toBe(1204);
  });

  const faults: Record<string, (collection: FakeCollection) => void> = {
    'a reset': (collection) => collection.cut(),
    'an orderly end': (collection) => collection.end(),
    'a line that is cut off': (collection) => collection.truncate(),
    'nonsense on the line': (collection) => collection.babble(),
    'silence without an end': (collection) => collection.hush(),
    'a forgotten history (410)': (collection) => {
      collection.hush();
      collection.set('unheard', 1);
      collection.compact();
      collection.cut();
    },
    'a storm of 500': (collection) => {
      collection.fail(500, 12);
      collection.cut();
    },
    'a storm of 429': (collection) => {
      collection.fail(429, 3, 0);
      collection.cut();
    },
    'a server that resets every connection for a while': (collection) => {
      collection.reset(10);
      collection.cut();
    },
    'a refusal (403) for a while': (collection) => {
      collection.fail(403, 5);
      collection.cut();
    },
  };
  for (const [name, strike] of Object.entries(faults))
    test(`${name} loses no change`, async () => {
      strike(fake);
      fake.set('during', 7);
      fake.delete('first');
      await sameAsServer();
      fake.set('after', 8);
      await sameAsServer();
      expect(told.filter(([key]) => key === 'first')).toEqual([
        ['first', 1],
        ['first', undefined],
      ]);
    });

  test('a bookmark spares the list after a history was forgotten', async () => {
    fake.set('second', 2);
    await sameAsServer();
    fake.bookmark();
    fake.compact();
    await until('the bookmark has come', () => Date.now() - reflector.silentSince < 400);
    fake.cut();
    await until('it watches again', () => fake.watches >= 2);
    fake.set('third', 3);
    await sameAsServer();
    expect(fake.lists).toBe(1);
  });

  test('it says since when nothing was heard, and asks gently', async () => {
    fake.fail(500, 1000);
    fake.cut();
    await until('it has noticed', () => troubles.length > 0);
    const since = reflector.silentSince;
    await until('it has tried a while', () => troubles.length >= 8);
    expect(reflector.silentSince).toBe(since);
    expect(
      troubles.every((message) => message === 'not now' || /cannot be reached|terminated|closed/.test(message)),
    ).toBe(true);
  });

  test('whatever happens in whatever order, the copy becomes that of the server', async () => {
    const names = constantFrom('a', 'b', 'c', 'd');
    const step = oneof(
      { weight: 4, arbitrary: tuple(constant('set' as const), names, nat(9)) },
      { weight: 2, arbitrary: tuple(constant('delete' as const), names) },
      { weight: 3, arbitrary: tuple(constant('strike' as const), constantFrom(...Object.keys(faults))) },
      { weight: 1, arbitrary: tuple(constant('pause' as const)) },
    );
    await assert(
      asyncProperty(array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        for (const [what, name = '', value = 0] of steps) {
          if (what === 'set') fake.set(name, value);
          if (what === 'delete') fake.delete(name);
          if (what === 'strike') faults[name]?.(fake);
          if (what === 'pause') await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await sameAsServer();
      }),
      { numRuns: 25, seed: 7 },
    );
    expect(copy()).toEqual(fake.state);
  });
});

function sorted(map: Record<string, number>): [string, number][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}

test('what is made while a list is under way is not taken for gone because the list has not got it', async () => {
  const told: [string, number | undefined][] = [];
  let [lists, watches] = [0, 0];
  let answerList: (() => void) | undefined;
  const page = {
    metadata: { resourceVersion: '5' },
    items: [{ metadata: { name: 'first', resourceVersion: '1' }, value: 1 }],
  };
  const reflector: Reflector<FakeObject, View> = new Reflector<FakeObject, View>({
    client: {
      async request<T>() {
        lists += 1;
        if (lists === 2) await new Promise<void>((resolve) => (answerList = resolve));
        return page as T;
      },
      stream() {
        watches += 1;
        // The first watch comes too late; the second stays open.
        if (watches === 1) throw new ApiError(410, 'Expired', 'too old');
        return Promise.resolve({ body: new PassThrough() });
      },
    },
    path: '/things',
    project: ({ metadata, value }) => ({ key: metadata.name, version: metadata.resourceVersion, value }),
    onChange: (key, view) => told.push([key, view?.value]),
    onTrouble: () => undefined,
    times: { firstPauseMs: 1, lastPauseMs: 1 },
  });
  await reflector.open();
  await until('it lists again', () => answerList !== undefined);
  reflector.note({ key: 'second', version: '6', value: 2 });
  answerList?.();
  await until('it watches again', () => watches === 2);
  expect(told).toEqual([
    ['first', 1],
    ['second', 2],
  ]);
  expect([...reflector.list()].map(({ key }) => key)).toEqual(['first', 'second']);
  void reflector.close();
});
