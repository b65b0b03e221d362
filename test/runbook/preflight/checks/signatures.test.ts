import { generateKeyPairSync, sign } from "node:crypto";
import { signatures } from "../../../../runbook/preflight/checks/signatures.ts";
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
function signed(image: string, { key = keys.privateKey, digest = partsOf(image).digest } = {}): HttpAnswers {
  const { base, digest: own } = partsOf(image);
  const payload = JSON.stringify({ critical: { image: { "docker-manifest-digest": digest } }, optional: null });
  const signature = sign("sha256", Buffer.from(payload), key).toString("base64");
  const annotations = { "dev.cosignproject.cosign/signature": signature };
  return {
    [`${base}/manifests/${own.replace(":", "-")}.sig`]: { body: { layers: [{ digest: "sha256:p", annotations }] } },
    [`${base}/blobs/sha256:p`]: { body: payload },
  };
}

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

  it("is skipped where no key is configured", async () => {
    expect(await look(signatures, fakeContext())).toMatchObject({ status: "skipped" });
  });

  it.each([
    ["not signed at all", {}, "is not signed"],
    ["signed with another key", signed(first, { key: other.privateKey }), "has no signature by the configured key"],
    [
      "signed for another digest",
      signed(first, { digest: `sha256:${"0".repeat(64)}` }),
      "has no signature by the configured key",
    ],
  ])("fails for an image that is %s", async (_, answers, problem) => {
    expect(await look(signatures, fakeContext({ config, web: all(answers, ...good) }))).toEqual({
      status: "fail",
      reason: `alexarno/sparki/engine ${problem}`,
      fix: expect.stringContaining("cosign sign --key"),
    });
  });
});
