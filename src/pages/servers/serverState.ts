import { html } from 'hono/html';
import type { Server } from '../../servers/server.ts';
import type { Html } from '../frame/layout.ts';

const states: Readonly<Record<Server['phase'], { label: string; kind: string }>> = {
  stopped: { label: 'Stopped', kind: '' },
  starting: { label: 'Starting', kind: 'busy' },
  ready: { label: 'Running', kind: 'good' },
  stopping: { label: 'Stopping', kind: 'busy' },
  failed: { label: 'Failed', kind: 'bad' },
};

/** What a server is doing, in one word. One that was never started is stopped. */
export function serverState(phase: Server['phase'] = 'stopped'): Html {
  const { label, kind } = states[phase];
  return html`<span class="pill ${kind}">${label}</span>`;
}
