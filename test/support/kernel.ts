import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { WebSocket } from 'ws';

/** The messages of Jupyter's kernel protocol that tests look at. */
interface KernelMessage {
  msg_type: string;
  parent_header: { msg_id?: string };
  content: {
    text?: string;
    name?: string;
    execution_state?: string;
    ename?: string;
    evalue?: string;
    traceback?: string[];
  };
}

/** A Python kernel of somebody's server, reached as JupyterLab reaches it: through the edge, over a WebSocket. */
export class Kernel {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /**
   * Starts a kernel.
   * @param serverUrl such as `http://127.0.0.1:8000/user/ada/`.
   * @param token an API token that may access the server.
   * @param host what to ask for in the Host field, where that is another name than the URL's.
   */
  static async start(serverUrl: string, token: string, host = new URL(serverUrl).host): Promise<Kernel> {
    const headers = { authorization: `token ${token}`, host };
    const response = await request(`${serverUrl}api/kernels`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"name": "python3"}',
    });
    if (response.statusCode !== 201) throw new Error(`no kernel: ${response.statusCode} ${await response.body.text()}`);
    const { id } = (await response.body.json()) as { id: string };
    const socket = new WebSocket(`${serverUrl.replace('http', 'ws')}api/kernels/${id}/channels`, {
      headers,
    });
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new Kernel(socket);
  }

  /** Whether the WebSocket is still the first one, open. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Runs Python and returns what it printed. Throws with the traceback when it raised. */
  run(code: string): Promise<string> {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      let printed = '';
      let failure: Error | undefined;
      const onMessage = (data: Buffer): void => {
        const message = JSON.parse(data.toString()) as KernelMessage;
        if (message.parent_header.msg_id !== id) return;
        if (message.msg_type === 'stream') printed += message.content.text ?? '';
        if (message.msg_type === 'error')
          failure = new Error(`${message.content.traceback?.join('\n')}\nprinted before: ${printed}`);
        if (message.msg_type === 'status' && message.content.execution_state === 'idle') finish();
      };
      const onClose = (): void => {
        failure = new Error(`the WebSocket closed; printed before: ${printed}`);
        finish();
      };
      const finish = (): void => {
        this.#socket.off('message', onMessage);
        this.#socket.off('close', onClose);
        if (failure) reject(failure);
        else resolve(printed);
      };
      this.#socket.on('message', onMessage);
      this.#socket.on('close', onClose);
      this.#socket.send(
        JSON.stringify({
          channel: 'shell',
          header: {
            msg_id: id,
            msg_type: 'execute_request',
            username: '',
            session: randomUUID(),
            version: '5.3',
            date: new Date().toISOString(),
          },
          parent_header: {},
          metadata: {},
          content: {
            code,
            silent: false,
            store_history: false,
            user_expressions: {},
            allow_stdin: false,
            stop_on_error: true,
          },
        }),
      );
    });
  }

  close(): void {
    this.#socket.close();
  }
}
