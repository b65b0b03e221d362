import { page } from "../../../rehearsal/app/server.ts";

describe("page", () => {
  it("names its release and track", () => {
    expect(page({ release: "2026-01-01.1", track: "fleet" })).toContain("Release 2026-01-01.1, fleet.");
  });

  it("shows a release's id as text, whatever is in it", () => {
    expect(page({ release: '<b a="1">&', track: "fleet" })).toContain("&lt;b a=&quot;1&quot;&gt;&amp;");
  });
});
