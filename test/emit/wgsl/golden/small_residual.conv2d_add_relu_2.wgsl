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
var<workgroup> parts: array<vec4f, 192>;

@compute @workgroup_size(2, 16, 3)
fn conv2d_add_relu_2(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let h = i32(workgroup.x);
  let c_thread = i32(thread.x);
  let n = i32(workgroup.y);
  let w_thread = i32(thread.y);
  let kh_part = i32(thread.z);
  var acc_0 = vec4f(0.0);
  var acc_1 = vec4f(0.0);
  let i = h + kh_part - 1;
  if (i >= 0 && i < 32) {
    for (var kw = 0; kw < 3; kw++) {
      for (var ci_four = 0; ci_four < 2; ci_four++) {
        var x_1_0 = vec4f(0.0);
        let i_1 = w_thread * 2 + kw;
        let x_at = n * 2048 + (h + kh_part) * 64 + (w_thread * 2 + kw) * 2 + ci_four;
        if (i_1 - 1 >= 0) {
          x_1_0 = x[x_at - 66];
        }
        var x_1_1 = vec4f(0.0);
        if (i_1 < 32) {
          x_1_1 = x[x_at - 64];
        }
        let kernel_at = kh_part * 48 + kw * 16 + ci_four * 8 + c_thread;
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
  }
  let parts_at = kh_part * 32 + w_thread * 2 + c_thread;
  parts[parts_at] = acc_0;
  parts[parts_at + 96] = acc_1;
  workgroupBarrier();
  if (kh_part < 2) {
    var acc = vec4f(0.0);
    for (var kh_part_1 = 0; kh_part_1 < 3; kh_part_1++) {
      acc += parts[kh_part * 96 + kh_part_1 * 32 + w_thread * 2 + c_thread];
    }
    y[n * 2048 + h * 64 + (w_thread * 2 + kh_part) * 2 + c_thread] = max(acc + b[c_thread], vec4f(0.0));
  }
}
