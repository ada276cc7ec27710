struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// conv2d_add_relu_2(x: f32[N, 32, 32, 8], kernel: f32[3, 3, 8, 8], b: f32[8]) -> y: f32[N, 32, 32, 8]
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> kernel: array<vec4f>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
var<workgroup> parts: array<vec4f, 128>;

@compute @workgroup_size(2, 16, 2)
fn conv2d_add_relu_2(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let h = i32(workgroup.x);
  let c_thread = i32(thread.x);
  let n = i32(workgroup.y);
  let w_thread = i32(thread.y);
  let ci_part = i32(thread.z);
  let kh_end = min(33 - h, 3);
  var acc_0 = vec4f(0.0);
  var acc_1 = vec4f(0.0);
  for (var kh = max(1 - h, 0); kh < kh_end; kh++) {
    for (var kw = 0; kw < 3; kw++) {
      var x_1_0 = vec4f(0.0);
      let i = w_thread * 2 + kw;
      let x_at = n * 2048 + (h + kh) * 64 + (w_thread * 2 + kw) * 2 + ci_part;
      if (i - 1 >= 0) {
        x_1_0 = x[x_at - 66];
      }
      var x_1_1 = vec4f(0.0);
      if (i < 32) {
        x_1_1 = x[x_at - 64];
      }
      let kernel_at = kh * 48 + kw * 16 + ci_part * 8 + c_thread;
      let kernel_1_0 = kernel[kernel_at];
      let kernel_1_1 = kernel[kernel_at + 2];
      let kernel_1_2 = kernel[kernel_at + 4];
      let kernel_1_3 = kernel[kernel_at + 6];
      acc_0 += x_1_0.x * kernel_1_0;
      acc_1 += x_1_1.x * kernel_1_0;
      acc_0 += x_1_0.y * kernel_1_1;
      acc_1 += x_1_1.y * kernel_1_1;
      acc_0 += x_1_0.z * kernel_1_2;
      acc_1 += x_1_1.z * kernel_1_2;
      acc_0 += x_1_0.w * kernel_1_3;
      acc_1 += x_1_1.w * kernel_1_3;
    }
  }
  let parts_at = ci_part * 32 + w_thread * 2 + c_thread;
  parts[parts_at] = acc_0;
  parts[parts_at + 64] = acc_1;
  workgroupBarrier();
  var acc = vec4f(0.0);
  for (var ci_part_1 = 0; ci_part_1 < 2; ci_part_1++) {
    acc += parts[ci_part * 64 + ci_part_1 * 32 + w_thread * 2 + c_thread];
  }
  y[n * 2048 + h * 64 + (w_thread * 2 + ci_part) * 2 + c_thread] = max(acc + b[c_thread], vec4f(0.0));
}
