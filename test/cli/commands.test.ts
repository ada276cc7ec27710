import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { applyFixes } from '../../compiler/cli/commands/check.ts';
import { folder, tinyModel } from './support.ts';

describe('usage', () => {
  test.each<[string[], RegExp]>([
    [[], /Usage: cnnc/u],
    [['trian', 'x.cnn'], /unknown command 'trian'[^]*train/u],
    [['check'], /missing required argument/u],
    [['check', 'a.cnn', '--fxi'], /unknown option '--fxi'[^]*--fix/u],
    [['build', 'a.cnn', '--target', 'wasm'], /expected ts, js or wgsl/u],
    [['build', 'a.cnn', '--kernels', 'wgsl'], /expected wasm, ts or both/u],
    [['build', 'a.cnn', '--threads', '2'], /expected none/u],
    [['train', 'a.cnn', '--threads', '0'], /whole number from 1 to 64/u],
    [['train', 'a.cnn', '--epochs', '-1'], /whole number/u],
    [['train', 'a.cnn', '--epochs', '1.5'], /whole number/u],
    [['train', 'a.cnn', '--set', 'width'], /name=value/u],
    [['train', 'a.cnn', '--set', 'width='], /no value behind width=/u],
    [['train', 'a.cnn', '--only', '3,,5'], /commas/u],
    [['train', 'a.cnn', '--resume', '--init', 'w'], /--init does not go with it/u],
    [['predict', 'a.cnn', 'b.png', '--input', 'x=y'], /not both/u],
    [['ir', 'a.cnn', '--passes', 'nonsense'], /no pass `nonsense`; there are/u],
    [['ir', 'a.cnn', '--stage', 'plan', '--after-each'], /do not go with/u],
    [['explain', 'E9999'], /no code E9999/u],
    [['check', 'a.cnn', '--watch', '--json'], /do not go together/u],
    [['new', '123'], /makes no name/u],
  ])('%j is wrong usage', async (args, message) => {
    const { status, out, err } = await folder().cnnc(...args);
    expect(err).toMatch(message);
    expect([status, out]).toEqual([2, '']);
  });

  test('help and version are not errors', async () => {
    const { cnnc } = folder();
    const help = await cnnc('--help');
    expect(help.status).toBe(0);
    for (const name of [
      'new',
      'check',
      'format',
      'summary',
      'build',
      'train',
      'compare',
      'evaluate',
      'predict',
      'ir',
      'bench',
      'tune',
      'explain',
    ]) {
      expect(help.out).toMatch(new RegExp(`^  ${name} `, 'mu'));
    }
    expect((await cnnc('train', '--help')).out).toMatch(/--checkpoint-every/u);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await cnnc('--version')).toEqual({ status: 0, out: `${version}\n`, err: '' });
  });

  test.each([
    ['UTF-16, as PowerShell writes it', Buffer.from('\ufeff/// é\n', 'utf16le')],
    ['Latin-1', Buffer.from('/// é\n', 'latin1')],
  ])('%s: said, and no comment is lost', async (_, bytes) => {
    const { file, cnnc } = folder();
    writeFileSync(file('a.cnn'), bytes);
    for (const command of ['check', 'format', 'summary'])
      expect(await cnnc(command, 'a.cnn')).toEqual({
        status: 1,
        out: '',
        err: 'cnnc: a.cnn: it is not text in UTF-8; save it in this encoding\n',
      });
    expect(readFileSync(file('a.cnn'))).toEqual(bytes);
  });

  test('a folder is no file', async () => {
    const { cnnc, file } = folder();
    mkdirSync(file('empty'));
    mkdirSync(file('models'));
    writeFileSync(file('models/digits.cnn'), tinyModel);
    const err = async (...args: string[]): Promise<string> => (await cnnc(...args)).err;
    expect(await err('summary', 'empty')).toBe('cnnc: empty: it is a folder, not a file\n');
    expect(await err('check', 'empty')).toBe('cnnc: empty: there are no .cnn files in this folder\n');
    expect(await err('summary', 'models')).toBe(
      'cnnc: models: it is a folder, not a file; did you mean models/digits.cnn?\n',
    );
  });

  test('check and format take all .cnn files of a folder', async () => {
    const { cnnc, file } = folder();
    for (const place of ['a', 'a/deep', 'a/node_modules', 'a/.hidden']) mkdirSync(file(place));
    writeFileSync(file('a/z.cnn'), tinyModel);
    writeFileSync(file('a/deep/b.cnn'), tinyModel.replace('  image\n', '  image '));
    for (const place of ['a/notes.txt', 'a/node_modules/n.cnn', 'a/.hidden/h.cnn'])
      writeFileSync(file(place), 'no model');
    expect(await cnnc('check', 'a')).toEqual({
      status: 0,
      out: 'a/deep/b.cnn: good\na/z.cnn: good\n',
      err: '',
    });
    expect((await cnnc('format', 'a')).out).toBe('a/deep/b.cnn\n');
  });

  test('a missing file names one that is there', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('digits.cnn'), tinyModel);
    expect(await cnnc('check', 'digit.cnn')).toEqual({
      status: 1,
      out: '',
      err: 'cnnc: digit.cnn: there is no such file; did you mean digits.cnn?\n',
    });
    expect((await cnnc('check', 'other.cnn')).err).toBe('cnnc: other.cnn: there is no such file\n');
    expect((await cnnc('check', 'digits')).err).toMatch(/did you mean digits\.cnn\?/u);
    mkdirSync(file('folder.cnn'));
    expect((await cnnc('summary', 'folder.cnn')).status).toBe(1);
  });

  test('a bug is reported as one', async () => {
    const { cnncWith, file } = folder();
    writeFileSync(file('a.cnn'), tinyModel);
    const out = (): never => {
      throw new RangeError('some bug');
    };
    const { status, err } = await cnncWith({ out }, 'check', 'a.cnn');
    expect(status).toBe(70);
    expect(err).toMatch(/this is a bug in cnnc[^]*cnnc check a\.cnn[^]*node v[^]*RangeError: some bug/u);
    expect(err.split('\n').length).toBeLessThan(14);
  });
});

describe('check', () => {
  test('good files, bad files, both', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('good.cnn'), tinyModel);
    writeFileSync(file('bad.cnn'), tinyModel.replace('Flatten', 'Flaten'));
    expect(await cnnc('check', 'good.cnn')).toEqual({ status: 0, out: 'good.cnn: good\n', err: '' });
    const both = await cnnc('check', 'bad.cnn', 'good.cnn');
    expect(both.status).toBe(1);
    expect(both.out).toBe('good.cnn: good\n');
    expect(both.err).toMatch(/^bad\.cnn:6:8: error E02\d\d[^]*Flaten[^]*1 error\n$/u);
  });

  test('--json gives every diagnostic', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('bad.cnn'), tinyModel.replace('Flatten', 'Flaten'));
    const { status, out, err } = await cnnc('check', 'bad.cnn', '--json');
    const { diagnostics } = JSON.parse(out) as { diagnostics: object[] };
    expect([status, err]).toEqual([1, '']);
    expect(diagnostics).toMatchObject([{ code: 'E0201', span: { file: 'bad.cnn' }, line: 6, column: 8 }]);
  });

  test('--fix mends what Keras users type', async () => {
    const { cnnc, file } = folder();
    writeFileSync(
      file('keras.cnn'),
      tinyModel.replaceAll('activation: relu', "activation='relu'").replace('0.1', '.1'),
    );
    const { status, err } = await cnnc('check', 'keras.cnn', '--fix');
    expect(err).toMatch(/fix(es)? applied/u);
    expect(status).toBe(0);
    const mended = readFileSync(file('keras.cnn'), 'utf8');
    expect(mended).toContain('activation: relu');
    expect(mended).not.toContain("'relu'");
  });

  test('fixes that overlap wait for the next round', () => {
    const fix = (start: number, end: number, text: string, file = 'a') => ({
      title: '',
      edits: [{ span: { file, start, end }, text }],
    });
    expect(
      applyFixes('abcdef', 'a', [fix(0, 1, 'A'), fix(0, 2, 'x'), fix(4, 5, ''), fix(2, 3, 'z', 'b')]),
    ).toEqual({
      changed: 'Abcdf',
      count: 2,
    });
    expect(applyFixes('abc', 'a', [fix(1, 2, 'b')]).count).toBe(0);
  });

  test('--watch checks again after a change, until Ctrl-C', async () => {
    const { cnncWith, file } = folder();
    writeFileSync(file('a.cnn'), tinyModel);
    const stop = new AbortController();
    let text = '';
    const heard = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(text)) await new Promise((resolve) => setTimeout(resolve, 5));
      text = '';
    };
    const add = (more: string): void => void (text += more);
    const ended = cnncWith(
      { out: add, err: add, interruptible: (work) => work(stop.signal) },
      'check',
      'a.cnn',
      '--watch',
    );
    await heard(/a\.cnn: good[^]*waiting/u);
    writeFileSync(file('a.cnn'), tinyModel.replace('Flatten', 'Flaten'));
    await heard(/Flaten[^]*waiting/u);
    writeFileSync(file('a.cnn'), tinyModel);
    await heard(/good[^]*waiting/u);
    stop.abort();
    expect((await ended).status).toBe(130);
  });
});

describe('format', () => {
  test('formats, is content afterwards, and --check changes nothing', async () => {
    const { cnnc, file } = folder();
    const untidy = tinyModel.replaceAll('  ', ' ').replace('Tiny {', 'Tiny   {');
    writeFileSync(file('a.cnn'), untidy);
    const check = await cnnc('format', 'a.cnn', '--check');
    expect([check.status, check.out]).toEqual([1, 'a.cnn: not formatted\n']);
    expect(readFileSync(file('a.cnn'), 'utf8')).toBe(untidy);
    expect(await cnnc('format', 'a.cnn')).toEqual({ status: 0, out: 'a.cnn\n', err: '' });
    expect(readFileSync(file('a.cnn'), 'utf8')).not.toBe(untidy);
    expect(await cnnc('format', 'a.cnn', '--check')).toEqual({ status: 0, out: '', err: '' });
  });

  test('a file with errors stays as it is', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('a.cnn'), 'model {{');
    expect((await cnnc('format', 'a.cnn')).status).toBe(1);
    expect(readFileSync(file('a.cnn'), 'utf8')).toBe('model {{');
  });
});

describe('summary', () => {
  test('with f16: what prediction then needs', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('a.cnn'), 'model A { input x: f32[64]  x -> Dense(2000) -> Dense(3) -> output y }');
    const { out } = await cnnc('summary', 'a.cnn', '--target', 'wgsl', '--features', 'f16');
    expect(out).toMatch(/^ {2}infer, f16 +batch 1 /mu);
    expect(out).toMatch(/dense\.kernel\.f16 f32\[64, 2000\] \(256 kB\): for prediction with f16/u);
    const { status, err } = await cnnc('summary', 'a.cnn', '--features', 'f16');
    expect([status, err]).toEqual([2, 'cnnc: --features is about --target wgsl\n']);
  });

  test('counts by hand', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('a.cnn'), tinyModel);
    const { status, out } = await cnnc('summary', 'a.cnn');
    expect(status).toBe(0);
    // 5×5 places of 2 filters of 3×3: 450 MACs, 20 weights; 50 numbers to 10 classes: 500 MACs, 510 weights.
    expect(out).toMatch(/conv2d +Conv2D +f32\[N, 5, 5, 2\] +20 +450\n/u);
    expect(out).toMatch(/dense +Dense +f32\[N, 10\] +510 +500\n/u);
    expect(out).toMatch(/530 parameters, 950 multiply-adds/u);
    // One layer at two places: all it has, where it stands first.
    const shared = 'model A {\n input x: f32[4]\n shared d = Dense(4)\n x -> d -> d -> output y\n}\n';
    writeFileSync(file('b.cnn'), shared);
    expect((await cnnc('summary', 'b.cnn')).out).toMatch(
      /d +Dense +f32\[N, 4\] +20 +32\nd +Dense +f32\[N, 4\] *\n\n20 parameters, 32 multiply-adds/u,
    );
    const json = JSON.parse((await cnnc('summary', 'a.cnn', '--json', '--set', 'width=4')).out) as Record<
      string,
      unknown
    >;
    expect(json).toMatchObject({ name: 'Tiny', parameters: 40 + 1010, macs: 900 + 1000 });
  });
});

describe('ir', () => {
  test.each<[string[], RegExp]>([
    [[], /graph infer\(/u],
    [['--after', 'frontend', '--inference'], /graph infer\(/u],
    [['--after-each', '--inference'], /after frontend/u],
    [['--stage', 'loops', '--inference'], /kernel /u],
    [['--stage', 'loops', '--target', 'wgsl'], /^\/\/ .* threads.*\nkernel /u],
    [['--stage', 'plan'], /infer: maxBatch 1, planned/u],
    [['--observe'], /graph observe\([^]*graph step\(/u],
    [['--observe', '--stage', 'plan', '--inference'], /observe: maxBatch 1, planned/u],
  ])('ir %j', async (args, text) => {
    const { cnnc, file } = folder();
    writeFileSync(file('a.cnn'), tinyModel);
    const { status, out } = await cnnc('ir', 'a.cnn', ...args);
    expect(status).toBe(0);
    expect(out).toMatch(text);
  });

  test('reads what it prints, and runs passes on it', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('a.cnn'), tinyModel);
    const before = await cnnc('ir', 'a.cnn', '--after', 'frontend');
    writeFileSync(file('before.graph'), before.out);
    expect((await cnnc('ir', 'before.graph', '--after', 'frontend')).out).toBe(before.out);
    const after = await cnnc('ir', 'a.cnn', '--after', 'simplify');
    expect(await cnnc('ir', 'before.graph', '--after', 'simplify')).toEqual(after);
    writeFileSync(file('wrong.graph'), before.out.replace('conv2d(', 'conv3d('));
    const wrong = await cnnc('ir', 'wrong.graph');
    expect([wrong.status, wrong.out]).toEqual([1, '']);
    expect(wrong.err).toMatch(/wrong\.graph:\d+:\d+: error E07/u);
  });
});

describe('ir with large constants', () => {
  const numbers = Array.from({ length: 98 }, (_, i) => i / 7 - 3);
  const wide = `model Wide {
  input x: f32[100]
  x -> add([${[...numbers, '-0.0', '1e-45'].join(', ')}]) -> Dense(3) -> output y
}
`;

  test('keeps their elements beside the text, and reads both back', async () => {
    const { cnnc, file, names } = folder();
    writeFileSync(file('wide.cnn'), wide);
    expect(await cnnc('ir', 'wide.cnn', '-o', 'dumps/wide.graph')).toMatchObject({ status: 0, out: '' });
    const [text, constants] = ['', '.constants'].map((end) =>
      readFileSync(file(`dumps/wide.graph${end}`), 'utf8'),
    );
    expect(text).toContain('hash');
    expect(constants).toMatch(/^[0-9a-f]{16} f32\[100\] = -3, .*, -0, 1e-45\n$/u);
    expect(await cnnc('ir', 'dumps/wide.graph', '-o', 'again.graph')).toMatchObject({ status: 0, err: '' });
    expect(readFileSync(file('again.graph'), 'utf8')).toBe(text);
    expect(readFileSync(file('again.graph.constants'), 'utf8')).toBe(constants);
    expect(names()).toEqual(['again.graph', 'again.graph.constants', 'dumps', 'wide.cnn']);
  });
  test.each(['loops', 'plan'])('makes the same %s of graphs as of the model', async (stage) => {
    const { cnnc, file } = folder();
    writeFileSync(file('wide.cnn'), wide);
    await cnnc('ir', 'wide.cnn', '-o', 'wide.graph');
    const { out } = await cnnc('ir', 'wide.cnn', '--stage', stage);
    expect(out).toMatch(stage === 'loops' ? /^\/\/ .*\nkernel / : /^persistent /);
    expect(await cnnc('ir', 'wide.graph', '--stage', stage)).toEqual({ status: 0, out, err: '' });
    expect((await cnnc('ir', 'wide.cnn', '--stage', stage, '-o', 'there')).out).toBe('');
    expect(readFileSync(file('there'), 'utf8')).toBe(out);
  });
  test('says what is missing', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('wide.cnn'), wide);
    const printed = await cnnc('ir', 'wide.cnn');
    expect(printed.err).toContain('-o FILE');
    writeFileSync(file('wide.graph'), printed.out);
    const read = await cnnc('ir', 'wide.graph');
    expect([read.status, read.out]).toEqual([1, '']);
    expect(read.err).toMatch(/E0706[^]*FILE\.constants/u);
    // Elements that are not what the hash says are no better than none.
    await cnnc('ir', 'wide.cnn', '-o', 'wide.graph');
    const spoiled = readFileSync(file('wide.graph.constants'), 'utf8').replace('-3,', '-4,');
    writeFileSync(file('wide.graph.constants'), spoiled);
    expect((await cnnc('ir', 'wide.graph')).err).toContain('E0706');
  });
});

describe('explain', () => {
  test('every code in the list has a page', async () => {
    const { cnnc } = folder();
    const { status, out } = await cnnc('explain');
    expect(status).toBe(0);
    const codes = out
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]!);
    expect(codes.length).toBeGreaterThan(20);
    for (const code of codes) {
      const page = await cnnc('explain', code.toLowerCase());
      expect(page.status).toBe(0);
      expect(page.out).toMatch(new RegExp(`^${code}: [^]*wrong:[^]*right:`, 'u'));
    }
  });
});
