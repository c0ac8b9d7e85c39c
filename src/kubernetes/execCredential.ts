import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { AtollError, messageOf } from '../core/errors.ts';
import type { execSchema } from './kubeconfigAccess.ts';

const credentialSchema = z.object({
  status: z.object({ token: z.string(), expirationTimestamp: z.string().nullish() }),
});

const patienceMs = 30_000;
/** A token is replaced this long before it ends. */
const earlyMs = 60_000;

/**
 * The token that a program of a cloud provider gives (client.authentication.k8s.io, `ExecCredential`), kept until it ends.
 * The program runs without a terminal: one that wants to ask something fails, and its words are the evidence.
 */
export function tokenFromProgram(exec: z.infer<typeof execSchema>, folder: string): () => Promise<string> {
  let token: { value: string; until: number } | undefined;
  return async () => {
    if (token && Date.now() < token.until) return token.value;
    const { status } = await askProgram(exec, folder);
    const until = !status.expirationTimestamp
      ? Number.POSITIVE_INFINITY
      : Date.parse(status.expirationTimestamp) - earlyMs;
    token = { value: `Bearer ${status.token}`, until };
    return token.value;
  };
}

async function askProgram(
  { command, args, env, apiVersion }: z.infer<typeof execSchema>,
  folder: string,
): Promise<z.infer<typeof credentialSchema>> {
  const program = command.includes('/') ? resolve(folder, command) : command;
  const question = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  try {
    const { stdout } = await promisify(execFile)(program, args ?? [], {
      timeout: patienceMs,
      env: {
        ...process.env,
        ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
        KUBERNETES_EXEC_INFO: JSON.stringify(question),
      },
    });
    return credentialSchema.parse(JSON.parse(stdout));
  } catch (error) {
    // Its output may hold the token; what it wrote to its standard error may not.
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().slice(-500) : '';
    const evidence =
      words || (error instanceof z.ZodError || error instanceof SyntaxError ? 'It gave no token.' : messageOf(error));
    throw new AtollError(
      'ATOLL_KUBERNETES_ACCESS',
      `The program ${command}, which the kubeconfig names, gave no credentials.`,
      {
        evidence,
        nextStep: 'Run it by hand; most often it wants you to sign in at your cloud provider again.',
      },
    );
  }
}
