import { everythingTagged } from "../../policies/everything-tagged.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const tags = { project: "sparki", stack: "prod", owner: "platform-engineering" };
const own = { release: "2026.11.1" };
const provider = (defaultTags: unknown) => ({
  type: "pulumi:providers:aws",
  props: { region: "us-east-1", defaultTags },
});
const group = thing("aws:cloudwatch/logGroup:LogGroup", { name: "x", tags: own });
const route = thing("aws:ec2/route:Route", { routeTableId: "x" });
const missing = Object.keys(tags).map((tag) => {
  const rest = Object.fromEntries(Object.entries(tags).filter(([key]) => key !== tag));
  return [`what has no ${tag}`, [`tags.${tag}`, group.under(provider({ tags: rest }))] as const];
});

proves(everythingTagged, {
  passes: {
    "what the provider tags": group.under(provider({ tags })),
    "what the provider tags, as the engine tells it": group.under(provider(JSON.stringify({ tags }))),
    "what is tagged itself": group.with({ tags: { ...tags, ...own } }),
    "what both tag": group.with({ tags: { ...own, owner: "x" } }).under(provider({ tags: { ...tags, owner: "" } })),
    "what has no tags on AWS": route.under(provider({ tags })),
    "what is not of AWS": thing("kubernetes:core/v1:ConfigMap", {}),
  },
  stops: {
    ...Object.fromEntries(missing),
    "an empty tag": ["tags.owner", group.with({ tags: { ...tags, ...own, owner: "" } })],
    "what nobody tags": [Object.keys(tags).map((tag) => `tags.${tag}`), group],
    "what does not say which release made it": ["tags.release", group.with({ tags: {} }).under(provider({ tags }))],
    "an empty release": ["tags.release", group.with({ tags: { release: "" } }).under(provider({ tags }))],
    "a release that the provider would change each time": [
      "tags.release",
      group.without("tags").under(provider({ tags: { ...tags, ...own } })),
    ],
  },
});
