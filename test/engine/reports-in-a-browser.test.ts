import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import { makePlan } from "../../runbook/plan/make-plan.ts";
import { planHtml } from "../../runbook/plan/plan-files.ts";
import { deployHtml, rollbackHtml } from "../../runbook/report/deploy-html.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { promotedDeploy, releaseNamed, rolledBackDeploy } from "../support/deploys.ts";
import { type Planned, plannedProject } from "../support/planning.ts";

jest.setTimeout(600_000);

const AXE = join(import.meta.dirname, "..", "..", "node_modules", "axe-core", "axe.min.js");
/** Where the pages and pictures of them are kept for a person to look at; nowhere when unset. */
const KEPT = process.env.SPARKI_REPORT_PICTURES;
/** A telephone and a desk; what a page's colours are does not depend on its width. */
const READERS = [
  [390, "light"],
  [1280, "dark"],
] as const;

/** As long as names get, without a place to break. */
const long = (text: string) => `${text}${"-with-a-very-long-name<b>&".repeat(6)}${"x".repeat(200)}`;
const beside = { madeAt: "2026-11-23T14:00:00.000Z", notes: ["A rehearsal."], links: [] };
const links = [{ title: "The plan that was approved", href: "../plans/prod-2f6c.html" }];

async function planPage(name: (text: string) => string): Promise<string> {
  const steps: readonly Planned[] = [
    { op: "create", type: "aws:ec2/vpc:Vpc", name: name("network-vpc"), after: { cidr: "10.0.0.0/16" } },
    {
      op: "update",
      type: "aws:iam/role:Role",
      name: name("role"),
      before: { policy: "a" },
      after: { policy: name("b") },
    },
  ];
  const target = plannedProject({ steps });
  try {
    return planHtml(await makePlan(target));
  } finally {
    rmSync(target.projectDirectory, { recursive: true });
  }
}

async function rollbackPage(): Promise<string> {
  const { rollback, previous } = await rolledBackDeploy();
  const end = { outcome: "rolled-back", exitCode: 0, reason: "it serves" } as const;
  const [release, before] = [releaseNamed("1.0", "a"), previous === null ? null : releaseNamed(previous.id, "b")];
  return rollbackHtml({ stack: "prod", ...end, release, previous: before, rollback }, { ...beside, links });
}

const PAGES: Readonly<Record<string, () => Promise<string>>> = {
  "a plan": () => planPage((text) => text),
  "a plan with long names": () => planPage(long),
  "a promoted deploy": async () => deployHtml(await promotedDeploy(), { ...beside, links }),
  "a deploy that was rolled back": async () => deployHtml(await rolledBackDeploy(), { ...beside, links }),
  "a rollback": async () => rollbackPage(),
  "a deploy with long names": async () => deployHtml(await rolledBackDeploy(long), { ...beside, links }),
};

const violations = z.array(
  z.object({ id: z.string(), impact: z.string().nullable(), nodes: z.array(z.object({ html: z.string() })) }),
);

/** What axe finds serious or critical on the page. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const found = violations.parse(await page.evaluate("axe.run(document).then(({ violations }) => violations)"));
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
}

/** What a reader of the page would meet. */
async function lookAt(browser: Browser, file: string, width: number, colorScheme: "light" | "dark") {
  const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
  if (KEPT !== undefined) await page.screenshot({ path: `${file}.${width}.${colorScheme}.png`, fullPage: true });
  const scrollWidth = z.number().parse(await page.evaluate("document.documentElement.scrollWidth"));
  const findings = await seriousFindings(page);
  await page.close();
  return { scrollWidth, findings, asked: asked.slice(1) };
}

describe("the reports in a real browser, without a network", () => {
  const folder = KEPT ?? mkdtempSync(join(tmpdir(), "sparki-reports-"));
  let opened: TestBrowser;
  beforeAll(async () => {
    opened = await openBrowser();
  });
  afterAll(async () => {
    await opened?.close();
    if (KEPT === undefined) rmSync(folder, { recursive: true });
  });

  it("would see a page that is too wide, hard to read, and asks for more", async () => {
    const file = join(folder, "bad.html");
    writeFileSync(file, `<p style="width: 800px; color: #bbb">faint</p><img src="http://127.0.0.1:9/a.png">`);
    const { scrollWidth, findings, asked } = await lookAt(opened.browser, file, 390, "light");
    expect(scrollWidth).toBeGreaterThan(390);
    expect(findings.join()).toMatch(/serious: color-contrast.*critical: image-alt|critical: image-alt.*color-contrast/);
    expect(asked).toEqual(["http://127.0.0.1:9/a.png"]);
  });

  describe.each(Object.keys(PAGES))("%s", (name) => {
    const file = join(folder, `${name.replaceAll(" ", "-")}.html`);
    beforeAll(async () => writeFileSync(file, (await PAGES[name]?.()) ?? ""));

    it.each(READERS)(
      "fits %i pixels, asks for nothing else, and axe finds nothing serious on it, in %s colours",
      async (width, colorScheme) => {
        const seen = await lookAt(opened.browser, file, width, colorScheme);
        expect(seen).toEqual({ scrollWidth: width, findings: [], asked: [] });
      },
    );
  });
});
