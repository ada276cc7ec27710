struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;

// cast_multiply(x: u8[N, 784]) -> y: f32[N, 784]
@group(0) @binding(1) var<storage, read_write> x: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn cast_multiply(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(global_invocation_id) global: vec3u,
) {
  let n = i32(workgroup.y);
  let hw_vec = i32(global.x);
  if (hw_vec < 196) {
    let at = n * 196 + hw_vec;
    y[at] = vec4f(x[at]) * 0.003921569;
  }
}
