struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// subtract_multiply_add_square(a: f32[150], b: f32[150], b_1: f32[150], a_1: f32[],
//   a_2: f32[150]) -> b: f32[150], b_1: f32[150], a_2: f32[150]
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> b_1: array<f32>;
@group(0) @binding(4) var<storage, read> a_1: array<f32>;
@group(0) @binding(5) var<storage, read_write> a_2: array<f32>;

@compute @workgroup_size(64)
fn subtract_multiply_add_square(@builtin(global_invocation_id) global: vec3u) {
  if (batch.go == 0u) { return; }
  let i0i1i3 = i32(global.x);
  if (i0i1i3 < 150) {
    let b0 = b[i0i1i3];
    let a0 = a[i0i1i3];
    let add = b0 + 0.1 * (a0 - b0);
    let b_1_1 = b_1[i0i1i3];
    let add_1 = b_1_1 + 0.001 * (a0 * a0 - b_1_1);
    let subtract = a_2[i0i1i3] - a_1[0] * add / (sqrt(add_1) + 1e-7);
    b[i0i1i3] = add;
    b_1[i0i1i3] = add_1;
    a_2[i0i1i3] = subtract;
  }
}
