/** The part of the grammar that layers, training and graph text share: types, expressions, arguments and stages. */
import { CstParser, type CstNode, type ParserMethod, type TokenType } from 'chevrotain';
import { expectation } from './expectation.ts';
import * as t from './tokens.ts';

export type Rule = ParserMethod<[], CstNode>;

export abstract class ExpressionGrammar extends CstParser {
  constructor(validate: boolean) {
    super(t.vocabulary, {
      recoveryEnabled: true,
      maxLookahead: 2,
      nodeLocationTracking: 'onlyOffset',
      errorMessageProvider: expectation,
      skipValidations: !validate,
    });
  }

  /** `[element {"," element} [","]]`; `element` is called with the occurrence indices 1 and 2. */
  protected list(element: (index: 1 | 2) => void): void {
    this.OPTION8(() => {
      element(1);
      this.MANY8(() => {
        this.CONSUME8(t.Comma);
        element(2);
      });
      this.OPTION9(() => this.CONSUME9(t.Comma));
    });
  }

  // Types

  protected readonly type: Rule = this.RULE('type', () => {
    this.CONSUME(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.LBracket);
      this.list((index) => (index === 1 ? this.SUBRULE1(this.dim) : this.SUBRULE2(this.dim)));
      this.CONSUME(t.RBracket);
    });
  });

  protected readonly dim: Rule = this.RULE('dim', () => {
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

  // Expressions

  /**
   * Few rules in one another keep the concrete tree small: a number is two nodes. An operator after a stage is read only to be
   * diagnosed: its fix is a pair of parentheses.
   */
  protected readonly expression: Rule = this.RULE('expression', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.conditional) },
      {
        ALT: () => {
          this.SUBRULE(this.operand);
          this.MANY1(() => {
            this.CONSUME(t.BinaryOperator);
            this.SUBRULE2(this.operand);
          });
          this.MANY2(() => this.SUBRULE(this.link));
        },
      },
    ]);
  });

  protected readonly conditional: Rule = this.RULE('conditional', () => {
    this.CONSUME(t.If);
    this.SUBRULE1(this.expression);
    this.CONSUME(t.Then);
    this.SUBRULE2(this.expression);
    this.CONSUME(t.Else);
    this.SUBRULE3(this.expression);
  });

  protected readonly link: Rule = this.RULE('link', () => {
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

  protected readonly operand: Rule = this.RULE('operand', () => {
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.AnyMinus, { LABEL: 'prefix' }) },
        { ALT: () => this.CONSUME(t.Not, { LABEL: 'prefix' }) },
      ]);
    });
    this.OR2([
      ...[t.Name, t.Int, t.Float, t.Size, t.StringLiteral, t.True, t.False, t.GraphValue].map((type) => ({
        ALT: () => this.CONSUME(type, { LABEL: 'atom' }),
      })),
      { ALT: () => this.SUBRULE(this.tuple) },
      { ALT: () => this.SUBRULE(this.listLiteral) },
    ]);
    this.MANY2(() => this.SUBRULE(this.suffix));
  });

  protected readonly suffix: Rule = this.RULE('suffix', () => {
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

  protected readonly tuple: Rule = this.RULE('tuple', () => {
    this.CONSUME(t.OpenParen);
    this.list((index) => (index === 1 ? this.SUBRULE1(this.expression) : this.SUBRULE2(this.expression)));
    this.CONSUME(t.RParen);
  });

  protected readonly listLiteral: Rule = this.RULE('listLiteral', () => {
    this.CONSUME(t.OpenBracket);
    this.list((index) => (index === 1 ? this.SUBRULE1(this.expression) : this.SUBRULE2(this.expression)));
    this.CONSUME(t.RBracket);
  });

  protected readonly args: Rule = this.RULE('args', () => {
    this.CONSUME(t.LParen);
    this.list((index) => (index === 1 ? this.SUBRULE1(this.argument) : this.SUBRULE2(this.argument)));
    this.CONSUME(t.RParen);
  });

  /** `=` is read only to be diagnosed, and so is an arrow in the value. */
  protected readonly argument: Rule = this.RULE('argument', () => {
    this.OPTION(() => {
      this.CONSUME(t.Name);
      this.OR([{ ALT: () => this.CONSUME(t.Colon) }, { ALT: () => this.CONSUME(t.Equal) }]);
    });
    this.SUBRULE(this.expression);
  });

  // Stages

  protected readonly stage: Rule = this.RULE('stage', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.loop) },
      { ALT: () => this.SUBRULE(this.output) },
      { ALT: () => this.SUBRULE(this.application) },
    ]);
  });

  /** A prefix such as `layers.` is read only to be diagnosed. */
  protected readonly application: Rule = this.RULE('application', () => {
    this.CONSUME(t.Name, { LABEL: 'callee' });
    this.MANY(() => {
      this.CONSUME(t.Dot);
      this.CONSUME2(t.Name, { LABEL: 'callee' });
    });
    this.OPTION(() => this.SUBRULE(this.args));
    this.OPTION2(() => {
      this.CONSUME(t.As);
      this.CONSUME3(t.Name, { LABEL: 'as' });
    });
  });

  protected readonly output: Rule = this.RULE('output', () => {
    this.CONSUME(t.Output);
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.args));
  });

  /** A missing arrow is read only to be diagnosed. */
  protected readonly loop: Rule = this.RULE('loop', () => {
    this.CONSUME(t.For);
    this.CONSUME(t.Name);
    this.CONSUME(t.In);
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.CONSUME(t.BinaryOperator);
      this.SUBRULE2(this.operand);
    });
    this.CONSUME(t.LBrace);
    this.MANY2(() => {
      this.OPTION(() => this.CONSUME(t.Arrow));
      this.SUBRULE(this.stage);
    });
    this.CONSUME(t.RBrace);
  });

  // Recovery

  /** Only punctuation is made up: an invented name would lead to an error about that name. */
  override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    return (
      type === t.RParen || type === t.RBracket || type === t.RBrace || type === t.Comma || type === t.Colon
    );
  }
}
