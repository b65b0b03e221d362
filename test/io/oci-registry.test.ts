import { createHash } from "node:crypto";
import type { Http, HttpAnswer } from "../../io/http.ts";
import { Registry } from "../../io/oci-registry.ts";
import { imageReference } from "../../stacks/fields.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const IMAGE = imageReference(`ghcr.io/alexarno/sparki/engine@${DIGEST}`);
const MANIFEST = `https://ghcr.io/v2/alexarno/sparki/engine/manifests/${DIGEST}`;
const CHALLENGE =
  'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:alexarno/sparki/engine:pull"';

const JSON_TYPE = { "content-type": "application/json" };

interface Seen {
  readonly url: string;
  readonly authorization: string | undefined;
}

const BROKEN = {};

/** A registry whose answers are given one after the other. */
function registry(secret: string | undefined, ...answers: Partial<Extract<HttpAnswer, { answered: true }>>[]) {
  const seen: Seen[] = [];
  const asked: { method: string; accept: string | undefined }[] = [];
  const waits: number[] = [];
  const http: Http = async (url, options = {}) => {
    seen.push({ url, authorization: options.headers?.authorization });
    asked.push({ method: options.method ?? "GET", accept: options.headers?.accept });
    const answer = answers[seen.length - 1];
    if (answer === undefined) return { answered: false, error: "connect ECONNREFUSED", seconds: 0 };
    if (answer === BROKEN) return { answered: false, error: "read ECONNRESET", seconds: 0 };
    return { answered: true, status: 200, headers: JSON_TYPE, body: "", seconds: 0, ...answer };
  };
  const signal = new AbortController().signal;
  return {
    seen,
    asked,
    client: (mirror?: string) => new Registry(http, secret, signal, mirror, async (seconds) => waits.push(seconds)),
    waits,
  };
}

const refused = { status: 401, headers: { "www-authenticate": CHALLENGE } };
const token = { body: JSON.stringify({ token: "t" }) };

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

  it.each([
    ["without quotes", "Bearer realm=https://ghcr.io/token, service=ghcr.io"],
    ["before one for a password", 'Bearer realm="https://ghcr.io/token",service="ghcr.io",Basic realm="ghcr.io"'],
    ["after one for a password", 'Basic realm="ghcr.io", Bearer realm="https://ghcr.io/token", service="ghcr.io"'],
    ["in other letters", 'BEARER Realm="https://ghcr.io/token", Service="ghcr.io"'],
  ])("finds the challenge for a token %s", async (_, challenge) => {
    const asking = { status: 401, headers: { "www-authenticate": challenge } };
    const { client, seen } = registry("secret", asking, token, {});
    expect(await client().has(IMAGE)).toBe(true);
    expect(seen[1]?.url).toBe("https://ghcr.io/token?service=ghcr.io");
    expect(seen[2]?.authorization).toBe("Bearer t");
  });

  it("waits until the time of day that a registry with too many requests names", async () => {
    const until = new Date(Date.now() + 20_000).toUTCString();
    const { client, waits } = registry(undefined, { status: 429, headers: { "retry-after": until } }, {});
    expect(await client().has(IMAGE)).toBe(true);
    expect(waits[0]).toBeGreaterThan(15);
    expect(waits[0]).toBeLessThanOrEqual(21);
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
    ["is ill", [{ status: 501 }], /ghcr.io answered 501 for alexarno\/sparki\/engine/, /status page/],
    ["stays ill", Array(4).fill({ status: 503 }), /ghcr.io answered 503 for alexarno\/sparki\/engine/, /status page/],
    [
      "has no tokens to give",
      [refused, ...Array(4).fill({ status: 500 })],
      /ghcr.io answered 500 when asked for a token/,
      /status page/,
    ],
    [
      "answers with a page for people",
      [{ headers: { "content-type": "text/html; charset=utf-8" } }],
      /ghcr.io answered 200 for alexarno\/sparki\/engine with text\/html; expected a manifest/,
      /proxy/,
    ],
    [
      "has a page for people where a registry is expected",
      [{ status: 404, headers: { "content-type": "text/html" } }],
      /ghcr.io answered 404 for alexarno\/sparki\/engine with text\/html/,
      /proxy/,
    ],
    [
      "has another manifest for the digest",
      [{ headers: { "docker-content-digest": `sha256:${"b".repeat(64)}` } }],
      /ghcr.io has sha256:b{64} where it was asked for sha256:a{64}/,
      /mirror/,
    ],
    [
      "redirects to something that is not an address",
      [{ status: 307, headers: { location: "https://[ghcr.io/x" } }],
      /ghcr.io redirects to something that is not an address/,
      /status page/,
    ],
  ])("throws with what to do when the registry %s", async (_, answers, message, hint) => {
    const { client } = registry(undefined, ...answers);
    await expect(client().has(IMAGE)).rejects.toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it("throws when the registry does not answer", async () => {
    await expect(registry(undefined).client().has(IMAGE)).rejects.toMatchObject({
      message: "ghcr.io: connect ECONNREFUSED",
      hint: "check that it can be reached from this machine: curl -I https://ghcr.io/v2/",
    });
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

  it("takes a mirror's address as people write it, and names one that is none", async () => {
    const { client, seen } = registry(undefined, {});
    await client("https://mirror.test/").has(IMAGE);
    expect(seen[0]?.url).toBe(`https://mirror.test/v2/alexarno/sparki/engine/manifests/${DIGEST}`);
    expect(() => registry(undefined).client("mirror.test:5000")).toThrow(
      'SPARKI_REGISTRY is "mirror.test:5000"; expected an address such as https://registry.example.com',
    );
  });

  it.each(["docker.io", "index.docker.io"])("asks the host that serves the images of %s", async (host) => {
    const { client, seen } = registry(undefined, {}, {});
    await client().has({ ...IMAGE, host });
    await client().has({ ...IMAGE, host, repository: "nginx" });
    expect(seen.map(({ url }) => url)).toEqual([
      `https://registry-1.docker.io/v2/alexarno/sparki/engine/manifests/${DIGEST}`,
      `https://registry-1.docker.io/v2/library/nginx/manifests/${DIGEST}`,
    ]);
  });

  it.each([
    ["beside a null", '{"token":"t","access_token":null}'],
    ["by its other name, beside an empty one", '{"token":"","access_token":"t"}'],
  ])("takes a token %s", async (_, body) => {
    const { client, seen } = registry("secret", refused, { body }, {});
    expect(await client().has(IMAGE)).toBe(true);
    expect(seen[2]?.authorization).toBe("Bearer t");
  });

  it.each([429, 500, 502, 503, 504])("asks again where the answer was %d", async (status) => {
    const { client, waits } = registry(undefined, { status, headers: { "retry-after": "3" } }, { status }, {});
    expect(await client().has(IMAGE)).toBe(true);
    expect(waits).toEqual([3, 2]);
  });

  it.each([{}, { "content-type": "text/plain" }])(
    "takes an answer that neither a type nor a digest tells a manifest by for none: %j",
    async (headers) => {
      const { client } = registry(undefined, { headers });
      await expect(client().has(IMAGE)).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
      expect(
        await registry(undefined, { headers: { "docker-content-digest": DIGEST } })
          .client()
          .has(IMAGE),
      ).toBe(true);
    },
  );

  it.each(["<html>", "", '{"manifests":[{"digest":1}]}'])(
    "never takes a list of what refers to an image for an empty one where it is %j",
    async (body) => {
      const { client } = registry(undefined, { body });
      await expect(client().referrers(IMAGE)).rejects.toThrow(/ghcr.io has a list of signatures that cannot be read/);
    },
  );

  it("asks again where the connection broke off, and tells of one that always does", async () => {
    // https://github.com/microsoft/containerregistry/issues/148
    const { client, waits } = registry(undefined, BROKEN, BROKEN, {});
    expect(await client().has(IMAGE)).toBe(true);
    expect(waits).toEqual([1, 2]);
    const always = registry(undefined, ...Array(9).fill(BROKEN));
    await expect(always.client().has(IMAGE)).rejects.toThrow(/ghcr.io: read ECONNRESET/);
    expect(always.seen).toHaveLength(4);
  });

  it("asks only once for a blob that is handed on as it comes", async () => {
    const { client } = registry(undefined, BROKEN, {});
    await expect(client().stream(IMAGE, DIGEST, async () => undefined)).rejects.toThrow(/ghcr.io: read ECONNRESET/);
  });

  describe("where a registry keeps no list of what refers to an image", () => {
    const PAGE = { headers: { "content-type": "text/html; charset=utf-8" }, body: "<html>Sign in</html>" };
    const INDEX = { "content-type": "application/vnd.oci.image.index.v1+json" };
    const IMAGE_TYPE = { "content-type": "application/vnd.oci.image.manifest.v1+json" };
    const list = JSON.stringify({ manifests: [{ digest: "a", artifactType: null }] });

    // https://github.com/oras-project/oras-go/issues/633
    it.each([
      ["answers 404", [{ status: 404 }]],
      ["sends to a page for people", [{ status: 307, headers: { location: "https://accounts.test/" } }, PAGE]],
    ])("and %s, looks under the tag that stands in for it", async (_, answers) => {
      const { client, seen } = registry(undefined, ...answers, { headers: INDEX, body: list });
      expect(await client().referrers(IMAGE)).toEqual([{ digest: "a", artifactType: "" }]);
      expect(seen.at(-1)?.url).toBe(MANIFEST.replace(DIGEST, DIGEST.replace(":", "-")));
      expect(
        await registry(undefined, ...answers, { status: 404 })
          .client()
          .referrers(IMAGE),
      ).toEqual([]);
    });

    it("takes neither the image nor the children of its index for what refers to it", async () => {
      // https://github.com/oras-project/oras-go/issues/1396
      const body = JSON.stringify({ manifests: [{ digest: "child" }] });
      const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
      const index = registry(undefined, { status: 404 }, { headers: INDEX, body });
      expect(await index.client().referrers({ ...IMAGE, digest })).toEqual([]);
      const image = registry(undefined, { status: 404 }, { headers: IMAGE_TYPE, body: '{"config":{}}' });
      expect(await image.client().referrers(IMAGE)).toEqual([]);
    });
  });

  it("reads all pages of what refers to an image, and none from elsewhere", async () => {
    const page = (digest: string, link?: string) => ({
      headers: link === undefined ? {} : { link },
      body: JSON.stringify({ manifests: [{ digest }] }),
    });
    const next = `</v2/alexarno/sparki/engine/referrers/${DIGEST}?last=a>; rel="next"`;
    const { client, seen } = registry(undefined, page("a", next), page("b"));
    expect((await client().referrers(IMAGE)).map(({ digest }) => digest)).toEqual(["a", "b"]);
    expect(seen[1]?.url).toBe(`https://ghcr.io/v2/alexarno/sparki/engine/referrers/${DIGEST}?last=a`);
    const away = registry(undefined, page("a", '<https://evil.test/x>; rel="next"'));
    await expect(away.client().referrers(IMAGE)).rejects.toThrow(/ghcr.io continues its list at https:\/\/evil.test/);
    const endless = registry(undefined, ...Array(99).fill(page("a", next)));
    await expect(endless.client().referrers(IMAGE)).rejects.toThrow("never ends");
  });

  describe("keeps its credentials", () => {
    const challenged = (realm: string) => ({
      status: 401,
      headers: { "www-authenticate": `Bearer realm="${realm}",service="x"` },
    });

    it.each([
      "http://ghcr.io/token",
      "https://evil.test/token",
      "https://ghcr.io.evil.test/token",
      "https://ghcr.io@evil.test/token",
      "https://ghcr.io:8443/token",
      "http://ghcr.io:443/token",
      "http://127.0.0.1/token",
    ])("from a realm that is not the registry's own over TLS: %s", async (realm) => {
      const { client, seen } = registry("ann:secret", challenged(realm), token, {});
      await expect(client().has(IMAGE)).rejects.toThrow(/ghcr\.io asks to log in at .*, which is not its own over TLS/);
      expect(seen.map(({ authorization }) => authorization)).toEqual([undefined]);
    });

    it.each([
      ["registry-1.docker.io", "https://auth.docker.io/token"],
      ["registry.gitlab.com", "https://gitlab.com/jwt/auth"],
      // As GitLab sets up its own: https://github.com/NVIDIA/enroot/issues/99
      ["git.example.com:5050", "https://git.example.com/jwt/auth"],
    ])("for the realm that %s is known by: %s", async (host, realm) => {
      const { client, seen } = registry("ann:secret", challenged(realm), token, {});
      expect(await client().has({ ...IMAGE, host })).toBe(true);
      expect(seen[1]?.authorization).toMatch(/^Basic /);
    });

    it("from a registry that asks for a password without TLS", async () => {
      const basic = { status: 401, headers: { "www-authenticate": "Basic realm=x" } };
      const { client } = registry("ann:secret", basic, {});
      await expect(client("http://mirror.test").has(IMAGE)).rejects.toThrow("not its own over TLS");
    });

    it("from the realm of another host that it is sent to", async () => {
      const moved = { status: 307, headers: { location: "https://evil.test/v2/x" } };
      const { client, seen } = registry("ann:secret", moved, challenged("https://evil.test/token"), token, {});
      await expect(client().has(IMAGE)).rejects.toThrow("ghcr.io sends to evil.test, which asks to log in");
      expect(seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
    });

    it("from another host that it is sent to, and from one without TLS altogether", async () => {
      const moved = (location: string) => ({ status: 307, headers: { location } });
      const { client, seen } = registry("ann:secret", refused, token, moved("https://mirror.test/x"), {});
      expect(await client().has(IMAGE)).toBe(true);
      expect(seen[3]).toEqual({ url: "https://mirror.test/x", authorization: undefined });
      await expect(registry(undefined, moved("http://ghcr.io/x")).client().has(IMAGE)).rejects.toThrow("not over TLS");
    });
  });

  it("goes where a relative address sends to, by the same method and for the same types", async () => {
    const moved = { status: 301, headers: { location: "/v2/elsewhere/manifests/x" } };
    const { client, seen, asked } = registry(undefined, moved, {});
    expect(await client().has(IMAGE)).toBe(true);
    expect(seen[1]?.url).toBe("https://ghcr.io/v2/elsewhere/manifests/x");
    expect(asked[1]).toEqual(asked[0]);
    expect(asked[1]).toMatchObject({ method: "HEAD", accept: expect.stringContaining("image.index") });
  });

  it("does not follow an endless redirect", async () => {
    const moved = { status: 302, headers: { location: "/again" } };
    await expect(
      registry(undefined, ...Array(9).fill(moved))
        .client()
        .has(IMAGE),
    ).rejects.toThrow("redirects without an end");
  });

  it("waits as a registry with too many requests says, and asks again", async () => {
    const { client, waits } = registry(
      undefined,
      { status: 429, headers: { "retry-after": "7" } },
      { status: 429 },
      {},
    );
    expect(await client().has(IMAGE)).toBe(true);
    expect(waits).toEqual([7, 2]);
  });

  it.each([
    ["goes on", Array(4).fill({ status: 429 })],
    ["asks for an hour", [{ status: 429, headers: { "retry-after": "3600" } }]],
  ])("does not call an image missing when a rate limit %s", async (_, answers) => {
    await expect(
      registry(undefined, ...answers)
        .client()
        .has(IMAGE),
    ).rejects.toThrow(/has had too many requests/);
  });

  describe("tells what nodes could not run", () => {
    const INDEX = { headers: { "content-type": "application/vnd.oci.image.index.v1+json" } };
    const child = (architecture: string) => ({
      digest: `sha256:${architecture}`,
      platform: { os: "linux", architecture },
    });
    const index = (...children: object[]) => ({ ...INDEX, body: JSON.stringify({ manifests: children }) });
    const manifest = { body: JSON.stringify({ config: { digest: "sha256:c" } }) };
    const config = (architecture: string) => ({ body: JSON.stringify({ os: "linux", architecture }) });
    const SINGLE = { headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" } };
    const problemOf = (...answers: Parameters<typeof registry>[1][]) =>
      registry(undefined, ...answers)
        .client()
        .platformProblem(IMAGE);

    it.each([
      ["an index with all of it", [INDEX, index(child("arm64"), child("amd64")), manifest, config("amd64")], undefined],
      // https://github.com/CodesWhat/drydock/pull/816
      [
        "an index of an index with all of it",
        [INDEX, index(child("arm64"), child("amd64")), index(child("amd64")), manifest, config("amd64")],
        undefined,
      ],
      [
        "an index of an index without the platform",
        [INDEX, index(child("amd64")), index(child("arm64"))],
        /nothing for the nodes' platform linux\/amd64, only for linux\/arm64/,
      ],
      [
        "indexes in one another without an end",
        [INDEX, ...Array(9).fill(index(child("amd64")))],
        /more than 4 indexes in one another for linux\/amd64/,
      ],
      [
        "an index whose entries name no platform",
        [INDEX, index({ digest: "sha256:x", platform: null })],
        /nothing for the nodes' platform linux\/amd64, only for no platform that is named/,
      ],
      [
        "an index without the platform",
        [INDEX, index(child("arm64"))],
        /nothing for the nodes' platform linux\/amd64, only for linux\/arm64/,
      ],
      [
        "an index whose manifest is gone",
        [INDEX, index(child("amd64")), { status: 404 }],
        /lacks the manifest of linux\/amd64, sha256:amd64/,
      ],
      [
        "a config that is gone",
        [INDEX, index(child("amd64")), manifest, { status: 404 }],
        /lacks the config of linux\/amd64, sha256:c/,
      ],
      ["a config that is none", [SINGLE, manifest, { body: "<html>" }], /a config of linux\/amd64 that does not say/],
      ["a config without a platform", [SINGLE, manifest, { body: "{}" }], /a config of linux\/amd64 that does not say/],
      ["an index that is none", [INDEX, { body: "<html>" }], /an index that cannot be read/],
      [
        "one image for other nodes",
        [SINGLE, manifest, config("arm64")],
        /is for linux\/arm64; the nodes are linux\/amd64/,
      ],
      [
        "a manifest of Docker's first form",
        [{ headers: { "content-type": "application/vnd.docker.distribution.manifest.v1+prettyjws" } }],
        /is of the type application\/vnd\.docker\.distribution\.manifest\.v1\+prettyjws; nodes run images of/,
      ],
      ["one image for these nodes", [SINGLE, manifest, config("amd64")], undefined],
    ])("of %s", async (_, answers, problem) => {
      const found = await problemOf(...answers);
      if (problem === undefined) expect(found).toBeUndefined();
      else expect(found).toMatch(problem);
    });
  });
});
