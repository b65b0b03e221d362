import { generateKeyPairSync, sign } from "node:crypto";
import { signatures } from "../../../../runbook/preflight/checks/images.ts";
import { configWith, fakeContext, type HttpAnswers, look } from "../../../support/preflight.ts";

const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
const imageSignatureKey = keys.publicKey.export({ type: "spki", format: "pem" }).toString();
const config = configWith({ preflight: { imageSignatureKey } });
const images = Object.values(config.release.images);

const partsOf = (image: string) => {
  const [name = "", digest = ""] = image.split("@");
  return { base: `GET https://ghcr.io/v2/${name.replace("ghcr.io/", "")}`, digest };
};

/** What cosign leaves in the registry for an image: a manifest under a tag, and the payload that was signed. */
function signed(
  image: string,
  { key = keys.privateKey, digest = partsOf(image).digest, hash = "sha256" } = {},
): HttpAnswers {
  const { base, digest: own } = partsOf(image);
  const payload = JSON.stringify({ critical: { image: { "docker-manifest-digest": digest } }, optional: null });
  const signature = sign(hash, Buffer.from(payload), key).toString("base64");
  const annotations = { "dev.cosignproject.cosign/signature": signature };
  return {
    [`${base}/manifests/${own.replace(":", "-")}.sig`]: { body: { layers: [{ digest: "sha256:p", annotations }] } },
    [`${base}/blobs/sha256:p`]: { body: payload },
  };
}

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIGNED = "https://sigstore.dev/cosign/sign/v1";

/** What cosign 3 leaves: a bundle that refers to the image, with a signed statement of what it is about. */
function bundled(
  image: string,
  {
    key = keys.privateKey,
    digest = partsOf(image).digest,
    predicateType = SIGNED,
    isListed = true,
    hash = "sha256",
  } = {},
): HttpAnswers {
  const { base, digest: own } = partsOf(image);
  const subject = [{ name: "", digest: { sha256: digest.replace("sha256:", "") } }];
  const statement = Buffer.from(JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject, predicateType }));
  const payloadType = "application/vnd.in-toto+json";
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${statement.length} `),
    statement,
  ]);
  const signatures = [{ sig: sign(hash, signed, key).toString("base64") }];
  // As the registry's own list names it; in the list under a tag cosign names the type of the empty config.
  const artifactType = isListed ? BUNDLE : "application/vnd.oci.empty.v1+json";
  const index = { body: { manifests: [{ digest: "sha256:m", artifactType }] } };
  return {
    [isListed ? `${base}/referrers/${own}` : `${base}/manifests/${own.replace(":", "-")}`]: index,
    [`${base}/manifests/${own.replace(":", "-")}.sig`]: { status: 404 },
    [`${base}/manifests/sha256:m`]: { body: { layers: [{ digest: "sha256:b", mediaType: BUNDLE }] } },
    [`${base}/blobs/sha256:b`]: {
      body: {
        mediaType: BUNDLE,
        verificationMaterial: { publicKey: { hint: "own" } },
        dsseEnvelope: { payload: statement.toString("base64"), payloadType, signatures },
      },
    },
  };
}

const OTHER_DIGEST = `sha256:${"0".repeat(64)}`;
const NOT_BY_KEY = "has no signature by the configured key";
const OF_ANOTHER = `is not signed: its signature by the configured key is for another image, ${OTHER_DIGEST}`;

const all = (...answers: HttpAnswers[]): HttpAnswers =>
  Object.assign({ "GET https://ghcr.io/": { status: 404 } }, ...answers);
const [first = "", ...rest] = images;
const good = rest.map((image) => signed(image));

describe("signatures", () => {
  it("passes when each image carries a signature of its digest by the configured key", async () => {
    const web = all(signed(first), ...good);
    expect(await look(signatures, fakeContext({ config, web }))).toEqual({
      status: "pass",
      reason: "3 images are signed",
    });
  });

  it.each([
    ["that the registry lists", {}],
    ["under the tag that stands in for such a list", { isListed: false }],
  ])("passes for an image with a bundle of cosign 3 %s", async (_, how) => {
    const web = all(bundled(first, how), ...good);
    expect(await look(signatures, fakeContext({ config, web }))).toMatchObject({ status: "pass" });
  });

  it.each([
    ["by another key", { key: other.privateKey }, NOT_BY_KEY],
    ["for another digest", { digest: OTHER_DIGEST }, OF_ANOTHER],
    ["that attests something else", { predicateType: "https://spdx.dev/Document" }, NOT_BY_KEY],
  ])("fails for an image with a bundle %s", async (_, how, problem) => {
    expect(await look(signatures, fakeContext({ config, web: all(bundled(first, how), ...good) }))).toMatchObject({
      status: "fail",
      reason: `alexarno/sparki/engine ${problem}`,
    });
  });

  it("passes for an image whose old signature is by another key and that was signed again by cosign 3", async () => {
    const old = signed(first, { key: other.privateKey });
    const web = all(...good, bundled(first), old);
    expect(await look(signatures, fakeContext({ config, web }))).toMatchObject({ status: "pass" });
  });

  // https://github.com/sigstore/cosign/issues/5091
  it.each([
    ["P-384", "sha384"],
    ["P-384", "sha256"],
    ["P-521", "sha512"],
  ])("takes signatures of either form by a key of the curve %s with %s", async (namedCurve, hash) => {
    const long = generateKeyPairSync("ec", { namedCurve });
    const how = { key: long.privateKey, hash };
    const key = long.publicKey.export({ type: "spki", format: "pem" }).toString();
    const own = configWith({ preflight: { imageSignatureKey: key } });
    const web = all(bundled(first, how), ...rest.map((image) => signed(image, how)));
    expect(await look(signatures, fakeContext({ config: own, web }))).toMatchObject({ status: "pass" });
    const foreign = all(
      bundled(first, { ...how, key: other.privateKey, hash: "sha256" }),
      ...rest.map((image) => signed(image, how)),
    );
    expect(await look(signatures, fakeContext({ config: own, web: foreign }))).toMatchObject({ status: "fail" });
  });

  it("asks a private registry with the stack's pull secret where who deploys has no token", async () => {
    const auths = { "ghcr.io": { auth: Buffer.from("ann:secret").toString("base64") } };
    const web = { "GET https://ghcr.io/": { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } } };
    const context = { ...fakeContext({ config, web }), pullSecret: async () => JSON.stringify({ auths }) };
    await look(signatures, context).catch(() => undefined);
    expect(context.requests.some(({ headers }) => headers?.authorization?.startsWith("Basic "))).toBe(true);
  });

  it("calls an image whose signature's manifest cannot be read not signed by the key", async () => {
    const { base, digest } = partsOf(first);
    const web = all(...good, { [`${base}/manifests/${digest.replace(":", "-")}.sig`]: { body: "<html>" } });
    expect(await look(signatures, fakeContext({ config, web }))).toMatchObject({
      status: "fail",
      reason: "alexarno/sparki/engine has no signature by the configured key",
    });
  });

  it("is skipped where no key is configured", async () => {
    expect(await look(signatures, fakeContext())).toMatchObject({ status: "skipped" });
  });

  it.each([
    ["not signed at all", {}, "is not signed"],
    ["signed with another key", signed(first, { key: other.privateKey }), NOT_BY_KEY],
    ["signed for another digest", signed(first, { digest: OTHER_DIGEST }), OF_ANOTHER],
  ])("fails for an image that is %s", async (_, answers, problem) => {
    expect(await look(signatures, fakeContext({ config, web: all(answers, ...good) }))).toEqual({
      status: "fail",
      reason: `alexarno/sparki/engine ${problem}`,
      fix: expect.stringContaining("cosign sign --key"),
    });
  });
});
