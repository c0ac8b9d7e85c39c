import { afterEach, beforeEach, expect, test } from 'vitest';
import { warmUpAtSignIn } from '../../src/hub/warmUpAtSignIn.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';
import { signedInVisitor } from '../support/pageVisitor.ts';
import { until } from '../support/until.ts';

let world: IdentityWorld;
let warmed: string[];
let stop: () => void;

beforeEach(async () => {
  world = await openIdentityWorld({ authentication: { authenticator: 'dummy', allowAll: true } });
  warmed = [];
  stop = warmUpAtSignIn({
    store: world.store,
    identity: world.identity,
    runtime: {
      warmUp: (owner) => {
        warmed.push(owner);
        return owner === 'broken' ? Promise.reject(new Error('no fork server')) : Promise.resolve();
      },
    },
    log: silentLogger(),
  });
});
afterEach(() => world.close());

test('whoever signs in gets a fork server; whoever logs out, or fails to sign in, does not', async () => {
  const ada = await signedInVisitor(world, 'ada');
  await until('a warm-up', () => warmed.length > 0);
  await ada.submit('/hub/logout', {}, '/hub/home');
  await expect(signedInVisitor(world, 'not/a/name')).rejects.toThrow('sign-in answered');
  await signedInVisitor(world, 'bob');
  await until('a warm-up', () => warmed.length > 1);
  expect(warmed).toEqual(['ada', 'bob']);
});

test('a sign-in does not fail with it', async () => {
  const visitor = await signedInVisitor(world, 'broken');
  await until('a warm-up', () => warmed.length > 0);
  expect((await visitor.get('/hub/token')).status).toBe(200);
});

test('it ends with the hub', async () => {
  stop();
  const visitor = await signedInVisitor(world, 'ada');
  expect((await visitor.get('/hub/token')).status).toBe(200);
  expect(warmed).toEqual([]);
});
