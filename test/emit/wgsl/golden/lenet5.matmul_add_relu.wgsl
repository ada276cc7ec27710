struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// matmul_add_relu(a: f32[N, 400], b: f32[400, 120], b_1: f32[120]) -> y: f32[N, 120]
@group(0) @binding(1) var<storage, read_write> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> b_1: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
var<workgroup> parts: array<vec4f, 250>;

@compute @workgroup_size(10, 1, 25)
fn matmul_add_relu(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let i1_thread = i32(thread.x);
  let n = i32(workgroup.y);
  let k_part = i32(thread.z);
  let i1 = i32(workgroup.x) * 10 + i1_thread;
  var acc = vec4f(0.0);
  for (var k_four = 0; k_four < 4; k_four++) {
    let a_1 = a[n * 100 + k_part * 4 + k_four];
    let b_at = (k_part * 16 + k_four * 4) * 30 + i1;
    let b_2_0 = b[b_at];
    let b_2_1 = b[b_at + 30];
    let b_2_2 = b[b_at + 60];
    let b_2_3 = b[b_at + 90];
    acc += a_1.x * b_2_0;
    acc += a_1.y * b_2_1;
    acc += a_1.z * b_2_2;
    acc += a_1.w * b_2_3;
  }
  parts[k_part * 10 + i1_thread] = acc;
  workgroupBarrier();
  if (k_part == 0) {
    var acc_1 = vec4f(0.0);
    for (var k_part_1 = 0; k_part_1 < 25; k_part_1++) {
      acc_1 += parts[k_part_1 * 10 + i1_thread];
    }
    y[n * 30 + i1] = max(acc_1 + b_1[i1], vec4f(0.0));
  }
}
