import type { RuntimeKind } from '../settings.ts';

/** What becomes of a key on one runtime. */
export type Effect =
  /** It works. */
  | { kind: 'works' }
  /** It has no effect here; `because` completes "no effect here, because …". */
  | { kind: 'none'; because: string }
  /** It is not supported; `instead` is a sentence that says what to use, or what happens without it. */
  | { kind: 'unsupported'; instead: string };

/** The warning about a key that does not work; undefined where it does. */
export function effectWarning(
  effect: Effect,
): { code: 'ATOLL_SETTINGS_NO_EFFECT' | 'ATOLL_SETTINGS_NOT_SUPPORTED'; message: string } | undefined {
  if (effect.kind === 'works') return undefined;
  if (effect.kind === 'none')
    return { code: 'ATOLL_SETTINGS_NO_EFFECT', message: `This has no effect here, because ${effect.because}.` };
  return { code: 'ATOLL_SETTINGS_NOT_SUPPORTED', message: `This is not supported here. ${effect.instead}` };
}

/** What becomes of a key, by runtime. A runtime that is left out follows the section above. */
export type Effects = Partial<Record<RuntimeKind, Effect>>;

/** The key works. */
export const works: Effect = { kind: 'works' };

/** The key has no effect; the text completes "no effect here, because …". */
export function none(because: string): Effect {
  return { kind: 'none', because };
}

/** The key is not supported; the text is a sentence that says what to use, or what happens without it. */
export function unsupported(instead: string): Effect {
  return { kind: 'unsupported', instead };
}

/** The same on every runtime. */
export function everywhere(effect: Effect): Effects {
  return { process: effect, kubernetes: effect, slurm: effect };
}

/** What only pods have a use for. */
export function onKubernetes(process: Effect, slurm: Effect = process): Effects {
  return { process, kubernetes: works, slurm };
}

/** Shapes objects of Kubernetes. */
export const kubernetesOnly: Effects = onKubernetes(
  none('it shapes Kubernetes objects, and here everything is a process of this machine'),
  none('it shapes Kubernetes objects, and here everything is a Slurm job'),
);

/** How pods are placed on nodes. */
export const ownPlacement: Effects = {
  process: none('there is one machine, and nothing to place on nodes'),
  kubernetes: none("servers go, by Kubernetes' own scheduler, where others are already"),
  slurm: none('Slurm places its jobs itself'),
};

/** Container images. */
export const imagesOnly: Effects = onKubernetes(
  none('no container images are used on one machine: all run the Python environment of Atoll'),
  none('Slurm jobs run a Python environment on a shared folder, no container image'),
);
