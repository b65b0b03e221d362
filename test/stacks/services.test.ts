import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { configSchema, knownReleaseSchema, withRelease } from "../../stacks/schema.ts";
import { ENTERED, SERVICE_NAMES, SERVICES, serviceOf, servicesOf, TRACKS, trackName } from "../../stacks/services.ts";
import { stackConfig } from "../support/workload-values.ts";

const ROOT = join(import.meta.dirname, "..", "..");

describe("SERVICES", () => {
  it.each(SERVICE_NAMES)("has a chart of its name for %s, whose trial values name its image", (name) => {
    const chart = join(ROOT, "apps", "charts", name);
    expect(parse(readFileSync(join(chart, "Chart.yaml"), "utf8")).name).toBe(name);
    for (const track of ["one-box", "fleet"]) expect(existsSync(join(chart, "ci", `${track}-values.yaml`))).toBe(true);
  });

  it("waits for services that come before only", () => {
    for (const [index, name] of SERVICE_NAMES.entries())
      for (const before of serviceOf(name).after) expect(SERVICE_NAMES.slice(0, index)).toContain(before);
  });

  it("gives the requests that no service takes by path to exactly one", () => {
    expect(ENTERED.filter((name) => serviceOf(name).entrance?.paths === "rest")).toHaveLength(1);
  });

  it("has names that no other key of the config has, and that fit a target group of the longest stack", () => {
    const others = Object.keys(configSchema.shape).filter((key) => !(key in SERVICES));
    expect(others).toHaveLength(Object.keys(configSchema.shape).length - SERVICE_NAMES.length);
    for (const track of TRACKS) expect(`sparki-staging-${trackName(track)}`.length).toBeLessThanOrEqual(32);
  });
});

describe("a release from before a service was added", () => {
  const config = stackConfig("prod");
  const { web, ...images } = config.release.images;
  const older = knownReleaseSchema.parse({ ...config.release, id: "before", images });

  it("is a release that can be rolled back to, without that service", () => {
    const settings = withRelease(config, older);
    expect(settings.absent).toEqual(["web"]);
    expect(servicesOf(settings)).toEqual(SERVICE_NAMES.filter((name) => name !== "web"));
    expect(settings.release).toEqual({ ...config.release, id: "before" });
  });

  it("is no release that a config may name: every service has an image there", () => {
    const { success, error } = configSchema.safeParse({ ...config, release: older });
    expect(success).toBe(false);
    expect(error?.issues.map(({ path }) => path.join("."))).toEqual(["release.images.web"]);
  });
});

describe("sparki:absent", () => {
  const config = stackConfig("prod");
  it.each([
    ["engine", "web needs"],
    ["web", "every user needs"],
  ])("refuses a list with %s, which %s", (name, needed) => {
    const { error } = configSchema.safeParse({ ...config, absent: [name] });
    expect(error?.issues.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      `absent: a list without ${name}, which ${needed}`,
    ]);
  });
});
