/** What is told of a build that is done elsewhere. `name`: of the image. */
export type BuildEvent =
  | { kind: 'progress'; phase: string; total: number; current: number }
  | { kind: 'artifact'; name: string; uri: string }
  | { kind: 'completed' };
