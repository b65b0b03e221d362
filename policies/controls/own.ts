import type { Control } from "./control.ts";

/** What this deployment demands beyond the audit, which no public pack has. */
export const ownControls: readonly Control[] = [
  {
    id: "D01",
    title: "Nothing that holds data is replaced or deleted without a dated approval",
    ids: ["stateful"],
    metBy: "infra/",
  },
  { id: "D02", title: "No property carries a secret as plain text", ids: ["plain-secrets"], metBy: "index.ts" },
  {
    id: "D03",
    title: "Everything on AWS is tagged with project, stack, owner and the release that made it",
    ids: ["tags"],
    metBy: "infra/",
  },
  { id: "D04", title: "Nothing is made outside the allowed regions", ids: ["regions"], metBy: "infra/provider.ts" },
  { id: "D05", title: "A stack is never smaller than its floor", ids: ["floor"], metBy: "stacks/schema.ts" },
  {
    id: "D06",
    title: "No kind of resource is made that the controls are about but no policy reads",
    ids: ["kinds"],
    metBy: "infra/",
  },
  { id: "D07", title: "Each zone has its own way out of the VPC", ids: ["nat-per-zone"], metBy: "infra/network.ts" },
  {
    id: "D08",
    title: "No property has a value that AWS refuses by its own published rules",
    ids: ["aws-rules"],
    metBy: "infra/",
  },
  {
    id: "D09",
    title:
      "Nothing exists that is not declared: kind, name, properties, options, outputs, grants, flows, commands and providers",
    ids: ["closed-world"],
    metBy: "policies/declared/",
  },
  {
    id: "D10",
    title: "No chart renders what is not declared: kinds, pods, images, flows, secrets and definitions",
    ids: ["closed-charts"],
    metBy: "apps/charts/",
  },
];
