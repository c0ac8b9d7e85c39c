import { describe, expect, test } from 'vitest';
import type { EventView } from '../../../src/runtimes/kubernetes/eventView.ts';
import { exitOf } from '../../../src/runtimes/kubernetes/exitOf.ts';
import type { PodView } from '../../../src/runtimes/kubernetes/podView.ts';
import { waitingReason } from '../../../src/runtimes/kubernetes/waitingReason.ts';

const now = Date.parse('2026-05-01T12:00:40Z');

function pod(changes: Partial<PodView>): PodView {
  return {
    key: 'jupyter-ada',
    version: '1',
    id: 'w',
    kind: 'server',
    owner: 'ada',
    ports: {},
    name: 'jupyter-ada',
    uid: 'u',
    phase: 'Pending',
    createdAt: now - 40_000,
    before: [],
    mainName: 'notebook',
    ...changes,
  };
}

function event(reason: string, message: string, secondsAgo = 40): EventView {
  return { key: reason, version: '1', about: 'u', name: 'jupyter-ada', reason, message, at: now - secondsAgo * 1000 };
}

function reason(view: PodView, events: EventView[] = [], imageSizes = new Map<string, number>()) {
  return waitingReason(view, { events, imageSizes, now });
}

const waiting = (why: string, message = ''): PodView =>
  pod({ node: 'node-1', main: { name: 'notebook', image: 'ghcr.io/x/y:z', waiting: { reason: why, message } } });

describe('why a pod does not run yet', () => {
  test.each([
    [
      '0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: 1 No preemption victims found.',
      'no node has enough free memory',
    ],
    [
      '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).',
      'no node has enough free cores, the other nodes are reserved for other work',
    ],
    [
      '0/2 nodes are available: 2 node(s) had untolerated taint {gpu: }. preemption: 0/2 nodes are available.',
      'all nodes are reserved for other work',
    ],
    [
      '0/2 nodes are available: 2 node(s) were unschedulable.',
      'no node takes new pods: all are closed for them (cordoned)',
    ],
    [
      '0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable.',
      'no node has enough free memory, some nodes take no new pods',
    ],
    ['no nodes available to schedule pods', 'the cluster has no node'],
    [
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
      'no node has the labels that were asked for',
    ],
    ['0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.', 'its volume is not ready'],
    ['0/4 nodes are available: 4 Insufficient nvidia.com/gpu.', 'no node has a free GPU'],
    ['something new that nobody has seen', 'it has no node yet: something new that nobody has seen'],
  ])('%s', (message, words) => {
    expect(reason(pod({ unschedulable: message }))).toEqual({ text: words });
  });

  test('a node that is being added is progress; one that cannot be added is not', () => {
    const full = pod({ unschedulable: '0/1 nodes are available: 1 Insufficient cpu.' });
    const added = event('TriggeredScaleUp', 'pod triggered scale-up: [{pool 1->2 (max: 9)}]');
    expect(reason(full, [added])).toEqual({ text: 'a node is being added, since no node has enough free cores' });
    expect(reason(full, [event('NotTriggerScaleUp', "pod didn't trigger scale-up")])).toMatchObject({ stuck: true });
  });

  test.each([
    [
      'failed to authorize: failed to fetch oauth token: unexpected status: 403 Forbidden',
      'image ghcr.io/x/y:z cannot be pulled: it is private, or there is none of this name; make it public, or name a secret for it in imagePullSecrets',
    ],
    [
      'failed to pull and unpack image "ghcr.io/x/y:z": failed to resolve reference: ghcr.io/x/y:z: not found',
      'image ghcr.io/x/y:z cannot be pulled: there is no such image or tag; check its spelling',
    ],
    [
      'toomanyrequests: You have reached your pull rate limit',
      'image ghcr.io/x/y:z cannot be pulled for now: the registry says that too much was pulled',
    ],
    [
      'dial tcp: lookup ghcr.io: no such host',
      'image ghcr.io/x/y:z cannot be pulled: its registry cannot be reached from the node',
    ],
    [
      'failed to pull: no match for platform in manifest',
      'image ghcr.io/x/y:z cannot be used: it is not made for this kind of processor',
    ],
    ['write /var/lib: no space left on device', 'image ghcr.io/x/y:z cannot be pulled: the disk of the node is full'],
  ])('an image that cannot be pulled: %s', (message, words) => {
    expect(reason(waiting('ImagePullBackOff', message))).toEqual({ text: words, stuck: true });
    expect(reason(waiting('ErrImagePull', message))).toEqual({ text: words, stuck: true });
  });

  test('other reasons of containers', () => {
    expect(reason(waiting('InvalidImageName')).text).toBe('"ghcr.io/x/y:z" is not the name of an image');
    expect(reason(waiting('ErrImageNeverPull')).text).toContain('its pull policy is Never');
    expect(reason(waiting('CreateContainerConfigError', 'secret "x" not found')).text).toContain(
      'secret "x" not found',
    );
    const before = { name: 'chown', image: 'busybox', waiting: { reason: 'CrashLoopBackOff' }, ended: { exitCode: 3 } };
    expect(reason(pod({ node: 'n', before: [before] })).text).toBe(
      'its container chown ended with exit code 3 and is started again',
    );
  });

  test('a pull is told with its size and time', () => {
    const pulling = event('Pulling', 'Pulling image "ghcr.io/x/y:z"');
    const view = waiting('ContainerCreating');
    expect(reason(view, [pulling])).toEqual({ text: 'pulling image ghcr.io/x/y:z, 40 s so far' });
    const sizes = new Map([['ghcr.io/x/y:z', 3.1 * 2 ** 30]]);
    expect(reason(view, [pulling], sizes).text).toBe('pulling image ghcr.io/x/y:z, 3.1 GiB, 40 s so far');
    expect(reason(view, [pulling, event('Pulled', 'Successfully pulled', 1)]).text).toBe('its node prepares it');
  });

  test('volumes', () => {
    const view = waiting('ContainerCreating');
    expect(reason(view, [event('FailedAttachVolume', 'Multi-Attach error for volume "pvc-1"')]).text).toBe(
      'its volume is still attached to another node',
    );
    expect(
      reason(view, [event('FailedMount', 'MountVolume.SetUp failed for volume "x" : secret "y" not found')]).text,
    ).toContain('secret "y" not found');
  });
});

describe('how a pod ended', () => {
  const end = (changes: Partial<PodView>, graceSeconds?: number, gone = false) =>
    exitOf(pod({ phase: 'Failed', node: 'node-1', ...changes }), { graceSeconds, gone });
  const main = (exitCode: number, why?: string, message?: string): Partial<PodView> => ({
    main: {
      name: 'notebook',
      image: 'i',
      ended: { exitCode, ...(why !== undefined && { reason: why }), ...(message !== undefined && { message }) },
    },
  });

  test('exit codes and signals', () => {
    expect(end(main(7))).toEqual({ code: 7, signal: null });
    expect(end(main(143))).toEqual({ code: null, signal: 'SIGTERM' });
    expect(exitOf(pod({ phase: 'Running' }), { graceSeconds: undefined, gone: false })).toBeUndefined();
  });

  test.each<[Partial<PodView>, string]>([
    [
      { ...main(137, 'OOMKilled'), memoryLimit: 2 ** 30 },
      'It used more memory than its limit of 1 GiB, and was ended.',
    ],
    [
      { reason: 'Evicted', message: 'The node was low on resource: memory.' },
      'Its node node-1 ran short of memory and ended it.',
    ],
    [
      { reason: 'Evicted', message: 'Pod ephemeral local storage usage exceeds 1Gi' },
      'Its node node-1 ran short of disk space and ended it.',
    ],
    [
      { disruption: { reason: 'PreemptionByScheduler', message: '' } },
      'It had to make room for something more important.',
    ],
    [{ disruption: { reason: 'DeletionByTaintManager', message: '' } }, 'Its node node-1 became unusable.'],
    [
      { disruption: { reason: 'EvictionByEvictionAPI', message: '' } },
      'Its node node-1 was emptied, to be taken away or repaired.',
    ],
    [{ disruption: { reason: 'DeletionByPodGC', message: '' } }, 'Its node node-1 is gone.'],
    [
      main(128, 'StartError', 'exec: "nothing": executable file not found in $PATH: unknown'),
      'The program nothing cannot be started: there is none in its image.',
    ],
    [
      { before: [{ name: 'chown', image: 'i', ended: { exitCode: 2 } }] },
      'Its container chown, which runs first, ended with exit code 2.',
    ],
  ])('%j', (changes, words) => {
    expect(end(changes)?.reason).toBe(words);
  });

  test('what the hub asked for needs no explanation, unless it had to be killed', () => {
    expect(end(main(0), 10, true)).toEqual({ code: 0, signal: null });
    expect(end(main(137), 10, true)?.reason).toBe('It did not end within 10 s of being asked to, and was killed.');
    expect(end({ phase: 'Running' }, undefined, true)?.reason).toBe('Its pod was deleted before it had started.');
  });
});
