import { z } from '@hono/zod-openapi';
import type { ServiceSettings } from '../../config/settings.ts';
import { AtollError } from '../../core/errors.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { empty, json } from '../frame/replies.ts';
import type { HubApiOptions } from './hubApiOptions.ts';
import { serviceModel, serviceSchema } from './serviceModel.ts';

/** What `POST /services/NAME` takes: no command, since only the settings may let the hub run programs. */
const newServiceSchema = z.strictObject({
  name: z.string().optional(),
  admin: z.boolean().optional(),
  url: z
    .url({ protocol: /^http$/, error: 'an address that begins with http://' })
    .max(1000)
    .optional(),
  api_token: z.string().optional(),
  display: z.boolean().optional(),
  info: z.record(z.string(), z.unknown()).optional(),
  oauth_no_confirm: z.boolean().optional(),
  oauth_client_id: z.string().max(255).optional(),
  oauth_redirect_uri: z
    .string()
    .max(1000)
    .regex(/^(?:\/(?!\/)|https?:\/\/)[\x21-\x7e]*$/, 'a path, or an address that begins with http:// or https://')
    .optional(),
  oauth_client_allowed_scopes: z.array(z.string().max(1000)).max(100).optional(),
});

/** The services: of the settings, and those that are added and removed while the hub runs. */
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

  frame.route(
    {
      method: 'post',
      path: '/services/{service}',
      summary: 'Adds a service that runs somewhere else, until it is deleted',
      access: { anyOf: ['admin:services'], unfiltered: true },
      body: newServiceSchema,
      responses: { 201: { description: 'The new service.', schema: serviceSchema } },
    },
    async ({ principal, params, body }) => {
      if (body.name !== undefined && body.name !== params.service)
        throw new AtollError('ATOLL_BAD_REQUEST', 'The name in the body is not the one in the address');
      const settings: ServiceSettings = {
        name: params.service,
        admin: body.admin ?? false,
        display: body.display ?? true,
        info: body.info ?? {},
        oauthNoConfirm: body.oauth_no_confirm ?? false,
        oauthClientAllowedScopes: body.oauth_client_allowed_scopes ?? [],
        ...(body.url !== undefined && { url: body.url }),
        ...(body.api_token !== undefined && { apiToken: body.api_token }),
        ...(body.oauth_client_id !== undefined && { oauthClientId: body.oauth_client_id }),
        ...(body.oauth_redirect_uri !== undefined && { oauthRedirectUri: body.oauth_redirect_uri }),
      };
      const service = await identity.runtimeServices.add(settings, principal);
      return json(serviceModel(service, principal.scopes, identity), 201);
    },
  );

  frame.route(
    {
      method: 'delete',
      path: '/services/{service}',
      summary: 'Removes a service that was added while the hub runs',
      access: { anyOf: ['admin:services'], unfiltered: true },
      responses: { 200: { description: 'It is gone, with the tokens that it obtained.' } },
    },
    async ({ params }) => {
      const service = identity.services.get(params.service);
      if (!service) throw new AtollError('ATOLL_NOT_FOUND', `Service ${params.service.slice(0, 255)} does not exist`);
      if (service.ofSettings)
        throw new AtollError('ATOLL_METHOD_NOT_ALLOWED', `Service ${service.name} is not modifiable at runtime`, {
          nextStep: 'Take it out of the settings.',
        });
      await identity.runtimeServices.remove(service);
      return empty(200);
    },
  );
}
