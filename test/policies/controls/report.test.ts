import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ControlRow, controlsReport } from "../../../policies/controls/report.ts";
import { auditControls, controlOf, ownControls } from "../../../policies/controls/table.ts";
import { asResource } from "../../../policies/judging/resource.ts";
import type { PolicyConfig } from "../../../policies/policy.ts";
import { database, vpc } from "../../support/policy-examples.ts";
import { type Example, situation } from "../../support/policy-fixtures.ts";

const root = join(import.meta.dirname, "..", "..", "..");

function reportOn(examples: readonly Example<object>[], config: Partial<PolicyConfig> = {}, violated: string[] = []) {
  const resources = examples.map(({ type, props, urn, traits }) =>
    asResource({ type, props, urn, name: traits.name, protect: true, provider: undefined, sourcesOf: () => [] }),
  );
  return controlsReport({ situation: situation(config), resources, violated: new Set(violated), mutations: {} });
}

function row(rows: readonly ControlRow[], id: string): ControlRow {
  const found = rows.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no row ${id}`);
  return found;
}

describe("controlsReport", () => {
  it("has a row for each of the seventy controls, and for this deployment's own", () => {
    const { controls, own } = reportOn([]);
    expect(controls.map(({ id }) => id)).toEqual(auditControls.map(({ id }) => id));
    expect(own.map(({ id }) => id)).toEqual(ownControls.map(({ id }) => id));
  });

  it("calls a control met when its policies judged something and found nothing", () => {
    expect(row(reportOn([database]).controls, "S22")).toEqual({
      ...{ id: "S22", title: controlOf("S22").title, ids: controlOf("S22").ids, status: "met", reason: undefined },
      ...{ metBy: "infra/database.ts", alsoCheckedBy: undefined, judged: 1 },
      enforcedBy: [{ policy: "database-encrypted-with-customer-key", testBites: false }],
    });
  });

  it("calls a control unmet when the preview breaks it, whatever is exempt", () => {
    const exemptions = [
      { control: "S22", resource: "other", reason: "of another one", by: "@alexarno", until: "2027-01-01" },
    ];
    expect(row(reportOn([database], { exemptions }, ["S22"]).controls, "S22").status).toBe("unmet");
  });

  it("calls a control unmet when nothing of the stack shows it", () => {
    expect(row(reportOn([]).controls, "S22")).toMatchObject({
      status: "unmet",
      reason: "nothing in the stack shows it",
    });
  });

  it("calls a control that lies between resources met by what it was judged on", () => {
    expect(row(reportOn([vpc]).controls, "S01")).toMatchObject({ status: "met", judged: 1 });
  });

  it("gives the reason why a control does not apply", () => {
    expect(row(reportOn([]).controls, "S57")).toMatchObject({
      status: "not applicable",
      reason: expect.stringContaining("no ECR repository"),
    });
  });

  it("gives an exemption's reason and end", () => {
    const exemptions = [
      { control: "S32", resource: "*", reason: "the runbook names 5432", by: "@alexarno", until: "2027-01-01" },
    ];
    expect(row(reportOn([database], { exemptions }).controls, "S32")).toMatchObject({
      status: "exempt",
      reason: "the runbook names 5432 (until 2027-01-01)",
    });
  });

  it("shows a relaxation as what it is", () => {
    const relaxations = [{ control: "S24", reason: "staging holds no customer data" }];
    expect(row(reportOn([database], { relaxations }).controls, "S24")).toMatchObject({
      status: "exempt",
      reason: "relaxed: staging holds no customer data",
    });
  });

  it("counts coverage over the controls that apply", () => {
    const { coverage } = reportOn([database]);
    const { met, exempt, notApplicable, unmet, controls, enforced } = coverage;
    expect(met + exempt + notApplicable + unmet).toBe(controls);
    expect(enforced).toBe(70);
    expect(coverage.ratio).toBeCloseTo(met / (70 - notApplicable), 3);
  });
});

describe("controls", () => {
  it.each([...auditControls, ...ownControls].map(({ id, metBy }) => [id, metBy]))(
    "%s is met by what is there: %s",
    (_id, metBy) => {
      expect(existsSync(join(root, metBy))).toBe(true);
    },
  );
});
