import { identifier } from '../../base/identifier.ts';
import type { TakenNames } from '../../loop/names.ts';
import { Names } from '../../loop/names.ts';

/**
 * Keywords and reserved words of WGSL, its types and functions (https://www.w3.org/TR/WGSL/), and what shaders declare. A
 * type or function may be declared anew, but then it is hidden from what follows.
 */
const words = `
  alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop
  override requires return struct switch true var while
  NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become binding_array cast catch
  class co_await co_return co_yield coherent column_major common compile compile_fragment concept const_cast consteval
  constexpr constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit export extends
  extern external fallthrough filter final finally friend from fxgroup get goto groupshared highp impl implements import
  inline instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut mutable namespace new nil
  noexcept noinline nointerpolation non_coherent noncoherent noperspective null nullptr of operator package packoffset partition
  pass patch pixelfragment precise precision premerge priv protected pub public readonly ref regardless register
  reinterpret_cast require resource restrict self set shared sizeof smooth snorm static static_assert static_cast std
  subroutine super target template this thread_local throw trait try type typedef typeid typename typeof union unless unorm
  unsafe unsized use using varying virtual volatile wgsl where with writeonly yield
  array atomic bool f16 f32 i32 u32 ptr sampler sampler_comparison vec2 vec3 vec4 vec2f vec3f vec4f vec2h vec3h vec4h vec2i
  vec3i vec4i vec2u vec3u vec4u function private workgroup uniform storage read write read_write
  bitcast all any select arrayLength abs acos acosh asin asinh atan atanh atan2 ceil clamp cos cosh countLeadingZeros
  countOneBits countTrailingZeros cross degrees determinant distance dot dot4U8Packed dot4I8Packed exp exp2 extractBits
  faceForward firstLeadingBit firstTrailingBit floor fma fract frexp insertBits inverseSqrt ldexp length log log2 max min mix
  modf normalize pow quantizeToF16 radians reflect refract reverseBits round saturate sign sin sinh smoothstep sqrt step tan
  tanh transpose trunc storageBarrier workgroupBarrier workgroupUniformLoad textureBarrier atomicAdd atomicMax atomicMin
  subgroupAdd subgroupExclusiveAdd subgroupMax subgroupMin subgroupMul subgroupAnd subgroupOr subgroupAll subgroupAny
  subgroupShuffle subgroupBroadcast quadBroadcast
  Batch batch thread global N
`;

export const reservedWords: ReadonlySet<string> = new Set(words.trim().split(/\s+/));

export const shaderName = (name: string): string => identifier(name, 64);

/** The names of one block of a shader, none of which a block around it has. */
export class NameScope extends Names {
  constructor(around: TakenNames = reservedWords) {
    super(around);
  }

  /** `wanted` itself where it is an identifier and free. */
  exact(wanted: string): string {
    const name = shaderName(wanted);
    if (this.has(name)) return this.unique(name);
    this.reserve(name);
    return name;
  }

  /** `wanted` made an identifier, with another number behind it where that is taken, or where `allowed` says no. */
  override unique(wanted: string, allowed?: (name: string) => boolean): string {
    return super.unique(shaderName(wanted).replace(/_\d+$/, ''), allowed);
  }
}
