interface TestFile {
  readonly path: string;
}

/**
 * The files of test/engine and test/long that take longest, the longest first: begun late, one of them alone would prolong the whole run. Those that
 * begin with a promoted world of one stack are kept apart: two at a time would have to make it twice.
 */
const LONGEST = [
  "rollback",
  "aws-faults",
  "broken-releases",
  "kept-rehearsal",
  "first-deploy",
  "rehearse",
  "gate-scenarios",
  "private-rehearsal",
  "watch",
  "third-service",
  "interruption",
  "preflight",
  "undo-first-deploy",
  "sealed",
  "hostile",
];

/** Jest's order of test files: without times of earlier runs it begins with the largest files. */
export default class LongestFirst {
  sort<Test extends TestFile>(tests: readonly Test[]): Test[] {
    return [...tests].sort((one, other) => rank(one) - rank(other) || one.path.localeCompare(other.path));
  }

  allFailedTests(): never[] {
    return [];
  }

  cacheResults(): void {}
}

function rank({ path }: TestFile): number {
  const place = LONGEST.findIndex((name) => path.endsWith(`/${name}.test.ts`));
  return place < 0 ? LONGEST.length : place;
}
