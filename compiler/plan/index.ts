export { alignment, planMemory } from './allocate.ts';
export type { MemoryBuffer, MemoryPlan } from './allocate.ts';
export { checkPlan } from './check.ts';
export { inPlaceCandidates } from './in-place.ts';
export { layoutRoutine } from './layout.ts';
export { placeRoutine, planRoutine } from './routine.ts';
export { withinSlab } from './slabs.ts';
export type {
  LaunchGroup,
  Layout,
  MemoryReport,
  PlannedLaunch,
  RoutineLayout,
  RoutinePlan,
  ScratchOf,
  Storage,
} from './types.ts';
