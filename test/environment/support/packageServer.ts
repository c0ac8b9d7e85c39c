import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';

/** A package index on the loopback interface (PEP 503 and 691), and what it was asked. */
export class PackageServer {
  readonly files = new Map<string, Buffer>();
  readonly requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  /** Speaks HTML instead of JSON. */
  html = false;
  /** Answers for a path instead of the file; returns true when it did. */
  interfere: (path: string, response: ServerResponse) => boolean = () => false;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url ?? '';
      this.requests.push({ path, headers: request.headers });
      if (this.interfere(path, response)) return;
      if (path.startsWith('/files/')) this.#sendFile(path.slice('/files/'.length), response);
      else this.#sendPage(/^\/simple\/([\w.-]+)\/$/.exec(path)?.[1], response);
    });
  }

  static async listen(): Promise<PackageServer> {
    const server = new PackageServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }

  get index(): string {
    return `${this.origin}/simple/`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #sendFile(name: string, response: ServerResponse): void {
    const file = this.files.get(name);
    response.statusCode = file ? 200 : 404;
    response.end(file);
  }

  #sendPage(project: string | undefined, response: ServerResponse): void {
    const files = [...this.files].filter(([name]) => project && name.replaceAll('_', '-').startsWith(`${project}-`));
    if (files.length === 0) {
      response.statusCode = 404;
      response.end();
    } else if (this.html) {
      response.setHeader('content-type', 'text/html');
      const links = files.map(([name]) => `<a href="/files/${name}#sha256=x" data-x="a&amp;b">${name}</a><br/>`);
      response.end(`<!DOCTYPE html><body>${links.join('\n')}</body>`);
    } else {
      response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
      const list = files.map(([filename, body]) => ({
        filename,
        url: `../../files/${filename}`,
        hashes: { sha256: sha256(body) },
      }));
      response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name: project, files: list }));
    }
  }
}

/** SHA-256 in hexadecimal. */
export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A zip archive, made by Python. */
export function zip(entries: Record<string, string>, compress = true): Buffer {
  const program = `
import io, json, sys, zipfile
output = io.BytesIO()
with zipfile.ZipFile(output, "w", zipfile.${compress ? 'ZIP_DEFLATED' : 'ZIP_STORED'}) as archive:
    for name, content in json.load(sys.stdin).items():
        archive.writestr(name, content)
sys.stdout.buffer.write(output.getvalue())`;
  return execFileSync('python3', ['-I', '-c', program], { input: JSON.stringify(entries), maxBuffer: 2 ** 28 });
}

/** A wheel of a package with one module. */
export function wheel(name: string, version: string, source: string): Buffer {
  const info = `${name}-${version}.dist-info`;
  return zip({
    [`${name}.py`]: source,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: `${name}.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  });
}
