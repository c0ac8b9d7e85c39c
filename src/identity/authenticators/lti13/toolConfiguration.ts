/** What a platform reads to install the hub as a tool (Canvas: "enter URL"). The addresses are those of `origin`. */
export function toolConfiguration(
  { tool_name, tool_description }: { tool_name: string; tool_description: string },
  origin: string,
  path: string,
): Record<string, unknown> {
  const target = `${origin}/hub/`;
  const custom = { email: '$Person.email.primary', lms_user_id: '$User.id' };
  const placement = { message_type: 'LtiResourceLinkRequest', target_link_uri: target };
  return {
    title: tool_name,
    description: tool_description,
    scopes: [],
    target_link_uri: target,
    oidc_initiation_url: `${origin}${path}/oauth_login`,
    redirect_uris: [`${origin}${path}/oauth_callback`],
    custom_fields: custom,
    extensions: [
      {
        platform: 'canvas.instructure.com',
        privacy_level: 'public',
        settings: {
          platform: 'canvas.instructure.com',
          placements: [
            { ...placement, placement: 'course_navigation', windowTarget: '_blank', custom_fields: custom },
            { ...placement, placement: 'assignment_selection' },
          ],
        },
      },
    ],
  };
}
