import type { Socket } from 'node:net';
import type { Watched } from './connections/deadlines.ts';
import { listen } from './connections/listen.ts';
import { type Receiver, Wire } from './connections/wire.ts';
import type { EdgeContext } from './edgeContext.ts';
import { ClientConnection } from './forwarding/clientConnection.ts';
import type { Peer } from './forwarding/forwardedFields.ts';
import type { TrustedProxies } from './forwarding/trustedProxies.ts';
import { TlsPassthrough } from './tls/tlsPassthrough.ts';

/** The first byte of a TLS connection: a handshake record. No HTTP request begins with it. */
const tlsHandshake = 0x16;

/** Waits for the first byte of a new connection, which tells HTTP and TLS apart, and hands it to the one or the other. */
export function acceptConnection(edge: EdgeContext, wire: Wire, proxies: TrustedProxies): void {
  accept(edge, wire, proxies, false, (peer) => (chunk) => {
    if (chunk[0] === tlsHandshake) return new TlsPassthrough(edge, wire).take(chunk);
    return new ClientConnection(edge, wire, peer).take(chunk);
  });
}

/** Takes over a connection whose TLS the edge has ended: what is in it is HTTP. */
export function acceptDecrypted(edge: EdgeContext, socket: Socket, proxies: TrustedProxies): void {
  const wire = Wire.decrypted(socket);
  accept(edge, wire, proxies, true, (peer) => (chunk) => new ClientConnection(edge, wire, peer).take(chunk));
}

/** Gives the first bytes of a connection to whom `receiver` makes for its client; one that stays silent is closed. */
function accept(
  edge: EdgeContext,
  wire: Wire,
  proxies: TrustedProxies,
  isSecure: boolean,
  receiver: (peer: Peer) => Receiver,
): void {
  const { socket } = wire;
  const address = socket.remoteAddress?.replace(/^::ffff:/, '');
  // Whatever reads the socket sees a failure as the end; without a listener it would end the process.
  socket.on('error', () => {});
  if (address === undefined || edge.stopping) {
    socket.destroy();
    return;
  }
  const receive = receiver({ address, proxies, isSecure });
  const silent: Watched = {
    deadline: edge.deadlines.now + edge.limits.headMs,
    onDeadline: () => socket.destroy(),
  };
  edge.deadlines.add(silent);
  wire.receive = (chunk) => {
    unlisten();
    edge.deadlines.delete(silent);
    return receive(chunk);
  };
  const unlisten = listen(socket, {
    end: () => socket.destroy(),
    close: () => edge.deadlines.delete(silent),
  });
}
