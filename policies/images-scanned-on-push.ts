import { each, type Policy } from "./policy.ts";

export const imagesScannedOnPush: Policy = {
  name: "images-scanned-on-push",
  control: "S57",
  reason: "A known hole in an image should be found before the image runs.",
  fix: "Set imageScanningConfiguration.scanOnPush: true.",
  each: [
    each("aws:ecr/repository:Repository", ({ props }, demand) => {
      demand("imageScanningConfiguration.scanOnPush", () => props.imageScanningConfiguration?.scanOnPush === true);
    }),
  ],
};
