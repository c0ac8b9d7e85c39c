import { request } from 'node:http';
import { openDataFolder, secretOf } from '../core/dataFolder.ts';
import { AtollError, messageOf } from '../core/errors.ts';

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
  const folder = openDataFolder(options.data);
  const token = secretOf(folder, 'control-token').toString('hex');
  const answer = await post(folder.controlSocket, '/login-links', token, { user: options.user });
  console.log(answer.url);
}

function post(socketPath: string, path: string, token: string, body: object): Promise<{ url: string }> {
  return new Promise((resolve, reject) => {
    const call = request({
      socketPath,
      path,
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    call.once('error', (error) =>
      reject(
        new AtollError('ATOLL_NOT_RUNNING', 'No Atoll runs on this data folder.', {
          evidence: messageOf(error),
          cause: error,
        }),
      ),
    );
    call.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as { url: string });
        else reject(new AtollError('ATOLL_BAD_REQUEST', messageIn(text)));
      });
    });
    call.end(JSON.stringify(body));
  });
}

function messageIn(text: string): string {
  try {
    const answer = JSON.parse(text) as { message?: string };
    return answer.message ?? text;
  } catch {
    return text;
  }
}
