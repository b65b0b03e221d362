import { nodesImdsv2 } from "../../policies/nodes-imdsv2.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const tight = { httpTokens: "required", httpPutResponseHopLimit: 1 };
const template = example("aws:ec2/launchTemplate:LaunchTemplate", { metadataOptions: tight });
const instance = example("aws:ec2/instance:Instance", { metadataOptions: tight });
const [v1, hops] = [
  { ...tight, httpTokens: "optional" },
  { ...tight, httpPutResponseHopLimit: 2 },
];

proves(nodesImdsv2, {
  passes: { "IMDSv2, one hop": [template, instance] },
  stops: {
    "a template with IMDSv1": ["metadataOptions", template.with({ metadataOptions: v1 })],
    "a template with two hops": ["metadataOptions", template.with({ metadataOptions: hops })],
    "a template that says nothing": ["metadataOptions", template.without("metadataOptions")],
    "an instance with IMDSv1": ["metadataOptions", instance.with({ metadataOptions: v1 })],
    "an instance with two hops": ["metadataOptions", instance.with({ metadataOptions: hops })],
  },
});
