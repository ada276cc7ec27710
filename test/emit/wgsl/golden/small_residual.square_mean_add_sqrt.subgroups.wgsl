enable subgroups;

struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// square_mean_add_sqrt(x: f32[N, 1024, 8], a: f32[8]) -> y: f32[8], y1: f32[8], y2: f32[8]
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> y1: array<f32>;
@group(0) @binding(5) var<storage, read_write> y2: array<f32>;
var<workgroup> total_parts: array<f32, 256>;

@compute @workgroup_size(256)
fn square_mean_add_sqrt(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) thread_index: u32,
) {
  let N = i32(batch.samples);
  let i0 = i32(workgroup.x);
  let t = i32(thread.x);
  let lane = subgroupExclusiveAdd(1u);
  let lanes = subgroupAdd(1u);
  var total = 0.0;
  for (var r0 = 0; r0 < N; r0++) {
    for (var r1r2_step = 0; r1r2_step < 4; r1r2_step++) {
      let x0 = x[r0 * 8192 + (r1r2_step * 256 + t) * 8 + i0];
      total += x0 * x0;
    }
  }
  total_parts[thread_index] = total;
  workgroupBarrier();
  total = 0.0;
  for (var i = lane; i < 256u; i += lanes) {
    total += total_parts[i];
  }
  total = subgroupAdd(total);
  if (t == 0) {
    let mean = total / f32(N * 1024);
    let sqrt_1 = sqrt(mean + 0.001);
    let divide = a[i0] / sqrt_1;
    y[i0] = mean;
    y1[i0] = sqrt_1;
    y2[i0] = divide;
  }
}
