import { assertPulls, pullCredentials } from "../../stacks/docker-config.ts";
import { imageReference } from "../../stacks/fields.ts";

const auth = Buffer.from("robot:ghp_secret:with:colons").toString("base64");
const OTHER = Buffer.from("other:secret").toString("base64");
const ENGINE = imageReference("ghcr.io/alexarno/sparki/engine@sha256:1");
const IMAGES = [ENGINE, imageReference("ghcr.io/alexarno/sparki/web@sha256:2")];

describe("pullCredentials", () => {
  it.each([
    ["auth", { "ghcr.io": { auth } }],
    ["an address for a name", { "https://ghcr.io/v2/": { auth } }],
    ["user and password", { "ghcr.io": { username: "robot", password: "ghp_secret:with:colons" } }],
    ["a path above the image's", { "ghcr.io/alexarno": { auth }, "ghcr.io": { auth: OTHER } }],
    ["a pattern", { "*.io": { auth } }],
  ])("reads what nodes would send from %s (W32)", (_, auths) => {
    expect(pullCredentials(JSON.stringify({ auths }), ENGINE)).toBe("robot:ghp_secret:with:colons");
  });

  it("knows no credentials for a registry that is not named", () => {
    expect(
      pullCredentials(JSON.stringify({ auths: { "ghcr.io": { auth } } }), imageReference("quay.io/a/b@sha256:1")),
    ).toBeUndefined();
    expect(pullCredentials(JSON.stringify({ auths: { "ghcr.io/others": { auth } } }), ENGINE)).toBeUndefined();
    expect(pullCredentials(JSON.stringify({ auths: { "ghcr-io": { auth } } }), ENGINE)).toBeUndefined();
  });

  it("knows Docker Hub by each of its names", () => {
    const auths = { "https://index.docker.io/v1/": { auth } };
    expect(pullCredentials(JSON.stringify({ auths }), imageReference("docker.io/alexarno/engine@sha256:1"))).toMatch(
      /^robot:/,
    );
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
    expect(() => pullCredentials(secret, ENGINE)).toThrow(refusal);
    expect(() => pullCredentials(secret, ENGINE)).toThrow(
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
    expect(() => assertPulls(secret, IMAGES)).toThrow(/has no registry ghcr\.io/);
  });
});
