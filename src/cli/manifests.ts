import { stringify } from 'yaml';
import { imageOf, newControlToken } from '../deploy/deployRelease.ts';
import { renderRelease } from '../deploy/renderRelease.ts';
import { readSettings } from './settings/readSettings.ts';

/** The options of `atoll manifests`. */
export interface ManifestsOptions {
  file: string[];
  name: string;
  namespace?: string;
  image?: string;
}

/**
 * `atoll manifests`: prints what `atoll deploy` would apply, as YAML, for other tools to apply. It asks no cluster, so
 * the secret that hub and edges share is new each time, unless the settings name one (`proxy.secretToken`).
 */
export async function manifests(options: ManifestsOptions): Promise<void> {
  const { settings, inputs, notes } = await readSettings(options.file, undefined, { runtime: 'kubernetes' });
  for (const note of notes) console.error(note);
  const { name, namespace = name } = options;
  const image = imageOf(options.image, settings);
  const controlToken = settings.deployment.secretToken ?? newControlToken();
  for (const object of renderRelease({ name, namespace, settings, inputs, image, controlToken }))
    process.stdout.write(`---\n${stringify(object)}`);
}
