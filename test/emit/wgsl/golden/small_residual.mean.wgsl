struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// mean(x: f32[N, 1024, 8]) -> y: f32[8]
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
var<workgroup> total_parts: array<f32, 256>;

@compute @workgroup_size(256)
fn mean(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let N = i32(batch.samples);
  let i0 = i32(workgroup.x);
  let t = i32(thread.x);
  var total = 0.0;
  for (var r0 = 0; r0 < N; r0++) {
    for (var r1r2_step = 0; r1r2_step < 4; r1r2_step++) {
      total += x[r0 * 8192 + (r1r2_step * 256 + t) * 8 + i0];
    }
  }
  total_parts[t] = total;
  workgroupBarrier();
  if (t < 16) {
    for (var total_row = 0; total_row < 15; total_row++) {
      total_parts[t] += total_parts[total_row * 16 + t + 16];
    }
  }
  workgroupBarrier();
  total = total_parts[0];
  for (var total_part = 0; total_part < 15; total_part++) {
    total += total_parts[total_part + 1];
  }
  if (t == 0) {
    y[i0] = total / f32(N * 1024);
  }
}
