import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type DataFolder, openDataFolder, secretOf } from '../core/dataFolder.ts';
import { AtollError } from '../core/errors.ts';
import { type ErrorCode, errorTable } from '../core/errorTable.ts';

/** The options of `atoll login`. */
export interface LoginOptions {
  data: string;
  user?: string;
}

/**
 * `atoll login`: asks the running hub for a link that signs a person in, once, and prints it.
 * @throws AtollError `ATOLL_NOT_RUNNING`, or what the hub says.
 */
export async function login(options: LoginOptions): Promise<void> {
  // Opening makes a data folder of whatever it is given.
  if (!existsSync(join(options.data, 'secrets'))) throw notRunning(options.data);
  const folder = openDataFolder(options.data);
  const token = secretOf(folder, 'control-token').toString('hex');
  const answer = await post(folder, '/login-links', token, { user: options.user });
  console.log(answer.url);
}

function post(folder: DataFolder, path: string, token: string, body: object): Promise<{ url: string }> {
  return new Promise((resolve, reject) => {
    const call = request({
      socketPath: folder.controlSocket,
      path,
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    call.once('error', (error) => reject(notRunning(folder.root, error)));
    call.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as { url: string });
        else reject(errorIn(text));
      });
    });
    call.end(JSON.stringify(body));
  });
}

function notRunning(dataFolder: string, cause?: unknown): AtollError {
  return new AtollError('ATOLL_NOT_RUNNING', 'No Atoll runs on this data folder.', { evidence: dataFolder, cause });
}

/** The error that the hub answered with. */
function errorIn(text: string): AtollError {
  const { code = '', message, nextStep } = JSON.parse(text) as { code?: string; message: string; nextStep?: string };
  return new AtollError(code in errorTable ? (code as ErrorCode) : 'ATOLL_INTERNAL', message, {
    ...(nextStep !== undefined && { nextStep }),
  });
}
