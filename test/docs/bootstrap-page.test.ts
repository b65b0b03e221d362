import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKLIST } from "../../runbook/preflight/checklist.ts";
import { PHASES } from "../../runbook/preflight/phases/phases.ts";
import { checkCommand, forStack, STEPS, stepsText } from "../../runbook/preflight/phases/steps.ts";
import { runSparki } from "../support/command-line.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/bootstrap.md"), "utf8");
const list = page.slice(page.indexOf("## The list"), page.indexOf("## Why the network comes first"));

/** As prose alone: how a page breaks lines, marks code and names a file it links to is its own. */
const plain = (text: string) =>
  text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll("`", "")
    .replace(/\s+/g, " ");
const sections = list.split(/^(?=\d+\. \*\*)/m).slice(1);

describe("docs/bootstrap.md", () => {
  it("has the steps of the commands, in their order and under their numbers", () => {
    const titles = sections.map((section) => /^\d+\. \*\*(.+?)\.\*\*/.exec(section)?.[0]);
    expect(titles).toEqual(STEPS.map(({ title }, index) => `${index + 1}. **${title}.**`));
  });

  it.each(STEPS.map((step, index) => [step.id, step, sections[index] ?? ""] as const))(
    "says of %s who does it, how long it takes, what it costs, what to do, and how it is checked",
    (id, { owner, time, price, act }, section) => {
      const text = plain(section);
      expect(text).toContain(`*Owner:* ${owner}. *Time:* ${time}. *Price:* ${price}.`);
      expect(text).toContain(forStack(act, "prod"));
      expect(text).toContain(`Check: ${checkCommand(id, "prod")}`);
      if (PHASES[id] !== CHECKLIST) for (const { proves } of PHASES[id]) expect(text).toContain(plain(proves));
    },
  );

  it("needs only steps that come before", () => {
    const ids = STEPS.map(({ id }) => id);
    for (const [index, { needs }] of STEPS.entries())
      expect(needs.filter((each) => !ids.slice(0, index).includes(each))).toEqual([]);
  });

  it("lists what the help of both commands lists", async () => {
    for (const command of ["preflight", "bootstrap"]) {
      const { out } = await runSparki([command, "--help"]);
      for (const line of stepsText().split("\n")) expect(out).toContain(line.trim());
    }
  });
});
