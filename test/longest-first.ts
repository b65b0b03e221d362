interface TestFile {
  readonly path: string;
}

/** The files that take longest, the longest first: begun late, one of them alone would prolong the whole run. */
const LONGEST = [
  "rollback",
  "gate-scenarios",
  "aws-faults",
  "first-deploy",
  "rehearse",
  "watch",
  "interruption",
  "broken-releases",
  "private-rehearsal",
  "sealed",
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
