import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { readObject } from '../applyRelease.ts';
import { hubRights } from '../objects/hubRights.ts';
import type { Examination } from './finding.ts';

/** Whether the hub's account may do what the hub does. */
export const examineRights: Examination = async ({ client, namespace }) => {
  const hub = await readObject<Deployment>(client, `/apis/apps/v1/namespaces/${namespace}/deployments/hub`);
  const account = hub?.spec?.template.spec?.serviceAccountName ?? 'default';
  const needed = hubRights.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb })))),
  );
  const missing = await Promise.all(
    needed.map(async ({ group, resource: path, verb }) => {
      const [resource, subresource] = path.split('/');
      const { status } = await client.request<{ status: { allowed: boolean } }>({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: {
            user: `system:serviceaccount:${namespace}:${account}`,
            groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
            resourceAttributes: { namespace, verb, group, resource, ...(subresource !== undefined && { subresource }) },
          },
        },
      });
      return status.allowed ? [] : [`${verb} ${path}`];
    }),
  );
  const evidence = missing.flat();
  if (evidence.length === 0) return [];
  return [
    {
      text: `The hub's account ${account} may not do all that the hub does.`,
      evidence,
      nextStep:
        'Deploy again with rights to make roles, or have somebody else give it the role that `atoll manifests` prints.',
    },
  ];
};
