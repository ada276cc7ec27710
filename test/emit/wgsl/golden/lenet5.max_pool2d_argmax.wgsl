struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// max_pool2d_argmax(x: f32[N, 28, 28, 6], y: f32[N, 14, 14, 6]) -> y_1: i32[N, 14, 14, 6]
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> y_1: array<i32>;

@compute @workgroup_size(6, 14)
fn max_pool2d_argmax(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let h = i32(workgroup.x);
  let c = i32(thread.x);
  let n = i32(workgroup.y);
  let w = i32(thread.y);
  let at = n * 1176 + h * 84 + w * 6 + c;
  let y_1_fixed = y[at];
  var acc = 3;
  for (var kh = 0; kh < 2; kh++) {
    for (var kw = 0; kw < 2; kw++) {
      acc = min(acc, select(3, kh * 2 + kw,
          x[n * 4704 + (h * 2 + kh) * 168 + (w * 2 + kw) * 6 + c] == y_1_fixed));
    }
  }
  y_1[at] = acc;
}
