/**
 * The grammar of `.cnn` files and of printed graphs. It reads the tokens of `layout.ts`: contextual keywords are told from names
 * there, and `( [ . -` at the start of a line are other tokens than those that continue an expression, so that the grammar itself
 * knows no lines. Binary operators are parsed flat; `build/expressions.ts` applies precedence.
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
import {
  CstParser,
  type CstNode,
  type IRecognitionException,
  type IToken,
  type ParserMethod,
  type TokenType,
} from 'chevrotain';
import { expectation, withErrorLimit } from './expectation.ts';
import * as t from './tokens.ts';

type Rule = ParserMethod<[], CstNode>;

class Grammar extends CstParser {
  constructor() {
    super(t.vocabulary, {
      recoveryEnabled: true,
      maxLookahead: 3,
      nodeLocationTracking: 'onlyOffset',
      errorMessageProvider: expectation,
      skipValidations: true, // a test builds the grammar with them
    });
    this.performSelfAnalysis();
  }

  /** `[element {"," element} [","]]`; `element` is called with the occurrence indices 1 and 2. */
  private list(element: (index: 1 | 2) => void): void {
    this.OPTION8(() => {
      element(1);
      this.MANY8(() => {
        this.CONSUME8(t.Comma);
        element(2);
      });
      this.OPTION9(() => this.CONSUME9(t.Comma));
    });
  }

  // Items

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

  private readonly type: Rule = this.RULE('type', () => {
    this.CONSUME(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.LBracket);
      this.list((index) => (index === 1 ? this.SUBRULE1(this.dim) : this.SUBRULE2(this.dim)));
      this.CONSUME(t.RBracket);
    });
  });

  private readonly dim: Rule = this.RULE('dim', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Ellipsis);
          this.OPTION(() => this.CONSUME(t.Name));
        },
      },
      { ALT: () => this.SUBRULE(this.expression) },
    ]);
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

  // Expressions

  private readonly expression: Rule = this.RULE('expression', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.conditional) }, { ALT: () => this.SUBRULE(this.chain) }]);
  });

  private readonly conditional: Rule = this.RULE('conditional', () => {
    this.CONSUME(t.If);
    this.SUBRULE1(this.expression);
    this.CONSUME(t.Then);
    this.SUBRULE2(this.expression);
    this.CONSUME(t.Else);
    this.SUBRULE3(this.expression);
  });

  /** An operator after a stage is read only to be diagnosed: its fix is a pair of parentheses. */
  private readonly chain: Rule = this.RULE('chain', () => {
    this.SUBRULE(this.operation);
    this.MANY(() => this.SUBRULE(this.link));
  });

  private readonly link: Rule = this.RULE('link', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Arrow);
          this.SUBRULE(this.stage);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.BinaryOperator);
          this.SUBRULE(this.operand);
        },
      },
    ]);
  });

  private readonly operation: Rule = this.RULE('operation', () => {
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.CONSUME(t.BinaryOperator);
      this.SUBRULE2(this.operand);
    });
  });

  private readonly operand: Rule = this.RULE('operand', () => {
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.AnyMinus, { LABEL: 'prefix' }) },
        { ALT: () => this.CONSUME(t.Not, { LABEL: 'prefix' }) },
      ]);
    });
    this.SUBRULE(this.primary);
    this.MANY2(() => this.SUBRULE(this.suffix));
  });

  private readonly suffix: Rule = this.RULE('suffix', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.args) },
      {
        ALT: () => {
          this.CONSUME(t.LBracket);
          this.SUBRULE(this.expression);
          this.MANY(() => {
            this.CONSUME(t.Comma);
            this.SUBRULE2(this.expression);
          });
          this.CONSUME(t.RBracket);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Dot);
          this.CONSUME(t.Name);
        },
      },
    ]);
  });

  private readonly primary: Rule = this.RULE('primary', () => {
    this.OR([
      ...[t.Name, t.Int, t.Float, t.Size, t.StringLiteral, t.True, t.False, t.GraphValue].map((type) => ({
        ALT: () => this.CONSUME(type, { LABEL: 'atom' }),
      })),
      { ALT: () => this.SUBRULE(this.tuple) },
      { ALT: () => this.SUBRULE(this.listLiteral) },
    ]);
  });

  private readonly tuple: Rule = this.RULE('tuple', () => {
    this.CONSUME(t.OpenParen);
    this.list((index) => (index === 1 ? this.SUBRULE1(this.expression) : this.SUBRULE2(this.expression)));
    this.CONSUME(t.RParen);
  });

  private readonly listLiteral: Rule = this.RULE('listLiteral', () => {
    this.CONSUME(t.OpenBracket);
    this.list((index) => (index === 1 ? this.SUBRULE1(this.expression) : this.SUBRULE2(this.expression)));
    this.CONSUME(t.RBracket);
  });

  private readonly args: Rule = this.RULE('args', () => {
    this.CONSUME(t.LParen);
    this.list((index) => (index === 1 ? this.SUBRULE1(this.argument) : this.SUBRULE2(this.argument)));
    this.CONSUME(t.RParen);
  });

  /** `=` is read only to be diagnosed, and so is an arrow in the value. */
  private readonly argument: Rule = this.RULE('argument', () => {
    this.OPTION(() => {
      this.CONSUME(t.Name);
      this.OR([{ ALT: () => this.CONSUME(t.Colon) }, { ALT: () => this.CONSUME(t.Equal) }]);
    });
    this.SUBRULE(this.expression);
  });

  // Stages

  private readonly stage: Rule = this.RULE('stage', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.loop) },
      { ALT: () => this.SUBRULE(this.output) },
      { ALT: () => this.SUBRULE(this.application) },
    ]);
  });

  private readonly application: Rule = this.RULE('application', () => {
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.args));
    this.OPTION2(() => {
      this.CONSUME(t.As);
      this.CONSUME2(t.Name);
    });
  });

  private readonly output: Rule = this.RULE('output', () => {
    this.CONSUME(t.Output);
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.args));
  });

  private readonly loop: Rule = this.RULE('loop', () => {
    this.CONSUME(t.For);
    this.CONSUME(t.Name);
    this.CONSUME(t.In);
    this.SUBRULE(this.operation);
    this.CONSUME(t.LBrace);
    this.AT_LEAST_ONE(() => {
      this.CONSUME(t.Arrow);
      this.SUBRULE(this.stage);
    });
    this.CONSUME(t.RBrace);
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

  // Graph text

  private readonly graph: Rule = this.RULE('graph', () => {
    this.CONSUME(t.Graph);
    this.CONSUME(t.Name);
    this.CONSUME(t.OpenParen);
    this.list((index) =>
      index === 1 ? this.SUBRULE1(this.graphParameter) : this.SUBRULE2(this.graphParameter),
    );
    this.CONSUME(t.RParen);
    this.CONSUME(t.LBrace);
    this.MANY1(() => this.SUBRULE(this.graphNode));
    this.MANY2(() => this.SUBRULE(this.graphUpdate));
    this.OPTION(() => this.SUBRULE(this.graphReturn));
    this.CONSUME(t.RBrace);
  });

  private readonly dotted: Rule = this.RULE('dotted', () => {
    this.OR1([
      { ALT: () => this.CONSUME1(t.Name, { LABEL: 'parts' }) },
      { ALT: () => this.CONSUME(t.CompilerName, { LABEL: 'parts' }) },
    ]);
    this.MANY(() => {
      this.OR2([
        {
          ALT: () => {
            this.OR3([
              { ALT: () => this.CONSUME(t.Dot, { LABEL: 'parts' }) },
              { ALT: () => this.CONSUME(t.At, { LABEL: 'parts' }) },
            ]);
            this.CONSUME2(t.Name, { LABEL: 'parts' });
          },
        },
        { ALT: () => this.CONSUME(t.LeadingDotFloat, { LABEL: 'parts' }) },
      ]);
    });
  });

  private readonly graphParameter: Rule = this.RULE('graphParameter', () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Input, { LABEL: 'role' }) },
      { ALT: () => this.CONSUME(t.Param, { LABEL: 'role' }) },
      { ALT: () => this.CONSUME(t.State, { LABEL: 'role' }) },
    ]);
    this.SUBRULE(this.dotted);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
  });

  private readonly graphNode: Rule = this.RULE('graphNode', () => {
    this.CONSUME(t.GraphValue);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
    this.CONSUME(t.Equal);
    this.CONSUME(t.Name);
    this.CONSUME(t.LParen);
    this.list((index) =>
      index === 1 ? this.SUBRULE1(this.graphArgument) : this.SUBRULE2(this.graphArgument),
    );
    this.CONSUME(t.RParen);
    this.OPTION(() => {
      this.CONSUME(t.GraphLocation);
      this.OPTION2(() => {
        this.CONSUME(t.In);
        this.SUBRULE(this.dotted);
      });
    });
  });

  private readonly graphArgument: Rule = this.RULE('graphArgument', () => {
    this.OPTION(() => {
      this.CONSUME(t.Name);
      this.CONSUME(t.Colon);
    });
    this.SUBRULE(this.graphAtom);
  });

  private readonly graphAtom: Rule = this.RULE('graphAtom', () => {
    this.OPTION(() => this.CONSUME(t.AnyMinus));
    this.OR([
      ...[t.Int, t.Float, t.Size, t.StringLiteral, t.True, t.False, t.GraphValue].map((type) => ({
        ALT: () => this.CONSUME(type, { LABEL: 'atom' }),
      })),
      { ALT: () => this.SUBRULE(this.dotted) },
      { ALT: () => this.SUBRULE(this.graphList) },
    ]);
  });

  private readonly graphList: Rule = this.RULE('graphList', () => {
    this.CONSUME(t.OpenBracket);
    this.list((index) => (index === 1 ? this.SUBRULE1(this.graphAtom) : this.SUBRULE2(this.graphAtom)));
    this.CONSUME(t.RBracket);
  });

  private readonly graphUpdate: Rule = this.RULE('graphUpdate', () => {
    this.CONSUME(t.Update);
    this.SUBRULE(this.dotted);
    this.CONSUME(t.Equal);
    this.SUBRULE(this.graphAtom);
  });

  private readonly graphReturn: Rule = this.RULE('graphReturn', () => {
    this.CONSUME(t.Return);
    this.SUBRULE1(this.graphResult);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(this.graphResult);
    });
  });

  private readonly graphResult: Rule = this.RULE('graphResult', () => {
    this.SUBRULE(this.dotted);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.graphAtom);
  });

  // Recovery

  /** Only punctuation is made up: an invented name would lead to an error about that name. */
  override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    return (
      type === t.RParen || type === t.RBracket || type === t.RBrace || type === t.Comma || type === t.Colon
    );
  }
}

export interface Parsed {
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
