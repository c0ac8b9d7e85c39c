import { createServer } from 'node:http';

// A server that reads what is sent to it and forgets it.
//
//   node sink.ts PORT

const server = createServer((request, response) => {
  request.resume().once('end', () => response.end('taken'));
});
server.listen(Number(process.argv[2]), '127.0.0.1');
