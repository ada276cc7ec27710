/** The grammar of graph text, described in `grammar.ts`. */
import { ExpressionGrammar, type Rule } from './grammar-expressions.ts';
import * as t from './tokens.ts';

export abstract class GraphGrammar extends ExpressionGrammar {
  protected readonly graph: Rule = this.RULE('graph', () => {
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

  protected readonly dotted: Rule = this.RULE('dotted', () => {
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

  protected readonly graphParameter: Rule = this.RULE('graphParameter', () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Input, { LABEL: 'role' }) },
      { ALT: () => this.CONSUME(t.Param, { LABEL: 'role' }) },
      { ALT: () => this.CONSUME(t.State, { LABEL: 'role' }) },
    ]);
    this.SUBRULE(this.dotted);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
  });

  protected readonly graphNode: Rule = this.RULE('graphNode', () => {
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

  protected readonly graphArgument: Rule = this.RULE('graphArgument', () => {
    this.OPTION(() => {
      this.CONSUME(t.Name);
      this.CONSUME(t.Colon);
    });
    this.SUBRULE(this.graphAtom);
  });

  protected readonly graphAtom: Rule = this.RULE('graphAtom', () => {
    this.OPTION(() => this.CONSUME(t.AnyMinus));
    this.OR([
      ...[t.Int, t.Float, t.Size, t.StringLiteral, t.True, t.False, t.GraphValue].map((type) => ({
        ALT: () => this.CONSUME(type, { LABEL: 'atom' }),
      })),
      { ALT: () => this.SUBRULE(this.dotted) },
      { ALT: () => this.SUBRULE(this.graphList) },
    ]);
  });

  protected readonly graphList: Rule = this.RULE('graphList', () => {
    this.CONSUME(t.OpenBracket);
    this.list((index) => (index === 1 ? this.SUBRULE1(this.graphAtom) : this.SUBRULE2(this.graphAtom)));
    this.CONSUME(t.RBracket);
  });

  protected readonly graphUpdate: Rule = this.RULE('graphUpdate', () => {
    this.CONSUME(t.Update);
    this.SUBRULE(this.dotted);
    this.CONSUME(t.Equal);
    this.SUBRULE(this.graphAtom);
  });

  protected readonly graphReturn: Rule = this.RULE('graphReturn', () => {
    this.CONSUME(t.Return);
    this.SUBRULE1(this.graphResult);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(this.graphResult);
    });
  });

  protected readonly graphResult: Rule = this.RULE('graphResult', () => {
    this.SUBRULE(this.dotted);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.graphAtom);
  });
}
