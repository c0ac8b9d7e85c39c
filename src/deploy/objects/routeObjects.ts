import { serviceNames } from '../ports.ts';
import { type KubeObject, objectHead, type Release } from '../release.ts';
import { innerPort } from './edgeObjects.ts';

/** How people come in from outside: an ingress, or a route of the Gateway API, where the settings ask for one. */
export function routeObjects(release: Release): KubeObject[] {
  const { ingress, httpRoute } = release.settings.deployment;
  return [
    ...(ingress.enabled ? [ingressObject(release)] : []),
    ...(httpRoute.enabled ? [httpRouteObject(release)] : []),
  ];
}

function ingressObject(release: Release): KubeObject {
  const { deployment, addresses } = release.settings;
  const { ingress } = deployment;
  const head = objectHead(release, 'networking.k8s.io/v1', 'Ingress', 'jupyterhub', 'edge');
  const backend = { service: { name: serviceNames.edge, port: { name: innerPort(deployment.edge).name } } };
  const paths = [
    { path: `${addresses.baseUrl}${ingress.pathSuffix ?? ''}`, pathType: ingress.pathType, backend },
    ...ingress.extraPaths,
  ];
  const hosts: (string | undefined)[] = ingress.hosts.length > 0 ? ingress.hosts : [undefined];
  return {
    ...head,
    metadata: { ...head.metadata, annotations: ingress.annotations },
    spec: {
      ...(ingress.ingressClassName !== undefined && { ingressClassName: ingress.ingressClassName }),
      rules: hosts.map((host) => ({ ...(host !== undefined && { host }), http: { paths } })),
      ...(ingress.tls.length > 0 && { tls: ingress.tls }),
    },
  };
}

function httpRouteObject(release: Release): KubeObject {
  const { httpRoute, edge } = release.settings.deployment;
  const head = objectHead(release, 'gateway.networking.k8s.io/v1', 'HTTPRoute', 'jupyterhub', 'edge');
  return {
    ...head,
    metadata: { ...head.metadata, annotations: httpRoute.annotations },
    spec: {
      parentRefs: httpRoute.parentRefs,
      ...(httpRoute.hostnames.length > 0 && { hostnames: httpRoute.hostnames }),
      rules: [{ backendRefs: [{ name: serviceNames.edge, port: innerPort(edge).port }] }],
    },
  };
}
