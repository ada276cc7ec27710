/** `cnnc inspect`: a page that opens alone, or the numbers. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { inspectionPage } from '../../compiler/cli/inspection.ts';
import { openData } from '../../compiler/data/index.ts';
import { analyze } from '../../compiler/index.ts';
import { readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import type { Folder } from './support.ts';
import { folder, tinyData, tinyModel } from './support.ts';

/** Trained for a moment, and a picture. */
async function trained(text = tinyModel): Promise<Folder> {
  const place = folder();
  writeFileSync(place.file('tiny.cnn'), text);
  const data = Uint8Array.from({ length: 12 * 12 * 3 }, (_, i) => (i * 37) % 256);
  writeFileSync(place.file('picture.png'), encode({ width: 12, height: 12, channels: 3, depth: 8, data }));
  const { status, err } = await place.cnnc('train', 'tiny.cnn', '--data', tinyData, '--epochs', '1');
  expect(status, err).toBe(0);
  return place;
}

/** The tensors in a page, and what it says they are. */
function dataOf(page: string) {
  const [, text = ''] = /<script type="text\/plain" id="data">([\w+/=]*)<\/script>/u.exec(page) ?? [];
  const { tensors, metadata } = readSafetensors(inflateSync(Buffer.from(text, 'base64')));
  return { tensors, inspected: JSON.parse(String(metadata['inspected'])) as Record<string, unknown> };
}

interface Json {
  readonly input: string;
  readonly truth?: string;
  readonly outputs: Record<string, { class: string; probabilities: [string, number][] }>;
  readonly layers: {
    name: string;
    kind: string;
    line: number;
    depth: number;
    shape: number[];
    values: number[];
  }[];
  readonly saliency: { output: string; input: string; values: number[] }[];
}

describe('a page', () => {
  test('is one file that asks for nothing else', async () => {
    const { cnnc, file, names } = await trained();
    const before = names();
    const { status, out, err } = await cnnc('inspect', 'tiny.cnn', 'picture.png');
    expect([status, err]).toEqual([0, '']);
    expect(out).toMatch(/^picture\.png\n {2}\d +[\d.]+ %[^]*\ntiny\.html {2}[\d.]+ kB\n$/u);
    expect(names()).toEqual([...before, 'tiny.html'].sort());
    const page = readFileSync(file('tiny.html'), 'utf8');
    expect(page.length).toBeLessThan(50_000);
    expect(page).toMatch(/<h1>What <code>Tiny<\/code> sees in picture\.png<\/h1>/u);
    expect(page.match(/content="default-src 'none'; [^"]*"/u)?.[0]).toMatch(
      /script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'"/u,
    );
    expect(page).not.toMatch(/\b(?:src|href|action)=|https?:|\bimport\b|url\(/u);
    const { tensors, inspected } = dataOf(page);
    expect([...tensors.keys()]).toEqual([
      'input image',
      'output digit',
      ...Array.from({ length: 4 }, (_, i) => `layer ${i}`),
      'saliency 0',
      'weight conv2d.kernel',
    ]);
    expect(inspected['layers']).toMatchObject([
      { name: 'rescaling', kind: 'Rescaling', line: 4, shape: [12, 12, 1] },
      { name: 'conv2d', kind: 'Conv2D', line: 5, shape: [5, 5, 2] },
      { name: 'flatten', kind: 'Flatten', line: 6, shape: [50] },
      { name: 'dense', kind: 'Dense', line: 8, shape: [10] },
    ]);
    expect(await cnnc('inspect', 'tiny.cnn', 'picture.png')).toMatchObject({ status: 0 });
    expect(readFileSync(file('tiny.html'), 'utf8')).toBe(page);
  });

  test('goes where it is told, and shows a sample of data where no picture is named', async () => {
    const { cnnc, file, names } = await trained();
    const { status, out } = await cnnc('inspect', 'tiny.cnn', '--data', tinyData, '-o', 'seen/first.html');
    expect(status).toBe(0);
    expect(out).toMatch(/^synthetic:digits\?size=12&count=200 test 0, which is 0\n[^]*\nseen\/first\.html /u);
    expect(names()).not.toContain('tiny.html');
    const page = readFileSync(file('seen/first.html'), 'utf8');
    expect(page).toContain('sees in synthetic:digits?size=12&amp;count=200 test 0, which is 0</h1>');
  });

  test('shows the sample with a number, and of which class it is', async () => {
    const { cnnc, file } = await trained();
    // The samples of each class take turns.
    const name = 'synthetic:digits?size=12&count=200 train 17';
    const args = ['tiny.cnn', '--data', tinyData, '--split', 'train', '--sample', '17'];
    const { status, out, err } = await cnnc('inspect', ...args);
    expect([status, err]).toEqual([0, '']);
    expect(out.split('\n')[0]).toBe(`${name}, which is 7`);
    const page = readFileSync(file('tiny.html'), 'utf8');
    expect(page).toContain(`${name.replace('&', '&amp;')}, which is 7</h1>`);
    const { train } = openData(tinyData, {
      inputs: [{ name: 'image', dtype: 'u8', shape: [12, 12, 1] }],
    });
    const image = new Uint8Array(144);
    await train.read(Uint32Array.of(17), { image });
    expect(dataOf(page).tensors.get('input image')?.data).toEqual(image);
    for (const command of ['inspect', 'predict']) {
      const json = JSON.parse((await cnnc(command, ...args, '--json')).out) as Json;
      expect([command, json.input, json.truth]).toEqual([command, name, '7']);
    }
    // Of classes that are not the model's, too: two are kept, and numbered as the data number them.
    const two = tinyModel.replace('Dense(10', 'Dense(2').replace(/classes: .*\]/u, 'classes: ["a", "b"]');
    writeFileSync(file('two.cnn'), two);
    await cnnc('train', 'two.cnn', '--data', tinyData, '--only', '7,9', '--epochs', '0');
    const outputOf = async (...more: string[]) => (await cnnc('predict', 'two.cnn', ...more)).out;
    expect(await outputOf('--data', tinyData, '--sample', '7')).toContain(', which is 7\n');
    expect(await outputOf('--data', tinyData, '--only', '7,9', '--sample', '1')).toContain(', which is b\n');
  });

  test('makes no markup of names', async () => {
    const classes = Array.from({ length: 10 }, (_, i) => `</script><img src=x onerror=alert(${i})>`);
    const text = tinyModel.replace(/classes: \[[^\]]*\]/u, `classes: ${JSON.stringify(classes)}`);
    const { cnnc, file } = await trained(text);
    const name = '<b>&"x.png';
    writeFileSync(file(name), readFileSync(file('picture.png')));
    const { status, out } = await cnnc('inspect', 'tiny.cnn', name);
    expect(status).toBe(0);
    expect(out).toContain('onerror');
    const page = readFileSync(file('tiny.html'), 'utf8');
    expect(page).not.toMatch(/onerror|<b>|<img/u);
    expect(page.match(/<\/?script/gu)).toHaveLength(4);
    expect(page).toContain('sees in &lt;b&gt;&amp;&quot;x.png</h1>');
    expect(dataOf(page).inspected['classes']).toEqual({ digit: classes });
  });

  test('holds means of pictures that are too large for it', () => {
    const text = `model Large {
  input image: f32[500, 300, 1]
  image -> relu -> output y
}`;
    const { model } = analyze({ entry: 'm.cnn', read: () => text });
    const [height, width] = [500, 300];
    const values = Float32Array.from(
      { length: height * width },
      (_, i) => (i % width) + Math.floor(i / width),
    );
    const layer = { name: 'relu', kind: 'relu', line: 3, shape: [height, width, 1], values };
    const page = inspectionPage({
      model: model!,
      file: 'm.cnn',
      name: 'sample',
      inputs: { image: values },
      observation: {
        outputs: { y: values },
        layers: [
          { ...layer, depth: 0 },
          { ...layer, depth: 1 },
        ],
        saliency: [],
      },
      weights: writeSafetensors([]),
    });
    const { tensors, inspected } = dataOf(page);
    expect(inspected['layers']).toMatchObject([
      { shape: [250, 150, 1], from: [500, 300, 1] },
      { shape: [167, 100, 1], from: [500, 300, 1] },
    ]);
    // The mean of a square is the number in its middle; to 12 bits.
    const [two, three] = [tensors.get('layer 0')!.data, tensors.get('layer 1')!.data];
    expect([two[0], two[1], two[150]]).toEqual([1, 3, 3]);
    expect([three[0], three[1], three[100]]).toEqual([2, 5, 5]);
    // The lowest row of squares has two rows of pixels: 498 and 499.
    expect(three[166 * 100]).toBeCloseTo(499.5, 0);
    expect(page.length).toBeLessThan(600_000);
  });
});

describe('--json', () => {
  test('gives all numbers, as predict does', async () => {
    const { cnnc, names } = await trained();
    const before = names();
    const { status, out, err } = await cnnc('inspect', 'tiny.cnn', 'picture.png', '--json');
    expect([status, err]).toEqual([0, '']);
    expect(names()).toEqual(before);
    const { input, outputs, layers, saliency } = JSON.parse(out) as Json;
    expect(input).toBe('picture.png');
    expect(out).not.toContain('truth');
    const predicted = JSON.parse((await cnnc('predict', 'tiny.cnn', 'picture.png', '--json')).out) as Json;
    expect(outputs['digit']!.class).toBe(predicted.outputs['digit']!.class);
    outputs['digit']!.probabilities.forEach(([name, share], i) => {
      const [other, expected] = predicted.outputs['digit']!.probabilities[i]!;
      expect(name).toBe(other);
      expect(share).toBeCloseTo(expected, 6);
    });
    for (const { shape, values } of layers) expect(values).toHaveLength(shape.reduce((a, b) => a * b, 1));
    expect(layers.at(-1)!.values.map(Math.fround)).toEqual(
      outputs['digit']!.probabilities.map(([, share]) => Math.fround(share)),
    );
    expect(saliency).toMatchObject([{ output: 'digit', input: 'image' }]);
    expect(saliency[0]!.values).toHaveLength(144);
  });

  test('of numbers from files, and of other models with parameters', async () => {
    const { cnnc, file } = await trained();
    const numbers = Array.from({ length: 144 }, (_, i) => i);
    writeFileSync(file('numbers.json'), JSON.stringify(numbers));
    const { status, out } = await cnnc('inspect', 'tiny.cnn', '--input', 'image=numbers.json', '--json');
    expect(status).toBe(0);
    const { input, layers } = JSON.parse(out) as Json;
    expect(input).toBe('sample');
    expect(layers[0]!.values.map((value) => Math.round(255 * value))).toEqual(numbers);
    for (const same of [
      ['--kernels', 'ts'],
      ['--threads', '2'],
    ]) {
      const again = await cnnc('inspect', 'tiny.cnn', '--input', 'image=numbers.json', '--json', ...same);
      expect(again.out).toBe(out);
    }
  });
});

test('build --observe gives the module the method', async () => {
  const { cnnc, file } = await trained();
  for (const [options, has] of [
    [['--observe'], true],
    [['--observe', '--inference', '--target', 'js'], true],
    [[], false],
  ] as const) {
    const { status, out } = await cnnc('build', 'tiny.cnn', '--json', ...options);
    expect(status).toBe(0);
    const { files, report } = JSON.parse(out) as {
      files: { path: string }[];
      report: { routines: { name: string; maxBatch: number }[] };
    };
    const observe = report.routines.find(({ name }) => name === 'observe');
    expect(observe?.maxBatch).toBe(has ? 1 : undefined);
    for (const { path } of files)
      expect(/Observable</u.test(readFileSync(file(path), 'utf8'))).toBe(has && !path.endsWith('.js'));
  }
});

describe('what is wrong is said', () => {
  test('as predict says it', async () => {
    const place = await trained();
    const { cnnc, file } = place;
    writeFileSync(file('text.png'), 'not a picture');
    mkdirSync(file('folder.html'));
    writeFileSync(file('two.json'), JSON.stringify(Array.from({ length: 288 }, () => 1)));
    const fails: [string[], number, RegExp][] = [
      [['tiny.cnn', 'picture.png', '--json', '-o', 'x.html'], 2, /do not go together/u],
      [['tiny.cnn', 'picture.png', '--input', 'image=two.json'], 2, /inspect takes pictures or --input/u],
      [['tiny.cnn', 'nothing.png'], 1, /nothing\.png: there is no such file/u],
      [['tiny.cnn', 'text.png'], 1, /text\.png: is not a picture/u],
      [
        ['tiny.cnn', 'picture.png', '--weights', 'w.safetensors'],
        1,
        /w\.safetensors: there is no such file/u,
      ],
      [['tiny.cnn', 'picture.png', '--weights', 'text.png'], 1, /text\.png: not a whole safetensors file/u],
      [['none.cnn', 'picture.png'], 1, /none\.cnn: there is no such file/u],
      [['tiny.cnn', 'picture.png', '--sample', '3'], 2, /--sample is one of --data; .* pictures/u],
      [['tiny.cnn', '--data', tinyData, '--sample', '200', '--split', 'train'], 1, /train samples 0 to 199/u],
      [['tiny.cnn', '--data', tinyData, '--only', '1,2'], 1, /keeps 2 classes, the model has 10/u],
      [['tiny.cnn', '--input', 'image=two.json'], 1, /observe takes one sample, got 2/u],
      [['tiny.cnn', 'picture.png', '-o', 'folder.html'], 1, /folder\.html/u],
    ];
    for (const [args, status, message] of fails) {
      const outcome = await cnnc('inspect', ...args);
      expect(outcome.err).toMatch(message);
      expect([args, outcome.status, outcome.err.split('\n').length]).toEqual([args, status, 2]);
    }
    expect(place.names().filter((name) => name.endsWith('.html'))).toEqual(['folder.html']);
  });
});
