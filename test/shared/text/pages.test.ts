import { deployHtml } from "../../../runbook/report/deploy-html.ts";
import { promotedDeploy, rolledBackDeploy } from "../../support/deploys.ts";

const HOSTILE = `"'><script>x</script><b onload=x>&\u202e\u001b[2J\r# x token=hunter2 <!channel>`;
const beside = { madeAt: "2026-11-23T14:00:00.000Z", notes: [], links: [] };

/** The tags of a page in their order, without what is said between them. */
const tagsOf = (html: string) =>
  (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/(aria-label|href)="[^"]*"/g, "$1"));

describe("a report's page", () => {
  it("has the same tags whatever its texts say", async () => {
    const plain = deployHtml(await rolledBackDeploy((text) => `${text}x`), beside);
    const hostile = deployHtml(await rolledBackDeploy((text) => `${text}${HOSTILE}`), beside);
    expect(tagsOf(hostile)).toEqual(tagsOf(plain));
    for (const bad of ["hunter2", "\u001b", "\u202e", "\r", "<script", "<b onload"]) expect(hostile).not.toContain(bad);
  });

  it("says nothing that is cut or changed in an ordinary deploy", async () => {
    expect(deployHtml(await promotedDeploy(), beside)).not.toMatch(/\[secret\]|more characters/);
  });
});
