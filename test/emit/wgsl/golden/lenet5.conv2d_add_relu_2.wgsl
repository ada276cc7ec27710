struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// conv2d_add_relu_2(x: f32[N, 14, 14, 6], kernel: f32[5, 5, 6, 16], b: f32[16]) -> y: f32[N, 10, 10, 16]
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read> kernel: array<vec4f>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
var<workgroup> parts: array<vec4f, 240>;

@compute @workgroup_size(4, 5, 6)
fn conv2d_add_relu_2(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let h = i32(workgroup.x);
  let c_thread = i32(thread.x);
  let n = i32(workgroup.y);
  let w_thread = i32(thread.y);
  let ci_part = i32(thread.z);
  var acc_0 = vec4f(0.0);
  var acc_1 = vec4f(0.0);
  for (var kh = 0; kh < 5; kh++) {
    for (var kw = 0; kw < 5; kw++) {
      let x_at = n * 1176 + (h + kh) * 84 + (w_thread * 2 + kw) * 6 + ci_part;
      let x_1_0 = x[x_at];
      let x_1_1 = x[x_at + 6];
      let kernel_1 = kernel[kh * 120 + kw * 24 + ci_part * 4 + c_thread];
      acc_0 += x_1_0 * kernel_1;
      acc_1 += x_1_1 * kernel_1;
    }
  }
  let parts_at = ci_part * 20 + w_thread * 4 + c_thread;
  parts[parts_at] = acc_0;
  parts[parts_at + 120] = acc_1;
  workgroupBarrier();
  if (ci_part < 2) {
    var acc = vec4f(0.0);
    for (var ci_part_1 = 0; ci_part_1 < 6; ci_part_1++) {
      acc += parts[ci_part * 120 + ci_part_1 * 20 + w_thread * 4 + c_thread];
    }
    y[n * 400 + h * 40 + (w_thread * 2 + ci_part) * 4 + c_thread] = max(acc + b[c_thread], vec4f(0.0));
  }
}
