import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { leakedFiles, leakedIn, secretsOf } from "./secrets.ts";

const secrets = { token: "A-recognisable-secret-0123456789" };

describe("leakedIn", () => {
  it.each([0, 1, 2, 3])("finds a secret in base64 after %i other characters", (before) => {
    const text = `${"x".repeat(before)}${secrets.token} and more`;
    for (const encoding of ["base64", "base64url", "hex", "utf8"] as const) {
      expect(leakedIn(`{"data":"${Buffer.from(text).toString(encoding)}"}`, secrets)).toEqual(["token"]);
    }
  });

  it("finds nothing in a text without it", () => {
    expect(leakedIn(`${secrets.token.slice(1)} ${secrets.token.slice(0, -1)}`, secrets)).toEqual([]);
  });
});

describe("leakedFiles", () => {
  let run: string;
  beforeEach(() => {
    run = mkdtempSync(join(tmpdir(), "sparki-secrets-"));
  });
  afterEach(() => rmSync(run, { recursive: true }));

  const write = (name: string, mode = 0o644) => {
    mkdirSync(dirname(join(run, name)), { recursive: true });
    writeFileSync(join(run, name), `a ${secrets.token} b`, { mode });
  };

  it.each([
    "world.json",
    "logs/cloud.log",
    "backend/.pulumi/stacks/sparki/prod.json.bak",
    "pods/1/log",
    "kubeconfig.old",
  ])("reports a secret in %s", (name) => {
    write(name, 0o600);
    expect(leakedFiles(run, secrets)).toEqual([`${name}: token`]);
  });

  it.each(["secrets.json", "kubeconfig-0a1b2c", "pods/0a-1b/.volumes/cache-secret/auth-token"])(
    "lets %s hold one, for its owner alone",
    (name) => {
      write(name, 0o600);
      expect(leakedFiles(run, secrets)).toEqual([]);
      rmSync(join(run, name));
      write(name);
      expect(leakedFiles(run, secrets)).toEqual([`${name}: token, mode 644`]);
    },
  );
});

describe("secretsOf", () => {
  it("throws when there is nothing to look for", () => {
    expect(() => secretsOf("/nowhere")).toThrow("ENOENT");
  });
});
