import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Asked, type Behaviour, PODS, serveBusyStack } from "../support/busy-stack.ts";
import { configWith } from "../support/preflight.ts";

jest.setTimeout(1_800_000);

const SUBJECT = join(import.meta.dirname, "..", "support", "busy-subject.ts");
const WELL: Behaviour = { badRatio: 0.0002, errorLinesAPod: 0 };
/** 10,000 in all. */
const BAD: Behaviour = { badRatio: 0.02, errorLinesAPod: 250 };
const MOST_MEGABYTES = 400;

interface Measured {
  // biome-ignore lint/suspicious/noExplicitAny: each subject finds something of its own.
  readonly found: any;
  readonly megabytes: number;
  readonly asked: Asked;
}

/** What a subject finds of 40 pods under 1,000 requests a second, in a process of its own. */
async function measure(subject: string, behaviour: Behaviour): Promise<Measured> {
  const { release } = configWith({});
  const stack = await serveBusyStack(release.images.engine, release.id, behaviour);
  try {
    const args = [SUBJECT, subject, stack.kubeconfig, stack.prometheusUrl];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const [said, wrong] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (said === "") throw new Error(wrong);
    const { found, megabytes } = JSON.parse(said);
    process.stderr.write(
      `load: ${subject}, ${behaviour.badRatio} bad: ${Math.round(megabytes)} MB, ${JSON.stringify(stack.asked)}\n`,
    );
    return { found, megabytes, asked: stack.asked };
  } finally {
    await stack.close();
  }
}

const LOOKS = ["health", "objectives", "watch", "verify", "diagnose"] as const;
const statusOf = (checks: readonly { id: string; status: string }[], id: string) =>
  checks.find((check) => check.id === id)?.status;

describe.each([
  ["a healthy release", WELL],
  ["a release that fails two requests in a hundred and logs 10,000 errors", BAD],
] as const)("%s, of 40 pods under 1,000 requests a second", (_, behaviour) => {
  const isWell = behaviour === WELL;
  const all = new Map<string, Measured>();
  beforeAll(async () => {
    for (const subject of LOOKS) all.set(subject, await measure(subject, behaviour));
  });
  const of = (subject: string): Measured => {
    const found = all.get(subject);
    if (found === undefined) throw new Error(`${subject} was not measured`);
    return found;
  };

  it("is judged by its health gate", () => {
    const reason = isWell ? "40 of 40 pods ready" : "logged 250 ERROR line(s)";
    const expected = { verdict: isWell ? "pass" : "fail", reason: expect.stringContaining(reason) };
    expect(of("health").found).toEqual([expect.objectContaining(expected)]);
  });

  it("is judged by its objectives at the first look that has new samples", () => {
    const errors = of("objectives").found.find(({ objective }: { objective: string }) => objective === "errors");
    expect(errors).toMatchObject({ verdict: isWell ? "pass" : "fail" });
    expect(errors.requests).toBeGreaterThan(10_000);
  });

  it("is watched: gone back from where it is bad, and nothing is proven against it where it is well", () => {
    const { decision, highErrorSeconds, problems } = of("watch").found;
    expect({ action: decision.action, highErrorSeconds }).toEqual(
      isWell ? { action: "wait", highErrorSeconds: 0 } : { action: "rollback", highErrorSeconds: 300 },
    );
    if (!isWell) expect(problems).toContainEqual(expect.stringMatching(/10000 of 80000 log lines are errors/));
  });

  it("is verified by its objectives, its budget and how fast it is used up", () => {
    const expected = isWell ? "pass" : "fail";
    for (const id of ["slo-errors", "burn-30-min", "burn-24-h"])
      expect(statusOf(of("verify").found, id)).toBe(expected);
    expect(statusOf(of("verify").found, "slo-p99")).toBe("pass");
  });

  it("is diagnosed by its logs and by its routes", () => {
    const { symptoms } = of("diagnose").found;
    expect(statusOf(symptoms, "pods")).toBe("pass");
    expect(statusOf(symptoms, "error-rate")).toBe(isWell ? "pass" : "fail");
    // Two thousand lines of a busy pod are less than a quarter of an hour.
    expect(statusOf(symptoms, "error-lines")).toBe(isWell ? "warn" : "fail");
  });

  it.each(LOOKS)("takes a bounded number of questions and at most 400 MB: %s", (subject) => {
    const { asked, megabytes } = of(subject);
    expect(megabytes).toBeLessThanOrEqual(MOST_MEGABYTES);
    expect(asked.logs).toBeLessThanOrEqual(PODS);
    expect(asked.queries).toBeLessThanOrEqual(80);
    expect(asked.objects).toBeLessThanOrEqual(20);
  });
});
