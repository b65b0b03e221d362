import fc from "fast-check";
import {
  compareFingerprints,
  configEntries,
  fingerprintOf,
  PARTS,
  type Part,
  stateEntries,
} from "../../../runbook/plan/fingerprint.ts";

const approved: Record<Part, Record<string, string>> = {
  config: { "sparki:owner": "a".repeat(64) },
  charts: { "engine/values.yaml": "b".repeat(64) },
  digests: { engine: "engine@sha256:1" },
  program: { "infra/cache.ts": "c".repeat(64) },
  dependencies: { "installed packages": "f".repeat(64) },
  tools: { pulumi: "0".repeat(64) },
  environment: { AWS_REGION: "1".repeat(64) },
  state: { "urn::database-instance": "d".repeat(64) },
  drift: {},
  policies: { "number of checks": "840" },
  plan: { "update::engine-fleet": "e".repeat(64) },
};

describe("fingerprintOf", () => {
  it("does not depend on the order of entries", () => {
    const entries = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(entries, (config) => {
        const turned = Object.fromEntries(Object.entries(config).reverse());
        const [one, other] = [config, turned].map((each) => fingerprintOf({ ...approved, config: each }).hash);
        expect(one).toBe(other);
      }),
    );
  });

  it.each(PARTS)("changes with a change in %s", (part) => {
    const changed = { ...approved, [part]: { ...approved[part], more: "1" } };
    expect(fingerprintOf(changed).hash).not.toBe(fingerprintOf(approved).hash);
  });
});

describe("compareFingerprints", () => {
  it("finds no difference between equal ones", () => {
    expect(compareFingerprints(fingerprintOf(approved), fingerprintOf(structuredClone(approved)))).toEqual([]);
  });

  it("names causes before their effects, and values where they are no hashes", () => {
    const now = {
      ...approved,
      digests: { engine: "engine@sha256:2" },
      program: {},
      plan: { "update::engine-fleet": "f".repeat(64), "create::web-fleet": "1" },
    };
    expect(compareFingerprints(fingerprintOf(approved), fingerprintOf(now))).toEqual([
      "digests: engine was engine@sha256:1, is engine@sha256:2",
      "program: infra/cache.ts is gone",
      "plan: web-fleet is new, engine-fleet differs",
    ]);
  });
});

describe("configEntries", () => {
  const config = { "sparki:owner": "sre", "sparki:release": { id: "1", images: { engine: "x" } } };

  it("leaves the images to the digests", () => {
    const other = { ...config, "sparki:release": { id: "1", images: { engine: "y" } } };
    expect(configEntries({ config: other })).toEqual(configEntries({ config }));
  });

  it("sees a changed value and another provider of secrets, and passes over the salt", () => {
    const [before, owner, key] = [
      configEntries({ config, encryptionsalt: "v1", secretsprovider: "awskms://a" }),
      configEntries({ config: { ...config, "sparki:owner": "dba" } }),
      configEntries({ config, encryptionsalt: "v2", secretsprovider: "awskms://b" }),
    ];
    expect(owner["sparki:owner"]).not.toBe(before["sparki:owner"]);
    expect(key.secretsprovider).not.toBe(before.secretsprovider);
    expect(key.encryptionsalt).toBe(before.encryptionsalt);
  });
});

describe("configEntries, of a value that the engine writes as text", () => {
  it("takes a boolean and a number for what they were, and others for others", () => {
    const entries = (production: unknown) => configEntries({ config: { "sparki:production": production } });
    expect(entries("false")).toEqual(entries(false));
    expect(entries("3")).toEqual(entries(3));
    expect(entries("true")).not.toEqual(entries(false));
  });
});

describe("configEntries, of a day", () => {
  const entries = (on: string) => configEntries({ config: { "sparki:preflight": { restoreTest: [{ on }] } } });

  it("are the same once the engine has written it as a time stamp", () => {
    expect(entries("2026-11-23 00:00:00 +0000 UTC")).toEqual(entries("2026-11-23"));
    expect(entries("2026-11-24")).not.toEqual(entries("2026-11-23"));
  });
});

describe("stateEntries", () => {
  const secret = (plaintext: string) => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext,
  });
  const state = (modified: string, password = "one") => ({
    deployment: { manifest: { time: "now" }, resources: [{ urn: "a::b", modified, password: secret(password) }] },
  });

  it("sees when a resource was changed, and nothing of a secret's value", () => {
    expect(stateEntries(state("1"))).not.toEqual(stateEntries(state("2")));
    expect(stateEntries(state("1", "one"))).toEqual(stateEntries(state("1", "two")));
  });

  it("keeps a resource apart from the one that it replaces", () => {
    const resources = [{ urn: "a" }, { urn: "a", delete: true }];
    expect(Object.keys(stateEntries({ deployment: { resources } }))).toEqual(["a", "a 2"]);
  });

  it("sees an operation that a crash left pending", () => {
    expect(stateEntries({ deployment: { pending_operations: [{ type: "creating" }] } })).toHaveProperty([
      "pending operation 1",
    ]);
  });
});
