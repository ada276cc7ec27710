struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// conv2d_add_relu_2(x: f32[N, 32, 32, 8], kernel: f32[3, 3, 8, 8], b: f32[8]) -> y: f32[N, 32, 32, 8]
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read> kernel: array<vec4f>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
var<workgroup> parts: array<vec4f, 512>;

@compute @workgroup_size(2, 4, 8)
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
  var acc_2 = vec4f(0.0);
  var acc_3 = vec4f(0.0);
  var acc_4 = vec4f(0.0);
  var acc_5 = vec4f(0.0);
  var acc_6 = vec4f(0.0);
  var acc_7 = vec4f(0.0);
  for (var kh = max(1 - h, 0); kh < kh_end; kh++) {
    for (var kw = 0; kw < 3; kw++) {
      var x_1_0 = 0.0;
      let i = w_thread * 8 + kw;
      let x_at = n * 8192 + (h + kh) * 256 + (w_thread * 8 + kw) * 8 + ci_part;
      if (i - 1 >= 0) {
        x_1_0 = x[x_at - 264];
      }
      let x_1_1 = x[x_at - 256];
      let x_1_2 = x[x_at - 248];
      let x_1_3 = x[x_at - 240];
      let x_1_4 = x[x_at - 232];
      let x_1_5 = x[x_at - 224];
      let x_1_6 = x[x_at - 216];
      var x_1_7 = 0.0;
      if (i + 6 < 32) {
        x_1_7 = x[x_at - 208];
      }
      let kernel_1 = kernel[kh * 48 + kw * 16 + ci_part * 2 + c_thread];
      acc_0 += x_1_0 * kernel_1;
      acc_1 += x_1_1 * kernel_1;
      acc_2 += x_1_2 * kernel_1;
      acc_3 += x_1_3 * kernel_1;
      acc_4 += x_1_4 * kernel_1;
      acc_5 += x_1_5 * kernel_1;
      acc_6 += x_1_6 * kernel_1;
      acc_7 += x_1_7 * kernel_1;
    }
  }
  let parts_at = ci_part * 8 + w_thread * 2 + c_thread;
  parts[parts_at] = acc_0;
  parts[parts_at + 64] = acc_1;
  parts[parts_at + 128] = acc_2;
  parts[parts_at + 192] = acc_3;
  parts[parts_at + 256] = acc_4;
  parts[parts_at + 320] = acc_5;
  parts[parts_at + 384] = acc_6;
  parts[parts_at + 448] = acc_7;
  workgroupBarrier();
  var acc = vec4f(0.0);
  for (var ci_part_1 = 0; ci_part_1 < 8; ci_part_1++) {
    acc += parts[ci_part * 64 + ci_part_1 * 8 + w_thread * 2 + c_thread];
  }
  y[n * 2048 + h * 64 + (w_thread * 8 + ci_part) * 2 + c_thread] = max(acc + b[c_thread], vec4f(0.0));
}
