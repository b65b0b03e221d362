import { optionMismatches } from "../../../policies/declared/world.ts";
import { declaredOnly } from "../../../policies/declared-only.ts";
import type { ResourceOptions } from "../../../policies/judging/resource.ts";
import { judge, situation, thing } from "../../support/policy-fixtures.ts";
import { HOSTILE_ALIASES, HOSTILE_OPTIONS } from "./options.ts";

const PLAIN: ResourceOptions = {
  protect: false,
  ignoreChanges: [],
  aliases: [],
  additionalSecretOutputs: [],
  customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
};
const world = { ...situation(), bound: {} };

/** As the engine tells the pack of them. */
const toldOf = ({
  protect,
  ignoreChanges,
  deleteBeforeReplace,
  aliases,
  customTimeouts,
}: (typeof HOSTILE_OPTIONS)[number]["options"]) => ({
  ...PLAIN,
  protect: protect === true,
  ignoreChanges: Array.isArray(ignoreChanges) ? ignoreChanges : [],
  ...(deleteBeforeReplace === undefined ? {} : { deleteBeforeReplace }),
  aliases: Array.isArray(aliases) ? aliases.map(() => "urn:pulumi:prod::sparki::a:b:C::evil") : [],
  customTimeouts: { createSeconds: customTimeouts === undefined ? 0 : 1 },
});

describe("the hostile options", () => {
  it.each([...HOSTILE_OPTIONS, ...HOSTILE_ALIASES].map((one) => [one.title, one] as const))("refuses %s", (_, one) => {
    const resource = thing(one.type, {}).named(one.name).optioned(toldOf(one.options));
    const said = judge([declaredOnly], [resource]).map(({ property }) => property ?? "");
    expect(said.filter((property) => property.startsWith("option "))).toEqual([
      expect.stringContaining(one.property ?? ""),
    ]);
  });

  it.each<[string, string, string, Partial<ResourceOptions>]>([
    ["the release's tag", "aws:ec2/vpc:Vpc", "network-vpc", { ignoreChanges: ["tags.release"] }],
    [
      "what AWS updates",
      "aws:rds/instance:Instance",
      "database-instance",
      { protect: true, ignoreChanges: ["engineVersion"] },
    ],
    ["more protection", "aws:ec2/vpc:Vpc", "network-vpc", { protect: true }],
    ["more secrets", "aws:ec2/vpc:Vpc", "network-vpc", { additionalSecretOutputs: ["arn"] }],
    ["what is not asked for", "aws:iam/role:Role", "cluster-eks-eksRole-role", { deleteBeforeReplace: false }],
    [
      "a job that stays as it ran",
      "command:local:Command",
      "database-jobs-seed-run",
      { ignoreChanges: ["stdin", "triggers"] },
    ],
  ])("lets pass %s", (_, type, name, options) => {
    expect(optionMismatches({ type, name }, { ...PLAIN, ...options }, world)).toEqual([]);
  });

  it("lets go what is protected once the config says so", () => {
    const config = { ...world.config, protection: false };
    expect(optionMismatches({ type: "aws:kms/key:Key", name: "keys-data" }, PLAIN, { ...world, config })).toEqual([]);
  });
});
