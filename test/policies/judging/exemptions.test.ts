import { databaseInSeveralZones, databaseNoDefaultNames, databaseNotPublic } from "../../../policies/database.ts";
import { NEVER_EXEMPT } from "../../../policies/judging/session.ts";
import type { PolicyConfig } from "../../../policies/policy.ts";
import { database } from "../../support/policy-examples.ts";
import { judge, situation } from "../../support/policy-fixtures.ts";

const policies = [databaseNoDefaultNames, databaseInSeveralZones];
const exemption = {
  control: "S32",
  resource: "database-*",
  reason: "the runbook names 5432",
  by: "@alexarno",
  until: "2026-11-23",
};
const onPort = database.with({ port: 5432 });
const inOneZone = database.with({ multiAz: false });
const relaxation = { control: "S24", reason: "staging holds no customer data" };

const staging = { production: false };

function judged(stack: Parameters<typeof judge>[1], config: Partial<PolicyConfig>) {
  return judge(policies, stack, situation(config)).map(({ message }) => message);
}

describe("an exemption", () => {
  it.each(["database-instance", "database-*", "*", "*-instance.port", "database-instance.port"])(
    "excuses what %s names",
    (resource) => expect(judged([onPort], { exemptions: [{ ...exemption, resource }] })).toEqual([]),
  );

  it.each(["database", "cache-*", "*.username", "database.instance"])(
    "excuses nothing that %s does not name",
    (resource) => {
      expect(judged([onPort], { exemptions: [{ ...exemption, resource }] })).toEqual([
        expect.stringContaining("S32 [RDS.25, RDS.23]"),
        expect.stringContaining(`exemption of S32 on "${resource}" excuses nothing`),
      ]);
    },
  );

  it("of one property leaves the others as they are", () => {
    const exemptions = [{ ...exemption, resource: "*.port" }];
    expect(judged([onPort.with({ username: "postgres" })], { exemptions })).toEqual([
      expect.stringContaining("username"),
    ]);
  });

  it("of another control excuses nothing", () => {
    expect(judged([onPort], { exemptions: [{ ...exemption, control: "S24" }] })).toHaveLength(2);
  });

  it("may wait for what it excuses where the program ends before that is made, and then excuses no more than ever", () => {
    const partial = { ...situation({ exemptions: [{ ...exemption, resource: "cache-*" }] }), isPartial: true };
    const messages = (stack: Parameters<typeof judge>[1]) =>
      judge(policies, stack, partial).map(({ message }) => message);
    expect(messages([])).toEqual([]);
    expect(messages([onPort])).toEqual([expect.stringContaining("S32 [RDS.25, RDS.23]")]);
    const ended = { ...situation({ exemptions: [{ ...exemption, until: "2026-11-22" }] }), isPartial: true };
    expect(judge(policies, [], ended)).toEqual([
      expect.objectContaining({ message: expect.stringContaining("ended on") }),
    ]);
  });

  it("fails once it has ended, and excuses nothing then", () => {
    expect(judged([onPort], { exemptions: [{ ...exemption, until: "2026-11-22" }] })).toEqual([
      expect.stringContaining("S32 [RDS.25, RDS.23]"),
      expect.stringContaining('exemption of S32 on "database-*" ended on 2026-11-22'),
    ]);
  });

  it("may last for 400 days, and excuses nothing and fails when it lasts longer", () => {
    expect(judged([onPort], { exemptions: [{ ...exemption, until: "2027-12-28" }] })).toEqual([]);
    expect(judged([onPort], { exemptions: [{ ...exemption, until: "2027-12-29" }] })).toEqual([
      expect.stringContaining("S32 [RDS.25, RDS.23]"),
      expect.stringContaining('exemption of S32 on "database-*" ends in more than 400 days'),
    ]);
  });

  it.each([...NEVER_EXEMPT])("of %s is never allowed", (control) => {
    expect(judged([database], { exemptions: [{ ...exemption, control }] })).toEqual([
      expect.stringContaining(`exemption of ${control} on "database-*" is not allowed`),
    ]);
  });

  it("of what identifies, publishes, encrypts or closes excuses nothing", () => {
    const open = database.with({ publiclyAccessible: true });
    const exemptions = [{ ...exemption, control: "S20" }];
    expect(judge([databaseNotPublic], [open], situation({ exemptions })).map(({ message }) => message)).toEqual([
      expect.stringContaining("S20 ["),
      expect.stringContaining("is not allowed"),
    ]);
  });

  it("fails when nothing needs it", () => {
    expect(judged([database], { exemptions: [exemption] })).toEqual([expect.stringContaining("excuses nothing")]);
  });
});

describe("a relaxation", () => {
  it("excuses a control that may be relaxed, on a stack that is not production", () => {
    expect(judged([inOneZone], { relaxations: [relaxation], ...staging })).toEqual([]);
  });

  it("is refused wherever the config does not say that no customer is served, whatever the stack is called", () => {
    const named = situation({ relaxations: [relaxation] }, "staging");
    expect(judge(policies, [inOneZone], named).map(({ message }) => message)).toEqual([
      expect.stringContaining("S24 ["),
      expect.stringContaining("relaxation of S24 is not allowed on stack staging"),
    ]);
    const prod = situation({ relaxations: [relaxation], ...staging }, "prod");
    expect(judge(policies, [inOneZone], prod)).toEqual([]);
  });

  it("is refused on production, and excuses nothing there", () => {
    expect(judged([inOneZone], { relaxations: [relaxation] })).toEqual([
      expect.stringContaining("S24 ["),
      expect.stringContaining("relaxation of S24 is not allowed on stack prod"),
    ]);
  });

  it("is refused of a control that may not be relaxed", () => {
    expect(judged([onPort], { relaxations: [{ ...relaxation, control: "S32" }], ...staging })).toEqual([
      expect.stringContaining("S32 ["),
      expect.stringContaining("relaxation of S32 is not allowed on stack prod"),
    ]);
  });

  it("fails when nothing needs it", () => {
    expect(judged([database], { relaxations: [relaxation], ...staging })).toEqual([
      expect.stringContaining("relaxation of S24 excuses nothing"),
    ]);
  });
});

describe("an approval", () => {
  const approval = { resource: "database-instance", action: "delete", by: "@alexarno" } as const;
  it("of more than 400 days fails", () => {
    expect(judged([database], { approvals: [{ ...approval, until: "2027-12-28" }] })).toEqual([]);
    expect(judged([database], { approvals: [{ ...approval, until: "2999-01-01" }] })).toEqual([
      expect.stringContaining('approval to delete "database-instance" ends in more than 400 days'),
    ]);
  });
});
