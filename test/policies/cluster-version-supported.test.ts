import { clusterVersionSupported } from "../../policies/cluster-version-supported.ts";
import { cluster } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const supportType = "upgradePolicy.supportType";

proves(clusterVersionSupported, {
  passes: {
    "a version in standard support": cluster,
    "one that is there for nine days more": cluster.with({ version: "1.34" }),
  },
  stops: {
    "a version past standard support": ["version", cluster.with({ version: "1.33" })],
    "a version that nobody checked": ["version", cluster.with({ version: "1.99" })],
    "no version": ["version", cluster.without("version")],
    "paid support after the end": [supportType, cluster.with({ upgradePolicy: { supportType: "EXTENDED" } })],
    "AWS's default, which is paid support": [supportType, cluster.without("upgradePolicy")],
  },
});
