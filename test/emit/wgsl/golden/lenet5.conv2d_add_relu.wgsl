struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// conv2d_add_relu(x: f32[N, 28, 28], kernel: f32[5, 5, 6], b: f32[6]) -> y: f32[N, 28, 28, 6]
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read> kernel: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(6, 1, 16)
fn conv2d_add_relu(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let w_block = i32(workgroup.x);
  let c_thread = i32(thread.x);
  let n = i32(workgroup.z);
  let h = i32(workgroup.y) * 16 + i32(thread.z);
  var acc_0 = 0.0;
  var acc_1 = 0.0;
  var acc_2 = 0.0;
  var acc_3 = 0.0;
  if (h < 28) {
    let kh_end = min(30 - h, 5);
    for (var kh = max(2 - h, 0); kh < kh_end; kh++) {
      for (var kw = 0; kw < 5; kw++) {
        var x_1_0 = 0.0;
        let i = w_block * 4 + kw;
        let x_at = n * 784 + (h + kh) * 28 + w_block * 4 + kw;
        if (i - 2 >= 0) {
          x_1_0 = x[x_at - 58];
        }
        var x_1_1 = 0.0;
        if (i - 1 >= 0) {
          x_1_1 = x[x_at - 57];
        }
        var x_1_2 = 0.0;
        if (i < 28) {
          x_1_2 = x[x_at - 56];
        }
        var x_1_3 = 0.0;
        if (i + 1 < 28) {
          x_1_3 = x[x_at - 55];
        }
        let kernel_1 = kernel[kh * 30 + kw * 6 + c_thread];
        acc_0 += x_1_0 * kernel_1;
        acc_1 += x_1_1 * kernel_1;
        acc_2 += x_1_2 * kernel_1;
        acc_3 += x_1_3 * kernel_1;
      }
    }
  }
  if (h < 28) {
    let y_at = n * 4704 + h * 168 + w_block * 24 + c_thread;
    y[y_at] = max(acc_0 + b[c_thread], 0.0);
    y[y_at + 6] = max(acc_1 + b[c_thread], 0.0);
    y[y_at + 12] = max(acc_2 + b[c_thread], 0.0);
    y[y_at + 18] = max(acc_3 + b[c_thread], 0.0);
  }
}
