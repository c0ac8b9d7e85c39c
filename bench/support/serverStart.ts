import { until } from '../../test/support/until.ts';

/** A hub that speaks JupyterHub's API, and a token that may do everything there. */
export interface HubUnderTest {
  url: string;
  token: string;
}

function call(hub: HubUnderTest, method: string, path: string): Promise<Response> {
  return fetch(`${hub.url}/hub/api${path}`, { method, headers: { authorization: `token ${hub.token}` } });
}

/** Makes sure that the user exists. */
export async function createUser(hub: HubUnderTest, user: string): Promise<void> {
  const { status } = await call(hub, 'POST', `/users/${user}`);
  if (status !== 201 && status !== 409) throw new Error(`cannot create the user: ${status}`);
}

/** Seconds from asking for the user's server until JupyterLab's page answers through the proxy. */
export async function timeServerStart(hub: HubUnderTest, user: string): Promise<number> {
  const startedAt = performance.now();
  const { status } = await call(hub, 'POST', `/users/${user}/server`);
  if (status !== 201 && status !== 202) throw new Error(`cannot start the server: ${status}`);
  await until('an answer of JupyterLab', async () => (await fetch(`${hub.url}/user/${user}/api`)).status === 200);
  return (performance.now() - startedAt) / 1000;
}

/** Stops the user's server and waits until it is gone. */
export async function stopServer(hub: HubUnderTest, user: string): Promise<void> {
  await call(hub, 'DELETE', `/users/${user}/server`);
  await until('the end of the server', async () => {
    const model = (await (await call(hub, 'GET', `/users/${user}`)).json()) as { servers: Record<string, unknown> };
    return Object.keys(model.servers).length === 0;
  });
}
