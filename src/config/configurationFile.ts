/** Where zero-to-jupyterhub looks for Python; files that `hub.extraFiles` puts there run before `hub.extraConfig`. */
export const configurationFile = /^\/usr\/local\/etc\/jupyterhub\/jupyterhub_config\.d\/([^/]+\.py)$/;
