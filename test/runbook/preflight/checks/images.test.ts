import { images, pulling, rollbackImages } from "../../../../runbook/preflight/checks/images.ts";
import { byService } from "../../../../stacks/services.ts";
import { configWith, fakeContext, fakeState, look, promotionOf } from "../../../support/preflight.ts";

const { release } = configWith({});
const live = {
  ...release,
  id: "2026.10.9",
  images: { ...release.images, web: release.images.web.replace(/.{4}$/, "0000") },
};
const MANIFEST = { headers: { "content-type": "application/json" } };
const urlOf = (image: string) => {
  const [name = "", digest] = image.split("@");
  return `HEAD https://ghcr.io/v2/${name.replace("ghcr.io/", "")}/manifests/${digest}`;
};
const having = (...found: string[]) =>
  Object.fromEntries([["HEAD https://ghcr.io/", { status: 404 }], ...found.map((image) => [urlOf(image), MANIFEST])]);

describe("images", () => {
  it("passes when the registry has each of the release's digests", async () => {
    const web = having(...Object.values(release.images));
    expect(await look(images, fakeContext({ web }))).toEqual({
      status: "pass",
      reason: "2026.11.1: 3 images by digest",
    });
  });

  it("fails with the image that is missing, before anything is migrated", async () => {
    const web = having(release.images.engine, release.images.e2e);
    expect(await look(images, fakeContext({ web }))).toEqual({
      status: "fail",
      reason: `2026.11.1: not in the registry: ${release.images.web}`,
      fix: "push the images of 2026.11.1, or correct sparki:release.images",
    });
  });

  it("fails for an image from elsewhere, without asking for it", async () => {
    const context = fakeContext({ config: configWith({ allowedRegistries: ["ghcr.io/sparki/"] }) });
    const finding = await look(images, context);
    expect(finding).toMatchObject({ status: "fail", fix: "push them to an allowed registry" });
    expect(finding.reason).toContain("not from ghcr.io/sparki/");
    expect(context.requests).toEqual([]);
  });
});

describe("rollbackImages", () => {
  const state = fakeState([promotionOf(live)]);

  it("passes when the images of what is live are still there", async () => {
    const web = having(...Object.values(live.images));
    expect(await look(rollbackImages, fakeContext({ web, state }))).toMatchObject({
      status: "pass",
      reason: "2026.10.9: 3 images by digest",
    });
  });

  it("fails when one of them is gone: there would be no rollback", async () => {
    const finding = await look(rollbackImages, fakeContext({ web: having(...Object.values(release.images)), state }));
    expect(finding).toMatchObject({ status: "fail", reason: `2026.10.9: not in the registry: ${live.images.web}` });
    expect(finding.fix).toContain("without them a rollback is impossible");
  });

  it("is skipped while nothing was promoted", async () => {
    expect(await look(rollbackImages, fakeContext())).toMatchObject({ status: "skipped" });
  });
});

describe("pulling", () => {
  const auth = Buffer.from("robot:secret").toString("base64");
  const pullSecret = async () => JSON.stringify({ auths: { "ghcr.io": { auth } } });
  const challenge = { "www-authenticate": 'Bearer realm="https://ghcr.io/token",scope="repository:x:pull"' };
  /** A registry that gives a manifest only for the token that these credentials get. */
  const guarded = { "HEAD https://ghcr.io/": { status: 401, headers: challenge } };

  it("passes where anybody may pull", async () => {
    const web = having(...Object.values(release.images));
    expect(await look(pulling, fakeContext({ web }))).toMatchObject({
      status: "pass",
      reason: "3 images, without credentials",
    });
  });

  it("fails where only who deploys has a token: nodes have none (W32)", async () => {
    const web = { ...guarded, "GET https://ghcr.io/token": { status: 401 } };
    const context = fakeContext({ web, tokens: { registry: "mine" } });
    const finding = await look(pulling, context);
    expect(finding).toMatchObject({ status: "fail", fix: expect.stringContaining("sparki:imagePullSecret") });
    expect(finding.reason).toContain("without credentials: ghcr.io answered 401");
  });

  it("asks with the very credentials that nodes will use, and never shows them", async () => {
    const web = { ...guarded, "GET https://ghcr.io/token": { status: 403 } };
    const context = { ...fakeContext({ web }), pullSecret };
    const finding = await look(pulling, context);
    expect(finding).toMatchObject({ status: "fail", reason: expect.stringContaining("with the pull secret") });
    expect(JSON.stringify(finding)).not.toContain(auth);
  });

  it("sends each registry its own credentials, and no registry those of another (W32)", async () => {
    const moved = { ...release.images, web: release.images.web.replace("ghcr.io", "quay.io") };
    const config = configWith({ release: { ...release, images: moved }, allowedRegistries: ["ghcr.io/", "quay.io/"] });
    const asking = (host: string) => ({
      [`HEAD https://${host}/`]: { status: 401, headers: { "www-authenticate": `Basic realm="${host}"` } },
    });
    const context = fakeContext({ config, web: { ...asking("ghcr.io"), ...asking("quay.io") } });
    await look(images, { ...context, pullSecret }).catch(() => undefined);
    const sent = context.requests.filter(({ headers }) => headers?.authorization !== undefined);
    expect(new Set(sent.map(({ url }) => new URL(url).host))).toEqual(new Set(["ghcr.io"]));
  });

  // https://github.com/awslabs/amazon-eks-ami/issues/2592
  it.each([
    "dkr.ecr.us-east-1.amazonaws.com",
    "dkr.ecr-fips.us-east-1.amazonaws.com",
    "dkr-ecr.us-east-1.on.aws",
    "dkr-ecr-fips.us-east-1.on.aws",
  ])("leaves ECR to the nodes' own role: %s", async (host) => {
    const ecr = (image: string) => image.replace("ghcr.io", `111122223333.${host}`);
    const { e2e } = release.images;
    const images = { ...byService((name) => ecr(release.images[name])), e2e: ecr(e2e) };
    const config = configWith({ release: { ...release, images } });
    expect(await look(pulling, fakeContext({ config }))).toMatchObject({ status: "skipped" });
  });
});
