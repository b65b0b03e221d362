import type { LiveRelease } from "../../../io/live-release.ts";
import { digestsApart } from "../../../runbook/deploy/running-digests.ts";
import { releaseNamed } from "../../support/updates.ts";

const { images } = releaseNamed("1.0");
const digest = (image: string) => image.slice(image.indexOf("@") + 1);
const [engine, web] = [digest(images.engine), digest(images.web)];
const tracks = (oneBox: string[], fleet: string[]) => ({ oneBox, fleet });

describe("digestsApart", () => {
  it("is content when every track runs the release's own image and nothing else", () => {
    expect(digestsApart({ engine: tracks([engine], [engine]), web: tracks([web], [web]) }, images)).toBeUndefined();
  });

  it.each<[string, LiveRelease, RegExp]>([
    [
      "an old image still runs",
      { engine: tracks([engine], [engine, "sha256:old"]), web: tracks([web], [web]) },
      /^engine fleet runs .* and sha256:old; expected/,
    ],
    [
      "another image runs",
      { engine: tracks(["sha256:bad"], [engine]), web: tracks([web], [web]) },
      /^engine oneBox runs sha256:bad/,
    ],
    ["nothing is ready", { engine: tracks([engine], [engine]), web: tracks([], [web]) }, /^web oneBox runs nothing/],
    [
      "a track runs the other workload",
      { engine: tracks([web], [engine]), web: tracks([web], [web]) },
      /^engine oneBox/,
    ],
  ])("tells when %s", (_, live, expected) => {
    expect(digestsApart(live, images)).toMatch(expected);
  });

  it("names every track that is apart", () => {
    const nothing = tracks([], []);
    expect(digestsApart({ engine: nothing, web: nothing }, images)?.split("; expected")).toHaveLength(5);
  });
});
