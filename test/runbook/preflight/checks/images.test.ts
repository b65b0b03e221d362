import { images, rollbackImages } from "../../../../runbook/preflight/checks/images.ts";
import { configWith, fakeContext, fakeState, look, promotionOf } from "../../../support/preflight.ts";

const { release } = configWith({});
const live = {
  ...release,
  id: "2026.10.9",
  images: { ...release.images, web: release.images.web.replace(/.{4}$/, "0000") },
};
const urlOf = (image: string) => {
  const [name = "", digest] = image.split("@");
  return `HEAD https://ghcr.io/v2/${name.replace("ghcr.io/", "")}/manifests/${digest}`;
};
const having = (...found: string[]) =>
  Object.fromEntries([["HEAD https://ghcr.io/", { status: 404 }], ...found.map((image) => [urlOf(image), {}])]);

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

  it("fails when one of them is gone: there would be no way back", async () => {
    const finding = await look(rollbackImages, fakeContext({ web: having(...Object.values(release.images)), state }));
    expect(finding).toMatchObject({ status: "fail", reason: `2026.10.9: not in the registry: ${live.images.web}` });
    expect(finding.fix).toContain("without them there is no way back");
  });

  it("is skipped while nothing was promoted", async () => {
    expect(await look(rollbackImages, fakeContext())).toMatchObject({ status: "skipped" });
  });
});
