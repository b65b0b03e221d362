import { faultsSchema, imageSchema, parsed } from "../../rehearsal/control-requests.ts";
import {
  FAULTS,
  findScenario,
  imagesOf,
  nextRelease,
  resumed,
  SCENARIOS,
  withFault,
} from "../../rehearsal/scenarios.ts";
import { releaseSchema } from "../../stacks/schema.ts";

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
    for (const { releases } of SCENARIOS) expect(releases[0]).toEqual({ release: "configured", behaviours: {} });
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
      for (const image of imagesOf(release, behaviours ?? {})) expect(() => parsed(imageSchema, image)).not.toThrow();
    }
  });

  it("says of each what goes wrong in whatever release it is put into", () => {
    const summaries = Object.values(FAULTS).map(({ summary }) => summary);
    expect(summaries.filter((summary) => /second release|while the (gate|cluster)/.test(summary))).toEqual([]);
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

  it("lets a fault begin with another step than its own", () => {
    const [only] = withFault(findScenario("first-deploy"), "F15@database-instance").releases;
    expect(only?.faults).toMatchObject({ at: "database-instance", hold: { refused: [{ code: "ExpiredToken" }] } });
  });

  it.each([
    ["F99", 'fault "F99" cannot be rehearsed; expected one of F01, F02'],
    ["", 'fault "" cannot be rehearsed'],
    ["F15@", '--fault is "F15@"; expected ID or ID@STEP, such as F15@promotion-record'],
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
  it("gives every image of the release its kind and behaviour", () => {
    const images = imagesOf(release, { engine: { errorRatio: 0.05 } });
    expect(images.map(({ behaviour }) => behaviour)).toEqual([
      { kind: "engine", errorRatio: 0.05 },
      { kind: "web" },
      { kind: "e2e" },
    ]);
  });
});
