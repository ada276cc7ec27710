struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// matmul_add_relu(a: f32[N, 400], b: f32[400, 120], b_1: f32[120]) -> y: f32[N, 120]
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> b_1: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
var<workgroup> parts: array<vec4f, 240>;

@compute @workgroup_size(3, 2, 40)
fn matmul_add_relu(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let N = i32(batch.samples);
  let i1_thread = i32(thread.x);
  let n_thread = i32(thread.y);
  let k_part = i32(thread.z);
  let i1 = i32(workgroup.x) * 3 + i1_thread;
  let n = i32(workgroup.y) * 2 + n_thread;
  var acc = vec4f(0.0);
  if (n < N) {
    for (var k_step = 0; k_step < 10; k_step++) {
      let a_1 = a[n * 400 + k_part * 10 + k_step];
      let b_2 = b[(k_part * 10 + k_step) * 30 + i1];
      acc += a_1 * b_2;
    }
  }
  parts[k_part * 6 + n_thread * 3 + i1_thread] = acc;
  workgroupBarrier();
  if (k_part == 0) {
    var acc_1 = vec4f(0.0);
    for (var k_part_1 = 0; k_part_1 < 40; k_part_1++) {
      acc_1 += parts[k_part_1 * 6 + n_thread * 3 + i1_thread];
    }
    if (n < N) {
      y[n * 30 + i1] = max(acc_1 + b_1[i1], vec4f(0.0));
    }
  }
}
