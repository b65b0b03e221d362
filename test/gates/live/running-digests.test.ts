import { digestsApart } from "../../../gates/live/health-gate.ts";
import type { LiveRelease } from "../../../io/live-release.ts";
import { byService, SERVICE_NAMES } from "../../../stacks/services.ts";
import { releaseNamed } from "../../support/updates.ts";

const { images } = releaseNamed("1.0");
const digest = (image: string) => image.slice(image.indexOf("@") + 1);
const [engine, web] = [digest(images.engine), digest(images.web)];
const tracks = (oneBox: string[], fleet: string[]) => ({ oneBox, fleet });
/** Every service runs its own image, but for those given. */
const everywhere = byService((name) => tracks([digest(images[name])], [digest(images[name])]));

describe("digestsApart", () => {
  it("is content when every track runs the release's own image and nothing else", () => {
    expect(digestsApart(everywhere, images)).toBeUndefined();
  });

  it.each<[string, LiveRelease, RegExp]>([
    [
      "an old image still runs",
      { ...everywhere, engine: tracks([engine], [engine, "sha256:old"]) },
      /^engine fleet runs .* and sha256:old; expected/,
    ],
    [
      "another image runs",
      { ...everywhere, engine: tracks(["sha256:bad"], [engine]) },
      /^engine oneBox runs sha256:bad/,
    ],
    ["nothing is ready", { ...everywhere, web: tracks([], [web]) }, /^web oneBox runs nothing/],
    ["a track runs the other workload", { ...everywhere, engine: tracks([web], [engine]) }, /^engine oneBox/],
  ])("tells when %s", (_, live, expected) => {
    expect(digestsApart(live, images)).toMatch(expected);
  });

  it("expects nothing of a service that the release does not have", () => {
    const { web: _, ...older } = images;
    expect(digestsApart({ ...everywhere, web: tracks([], []) }, older)).toBeUndefined();
    expect(digestsApart(everywhere, older)).toMatch(/^web oneBox runs sha256:\S+; expected nothing; web fleet/);
  });

  it("names every track that is apart", () => {
    const nothing = tracks([], []);
    expect(
      digestsApart(
        byService(() => nothing),
        images,
      )?.split("; expected"),
    ).toHaveLength(2 * SERVICE_NAMES.length + 1);
  });
});
