import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LiveRelease } from "../../io/live-release.ts";
import { verifyDocument } from "../../runbook/report/document.ts";
import type { Release } from "../../stacks/schema.ts";
import { byService } from "../../stacks/services.ts";
import { type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";
import { rawConfig } from "../support/stack-config.ts";
import { releaseNamed } from "../support/updates.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

const EXPANDED = { level: 3, oldest: 1 };
const BAD = { engine: { errorRatio: 0.05 } };
/** The stack's own, which is live from the beginning. */
const one: Release = JSON.parse(rawConfig("staging")["sparki:release"] ?? "");
const two = releaseNamed("2.0", EXPANDED);
const bad3 = releaseNamed("3.bad", EXPANDED);
const bad4 = releaseNamed("4.bad", EXPANDED);
const contracted = releaseNamed("5.0", { level: 4, oldest: 4 });

/** What runs when a release is everywhere. */
function everywhere({ images }: Release): LiveRelease {
  const tracks = (image = "") => ({ oneBox: [image.split("@")[1] ?? ""], fleet: [image.split("@")[1] ?? ""] });
  return byService((name) => tracks(images[name]));
}

interface Touched {
  readonly name: string;
  readonly op: string;
  readonly status: string;
}

interface Updated {
  readonly release: { readonly id: string };
  readonly what: string;
  readonly who: object | null;
  readonly gates: readonly { readonly verdict: string }[];
}

interface Event {
  readonly release: string;
  readonly what: string;
  readonly update: string | null;
}

const actions = (document: { decisions: { phase: string; action: string }[] }) =>
  document.decisions.map(({ phase, action }) => `${phase}: ${action}`);

/**
 * One stack on which its own release is live, deployed to and rolled back by the commands as people run them; each test goes
 * on from the one before. What becomes of a bad first release is in test/long/aws-faults.test.ts.
 */
describe("sparki deploy and sparki rollback", () => {
  let stack: RehearsedStack;
  /** The record of the deploy that was not what was approved: a checkout with changes is refused before, and leaves none. */
  let unapproved: readonly string[];
  beforeAll(async () => {
    stack = await serveStack("staging", 0.002, "promoted");
  });
  afterAll(() => stack.close());

  it("promote a good release over it, and tell the runbook's fields", async () => {
    await stack.configure(two);
    expect(await stack.run("deploy --yes")).toMatchObject({
      exitCode: 0,
      document: { outcome: "promoted", previous: { id: one.id } },
    });
    expect(await stack.live()).toEqual(everywhere(two));
    const told = (await stack.told()).at(-1) ?? "";
    for (const field of ["Version", "Deployed at", "Status: All healthy", "Error Budget", "Error Rate: 0 % of"])
      expect(told).toContain(field);
  });

  it("keep Alertmanager quiet about what a deployment causes, and let it speak again at the end", async () => {
    const matchers = [
      { name: "stack", value: "staging", isRegex: false, isEqual: true },
      { name: "caused_by", value: "deployment", isRegex: false, isEqual: true },
    ];
    const ended = (comment: unknown) => expect.objectContaining({ comment, matchers, status: { state: "expired" } });
    const silences = await stack.silences();
    expect(silences).toContainEqual(ended(`deployment of ${two.id}`));
    // The release before may have been deployed here too.
    expect(silences).toEqual(silences.map(() => ended(expect.stringMatching(/^deployment of /))));
  });

  it("verify what is live by a command of its own, as often as one likes", async () => {
    for (const _ of ["once", "again"]) {
      const { exitCode, document, stderr } = await stack.run("verify");
      expect({ exitCode, document: verifyDocument.safeParse(document).error }).toEqual({ exitCode: 0 });
      expect(document).toMatchObject({ outcome: "verified", release: "2.0" });
      expect(stderr).toContain("e2e: INFO end-to-end tests passed");
    }
  });

  it("refuse to deploy anything but what was approved, and say what differs", async () => {
    const { exitCode, document } = await stack.run(`deploy --approved ${"0".repeat(64)}`);
    const { error, outcome, reason, steps } = document;
    unapproved = error === undefined ? ["2.0 stopped"] : [];
    if (error === undefined)
      expect({ exitCode, outcome, steps }).toEqual({ exitCode: 1, outcome: "stopped", steps: [] });
    else expect({ exitCode, code: error.code }).toEqual({ exitCode: 1, code: "SPARKI_GATE" });
    expect(reason ?? error.message).toContain("not what was approved for staging; nothing was changed");
  });

  it("know the rollback from a third one before it is deployed", async () => {
    await stack.configure(bad3, BAD);
    const { exitCode, document } = await stack.run("plan");
    expect(exitCode).toBe(0);
    expect(document.wayBack).toMatchObject({ release: "2.0" });
    expect(document.wayBack.takesBack).toEqual(expect.arrayContaining(["engine-one-box", "engine-fleet", "web-fleet"]));
    expect(document.wayBack.leaves).toEqual(expect.arrayContaining(["database-jobs-migrate-run"]));
  });

  it("return to the second after a deployment of the third that was killed in its one-box, once its lock is gone", async () => {
    await stack.deployKilledAt("engine-one-box");
    const locked = await stack.run("rollback --yes");
    expect({ exitCode: locked.exitCode, error: locked.document.error }).toEqual({
      exitCode: 4,
      error: expect.objectContaining({ hint: expect.stringContaining("pulumi cancel") }),
    });
    await stack.ask("pulumi cancel --yes");
    const { exitCode, document, stderr } = await stack.run("rollback --yes --abandoned");
    expect({ exitCode, release: document.release?.id, stderr: stderr.slice(-3000) }).toMatchObject({
      exitCode: 0,
      release: "2.0",
    });
    expect(await stack.live()).toEqual(everywhere(two));
    expect(await stack.compared()).toMatchObject({ orphans: 0, duplicates: 0, drift: 0 });
    expect(await stack.run("rollback --yes")).toMatchObject({ exitCode: 0, document: { outcome: "unchanged" } });
  });

  it("roll a bad third one back by themselves, and prove the second within four times the deployment's own time", async () => {
    const { exitCode, document } = await stack.run("deploy --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 1, outcome: "rolled-back" });
    expect(actions(document).slice(-2)).toEqual(["one-box: rollback", "rollback: stop"]);
    expect(await stack.live()).toEqual(everywhere(two));
    expect(document.live).toEqual(everywhere(two));
    expect(document.rollback).toMatchObject({ release: { id: "2.0" }, verdict: "pass" });
    expect(document.rollback.reason).toMatch(
      /errors: 0 of \d+ requests bad: at most 0\.(0\d+|1) %, under the limit 0\.1 %/,
    );
    const { rollbackSeconds, previewSeconds, upSeconds } = document.timing;
    expect(rollbackSeconds).toBeLessThan(4 * (previewSeconds + upSeconds));
    expect(document.reason).toMatch(/requests bad/);
    expect(document.verify).toBeNull();
    const changed = document.steps.filter(({ op, status }: Touched) => status === "done" && op !== "same");
    const touched: string[] = changed.map(({ name }: Touched) => name);
    expect(touched).toContain("engine-one-box");
    expect(touched).not.toContain("engine-fleet");
    expect(touched).not.toContain("promotion-record");
    const jobs = document.rollback.steps.filter(({ name, op }: { name: string; op: string }) => {
      return name.startsWith("database-jobs") && name.endsWith("run") && op !== "delete-replaced";
    });
    expect(jobs.map(({ op }: { op: string }) => op)).toEqual(["same", "same", "same"]);
    const told = (await stack.told()).at(-1);
    expect(told).toMatch(/^⚠️ Staging deployment rolled back\n/);
    expect(told).toMatch(/^Rolled back to: \w+ \(release 2\.0\)$/m);
  });

  it("change nothing when the rollback was gone already", async () => {
    const before = await stack.run("history");
    const { exitCode, document } = await stack.run("rollback --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 0, outcome: "unchanged" });
    expect(document.reason).toBe("2.0 is the target of the last rollback");
    expect((await stack.run("history")).document.events).toEqual(before.document.events);
    expect(await stack.live()).toEqual(everywhere(two));
  });

  it("find the missing image of a rollback before they begin (F48)", async () => {
    await stack.unpush(two);
    await stack.configure(bad4, BAD);
    const { exitCode, document } = await stack.run("deploy --yes");
    expect({ exitCode, outcome: document.outcome, steps: document.steps }).toEqual({
      exitCode: 1,
      outcome: "stopped",
      steps: [],
    });
    expect(document.reason).toMatch(
      /^preflight failed\. Images of the rollback: 2\.0: not in the registry: .*engine@sha256/,
    );
    expect(await stack.live()).toEqual(everywhere(two));
  });

  it("freeze and page when the rollback fails, and try it once (F49)", async () => {
    await stack.push(two, { engine: { unpullable: true } });
    const { exitCode, document } = await stack.run("deploy --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 5, outcome: "failed" });
    expect(actions(document).slice(-2)).toEqual(["one-box: rollback", "rollback: stop"]);
    expect(document.decisions.at(-1).page).toBe(true);
    expect(document.reason).toContain("ImagePull");
    expect((await stack.told()).at(-1)).toContain("rollback failed: @on-call-sre @alexarno investigate now");
    const refused = await stack.run("deploy --yes");
    expect(refused).toMatchObject({ exitCode: 1, document: { outcome: "stopped", steps: [] } });
    expect(refused.document.reason).toContain("npx sparki rollback --stack staging");
  });

  it("roll back once its cause is fixed, and let deploys begin again", async () => {
    await stack.push(two);
    expect(await stack.run("rollback --yes")).toMatchObject({
      exitCode: 0,
      document: { outcome: "rolled-back", release: { id: "2.0" }, rollback: { verdict: "pass" } },
    });
    expect(await stack.live()).toEqual(everywhere(two));
    expect((await stack.run("history")).document).toMatchObject({ live: "2.0", frozen: null });
  });

  it("delete nothing of a stack on which a release is live", async () => {
    expect(await stack.run("rollback --destroy --yes")).toMatchObject({
      exitCode: 1,
      document: { outcome: "stopped" },
    });
    expect(await stack.run(`rollback --destroy --to ${one.id} --yes`)).toMatchObject({ exitCode: 2 });
  });

  it("show a rollback to a named release without doing it, and refuse one that nobody knows", async () => {
    const { exitCode, document, stderr } = await stack.run(`rollback --to ${one.id} --dry-run`);
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 0, outcome: "planned" });
    expect(stderr).toContain("update Release engine-fleet");
    expect(await stack.live()).toEqual(everywhere(two));
    expect(await stack.run("rollback --to 9.9 --yes")).toMatchObject({ exitCode: 2 });
  });

  it("refuse to roll back past a contracted schema, and say to roll forward (F50)", async () => {
    await stack.configure(contracted);
    expect(await stack.run("deploy --yes")).toMatchObject({ exitCode: 0, document: { outcome: "promoted" } });
    const { exitCode, document } = await stack.run("rollback --yes");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 1, outcome: "stopped" });
    expect(document.reason).toMatch(/release 5\.0 supports none below 4; .* roll forward instead$/);
    expect(await stack.live()).toEqual(everywhere(contracted));
  });

  it("tell it all in the history, newest first", async () => {
    const { document } = await stack.run("history");
    const told = document.events.map(({ release, what }: { release: string; what: string }) => `${release} ${what}`);
    expect(told).toEqual([
      "5.0 promoted",
      "2.0 gone back to",
      "4.bad stopped",
      "2.0 gone back to",
      "4.bad failed",
      "4.bad stopped",
      "2.0 gone back to",
      "3.bad rolled-back",
      "2.0 gone back to",
      ...unapproved,
      "2.0 promoted",
      `${one.id} promoted`,
    ]);
    const reasonOf = (event: string) => document.events[told.indexOf(event)]?.reason;
    expect(reasonOf("3.bad rolled-back")).toMatch(/requests bad/);
    expect(reasonOf("4.bad failed")).toMatch(/the rollback to 2\.0 failed/);
    expect(document.live).toBe("5.0");
  });

  it("gather it all as evidence that verifies, with its gates, rollbacks and reports, and call it not whole", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-evidence-"));
    try {
      const { privateKey, publicKey } = generateKeyPairSync("ed25519");
      writeFileSync(join(folder, "key"), privateKey.export({ type: "pkcs8", format: "pem" }));
      writeFileSync(join(folder, "pub"), publicKey.export({ type: "spki", format: "pem" }));
      const [yesterday, today] = [Date.now() - 86_400_000, Date.now()].map((at) =>
        new Date(at).toISOString().slice(0, 10),
      );
      const gather = (name: string) =>
        stack.run(`evidence --from ${yesterday} --to ${today} --key ${folder}/key --output ${folder}/${name}`);
      const { exitCode, document } = await gather("a.tar");
      expect({ exitCode, isRehearsal: document.isRehearsal }).toEqual({ exitCode: 3, isRehearsal: true });
      const told = document.updates.map(({ release, what }: Updated) => `${release.id} ${what}`);
      const { events } = (await stack.run("history")).document;
      const changed = events.filter(({ update }: Event) => update !== null).reverse();
      expect(told).toEqual(changed.map(({ release, what }: Event) => `${release} ${what}`));
      expect(document.refused.length).toBe(events.length - changed.length);
      const promoted = document.updates.filter(({ what }: Updated) => what === "promoted");
      for (const { gates, who } of promoted) {
        expect(who).not.toBeNull();
        expect(gates.length).toBeGreaterThan(10);
        for (const { verdict } of gates) expect(verdict).toBe("pass");
      }
      const gaps: string[] = document.gaps.map(({ text }: { text: string }) => text);
      expect(gaps).toContainEqual(expect.stringMatching(/^no approval is recorded for release 5\.0 /));
      expect(document.reports.kept).toContainEqual(expect.objectContaining({ release: "5.0", outcome: "promoted" }));
      expect(document.reports.kept).toContainEqual(
        expect.objectContaining({ release: "3.bad", outcome: "rolled-back" }),
      );
      await gather("again.tar");
      expect(readFileSync(join(folder, "again.tar")).equals(readFileSync(join(folder, "a.tar")))).toBe(true);
      expect(await stack.run(`evidence --verify ${folder}/a.tar --public-key ${folder}/pub`)).toMatchObject({
        exitCode: 0,
        document: { outcome: "verified", gaps },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
