import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { controlsReport } from "../../../policies/controls/report.ts";
import { estimateCost } from "../../../policies/pricing/estimate.ts";
import { controlsText } from "../../../runbook/controls/controls.ts";
import { type DeployDocument, deployText } from "../../../runbook/deploy/deploy-document.ts";
import { rehearsalText } from "../../../runbook/rehearse/rehearsal-report.ts";
import { openScreen, type Paint, plainScreen } from "../../../runbook/report/screen.ts";
import { promotedDeploy, rolledBackDeploy } from "../../support/deploys.ts";
import { situation } from "../../support/policy-fixtures.ts";

/** What draws a region again is an ES module only, which jest does not load; here each drawing is written once. */
jest.mock("log-update", () => ({
  createLogUpdate: (stream: NodeJS.WritableStream) =>
    Object.assign((text: string) => stream.write(text), { clear: () => undefined }),
}));

const WIDTH = 80;
/** Longer than a line, with and without places to break. */
const long = (text: string) => `${text} ${"that goes on and on ".repeat(6)}and-in-one-word-${"x".repeat(90)}`;

const rehearsed = (document: DeployDocument) => ({
  ...document,
  scenario: "error-spike",
  seed: 1,
  replaced: [{ key: "sparki:storm.prometheusUrl", by: long("the rehearsal's") }],
  world: { resources: 1, orphans: 1, duplicates: 0, drift: 0, findings: [long("orphan")] },
  timing: { ...document.timing, modelSeconds: 1_400, criticalPathSeconds: 1_300, cloudReadySeconds: 1 },
  report: ".sparki/rehearsal/prod/report/a.html",
});

const controls = () => {
  const evidence = { situation: situation(), resources: [], violated: new Set<string>(), mutations: {} };
  const cost = estimateCost([{ type: "aws:kms/key:Key", name: "key", inputs: {} }]);
  return { ...controlsReport(evidence), violations: [long("exemption")], cost };
};

const TEXTS: Readonly<Record<string, (paint: Paint) => Promise<string>>> = {
  "a promoted deploy": async (paint) => deployText(await promotedDeploy(), paint),
  "a deploy that was rolled back": async (paint) => deployText(await rolledBackDeploy(long), paint),
  "a rehearsal": async (paint) => rehearsalText(rehearsed(await rolledBackDeploy(long)), paint),
  controls: async (paint) => controlsText(controls(), paint),
};

/** A terminal with the environment's wishes, and what was written to it. */
async function terminal(env: Readonly<Record<string, string>>, parts: object = { isTTY: true, columns: 200 }) {
  const stream = Object.assign(new PassThrough(), parts);
  const screen = await openScreen({ stderr: stream, env });
  return { screen, written: () => String(stream.read() ?? "") };
}

describe.each(Object.entries(TEXTS))("the text of %s", (_, textOf) => {
  it("stays within 80 columns, but for a word that has no place to break", async () => {
    const lines = (await textOf(plainScreen(new PassThrough()).paint)).split("\n");
    const over = lines.filter((line) => line.length > WIDTH);
    expect(over.filter((line) => line.trim().includes(" "))).toEqual([]);
  });

  it.each([
    ["NO_COLOR is set", { NO_COLOR: "1" }, { isTTY: true }],
    ["the terminal is dumb", { TERM: "dumb" }, { isTTY: true }],
    ["it goes to no terminal", {}, {}],
    ["it goes to CI's log", { CI: "true" }, { isTTY: true }],
  ])("has no colour where %s", async (_why, env, parts) => {
    const { screen } = await terminal(env, parts);
    // A control character is what a colour begins with.
    expect((await textOf(screen.paint)).includes("\u001b")).toBe(false);
  });

  it("says with colour what it says without", async () => {
    const { screen } = await terminal({});
    const coloured = await textOf(screen.paint);
    expect(coloured.includes("\u001b[")).toBe(true);
    const plain = await textOf(plainScreen(new PassThrough()).paint);
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });
});

describe("a region on a terminal", () => {
  it.each([
    [80, 200],
    [40, 40],
  ])("is drawn at most %i columns wide on one of %i", async (width, columns) => {
    const { screen, written } = await terminal({ NO_COLOR: "1" }, { isTTY: true, columns });
    screen.region(() => ["y".repeat(300)])();
    expect(screen.width).toBe(width);
    expect(/y+/.exec(written())?.[0]).toHaveLength(width - 1);
  });
});
