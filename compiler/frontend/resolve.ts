import type { Reporter } from './report.ts';
import type { Unit } from './unit.ts';
export function checkNames(_unit: Unit, _reporter: Reporter): void {}
