/** Bound kernels that use each form of statement, buffer and access. */
import type { Kernel } from '../../../compiler/loop/ir.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';

const texts = {
  /** Threads of one number, the last of them beyond the end. */
  guarded: `kernel guarded [elementwise](x: f32[N, 10], w: f32[10]) -> (y: f32[N, 10], z: f32[3]) {
    for g: N in 0..floor((10 * N + 63) / 64) bind(workgroup_x) {
      for t: 64 in 0..64 bind(thread_x) {
        if 0 <= 64 * g + t < N { y[64 * g + t, 3] = x[64 * g + t, 3] * w[3] }
        if 0 <= 64 * g + t - 1 < N { y[64 * g + t - 1, 4] = x[64 * g + t - 1, 4] - w[4] }
        if 0 <= 64 * g + t - 2 < 3 { z[64 * g + t - 2] = w[64 * g + t - 2] }
      }
    }
  }`,
  /** Sums over a window that is cut off at the border, in four lanes. */
  window: `kernel window [window](x: f32[N, 9, 8]) -> (y: f32[N, 4, 8]) {
    for n: N in 0..N bind(workgroup_z) {
      for i: 4 in 0..4 bind(thread_y) {
        for c: 2 in 0..2 bind(thread_x) {
          alloc register acc: f32[4]
          for l: 4 in 0..4 vectorize { acc[l] = 0.0 }
          for k: 5 in max(0, -2 * i + 2)..min(5, -2 * i + 11) {
            for l: 4 in 0..4 vectorize { acc[l] add= x[n, 2 * i + k - 2, 4 * c + l] }
          }
          for l: 4 in 0..4 vectorize { y[n, i, 4 * c + l] = max(acc[l], 0.0) }
        }
      }
    }
  }`,
  /** Bounds that are quotients of numbers below 0. */
  quotients: `kernel quotients [window](x: f32[10]) -> (y: f32[12], count: i32[12]) {
    for i: 12 in 0..12 bind(thread_x) {
      alloc register acc: f32[]
      alloc register seen: i32[]
      acc[] = 0.0
      seen[] = 0i32
      for k: 7 in max(floor((i - 7) / 3), floor((2 * i - 11) / 4))..min(7, floor((i + 5) / 3), floor((-i + 20) / 2)) {
        acc[] add= x[k + 3]
        seen[] add= index(k + 1)
      }
      y[i] = acc[]
      count[i] = seen[]
    }
  }`,
  /** A tile of four by eight results for each thread, operands in the memory of the workgroup. */
  tile: `kernel tile [contraction](a: f32[N, 24], b: f32[24, 32], c: f32[32]) -> (y: f32[N, 32]) {
    for rows: N in 0..floor((N + 7) / 8) bind(workgroup_y) {
      for columns: 2 in 0..2 bind(workgroup_x) {
        alloc workgroup as: f32[8, 8]
        alloc workgroup bs: f32[8, 16]
        for ty: 2 in 0..2 bind(thread_y) {
          for tx: 2 in 0..2 bind(thread_x) {
            alloc register acc: f32[4, 2, 4]
            for i: 4 in 0..4 unroll {
              for j: 2 in 0..2 unroll { for l: 4 in 0..4 vectorize { acc[i, j, l] = 0.0 } }
            }
            for block: 3 in 0..3 {
              for r: 4 in 0..4 unroll {
                for l: 4 in 0..4 vectorize { as[4 * ty + r, 4 * tx + l] = 0.0 }
                if 0 <= 8 * rows + 4 * ty + r < N {
                  for l: 4 in 0..4 vectorize {
                    as[4 * ty + r, 4 * tx + l] = a[8 * rows + 4 * ty + r, 8 * block + 4 * tx + l]
                  }
                }
              }
              for r: 4 in 0..4 {
                for h: 2 in 0..2 unroll {
                  for l: 4 in 0..4 vectorize {
                    bs[4 * ty + r, 8 * h + 4 * tx + l] = b[8 * block + 4 * ty + r, 16 * columns + 8 * h + 4 * tx + l]
                  }
                }
              }
              barrier
              for k: 8 in 0..8 {
                for i: 4 in 0..4 unroll {
                  for j: 2 in 0..2 unroll {
                    for l: 4 in 0..4 vectorize { acc[i, j, l] add= as[4 * ty + i, k] * bs[k, 8 * tx + 4 * j + l] }
                  }
                }
              }
              barrier
            }
            for i: 4 in 0..4 unroll {
              if 0 <= 8 * rows + 4 * ty + i < N {
                for j: 2 in 0..2 unroll {
                  for l: 4 in 0..4 vectorize {
                    y[8 * rows + 4 * ty + i, 16 * columns + 8 * tx + 4 * j + l] = max(acc[i, j, l] + c[16 * columns + 8 * tx + 4 * j + l], 0.0)
                  }
                }
              }
            }
          }
        }
      }
    }
  }`,
  /** One row for each workgroup: threads take turns, then add up in a tree. */
  tree: `kernel tree [reduction](x: f32[N, 100]) -> (y: f32[N], z: f32[N, 100]) {
    for n: N in 0..N bind(workgroup_x) {
      alloc workgroup parts: f32[16]
      for t: 16 in 0..16 bind(thread_x) {
        alloc register acc: f32[]
        acc[] = 0.0
        for s: 7 in 0..floor((-t + 115) / 16) { acc[] add= x[n, 16 * s + t] }
        parts[t] = acc[]
        barrier
        if 0 <= t < 8 { parts[t] add= parts[t + 8] }
        barrier
        if 0 <= t < 4 { parts[t] add= parts[t + 4] }
        barrier
        if 0 <= t < 2 { parts[t] add= parts[t + 2] }
        barrier
        if 0 <= t < 1 { y[n] = parts[0] + parts[1] }
        for s: 7 in 0..floor((-t + 115) / 16) { z[n, 16 * s + t] = x[n, 16 * s + t] - (parts[0] + parts[1]) }
      }
    }
  }`,
  /** Elements at computed places, clamped. */
  gather: `kernel gather [elementwise](x: f32[N, 8], at: i32[12]) -> (y: f32[12, 8], z: f32[12]) {
    for i: 12 in 0..12 bind(thread_x) {
      for h: 8 in 0..8 { y[i, h] = x[clamp(at[i] - 3i32), h] }
      z[i] = x[clamp(at[i]), clamp(at[i] * 2i32)]
    }
  }`,
  /** Lanes that are not neighbours, or do not begin at a multiple of four; components of what is vec4 elsewhere. */
  scattered: `kernel scattered [elementwise](x: f32[N, 8], u: f32[8, 4], v: f32[12], w: f32[8]) -> (y: f32[N, 4], z: f32[N, 9], s: f32[N]) {
    for n: N in 0..N bind(workgroup_x) {
      for l: 4 in 0..4 vectorize { y[n, l] = x[n, 2 * l] * u[l + 1, 2] + v[l + 3] }
      for l: 4 in 0..4 vectorize { z[n, 2 * l + 1] = w[l] + w[5] }
      z[n, 0] = w[2]
      for k: 2 in 0..2 { s[n] = w[4 * k + 3] }
      z[n, 2] = 1.0
      z[n, 4] = 2.0
      z[n, 6] = 3.0
      z[n, 8] = 4.0
    }
  }`,
  /** Registers that loops index, as elements and in fours. */
  registers: `kernel registers [elementwise](x: f32[N, 16]) -> (y: f32[N, 16], t: f32[N]) {
    for n: N in 0..N bind(workgroup_x) {
      alloc register r: f32[4, 4]
      alloc register s: f32[6]
      for i: 4 in 0..4 { for l: 4 in 0..4 vectorize { r[i, l] = x[n, 4 * i + l] } }
      for i: 6 in 0..6 { s[i] = x[n, 2 * i] }
      for i: 4 in 1..4 { for l: 4 in 0..4 vectorize { y[n, 4 * i + l] = r[i - 1, l] * s[i + 1] } }
      for l: 4 in 0..4 vectorize { y[n, l] = r[3, l] }
      alloc register sum: f32[]
      sum[] = 0.0
      for i: 4 in 0..4 { for l: 4 in 0..4 { sum[] add= r[i, l] } }
      t[n] = sum[] + r[2, 1] - s[5]
    }
  }`,
  /** Windows of larger buffers. */
  strided: `kernel strided [elementwise](x: f32[N, 4, 4] strides [96, 24, 1] offset 8) -> (y: f32[N, 4, 4] strides [96, 24, 1] offset 17) {
    for n: N in 0..N bind(workgroup_x) {
      for i: 4 in 0..4 bind(thread_x) { for l: 4 in 0..4 vectorize { y[n, i, l] = x[n, i, l] + 1.0 } }
    }
  }`,
  /** Bools, bytes and whole numbers in memory, in registers and combined. */
  types: `kernel types [reduction](x: f32[N, 8], u: u8[N, 8], i: i32[N, 8]) -> (every: bool[N], some: bool[N, 4], bytes: u8[N], wholes: i32[N, 8], same: bool[N, 8]) {
    for n: N in 0..N bind(workgroup_x) {
      alloc register all: bool[]
      alloc register sum: u8[]
      alloc register most: i32[]
      all[] = true
      sum[] = 200u8
      most[] = -2147483648i32
      for k: 8 in 0..8 {
        all[] and= x[n, k] > 0.0
        sum[] add= u[n, k]
        most[] max= i[n, k]
      }
      every[n] = all[]
      bytes[n] = sum[]
      for h: 2 in 0..2 {
        for l: 4 in 0..4 vectorize { wholes[n, 4 * h + l] = i[n, 4 * h + l] * index(4 * h + 3 * l + 1) + most[] }
        for l: 4 in 0..4 vectorize { same[n, 4 * h + l] = x[n, 4 * h + l] > 0.25 }
      }
      for l: 4 in 0..4 vectorize { some[n, l] = false }
      for l: 4 in 0..4 vectorize { some[n, l] or= x[n, l] > 0.5 }
      for l: 4 in 0..4 vectorize { some[n, l] or= x[n, l + 4] > 0.5 }
    }
  }`,
  /** Two axes over workgroups that count one thing. */
  batch: `kernel batch [elementwise](x: f32[N, 4]) -> (y: f32[N, 4]) {
    for high: N in 0..floor((N + 11) / 12) bind(workgroup_y) {
      for low: 3 in 0..3 bind(workgroup_x) {
        for t: 4 in 0..4 bind(thread_x) {
          if 0 <= 12 * high + 4 * low + t < N {
            for l: 4 in 0..4 vectorize { y[12 * high + 4 * low + t, l] = x[12 * high + 4 * low + t, l] / f32(N) }
          }
        }
      }
    }
  }`,
} as const;

export const kernels: ReadonlyMap<string, Kernel> = new Map(
  Object.entries(texts).map(([name, text]) => [name, parseKernel(text)]),
);
