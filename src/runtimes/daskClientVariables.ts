/** What servers are told where the operator says nothing else, and what they are told instead. */
const replaced: readonly { name: string; usual: string; ours: string }[] = [
  // Says what a cluster waits for while it waits.
  { name: 'DASK_GATEWAY__AUTH__TYPE', usual: 'jupyterhub', ours: 'atoll_gateway.HubAuth' },
  // JupyterLab's Dask panel would break at the first adaptive cluster of the gateway.
  { name: 'DASK_LABEXTENSION__FACTORY__MODULE', usual: 'dask_gateway', ours: 'atoll_gateway' },
];

/**
 * The variables by which Dask and dask-gateway's client use Atoll's modules (python/client), as far as the variables of the
 * server, `own`, leave that open. Python must find the modules then: Dask refuses to make any client without one that it is
 * told of.
 */
export function daskClientVariables(own: Readonly<Record<string, string>>): Record<string, string> {
  const isGatewayPanel = own.DASK_LABEXTENSION__FACTORY__CLASS === 'GatewayCluster';
  const ours = replaced
    .filter(({ name, usual }) => own[name] === usual && (isGatewayPanel || !name.startsWith('DASK_LABEXTENSION')))
    .map(({ name, ours: value }) => [name, value]);
  const loader = own.DASK_DISTRIBUTED__CLIENT__SECURITY_LOADER ?? 'atoll_dask_client.security';
  return { DASK_DISTRIBUTED__CLIENT__SECURITY_LOADER: loader, ...Object.fromEntries(ours) };
}
