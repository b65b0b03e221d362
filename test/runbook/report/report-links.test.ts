import { existsSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_DIRECTORY } from "../../../runbook/project.ts";
import { docsLinks, planLinks } from "../../../runbook/report/report-files.ts";

describe("docsLinks", () => {
  it("leads to pages that there are", () => {
    const paths = docsLinks({ runbookUrl: "https://a/main" }).map(({ href }) => href.replace("https://a/main/", ""));
    expect(paths).toContain("docs/runbook.md");
    expect(paths.filter((path) => !existsSync(join(PROJECT_DIRECTORY, path)))).toEqual([]);
  });
});

describe("planLinks", () => {
  const files = { html: ".sparki/plans/prod-2f6c.html", markdown: "", json: "" };

  it("leads from a report's folder to the plan's page", () => {
    const links = planLinks({ plan: { hash: "2f6c".repeat(16), files } }, "/a", "/a/.sparki/deploys");
    expect(links).toEqual([{ title: "The plan 2f6c2f6c2f6c", href: "../plans/prod-2f6c.html" }]);
  });

  it("is none where nothing was planned", () => {
    expect(planLinks({ plan: null }, "/a", "/a")).toEqual([]);
  });
});
