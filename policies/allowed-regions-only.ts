import { every, type Policy } from "./policy.ts";

export const allowedRegionsOnly: Policy = {
  name: "allowed-regions-only",
  control: "D04",
  reason: "What stands in a region that nobody watches is neither guarded nor found again.",
  fix: "Use the stack's AWS provider and set no region of the resource's own; or add the region to sparki:allowedRegions.",
  each: [
    every(
      (type) => type.startsWith("aws:"),
      ({ props, provider }, demand, { config }) => {
        demand("region", () => {
          const region = props.region ?? provider?.props.region;
          return config.allowedRegions.some((allowed) => allowed === region);
        });
      },
    ),
    every(
      (type) => type === "pulumi:providers:aws",
      ({ props }, demand, { config }) => {
        demand("region", () => config.allowedRegions.some((allowed) => allowed === props.region));
      },
    ),
  ],
};
