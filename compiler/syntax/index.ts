/** Syntax of `.cnn` files and of graph text: text ↔ tree. */
export type * from './ast.ts';
export { format } from './format.ts';
export { parse, type Parse } from './parse.ts';
