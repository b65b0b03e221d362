import { databaseInSeveralZones, databaseNoDefaultNames, databaseNotPublic } from "../../../policies/database.ts";
import { asResource } from "../../../policies/judging/resource.ts";
import { NEVER_EXEMPT, Session } from "../../../policies/judging/session.ts";
import { every, type Policy, type PolicyConfig } from "../../../policies/policy.ts";
import { database, key, vpc } from "../../support/policy-examples.ts";
import { judge, situation } from "../../support/policy-fixtures.ts";

const encrypted: Policy = {
  name: "encrypted",
  control: "S22",
  reason: "It must be.",
  fix: "Encrypt it.",
  each: [
    every(
      (type) => type === "aws:rds/instance:Instance",
      ({ props }, demand) => {
        demand("storageEncrypted", () => props.storageEncrypted === true);
        demand("kmsKeyId", () => props.kmsKeyId !== "", { comesFrom: "aws:kms/key:Key" });
        demand("tags", () => props.tags !== "", "update");
      },
    ),
  ],
};
const isDatabase = (type: string) => type === database.type;
const found = (...args: Parameters<typeof judge>) => judge(...args).map(({ property }) => property);

describe("Session", () => {
  it("names the control, its ids, the resource, the property, the reason and the fix", () => {
    const [violation] = judge([encrypted], [database.with({ storageEncrypted: false })]);
    expect(violation?.message).toBe(
      'S22 [RDS.3, CIS 3.2.1, CKV_AWS_16, AVD-AWS-0080] aws:rds/instance:Instance "database-instance", ' +
        "storageEncrypted. Why: It must be. Fix: Encrypt it.",
    );
    expect(violation?.urn).toBe(database.urn);
  });

  it("leaves to the resource phase what is judged on inputs only", () => {
    const [one, situated] = [database.with({ storageEncrypted: false }), situation()];
    const resource = asResource({ ...one.traits, type: one.type, urn: one.urn, props: one.props, sourcesOf: () => [] });
    const session = new Session([{ ...encrypted, inputsOnly: true }], situated, { preview: true });
    expect(session.judgeStack([resource])).toEqual([]);
    expect(session.judgeResource(encrypted, resource)).toHaveLength(1);
  });

  describe("with a policy that has to prepare", () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow: Policy = { ...encrypted, prepare: () => promise };
    const one = database.with({ storageEncrypted: false });
    const resource = asResource({ ...one.traits, type: one.type, urn: one.urn, props: one.props, sourcesOf: () => [] });
    const opened = (preview: boolean) => new Session([slow], situation(), { preview });

    it("keeps a preview waiting at its end only, and an update before the resource is touched", async () => {
      const [preview, update] = [opened(true), opened(false)];
      expect(await preview.judgePrepared(slow, resource)).toEqual([]);
      const order: string[] = [];
      const ended = preview.judgeWaiting(slow).then((violations) => {
        order.push("judged");
        return violations;
      });
      const before = update.judgePrepared(slow, resource);
      order.push("prepared");
      resolve();
      expect([(await ended).length, (await before).length]).toEqual([1, 1]);
      expect(order).toEqual(["prepared", "judged"]);
      expect(await update.judgeWaiting(slow)).toEqual([]);
    });

    it("judges nothing as good when preparing fails", async () => {
      const failing: Policy = { ...slow, prepare: () => Promise.reject(new Error("no helm")) };
      const preview = opened(true);
      await preview.judgePrepared(failing, resource);
      const unread = { property: "a property of a form that the policy cannot read" };
      expect(await preview.judgeWaiting(failing)).toContainEqual(expect.objectContaining(unread));
      expect(await opened(false).judgePrepared(failing, resource)).toContainEqual(expect.objectContaining(unread));
    });
  });

  it("never shows a property's value", () => {
    const shy: Policy = {
      ...encrypted,
      each: [
        every(
          () => true,
          ({ props }, demand) => demand("password", () => props.password !== "hunter2"),
        ),
      ],
    };
    const messages = judge([shy], [database.with({ password: "hunter2" })]).map(({ message }) => message);
    expect(messages).toHaveLength(1);
    expect(messages.join()).not.toContain("hunter2");
  });

  it("reports each violation once, though it looks twice", () => {
    const broken = database.with({ storageEncrypted: false }).from("kmsKeyId", vpc);
    expect(found([encrypted], [vpc, broken])).toEqual(["storageEncrypted", "kmsKeyId"]);
  });

  it("stops a value that preview cannot know", () => {
    const [violation] = judge([encrypted], [database.from("storageEncrypted")]);
    expect(violation?.message).toContain("storageEncrypted cannot be known in preview, and must be.");
  });

  it("believes an unknown value that comes from where it must", () => {
    expect(found([encrypted], [key, database.from("kmsKeyId", key)])).toEqual([]);
    expect(found([encrypted], [vpc, database.from("kmsKeyId", vpc)])).toEqual(["kmsKeyId"]);
  });

  it("leaves to the update what only the update can know", () => {
    const late = database.from("tags");
    expect(found([encrypted], [late])).toEqual([]);
    expect(found([encrypted], [late], situation(), { preview: false })).toEqual(["tags"]);
  });

  it("lets nothing pass an update by being unknown", () => {
    const late = database.from("kmsKeyId", key);
    expect(found([encrypted], [key, late], situation(), { preview: false })).toEqual(["kmsKeyId"]);
  });

  it("judges a stack by what was asked for, where a preview without a provider has no outputs", () => {
    const labelled: Policy = {
      ...encrypted,
      each: [],
      whole: (stack, demand) => {
        for (const one of stack.resources) demand(one, "labels", () => one.props.labels === "restricted");
      },
    };
    const session = new Session([labelled], situation(), { preview: true });
    const facts = {
      type: "kubernetes:core/v1:Namespace",
      name: "web",
      urn: "web",
      protect: false,
      provider: undefined,
    };
    const asked = asResource({ ...facts, props: { labels: "restricted" }, sourcesOf: () => [] });
    const silent = asResource({ ...facts, props: {}, sourcesOf: () => [] });
    expect(session.judgeStack([silent])).toHaveLength(1);
    session.remember(asked);
    expect(session.judgeStack([silent])).toEqual([]);
  });

  const failing = (fails: () => unknown): readonly (readonly [where: string, policy: Policy])[] => [
    ["a demand", { ...encrypted, each: [every(isDatabase, (_, demand) => demand("x", () => fails() === undefined))] }],
    ["a check", { ...encrypted, each: [every(isDatabase, () => void fails())] }],
    ["a check of inputs alone", { ...encrypted, inputsOnly: true, each: [every(isDatabase, () => void fails())] }],
    ["what lies between resources", { ...encrypted, each: [], whole: () => void fails() }],
  ];
  const notJson = () => JSON.parse("{ hunter2");
  const unknownValue = () => {
    throw Object.assign(new Error("x can't be known during preview"), { unknownTypeSentinel: "x" });
  };

  it.each([
    ...failing(notJson).map(([where, policy]) => [`an error in ${where}`, policy] as const),
    ...failing(unknownValue).map(([where, policy]) => [`an unknown value in ${where}`, policy] as const),
  ])("makes a violation of %s, and goes on judging", (_, policy) => {
    const violations = judge([policy, encrypted], [database.with({ storageEncrypted: false })]);
    expect(violations).toHaveLength(2);
    expect(violations.map(({ message }) => message).join()).not.toContain("hunter2");
    expect(violations.map(({ property }) => property)).toContain("storageEncrypted");
  });

  it("sees a stack's violations only when all resources are there", () => {
    const lonely: Policy = {
      ...encrypted,
      whole: (stack, demand) => {
        for (const one of stack.resources) demand(one, "company", () => stack.resources.length > 1);
      },
    };
    expect(found([lonely], [database])).toEqual(["company"]);
    expect(found([lonely], [database, vpc])).toEqual([]);
  });
});

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
