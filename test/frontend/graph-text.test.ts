import { describe, expect, it } from 'vitest';
import { parseGraph } from '../../compiler/frontend/index.ts';
import { largeConstants, printGraph } from '../../compiler/graph/print.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { chain, modelOf } from './support.ts';
import { calls, emitCall } from '../support/samples.ts';

const train = (label: string, loss: string, more = '') => `train Net {
  label t: ${label}
  ${more}
  loss: ${loss}(t, y)
  metrics: [accuracy(t, y)]
  optimizer: Adam
}
`;
const models = [
  `${chain('u8[28, 28, 1]', 'Rescaling(1 / 255) -> Conv2D(4, 3x3, activation: relu, padding: same) -> MaxPooling2D -> Dropout(0.5) -> Flatten -> Dense(3, activation: softmax)')}${train('i32', 'sparse_categorical_crossentropy', 'augment x -> RandomTranslation(0.1, 0.1, fill_mode: nearest)')}`,
  `${chain('f32[4]', 'BatchNormalization -> Dense(1, activation: sigmoid)')}${train('f32[1]', 'binary_crossentropy')}`,
];

describe('printed graphs', () => {
  it.each(models)('of models parse back to equal graphs', (text) => {
    for (const graph of Object.values(modelOf(text).graphs)) {
      const printed = printGraph(graph);
      const { graph: parsed, diagnostics } = parseGraph('dump.graph', printed);
      expect(diagnostics).toEqual([]);
      if (!parsed) throw new Error('no graph');
      verifyGraph(parsed);
      expect(printGraph(parsed)).toBe(printed);
      expect(parsed.nodes).toHaveLength(graph.nodes.length);
      expect(parsed.updates.map(({ target }) => target)).toEqual(graph.updates.map(({ target }) => target));
    }
  });

  it.each(calls.map((call) => [call.title, call] as const))('of %s parse back', (_title, call) => {
    const { node, parameters } = emitCall(call);
    const graph = {
      name: 'infer',
      parameters,
      nodes: [node],
      returns: [{ name: 'y', value: node }],
      updates: [],
    };
    const printed = printGraph(graph);
    const { graph: parsed, diagnostics } = parseGraph('dump.graph', printed);
    expect(diagnostics).toEqual([]);
    expect(parsed && printGraph(parsed)).toBe(printed);
    expect(parsed?.nodes[0]?.attributes).toEqual(node.attributes);
  });

  it('need the elements behind hashes', () => {
    const list = `[${Array.from({ length: 100 }, (_, i) => i / 7).join(', ')}]`;
    const graph = modelOf(chain('f32[100]', `add(${list})`)).graphs.infer;
    const printed = printGraph(graph);
    expect(printed).toContain('hash');
    expect(parseGraph('dump.graph', printed).diagnostics.map(({ code }) => code)).toEqual(['E0706']);
    const { graph: parsed } = parseGraph('dump.graph', printed, largeConstants(graph));
    expect(parsed?.nodes[0]?.operands[1]).toMatchObject({ kind: 'constant', type: { shape: [100] } });
  });
});

describe('a wrong graph', () => {
  const graph = (body: string, parameters = 'input x: f32[N, 4], param w: f32[4, 2], state s: f32[4]') =>
    parseGraph('dump.graph', `graph infer(${parameters}) {\n${body}\n}\n`).diagnostics.map(
      ({ code }) => code,
    );

  it.each([
    ['%0: f32[N, 4] = relu(x)\nreturn y: %0', []],
    ['%0: f32[N, 4] = rulu(x)\nreturn y: %0', ['E0701']],
    ['%0: f32[N, 4] = relu(z)\nreturn y: %0', ['E0701']],
    ['%0: f32[N, 4] = relu(%0)\nreturn y: x', ['E0701']],
    ['%0: f32[N, 4] = relu(x, x)\nreturn y: %0', ['E0704']],
    ['%0: f32[N, 4] = relu()\nreturn y: %0', ['E0704']],
    ['%0: f32[N, 4] = relu(x, slope: 1)\nreturn y: %0', ['E0704']],
    ['%0: f32[N, 5] = relu(x)\nreturn y: %0', ['E0703']],
    ['%0: f16[N, 4] = relu(x)\nreturn y: x', ['E0321']],
    ['%0: f32[4, N] = relu(x)\nreturn y: x', ['E0704']],
    ['%0: f32[N, 0] = relu(x)\nreturn y: x', ['E0704']],
    ['%0: i32[] = const(1.5, 2)\nreturn y: %0', ['E0704']],
    ['%0: f32[N, 2] = matmul(x, s)\nreturn y: %0', ['E0404']],
    ['%0: bool[N, 4] = greater(x, x)\n%1: bool[N, 4] = relu(%0)\nreturn y: %1', ['E0703']],
    ['update s = x\nreturn y: x', ['E0703']],
    ['update s = s\nupdate s = s\nreturn y: x', ['E0702']],
    ['update x = x\nreturn y: x', ['E0701']],
    ['update t = s\nreturn y: x', ['E0701']],
    ['return y: x, y: x', ['E0702']],
    ['return y: 3', ['E0704']],
    ['%0: u8[N, 4] = cast(x, to: f64)\nreturn y: %0', ['E0704']],
    ['%0: u8[N, 4] = cast(x)\nreturn y: %0', ['E0704']],
    ['%0: u8[N, 4] = cast(x, to: u8, to: u8)\nreturn y: %0', ['E0704']],
  ])('%s: %s', (body, codes) => expect(graph(body)).toEqual(codes));

  it('names each parameter once', () => {
    expect(graph('return y: x', 'input x: f32[N], input x: f32[N]')).toEqual(['E0702']);
  });

  it('is a diagnostic for any text', () => {
    for (const text of [
      '',
      'graph',
      'graph a() {',
      'model Net {',
      '%0',
      '\0',
      'graph a() { return y: %99999999999999999999 }',
    ]) {
      const { graph: parsed, diagnostics } = parseGraph('dump.graph', text);
      expect(parsed).toBeUndefined();
      expect(diagnostics.length).toBeGreaterThan(0);
    }
  });
});
