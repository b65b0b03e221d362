import { join } from "node:path";

/** Where the program is: the folder of Pulumi.yaml. */
export const PROJECT_DIRECTORY = join(import.meta.dirname, "..");
