import packageJson from '../../package.json' with { type: 'json' };

/** Atoll's own version. */
export const version: string = packageJson.version;
