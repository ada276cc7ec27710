export { alignment, planMemory } from './allocate.ts';
export type { MemoryBuffer, MemoryPlan } from './allocate.ts';
export { checkPlan } from './check.ts';
export { halfBytes, isWorthHalving } from './half.ts';
export { inPlaceCandidates } from './in-place.ts';
export { layoutRoutine } from './layout.ts';
export { placeRoutine, planRoutine } from './routine.ts';
export { withinSlab } from './slabs.ts';
export type {
  Halves,
  LaunchGroup,
  Layout,
  MemoryReport,
  PlannedLaunch,
  RoutineLayout,
  RoutinePlan,
  ScratchOf,
  Storage,
} from './types.ts';
