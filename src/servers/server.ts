import { z } from 'zod';
import { type Failure, failureSchema } from '../diagnosis/failure.ts';

/** What should be; `removed` means stopped, and then gone. */
export type Desired = 'running' | 'stopped' | 'removed';

/** How far a server is. `starting` and `stopping` are under way; `failed` is stopped, with a reason. */
export type Phase = 'stopped' | 'starting' | 'ready' | 'stopping' | 'failed';

/** How a server's token is recognised in log lines without being known. */
export const tokenFingerprintSchema = z.object({ length: z.number().int().positive(), sha256: z.string() });
export type TokenFingerprint = z.infer<typeof tokenFingerprintSchema>;

/** One notebook server as the store has it. Times are milliseconds since the epoch. */
export interface Server {
  id: number;
  userId: number;
  user: string;
  /** "" for the default server. */
  name: string;
  displayName: string;
  createdAt: number;
  desired: Desired;
  phase: Phase;
  /** The workload of the present or last start; null before the first. */
  workloadId: string | null;
  tokenFingerprint: TokenFingerprint | null;
  /** What the person chose (JupyterHub's user_options); used again by a start that chooses nothing. */
  userOptions: Record<string, unknown>;
  /** By which settings it was started (`digestOf`); null before that. */
  settingsDigest: string | null;
  startedAt: number | null;
  readyAt: number | null;
  lastActivity: number | null;
  failure: Failure | null;
}

/** A row of the `servers` table joined with its user's name. */
export interface ServerRow {
  id: number;
  user_id: number;
  user_name: string;
  name: string;
  display_name: string;
  created_at: number;
  desired: string;
  phase: string;
  workload_id: string | null;
  token_fingerprint: string | null;
  user_options: string;
  settings_digest: string | null;
  started_at: number | null;
  ready_at: number | null;
  last_activity: number | null;
  failure: string | null;
}

const desiredSchema = z.enum(['running', 'stopped', 'removed']);
const phaseSchema = z.enum(['stopped', 'starting', 'ready', 'stopping', 'failed']);
const userOptionsSchema = z.record(z.string(), z.unknown());

/** Reads a row. Throws a ZodError when it is not what this version writes. */
export function serverFromRow(row: ServerRow): Server {
  return {
    id: row.id,
    userId: row.user_id,
    user: row.user_name,
    name: row.name,
    displayName: row.display_name,
    createdAt: row.created_at,
    desired: desiredSchema.parse(row.desired),
    phase: phaseSchema.parse(row.phase),
    workloadId: row.workload_id,
    tokenFingerprint:
      row.token_fingerprint === null ? null : tokenFingerprintSchema.parse(JSON.parse(row.token_fingerprint)),
    userOptions: userOptionsSchema.parse(JSON.parse(row.user_options)),
    settingsDigest: row.settings_digest,
    startedAt: row.started_at,
    readyAt: row.ready_at,
    lastActivity: row.last_activity,
    failure: row.failure === null ? null : failureSchema.parse(JSON.parse(row.failure)),
  };
}

/** The phases of a server that runs or is about to: all but `stopped` and `failed`. */
export const activePhases: readonly Phase[] = ['starting', 'ready', 'stopping'];

/** Whether a server runs or is about to (JupyterHub's "active"). */
export function isActive(server: Server): boolean {
  return activePhases.includes(server.phase);
}

/** Whether a server stops only to start anew. */
export function isRestarting(server: Pick<Server, 'desired' | 'phase'>): boolean {
  return server.phase === 'stopping' && server.desired === 'running';
}

/** What is under way, in JupyterHub's words. */
export function pendingOf(server: Server): 'spawn' | 'stop' | null {
  if (server.phase === 'starting') return 'spawn';
  return server.phase === 'stopping' ? 'stop' : null;
}

/** A user's default server before its first start: there is no record of it. */
export function stoppedServer({ id, name, createdAt }: { id: number; name: string; createdAt: number }): Server {
  return {
    id: 0,
    userId: id,
    user: name,
    name: '',
    displayName: '',
    createdAt,
    desired: 'stopped',
    phase: 'stopped',
    workloadId: null,
    tokenFingerprint: null,
    userOptions: {},
    settingsDigest: null,
    startedAt: null,
    readyAt: null,
    lastActivity: null,
    failure: null,
  };
}
