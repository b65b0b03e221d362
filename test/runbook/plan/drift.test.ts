import { DriftRecord, driftEntries } from "../../../runbook/plan/planned.ts";
import { refreshedEvent, urnOf } from "../../support/planning.ts";

const POLICY = { type: "aws:iam/policy:Policy", name: "engine-policy" };
const LONG = `{"Statement": [${'{"Effect": "Deny", "Action": "s3:DeleteBucket"}, '.repeat(4)}`;

/** What an approval would hold of a policy that someone changed to this by hand. */
function entriesOf(document: string, before = "{}") {
  const record = new DriftRecord();
  record.add(refreshedEvent({ ...POLICY, op: "update", before: { policy: before }, after: { policy: document } }));
  return { shown: record.all[0]?.changes, entry: driftEntries(record.all)[urnOf(POLICY)] };
}

describe("driftEntries", () => {
  it("tells two changes by hand apart that look the same where they are shown", () => {
    const [one, other] = [entriesOf(`${LONG}"s3:GetObject"`), entriesOf(`${LONG}"s3:*"`)];
    expect(one.shown).toEqual(other.shown);
    expect(one.entry).not.toBe(other.entry);
  });

  it("tells apart from what a change by hand began", () => {
    const [one, other] = [entriesOf("{}", `${LONG}"s3:GetObject"`), entriesOf("{}", `${LONG}"s3:*"`)];
    expect(one.entry).not.toBe(other.entry);
  });

  it("is the same for the same change, and for what is gone another one", () => {
    expect(entriesOf("{1}").entry).toBe(entriesOf("{1}").entry);
    const record = new DriftRecord();
    record.add(refreshedEvent({ ...POLICY, op: "delete", before: { policy: "{}" } }));
    expect(record.all).toMatchObject([{ name: "engine-policy", isGone: true, changes: [] }]);
    expect(driftEntries(record.all)[urnOf(POLICY)]).not.toBe(entriesOf("{1}").entry);
  });
});
