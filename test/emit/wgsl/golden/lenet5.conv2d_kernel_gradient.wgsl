struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// conv2d_kernel_gradient(x: f32[N, 14, 14, 6], dy: f32[N, 10, 10, 16]) -> y: f32[5, 5, 6, 16]
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
var<workgroup> parts: array<vec4f, 320>;

@compute @workgroup_size(4, 2, 10)
fn conv2d_kernel_gradient(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let N = i32(batch.samples);
  let i1 = i32(workgroup.x);
  let i3_thread = i32(thread.x);
  let i0 = i32(workgroup.y);
  let i2_thread = i32(thread.y);
  let oh_part = i32(thread.z);
  var total_0 = vec4f(0.0);
  var total_1 = vec4f(0.0);
  var total_2 = vec4f(0.0);
  var total_3 = vec4f(0.0);
  for (var n = 0; n < N; n++) {
    for (var ow = 0; ow < 10; ow++) {
      let x_at = n * 1176 + (i0 + oh_part) * 84 + (i1 + ow) * 6 + i2_thread * 4;
      let x_1_0 = x[x_at];
      let x_1_1 = x[x_at + 1];
      var x_1_2 = 0.0;
      if (i2_thread * 4 + 2 < 6) {
        x_1_2 = x[x_at + 2];
      }
      var x_1_3 = 0.0;
      if (i2_thread * 4 + 3 < 6) {
        x_1_3 = x[x_at + 3];
      }
      let dy_1 = dy[n * 400 + oh_part * 40 + ow * 4 + i3_thread];
      total_0 += x_1_0 * dy_1;
      total_1 += x_1_1 * dy_1;
      total_2 += x_1_2 * dy_1;
      total_3 += x_1_3 * dy_1;
    }
  }
  let parts_at = oh_part * 8 + i2_thread * 4 + i3_thread;
  parts[parts_at] = total_0;
  parts[parts_at + 80] = total_1;
  parts[parts_at + 160] = total_2;
  parts[parts_at + 240] = total_3;
  workgroupBarrier();
  if (oh_part < 4) {
    var total = vec4f(0.0);
    for (var oh_part_1 = 0; oh_part_1 < 10; oh_part_1++) {
      total += parts[oh_part * 80 + oh_part_1 * 8 + i2_thread * 4 + i3_thread];
    }
    if (i2_thread * 4 + oh_part < 6) {
      y[i0 * 120 + i1 * 24 + (i2_thread * 4 + oh_part) * 4 + i3_thread] = total;
    }
  }
}
