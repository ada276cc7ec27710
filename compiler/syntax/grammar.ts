/**
 * The grammar of `.cnn` files and of printed graphs. It reads the tokens of `layout.ts`: contextual keywords are told from names
 * there, and `( [ . -` at the start of a line are other tokens than those that continue an expression, so that the grammar itself
 * knows no lines. Binary operators are parsed flat; `build/operations.ts` applies precedence.
 *
 * Graph text (what `graph/print.ts` prints and `frontend/graph-text.ts` reads), one `graph` item per graph, any number in a file:
 *
 *     graph step(
 *       input image: f32[N, 28, 28, 1],
 *       input $seed: u32[],
 *       param conv2d.kernel: f32[3, 3, 1, 32],
 *       state momentum@conv2d.kernel: f32[3, 3, 1, 32]
 *     ) {
 *       %0: f32[] = const(0.5)
 *       %1: f32[3] = const(1, -2.5, 3e-7)
 *       %2: f32[3] = const(hash: "3fa91c")
 *       %3: f32[N, 26, 26, 32] = conv2d(image, conv2d.kernel, strides: [1, 1], padding: valid) @ digits.cnn:6:5 in conv2d
 *       %4: f32[3, 3, 1, 32] = add(momentum@conv2d.kernel, %0) @ "a path.cnn":7:5
 *       update momentum@conv2d.kernel = %4
 *       return digit: %3, $finite: %1
 *     }
 *
 * - A name is `NAME` or `$NAME`, then any number of `.NAME`, `@NAME`, `.DIGITS` (`prepared.0`). In the tree it is one `name`
 *   expression (or `Name`) whose text is the whole of it.
 * - A node is `%N: TYPE = OP(ARGUMENTS) [LOCATION]`. OP is a plain name; constants are nodes of the op `const`, whose positional
 *   arguments are all elements in row-major order or a single one that fills the shape; bool elements are `true` and `false`
 *   or 0 and 1. In the tree `value` is a `call` whose callee is a `name`.
 * - An argument is `[NAME:] A`, and A is `%N`, a name, a number, `-` a number or a name (`-inf`; `inf` and `nan` are names), a
 *   size `3x3`, a string as JSON.stringify writes it, `true`, `false`, or a list `[A, A]`. A name may be a parameter, a word
 *   (`padding: valid`) or a dtype (`to: f32`): the op's attributes tell which.
 * - A location is `@ PATH:LINE:COLUMN`, PATH without white space or as a JSON string, then perhaps `in LAYER.PATH`.
 * - Nodes come first, then updates, then the one `return` (`NAME: A`, …), which may be absent. `//` comments are allowed anywhere.
 * - Commas between parameters; line breaks are free, except that each `(` of a call stands on the line of its op.
 */
import type { CstNode, IRecognitionException, IToken } from 'chevrotain';
import { withErrorLimit } from './expectation.ts';
import type { Rule } from './grammar-expressions.ts';
import { GraphGrammar } from './grammar-graph.ts';
import * as t from './tokens.ts';

export class Grammar extends GraphGrammar {
  /** `validate`: throws if the grammar is ambiguous or left-recursive; a test does that, so that no start has to. */
  constructor(validate = false) {
    super(validate);
    this.performSelfAnalysis();
  }

  readonly file: Rule = this.RULE('file', () => {
    this.MANY(() => this.SUBRULE(this.item));
  });

  private readonly item: Rule = this.RULE('item', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.importItem) },
      { ALT: () => this.SUBRULE(this.model) },
      { ALT: () => this.SUBRULE(this.layer) },
      { ALT: () => this.SUBRULE(this.train) },
      { ALT: () => this.SUBRULE(this.graph) },
    ]);
  });

  private readonly importItem: Rule = this.RULE('importItem', () => {
    this.CONSUME(t.Import);
    this.CONSUME(t.Name);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.CONSUME2(t.Name);
    });
    this.CONSUME(t.From);
    this.CONSUME(t.StringLiteral);
  });

  private readonly model: Rule = this.RULE('model', () => {
    this.CONSUME(t.Model);
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.parameters));
    this.SUBRULE(this.body);
  });

  private readonly layer: Rule = this.RULE('layer', () => {
    this.CONSUME(t.Layer);
    this.CONSUME(t.Name);
    this.SUBRULE(this.parameters);
    this.SUBRULE(this.operands);
    this.SUBRULE(this.body);
  });

  private readonly parameters: Rule = this.RULE('parameters', () => {
    this.CONSUME(t.OpenParen);
    this.list((index) => (index === 1 ? this.SUBRULE1(this.parameter) : this.SUBRULE2(this.parameter)));
    this.CONSUME(t.RParen);
  });

  private readonly parameter: Rule = this.RULE('parameter', () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.CONSUME2(t.Name, { LABEL: 'types' });
    this.MANY(() => {
      this.CONSUME(t.Pipe);
      this.CONSUME3(t.Name, { LABEL: 'types' });
    });
    this.OPTION(() => {
      this.CONSUME(t.Equal);
      this.SUBRULE(this.expression);
    });
  });

  private readonly operands: Rule = this.RULE('operands', () => {
    this.CONSUME(t.OpenParen);
    this.list((index) =>
      index === 1 ? this.SUBRULE1(this.operandDeclaration) : this.SUBRULE2(this.operandDeclaration),
    );
    this.CONSUME(t.RParen);
  });

  private readonly operandDeclaration: Rule = this.RULE('operandDeclaration', () => {
    this.OPTION(() => this.CONSUME(t.Ellipsis));
    this.CONSUME(t.Name);
    this.OPTION2(() => {
      this.CONSUME(t.Colon);
      this.SUBRULE(this.type);
    });
  });

  private readonly body: Rule = this.RULE('body', () => {
    this.CONSUME(t.LBrace);
    this.MANY(() => this.SUBRULE(this.statement));
    this.CONSUME(t.RBrace);
  });

  // Statements

  private readonly statement: Rule = this.RULE('statement', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.inputStatement) },
      { ALT: () => this.SUBRULE(this.persistent) },
      { ALT: () => this.SUBRULE(this.shared) },
      { ALT: () => this.SUBRULE(this.set) },
      { ALT: () => this.SUBRULE(this.returns) },
      { ALT: () => this.SUBRULE(this.binding) },
      { ALT: () => this.SUBRULE(this.expression) },
    ]);
  });

  private readonly inputStatement: Rule = this.RULE('inputStatement', () => {
    this.CONSUME(t.Input);
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
  });

  private readonly persistent: Rule = this.RULE('persistent', () => {
    this.OR([{ ALT: () => this.CONSUME(t.Param) }, { ALT: () => this.CONSUME(t.State) }]);
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
    this.CONSUME(t.Equal);
    this.SUBRULE(this.expression);
  });

  private readonly shared: Rule = this.RULE('shared', () => {
    this.CONSUME(t.Shared);
    this.CONSUME(t.Name);
    this.CONSUME(t.Equal);
    this.SUBRULE(this.stage);
  });

  private readonly set: Rule = this.RULE('set', () => {
    this.CONSUME(t.SetKeyword);
    this.CONSUME(t.Name);
    this.CONSUME(t.Equal);
    this.SUBRULE(this.expression);
  });

  private readonly returns: Rule = this.RULE('returns', () => {
    this.CONSUME(t.Return);
    this.SUBRULE(this.expression);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(this.expression);
    });
  });

  private readonly binding: Rule = this.RULE('binding', () => {
    this.CONSUME(t.Name);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.CONSUME2(t.Name);
    });
    this.CONSUME(t.Equal);
    this.SUBRULE(this.expression);
  });

  // Training

  private readonly train: Rule = this.RULE('train', () => {
    this.CONSUME(t.Train);
    this.CONSUME(t.Name);
    this.CONSUME(t.LBrace);
    this.MANY(() => this.SUBRULE(this.entry));
    this.CONSUME(t.RBrace);
  });

  private readonly entry: Rule = this.RULE('entry', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Label);
          this.CONSUME(t.Name);
          this.CONSUME(t.Colon);
          this.SUBRULE(this.type);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Augment);
          this.CONSUME2(t.Name);
          this.MANY(() => {
            this.CONSUME(t.Comma);
            this.CONSUME3(t.Name);
          });
          this.AT_LEAST_ONE(() => {
            this.CONSUME(t.Arrow);
            this.SUBRULE(this.stage);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME4(t.Name);
          this.CONSUME2(t.Colon);
          this.SUBRULE(this.expression);
        },
      },
    ]);
  });
}

interface Parsed {
  /** Absent when the parser gave up. */
  readonly tree: CstNode | undefined;
  /** Their messages say what was expected; `errors.ts` makes diagnostics of them. */
  readonly errors: readonly IRecognitionException[];
}

let grammar: Grammar | undefined;

/** Parses tokens of `layout.ts`. The one parser is made at the first call: commands that parse nothing need not wait for it. */
export function parseTokens(tokens: readonly IToken[]): Parsed {
  const parser = (grammar ??= new Grammar());
  parser.input = [...tokens];
  return withErrorLimit<Parsed>(
    () => ({ tree: parser.file(), errors: parser.errors }),
    () => ({ tree: undefined, errors: parser.errors }),
  );
}
