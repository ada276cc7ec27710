/** The server of `cnnc play`: what it gives, and what it refuses. The page itself: test/browser/play.test.ts. */
import { request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import type { Setup } from '../../compiler/cli/play/setup.ts';
import { openData, splitDataset } from '../../compiler/data/index.ts';
import { digitsData, digitsModel, play } from './play-support.ts';
import { folder, lineModel } from './support.ts';

const image = { name: 'image', dtype: 'u8', shape: [12, 12, 1] } as const;
const truth = { name: 'truth', dtype: 'i32', shape: [] } as const;

const setupOf = async (address: string): Promise<Setup> =>
  (await (await fetch(`${address}play.json`)).json()) as Setup;

/** `fetch` rewrites paths and sets some headers itself. */
function raw(
  address: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(address);
  return new Promise((done, failed) => {
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let body = '';
      response.on('data', (part) => (body += String(part)));
      response.on('end', () => done({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', failed);
    sent.end();
  });
}

test('serves the page, the modules and what they need, and ends with Ctrl-C', async () => {
  const { address, stop } = await play({}, '--data', digitsData, '--epochs', '3', '--seed', '5');
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await fetch(address);
  const text = await page.text();
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const links = [...text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, link]) => link ?? '');
  expect(links).toEqual(
    expect.arrayContaining([expect.stringMatching(/\.js$/), expect.stringMatching(/\.css$/)]),
  );
  for (const link of links) expect((await fetch(address + link)).status, link).toBe(200);
  for (const script of ['model.js', 'model.gpu.js']) {
    const response = await fetch(address + script);
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(await response.text()).toMatch(/export (async )?function createModel/);
  }
  expect(await setupOf(address)).toEqual({
    id: expect.any(String) as string,
    model: 'Tiny',
    stem: 'model',
    parameters: 80 + 2010,
    epochs: 3,
    batchSize: 20,
    seed: 5,
    train: { size: 900, fingerprint: expect.any(String) as string, what: digitsData },
    validation: { size: 100, fingerprint: expect.any(String) as string, what: `kept apart of ${digitsData}` },
    classifier: { output: 'digit', label: 'truth', classes: [...'0123456789'] },
    weights: false,
  });
  const { status, err } = await stop();
  expect(status).toBe(130);
  expect(err).toContain('Tiny: 2 090 parameters, 900 samples');
  await expect(fetch(address)).rejects.toThrow();
});

test('its training has a name by the model, the data, the seed and the first weights', async () => {
  const idOf = async (...args: string[]): Promise<string> => {
    const { address, stop } = await play({}, '--data', digitsData, ...args);
    const { id } = await setupOf(address);
    await stop();
    return id;
  };
  const [first, ...others] = [
    await idOf(),
    await idOf('--set', 'width=3'),
    await idOf('--data', `${digitsData}&seed=9`),
    await idOf('--validation', '0.2'),
    await idOf('--seed', '1'),
  ];
  expect(new Set([first, ...others]).size).toBe(5);
  expect(await idOf('--epochs', '3', '--seed', '0')).toBe(first);
});

test('forbids what a page could do beyond its purpose', async () => {
  const { address } = await play({}, '--data', digitsData);
  for (const path of ['', 'model.js', 'nothing', 'play.json']) {
    const { headers } = await fetch(address + path);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob:; /);
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval'?[^']*'unsafe-eval'|\*|https?:/);
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  }
});

test('gives nothing but its own files, and to its own page only', async () => {
  const { address, folder: place } = await play({}, '--data', digitsData);
  writeFileSync(place.file('secret.txt'), 'secret');
  const outside = [
    '/../package.json',
    '/assets/../../../package.json',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..\\..\\package.json',
    '//etc/passwd',
    '/file:///etc/passwd',
    `/${place.file('secret.txt')}`,
    '/secret.txt',
    '/model.cnn',
    '/constructor',
    '/__proto__',
    'http://example.test/',
    '/assets/',
    '/weights.safetensors',
  ];
  for (const path of outside) expect((await raw(address, path)).status, path).toBe(404);
  const { host } = new URL(address);
  const as = (headers: Record<string, string>, method = 'GET') =>
    raw(address, '/play.json', { method, headers });
  expect((await as({ host })).status).toBe(200);
  expect((await as({ host: host.replace('127.0.0.1', 'localhost') })).status).toBe(200);
  expect((await as({ host: 'example.test' })).status).toBe(403);
  expect((await as({ host: `example.test:${new URL(address).port}` })).status).toBe(403);
  expect((await as({ host, origin: 'http://example.test' })).status).toBe(403);
  expect((await as({ host, origin: 'null' })).status).toBe(403);
  expect((await as({ host, origin: `http://${host}` })).status).toBe(200);
  expect((await as({ host }, 'PUT')).status).toBe(405);
  expect((await as({ host }, 'DELETE')).status).toBe(405);
  expect((await as({ host }, 'POST')).status).toBe(405);
  expect(await as({ host }, 'HEAD')).toEqual({ status: 200, body: '' });
});

test('gives the samples that are asked for, as the loaders have them', async () => {
  const { address } = await play({}, '--data', digitsData);
  const { train, validation } = splitDataset(
    openData(digitsData, { inputs: [image], labels: [truth] }).train,
    0.1,
  );
  const indices = Uint32Array.of(7, 0, 99, 7);
  for (const [name, data] of Object.entries({ train, validation })) {
    const response = await fetch(`${address}data/${name}`, { method: 'POST', body: indices });
    const bytes = await response.arrayBuffer();
    const into = { image: new Uint8Array(4 * 144), truth: new Int32Array(4) };
    await data.read(indices, into);
    expect(bytes.byteLength).toBe(4 * 144 + 4 * 4);
    expect([...new Uint8Array(bytes, 0, 4 * 144)]).toEqual([...into.image]);
    expect([...new Int32Array(bytes, 4 * 144)]).toEqual([...into.truth]);
  }
  const refused = async (body: Uint8Array | Uint32Array): Promise<string> => {
    const response = await fetch(`${address}data/train`, {
      method: 'POST',
      body: Uint8Array.from(new Uint8Array(body.buffer)),
    });
    expect(response.status).toBe(400);
    return response.text();
  };
  expect(await refused(Uint8Array.of(1, 2, 3))).toMatch(/not whole/);
  expect(await refused(Uint32Array.of(900))).toBe('there is no sample 900 of 900');
  expect(await refused(new Uint32Array(2 ** 18 + 1))).toMatch(/more than \d+ bytes/);
});

test('begins with weights, once they have been found to fit', async () => {
  const place = folder();
  writeFileSync(place.file('model.cnn'), digitsModel);
  await place.cnnc('train', 'model.cnn', '--data', digitsData, '--epochs', '1');
  const weights = readFileSync(place.file('model.safetensors'));
  const files = { 'w.safetensors': weights };
  const { address } = await play({ files }, '--data', digitsData, '--weights', 'w.safetensors');
  expect((await setupOf(address)).weights).toBe(true);
  const served = await fetch(`${address}weights.safetensors`);
  expect(Buffer.from(await served.arrayBuffer()).equals(weights)).toBe(true);
  const other = await place.cnnc(
    'play',
    'model.cnn',
    '--weights',
    'model.safetensors',
    '--set',
    'width=4',
    '--data',
    digitsData,
  );
  expect(other.status).toBe(1);
  expect(other.err).toMatch(/^cnnc: model\.safetensors: [^]* conv2d\.kernel /m);
  const none = await place.cnnc('play', 'model.cnn', '--weights', 'none.safetensors', '--data', digitsData);
  expect(none).toMatchObject({
    status: 1,
    err: expect.stringContaining('none.safetensors: there is no such file') as string,
  });
});

test('says what is wrong as `train` does', async () => {
  const place = folder();
  writeFileSync(place.file('model.cnn'), digitsModel);
  writeFileSync(place.file('bare.cnn'), digitsModel.slice(0, digitsModel.indexOf('train Tiny')));
  writeFileSync(place.file('bad.cnn'), digitsModel.replace('Flatten', 'Flaten'));
  const cases = [
    ['model.cnn'],
    ['model.cnn', '--data', 'idx:nowhere'],
    ['model.cnn', '--data', digitsData, '--validation', '1.5'],
    ['model.cnn', '--data', digitsData, '--only', '12'],
    ['bare.cnn', '--data', digitsData],
    ['bad.cnn'],
    ['missing.cnn'],
  ];
  for (const args of cases) {
    const [played, trained] = [await place.cnnc('play', ...args), await place.cnnc('train', ...args)];
    expect(trained.status).not.toBe(0);
    expect(played, args.join(' ')).toEqual(trained);
  }
});

test('has a page of the documentation that names all its options', async () => {
  const { out } = await folder().cnnc('play', '--help');
  const options = [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name ?? '');
  const known = readFileSync(new URL('../../docs/play.md', import.meta.url), 'utf8');
  expect(options.length).toBeGreaterThan(10);
  expect(options.filter((name) => name !== '--help' && !known.includes(`\`${name}`))).toEqual([]);
});

test('takes the port that it is given, or says why not', async () => {
  const taken = createServer();
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const place = folder();
  writeFileSync(place.file('model.cnn'), digitsModel);
  const refused = await place.cnnc('play', 'model.cnn', '--data', digitsData, '--port', String(port));
  expect(refused).toMatchObject({
    status: 1,
    err: expect.stringContaining(`port ${port} is in use; --port 0 takes any that is free`) as string,
  });
  const wrong = await place.cnnc('play', 'model.cnn', '--port', '70000');
  expect(wrong.status).toBe(2);
});

test('takes numbers from files for models that no loader fits', async () => {
  const text = lineModel(5);
  const x = Array.from({ length: 20 }, (_, i) => [i / 20, 1 - i / 20]);
  const files = {
    'x.json': JSON.stringify(x),
    'y.json': JSON.stringify(x.map(([a = 0, b = 0]) => [2 * a - b])),
  };
  const inputs = ['--input', 'x=x.json', '--input', 'truth=y.json'];
  const { address, folder: place } = await play({ text, files }, ...inputs, '--validation', '0.2');
  const setup = await setupOf(address);
  expect(setup).toMatchObject({
    train: { size: 16, what: 'x=x.json truth=y.json' },
    validation: { size: 4, what: 'kept apart of x=x.json truth=y.json' },
  });
  expect(setup.classifier).toBeUndefined();
  const response = await fetch(`${address}data/train`, { method: 'POST', body: Uint32Array.of(0) });
  const [a = 0, b = 0, y] = new Float32Array(await response.arrayBuffer());
  expect(y).toBeCloseTo(2 * a - b);
  expect(await place.cnnc('play', 'model.cnn')).toMatchObject({
    status: 1,
    err: expect.stringMatching(/no loader fits.*: --input x=FILE --input truth=FILE$/m) as string,
  });
  expect((await place.cnnc('play', 'model.cnn', ...inputs, '--validation', 'test')).status).toBe(2);
  expect((await place.cnnc('play', 'model.cnn', '--input', 'x=x.json')).status).toBe(2);
});
