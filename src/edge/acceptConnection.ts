import type { Socket } from 'node:net';
import { ClientConnection } from './clientConnection.ts';
import type { Watched } from './deadlines.ts';
import type { EdgeContext } from './edgeContext.ts';
import type { Peer } from './forwardedFields.ts';
import { listen } from './listen.ts';
import { TlsPassthrough } from './tlsPassthrough.ts';
import type { TrustedProxies } from './trustedProxies.ts';
import { Wire } from './wire.ts';

/** The first byte of a TLS connection: a handshake record. No HTTP request begins with it. */
const tlsHandshake = 0x16;

/** Waits for the first byte of a new connection, which tells HTTP and TLS apart, and hands it to the one or the other. */
export function acceptConnection(edge: EdgeContext, wire: Wire, proxies: TrustedProxies): void {
  const { socket } = wire;
  // Whatever reads the socket sees a failure as the end; without a listener it would end the process.
  socket.on('error', () => {});
  const peer = peerOf(socket, proxies, false);
  if (peer === undefined) {
    socket.destroy();
    return;
  }
  const silent: Watched = {
    deadline: edge.deadlines.now + edge.limits.headMs,
    onDeadline: () => socket.destroy(),
  };
  edge.deadlines.add(silent);
  wire.receive = (chunk) => {
    unlisten();
    edge.deadlines.delete(silent);
    if (chunk[0] === tlsHandshake) return new TlsPassthrough(edge, wire).take(chunk);
    return new ClientConnection(edge, wire, peer).take(chunk);
  };
  const unlisten = listen(socket, {
    end: () => socket.destroy(),
    close: () => edge.deadlines.delete(silent),
  });
}

/** Takes over a connection whose TLS the edge has ended. */
export function acceptDecrypted(edge: EdgeContext, socket: Socket, proxies: TrustedProxies): void {
  socket.on('error', () => {});
  const peer = peerOf(socket, proxies, true);
  if (peer === undefined || edge.stopping) socket.destroy();
  else new ClientConnection(edge, Wire.decrypted(socket), peer);
}

/** Undefined when it is gone already. */
function peerOf(socket: Socket, proxies: TrustedProxies, isSecure: boolean): Peer | undefined {
  const address = socket.remoteAddress?.replace(/^::ffff:/, '');
  return address === undefined ? undefined : { address, proxies, isSecure };
}
