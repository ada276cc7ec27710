struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// Cuts off the fraction and saturates; NaN becomes 0.
fn to_i32(x: f32) -> i32 {
  let inside = i32(clamp(x, -2147483648.0, 2147483520.0));
  let saturated = select(inside, 2147483647, x >= 2147483648.0);
  return select(saturated, 0, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}

// Cuts off the fraction and saturates at 255; NaN becomes 0.
fn to_u8(x: f32) -> u32 {
  return select(u32(clamp(x, 0.0, 255.0)), 0u, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}

// translate_cast_multiply(x: u8[N, 28, 28], offset: f32[N, 2]) -> y: f32[N, 28, 28]
@group(0) @binding(1) var<storage, read_write> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> offset: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(28, 2)
fn translate_cast_multiply(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let w = i32(thread.x);
  let n = i32(workgroup.y);
  let h = i32(workgroup.x) * 2 + i32(thread.y);
  let y_1 = f32(h) - offset[n * 2];
  let y_floor = floor(y_1);
  let y_part = y_1 - y_floor;
  let y_first = to_i32(y_floor);
  let rem0 = (y_first % 56 + 56) % 56;
  let y_a = min(rem0, 55 - rem0);
  let rem1 = ((y_first + 1) % 56 + 56) % 56;
  let y_b = min(rem1, 55 - rem1);
  let x_1 = f32(w) - offset[n * 2 + 1];
  let x_floor = floor(x_1);
  let x_part = x_1 - x_floor;
  let x_first = to_i32(x_floor);
  let rem2 = (x_first % 56 + 56) % 56;
  let x_a = min(rem2, 55 - rem2);
  let rem3 = ((x_first + 1) % 56 + 56) % 56;
  let x_b = min(rem3, 55 - rem3);
  let sub0 = 1.0 - x_part;
  let translate = to_u8(floor((f32(x[n * 784 + clamp(y_a, 0, 27) * 28 + clamp(x_a, 0, 27)]) * sub0 +
      f32(x[n * 784 + clamp(y_a, 0, 27) * 28 + clamp(x_b, 0, 27)]) * x_part) * (1.0 - y_part) +
      (f32(x[n * 784 + clamp(y_b, 0, 27) * 28 + clamp(x_a, 0, 27)]) * sub0 +
      f32(x[n * 784 + clamp(y_b, 0, 27) * 28 + clamp(x_b, 0, 27)]) * x_part) * y_part + 0.5));
  y[n * 784 + h * 28 + w] = f32(translate) * 0.003921569;
}
