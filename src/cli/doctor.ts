import { AtollError } from '../core/errors.ts';
import { readObject } from '../deploy/applyRelease.ts';
import { examineRelease } from '../deploy/doctor/examineRelease.ts';
import type { Finding } from '../deploy/doctor/finding.ts';
import { type ClusterOptions, withCluster } from './deploy.ts';

/** `atoll doctor`: says what is wrong with a release on Kubernetes. Exit code 1 when something is. */
export async function doctor(options: ClusterOptions): Promise<void> {
  await withCluster(options, async (client, namespace) => {
    const { name } = options;
    const hub = await readObject(client, `/apis/apps/v1/namespaces/${namespace}/deployments/hub`);
    if (!hub)
      throw new AtollError('ATOLL_DEPLOY_NO_RELEASE', `There is no release ${name} in the namespace ${namespace}.`);
    const { findings, unseen } = await examineRelease({ client, name, namespace, now: Date.now() });
    for (const finding of findings) console.log(textOf(finding));
    if (unseen.length > 0) console.log(`This account may not look at: ${unseen.join(', ')}.`);
    if (findings.length > 0) process.exitCode = 1;
    else console.log('All is well.');
  });
}

function textOf({ text, evidence = [], nextStep }: Finding): string {
  return [text, ...evidence.map((line) => `  | ${line}`), ...(nextStep ? [`  ${nextStep}`] : [])].join('\n');
}
