import {
  isPythonObject,
  type PythonObject,
  type PythonValue,
  parsePythonJson,
  pythonRepr,
} from '../../clusters/pythonJson.ts';
import { AtollError, messageOf } from '../../core/errors.ts';
import { readBytes } from '../../identity/http/readBytes.ts';

/** Bytes of a request of a user, as many as dask-gateway's own server takes. */
const longestRequest = 1024 * 1024;

/** Bytes of a heartbeat: it names every worker that the cluster ever had, some hundred thousand of them at most. */
const longestHeartbeat = 16 * 1024 * 1024;

/**
 * The body of a user's request: a JSON object in Python's sense (`NaN`, `Infinity`).
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, `ATOLL_BAD_REQUEST`, `ATOLL_GATEWAY_BODY_INVALID`
 */
export async function readRequest(request: Request): Promise<PythonObject> {
  const text = await readText(request, longestRequest);
  let value: PythonValue;
  try {
    value = parsePythonJson(text);
  } catch (error) {
    throw new AtollError('ATOLL_BAD_REQUEST', 'The body is not valid JSON.', {
      evidence: messageOf(error).slice(0, 200),
    });
  }
  if (!isPythonObject(value))
    throw new AtollError('ATOLL_GATEWAY_BODY_INVALID', `The body must be a JSON object, got ${pythonRepr(value)}`);
  return value;
}

/**
 * The body of a heartbeat.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, `ATOLL_BAD_REQUEST`
 */
export async function readHeartbeat(request: Request): Promise<unknown> {
  const text = await readText(request, longestHeartbeat);
  try {
    return JSON.parse(text);
  } catch {
    throw new AtollError('ATOLL_BAD_REQUEST', 'The body is not valid JSON.');
  }
}

async function readText(request: Request, limit: number): Promise<string> {
  return (await readBytes(request, limit)).toString('utf8');
}
