import { generateKeyPairSync } from "node:crypto";
import { request } from "../../io/http.ts";
import { type Network, openNetwork } from "../../io/network.ts";
import { Registry } from "../../io/oci-registry.ts";
import { signatures } from "../../runbook/preflight/checks/images.ts";
import type { PreflightContext } from "../../runbook/preflight/context.ts";
import { imageReference } from "../../stacks/fields.ts";
import { pushSigned, RECORDED } from "../support/cosign/signed-images.ts";
import { digestOf, type OciRegistry, PASSWORD, startOciRegistry } from "../support/oci-registry.ts";
import { configWith, fakeContext, look } from "../support/preflight.ts";

// Builds the registry where it is not there yet.
jest.setTimeout(3_600_000);

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";

/** An image for a platform; answers with its manifest's digest and size. */
async function pushImage(registry: OciRegistry, repository: string, architecture: string) {
  const config = JSON.stringify({ os: "linux", architecture, rootfs: { type: "layers", diff_ids: [] } });
  const described = { mediaType: CONFIG, digest: await registry.blob(repository, config), size: config.length };
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: described, layers: [] };
  const digest = await registry.manifest(repository, manifest, { type: MANIFEST });
  return { digest, size: JSON.stringify(manifest).length, architecture };
}

describe("the registry client and the distribution project's registry", () => {
  let registry: OciRegistry;
  let network: Network;
  beforeAll(async () => {
    registry = await startOciRegistry();
    network = openNetwork({});
  });
  afterAll(async () => {
    await network?.close();
    await registry?.close();
  });

  const waits: number[] = [];
  const client = (secret?: string) =>
    new Registry(
      (url, options) => request(network, url, options),
      secret,
      new AbortController().signal,
      registry.url,
      async (seconds) => waits.push(seconds),
    );
  const reference = (repository: string, digest: string) => imageReference(`registry.test/${repository}@${digest}`);

  const image = (repository: string, architecture: string) => pushImage(registry, repository, architecture);
  const index = async (repository: string, images: readonly Awaited<ReturnType<typeof pushImage>>[]) => {
    const manifests = images.map(({ digest, size, architecture }) => ({
      ...{ mediaType: MANIFEST, digest, size },
      platform: { os: "linux", architecture },
    }));
    return registry.manifest(repository, { schemaVersion: 2, mediaType: INDEX, manifests }, { type: INDEX });
  };

  it("reads a public image without a password by the token that the registry's challenge asks for", async () => {
    const { digest } = await image("public/engine", "amd64");
    expect(await client().has(reference("public/engine", digest))).toBe(true);
    expect(await client().has(reference("public/engine", digestOf("nothing")))).toBe(false);
    expect(registry.asked.join()).toContain("/token?service=registry.test&scope=repository%3Apublic%2Fengine%3Apull");
  });

  it("reads a private image with the password alone, and says what to set without", async () => {
    const { digest } = await image("private/engine", "amd64");
    const asked = reference("private/engine", digest);
    expect(await client(PASSWORD).has(asked)).toBe(true);
    for (const secret of [undefined, "wrong"])
      await expect(client(secret).has(asked)).rejects.toMatchObject({
        code: "SPARKI_OUTSIDE",
        message: "registry.test answered 401 for private/engine",
        hint: expect.stringContaining("SPARKI_REGISTRY_TOKEN"),
      });
  });

  it("follows the registry to the bucket that its blobs are in", async () => {
    const digest = await registry.blob("private/blobs", "kept in the bucket");
    registry.sentTo.length = 0;
    expect(await client(PASSWORD).blob(reference("private/blobs", digest), digest)).toBe("kept in the bucket");
    expect(registry.sentTo).toHaveLength(1);
    expect(registry.sentTo).not.toContain(registry.url);
  });

  it("finds the nodes' platform in an index, and names one that was deleted from under it", async () => {
    const [arm, amd] = [await image("public/web", "arm64"), await image("public/web", "amd64")];
    const whole = await index("public/web", [arm, amd]);
    expect(await client().platformProblem(reference("public/web", whole))).toBeUndefined();
    const other = await index("public/web", [arm]);
    expect(await client().platformProblem(reference("public/web", other))).toBe(
      "has nothing for the nodes' platform linux/amd64, only for linux/arm64",
    );
    await registry.removeManifest("public/web", amd.digest);
    expect(await client().platformProblem(reference("public/web", whole))).toBe(
      `lacks the manifest of linux/amd64, ${amd.digest}`,
    );
  });

  it("waits as long as it is told when it has asked too often, for the token too", async () => {
    const { digest } = await image("private/busy", "amd64");
    waits.length = 0;
    registry.limit(2, 7);
    expect(await client(PASSWORD).has(reference("private/busy", digest))).toBe(true);
    expect(waits).toEqual([7, 7]);
    registry.limit(99, 7);
    await expect(client(PASSWORD).has(reference("private/busy", digest))).rejects.toMatchObject({
      message: expect.stringContaining("too many requests"),
    });
    registry.limit(0, 0);
  });
});

describe("image signatures and what cosign itself pushes", () => {
  let plain: OciRegistry;
  let listing: OciRegistry;
  let network: Network;
  beforeAll(async () => {
    plain = await startOciRegistry();
    listing = await startOciRegistry({ listsReferrers: true });
    network = openNetwork({});
  });
  afterAll(async () => {
    await network?.close();
    await plain?.close();
    await listing?.close();
  });

  const { key, cases } = RECORDED;
  const caseOf = (title: string) => {
    const found = cases[title];
    if (found === undefined) throw new Error(`nothing is recorded of ${title}`);
    return found;
  };
  const judged = (registry: OciRegistry, image: string, imageSignatureKey = key) => {
    const images = { engine: image, web: image, e2e: image };
    const base = configWith({ preflight: { imageSignatureKey } });
    const config = { ...base, release: { ...base.release, images } };
    const http: PreflightContext["http"] = (url, options) => request(network, url, options);
    const context = { ...fakeContext({ config, http, registryMirror: registry.url }), tokens: { registry: PASSWORD } };
    return look(signatures, context);
  };
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" });

  it.each(Object.keys(cases))("passes an image that %s signed, and names another key as the reason", async (title) => {
    const repository = `private/${title.replaceAll(/\W+/g, "-")}`;
    await pushSigned(plain, repository, caseOf(title));
    const image = `registry.test/${repository}@${caseOf(title).image}`;
    expect(await judged(plain, image)).toMatchObject({ status: "pass" });
    expect(await judged(plain, image, `${other}`)).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(`${repository} has no signature by the configured key`),
    });
  });

  it.each(Object.keys(cases).filter((title) => title !== "cosign 2"))(
    "finds what %s signed by the registry's own list of referrers",
    async (title) => {
      await pushSigned(listing, "listed", caseOf(title), false);
      expect(await judged(listing, `registry.test/listed@${caseOf(title).image}`)).toMatchObject({ status: "pass" });
      expect(listing.asked.join()).toContain(`GET /v2/listed/referrers/${caseOf(title).image}`);
    },
  );

  it.each([
    ["cosign 2", ".sig"],
    ["cosign 3", ""],
  ])(
    "refuses an image under whose name another image's signature by %s was put, and one without any",
    async (title, ending) => {
      const repository = `private/moved${ending}`;
      await pushSigned(plain, repository, caseOf(title));
      const { digest } = await pushImage(plain, repository, "arm64");
      expect(await judged(plain, `registry.test/${repository}@${digest}`)).toMatchObject({
        status: "fail",
        reason: expect.stringContaining(`${repository} is not signed`),
      });
      const signature = caseOf(title).manifests.find(({ tag }) => tag !== undefined);
      const tag = `${digest.replace(":", "-")}${ending}`;
      await plain.manifest(repository, signature?.text ?? "", { type: signature?.type ?? "", tag });
      expect(await judged(plain, `registry.test/${repository}@${digest}`)).toMatchObject({
        status: "fail",
        reason: expect.stringContaining(`is for another image, ${caseOf(title).image}`),
      });
    },
  );
});
