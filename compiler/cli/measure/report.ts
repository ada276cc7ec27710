/** What was measured of a routine, for people and for programs. */
import type { Program } from '../../program/program.ts';
import { byteSize, table } from '../text.ts';
import type { LaunchProfile, RoutineProfile } from './profile.ts';

interface Report {
  readonly program: Program;
  /** In words, per kernel. */
  readonly schedules: readonly string[];
  /** GFLOP/s that are possible: multiplications and additions in registers; on a GPU a large matmul. */
  readonly peak: number;
  /** GB/s of a large copy on a GPU. */
  readonly bandwidth?: number;
}

/** Launches of one kernel together. */
interface Row {
  readonly name: string;
  readonly computes: string;
  readonly schedule: string;
  readonly launches: number;
  readonly milliseconds: number;
  readonly share: number;
  /** Of one launch. */
  readonly flops: number;
  readonly bytes: number;
  /** 10⁹ per second. */
  readonly gflops: number;
  readonly gigabytes: number;
}

function rowOf(group: readonly LaunchProfile[], all: number, { program, schedules }: Report): Row {
  const [first] = group as [LaunchProfile];
  const milliseconds = sum(group, (launch) => launch.milliseconds);
  return {
    name: program.kernels[first.kernel]?.name ?? '',
    computes: first.launch.comment,
    schedule: schedules[first.kernel] ?? '',
    launches: group.length,
    milliseconds,
    share: milliseconds / all,
    flops: first.flops,
    bytes: first.bytes,
    gflops: (first.flops * group.length) / milliseconds / 1e6,
    gigabytes: (first.bytes * group.length) / milliseconds / 1e6,
  };
}

const sum = <T>(list: readonly T[], of: (item: T) => number): number =>
  list.reduce((total, item) => total + of(item), 0);

function rowsOf({ launches }: RoutineProfile, report: Report): readonly Row[] {
  const all = sum(launches, ({ milliseconds }) => milliseconds);
  const groups = new Map<number, LaunchProfile[]>();
  for (const launch of launches) {
    const group = groups.get(launch.kernel);
    if (group) group.push(launch);
    else groups.set(launch.kernel, [launch]);
  }
  return [...groups.values()]
    .map((group) => rowOf(group, all, report))
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
}

export function jsonOf(profile: RoutineProfile, report: Report): object {
  const { routine, samples, passes, milliseconds, launches } = profile;
  return {
    name: routine.name,
    samples,
    passes,
    milliseconds,
    flops: sum(launches, ({ flops }) => flops),
    kernels: rowsOf(profile, report),
    launches: launches.map(({ kernel, launch, milliseconds: time, flops, bytes, commits }) => ({
      kernel: report.program.kernels[kernel]?.name,
      computes: launch.comment,
      locations: launch.locations,
      milliseconds: time,
      flops,
      bytes,
      commits,
    })),
  };
}

/** Kernels with a smaller share of the time are only counted. */
const leastShare = 0.003;

export function textOf(profile: RoutineProfile, report: Report, each: boolean): string {
  const { routine, samples, passes, milliseconds, launches } = profile;
  const flops = sum(launches, (launch) => launch.flops);
  const all = sum(launches, (launch) => launch.milliseconds);
  const kernels = new Set(launches.map(({ kernel }) => kernel)).size;
  const work =
    `${launches.length} launches of ${kernels} kernels, ${(flops / 1e9).toPrecision(3)} GFLOP, ` +
    `${(flops / (Number.isNaN(all) ? milliseconds : all) / 1e6).toFixed(1)} GFLOP/s`;
  const title = `${routine.name}, batch ${samples}: ${time(milliseconds)} in one call`;
  if (Number.isNaN(all))
    return `${title} (median of ${passes}); ${work}; this GPU does not time single launches (timestamp-query)\n`;
  const head = `${title}, ${time(all)} launch by launch (medians of ${passes}); ${work}\n\n`;
  const { peak, bandwidth } = report;
  const [ofPeak, ofCopy] = bandwidth === undefined ? ['of peak', []] : ['of matmul', ['of copy']];
  const columns = [
    'kernel',
    'launches',
    'time',
    'share',
    'GFLOP/s',
    ofPeak,
    'moves',
    'GB/s',
    ...ofCopy,
    'schedule',
  ];
  const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;
  const rows = each ? launches.map((launch) => rowOf([launch], all, report)) : rowsOf(profile, report);
  const shown = each ? rows : rows.filter(({ share }) => share >= leastShare);
  const cells = shown.map((row) => [
    each ? row.computes : row.name,
    String(row.launches),
    time(row.milliseconds),
    `${(100 * row.share).toFixed(1)} %`,
    row.gflops.toFixed(2),
    percent(row.gflops / peak),
    byteSize(row.bytes),
    row.gigabytes.toFixed(2),
    ...(bandwidth === undefined ? [] : [percent(row.gigabytes / bandwidth)]),
    row.schedule,
  ]);
  const hidden = rows.length - shown.length;
  const share = sum(shown, (row) => row.share);
  const rest =
    hidden === 0 ? '' : `and ${hidden} more kernels, ${(100 * (1 - share)).toFixed(1)} % together\n`;
  return (
    head + table([columns, ...cells], [1, 2, 3, 4, 5, 6, 7, ...(bandwidth === undefined ? [] : [8])]) + rest
  );
}

export const time = (milliseconds: number): string =>
  milliseconds < 1 ? `${(1000 * milliseconds).toPrecision(3)} µs` : `${milliseconds.toPrecision(3)} ms`;
