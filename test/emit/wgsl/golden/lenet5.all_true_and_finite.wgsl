struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// Tests the exponent: compilers may take for granted that there is no NaN.
fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

// all_true_and_finite(flags: bool[64], xs: f32[N], xs_1: f32[6], xs_2: f32[10], xs_3: f32[16], xs_4: f32[84],
//   xs_5: f32[120]) -> y: bool[]
@group(0) @binding(1) var<storage, read_write> flags: array<u32>;
@group(0) @binding(2) var<storage, read_write> xs: array<f32>;
@group(0) @binding(3) var<storage, read_write> xs_1: array<f32>;
@group(0) @binding(4) var<storage, read_write> xs_2: array<f32>;
@group(0) @binding(5) var<storage, read_write> xs_3: array<f32>;
@group(0) @binding(6) var<storage, read_write> xs_4: array<f32>;
@group(0) @binding(7) var<storage, read_write> xs_5: array<f32>;
@group(0) @binding(8) var<storage, read_write> y: array<u32>;
var<workgroup> acc_parts: array<bool, 32>;

@compute @workgroup_size(32)
fn all_true_and_finite(@builtin(local_invocation_id) thread: vec3u) {
  let N = i32(batch.samples);
  let t = i32(thread.x);
  var acc = true;
  for (var i0_step = 0; i0_step < 2; i0_step++) {
    acc = acc && flags[i0_step * 32 + t] != 0u;
  }
  let n_step_end = (N - t + 31) / 32;
  for (var n_step = 0; n_step < n_step_end; n_step++) {
    acc = acc && is_finite(xs[n_step * 32 + t]);
  }
  let i0_1_step_end = (37 - t) / 32;
  for (var i0_1_step = 0; i0_1_step < i0_1_step_end; i0_1_step++) {
    acc = acc && is_finite(xs_1[i0_1_step * 32 + t]);
  }
  let i0_2_step_end = (41 - t) / 32;
  for (var i0_2_step = 0; i0_2_step < i0_2_step_end; i0_2_step++) {
    acc = acc && is_finite(xs_2[i0_2_step * 32 + t]);
  }
  let i0_3_step_end = (47 - t) / 32;
  for (var i0_3_step = 0; i0_3_step < i0_3_step_end; i0_3_step++) {
    acc = acc && is_finite(xs_3[i0_3_step * 32 + t]);
  }
  let i0_4_step_end = (115 - t) / 32;
  for (var i0_4_step = 0; i0_4_step < i0_4_step_end; i0_4_step++) {
    acc = acc && is_finite(xs_4[i0_4_step * 32 + t]);
  }
  let i0_5_step_end = (151 - t) / 32;
  for (var i0_5_step = 0; i0_5_step < i0_5_step_end; i0_5_step++) {
    acc = acc && is_finite(xs_5[i0_5_step * 32 + t]);
  }
  acc_parts[t] = acc;
  workgroupBarrier();
  if (t < 8) {
    for (var acc_row = 0; acc_row < 3; acc_row++) {
      acc_parts[t] = acc_parts[t] && acc_parts[acc_row * 8 + t + 8];
    }
  }
  workgroupBarrier();
  acc = acc_parts[0];
  for (var acc_part = 0; acc_part < 7; acc_part++) {
    acc = acc && acc_parts[acc_part + 1];
  }
  if (t == 0) {
    y[0] = u32(acc);
  }
}
