/** E06: limits; E07: the text of graphs. */
import type { Code, CodePage } from '../../base/diagnostic.ts';

const nested = (depth: number): string => `layer A(s: stage)(x) {
  return x -> s
}
model Net {
  input x: f32[4]
  x -> ${'A('.repeat(depth)}relu${')'.repeat(depth)} -> output y
}
`;

const graph = (...lines: readonly string[]): string => `graph infer(
  input x: f32[N, 4],
  state bias: f32[4]
) {
${lines.map((line) => `  ${line}\n`).join('')}}
`;
const sum = '%0: f32[N, 4] = add(x, bias)';

export const limitCodes: Readonly<Record<Code, CodePage>> = {
  E0601: {
    title: 'More than 2^31 elements',
    explanation:
      'A tensor has at most 2147483648 elements for one sample, and for a batch; so have all params and states together.',
    wrong: `model Net {
  input x: f32[100000]
  x -> Dense(100000) -> output y
}
`,
    right: `model Net {
  input x: f32[1000]
  x -> Dense(1000) -> output y
}
`,
  },
  E0602: {
    title: 'The model is too large',
    explanation:
      'A model has at most 40 000 layers and ops, its optimizer apart, and a list at most 1 000 000 elements. ResNet-1001 has about ' +
      '4000 layers and ops.',
    wrong: `model Net {
  input x: f32[4]
  x -> for i in 100000 { -> relu } -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> for i in 100 { -> relu } -> output y
}
`,
  },
  E0603: {
    title: 'Nested too deeply',
    explanation:
      'Layers can be instantiated within layers at most 32 deep, and expressions within expressions 400.',
    wrong: nested(40),
    right: nested(3),
  },
  E0701: {
    title: 'An unknown name in a graph',
    explanation: 'Values, parameters and ops stand before their use; updates write params and states.',
    wrong: graph('%0: f32[N, 4] = add(x, %1)', 'return y: %0'),
    right: graph(sum, 'return y: %0'),
  },
  E0702: {
    title: 'Defined twice in a graph',
    explanation: 'Each value is defined once, each state updated once, each result returned once.',
    wrong: graph(sum, sum, 'return y: %0'),
    right: graph(sum, '%1: f32[N, 4] = relu(%0)', 'return y: %1'),
  },
  E0703: {
    title: 'A type in a graph is not what the op gives',
    explanation: 'The types in the text of a graph are checked against what each op makes of its operands.',
    wrong: graph('%0: f32[N, 5] = add(x, bias)', 'return y: %0'),
    right: graph(sum, 'return y: %0'),
  },
  E0704: {
    title: 'A malformed line of a graph',
    explanation: 'Operands come first, then every attribute that has no default, by name and in its type.',
    wrong: graph('%0: f32[N, 4] = leaky_relu(x, negative_slope: true)', 'return y: %0'),
    right: graph('%0: f32[N, 4] = leaky_relu(x, negative_slope: 0.5)', 'return y: %0'),
  },
  E0705: {
    title: 'No graph in the text',
    explanation: '`cnnc ir` reads the text it prints: `graph NAME(…) { … return … }`.',
    wrong: `// nothing but a comment
`,
    right: graph(sum, 'return y: %0'),
  },
  E0706: {
    title: 'The elements of a large constant are missing',
    explanation: 'Constants with many elements print as a hash; their elements are kept beside the text.',
    wrong: graph(
      '%0: f32[4] = const(hash: "0123456789abcdef")',
      '%1: f32[N, 4] = add(x, %0)',
      'return y: %1',
    ),
    right: graph('%0: f32[4] = const(1, 2, 3, 4)', '%1: f32[N, 4] = add(x, %0)', 'return y: %1'),
  },
};
