import { placeOf } from "../../../runbook/preflight/context.ts";

describe("placeOf", () => {
  const places = { projectDirectory: "/sealed/copy/project", checkoutDirectory: "/home/me/sparki-deploy" };

  it.each([
    ["flags.yaml", "/sealed/copy/project/flags.yaml"],
    ["a/../flags.yaml", "/sealed/copy/project/flags.yaml"],
    ["../sparki/migrations", "/home/me/sparki/migrations"],
    ["a/../../sparki", "/home/me/sparki"],
    ["/srv/migrations", "/srv/migrations"],
  ])("finds %s at %s", (path, place) => expect(placeOf(places, path)).toBe(place));
});
