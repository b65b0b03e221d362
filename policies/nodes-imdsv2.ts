import { each, type Policy } from "./policy.ts";

interface Metadata {
  readonly httpTokens?: string | undefined;
  readonly httpPutResponseHopLimit?: number | undefined;
}

const isTight = (options: Metadata | undefined) =>
  options?.httpTokens === "required" && options.httpPutResponseHopLimit === 1;

export const nodesImdsv2: Policy = {
  name: "nodes-imdsv2",
  control: "S14",
  reason: "With IMDSv1, or a second hop, any pod that can be made to fetch a URL gets the node's role.",
  fix: 'Set metadataOptions to httpTokens: "required" and httpPutResponseHopLimit: 1.',
  each: [
    each("aws:ec2/launchTemplate:LaunchTemplate", ({ props }, demand) => {
      demand("metadataOptions", () => isTight(props.metadataOptions));
    }),
    each("aws:ec2/instance:Instance", ({ props }, demand) => {
      demand("metadataOptions", () => isTight(props.metadataOptions));
    }),
  ],
};
