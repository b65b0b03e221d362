import { allowedRegionsOnly } from "../../policies/allowed-regions-only.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const type = "pulumi:providers:aws";
const provider = thing(type, { region: "us-east-1" });
const group = thing("aws:cloudwatch/logGroup:LogGroup", {}).under({ type, props: { region: "us-east-1" } });

proves(allowedRegionsOnly, {
  passes: {
    "an allowed region": [provider, group],
    "another allowed one": { stack: provider.with({ region: "eu-west-1" }), config: { allowedRegions: ["eu-west-1"] } },
    "what is not of AWS": thing("kubernetes:core/v1:ConfigMap", {}),
  },
  stops: {
    "a provider elsewhere": ["region", provider.with({ region: "eu-west-1" })],
    "a provider that leaves it to the environment": ["region", provider.without("region")],
    "a resource elsewhere by itself": ["region", group.with({ region: "eu-west-1" })],
    "a resource elsewhere by its provider": ["region", group.under({ type, props: { region: "eu-west-1" } })],
    "a resource that is nowhere": ["region", group.under({ type, props: {} })],
  },
});
