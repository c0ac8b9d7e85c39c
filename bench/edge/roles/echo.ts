import { once } from 'node:events';
import { createServer } from 'node:net';
import { Wire } from '../../../src/edge/connections/wire.ts';
import { writeAtTurnEnd } from '../../../src/edge/connections/writeAtTurnEnd.ts';

// The server and the clients of a WebSocket echo in one process, as light as Node can: the server answers any handshake
// and sends back what comes, without looking into it; each client sends a message, and the next one when it is back.
// Prints `begin` after a warm-up, and then how many messages a second came back. With SECONDS 0 the connections are only
// opened, and stay until the process is ended. When a connection is refused or lost, the next line says so.
//
//   node echo.ts PROXY_PORT SERVER_PORT CONNECTIONS SECONDS MESSAGE_BYTES

const [proxyPort = 0, serverPort = 0, connections = 0, seconds = 0, bodyBytes = 100] = process.argv
  .slice(2)
  .map(Number);
const warmUpMs = 700;

const handshake =
  'GET /bench/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const message = Buffer.from(textMessage(bodyBytes), 'latin1');

const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
  const wire = Wire.accept(accepted);
  const { socket } = wire;
  socket.on('error', () => {});
  socket.on('drain', () => socket.resume());
  let open = false;
  wire.receive = (chunk) => {
    if (open) writeAtTurnEnd(socket, socket, Buffer.from(chunk));
    else socket.write(switched);
    open = true;
    return false;
  };
});
server.listen(serverPort, '127.0.0.1');
await once(server, 'listening');

let received = 0;
let opened = 0;
for (let index = 0; index < connections; index++) {
  const wire = Wire.dial({ kind: 'tcp', host: '127.0.0.1', port: proxyPort });
  const { socket } = wire;
  let back = -1;
  wire.receive = (chunk) => {
    if (back < 0) {
      const [line] = chunk.toString('latin1').split('\r\n', 1);
      if (!line?.startsWith('HTTP/1.1 101 ')) fail(`WebSocket ${index} was answered with ${line}`);
      opened++;
    } else received += chunk.length;
    back += back < 0 ? 1 : chunk.length;
    if (seconds > 0 && (back === 0 || back >= message.length)) {
      back = 0;
      writeAtTurnEnd(socket, socket, message);
    }
    return false;
  };
  socket.on('drain', () => socket.resume());
  socket.on('error', (error) => fail(`WebSocket ${index}, with ${opened} open: ${error.message}`));
  socket.on('close', () => fail(`WebSocket ${index} was closed, with ${opened} open`));
  socket.write(handshake);
  // Not more at once than a listening socket's queue holds.
  if (index % 100 === 99) await allOpen(index + 1);
}
if (seconds === 0) {
  await allOpen(connections);
  console.log('begin');
} else {
  await new Promise((resolve) => setTimeout(resolve, warmUpMs));
  console.log('begin');
  received = 0;
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  console.log(received / message.length / ((performance.now() - start) / 1000));
  process.exit();
}

async function allOpen(count: number): Promise<void> {
  if (opened >= count) return;
  await new Promise((resolve) => setTimeout(resolve, 5));
  await allOpen(count);
}

function fail(reason: string): never {
  console.log(reason);
  process.exit(1);
}

/** A masked text frame as a browser sends it (RFC 6455 section 5.2); the mask is of no matter here. */
function textMessage(bytes: number): string {
  if (bytes < 126) return `\x81${String.fromCharCode(0x80 | bytes)}abcd${'x'.repeat(bytes)}`;
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(bytes));
  return `\x81\xff${length.toString('latin1')}abcd${'x'.repeat(bytes)}`;
}
