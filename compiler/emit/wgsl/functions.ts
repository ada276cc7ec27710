/** Functions that shaders share: what WGSL has not, or not exactly enough. */
import type { DType } from '../../base/types.ts';
import type { Value } from './expression.ts';
import { call } from './expression.ts';

type HelperName = keyof typeof texts | 'precise_log' | 'precise_tanh';

/** The functions that a program uses. */
export class Helpers {
  readonly #used = new Set<string>();

  /** A call of the function for one value or, with a 4 behind its name, for four. */
  call(helper: HelperName, dtype: DType, ...args: readonly Value[]): Value {
    const wide = args.some((arg) => arg.wide);
    const callee = wide ? `${helper}4` : helper;
    // Functions of four values may call those of one.
    this.#used.add(helper);
    this.#used.add(callee);
    return call(callee, dtype, ...args);
  }

  uses(callee: string): boolean {
    return this.#used.has(callee);
  }

  /** The text of those that are not mathematics, one after another. */
  texts(): readonly string[] {
    return Object.entries(texts).flatMap(([name, text]) => {
      const four: string | undefined = fours[name];
      return [
        ...(this.uses(name) ? [text] : []),
        ...(this.uses(`${name}4`) && four !== undefined ? [four] : []),
      ];
    });
  }
}

/** Names of the module that no kernel may have. */
export const helperNames = (): readonly string[] =>
  [...Object.keys(texts), 'precise_log', 'precise_tanh'].flatMap((name) => [name, `${name}4`]);

const texts = {
  is_finite: `
// Tests the exponent: compilers may take for granted that there is no NaN.
fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}`,
  float_of: `
// Numbers that no literal can be: infinity and NaN.
fn float_of(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}`,
  floor_div: `
// floor(a / b) for b > 0
fn floor_div(a: i32, b: i32) -> i32 {
  return select(a, a - (b - 1), a < 0) / b;
}`,
  to_i32: `
// Cuts off the fraction and saturates; NaN becomes 0.
fn to_i32(x: f32) -> i32 {
  let inside = i32(clamp(x, -2147483648.0, 2147483520.0));
  let saturated = select(inside, 2147483647, x >= 2147483648.0);
  return select(saturated, 0, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}`,
  to_u32: `
// Cuts off the fraction and saturates; NaN becomes 0.
fn to_u32(x: f32) -> u32 {
  let inside = u32(clamp(x, 0.0, 4294967040.0));
  let saturated = select(inside, 4294967295u, x >= 4294967296.0);
  return select(saturated, 0u, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}`,
  to_u8: `
// Cuts off the fraction and saturates at 255; NaN becomes 0.
fn to_u8(x: f32) -> u32 {
  return select(u32(clamp(x, 0.0, 255.0)), 0u, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}`,
} as const;

const eachOf = (name: string, type: string): string => `
fn ${name}4(x: vec4f) -> ${type} {
  return ${type}(${name}(x.x), ${name}(x.y), ${name}(x.z), ${name}(x.w));
}`;

const fours: Readonly<Record<string, string>> = {
  is_finite: `
fn is_finite4(x: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(x) & vec4u(0x7f800000u)) != vec4u(0x7f800000u);
}`,
  to_i32: eachOf('to_i32', 'vec4i'),
  to_u32: eachOf('to_u32', 'vec4u'),
  to_u8: eachOf('to_u8', 'vec4u'),
};
