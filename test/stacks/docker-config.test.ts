import { assertPulls, pullCredentials } from "../../stacks/docker-config.ts";

const auth = Buffer.from("robot:ghp_secret:with:colons").toString("base64");
const IMAGES = ["ghcr.io/alexarno/sparki/engine@sha256:1", "ghcr.io/alexarno/sparki/web@sha256:2"];

describe("pullCredentials", () => {
  it.each([
    ["auth", { "ghcr.io": { auth } }],
    ["an address for a name", { "https://ghcr.io/v2/": { auth } }],
    ["user and password", { "ghcr.io": { username: "robot", password: "ghp_secret:with:colons" } }],
  ])("reads what nodes would send from %s", (_, auths) => {
    expect(pullCredentials(JSON.stringify({ auths }), "ghcr.io")).toBe("robot:ghp_secret:with:colons");
  });

  it("knows no credentials for a registry that is not named", () => {
    expect(pullCredentials(JSON.stringify({ auths: { "ghcr.io": { auth } } }), "quay.io")).toBeUndefined();
  });

  it.each([
    "ghp_secret",
    "{}",
    '{"auths":[]}',
    '{"auths":{"ghcr.io":{"auth":"Z2hwX3NlY3JldA=="}}}',
    '{"auths":{"ghcr.io":{}}}',
  ])("refuses %j with what is expected, and never shows it", (secret) => {
    const refusal = expect.objectContaining({
      code: "SPARKI_CONFIG",
      message: expect.stringContaining("expected a Docker config"),
    });
    expect(() => pullCredentials(secret, "ghcr.io")).toThrow(refusal);
    expect(() => pullCredentials(secret, "ghcr.io")).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining("ghp_secret") }),
    );
  });
});

describe("assertPulls", () => {
  it("passes on a secret that names every registry of the images", () => {
    const secret = JSON.stringify({ auths: { "ghcr.io": { auth } } });
    expect(assertPulls(secret, IMAGES)).toBe(secret);
  });

  it("refuses one that leaves a registry out, before any pod starts", () => {
    const secret = JSON.stringify({ auths: { "quay.io": { auth } } });
    expect(() => assertPulls(secret, IMAGES)).toThrow(/names no registry ghcr\.io/);
  });
});
