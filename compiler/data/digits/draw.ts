/**
 * Draws one digit as somebody might write it. Only + - * / and sqrt, which every engine rounds alike, so a sample has the
 * same bytes everywhere.
 */
import { randomStream } from '../random.ts';
import type { Random } from '../random.ts';
import { glyphs } from './strokes.ts';
import type { Point, Stroke } from './strokes.ts';

/** A straight piece of ink, in pixels; the pen's radius runs from `ra` to `rb`. */
interface Segment {
  readonly ax: number;
  readonly ay: number;
  readonly bx: number;
  readonly by: number;
  readonly ra: number;
  readonly rb: number;
}

const between = (random: Random, low: number, high: number): number => low + (high - low) * random();
/** Bell-shaped, mean 0, standard deviation 1, never beyond ±3.5. */
const bell = (random: Random): number => (random() + random() + random() + random() - 2) * 1.7320508;

/** A rotation by the angle whose half has the tangent `t`: no sine, no cosine. */
function rotation(t: number): { cos: number; sin: number } {
  const scale = 1 / (1 + t * t);
  return { cos: (1 - t * t) * scale, sin: 2 * t * scale };
}

/** Catmull-Rom: a smooth curve through all the points, six straight pieces between neighbours. */
function smooth(points: readonly Point[]): Point[] {
  const out: Point[] = [];
  const at = (i: number): Point => points[Math.max(0, Math.min(points.length - 1, i))]!;
  for (let i = 0; i + 1 < points.length; i++) {
    const [p, q, r, s] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let piece = 0; piece < 6; piece++) {
      const t = piece / 6;
      const blend = (a: number, b: number, c: number, d: number): number =>
        b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
      out.push([blend(p[0], q[0], r[0], s[0]), blend(p[1], q[1], r[1], s[1])]);
    }
  }
  out.push(at(points.length - 1));
  return out;
}

/** Where the digit's box comes to lie, with all that is personal about it. */
function placement(random: Random, size: number): (point: Point) => Point {
  const height = size * between(random, 0.58, 0.76);
  const width = height * between(random, 0.58, 0.86);
  const slant = bell(random) * 0.13;
  const { cos, sin } = rotation(bell(random) * 0.045);
  const bend = bell(random) * 0.1;
  const lean = bell(random) * 0.08;
  const freeX = Math.max(0, size - width) / 2;
  const freeY = Math.max(0, size - height) / 2;
  const cx = size / 2 + between(random, -0.4, 0.4) * freeX;
  const cy = size / 2 + between(random, -0.6, 0.6) * freeY;
  return ([x, y]) => {
    const u = x - 0.5 + bend * (y - 0.5) * (y - 0.5) * 2;
    const v = y - 0.5 + lean * (x - 0.5);
    const px = u * width - slant * v * height;
    const py = v * height;
    return [cx + cos * px - sin * py, cy + sin * px + cos * py];
  };
}

/** The ink of a digit on a square of `size` pixels. */
function ink(digit: number, random: Random, size: number): Segment[] {
  const ways = glyphs[digit]!;
  const glyph = ways[Math.floor(random() * ways.length)]!;
  const place = placement(random, size);
  const radius = (size / 28) * between(random, 0.85, 1.7);
  const pressure = between(random, -0.3, 0.3);
  const unsteady = between(random, 0.01, 0.035);
  // Strokes that meet at a point must still meet after it has moved: the same point moves the same way.
  const moved = new Map<string, Point>();
  const move = (point: Point): Point => {
    const key = point.join();
    const known = moved.get(key);
    if (known) return known;
    const now: Point = [point[0] + bell(random) * unsteady, point[1] + bell(random) * unsteady];
    moved.set(key, now);
    return now;
  };
  return glyph.flatMap((stroke: Stroke) => {
    const points = stroke.points.map(move);
    const path = (stroke.curved ? smooth(points) : points).map(place);
    const pen = (i: number): number => radius * (1 + pressure * (i / (path.length - 1) - 0.5));
    return path.slice(1).map(([bx, by], i) => {
      const [ax, ay] = path[i]!;
      return { ax, ay, bx, by, ra: pen(i), rb: pen(i + 1) };
    });
  });
}

/** Adds a segment to `coverage` (0…1 per pixel), with soft edges `edge` pixels wide. */
function stamp(segment: Segment, edge: number, size: number, coverage: Float64Array): void {
  const { ax, ay, bx, by, ra, rb } = segment;
  const reach = Math.max(ra, rb) + edge;
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const top = Math.max(0, Math.floor(Math.min(ay, by) - reach));
  const bottom = Math.min(size - 1, Math.ceil(Math.max(ay, by) + reach));
  const left = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
  const right = Math.min(size - 1, Math.ceil(Math.max(ax, bx) + reach));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const px = x + 0.5 - ax;
      const py = y + 0.5 - ay;
      const along = length > 0 ? Math.max(0, Math.min(1, (px * dx + py * dy) / length)) : 0;
      const ex = px - along * dx;
      const ey = py - along * dy;
      const distance = Math.sqrt(ex * ex + ey * ey);
      const value = Math.max(0, Math.min(1, (ra + along * (rb - ra) - distance) / edge + 0.5));
      const at = y * size + x;
      if (value > coverage[at]!) coverage[at] = value;
    }
  }
}

/** A stray mark of the neighbour's pen at the rim, in some of the pictures. */
function strayMark(random: Random, size: number): Segment {
  const side = Math.floor(random() * 4);
  const along = random() * size;
  const depth = between(random, -0.02, 0.08) * size;
  const span = between(random, -0.18, 0.18) * size;
  const tilt = between(random, -0.06, 0.06) * size;
  const r = (size / 28) * between(random, 0.5, 1.1);
  const [ax, ay, bx, by] = [along, depth, along + span, depth + tilt];
  const flip = (v: number): number => (side % 2 === 1 ? size - v : v);
  return side < 2
    ? { ax, ay: flip(ay), bx, by: flip(by), ra: r, rb: r }
    : { ax: flip(ay), ay: ax, bx: flip(by), by: bx, ra: r, rb: r };
}

/** Colours of ink and ground for each channel, 0–255, always far enough apart to read. */
function palette(random: Random, channels: number): { ink: number[]; ground: number[] } {
  const dark = between(random, 0, 40);
  const bright = between(random, 150, 255);
  if (channels === 1) return { ink: [bright], ground: [dark] };
  const tint = (value: number, strength: number): number[] =>
    Array.from({ length: channels }, () => value + between(random, -strength, strength));
  const swap = random() < 0.5; // in colour also dark ink on a bright ground
  const [a, b] = [tint(bright, 45), tint(dark, 45)];
  return swap ? { ink: b, ground: a } : { ink: a, ground: b };
}

/**
 * Writes a picture of `digit` as bytes, `size`×`size`×`channels` row-major, to `into[offset …]`. A pure function of
 * `digit`, `seed` and `index`.
 */
export function drawDigit(
  digit: number,
  seed: number,
  index: number,
  { size, channels }: { readonly size: number; readonly channels: number },
  into: Uint8Array,
  offset: number,
): void {
  const random = randomStream(seed, index, 0xd161);
  const coverage = new Float64Array(size * size);
  const edge = between(random, 0.9, 1.7);
  for (const segment of ink(digit, random, size)) stamp(segment, edge, size, coverage);
  if (random() < 0.12) stamp(strayMark(random, size), edge, size, coverage);
  const colours = palette(random, channels);
  const grain = random() < 0.3 ? 0 : between(random, 0, 18);
  const shadeX = between(random, -14, 14);
  const shadeY = between(random, -14, 14);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const covered = coverage[y * size + x]!;
      const shade = shadeX * (x / size - 0.5) + shadeY * (y / size - 0.5) + bell(random) * grain;
      for (let c = 0; c < channels; c++) {
        const ground = colours.ground[c]! + shade;
        const value = ground + covered * (colours.ink[c]! - ground) + (covered * shade) / 2;
        into[offset + (y * size + x) * channels + c] = Math.max(0, Math.min(255, Math.floor(value + 0.5)));
      }
    }
  }
}
