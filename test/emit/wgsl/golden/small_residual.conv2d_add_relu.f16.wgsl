enable f16;

struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// conv2d_add_relu(x: f32[N, 16, 16, 16] stored f16, kernel: f32[3, 3, 16, 32] stored f16,
//   b: f32[32]) -> y: f32[N, 8, 8, 32] stored f16
@group(0) @binding(1) var<storage, read_write> x: array<vec4h>;
@group(0) @binding(2) var<storage, read> kernel: array<vec4h>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4h>;
var<workgroup> parts: array<vec4f, 256>;

@compute @workgroup_size(8, 4, 4)
fn conv2d_add_relu(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let h = i32(workgroup.x);
  let c_thread = i32(thread.x);
  let n = i32(workgroup.y);
  let w_thread = i32(thread.y);
  let ci_part = i32(thread.z);
  let kh_end = min(16 - h * 2, 3);
  var acc_0 = vec4f(0.0);
  var acc_1 = vec4f(0.0);
  for (var kh = 0; kh < kh_end; kh++) {
    for (var kw = 0; kw < 3; kw++) {
      let x_at = n * 1024 + (h * 2 + kh) * 64 + (w_thread * 4 + kw) * 4 + ci_part;
      let x_1_0 = vec4f(x[x_at]);
      var x_1_1 = vec4f(0.0);
      if (13 - w_thread * 4 - kw >= 0) {
        x_1_1 = vec4f(x[x_at + 8]);
      }
      let kernel_at = kh * 384 + kw * 128 + ci_part * 32 + c_thread;
      let kernel_1_0 = vec4f(kernel[kernel_at]);
      let kernel_1_1 = vec4f(kernel[kernel_at + 8]);
      let kernel_1_2 = vec4f(kernel[kernel_at + 16]);
      let kernel_1_3 = vec4f(kernel[kernel_at + 24]);
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
  let parts_at = ci_part * 32 + w_thread * 8 + c_thread;
  parts[parts_at] = acc_0;
  parts[parts_at + 128] = acc_1;
  workgroupBarrier();
  if (ci_part < 2) {
    var acc = vec4f(0.0);
    for (var ci_part_1 = 0; ci_part_1 < 4; ci_part_1++) {
      acc += parts[ci_part * 128 + ci_part_1 * 32 + w_thread * 8 + c_thread];
    }
    y[n * 512 + h * 64 + (w_thread * 2 + ci_part) * 8 + c_thread] =
        vec4h(clamp(max(acc + b[c_thread], vec4f(0.0)), vec4f(-65504.0), vec4f(65504.0)));
  }
}
