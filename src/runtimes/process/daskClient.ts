/** What servers are told where the operator says nothing else, and what they are told instead. */
const replaced: readonly { name: string; usual: string; ours: string }[] = [
  // Says what a cluster waits for while it waits.
  { name: 'DASK_GATEWAY__AUTH__TYPE', usual: 'jupyterhub', ours: 'atoll_gateway.HubAuth' },
  // JupyterLab's Dask panel would break at the first adaptive cluster of the gateway (specs/dask-gateway.md §8.2).
  { name: 'DASK_LABEXTENSION__FACTORY__MODULE', usual: 'dask_gateway', ours: 'atoll_gateway' },
];

/**
 * The variables of a server by which Dask and dask-gateway's client find Atoll's modules in `folder` (src/environment/
 * installDaskClient.ts), added to `own`. Kernels of other environments inherit the variables, and Dask refuses to make any
 * client without a module that it is told of: so the folder is on their path too, after those that `own` names.
 */
export function withDaskClient(own: Record<string, string>, folder: string | undefined): Record<string, string> {
  if (folder === undefined) return own;
  const isGatewayPanel = own.DASK_LABEXTENSION__FACTORY__CLASS === 'GatewayCluster';
  const ours = replaced
    .filter(({ name, usual }) => own[name] === usual && (isGatewayPanel || !name.startsWith('DASK_LABEXTENSION')))
    .map(({ name, ours: value }) => [name, value]);
  return {
    DASK_DISTRIBUTED__CLIENT__SECURITY_LOADER: 'atoll_dask_client.security',
    ...own,
    ...Object.fromEntries(ours),
    PYTHONPATH: own.PYTHONPATH ? `${own.PYTHONPATH}:${folder}` : folder,
  };
}
