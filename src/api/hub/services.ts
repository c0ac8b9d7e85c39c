import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { json } from '../frame/replies.ts';
import type { HubApiOptions } from './hubApiOptions.ts';
import { serviceModel, serviceSchema } from './serviceModel.ts';

/** The services of the settings. */
export function addServiceRoutes(frame: ApiFrame, { identity }: HubApiOptions): void {
  frame.route(
    {
      method: 'get',
      path: '/services',
      summary: 'Lists the services, by name',
      access: { anyOf: ['list:services'], filtered: true },
      responses: { 200: { description: 'The services.', schema: z.record(z.string(), serviceSchema) } },
    },
    ({ principal }) => {
      const visible = identity.services
        .list()
        .filter((service) => principal.scopes.allows('list:services', { service: service.name }));
      return json(
        Object.fromEntries(visible.map((service) => [service.name, serviceModel(service, principal.scopes, identity)])),
      );
    },
  );

  frame.route(
    {
      method: 'get',
      path: '/services/{service}',
      summary: 'Shows a service',
      access: { anyOf: ['read:services', 'read:services:name', 'read:roles:services'] },
      responses: { 200: { description: 'The service.', schema: serviceSchema } },
    },
    ({ principal, params }) => {
      const service = identity.services.get(params.service);
      if (!service) throw new AtollError('ATOLL_NOT_FOUND', `No such service: ${params.service}`);
      return json(serviceModel(service, principal.scopes, identity));
    },
  );
}
