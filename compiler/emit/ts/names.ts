import { identifier } from '../../base/identifier.ts';
import type { TakenNames } from '../../loop/names.ts';
import { Names } from '../../loop/names.ts';

/** Words that JavaScript or TypeScript keeps for itself, and globals that generated code relies on. */
const words = `
  abstract any arguments as async await boolean break case catch class const continue debugger declare default delete do
  else enum eval export extends false finally for from function get if implements import in infer instanceof interface is
  keyof let module namespace never new null number object of package private protected public readonly require return set
  static string super switch symbol this throw true try type typeof undefined unique unknown var void while with yield
  Array ArrayBuffer Error Float32Array Infinity Int32Array Math NaN Number Object Promise Uint8Array Uint32Array
  constructor globalThis prototype toString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString
  f N expf logf tanhf
`;

export const reservedWords: ReadonlySet<string> = new Set(words.trim().split(/\s+/));

/** Hands out identifiers of JavaScript, none of which is a reserved word or a name of the scope around. */
export class NameScope extends Names {
  constructor(around: TakenNames = reservedWords) {
    super(around);
  }

  /** `wanted` made an identifier; numbered where it is taken, or where `allowed` says no. */
  override unique(wanted: string, allowed?: (name: string) => boolean): string {
    return super.unique(identifier(wanted), allowed);
  }
}
