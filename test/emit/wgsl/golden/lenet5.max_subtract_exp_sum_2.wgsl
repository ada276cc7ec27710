struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// Numbers that no literal can be: infinity and NaN.
fn float_of(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}

// x = 2^e (1 + m), log x = e log 2 + log (1 + m). That of WGSL has an absolute error near log 1 = 0.
fn precise_log(x: f32) -> f32 {
  let tiny = x < 1.1754944e-38;
  let bits = bitcast<i32>(select(x, x * 8388608.0, tiny));
  let f = bitcast<f32>((bits & 0x7fffff) | 0x3f000000);
  let low = f < 0.70710677;
  let e = f32((bits >> 23u) - select(126, 149, tiny) - select(0, 1, low));
  let m = select(f, f + f, low) - 1.0;
  let s = m * m;
  let y = m + (s * m * ((((((((0.0674664 * m - 0.11675652) * m + 0.11888162) * m - 0.12405589) * m +
      0.14219552) * m - 0.16667996) * m + 0.20002119) * m - 0.2500001) * m + 0.33333313) +
      e * -0.00021219444 - s * 0.5) + e * 0.6933594;
  return select(x, select(select(y, float_of(0xff800000u), x == 0.0), float_of(0x7fc00000u), x < 0.0),
      x <= 3.4028234e38);
}

// max_subtract_exp_sum_2(x: f32[N, 10], a: f32[N, 10]) -> y: f32[N, 10], y1: f32[N, 10], y_1: f32[N, 10],
//   y_2: f32[N], y_3: f32[N]
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> a: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> y1: array<f32>;
@group(0) @binding(5) var<storage, read_write> y_1: array<f32>;
@group(0) @binding(6) var<storage, read_write> y_2: array<f32>;
@group(0) @binding(7) var<storage, read_write> y_3: array<f32>;

@compute @workgroup_size(64)
fn max_subtract_exp_sum_2(@builtin(global_invocation_id) global: vec3u) {
  let N = i32(batch.samples);
  let n = i32(global.x);
  if (n < N) {
    var acc = -3.4028234e38;
    for (var r1 = 0; r1 < 10; r1++) {
      acc = max(acc, x[n * 10 + r1]);
    }
    let y_row = acc;
    for (var i1 = 0; i1 < 10; i1++) {
      let at = n * 10 + i1;
      let subtract = x[at] - y_row;
      let exp_1 = exp(subtract);
      y[at] = subtract;
      y1[at] = exp_1;
    }
    var acc_1 = 0.0;
    for (var r1 = 0; r1 < 10; r1++) {
      acc_1 += y1[n * 10 + r1];
    }
    let log_1 = precise_log(acc_1);
    let y_2_row = acc_1;
    let y1_1_row = log_1;
    for (var i1 = 0; i1 < 10; i1++) {
      let at = n * 10 + i1;
      y_1[at] = y1[at] / y_2_row;
    }
    var acc_2 = 0.0;
    for (var r1 = 0; r1 < 10; r1++) {
      let at = n * 10 + r1;
      acc_2 += a[at] * (y[at] - y1_1_row);
    }
    y_2[n] = -acc_2;
    var acc_3 = -3.4028234e38;
    for (var r1 = 0; r1 < 10; r1++) {
      acc_3 = max(acc_3, y_1[n * 10 + r1]);
    }
    y_3[n] = acc_3;
  }
}
