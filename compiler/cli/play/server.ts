/** A small web server for one page: on loopback alone, and with nothing but what it was given. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServedFile } from './files.ts';

/** Answers a `POST`, whose body is at most `bodyLimit` bytes. */
export type Answer = (body: Buffer) => Promise<Uint8Array>;

export interface Site {
  /** What a `GET` gets, by path. */
  readonly files: ReadonlyMap<string, ServedFile>;
  /** What a `POST` gets, by path. */
  readonly answers: ReadonlyMap<string, Answer>;
}

/** The request is at fault; the message is what it is told. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

const bodyLimit = 2 ** 20;

/**
 * Scripts, styles and data come from here alone. WebAssembly needs `wasm-unsafe-eval`; the workers of a generated module are
 * blobs. The last three allow SharedArrayBuffer, which threads need.
 */
const headers = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval' blob:",
    "worker-src 'self' blob:",
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export interface RunningServer {
  /** `http://127.0.0.1:4100/` */
  readonly address: string;
  close(): Promise<void>;
}

/** Listens on `port` of 127.0.0.1; 0: any that is free. Rejects with the system's error where that is not possible. */
export async function serve(site: Site, port: number): Promise<RunningServer> {
  const server = createServer((request, response) => void respond(site, server, request, response));
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => done());
  });
  return {
    address: `http://127.0.0.1:${portOf(server)}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function respond(
  site: Site,
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (status: number, type: string, content: Uint8Array | string): void => {
    response.writeHead(status, {
      ...headers,
      'content-type': type,
      'content-length': Buffer.byteLength(content),
    });
    response.end(request.method === 'HEAD' ? undefined : content);
  };
  const refuse = (status: number, message: string): void =>
    send(status, 'text/plain; charset=utf-8', message);
  // Another name for this machine may belong to a page that wants to read what is here.
  const port = portOf(server);
  const own = ['127.0.0.1', 'localhost'].map((name) => (port === 80 ? name : `${name}:${port}`));
  const { host = '', origin } = request.headers;
  if (!own.includes(host) || (origin !== undefined && origin !== `http://${host}`))
    return refuse(403, 'this server answers its own page only\n');
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (request.method === 'GET' || request.method === 'HEAD') {
    const file = site.files.get(path);
    return file ? send(200, file.type, file.content) : refuse(404, 'there is no such page\n');
  }
  const answer = site.answers.get(path);
  if (request.method !== 'POST' || !answer) return refuse(405, 'this is not possible here\n');
  try {
    send(200, 'application/octet-stream', await answer(await bodyOf(request)));
  } catch (error) {
    const isRequest = error instanceof RequestError;
    refuse(isRequest ? 400 : 500, error instanceof Error ? error.message : String(error));
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > bodyLimit) throw new RequestError(`more than ${bodyLimit} bytes`);
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}
