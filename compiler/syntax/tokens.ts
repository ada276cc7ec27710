/**
 * The tokens of `.cnn` text. Contextual keywords (`input`, `as`, …) are lexed as names; `layout.ts` relabels them where they stand
 * as keywords. What Keras users type by habit (`'relu'`, `#`, `.5`, `&&`) has tokens of its own, so that it can be diagnosed with a
 * fix and parsing can go on as if it had been written right.
 */
import { createToken, Lexer, type IToken, type TokenType } from 'chevrotain';
import { isIntegerDivision } from './division.ts';

/** What error messages call a token; the pattern of a fixed text doubles as its label in backquotes. */
function fixed(name: string, text: string): TokenType {
  return createToken({ name, pattern: text, label: `\`${text}\`` });
}

function keyword(name: string, categories: TokenType[] = []): TokenType {
  const text = name.toLowerCase();
  return createToken({ name, pattern: text, label: `\`${text}\``, longer_alt: Name, categories });
}

/** Never matched by the lexer: `layout.ts` puts it where it belongs. */
function relabelled(name: string, label: string, categories: TokenType[] = []): TokenType {
  return createToken({ name, pattern: Lexer.NA, label, categories });
}

export const BinaryOperator = createToken({
  name: 'BinaryOperator',
  pattern: Lexer.NA,
  label: 'an operator',
});
export const Name = createToken({ name: 'Name', pattern: /[A-Za-z_]\w*/, label: 'a name' });
/** `$seed`: names that belong to the compiler, only in graph text. */
export const CompilerName = createToken({ name: 'CompilerName', pattern: /\$\w+/, label: 'a name' });

// Reserved everywhere.
export const If = keyword('If');
export const Then = keyword('Then');
export const Else = keyword('Else');
export const And = keyword('And', [BinaryOperator]);
export const Or = keyword('Or', [BinaryOperator]);
export const Not = keyword('Not');
export const True = keyword('True');
export const False = keyword('False');
export const Return = keyword('Return');
export const reserved = [If, Then, Else, And, Or, Not, True, False, Return];

// Keywords only where they introduce something.
const contextual = (name: string): TokenType => relabelled(name, `\`${name.toLowerCase()}\``);
export const Import = contextual('Import');
export const From = contextual('From');
export const Model = contextual('Model');
export const Layer = contextual('Layer');
export const Train = contextual('Train');
export const Graph = contextual('Graph');
export const Input = contextual('Input');
export const Param = contextual('Param');
export const State = contextual('State');
export const Shared = contextual('Shared');
export const SetKeyword = relabelled('Set', '`set`');
export const Output = contextual('Output');
export const As = contextual('As');
export const For = contextual('For');
export const In = contextual('In');
export const Label = contextual('Label');
export const Augment = contextual('Augment');
export const Update = contextual('Update');

/** Introduce an item, a statement, an entry of `train` or a graph's parameter: keywords when a name follows on the same line. */
export const introducers: ReadonlyMap<string, TokenType> = new Map([
  ['import', Import],
  ['model', Model],
  ['layer', Layer],
  ['train', Train],
  ['graph', Graph],
  ['input', Input],
  ['param', Param],
  ['state', State],
  ['shared', Shared],
  ['set', SetKeyword],
  ['label', Label],
  ['augment', Augment],
  ['update', Update],
]);
export const itemIntroducers: readonly TokenType[] = [Import, Model, Layer, Train, Graph];

// Numbers, strings, values of graph text.
export const Float = createToken({
  name: 'Float',
  pattern: /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(?!\w)/,
  label: 'a number',
});
export const Size = createToken({ name: 'Size', pattern: /\d+(?:x\d+)+(?!\w)/, label: 'a size' });
export const Int = createToken({ name: 'Int', pattern: /\d+(?!\w|\.\d)/, label: 'a number' });
/** `.5`; also the last part of a name such as `prepared.0` in graph text. */
export const LeadingDotFloat = createToken({
  name: 'LeadingDotFloat',
  pattern: /\.\d+(?:[eE][+-]?\d+)?(?!\w)/,
});
export const TrailingDotFloat = createToken({ name: 'TrailingDotFloat', pattern: /\d+\.(?![\w.])/ });
/** `3x`, `2k`, `0xFF`, `64MB`, `1_000`, `1.5f` */
export const MalformedNumber = createToken({ name: 'MalformedNumber', pattern: /\d+(?:\.\d+)?\w*/ });
/** The closing quote is optional so that an unterminated string is a token, too, and no backtracking takes place. */
export const StringLiteral = createToken({
  name: 'String',
  pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*"?/,
  label: 'a string',
});
export const SingleQuoted = createToken({ name: 'SingleQuoted', pattern: /'(?:[^'\\\r\n]|\\[^\r\n])*'?/ });
export const GraphValue = createToken({
  name: 'GraphValue',
  pattern: /%\d+(?!\w)/,
  label: 'a value such as `%0`',
});
/** `@ digits.cnn:6:5`, or `@ "a path with spaces.cnn":6:5` */
export const GraphLocation = createToken({
  name: 'GraphLocation',
  pattern: /@ +(?:"(?:[^"\\\r\n]|\\[^\r\n])*"|[^\s"]+):\d+:\d+/,
  label: 'a location such as `@ digits.cnn:6:5`',
  start_chars_hint: ['@'],
});

// Punctuation. `(`, `[`, and `-` at the start of a line never continue an expression: they become Line… in the layout pass.
export const OpenParen = createToken({ name: 'OpenParen', pattern: Lexer.NA, label: '`(`' });
export const OpenBracket = createToken({ name: 'OpenBracket', pattern: Lexer.NA, label: '`[`' });
export const AnyMinus = createToken({ name: 'AnyMinus', pattern: Lexer.NA, label: '`-`' });
const within = (name: string, text: string, category: TokenType): TokenType =>
  createToken({ name, pattern: text, label: `\`${text}\``, categories: [category] });
export const LParen = within('LParen', '(', OpenParen);
export const LineLParen = relabelled('LineLParen', '`(`', [OpenParen]);
export const RParen = fixed('RParen', ')');
export const LBracket = within('LBracket', '[', OpenBracket);
export const LineLBracket = relabelled('LineLBracket', '`[`', [OpenBracket]);
export const RBracket = fixed('RBracket', ']');
export const LBrace = fixed('LBrace', '{');
export const RBrace = fixed('RBrace', '}');
export const Comma = fixed('Comma', ',');
export const Colon = fixed('Colon', ':');
export const Equal = fixed('Equal', '=');
export const Pipe = fixed('Pipe', '|');
export const Dot = fixed('Dot', '.');
export const LineDot = relabelled('LineDot', '`.`');
export const Ellipsis = fixed('Ellipsis', '...');
export const At = fixed('At', '@');
export const Arrow = fixed('Arrow', '->');
export const Minus = createToken({
  name: 'Minus',
  pattern: '-',
  label: '`-`',
  categories: [AnyMinus, BinaryOperator],
});
export const LineMinus = relabelled('LineMinus', '`-`', [AnyMinus]);
const operator = (name: string, text: string): TokenType => within(name, text, BinaryOperator);
export const EqualEqual = operator('EqualEqual', '==');
export const NotEqual = operator('NotEqual', '!=');
export const LessEqual = operator('LessEqual', '<=');
export const GreaterEqual = operator('GreaterEqual', '>=');
export const Less = operator('Less', '<');
export const Greater = operator('Greater', '>');
export const Plus = operator('Plus', '+');
export const Times = operator('Times', '*');
export const Divide = operator('Divide', '/');

// Operators of other languages. These two need their operands for a fix, so the grammar knows them.
export const IntegerDivision = createToken({
  name: 'IntegerDivision',
  pattern: (text: string, offset: number, tokens: IToken[]): [string] | null =>
    isIntegerDivision(text, offset, tokens) ? ['//'] : null,
  label: '`//`',
  categories: [BinaryOperator],
  start_chars_hint: ['/'],
  line_breaks: false,
});
export const Power = operator('Power', '**');
/** Replaced in the layout pass: the text to write instead, and the token that makes it. */
interface Replacement {
  readonly text: string;
  readonly type: TokenType | undefined;
}
export const foreign: ReadonlyMap<TokenType, Replacement> = new Map([
  [fixed('AndAnd', '&&'), { text: 'and', type: And }],
  [fixed('OrOr', '||'), { text: 'or', type: Or }],
  [createToken({ name: 'Bang', pattern: /!(?!=)/, label: '`!`' }), { text: 'not ', type: Not }],
  [fixed('TripleEqual', '==='), { text: '==', type: EqualEqual }],
  [fixed('NotTripleEqual', '!=='), { text: '!=', type: NotEqual }],
  [fixed('FatArrow', '=>'), { text: '->', type: Arrow }],
  [fixed('PipeArrow', '|>'), { text: '->', type: Arrow }],
  [fixed('Semicolon', ';'), { text: '', type: undefined }],
]);

const operandEnds: ReadonlySet<TokenType> = new Set([
  ...[Name, CompilerName, Int, Float, Size, StringLiteral, True, False],
  ...[GraphValue, LeadingDotFloat, RParen, RBracket],
]);

/** Whether an operand may end with this token, so that `(`, `[` or `-` behind it goes on with the expression. */
export function endsOperand(token: IToken | undefined): boolean {
  return token !== undefined && operandEnds.has(token.tokenType);
}

const WhiteSpace = createToken({ name: 'WhiteSpace', pattern: /[ \t\r\n\uFEFF]+/, group: Lexer.SKIPPED });
const Comment = createToken({ name: 'Comment', pattern: /\/\/[^\r\n]*/, group: 'comments' });
const HashComment = createToken({ name: 'HashComment', pattern: /#[^\r\n]*/, group: 'hashComments' });
/** To its end, or that of the text. */
const BlockComment = createToken({
  name: 'BlockComment',
  pattern: /\/\*[^]*?(?:\*\/|$)/,
  line_breaks: true,
  group: 'blockComments',
});

/** What no rule of the grammar sees. */
const unseen: readonly TokenType[] = [WhiteSpace, Comment, HashComment, BlockComment];

/** In the order the lexer tries them: the longer text before its prefix. */
const lexed: TokenType[] = [
  WhiteSpace,
  ...reserved,
  Name,
  CompilerName,
  IntegerDivision,
  Comment,
  HashComment,
  BlockComment,
  Float,
  Size,
  TrailingDotFloat,
  Int,
  MalformedNumber,
  LeadingDotFloat,
  StringLiteral,
  SingleQuoted,
  GraphValue,
  GraphLocation,
  ...[...foreign.keys()].sort((a, b) => String(b.PATTERN).length - String(a.PATTERN).length),
  Power,
  Arrow,
  Ellipsis,
  EqualEqual,
  NotEqual,
  LessEqual,
  GreaterEqual,
  LParen,
  RParen,
  LBracket,
  RBracket,
  LBrace,
  RBrace,
  Comma,
  Colon,
  Equal,
  Pipe,
  Dot,
  At,
  Minus,
  Less,
  Greater,
  Plus,
  Times,
  Divide,
];

/** What the parser may meet. */
export const vocabulary: TokenType[] = [
  ...lexed.filter((type) => !unseen.includes(type)),
  ...introducers.values(),
  ...[From, As, In, For, Output],
  ...[OpenParen, OpenBracket, AnyMinus, BinaryOperator, LineLParen, LineLBracket, LineDot, LineMinus],
];

const lexer = new Lexer([...lexed, ...vocabulary.filter((type) => !lexed.includes(type))], {
  positionTracking: 'full',
  ensureOptimizations: true,
  skipValidations: true,
  errorMessageProvider: {
    buildUnexpectedCharactersMessage: () => '',
    buildUnableToPopLexerModeMessage: () => '',
  },
});

export interface Lexed {
  readonly tokens: readonly IToken[];
  /** In the order of the text. */
  readonly comments: readonly IToken[];
  readonly hashComments: readonly IToken[];
  readonly blockComments: readonly IToken[];
  /** Runs of characters that begin no token. */
  readonly unexpected: readonly { readonly offset: number; readonly length: number }[];
}

export function lex(text: string): Lexed {
  const { tokens, groups, errors } = lexer.tokenize(text);
  return {
    tokens,
    comments: groups['comments'] ?? [],
    hashComments: groups['hashComments'] ?? [],
    blockComments: groups['blockComments'] ?? [],
    unexpected: errors,
  };
}
