import type { HttpAnswer } from "../../../runbook/io/http.ts";
import type { Http } from "../../../runbook/preflight/context.ts";
import { imageReference, Registry } from "../../../runbook/preflight/registry.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const IMAGE = imageReference(`ghcr.io/alexarno/sparki/engine@${DIGEST}`);
const MANIFEST = `https://ghcr.io/v2/alexarno/sparki/engine/manifests/${DIGEST}`;
const CHALLENGE =
  'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:alexarno/sparki/engine:pull"';

interface Seen {
  readonly url: string;
  readonly authorization: string | undefined;
}

/** A registry whose answers are given one after the other. */
function registry(secret: string | undefined, ...answers: Partial<Extract<HttpAnswer, { answered: true }>>[]) {
  const seen: Seen[] = [];
  const http: Http = async (url, options = {}) => {
    seen.push({ url, authorization: options.headers?.authorization });
    const answer = answers[seen.length - 1];
    if (answer === undefined) return { answered: false, error: "connect ECONNREFUSED", seconds: 0 };
    return { answered: true, status: 200, headers: {}, body: "", seconds: 0, ...answer };
  };
  const signal = new AbortController().signal;
  return { seen, client: (mirror?: string) => new Registry(http, secret, signal, mirror) };
}

const refused = { status: 401, headers: { "www-authenticate": CHALLENGE } };
const token = { body: JSON.stringify({ token: "t" }) };

describe("imageReference", () => {
  it("takes a reference apart as the registry is asked", () => {
    expect(IMAGE).toEqual({ host: "ghcr.io", repository: "alexarno/sparki/engine", digest: DIGEST });
  });
});

describe("Registry", () => {
  it.each([
    [200, true],
    [404, false],
  ])("says of an answer %d whether the image is there: %s", async (status, expected) => {
    const { client, seen } = registry(undefined, { status });
    expect(await client().has(IMAGE)).toBe(expected);
    expect(seen).toEqual([{ url: MANIFEST, authorization: undefined }]);
  });

  it("fetches the token that the registry's challenge asks for, anonymously for a public image", async () => {
    const { client, seen } = registry(undefined, refused, token, {});
    expect(await client().has(IMAGE)).toBe(true);
    const query = "service=ghcr.io&scope=repository%3Aalexarno%2Fsparki%2Fengine%3Apull";
    expect(seen.slice(1)).toEqual([
      { url: `https://ghcr.io/token?${query}`, authorization: undefined },
      { url: MANIFEST, authorization: "Bearer t" },
    ]);
  });

  it.each([
    ["secret", "sparki:secret"],
    ["ann:secret", "ann:secret"],
  ])("shows the token's own secret %s to the token's realm alone", async (secret, pair) => {
    const { client, seen } = registry(secret, refused, token, {});
    await client().has(IMAGE);
    const basic = `Basic ${Buffer.from(pair).toString("base64")}`;
    expect(seen.map(({ authorization }) => authorization)).toEqual([undefined, basic, "Bearer t"]);
  });

  it("answers a challenge for a password with the secret itself", async () => {
    const { client, seen } = registry(
      "ann:secret",
      { status: 401, headers: { "www-authenticate": "Basic realm=x" } },
      {},
    );
    expect(await client().has(IMAGE)).toBe(true);
    expect(seen[1]?.authorization).toMatch(/^Basic /);
  });

  it.each([
    [
      "wants a login that there is none for",
      [{ status: 401, headers: { "www-authenticate": "Basic" } }],
      /answered 401/,
      /SPARKI_REGISTRY_TOKEN/,
    ],
    ["gives no token", [refused, { status: 403 }], /answered 401/, /SPARKI_REGISTRY_TOKEN/],
    ["forbids it", [refused, token, { status: 403 }], /answered 403/, /SPARKI_REGISTRY_TOKEN/],
    ["is ill", [{ status: 503 }], /ghcr.io answered 503 for alexarno\/sparki\/engine/, /status page/],
  ])("throws with what to do when the registry %s", async (_, answers, message, hint) => {
    const { client } = registry(undefined, ...answers);
    await expect(client().has(IMAGE)).rejects.toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it("throws when the registry does not answer", async () => {
    await expect(registry(undefined).client().has(IMAGE)).rejects.toThrow("ghcr.io: connect ECONNREFUSED");
  });

  it("reads a manifest by tag, and a blob from where it is kept, without credentials there", async () => {
    const { client, seen } = registry(
      undefined,
      { body: "manifest" },
      { status: 307, headers: { location: "https://blobs.test/x" } },
      { body: "blob" },
      { status: 404 },
    );
    expect(await client().manifest(IMAGE, "tag")).toBe("manifest");
    expect(await client().blob(IMAGE, "sha256:b")).toBe("blob");
    expect(await client().blob(IMAGE, "sha256:c")).toBeUndefined();
    expect(seen[2]).toEqual({ url: "https://blobs.test/x", authorization: undefined });
  });

  it("asks a mirror for every registry", async () => {
    const { client, seen } = registry(undefined, {});
    await client("http://127.20.0.1:7070").has(IMAGE);
    expect(seen[0]?.url).toBe(`http://127.20.0.1:7070/v2/alexarno/sparki/engine/manifests/${DIGEST}`);
  });
});
