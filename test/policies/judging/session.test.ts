import { asResource } from "../../../policies/judging/resource.ts";
import { Session } from "../../../policies/judging/session.ts";
import type { Policy } from "../../../policies/policy.ts";
import { every } from "../../../policies/policy.ts";
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
