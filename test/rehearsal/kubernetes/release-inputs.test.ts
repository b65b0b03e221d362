import { checkedRelease } from "../../../rehearsal/kubernetes/release-verbs.ts";
import type { CheckRequest } from "../../../rehearsal/provider/model.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";

function checked(news: Properties, olds: Properties = {}) {
  const request: CheckRequest = {
    urn: "urn:pulumi:prod::sparki::kubernetes:helm.sh/v3:Release::fleet",
    type: "kubernetes:helm.sh/v3:Release",
    name: "fleet",
    news,
    olds,
    secrets: [],
    randomSeed: new Uint8Array([1, 2, 3, 4, 5]),
    session: { config: {}, signal: new AbortController().signal },
    signal: new AbortController().signal,
    log: () => undefined,
  };
  return checkedRelease(request);
}

describe("checkedRelease", () => {
  it.each([
    { news: { name: "a" }, olds: {}, name: "a" },
    { news: {}, olds: { name: "b" }, name: "b" },
    { news: {}, olds: {}, name: "fleet-01020304" },
  ])("names it $name", ({ news, olds, name }) => {
    expect(checked(news, olds).inputs.name).toBe(name);
  });

  it("refuses a setting that would silently do nothing", () => {
    expect(checked({ keyring: "k", forceUpdate: false, atomic: true }).failures).toEqual([
      { property: "keyring", reason: expect.stringContaining("keyring") },
    ]);
  });
});
