import { imagesScannedOnPush } from "../../policies/images-scanned-on-push.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const repository = example("aws:ecr/repository:Repository", { imageScanningConfiguration: { scanOnPush: true } });
const property = "imageScanningConfiguration.scanOnPush";

proves(imagesScannedOnPush, {
  passes: { "a repository that scans": repository },
  stops: {
    "a repository that does not": [property, repository.with({ imageScanningConfiguration: { scanOnPush: false } })],
    "a repository that does not say": [property, repository.without("imageScanningConfiguration")],
  },
});
