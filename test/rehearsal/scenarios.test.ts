import { readFileSync } from "node:fs";
import { faultsSchema, imageSchema, parsed } from "../../rehearsal/control.ts";
import {
  FAULTS,
  findScenario,
  imagesOf,
  nextRelease,
  resumed,
  SCENARIOS,
  scenarioFor,
  withFault,
} from "../../rehearsal/scenarios.ts";
import { releaseSchema } from "../../stacks/schema.ts";
import { differenceAfterResume, differenceFrom, endedByError, RESPONSES } from "./fault-responses.ts";

const release = releaseSchema.parse({
  id: "2026.1",
  gitSha: "a".repeat(40),
  images: {
    engine: `ghcr.io/alexarno/sparki/engine@sha256:${"1".repeat(64)}`,
    web: `ghcr.io/alexarno/sparki/web@sha256:${"2".repeat(64)}`,
    e2e: `ghcr.io/alexarno/sparki/e2e@sha256:${"3".repeat(64)}`,
  },
  schema: { level: 2, oldest: 1 },
});

describe("SCENARIOS", () => {
  it("begin each with the stack's own release, which works", () => {
    const own = { release: "configured", behaviours: {} };
    const upgraded = new Map(SCENARIOS.map(({ name, releases: [first] }) => [name, first?.isBeforeUpgrade]));
    for (const { releases } of SCENARIOS) expect({ ...releases[0], isBeforeUpgrade: undefined }).toEqual(own);
    expect([...upgraded].filter(([, what]) => what !== undefined)).toEqual([
      ["kubernetes-upgrade", "kubernetes"],
      ["redis-upgrade", "redis"],
      ["postgres-upgrade", "postgres"],
      ["postgres-upgrade-users", "postgres"],
    ]);
  });
});

describe("resumed", () => {
  it("is the configured release alone, or a scenario's last one", () => {
    expect(resumed(undefined)).toMatchObject({ name: "resumed", releases: [{ release: "configured" }] });
    const upgrade = findScenario("upgrade");
    expect(resumed(upgrade)).toEqual({ ...upgrade, releases: [{ release: "next", behaviours: {} }] });
  });
});

describe("FAULTS", () => {
  it("are all of a kind that the cloud takes", () => {
    for (const { faults, behaviours } of Object.values(FAULTS)) {
      expect(() => parsed(faultsSchema, faults?.hold ?? {})).not.toThrow();
      for (const image of imagesOf(release, behaviours ?? {}))
        if (image.behaviour !== "absent") expect(() => parsed(imageSchema, image)).not.toThrow();
    }
  });

  it("says of each what goes wrong in whatever release it is put into", () => {
    const summaries = Object.values(FAULTS).map(({ summary }) => summary);
    expect(summaries.filter((summary) => /second release|while the (gate|cluster)/.test(summary))).toEqual([]);
  });
});

/** The faults of the requirements: what a deployment must survive, and what an account may lack. */
const NAMED = [
  ...Array.from({ length: 50 }, (_, index) => `F${String(index + 1).padStart(2, "0")}`),
  ...["F51", "F52", "F53", "F54", "F55", "F56", "F57", "F58"],
];

/** Those that no rehearsal of a deployment makes: the test that shows the required response instead. */
const SHOWN_ELSEWHERE: Readonly<Record<string, readonly [file: string, test: string]>> = {
  F14: ["test/long/aws-faults.test.ts", "lets no other deploy in beside it"],
  F23: ["test/engine/backing.test.ts", "goes on when the database's password and the cache's token change"],
  F25: ["test/runbook/preflight/checks/signatures.test.ts", "fails for an image with a bundle %s"],
  F29: ["test/runbook/preflight/helm-releases.test.ts", "that never ended, and names the command that repairs it"],
  F30: [
    "test/charts/workload-scale.test.ts",
    "a drain takes one ready pod at a time and never waits for one that is not",
  ],
  F32: ["test/engine/backing.test.ts", "though two run at once and a user's query holds a lock for a while"],
  F33: ["test/engine/backing.test.ts", "applies each migration once though two run at once"],
  F35: ["test/engine/backing.test.ts", "leaves the same data however often it runs"],
  F50: ["test/engine/rollback.test.ts", "past a contracted schema, and say to roll forward"],
};

describe("the table of faults", () => {
  it("has every fault once: it can be rehearsed by its id, or a test shows the response", () => {
    expect([...Object.keys(FAULTS), ...Object.keys(SHOWN_ELSEWHERE)].sort()).toEqual(NAMED);
  });

  it.each(Object.entries(SHOWN_ELSEWHERE))("has for %s a test that there is", (_, [file, test]) => {
    expect(readFileSync(file, "utf8")).toContain(test);
  });

  it("has the required response to each that can be rehearsed, which npm run faults asks for", () => {
    expect(Object.keys(RESPONSES).sort()).toEqual(Object.keys(FAULTS).sort());
  });

  it.each([
    [{ exitCode: 0, outcome: "promoted" }, "promoted (exit 0), expected stopped (exit 1)"],
    [{ reason: "the weather" }, 'its reason is "the weather", expected'],
    [{ steps: [{ name: "engine-fleet", op: "update" }] }, "it changed engine-fleet, expected nothing"],
    [{ world: { orphans: 1, duplicates: 0 } }, "1 orphans and 0 duplicates at AWS"],
  ])("tells a response that is another one: %j", (change, difference) => {
    const reason = "not what was approved for prod; nothing was changed\n  state: sparki-prod differs";
    const steps = [{ name: "engine-fleet", op: "same" }];
    const ended = { exitCode: 1, outcome: "stopped", reason, steps, world: { orphans: 0, duplicates: 0 } };
    expect(differenceFrom("F18", ended)).toBeUndefined();
    expect(differenceFrom("F18", { ...ended, ...change })).toContain(difference);
  });

  it("compares an error's document with what an interruption must end with", () => {
    const message = "interrupted by SIGINT: no further step was started";
    const document = { error: { code: "SPARKI_OUTSIDE", message, hint: null }, exitCode: 4 };
    const ended = endedByError(document);
    expect(ended && differenceFrom("F11", ended)).toBeUndefined();
    expect(ended && differenceFrom("F15", ended)).toContain("interrupted (exit 4), expected failed (exit 4)");
    const other = endedByError({ ...document, error: { ...document.error, message: "the disk is full" } });
    expect(other && differenceFrom("F11", other)).toContain("failed (exit 4), expected interrupted (exit 4)");
    expect(endedByError({ exitCode: 0, outcome: "promoted" })).toBeUndefined();
  });

  it("wants all that AWS created, and the state could not keep, adopted by the run after it", () => {
    const world = { orphans: 4, duplicates: 0 };
    const ended = { exitCode: 4, outcome: "failed", reason: "the state cannot be written", steps: [], world };
    expect(differenceFrom("F12", ended)).toBeUndefined();
    expect(differenceFrom("F12", { ...ended, outcome: "promoted" })).toContain("expected failed");
    const resumed = { ...ended, exitCode: 0, outcome: "promoted" };
    expect(differenceAfterResume({ ...resumed, world: { ...world, orphans: 0 } })).toBeUndefined();
    expect(differenceAfterResume(resumed)).toContain("left 4 orphans");
    expect(differenceAfterResume(ended)).toContain("expected promoted");
  });

  it.each(Object.keys(FAULTS))("puts %s into a scenario without a name", (id) => {
    const last = withFault(scenarioFor(id), id).releases.at(-1);
    const { release: _, behaviours, ...changed } = last ?? {};
    expect(Object.keys({ ...behaviours, ...changed })).not.toEqual([]);
  });
});

describe("scenarioFor", () => {
  it("is a first deployment, and an upgrade for what is about a live release", () => {
    expect(scenarioFor(undefined).name).toBe("first-deploy");
    expect(scenarioFor("F26").name).toBe("first-deploy");
    const overLive = ["F22", "F34", "F48", "F49"];
    expect(overLive.map((id) => scenarioFor(id).name)).toEqual(overLive.map(() => "upgrade"));
  });
});

describe("findScenario", () => {
  it("refuses a name that there is not with those that there are", () => {
    expect(() => findScenario("first-deply")).toThrow('unknown scenario "first-deply"; expected one of first-deploy,');
  });
});

describe("withFault", () => {
  it("puts the fault into the last release only", () => {
    const [first, second] = withFault(findScenario("upgrade"), "F27").releases;
    expect(first?.behaviours).toEqual({});
    expect(second?.behaviours).toEqual({ engine: { crash: true } });
  });

  it("puts what breaks around the release there too", () => {
    const [first, second] = withFault(findScenario("upgrade"), "F42").releases;
    expect(first?.faults).toBeUndefined();
    expect(second).toMatchObject({ release: "next", faults: { at: "engine-fleet", hold: { down: ["metrics"] } } });
  });

  it("puts what is wrong in the project's own files beside what the scenario changes there", () => {
    const third = withFault(findScenario("chart-broken"), "F21").releases.at(-1);
    expect(third?.edits?.map(({ file }) => file)).toEqual([
      "apps/charts/engine/templates/deployment.yaml",
      "policies/main.ts",
    ]);
  });

  it("changes files by texts that are there once", () => {
    for (const { file, from } of Object.values(FAULTS).flatMap(({ edits = [] }) => edits))
      expect(readFileSync(file, "utf8").split(from)).toHaveLength(2);
  });

  it("refuses a fault of a live release in a first deployment", () => {
    expect(() => withFault(findScenario("first-deploy"), "F48")).toThrow(
      "fault F48 is about a release over a live one, and first-deploy deploys the first; expected upgrade",
    );
  });

  it("lets the engine be killed and Ctrl-C be pressed at another step than its own", () => {
    const [killed] = withFault(findScenario("first-deploy"), "F10@cache-redis").releases;
    expect(killed?.around).toEqual({ crashAt: "cache-redis" });
    const [interrupted] = withFault(findScenario("first-deploy"), "F11@cache-redis").releases;
    expect(interrupted?.around).toEqual({ interruptAt: "cache-redis" });
  });

  it("lets a fault begin with another step than its own", () => {
    const [only] = withFault(findScenario("first-deploy"), "F15@database-instance").releases;
    expect(only?.faults).toMatchObject({ at: "database-instance", hold: { refused: [{ code: "ExpiredToken" }] } });
    for (const id of ["F07", "F45"]) {
      const [other] = withFault(findScenario("first-deploy"), `${id}@network-vpc`).releases;
      expect(other?.faults).toEqual({ ...FAULTS[id]?.faults, after: undefined, before: undefined, at: "network-vpc" });
    }
  });

  it("breaks what is about the cutover before its gate looks, which an upgrade does not do again (F45, F47)", () => {
    for (const id of ["F45", "F47"]) {
      const [only] = withFault(scenarioFor(id), id).releases;
      expect(only).toMatchObject({ release: "configured", faults: { before: "cutover-record" } });
      expect(RESPONSES[id]).toMatchObject({ exitCode: 3, outcome: "held" });
      expect(RESPONSES[id]).not.toHaveProperty("scenario");
    }
  });

  it.each([
    ["F99", 'fault "F99" cannot be rehearsed; expected one of F01, F02'],
    ["", 'fault "" cannot be rehearsed'],
    ["F15@", '--fault is "F15@"; expected ID or ID@STEP, such as F15@promotion-record'],
    ["F21@engine-fleet", "fault F21 is in the release's files and cannot begin at"],
    ["F18@engine-fleet", "fault F18 is in the release's approval and cannot begin at"],
    ["F26@engine-fleet", 'fault F26 is in the release\'s images and cannot begin at "engine-fleet"; expected F26'],
  ])("refuses %j as a mistake in the command line", (wanted, message) => {
    expect(() => withFault(findScenario("upgrade"), wanted)).toThrow(
      expect.objectContaining({ code: "SPARKI_USAGE", message: expect.stringContaining(message) }),
    );
  });
});

describe("nextRelease", () => {
  it("is a valid release with another id and other digests of the same images", () => {
    const next = nextRelease(release);
    expect(releaseSchema.parse(next)).toEqual(next);
    for (const kind of ["engine", "web", "e2e"] as const) {
      expect(next.images[kind]).not.toBe(release.images[kind]);
      expect(next.images[kind].split("@")[0]).toBe(release.images[kind].split("@")[0]);
    }
  });

  it("is the same each time, so that a rehearsal can be repeated", () => {
    expect(nextRelease(release)).toEqual(nextRelease(release));
  });
});

describe("imagesOf", () => {
  it("says of an image that the registry has none", () => {
    expect(imagesOf(release, { engine: "absent" })[0]).toEqual({ ref: release.images.engine, behaviour: "absent" });
  });

  it("gives every image of the release its kind and behaviour", () => {
    const images = imagesOf(release, { engine: { errorRatio: 0.05 } });
    expect(images.map(({ behaviour }) => behaviour)).toEqual([
      { kind: "engine", errorRatio: 0.05 },
      { kind: "web" },
      { kind: "e2e" },
    ]);
  });
});
