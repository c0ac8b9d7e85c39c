import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type Server } from 'node:tls';
import { AtollError, messageOf } from '../../core/errors.ts';
import type { EdgeLog } from '../edgeLog.ts';
import type { TlsFiles } from './tlsFiles.ts';

/** A deployment that has a new certificate should not need a restart; reading two small files costs nothing. */
const lookAgainMs = 5000;

/** What an edge ends TLS with: a certificate, and its key, of two files that are read again when they change. */
export class TlsTermination {
  readonly #files: TlsFiles;
  readonly #log: EdgeLog;
  readonly #server: Server;

  /**
   * @param onSecure takes connections whose handshake is over
   * @throws AtollError `ATOLL_EDGE_CERTIFICATE`
   */
  constructor(files: TlsFiles, handshakeMs: number, onSecure: (socket: Socket) => void, log: EdgeLog) {
    this.#files = files;
    this.#log = log;
    // It does not listen: connections come from the edge's own listener, once it is known that they are for it.
    this.#server = createServer({ ...readPair(files), ALPNProtocols: ['http/1.1'], handshakeTimeout: handshakeMs });
    this.#server.on('secureConnection', onSecure);
    this.#server.on('tlsClientError', (_, socket) => socket.destroy());
    for (const file of [files.certificate, files.key]) watchFile(file, { interval: lookAgainMs }, this.#readAgain);
  }

  /** Takes over a connection, paused, whose first bytes were already read. */
  take(socket: Socket, received: Buffer): void {
    socket.unshift(received);
    this.#server.emit('connection', socket);
  }

  /** Reads the files no more. */
  close(): void {
    for (const file of [this.#files.certificate, this.#files.key]) unwatchFile(file, this.#readAgain);
  }

  /** While only one of the two is new, they do not fit together: the old pair is used on. */
  readonly #readAgain = (): void => {
    try {
      this.#server.setSecureContext(readPair(this.#files));
      this.#log('info', { file: this.#files.certificate }, 'the TLS certificate was read again');
    } catch (error) {
      this.#log('warn', { reason: messageOf(error) }, 'the new TLS certificate cannot be used; the old one stays');
    }
  };
}

/**
 * A certificate (with those between it and its authority) and its key, in PEM, that fit together.
 * @throws AtollError `ATOLL_EDGE_CERTIFICATE`
 */
function readPair({ certificate, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  try {
    const pair = { cert: readFileSync(certificate), key: readFileSync(key) };
    createSecureContext(pair);
    return pair;
  } catch (error) {
    throw new AtollError('ATOLL_EDGE_CERTIFICATE', 'The TLS certificate cannot be used.', {
      evidence: `${certificate} and ${key}: ${messageOf(error)}`,
      cause: error,
    });
  }
}
